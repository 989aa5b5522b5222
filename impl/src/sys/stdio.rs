//! Descriptors 0 to 2: standard input, output and error.
//!
//! A caller may have started the program with one of them closed. Its number then belongs to nobody, or to the next file
//! that the program opens. No `File` or `BorrowedFd` stands for it here, since those promise an open descriptor: the
//! functions below pass the number to one system call each, which fails with EBADF if the descriptor is closed.

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc::{self, STDERR_FILENO, STDIN_FILENO, STDOUT_FILENO};
use nix::sys::stat::Mode;
use std::io;
use std::os::fd::{IntoRawFd, OwnedFd, RawFd};

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
