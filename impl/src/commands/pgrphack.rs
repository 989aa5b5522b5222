//! pgrphack child...: runs `child` as the leader of a process group and session of its own.

use crate::program::{Exit, Program};
use crate::sys::argv::Args;
use crate::sys::child;

const PGRPHACK: Program = Program("pgrphack");

pub(crate) fn run(args: Args) -> Result<(), Exit> {
    let argv = args.all();
    let [_, command @ ..] = &argv[..] else { return Err(PGRPHACK.usage("pgrphack child")) };
    if command.is_empty() {
        return Err(PGRPHACK.usage("pgrphack child"));
    }
    // The leader of a process group cannot make a session, and needs none (PGH-01).
    child::lead_session();
    Err(PGRPHACK.run(command, &child::environment()))
}
