//! The adapters put together as every function uses them: what is real, in one place.

use aws_types::SdkConfig;

use crate::aws::TlsError;
use crate::http::{render_item, render_item_with_tokens};
use crate::plaid::{ClientError, PlaidClient};
use crate::secrets::{CredentialCache, PlaidSecret};
use crate::settings::{LinkingSettings, PlaidSettings, SettingsError};
use crate::system_clock::SystemClock;
use crate::use_cases::exchange::ExchangeSettings;

/// Plaid's API with credentials from Secrets Manager.
pub type LivePlaid = PlaidClient<CredentialCache<PlaidSecret, SystemClock>, SystemClock>;

/// A function that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The environment is not complete.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// AWS clients could not be built.
    #[error(transparent)]
    Aws(#[from] TlsError),
    /// The client of Plaid's API could not be built.
    #[error(transparent)]
    Plaid(#[from] ClientError),
}

/// A client of Plaid's API.
///
/// # Errors
/// TLS could not be set up.
pub fn plaid(config: &SdkConfig, settings: PlaidSettings) -> Result<LivePlaid, ClientError> {
    let secret = PlaidSecret::new(config, settings.secret_id);
    let credentials = CredentialCache::new(secret, SystemClock);
    PlaidClient::new(settings.base_url, credentials, SystemClock)
}

/// How exchanges are made and answered.
pub fn exchange_settings(linking: LinkingSettings) -> ExchangeSettings {
    ExchangeSettings {
        processor: linking.processor,
        render: if linking.return_token {
            render_item_with_tokens
        } else {
            render_item
        },
        max_items: linking.max_items,
    }
}
