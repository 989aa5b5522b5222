//! Our own readers of what a target leaves: written apart from any implementation, so that two readers agree or one is wrong.

pub(crate) mod file;
pub(crate) mod process;
pub(crate) mod record;
pub(crate) mod svstat;

use std::fmt::Write;

/// Bytes as text that a person can read and compare: what is not printable ASCII is escaped, a newline as `\n`.
pub(crate) fn shown(bytes: &[u8]) -> String {
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
