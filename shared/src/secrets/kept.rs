//! The credentials that were read, and which of them serve.

use jiff::{SignedDuration, Timestamp};

use crate::domain::ApiCredentials;

/// What one reading of the secret brought, and what the API's refusals made of it since.
pub(super) struct Kept {
    current: ApiCredentials,
    read_at: Timestamp,
    /// Serve instead of the current ones, which the API refused.
    previous: Option<ApiCredentials>,
    /// Whether the previous ones were asked for, with whatever result.
    previous_asked: bool,
}

impl Kept {
    /// The current credentials, just read.
    pub(super) fn new(current: ApiCredentials, read_at: Timestamp) -> Self {
        Self {
            current,
            read_at,
            previous: None,
            previous_asked: false,
        }
    }

    /// How long ago they were read.
    pub(super) fn age(&self, now: Timestamp) -> SignedDuration {
        now.duration_since(self.read_at)
    }

    /// The ones to call the API with.
    pub(super) fn serving(&self) -> &ApiCredentials {
        self.previous.as_ref().unwrap_or(&self.current)
    }

    /// Whether these are the current ones.
    pub(super) fn is_current(&self, credentials: &ApiCredentials) -> bool {
        self.current.same_as(credentials)
    }

    /// Whether the previous ones may be asked for: once for each reading.
    pub(super) fn may_ask_for_previous(&mut self) -> bool {
        !std::mem::replace(&mut self.previous_asked, true)
    }

    /// Lets the previous ones serve, unless they are the very ones that are refused; tells
    /// which serve now.
    pub(super) fn fall_back(&mut self, previous: ApiCredentials) -> Option<&ApiCredentials> {
        if self.is_current(&previous) {
            return None;
        }
        Some(self.previous.insert(previous))
    }
}
