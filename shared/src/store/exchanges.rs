//! The records of exchanges. Every write after the claim holds only for its owner and
//! step; a write that was sent twice finds its own trace and counts once.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use jiff::Timestamp;

use super::Table;
use super::conditions::{Refused, unavailable};
use super::rows::{self, Row, exchange_expiry, milliseconds};
use super::transaction::built;
use crate::domain::{Exchange, ExchangeStep, Item, RecordKey, Sealed};
use crate::ports::{Claim, ExchangeRecords, ReplayableAnswer, StoreError};

/// The record is still the one that its owner knows.
const MINE: &str = "#owner = :owner AND step = :step";
/// What an exchange no longer needs once it has settled.
const SETTLE: &str = "expires_at = :expires_at REMOVE due, due_at, public_token";

impl ExchangeRecords for Table {
    async fn claim(&self, exchange: &Exchange) -> Result<Claim, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(rows::exchange_row(exchange)?))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let held = match put {
            Ok(_) => return Ok(Claim::Won),
            Err(error) => old_record(&error)?,
        };
        let held = rows::read_exchange(held)?;
        if held.owner == exchange.owner {
            return Ok(Claim::Won);
        }
        Ok(Claim::Held(Box::new(held)))
    }

    async fn take_over(&self, previous: &Exchange, next: &Exchange) -> Result<(), StoreError> {
        let update = self
            .update_mine(previous)
            .update_expression(
                "SET #owner = :next, lease_until = :lease, attempt = :attempt, due_at = :lease",
            )
            .expression_attribute_values(":next", text(next.owner.as_str()))
            .expression_attribute_values(":lease", number(milliseconds(next.lease_until)))
            .expression_attribute_values(":attempt", number(next.attempt.into()));
        match send(update).await {
            Err(Refused::Condition(Some(found))) if is_owner(&found, next) => Ok(()),
            outcome => Ok(outcome?),
        }
    }

    async fn yield_lease(&self, exchange: &Exchange, now: Timestamp) -> Result<(), StoreError> {
        let update = self
            .update_mine(exchange)
            .update_expression("SET lease_until = :now, due_at = :now")
            .expression_attribute_values(":now", number(milliseconds(now)));
        Ok(send(update).await?)
    }

    async fn release(&self, exchange: &Exchange) -> Result<(), StoreError> {
        let key = RecordKey::exchange(&exchange.key);
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.name)
            .key("pk", text(&key.pk))
            .key("sk", text(&key.sk))
            .condition_expression(MINE)
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(exchange.owner.as_str()))
            .expression_attribute_values(":step", text(step_name(exchange.step)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = deleted else { return Ok(()) };
        match error.as_service_error() {
            Some(DeleteItemError::ConditionalCheckFailedException(failed)) => {
                // Nothing left to delete: an earlier send of this very write arrived.
                failed.item().map_or(Ok(()), |_| Err(StoreError::Conflict))
            }
            _ => Err(unavailable(&error)),
        }
    }

    async fn advance(&self, exchange: &Exchange, next: ExchangeStep) -> Result<(), StoreError> {
        if !exchange.step.may_become(next) {
            return Err(StoreError::Conflict);
        }
        let mut sets = vec!["step = :next"];
        let mut update = self
            .update_mine(exchange)
            .expression_attribute_values(":next", text(step_name(next)));
        if let Some(item_id) = &exchange.item_id {
            sets.push("item_id = :item_id");
            update = update.expression_attribute_values(":item_id", text(item_id.as_str()));
        }
        if next == ExchangeStep::Compensating
            && let Some(access_token) = &exchange.access_token
        {
            sets.push("access_token = :access_token");
            update = update.expression_attribute_values(":access_token", binary(access_token));
        }
        let mut expression = format!("SET {}", sets.join(", "));
        if next.is_settled() {
            expression = format!("{expression}, {SETTLE}, access_token");
            let expires_at = number(exchange_expiry(exchange));
            update = update.expression_attribute_values(":expires_at", expires_at);
        }
        match send(update.update_expression(expression)).await {
            Err(Refused::Condition(Some(found)))
                if is_owner(&found, exchange) && is_at(&found, next) =>
            {
                Ok(())
            }
            outcome => Ok(outcome?),
        }
    }

    async fn record_item(&self, exchange: &Exchange, item: &Item) -> Result<(), StoreError> {
        let update = self
            .update_in_transaction(exchange)
            .update_expression("SET step = :next, item_id = :item_id")
            .expression_attribute_values(":next", text(step_name(ExchangeStep::Exchanged)))
            .expression_attribute_values(":item_id", text(item.item_id.as_str()))
            .build();
        let writes = vec![
            TransactWriteItem::builder().update(built(update)?).build(),
            self.put_new(rows::item_row(item)?)?,
            self.put_new(rows::item_owner_row(item)?)?,
        ];
        self.transact(&transaction_name(exchange, ExchangeStep::Exchanged), writes)
            .await
    }

    async fn finish(
        &self,
        exchange: &Exchange,
        item: &Item,
        answer: &ReplayableAnswer,
    ) -> Result<(), StoreError> {
        let update = self
            .update_in_transaction(exchange)
            .update_expression(format!(
                "SET step = :next, answer = :answer, answer_until = :until, {SETTLE}"
            ))
            .expression_attribute_values(":next", text(step_name(ExchangeStep::Finished)))
            .expression_attribute_values(":answer", binary(&answer.sealed))
            .expression_attribute_values(":until", number(milliseconds(answer.until)))
            .expression_attribute_values(":expires_at", number(exchange_expiry(exchange)))
            .build();
        let writes = vec![
            TransactWriteItem::builder().update(built(update)?).build(),
            TransactWriteItem::builder()
                .put(self.replace_item(item)?)
                .build(),
        ];
        self.transact(&transaction_name(exchange, ExchangeStep::Finished), writes)
            .await
    }
}

