//! readproctitle word... dots: shows the end of its input in its own command line, where `ps` prints it.

use crate::program::Stop;
use crate::sys::argv::Args;
use crate::sys::open;
use std::io::ErrorKind;

/// Three dots that always stay, and room for two bytes.
const SHORTEST: usize = 5;

pub(crate) fn run(args: Args) -> Result<(), Stop> {
    let title = args.into_last().unwrap_or_default();
    title.fill(b'.');
    if title.len() < SHORTEST {
        return Err(Stop::quiet(100));
    }
    let mut byte = [0];
    loop {
        match open::read_some(open::input(), &mut byte) {
            Ok(0) => return Ok(()),
            Ok(_) => push(title, byte[0]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Err(Stop::quiet(111)),
        }
    }
}

/// Appends `byte` at the right end of `title` and lets the rest move left, all but the first three (RPT-02).
/// A NUL would end the line that `ps` shows, so it is dropped (RPT-03).
fn push(title: &mut [u8], byte: u8) {
    if byte == 0 {
        return;
    }
    title[3..].rotate_left(1);
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
    fn the_end_of_the_input_stays_in_sight_behind_three_dots() {
        assert_eq!(title_after(20, b"fatal error xyz\nwarning abc\n"), b"... xyz\nwarning abc\n");
        assert_eq!(title_after(5, b"abc"), b"...bc");
        assert_eq!(title_after(8, b"ab"), b"......ab");
    }

    #[test]
    fn only_nul_is_dropped() {
        assert_eq!(title_after(6, b"\xff\0\x01\n"), b"...\xff\x01\n");
    }
}
