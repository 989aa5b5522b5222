//! Requirements on svstat.

use super::Aspect::{Exit, Signals, State, Stdout, Timing};
use super::{OBSERVED, Requirement, bug, obs};

/// In the order of their numbers.
pub(super) const ALL: &[Requirement] = &[
    obs("STAT-01", OBSERVED, &[Stdout, State]).promises(
        "`D: up (pid P) N seconds` can be followed by `, normally down`, `, paused` and `, want down`, in \
         this order, and `D: down N seconds` by `, normally up` and `, want up`. Each is there exactly when \
         the file `down`, a paused byte other than 0, or the want byte (`d` if up, `u` if down) calls for it. \
         The word is `seconds` for 1 as well.",
    ),
    obs("STAT-02", OBSERVED, &[Stdout, Exit, State]).promises(
        "svstat enters the directory, looks for `down`, opens `ok` for writing, opens the record and reads \
         it; the first step to fail makes the line, and the exit code is still 0. Without permission to write \
         to `ok` the line is `D: unable to open supervise/ok: access denied`.",
    ),
    obs("STAT-03", OBSERVED, &[Stdout, State]).promises(
        "An `ok` that nobody reads gives `D: supervise not running`, and a missing one `D: unable to open \
         supervise/ok: file does not exist`. A regular file in its place passes for a running supervise; a \
         directory does not.",
    ),
    obs("STAT-04", OBSERVED, &[Stdout, State]).promises(
        "The number is the current second less the second in the record, with no regard to fractions. It is 0 \
         if the record lies in the future.",
    ),
    obs("STAT-05", OBSERVED, &[Stdout, State]).promises(
        "Enormous numbers of seconds are rounded to double precision: 2^53 + 1 is printed as \
         9007199254740992. A label of 2^63 counts as the future and gives 0.",
    ),
    obs("STAT-06", OBSERVED, &[Stdout, State])
        .promises("The pid is printed as an unsigned number of 32 bits, up to 4294967295."),
    obs("STAT-07", OBSERVED, &[Stdout, State]).promises(
        "A record of fewer than 18 bytes gives `D: unable to read supervise/status: bad format`. In a longer \
         one the first 18 count.",
    ),
    bug("STAT-08", OBSERVED, &[Stdout, State]).promises(
        "If reading the record fails with an error, such as for a directory in its place, the original prints \
         no error but the numbers of the previous argument, or of a record of zeros.",
    ),
    obs("STAT-09", OBSERVED, &[Stdout]).promises(
        "`down` can be a file of any type, a dangling link counts as a missing file, and a link to itself \
         gives `D: unable to stat down: symbolic link loop`.",
    ),
    obs("STAT-10", OBSERVED, &[Stdout]).promises(
        "Each line starts with the argument exactly as typed, so an empty one gives `: unable to chdir: file \
         does not exist`. `-x` and `--` are names of directories.",
    ),
    obs("STAT-11", OBSERVED, &[Stdout, Exit]).promises(
        "Without arguments svstat prints nothing and exits 0. With several, each relative name starts from \
         where svstat was called.",
    ),
    obs("STAT-12", OBSERVED, &[Stdout, Exit, Signals]).promises(
        "Lines are collected in a buffer of 1024 bytes. A failure to write them is ignored and the exit code \
         is 0, except that SIGPIPE kills. A fatal error on the way loses what is still in the buffer.",
    ),
    obs("STAT-13", OBSERVED, &[Stdout]).promises(
        "The seconds count from the latest of three events: ./run was started, it ended, or supervise \
         started. Commands do not reset them.",
    ),
    obs("STAT-14", OBSERVED, &[Stdout, Timing]).promises(
        "`want up` appears, in practice, only for an instant around a start and during the wait after a \
         failed fork.",
    ),
];