impl Table {
    fn update_mine(&self, exchange: &Exchange) -> UpdateItemFluentBuilder {
        let key = RecordKey::exchange(&exchange.key);
        self.client
            .update_item()
            .table_name(&self.name)
            .key("pk", text(&key.pk))
            .key("sk", text(&key.sk))
            .condition_expression(MINE)
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(exchange.owner.as_str()))
            .expression_attribute_values(":step", text(step_name(exchange.step)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    fn update_in_transaction(
        &self,
        exchange: &Exchange,
    ) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
        let key = RecordKey::exchange(&exchange.key);
        Update::builder()
            .table_name(&self.name)
            .key("pk", text(&key.pk))
            .key("sk", text(&key.sk))
            .condition_expression(MINE)
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(exchange.owner.as_str()))
            .expression_attribute_values(":step", text(step_name(exchange.step)))
    }

    /// Replaces an Item whose stored version is the one before.
    pub(super) fn replace_item(&self, item: &Item) -> Result<Put, StoreError> {
        let before = item.version.saturating_sub(1).to_string();
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(rows::item_row(item)?))
            .condition_expression("version = :before")
            .expression_attribute_values(":before", AttributeValue::N(before))
            .build();
        built(put)
    }
}

async fn send(update: UpdateItemFluentBuilder) -> Result<(), Refused> {
    let Err(error) = update.send().await else {
        return Ok(());
    };
    Err(match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
            Refused::Condition(failed.item().cloned())
        }
        _ => Refused::Other(unavailable(&error)),
    })
}

/// The record that was in the way of a put.
fn old_record<R>(error: &SdkError<PutItemError, R>) -> Result<Row, StoreError> {
    match error.as_service_error() {
        Some(PutItemError::ConditionalCheckFailedException(failed)) => {
            failed.item().cloned().ok_or(StoreError::Conflict)
        }
        _ => Err(unavailable(error)),
    }
}

/// The same for a re-sent transaction, different for every other one.
fn transaction_name(exchange: &Exchange, step: ExchangeStep) -> String {
    format!("{}/{}", exchange.owner.as_str(), step_name(step))
}

fn step_name(step: ExchangeStep) -> &'static str {
    match step {
        ExchangeStep::Claimed => "claimed",
        ExchangeStep::Exchanged => "exchanged",
        ExchangeStep::Finished => "finished",
        ExchangeStep::Compensating => "compensating",
        ExchangeStep::Removed => "removed",
        ExchangeStep::Lost => "lost",
        ExchangeStep::Refused => "refused",
    }
}

fn is_owner(row: &Row, exchange: &Exchange) -> bool {
    row.get("owner") == Some(&text(exchange.owner.as_str()))
}

fn is_at(row: &Row, step: ExchangeStep) -> bool {
    row.get("step") == Some(&text(step_name(step)))
}

pub(super) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

pub(super) fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) fn binary(sealed: &Sealed) -> AttributeValue {
    AttributeValue::B(Blob::new(sealed.as_bytes()))
}
