//! The records of Link sessions.

use std::future::Future;

use super::StoreError;
use crate::domain::{ItemId, LinkExit, LinkId, LinkResults, LinkSession, Sha256, UserId};

/// The records of Link sessions.
pub trait LinkSessions: Send + Sync {
    /// Records the session and the pointer from its link token, all or nothing.
    fn record_session(
        &self,
        session: &LinkSession,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Sessions of update mode.
pub trait UpdateSessions: Send + Sync {
    /// The user's latest sessions of update mode for this Item that are not settled yet.
    /// Reads consistently.
    fn open_update_sessions(
        &self,
        user_id: &UserId,
        item_id: &ItemId,
    ) -> impl Future<Output = Result<Vec<LinkSession>, StoreError>> + Send;
}

/// Whose session of Link it is.
pub trait LinkOwners: Send + Sync {
    /// The user and the session that had the link token with this hash. Reads consistently.
    fn link_owner(
        &self,
        link_token_hash: &Sha256,
    ) -> impl Future<Output = Result<Option<(UserId, LinkId)>, StoreError>> + Send;

    /// Records what became of the session; once it is finished, it is not due any more.
    /// MUST answer `Conflict` when the user has no such session.
    fn record_results(
        &self,
        user_id: &UserId,
        link_id: &LinkId,
        results: &LinkResults,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What is told about Link sessions.
pub trait LinkReports: Send + Sync {
    /// The user's session with this id. Somebody else's MUST be `None`.
    fn session(
        &self,
        user_id: &UserId,
        link_id: &LinkId,
    ) -> impl Future<Output = Result<Option<LinkSession>, StoreError>> + Send;

    /// Records how the user left the session, replacing an earlier report. MUST answer
    /// `Conflict` when the user has no such session.
    fn record_exit(
        &self,
        user_id: &UserId,
        link_id: &LinkId,
        exit: &LinkExit,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
