//! How large a function is: as it lies in a sandbox, and as it is uploaded.

use std::fs::File;
use std::io::{self, Write};
use std::ops::AddAssign;
use std::path::Path;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::Failure;

/// In bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) unpacked: u64,
    /// Each file deflated, as a zip has them.
    pub(super) zipped: u64,
}

impl AddAssign for Size {
    fn add_assign(&mut self, other: Self) {
        self.unpacked += other.unpacked;
        self.zipped += other.zipped;
    }
}

impl Size {
    /// Of a file, or of everything in a folder.
    pub(super) fn of(path: &Path) -> Result<Self, Failure> {
        if !path.is_dir() {
            return Self::of_file(path);
        }
        let mut size = Self::default();
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            if !entry.file_type()?.is_symlink() {
                size += Self::of(&entry.path())?;
            }
        }
        Ok(size)
    }

    fn of_file(path: &Path) -> Result<Self, Failure> {
        let mut deflating = DeflateEncoder::new(Counter(0), Compression::default());
        let unpacked = io::copy(&mut File::open(path)?, &mut deflating)?;
        let Counter(zipped) = deflating.finish()?;
        Ok(Self { unpacked, zipped })
    }
}

/// Keeps nothing but how much it was given.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_as_large_as_its_files() {
        let size = |path: &str| Size::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
        let mut sum = size("peers/bare/Cargo.toml").unwrap();
        sum += size("peers/bare/src/main.rs").unwrap();
        assert_eq!(size("peers/bare").unwrap(), sum);
        assert!(sum.zipped > 0 && sum.zipped < sum.unpacked, "{sum:?}");
    }
}
