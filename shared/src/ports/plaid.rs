//! What Plaid is asked for.

use std::future::Future;

use jiff::Timestamp;
use plaid_webhook::{KeyId, VerificationKey};

use crate::domain::{
    AccessToken, AccountId, Deadline, Health, Hints, Institution, ItemId, LinkToken,
    LinkTokenRequest, PlaidAccount, PlaidFailure, PlaidRequestId, Processor, ProcessorToken,
    PublicToken,
};

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
