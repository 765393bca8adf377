//! A user's connection to Astra. `POST /v1/astra/authorizations` tells where to send the
//! user, `POST /v1/astra/connections` takes what the user comes back with, and `GET` and
//! `DELETE` of the same show and end the connection.

mod handler;
mod request_body;

use shared::live::{self, LiveAstra, StartError};
use shared::settings::{Environment, Reader};
use shared::store::Table;
use shared::system_clock::SystemClock;
use shared::vault::KmsVault;
use url::Url;

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
    /// Astra's page, without parameters.
    pub authorize_url: Url,
    /// Where it sends the user back.
    pub redirect_uri: String,
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
        authorize_url: astra.authorize_url,
        redirect_uri: astra.redirect_uri,
    })
}
