//! FIFOs, through which programs find a supervise and talk to it.

use super::errno::{self, Errno};
use super::open::{self, Refused};
use nix::sys::stat::Mode;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek};
use std::path::Path;

/// Makes the FIFO `path` with `mode` less the umask, if there is no file yet.
pub(crate) fn make(path: impl AsRef<Path>, mode: u32) -> io::Result<()> {
    match nix::unistd::mkfifo(path.as_ref(), Mode::from_bits_truncate(mode)) {
        Ok(()) | Err(Errno::EEXIST) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Opens the FIFO `path` for reading.
///
/// # Errors
/// [`Refused`] if it is something else or a link to a FIFO; otherwise those of open(2).
pub(crate) fn open_read(path: impl AsRef<Path>) -> io::Result<File> {
    open(OpenOptions::new().read(true), path)
}

/// Opens the FIFO `path` for writing if a process has it open for reading.
///
/// # Errors
/// ENXIO, which [`has_no_reader`] recognises, if no process has; otherwise those of [`open_read`].
pub(crate) fn open_write(path: impl AsRef<Path>) -> io::Result<File> {
    open(OpenOptions::new().write(true), path)
}

fn open(options: &mut OpenOptions, path: impl AsRef<Path>) -> io::Result<File> {
    let mut file = open::no_link(options, path)?;
    // A FIFO has no position. fstat(2) takes three times as long, and svstat does this for each service.
    match file.stream_position() {
        Err(error) if errno::of(&error) == Errno::ESPIPE => Ok(file),
        _ => Err(Refused("not a FIFO").into()),
    }
}

/// Returns whether a FIFO could not be opened for writing because no process reads it.
pub(crate) fn has_no_reader(error: &io::Error) -> bool {
    errno::of(error) == Errno::ENXIO
}
