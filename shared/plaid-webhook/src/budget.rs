//! How many lookups strangers can cause.

use jiff::Timestamp;

/// As many keys can be looked up at once.
pub(crate) const LOOKUPS_AT_ONCE: i64 = 10;
/// After that, one in so many seconds.
pub(crate) const SECONDS_A_LOOKUP: i64 = 30;

/// A purse that fills up slowly.
#[derive(Debug)]
pub(crate) struct Budget {
    left: i64,
    /// Up to which second what was earned is counted; `None` before the first payment.
    counted: Option<i64>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            left: LOOKUPS_AT_ONCE,
            counted: None,
        }
    }
}

impl Budget {
    /// Pays for one lookup, before it is known how it ends. `false`: nothing is left.
    #[must_use]
    pub(crate) fn pay(&mut self, now: Timestamp) -> bool {
        self.earn(now.as_second());
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        true
    }

    fn earn(&mut self, now: i64) {
        // A clock that was set back must not stop the earning until it has caught up.
        let counted = self.counted.unwrap_or(now).min(now);
        let earned = (now - counted) / SECONDS_A_LOOKUP;
        if self.left + earned >= LOOKUPS_AT_ONCE {
            self.left = LOOKUPS_AT_ONCE;
            self.counted = Some(now);
        } else {
            self.left += earned;
            self.counted = Some(counted + earned * SECONDS_A_LOOKUP);
        }
    }
}
