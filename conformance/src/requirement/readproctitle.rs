//! Requirements on readproctitle.

use super::Aspect::{Exit, Processes};
use super::{OBSERVED, Requirement, doc, obs};

/// In the order of their numbers.
pub(super) const ALL: &[Requirement] = &[
    obs("RPT-01", OBSERVED, &[Processes]).promises(
        "At the start every byte of the last argument becomes a dot, whatever it was, as `/proc/PID/cmdline` \
         shows.",
    ),
    doc("RPT-02", "readproctitle(8)", &[Processes]).promises(
        "Input enters the last argument at its right end and pushes the rest to the left, and three dots \
         always stay at the left of it. With the shortest argument, five bytes, two bytes of input are seen.",
    ),
    obs("RPT-03", OBSERVED, &[Processes]).promises(
        "NUL bytes are left out; newlines and all other bytes are shown as they are. The arguments keep their \
         total length, and those before the last do not change.",
    ),
    obs("RPT-04", OBSERVED, &[Exit, Processes]).promises(
        "Input is taken a byte at a time and an interrupted read is repeated. Any other error in reading, \
         such as for a directory, a closed descriptor or an empty one in non-blocking mode, gives exit code \
         111. End of input gives 0, and a last argument that is missing or shorter than five bytes 100.",
    ),
    obs("RPT-05", OBSERVED, &[Processes]).promises(
        "The bytes change in the memory that the kernel shows as the arguments of the process, which is where \
         `ps` looks. A copy kept by a language runtime does not count.",
    ),
];
