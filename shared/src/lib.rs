//! The common crate: everything that more than one function links.
//!
//! Arrows point downwards only (a test in `tests/rooms.rs` holds them):
//!
//! ```text
//! functions -> use_cases, http, plaid, astra, store, vault, secrets, event_bus, aws,
//!              telemetry, settings
//!           -> ports -> domain
//! ```
//!
//! - `domain`: ids, tokens, Items, exchanges, webhooks and their rules; pure
//! - `ports`: what the use cases need from outside, and what it must promise
//! - `use_cases`: what several functions drive, over ports only
//! - `plaid`, `astra`, `store`, `vault`, `secrets`, `event_bus`: the adapters; none imports
//!   another
//! - `upstream`: what `plaid` and `astra` have in common: connecting, waiting, reading
//! - `aws`: how every AWS client is set up
//! - `http`: callers, bodies, answers, problems
//! - `stream`: what a function gets from DynamoDB's stream, and answers
//! - `live`: the adapters put together as every function uses them
//! - `telemetry`, `settings`, `system_clock`: logs, the environment, the time
//! - `test_util` (feature `test-util`): for tests of every room

pub mod astra;
pub mod aws;
pub mod domain;
pub mod event_bus;
pub mod http;
pub mod live;
pub mod plaid;
pub mod ports;
pub mod secrets;
pub mod settings;
pub mod store;
pub mod stream;
pub mod system_clock;
pub mod telemetry;
#[cfg(any(test, feature = "test-util"))]
pub mod test_util;
pub mod upstream;
pub mod use_cases;
pub mod vault;
