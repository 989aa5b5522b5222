//! Requirements on setuidgid.

use super::Aspect::{Exit, Processes, Stderr};
use super::{OBSERVED, Requirement, doc, obs};

/// In the order of their numbers.
pub(super) const ALL: &[Requirement] = &[
    doc("SUG-01", "setuidgid(8)", &[Processes]).promises(
        "setuidgid takes the uid and the gid of the account, gives up all supplementary groups, and runs the program.",
    ),
    obs("SUG-01b", OBSERVED, &[Stderr, Exit, Processes]).promises(
        "The ids become the real, the effective and the saved ones. The list of supplementary groups has the account's gid \
         and nothing else, whatever groups the account is a member of. An account is a name that the system's account \
         database knows; a number is not taken for an id. In /etc/passwd, blanks before a line do not count, and a line \
         without a name is an account without one.",
    ),
    doc("SUG-02", "setuidgid(8)", &[Exit, Processes])
        .promises("Only root can use setuidgid. For anybody else it exits 111 and does not run the program."),
    obs("SUG-02b", OBSERVED, &[Stderr, Exit, Processes]).promises(
        "Without root's privileges the message is `unable to setgid: permission denied`, even for the caller's own account. \
         setuidgid sets the groups, the gid and then the uid, and leaves the environment alone.",
    ),
    doc("SUG-03", "setuidgid(8)", &[Exit]).promises(
        "setuidgid exits 111 if there is no such account or if it cannot set the gid, set the uid or run the program. \
         Otherwise it exits as the program does.",
    ),
    obs("SUG-03b", OBSERVED, &[Stderr, Exit]).promises(
        "The messages are `unknown account NAME`, `unable to setgid: ` and `unable to setuid: `. Without an account or \
         without a program setuidgid prints `setuidgid: usage: setuidgid account child` and exits 100.",
    ),
];
