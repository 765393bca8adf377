//! What a simulator is started with.

use std::path::PathBuf;
use std::time::Duration;

use crate::Clock;
use crate::store::StoreError;

/// The client id that the simulator accepts unless told otherwise.
pub const DEFAULT_CLIENT_ID: &str = "sandbox-client-id";
/// The secret that the simulator accepts unless told otherwise.
pub const DEFAULT_SECRET: &str = "sandbox-secret";

/// The settings of one [`Simulator`](crate::Simulator).
#[derive(Clone, Debug)]
pub struct Options {
    /// The client id that every call must carry.
    pub client_id: String,
    /// The secret that every call must carry, until `/simulator/secrets` names others.
    pub secret: String,
    /// How long an answer on one of Plaid's paths takes, at least.
    pub latency: Duration,
    /// Where the state is kept. Without it, it ends with the process.
    pub state_file: Option<PathBuf>,
    /// The time it is.
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            client_id: DEFAULT_CLIENT_ID.to_owned(),
            secret: DEFAULT_SECRET.to_owned(),
            latency: Duration::ZERO,
            state_file: None,
            clock: Clock::system(),
        }
    }
}

/// Why a simulator could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The state file could not be read or written.
    #[error("the state file cannot be used")]
    State(#[from] StoreError),
    /// No key could be made to sign webhooks with.
    #[error("no key could be made to sign webhooks with")]
    SigningKey,
    /// The HTTP client that delivers webhooks could not be built.
    #[error("the HTTP client that delivers webhooks cannot be built")]
    HttpClient(#[source] reqwest::Error),
    /// The TLS settings for webhooks could not be built.
    #[error("the TLS settings for webhooks cannot be built")]
    Tls(#[source] rustls::Error),
}
