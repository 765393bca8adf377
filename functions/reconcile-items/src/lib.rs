//! Every minute: whatever is due. An exchange that a crash interrupted is finished, an Item
//! that could not be recorded is removed, a removal is tried again, an Item is read again.
//! By hand: one Item, one user's Items, or an envelope from the log.
//!
//! Each record's failure is its own, and moves only this record's next time.

mod astra;
mod by_hand;
mod change;
mod due;
mod erasure;
mod event;
mod exchange;
mod handler;
mod item;
mod needs;
mod postponed;
mod report;
mod session;
mod stray;
mod webhooks;

use shared::event_bus::EventBridgeBus;
use shared::live::{self, LiveAstra, LivePlaid, StartError, exchange_settings};
use shared::settings::Environment;
use shared::store::Table;
use shared::system_clock::SystemClock;
use shared::use_cases::exchange::ExchangeSettings;
use shared::vault::KmsVault;

pub use event::Event;
pub use handler::handler;
pub use report::Report;

/// What the function needs from outside.
pub struct Deps<P, A, S, B, V, C> {
    /// Plaid.
    pub plaid: P,
    /// Astra; none where it is switched off.
    pub astra: Option<A>,
    /// The table.
    pub store: S,
    /// The event bus.
    pub bus: B,
    /// The vault.
    pub vault: V,
    /// The time.
    pub clock: C,
    /// How exchanges are made and answered.
    pub settings: ExchangeSettings,
    /// Where Plaid should send webhooks; Items that were linked under another address are
    /// moved there.
    pub webhook_url: Option<String>,
}

/// The needs over the real world.
pub type LiveDeps = Deps<LivePlaid, LiveAstra, Table, EventBridgeBus, KmsVault, SystemClock>;

/// Reads the settings and builds the clients.
///
/// # Errors
/// The environment is not complete, or TLS could not be set up.
pub async fn connect(environment: &Environment) -> Result<LiveDeps, StartError> {
    let (adapters, (linking, bus, webhook_url, astra)) = live::connect(environment, |reader| {
        let linking = reader.linking();
        let astra = reader.astra();
        let bus = reader.event_bus();
        let webhook_url = reader.webhook_url();
        Some((linking?, bus?, webhook_url?, astra?))
    })
    .await?;
    Ok(Deps {
        plaid: adapters.plaid,
        astra: live::astra_if_any(&adapters.config, astra.as_ref())?,
        store: adapters.store,
        bus: EventBridgeBus::new(&adapters.config, bus),
        vault: adapters.vault,
        clock: SystemClock,
        settings: exchange_settings(linking),
        webhook_url: Some(webhook_url),
    })
}
