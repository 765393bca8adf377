//! What the use cases need from outside, one small trait per need. The adapters keep
//! these promises; so do the in-memory ports of `test_util`.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;

use crate::domain::{
    AccessToken, AccountId, Deadline, Exchange, ExchangeStep, Health, InboxRecord, Institution,
    Item, ItemId, KeyId, LinkExit, LinkId, LinkSession, LinkToken, LinkTokenRequest, Place,
    PlaidAccount, PlaidCredentials, PlaidFailure, PlaidRequestId, Processor, ProcessorToken,
    PublicToken, Purpose, Sealed, UserId,
};

/// The time. MUST be wall-clock time, because it is compared with deadlines of AWS and
/// signatures of Plaid.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Plaid's `/link/token/create`.
pub trait LinkTokens: Send + Sync {
    /// A new link token. MAY be called again after any failure: an unused link token
    /// costs nothing.
    fn create_link_token(
        &self,
        request: &LinkTokenRequest,
        deadline: Deadline,
    ) -> impl Future<Output = Result<CreatedLinkToken, PlaidFailure>> + Send;
}

/// What Plaid answers for a link token.
#[derive(Debug, Clone)]
pub struct CreatedLinkToken {
    /// The token.
    pub link_token: LinkToken,
    /// When it dies.
    pub expiration: Timestamp,
    /// The page of a hosted session.
    pub hosted_link_url: Option<String>,
    /// Plaid's id of the answer.
    pub request_id: PlaidRequestId,
}

/// Plaid's `/item/public_token/exchange`.
pub trait PublicTokens: Send + Sync {
    /// Makes the Item. A failure MUST tell whether Plaid may have made it all the same
    /// (`PlaidFailure::maybe_applied`), also when an earlier attempt of the same call
    /// got no answer.
    fn exchange(
        &self,
        public_token: &PublicToken,
        deadline: Deadline,
    ) -> impl Future<Output = Result<ExchangedItem, PlaidFailure>> + Send;
}

/// The Item that an exchange made.
#[derive(Debug, Clone)]
pub struct ExchangedItem {
    /// Plaid's id of the Item.
    pub item_id: ItemId,
    /// Full access to it.
    pub access_token: AccessToken,
    /// Plaid's id of the answer.
    pub request_id: PlaidRequestId,
}

/// Plaid's `/accounts/get`.
pub trait Accounts: Send + Sync {
    /// The Item's accounts and health as Plaid sees them now.
    fn accounts(
        &self,
        access_token: &AccessToken,
        deadline: Deadline,
    ) -> impl Future<Output = Result<ItemSnapshot, PlaidFailure>> + Send;
}

/// What Plaid says about an Item.
#[derive(Debug, Clone)]
pub struct ItemSnapshot {
    /// The bank; none for Same-Day micro-deposits.
    pub institution: Option<Institution>,
    /// The state of the login.
    pub health: Health,
    /// When the user's consent ends.
    pub consent_expires_at: Option<Timestamp>,
    /// The accounts, in Plaid's order; empty where only the Item was asked for.
    pub accounts: Vec<PlaidAccount>,
    /// Plaid's id of the answer.
    pub request_id: PlaidRequestId,
}

/// Plaid's `/item/get`.
pub trait Items: Send + Sync {
    /// The Item's health as Plaid sees it now, without its accounts.
    fn item(
        &self,
        access_token: &AccessToken,
        deadline: Deadline,
    ) -> impl Future<Output = Result<ItemSnapshot, PlaidFailure>> + Send;
}

/// Plaid's `/processor/token/create`.
pub trait ProcessorTokens: Send + Sync {
    /// A token for one account and one processor. MAY be called again: Plaid allows
    /// several for one account.
    fn create_processor_token(
        &self,
        access_token: &AccessToken,
        account_id: &AccountId,
        processor: &Processor,
        deadline: Deadline,
    ) -> impl Future<Output = Result<ProcessorToken, PlaidFailure>> + Send;
}

