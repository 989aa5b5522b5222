//! The commands, by the names that they are called by. A small one is whole in its file.

mod readproctitle;
mod supervise;
mod svc;
mod svok;
mod svscan;
mod svscanboot;
mod svstat;

use crate::program::{Program, Stop, parts};
use crate::sys::argv::Args;
use crate::sys::open;
use std::fs::File;

/// One command of the multi-call program.
#[derive(Debug)]
pub(crate) struct Entry {
    /// What it is called.
    pub(crate) name: &'static str,
    /// What it does with its arguments, of which the first is its name as called.
    pub(crate) run: fn(Args) -> Result<(), Stop>,
}

/// All of them, by name.
pub(crate) const ALL: &[Entry] = &[
    Entry { name: "readproctitle", run: readproctitle::run },
    Entry { name: "supervise", run: supervise::run },
    Entry { name: "svc", run: svc::run },
    Entry { name: "svok", run: svok::run },
    Entry { name: "svscan", run: svscan::run },
    Entry { name: "svscanboot", run: svscanboot::run },
    Entry { name: "svstat", run: svstat::run },
];

/// Opens the current directory, so that names on the command line stay relative to it.
fn working_directory(program: Program) -> Result<File, Stop> {
    open::read(".").map_err(program.fatal(parts!("unable to open current directory")))
}

/// Makes `origin` the current directory again.
fn back_to(origin: &File, program: Program) -> Result<(), Stop> {
    open::become_directory(origin).map_err(program.fatal(parts!("unable to set directory")))
}
