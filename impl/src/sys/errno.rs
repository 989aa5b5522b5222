//! Error numbers.

pub(crate) use nix::errno::Errno;
use std::io;

/// Returns the error number of `error`, or `UnknownErrno` if it has none. std reports memory that it cannot get without a
/// number.
pub(crate) fn of(error: &io::Error) -> Errno {
    if error.kind() == io::ErrorKind::OutOfMemory {
        return Errno::ENOMEM;
    }
    error.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw)
}
