//! tai64nlocal: copies its input, and turns the TAI64N label at the beginning of a line into local time.

use crate::program::Exit;
use crate::sys::argv::Args;
use crate::sys::local_time::local_time;
use crate::sys::{memory, stdio};
use crate::wire::tai::{EXTERNAL_LENGTH, Tai64n};
use std::io::Write;

/// How much input is read at once.
const INPUT: usize = 64 << 10;

/// Arguments are ignored. Any error in reading or writing ends it with 111 and no message.
pub(crate) fn run(_: Args) -> Result<(), Exit> {
    let mut input = vec![0; EXTERNAL_LENGTH + INPUT];
    let mut output = vec![];
    let mut lines = Lines::default();
    // The beginning of the input that was not taken yet.
    let mut kept = 0;
    loop {
        let count = stdio::read(&mut input[kept..]).map_err(|_| Exit::silent(111))?;
        let end = kept + count;
        let taken = lines.copy(&input[..end], count == 0, &mut output);
        // What has been read is written before more is waited for.
        stdio::Stdout.write_all(&output).map_err(|_| Exit::silent(111))?;
        output.clear();
        if count == 0 {
            return Ok(());
        }
        input.copy_within(taken..end, 0);
        kept = end - taken;
    }
}

/// Where in a line the copy stands, and the last second that was converted.
#[derive(Debug, Default)]
struct Lines {
    is_within_line: bool,
    /// The second of Unix time, and its text without the nanoseconds.
    last: Option<(i64, Vec<u8>)>,
}

impl Lines {
    /// Copies `input` to `output` with its labels turned into local time. Returns how much was copied: a label that could
    /// go on is left for later, unless the input `is_over`.
    fn copy(&mut self, input: &[u8], is_over: bool, output: &mut Vec<u8>) -> usize {
        let mut rest = input;
        while !rest.is_empty() {
            if !self.is_within_line && rest[0] == b'@' {
                let label = label(rest);
                if label.len() == rest.len() && label.len() <= EXTERNAL_LENGTH && !is_over {
                    break;
                }
                if self.write_local_time(label, output) {
                    rest = &rest[label.len()..];
                }
            }
            let end = memory::find(b'\n', rest).map(|newline| newline + 1);
            let (line, later) = rest.split_at(end.unwrap_or(rest.len()));
            output.extend_from_slice(line);
            self.is_within_line = end.is_none();
            rest = later;
        }
        input.len() - rest.len()
    }

    /// Writes `label` as local time. Returns false, and writes nothing, if it is no label, or of a time that has no name:
    /// it then stays as it is. The original crashes (TLOC-04).
    fn write_local_time(&mut self, label: &[u8], output: &mut Vec<u8>) -> bool {
        let Some(label) = Tai64n::from_external(label) else { return false };
        let second = label.unix_second();
        if self.last.as_ref().is_none_or(|(last, _)| *last != second) {
            let Some(text) = text(second) else { return false };
            self.last = Some((second, text));
        }
        if let Some((_, text)) = &self.last {
            output.extend_from_slice(text);
        }
        write_nanoseconds(label.nanoseconds(), output);
        true
    }
}

/// Returns the `@` at the beginning of `line` and the hexadecimal digits after it, which are lower case.
fn label(line: &[u8]) -> &[u8] {
    let digits = line[1..].iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).count();
    &line[..=digits]
}

/// Returns `YYYY-MM-DD HH:MM:SS.` for a second of Unix time (TLOC-01).
fn text(second: i64) -> Option<Vec<u8>> {
    let time = local_time(second)?;
    let (date, clock) = ((time.year, time.month, time.day), (time.hour, time.minute, time.second));
    Some(format!("{}-{:02}-{:02} {:02}:{:02}:{:02}.", date.0, date.1, date.2, clock.0, clock.1, clock.2).into_bytes())
}

/// Writes 9 digits, or 10 if it takes 10 (TLOC-03).
fn write_nanoseconds(nanoseconds: u32, output: &mut Vec<u8>) {
    let mut digits = [b'0'; 10];
    let mut rest = nanoseconds;
    for digit in digits.iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    output.extend_from_slice(if digits[0] == b'0' { &digits[1..] } else { &digits });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Copies `pieces` as one read after the other.
    fn copied(pieces: &[&[u8]]) -> Vec<u8> {
        let (mut lines, mut kept, mut output) = (Lines::default(), vec![], vec![]);
        for piece in pieces {
            kept.extend_from_slice(piece);
            let taken = lines.copy(&kept, false, &mut output);
            kept.drain(..taken);
        }
        let taken = lines.copy(&kept, true, &mut output);
        assert_eq!(taken, kept.len());
        output
    }

    #[test]
    fn only_a_label_at_the_beginning_of_a_line_is_converted() {
        let local = copied(&[b"@4000000037c219bf2ef02e94"]);
        assert!(local.starts_with(b"1999-08-2") && local.ends_with(b".787492500"), "{}", local.escape_ascii());
        let line = [&local[..], b" x @4000000037c219bf2ef02e94 y\n", &local, b"xy\n", &local, b"\n @40\n"].concat();
        let labels = b"@4000000037c219bf2ef02e94 x @4000000037c219bf2ef02e94 y\n@4000000037c219bf2ef02e94xy\n\
                       @4000000037c219bf2ef02e94\n @40\n";
        assert_eq!(copied(&[labels]), line);
    }

    /// The original crashes on these, or drops them at the end of its input.
    #[test]
    fn anything_else_after_an_at_sign_is_copied() {
        for line in [
            "@",
            "@hello",
            "@4000000037C219bf2ef02e94 x",
            "@4000000037c219bf2ef02e9",
            "@4000000037c219bf2ef02e945",
            "@ffffffffffffffffffffffff",
        ] {
            assert_eq!(copied(&[line.as_bytes()]), line.as_bytes());
            assert_eq!(copied(&[line.as_bytes(), b"\n"]), [line.as_bytes(), b"\n"].concat());
        }
    }

    #[test]
    fn nanoseconds_have_nine_digits_or_ten() {
        let written = |nanoseconds| {
            let mut output = vec![];
            write_nanoseconds(nanoseconds, &mut output);
            String::from_utf8(output).unwrap()
        };
        assert_eq!(written(0), "000000000");
        assert_eq!(written(120), "000000120");
        assert_eq!(written(999_999_999), "999999999");
        assert_eq!(written(u32::MAX), "4294967295");
    }

    proptest! {
        #[test]
        fn it_makes_no_difference_where_a_read_ends(
            lines in proptest::collection::vec("@?[0-9a-f]{0,30}[ @x]?|@40000000[0-9a-f]{16}.?", 1..6),
            cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..6),
        ) {
            let input = lines.join("\n").into_bytes();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
            cuts.extend([0, input.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &input[cut[0]..cut[1]]).collect();
            prop_assert_eq!(copied(&pieces), copied(&[&input]));
        }
    }
}
