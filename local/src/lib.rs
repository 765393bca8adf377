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
//! | [`logs`] | `CloudWatch`, on a terminal |
//! | [`doctor`] | whoever has to find out what is wrong with a stack |
//! | [`scenarios`] | stories that a stack can start with |
//! | [`restore`] | whoever has to bring a table back |
//!
//! [`Stack`] puts them together. Stacks in one process share nothing: each has its own
//! ports, state and environment variables.

mod astra;
pub mod aws;
pub mod cli;
pub mod data_dir;
pub mod doctor;
mod environment;
pub mod functions;
pub mod gateway;
pub mod logs;
mod options;
mod plaid;
mod ports;
pub mod restore;
pub mod scenarios;
mod server;
mod stack;
pub mod template;
pub mod triggers;

pub use options::{Astra, Data, Options, Plaid};
pub use ports::{Holder, Port, PortError};
pub use stack::{Progress, Stack, StartError};
pub use triggers::Schedules;
