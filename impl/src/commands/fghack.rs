//! fghack child...: runs `child` and stays until it and every process that it started in the background have exited.

use crate::program::{Exit, Program, parts};
use crate::sys::argv::Args;
use crate::sys::child::{self, Ended};
use crate::sys::open;
use std::fs::File;
use std::io;

const FGHACK: Program = Program("fghack");
/// How many descriptors of the pipe the child gets. A daemon that closes descriptors by number closes them all, or not
/// (FGH-01).
const DESCRIPTORS: usize = 31;

pub(crate) fn run(args: Args) -> Result<(), Exit> {
    let argv = args.all();
    let [_, command @ ..] = &argv[..] else { return Err(FGHACK.usage("fghack child")) };
    if command.is_empty() {
        return Err(FGHACK.usage("fghack child"));
    }
    let (mut reader, writer) = open::pipe().map_err(FGHACK.fatal(parts!("unable to create pipe")))?;
    let child = child::spawn(|| {
        // Descriptors that cannot be made are done without, as in the original.
        let _ = open::leave_open(&writer, &mut reader, DESCRIPTORS);
        FGHACK.run(command, &child::environment()).report()
    });
    let child = child.map_err(FGHACK.fatal(parts!("unable to fork")))?;
    drop(writer);
    // Until the end of the pipe. An interrupted read is repeated.
    let _ = io::copy(&mut File::from(reader), &mut io::sink());
    match child::wait_for(child).map(Ended::of).map_err(FGHACK.fatal(parts!("wait failed")))? {
        Ended::Code(0) => Ok(()),
        Ended::Code(code) => Err(Exit::silent(code)),
        Ended::Killed => Err(FGHACK.fatal_bare(parts!("child crashed"))),
    }
}
