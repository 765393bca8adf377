//! The whole system in one process, for a laptop and for tests.
//!
//! | room | what it stands for |
//! | --- | --- |
//! | [`template`] | `CloudFormation` and SAM: what `template.yaml` says |
//! | [`gateway`] | API Gateway; `POST /dev/login` in place of an identity provider, `POST /dev/invoke/{package}` in place of Lambda's Invoke API, and `GET /dev/events` |
//! | [`functions`] | Lambda |
//! | [`triggers`] | what starts functions besides HTTP: streams, schedules, event rules |
//! | [`aws`] | DynamoDB, KMS, Secrets Manager, EventBridge |
//! | [`data_dir`] | the disk |
//! | [`doctor`] | whoever has to find out what is wrong with a stack |
//!
//! [`Stack`] puts them together. Stacks in one process share nothing: each has its own
//! ports, state and environment variables.

pub mod aws;
pub mod cli;
pub mod data_dir;
pub mod doctor;
mod environment;
pub mod functions;
pub mod gateway;
mod options;
mod plaid;
mod ports;
mod server;
mod stack;
pub mod template;
pub mod triggers;

pub use options::{Data, Options, Plaid};
pub use ports::{Port, PortError};
pub use stack::{Progress, Stack, StartError};
pub use triggers::Schedules;
