//! The state file: a journal of changed rows, one JSON object a line.
//!
//! Every change is appended, in one write, before the answer that acknowledges
//! it leaves; so the price of a change does not grow with the state. A kill can
//! at worst tear the last line, and that was never acknowledged. When opened,
//! and when it has grown far beyond its content, the file is replaced. What that
//! survives is said at [`state_file`].

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use sandbox_kit::state_file::{self, FileError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A journal below this size is never rewritten while running.
const SMALL: u64 = 4 * 1024 * 1024;

/// One row as it is now; `None` means that it is gone.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Change {
    pub(crate) table: String,
    pub(crate) key: String,
    pub(crate) row: Option<Value>,
}

/// Why the state file could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// A line is not what this program writes.
    #[error("line {line} of {path} is not a row of this program's state")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The line, counted from one.
        line: usize,
        /// The reason.
        #[source]
        source: serde_json::Error,
    },
}

/// The open journal.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    /// Bytes that are known to be good.
    length: u64,
    /// Bytes right after the last rewrite.
    compact_length: u64,
    /// Lines whose write failed: they go first next time.
    unwritten: Vec<u8>,
}

impl Journal {
    /// The rows that `path` holds; none when it does not exist.
    pub(crate) fn read(path: &Path) -> Result<Vec<Change>, StoreError> {
        let text = state_file::read(path)?.unwrap_or_default();
        let mut changes = Vec::new();
        for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            // Torn by a kill, and therefore never acknowledged.
            if !line.ends_with(b"\n") {
                break;
            }
            let change = serde_json::from_slice(line).map_err(|source| StoreError::Corrupt {
                path: path.to_owned(),
                line: index + 1,
                source,
            })?;
            changes.push(change);
        }
        Ok(changes)
    }

    /// Writes `rows` as the whole content of `path` and opens it for more.
    pub(crate) fn create(path: &Path, rows: &[Change]) -> Result<Self, StoreError> {
        let (file, length) = rewrite(path, rows)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            length,
            compact_length: length,
            unwritten: Vec::new(),
        })
    }

    /// Appends `changes`. After an error they are kept for the next append.
    pub(crate) fn append(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        self.unwritten.extend_from_slice(&lines(changes));
        if self.unwritten.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.file.write_all(&self.unwritten) {
            // Half a line must not stay in the middle of the journal.
            self.file
                .set_len(self.length)
                .map_err(FileError::at(&self.path))?;
            return Err(FileError::at(&self.path)(error).into());
        }
        self.length += self.unwritten.len() as u64;
        self.unwritten.clear();
        Ok(())
    }

    /// Whether the journal holds far more history than state.
    pub(crate) fn wants_rewrite(&self) -> bool {
        self.length > SMALL && self.length / 4 > self.compact_length
    }

    /// Replaces the journal by `rows`.
    pub(crate) fn rewrite(&mut self, rows: &[Change]) -> Result<(), StoreError> {
        let (file, length) = rewrite(&self.path, rows)?;
        self.file = file;
        self.length = length;
        self.compact_length = length;
        Ok(())
    }
}

fn rewrite(path: &Path, rows: &[Change]) -> Result<(File, u64), FileError> {
    let text = lines(rows);
    state_file::make_folder(path)?;
    state_file::replace(path, &text)?;
    let file = OpenOptions::new()
        .append(true)
        .open(path)
        .map_err(FileError::at(path))?;
    Ok((file, text.len() as u64))
}

fn lines(changes: &[Change]) -> Vec<u8> {
    let mut text = Vec::new();
    for change in changes {
        // A row is a map with text keys: it always has a JSON form.
        if let Ok(line) = serde_json::to_vec(change) {
            text.extend_from_slice(&line);
            text.push(b'\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(key: &str, row: Option<u8>) -> Change {
        Change {
            table: "items".to_owned(),
            key: key.to_owned(),
            row: row.map(Value::from),
        }
    }

    fn keys(path: &Path) -> Vec<String> {
        Journal::read(path)
            .unwrap()
            .into_iter()
            .map(|change| change.key)
            .collect()
    }

    #[test]
    fn torn_last_line_is_dropped_and_the_rest_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let mut journal = Journal::create(&path, &[change("a", Some(1))]).unwrap();
        journal.append(&[change("b", None)]).unwrap();
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"table\":\"items\",\"ke").unwrap();
        assert_eq!(keys(&path), ["a", "b"]);
    }

    #[test]
    fn foreign_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        std::fs::write(&path, "{\"table\":\"t\",\"key\":\"k\",\"row\":1}\nhello\n").unwrap();
        assert!(matches!(
            Journal::read(&path),
            Err(StoreError::Corrupt { line: 2, .. })
        ));
    }

    #[test]
    fn rewrite_keeps_only_what_it_is_given() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nested/state");
        let mut journal = Journal::create(&path, &[change("a", Some(1))]).unwrap();
        journal.append(&[change("b", Some(2))]).unwrap();
        journal.rewrite(&[change("b", Some(3))]).unwrap();
        journal.append(&[change("c", Some(4))]).unwrap();
        assert_eq!(keys(&path), ["b", "c"]);
        assert!(!path.with_extension("new").exists());
    }
}
