//! The Astra that the functions talk to: the simulator in this process.

use std::path::PathBuf;

use astra_sandbox::{OpenError, Options, Simulator};
use serde_json::json;

use crate::ports::Bound;
use crate::server::Server;

/// The value of the secret that the functions read Astra's keys from.
pub(crate) fn secret() -> String {
    let Options {
        client_id,
        client_secret,
        ..
    } = Options::default();
    json!({ "client_id": client_id, "secret": client_secret }).to_string()
}

/// Starts the simulator beside that of Plaid, which knows the processor tokens.
pub(crate) fn start(
    plaid_url: &str,
    state_file: Option<PathBuf>,
    bound: Bound,
) -> Result<Server, OpenError> {
    let simulator = Simulator::open(Options {
        plaid_url: plaid_url.to_owned(),
        state_file,
        ..Options::default()
    })?;
    let listener = bound.listener;
    Ok(Server::start(
        "the Astra simulator",
        |shutdown| async move { simulator.serve(listener, shutdown).await },
    ))
}
