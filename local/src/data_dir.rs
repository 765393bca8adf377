//! The folder that a stack keeps its state in.
//!
//! Everything in it may be secret (key material, Plaid's secret), so the folder and
//! the files are for the owner only, and a `.gitignore` keeps them out of commits.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Why the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataDirError {
    /// Another stack works in it.
    #[error("{} is in use by another stack: stop that one, or choose another with --data-dir", .0.display())]
    InUse(PathBuf),
    /// It cannot be made, or nothing can be written in it.
    #[error("the data folder {} cannot be used: make it writable, or choose another with --data-dir", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file in it cannot be read or written.
    #[error("{} cannot be used", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A data folder that belongs to this stack until it is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// Locked. The system lifts the lock when the process ends, however it ends.
    _lock: File,
}

impl DataDir {
    /// Opens a folder, making it if needed, and locks it.
    ///
    /// # Errors
    ///
    /// Another stack has it, or it cannot be made or written to.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let unusable = |source| DataDirError::Folder {
            path: path.to_owned(),
            source,
        };
        create_private_dir(path).map_err(unusable)?;
        let lock_path = path.join("lock");
        let lock = private_options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DataDirError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => return Err(io_error(&lock_path, source)),
        }
        let dir = Self {
            path: path.to_owned(),
            _lock: lock,
        };
        write(&dir.path.join(".gitignore"), b"*\n")?;
        Ok(dir)
    }

    /// A file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// A file's content, `None` when there is no such file.
///
/// # Errors
///
/// The file is there and cannot be read.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, DataDirError> {
    match std::fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(io_error(path, source)),
    }
}

/// Makes an empty file for the owner only, unless it is there.
///
/// # Errors
///
/// The file cannot be made.
pub fn ensure(path: &Path) -> Result<(), DataDirError> {
    let opened = private_options().append(true).create(true).open(path);
    opened.map(drop).map_err(|source| io_error(path, source))
}

/// Like [`write()`], making the file's folder if needed.
///
/// # Errors
///
/// The folder cannot be made or the file not written.
pub fn write_anywhere(path: &Path, content: &[u8]) -> Result<(), DataDirError> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        create_private_dir(folder).map_err(|source| io_error(folder, source))?;
    }
    write(path, content)
}

/// Writes a file for the owner only, all of it or nothing, and durably.
///
/// # Errors
///
/// The file cannot be written.
pub fn write(path: &Path, content: &[u8]) -> Result<(), DataDirError> {
    replace(path, content).map_err(|source| io_error(path, source))
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let temporary = path.with_file_name(name);
    let mut file = private_options()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    // The new name is only durable once the folder is.
    match path.parent() {
        Some(folder) if cfg!(unix) && !folder.as_os_str().is_empty() => {
            File::open(folder)?.sync_all()
        }
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn private_options() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(not(unix))]
fn private_options() -> OpenOptions {
    OpenOptions::new()
}

#[cfg(unix)]
fn create_private_dir(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

#[cfg(not(unix))]
fn create_private_dir(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

fn io_error(path: &Path, source: io::Error) -> DataDirError {
    DataDirError::Io {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_belongs_to_one_stack_until_it_is_dropped() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let first = DataDir::open(&path).unwrap();
        assert!(matches!(DataDir::open(&path), Err(DataDirError::InUse(_))));
        drop(first);
        DataDir::open(&path).unwrap();
    }

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        assert_eq!(read(&path).unwrap(), None);
        write(&path, b"first, and longer").unwrap();
        write(&path, b"second").unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), b"second");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_files_and_folder() {
        use std::os::unix::fs::PermissionsExt as _;
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let dir = DataDir::open(&path).unwrap();
        write(&dir.file("secret"), b"x").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&dir.file("secret")), 0o600);
        assert_eq!(mode(&dir.file("lock")), 0o600);
        ensure(&dir.file("database")).unwrap();
        assert_eq!(mode(&dir.file("database")), 0o600);
    }
}
