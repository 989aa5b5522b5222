//! Our own readers of what a target leaves behind, written independently of any implementation.

pub(crate) mod calendar;
pub(crate) mod file;
pub(crate) mod limits;
pub(crate) mod process;
pub(crate) mod record;
pub(crate) mod svstat;
pub(crate) mod tai64n;

use std::fmt::Write;

/// Returns `text` with `N` in place of each number.
pub(crate) fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '0'..='9' if out.ends_with('N') => {}
            '0'..='9' => out.push('N'),
            _ => out.push(letter),
        }
    }
    out
}

/// Returns `bytes` as text that a person can read and compare: everything but printable ASCII is escaped, a newline as
/// `\n`.
pub(crate) fn escape(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, &byte| {
        match byte {
            b'\n' => text.push_str("\\n"),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => {
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
        text
    })
}

/// Returns the bytes that [`escape`] made `text` of.
pub(crate) fn unescape(text: &str) -> Vec<u8> {
    let mut rest = text.as_bytes();
    let mut bytes = vec![];
    while let [byte, after @ ..] = rest {
        let (one, left) = match (byte, after) {
            (b'\\', [b'n', left @ ..]) => (b'\n', left),
            (b'\\', [b'x', high, low, left @ ..]) => {
                let digit =
                    |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0);
                (digit(*high) << 4 | digit(*low), left)
            }
            (b'\\', [other, left @ ..]) => (*other, left),
            _ => (*byte, after),
        };
        bytes.push(one);
        rest = left;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_escaped_can_be_read_back(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(unescape(&escape(&bytes)), bytes);
        }
    }
}
