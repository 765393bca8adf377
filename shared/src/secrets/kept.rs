//! The credentials that were read, and which of them serve.

use jiff::{SignedDuration, Timestamp};

use crate::domain::PlaidCredentials;

/// What one reading of the secret brought, and what Plaid's refusals made of it since.
pub(super) struct Kept {
    current: PlaidCredentials,
    read_at: Timestamp,
    /// Serve instead of the current ones, which Plaid refused.
    previous: Option<PlaidCredentials>,
    /// Whether the previous ones were asked for, with whatever result.
    previous_asked: bool,
}

impl Kept {
    /// The current credentials, just read.
    pub(super) fn new(current: PlaidCredentials, read_at: Timestamp) -> Self {
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

    /// The ones to call Plaid with.
    pub(super) fn serving(&self) -> &PlaidCredentials {
        self.previous.as_ref().unwrap_or(&self.current)
    }

    /// Whether these are the current ones.
    pub(super) fn is_current(&self, credentials: &PlaidCredentials) -> bool {
        self.current.same_as(credentials)
    }

    /// Whether the previous ones may be asked for: once for each reading.
    pub(super) fn may_ask_for_previous(&mut self) -> bool {
        !std::mem::replace(&mut self.previous_asked, true)
    }

    /// Lets the previous ones serve, unless they are the very ones that Plaid refuses; tells
    /// which serve now.
    pub(super) fn fall_back(&mut self, previous: PlaidCredentials) -> Option<&PlaidCredentials> {
        if self.is_current(&previous) {
            return None;
        }
        Some(self.previous.insert(previous))
    }
}
