//! Plaid's API and webhooks: a thin client for the calls we make, and the verification
//! of what Plaid posts. Generated clients close their enums, which Plaid's growth breaks,
//! and print tokens; so this one is ours.

mod calls;
mod client;
mod key_cache;
mod tls;
mod verification;
mod webhook_body;
mod wire;

pub use client::{ClientError, PlaidClient};
pub use key_cache::{KeyCache, KeyLookupError};
pub use verification::{Freshness, Rejection, SignedWebhook, UnverifiedWebhook};
pub use webhook_body::read_webhook;
