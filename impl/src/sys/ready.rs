//! Waiting. No program sleeps anywhere else.

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// Waits until one of `sources` is readable or, if there is a `timeout`, until that has passed.
///
/// May return early, so callers must check what there is to do.
pub(crate) fn wait(sources: &[BorrowedFd<'_>], timeout: Option<Duration>) {
    let mut polled: Vec<PollFd<'_>> = sources.iter().map(|&fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
    let _ = ppoll(&mut polled, timeout.map(TimeSpec::from), None);
}
