//! The state: everything that the simulator remembers. It holds digests of tokens, never
//! tokens.

pub(crate) mod account;
pub(crate) mod secret;
pub(crate) mod settings;
pub(crate) mod user;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use self::account::Account;
use self::settings::Settings;
use self::user::{Code, RefreshToken, User};
use crate::faults::{Fault, Kind};

/// The state.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct World {
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) codes: BTreeMap<String, Code>,
    pub(crate) refresh_tokens: BTreeMap<String, RefreshToken>,
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) faults: BTreeMap<u64, Fault>,
    pub(crate) settings: Settings,
    /// How far the clock was moved forward.
    pub(crate) ahead: SignedDuration,
    /// The last number that was given to anything.
    last_number: u64,
}

impl World {
    /// A number after all others.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// The fault that strikes this call of `endpoint`, if one does.
    pub(crate) fn take_fault(&mut self, endpoint: &str) -> Option<Kind> {
        let mut struck = None;
        for fault in self.faults.values_mut() {
            if fault.is_for(endpoint) {
                fault.meet(&mut struck);
            }
        }
        self.faults.retain(|_, fault| !fault.is_used_up());
        struck
    }

    /// Everything as at the beginning, but for the time, which does not go back.
    pub(crate) fn reset(&mut self) {
        *self = Self {
            ahead: self.ahead,
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn a_reset_forgets_everything_but_how_far_the_clock_is_ahead() {
        let mut world = World {
            ahead: SignedDuration::from_hours(1),
            ..World::default()
        };
        world.sign_in("ada@example.com", Timestamp::UNIX_EPOCH);
        world.settings.code_seconds = 1;
        world.next_number();
        world.reset();
        assert_eq!(world.ahead, SignedDuration::from_hours(1));
        assert!(world.users.is_empty());
        assert_eq!(world.settings, Settings::default());
        assert_eq!(world.next_number(), 1);
    }
}
