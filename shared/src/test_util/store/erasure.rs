//! The erasure of users.

use jiff::Timestamp;

use super::{MemoryStore, Records};
use crate::domain::{Cause, Change, Item, Lifecycle, UserId};
use crate::ports::{Erased, Erasures, StoreError};

impl Records {
    /// Whether nothing is left to do at Plaid, for the Item and its exchange.
    fn is_over(&self, item: &Item) -> bool {
        let exchange = self.exchanges.get(item.exchange.as_str());
        item.lifecycle == Lifecycle::Removed && exchange.is_none_or(|e| e.step.is_settled())
    }

    fn erase_item(&mut self, item: &Item) {
        self.owners.remove(&item.item_id);
        self.exchanges.remove(item.exchange.as_str());
        let key = (item.user_id.to_string(), item.item_id.to_string());
        self.items.remove(&key);
    }
}

impl Erasures for MemoryStore {
    async fn wish_erasure(&self, user_id: &UserId, now: Timestamp) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        records.erasures.entry(user_id.clone()).or_insert(now);
        Ok(())
    }

    async fn erase(&self, user_id: &UserId) -> Result<Erased, StoreError> {
        let mut records = self.begin()?;
        records
            .sessions
            .retain(|session| session.user_id != *user_id);
        records.disconnect(user_id);
        let is_receipt =
            |change: &Change| change.cause == Cause::Erasure && change.item_id.is_none();
        records
            .changes
            .retain(|change| change.user_id != *user_id || is_receipt(change));
        let of_user = records
            .items
            .values()
            .filter(|item| item.user_id == *user_id);
        let (over, kept): (Vec<Item>, Vec<Item>) =
            of_user.cloned().partition(|item| records.is_over(item));
        for item in &over {
            records.erase_item(item);
        }
        Ok(if kept.is_empty() {
            Erased::Everything
        } else {
            Erased::Partly
        })
    }

    async fn confirm_erasure(&self, receipt: &Change) -> Result<(), StoreError> {
        let mut records = self.begin()?;
        if records.has_change(receipt) {
            return Ok(());
        }
        let wish = records.erasures.remove(&receipt.user_id);
        wish.ok_or(StoreError::Conflict)?;
        records.changes.push(receipt.clone());
        Ok(())
    }
}
