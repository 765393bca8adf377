//! The records of Items.

use super::attributes::moment;
use super::expressions::{Condition, Edit};
use super::item_writes::{new_change, replacement, stage};
use super::query::{Page, Query};
use super::transaction::ClientToken;
use super::write::Write;
use super::{Table, exchanges, rows};
use crate::domain::record_key::ITEM_PREFIX;
use crate::domain::{Item, ItemId, Lifecycle, LinkId, RecordKey, UserId};
use crate::ports::{Alongside, ItemChanges, ItemOwners, ItemPage, ItemRecords, StoreError};

impl ItemRecords for Table {
    async fn item(&self, user_id: &UserId, item_id: &ItemId) -> Result<Option<Item>, StoreError> {
        let row = self.get(&RecordKey::item(user_id, item_id)).await?;
        row.map(rows::read_item).transpose()
    }

    async fn items(
        &self,
        user_id: &UserId,
        after: Option<&ItemId>,
        limit: u32,
    ) -> Result<ItemPage, StoreError> {
        let not_removed = Condition::default().differs("lifecycle", stage(Lifecycle::Removed));
        let query = Query::of(user_id, limit)
            .beginning(ITEM_PREFIX)
            .after(after.map(|item_id| RecordKey::item(user_id, item_id)))
            .only_if(not_removed);
        let page = self.query(query).await?;
        let next = page.last_id(ITEM_PREFIX).map(ItemId::new);
        let Page { rows, .. } = page;
        let items = rows.into_iter().map(rows::read_item);
        Ok(ItemPage {
            items: items.collect::<Result<_, _>>()?,
            next,
        })
    }
}

impl ItemOwners for Table {
    async fn owner(&self, item_id: &ItemId) -> Result<Option<UserId>, StoreError> {
        let row = self.get(&RecordKey::item_owner(item_id)).await?;
        row.map(rows::read_owner).transpose()
    }
}

impl ItemChanges for Table {
    async fn replace(&self, item: &Item, alongside: Alongside<'_>) -> Result<(), StoreError> {
        let mut writes = replacement(item)?;
        if let Some(change) = alongside.change {
            writes.push(new_change(change)?);
        }
        if let Some(answer) = alongside.answer {
            writes.push(exchanges::new_answer(&item.exchange, answer));
        }
        let refreshed = alongside.refreshed.iter();
        writes.extend(refreshed.map(|link_id| settled_session(item, link_id)));
        Ok(self.transact(ClientToken::unique(), writes).await?)
    }
}

fn settled_session(item: &Item, link_id: &LinkId) -> Write {
    let edit = Edit::default()
        .set("refreshed_at", moment(item.updated_at))
        .remove(["due", "due_at"]);
    let open = Condition::present().lacks("refreshed_at");
    Write::update(RecordKey::link_session(&item.user_id, link_id), edit).only_if(open)
}
