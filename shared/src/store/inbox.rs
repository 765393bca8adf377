//! Verified webhooks that wait to be processed.

use super::conditions::unavailable;
use super::{Table, rows};
use crate::domain::InboxRecord;
use crate::ports::{Inbox, Kept, StoreError};

impl Inbox for Table {
    async fn keep(&self, record: &InboxRecord) -> Result<Kept, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(rows::inbox_row(record)?))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        let Err(error) = put else {
            return Ok(Kept::New);
        };
        match error.as_service_error() {
            Some(refused) if refused.is_conditional_check_failed_exception() => Ok(Kept::Before),
            _ => Err(unavailable(&error)),
        }
    }
}
