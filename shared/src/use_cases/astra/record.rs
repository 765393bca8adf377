//! Recording what became of one account at Astra.

use super::{AstraError, AstraStore, Desk};
use crate::domain::{
    Account, AccountId, AstraAccountId, AstraFailure, AstraFailureClass, Cause, Change, HandOver,
    Item, Lifecycle, Signal,
};
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
            after.due_at = after.due_after_step(before, now);
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

    pub(super) async fn arrived(
        &self,
        item: &Item,
        account_id: &AccountId,
        id: &AstraAccountId,
    ) -> Result<(), AstraError> {
        let item = self.insist(item, account_id, |account| account.arrive_at_astra(id));
        let item = item.await?;
        let signal = Signal::AstraAccountLinked.as_str();
        tracing::info!(signal, item_id = %item.item_id, %account_id, astra_account_id = %id,
            "an account is at Astra");
        Ok(())
    }

    pub(super) async fn unclear(
        &self,
        item: &Item,
        account_id: &AccountId,
    ) -> Result<(), AstraError> {
        let signal = Signal::AstraAccountRefused.as_str();
        tracing::error!(signal, item_id = %item.item_id, %account_id,
            "nobody knows which account at Astra is ours");
        self.end(item, account_id, &HandOver::Unclear).await
    }

    /// Astra's no is recorded; whatever passes by itself is not.
    pub(super) async fn failed(
        &self,
        item: &Item,
        account_id: &AccountId,
        failure: AstraFailure,
    ) -> Result<(), AstraError> {
        let Some(reason) = refusal(&failure) else {
            return Err(failure.into());
        };
        let signal = Signal::AstraAccountRefused.as_str();
        tracing::warn!(signal, item_id = %item.item_id, %account_id, failure = %failure, reason,
            "Astra will not have an account");
        let refused = HandOver::Refused { reason };
        self.end(item, account_id, &refused).await
    }

    /// Records how this hand-over ended, unless somebody else has ended it meanwhile.
    async fn end(
        &self,
        item: &Item,
        account_id: &AccountId,
        end: &HandOver,
    ) -> Result<(), AstraError> {
        let sent = item.account(account_id).and_then(|a| a.at_astra.clone());
        let ended = |account: &mut Account| {
            if account.at_astra == sent {
                account.set_hand_over(end.clone());
            }
        };
        self.insist(item, account_id, ended).await?;
        Ok(())
    }
}

/// Astra's reason, where it says no and would say so again.
pub(super) fn refusal(failure: &AstraFailure) -> Option<String> {
    use AstraFailureClass::{AlreadyThere, Gone, Refused};
    let for_good = matches!(failure.class(), AlreadyThere | Gone | Refused);
    let described = || failure.description().map(str::to_owned);
    for_good.then(|| described().unwrap_or_else(|| failure.to_string()))
}
