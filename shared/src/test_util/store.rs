//! The table in memory, with the conditions of the real one.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::domain::{
    Exchange, ExchangeStep, InboxRecord, Item, ItemId, LinkExit, LinkId, LinkSession, RecordKey,
    UserId,
};
use crate::ports::{
    Claim, ExchangeRecords, Inbox, ItemChanges, ItemPage, ItemRecords, Kept, LinkReports,
    LinkSessions, ReplayableAnswer, StoreError,
};

/// The table in memory.
#[derive(Default)]
pub struct MemoryStore {
    records: Mutex<Records>,
}

/// What is stored, for a test to look at and to arrange.
#[derive(Default)]
pub struct Records {
    /// By key.
    pub exchanges: BTreeMap<String, Exchange>,
    /// By user and Item.
    pub items: BTreeMap<(String, String), Item>,
    /// In the order of their creation.
    pub sessions: Vec<LinkSession>,
    /// By partition and sort key.
    pub inbox: BTreeMap<(String, String), InboxRecord>,
    /// Operations that do not answer from now on, counted down by each one; the write
    /// does not happen.
    pub down_for: u32,
    /// Operations that are let through before `down_for` counts.
    pub up_for: u32,
}

impl MemoryStore {
    /// The records.
    pub fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `up_for` operations through, then loses `down_for`.
    pub fn go_down(&self, up_for: u32, down_for: u32) {
        let mut records = self.records();
        records.up_for = up_for;
        records.down_for = down_for;
    }

    fn begin(&self) -> Result<MutexGuard<'_, Records>, StoreError> {
        let mut records = self.records();
        if records.up_for > 0 {
            records.up_for -= 1;
        } else if records.down_for > 0 {
            records.down_for -= 1;
            return Err(StoreError::Unavailable("the test took it down".to_owned()));
        }
        Ok(records)
    }
}

impl Records {
    /// The stored exchange, if it is still the one that its owner knows.
    fn mine(&mut self, exchange: &Exchange) -> Result<&mut Exchange, StoreError> {
        let stored = self
            .exchanges
            .get_mut(exchange.key.as_str())
            .ok_or(StoreError::Conflict)?;
        let mine = stored.owner == exchange.owner && stored.step == exchange.step;
        mine.then_some(stored).ok_or(StoreError::Conflict)
    }

    fn replace_item(&mut self, item: &Item) -> Result<(), StoreError> {
        let stored = self
            .items
            .get_mut(&item_key(item))
            .ok_or(StoreError::Conflict)?;
        if stored.version + 1 != item.version {
            return Err(StoreError::Conflict);
        }
        *stored = item.clone();
        Ok(())
    }
}

fn item_key(item: &Item) -> (String, String) {
    (item.user_id.to_string(), item.item_id.to_string())
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

    async fn take_over(&self, previous: &Exchange, next: &Exchange) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        let stored = records.mine(previous)?;
        stored.owner = next.owner.clone();
        stored.lease_until = next.lease_until;
        stored.attempt = next.attempt;
        Ok(())
    }

    async fn yield_lease(&self, exchange: &Exchange, now: Timestamp) -> Result<(), StoreError> {
        self.begin()?.mine(exchange)?.lease_until = now;
        Ok(())
    }

    async fn release(&self, exchange: &Exchange) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        records.mine(exchange)?;
        records.exchanges.remove(exchange.key.as_str());
        Ok(())
    }

    async fn advance(&self, exchange: &Exchange, next: ExchangeStep) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        let stored = records.mine(exchange)?;
        if !stored.step.may_become(next) {
            return Err(StoreError::Conflict);
        }
        stored.step = next;
        stored.item_id = exchange.item_id.clone().or(stored.item_id.take());
        stored.access_token = exchange.access_token.clone().filter(|_| !next.is_settled());
        Ok(())
    }

    async fn record_item(&self, exchange: &Exchange, item: &Item) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        if records.items.contains_key(&item_key(item)) {
            return Err(StoreError::Conflict);
        }
        let stored = records.mine(exchange)?;
        stored.step = ExchangeStep::Exchanged;
        stored.item_id = Some(item.item_id.clone());
        records.items.insert(item_key(item), item.clone());
        Ok(())
    }

    async fn finish(
        &self,
        exchange: &Exchange,
        item: &Item,
        answer: &ReplayableAnswer,
    ) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        records.mine(exchange)?;
        records.replace_item(item)?;
        let stored = records.mine(exchange)?;
        stored.step = ExchangeStep::Finished;
        stored.answer = Some(answer.sealed.clone());
        stored.answer_until = Some(answer.until);
        stored.public_token = None;
        Ok(())
    }
}

impl ItemRecords for MemoryStore {
    async fn item(&self, user_id: &UserId, item_id: &ItemId) -> Result<Option<Item>, StoreError> {
        let records = self.begin()?;
        Ok(records
            .items
            .get(&(user_id.to_string(), item_id.to_string()))
            .cloned())
    }

    async fn items(
        &self,
        user_id: &UserId,
        after: Option<&ItemId>,
        limit: u32,
    ) -> Result<ItemPage, StoreError> {
        let records = self.begin()?;
        let begin = after.map_or("", ItemId::as_str);
        let mut behind = records
            .items
            .values()
            .filter(|i| i.user_id == *user_id && i.item_id.as_str() > begin);
        let items: Vec<_> = behind.by_ref().take(limit as usize).cloned().collect();
        // Like DynamoDB: a full page names its last key, even if nothing follows.
        let next = items.last().filter(|_| items.len() == limit as usize);
        Ok(ItemPage {
            next: next.map(|item| item.item_id.clone()),
            items,
        })
    }
}

impl ItemChanges for MemoryStore {
    async fn record_choice(
        &self,
        item: &Item,
        answer: &ReplayableAnswer,
    ) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        records.replace_item(item)?;
        let exchange = records
            .exchanges
            .get_mut(item.exchange.as_str())
            .ok_or(StoreError::Conflict)?;
        exchange.answer = Some(answer.sealed.clone());
        exchange.answer_until = Some(answer.until);
        Ok(())
    }
}

impl LinkSessions for MemoryStore {
    async fn record_session(&self, session: &LinkSession) -> Result<(), StoreError> {
        self.begin()?.sessions.push(session.clone());
        Ok(())
    }
}

impl LinkReports for MemoryStore {
    async fn session(
        &self,
        user_id: &UserId,
        link_id: &LinkId,
    ) -> Result<Option<LinkSession>, StoreError> {
        let records = self.begin()?;
        let mut sessions = records.sessions.iter();
        Ok(sessions
            .find(|s| s.user_id == *user_id && s.link_id == *link_id)
            .cloned())
    }

    async fn record_exit(
        &self,
        user_id: &UserId,
        link_id: &LinkId,
        exit: &LinkExit,
    ) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        let mut sessions = records.sessions.iter_mut();
        let session = sessions.find(|s| s.user_id == *user_id && s.link_id == *link_id);
        session.ok_or(StoreError::Conflict)?.exit = Some(exit.clone());
        Ok(())
    }
}

impl Inbox for MemoryStore {
    async fn keep(&self, record: &InboxRecord) -> Result<Kept, StoreError> {
        let key = RecordKey::inbox(record);
        let mut records = self.begin()?;
        let before = records
            .inbox
            .contains_key(&(key.pk.clone(), key.sk.clone()));
        if !before {
            records.inbox.insert((key.pk, key.sk), record.clone());
        }
        Ok(if before { Kept::Before } else { Kept::New })
    }
}
