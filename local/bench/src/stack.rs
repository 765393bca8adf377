//! The stack that is measured, as a process of its own: this very program, started once
//! more.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use local::{Astra, Plaid, Schedules, Stack};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::Failure;

/// The stack that is measured
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How long Plaid takes for each answer, in milliseconds
    #[arg(long, default_value_t = 0)]
    plaid_latency_ms: u64,
    /// Whether functions run at all
    #[arg(long)]
    without_functions: bool,
}

/// Where functions are that nobody runs.
const NOWHERE: &str = "http://127.0.0.1:9";

/// Where it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Address {
    pub(crate) gateway: String,
    pub(crate) plaid: String,
    pub(crate) dynamodb: String,
    pub(crate) table: String,
    /// What its functions have in their environment.
    pub(crate) variables: BTreeMap<String, String>,
}

/// A stack that runs until this is dropped.
pub(crate) struct Running {
    pub(crate) address: Address,
    _child: Child,
}

impl Running {
    pub(crate) async fn start(plaid_latency: Duration) -> Result<Self, Failure> {
        let latency = plaid_latency.as_millis().to_string();
        Self::start_with(&["--plaid-latency-ms", &latency]).await
    }

    /// A stack whose functions do not run: others run them.
    pub(crate) async fn start_without_functions() -> Result<Self, Failure> {
        Self::start_with(&["--without-functions"]).await
    }

    async fn start_with(options: &[&str]) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("stack")
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().ok_or("the stack has no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = lines.next_line().await?.ok_or("the stack does not start")?;
        Ok(Self {
            address: serde_json::from_str(&line)?,
            _child: child,
        })
    }
}

/// Runs a stack in memory, says where it is, and stops when its input ends.
pub(crate) async fn serve(options: &Options) -> Result<(), Failure> {
    let nowhere = options.without_functions.then(|| NOWHERE.parse());
    let stack = Stack::start(local::Options {
        plaid: Plaid::Simulator {
            latency: Duration::from_millis(options.plaid_latency_ms),
        },
        // It would do its part beside what is measured.
        astra: Astra::Off,
        schedules: if options.without_functions {
            Schedules::default()
        } else {
            Schedules::AsInTemplate
        },
        lambda: nowhere.transpose()?,
        ..local::Options::default()
    })
    .await?;
    let table = stack.environment().get("TABLE_NAME").cloned();
    let address = Address {
        gateway: stack.gateway_url().to_owned(),
        plaid: stack.plaid_url().ok_or("no simulator")?.to_owned(),
        dynamodb: stack.dynamodb_url().to_owned(),
        table: table.ok_or("no table")?,
        variables: stack.environment().clone(),
    };
    println!("{}", serde_json::to_string(&address)?);
    let mut nothing = Vec::new();
    tokio::io::stdin().read_to_end(&mut nothing).await?;
    stack.stop().await;
    Ok(())
}
