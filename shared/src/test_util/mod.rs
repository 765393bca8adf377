//! For tests of every room: the ports in memory, a clock that stands still, a signer of
//! webhooks, and requests from the sample events.

mod clock;
mod events;
mod plaid;
mod signer;
mod store;
mod vault;

pub use clock::FixedClock;
pub use events::{Event, json};
pub use plaid::{MemoryPlaid, World, account, refusal};
pub use signer::WebhookSigner;
pub use store::{MemoryStore, Records};
pub use vault::MemoryVault;
