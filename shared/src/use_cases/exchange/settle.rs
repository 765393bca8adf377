//! From a new Item to its answer: record it at once, and meanwhile ask Plaid what it is.

use super::duplicates::{Verdict, judge};
use super::{
    Answer, ExchangeError, ExchangePlaid, ExchangeStore, ExchangeUseCase, Work, overtaken,
};
use crate::domain::{
    AccessToken, AccountId, Cause, Change, Choice, Exchange, ExchangeStep, FailureClass, Health,
    Item, ItemId, Lifecycle, Place, PlaidFailure, ProcessorToken, Reads, Signal, TIME_TO_WRITE,
    choose,
};
use crate::ports::{Clock, ExchangedItem, ItemSnapshot, SealingKey, StoreError, Vault};
use crate::use_cases::item_sync::health_told_by;
use crate::use_cases::open_access_token;

/// An Item on its way to its answer, with what is known about it.
struct Found {
    item: Item,
    access_token: AccessToken,
    others: Vec<Item>,
    early: Option<EarlyToken>,
}

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
            Err(unsealed) => {
                self.compensate(work, mine, &made, unsealed).await?;
                return Err(missing("the Item of an exchange"));
            }
        };
        let deadline = work.deadline.less(TIME_TO_WRITE);
        let (recorded, snapshot, early) = tokio::join!(
            self.record(work, mine, &item),
            self.plaid.accounts(&made.access_token, deadline),
            self.early_token(work, &made.access_token),
        );
        let others = match recorded {
            Ok(others) => others,
            Err(unrecorded) => {
                self.compensate(work, mine, &made, unrecorded.into())
                    .await?;
                work.others.clone()
            }
        };
        let mine = &Exchange {
            step: ExchangeStep::Exchanged,
            ..mine.clone()
        };
        let found = Found {
            item,
            access_token: made.access_token,
            others,
            early,
        };
        self.settle(work, mine, found, snapshot).await
    }

    /// Records the Item, then looks at the user's others once more: somebody may have been
    /// linking at the same time.
    async fn record(
        &self,
        work: &Work<V::Key>,
        mine: &Exchange,
        item: &Item,
    ) -> Result<Vec<Item>, StoreError> {
        let change = Change::between(None, item, Cause::Exchange, None);
        let change = change.ok_or(StoreError::Conflict)?;
        self.store.record_item(mine, item, &change).await?;
        let others = self.items_of(&item.user_id).await;
        Ok(others.unwrap_or_else(|_| work.others.clone()))
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
        // An exchange and its Item are settled in one write: this one has been.
        if item.lifecycle != Lifecycle::Linking {
            return Err(overtaken(StoreError::Conflict));
        }
        let access_token = open_access_token(self.vault, &item).await?;
        let deadline = work.deadline.less(TIME_TO_WRITE);
        let snapshot = self.plaid.accounts(&access_token, deadline).await;
        let found = Found {
            item,
            access_token,
            others: work.others.clone(),
            early: None,
        };
        self.settle(work, mine, found, snapshot).await
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
            notices: Vec::new(),
            notices_cleared_at: None,
            reads: Reads::default(),
            due_at: None,
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
        mut found: Found,
        snapshot: Result<ItemSnapshot, PlaidFailure>,
    ) -> Result<Answer, ExchangeError> {
        let before = found.item.clone();
        match snapshot {
            Ok(snapshot) => adopt(&mut found.item, snapshot),
            Err(failure) if is_gone(&failure) => {
                let removed = before.removed().next_version(self.clock.now());
                self.end_without_item(mine, &before, &removed, Cause::Exchange)
                    .await?;
                return Err(ExchangeError::Removed);
            }
            Err(failure) => {
                if let Err(failure) = note_own_error(&mut found.item, failure) {
                    return self.leave_for_later(mine, failure.into()).await;
                }
                return self.finish(work, mine, &before, found.item, None).await;
            }
        }
        let give_way = match judge(&work.request, &found.item, &found.others) {
            Verdict::Duplicate(first) => return self.reject(work, mine, &before, first).await,
            Verdict::Keep(give_way) => self.let_give_way(give_way).await,
        };
        let give_way = match give_way {
            Ok(removing) => removing,
            Err(error) => return self.leave_for_later(mine, error).await,
        };
        let made = self
            .make_token(work, &mut found.item, &found.access_token, found.early)
            .await;
        let answer = match made {
            Ok(made) => self.finish(work, mine, &before, found.item, made).await,
            Err(refusal @ ExchangeError::Account { .. }) => {
                self.finish(work, mine, &before, found.item, None).await?;
                Err(refusal)
            }
            Err(unfinished) => return self.leave_for_later(mine, unfinished).await,
        };
        self.remove_replaced(work, give_way).await;
        answer
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
        let made = match early {
            // What Plaid has just refused it would refuse again.
            Some(EarlyToken {
                account_id: guessed,
                made: made @ (Ok(_) | Err(PlaidFailure::Refused { .. })),
            }) if guessed == account_id => made,
            _ => self.processor_token(work, access_token, &account_id).await,
        };
        let token = match made {
            Ok(token) => token,
            Err(failure) => {
                note_unready(item, account_id, failure)?;
                return Ok(None);
            }
        };
        let place = Place::processor_token(&item.user_id, &item.item_id, &account_id);
        let sealed = work.keys.processor.seal(token.expose(), &place)?;
        item.chosen_account = Some(account_id.clone());
        if let Some(account) = item.account_mut(&account_id) {
            account.give_token(sealed);
        }
        Ok(Some((account_id, token)))
    }

    async fn finish(
        &self,
        work: &Work<V::Key>,
        mine: &Exchange,
        before: &Item,
        mut item: Item,
        made: Option<(AccountId, ProcessorToken)>,
    ) -> Result<Answer, ExchangeError> {
        item.lifecycle = Lifecycle::Linked;
        item.due_at = item.next_reread(self.clock.now());
        let item = item.next_version(self.clock.now());
        let made = made.as_ref().map(|(account_id, token)| (account_id, token));
        let (body, replayable) = self.answer(work, &item, made)?;
        let change = Change::between(Some(before), &item, Cause::Exchange, None);
        let change = change.ok_or(StoreError::Conflict)?;
        let finished = self.store.finish(mine, &item, &change, &replayable).await;
        finished.map_err(overtaken)?;
        let signal = Signal::ItemLinked.as_str();
        tracing::info!(signal, item_id = %item.item_id, "linked an Item");
        Ok(Answer {
            body,
            replayed: false,
            item_id: Some(item.item_id),
        })
    }

    /// A retry goes on at once; without one the lease ends by itself.
    async fn leave_for_later(
        &self,
        mine: &Exchange,
        unfinished: ExchangeError,
    ) -> Result<Answer, ExchangeError> {
        if let Err(unwritten) = self.store.yield_lease(mine, self.clock.now()).await {
            tracing::warn!(error = %unwritten, "the lease of an unfinished exchange runs on");
        }
        Err(unfinished)
    }
}

