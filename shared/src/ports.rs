//! What the use cases need from outside, one small trait per need. The adapters keep
//! these promises; so do the in-memory ports of `test_util`.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use plaid_webhook::{KeyId, VerificationKey};
use secrecy::SecretString;

use crate::domain::{
    AccessToken, AccountId, Change, ChangeId, Deadline, Exchange, ExchangeKey, ExchangeStep,
    Health, Hints, InboxEnd, InboxRecord, Institution, Item, ItemId, LinkExit, LinkId, LinkResults,
    LinkSession, LinkToken, LinkTokenRequest, Place, PlaidAccount, PlaidCredentials, PlaidFailure,
    PlaidRequestId, Processor, ProcessorToken, PublicToken, Purpose, RecordKey, Sealed, Sha256,
    Stray, UserId,
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
    /// Where Plaid sends its webhooks, where it says so.
    pub webhook: Option<String>,
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

/// Plaid's `/link/token/get`.
pub trait LinkOutcomes: Send + Sync {
    /// What became of the sessions of this link token. Plaid tells for six hours after
    /// they end.
    fn link_outcome(
        &self,
        link_token: &LinkToken,
        deadline: Deadline,
    ) -> impl Future<Output = Result<LinkOutcome, PlaidFailure>> + Send;
}

/// What became of the sessions of a link token.
#[derive(Debug, Clone, Default)]
pub struct LinkOutcome {
    /// Whether a session has ended.
    pub finished: bool,
    /// What the user linked.
    pub added: Vec<AddedItem>,
}

/// One bank that a user linked in a session.
#[derive(Debug, Clone)]
pub struct AddedItem {
    /// What is to be exchanged.
    pub public_token: PublicToken,
    /// The bank and the accounts, from Plaid itself.
    pub hints: Hints,
}

/// Plaid's `/item/webhook/update`.
pub trait WebhookUrls: Send + Sync {
    /// Lets Plaid send the Item's webhooks to this URL from now on.
    fn update_webhook(
        &self,
        access_token: &AccessToken,
        url: &str,
        deadline: Deadline,
    ) -> impl Future<Output = Result<(), PlaidFailure>> + Send;
}

/// Plaid's `/webhook_verification_key/get`.
pub trait VerificationKeys: Send + Sync {
    /// The public key with this id, or `None` when Plaid says that it has no such key.
    fn verification_key(
        &self,
        key_id: &KeyId,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Option<VerificationKey>, PlaidFailure>> + Send;
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

/// The records of exchanges. Every method but `claim`, `exchange` and `forget_answer` MUST
/// write only while the stored record still has the given owner and step, and answer
/// `Conflict` otherwise; a write that is sent twice MUST count once. Every Item that is
/// written with an exchange MUST follow the rules of [`ItemChanges::replace`].
pub trait ExchangeRecords: Send + Sync {
    /// Puts the record if there is none with its key.
    fn claim(&self, exchange: &Exchange) -> impl Future<Output = Result<Claim, StoreError>> + Send;

    /// The record with this key. Reads consistently.
    fn exchange(
        &self,
        key: &ExchangeKey,
    ) -> impl Future<Output = Result<Option<Exchange>, StoreError>> + Send;

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

    /// Records the new Item, its pointer, the change and the step `exchanged`, all or
    /// nothing.
    fn record_item(
        &self,
        exchange: &Exchange,
        item: &Item,
        change: &Change,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Records the settled Item, the change and the step `finished` with its answer, all
    /// or nothing.
    fn finish(
        &self,
        exchange: &Exchange,
        item: &Item,
        change: &Change,
        answer: &ReplayableAnswer,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Records that the exchange ends without an Item: the Item as it is given (to be
    /// removed, or removed), the change, and the step `removed` with `duplicate_of`, all
    /// or nothing.
    fn reject(
        &self,
        exchange: &Exchange,
        item: &Item,
        change: &Change,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Erases the answer of a finished exchange, which becomes `removed`. An exchange that
    /// is not finished, or not there any more, MUST be left as it is, without an error.
    fn forget_answer(
        &self,
        key: &ExchangeKey,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// The records of Items that came out of an exchange too late.
pub trait Strays: Send + Sync {
    /// Keeps the stray, in place of an earlier record of it.
    fn keep_stray(&self, stray: &Stray) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The stray, if it is still kept.
    fn stray(
        &self,
        key: &ExchangeKey,
        item_id: &ItemId,
    ) -> impl Future<Output = Result<Option<Stray>, StoreError>> + Send;

    /// Deletes the record, whether it is still there or not.
    fn drop_stray(&self, stray: &Stray) -> impl Future<Output = Result<(), StoreError>> + Send;
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

    /// A page of the user's Items that are not removed, lowest id first, beginning behind
    /// `after`. It MAY have fewer than `limit` while there are more. Reads consistently.
    fn items(
        &self,
        user_id: &UserId,
        after: Option<&ItemId>,
        limit: u32,
    ) -> impl Future<Output = Result<ItemPage, StoreError>> + Send;
}

/// Whose Item it is.
pub trait ItemOwners: Send + Sync {
    /// The user who has, or had, this Item. Reads consistently.
    fn owner(
        &self,
        item_id: &ItemId,
    ) -> impl Future<Output = Result<Option<UserId>, StoreError>> + Send;
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
    /// Replaces the Item, together with everything in `alongside`, all or nothing. MUST
    /// answer `Conflict` unless the stored Item has the version before `item.version`, is
    /// at a stage from which its own may follow (`Lifecycle::may_become`), and every
    /// condition of `alongside` holds. A write that is sent twice MUST count once.
    fn replace(
        &self,
        item: &Item,
        alongside: Alongside<'_>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What is written together with an Item.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alongside<'a> {
    /// What a caller could tell apart.
    pub change: Option<&'a Change>,
    /// The new answer of the Item's exchange, which MUST be `finished`.
    pub answer: Option<&'a ReplayableAnswer>,
    /// Sessions of update mode that this write settles. Each MUST be there, and not be
    /// settled yet.
    pub refreshed: &'a [LinkId],
}

/// The history of a user's Items.
pub trait Changes: Send + Sync {
    /// A page of changes, earliest first, beginning behind `after`.
    fn changes(
        &self,
        user_id: &UserId,
        after: Option<&ChangeId>,
        limit: u32,
    ) -> impl Future<Output = Result<ChangePage, StoreError>> + Send;
}

/// A page of a user's changes.
#[derive(Debug, Clone, Default)]
pub struct ChangePage {
    /// The changes.
    pub changes: Vec<Change>,
    /// Where the next page begins, if there is one.
    pub next: Option<ChangeId>,
}

/// The records of Link sessions.
pub trait LinkSessions: Send + Sync {
    /// Records the session and the pointer from its link token, all or nothing.
    fn record_session(
        &self,
        session: &LinkSession,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Sessions of update mode.
pub trait UpdateSessions: Send + Sync {
    /// The user's latest sessions of update mode for this Item that are not settled yet.
    /// Reads consistently.
    fn open_update_sessions(
        &self,
        user_id: &UserId,
        item_id: &ItemId,
    ) -> impl Future<Output = Result<Vec<LinkSession>, StoreError>> + Send;
}

/// Whose session of Link it is.
pub trait LinkOwners: Send + Sync {
    /// The user and the session that had the link token with this hash. Reads consistently.
    fn link_owner(
        &self,
        link_token_hash: &Sha256,
    ) -> impl Future<Output = Result<Option<(UserId, LinkId)>, StoreError>> + Send;

    /// Records what became of the session; once it is finished, it is not due any more.
    /// MUST answer `Conflict` when the user has no such session.
    fn record_results(
        &self,
        user_id: &UserId,
        link_id: &LinkId,
        results: &LinkResults,
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

/// The index of records that somebody must look after.
pub trait DueRecords: Send + Sync {
    /// The keys of records that are due, the longest waiting first. MAY lag behind.
    fn due(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<RecordKey>, StoreError>> + Send;

    /// Lets a record wait until later, if it is still due at all. MUST change nothing else.
    fn postpone(
        &self,
        key: &RecordKey,
        until: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// The erasure of users.
pub trait Erasures: Send + Sync {
    /// Records the wish, due at once. An earlier wish stays as it is.
    fn wish_erasure(
        &self,
        user_id: &UserId,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Deletes records of the user: sessions, changes, Items that are removed, and the
    /// pointers and exchanges of these. MUST keep whatever still has something to do at
    /// Plaid, and the wish itself. Answers whether everything is deleted; if not, it MUST
    /// be called again.
    fn erase(&self, user_id: &UserId) -> impl Future<Output = Result<Erased, StoreError>> + Send;

    /// Replaces the wish by its receipt, all or nothing.
    fn confirm_erasure(
        &self,
        receipt: &Change,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// How far an erasure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erased {
    /// Nothing of the user is left but the wish.
    Everything,
    /// There is more.
    Partly,
}

/// What became of a webhook in the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is new.
    New,
    /// The very same webhook was there already.
    Before,
}

/// Keeping verified webhooks.
pub trait Inbox: Send + Sync {
    /// Keeps the webhook unless it is there already. MUST NOT answer before it is durable.
    fn keep(&self, record: &InboxRecord) -> impl Future<Output = Result<Kept, StoreError>> + Send;
}

/// Verified webhooks that wait to be processed.
pub trait InboxRecords: Send + Sync {
    /// The webhooks of one subject that still wait, in the order of their signatures, at
    /// most `limit`. The subject is named by the partition of its records. Reads
    /// consistently.
    fn waiting(
        &self,
        partition: &str,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<InboxRecord>, StoreError>> + Send;

    /// Records that the processing of a webhook has ended: it is not due any more.
    fn end(
        &self,
        record: &InboxRecord,
        end: InboxEnd,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Changes that wait to be published.
pub trait Outbox: Send + Sync {
    /// The change, if it is still kept.
    fn change(
        &self,
        user_id: &UserId,
        change_id: &ChangeId,
    ) -> impl Future<Output = Result<Option<Change>, StoreError>> + Send;

    /// Records that the change was published: it is not due any more.
    fn published(&self, change: &Change) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// An event for whoever listens: the customer's own systems.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its id, the same at every publication.
    pub event_id: String,
    /// What happened, such as `account.ready`.
    pub kind: &'static str,
    /// The details. MUST NOT hold a token.
    pub detail: serde_json::Value,
}

/// Events could not be published.
#[derive(Debug, thiserror::Error)]
#[error("the event bus did not take all events: {0}")]
pub struct PublishError(pub String);

/// The event bus.
pub trait EventBus: Send + Sync {
    /// Publishes all events. MUST fail unless the bus has confirmed each of them; then some
    /// may be published all the same.
    fn publish(&self, events: &[Event]) -> impl Future<Output = Result<(), PublishError>> + Send;
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
