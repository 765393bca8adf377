//! What the system is about, without how it is reached: ids, tokens, Items, accounts,
//! exchanges, webhooks and their rules. Nothing here waits, reads the environment or
//! knows an SDK.

mod account;
mod astra;
mod astra_environment;
mod astra_failure;
mod astra_tokens;
mod change;
mod choice;
mod credentials;
mod deadline;
mod duplicate;
mod environment;
mod exchange;
mod hint;
mod ids;
mod institution;
mod item;
mod lifecycle;
mod link;
mod notice;
mod observation;
mod open_enum;
mod plaid_error;
mod processor;
mod reads;
pub mod record_key;
pub mod redaction;
mod sealed;
mod secret_text;
mod signal;
mod tokens;
mod webhook;

pub use account::{
    Account, AccountStatus, AccountType, Heeded, PlaidAccount, Standing, Verification,
    VerificationStatus,
};
pub use astra::{
    AUTHORIZATION_TIME, AstraAuthorization, AstraConnection, AstraStatus, AstraStep, AtAstra,
    ConnectionState, HandOver, SealedTokens,
};
pub use astra_environment::{AstraEnvironment, astra_authorization_url};
pub use astra_failure::{AstraCaller, AstraError, AstraFailure, AstraFailureClass};
pub use astra_tokens::{
    AstraAccessToken, AstraAuthorizationCode, AstraRefreshToken, AstraState, AstraTextError,
    AstraTokens,
};
pub use change::{AccountChange, AstraChange, Cause, Change};
pub use choice::{AccountRefusal, Choice, choose};
pub use credentials::ApiCredentials;
pub use deadline::{Deadline, TIME_TO_WRITE};
pub use environment::{PlaidEnvironment, UnknownEnvironment};
pub use exchange::{AccountHint, Exchange, ExchangeKey, ExchangeStep, Hints, OwnerToken, Stray};
pub use hint::{Command, Hint};
pub use ids::{
    AccountId, AstraAccountId, AstraRequestId, AstraUserId, ChangeId, InstitutionId, ItemId,
    LinkId, LinkSessionId, PlaidRequestId, UserId, VaultId,
};
pub use institution::Institution;
pub use item::{Action, Health, Item, ItemStatus};
pub use lifecycle::Lifecycle;
pub use link::{
    HostedLink, LinkExit, LinkPurpose, LinkResults, LinkSession, LinkStatus, LinkTokenRequest,
    Microdeposits, UnknownFlow,
};
pub use notice::{Notice, NoticeCode};
pub use plaid_error::{FailureClass, PlaidError, PlaidFailure};
pub use processor::{InvalidProcessor, Processor};
pub use reads::Reads;
pub use record_key::{DueRecord, RecordKey};
pub use sealed::{Place, Purpose, Sealed};
pub use signal::Signal;
pub use tokens::{
    AccessToken, LinkToken, ProcessorToken, PublicToken, Sha256, TokenShapeError, token_hash,
};
pub use webhook::{InboxEnd, InboxRecord, Webhook, WebhookSubject, WebhookType, webhook_url};
