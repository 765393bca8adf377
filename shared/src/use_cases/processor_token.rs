//! The processor token of one account of an Item: made once, and given again as it is.

use secrecy::ExposeSecret;

use super::item_sync::{ItemSync, Occasion, SyncError, SyncPlaid, SyncStore};
use super::{MAX_RACES, open_access_token};
use crate::domain::{
    Account, AccountId, AccountRefusal, AccountStatus, Cause, Change, Deadline, Health, Item,
    ItemId, Lifecycle, Place, PlaidFailure, Processor, ProcessorToken, Purpose, Sealed,
    TIME_TO_WRITE, UserId,
};
use crate::ports::{Alongside, Clock, SealingKey, StoreError, Vault, VaultError};

/// The Item, and the token where its account has one.
#[derive(Debug)]
pub struct Given {
    /// The Item as it is recorded.
    pub item: Item,
    /// The token; none while the account waits for its verification.
    pub token: Option<ProcessorToken>,
}

/// Why there is no token, now or ever.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The account cannot be given to the processor.
    #[error("the account cannot be given to the processor")]
    Account(AccountRefusal),
    /// The user took the permission back.
    #[error("the user took the permission back")]
    Revoked,
    /// The Item could not be read.
    #[error(transparent)]
    Item(#[from] SyncError),
}

impl From<StoreError> for TokenError {
    fn from(error: StoreError) -> Self {
        Self::Item(error.into())
    }
}

impl From<VaultError> for TokenError {
    fn from(error: VaultError) -> Self {
        Self::Item(error.into())
    }
}

/// The use case over its ports.
pub struct ProcessorTokenUseCase<'a, P, S, V, C> {
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

/// Whose token is wanted, and until when.
struct Wanted<'a> {
    user_id: &'a UserId,
    item_id: &'a ItemId,
    account_id: &'a AccountId,
    deadline: Deadline,
}

