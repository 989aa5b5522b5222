//! svok dir: checks whether supervise is running in `dir`. Exits 0 if so, 100 if not, 111 if it cannot find out.

use crate::program::{Exit, Program, parts};
use crate::sys::argv::Args;
use crate::sys::fifo;
use crate::wire::files;
use std::{env, io};

const SVOK: Program = Program("svok");

pub(crate) fn run(args: Args) -> Result<(), Exit> {
    let [_, dir, ..] = args.all()[..] else {
        return Err(SVOK.usage("svok dir"));
    };
    env::set_current_dir(dir).map_err(SVOK.fatal(parts!("unable to chdir to ", dir)))?;
    match fifo::open_write(files::OK) {
        Ok(_) => Ok(()),
        Err(error) if fifo::has_no_reader(&error) || error.kind() == io::ErrorKind::NotFound => Err(Exit::silent(100)),
        Err(error) => Err(SVOK.fatal(parts!("unable to open ", dir, "/supervise/ok"))(error)),
    }
}
