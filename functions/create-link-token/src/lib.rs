//! `POST /v1/link-tokens`: a link token for a new Item, for update mode of one of the
//! caller's Items, or for a page of Plaid's own (Hosted Link). The same for servers, below
//! `/v1/server/users/{user_id}`.

mod handler;
mod use_case;

use shared::domain::VaultId;
use shared::live::{self, LivePlaid, StartError};
use shared::settings::{Environment, LinkSettings, Reader};
use shared::store::Table;
use shared::system_clock::SystemClock;
use shared::vault::KmsVault;

pub use handler::handler;
pub use use_case::plain_request;

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
    /// How Link looks and where it returns to.
    pub link: LinkSettings,
    /// The name of the vault, which keeps users of different stacks apart at Plaid.
    pub vault_id: VaultId,
}

/// The needs over the real world.
pub type LiveDeps = Deps<LivePlaid, Table, KmsVault, SystemClock>;

/// Reads the settings and builds the clients.
///
/// # Errors
/// The environment is not complete, or TLS could not be set up.
pub async fn connect(environment: &Environment) -> Result<LiveDeps, StartError> {
    let (adapters, link) = live::connect(environment, Reader::link).await?;
    Ok(Deps {
        plaid: adapters.plaid,
        store: adapters.store,
        vault: adapters.vault,
        clock: SystemClock,
        link,
        vault_id: adapters.vault_id,
    })
}
