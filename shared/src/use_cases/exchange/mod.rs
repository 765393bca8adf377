//! The exchange of a public token: from Link's `onSuccess` to a processor token, so that
//! every Item that Plaid makes is recorded here or removed there, and no retry makes two.
//!
//! The order of the steps is the promise. The exchange is claimed before Plaid is asked,
//! the keys that seal its result are in hand before it is claimed, and every later write
//! is conditional on the claim. A success is never repeated; half-done work is taken up
//! at the step it reached.

mod answer;
mod begin;
mod compensate;
mod duplicates;
mod settle;

use std::time::Duration;

use secrecy::ExposeSecret;

use crate::domain::{
    AccountId, AccountRefusal, Deadline, ExchangeKey, Hints, Item, ItemId, OwnerToken, Place,
    PlaidError, PlaidFailure, Processor, ProcessorToken, PublicToken, Purpose, UserId,
};
use crate::ports::{
    Accounts, Clock, ExchangeRecords, ItemChanges, ItemRecords, ItemRemoval, ProcessorTokens,
    PublicTokens, RETRY_SOON, StoreError, Strays, Vault, VaultError,
};

/// The calls of Plaid that an exchange needs.
pub trait ExchangePlaid: PublicTokens + Accounts + ProcessorTokens + ItemRemoval {}
impl<T: PublicTokens + Accounts + ProcessorTokens + ItemRemoval> ExchangePlaid for T {}

/// The records that an exchange needs.
pub trait ExchangeStore: ExchangeRecords + Strays + ItemRecords + ItemChanges {}
impl<T: ExchangeRecords + Strays + ItemRecords + ItemChanges> ExchangeStore for T {}

/// What a caller asks for.
#[derive(Debug, Clone)]
pub struct ExchangeRequest {
    /// Whose Item it will be.
    pub user_id: UserId,
    /// What Link handed out.
    pub public_token: PublicToken,
    /// The account that the user chose, where one was named.
    pub account_id: Option<AccountId>,
    /// What the browser said about the session.
    pub hints: Hints,
    /// Whether a second Item of the same accounts is wanted.
    pub allow_duplicate: bool,
}

/// Renders the answer to a caller; the exchange seals it for replays.
pub type RenderAnswer = fn(&Item, Option<(&AccountId, &ProcessorToken)>) -> String;

/// What an exchange is configured with.
#[derive(Debug, Clone)]
pub struct ExchangeSettings {
    /// The processor that tokens are made for.
    pub processor: Processor,
    /// How answers look.
    pub render: RenderAnswer,
    /// How many Items a user may have at once.
    pub max_items: u32,
}

/// The answer to a caller.
#[derive(Debug)]
pub struct Answer {
    /// The rendered Item.
    pub body: String,
    /// Whether it was given before.
    pub replayed: bool,
    /// The Item, for the log.
    pub item_id: Option<ItemId>,
}

/// Why a caller gets no Item.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// Somebody works on this exchange right now.
    #[error("the exchange of this public token is in progress")]
    InProgress {
        /// When to ask again.
        retry_after: Duration,
    },
    /// The public token was presented by another user before.
    #[error("the public token belongs to somebody else's exchange")]
    SomebodyElses,
    /// Plaid does not accept the public token, and made no Item from it.
    #[error("Plaid refused the public token")]
    Refused(Option<Box<PlaidError>>),
    /// Plaid made an Item whose access token never reached us.
    #[error("the exchange was answered by Plaid, and the answer was lost")]
    Lost,
    /// The Item was removed since.
    #[error("the Item of this exchange was removed")]
    Removed,
    /// The user has an Item of the same accounts, and the new one is not kept.
    #[error("the user has an Item of the same accounts")]
    Duplicate(Box<Item>),
    /// The user has as many Items as may be.
    #[error("the user has {limit} Items already")]
    TooManyItems {
        /// How many may be.
        limit: u32,
    },
    /// The Item is recorded, but not with the account that was asked for.
    #[error("the account cannot be given to the processor")]
    Account {
        /// The recorded Item.
        item_id: ItemId,
        /// What is wrong with the account.
        refusal: AccountRefusal,
    },
    /// Too little time is left to begin what must not be cut off.
    #[error("too little time is left in this invocation")]
    OutOfTime,
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

