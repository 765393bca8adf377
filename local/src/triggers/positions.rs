//! How far each trigger has come, so that a restart loses nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::TriggerError;
use crate::data_dir::{self, DataDirError};

/// Where a trigger goes on.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Position {
    /// What it reads: a position in one stream says nothing about another.
    source: String,
    /// The last that it needs no more; empty before the first.
    after: String,
}

/// The positions of all triggers, in a file if there is one.
#[derive(Clone, Default)]
pub(super) struct Positions {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    file: Option<PathBuf>,
    /// Held while the file is written, so that it is written in the order of the changes.
    known: Mutex<BTreeMap<String, Position>>,
}

impl Positions {
    /// The positions in a file, or none yet.
    pub(super) fn open(file: Option<PathBuf>) -> Result<Self, TriggerError> {
        let mut known = BTreeMap::new();
        if let Some(path) = &file
            && let Some(content) = data_dir::read(path)?
        {
            let broken = |source| TriggerError::Positions {
                path: path.clone(),
                source,
            };
            known = serde_json::from_slice(&content).map_err(broken)?;
        }
        let known = Mutex::new(known);
        Ok(Self {
            inner: Arc::new(Inner { file, known }),
        })
    }

    /// Where a trigger goes on in its source; `None` when it has never been there.
    pub(super) fn get(&self, trigger: &str, source: &str) -> Option<String> {
        let known = self.inner.known.lock();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        let position = known.get(trigger)?;
        (position.source == source).then(|| position.after.clone())
    }

    /// Remembers where a trigger goes on. When it cannot be written, a restart delivers
    /// again what came after the last position that could.
    pub(super) async fn set(&self, trigger: &str, source: &str, after: &str) {
        let position = Position {
            source: source.to_owned(),
            after: after.to_owned(),
        };
        let (inner, name) = (Arc::clone(&self.inner), trigger.to_owned());
        let writing = tokio::task::spawn_blocking(move || inner.set(name, position)).await;
        match writing {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(trigger, %error, "a position was not written"),
            Err(error) => tracing::error!(trigger, %error, "a position was not written"),
        }
    }
}

impl Inner {
    fn set(&self, trigger: String, position: Position) -> Result<(), DataDirError> {
        let known = self.known.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        known.insert(trigger, position);
        match (&self.file, serde_json::to_vec_pretty(&*known)) {
            (Some(path), Ok(content)) => data_dir::write(path, &content),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn positions_are_there_again_and_belong_to_one_source() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("triggers.json");
        let positions = Positions::open(Some(file.clone())).unwrap();
        assert_eq!(positions.get("A.B", "stream"), None);
        positions.set("A.B", "stream", "7").await;
        positions.set("A.C", "stream", "").await;
        drop(positions);
        let positions = Positions::open(Some(file)).unwrap();
        assert_eq!(positions.get("A.B", "stream").as_deref(), Some("7"));
        assert_eq!(positions.get("A.C", "stream").as_deref(), Some(""));
        assert_eq!(positions.get("A.B", "another"), None);
    }

    #[test]
    fn a_file_that_is_something_else_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("triggers.json");
        data_dir::write(&file, b"[]").unwrap();
        let refused = Positions::open(Some(file));
        assert!(matches!(refused, Err(TriggerError::Positions { .. })));
    }
}
