//! Verified webhooks.

use std::future::Future;

use super::StoreError;
use crate::domain::{InboxEnd, InboxRecord};

/// What became of a webhook in the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is new.
    New,
    /// The very same webhook was there already.
    Before,
}

/// Keeping verified webhooks.
pub trait Inbox: Send + Sync {
    /// Keeps the webhook unless it is there already. MUST NOT answer before it is durable.
    fn keep(&self, record: &InboxRecord) -> impl Future<Output = Result<Kept, StoreError>> + Send;
}

/// Verified webhooks that wait to be processed.
pub trait InboxRecords: Send + Sync {
    /// The webhooks of one subject that still wait, in the order of their signatures, at
    /// most `limit`. The subject is named by the partition of its records. Reads
    /// consistently.
    fn waiting(
        &self,
        partition: &str,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<InboxRecord>, StoreError>> + Send;

    /// Records that the processing of a webhook has ended: it is not due any more.
    fn end(
        &self,
        record: &InboxRecord,
        end: InboxEnd,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
