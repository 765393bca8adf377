//! Recording what became of one account at Astra.

use super::{AstraError, AstraStore, Desk};
use crate::domain::{Account, AccountId, Cause, Change, Item, Lifecycle};
use crate::ports::{Alongside, Clock, StoreError};
use crate::use_cases::MAX_RACES;

impl<A, S: AstraStore, V, C: Clock> Desk<'_, A, S, V, C> {
    /// Edits the account, if nobody wrote its Item since it was read.
    ///
    /// # Errors
    /// `Conflict` if somebody did.
    pub(super) async fn edit(
        &self,
        item: &Item,
        account_id: &AccountId,
        edit: impl FnOnce(&mut Account),
    ) -> Result<Item, StoreError> {
        let mut after = item.clone();
        if let Some(account) = after.account_mut(account_id) {
            edit(account);
        }
        self.write(item, after).await
    }

    /// Edits the account, whoever else writes its Item meanwhile: it says what is so at Astra.
    pub(super) async fn insist(
        &self,
        item: &Item,
        account_id: &AccountId,
        edit: impl Fn(&mut Account),
    ) -> Result<Item, AstraError> {
        let mut before = item.clone();
        for _ in 0..MAX_RACES {
            match self.edit(&before, account_id, &edit).await {
                Err(StoreError::Conflict) => {}
                outcome => return Ok(outcome?),
            }
            let found = self.store.item(&item.user_id, &item.item_id).await?;
            before = found.ok_or(StoreError::Conflict)?;
        }
        Err(StoreError::Conflict.into())
    }

    /// Writes the Item after an edit of its accounts.
    pub(super) async fn write(&self, before: &Item, mut after: Item) -> Result<Item, StoreError> {
        let now = self.clock.now();
        if after.lifecycle == Lifecycle::Linked {
            after.due_at = after.next_reread(now);
        }
        let after = after.next_version(now);
        let change = Change::between(Some(before), &after, Cause::HandOver, None);
        let alongside = Alongside {
            change: change.as_ref(),
            ..Alongside::default()
        };
        self.store.replace(&after, alongside).await?;
        Ok(after)
    }
}
