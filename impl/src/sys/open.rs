//! Opening files the way the original does.

use super::errno::{self, Errno};
use nix::fcntl::{AT_FDCWD, AtFlags, FcntlArg, FdFlag, OFlag, fcntl, readlinkat};
use nix::unistd::linkat;
use std::error::Error;
use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::os::fd::{AsFd, AsRawFd, IntoRawFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
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

/// A file that a program must not use, and why. It comes as the inner error of an [`io::Error`].
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) &'static str);

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

impl Error for Refused {}

impl From<Refused> for io::Error {
    fn from(refused: Refused) -> io::Error {
        io::Error::other(refused)
    }
}

/// Opens `path` with `options`, but not if it is a symbolic link: whoever may write to its directory could lead the program
/// to any file. Links to a directory before the last component are followed.
pub(crate) fn no_link(options: &mut OpenOptions, path: impl AsRef<Path>) -> io::Result<File> {
    let path = path.as_ref();
    let opened = options.custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW).bits()).open(path);
    opened.map_err(|error| {
        // A circle of links has the same number.
        let is_link = errno::of(&error) == Errno::ELOOP
            && fs::metadata(path).err().is_none_or(|error| errno::of(&error) != Errno::ELOOP);
        if is_link { Refused("is a symbolic link").into() } else { error }
    })
}

/// Creates `path`, in the place of whatever it was before, with mode 0644 less the umask.
///
/// # Errors
/// EISDIR if it is a directory; otherwise those of unlink(2) and open(2).
pub(crate) fn replace(path: impl AsRef<Path>) -> io::Result<File> {
    let create = || nonblocking().write(true).create_new(true).mode(0o644).open(&path);
    create().or_else(|error| match error.kind() == io::ErrorKind::AlreadyExists {
        true => fs::remove_file(&path).and_then(|()| create()),
        false => Err(error),
    })
}

/// Creates a file without a name in the current directory, with mode 0644 less the umask.
pub(crate) fn nameless() -> io::Result<File> {
    OpenOptions::new().write(true).custom_flags(OFlag::O_TMPFILE.bits()).mode(0o644).open(".")
}

/// Gives `file`, which [`nameless`] created, the name `path`.
pub(crate) fn name(file: &File, path: &str) -> io::Result<()> {
    let link = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(AT_FDCWD, link.as_str(), AT_FDCWD, path, AtFlags::AT_SYMLINK_FOLLOW)?)
}

/// Options to append to a file, which is created with mode 0600 less the umask.
pub(crate) fn appending() -> OpenOptions {
    let mut options = nonblocking();
    options.append(true).create(true).mode(0o600);
    options
}

/// Opens the regular file `name` of the current directory with `options`, but not another one by this name: neither through
/// a symbolic link nor, where another account owns the directory, a file with several names.
pub(crate) fn own(options: &mut OpenOptions, name: &str) -> io::Result<File> {
    let file = no_link(options, name)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(Refused("not a regular file").into());
    }
    if metadata.nlink() > 1 && !is_trusted(&fs::metadata(".")?) {
        return Err(Refused("has several names").into());
    }
    Ok(file)
}

/// Opens `path` for writing, wherever in it the next write goes. A new file gets mode 0600 less the umask. In its last
/// component, only symbolic links of root and of the account of this process are followed.
pub(crate) fn overwrite(path: impl AsRef<Path>) -> io::Result<File> {
    let mut path = path.as_ref().to_owned();
    loop {
        let opened = no_link(nonblocking().write(true).create(true).truncate(false).mode(0o600), &path);
        // Refused, and not because of a circle of links.
        if opened.as_ref().err().is_none_or(|error| error.get_ref().is_none()) {
            return opened;
        }
        let link =
            OpenOptions::new().read(true).custom_flags((OFlag::O_PATH | OFlag::O_NOFOLLOW).bits()).open(&path)?;
        if !is_trusted(&link.metadata()?) {
            return opened;
        }
        path.set_file_name(readlinkat(&link, "")?);
    }
}

/// Returns whether the file belongs to root or to the account of this process.
pub(crate) fn is_trusted(file: &Metadata) -> bool {
    [0, nix::unistd::geteuid().as_raw()].contains(&file.uid())
}

/// A file locked with flock(2) until this is dropped. nix's asserts that it can be unlocked.
#[derive(Debug)]
pub(crate) struct Lock(File);

fn try_lock(file: File) -> io::Result<Lock> {
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(Errno::EAGAIN.into()),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Opens `path`, which must not be a symbolic link, for appending and locks it. A new file gets mode 0600 less the umask
/// (SUP-05).
///
/// # Errors
/// EAGAIN if another process holds the lock; otherwise those of open(2) and flock(2).
pub(crate) fn lock(path: impl AsRef<Path>) -> io::Result<Lock> {
    try_lock(no_link(&mut appending(), path)?)
}

/// Returns whether another process has locked the file `path` with flock(2). Returns false if it cannot be opened.
pub(crate) fn is_locked(path: impl AsRef<Path>) -> bool {
    read(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Locks the directory `path` with flock(2) until this is dropped. Returns `None` if another process has locked it, or if it
/// cannot be locked, as on some network file systems.
pub(crate) fn lock_directory(path: impl AsRef<Path>) -> Option<Lock> {
    try_lock(read(path).ok()?).ok()
}

/// Locks `file` with flock(2). The program that this process becomes inherits the descriptor, and with it the lock
/// (LOCK-01).
///
/// # Errors
/// EAGAIN if another process holds the lock and `waits` is false; otherwise those of flock(2).
pub(crate) fn lock_for_child(file: File, waits: bool) -> io::Result<()> {
    let file = if waits { file.lock().map(|()| file) } else { try_lock(file).map(|Lock(file)| file) }?;
    fcntl(&file, FcntlArg::F_SETFD(FdFlag::empty()))?;
    let _stays_open = file.into_raw_fd();
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
