//! `cargo local restore`: a restored table's records, into the table of a new stack.

mod copy;
mod options;

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use shared::aws::{TlsError, sdk_config};
use shared::settings::{AwsSettings, Environment, Reader, SettingsError};

pub use copy::{Copied, CopyError, Place, copy};
pub use options::Options;

/// A new table takes more only after a while.
const ATTEMPTS: u32 = 12;

/// Why a table was not restored. What was copied stays; running it again goes on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The credentials.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// TLS towards AWS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// It would be its own source.
    #[error("--from and --to are the same table")]
    SameTable,
    /// A table.
    #[error(transparent)]
    Copy(#[from] CopyError),
}

/// Copies the one table into the other, and shows how many records it has looked at.
///
/// # Errors
/// See [`RestoreError`].
pub async fn restore(
    options: &Options,
    environment: &Environment,
    show: impl Fn(Copied) + Send + Sync + 'static,
) -> Result<Copied, RestoreError> {
    if options.from == options.to {
        return Err(RestoreError::SameTable);
    }
    let client = patient_client(&Reader::read(environment, Reader::aws)?)?;
    let place = |table: &str| Place {
        client: client.clone(),
        table: table.to_owned(),
    };
    let (from, to) = (place(&options.from), place(&options.to));
    Ok(copy(&from, &to, options.at_once, Arc::new(show)).await?)
}

/// Whoever copies has more time than a function has.
fn patient_client(settings: &AwsSettings) -> Result<Client, TlsError> {
    let mut config = Builder::from(&sdk_config(settings)?)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(TimeoutConfig::disabled());
    if let Some(endpoint) = &settings.dynamodb_endpoint_url {
        config = config.endpoint_url(endpoint);
    }
    Ok(Client::from_conf(config.build()))
}
