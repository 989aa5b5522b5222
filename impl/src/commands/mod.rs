//! The commands and the table of their names. A command with a core that needs no I/O has a folder, with the core in a
//! file of its own.
#![forbid(unsafe_code)]

mod readproctitle;
mod supervise;
mod svc;
mod svok;
mod svscan;
mod svscanboot;
mod svstat;

use crate::program::Exit;
use crate::sys::argv::Args;

/// A command of the multi-call binary.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its name, by which it is called.
    pub(crate) name: &'static str,
    /// What it does, for `daemontools --help`.
    pub(crate) summary: &'static str,
    /// Runs it. The first argument is the name it was called by.
    pub(crate) run: fn(Args) -> Result<(), Exit>,
}

/// All commands, sorted by name.
pub(crate) const ALL: &[Entry] = &[
    Entry { name: "readproctitle", summary: "show error messages in a process title", run: readproctitle::run },
    Entry { name: "supervise", summary: "start a service and restart it when it exits", run: supervise::run },
    Entry { name: "svc", summary: "send commands to supervise", run: svc::run },
    Entry { name: "svok", summary: "check whether supervise is running", run: svok::run },
    Entry { name: "svscan", summary: "start a supervise for each service in a directory", run: svscan::run },
    Entry { name: "svscanboot", summary: "start svscan and readproctitle at boot", run: svscanboot::run },
    Entry { name: "svstat", summary: "print the status of services", run: svstat::run },
];
