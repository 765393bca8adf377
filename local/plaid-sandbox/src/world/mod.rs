//! The state: everything that the simulator remembers.

pub(crate) mod flow;
pub(crate) mod ids;
pub(crate) mod item;
pub(crate) mod link;
pub(crate) mod lookup;
pub(crate) mod settings;
pub(crate) mod table;
pub(crate) mod time;
pub(crate) mod tokens;

use std::collections::BTreeSet;

use jiff::Timestamp;
use sandbox_kit::Reading;

use self::item::Item;
use self::link::{LinkSession, LinkToken};
use self::settings::Settings;
use self::table::Table;
use self::tokens::{AccessToken, ProcessorToken, PublicToken};
use crate::faults::{Fault, Kind};
use crate::store::Change;
use crate::webhooks::Webhook;
use crate::webhooks::sign::SigningKey;

/// The key of the one row of a table that has only one.
const ONLY: &str = "only";

/// The state.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) items: Table<Item>,
    pub(crate) access_tokens: Table<AccessToken>,
    pub(crate) public_tokens: Table<PublicToken>,
    pub(crate) processor_tokens: Table<ProcessorToken>,
    pub(crate) link_tokens: Table<LinkToken>,
    pub(crate) link_sessions: Table<LinkSession>,
    pub(crate) keys: Table<SigningKey>,
    pub(crate) webhooks: Table<Webhook>,
    pub(crate) faults: Table<Fault>,
    settings: Table<Settings>,
    clock: Table<Reading>,
    /// When something happens to an Item by itself; see `time`.
    agenda: BTreeSet<(Timestamp, String)>,
}

impl World {
    /// Takes up the rows of an earlier run.
    ///
    /// # Errors
    ///
    /// A row that this program did not write, with its place in `rows`.
    pub(crate) fn load(rows: Vec<Change>) -> Result<Self, (usize, serde_json::Error)> {
        let mut world = Self::default();
        for (index, Change { table, key, row }) in rows.into_iter().enumerate() {
            let loaded = match table.as_str() {
                "items" => world.items.load(key, row),
                "access_tokens" => world.access_tokens.load(key, row),
                "public_tokens" => world.public_tokens.load(key, row),
                "processor_tokens" => world.processor_tokens.load(key, row),
                "link_tokens" => world.link_tokens.load(key, row),
                "link_sessions" => world.link_sessions.load(key, row),
                "keys" => world.keys.load(key, row),
                "webhooks" => world.webhooks.load(key, row),
                "faults" => world.faults.load(key, row),
                "settings" => world.settings.load(key, row),
                "clock" => world.clock.load(key, row),
                // A table of a newer version: nothing here needs it.
                _ => Ok(()),
            };
            loaded.map_err(|error| (index, error))?;
        }
        world.plan_all();
        Ok(world)
    }

    /// What changed since the last call.
    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        self.items.take_changes("items", &mut changes);
        self.access_tokens
            .take_changes("access_tokens", &mut changes);
        self.public_tokens
            .take_changes("public_tokens", &mut changes);
        self.processor_tokens
            .take_changes("processor_tokens", &mut changes);
        self.link_tokens.take_changes("link_tokens", &mut changes);
        self.link_sessions
            .take_changes("link_sessions", &mut changes);
        self.keys.take_changes("keys", &mut changes);
        self.webhooks.take_changes("webhooks", &mut changes);
        self.faults.take_changes("faults", &mut changes);
        self.settings.take_changes("settings", &mut changes);
        self.clock.take_changes("clock", &mut changes);
        changes
    }

    /// All rows.
    pub(crate) fn dump(&self) -> Vec<Change> {
        let mut rows = Vec::new();
        self.items.dump("items", &mut rows);
        self.access_tokens.dump("access_tokens", &mut rows);
        self.public_tokens.dump("public_tokens", &mut rows);
        self.processor_tokens.dump("processor_tokens", &mut rows);
        self.link_tokens.dump("link_tokens", &mut rows);
        self.link_sessions.dump("link_sessions", &mut rows);
        self.keys.dump("keys", &mut rows);
        self.webhooks.dump("webhooks", &mut rows);
        self.faults.dump("faults", &mut rows);
        self.settings.dump("settings", &mut rows);
        self.clock.dump("clock", &mut rows);
        rows
    }

    pub(crate) fn settings(&self) -> Settings {
        self.settings.get(ONLY).cloned().unwrap_or_default()
    }

    pub(crate) fn set_settings(&mut self, settings: Settings) {
        self.settings.insert(ONLY.to_owned(), settings);
        self.plan_all();
    }

    pub(crate) fn clock(&self) -> Option<Reading> {
        self.clock.get(ONLY).copied()
    }

    pub(crate) fn set_clock(&mut self, reading: Reading) {
        self.clock.insert(ONLY.to_owned(), reading);
    }

    /// The fault that strikes this call of `endpoint`, if one does.
    pub(crate) fn take_fault(&mut self, endpoint: &str) -> Option<Kind> {
        let armed: Vec<String> = self
            .faults
            .iter()
            .filter(|(_, fault)| fault.is_for(endpoint))
            .map(|(key, _)| key.clone())
            .collect();
        let mut struck = None;
        for key in armed {
            let Some(fault) = self.faults.get_mut(&key) else {
                continue;
            };
            fault.meet(&mut struck);
            if fault.is_used_up() {
                self.faults.remove(&key);
            }
        }
        struck
    }
}
