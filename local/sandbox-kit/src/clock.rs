//! The simulator's clock: real time that can be moved forward, sped up or frozen.
//!
//! All records carry the simulator's own time. Whoever talks to the simulator
//! lives in real time, so every time that leaves it goes through
//! [`Clock::shown`]: moving the clock forward by a day makes everything a day
//! older, instead of putting the simulator's answers into the caller's future.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// How the simulator's time follows from the machine's.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Reading {
    /// The machine's time at which `base` was right.
    anchor: Timestamp,
    /// The simulator's time at `anchor`.
    base: Timestamp,
    /// Simulated seconds per real second; 0 stands still.
    pub speed: f64,
}

impl Reading {
    /// The machine's time, and this much more.
    pub fn ahead(by: SignedDuration) -> Self {
        let anchor = Timestamp::now();
        Self {
            anchor,
            base: later(anchor, by),
            speed: 1.0,
        }
    }

    fn at(&self, real: Timestamp) -> Timestamp {
        let elapsed = real.duration_since(self.anchor);
        // Exact where no factor is involved: an untouched clock is real time.
        #[expect(clippy::float_cmp, reason = "1.0 and 0.0 are set, never computed")]
        let elapsed = if self.speed == 1.0 {
            elapsed
        } else {
            SignedDuration::try_from_secs_f64(elapsed.as_secs_f64() * self.speed)
                .unwrap_or(SignedDuration::ZERO)
        };
        later(self.base, elapsed)
    }
}

/// This much after `at`, or the end of time.
pub fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// The clock. Clones share their time.
#[derive(Clone, Debug)]
pub struct Clock {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    reading: Mutex<Reading>,
    /// A clock given by a test is the caller's clock too, so nothing is translated.
    is_callers: bool,
    changed: watch::Sender<()>,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::with(Reading::ahead(SignedDuration::ZERO), false)
    }

    /// A clock for tests that stands still at `at` until it is advanced.
    pub fn frozen_at(at: Timestamp) -> Self {
        let reading = Reading {
            anchor: Timestamp::now(),
            base: at,
            speed: 0.0,
        };
        Self::with(reading, true)
    }

    fn with(reading: Reading, is_callers: bool) -> Self {
        let (changed, _) = watch::channel(());
        Self {
            inner: Arc::new(Inner {
                reading: Mutex::new(reading),
                is_callers,
                changed,
            }),
        }
    }

    /// The simulator's time.
    pub fn now(&self) -> Timestamp {
        self.lock().at(Timestamp::now())
    }

    /// Moves time forward.
    pub fn advance(&self, by: Duration) {
        self.change(|reading, _| {
            let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
            reading.base = later(reading.base, by);
        });
    }

    /// Sets how many simulated seconds pass in a real one.
    pub fn set_speed(&self, speed: f64) {
        self.change(|reading, real| {
            *reading = Reading {
                anchor: real,
                base: reading.at(real),
                speed,
            };
        });
    }

    /// The caller's time: what a receiver of webhooks compares `iat` with.
    pub fn callers_now(&self) -> Timestamp {
        if self.inner.is_callers {
            self.now()
        } else {
            Timestamp::now()
        }
    }

    /// How far ahead of the caller's time it is.
    pub fn ahead(&self) -> SignedDuration {
        if self.inner.is_callers {
            return SignedDuration::ZERO;
        }
        let real = Timestamp::now();
        self.lock().at(real).duration_since(real)
    }

    /// One of the simulator's times as the caller's clock would have shown it.
    pub fn shown(&self, at: Timestamp) -> Timestamp {
        at.saturating_sub(self.ahead()).unwrap_or(at)
    }

    /// [`Clock::shown`], without a fraction of a second.
    pub fn stamp(&self, at: Timestamp) -> String {
        format!("{:.0}", self.shown(at))
    }

    /// Waits until the simulator's time is `at`, however it gets there.
    pub async fn sleep_until(&self, at: Timestamp) {
        let mut changed = self.inner.changed.subscribe();
        loop {
            let missing = at.duration_since(self.now());
            if !missing.is_positive() {
                return;
            }
            let speed = self.lock().speed;
            let wait = if speed > 0.0 {
                missing.as_secs_f64() / speed
            } else {
                f64::INFINITY
            };
            // A day at most: longer than any timer is worth, and it cannot overflow.
            let wait = Duration::from_secs_f64(wait.clamp(0.001, 86_400.0));
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                // The sender lives as long as the clock, so this cannot fail.
                _ = changed.changed() => {}
            }
        }
    }

    /// What a later run can take up with [`Clock::restore`].
    pub fn reading(&self) -> Reading {
        *self.lock()
    }

    /// Takes up the time of an earlier run, unless a test gave the clock.
    pub fn restore(&self, earlier: Reading) {
        if !self.inner.is_callers {
            self.change(|reading, _| *reading = earlier);
        }
    }

    fn change(&self, change: impl FnOnce(&mut Reading, Timestamp)) {
        change(&mut self.lock(), Timestamp::now());
        self.inner.changed.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, Reading> {
        self.inner
            .reading
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::constant(1_790_000_000, 0);
    const HOUR: SignedDuration = SignedDuration::from_hours(1);

    #[test]
    fn frozen_clock_moves_only_when_advanced() {
        let clock = Clock::frozen_at(START);
        assert_eq!(clock.now(), START);
        clock.advance(Duration::from_secs(90));
        assert_eq!(clock.now(), Timestamp::constant(1_790_000_090, 0));
        assert_eq!(clock.shown(START), START);
    }

    #[test]
    fn time_moved_forward_makes_records_older_for_the_caller() {
        let clock = Clock::system();
        let made = clock.now();
        clock.advance(Duration::from_hours(1));
        assert_eq!(made.duration_since(clock.shown(made)), HOUR);
        assert!(clock.now().duration_since(made) >= HOUR);
    }

    #[test]
    fn time_that_is_moved_beyond_its_end_stays_there() {
        let clock = Clock::frozen_at(START);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
    }

    #[test]
    fn time_of_an_earlier_run_is_taken_up_unless_a_test_gave_the_clock() {
        let clock = Clock::system();
        clock.restore(Reading::ahead(HOUR));
        assert_eq!(clock.ahead(), HOUR);
        let frozen = Clock::frozen_at(START);
        frozen.restore(Reading::ahead(HOUR));
        assert_eq!(frozen.now(), START);
    }

    #[tokio::test]
    async fn sleeper_wakes_when_time_is_moved_forward() {
        let clock = Clock::frozen_at(START);
        let target = Timestamp::constant(1_790_000_600, 0);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(target).await }
        });
        // It runs until it sleeps: this runtime has one thread.
        tokio::task::yield_now().await;
        clock.advance(Duration::from_mins(10));
        tokio::time::timeout(Duration::from_secs(5), sleeper)
            .await
            .unwrap()
            .unwrap();
    }
}
