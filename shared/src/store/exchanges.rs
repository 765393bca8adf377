//! The records of exchanges. Every write after the claim holds only for its owner and
//! step; a write that was sent twice finds its own trace, or its transaction's name, and
//! counts once.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::attributes::{binary, moment, number, text};
use super::expressions::{Condition, Edit};
use super::refusal::{Refused, tolerating};
use super::rows::{self, Row, exchange_expiry};
use super::transaction::ClientToken;
use super::write::Write;
use super::{Table, item_writes};
use crate::domain::{Change, Exchange, ExchangeKey, ExchangeStep, Item, RecordKey};
use crate::ports::{Claim, ExchangeRecords, ReplayableAnswer, StoreError};

impl ExchangeRecords for Table {
    async fn claim(&self, exchange: &Exchange) -> Result<Claim, StoreError> {
        let claim = Write::put(rows::exchange_row(exchange)?).only_if(Condition::absent());
        let held = match self.write(claim).await {
            Ok(()) => return Ok(Claim::Won),
            Err(Refused::Condition(Some(held))) => rows::read_exchange(held)?,
            Err(refused) => return Err(refused.into()),
        };
        if held.owner == exchange.owner {
            return Ok(Claim::Won);
        }
        Ok(Claim::Held(Box::new(held)))
    }

    async fn exchange(&self, key: &ExchangeKey) -> Result<Option<Exchange>, StoreError> {
        let row = self.get(&RecordKey::exchange(key)).await?;
        row.map(rows::read_exchange).transpose()
    }

    async fn take_over(&self, previous: &Exchange, next: &Exchange) -> Result<(), StoreError> {
        let edit = Edit::default()
            .set("owner", text(next.owner.as_str()))
            .set("lease_until", moment(next.lease_until))
            .set("due_at", moment(next.lease_until))
            .set("attempt", number(next.attempt));
        match self.write(edit_mine(previous, edit)).await {
            Err(Refused::Condition(Some(found))) if is_owner(&found, next) => Ok(()),
            outcome => Ok(outcome?),
        }
    }

    async fn yield_lease(&self, exchange: &Exchange, now: Timestamp) -> Result<(), StoreError> {
        let edit = Edit::default()
            .set("lease_until", moment(now))
            .set("due_at", moment(now));
        Ok(self.write(edit_mine(exchange, edit)).await?)
    }

    async fn release(&self, exchange: &Exchange) -> Result<(), StoreError> {
        if exchange.step != ExchangeStep::Claimed {
            return Err(StoreError::Conflict);
        }
        let key = RecordKey::exchange(&exchange.key);
        let delete = Write::delete(key).only_if(mine(exchange));
        match self.write(delete).await {
            // Nothing left to delete: an earlier send of this very write arrived.
            Err(Refused::Condition(None)) => Ok(()),
            outcome => Ok(outcome?),
        }
    }

    async fn advance(&self, exchange: &Exchange, next: ExchangeStep) -> Result<(), StoreError> {
        let access_token = exchange
            .access_token
            .as_ref()
            .filter(|_| !next.is_settled());
        let edit = step_to(exchange, next)?
            .set_some(
                "item_id",
                exchange.item_id.as_ref().map(|id| text(id.as_str())),
            )
            .set_some("access_token", access_token.map(binary));
        match self.write(edit_mine(exchange, edit)).await {
            Err(Refused::Condition(Some(found)))
                if is_owner(&found, exchange) && is_at(&found, next) =>
            {
                Ok(())
            }
            outcome => Ok(outcome?),
        }
    }

    async fn record_item(
        &self,
        exchange: &Exchange,
        item: &Item,
        change: &Change,
    ) -> Result<(), StoreError> {
        let next = ExchangeStep::Exchanged;
        let edit = step_to(exchange, next)?.set("item_id", text(item.item_id.as_str()));
        let writes = vec![
            edit_mine(exchange, edit),
            Write::put(rows::item_row(item)?).only_if(Condition::absent()),
            Write::put(rows::item_owner_row(item)?).only_if(Condition::absent()),
            item_writes::new_change(change)?,
        ];
        Ok(self.transact(token(exchange, next, change), writes).await?)
    }

    async fn finish(
        &self,
        exchange: &Exchange,
        item: &Item,
        change: &Change,
        answer: &ReplayableAnswer,
    ) -> Result<(), StoreError> {
        let next = ExchangeStep::Finished;
        let edit = answering(step_to(exchange, next)?, answer);
        let mut writes = vec![edit_mine(exchange, edit), item_writes::new_change(change)?];
        writes.extend(item_writes::replacement(item)?);
        Ok(self.transact(token(exchange, next, change), writes).await?)
    }

    async fn reject(
        &self,
        exchange: &Exchange,
        item: &Item,
        change: &Change,
    ) -> Result<(), StoreError> {
        let next = ExchangeStep::Removed;
        let duplicate_of = exchange.duplicate_of.as_ref();
        let edit = step_to(exchange, next)?
            .set_some("duplicate_of", duplicate_of.map(|id| text(id.as_str())));
        let mut writes = vec![edit_mine(exchange, edit), item_writes::new_change(change)?];
        writes.extend(item_writes::replacement(item)?);
        Ok(self.transact(token(exchange, next, change), writes).await?)
    }

    async fn forget_answer(&self, key: &ExchangeKey) -> Result<(), StoreError> {
        let edit = Edit::default()
            .set("step", step_value(ExchangeStep::Removed))
            .remove(["answer", "answer_until"]);
        let forget = Write::update(RecordKey::exchange(key), edit).only_if(finished());
        tolerating(self.write(forget).await)
    }
}

/// The record is still the one that its owner knows.
fn mine(exchange: &Exchange) -> Condition {
    Condition::default()
        .equals("owner", text(exchange.owner.as_str()))
        .equals("step", step_value(exchange.step))
}

fn edit_mine(exchange: &Exchange, edit: Edit) -> Write {
    Write::update(RecordKey::exchange(&exchange.key), edit).only_if(mine(exchange))
}

/// The step `next`, with what an exchange no longer needs once it has settled.
fn step_to(exchange: &Exchange, next: ExchangeStep) -> Result<Edit, StoreError> {
    if !exchange.step.may_become(next) {
        return Err(StoreError::Conflict);
    }
    let edit = Edit::default().set("step", step_value(next));
    if !next.is_settled() {
        return Ok(edit);
    }
    Ok(edit
        .set("expires_at", number(exchange_expiry(exchange)))
        .remove(["due", "due_at", "public_token", "access_token"]))
}

/// The answer of the finished exchange with this key, in place of its earlier one.
pub(super) fn new_answer(key: &ExchangeKey, answer: &ReplayableAnswer) -> Write {
    let edit = answering(Edit::default(), answer);
    Write::update(RecordKey::exchange(key), edit).only_if(finished())
}

fn finished() -> Condition {
    Condition::default().equals("step", step_value(ExchangeStep::Finished))
}

fn answering(edit: Edit, answer: &ReplayableAnswer) -> Edit {
    edit.set("answer", binary(&answer.sealed))
        .set("answer_until", moment(answer.until))
}

/// The same for a transaction that is sent again, different for every other one.
fn token(exchange: &Exchange, next: ExchangeStep, change: &Change) -> ClientToken {
    let (key, owner) = (exchange.key.as_str(), exchange.owner.as_str());
    let step = step_name(next);
    ClientToken::named(&format!("{key}/{owner}/{step}/{}", change.change_id))
}

fn step_value(step: ExchangeStep) -> AttributeValue {
    text(step_name(step))
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
    row.get("step") == Some(&step_value(step))
}
