//! Requirements on setlock.

use super::Aspect::{Exit, Files, Processes, Signals, Stderr, Stdout, Timing};
use super::{OBSERVED, Requirement, doc, obs};

/// In the order of their numbers.
pub(super) const ALL: &[Requirement] = &[
    doc("LOCK-01", "setlock(8)", &[Files, Processes, Timing]).promises(
        "setlock opens a file for writing, creates it if need be, waits for an exclusive lock on it, and runs the program, \
         which gets a descriptor for the locked file. The lock lasts until every process has closed that descriptor.",
    ),
    obs("LOCK-01b", OBSERVED, &[Files, Processes]).promises(
        "The file is opened for appending, with mode 0600 if it is new, and is never truncated. The lock is that of flock(2), \
         on the lowest free descriptor.",
    ),
    doc("LOCK-02", "setlock(8)", &[Exit, Stderr, Timing]).promises(
        "With `-n`, setlock gives up if another process has the lock; with `-N`, the default, it waits. With `-x`, it exits 0 if \
         the file cannot be opened, created or locked; with `-X`, the default, it prints a message and exits nonzero.",
    ),
    obs("LOCK-02b", OBSERVED, &[Stdout, Stderr, Exit]).promises(
        "The messages are `unable to open FILE: ` and `unable to lock FILE: `, the latter with `temporary failure` under `-n`, \
         and the exit code is 111. With `-x` nothing is printed. Of `-n` and `-N`, and of `-x` and `-X`, the last counts. \
         Without a file or a program setlock prints `setlock: usage: setlock [ -nNxX ] file program [ arg ... ]` and exits 100.",
    ),
    obs("LOCK-03", OBSERVED, &[Stderr, Exit, Signals]).promises(
        "`-x` hides neither that the program cannot be run nor how it ends. A FIFO that nobody reads cannot be opened: `device \
         not configured`. A signal kills a setlock that waits, also with `-x`.",
    ),
];
