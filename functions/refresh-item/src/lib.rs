//! `POST /v1/items/{item_id}/refresh`: after update mode, bring the Item to what Plaid says
//! now. The browser's word that update mode went well is not believed, only followed up.

mod handler;

use shared::domain::Processor;
use shared::live::{self, LivePlaid, StartError};
use shared::settings::{Environment, Reader};
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
    let (adapters, processor) = live::connect(environment, Reader::processor).await?;
    Ok(Deps {
        plaid: adapters.plaid,
        store: adapters.store,
        vault: adapters.vault,
        clock: SystemClock,
        processor,
    })
}
