//! For tests of every room: the ports in memory, a clock that stands still, dice, a signer
//! of webhooks, and requests from the sample events.

mod astra;
mod builders;
mod bus;
mod clock;
mod dice;
mod events;
pub mod faults;
mod log;
mod plaid;
mod store;
pub mod store_contract;
mod vault;

pub use astra::{
    AccountRepeat, AstraWorld, FakeAccount, FakeAstra, astra_refusal, astra_token_refusal,
};
pub use builders::{
    astra_connection, give_processor_token, linked_item, open_astra_tokens, with_access_token,
};
pub use bus::MemoryBus;
pub use clock::FixedClock;
pub use dice::Dice;
pub use events::{Event, json};
pub use log::Log;
pub use plaid::{MemoryPlaid, SecondExchange, World, account, refusal};
pub use plaid_webhook::test_util::WebhookSigner;
pub use store::{MemoryStore, Records};
pub use vault::MemoryVault;
