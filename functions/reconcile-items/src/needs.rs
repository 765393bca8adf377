//! What reconciling needs from outside.

use shared::ports::{Erasures, Outbox};
use shared::use_cases::astra::AstraStore;
use shared::use_cases::inbox::{InboxPlaid, InboxStore};

/// The calls of Plaid that reconciling needs.
pub trait ReconcilePlaid: InboxPlaid {}
impl<T: InboxPlaid> ReconcilePlaid for T {}

/// The records that reconciling needs.
pub trait ReconcileStore: InboxStore + Erasures + Outbox + AstraStore {}
impl<T: InboxStore + Erasures + Outbox + AstraStore> ReconcileStore for T {}
