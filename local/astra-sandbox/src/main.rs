//! The Astra Sandbox simulator as a program.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use astra_sandbox::{DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, Options, Simulator};
use clap::Parser;
use sandbox_kit::program;

const EXAMPLES: &str = "\
Examples:
  astra-sandbox
  astra-sandbox --port 0 --plaid-url http://127.0.0.1:3001 --state-file astra.json --verbose

It prints `ready http://127.0.0.1:3002`. Then, from another shell:
  base=http://127.0.0.1:3002

  What a user does on the authorize page, without a browser
    curl $base/simulator/authorizations -d '{\"url\": \"'$base'/login/oauth/authorize?\\
client_id=astra-client-id&response_type=code&redirect_uri=http://127.0.0.1:4000/astra\"}'
  The next hand-over works, and its answer is lost
    curl $base/simulator/faults \\
      -d '{\"endpoint\": \"POST /v1/accounts/processor_token\", \"kind\": \"lose_answer\"}'
  Ten days later
    curl $base/simulator/clock -d '{\"advance_seconds\": 864000}'
  Every user with what of their tokens works; every account; every call that was made
    curl $base/simulator/users
    curl $base/simulator/accounts
    curl $base/simulator/requests";

/// A simulator of the Astra Sandbox. It listens on 127.0.0.1 only.
///
/// Point your Astra client's base URL at it, and send users to its page at
/// /login/oauth/authorize. The controls for tests are under /simulator; the README lists
/// them.
#[derive(Debug, Parser)]
#[command(name = "astra-sandbox", version, after_long_help = EXAMPLES)]
struct Arguments {
    /// The port to listen on; 0 takes any free one
    #[arg(long, default_value_t = 3002)]
    port: u16,
    /// The Plaid simulator, which knows processor tokens
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:3001")]
    plaid_url: String,
    /// The client id for that simulator
    #[arg(long, default_value = "sandbox-client-id")]
    plaid_client_id: String,
    /// The secret for that simulator
    #[arg(long, default_value = "sandbox-secret")]
    plaid_secret: String,
    /// How long each of Astra's answers takes, at least
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 0)]
    latency_ms: u64,
    /// Answer with objects as the one element of an array
    #[arg(long)]
    wrap_in_array: bool,
    /// Where to keep the state; without it, the state ends with the program
    #[arg(long, value_name = "FILE")]
    state_file: Option<PathBuf>,
    /// The client id to accept
    #[arg(long, default_value = DEFAULT_CLIENT_ID)]
    client_id: String,
    /// The client secret to accept
    #[arg(long, default_value = DEFAULT_CLIENT_SECRET)]
    client_secret: String,
    /// Also log every call, on standard error
    #[arg(long)]
    verbose: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    program::main("astra-sandbox", arguments.verbose, run(arguments)).await
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    // The port first: two programs must not write to one state file.
    let listener = program::listen(arguments.port).await?;
    let address = listener.local_addr()?;
    let simulator = Simulator::open(options(arguments))?;
    println!("ready http://{address}");
    simulator.serve(listener, program::interrupted()).await?;
    Ok(())
}

fn options(arguments: Arguments) -> Options {
    Options {
        client_id: arguments.client_id,
        client_secret: arguments.client_secret,
        plaid_url: arguments.plaid_url,
        plaid_client_id: arguments.plaid_client_id,
        plaid_secret: arguments.plaid_secret,
        latency: Duration::from_millis(arguments.latency_ms),
        wrap_in_array: arguments.wrap_in_array.then_some(true),
        state_file: arguments.state_file,
        ..Options::default()
    }
}
