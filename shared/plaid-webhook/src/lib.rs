#![doc = include_str!("../README.md")]

mod budget;
mod cache;
mod diagnosis;
mod flights;
mod json;
mod key;
mod memory;
mod rejection;
mod source;
#[cfg(feature = "test-util")]
pub mod test_util;
mod token;
mod webhook;

pub use cache::{KeyCache, LookupError, VerifyError};
pub use diagnosis::{Diagnosis, Outcome};
pub use jiff::Timestamp;
pub use key::{KeyId, VerificationKey};
pub use rejection::{Check, Rejection};
pub use source::KeySource;
pub use token::UnverifiedToken;
pub use webhook::{MAX_AGE, MAX_SKEW, SignedWebhook, UnverifiedWebhook, body_hash};
