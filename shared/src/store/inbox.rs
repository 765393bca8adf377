//! Verified webhooks that wait to be processed.

use super::expressions::Condition;
use super::refusal::Refused;
use super::write::Write;
use super::{Table, rows};
use crate::domain::InboxRecord;
use crate::ports::{Inbox, Kept, StoreError};

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
