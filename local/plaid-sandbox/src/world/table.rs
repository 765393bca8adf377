//! Rows by key, which remember what changed since the last save.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::store::Change;

/// A table of the state.
#[derive(Debug)]
pub(crate) struct Table<V> {
    rows: BTreeMap<String, V>,
    changed: BTreeSet<String>,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            changed: BTreeSet::new(),
        }
    }
}

impl<V> Table<V> {
    pub(crate) fn get(&self, key: &str) -> Option<&V> {
        self.rows.get(key)
    }

    /// The row, to be changed: it will be saved.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        let row = self.rows.get_mut(key)?;
        self.changed.insert(key.to_owned());
        Some(row)
    }

    pub(crate) fn insert(&mut self, key: String, row: V) {
        self.changed.insert(key.clone());
        self.rows.insert(key, row);
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<V> {
        let row = self.rows.remove(key)?;
        self.changed.insert(key.to_owned());
        Some(row)
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&String, &V)> {
        self.rows.iter()
    }

    pub(crate) fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.rows.values()
    }

    pub(crate) fn keys(&self) -> impl DoubleEndedIterator<Item = &String> {
        self.rows.keys()
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The key after the last one, in a table whose keys are counted.
    pub(crate) fn next_number(&self) -> u64 {
        let last = self
            .rows
            .last_key_value()
            .and_then(|(key, _)| key.parse::<u64>().ok());
        last.map_or(1, |last| last + 1)
    }
}

impl<V: Serialize + DeserializeOwned> Table<V> {
    /// Takes up a row of an earlier run.
    pub(crate) fn load(&mut self, key: String, row: Option<Value>) -> serde_json::Result<()> {
        match row {
            Some(row) => {
                self.rows.insert(key, serde_json::from_value(row)?);
            }
            None => {
                self.rows.remove(&key);
            }
        }
        Ok(())
    }

    /// What changed since the last call.
    pub(crate) fn take_changes(&mut self, table: &str, changes: &mut Vec<Change>) {
        for key in std::mem::take(&mut self.changed) {
            let row = self
                .rows
                .get(&key)
                .and_then(|row| serde_json::to_value(row).ok());
            changes.push(Change {
                table: table.to_owned(),
                key,
                row,
            });
        }
    }

    /// All rows.
    pub(crate) fn dump(&self, table: &str, rows: &mut Vec<Change>) {
        for (key, row) in &self.rows {
            let row = serde_json::to_value(row).ok();
            rows.push(Change {
                table: table.to_owned(),
                key: key.clone(),
                row,
            });
        }
    }
}

/// The key of the `number`th row, so that keys sort as numbers do.
pub(crate) fn numbered(number: u64) -> String {
    format!("{number:010}")
}
