//! From a new Item to its answer: record it at once, and meanwhile ask Plaid what it is.

use super::choice::{Choice, choose};
use super::{Answer, ExchangeError, ExchangePlaid, ExchangeStore, ExchangeUseCase, Work};
use crate::domain::{
    AccessToken, Account, AccountId, Exchange, ExchangeStep, FailureClass, Health, Item, ItemId,
    Lifecycle, Place, PlaidFailure, ProcessorToken, TIME_TO_WRITE,
};
use crate::ports::{Clock, ExchangedItem, ItemSnapshot, SealingKey, StoreError, Vault};

/// A processor token made before Plaid had confirmed the account.
pub(super) struct EarlyToken {
    account_id: AccountId,
    made: Result<ProcessorToken, PlaidFailure>,
}

impl<P, S, V, C> ExchangeUseCase<'_, P, S, V, C>
where
    P: ExchangePlaid,
    S: ExchangeStore,
    V: Vault,
    C: Clock,
{
    /// Records the new Item while Plaid is asked for its accounts and, where the browser
    /// named a likely account, for its processor token. All three run to their end.
    pub(super) async fn settle_new(
        &self,
        work: &Work<V::Key>,
        mine: &Exchange,
        made: ExchangedItem,
    ) -> Result<Answer, ExchangeError> {
        tracing::info!(item_id = %made.item_id, plaid_request_id = %made.request_id, "exchanged");
        let mine = &Exchange {
            item_id: Some(made.item_id.clone()),
            ..mine.clone()
        };
        let item = match self.new_item(work, &made) {
            Ok(item) => item,
            Err(unsealed) => return Err(self.compensate(work, mine, &made, unsealed).await),
        };
        let deadline = work.deadline.less(TIME_TO_WRITE);
        let (recorded, snapshot, early) = tokio::join!(
            self.store.record_item(mine, &item),
            self.plaid.accounts(&made.access_token, deadline),
            self.early_token(work, &made.access_token),
        );
        if let Err(unrecorded) = recorded {
            return Err(self.compensate(work, mine, &made, unrecorded.into()).await);
        }
        let mine = &Exchange {
            step: ExchangeStep::Exchanged,
            ..mine.clone()
        };
        self.settle(work, mine, item, &made.access_token, snapshot, early)
            .await
    }

    /// Goes on with an Item that an earlier owner recorded.
    pub(super) async fn resume(
        &self,
        work: &Work<V::Key>,
        mine: &Exchange,
    ) -> Result<Answer, ExchangeError> {
        let item_id = mine
            .item_id
            .clone()
            .ok_or_else(|| missing("item_id of an exchange"))?;
        let item = self.stored_item(work, &item_id).await?;
        let place = Place::access_token(&work.request.user_id, &item_id);
        let access_token = self
            .open_access_token(item.access_token.as_ref(), &place)
            .await?;
        let deadline = work.deadline.less(TIME_TO_WRITE);
        let snapshot = self.plaid.accounts(&access_token, deadline).await;
        self.settle(work, mine, item, &access_token, snapshot, None)
            .await
    }

    pub(super) async fn stored_item(
        &self,
        work: &Work<V::Key>,
        item_id: &ItemId,
    ) -> Result<Item, ExchangeError> {
        let item = self.store.item(&work.request.user_id, item_id).await?;
        item.ok_or(ExchangeError::Removed)
    }

    fn new_item(&self, work: &Work<V::Key>, made: &ExchangedItem) -> Result<Item, ExchangeError> {
        let user_id = &work.request.user_id;
        let place = Place::access_token(user_id, &made.item_id);
        let now = self.clock.now();
        Ok(Item {
            item_id: made.item_id.clone(),
            user_id: user_id.clone(),
            exchange: work.key.clone(),
            institution: work.request.hints.institution.clone(),
            accounts: Vec::new(),
            chosen_account: work.request.account_id.clone(),
            processor: self.settings.processor.clone(),
            access_token: Some(work.keys.access.seal(made.access_token.expose(), &place)?),
            lifecycle: Lifecycle::Linking,
            health: Health::Good,
            consent_expires_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
        })
    }

    async fn early_token(
        &self,
        work: &Work<V::Key>,
        access_token: &AccessToken,
    ) -> Option<EarlyToken> {
        let account_id = work
            .request
            .hints
            .likely_account(work.request.account_id.as_ref())?;
        let made = self.processor_token(work, access_token, &account_id).await;
        Some(EarlyToken { account_id, made })
    }

    async fn processor_token(
        &self,
        work: &Work<V::Key>,
        access_token: &AccessToken,
        account_id: &AccountId,
    ) -> Result<ProcessorToken, PlaidFailure> {
        let deadline = work.deadline.less(TIME_TO_WRITE);
        let processor = &self.settings.processor;
        self.plaid
            .create_processor_token(access_token, account_id, processor, deadline)
            .await
    }

    async fn settle(
        &self,
        work: &Work<V::Key>,
        mine: &Exchange,
        mut item: Item,
        access_token: &AccessToken,
        snapshot: Result<ItemSnapshot, PlaidFailure>,
        early: Option<EarlyToken>,
    ) -> Result<Answer, ExchangeError> {
        let settled = match snapshot {
            Ok(snapshot) => {
                adopt(&mut item, snapshot);
                self.make_token(work, &mut item, access_token, early).await
            }
            Err(failure) => note_broken_login(&mut item, failure).map(|()| None),
        };
        let made = match settled {
            Ok(made) => made,
            Err(refusal @ ExchangeError::Account { .. }) => {
                self.finish(work, mine, item, None).await?;
                return Err(refusal);
            }
            Err(unfinished) => {
                self.leave_for_later(mine).await;
                return Err(unfinished);
            }
        };
        self.finish(work, mine, item, made).await
    }

    /// Decides by Plaid's accounts. A token made on a wrong guess is never given out.
    pub(super) async fn make_token(
        &self,
        work: &Work<V::Key>,
        item: &mut Item,
        access_token: &AccessToken,
        early: Option<EarlyToken>,
    ) -> Result<Option<(AccountId, ProcessorToken)>, ExchangeError> {
        let account_id = match choose(&item.accounts, work.request.account_id.as_ref()) {
            Choice::Make(account_id) => account_id,
            Choice::Later(account_id) => {
                item.chosen_account = Some(account_id);
                return Ok(None);
            }
            Choice::Open => return Ok(None),
            Choice::Refused(refusal) => {
                item.chosen_account = None;
                return Err(ExchangeError::Account {
                    item_id: item.item_id.clone(),
                    refusal,
                });
            }
        };
        let token = match early {
            Some(EarlyToken {
                account_id: guessed,
                made: Ok(token),
            }) if guessed == account_id => token,
            _ => {
                self.processor_token(work, access_token, &account_id)
                    .await?
            }
        };
        let place = Place::processor_token(&item.user_id, &item.item_id, &account_id);
        let sealed = work.keys.processor.seal(token.expose(), &place)?;
        item.chosen_account = Some(account_id.clone());
        if let Some(account) = item.account_mut(&account_id) {
            account.processor_token = Some(sealed);
        }
        Ok(Some((account_id, token)))
    }

    async fn finish(
        &self,
        work: &Work<V::Key>,
        mine: &Exchange,
        mut item: Item,
        made: Option<(AccountId, ProcessorToken)>,
    ) -> Result<Answer, ExchangeError> {
        item.lifecycle = Lifecycle::Linked;
        item.version = item.version.saturating_add(1);
        item.updated_at = self.clock.now();
        let made = made.as_ref().map(|(account_id, token)| (account_id, token));
        let (body, replayable) = self.answer(work, &item, made)?;
        self.store.finish(mine, &item, &replayable).await?;
        Ok(Answer {
            body,
            replayed: false,
            item_id: Some(item.item_id),
        })
    }

    /// A retry goes on at once; without one the lease ends by itself.
    async fn leave_for_later(&self, mine: &Exchange) {
        if let Err(unwritten) = self.store.yield_lease(mine, self.clock.now()).await {
            tracing::warn!(error = %unwritten, "the lease of an unfinished exchange runs on");
        }
    }

    /// The Item exists at Plaid and could not be recorded: remove it there.
    async fn compensate(
        &self,
        work: &Work<V::Key>,
        mine: &Exchange,
        made: &ExchangedItem,
        unrecorded: ExchangeError,
    ) -> ExchangeError {
        tracing::error!(item_id = %made.item_id, error = %unrecorded, "an Item could not be recorded");
        let place = Place::unrecorded_access_token(&work.key);
        let sealed = work
            .keys
            .access
            .seal(made.access_token.expose(), &place)
            .ok();
        let mine = &Exchange {
            access_token: sealed,
            ..mine.clone()
        };
        // If our own write had arrived after all, this condition fails, and removing the
        // Item would leave a record of nothing: then a retry goes on with the record.
        if let Err(StoreError::Conflict) =
            self.store.advance(mine, ExchangeStep::Compensating).await
        {
            return unrecorded;
        }
        let mine = &Exchange {
            step: ExchangeStep::Compensating,
            ..mine.clone()
        };
        match self.remove_unrecorded(work, mine, &made.access_token).await {
            Ok(()) => ExchangeError::Removed,
            Err(error) => error,
        }
    }

    /// Goes on with a removal that an earlier owner began.
    pub(super) async fn finish_compensation(
        &self,
        work: &Work<V::Key>,
        mine: &Exchange,
    ) -> Result<Answer, ExchangeError> {
        let place = Place::unrecorded_access_token(&work.key);
        let access_token = self
            .open_access_token(mine.access_token.as_ref(), &place)
            .await?;
        self.remove_unrecorded(work, mine, &access_token).await?;
        Err(ExchangeError::Removed)
    }

    async fn remove_unrecorded(
        &self,
        work: &Work<V::Key>,
        mine: &Exchange,
        access_token: &AccessToken,
    ) -> Result<(), ExchangeError> {
        self.plaid.remove_item(access_token, work.deadline).await?;
        self.store.advance(mine, ExchangeStep::Removed).await?;
        Ok(())
    }
}

