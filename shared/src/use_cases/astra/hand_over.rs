//! Bringing a user's accounts to where they should be at Astra. Astra documents no
//! idempotency, so the user's accounts there are recorded before a token is sent; whatever
//! is new after a lost answer is what we made.

use std::collections::BTreeSet;

use secrecy::ExposeSecret;

use super::record::refusal;
use super::session::Session;
use super::{AstraApi, AstraError, AstraStore, Desk};
use crate::domain::{
    Account, AccountId, AstraAccountId, AstraConnection, AstraFailure, AstraFailureClass,
    AstraStep, AtAstra, ConnectionState, Deadline, HandOver, Item, ItemId, Lifecycle, Place,
    ProcessorToken, Purpose, UserId,
};
use crate::ports::{Clock, StoreError, Vault, VaultError};

/// More steps than this are a mistake: an Item has a handful of accounts.
const MAX_STEPS: u32 = 60;
const PAGE: u32 = 25;

/// What a look at the user's accounts at Astra says of a token that was sent.
pub(super) enum Found {
    /// Nothing new.
    Nothing,
    /// The one that we made.
    Ours(AstraAccountId),
    /// Several.
    Many,
}

impl Found {
    /// Records it; what is not there was never sent.
    pub(super) fn settle(&self, account: &mut Account) {
        match self {
            Self::Ours(id) => account.arrive_at_astra(id),
            Self::Many => account.set_hand_over(HandOver::Unclear),
            Self::Nothing => account.unsend_to_astra(),
        }
    }
}

