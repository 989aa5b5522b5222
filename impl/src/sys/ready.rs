//! Waiting: the only place where a program sleeps.

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// Waits until one of `sources` can be read or `limit` is over; without a limit, as long as it takes.
///
/// It may return early, so callers look whether there is something to do.
pub(crate) fn wait(sources: &[BorrowedFd<'_>], limit: Option<Duration>) {
    let mut polled: Vec<PollFd<'_>> = sources.iter().map(|&fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
    let _ = ppoll(&mut polled, limit.map(TimeSpec::from), None);
}