/// Plaid's `/item/remove`.
pub trait ItemRemoval: Send + Sync {
    /// Removes the Item. An Item that Plaid no longer knows MUST count as removed.
    fn remove_item(
        &self,
        access_token: &AccessToken,
        deadline: Deadline,
    ) -> impl Future<Output = Result<(), PlaidFailure>> + Send;
}

/// Plaid's `/webhook_verification_key/get`.
pub trait VerificationKeys: Send + Sync {
    /// The public key with this id, or `None` when Plaid has no such key.
    fn verification_key(
        &self,
        key_id: &KeyId,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Option<VerificationKey>, PlaidFailure>> + Send;
}

/// One of Plaid's public keys, as a JWK on the curve P-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationKey {
    /// Its id.
    pub key_id: KeyId,
    /// `alg`, which must be `ES256`.
    pub algorithm: String,
    /// `kty`, which must be `EC`.
    pub key_type: String,
    /// `crv`, which must be `P-256`.
    pub curve: String,
    /// The x coordinate in base64url.
    pub x: String,
    /// The y coordinate in base64url.
    pub y: String,
    /// From when on nothing signed with it is believed.
    pub expired_at: Option<Timestamp>,
}

/// Why Plaid's credentials could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Secrets Manager did not answer, or refused.
    #[error("the secret could not be read: {0}")]
    Unavailable(String),
    /// The secret is not what it should be.
    #[error("the secret must be a JSON object with the strings client_id and secret")]
    Malformed,
}

/// Our credentials at Plaid.
pub trait CredentialSource: Send + Sync {
    /// The current credentials; MAY be cached.
    fn credentials(&self) -> impl Future<Output = Result<PlaidCredentials, SecretError>> + Send;

    /// The credentials after Plaid refused `refused`: MUST be newly read, unless somebody
    /// else has just done that.
    fn credentials_after(
        &self,
        refused: &PlaidCredentials,
    ) -> impl Future<Output = Result<PlaidCredentials, SecretError>> + Send;
}

/// Why the store did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A condition did not hold: somebody else was there first. Nothing was written.
    #[error("another writer was there first")]
    Conflict,
    /// No definite answer. The write may have happened.
    #[error("the table did not answer: {0}")]
    Unavailable(String),
    /// A record is not what we write.
    #[error("a record cannot be read: {0}")]
    Corrupt(String),
}

/// What became of a claim.
#[derive(Debug, Clone)]
pub enum Claim {
    /// The exchange is ours. Also when our own earlier put turns out to have arrived.
    Won,
    /// Somebody was there first; this is their record.
    Held(Box<Exchange>),
}

/// The records of exchanges. Every method but `claim` MUST write only while the stored
/// record still has the given owner and step, and answer `Conflict` otherwise; a write
/// that is sent twice MUST count once.
pub trait ExchangeRecords: Send + Sync {
    /// Puts the record if there is none with its key.
    fn claim(&self, exchange: &Exchange) -> impl Future<Output = Result<Claim, StoreError>> + Send;

