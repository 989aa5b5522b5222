//! readproctitle word... dots: shows the last bytes of its input in its own command line, where `ps` prints them.

use crate::program::Exit;
use crate::sys::argv::Args;
use crate::sys::stdio;
use std::io::ErrorKind;

/// The dots that stay at the left of the title.
const DOTS: usize = 3;
/// The shortest title that the original accepts.
const MIN_LENGTH: usize = 5;

pub(crate) fn run(args: Args) -> Result<(), Exit> {
    let title = args.into_last().unwrap_or_default();
    title.fill(b'.');
    if title.len() < MIN_LENGTH {
        return Err(Exit::silent(100));
    }
    let mut byte = [0];
    loop {
        match stdio::read(&mut byte) {
            Ok(0) => return Ok(()),
            Ok(_) => push(title, byte[0]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Err(Exit::silent(111)),
        }
    }
}

/// Appends `byte` at the right of `title` and shifts everything but the dots to the left (RPT-02). A NUL would end the
/// command line that `ps` prints, so it is dropped (RPT-03).
fn push(title: &mut [u8], byte: u8) {
    if byte == 0 {
        return;
    }
    title[DOTS..].rotate_left(1);
    if let Some(last) = title.last_mut() {
        *last = byte;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title_after(length: usize, input: &[u8]) -> Vec<u8> {
        let mut title = vec![b'.'; length];
        for &byte in input {
            push(&mut title, byte);
        }
        title
    }

    /// What the installed original shows for this input (RPT-02).
    #[test]
    fn the_title_ends_with_the_input_after_three_dots() {
        assert_eq!(title_after(20, b"fatal error xyz\nwarning abc\n"), b"... xyz\nwarning abc\n");
        assert_eq!(title_after(5, b"abc"), b"...bc");
        assert_eq!(title_after(8, b"ab"), b"......ab");
    }

    #[test]
    fn only_nul_is_dropped() {
        assert_eq!(title_after(6, b"\xff\0\x01\n"), b"...\xff\x01\n");
    }
}
