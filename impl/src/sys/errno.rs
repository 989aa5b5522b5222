//! Error numbers.

pub(crate) use nix::errno::Errno;
use std::io;

/// Returns the error number of `error`, or `UnknownErrno` if it does not come from a system call.
pub(crate) fn of(error: &io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw)
}
