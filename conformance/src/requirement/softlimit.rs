//! Requirements on softlimit.

use super::Aspect::{Exit, Files, Processes, Signals, Stderr};
use super::{OBSERVED, Requirement, doc, obs};

/// In the order of their numbers.
pub(super) const ALL: &[Requirement] = &[
    doc("LIM-01", "softlimit(8)", &[Processes]).promises(
        "softlimit sets soft limits, and no hard ones, and runs the program: `-a` all segments together, `-c` core files, `-d` \
         the data segment, `-f` files, `-l` locked memory, `-o` open files, `-p` processes, `-r` resident memory, `-s` the \
         stack, `-t` CPU time, and `-m` does the same as `-d -s -l -a`. The value `=` stands for the hard limit.",
    ),
    obs("LIM-02", OBSERVED, &[Processes])
        .promises("A value above the hard limit is lowered to the hard limit without a message."),
    obs("LIM-03", OBSERVED, &[Stderr, Exit, Processes]).promises(
        "A value has decimal digits only, any number of them, and is taken modulo 2^64; an empty one is 0. Anything else, such \
         as `5x`, `-1` or `=5`, gives the usage line and exit code 100.",
    ),
    obs("LIM-04", OBSERVED, &[Stderr, Exit, Processes]).promises(
        "Options take effect in their order, so the last of several for one limit counts. Without a program softlimit prints \
         its usage line and exits 100. A system call that fails gives `getrlimit failed: ` or `setrlimit failed: ` and exit \
         code 111.",
    ),
    doc("LIM-05", "softlimit(8)", &[Exit, Files, Signals]).promises(
        "The limits bind the program: it cannot make a file larger than `-f` says, and gets SIGXCPU when it has used the CPU \
         time of `-t`.",
    ),
    obs("LIM-05b", OBSERVED, &[Exit, Signals]).promises(
        "A write beyond the limit on files stops at the limit, and the next one gets SIGXFSZ. `-p0` does not keep softlimit \
         from running the program. With too little memory the program dies when it is started.",
    ),
];
