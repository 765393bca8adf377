//! What the use cases need from outside, one small trait per need. The adapters keep
//! these promises; so do the in-memory ports of `test_util`.

mod astra;
mod astra_records;
mod credentials;
mod due;
mod events;
mod exchanges;
mod inbox;
mod items;
mod links;
mod plaid;
mod vault;

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;

pub use astra::{
    AstraAccountRemoval, AstraAuthorizations, AstraClientId, AstraHandOver, AstraUsers,
};
pub use astra_records::{AstraConnections, AstraLeases, Lease, PendingAuthorizations};
pub use credentials::{CredentialSource, SecretError};
pub use due::{Due, DueRecords, Erased, Erasures};
pub use events::{Event, EventBus, Outbox, PublishError};
pub use exchanges::{Claim, ExchangeRecords, ReplayableAnswer, Strays};
pub use inbox::{Inbox, InboxRecords, Kept};
pub use items::{Alongside, ChangePage, Changes, ItemChanges, ItemOwners, ItemPage, ItemRecords};
pub use links::{LinkOwners, LinkReports, LinkSessions, UpdateSessions};
pub use plaid::{
    Accounts, AddedItem, CreatedLinkToken, ExchangedItem, ItemRemoval, ItemSnapshot, Items,
    LinkOutcome, LinkOutcomes, LinkTokens, ProcessorTokens, PublicTokens, VerificationKeys,
    WebhookUrls,
};
pub use vault::{SealingKey, Vault, VaultError};

/// The time. MUST be wall-clock time, because it is compared with deadlines of AWS and
/// signatures of Plaid.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Ends after this time.
    fn wait(&self, time: Duration) -> impl Future<Output = ()> + Send;
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

/// How long a caller should wait before trying again.
pub const RETRY_SOON: Duration = Duration::from_secs(1);
