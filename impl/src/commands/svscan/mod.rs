//! svscan \[dir\]: starts a supervise for each service in `dir`, by default the current directory.
//!
//! [`roster`] decides what to start, [`scan`] reads the directory and starts it, and [`adopt`] finds what runs already.

mod adopt;
mod roster;
mod scan;

use crate::program::{Exit, parts};
use crate::sys::argv::Args;
use crate::sys::{limits, stdio};
use scan::{SVSCAN, Scan};
use std::env;

pub(crate) fn run(args: Args) -> Result<(), Exit> {
    stdio::open_closed();
    if let [_, dir, ..] = args.all()[..] {
        env::set_current_dir(dir).map_err(SVSCAN.fatal(parts!("unable to chdir to ", dir)))?;
    }
    SVSCAN.outlive_warnings()?;
    // A log takes two descriptors. Without the right to raise it, the limit stays as it is.
    let _ = limits::raise_descriptors();
    Scan::new().run();
    Ok(())
}
