//! Taking an Item's accounts off Astra before the Item is removed at Plaid: its removal
//! kills their processor tokens, and an account at Astra with a dead token moves no money.

use std::time::Duration;

use super::hand_over::Found;
use super::record::refusal;
use super::session::Session;
use super::{AstraApi, AstraError, AstraStore, Desk};
use crate::domain::{
    Account, AccountId, AstraAccountId, AtAstra, Deadline, HandOver, Item, ItemId, Lifecycle,
    Signal, UserId,
};
use crate::ports::{Clock, StoreError, Vault};
use crate::use_cases::MAX_RACES;
use crate::use_cases::removal::Elsewhere;

/// How long a removal waits for Astra, once it is to be.
pub const PATIENCE: Duration = Duration::from_hours(1);

/// Why an Item's accounts could not be taken off Astra, so that nothing was begun.
#[derive(Debug, thiserror::Error)]
pub enum Objection {
    /// Astra keeps an account, while routines use it for example.
    #[error("Astra keeps an account: {0}")]
    Kept(String),
    /// Nobody can ask Astra for the user any more.
    #[error("the user is not connected to Astra any more")]
    NotConnected,
    /// It may be tried again.
    #[error(transparent)]
    Later(AstraError),
}

/// Astra, for removals; `None` in place of the desk where Astra is switched off.
#[derive(Debug)]
pub struct AtAstraFirst<'a, A, S, V, C> {
    /// Astra.
    pub desk: Option<Desk<'a, A, S, V, C>>,
    /// How long a removal waits for Astra before it goes on all the same.
    pub patience: Duration,
}

