//! Sets up the functions of the template: the linked handlers, or an Invoke API.

use std::collections::BTreeMap;
use std::sync::Arc;

use shared::settings::Environment;
use tokio::task::JoinSet;
use url::Url;

use super::linked::{self, ConnectError};
use super::remote::{self, ClientError, Remote};
use super::{Deployed, Function, Runner};
use crate::environment;
use crate::template::FunctionResource;

/// Why the functions could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeployError {
    /// A linked function.
    #[error("the function {name} did not start")]
    Linked {
        /// The function's package.
        name: String,
        /// Why.
        #[source]
        source: ConnectError,
    },
    /// The client of the Lambda Invoke API.
    #[error("the Lambda Invoke API cannot be used")]
    Lambda(#[from] ClientError),
    /// A function's setup panicked.
    #[error("the setup of a function panicked")]
    Panicked(#[source] tokio::task::JoinError),
}

/// A runner with all functions: behind the Invoke API at `lambda`, or linked.
pub(crate) async fn deploy(
    functions: &[FunctionResource],
    aws: &BTreeMap<String, String>,
    lambda: Option<&Url>,
) -> Result<Runner, DeployError> {
    let implementations = match lambda {
        Some(base) => behind(base, functions)?,
        None => linked(functions, aws).await?,
    };
    Ok(Runner::new(functions.iter().filter_map(|function| {
        let implementation = implementations.get(&function.package)?;
        let deployed = Deployed {
            timeout: function.timeout,
            function: Arc::clone(implementation),
        };
        Some((function.package.clone(), deployed))
    })))
}

type Implementations = BTreeMap<String, Arc<dyn Function>>;

fn behind(base: &Url, functions: &[FunctionResource]) -> Result<Implementations, ClientError> {
    let client = remote::client()?;
    functions
        .iter()
        .map(|function| {
            let remote = Remote::new(client.clone(), base, &function.package)?;
            Ok((
                function.package.clone(),
                Arc::new(remote) as Arc<dyn Function>,
            ))
        })
        .collect()
}

/// All at once: each may wait for its first connections.
async fn linked(
    functions: &[FunctionResource],
    aws: &BTreeMap<String, String>,
) -> Result<Implementations, DeployError> {
    let mut connecting = JoinSet::new();
    for function in functions {
        let name = function.package.clone();
        let environment: Environment = environment::of_function(function, aws)
            .into_iter()
            .collect();
        connecting.spawn(async move {
            let connected = linked::connect(&name, &environment).await;
            (name, connected)
        });
    }
    let mut implementations = Implementations::new();
    while let Some(connected) = connecting.join_next().await {
        let (name, connected) = connected.map_err(DeployError::Panicked)?;
        match connected {
            Ok(function) => drop(implementations.insert(name, function)),
            Err(source) => return Err(DeployError::Linked { name, source }),
        }
    }
    Ok(implementations)
}
