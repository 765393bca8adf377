//! Bringing an Item to what Plaid says now. Whatever the occasion - update mode, a webhook,
//! the calendar - the truth is read anew, so late and repeated occasions end in the same
//! state.

use std::time::Duration;

use jiff::Timestamp;

use super::removal::{RemovalStore, record_gone};
use super::{MAX_RACES, open_access_token};
use crate::domain::{
    AccessToken, Account, AccountId, AccountStatus, Cause, Change, Choice, Command, Deadline,
    FailureClass, Health, Item, ItemId, Lifecycle, LinkId, LinkSession, Notice, Place,
    PlaidFailure, Processor, Purpose, Signal, TIME_TO_WRITE, UserId, choose,
};
use crate::ports::{
    Accounts, Alongside, Clock, ItemSnapshot, Items, ProcessorTokens, SealingKey, StoreError,
    UpdateSessions, Vault, VaultError, WebhookUrls,
};

/// The calls of Plaid that a sync needs.
pub trait SyncPlaid: Items + Accounts + ProcessorTokens + WebhookUrls {}
impl<T: Items + Accounts + ProcessorTokens + WebhookUrls> SyncPlaid for T {}

/// The records that a sync needs.
pub trait SyncStore: RemovalStore + UpdateSessions {}
impl<T: RemovalStore + UpdateSessions> SyncStore for T {}

/// Why an Item was not brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The user has no such Item.
    #[error("the user has no such Item")]
    NotFound,
    /// The Item is still being linked.
    #[error("the Item is still being linked")]
    Linking,
    /// The Item is being removed, or is gone.
    #[error("the Item was removed")]
    Removed,
    /// Plaid was asked about the Item too often in this minute.
    #[error("the Item was read too often in this minute")]
    TooOften {
        /// When it may be read again.
        until: Timestamp,
    },
    /// Plaid did not do its part.
    #[error("Plaid did not do its part")]
    Plaid(#[from] PlaidFailure),
    /// The table did not do its part.
    #[error("the table did not do its part")]
    Store(#[from] StoreError),
    /// The vault did not do its part.
    #[error("the vault did not do its part")]
    Vault(#[from] VaultError),
}

/// PNC wants a new processor token after every update mode (plaid.com/docs/auth).
const NEW_TOKEN_AFTER_UPDATE: &str = "ins_13";
/// When what Plaid could not do for an Item is tried again.
const RETRY: Duration = Duration::from_mins(5);

/// The use case over its ports.
pub struct ItemSync<'a, P, S, V, C> {
    /// Plaid.
    pub plaid: &'a P,
    /// The table.
    pub store: &'a S,
    /// The vault.
    pub vault: &'a V,
    /// The time.
    pub clock: &'a C,
    /// The processor that tokens are made for.
    pub processor: &'a Processor,
}

/// Why an Item is read, and what is known besides Plaid's answer.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// What brings it about.
    pub cause: Cause,
    /// What Plaid announced in webhooks.
    pub notices: &'a [Notice],
    /// What Plaid's webhooks say about processor tokens.
    pub commands: &'a [Command],
    /// Where Plaid should send the Item's webhooks, if that is to be looked at.
    pub webhook_url: Option<&'a str>,
}

impl Occasion<'_> {
    /// An occasion without any webhook.
    pub fn of(cause: Cause) -> Self {
        Self {
            cause,
            notices: &[],
            commands: &[],
            webhook_url: None,
        }
    }
}

/// What Plaid said about an Item, and when it was asked.
struct Told {
    asked_at: Timestamp,
    item: ItemSnapshot,
    /// Absent where the Item's state keeps Plaid from telling.
    accounts: Option<ItemSnapshot>,
}

