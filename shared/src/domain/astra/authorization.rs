//! A user on the way to Astra's page and back.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::{Deadline, Sha256, UserId};

/// How long a user may take. Astra's own code lives for some minutes.
pub const AUTHORIZATION_TIME: Duration = Duration::from_mins(10);

/// A user who was sent to Astra's page. The `state` that comes back with the user is a
/// secret: only its hash is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AstraAuthorization {
    /// The hash of the `state`.
    pub state_hash: Sha256,
    /// Who was sent; nobody else may come back with it.
    pub user_id: UserId,
    /// Until when.
    pub expires_at: Timestamp,
}

impl AstraAuthorization {
    /// One that begins now.
    pub fn begin(state: &str, user_id: &UserId, now: Timestamp) -> Self {
        Self {
            state_hash: Sha256::of(state.as_bytes()),
            user_id: user_id.clone(),
            expires_at: Deadline::after(now, AUTHORIZATION_TIME).moment(),
        }
    }
}
