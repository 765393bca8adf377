//! The history of a user's Items, and what of it waits to be published.

use super::expressions::{Condition, Edit};
use super::query::{Page, Query};
use super::refusal::tolerating;
use super::write::Write;
use super::{Table, rows};
use crate::domain::record_key::CHANGE_PREFIX;
use crate::domain::{Change, ChangeId, RecordKey, UserId};
use crate::ports::{ChangePage, Changes, Outbox, StoreError};

impl Changes for Table {
    async fn changes(
        &self,
        user_id: &UserId,
        after: Option<&ChangeId>,
        limit: u32,
    ) -> Result<ChangePage, StoreError> {
        let query = Query::of(user_id, limit)
            .beginning(CHANGE_PREFIX)
            .after(after.map(|change_id| RecordKey::change(user_id, change_id)));
        let page = self.query(query).await?;
        let next = page.last_id(CHANGE_PREFIX).map(ChangeId::new);
        let Page { rows, .. } = page;
        let changes = rows.into_iter().map(rows::read_change);
        Ok(ChangePage {
            changes: changes.collect::<Result<_, _>>()?,
            next,
        })
    }
}

impl Outbox for Table {
    async fn unpublished(
        &self,
        user_id: &UserId,
        change_id: &ChangeId,
    ) -> Result<Option<Change>, StoreError> {
        let row = self.get(&RecordKey::change(user_id, change_id)).await?;
        let waiting = row.filter(|row| row.contains_key("due"));
        waiting.map(rows::read_change).transpose()
    }

    async fn published(&self, change: &Change) -> Result<(), StoreError> {
        let key = RecordKey::change(&change.user_id, &change.change_id);
        let edit = Edit::default().remove(["due", "due_at"]);
        let published = Write::update(key, edit).only_if(Condition::present());
        tolerating(self.write(published).await)
    }
}
