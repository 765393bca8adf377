//! The erasure of users, a portion at a time.

use jiff::Timestamp;

use super::expressions::Condition;
use super::query::{Page, Query, record_key};
use super::refusal::{Refused, tolerating};
use super::rows::{self, Row};
use super::transaction::ClientToken;
use super::write::Write;
use super::{Table, item_writes};
use crate::domain::record_key::{ASTRA, CHANGE_PREFIX, ITEM_PREFIX, LINK_PREFIX};
use crate::domain::{Cause, Change, Item, Lifecycle, RecordKey, UserId};
use crate::ports::{Erased, Erasures, StoreError};

/// Records that one call deletes, with a pointer each; a transaction takes 100 writes.
const PORTION: u32 = 25;

/// What an erasure does with the records of a page.
#[derive(Default)]
struct Portion {
    /// To be deleted without further ado.
    deletes: Vec<Write>,
    /// To be deleted with their pointers and exchanges.
    removed_items: Vec<Item>,
    /// Whether any record must be kept, besides the wish and receipts.
    keeps: bool,
}

impl Erasures for Table {
    async fn wish_erasure(&self, user_id: &UserId, now: Timestamp) -> Result<(), StoreError> {
        let wish = Write::put(rows::erasure_row(user_id, now)?).only_if(Condition::absent());
        tolerating(self.write(wish).await)
    }

    async fn erase(&self, user_id: &UserId) -> Result<Erased, StoreError> {
        let mut kept = false;
        let mut after = None;
        loop {
            let page = self.query(Query::of(user_id, PORTION).after(after)).await?;
            let Page { rows, last } = page;
            let portion = Portion::of(rows, user_id)?;
            let busy = !portion.is_empty();
            kept |= self.delete(portion).await?;
            match last {
                None if kept => return Ok(Erased::Partly),
                None => return Ok(Erased::Everything),
                Some(_) if busy => return Ok(Erased::Partly),
                next => after = next,
            }
        }
    }

    async fn confirm_erasure(&self, receipt: &Change) -> Result<(), StoreError> {
        let wish = RecordKey::erasure(&receipt.user_id);
        let writes = vec![
            Write::delete(wish).only_if(Condition::present()),
            item_writes::new_change(receipt)?,
        ];
        let token = ClientToken::named(&format!("erased/{}", receipt.change_id));
        Ok(self.transact(token, writes).await?)
    }
}

impl Portion {
    fn of(rows: Vec<Row>, user_id: &UserId) -> Result<Self, StoreError> {
        let wish = RecordKey::erasure(user_id);
        let mut portion = Self::default();
        for row in rows {
            let key =
                record_key(&row).ok_or_else(|| StoreError::Corrupt("a record's key".to_owned()))?;
            if key != wish {
                portion.add(key, row)?;
            }
        }
        Ok(portion)
    }

    /// Whatever is not known is kept.
    fn add(&mut self, key: RecordKey, row: Row) -> Result<(), StoreError> {
        if key.sk.starts_with(CHANGE_PREFIX) {
            if !is_receipt(&rows::read_change(row)?) {
                self.deletes.push(Write::delete(key));
            }
        } else if key.sk.starts_with(LINK_PREFIX) {
            let session = rows::read_link_session(row)?;
            let pointer = RecordKey::link_token_owner(&session.link_token_hash);
            self.deletes.extend([pointer, key].map(Write::delete));
        } else if key.sk == ASTRA {
            self.deletes.push(Write::delete(key));
        } else if key.sk.starts_with(ITEM_PREFIX) {
            let item = rows::read_item(row)?;
            if item.lifecycle == Lifecycle::Removed {
                self.removed_items.push(item);
            } else {
                self.keeps = true;
            }
        } else {
            self.keeps = true;
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.deletes.is_empty() && self.removed_items.is_empty()
    }
}

impl Table {
    /// Whether any record is kept.
    async fn delete(&self, portion: Portion) -> Result<bool, StoreError> {
        if !portion.deletes.is_empty() {
            self.transact(ClientToken::unique(), portion.deletes)
                .await?;
        }
        let mut kept = portion.keeps;
        for item in portion.removed_items {
            kept |= !self.delete_item(&item).await?;
        }
        Ok(kept)
    }

    /// Deletes the Item with its pointer and exchange, unless it came back to life or
    /// somebody still works on its exchange. Whether it did.
    async fn delete_item(&self, item: &Item) -> Result<bool, StoreError> {
        let still_removed =
            Condition::default().equals("lifecycle", item_writes::stage(Lifecycle::Removed));
        let nothing_to_do = Condition::default().lacks("due");
        let writes = vec![
            Write::delete(RecordKey::item(&item.user_id, &item.item_id)).only_if(still_removed),
            Write::delete(RecordKey::item_owner(&item.item_id)),
            Write::delete(RecordKey::exchange(&item.exchange)).only_if(nothing_to_do),
        ];
        match self.transact(ClientToken::unique(), writes).await {
            Err(Refused::Condition(_)) => Ok(false),
            outcome => Ok(outcome.map(|()| true)?),
        }
    }
}

fn is_receipt(change: &Change) -> bool {
    change.cause == Cause::Erasure && change.item_id.is_none()
}