impl<A, S, V, C> Desk<'_, A, S, V, C>
where
    A: AstraApi,
    S: AstraStore,
    V: Vault,
    C: Clock,
{
    /// Brings the accounts of one Item to where they should be at Astra.
    ///
    /// # Errors
    /// See [`AstraError`]; what was done is recorded, and doing it again goes on from there.
    pub async fn bring_item(
        &self,
        user_id: &UserId,
        item_id: &ItemId,
        deadline: Deadline,
    ) -> Result<(), AstraError> {
        let item = self.store.item(user_id, item_id).await?;
        self.bring(user_id, item.into_iter().collect(), deadline)
            .await
    }

    /// Brings all of a user's accounts to where they should be at Astra.
    ///
    /// # Errors
    /// As for one Item.
    pub async fn bring_user(&self, user_id: &UserId, deadline: Deadline) -> Result<(), AstraError> {
        let items = self.items(user_id).await?;
        self.bring(user_id, items, deadline).await
    }

    async fn bring(
        &self,
        user_id: &UserId,
        items: Vec<Item>,
        deadline: Deadline,
    ) -> Result<(), AstraError> {
        let connection = self.store.astra_connection(user_id).await?;
        let works = |c: &AstraConnection| c.state == ConnectionState::Connected;
        let Some(connection) = connection.filter(works) else {
            let unfinished = items.iter().any(Item::is_unfinished_at_astra);
            return if unfinished {
                Err(AstraError::NotConnected)
            } else {
                Ok(())
            };
        };
        let astra_user_id = &connection.astra_user_id;
        let waiting = items
            .iter()
            .filter(|item| item.step_at_astra(astra_user_id).is_some());
        let waiting: Vec<ItemId> = waiting.map(|item| item.item_id.clone()).collect();
        if waiting.is_empty() {
            return Ok(());
        }
        let mut session = self.open(user_id, deadline).await?;
        let mut brought = Ok(());
        for item_id in &waiting {
            brought = self.bring_in(&mut session, user_id, item_id).await;
            if brought.is_err() {
                break;
            }
        }
        session.close().await;
        brought
    }

    async fn items(&self, user_id: &UserId) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut after = None;
        loop {
            let page = self.store.items(user_id, after.as_ref(), PAGE).await?;
            items.extend(page.items);
            after = page.next;
            if after.is_none() {
                return Ok(items);
            }
        }
    }

    async fn bring_in(
        &self,
        session: &mut Session<'_, A, S, V, C>,
        user_id: &UserId,
        item_id: &ItemId,
    ) -> Result<(), AstraError> {
        for _ in 0..MAX_STEPS {
            let Some(item) = self.store.item(user_id, item_id).await? else {
                return Ok(());
            };
            let Some(step) = item.step_at_astra(session.astra_user_id()) else {
                return Ok(());
            };
            match self.take(session, &item, step).await {
                Err(AstraError::Store(StoreError::Conflict)) => {}
                outcome => outcome?,
            }
        }
        Err(StoreError::Conflict.into())
    }

    async fn take(
        &self,
        session: &mut Session<'_, A, S, V, C>,
        item: &Item,
        step: AstraStep,
    ) -> Result<(), AstraError> {
        match step {
            AstraStep::Send(account_id) => Box::pin(self.send(session, item, &account_id)).await,
            AstraStep::FindOut(account_id) => {
                Box::pin(self.find_out(session, item, &account_id)).await
            }
            AstraStep::TakeOff(account_id, gone) => {
                let off = self.take_one_off(session, item, &account_id, &gone);
                Box::pin(off).await
            }
            AstraStep::Recall(account_id) => {
                Box::pin(self.recall(session, item, &account_id)).await
            }
        }
    }

    async fn send(
        &self,
        session: &mut Session<'_, A, S, V, C>,
        item: &Item,
        account_id: &AccountId,
    ) -> Result<(), AstraError> {
        self.find_out_all(session, &item.user_id).await?;
        let known = session.accounts().await?;
        let astra_user_id = session.astra_user_id().clone();
        let sending = self.edit(item, account_id, |account| {
            account.send_to_astra(&astra_user_id, known);
        });
        let sending = sending.await?;
        self.post(session, &sending, account_id).await
    }

    /// Nobody saw a hand-over end. Whoever began it is dead, or this would not be its turn.
    async fn find_out(
        &self,
        session: &mut Session<'_, A, S, V, C>,
        item: &Item,
        account_id: &AccountId,
    ) -> Result<(), AstraError> {
        match self.look(session, item, account_id).await? {
            Found::Ours(id) => self.arrived(item, account_id, &id).await,
            Found::Many => self.unclear(item, account_id).await,
            Found::Nothing => {
                let unsent = |account: &mut Account| account.unsend_to_astra();
                self.insist(item, account_id, unsent).await?;
                Ok(())
            }
        }
    }

    /// One hand-over of a user is under way at most: of two, nobody could tell whose the
    /// account is that is new at Astra.
    async fn find_out_all(
        &self,
        session: &mut Session<'_, A, S, V, C>,
        user_id: &UserId,
    ) -> Result<(), AstraError> {
        for item in self.items(user_id).await? {
            for account_id in item.on_its_way_to(session.astra_user_id()) {
                if item.lifecycle == Lifecycle::Removing {
                    return Err(AstraError::Waits);
                }
                self.find_out(session, &item, &account_id).await?;
            }
        }
        Ok(())
    }

    async fn post(
        &self,
        session: &mut Session<'_, A, S, V, C>,
        item: &Item,
        account_id: &AccountId,
    ) -> Result<(), AstraError> {
        match self.hand_over(session, item, account_id).await? {
            Ok(id) => self.arrived(item, account_id, &id).await,
            Err(failure) if failure.class() == AstraFailureClass::AlreadyThere => {
                self.already_there(session, item, account_id, failure).await
            }
            Err(failure) => self.failed(item, account_id, failure).await,
        }
    }

    async fn hand_over(
        &self,
        session: &mut Session<'_, A, S, V, C>,
        item: &Item,
        account_id: &AccountId,
    ) -> Result<Result<AstraAccountId, AstraFailure>, AstraError> {
        let account = item.account(account_id).ok_or(StoreError::Conflict)?;
        let token = self.processor_token(item, account).await?;
        let institution = item.institution.as_ref();
        let institution_id = institution.map(|institution| &institution.institution_id);
        session.hand_over(&token, institution_id).await
    }

    async fn processor_token(
        &self,
        item: &Item,
        account: &Account,
    ) -> Result<ProcessorToken, VaultError> {
        let sealed = account.processor_token.as_ref();
        let sealed = sealed.ok_or(VaultError::DoesNotOpen)?;
        let account_id = &account.plaid.account_id;
        let place = Place::processor_token(&item.user_id, &item.item_id, account_id);
        let opened = self.vault.open(sealed, Purpose::Processor, &place).await?;
        Ok(ProcessorToken::new(opened.expose_secret()))
    }

    /// Astra has the account. Either an answer was lost that told so, or Astra wants an older
    /// one of the same numbers gone first.
    async fn already_there(
        &self,
        session: &mut Session<'_, A, S, V, C>,
        item: &Item,
        account_id: &AccountId,
        failure: AstraFailure,
    ) -> Result<(), AstraError> {
        match self.look(session, item, account_id).await? {
            Found::Ours(id) => return self.arrived(item, account_id, &id).await,
            Found::Many => return self.unclear(item, account_id).await,
            Found::Nothing => {}
        }
        let at_astra = item.account(account_id).and_then(|a| a.at_astra.as_ref());
        let Some(older) = at_astra.and_then(|at_astra| at_astra.astra_account_id.clone()) else {
            return self.someone_elses(item, account_id, failure).await;
        };
        match session.delete(&older).await? {
            Ok(()) => {}
            Err(kept) => return self.failed(item, account_id, kept).await,
        }
        match self.hand_over(session, item, account_id).await? {
            Ok(id) => self.arrived(item, account_id, &id).await,
            Err(failure) => self.failed(item, account_id, failure).await,
        }
    }

    /// An account of these numbers that this Item does not know. Of an Item that is just
    /// being replaced it goes; anything else is for its owner to sort out.
    async fn someone_elses(
        &self,
        item: &Item,
        account_id: &AccountId,
        failure: AstraFailure,
    ) -> Result<(), AstraError> {
        let items = self.items(&item.user_id).await?;
        let mut going = items.iter().filter(|i| i.lifecycle == Lifecycle::Removing);
        if going.any(Item::is_at_astra) {
            return Err(AstraError::Waits);
        }
        self.failed(item, account_id, failure).await
    }

    /// What is new at Astra since the token was sent, and nobody's of this user.
    pub(super) async fn look(
        &self,
        session: &mut Session<'_, A, S, V, C>,
        item: &Item,
        account_id: &AccountId,
    ) -> Result<Found, AstraError> {
        let items = self.items(&item.user_id).await?;
        let mut known: BTreeSet<AstraAccountId> =
            items.iter().flat_map(accounts_at_astra).collect();
        let at_astra = item.account(account_id).and_then(|a| a.at_astra.as_ref());
        if let Some(HandOver::Sending { known: before }) = at_astra.map(|a| &a.hand_over) {
            known.extend(before.iter().cloned());
        }
        let mut new = session.accounts().await?;
        new.retain(|id| !known.contains(id));
        Ok(match (new.pop(), new.is_empty()) {
            (None, _) => Found::Nothing,
            (Some(id), true) => Found::Ours(id),
            (Some(_), false) => Found::Many,
        })
    }

    async fn take_one_off(
        &self,
        session: &mut Session<'_, A, S, V, C>,
        item: &Item,
        account_id: &AccountId,
        gone: &AstraAccountId,
    ) -> Result<(), AstraError> {
        match session.delete(gone).await? {
            Ok(()) => {
                let left = |account: &mut Account| account.leave_astra(gone);
                self.insist(item, account_id, left).await?;
            }
            Err(failure) => {
                let Some(reason) = refusal(&failure) else {
                    return Err(failure.into());
                };
                tracing::warn!(item_id = %item.item_id, %account_id, astra_account_id = %gone,
                    reason, "Astra keeps an account");
                let stuck = |account: &mut Account| account.stick_at_astra(gone, &reason);
                self.insist(item, account_id, stuck).await?;
            }
        }
        Ok(())
    }

    /// A removal took accounts off, and then did not go on.
    async fn recall(
        &self,
        session: &mut Session<'_, A, S, V, C>,
        item: &Item,
        account_id: &AccountId,
    ) -> Result<(), AstraError> {
        let account = item.account(account_id).ok_or(StoreError::Conflict)?;
        let at_astra = account.at_astra.as_ref().ok_or(StoreError::Conflict)?;
        let mut gone = Vec::new();
        for id in at_astra.all_accounts() {
            if !session.has(&id).await? {
                gone.push(id);
            }
        }
        let recalled = |account: &mut Account| account.settle_at_astra(&gone);
        self.insist(item, account_id, recalled).await?;
        Ok(())
    }
}

fn accounts_at_astra(item: &Item) -> Vec<AstraAccountId> {
    let accounts = item.accounts.iter();
    let known = accounts.filter_map(|account| account.at_astra.as_ref());
    known.flat_map(AtAstra::all_accounts).collect()
}
