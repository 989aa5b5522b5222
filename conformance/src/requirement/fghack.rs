//! Requirements on fghack.

use super::Aspect::{Exit, Processes, Signals, Stderr, Timing};
use super::{OBSERVED, Requirement, doc, obs};

/// In the order of their numbers.
pub(super) const ALL: &[Requirement] = &[
    doc("FGH-01", "fghack(8)", &[Processes, Timing]).promises(
        "fghack runs the program with many extra descriptors that write to a pipe, and discards what comes through the pipe. \
         It exits after the program has exited and the pipe is closed.",
    ),
    obs("FGH-01b", OBSERVED, &[Processes])
        .promises("The program gets 31 descriptors for the pipe, which have the lowest numbers that are free."),
    obs("FGH-02", OBSERVED, &[Stderr, Exit]).promises(
        "fghack exits with the program's exit code. If a signal kills the program, it prints `child crashed` and exits 111. The \
         other messages with that exit code are `unable to create pipe: `, `unable to fork: ` and `wait failed: `, the last \
         with `no child processes` if SIGCHLD is ignored. Without a program fghack prints `fghack: usage: fghack child` and \
         exits 100.",
    ),
    obs("FGH-03", OBSERVED, &[Processes, Signals]).promises(
        "The program is a child of fghack, in the same process group. A signal to fghack does not reach it, and it outlives \
         fghack.",
    ),
];
