//! The verifier, its cache of keys and its program, as a receiver of webhooks sees them.

#![cfg(test)]

mod check_webhook;
mod flood;
mod hostile_keys;
mod hostile_signatures;
mod hostile_tokens;
mod keys;
mod oracle;
mod order;
mod readme;
mod rotation;
mod support;
mod verifier;
