//! TAI64N labels, the time stamps of the original (SUP-20).

use std::time::{SystemTime, UNIX_EPOCH};

/// The label of second 0 of Unix time: 2^62, plus the 10 seconds that the original takes for TAI minus UTC.
const UNIX_ZERO: u64 = (1 << 62) + 10;

/// The length of the external form in bytes.
pub(crate) const EXTERNAL_LENGTH: usize = 25;

/// A label: seconds on the scale of TAI64, and nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tai64n {
    seconds: u64,
    nanoseconds: u32,
}

impl Tai64n {
    /// Returns the label of `time`. Leap seconds are not counted, as in the original.
    pub(crate) fn of(time: SystemTime) -> Tai64n {
        let (seconds, nanoseconds) = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => (UNIX_ZERO.wrapping_add(after.as_secs()), after.subsec_nanos()),
            Err(before) => (UNIX_ZERO.wrapping_sub(before.duration().as_secs()), 0),
        };
        Tai64n { seconds, nanoseconds }
    }

    /// Returns the seconds from this label to `later` as svstat prints them: nanoseconds are ignored, a label in the
    /// future gives 0, and the difference is rounded to a double (STAT-04, STAT-05).
    pub(crate) fn seconds_until(self, later: Tai64n) -> u64 {
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let rounded = later.seconds.saturating_sub(self.seconds) as f64 as u64;
        rounded
    }

    /// Returns the label that is `seconds` earlier.
    pub(crate) fn minus(self, seconds: u64) -> Tai64n {
        Tai64n { seconds: self.seconds.wrapping_sub(seconds), ..self }
    }

    /// Returns the next label after this one.
    pub(crate) fn next(self) -> Tai64n {
        match self.nanoseconds {
            999_999_999.. => Tai64n { seconds: self.seconds.wrapping_add(1), nanoseconds: 0 },
            nanoseconds => Tai64n { nanoseconds: nanoseconds + 1, ..self },
        }
    }

    /// Returns whether this label is more than a second after `other`.
    pub(crate) fn is_far_after(self, other: Tai64n) -> bool {
        self.seconds > other.seconds.saturating_add(1)
    }

    /// Returns whether this label is the first of its second.
    pub(crate) fn starts_second(self) -> bool {
        self.nanoseconds == 0
    }

    /// Returns the external form: `@` and 24 hexadecimal digits.
    pub(crate) fn external(self) -> [u8; EXTERNAL_LENGTH] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut external = [b'@'; EXTERNAL_LENGTH];
        for (byte, digits) in self.to_bytes().into_iter().zip(external[1..].chunks_exact_mut(2)) {
            digits[0] = DIGITS[usize::from(byte >> 4)];
            digits[1] = DIGITS[usize::from(byte & 15)];
        }
        external
    }

    /// Decodes the external form. `None` if `text` is anything else.
    pub(crate) fn from_external(text: &[u8]) -> Option<Tai64n> {
        let digits = text.strip_prefix(b"@").filter(|digits| digits.len() == EXTERNAL_LENGTH - 1)?;
        let mut bytes = [0; 12];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Tai64n::from_bytes(bytes))
    }

    /// Returns the seconds since the Unix epoch, without leap seconds. A label that no time of Unix has gives some number.
    pub(crate) fn unix_second(self) -> i64 {
        self.seconds.wrapping_sub(UNIX_ZERO).cast_signed()
    }

    /// Returns the nanoseconds, which may be 10^9 or more.
    pub(crate) fn nanoseconds(self) -> u32 {
        self.nanoseconds
    }

    /// Encodes the label: seconds in 8 bytes, then nanoseconds in 4, both big-endian.
    pub(crate) fn to_bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&self.seconds.to_be_bytes());
        bytes[8..].copy_from_slice(&self.nanoseconds.to_be_bytes());
        bytes
    }

    /// Decodes a label. Any 12 bytes are one: nanoseconds need not be below 10^9.
    pub(crate) fn from_bytes(bytes: [u8; 12]) -> Tai64n {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = bytes;
        Tai64n { seconds: u64::from_be_bytes([a, b, c, d, e, f, g, h]), nanoseconds: u32::from_be_bytes([i, j, k, l]) }
    }
}

/// Returns the value of a hexadecimal digit in lower case.
fn digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn label(seconds: u64) -> Tai64n {
        Tai64n { seconds, nanoseconds: 0 }
    }

    #[test]
    fn the_epoch_has_the_label_of_the_original() {
        let bytes = Tai64n::of(UNIX_EPOCH).to_bytes();
        assert_eq!(bytes, [0x40, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0]);
        assert_eq!(Tai64n::of(UNIX_EPOCH - Duration::from_secs(11)), label((1 << 62) - 1));
    }

    /// The values that the installed original prints (STAT-04, STAT-05).
    #[test]
    fn a_difference_is_rounded_to_a_double_and_never_negative() {
        assert_eq!(label(10).seconds_until(label(9)), 0);
        assert_eq!(label(1 << 63).seconds_until(label(UNIX_ZERO)), 0);
        assert_eq!(label(0).seconds_until(label((1 << 53) + 1)), 1 << 53);
        assert_eq!(label(5).seconds_until(label(5 + (1 << 31))), 1 << 31);
    }

    #[test]
    fn only_the_seconds_of_a_label_count() {
        let start = Tai64n { seconds: 7, nanoseconds: 999_999_999 };
        assert_eq!(start.seconds_until(label(8)), 1);
    }

    #[test]
    fn the_last_nanosecond_of_a_second_is_followed_by_the_next_second() {
        let label = |seconds, nanoseconds| Tai64n { seconds, nanoseconds };
        assert_eq!(label(7, 999_999_998).next(), label(7, 999_999_999));
        assert_eq!(label(7, 999_999_999).next(), label(8, 0));
        assert_eq!(label(7, u32::MAX).next(), label(8, 0));
        assert!(label(8, 0).starts_second() && !label(8, 1).starts_second());
    }

    #[test]
    fn a_label_is_far_after_another_from_two_seconds_on() {
        assert!(!label(8).is_far_after(label(8)));
        assert!(!label(9).is_far_after(label(8)));
        assert!(label(10).is_far_after(label(8)));
        assert!(!label(8).is_far_after(label(10)));
    }

    #[test]
    fn the_external_form_has_24_digits_in_lower_case() {
        let example = b"@4000000037c219bf2ef02e94";
        let label = Tai64n::from_external(example).unwrap();
        assert_eq!((label.unix_second(), label.nanoseconds()), (935_467_445, 787_492_500));
        assert_eq!(label.external(), *example);
        for other in ["", "@", "4000000037c219bf2ef02e94", "@4000000037C219bf2ef02e94", "@4000000037c219bf2ef02e9"] {
            assert_eq!(Tai64n::from_external(other.as_bytes()), None, "{other}");
        }
        assert_eq!(Tai64n::from_external(b"@4000000037c219bf2ef02e945"), None);
    }

    proptest! {
        #[test]
        fn a_decoded_label_is_encoded_again(bytes: [u8; 12]) {
            let label = Tai64n::from_bytes(bytes);
            prop_assert_eq!(label.to_bytes(), bytes);
            prop_assert_eq!(Tai64n::from_external(&label.external()), Some(label));
        }
    }
}
