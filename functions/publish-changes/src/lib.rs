//! The stream of the history: puts every change on the event bus, for the customer's own
//! systems. The steps are in `shared::use_cases::publish`, because the reconciler drives
//! them too, for changes that were not published in time.

mod handler;

use shared::aws::sdk_config;
use shared::event_bus::EventBridgeBus;
use shared::live::StartError;
use shared::settings::{Environment, Reader, WARM_UP};
use shared::store::Table;
use shared::system_clock::SystemClock;

pub use handler::handler;

/// What the function needs from outside.
pub struct Deps<S, B, C> {
    /// The table.
    pub store: S,
    /// The event bus.
    pub bus: B,
    /// The time.
    pub clock: C,
}

/// The needs over the real world.
pub type LiveDeps = Deps<Table, EventBridgeBus, SystemClock>;

/// Reads the settings and builds the clients.
///
/// # Errors
/// The environment is not complete, or TLS could not be set up.
pub async fn connect(environment: &Environment) -> Result<LiveDeps, StartError> {
    let (aws, table, bus) = Reader::read(environment, |reader| {
        let aws = reader.aws();
        let table = reader.table_name();
        let bus = reader.event_bus();
        Some((aws?, table?, bus?))
    })?;
    let config = sdk_config(&aws)?;
    let deps = Deps {
        store: Table::new(&config, &aws, table),
        bus: EventBridgeBus::new(&config, bus),
        clock: SystemClock,
    };
    deps.store.warm_up(WARM_UP).await;
    Ok(deps)
}
