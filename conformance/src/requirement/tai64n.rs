//! Requirements on tai64n.

use super::Aspect::{Exit, Stderr, Stdout, Timing};
use super::{OBSERVED, Requirement, doc, obs};

/// In the order of their numbers.
pub(super) const ALL: &[Requirement] = &[
    doc("TAI-01", "tai64n(8)", &[Stdout, Timing]).promises(
        "tai64n copies each line of its input behind an `@`, a TAI64N label of 24 hexadecimal digits in lower case, and a space. \
         The label is the time at which the first byte of the line was read.",
    ),
    obs("TAI-01b", OBSERVED, &[Stdout]).promises(
        "The seconds of a label are 2^62, plus 10, plus the seconds of Unix time: leap seconds are not counted. The nanoseconds \
         are fewer than 10^9.",
    ),
    obs("TAI-02", OBSERVED, &[Stdout]).promises(
        "A last line without a newline is copied without one. No input gives no output. Null bytes and bytes above 127 are copied \
         like any other.",
    ),
    doc("TAI-03", "tai64n(8)", &[Exit, Stdout, Stderr]).promises(
        "tai64n exits 0 at the end of its input. It exits 111 without a message if it cannot read its input or write its output.",
    ),
    obs("TAI-03b", OBSERVED, &[Stdout, Timing]).promises(
        "tai64n writes all that it has read before it waits for more input, even if that is less than a line.",
    ),
    obs("TAI-04", OBSERVED, &[Stdout])
        .promises("The nanoseconds of a label are a number of microseconds, plus 500 nanoseconds. No target is held to that."),
];
