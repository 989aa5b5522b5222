//! The commands and the table of their names. A command with a core that needs no I/O has a folder, with the core in a
//! file of its own.
#![forbid(unsafe_code)]

mod envdir;
mod envuidgid;
mod fghack;
mod multilog;
mod pgrphack;
mod readproctitle;
mod setlock;
mod setuidgid;
mod softlimit;
mod supervise;
mod svc;
mod svcheck;
mod svok;
mod svscan;
mod svscanboot;
mod svstat;
mod svstatus;
mod svwait;
mod tai64n;
mod tai64nlocal;

use crate::program::Exit;
use crate::sys::allocator::{Shortage, at_shortage};
use crate::sys::argv::Args;

/// A command of the multi-call binary.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its name, by which it is called.
    pub(crate) name: &'static str,
    /// What it does, for `daemontools --help`.
    pub(crate) summary: &'static str,
    /// Runs it. The first argument is the name it was called by.
    run: fn(Args) -> Result<(), Exit>,
}

impl Entry {
    /// Runs the command with `args`, of which the first is its name.
    pub(crate) fn call(&self, args: Args) -> Result<(), Exit> {
        let is_needed = ["supervise", "svscan"].contains(&self.name);
        at_shortage(self.name, if is_needed { Shortage::Pause } else { Shortage::Fatal });
        (self.run)(args)
    }
}

/// All commands, sorted by name.
pub(crate) const ALL: &[Entry] = &[
    Entry { name: "envdir", summary: "run a program with variables from files", run: envdir::run },
    Entry {
        name: "envuidgid",
        summary: "run a program with the ids of an account in its environment",
        run: envuidgid::run,
    },
    Entry { name: "fghack", summary: "keep a program that backgrounds itself in the foreground", run: fghack::run },
    Entry { name: "multilog", summary: "send lines to logs of limited size", run: multilog::run },
    Entry { name: "pgrphack", summary: "run a program in a process group of its own", run: pgrphack::run },
    Entry { name: "readproctitle", summary: "show error messages in a process title", run: readproctitle::run },
    Entry { name: "setlock", summary: "run a program while holding a lock", run: setlock::run },
    Entry { name: "setuidgid", summary: "run a program as an account", run: setuidgid::run },
    Entry { name: "softlimit", summary: "run a program with other resource limits", run: softlimit::run },
    Entry { name: "supervise", summary: "start a service and restart it when it exits", run: supervise::run },
    Entry { name: "svc", summary: "send commands to supervise", run: svc::run },
    Entry { name: "svcheck", summary: "find what is wrong with services", run: svcheck::run },
    Entry { name: "svok", summary: "check whether supervise is running", run: svok::run },
    Entry { name: "svscan", summary: "start a supervise for each service in a directory", run: svscan::run },
    Entry { name: "svscanboot", summary: "start svscan and readproctitle at boot", run: svscanboot::run },
    Entry { name: "svstat", summary: "print the status of services", run: svstat::run },
    Entry { name: "svstatus", summary: "print the status of services for programs", run: svstatus::run },
    Entry { name: "svwait", summary: "wait until services are up, down or gone", run: svwait::run },
    Entry { name: "tai64n", summary: "put a precise time stamp before each line", run: tai64n::run },
    Entry { name: "tai64nlocal", summary: "turn the stamps of tai64n into local time", run: tai64nlocal::run },
];
