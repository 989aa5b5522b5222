//! The directory a program was started in, for programs that visit others.

use super::open;
use nix::errno::Errno;
use nix::libc;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// The working directory at some moment, held open.
#[derive(Debug)]
pub(crate) struct WorkingDirectory(File);

impl WorkingDirectory {
    /// Opens the current directory.
    pub(crate) fn open() -> io::Result<WorkingDirectory> {
        WorkingDirectory::open_at(".")
    }

    /// Holds the current directory, which this process need not be able to read.
    pub(crate) fn hold() -> io::Result<WorkingDirectory> {
        OpenOptions::new().read(true).custom_flags(libc::O_PATH).open(".").map(WorkingDirectory)
    }

    /// Returns device and inode.
    pub(crate) fn identity(&self) -> io::Result<(u64, u64)> {
        self.0.metadata().map(|directory| (directory.dev(), directory.ino()))
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

/// Returns the names in the directory `path`, without `.` and `..`.
///
/// std's iterator asserts that closedir(3) does not fail.
pub(crate) fn names(path: impl AsRef<Path>) -> io::Result<Vec<OsString>> {
    let path = CString::new(path.as_ref().as_os_str().as_bytes())?;
    // SAFETY: The path is NUL-terminated.
    let stream = unsafe { libc::opendir(path.as_ptr()) };
    if stream.is_null() {
        return Err(Errno::last().into());
    }
    let mut names = Vec::new();
    let end = loop {
        Errno::clear();
        // SAFETY: The stream is open.
        let entry = unsafe { libc::readdir64(stream) };
        if entry.is_null() {
            break Errno::last();
        }
        // SAFETY: readdir returned an entry, which stays in place until the next call.
        let name = unsafe { (*entry).d_name.as_ptr() };
        // SAFETY: The name of an entry is NUL-terminated.
        let name = unsafe { CStr::from_ptr(name) }.to_bytes();
        if ![&b"."[..], b".."].contains(&name) {
            names.push(OsStr::from_bytes(name).to_owned());
        }
    };
    // SAFETY: The stream is open, and not used again.
    unsafe { libc::closedir(stream) };
    if end == Errno::from_raw(0) { Ok(names) } else { Err(end.into()) }
}
