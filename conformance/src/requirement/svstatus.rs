//! Requirements on svstatus, a command of this project.

use super::Aspect::{Exit, State, Stdout};
use super::{Requirement, ext};

const PAGE: &str = "svstatus(8)";

/// In the order of their numbers.
pub(super) const ALL: &[Requirement] = &[
    ext("EXT-01", PAGE, &[Stdout]).promises(
        "svstatus prints for each directory the line of svstat, and with --json an array with one object for each in a line of \
         its own, in the order of the arguments.",
    ),
    ext("EXT-02", PAGE, &[Exit])
        .promises("svstatus exits 0 if all services are up, 1 if one is not, 111 if the status of one cannot be read."),
    ext("EXT-03", PAGE, &[Stdout, State]).promises(
        "svstatus reads the records of daemontools, daemontools-encore, runit and s6, and calls a service up when the status \
         command of its supervisor does.",
    ),
    ext("EXT-04", PAGE, &[Stdout]).promises(
        "Any name is a JSON string: controls are escaped, and bytes that are not UTF-8 become U+FFFD. A time is in UTC in the \
         form of RFC 3339, or null if that cannot express it.",
    ),
];
