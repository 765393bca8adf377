//! Plaid's API and webhooks: a thin client for the calls we make, and the bodies of what
//! Plaid posts (verified by the package `plaid-webhook`). Generated clients close their
//! enums, which Plaid's growth breaks, and print tokens; so this one is ours.

mod calls;
mod client;
mod webhook_body;
mod webhook_keys;
mod wire;
mod wire_link;

pub use client::PlaidClient;
pub use webhook_body::{body_to_keep, read_webhook};
pub use webhook_keys::WebhookKeys;
