//! Requirements on svc.

use super::Aspect::{Exit, Processes, Signals, State, Stderr, Timing};
use super::{OBSERVED, Requirement, doc, obs};

/// In the order of their numbers.
pub(super) const ALL: &[Requirement] = &[
    obs("SVC-01", OBSERVED, &[Stderr, Exit, State]).promises(
        "Without a directory svc does nothing, prints nothing and exits 0. A bad option gives a line of its \
         own, the list of options and exit code 100, and no directory is touched.",
    ),
    obs("SVC-02", OBSERVED, &[State]).promises(
        "Letters are sent in the order in which they first occur on the command line, and each only once: `-p \
         -c -pd -x` sends `pcdx`.",
    ),
    obs("SVC-03", OBSERVED, &[State])
        .promises("All letters for a directory go into its FIFO in a single write, in blocking mode."),
    obs("SVC-04", OBSERVED, &[Stderr, State]).promises(
        "With directories but without options, svc opens each control FIFO, warns where it must, and writes \
         nothing.",
    ),
    doc("SVC-05", "svc(8)", &[Processes]).promises("Every option is applied to each directory in turn."),
    obs("SVC-05b", OBSERVED, &[Stderr, State]).promises(
        "If a directory fails, svc prints a warning and continues with the next one. All relative names start \
         from the directory in which svc was called.",
    ),
    obs("SVC-06", OBSERVED, &[Stderr, Exit, State]).promises(
        "A directory that cannot be used gives `svc: warning: unable to chdir to D: ` or `svc: warning: \
         unable to control D: ` with the phrase for the error, D being the argument as typed, and the exit \
         code is still 0. A FIFO that nobody reads gives `supervise not running` in place of the phrase.",
    ),
    obs("SVC-07", OBSERVED, &[Exit, State]).promises(
        "If `control` is a regular file, the letters overwrite its beginning and the rest stays. The exit \
         code is 0.",
    ),
    obs("SVC-08", OBSERVED, &[Timing]).promises(
        "svc returns when its letters are in the FIFO. It does not wait for a supervise that is stopped or \
         pausing.",
    ),
    obs("SVC-09", OBSERVED, &[Stderr, Exit, Signals, Timing, State]).promises(
        "svc waits while the FIFO is full. If the reader goes away, it warns `error writing commands to D: \
         broken pipe`, is not killed by SIGPIPE, and exits 0.",
    ),
    obs("SVC-10", OBSERVED, &[Stderr, Exit]).promises(
        "A current directory without read permission is fatal before any other is tried: `svc: fatal: unable \
         to open current directory: access denied`, exit code 111. One that has been deleted does no harm.",
    ),
    obs("SVC-11", OBSERVED, &[Exit]).promises("The exit codes are the same when stderr is closed."),
];
