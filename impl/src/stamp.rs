//! Time stamps before lines. The clock is read once for each piece of input, and each line in it gets the next stamp.
#![forbid(unsafe_code)]

use crate::wire::tai::{EXTERNAL_LENGTH, Tai64n};
use std::time::SystemTime;

/// The external form of a label, and a space.
const LENGTH: usize = EXTERNAL_LENGTH + 1;

/// The stamp of the next line.
#[derive(Debug)]
pub(crate) struct Stamp {
    label: Tai64n,
    text: [u8; LENGTH],
    /// Whether a line has this stamp.
    is_used: bool,
}

impl Stamp {
    /// Returns the stamp for lines that begin now.
    pub(crate) fn new() -> Stamp {
        let mut stamp = Stamp { label: Tai64n::of(SystemTime::now()), text: [b' '; LENGTH], is_used: false };
        stamp.write();
        stamp
    }

    /// Moves on to the present. If the clock still shows the second of the last stamp or has been set back a little, the
    /// stamps go on from there, so that no two lines have the same one.
    pub(crate) fn look_at_clock(&mut self) {
        self.move_to(Tai64n::of(SystemTime::now()));
    }

    fn move_to(&mut self, now: Tai64n) {
        if now > self.label || self.label.is_far_after(now) {
            (self.label, self.is_used) = (now, false);
            self.write();
        }
    }

    /// Returns the stamp of the next line, a space behind it.
    pub(crate) fn next(&mut self) -> &[u8] {
        if std::mem::replace(&mut self.is_used, true) {
            self.label = self.label.next();
            if self.label.starts_second() {
                self.write();
            } else {
                increment(&mut self.text[..EXTERNAL_LENGTH]);
            }
        }
        &self.text
    }

    fn write(&mut self) {
        self.text[..EXTERNAL_LENGTH].copy_from_slice(&self.label.external());
    }
}

/// Adds one to the hexadecimal number at the end of `text`, in lower case, which is not the largest of its length.
fn increment(text: &mut [u8]) {
    for digit in text.iter_mut().rev() {
        match digit {
            b'f' => *digit = b'0',
            b'9' => {
                *digit = b'a';
                return;
            }
            _ => {
                *digit += 1;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A label of 1970, long before the present.
    fn label(second: u8, nanoseconds: u32) -> Tai64n {
        let bytes = [&[0x40, 0, 0, 0, 1, 2, 3, second][..], &nanoseconds.to_be_bytes()].concat();
        Tai64n::from_bytes(bytes.try_into().unwrap())
    }

    #[test]
    fn stamps_go_on_from_the_last_while_the_clock_is_not_past_it() {
        let mut stamp = Stamp::new();
        for (now, expected) in [
            (label(9, 7), label(9, 7)),
            (label(9, 7), label(9, 8)),
            (label(9, 6), label(9, 9)),
            (label(8, 9), label(9, 10)),
            (label(9, 12), label(9, 12)),
            (label(7, 9), label(7, 9)),
        ] {
            stamp.move_to(now);
            assert_eq!(stamp.next(), [&expected.external()[..], b" "].concat());
        }
    }

    proptest! {
        #[test]
        fn each_stamp_is_the_label_after_the_last(
            nanoseconds in prop_oneof![0_u32..1_000_000_000, 999_999_600..1_000_000_000_u32],
            count in 1_usize..600,
        ) {
            let label = label(0xff, nanoseconds);
            let mut stamp = Stamp { label, text: [b' '; LENGTH], is_used: false };
            stamp.write();
            let mut expected = label;
            for _ in 0..count {
                prop_assert_eq!(stamp.next(), &[&expected.external()[..], b" "].concat()[..]);
                expected = expected.next();
            }
        }
    }

    #[test]
    fn one_is_added_to_a_hexadecimal_number() {
        for (before, after) in [
            ("@00000000", "@00000001"),
            ("@00000008", "@00000009"),
            ("@00000009", "@0000000a"),
            ("@0000000e", "@0000000f"),
            ("@0000000f", "@00000010"),
            ("@09afffff", "@09b00000"),
            ("@9fffffff", "@a0000000"),
        ] {
            let mut text = before.as_bytes().to_vec();
            increment(&mut text);
            assert_eq!(String::from_utf8_lossy(&text), after, "{before}");
        }
    }

    #[test]
    fn a_second_look_at_the_clock_gives_a_later_stamp() {
        let mut stamp = Stamp::new();
        let mut last = stamp.next().to_vec();
        for _ in 0..1000 {
            stamp.look_at_clock();
            let next = stamp.next().to_vec();
            assert!(next > last, "{next:?} after {last:?}");
            last = next;
        }
    }
}
