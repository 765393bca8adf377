//! The adapters put together as every function uses them: what is real, in one place.

use aws_types::SdkConfig;

use crate::astra::AstraClient;
use crate::aws::{TlsError, sdk_config};
use crate::domain::{PlaidEnvironment, VaultId};
use crate::http::{render_item, render_item_with_tokens};
use crate::plaid::PlaidClient;
use crate::secrets::{ApiSecret, CredentialCache};
use crate::settings::{
    AstraSettings, Environment, LinkingSettings, LocalRoot, PlaidSettings, Reader, SettingsError,
    WARM_UP,
};
use crate::store::Table;
use crate::system_clock::SystemClock;
use crate::upstream::ClientError;
use crate::use_cases::exchange::ExchangeSettings;
use crate::vault::KmsVault;

/// Plaid's API with credentials from Secrets Manager.
pub type LivePlaid = PlaidClient<CredentialCache<ApiSecret, SystemClock>, SystemClock>;

/// Astra's API with credentials from Secrets Manager.
pub type LiveAstra = AstraClient<CredentialCache<ApiSecret, SystemClock>, SystemClock>;

/// A function that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The environment is not complete.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// AWS clients could not be built.
    #[error(transparent)]
    Aws(#[from] TlsError),
    /// The client of an API beyond AWS could not be built.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// What nearly every function needs: Plaid, the table and the vault.
pub struct Adapters {
    /// Plaid's API, with a connection that is open already.
    pub plaid: LivePlaid,
    /// Which of Plaid's environments it is.
    pub environment: PlaidEnvironment,
    /// The table.
    pub store: Table,
    /// The vault.
    pub vault: KmsVault,
    /// Its name.
    pub vault_id: VaultId,
    /// How further clients of AWS are set up.
    pub config: SdkConfig,
}

/// Reads their settings, and `more` of a function's own, and connects them.
///
/// # Errors
/// The environment is not complete, or TLS could not be set up.
pub async fn connect<'a, T>(
    variables: &'a Environment,
    more: impl FnOnce(&mut Reader<'a>) -> Option<T>,
) -> Result<(Adapters, T), StartError> {
    let (aws, table, plaid, vault, more) = Reader::read(variables, |reader| {
        let aws = reader.aws();
        let table = reader.table_name();
        let plaid = reader.plaid();
        let vault = reader.vault();
        let more = more(reader);
        Some((aws?, table?, plaid?, vault?, more?))
    })?;
    let config = sdk_config(&aws)?;
    let adapters = Adapters {
        environment: plaid.environment,
        plaid: self::plaid(&config, plaid)?,
        store: Table::new(&config, &aws, table),
        vault: KmsVault::new(&config, &vault),
        vault_id: vault.vault_id,
        config,
    };
    adapters.plaid.warm_up(WARM_UP).await;
    Ok((adapters, more))
}

/// What a function needs that has nothing to do with Plaid: the table and the vault.
pub struct Stores {
    /// The table.
    pub store: Table,
    /// The vault.
    pub vault: KmsVault,
    /// How further clients of AWS are set up.
    pub config: SdkConfig,
}

/// The same without Plaid.
///
/// # Errors
/// The environment is not complete, or TLS could not be set up.
pub async fn connect_without_plaid<'a, T>(
    variables: &'a Environment,
    more: impl FnOnce(&mut Reader<'a>) -> Option<T>,
) -> Result<(Stores, T), StartError> {
    let (aws, table, vault, more) = Reader::read(variables, |reader| {
        let aws = reader.aws();
        let table = reader.table_name();
        let vault = reader.vault();
        let more = more(reader);
        Some((aws?, table?, vault?, more?))
    })?;
    let config = sdk_config(&aws)?;
    let stores = Stores {
        store: Table::new(&config, &aws, table),
        vault: KmsVault::new(&config, &vault),
        config,
    };
    stores.store.warm_up(WARM_UP).await;
    Ok((stores, more))
}

/// A client of Plaid's API.
///
/// # Errors
/// TLS could not be set up.
pub fn plaid(config: &SdkConfig, settings: PlaidSettings) -> Result<LivePlaid, ClientError> {
    let secret = ApiSecret::new(config, settings.secret_id);
    let credentials = CredentialCache::new("Plaid", secret, SystemClock);
    let root = settings.local_root.as_ref().map(LocalRoot::pem);
    PlaidClient::believing(root, settings.base_url, credentials, SystemClock)
}

/// A client of Astra's API.
///
/// # Errors
/// TLS could not be set up.
pub fn astra(config: &SdkConfig, settings: &AstraSettings) -> Result<LiveAstra, ClientError> {
    let secret = ApiSecret::new(config, settings.secret_id.as_str());
    let credentials = CredentialCache::new("Astra", secret, SystemClock);
    let root = settings.local_root.as_ref().map(LocalRoot::pem);
    let base_url = settings.base_url.clone();
    AstraClient::believing(root, base_url, credentials, SystemClock)
}

/// The same where Astra may be switched off.
///
/// # Errors
/// TLS could not be set up.
pub fn astra_if_any(
    config: &SdkConfig,
    settings: Option<&AstraSettings>,
) -> Result<Option<LiveAstra>, ClientError> {
    settings.map(|settings| astra(config, settings)).transpose()
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
