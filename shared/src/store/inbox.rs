//! Verified webhooks that wait to be processed.

use super::expressions::{Condition, Edit};
use super::query::Query;
use super::refusal::{Refused, tolerating};
use super::write::Write;
use super::{Table, rows};
use crate::domain::{InboxEnd, InboxRecord, RecordKey};
use crate::ports::{Inbox, InboxRecords, Kept, StoreError};

/// Records that are looked at in one query.
const PAGE: u32 = 100;
/// Queries for one subject: far more than Plaid sends webhooks about it in the month that
/// they are kept.
const PAGES: u32 = 100;

impl Inbox for Table {
    async fn keep(&self, record: &InboxRecord) -> Result<Kept, StoreError> {
        let keep = Write::put(rows::inbox_row(record)?).only_if(Condition::absent());
        match self.write(keep).await {
            Ok(()) => Ok(Kept::New),
            Err(Refused::Condition(_)) => Ok(Kept::Before),
            Err(refused) => Err(refused.into()),
        }
    }
}

impl InboxRecords for Table {
    /// Reads the whole partition: what has ended comes first, and stale hints come last,
    /// whenever they were signed.
    async fn waiting(&self, partition: &str, limit: u32) -> Result<Vec<InboxRecord>, StoreError> {
        let still_due = Condition::default().has("due");
        let query = Query::within(partition, PAGE).only_if(still_due);
        let mut waiting = Vec::new();
        let mut after = None;
        for _ in 0..PAGES {
            let page = self.query(query.clone().after(after)).await?;
            for row in page.rows {
                waiting.push(rows::read_inbox(row)?);
            }
            waiting.sort_by_key(|record| record.issued_at);
            waiting.truncate(limit as usize);
            after = page.last;
            if after.is_none() {
                return Ok(waiting);
            }
        }
        if waiting.is_empty() {
            let too_many = "a subject has too many webhooks";
            return Err(StoreError::Unavailable(too_many.to_owned()));
        }
        Ok(waiting)
    }

    async fn end(&self, record: &InboxRecord, end: InboxEnd) -> Result<(), StoreError> {
        let edit = Edit::default()
            .set("outcome", rows::inbox_end_value(end)?)
            .remove(["due", "due_at"]);
        let kept = Condition::present();
        let end = Write::update(RecordKey::inbox(record), edit).only_if(kept);
        tolerating(self.write(end).await)
    }
}
