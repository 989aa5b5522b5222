//! tai64n: copies its input, and puts a time stamp before each line.

use crate::program::Exit;
use crate::stamp::Stamp;
use crate::sys::argv::Args;
use crate::sys::{memory, stdio};
use std::io::Write;

/// How much input is read at once.
const INPUT: usize = 64 << 10;

/// Arguments are ignored. Any error in reading or writing ends it with 111 and no message (TAI-03).
pub(crate) fn run(_: Args) -> Result<(), Exit> {
    let mut input = vec![0; INPUT];
    let mut output = vec![];
    let mut stamp = Stamp::new();
    let mut is_within_line = false;
    loop {
        match stdio::read(&mut input) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                stamp.look_at_clock();
                add_stamps(&input[..count], &mut stamp, &mut is_within_line, &mut output);
            }
            Err(_) => return Err(Exit::silent(111)),
        }
        // What has been read is written before more is waited for.
        stdio::Stdout.write_all(&output).map_err(|_| Exit::silent(111))?;
        output.clear();
    }
}

/// Copies `input` to `output` with a stamp before each line that begins in it. A last line without a newline gets none
/// (TAI-01, 02).
fn add_stamps(input: &[u8], stamp: &mut Stamp, is_within_line: &mut bool, output: &mut Vec<u8>) {
    let mut rest = input;
    while !rest.is_empty() {
        if !*is_within_line {
            output.extend_from_slice(stamp.next());
        }
        let end = memory::find(b'\n', rest).map(|newline| newline + 1);
        let (line, later) = rest.split_at(end.unwrap_or(rest.len()));
        output.extend_from_slice(line);
        *is_within_line = end.is_none();
        rest = later;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_in_two_pieces_has_one_stamp() {
        let (mut stamp, mut is_within_line, mut output) = (Stamp::new(), false, vec![]);
        for piece in ["\n\na", "b", "c\nlast"] {
            add_stamps(piece.as_bytes(), &mut stamp, &mut is_within_line, &mut output);
        }
        let lines: Vec<&[u8]> = output.split(|&byte| byte == b'\n').collect();
        let texts: Vec<&[u8]> = lines.iter().map(|line| &line[26..]).collect();
        assert_eq!(texts, [&b""[..], b"", b"abc", b"last"]);
        assert!(lines.iter().all(|line| line[0] == b'@' && line[25] == b' '));
        assert!(lines.windows(2).all(|pair| pair[0][..25] < pair[1][..25]));
    }
}
