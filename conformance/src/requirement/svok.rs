//! Requirements on svok.

use super::Aspect::{Exit, State, Stderr, Stdout};
use super::{OBSERVED, Requirement, doc, obs};

/// In the order of their numbers.
pub(super) const ALL: &[Requirement] = &[
    doc("OK-01", "svok(8)", &[Stdout, Stderr, Exit])
        .promises("svok exits 0 if supervise is running in the directory and 100 if it is not, and prints nothing."),
    obs("OK-01b", OBSERVED, &[Exit, State])
        .promises("What counts is whether there is a `supervise/ok` that somebody reads."),
    obs("OK-02", OBSERVED, &[Stderr, Exit, State]).promises(
        "A directory that cannot be entered gives a message and exit code 111, not 100. So does an error in \
         opening `supervise/ok`, unless it is missing or without a reader.",
    ),
    obs("OK-03", OBSERVED, &[Stderr, Exit, State]).promises(
        "Without an argument svok prints `svok: usage: svok dir` and exits 100; arguments after the first are \
         ignored. `-x` is the name of a directory, and a regular file as `ok` gives 0.",
    ),
];
