//! The simulator's clock: the machine's time and how far it was moved forward, or a time
//! that a test gives.
//!
//! Records carry the simulator's own time. Who talks to the simulator lives in real time,
//! so each time that leaves it goes through [`Clock::shown`]: a day forward makes
//! everything a day older, instead of putting answers into the caller's future.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The clock. Clones share their time.
#[derive(Clone, Debug)]
pub struct Clock {
    reading: Arc<Mutex<Reading>>,
}

#[derive(Clone, Copy, Debug)]
enum Reading {
    /// The machine's time, and this much more.
    Machine { ahead: SignedDuration },
    /// A test's own time, which is the caller's too: nothing is translated.
    Frozen { at: Timestamp },
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::with(Reading::Machine {
            ahead: SignedDuration::ZERO,
        })
    }

    /// A clock for tests that stands still at `at` until it is advanced.
    pub fn frozen_at(at: Timestamp) -> Self {
        Self::with(Reading::Frozen { at })
    }

    fn with(reading: Reading) -> Self {
        Self {
            reading: Arc::new(Mutex::new(reading)),
        }
    }

    /// The simulator's time.
    pub fn now(&self) -> Timestamp {
        match *self.lock() {
            Reading::Machine { ahead } => later(Timestamp::now(), ahead),
            Reading::Frozen { at } => at,
        }
    }

    /// Moves time forward.
    pub fn advance(&self, by: Duration) {
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        match &mut *self.lock() {
            Reading::Machine { ahead } => *ahead = ahead.saturating_add(by),
            Reading::Frozen { at } => *at = later(*at, by),
        }
    }

    /// One of the simulator's times as the caller's clock would have shown it.
    pub(crate) fn shown(&self, at: Timestamp) -> Timestamp {
        at.saturating_sub(self.ahead()).unwrap_or(at)
    }

    /// How far ahead of the caller's time it is.
    pub(crate) fn ahead(&self) -> SignedDuration {
        match *self.lock() {
            Reading::Machine { ahead } => ahead,
            Reading::Frozen { .. } => SignedDuration::ZERO,
        }
    }

    /// Takes up the time of an earlier run, unless a test gave the clock.
    pub(crate) fn restore(&self, earlier: SignedDuration) {
        if let Reading::Machine { ahead } = &mut *self.lock() {
            *ahead = earlier;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// This much after `at`, or the end of time.
pub(crate) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frozen_clock_moves_only_when_advanced() {
        let start = Timestamp::constant(1_790_000_000, 0);
        let clock = Clock::frozen_at(start);
        assert_eq!(clock.now(), start);
        clock.advance(Duration::from_secs(90));
        assert_eq!(clock.now(), Timestamp::constant(1_790_000_090, 0));
        assert_eq!(clock.shown(start), start);
    }

    #[test]
    fn time_moved_forward_makes_records_older_for_the_caller() {
        let clock = Clock::system();
        let made = clock.now();
        clock.advance(Duration::from_hours(1));
        assert_eq!(
            made.duration_since(clock.shown(made)),
            SignedDuration::from_hours(1)
        );
    }

    #[test]
    fn time_that_is_moved_beyond_its_end_stays_there() {
        let clock = Clock::frozen_at(Timestamp::constant(1_790_000_000, 0));
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
    }
}
