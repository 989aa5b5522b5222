//! Arguments and input of tai64n, generated, and the lines that it promises to write.

use super::case::{Case, Program};
use crate::observe::tai64n::Label;
use crate::observe::{escape, unescape};
use crate::outcome::Outcome;
use crate::scenario::TAI64N;
use crate::world::World;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::BoxedStrategy;
use serde::Deserialize;
use std::fmt;

/// Input for tai64n.
pub(super) const PROGRAM: Program = Program::new::<Text>(
    "tai64n",
    &["TAI-01", "TAI-02", "TAI-03", "TAI-03b", "GEN-04"],
    &[TAI64N],
    "Writes bytes that follow from the seed to tai64n, cut anywhere, and calls it with words that it ignores. Its output must be \
     the input with a label in front of each line, each of the moment in which the line began.",
);

/// The arguments, and an input in the pieces in which it is written, each escaped.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    words: Vec<String>,
    pieces: Vec<String>,
}

impl fmt::Display for Text {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "case = {{ words = {:?}, pieces = {:?} }}", self.words, self.pieces)
    }
}

impl Case for Text {
    fn strategy() -> BoxedStrategy<Text> {
        let byte = prop_oneof![4 => select(b"ab @4".to_vec()), 3 => Just(b'\n'), 1 => any::<u8>()];
        let short = vec(byte, 1..30);
        // The original reads 1,024 bytes at once.
        let long = (1000_usize..1100, any::<bool>()).prop_map(|(length, ends)| {
            let mut line = vec![b'x'; length];
            line.extend(ends.then_some(b'\n'));
            line
        });
        let piece = prop_oneof![5 => short, 1 => long].prop_map(|piece| escape(&piece));
        let word = select(vec!["-x", "--", "--help", "file", ""]).prop_map(str::to_owned);
        (vec(word, 0..2), vec(piece, 0..5)).prop_map(|(words, pieces)| Text { words, pieces }).boxed()
    }

    fn play(&self, world: &World, name: &str) -> Outcome {
        let input = world.input(name)?;
        let running = world.command("tai64n").args(&self.words).input(name).start()?;
        let mut moments = vec![];
        let mut is_new = true;
        for piece in self.pieces.iter().map(|piece| unescape(piece)) {
            let begin = world.time_of_day();
            input.send(&piece)?;
            input.until_read()?;
            // It is written before tai64n waits for more.
            let count = moments.len() + starts(&piece, is_new);
            world.until("lines", count, || Ok(lines(&unescape(&running.out())).len()))?;
            moments.resize(count, (begin, world.time_of_day()));
            is_new = piece.ends_with(b"\n");
        }
        drop(input);
        running.expect_exit("exit 0")?;
        let out = unescape(&running.out());
        let mut copied = vec![];
        for (line, (begin, end)) in lines(&out).into_iter().zip(moments) {
            let Some((label, rest)) = Label::split(line) else {
                return Err(world.failed("a line of stdout", "a label", escape(line)));
            };
            let time = label.since_1970();
            world.expect_that("the label", begin <= time && time <= end, &format!("{begin:?} to {end:?}"), time)?;
            copied.extend_from_slice(rest.strip_prefix(b" ").unwrap_or(b"no blank"));
        }
        world.expect("stdout and stderr", (escape(&copied), running.err()), (self.pieces.concat(), String::new()))
    }
}

/// Returns the lines of `text`, the last of which may lack its newline.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|&byte| byte == b'\n').collect()
}

/// Returns how many lines begin in `piece`, which begins with a line if `is_new`.
fn starts(piece: &[u8], is_new: bool) -> usize {
    lines(piece).len() - usize::from(!is_new && !piece.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_begins_behind_a_newline() {
        assert_eq!(
            [starts(b"a\nb", true), starts(b"a\nb", false), starts(b"\n", false), starts(b"", true)],
            [2, 1, 0, 0]
        );
    }

    proptest! {
        #[test]
        fn a_case_is_written_as_it_is_read(case in Text::strategy()) {
            let text = case.to_string();
            let table: toml::Table = text.parse().map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
            let again: Text = table["case"].clone().try_into().unwrap();
            prop_assert_eq!(again.to_string(), text);
        }
    }
}
