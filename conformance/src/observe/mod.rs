//! Our own readers of what a target leaves behind, written independently of any implementation.

pub(crate) mod file;
pub(crate) mod process;
pub(crate) mod record;
pub(crate) mod svstat;

use std::fmt::Write;

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
