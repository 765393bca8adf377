//! The common crate: everything that more than one function links.
//!
//! Arrows point downwards only (a test in `tests/rooms.rs` holds them):
//!
//! ```text
//! functions -> use_cases, http, plaid, store, vault, secrets, aws, telemetry, settings
//!           -> ports -> domain
//! ```
//!
//! - `domain`: ids, tokens, Items, exchanges, webhooks and their rules; pure
//! - `ports`: what the use cases need from outside, and what it must promise
//! - `use_cases`: what several functions drive, over ports only
//! - `plaid`, `store`, `vault`, `secrets`: the adapters; none imports another
//! - `aws`: how every AWS client is set up
//! - `http`: callers, bodies, answers, problems
//! - `telemetry`, `settings`, `system_clock`: logs, the environment, the time
//! - `test_util` (feature `test-util`): for tests of every room

pub mod aws;
pub mod domain;
pub mod http;
pub mod plaid;
pub mod ports;
pub mod secrets;
pub mod settings;
pub mod store;
pub mod system_clock;
pub mod telemetry;
#[cfg(any(test, feature = "test-util"))]
pub mod test_util;
pub mod use_cases;
pub mod vault;

/// A function that cannot start: every reason that its `connect` may meet.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The environment is not complete.
    #[error(transparent)]
    Settings(#[from] settings::SettingsError),
    /// AWS clients could not be built.
    #[error(transparent)]
    Aws(#[from] aws::TlsError),
    /// The client of Plaid's API could not be built.
    #[error(transparent)]
    Plaid(#[from] plaid::ClientError),
}
