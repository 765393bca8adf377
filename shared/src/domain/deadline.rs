//! When an invocation must be over.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// What a step that ends with a write to the table leaves free for it.
pub const TIME_TO_WRITE: Duration = Duration::from_secs(3);

/// The moment at which AWS ends the invocation. Nothing is begun that cannot end by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline(Timestamp);

impl Deadline {
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
