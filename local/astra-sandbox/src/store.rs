//! The state file: the whole state as one JSON document.
//!
//! It is replaced before the answer that acknowledges a change leaves. So a kill leaves the
//! state before a change or after it; what else that survives is said at [`state_file`].

use std::path::{Path, PathBuf};

use sandbox_kit::state_file::{self, FileError};
use serde::{Deserialize, Serialize};

use crate::world::World;

/// The name of the program that writes such files.
const PROGRAM: &str = "astra-sandbox";

/// Why the state file could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is not what this program writes.
    #[error("{path} is not this program's state")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: serde_json::Error,
    },
    /// The file is another program's.
    #[error("{path} is the state of {program}")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        program: String,
    },
}

#[derive(Serialize)]
struct Written<'a> {
    program: &'static str,
    world: &'a World,
}

#[derive(Deserialize)]
struct Read {
    program: String,
    world: World,
}

/// An open state file.
#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    /// What the file holds.
    content: Vec<u8>,
}

impl Store {
    /// The state that `path` holds; none when it does not exist.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or this program did not write it.
    pub(crate) fn read(path: &Path) -> Result<Option<World>, StoreError> {
        let Some(text) = state_file::read(path)? else {
            return Ok(None);
        };
        let read: Read = serde_json::from_slice(&text).map_err(|source| StoreError::Corrupt {
            path: path.to_owned(),
            source,
        })?;
        if read.program == PROGRAM {
            Ok(Some(read.world))
        } else {
            Err(StoreError::Foreign {
                path: path.to_owned(),
                program: read.program,
            })
        }
    }

    /// Writes `world` to `path` and keeps it there.
    ///
    /// # Errors
    ///
    /// The file or its folder cannot be written.
    pub(crate) fn create(path: &Path, world: &World) -> Result<Self, StoreError> {
        state_file::make_folder(path)?;
        let mut store = Self {
            path: path.to_owned(),
            content: Vec::new(),
        };
        store.save(world)?;
        Ok(store)
    }

    /// Writes `world`, if it is not what the file holds.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub(crate) fn save(&mut self, world: &World) -> Result<(), StoreError> {
        let written = Written {
            program: PROGRAM,
            world,
        };
        let content = serde_json::to_vec(&written).map_err(|source| StoreError::Corrupt {
            path: self.path.clone(),
            source,
        })?;
        if content != self.content {
            state_file::replace(&self.path, &content)?;
            self.content = content;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

    #[test]
    fn the_last_saved_state_is_read_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nested/state");
        let mut world = World::default();
        let mut store = Store::create(&path, &world).unwrap();
        let user = world.sign_in("ada@example.com", NOW);
        store.save(&world).unwrap();
        let read = Store::read(&path).unwrap().unwrap();
        assert_eq!(read.users.keys().collect::<Vec<_>>(), [&user]);
        let files = std::fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(files, 1);
    }

    #[test]
    fn files_of_others_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        std::fs::write(&path, "buy milk\n").unwrap();
        assert!(matches!(
            Store::read(&path),
            Err(StoreError::Corrupt { .. })
        ));
        std::fs::write(&path, r#"{"program": "another", "world": {}}"#).unwrap();
        assert!(matches!(
            Store::read(&path),
            Err(StoreError::Foreign { .. })
        ));
    }
}
