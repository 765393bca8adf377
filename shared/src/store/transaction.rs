//! Several records in one write.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::TransactWriteItem;
use aws_sdk_dynamodb::types::error::TransactionCanceledException;
use uuid::Uuid;

use super::Table;
use super::refusal::{Refused, patiently};
use super::write::Write;
use crate::domain::Sha256;
use crate::ports::StoreError;

/// Names a transaction for DynamoDB, which takes one that it knows for done. Whatever has
/// the same name must be the same write.
#[derive(Debug, Clone)]
pub(super) struct ClientToken(String);

/// DynamoDB takes at most 36 characters.
const LENGTH: usize = 32;

impl ClientToken {
    /// The token of a write that its callers may send again.
    pub(super) fn named(name: &str) -> Self {
        let hash = Sha256::of(name.as_bytes());
        Self(hash.as_str().chars().take(LENGTH).collect())
    }

    /// The token of a write that only we send again, in the same call.
    pub(super) fn unique() -> Self {
        Self(Uuid::new_v4().simple().to_string())
    }
}

impl Table {
    /// Writes all or nothing, and once however often it is sent.
    pub(super) async fn transact(
        &self,
        token: ClientToken,
        writes: Vec<Write>,
    ) -> Result<(), Refused> {
        let writes = writes.into_iter().map(|write| self.in_transaction(write));
        let writes = writes.collect::<Result<Vec<_>, StoreError>>()?;
        patiently(|| self.send_transaction(&token, writes.clone())).await
    }

    async fn send_transaction(
        &self,
        token: &ClientToken,
        writes: Vec<TransactWriteItem>,
    ) -> Result<(), Refused> {
        self.client
            .transact_write_items()
            .client_request_token(&token.0)
            .set_transact_items(Some(writes))
            .send()
            .await?;
        Ok(())
    }
}

impl<R> From<SdkError<TransactWriteItemsError, R>> for Refused {
    fn from(error: SdkError<TransactWriteItemsError, R>) -> Self {
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                if canceled_for(canceled, "ConditionalCheckFailed") {
                    Self::Condition(None)
                } else if canceled_for(canceled, "TransactionConflict") {
                    Self::busy(&error)
                } else {
                    Self::other(&error)
                }
            }
            // An earlier send of this very write is still under way.
            Some(TransactWriteItemsError::TransactionInProgressException(_)) => Self::busy(&error),
            _ => Self::other(&error),
        }
    }
}

fn canceled_for(canceled: &TransactionCanceledException, code: &str) -> bool {
    let mut reasons = canceled.cancellation_reasons().iter();
    reasons.any(|reason| reason.code() == Some(code))
}
