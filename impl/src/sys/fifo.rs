//! FIFOs, through which programs find a supervise and talk to it.

use super::errno::{self, Errno};
use super::open;
use nix::sys::stat::Mode;
use std::fs::File;
use std::io;
use std::path::Path;

/// Makes the FIFO `path` with `mode` less the umask. Errors are ignored: if the FIFO is missing, opening it fails too.
pub(crate) fn make(path: impl AsRef<Path>, mode: u32) {
    let _ = nix::unistd::mkfifo(path.as_ref(), Mode::from_bits_truncate(mode));
}

/// Opens the FIFO `path` for writing if a process has it open for reading.
///
/// # Errors
/// ENXIO, which [`has_no_reader`] recognises, if no process has; otherwise those of open(2).
pub(crate) fn open_write(path: impl AsRef<Path>) -> io::Result<File> {
    open::nonblocking().write(true).open(path)
}

/// Returns whether a FIFO could not be opened for writing because no process reads it.
pub(crate) fn has_no_reader(error: &io::Error) -> bool {
    errno::of(error) == Errno::ENXIO
}
