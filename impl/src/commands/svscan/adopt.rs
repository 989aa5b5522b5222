//! What an earlier svscan left running: supervises, known by their locks, and the pipes between them.

use crate::sys::open;
use crate::wire::files;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The pipe from a service to its log. svscan keeps both ends open: if either supervise dies, the other service gets
/// neither SIGPIPE nor an end of file, and what is in the pipe stays there (SCAN-08).
#[derive(Debug)]
pub(super) struct Pipe {
    pub(super) reader: OwnedFd,
    pub(super) writer: OwnedFd,
}

/// Returns whether a supervise is running in `directory`.
pub(super) fn is_supervised(directory: &Path) -> bool {
    open::is_locked(directory.join(files::LOCK))
}

/// Returns whether the current directory is locked by another svscan of this user. Anybody who can read a directory can lock
/// it, and must not keep svscan from its work.
pub(super) fn is_svscan_at_work() -> bool {
    let of = |process: &Path| {
        let (user, directory) = (fs::metadata(process).ok()?.uid(), fs::metadata(process.join("cwd")).ok()?);
        Some((fs::read(process.join("comm")).ok()?, user, directory.dev(), directory.ino()))
    };
    let Some(this) = of(Path::new("/proc/self")) else { return false };
    Holders::read().0.get(&this.3).into_iter().flatten().any(|process| of(process).is_some_and(|other| other == this))
}

/// The processes that hold a lock of flock(2), by the inode of the locked file.
#[derive(Debug)]
pub(super) struct Holders(BTreeMap<u64, Vec<PathBuf>>);

impl Holders {
    /// Reads the table of locks. It is empty where /proc is not mounted.
    pub(super) fn read() -> Holders {
        let mut holders: BTreeMap<u64, Vec<PathBuf>> = BTreeMap::new();
        for line in fs::read_to_string("/proc/locks").unwrap_or_default().lines() {
            // `1: FLOCK  ADVISORY  WRITE 4242 fe:00:133508 0 EOF`. A process that waits for a lock has `->` in its line.
            if let [_, "FLOCK", _, _, pid, file, ..] = line.split_whitespace().collect::<Vec<_>>()[..]
                && let Some(Ok(inode)) = file.rsplit(':').next().map(str::parse)
            {
                holders.entry(inode).or_default().push(Path::new("/proc").join(pid));
            }
        }
        Holders(holders)
    }

    /// Returns the pipe from the service `name` to its log, if the supervises that are running agree on it.
    ///
    /// # Errors
    /// If they do not, or if their descriptors cannot be had. The other side of the service would then get another pipe.
    pub(super) fn pipe(&self, name: &OsStr) -> io::Result<Option<Pipe>> {
        let main = Path::new(name);
        let log = main.join(files::LOG);
        let main_end = is_supervised(main).then(|| self.descriptor(main, "1")).transpose()?;
        let log_end = is_supervised(&log).then(|| self.descriptor(&log, "0")).transpose()?;
        let file = |end: &Option<(PathBuf, PathBuf)>| end.as_ref().map(|(_, file)| file.clone());
        let is_other = main_end.is_some() && log_end.is_some() && file(&main_end) != file(&log_end);
        // A service that had no log when it was started writes to the same file as its errors.
        let errors = self.descriptor(main, "2").ok();
        if is_other || main_end.is_some() && file(&main_end) == file(&errors) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        main_end.or(log_end).map(|(end, _)| open_both_ends(&end)).transpose()
    }

    /// Returns the path of descriptor `number` of the supervise that is running in `directory`, and what it is open on.
    fn descriptor(&self, directory: &Path, number: &str) -> io::Result<(PathBuf, PathBuf)> {
        let inode = fs::metadata(directory.join(files::LOCK))?.ino();
        let identity = |path: &Path| fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino()));
        let here = identity(directory)?;
        // Files of two disks can have the same inode.
        let mut processes = self.0.get(&inode).into_iter().flatten();
        let process = processes.find(|process| identity(&process.join("cwd")).is_ok_and(|there| there == here));
        let path = process.ok_or(io::ErrorKind::NotFound)?.join("fd").join(number);
        let file = fs::read_link(&path)?;
        Ok((path, file))
    }
}

/// Opens both ends of a pipe that a process has one end of.
fn open_both_ends(end: &Path) -> io::Result<Pipe> {
    if !fs::read_link(end)?.as_os_str().as_encoded_bytes().starts_with(b"pipe:") {
        return Err(io::ErrorKind::InvalidData.into());
    }
    // The reader first: without one, a writer cannot be opened.
    let reader = open::read(end)?;
    let writer = open::nonblocking().write(true).open(end)?;
    let blocking = |file: File| {
        open::set_blocking(&file);
        file.into()
    };
    Ok(Pipe { reader: blocking(reader), writer: blocking(writer) })
}
