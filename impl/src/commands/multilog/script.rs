//! The script: what the arguments of multilog mean.

use super::pattern::Pattern;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// The bounds of a log file's size in bytes (MLOG-12).
const SIZES: (u64, u64) = (4096, 16_777_215);
/// The size without an `s`.
const DEFAULT_SIZE: u64 = 99_999;
/// The number of log files without an `n`, and the least there can be (MLOG-13).
const DEFAULT_NUMBER: u64 = 10;
const LEAST_NUMBER: u64 = 2;

/// One action, done for each line in the order of the script.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// `-`: deselect the line if it matches.
    Deselect(Pattern),
    /// `+`: select the line if it matches.
    Select(Pattern),
    /// `e`: print the beginning of a selected line on stderr.
    Alert,
    /// `=`: replace this file by the beginning of a selected line.
    Status(OsString),
    /// Append a selected line to the log in this directory.
    Log(Settings),
}

/// A log directory and how it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The directory as the script names it.
    pub(crate) directory: OsString,
    /// The size at which `current` is rotated, in bytes.
    pub(crate) size: u64,
    /// The number of log files, `current` included, that pruning leaves.
    pub(crate) number: u64,
    /// The command that processes a file when it is rotated.
    pub(crate) processor: Option<OsString>,
}

/// A script.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Script {
    /// Whether each line gets a time stamp.
    pub(crate) stamps: bool,
    /// What to do with each line.
    pub(crate) actions: Vec<Action>,
}

impl Script {
    /// Reads the arguments. An argument is known by its first byte; those that are not known are ignored (MLOG-01 to 03).
    /// `s`, `n` and `!` apply to the directories behind them (MLOG-14).
    pub(crate) fn new(arguments: &[&OsStr]) -> Script {
        let stamps = arguments.first().is_some_and(|first| first.as_bytes().first() == Some(&b't'));
        let (mut size, mut number, mut processor) = (DEFAULT_SIZE, DEFAULT_NUMBER, None);
        let mut actions = vec![];
        for &argument in arguments {
            let Some((kind, rest)) = argument.as_bytes().split_first() else { continue };
            match kind {
                b'-' => actions.push(Action::Deselect(Pattern::new(rest))),
                b'+' => actions.push(Action::Select(Pattern::new(rest))),
                b'e' => actions.push(Action::Alert),
                b'=' => actions.push(Action::Status(OsStr::from_bytes(rest).to_owned())),
                b's' => size = number_in(rest).clamp(SIZES.0, SIZES.1),
                b'n' => number = number_in(rest).max(LEAST_NUMBER),
                b'!' => processor = Some(OsStr::from_bytes(rest).to_owned()),
                b'.' | b'/' => actions.push(Action::Log(Settings {
                    directory: argument.to_owned(),
                    size,
                    number,
                    processor: processor.clone(),
                })),
                _ => {}
            }
        }
        Script { stamps, actions }
    }
}

/// Returns the number that `text` begins with, 0 if it begins with none. It wraps around at 2^64 (MLOG-12).
fn number_in(text: &[u8]) -> u64 {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0_u64, |number, digit| number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(words: &[&str]) -> Script {
        Script::new(&words.iter().map(OsStr::new).collect::<Vec<_>>())
    }

    fn settings(words: &[&str]) -> Vec<(u64, u64, Option<OsString>)> {
        let logs = script(words).actions.into_iter().filter_map(|action| match action {
            Action::Log(log) => Some((log.size, log.number, log.processor)),
            Action::Deselect(_) | Action::Select(_) | Action::Alert | Action::Status(_) => None,
        });
        logs.collect()
    }

    #[test]
    fn settings_apply_to_the_directories_behind_them() {
        let words = ["./a", "s5000", "n3", "!cat", "./b", "!", "s9999", "s6000", "/c"];
        let [a, b, c] = &settings(&words)[..] else { panic!() };
        assert_eq!(a, &(99_999, 10, None));
        assert_eq!(b, &(5000, 3, Some("cat".into())));
        assert_eq!(c, &(6000, 3, Some("".into())));
    }

    /// What the original makes of these numbers (MLOG-12, 13).
    #[test]
    fn numbers_are_clamped_and_wrap_around() {
        for (word, size) in [
            ("s", 4096),
            ("sabc", 4096),
            ("s1", 4096),
            ("s5000x", 5000),
            ("s99999999", 16_777_215),
            ("s18446744073709556616", 5000),
        ] {
            assert_eq!(settings(&[word, "./a"])[0].0, size, "{word}");
        }
        for (word, number) in [("n0", 2), ("n1", 2), ("n", 2), ("nabc", 2), ("n7", 7)] {
            assert_eq!(settings(&[word, "./a"])[0].1, number, "{word}");
        }
    }

    #[test]
    fn only_the_first_argument_asks_for_stamps() {
        assert!(script(&["t", "./a"]).stamps);
        assert!(script(&["tfoo"]).stamps);
        assert!(!script(&["", "t"]).stamps);
        assert!(!script(&["./a", "t"]).stamps);
    }

    #[test]
    fn unknown_arguments_are_ignored() {
        assert_eq!(script(&["x", "foo", "", "plain", "t"]).actions, []);
        assert_eq!(script(&["eXX"]).actions, [Action::Alert]);
        assert_eq!(script(&["=", "="]).actions, [Action::Status("".into()), Action::Status("".into())]);
    }
}