/// Takes over what Plaid says about the Item; tokens that exist stay.
fn adopt(item: &mut Item, snapshot: ItemSnapshot) {
    let before = std::mem::take(&mut item.accounts);
    item.accounts = snapshot
        .accounts
        .into_iter()
        .map(|plaid| {
            let known = before
                .iter()
                .find(|a| a.plaid.account_id == plaid.account_id);
            let processor_token = known.and_then(|account| account.processor_token.clone());
            Account {
                processor_token,
                ..Account::new(plaid)
            }
        })
        .collect();
    // The browser's institution is a guess that Plaid's word replaces; a missing name is
    // no word against it.
    item.institution = match (snapshot.institution, item.institution.take()) {
        (Some(told), Some(guessed))
            if told.name.is_none() && told.institution_id == guessed.institution_id =>
        {
            Some(guessed)
        }
        (told, _) => told,
    };
    item.health = snapshot.health;
    item.consent_expires_at = snapshot.consent_expires_at;
}

/// An Item whose login broke at once is recorded as it is; any other failure is a reason
/// to come back.
fn note_broken_login(item: &mut Item, failure: PlaidFailure) -> Result<(), ExchangeError> {
    match failure.plaid_error() {
        Some(error) if error.is("ITEM_LOGIN_REQUIRED") => item.health = Health::LoginRequired,
        Some(error) if error.class() == FailureClass::UpdateMode => {
            item.health = Health::NeedsUser(error.error_code.clone());
        }
        _ => return Err(failure.into()),
    }
    Ok(())
}

fn missing(what: &str) -> ExchangeError {
    ExchangeError::Store(StoreError::Corrupt(format!("{what} is missing")))
}
