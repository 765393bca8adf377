//! Which variables of an environment were asked for.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The names, remembered by an environment and all its copies.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked(Arc<Mutex<BTreeSet<String>>>);

impl Asked {
    /// Somebody asks for this one.
    pub(super) fn note(&self, name: &str) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.insert(name.to_owned());
    }

    /// All so far.
    pub(super) fn names(&self) -> BTreeSet<String> {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.clone()
    }
}