impl<P, S, V, C> ProcessorTokenUseCase<'_, P, S, V, C>
where
    P: SyncPlaid,
    S: SyncStore,
    V: Vault,
    C: Clock,
{
    /// The account's token, made if there is none. What is recorded decides; where that is
    /// not enough, Plaid is asked first.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub async fn run(
        &self,
        user_id: &UserId,
        item_id: &ItemId,
        account_id: &AccountId,
        deadline: Deadline,
    ) -> Result<Given, TokenError> {
        let wanted = Wanted {
            user_id,
            item_id,
            account_id,
            deadline,
        };
        let item = self.live_item(&wanted).await?;
        if let Some(sealed) = ready_token(&item, account_id) {
            return self.open(&item, account_id, sealed).await;
        }
        if status(&item, account_id) == Some(AccountStatus::Available) {
            match self.make(&wanted, &item).await {
                Err(TokenError::Item(SyncError::Plaid(failure))) if is_stale(&failure) => {}
                given => return given,
            }
        }
        let item = self.sync(&wanted).await?;
        self.after_sync(&wanted, item).await
    }

    async fn after_sync(&self, wanted: &Wanted<'_>, item: Item) -> Result<Given, TokenError> {
        let refused = |refusal| Err(TokenError::Account(refusal));
        if item.health == Health::Revoked {
            return Err(TokenError::Revoked);
        }
        match status(&item, wanted.account_id) {
            Some(AccountStatus::Ready) => match ready_token(&item, wanted.account_id) {
                Some(sealed) => self.open(&item, wanted.account_id, sealed).await,
                None => refused(AccountRefusal::Unknown),
            },
            Some(AccountStatus::Available) => self.make(wanted, &item).await,
            Some(AccountStatus::PendingVerification) => self.let_wait(wanted, item).await,
            Some(AccountStatus::VerificationFailed) => refused(AccountRefusal::NotVerified),
            Some(AccountStatus::NotEligible) => refused(AccountRefusal::NotEligible),
            Some(AccountStatus::Revoked) | None => refused(AccountRefusal::Unknown),
        }
    }

    async fn live_item(&self, wanted: &Wanted<'_>) -> Result<Item, TokenError> {
        let item = self.store.item(wanted.user_id, wanted.item_id).await?;
        let item = item.ok_or(SyncError::NotFound)?;
        match item.lifecycle {
            Lifecycle::Linking => Err(SyncError::Linking.into()),
            Lifecycle::Removing | Lifecycle::Removed => Err(SyncError::Removed.into()),
            Lifecycle::Linked if item.health == Health::Revoked => Err(TokenError::Revoked),
            Lifecycle::Linked => Ok(item),
        }
    }

    async fn sync(&self, wanted: &Wanted<'_>) -> Result<Item, SyncError> {
        let sync = ItemSync {
            plaid: self.plaid,
            store: self.store,
            vault: self.vault,
            clock: self.clock,
            processor: self.processor,
        };
        let occasion = Occasion::of(Cause::ProcessorToken);
        sync.run(wanted.user_id, wanted.item_id, occasion, wanted.deadline)
            .await
    }

    async fn open(
        &self,
        item: &Item,
        account_id: &AccountId,
        sealed: &Sealed,
    ) -> Result<Given, TokenError> {
        let place = Place::processor_token(&item.user_id, &item.item_id, account_id);
        let opened = self.vault.open(sealed, Purpose::Processor, &place).await?;
        Ok(Given {
            item: item.clone(),
            token: Some(ProcessorToken::new(opened.expose_secret())),
        })
    }

    async fn make(&self, wanted: &Wanted<'_>, item: &Item) -> Result<Given, TokenError> {
        let (access_token, key) = tokio::try_join!(
            open_access_token(self.vault, item),
            self.vault.data_key(Purpose::Processor),
        )?;
        let deadline = wanted.deadline.less(TIME_TO_WRITE);
        let token = self
            .plaid
            .create_processor_token(&access_token, wanted.account_id, self.processor, deadline)
            .await
            .map_err(SyncError::from)?;
        let place = Place::processor_token(wanted.user_id, wanted.item_id, wanted.account_id);
        let sealed = key.seal(token.expose(), &place)?;
        self.record(wanted, item.clone(), token, sealed).await
    }

    /// Whoever records first wins; the others give out that token and forget their own.
    async fn record(
        &self,
        wanted: &Wanted<'_>,
        mut item: Item,
        token: ProcessorToken,
        sealed: Sealed,
    ) -> Result<Given, TokenError> {
        for _ in 0..MAX_RACES {
            if let Some(theirs) = ready_token(&item, wanted.account_id) {
                return self.open(&item, wanted.account_id, theirs).await;
            }
            let mut next = item.clone();
            next.chosen_account
                .get_or_insert_with(|| wanted.account_id.clone());
            let account = next.account_mut(wanted.account_id);
            let account = account.ok_or(TokenError::Account(AccountRefusal::Unknown))?;
            account.give_token(sealed.clone());
            let next = next.next_version(self.clock.now());
            match self.replace(&item, &next).await {
                Err(StoreError::Conflict) => item = self.live_item(wanted).await?,
                Err(error) => return Err(error.into()),
                Ok(()) => {
                    tracing::info!(item_id = %next.item_id, account_id = %wanted.account_id,
                        "made a processor token");
                    let token = Some(token);
                    return Ok(Given { item: next, token });
                }
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// The account is chosen, and gets its token once it is verified.
    async fn let_wait(&self, wanted: &Wanted<'_>, item: Item) -> Result<Given, TokenError> {
        if item.chosen_account.as_ref() == Some(wanted.account_id) {
            return Ok(Given { item, token: None });
        }
        let mut next = item.clone();
        next.chosen_account = Some(wanted.account_id.clone());
        let next = next.next_version(self.clock.now());
        self.replace(&item, &next).await?;
        Ok(Given {
            item: next,
            token: None,
        })
    }

    async fn replace(&self, before: &Item, after: &Item) -> Result<(), StoreError> {
        let change = Change::between(Some(before), after, Cause::ProcessorToken, None);
        let alongside = Alongside {
            change: change.as_ref(),
            ..Alongside::default()
        };
        self.store.replace(after, alongside).await
    }
}

fn status(item: &Item, account_id: &AccountId) -> Option<AccountStatus> {
    item.account(account_id).map(Account::status)
}

fn ready_token<'a>(item: &'a Item, account_id: &AccountId) -> Option<&'a Sealed> {
    let account = item.account(account_id)?;
    let ready = account.status() == AccountStatus::Ready;
    account.processor_token.as_ref().filter(|_| ready)
}

/// The bank may have renamed, closed or taken back the account since it was read.
fn is_stale(failure: &PlaidFailure) -> bool {
    failure
        .plaid_error()
        .is_some_and(|error| error.is("INVALID_ACCOUNT_ID"))
}
