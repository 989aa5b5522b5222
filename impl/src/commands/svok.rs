//! svok dir: is supervise running in `dir`? Exits 0 for yes, 100 for no, 111 for cannot tell.

use crate::program::{Program, Stop, parts};
use crate::sys::argv::Args;
use crate::sys::fifo;
use crate::wire::place;
use std::{env, io};

const SVOK: Program = Program("svok");

pub(crate) fn run(args: Args) -> Result<(), Stop> {
    let [_, dir, ..] = args.all()[..] else {
        return Err(SVOK.usage("svok dir"));
    };
    env::set_current_dir(dir).map_err(SVOK.fatal(parts!("unable to chdir to ", dir)))?;
    match fifo::open_write(place::OK) {
        Ok(_) => Ok(()),
        Err(error) if fifo::nobody_listens(&error) || error.kind() == io::ErrorKind::NotFound => Err(Stop::quiet(100)),
        Err(error) => Err(SVOK.fatal(parts!("unable to open ", dir, "/supervise/ok"))(error)),
    }
}
