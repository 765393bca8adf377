//! What somebody must look after: whatever is due, and users to be erased.

use std::future::Future;

use jiff::Timestamp;

use super::StoreError;
use crate::domain::{Change, RecordKey, UserId};

/// The index of records that somebody must look after.
pub trait DueRecords: Send + Sync {
    /// Records that are due, the longest waiting first, `limit` at most. MAY lag behind.
    fn due(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> impl Future<Output = Result<Due, StoreError>> + Send;

    /// Lets a record wait until later, if it is still due at all. MUST change nothing else.
    fn postpone(
        &self,
        key: &RecordKey,
        until: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Records that are due.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// Their keys.
    pub keys: Vec<RecordKey>,
    /// Since when the first of them is due.
    pub since: Option<Timestamp>,
}

impl FromIterator<(Timestamp, RecordKey)> for Due {
    /// Of records in their order, each with its time.
    fn from_iter<I: IntoIterator<Item = (Timestamp, RecordKey)>>(records: I) -> Self {
        let mut due = Self::default();
        for (since, key) in records {
            due.since.get_or_insert(since);
            due.keys.push(key);
        }
        due
    }
}

/// The erasure of users.
pub trait Erasures: Send + Sync {
    /// Records the wish, due at once. An earlier wish stays as it is.
    fn wish_erasure(
        &self,
        user_id: &UserId,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Deletes records of the user: sessions, changes, Items that are removed, and the
    /// pointers and exchanges of these. MUST keep whatever still has something to do at
    /// Plaid, and the wish itself. Answers whether everything is deleted; if not, it MUST
    /// be called again.
    fn erase(&self, user_id: &UserId) -> impl Future<Output = Result<Erased, StoreError>> + Send;

    /// Replaces the wish by its receipt, all or nothing.
    fn confirm_erasure(
        &self,
        receipt: &Change,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// How far an erasure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erased {
    /// Nothing of the user is left but the wish.
    Everything,
    /// There is more.
    Partly,
}
