//! `GET /v1/items` and `GET /v1/items/{item_id}`: the caller's Items, without tokens. The
//! same for servers, below `/v1/server/users/{user_id}`, and `GET .../changes`: the history.

mod change_view;
mod cursor;
mod handler;
mod pages;

use shared::aws::sdk_config;
use shared::live::StartError;
use shared::settings::{Environment, Reader, WARM_UP};
use shared::store::Table;
use shared::system_clock::SystemClock;

pub use handler::handler;

/// What the function needs from outside.
pub struct Deps<S, C> {
    /// The table.
    pub store: S,
    /// The time.
    pub clock: C,
}

/// The needs over the real world.
pub type LiveDeps = Deps<Table, SystemClock>;

/// Reads the settings and builds the clients.
///
/// # Errors
/// The environment is not complete, or TLS could not be set up.
pub async fn connect(environment: &Environment) -> Result<LiveDeps, StartError> {
    let (aws, table) = Reader::read(environment, |reader| {
        let aws = reader.aws();
        let table = reader.table_name();
        Some((aws?, table?))
    })?;
    let store = Table::new(&sdk_config(&aws)?, &aws, table);
    store.warm_up(WARM_UP).await;
    Ok(Deps {
        store,
        clock: SystemClock,
    })
}
