//! One lookup at a time for each key.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::KeyId;

/// A lookup on its way; whoever holds the lock is on board.
pub(crate) type Flight = Arc<tokio::sync::Mutex<()>>;

#[derive(Debug, Default)]
pub(crate) struct Flights(Mutex<HashMap<KeyId, Weak<tokio::sync::Mutex<()>>>>);

impl Flights {
    /// The flight for this key, the same for everybody until the last one leaves it.
    pub(crate) fn of(&self, key_id: &KeyId) -> Flight {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(key_id).and_then(Weak::upgrade) {
            return flight;
        }
        flights.retain(|_, flight| flight.strong_count() > 0);
        let flight = Flight::default();
        flights.insert(key_id.clone(), Arc::downgrade(&flight));
        flight
    }
}
