//! Signals: sending them, and receiving SIGCHLD through a descriptor instead of a handler.

use nix::sys::signal::{self, SigHandler, SigSet};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::{Pid, alarm};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::OnceLock;

pub(crate) use nix::sys::signal::Signal;

/// Sends `signal` to the process `pid`, not to its group (SUP-44).
pub(crate) fn send(pid: Pid, signal: Signal) {
    let _ = signal::kill(pid, signal);
}

/// A descriptor that becomes readable when a child exits. SIGCHLD stays blocked until the process ends.
#[derive(Debug)]
pub(crate) struct ChildExits(SignalFd);

impl ChildExits {
    /// Starts to listen, even if the parent ignored SIGCHLD.
    pub(crate) fn listen() -> io::Result<ChildExits> {
        set_disposition(Signal::SIGCHLD, SigHandler::SigDfl)?;
        let mask = SigSet::from(Signal::SIGCHLD);
        mask.thread_block()?;
        Ok(ChildExits(SignalFd::with_flags(&mask, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?))
    }

    /// Drains the descriptor. The caller must then reap every child that has exited.
    pub(crate) fn clear(&self) {
        while let Ok(Some(_)) = self.0.read_signal() {}
    }

    /// Returns the descriptor to wait for.
    pub(crate) fn source(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// A descriptor that becomes readable when one of some signals arrives. They stay blocked until [`Arrivals::release`].
#[derive(Debug)]
pub(crate) struct Arrivals {
    descriptor: SignalFd,
    mask: SigSet,
}

impl Arrivals {
    /// Blocks `signals` and starts to listen for them, even if they were ignored.
    pub(crate) fn listen(signals: &[Signal]) -> io::Result<Arrivals> {
        let mut mask = SigSet::empty();
        for &signal in signals {
            mask.add(signal);
            set_disposition(signal, SigHandler::SigDfl)?;
        }
        mask.thread_block()?;
        let descriptor = SignalFd::with_flags(&mask, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        Ok(Arrivals { descriptor, mask })
    }

    /// Returns a signal that has arrived, or `None` if there is none.
    pub(crate) fn next(&self) -> Option<Signal> {
        let arrival = self.descriptor.read_signal().ok()??;
        Signal::try_from(arrival.ssi_signo.cast_signed()).ok()
    }

    /// Returns the descriptor to wait for.
    pub(crate) fn source(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    /// Unblocks the signals, for a child that is about to become another program.
    pub(crate) fn release(&self) -> io::Result<()> {
        Ok(self.mask.thread_unblock()?)
    }
}

/// Unblocks SIGCHLD. `./run` gets it default and unblocked, whatever supervise inherited (SUP-32).
pub(crate) fn unblock_sigchld() -> io::Result<()> {
    Ok(SigSet::from(Signal::SIGCHLD).thread_unblock()?)
}

/// Sets SIGCHLD to its default. While it is ignored, the kernel reaps children and their exits cannot be detected
/// (SCAN-18).
pub(crate) fn reset_sigchld() -> io::Result<()> {
    set_disposition(Signal::SIGCHLD, SigHandler::SigDfl).map(drop)
}

/// Ignores SIGPIPE, so that a write to a pipe without a reader fails with EPIPE (SVC-09).
pub(crate) fn ignore_sigpipe() -> io::Result<()> {
    set_disposition(Signal::SIGPIPE, SigHandler::SigIgn).map(drop)
}

/// Ends this process by SIGALRM after `seconds`, whatever it inherited, unless a call fails.
pub(crate) fn die_after(seconds: u32) {
    let ready = set_disposition(Signal::SIGALRM, SigHandler::SigDfl);
    let _ = ready.and_then(|_| Ok(SigSet::from(Signal::SIGALRM).thread_unblock()?));
    alarm::set(seconds);
}

/// The signals that end a process for a failed write, with their dispositions before [`survive_writes`].
static INHERITED: OnceLock<Vec<(Signal, SigHandler)>> = OnceLock::new();

/// Ignores the signals that end a process for a failed write: to a pipe without a reader, or beyond the limit on the size of
/// files. Children get the dispositions back.
pub(crate) fn survive_writes() -> io::Result<()> {
    let ignore = |signal| Ok((signal, set_disposition(signal, SigHandler::SigIgn)?));
    let inherited = [Signal::SIGPIPE, Signal::SIGXFSZ].into_iter().map(ignore).collect::<io::Result<_>>()?;
    INHERITED.get_or_init(|| inherited);
    Ok(())
}

/// Sets the dispositions as they were before [`survive_writes`].
pub(super) fn restore_inherited() -> io::Result<()> {
    for &(signal, disposition) in INHERITED.get().into_iter().flatten() {
        set_disposition(signal, disposition)?;
    }
    Ok(())
}

/// Returns the disposition that `signal` had.
fn set_disposition(signal: Signal, disposition: SigHandler) -> io::Result<SigHandler> {
    // SAFETY: The dispositions used here are to ignore, and the default, and run no handler.
    Ok(unsafe { signal::signal(signal, disposition) }?)
}
