//! `svscan [dir]`: keeps a supervise running for each service directory in `dir`, which is `.` if it is not told.

use crate::program::{Program, Stop, parts};
use crate::svscan::scan::Scan;
use crate::sys::argv::Args;
use crate::sys::{open, signals};
use std::env;

pub(crate) fn run(args: Args) -> Result<(), Stop> {
    open::fill_standard_descriptors();
    if let [_, dir, ..] = args.all()[..] {
        env::set_current_dir(dir).map_err(Program("svscan").fatal(parts!("unable to chdir to ", dir)))?;
    }
    signals::default_child();
    Scan::default().keep_running()
}
