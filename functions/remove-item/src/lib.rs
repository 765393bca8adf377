//! `DELETE /v1/items/{item_id}`: the Item's accounts go at Astra, then the Item at Plaid, then
//! its tokens here. For servers,
//! `DELETE /v1/server/users/{user_id}`: everything of a user goes.

mod handler;

use shared::live::{self, LiveAstra, LivePlaid, StartError};
use shared::settings::{Environment, Reader};
use shared::store::Table;
use shared::system_clock::SystemClock;
use shared::vault::KmsVault;

pub use handler::handler;

/// What the function needs from outside.
pub struct Deps<P, A, S, V, C> {
    /// Plaid.
    pub plaid: P,
    /// Astra; none where it is switched off.
    pub astra: Option<A>,
    /// The table.
    pub store: S,
    /// The vault.
    pub vault: V,
    /// The time.
    pub clock: C,
}

/// The needs over the real world.
pub type LiveDeps = Deps<LivePlaid, LiveAstra, Table, KmsVault, SystemClock>;

/// Reads the settings and builds the clients.
///
/// # Errors
/// The environment is not complete, or TLS could not be set up.
pub async fn connect(environment: &Environment) -> Result<LiveDeps, StartError> {
    let (adapters, astra) = live::connect(environment, Reader::astra).await?;
    Ok(Deps {
        plaid: adapters.plaid,
        astra: live::astra_if_any(&adapters.config, astra.as_ref())?,
        store: adapters.store,
        vault: adapters.vault,
        clock: SystemClock,
    })
}
