//! Verified webhooks that wait to be processed.

use super::MemoryStore;
use crate::domain::{InboxEnd, InboxRecord, RecordKey};
use crate::ports::{Inbox, InboxRecords, Kept, StoreError};

impl Inbox for MemoryStore {
    async fn keep(&self, record: &InboxRecord) -> Result<Kept, StoreError> {
        let key = inbox_key(record);
        let mut records = self.begin()?;
        let before = records.inbox.contains_key(&key);
        if !before {
            records.inbox.insert(key, record.clone());
        }
        Ok(if before { Kept::Before } else { Kept::New })
    }
}

impl InboxRecords for MemoryStore {
    async fn waiting(&self, partition: &str, limit: u32) -> Result<Vec<InboxRecord>, StoreError> {
        let records = self.begin()?;
        let of_subject = records.inbox.iter().filter(|((pk, _), _)| pk == partition);
        let mut waiting: Vec<_> = of_subject
            .filter(|(key, _)| !records.ended.contains_key(*key))
            .map(|(_, record)| record.clone())
            .collect();
        waiting.sort_by_key(|record| record.issued_at);
        waiting.truncate(limit as usize);
        Ok(waiting)
    }

    async fn end(&self, record: &InboxRecord, end: InboxEnd) -> Result<(), StoreError> {
        let key = inbox_key(record);
        let mut records = self.begin()?;
        if records.inbox.contains_key(&key) {
            records.ended.insert(key, end);
        }
        Ok(())
    }
}

fn inbox_key(record: &InboxRecord) -> (String, String) {
    let RecordKey { pk, sk } = RecordKey::inbox(record);
    (pk, sk)
}
