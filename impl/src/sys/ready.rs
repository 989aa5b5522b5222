//! Waiting. No program sleeps anywhere else.

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// Waits until one of `sinks` takes a write, or fails it.
pub(crate) fn wait_writable(sinks: &[BorrowedFd<'_>]) {
    wait_for(sinks, PollFlags::POLLOUT, None);
}

/// Waits until one of `sources` is readable or, if there is a `timeout`, until that has passed.
///
/// Returns whether the time has passed. May return early, so callers must check what there is to do.
pub(crate) fn wait(sources: &[BorrowedFd<'_>], timeout: Option<Duration>) -> bool {
    wait_for(sources, PollFlags::POLLIN, timeout)
}

fn wait_for(descriptors: &[BorrowedFd<'_>], event: PollFlags, timeout: Option<Duration>) -> bool {
    let mut polled: Vec<PollFd<'_>> = descriptors.iter().map(|&fd| PollFd::new(fd, event)).collect();
    ppoll(&mut polled, timeout.map(TimeSpec::from), None) == Ok(0)
}

/// Waits as [`wait`] does, and for an exceptional condition of `urgent`, such as a change of the table of mounts. Returns
/// whether there is one.
pub(crate) fn wait_urgent(sources: &[BorrowedFd<'_>], urgent: BorrowedFd<'_>, timeout: Option<Duration>) -> bool {
    let mut polled = vec![PollFd::new(urgent, PollFlags::POLLPRI)];
    polled.extend(sources.iter().map(|&fd| PollFd::new(fd, PollFlags::POLLIN)));
    let _ = ppoll(&mut polled, timeout.map(TimeSpec::from), None);
    polled[0].any().unwrap_or_default()
}
