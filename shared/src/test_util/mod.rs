//! For tests of every room: the ports in memory, a clock that stands still, dice, a signer
//! of webhooks, and requests from the sample events.

mod builders;
mod bus;
mod clock;
mod dice;
mod events;
pub mod faults;
mod plaid;
mod store;
pub mod store_contract;
mod vault;

pub use builders::{linked_item, with_access_token};
pub use bus::MemoryBus;
pub use clock::FixedClock;
pub use dice::Dice;
pub use events::{Event, json};
pub use plaid::{MemoryPlaid, SecondExchange, World, account, refusal};
pub use plaid_webhook::test_util::WebhookSigner;
pub use store::{MemoryStore, Records};
pub use vault::MemoryVault;
