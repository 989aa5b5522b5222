//! Requirements on pgrphack.

use super::Aspect::{Exit, Processes, Stderr};
use super::{OBSERVED, Requirement, doc, obs};

/// In the order of their numbers.
pub(super) const ALL: &[Requirement] = &[
    doc("PGH-01", "pgrphack(8)", &[Processes]).promises("pgrphack runs the program in a new process group."),
    obs("PGH-01b", OBSERVED, &[Stderr, Exit, Processes]).promises(
        "The process group is that of a new session, which the process leads. A process that leads a group already cannot \
         make a session, and pgrphack runs the program all the same. Without a program it prints `pgrphack: usage: pgrphack \
         child` and exits 100.",
    ),
];
