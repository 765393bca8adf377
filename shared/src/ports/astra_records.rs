//! The records of users' connections to Astra.

use std::future::Future;

use jiff::Timestamp;

use super::StoreError;
use crate::domain::{AstraAuthorization, AstraConnection, Change, OwnerToken, Sha256, UserId};

/// Users on the way to Astra's page and back.
pub trait PendingAuthorizations: Send + Sync {
    /// Records that the user was sent.
    fn keep_authorization(
        &self,
        authorization: &AstraAuthorization,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Uses it up. MUST be true for one caller at most, and only for the user who was sent,
    /// in time; anybody else MUST change nothing.
    fn use_authorization(
        &self,
        state_hash: &Sha256,
        user_id: &UserId,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// Users' connections to Astra.
pub trait AstraConnections: Send + Sync {
    /// The user's connection. Reads consistently.
    fn astra_connection(
        &self,
        user_id: &UserId,
    ) -> impl Future<Output = Result<Option<AstraConnection>, StoreError>> + Send;

    /// Records the connection, together with its change, all or nothing. MUST answer
    /// `Conflict` unless the stored one has the version before; the first has version 1. A
    /// lease stays as it is.
    fn put_astra_connection(
        &self,
        connection: &AstraConnection,
        change: Option<&Change>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Deletes the connection, together with its change, all or nothing. MUST answer
    /// `Conflict` unless the stored one has this version.
    fn delete_astra_connection(
        &self,
        connection: &AstraConnection,
        change: &Change,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Working for one user at Astra, one function at a time.
pub trait AstraLeases: Send + Sync {
    /// Takes the user's lease until then, if nobody has it now: it ends when `now` is later
    /// than that. Whoever has it already MUST be told so, and has it for no longer.
    fn take_astra_lease(
        &self,
        user_id: &UserId,
        owner: &OwnerToken,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<Lease, StoreError>> + Send;

    /// Gives the lease back, if it is still this one.
    fn return_astra_lease(
        &self,
        user_id: &UserId,
        owner: &OwnerToken,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Whether a lease was had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lease {
    /// It is the caller's.
    Taken,
    /// Somebody else has it.
    Busy,
    /// The user has no connection.
    NotConnected,
}
