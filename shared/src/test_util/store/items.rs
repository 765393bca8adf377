//! The records of Items and their history.

use super::{MemoryStore, Records};
use crate::domain::{
    Change, ChangeId, ExchangeStep, Item, ItemId, Lifecycle, LinkId, LinkSession, RecordKey, UserId,
};
use crate::ports::{
    Alongside, ChangePage, Changes, ItemChanges, ItemOwners, ItemPage, ItemRecords, Outbox,
    StoreError,
};

impl Records {
    /// Whether the stored Item is the one before, at a stage that this one may follow.
    pub(super) fn may_replace(&self, item: &Item) -> Result<(), StoreError> {
        let stored = self
            .items
            .get(&item_key(item))
            .ok_or(StoreError::Conflict)?;
        let follows = stored.version.saturating_add(1) == item.version
            && stored.lifecycle.may_become(item.lifecycle);
        follows.then_some(()).ok_or(StoreError::Conflict)
    }

    pub(super) fn has_change(&self, change: &Change) -> bool {
        self.changes.iter().any(|c| c.change_id == change.change_id)
    }

    fn change(&self, user_id: &UserId, change_id: &ChangeId) -> Option<&Change> {
        let mut changes = self.changes.iter();
        changes.find(|c| c.user_id == *user_id && c.change_id == *change_id)
    }

    pub(super) fn put_item(&mut self, item: &Item, change: Option<&Change>) {
        self.no_longer_postponed(RecordKey::item(&item.user_id, &item.item_id));
        self.owners
            .insert(item.item_id.clone(), item.user_id.clone());
        self.items.insert(item_key(item), item.clone());
        self.changes.extend(change.cloned());
    }

    fn open_session(&mut self, item: &Item, link_id: &LinkId) -> Option<&mut LinkSession> {
        let mut sessions = self.sessions.iter_mut();
        sessions.find(|session| {
            session.user_id == item.user_id
                && session.link_id == *link_id
                && session.refreshed_at.is_none()
        })
    }
}

fn item_key(item: &Item) -> (String, String) {
    (item.user_id.to_string(), item.item_id.to_string())
}

impl ItemRecords for MemoryStore {
    async fn item(&self, user_id: &UserId, item_id: &ItemId) -> Result<Option<Item>, StoreError> {
        let key = (user_id.to_string(), item_id.to_string());
        Ok(self.begin()?.items.get(&key).cloned())
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
        let mut items: Vec<_> = behind.by_ref().take(limit as usize).cloned().collect();
        // Like DynamoDB: a full page names its last key, even if nothing follows, and the
        // filter comes after the limit.
        let next = items.last().filter(|_| items.len() == limit as usize);
        let next = next.map(|item| item.item_id.clone());
        items.retain(|item| item.lifecycle != Lifecycle::Removed);
        Ok(ItemPage { items, next })
    }
}

impl ItemOwners for MemoryStore {
    async fn owner(&self, item_id: &ItemId) -> Result<Option<UserId>, StoreError> {
        Ok(self.begin()?.owners.get(item_id).cloned())
    }
}

impl ItemChanges for MemoryStore {
    async fn replace(&self, item: &Item, alongside: Alongside<'_>) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        records.may_replace(item)?;
        if alongside
            .change
            .is_some_and(|change| records.has_change(change))
        {
            return Err(StoreError::Conflict);
        }
        for link_id in alongside.refreshed {
            records
                .open_session(item, link_id)
                .ok_or(StoreError::Conflict)?;
        }
        if let Some(answer) = alongside.answer {
            let exchange = records.exchanges.get_mut(item.exchange.as_str());
            let exchange = exchange.filter(|e| e.step == ExchangeStep::Finished);
            let exchange = exchange.ok_or(StoreError::Conflict)?;
            exchange.answer = Some(answer.sealed.clone());
            exchange.answer_until = Some(answer.until);
        }
        for link_id in alongside.refreshed {
            if let Some(session) = records.open_session(item, link_id) {
                session.refreshed_at = Some(item.updated_at);
            }
        }
        records.put_item(item, alongside.change);
        Ok(())
    }
}

impl Changes for MemoryStore {
    async fn changes(
        &self,
        user_id: &UserId,
        after: Option<&ChangeId>,
        limit: u32,
    ) -> Result<ChangePage, StoreError> {
        let records = self.begin()?;
        let mut changes: Vec<_> = records
            .changes
            .iter()
            .filter(|c| c.user_id == *user_id && after.is_none_or(|after| c.change_id > *after))
            .cloned()
            .collect();
        changes.sort_by(|one, other| one.change_id.cmp(&other.change_id));
        changes.truncate(limit as usize);
        let next = changes.last().filter(|_| changes.len() == limit as usize);
        Ok(ChangePage {
            next: next.map(|change| change.change_id.clone()),
            changes,
        })
    }
}

impl Outbox for MemoryStore {
    async fn unpublished(
        &self,
        user_id: &UserId,
        change_id: &ChangeId,
    ) -> Result<Option<Change>, StoreError> {
        let records = self.begin()?;
        let kept = records.change(user_id, change_id);
        let waiting = kept.filter(|_| !records.published.contains(change_id));
        Ok(waiting.cloned())
    }

    async fn published(&self, change: &Change) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        if records.change(&change.user_id, &change.change_id).is_some() {
            records.published.insert(change.change_id.clone());
        }
        Ok(())
    }
}
