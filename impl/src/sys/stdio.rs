//! Descriptors 0 to 2: standard input, output and error.
//!
//! A caller may have started the program with one of them closed. Its number then belongs to nobody, or to the next file
//! that the program opens. No `File` or `BorrowedFd` stands for it here, since those promise an open descriptor: the
//! functions below pass the number to one system call each, which fails with EBADF if the descriptor is closed.

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc::{self, STDERR_FILENO, STDIN_FILENO, STDOUT_FILENO};
use nix::sys::stat::Mode;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

/// Reads from standard input with one read(2). Returns 0 at its end.
///
/// std's `Stdin` has a buffer, and readproctitle reads single bytes.
pub(crate) fn read(buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: read(2) writes at most `buffer.len()` bytes to `buffer`, which is borrowed for this call alone.
    let count = unsafe { libc::read(STDIN_FILENO, buffer.as_mut_ptr().cast(), buffer.len()) };
    Ok(Errno::result(count)?.cast_unsigned())
}

/// Standard output without a buffer. std's `Stdout` flushes its buffer after each line.
#[derive(Debug)]
pub(crate) struct Stdout;

impl io::Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // SAFETY: write(2) only reads `bytes.len()` bytes from `bytes`.
        let count = unsafe { libc::write(STDOUT_FILENO, bytes.as_ptr().cast(), bytes.len()) };
        Ok(Errno::result(count)?.cast_unsigned())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes `message` to standard error, if that does not have to wait. Returns whether it was written. Where it can never be
/// written, as to a pipe without a reader, it counts as written.
///
/// O_NONBLOCK is not for this: the services share the open file.
pub(crate) fn error_at_once(message: &[u8]) -> bool {
    // A pipe that is ready takes this many bytes.
    message.chunks(libc::PIPE_BUF).all(|part| {
        let is_ready = is_error_ready();
        if is_ready {
            // SAFETY: write(2) only reads `part.len()` bytes from `part`.
            unsafe { libc::write(STDERR_FILENO, part.as_ptr().cast(), part.len()) };
        }
        is_ready
    })
}

/// Returns whether a write to standard error need not wait, or can only fail.
pub(crate) fn is_error_ready() -> bool {
    let mut polled = libc::pollfd { fd: STDERR_FILENO, events: libc::POLLOUT, revents: 0 };
    // SAFETY: poll(2) reads and writes the one element, and is told the number.
    unsafe { libc::poll(&raw mut polled, 1, 0) == 1 }
}

/// Opens /dev/null on each of the three descriptors that is closed, so that none of the program's own files gets its
/// number (SUP-65).
pub(crate) fn open_closed() {
    for descriptor in STDIN_FILENO..=STDERR_FILENO {
        // Open returns the lowest free number. That is `descriptor`, since those below it are open by now.
        if !is_open(descriptor)
            && let Ok(null) = nix::fcntl::open("/dev/null", OFlag::O_RDWR, Mode::empty())
        {
            let _stays_open = null.into_raw_fd();
        }
    }
}

fn is_open(descriptor: RawFd) -> bool {
    // SAFETY: F_GETFD takes no argument and changes nothing.
    unsafe { libc::fcntl(descriptor, libc::F_GETFD) != -1 }
}

/// Waits until standard input or `other` is readable, and returns whether standard input is. It counts as readable at its
/// end, after an error, and if it is closed: reading it tells which.
pub(crate) fn wait_readable(other: BorrowedFd<'_>) -> bool {
    let poll = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let mut polled = [poll(STDIN_FILENO), poll(other.as_raw_fd())];
    // SAFETY: poll(2) reads and writes the two elements of `polled`, and is told their number.
    let _ = unsafe { libc::poll(polled.as_mut_ptr(), 2, -1) };
    polled[0].revents != 0
}

/// Makes each file the descriptor beside it, for a child that is about to become another program: whatever had these
/// numbers is closed.
pub(crate) fn redirect(files: &[(File, RawFd)]) -> io::Result<()> {
    // First to numbers above all of them, so that no file is closed before its turn. These close on exec.
    const ABOVE: RawFd = 10;
    let moved: Vec<OwnedFd> =
        files.iter().map(|(file, _)| fcntl_dupfd_cloexec(file.as_fd(), ABOVE)).collect::<io::Result<_>>()?;
    for (file, &(_, number)) in moved.iter().zip(files) {
        // SAFETY: dup2(2) takes two numbers. The child uses no value that stands for the second one any more.
        Errno::result(unsafe { libc::dup2(file.as_raw_fd(), number) })?;
    }
    Ok(())
}

fn fcntl_dupfd_cloexec(file: BorrowedFd<'_>, least: RawFd) -> io::Result<OwnedFd> {
    let number = fcntl(file, FcntlArg::F_DUPFD_CLOEXEC(least))?;
    // SAFETY: fcntl(2) has just made this descriptor, and nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Makes standard input a duplicate of `source`.
pub(crate) fn redirect_stdin(source: &OwnedFd) -> io::Result<()> {
    Ok(nix::unistd::dup2_stdin(source)?)
}

/// Makes standard output a duplicate of `sink`.
pub(crate) fn redirect_stdout(sink: &OwnedFd) -> io::Result<()> {
    Ok(nix::unistd::dup2_stdout(sink)?)
}

/// Makes standard error a duplicate of `sink`.
pub(crate) fn redirect_stderr(sink: &OwnedFd) -> io::Result<()> {
    Ok(nix::unistd::dup2_stderr(sink)?)
}
