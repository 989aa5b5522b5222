//! Signals: sent, and heard as readable descriptors instead of handlers.

use super::Pid;
use nix::sys::signal::{self, SigHandler, SigSet};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

pub(crate) use nix::sys::signal::Signal;

/// Sends `signal` to the one process `pid`, never to its group (SUP-44).
pub(crate) fn send(pid: Pid, signal: Signal) {
    let _ = signal::kill(pid, signal);
}

/// Tells when a child has died. SIGCHLD is blocked as long as this process lives.
#[derive(Debug)]
pub(crate) struct Deaths(SignalFd);

impl Deaths {
    /// Begins to listen, also where the parent had SIGCHLD ignored.
    pub(crate) fn listen() -> io::Result<Deaths> {
        default_child();
        let mask = SigSet::from(Signal::SIGCHLD);
        mask.thread_block()?;
        Ok(Deaths(SignalFd::with_flags(&mask, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?))
    }

    /// Forgets the deaths told so far: whoever calls this then reaps all that are dead.
    pub(crate) fn clear(&self) {
        while let Ok(Some(_)) = self.0.read_signal() {}
    }

    /// What becomes readable at a death.
    pub(crate) fn source(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Lets SIGCHLD through again: `./run` gets it default and unblocked, whatever supervise was given (SUP-32).
pub(crate) fn unblock_child() {
    let _ = SigSet::from(Signal::SIGCHLD).thread_unblock();
}

/// Takes back an inherited "ignore SIGCHLD", under which no death could be noticed (SCAN-18).
pub(crate) fn default_child() {
    set(Signal::SIGCHLD, SigHandler::SigDfl);
}

/// Lets a write to a broken pipe fail instead of killing this process (SVC-09).
pub(crate) fn ignore_pipe() {
    set(Signal::SIGPIPE, SigHandler::SigIgn);
}

fn set(which: Signal, disposition: SigHandler) {
    // SAFETY: neither disposition set here runs code of ours.
    let _ = unsafe { signal::signal(which, disposition) };
}