/// An exchange is begun only with this much time left: two round trips to Plaid at their
/// slowest, and the writes.
const TIME_TO_EXCHANGE: Duration = Duration::from_secs(12);
/// A lease outlives its invocation by this, so that two owners never overlap.
const LEASE_MARGIN: Duration = Duration::from_secs(5);
/// How long an answer is repeated to the letter.
const REPLAY_WINDOW: Duration = Duration::from_hours(24);

/// The use case over its ports.
pub struct ExchangeUseCase<'a, P, S, V, C> {
    /// Plaid.
    pub plaid: &'a P,
    /// The table.
    pub store: &'a S,
    /// The vault.
    pub vault: &'a V,
    /// The time.
    pub clock: &'a C,
    /// The configuration.
    pub settings: &'a ExchangeSettings,
}

/// The data keys of one exchange, in hand before anything happens at Plaid.
struct Keys<K> {
    link: K,
    access: K,
    processor: K,
    answer: K,
}

/// One invocation's work on an exchange.
struct Work<K> {
    request: ExchangeRequest,
    key: ExchangeKey,
    owner: OwnerToken,
    keys: Keys<K>,
    /// The user's Items when the work began.
    others: Vec<Item>,
    deadline: Deadline,
}

impl<P, S, V, C> ExchangeUseCase<'_, P, S, V, C>
where
    P: ExchangePlaid,
    S: ExchangeStore,
    V: Vault,
    C: Clock,
{
    /// Exchanges the public token, or joins in where an earlier call got to.
    ///
    /// # Errors
    /// See [`ExchangeError`]; whatever it is, no Item is left that is not recorded.
    pub async fn run(
        &self,
        request: ExchangeRequest,
        deadline: Deadline,
    ) -> Result<Answer, ExchangeError> {
        if deadline.remaining(self.clock.now()) < TIME_TO_EXCHANGE {
            return Err(ExchangeError::OutOfTime);
        }
        let (keys, others) = tokio::join!(self.keys(), self.items_of(&request.user_id));
        let work = Work {
            key: ExchangeKey::of(&request.public_token),
            owner: OwnerToken::random(),
            keys: keys?,
            others: others?,
            deadline,
            request,
        };
        self.begin(&work).await
    }

    /// Takes up a stored exchange that nobody works on.
    ///
    /// # Errors
    /// As [`Self::run`]; `Removed` also when there is no such exchange any more.
    pub async fn resume_stored(
        &self,
        key: &ExchangeKey,
        deadline: Deadline,
    ) -> Result<Answer, ExchangeError> {
        let stored = self.store.exchange(key).await?;
        let stored = stored.ok_or(ExchangeError::Removed)?;
        let sealed = stored
            .public_token
            .as_ref()
            .ok_or(VaultError::DoesNotOpen)?;
        let place = Place::public_token(key);
        let opened = self.vault.open(sealed, Purpose::Link, &place).await?;
        let request = ExchangeRequest {
            user_id: stored.user_id,
            public_token: PublicToken::new(opened.expose_secret()),
            account_id: stored.account_id,
            hints: Hints::default(),
            allow_duplicate: stored.allow_duplicate,
        };
        self.run(request, deadline).await
    }
}

/// A refused condition means that somebody else goes on with this exchange.
fn overtaken(error: StoreError) -> ExchangeError {
    match error {
        StoreError::Conflict => ExchangeError::InProgress {
            retry_after: RETRY_SOON,
        },
        error => error.into(),
    }
}
