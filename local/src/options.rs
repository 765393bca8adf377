//! What a stack is started with.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::triggers::Schedules;

/// The settings of one [`Stack`](crate::Stack). By default everything is in memory,
/// on free ports, with the simulators of Plaid and Astra, and schedules do not run by themselves.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The gateway's port; 0 for any free one, here and below.
    pub port: u16,
    /// The Plaid simulator's port.
    pub plaid_port: u16,
    /// The Astra simulator's port.
    pub astra_port: u16,
    /// The port of KMS, Secrets Manager and EventBridge.
    pub aws_port: u16,
    /// The port of DynamoDB.
    pub dynamodb_port: u16,
    /// Where the state is kept.
    pub data: Data,
    /// Which Plaid the functions talk to.
    pub plaid: Plaid,
    /// Which Astra they talk to.
    pub astra: Astra,
    /// When schedules run.
    pub schedules: Schedules,
    /// Parameters of the template, in place of the values that they have on a laptop.
    pub parameters: BTreeMap<String, String>,
    /// Where the functions find DynamoDB, if something stands in between: a test's proxy.
    pub dynamodb_proxy: Option<Url>,
    /// The same for KMS, Secrets Manager and EventBridge.
    pub aws_proxy: Option<Url>,
    /// A Lambda Invoke API that runs the functions instead of the linked handlers.
    pub lambda: Option<Url>,
    /// A file to write the functions' environment variables to, besides the one in
    /// the data folder.
    pub env_file: Option<PathBuf>,
}

/// Where a stack keeps its state.
#[derive(Clone, Debug, Default)]
pub enum Data {
    /// In memory: it ends with the stack.
    #[default]
    InMemory,
    /// In a folder: it survives restarts and crashes.
    Dir(PathBuf),
}

/// Which Plaid the functions talk to.
#[derive(Clone)]
pub enum Plaid {
    /// The simulator in this process.
    Simulator {
        /// How long it waits before each answer.
        latency: Duration,
    },
    /// Plaid's own Sandbox, over the internet.
    Sandbox {
        /// The client id of the Plaid Dashboard.
        client_id: String,
        /// The Sandbox secret of the Plaid Dashboard.
        secret: String,
    },
}

/// Which Astra the functions talk to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Astra {
    /// The simulator in this process. It asks Plaid's simulator about processor tokens, so
    /// beside the real Plaid there is none.
    #[default]
    Simulator,
    /// None: it is switched off.
    Off,
}

impl Default for Plaid {
    fn default() -> Self {
        Self::Simulator {
            latency: Duration::ZERO,
        }
    }
}

impl fmt::Debug for Plaid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Simulator { latency } => formatter
                .debug_struct("Simulator")
                .field("latency", latency)
                .finish(),
            // The keys stay out of logs.
            Self::Sandbox { .. } => formatter.debug_struct("Sandbox").finish_non_exhaustive(),
        }
    }
}
