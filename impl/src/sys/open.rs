//! Opening files as the original opens them, and the descriptors that a program starts with.

use nix::fcntl::{FcntlArg, Flock, FlockArg, OFlag, fcntl};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

/// Every open is non-blocking, so that a fifo where a file belongs cannot hang a program (GEN-05).
pub(crate) fn nonblocking() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.custom_flags(OFlag::O_NONBLOCK.bits());
    options
}

/// Opens `path` for reading.
pub(crate) fn read(path: &str) -> io::Result<File> {
    nonblocking().read(true).open(path)
}

/// Opens `path` for writing, emptied, made with mode 0644 less the umask if it is not there.
pub(crate) fn truncate(path: &str) -> io::Result<File> {
    nonblocking().write(true).create(true).truncate(true).mode(0o644).open(path)
}

/// A file that is locked by flock(2) as long as this lives.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held, not read")] Flock<File>);

/// Opens `path` for appending, made with mode 0600 if it is not there, and locks it (SUP-05).
///
/// # Errors
/// EAGAIN when another process has the lock; else what open(2) or flock(2) say.
pub(crate) fn lock(path: &str) -> io::Result<Lock> {
    let file = nonblocking().append(true).create(true).mode(0o600).open(path)?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map(Lock).map_err(|(_, error)| error.into())
}

/// Makes reads and writes on `file` wait again.
pub(crate) fn blocking(file: &File) {
    let _ = fcntl(file, FcntlArg::F_SETFL(OFlag::empty()));
}

/// A pipe, (reader, writer), that programs started from here do not inherit.
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(nix::unistd::pipe2(OFlag::O_CLOEXEC)?)
}

/// Descriptor 0: `Stdin` of std has a buffer, and readproctitle's input is read byte by byte.
pub(crate) fn input() -> BorrowedFd<'static> {
    standard(0)
}

fn standard(descriptor: i32) -> BorrowedFd<'static> {
    // SAFETY: nothing here closes 0 to 2; where the caller had closed one, using it is EBADF, which is what it shall be.
    unsafe { BorrowedFd::borrow_raw(descriptor) }
}

/// Reads once from `from`; 0 at its end.
pub(crate) fn read_some(from: impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    Ok(nix::unistd::read(from, buffer)?)
}

/// Opens /dev/null where descriptor 0, 1 or 2 is closed, so that no file of our own is taken for it (SUP-65).
pub(crate) fn fill_standard_descriptors() {
    for descriptor in 0..=2 {
        if fcntl(standard(descriptor), FcntlArg::F_GETFD).is_err()
            // The lowest free number is `descriptor`: those below it are open by now. It stays open: it is leaked here.
            && let Ok(null) = nix::fcntl::open("/dev/null", OFlag::O_RDWR, nix::sys::stat::Mode::empty())
        {
            std::mem::forget(null);
        }
    }
}

/// Makes `source` this process's standard input.
pub(crate) fn become_input(source: &OwnedFd) -> io::Result<()> {
    Ok(nix::unistd::dup2_stdin(source)?)
}

/// Makes `sink` this process's standard output.
pub(crate) fn become_output(sink: &OwnedFd) -> io::Result<()> {
    Ok(nix::unistd::dup2_stdout(sink)?)
}

/// Makes `sink` this process's standard error.
pub(crate) fn become_errors(sink: &OwnedFd) -> io::Result<()> {
    Ok(nix::unistd::dup2_stderr(sink)?)
}

/// Makes `directory` the current directory.
pub(crate) fn become_directory(directory: &File) -> io::Result<()> {
    Ok(nix::unistd::fchdir(directory)?)
}

/// Descriptor 1 with no buffer of its own: `Stdout` of std would write each line by itself.
#[derive(Debug)]
pub(crate) struct Output;

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(nix::unistd::write(standard(1), bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
