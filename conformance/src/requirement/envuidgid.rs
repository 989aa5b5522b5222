//! Requirements on envuidgid.

use super::Aspect::{Exit, Processes, Stderr};
use super::{OBSERVED, Requirement, doc, obs};

/// In the order of their numbers.
pub(super) const ALL: &[Requirement] = &[
    doc("EUG-01", "envuidgid(8)", &[Exit, Processes]).promises(
        "envuidgid sets UID and GID in the environment to the uid and the gid of the account, and runs the program. It exits \
         111 if there is no such account or if memory for the environment runs out.",
    ),
    obs("EUG-01b", OBSERVED, &[Stderr, Exit, Processes]).promises(
        "The ids are decimal numbers and replace old values. Nothing else changes: neither other variables nor the ids of the \
         process, so that no privilege is needed. The messages are `unknown account NAME`, `out of memory`, also as the reason why \
         the program cannot be run, and, with exit code 100, `envuidgid: usage: envuidgid account child`. Accounts are those \
         that setuidgid knows.",
    ),
    obs("EUG-02", OBSERVED, &[Processes]).promises(
        "The last variable of the environment moves to the place of a replaced one, and the new value goes to the end.",
    ),
];
