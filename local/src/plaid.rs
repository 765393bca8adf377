//! The Plaid that the functions talk to: the simulator in this process, or the real one.

use std::path::PathBuf;

use plaid_sandbox::Simulator;
use serde_json::json;

use crate::options::Plaid;
use crate::ports::Bound;
use crate::server::Server;

/// The value of the secret that the functions read Plaid's keys from.
pub(crate) fn secret(plaid: &Plaid) -> String {
    let simulator = plaid_sandbox::Options::default();
    let (client_id, secret) = match plaid {
        Plaid::Simulator { .. } => (&simulator.client_id, &simulator.secret),
        Plaid::Sandbox { client_id, secret } => (client_id, secret),
    };
    json!({ "client_id": client_id, "secret": secret }).to_string()
}

/// Starts the simulator, unless the stack uses the real Plaid.
pub(crate) async fn start(
    plaid: &Plaid,
    state_file: Option<PathBuf>,
    bound: Option<Bound>,
) -> Result<Option<Server>, plaid_sandbox::OpenError> {
    let (Plaid::Simulator { latency }, Some(bound)) = (plaid, bound) else {
        return Ok(None);
    };
    let options = plaid_sandbox::Options {
        latency: *latency,
        state_file,
        ..plaid_sandbox::Options::default()
    };
    let simulator = Simulator::open(options).await?;
    let listener = bound.listener;
    Ok(Some(Server::start(
        "the Plaid simulator",
        |shutdown| async move { simulator.serve(listener, shutdown).await },
    )))
}
