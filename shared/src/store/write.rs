//! One write to one record: by itself here, with others in `transaction`.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use super::Table;
use super::attributes::text;
use super::expressions::{Condition, Edit};
use super::refusal::{Refused, patiently};
use super::rows::Row;
use crate::domain::RecordKey;
use crate::ports::StoreError;

/// One write to one record, on a condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Write {
    what: What,
    condition: Condition,
}

#[derive(Debug, Clone, PartialEq)]
enum What {
    Put(Row),
    Update(RecordKey, Edit),
    Delete(RecordKey),
}

impl Write {
    /// Puts the record in place of any other with its key.
    pub(super) fn put(row: Row) -> Self {
        Self::always(What::Put(row))
    }

    /// Changes attributes of the record, which is made if it is not there.
    pub(super) fn update(key: RecordKey, edit: Edit) -> Self {
        Self::always(What::Update(key, edit))
    }

    /// Deletes the record, if it is there.
    pub(super) fn delete(key: RecordKey) -> Self {
        Self::always(What::Delete(key))
    }

    fn always(what: What) -> Self {
        Self {
            what,
            condition: Condition::default(),
        }
    }

    /// Writes only where this holds.
    pub(super) fn only_if(self, condition: Condition) -> Self {
        Self { condition, ..self }
    }
}

/// The builders of single writes and those of transactions have no type in common, only
/// the names of their methods.
macro_rules! conditional {
    ($builder:expr, $table:expr, $condition:expr, $references:expr) => {
        $builder
            .table_name($table.name.clone())
            .set_condition_expression($condition.expression())
            .set_expression_attribute_names($references.names())
            .set_expression_attribute_values($references.values())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    };
}

impl Table {
    /// Does this write alone.
    pub(super) async fn write(&self, write: Write) -> Result<(), Refused> {
        patiently(|| self.send(write.clone())).await
    }

    async fn send(&self, Write { what, condition }: Write) -> Result<(), Refused> {
        let references = condition.references();
        match what {
            What::Put(row) => {
                let put = self.client.put_item().set_item(Some(row));
                let put = conditional!(put, self, condition, references);
                put.send().await?;
            }
            What::Update(key, edit) => {
                let references = references.with(edit.references());
                let update = self.client.update_item().set_key(Some(attributes(&key)));
                let update = update.update_expression(edit.expression());
                let update = conditional!(update, self, condition, references);
                update.send().await?;
            }
            What::Delete(key) => {
                let delete = self.client.delete_item().set_key(Some(attributes(&key)));
                let delete = conditional!(delete, self, condition, references);
                delete.send().await?;
            }
        }
        Ok(())
    }

    /// The same write as a part of a transaction.
    pub(super) fn in_transaction(
        &self,
        Write { what, condition }: Write,
    ) -> Result<TransactWriteItem, StoreError> {
        let references = condition.references();
        let part = TransactWriteItem::builder();
        let part = match what {
            What::Put(row) => {
                let put = Put::builder().set_item(Some(row));
                part.put(built(
                    conditional!(put, self, condition, references).build(),
                )?)
            }
            What::Update(key, edit) => {
                let references = references.with(edit.references());
                let update = Update::builder().set_key(Some(attributes(&key)));
                let update = update.update_expression(edit.expression());
                part.update(built(
                    conditional!(update, self, condition, references).build(),
                )?)
            }
            What::Delete(key) => {
                let delete = Delete::builder().set_key(Some(attributes(&key)));
                part.delete(built(
                    conditional!(delete, self, condition, references).build(),
                )?)
            }
        };
        Ok(part.build())
    }
}

/// The key as DynamoDB wants it.
pub(super) fn attributes(key: &RecordKey) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("pk".to_owned(), text(&key.pk)),
        ("sk".to_owned(), text(&key.sk)),
    ])
}

/// The SDK's builders fail only on fields that we always set.
fn built<T>(value: Result<T, BuildError>) -> Result<T, StoreError> {
    value.map_err(|error| StoreError::Unavailable(error.to_string()))
}

macro_rules! refusals {
    ($($error:ident),+) => {$(
        impl<R> From<SdkError<$error, R>> for Refused {
            fn from(error: SdkError<$error, R>) -> Self {
                match error.as_service_error() {
                    Some($error::ConditionalCheckFailedException(failed)) => {
                        Self::Condition(failed.item().cloned())
                    }
                    Some($error::TransactionConflictException(_)) => Self::busy(&error),
                    _ => Self::other(&error),
                }
            }
        }
    )+};
}

refusals!(PutItemError, UpdateItemError, DeleteItemError);
