//! Telling the customer's own systems.

use std::future::Future;

use super::StoreError;
use crate::domain::{Change, ChangeId, UserId};

/// Changes that wait to be published.
pub trait Outbox: Send + Sync {
    /// The change, if it is kept and still waits.
    fn unpublished(
        &self,
        user_id: &UserId,
        change_id: &ChangeId,
    ) -> impl Future<Output = Result<Option<Change>, StoreError>> + Send;

    /// Records that the change was published: it is not due any more.
    fn published(&self, change: &Change) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// An event for whoever listens: the customer's own systems.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its id, the same at every publication.
    pub event_id: String,
    /// What happened, such as `account.ready`.
    pub kind: &'static str,
    /// The details. MUST NOT hold a token.
    pub detail: serde_json::Value,
}

/// Events could not be published.
#[derive(Debug, thiserror::Error)]
#[error("the event bus did not take all events: {0}")]
pub struct PublishError(pub String);

/// The event bus.
pub trait EventBus: Send + Sync {
    /// Publishes all events. MUST fail unless the bus has confirmed each of them; then some
    /// may be published all the same.
    fn publish(&self, events: &[Event]) -> impl Future<Output = Result<(), PublishError>> + Send;
}
