//! The Plaid Sandbox simulator as a program.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use plaid_sandbox::{DEFAULT_CLIENT_ID, DEFAULT_SECRET, Options, Simulator};
use tokio::net::TcpListener;
use tracing_subscriber::filter::LevelFilter;

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
    let level = if arguments.verbose {
        LevelFilter::DEBUG
    } else {
        LevelFilter::WARN
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .init();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("plaid-sandbox: {message}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    let Arguments {
        port,
        latency_ms,
        state_file,
        client_id,
        secret,
        verbose: _,
    } = arguments;
    // The port first: two programs must not write to one state file.
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|error| {
            if error.kind() == std::io::ErrorKind::AddrInUse {
                format!("port {port} is taken; choose another with --port")
            } else {
                format!("cannot listen on port {port}: {error}")
            }
        })?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let options = Options {
        client_id,
        secret,
        latency: Duration::from_millis(latency_ms),
        state_file,
        ..Options::default()
    };
    let simulator = Simulator::open(options)
        .await
        .map_err(|error| explain(&error))?;
    println!("ready http://{address}");
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            // Without the signal, the program ends as any other: by being killed.
            std::future::pending::<()>().await;
        }
    };
    simulator
        .serve(listener, interrupted)
        .await
        .map_err(|error| error.to_string())
}

/// An error with its causes, in one line.
fn explain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
