//! `cargo local doctor`: what is wrong with a stack, and how to mend it.
//!
//! From inside (`inside`), with the functions' variables, it reads settings, secrets, table and
//! key as the functions do, asks Plaid for a link token as create-link-token does, and Astra
//! for tokens that it will not give. From outside (`outside`, `as_user`, `connect_astra`) it
//! calls the API as strangers, as Plaid and as a user.

mod as_user;
mod astra;
mod connect_astra;
mod http;
mod inside;
mod mends;
mod options;
mod outside;
mod plaid;
mod report;
mod settings;
mod stored;
mod table;
mod variables;
mod webhook;

use std::path::Path;
use std::time::Duration;

use shared::aws::TlsError;
use shared::settings::Environment;
use shared::upstream::ClientError;

use crate::data_dir::{self, DataDirError};
use crate::functions::remote;

pub use options::{Options, OptionsError, Subject};
pub use report::{Check, Finding, Outcome, Trouble};

/// How long one check may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a stack could not be looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DoctorError {
    /// A file of the command line.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The data folder.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// TLS towards AWS.
    #[error(transparent)]
    Aws(#[from] TlsError),
    /// TLS towards Plaid or Astra.
    #[error(transparent)]
    Upstream(#[from] ClientError),
    /// TLS towards the stack.
    #[error(transparent)]
    Http(#[from] remote::ClientError),
}

/// Looks at a stack and shows each finding as soon as it is there. `process` has the AWS
/// credentials that go with a file of variables.
///
/// # Errors
/// A file cannot be read, or TLS could not be set up. What is wrong with the stack is no
/// error, but a finding.
pub async fn examine(
    subject: &Subject,
    process: &Environment,
    mut show: impl FnMut(Finding),
) -> Result<(), DoctorError> {
    let http = http::client()?;
    match subject {
        Subject::Local(folder) => {
            let Some(text) = variables_in(folder)? else {
                inside::no_stack(&folder.display().to_string(), &mut show);
                return Ok(());
            };
            let environment = variables::parse(&text).into_iter().collect();
            inside::check(&environment, &http, &mut show).await
        }
        Subject::Variables(file) => {
            let variables = variables::parse(&options::text(file)?);
            let variables = variables::completed(variables, process);
            inside::check(&variables.into_iter().collect(), &http, &mut show).await
        }
        Subject::Outside { url, token, origin } => {
            outside::check(http, url, token.as_deref(), origin.as_deref(), &mut show).await;
            Ok(())
        }
    }
}

/// The file that a stack writes when it starts.
fn variables_in(folder: &Path) -> Result<Option<String>, DataDirError> {
    let content = data_dir::read(&folder.join("env"))?;
    Ok(content.map(|content| String::from_utf8_lossy(&content).into_owned()))
}