impl<P, S, V, C> ItemSync<'_, P, S, V, C>
where
    P: SyncPlaid,
    S: SyncStore,
    V: Vault,
    C: Clock,
{
    /// Reads the Item at Plaid and records what it says. After update mode, this settles
    /// the Item's open sessions of it.
    ///
    /// # Errors
    /// See [`SyncError`]; `Removed` also when Plaid turns out not to know the Item.
    pub async fn run(
        &self,
        user_id: &UserId,
        item_id: &ItemId,
        occasion: Occasion<'_>,
        deadline: Deadline,
    ) -> Result<Item, SyncError> {
        for _ in 0..MAX_RACES {
            let item = self.live_item(user_id, item_id).await?;
            let sessions = match occasion.cause {
                Cause::UpdateMode => self.store.open_update_sessions(user_id, item_id).await?,
                _ => Vec::new(),
            };
            match self.once(item, &sessions, occasion, deadline).await {
                Err(SyncError::Store(StoreError::Conflict)) => {}
                outcome => return outcome,
            }
        }
        Err(StoreError::Conflict.into())
    }

    async fn live_item(&self, user_id: &UserId, item_id: &ItemId) -> Result<Item, SyncError> {
        let item = self.store.item(user_id, item_id).await?;
        let item = item.ok_or(SyncError::NotFound)?;
        match item.lifecycle {
            Lifecycle::Linking => Err(SyncError::Linking),
            Lifecycle::Removing | Lifecycle::Removed => Err(SyncError::Removed),
            Lifecycle::Linked => Ok(item),
        }
    }

    async fn once(
        &self,
        before: Item,
        sessions: &[LinkSession],
        occasion: Occasion<'_>,
        deadline: Deadline,
    ) -> Result<Item, SyncError> {
        let cause = occasion.cause;
        let reads = before.reads.one_more(self.clock.now());
        let reads = reads.map_err(|until| SyncError::TooOften { until })?;
        let (access_token, key) = tokio::try_join!(
            open_access_token(self.vault, &before),
            self.vault.data_key(Purpose::Processor),
        )?;
        let deadline = deadline.less(TIME_TO_WRITE);
        let told = match self.ask(&access_token, deadline).await {
            Ok(told) => told,
            Err(failure) if is(&failure, "ITEM_NOT_FOUND") => {
                record_gone(self.store, self.clock, &before, cause).await?;
                return Err(SyncError::Removed);
            }
            Err(failure) => return Err(failure.into()),
        };
        let mut item = before.clone();
        let request_id = told.item.request_id.clone();
        let webhook = told.item.webhook.clone();
        item.reads = reads;
        take_over(&mut item, told, sessions);
        for notice in occasion.notices {
            item.announce(notice);
        }
        for command in occasion.commands {
            item.heed(command);
        }
        item.due_at = item.next_reread(self.clock.now());
        if let Some(url) = occasion
            .webhook_url
            .filter(|url| webhook.as_deref() != Some(url))
        {
            self.move_webhooks(&mut item, &access_token, url, deadline)
                .await;
        }
        for account_id in accounts_to_serve(&item) {
            self.serve(&mut item, &access_token, &key, &account_id, deadline)
                .await?;
        }
        let item = item.next_version(self.clock.now());
        let change = Change::between(Some(&before), &item, cause, Some(request_id));
        let refreshed: Vec<LinkId> = sessions.iter().map(|s| s.link_id.clone()).collect();
        let alongside = Alongside {
            change: change.as_ref(),
            refreshed: &refreshed,
            ..Alongside::default()
        };
        self.store.replace(&item, alongside).await?;
        let signal = Signal::ItemRead.as_str();
        let changed = change.is_some();
        tracing::info!(signal, item_id = %item.item_id, ?cause, changed, "read an Item");
        Ok(item)
    }

    /// Both at once. An Item that needs its user may keep its accounts to itself.
    async fn ask(
        &self,
        access_token: &AccessToken,
        deadline: Deadline,
    ) -> Result<Told, PlaidFailure> {
        let asked_at = self.clock.now();
        let (item, accounts) = tokio::join!(
            self.plaid.item(access_token, deadline),
            self.plaid.accounts(access_token, deadline),
        );
        let mut item = item?;
        let accounts = match accounts {
            Ok(accounts) => Some(accounts),
            Err(failure) => {
                let told = health_told_by(&failure).or_else(|| same(&item.health, &failure));
                let health = told.ok_or(failure)?;
                if item.health == Health::Good {
                    item.health = health;
                }
                None
            }
        };
        Ok(Told {
            asked_at,
            item,
            accounts,
        })
    }

    /// Lets Plaid send the Item's webhooks to where they are received now.
    async fn move_webhooks(
        &self,
        item: &mut Item,
        access_token: &AccessToken,
        url: &str,
        deadline: Deadline,
    ) {
        let moved = self.plaid.update_webhook(access_token, url, deadline);
        match moved.await {
            Ok(()) => tracing::info!(item_id = %item.item_id, url, "moved an Item's webhooks"),
            Err(failure) => {
                tracing::warn!(item_id = %item.item_id, failure = %failure,
                    "an Item's webhooks still go to another address");
                if failure.class() == FailureClass::Retry {
                    self.come_back_soon(item);
                }
            }
        }
    }

    fn come_back_soon(&self, item: &mut Item) {
        let soon = Deadline::after(self.clock.now(), RETRY).moment();
        item.due_at = item.due_at.map(|due_at| due_at.min(soon));
    }

    /// Makes an account's processor token. If Plaid cannot do it now, the Item is read
    /// again soon; what Plaid said meanwhile is recorded all the same.
    async fn serve(
        &self,
        item: &mut Item,
        access_token: &AccessToken,
        key: &V::Key,
        account_id: &AccountId,
        deadline: Deadline,
    ) -> Result<(), SyncError> {
        let made = self
            .plaid
            .create_processor_token(access_token, account_id, self.processor, deadline)
            .await;
        let token = match made {
            Ok(token) => token,
            Err(failure) => {
                tracing::warn!(item_id = %item.item_id, %account_id, failure = %failure,
                    "a processor token has to wait");
                self.come_back_soon(item);
                return Ok(());
            }
        };
        let place = Place::processor_token(&item.user_id, &item.item_id, account_id);
        let sealed = key.seal(token.expose(), &place)?;
        item.chosen_account
            .get_or_insert_with(|| account_id.clone());
        if let Some(account) = item.account_mut(account_id) {
            account.give_token(sealed);
        }
        Ok(())
    }
}

