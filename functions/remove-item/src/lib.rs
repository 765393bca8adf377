//! `DELETE /v1/items/{item_id}`: the Item goes at Plaid, then its tokens here. For servers,
//! `DELETE /v1/server/users/{user_id}`: everything of a user goes.

mod handler;

use shared::aws::sdk_config;
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
}

/// The needs over the real world.
pub type LiveDeps = Deps<LivePlaid, Table, KmsVault, SystemClock>;

/// Reads the settings and builds the clients.
///
/// # Errors
/// The environment is not complete, or TLS could not be set up.
pub async fn connect(environment: &Environment) -> Result<LiveDeps, StartError> {
    let (aws, table, plaid, vault) = Reader::read(environment, |reader| {
        let aws = reader.aws();
        let table = reader.table_name();
        let plaid = reader.plaid();
        let vault = reader.vault();
        Some((aws?, table?, plaid?, vault?))
    })?;
    let config = sdk_config(&aws)?;
    let deps = Deps {
        plaid: live::plaid(&config, plaid)?,
        store: Table::new(&config, &aws, table),
        vault: KmsVault::new(&config, &vault),
        clock: SystemClock,
    };
    deps.plaid.warm_up(WARM_UP).await;
    Ok(deps)
}
