//! The Plaid Sandbox simulator as a program.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use plaid_sandbox::{DEFAULT_CLIENT_ID, DEFAULT_SECRET, Options, Simulator};
use sandbox_kit::program;

const EXAMPLES: &str = "\
Examples:
  plaid-sandbox
  plaid-sandbox --port 0 --state-file plaid.jsonl --latency-ms 200 --verbose

It prints `ready http://127.0.0.1:3001`. Then, from another shell:
  base=http://127.0.0.1:3001

  A bank that a user linked, as Plaid's Sandbox makes one
    curl $base/sandbox/public_token/create -H 'Content-Type: application/json' \\
      -H 'PLAID-CLIENT-ID: sandbox-client-id' -H 'PLAID-SECRET: sandbox-secret' \\
      -d '{\"institution_id\": \"ins_109508\", \"initial_products\": [\"auth\"]}'
  The next exchange works, and its answer is lost
    curl $base/simulator/faults \\
      -d '{\"endpoint\": \"/item/public_token/exchange\", \"kind\": \"lose_answer\"}'
  A webhook, signed as Plaid signs
    curl $base/simulator/webhooks/send -d '{\"url\": \"http://127.0.0.1:4000/webhooks\",
      \"webhook_type\": \"LINK\", \"webhook_code\": \"SESSION_FINISHED\"}'
  A day later
    curl $base/simulator/clock -d '{\"advance_seconds\": 86400}'
  Every live Item; every call that was made; every webhook that was sent
    curl $base/simulator/items
    curl $base/simulator/requests
    curl $base/simulator/webhooks";

/// A simulator of the Plaid Sandbox. It listens on 127.0.0.1 only.
///
/// Point your Plaid client's base URL at it. The controls for tests are under
/// /simulator; the README lists them.
#[derive(Debug, Parser)]
#[command(name = "plaid-sandbox", version, after_long_help = EXAMPLES)]
struct Arguments {
    /// The port to listen on; 0 takes any free one
    #[arg(long, default_value_t = 3001)]
    port: u16,
    /// How long each of Plaid's answers takes, at least
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 0)]
    latency_ms: u64,
    /// Where to keep the state; without it, the state ends with the program
    #[arg(long, value_name = "FILE")]
    state_file: Option<PathBuf>,
    /// The client id to accept
    #[arg(long, default_value = DEFAULT_CLIENT_ID)]
    client_id: String,
    /// The secret to accept
    #[arg(long, default_value = DEFAULT_SECRET)]
    secret: String,
    /// Also log every call and every webhook, on standard error
    #[arg(long)]
    verbose: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    program::main("plaid-sandbox", arguments.verbose, run(arguments)).await
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    // The port first: two programs must not write to one state file.
    let listener = program::listen(arguments.port).await?;
    let address = listener.local_addr()?;
    let simulator = Simulator::open(options(arguments)).await?;
    println!("ready http://{address}");
    simulator.serve(listener, program::interrupted()).await?;
    Ok(())
}

fn options(arguments: Arguments) -> Options {
    Options {
        client_id: arguments.client_id,
        secret: arguments.secret,
        latency: Duration::from_millis(arguments.latency_ms),
        state_file: arguments.state_file,
        ..Options::default()
    }
}
