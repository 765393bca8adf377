//! The records of exchanges and strays. A write of an owner that finds its own trace was
//! sent twice, and counts once.

use jiff::Timestamp;

use super::{MemoryStore, Records};
use crate::domain::{Change, Exchange, ExchangeKey, ExchangeStep, Item, ItemId, RecordKey, Stray};
use crate::ports::{Claim, ExchangeRecords, ReplayableAnswer, StoreError, Strays};

impl Records {
    /// The stored exchange, if it is still the one that its owner knows.
    pub(super) fn mine(&mut self, exchange: &Exchange) -> Result<&mut Exchange, StoreError> {
        let stored = self
            .exchanges
            .get_mut(exchange.key.as_str())
            .ok_or(StoreError::Conflict)?;
        let mine = stored.owner == exchange.owner && stored.step == exchange.step;
        mine.then_some(stored).ok_or(StoreError::Conflict)
    }

    /// Whether this very owner has brought the record to this step before.
    fn was_mine(&self, exchange: &Exchange, step: ExchangeStep) -> bool {
        let stored = self.exchanges.get(exchange.key.as_str());
        stored.is_some_and(|stored| stored.owner == exchange.owner && stored.step == step)
    }

    fn settle(
        &mut self,
        exchange: &Exchange,
        step: ExchangeStep,
    ) -> Result<&mut Exchange, StoreError> {
        self.no_longer_postponed(RecordKey::exchange(&exchange.key));
        let stored = self.mine(exchange)?;
        if !stored.step.may_become(step) {
            return Err(StoreError::Conflict);
        }
        stored.step = step;
        if step.is_settled() {
            stored.public_token = None;
            stored.access_token = None;
        }
        Ok(stored)
    }

    /// Whether this very write was made before; another one with its change is refused.
    fn was_written(
        &self,
        exchange: &Exchange,
        step: ExchangeStep,
        change: &Change,
    ) -> Result<bool, StoreError> {
        if !self.has_change(change) {
            return Ok(false);
        }
        let before = self.was_mine(exchange, step);
        before.then_some(true).ok_or(StoreError::Conflict)
    }
}

impl ExchangeRecords for MemoryStore {
    async fn claim(&self, exchange: &Exchange) -> Result<Claim, StoreError> {
        let mut records = self.begin()?;
        let key = exchange.key.as_str().to_owned();
        match records.exchanges.get(&key) {
            None => {
                records.exchanges.insert(key, exchange.clone());
                Ok(Claim::Won)
            }
            Some(held) if held.owner == exchange.owner => Ok(Claim::Won),
            Some(held) => Ok(Claim::Held(Box::new(held.clone()))),
        }
    }

    async fn exchange(&self, key: &ExchangeKey) -> Result<Option<Exchange>, StoreError> {
        Ok(self.begin()?.exchanges.get(key.as_str()).cloned())
    }

    async fn take_over(&self, previous: &Exchange, next: &Exchange) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        if records.was_mine(next, previous.step) {
            return Ok(());
        }
        records.no_longer_postponed(RecordKey::exchange(&next.key));
        let stored = records.mine(previous)?;
        stored.owner = next.owner.clone();
        stored.lease_until = next.lease_until;
        stored.attempt = next.attempt;
        Ok(())
    }

    async fn yield_lease(&self, exchange: &Exchange, now: Timestamp) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        records.no_longer_postponed(RecordKey::exchange(&exchange.key));
        records.mine(exchange)?.lease_until = now;
        Ok(())
    }

    async fn release(&self, exchange: &Exchange) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        if !records.exchanges.contains_key(exchange.key.as_str()) {
            return Ok(());
        }
        let stored = records.mine(exchange)?;
        if stored.step != ExchangeStep::Claimed {
            return Err(StoreError::Conflict);
        }
        records.exchanges.remove(exchange.key.as_str());
        Ok(())
    }

    async fn advance(&self, exchange: &Exchange, next: ExchangeStep) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        if exchange.step.may_become(next) && records.was_mine(exchange, next) {
            return Ok(());
        }
        let stored = records.settle(exchange, next)?;
        stored.item_id = exchange.item_id.clone().or(stored.item_id.take());
        if next == ExchangeStep::Compensating {
            stored.access_token.clone_from(&exchange.access_token);
        }
        Ok(())
    }

    async fn record_item(
        &self,
        exchange: &Exchange,
        item: &Item,
        change: &Change,
    ) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        if records.was_written(exchange, ExchangeStep::Exchanged, change)? {
            return Ok(());
        }
        if records.owners.contains_key(&item.item_id) {
            return Err(StoreError::Conflict);
        }
        let stored = records.settle(exchange, ExchangeStep::Exchanged)?;
        stored.item_id = Some(item.item_id.clone());
        records.put_item(item, Some(change));
        Ok(())
    }

    async fn finish(
        &self,
        exchange: &Exchange,
        item: &Item,
        change: &Change,
        answer: &ReplayableAnswer,
    ) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        if records.was_written(exchange, ExchangeStep::Finished, change)? {
            return Ok(());
        }
        records.mine(exchange)?;
        records.may_replace(item)?;
        let stored = records.settle(exchange, ExchangeStep::Finished)?;
        stored.answer = Some(answer.sealed.clone());
        stored.answer_until = Some(answer.until);
        records.put_item(item, Some(change));
        Ok(())
    }

    async fn reject(
        &self,
        exchange: &Exchange,
        item: &Item,
        change: &Change,
    ) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        if records.was_written(exchange, ExchangeStep::Removed, change)? {
            return Ok(());
        }
        records.mine(exchange)?;
        records.may_replace(item)?;
        let stored = records.settle(exchange, ExchangeStep::Removed)?;
        stored.duplicate_of.clone_from(&exchange.duplicate_of);
        records.put_item(item, Some(change));
        Ok(())
    }

    async fn forget_answer(&self, key: &ExchangeKey) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        let stored = records.exchanges.get_mut(key.as_str());
        if let Some(stored) = stored.filter(|stored| stored.step == ExchangeStep::Finished) {
            stored.step = ExchangeStep::Removed;
            stored.answer = None;
            stored.answer_until = None;
        }
        Ok(())
    }
}

impl Strays for MemoryStore {
    async fn keep_stray(&self, stray: &Stray) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        records
            .strays
            .insert(stray_key(&stray.key, &stray.item_id), stray.clone());
        Ok(())
    }

    async fn stray(
        &self,
        key: &ExchangeKey,
        item_id: &ItemId,
    ) -> Result<Option<Stray>, StoreError> {
        Ok(self.begin()?.strays.get(&stray_key(key, item_id)).cloned())
    }

    async fn drop_stray(&self, stray: &Stray) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        records
            .strays
            .remove(&stray_key(&stray.key, &stray.item_id));
        Ok(())
    }
}

fn stray_key(key: &ExchangeKey, item_id: &ItemId) -> (String, String) {
    (key.as_str().to_owned(), item_id.to_string())
}
