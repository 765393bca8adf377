//! What a simulator is started with.

use std::path::PathBuf;
use std::time::Duration;

use crate::Clock;
use crate::store::StoreError;

/// The client id that the simulator accepts unless told otherwise.
pub const DEFAULT_CLIENT_ID: &str = "astra-client-id";
/// The client secret that the simulator accepts unless told otherwise.
pub const DEFAULT_CLIENT_SECRET: &str = "astra-client-secret";

/// The settings of one [`Simulator`](crate::Simulator).
#[derive(Clone, Debug)]
pub struct Options {
    /// The application's client id.
    pub client_id: String,
    /// The application's client secret.
    pub client_secret: String,
    /// The Plaid simulator that processor tokens are checked against, on this machine.
    pub plaid_url: String,
    /// The client id with which Astra calls Plaid.
    pub plaid_client_id: String,
    /// The secret with which Astra calls Plaid.
    pub plaid_secret: String,
    /// How long an answer on one of Astra's paths takes, at least.
    pub latency: Duration,
    /// Whether objects come as the one element of an array, as Astra's older pages show;
    /// `None` leaves it to the setting.
    pub wrap_in_array: Option<bool>,
    /// Where the state is kept. Without it, it ends with the process.
    pub state_file: Option<PathBuf>,
    /// The time it is.
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            client_id: DEFAULT_CLIENT_ID.to_owned(),
            client_secret: DEFAULT_CLIENT_SECRET.to_owned(),
            plaid_url: "http://127.0.0.1:3001".to_owned(),
            plaid_client_id: "sandbox-client-id".to_owned(),
            plaid_secret: "sandbox-secret".to_owned(),
            latency: Duration::ZERO,
            wrap_in_array: None,
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
    /// The Plaid simulator's address is not one of this machine.
    #[error("the Plaid simulator must be at http://127.0.0.1 or http://localhost, not at {0:?}")]
    PlaidUrl(String),
    /// The HTTP client that calls Plaid could not be built.
    #[error("the HTTP client that calls Plaid cannot be built")]
    HttpClient(#[source] reqwest::Error),
    /// The TLS settings of that client could not be built.
    #[error("the TLS settings of the HTTP client cannot be built")]
    Tls(#[source] rustls::Error),
}
