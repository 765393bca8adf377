//! Events of our own bus: a user connected Astra, an account got its processor token or lost
//! it. What they mean for Astra is in `shared::use_cases::astra`, because the reconciler
//! drives the same, for whatever was left.

mod event;
mod handler;

use shared::live::{self, LiveAstra, StartError};
use shared::settings::{Environment, Reader};
use shared::store::Table;
use shared::system_clock::SystemClock;
use shared::vault::KmsVault;

pub use event::Event;
pub use handler::handler;

/// What the function needs from outside.
pub struct Deps<A, S, V, C> {
    /// Astra.
    pub astra: A,
    /// The table.
    pub store: S,
    /// The vault.
    pub vault: V,
    /// The time.
    pub clock: C,
}

/// The needs over the real world.
pub type LiveDeps = Deps<LiveAstra, Table, KmsVault, SystemClock>;

/// Reads the settings and builds the clients.
///
/// # Errors
/// The environment is not complete, Astra is switched off, or TLS could not be set up.
pub async fn connect(environment: &Environment) -> Result<LiveDeps, StartError> {
    let (stores, astra) = live::connect_without_plaid(environment, Reader::astra_at_hand).await?;
    Ok(Deps {
        astra: live::astra(&stores.config, &astra)?,
        store: stores.store,
        vault: stores.vault,
        clock: SystemClock,
    })
}
