//! Requirements on svwait, a command of this project.

use super::Aspect::{Exit, Processes, State, Stderr, Timing};
use super::{Requirement, ext};

const PAGE: &str = "svwait(8)";

/// In the order of their numbers.
pub(super) const ALL: &[Requirement] = &[
    ext("EXT-11", PAGE, &[Exit, Timing])
        .promises("svwait exits 0 as soon as all services are up at once, for any time, or with -d are down at once."),
    ext("EXT-12", PAGE, &[Exit, Timing]).promises(
        "With -D svwait exits 0 as soon as no supervise runs in any of the directories, and a directory that was removed \
         meanwhile has none.",
    ),
    ext("EXT-13", PAGE, &[Exit, Stderr]).promises(
        "When the seconds of -t are over, svwait names each service that is not as it should be with its status, and exits 1. \
         With 0 it looks once.",
    ),
    ext("EXT-14", PAGE, &[Timing]).promises("svwait waits for a supervise that has not been started yet."),
    ext("EXT-15", PAGE, &[Exit, Stderr])
        .promises("svwait exits 111 with a message if a status cannot be read, and 100 after a wrong call."),
    ext("EXT-16", PAGE, &[Processes, State])
        .promises("Where the kernel tells of changes, svwait sleeps until there is one, and misses none."),
    ext("EXT-17", PAGE, &[Exit, Stderr]).promises(
        "A directory that another replaces while svwait waits for it may be away for five seconds. If it stays away, svwait exits \
         111 with a message.",
    ),
];
