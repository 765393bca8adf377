//! A call that brought no answer.

/// What happened instead of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Silence {
    /// In our words, without any content.
    pub(crate) reason: &'static str,
    /// Whether the call may have had its effect all the same.
    pub(crate) maybe_applied: bool,
}

impl Silence {
    /// There was no time for an attempt.
    pub(crate) const TIME_IS_UP: Self = Self {
        reason: "the time is up",
        maybe_applied: false,
    };
    /// The request could not even be built.
    pub(crate) const NOT_SENT: Self = Self {
        reason: "the request could not be built",
        maybe_applied: false,
    };
}

/// Only a connection that was never made excludes an effect.
impl From<reqwest::Error> for Silence {
    fn from(error: reqwest::Error) -> Self {
        let (reason, maybe_applied) = if error.is_connect() {
            ("no connection", false)
        } else if error.is_timeout() {
            ("no answer in time", true)
        } else {
            ("the connection broke", true)
        };
        Self {
            reason,
            maybe_applied,
        }
    }
}
