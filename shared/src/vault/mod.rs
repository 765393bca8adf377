//! Keeps tokens sealed: AES-256-GCM under data keys that KMS wraps.

mod envelope;
mod kms;

pub use envelope::{DataKey, Envelope};
pub use kms::KmsVault;
