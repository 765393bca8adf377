//! The history of a user's Items.

use super::query::{Page, Query};
use super::{Table, rows};
use crate::domain::record_key::CHANGE_PREFIX;
use crate::domain::{ChangeId, RecordKey, UserId};
use crate::ports::{ChangePage, Changes, StoreError};

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
