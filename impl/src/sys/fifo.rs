//! Named pipes: how programs find and talk to a supervise.

use super::errno::{self, Errno};
use super::open;
use nix::sys::stat::Mode;
use std::fs::File;
use std::io;

/// Makes the fifo `path` with `mode` less the umask. A failure is not told: where it matters, opening it fails too.
pub(crate) fn make(path: &str, mode: u32) {
    let _ = nix::unistd::mkfifo(path, Mode::from_bits_truncate(mode));
}

/// Opens the fifo `path` for writing, if someone has it open for reading.
///
/// # Errors
/// ENXIO, known to [`nobody_listens`], when nobody does; else what open(2) says.
pub(crate) fn open_write(path: &str) -> io::Result<File> {
    open::nonblocking().write(true).open(path)
}

/// Whether opening a fifo failed because it has no reader.
pub(crate) fn nobody_listens(error: &io::Error) -> bool {
    errno::of(error) == Errno::ENXIO
}
