//! The directory a program was started in, for programs that visit others.

use super::open;
use std::fs::File;
use std::io;
use std::path::Path;

/// The working directory at some moment, held open.
#[derive(Debug)]
pub(crate) struct WorkingDirectory(File);

impl WorkingDirectory {
    /// Opens the current directory.
    pub(crate) fn open() -> io::Result<WorkingDirectory> {
        WorkingDirectory::open_at(".")
    }

    /// Opens the directory `path`.
    pub(crate) fn open_at(path: impl AsRef<Path>) -> io::Result<WorkingDirectory> {
        open::read(path).map(WorkingDirectory)
    }

    /// Makes it the current directory again, even if it has been renamed or removed since.
    pub(crate) fn enter(&self) -> io::Result<()> {
        Ok(nix::unistd::fchdir(&self.0)?)
    }
}
