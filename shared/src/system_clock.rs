//! The machine's clock.

use std::time::Duration;

use jiff::Timestamp;

use crate::ports::Clock;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn wait(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
