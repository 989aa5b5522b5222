//! Requirements on svcheck, a command of this project.

use super::Aspect::{Exit, State, Stderr, Stdout};
use super::{Requirement, ext};

const PAGE: &str = "svcheck(8)";

/// In the order of their numbers.
pub(super) const ALL: &[Requirement] = &[
    ext("EXT-21", PAGE, &[Stdout, Exit])
        .promises("svcheck prints nothing about services without fault, running or not, and exits 0."),
    ext("EXT-22", PAGE, &[Stdout, Exit]).promises(
        "svcheck prints a line with the mend for each fault of run: it is missing, not a file, not executable, not a program, \
         ends its lines as Windows does, or has no interpreter or one that is missing or cannot be executed. It exits \
         1.",
    ),
    ext("EXT-23", PAGE, &[Stdout, Exit]).promises(
        "A hint does not change the exit code. There is one for a shell script without exec, for a file down, and for what a \
         group may write to or belongs to another account than root and the caller's.",
    ),
    ext("EXT-24", PAGE, &[Stdout, Exit]).promises("svcheck reports a log that is not a directory or has no run."),
    ext("EXT-25", PAGE, &[Stdout, Exit])
        .promises("svcheck reports links that lead nowhere or back to themselves, as entries of a directory and in a service."),
    ext("EXT-26", PAGE, &[Stdout, Exit]).promises(
        "svcheck reports what anybody may write to: the directory of a service, the one above, and the one that a link leads \
         into unless it is sticky, run, supervise and its control.",
    ),
    ext("EXT-27", PAGE, &[Stdout, Exit, State])
        .promises("svcheck reports a lock that a process holds without being a supervise that runs, and names the process."),
    ext("EXT-28", PAGE, &[Stdout, Exit]).promises(
        "svcheck reports directories of multilog that the account of setuidgid cannot write to or make, files `lock` and \
         `current` in them that it cannot write to, a link `current`, and accounts that do not exist.",
    ),
    ext("EXT-29", PAGE, &[Exit, Stderr])
        .promises("svcheck exits 111 with a message if it could not look at something, and 100 without an argument."),
    ext("EXT-30", PAGE, &[Stdout, Exit, State]).promises(
        "svcheck reports a supervise that is not a directory, and a lock, control or ok in it that supervise refuses: of another \
         kind, or a link.",
    ),
];