impl<A, S, V, C> Desk<'_, A, S, V, C>
where
    A: AstraApi,
    S: AstraStore,
    V: Vault,
    C: Clock,
{
    /// Takes the accounts of the user's Item off Astra, if Astra lets them all go. Nothing
    /// else is done to the Item.
    ///
    /// # Errors
    /// See [`Objection`]; what Astra keeps stays as it was.
    pub async fn make_way(
        &self,
        user_id: &UserId,
        item_id: &ItemId,
        deadline: Deadline,
    ) -> Result<(), Objection> {
        let item = self.store.item(user_id, item_id).await;
        let item = item.map_err(|error| Objection::Later(error.into()))?;
        if !item.is_some_and(|item| item.lifecycle == Lifecycle::Linked && item.is_at_astra()) {
            return Ok(());
        }
        let mut session = match self.open(user_id, deadline).await {
            Err(AstraError::NotConnected | AstraError::Reauthorize) => {
                return Err(Objection::NotConnected);
            }
            opened => opened.map_err(Objection::Later)?,
        };
        let made = self.make_way_in(&mut session, user_id, item_id).await;
        session.close().await;
        match made {
            Ok(None) => Ok(()),
            Ok(Some(reason)) => Err(Objection::Kept(reason)),
            Err(error) => Err(Objection::Later(error)),
        }
    }

    /// The reason, if Astra keeps an account.
    async fn make_way_in(
        &self,
        session: &mut Session<'_, A, S, V, C>,
        user_id: &UserId,
        item_id: &ItemId,
    ) -> Result<Option<String>, AstraError> {
        self.settle(session, user_id, item_id).await?;
        let mut item = self.announce(user_id, item_id).await?;
        let mut objection = None;
        for (account_id, id) in leaving(&item) {
            match session.delete(&id).await? {
                Ok(()) => {
                    let left = |account: &mut Account| account.leave_astra(&id);
                    item = self.insist(&item, &account_id, left).await?;
                }
                Err(failure) => {
                    let reason = refusal(&failure).ok_or(AstraError::Astra(failure))?;
                    objection = Some(reason);
                    break;
                }
            }
        }
        if objection.is_some() {
            self.stay(&item).await?;
        }
        Ok(objection)
    }

    /// Finds out what became of hand-overs that nobody saw end.
    async fn settle(
        &self,
        session: &mut Session<'_, A, S, V, C>,
        user_id: &UserId,
        item_id: &ItemId,
    ) -> Result<(), AstraError> {
        let item = self.store.item(user_id, item_id).await?;
        let mut item = item.ok_or(StoreError::Conflict)?;
        for account_id in item.on_its_way_to(session.astra_user_id()) {
            let found = self.look(session, &item, &account_id).await?;
            let settled = |account: &mut Account| found.settle(account);
            item = self.insist(&item, &account_id, settled).await?;
        }
        Ok(())
    }

    /// Records that the accounts are on their way off Astra, so that nobody hands them over.
    async fn announce(&self, user_id: &UserId, item_id: &ItemId) -> Result<Item, AstraError> {
        for _ in 0..MAX_RACES {
            let item = self.store.item(user_id, item_id).await?;
            let item = item.ok_or(StoreError::Conflict)?;
            let mut leaving = item.clone();
            for account in &mut leaving.accounts {
                if hand_over(account) == Some(&HandOver::Done) {
                    account.set_hand_over(HandOver::Leaving);
                }
            }
            match self.write(&item, leaving).await {
                Err(StoreError::Conflict) => {}
                written => return Ok(written?),
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// Astra keeps one of them, so the Item stays, and what is there goes back to what it was.
    /// What Astra has given up already is brought there again by somebody who may open
    /// processor tokens.
    async fn stay(&self, item: &Item) -> Result<(), AstraError> {
        let mut item = item.clone();
        for (account_id, _) in leaving(&item) {
            let stays = |account: &mut Account| {
                if hand_over(account) == Some(&HandOver::Leaving) {
                    account.settle_at_astra(&[]);
                }
            };
            item = self.insist(&item, &account_id, stays).await?;
        }
        Ok(())
    }

    /// Takes off what Astra lets go. The reason, if it keeps something.
    async fn take_off_in(
        &self,
        session: &mut Session<'_, A, S, V, C>,
        item: &mut Item,
    ) -> Result<Option<String>, AstraError> {
        let mut kept = None;
        for account_id in item.on_its_way_to(session.astra_user_id()) {
            let found = self.look(session, item, &account_id).await?;
            if let Some(account) = item.account_mut(&account_id) {
                found.settle(account);
            }
            if matches!(found, Found::Many) {
                kept = Some("nobody knows which account is ours".to_owned());
            }
        }
        for (account_id, id) in leaving(item) {
            match session.delete(&id).await? {
                Ok(()) => {
                    if let Some(account) = item.account_mut(&account_id) {
                        account.leave_astra(&id);
                    }
                }
                Err(failure) => {
                    kept = Some(refusal(&failure).ok_or(AstraError::Astra(failure))?);
                }
            }
        }
        Ok(kept)
    }

    async fn take_off(
        &self,
        item: &mut Item,
        deadline: Deadline,
    ) -> Result<Option<String>, AstraError> {
        let mut session = self.open(&item.user_id, deadline).await?;
        let kept = self.take_off_in(&mut session, item).await;
        session.close().await;
        kept
    }
}

impl<A, S, V, C> Elsewhere for AtAstraFirst<'_, A, S, V, C>
where
    A: AstraApi,
    S: AstraStore,
    V: Vault,
    C: Clock,
{
    async fn take_off(&self, removing: &Item, deadline: Deadline) -> Result<Item, String> {
        let mut item = removing.clone();
        if !item.is_at_astra() {
            return Ok(item);
        }
        let Some(desk) = &self.desk else {
            left_behind(&item, "Astra is switched off");
            return Ok(item);
        };
        let waited = desk.clock.now().duration_since(removing.updated_at);
        let patient = Duration::try_from(waited).is_ok_and(|waited| waited < self.patience);
        match desk.take_off(&mut item, deadline).await {
            Ok(None) => {}
            Ok(Some(reason)) => left_behind(&item, &reason),
            Err(error @ (AstraError::NotConnected | AstraError::Reauthorize)) => {
                left_behind(&item, &error.to_string());
            }
            Err(error) if patient => return Err(error.to_string()),
            Err(error) => left_behind(&item, &error.to_string()),
        }
        Ok(item)
    }
}

/// Everything at Astra that is the Item's.
fn leaving(item: &Item) -> Vec<(AccountId, AstraAccountId)> {
    let ids = |account: &Account| {
        let at_astra = account.at_astra.as_ref();
        at_astra.map(AtAstra::all_accounts).unwrap_or_default()
    };
    let accounts = item.accounts.iter();
    let leaving = accounts.flat_map(|account| {
        let account_id = account.plaid.account_id.clone();
        ids(account)
            .into_iter()
            .map(move |id| (account_id.clone(), id))
    });
    leaving.collect()
}

fn hand_over(account: &Account) -> Option<&HandOver> {
    account
        .at_astra
        .as_ref()
        .map(|at_astra| &at_astra.hand_over)
}

fn left_behind(item: &Item, reason: &str) {
    let signal = Signal::AstraAccountLeft.as_str();
    tracing::error!(signal, item_id = %item.item_id, reason,
        "an account stays at Astra without its bank");
}
