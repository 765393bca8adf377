//! When an invocation must be over.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// What a step that ends with a write to the table leaves free for it.
pub const TIME_TO_WRITE: Duration = Duration::from_secs(3);

/// The moment at which AWS ends the invocation. Nothing is begun that cannot end by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline(Timestamp);

/// Assumed where no runtime tells a deadline: less than any function's timeout that has
/// more to do than to answer from the table.
const ASSUMED_TIME: Duration = Duration::from_secs(20);
/// `cargo lambda watch` tells a moment in 1970, always the same.
const TOLD_BY_LAMBDA: i64 = 24 * 3600 * 1000;

impl Deadline {
    /// The deadline as a Lambda runtime tells it, in milliseconds since 1970. Where it tells
    /// none that can be meant, some time from now.
    pub fn of_runtime(milliseconds: u64, now: Timestamp) -> Self {
        let told = i64::try_from(milliseconds)
            .ok()
            .filter(|told| *told > TOLD_BY_LAMBDA);
        let moment = told.and_then(|told| Timestamp::from_millisecond(told).ok());
        moment.map_or_else(|| Self::after(now, ASSUMED_TIME), Self)
    }

    /// A deadline at that moment.
    pub fn at(moment: Timestamp) -> Self {
        Self(moment)
    }

    /// A deadline that long after now.
    pub fn after(now: Timestamp, time: Duration) -> Self {
        let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
        Self(now.saturating_add(time).unwrap_or(Timestamp::MAX))
    }

    /// The moment itself.
    pub fn moment(self) -> Timestamp {
        self.0
    }

    /// The time that is left; zero once it is over.
    pub fn remaining(self, now: Timestamp) -> Duration {
        Duration::try_from(self.0.duration_since(now)).unwrap_or(Duration::ZERO)
    }

    /// The deadline of a step that must leave `margin` to those after it.
    #[must_use]
    pub fn less(self, margin: Duration) -> Self {
        let margin = SignedDuration::try_from(margin).unwrap_or(SignedDuration::MAX);
        Self(self.0.saturating_sub(margin).unwrap_or(Timestamp::MIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_that_no_lambda_tells_is_assumed() {
        let now = Timestamp::from_second(1_795_348_800).unwrap();
        let assumed = Deadline::after(now, ASSUMED_TIME);
        for told in [0, 600_000, u64::MAX] {
            assert_eq!(Deadline::of_runtime(told, now), assumed, "{told}");
        }
        let told = Deadline::of_runtime(1_795_348_825_000, now);
        assert_eq!(told.remaining(now), Duration::from_secs(25));
    }
}
