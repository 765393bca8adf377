//! The stream of the inbox: brings Items to what Plaid says now. A webhook is only a hint;
//! the steps are in `shared::use_cases::inbox`, because the reconciler drives them too, for
//! webhooks that have to wait.

mod handler;

use shared::live::{self, LivePlaid, StartError, exchange_settings};
use shared::settings::{Environment, Reader};
use shared::store::Table;
use shared::system_clock::SystemClock;
use shared::use_cases::exchange::ExchangeSettings;
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
    /// How exchanges are made and answered.
    pub settings: ExchangeSettings,
}

/// The needs over the real world.
pub type LiveDeps = Deps<LivePlaid, Table, KmsVault, SystemClock>;

/// Reads the settings and builds the clients.
///
/// # Errors
/// The environment is not complete, or TLS could not be set up.
pub async fn connect(environment: &Environment) -> Result<LiveDeps, StartError> {
    let (adapters, linking) = live::connect(environment, Reader::linking).await?;
    Ok(Deps {
        plaid: adapters.plaid,
        store: adapters.store,
        vault: adapters.vault,
        clock: SystemClock,
        settings: exchange_settings(linking),
    })
}
