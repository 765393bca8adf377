//! The credentials of APIs beyond AWS, from Secrets Manager, kept for a few minutes.

mod cache;
mod kept;
mod reader;

pub use cache::{CredentialCache, ReadCredentials};
pub use reader::ApiSecret;
