//! What is known of Plaid's keys, and who may be asked about next.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::budget::Budget;
use crate::{KeyId, VerificationKey};

/// Plaid is not asked again so soon for a key that it does not have.
pub(crate) const UNKNOWN_FOR: SignedDuration = SignedDuration::from_mins(5);
/// Nor for any one key after a lookup began, however that ended.
pub(crate) const COOLDOWN: SignedDuration = SignedDuration::from_secs(5);
pub(crate) const MAX_ENTRIES: usize = 128;

/// What Plaid said about a key.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    /// `None`: Plaid has no such key.
    pub(crate) key: Option<VerificationKey>,
    /// When it was asked.
    pub(crate) at: Timestamp,
}

/// Why Plaid is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotNow {
    CoolingDown,
    BudgetUsedUp,
}

#[derive(Debug)]
struct Entry {
    /// When a lookup last began. Later than what was said while that lookup runs, or when
    /// it failed.
    asked_at: Timestamp,
    said: Option<Said>,
}

#[derive(Debug, Default)]
pub(crate) struct Memory {
    entries: HashMap<KeyId, Entry>,
    /// What keys that Plaid never vouched for may cost.
    strangers: Budget,
}

impl Memory {
    /// What Plaid said about this key, if that is not older than `max_age` (or, where it
    /// had no such key, than `UNKNOWN_FOR`).
    pub(crate) fn recall(
        &self,
        key_id: &KeyId,
        now: Timestamp,
        max_age: SignedDuration,
    ) -> Option<Said> {
        let said = self.entries.get(key_id)?.said.as_ref()?;
        let max_age = if said.key.is_some() {
            max_age
        } else {
            UNKNOWN_FOR
        };
        (distance(said.at, now) <= max_age).then(|| said.clone())
    }

    /// Notes that a lookup begins, before it is known how it ends.
    pub(crate) fn begin(&mut self, key_id: &KeyId, now: Timestamp) -> Result<(), NotNow> {
        if let Some(entry) = self.entries.get_mut(key_id) {
            if distance(entry.asked_at, now) < COOLDOWN {
                return Err(NotNow::CoolingDown);
            }
            // Plaid's own keys are few, so the cooldown is enough; and a stranger who used
            // the budget up must not keep a genuine key from being renewed.
            if !entry.is_plaids() && !self.strangers.pay(now) {
                return Err(NotNow::BudgetUsedUp);
            }
            entry.asked_at = now;
            return Ok(());
        }
        if !self.strangers.pay(now) {
            return Err(NotNow::BudgetUsedUp);
        }
        self.make_room();
        let entry = Entry {
            asked_at: now,
            said: None,
        };
        self.entries.insert(key_id.clone(), entry);
        Ok(())
    }

    /// Notes how a lookup ended.
    pub(crate) fn note(&mut self, key_id: &KeyId, said: Said) {
        if let Some(entry) = self.entries.get_mut(key_id) {
            entry.said = Some(said);
        }
    }

    /// Plaid's own keys are forgotten last, so strangers never push one out.
    fn make_room(&mut self) {
        if self.entries.len() < MAX_ENTRIES {
            return;
        }
        let first = self
            .entries
            .iter()
            .min_by_key(|(_, entry)| (entry.is_plaids(), entry.asked_at))
            .map(|(key_id, _)| key_id.clone());
        if let Some(key_id) = first {
            self.entries.remove(&key_id);
        }
    }
}

impl Entry {
    fn is_plaids(&self) -> bool {
        self.said.as_ref().is_some_and(|said| said.key.is_some())
    }
}

/// A clock that was set back must not make anything last longer.
fn distance(then: Timestamp, now: Timestamp) -> SignedDuration {
    now.duration_since(then).abs()
}
