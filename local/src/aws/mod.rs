//! The AWS services that the functions use, inside this process: DynamoDB
//! ([`dynamodb`]) on one port, KMS and Secrets Manager ([`services`]) on another.

pub mod dynamodb;
mod persistence;
pub mod services;

pub use persistence::PersistenceError;
