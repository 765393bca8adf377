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
pub(crate) struct Reading {
    /// The machine's time at which `base` was right.
    anchor: Timestamp,
    /// The simulator's time at `anchor`.
    base: Timestamp,
    /// Simulated seconds per real second; 0 stands still.
    pub(crate) speed: f64,
}

impl Reading {
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
        self.base.saturating_add(elapsed).unwrap_or(Timestamp::MAX)
    }
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
        let now = Timestamp::now();
        Self::with(
            Reading {
                anchor: now,
                base: now,
                speed: 1.0,
            },
            false,
        )
    }

    /// A clock for tests that stands still at `at` until it is advanced.
    pub fn frozen_at(at: Timestamp) -> Self {
        Self::with(
            Reading {
                anchor: Timestamp::now(),
                base: at,
                speed: 0.0,
            },
            true,
        )
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
            reading.base = reading.base.saturating_add(by).unwrap_or(Timestamp::MAX);
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
    pub(crate) fn callers_now(&self) -> Timestamp {
        if self.inner.is_callers {
            self.now()
        } else {
            Timestamp::now()
        }
    }

    /// One of the simulator's times as the caller's clock would have shown it.
    pub(crate) fn shown(&self, at: Timestamp) -> Timestamp {
        if self.inner.is_callers {
            return at;
        }
        let real = Timestamp::now();
        let ahead = self.lock().at(real).duration_since(real);
        at.saturating_sub(ahead).unwrap_or(at)
    }

    /// [`Clock::shown`] in Plaid's spelling.
    pub(crate) fn stamp(&self, at: Timestamp) -> String {
        format!("{:.0}", self.shown(at))
    }

    /// Waits until the simulator's time is `at`, however it gets there.
    pub(crate) async fn sleep_until(&self, at: Timestamp) {
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

    pub(crate) fn reading(&self) -> Reading {
        *self.lock()
    }

    /// Takes up the time of an earlier run, unless a test gave the clock.
    pub(crate) fn restore(&self, earlier: Reading) {
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
        let age = Timestamp::now().duration_since(clock.shown(made));
        assert!((3599..=3601).contains(&age.as_secs()), "age is {age:?}");
        let new = Timestamp::now().duration_since(clock.shown(clock.now()));
        assert!(new.abs() < SignedDuration::from_secs(1), "age is {new:?}");
    }

    #[tokio::test]
    async fn sleeper_wakes_when_time_is_moved_forward() {
        let clock = Clock::frozen_at(Timestamp::constant(1_790_000_000, 0));
        let target = Timestamp::constant(1_790_000_600, 0);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(target).await }
        });
        clock.advance(Duration::from_mins(10));
        tokio::time::timeout(Duration::from_secs(5), sleeper)
            .await
            .unwrap()
            .unwrap();
    }
}
