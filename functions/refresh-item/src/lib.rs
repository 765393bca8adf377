//! `POST /v1/items/{item_id}/refresh`: after update mode, bring the Item to what Plaid says
//! now. The browser's word that update mode went well is not believed, only followed up.

mod handler;

use shared::aws::sdk_config;
use shared::domain::Processor;
use shared::live::{self, LivePlaid, StartError};
use shared::settings::{Environment, Reader, WARM_UP};
use shared::store::Table;
use shared::system_clock::SystemClock;
use shared::vault::KmsVault;

pub use handler::handler;

/// What the function needs from outside.
pub struct Deps<P, S, V, C> {
    /// Plaid.
    pub plaid: P,
    /// The table.
    pub store: S,
    /// The vault.
    pub vault: V,
    /// The time.
    pub clock: C,
    /// The processor that tokens are made for.
    pub processor: Processor,
}

/// The needs over the real world.
pub type LiveDeps = Deps<LivePlaid, Table, KmsVault, SystemClock>;

/// Reads the settings and builds the clients.
///
/// # Errors
/// The environment is not complete, or TLS could not be set up.
pub async fn connect(environment: &Environment) -> Result<LiveDeps, StartError> {
    let (aws, table, plaid, vault, processor) = Reader::read(environment, |reader| {
        let aws = reader.aws();
        let table = reader.table_name();
        let plaid = reader.plaid();
        let vault = reader.vault();
        let processor = reader.processor();
        Some((aws?, table?, plaid?, vault?, processor?))
    })?;
    let config = sdk_config(&aws)?;
    let deps = Deps {
        plaid: live::plaid(&config, plaid)?,
        store: Table::new(&config, &aws, table),
        vault: KmsVault::new(&config, &vault),
        clock: SystemClock,
        processor,
    };
    deps.plaid.warm_up(WARM_UP).await;
    Ok(deps)
}
