//! Requirements on tai64nlocal.

use super::Aspect::{Exit, Stderr, Stdout, Timing};
use super::{OBSERVED, Requirement, bug, doc, obs};

/// In the order of their numbers.
pub(super) const ALL: &[Requirement] = &[
    doc("TLOC-01", "tai64nlocal(8)", &[Stdout, Stderr, Exit]).promises(
        "tai64nlocal copies its input. In a line that begins with an `@` and a label as tai64n writes it, both become the local \
         time as `YYYY-MM-DD HH:MM:SS.NNNNNNNNN`. A line that begins with anything else stays as it is. tai64nlocal exits 0 at \
         the end of its input, and 111 without a message if it cannot read its input or write its output.",
    ),
    obs("TLOC-01b", OBSERVED, &[Stdout, Timing]).promises(
        "A label ends at the first byte that is not a hexadecimal digit in lower case, which need not be a space, and is copied \
         with the rest of the line. A label anywhere but at the very beginning of a line stays as it is. A last line without a \
         newline is copied without one. What has been read is written before tai64nlocal waits for more input, except for a \
         label that is not complete.",
    ),
    obs("TLOC-02", OBSERVED, &[Stdout]).promises(
        "The local time is that of localtime(3), which goes by TZ, for the seconds of the label minus 2^62, minus 10: leap seconds \
         are not counted, unless the time zone counts them.",
    ),
    obs("TLOC-03", OBSERVED, &[Stdout]).promises(
        "Nanoseconds of 10^9 or more have ten digits. Times before 1970 and after 2106 are converted too. A year before 1000 has \
         fewer than four digits, and one after 9999 has more.",
    ),
    bug("TLOC-04", OBSERVED, &[Stdout, Exit]).promises(
        "A line that begins with an `@` and anything but 24 hexadecimal digits in lower case, or with a label whose year does not \
         fit in an int, kills tai64nlocal with SIGSEGV. What it had not written yet is lost.",
    ),
    bug("TLOC-05", OBSERVED, &[Stdout])
        .promises("An input that ends within a label, or directly behind it, loses the label and its `@`."),
];
