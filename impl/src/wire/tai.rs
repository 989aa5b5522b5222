//! TAI64N labels, the time stamps of the original (SUP-20).

use std::time::{SystemTime, UNIX_EPOCH};

/// The label of second 0 of Unix time: 2^62, plus the 10 seconds that the original takes for TAI minus UTC.
const UNIX_ZERO: u64 = (1 << 62) + 10;

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

    proptest! {
        #[test]
        fn a_decoded_label_is_encoded_again(bytes: [u8; 12]) {
            prop_assert_eq!(Tai64n::from_bytes(bytes).to_bytes(), bytes);
        }
    }
}
