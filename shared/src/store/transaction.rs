//! Several records in one write.

use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, Put, TransactWriteItem};

use super::Table;
use super::conditions::unavailable;
use super::rows::Row;
use crate::domain::Sha256;
use crate::ports::StoreError;

/// DynamoDB refuses a transaction that meets another one; that passes quickly.
const MAX_CONFLICTS: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_millis(25);
/// DynamoDB takes at most 36 characters.
const CLIENT_TOKEN_LENGTH: usize = 32;

impl Table {
    /// Writes all or nothing. The name makes a re-sent transaction count once; it must be
    /// the same for the same write and for no other.
    pub(super) async fn transact(
        &self,
        name: &str,
        writes: Vec<TransactWriteItem>,
    ) -> Result<(), StoreError> {
        let hash = Sha256::of(name.as_bytes());
        let client_token: String = hash.as_str().chars().take(CLIENT_TOKEN_LENGTH).collect();
        let mut conflicts = 0;
        loop {
            let sent = self
                .client
                .transact_write_items()
                .client_request_token(&client_token)
                .set_transact_items(Some(writes.clone()))
                .send()
                .await;
            let Err(error) = sent else { return Ok(()) };
            let reasons = error
                .as_service_error()
                .map_or(&[][..], cancellation_reasons);
            let any = |code: &str| reasons.iter().any(|reason| reason.code() == Some(code));
            if any("ConditionalCheckFailed") {
                return Err(StoreError::Conflict);
            }
            conflicts += 1;
            if !any("TransactionConflict") || conflicts > MAX_CONFLICTS {
                return Err(unavailable(&error));
            }
            tokio::time::sleep(FIRST_WAIT.saturating_mul(conflicts)).await;
        }
    }

    /// Puts a record that must not exist yet.
    pub(super) fn put_new(&self, row: Row) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(row))
            .condition_expression("attribute_not_exists(pk)")
            .build();
        Ok(TransactWriteItem::builder().put(built(put)?).build())
    }
}

fn cancellation_reasons(error: &TransactWriteItemsError) -> &[CancellationReason] {
    match error {
        TransactWriteItemsError::TransactionCanceledException(canceled) => {
            canceled.cancellation_reasons()
        }
        _ => &[],
    }
}

/// The SDK's builders fail only on fields that we always set.
pub(super) fn built<T>(
    value: Result<T, aws_sdk_dynamodb::error::BuildError>,
) -> Result<T, StoreError> {
    value.map_err(|error| StoreError::Unavailable(error.to_string()))
}
