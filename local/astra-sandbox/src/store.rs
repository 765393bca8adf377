//! The state file: the whole state as one JSON document.
//!
//! It is written anew, beside the old one and then renamed, before the answer that
//! acknowledges a change leaves. So a kill leaves the state before a change or after it,
//! never half of one. Nothing is flushed to the disk by force: this survives the death of
//! the process, not of the machine.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::world::World;

/// The name of the program that writes such files.
const PROGRAM: &str = "astra-sandbox";

/// Why the state file could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file system refused.
    #[error("cannot read or write {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: io::Error,
    },
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
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(io_error(path, source)),
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
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder).map_err(|source| io_error(folder, source))?;
        }
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
            replace(&self.path, &content)?;
            self.content = content;
        }
        Ok(())
    }
}

fn replace(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = PathBuf::from(temporary);
    write_private(&temporary, content).map_err(|source| io_error(&temporary, source))?;
    std::fs::rename(&temporary, path).map_err(|source| io_error(path, source))
}

/// The file holds no tokens, but people's addresses: for its owner's eyes only.
fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(content)
}

fn io_error(path: &Path, source: io::Error) -> StoreError {
    StoreError::Io {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

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
    fn the_old_file_is_replaced_and_never_written_into() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let mut world = World::default();
        let mut store = Store::create(&path, &world).unwrap();
        let before = std::fs::read(&path).unwrap();
        let mut old = std::fs::File::open(&path).unwrap();
        world.sign_in("ada@example.com", NOW);
        store.save(&world).unwrap();
        let mut text = Vec::new();
        old.read_to_end(&mut text).unwrap();
        assert_eq!(text, before);
        assert_ne!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_half_written_new_file_does_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let mut world = World::default();
        world.sign_in("ada@example.com", NOW);
        Store::create(&path, &world).unwrap();
        std::fs::write(folder.path().join("state.new"), "{\"progr").unwrap();
        assert_eq!(Store::read(&path).unwrap().unwrap().users.len(), 1);
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
