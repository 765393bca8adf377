//! The AWS services that the functions use, inside this process: DynamoDB
//! ([`dynamodb`]) on one port; KMS, Secrets Manager and EventBridge ([`services`]) on
//! another. [`events`] has what was put on EventBridge.

pub mod accounting;
pub mod dynamodb;
pub mod events;
mod persistence;
pub mod services;

pub use persistence::PersistenceError;
