//! For tests of every room: a clock that stands still, and a signer of webhooks.

mod clock;
mod signer;

pub use clock::FixedClock;
pub use signer::WebhookSigner;
