//! Opening files the way the original does.

use nix::fcntl::{FcntlArg, FdFlag, Flock, FlockArg, OFlag, fcntl};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, IntoRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Returns options for a non-blocking open. Every open is one, so that a FIFO in place of a file cannot block a program
/// (GEN-05).
pub(crate) fn nonblocking() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.custom_flags(OFlag::O_NONBLOCK.bits());
    options
}

/// Opens `path` for reading.
pub(crate) fn read(path: impl AsRef<Path>) -> io::Result<File> {
    nonblocking().read(true).open(path)
}

/// Opens `path` for writing and truncates it. A new file gets mode 0644 less the umask.
pub(crate) fn truncate(path: impl AsRef<Path>) -> io::Result<File> {
    nonblocking().write(true).create(true).truncate(true).mode(0o644).open(path)
}

/// Opens `path` for appending. A new file gets mode 0600 less the umask.
pub(crate) fn append(path: impl AsRef<Path>) -> io::Result<File> {
    nonblocking().append(true).create(true).mode(0o600).open(path)
}

/// Opens `path` for writing, wherever in it the next write goes. A new file gets mode 0600 less the umask.
pub(crate) fn overwrite(path: impl AsRef<Path>) -> io::Result<File> {
    nonblocking().write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// A file locked with flock(2) until this is dropped.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held, not read")] Flock<File>);

/// Opens `path` for appending and locks it. A new file gets mode 0600 less the umask (SUP-05).
///
/// # Errors
/// EAGAIN if another process holds the lock; otherwise those of open(2) and flock(2).
pub(crate) fn lock(path: impl AsRef<Path>) -> io::Result<Lock> {
    Flock::lock(append(path)?, FlockArg::LockExclusiveNonblock).map(Lock).map_err(|(_, error)| error.into())
}

/// Locks `file` with flock(2). The program that this process becomes inherits the descriptor, and with it the lock
/// (LOCK-01).
///
/// # Errors
/// EAGAIN if another process holds the lock and `waits` is false; otherwise those of flock(2).
pub(crate) fn lock_for_child(file: File, waits: bool) -> io::Result<()> {
    let kind = if waits { FlockArg::LockExclusive } else { FlockArg::LockExclusiveNonblock };
    let locked = Flock::lock(file, kind).map_err(|(_, error)| error)?;
    fcntl(&*locked, FcntlArg::F_SETFD(FdFlag::empty()))?;
    std::mem::forget(locked);
    Ok(())
}

/// Makes `count` descriptors of `writer` that the program that this process becomes inherits: `writer` itself, `reader`,
/// which is closed first, and the lowest free ones.
pub(crate) fn leave_open(writer: &OwnedFd, reader: &mut OwnedFd, count: usize) -> io::Result<()> {
    nix::unistd::dup2(writer, reader)?;
    fcntl(writer, FcntlArg::F_SETFD(FdFlag::empty()))?;
    for _ in 2..count {
        let _stays_open = nix::unistd::dup(writer)?.into_raw_fd();
    }
    Ok(())
}

/// Makes reads and writes of `file` block again.
pub(crate) fn set_blocking(file: &File) {
    let _ = fcntl(file, FcntlArg::F_SETFL(OFlag::empty()));
}

/// Creates a pipe whose ends, reader and writer, are closed on exec.
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(nix::unistd::pipe2(OFlag::O_CLOEXEC)?)
}

/// Reads from `source` with one read(2). Returns 0 at its end.
pub(crate) fn read_once(source: impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    Ok(nix::unistd::read(source, buffer)?)
}

/// Sets the umask of this process.
pub(crate) fn set_umask(mask: u32) {
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(mask));
}