    /// Replaces the owner and lease of `previous` by those of `next`, at the same step.
    fn take_over(
        &self,
        previous: &Exchange,
        next: &Exchange,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Ends the lease, so that a retry may go on at once.
    fn yield_lease(
        &self,
        exchange: &Exchange,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Deletes a claim under which nothing happened at Plaid.
    fn release(&self, exchange: &Exchange) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Moves the record on to `next`, with the access token of `exchange` where it has one.
    fn advance(
        &self,
        exchange: &Exchange,
        next: ExchangeStep,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Records the new Item, its pointer and the step `exchanged`, all or nothing.
    fn record_item(
        &self,
        exchange: &Exchange,
        item: &Item,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Records the settled Item and the step `finished` with its answer, all or nothing.
    fn finish(
        &self,
        exchange: &Exchange,
        item: &Item,
        answer: &ReplayableAnswer,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A sealed answer and how long it is repeated to the letter.
#[derive(Debug, Clone)]
pub struct ReplayableAnswer {
    /// The answer.
    pub sealed: Sealed,
    /// When the replay ends.
    pub until: Timestamp,
}

/// The records of Items.
pub trait ItemRecords: Send + Sync {
    /// The user's Item with this id. Somebody else's MUST be `None`. Reads consistently.
    fn item(
        &self,
        user_id: &UserId,
        item_id: &ItemId,
    ) -> impl Future<Output = Result<Option<Item>, StoreError>> + Send;

    /// A page of the user's Items, oldest id first, beginning behind `after`. Reads
    /// consistently.
    fn items(
        &self,
        user_id: &UserId,
        after: Option<&ItemId>,
        limit: u32,
    ) -> impl Future<Output = Result<ItemPage, StoreError>> + Send;
}

/// A page of a user's Items.
#[derive(Debug, Clone, Default)]
pub struct ItemPage {
    /// The Items.
    pub items: Vec<Item>,
    /// Where the next page begins, if there is one.
    pub next: Option<ItemId>,
}

/// Writing Items outside an exchange.
pub trait ItemChanges: Send + Sync {
    /// Records the chosen account's processor token in the Item and the new answer in the
    /// finished exchange, all or nothing. MUST answer `Conflict` unless the stored Item
    /// has the version before `item.version`.
    fn record_choice(
        &self,
        item: &Item,
        answer: &ReplayableAnswer,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// The records of Link sessions.
pub trait LinkSessions: Send + Sync {
    /// Records the session and the pointer from its link token, all or nothing.
    fn record_session(
        &self,
        session: &LinkSession,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What is told about Link sessions.
pub trait LinkReports: Send + Sync {
    /// The user's session with this id. Somebody else's MUST be `None`.
    fn session(
        &self,
        user_id: &UserId,
        link_id: &LinkId,
    ) -> impl Future<Output = Result<Option<LinkSession>, StoreError>> + Send;

    /// Records how the user left the session, replacing an earlier report. MUST answer
    /// `Conflict` when the user has no such session.
    fn record_exit(
        &self,
        user_id: &UserId,
        link_id: &LinkId,
        exit: &LinkExit,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What became of a webhook in the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is new.
    New,
    /// The very same webhook was there already.
    Before,
}

/// Verified webhooks that wait to be processed.
pub trait Inbox: Send + Sync {
    /// Keeps the webhook unless it is there already. MUST NOT answer before it is durable.
    fn keep(&self, record: &InboxRecord) -> impl Future<Output = Result<Kept, StoreError>> + Send;
}

/// Why a value could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// KMS did not answer, or refused.
    #[error("the key service did not answer: {0}")]
    Unavailable(String),
    /// The value was not sealed for this place, or was altered.
    #[error("a sealed value does not open at its place")]
    DoesNotOpen,
    /// Sealing failed; the cryptography library gives no reasons.
    #[error("a value could not be sealed")]
    CannotSeal,
}

/// Keeps tokens so that only a holder of the KMS grant can read them.
pub trait Vault: Send + Sync {
    /// A data key in hand, with which values are sealed without any further call.
    type Key: SealingKey;

    /// A new data key for one purpose.
    fn data_key(
        &self,
        purpose: Purpose,
    ) -> impl Future<Output = Result<Self::Key, VaultError>> + Send;

    /// The value sealed for this purpose and place. MUST fail anywhere else.
    fn open(
        &self,
        sealed: &Sealed,
        purpose: Purpose,
        place: &Place,
    ) -> impl Future<Output = Result<SecretString, VaultError>> + Send;
}

/// A data key in hand.
pub trait SealingKey: Send + Sync {
    /// Seals a value for one place.
    ///
    /// # Errors
    /// The cryptography library failed.
    fn seal(&self, value: &str, place: &Place) -> Result<Sealed, VaultError>;
}

/// How long a caller should wait before trying again.
pub const RETRY_SOON: Duration = Duration::from_secs(1);
