//! For the tests of whoever receives webhooks (feature `test-util`): a signer, and a way to
//! spoil what it signed.

mod mutate;
mod signer;

pub use mutate::{Edit, mutate};
pub use signer::{WebhookSigner, claims};
