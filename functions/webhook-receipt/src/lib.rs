//! `POST /v1/webhooks/plaid`: believe a webhook only when Plaid signed it, and answer 200
//! only when it is safely kept.

mod handler;
mod use_case;

use plaid_webhook::KeyCache;
use shared::aws::sdk_config;
use shared::live::{self, LivePlaid, StartError};
use shared::settings::{Environment, Reader, WARM_UP};
use shared::store::Table;
use shared::system_clock::SystemClock;

pub use handler::handler;

/// What the function needs from outside.
pub struct Deps<K, S, C> {
    /// Who gives out Plaid's keys.
    pub plaid: K,
    /// The keys that were needed so far.
    pub keys: KeyCache,
    /// The table.
    pub store: S,
    /// The time.
    pub clock: C,
}

/// The needs over the real world.
pub type LiveDeps = Deps<LivePlaid, Table, SystemClock>;

/// Reads the settings and builds the clients.
///
/// # Errors
/// The environment is not complete, or TLS could not be set up.
pub async fn connect(environment: &Environment) -> Result<LiveDeps, StartError> {
    let (aws, table, plaid) = Reader::read(environment, |reader| {
        let aws = reader.aws();
        let table = reader.table_name();
        let plaid = reader.plaid();
        Some((aws?, table?, plaid?))
    })?;
    let config = sdk_config(&aws)?;
    let client = live::plaid(&config, plaid)?;
    client.warm_up(WARM_UP).await;
    Ok(Deps {
        plaid: client,
        keys: KeyCache::new(),
        store: Table::new(&config, &aws, table),
        clock: SystemClock,
    })
}
