//! setlock [-nNxX] file child...: locks `file` and runs `child`, which holds the lock.

use crate::options::Options;
use crate::program::{Exit, Program, parts};
use crate::sys::argv::Args;
use crate::sys::{child, open};

const SETLOCK: Program = Program("setlock");
const USAGE: &str = "setlock: usage: setlock [ -nNxX ] file program [ arg ... ]";

pub(crate) fn run(args: Args) -> Result<(), Exit> {
    let argv = args.all();
    let (mut waits, mut is_quiet) = (true, false);
    let mut options = Options::new(&argv, b"nNxX");
    for option in options.by_ref() {
        match option.map_err(|bad| bad.exit(USAGE))?.0 {
            b'n' => waits = false,
            b'N' => waits = true,
            b'x' => is_quiet = true,
            _ => is_quiet = false,
        }
    }
    let [file, command @ ..] = options.operands() else { return Err(Exit::misuse(USAGE)) };
    if command.is_empty() {
        return Err(Exit::misuse(USAGE));
    }
    let locked = open::appending()
        .open(file)
        .map_err(SETLOCK.fatal(parts!("unable to open ", file)))
        .and_then(|opened| open::lock_for_child(opened, waits).map_err(SETLOCK.fatal(parts!("unable to lock ", file))));
    match locked {
        Ok(()) => Err(SETLOCK.run(command, &child::environment())),
        Err(_) if is_quiet => Ok(()),
        Err(fatal) => Err(fatal),
    }
}
