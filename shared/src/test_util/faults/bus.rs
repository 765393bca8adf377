//! The event bus, as it goes wrong.

use super::{Faulty, Kind, Service};
use crate::ports::{Event, EventBus, PublishError};

impl<T: EventBus> EventBus for Faulty<T> {
    async fn publish(&self, events: &[Event]) -> Result<(), PublishError> {
        let call = (Service::Bus, Kind::Write, "publish");
        self.call(call, None, || self.inner.publish(events)).await
    }
}