/// Takes over what Plaid says about the Item; tokens that exist stay.
fn adopt(item: &mut Item, snapshot: ItemSnapshot) {
    item.observe_accounts(snapshot.accounts);
    item.observe_institution(snapshot.institution);
    item.observe_login(snapshot.health, snapshot.consent_expires_at);
}

fn is_gone(failure: &PlaidFailure) -> bool {
    failure
        .plaid_error()
        .is_some_and(|error| error.is("ITEM_NOT_FOUND"))
}

/// An Item whose login broke at once, or whose permission was taken back, is recorded as it
/// is; any other failure is a reason to come back.
fn note_broken_login(item: &mut Item, failure: PlaidFailure) -> Result<(), PlaidFailure> {
    item.health = health_told_by(&failure).ok_or(failure)?;
    Ok(())
}

/// An Item that does not list its accounts because of an error of its own, whichever that
/// is, is recorded as it is, too.
fn note_own_error(item: &mut Item, failure: PlaidFailure) -> Result<(), PlaidFailure> {
    let own = failure.plaid_error().filter(|error| {
        let unknown = error.class() == FailureClass::Operator;
        unknown && error.error_type.eq_ignore_ascii_case("ITEM_ERROR")
    });
    if let Some(error) = own {
        item.health = Health::NeedsUser(error.error_code.clone());
        return Ok(());
    }
    note_broken_login(item, failure)
}

/// A token that cannot be made yet waits for its account; the item sync makes it later.
fn note_unready(
    item: &mut Item,
    account_id: AccountId,
    failure: PlaidFailure,
) -> Result<(), PlaidFailure> {
    if failure.class() != FailureClass::NotReady {
        note_broken_login(item, failure)?;
    }
    item.chosen_account = Some(account_id);
    Ok(())
}

fn missing(what: &str) -> ExchangeError {
    ExchangeError::Store(StoreError::Corrupt(format!("{what} is missing")))
}
