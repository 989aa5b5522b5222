//! TAI64N labels in their external form, read independently of any implementation (TAI-01).

use std::fmt;
use std::time::Duration;

/// A label: `@` and 24 hexadecimal digits in lower case. Labels are ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Label {
    /// Seconds on the scale of TAI64.
    pub(crate) seconds: u64,
    /// Nanoseconds. A label that no clock gave may have 10^9 or more.
    pub(crate) nanoseconds: u32,
}

/// The seconds of the label for 1970-01-01 00:00:00 UTC: 2^62, and the 10 seconds that the original takes for TAI minus UTC.
const EPOCH: u64 = 0x4000_0000_0000_000a;
/// The length of the external form.
const LENGTH: usize = 25;

impl Label {
    /// Returns the label of a second of Unix time.
    pub(crate) fn at(unix_second: i64, nanoseconds: u32) -> Label {
        Label { seconds: EPOCH.wrapping_add_signed(unix_second), nanoseconds }
    }

    /// Returns the label that `line` begins with, and what follows it. `None` if `line` begins with anything else.
    pub(crate) fn split(line: &[u8]) -> Option<(Label, &[u8])> {
        let (label, rest) = line.split_at_checked(LENGTH)?;
        let digits = label.strip_prefix(b"@")?;
        let is_lower_case = |digit: &u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
        if !digits.iter().all(is_lower_case) {
            return None;
        }
        let (seconds, nanoseconds) = std::str::from_utf8(digits).ok()?.split_at(16);
        let seconds = u64::from_str_radix(seconds, 16).ok()?;
        Some((Label { seconds, nanoseconds: u32::from_str_radix(nanoseconds, 16).ok()? }, rest))
    }

    /// Returns the second of Unix time, which may be before 1970.
    pub(crate) fn unix_second(self) -> i64 {
        self.seconds.wrapping_sub(EPOCH).cast_signed()
    }

    /// Returns the time since 1970 if leap seconds are not counted, as in the original. Zero for an earlier time.
    pub(crate) fn since_1970(self) -> Duration {
        Duration::new(self.seconds.saturating_sub(EPOCH), 0) + Duration::from_nanos(self.nanoseconds.into())
    }
}

/// Writes the external form.
impl fmt::Display for Label {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "@{:016x}{:08x}", self.seconds, self.nanoseconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of tai64n(8), which is 10 seconds earlier in UTC.
    #[test]
    fn the_label_of_the_manual_is_read() {
        let (label, rest) = Label::split(b"@4000000037c219bf2ef02e94 mark").unwrap();
        assert_eq!((label.since_1970(), rest), (Duration::new(935_467_445, 787_492_500), &b" mark"[..]));
        assert_eq!(label.to_string(), "@4000000037c219bf2ef02e94");
        assert_eq!(Label::at(label.unix_second(), label.nanoseconds), label);
        assert_eq!(Label::at(-11, 0).to_string(), "@3fffffffffffffff00000000");
    }

    #[test]
    fn anything_else_is_not_a_label() {
        for line in ["", "@", "x4000000037c219bf2ef02e94", "@4000000037C219bf2ef02e94", "@4000000037c219bf2ef02e9 "] {
            assert_eq!(Label::split(line.as_bytes()), None, "{line}");
        }
        // Rust reads a number with a sign.
        assert_eq!(Label::split(b"@+000000037c219bf2ef02e94"), None);
    }

    #[test]
    fn labels_are_in_the_order_of_time() {
        let label = |text: &str| Label::split(text.as_bytes()).unwrap().0;
        assert!(label("@400000000000000a00000001") < label("@400000000000000b00000000"));
        assert!(label("@400000000000000a00000001") > label("@400000000000000a00000000"));
        assert_eq!(label("@400000000000000900000001").since_1970(), Duration::from_nanos(1));
    }
}