fn take_over(item: &mut Item, told: Told, sessions: &[LinkSession]) {
    let was_good = item.health == Health::Good;
    if let Some(accounts) = told.accounts {
        item.observe_accounts(accounts.accounts);
    }
    item.observe_institution(told.item.institution);
    item.observe_login(told.item.health, told.item.consent_expires_at);
    let healed = !was_good && item.health == Health::Good;
    // Whoever left has told so, as a rule.
    let finished = sessions.iter().any(|session| session.exit.is_none());
    if healed || finished {
        item.clear_notices(told.asked_at);
    }
    if finished && of_pnc(item) {
        for account in &mut item.accounts {
            account.renew = account.processor_token.is_some();
        }
    }
}

/// The accounts that need a processor token now: those whose token is to be replaced, and
/// the one that was chosen, or is the only choice, and has none.
fn accounts_to_serve(item: &Item) -> Vec<AccountId> {
    if item.health != Health::Good {
        return Vec::new();
    }
    let id = |account: &Account| account.plaid.account_id.clone();
    let ready = || {
        let accounts = item.accounts.iter();
        accounts.filter(|account| account.status() == AccountStatus::Ready)
    };
    let mut accounts: Vec<AccountId> = ready().filter(|account| account.renew).map(id).collect();
    let unchosen = item.chosen_account.is_none() && ready().next().is_some();
    if let Choice::Make(account_id) = choose(&item.accounts, item.chosen_account.as_ref()) {
        let waits = item
            .account(&account_id)
            .is_some_and(|account| account.status() == AccountStatus::Available);
        accounts.extend((waits && !unchosen).then_some(account_id));
    }
    accounts
}

fn of_pnc(item: &Item) -> bool {
    let institution = item.institution.as_ref();
    institution.is_some_and(|i| i.institution_id.as_str() == NEW_TOKEN_AFTER_UPDATE)
}

fn is(failure: &PlaidFailure, error_code: &str) -> bool {
    failure
        .plaid_error()
        .is_some_and(|error| error.is(error_code))
}

/// The Item's own error, where that is why it does not list its accounts.
fn same(health: &Health, failure: &PlaidFailure) -> Option<Health> {
    match health {
        Health::NeedsUser(error_code) if is(failure, error_code) => Some(health.clone()),
        _ => None,
    }
}

/// What a refusal to list the accounts says about the login; `None` when it says nothing.
pub(super) fn health_told_by(failure: &PlaidFailure) -> Option<Health> {
    let error = failure.plaid_error()?;
    if error.is("ITEM_LOGIN_REQUIRED") {
        return Some(Health::LoginRequired);
    }
    if error.is("USER_PERMISSION_REVOKED") {
        return Some(Health::Revoked);
    }
    (error.class() == FailureClass::UpdateMode).then(|| Health::NeedsUser(error.error_code.clone()))
}
