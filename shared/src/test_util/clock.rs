//! A clock that moves only when told to.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::Poll;
use std::time::Duration;

use jiff::Timestamp;

use crate::ports::Clock;

/// How often others go on while somebody waits.
const TURNS: u32 = 100;

/// A clock that moves only when told to; clones show the same time.
#[derive(Clone, Debug)]
pub struct FixedClock(Arc<AtomicI64>);

impl FixedClock {
    /// A clock at that many seconds after 1970.
    pub fn at_second(second: i64) -> Self {
        Self(Arc::new(AtomicI64::new(second)))
    }

    /// Moves on.
    pub fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::Relaxed)).unwrap_or(Timestamp::MAX)
    }

    /// Lets others go on, however long it is; time moves only when told to.
    async fn wait(&self, _time: Duration) {
        let mut left = TURNS;
        poll_fn(|context| {
            if left == 0 {
                return Poll::Ready(());
            }
            left -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}
