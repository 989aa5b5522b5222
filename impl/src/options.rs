//! Options on the command line, parsed as the original's getopt does (OPT-01 to 04).
#![forbid(unsafe_code)]

use crate::program::Exit;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// Iterates over the options at the start of an argument vector: the letter of each, and its value.
///
/// Options bundle (`-dx`). A value follows its letter in the same argument (`-c7`) or is the whole next argument
/// (`-c 7`), which may be empty. The first operand ends the options, and so does `--` or anything that starts with it.
/// A lone `-` is an operand.
#[derive(Debug)]
pub(crate) struct Options<'a> {
    known: &'a [u8],
    program: &'a OsStr,
    /// The letters that are left of the bundle in progress.
    bundle: &'a [u8],
    rest: &'a [&'a OsStr],
}

/// An option that cannot be parsed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadOption<'a> {
    program: &'a OsStr,
    problem: &'static str,
    letter: u8,
}

impl<'a> Options<'a> {
    /// Parses `argv`, whose first element is the name of the program.
    ///
    /// `known` holds the letters of the options. A colon after a letter means that the option takes a value.
    pub(crate) fn new(argv: &'a [&'a OsStr], known: &'a [u8]) -> Options<'a> {
        let (program, rest) = argv.split_first().map_or((OsStr::new(""), argv), |(program, rest)| (*program, rest));
        Options { known, program, bundle: &[], rest }
    }

    /// Returns the arguments after the options. Complete once the iterator has ended.
    pub(crate) fn operands(&self) -> &'a [&'a OsStr] {
        self.rest
    }

    /// Starts on the next argument if it holds options. Consumes the argument that ends them, unless it is an operand.
    fn next_bundle(&mut self) -> Option<()> {
        let (argument, rest) = self.rest.split_first()?;
        let bundle = argument.as_bytes().strip_prefix(b"-").filter(|bundle| !bundle.is_empty())?;
        self.rest = rest;
        if bundle.starts_with(b"-") {
            return None;
        }
        self.bundle = bundle;
        Some(())
    }

    /// Returns whether `letter` takes a value, or `None` if it is unknown.
    fn takes_value(&self, letter: u8) -> Option<bool> {
        let at = self.known.iter().position(|&known| known == letter && known != b':')?;
        Some(self.known.get(at + 1) == Some(&b':'))
    }

    /// Takes the value of the current option: the rest of its bundle, or the next argument.
    fn value(&mut self) -> Option<&'a OsStr> {
        if !self.bundle.is_empty() {
            return Some(OsStr::from_bytes(std::mem::take(&mut self.bundle)));
        }
        let (value, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(value)
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = Result<(u8, Option<&'a OsStr>), BadOption<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.bundle.is_empty() {
            self.next_bundle()?;
        }
        let (&letter, bundle) = self.bundle.split_first()?;
        self.bundle = bundle;
        let bad = |problem| BadOption { program: self.program, problem, letter };
        Some(match self.takes_value(letter) {
            None => Err(bad("illegal option")),
            Some(false) => Ok((letter, None)),
            Some(true) => match self.value() {
                Some(value) => Ok((letter, Some(value))),
                None => Err(bad("option requires an argument")),
            },
        })
    }
}

impl BadOption<'_> {
    /// Prints what is wrong with the option, then `usage`, and exits 100. The program's name is the one it was called
    /// by, without its directory (OPT-03).
    pub(crate) fn exit(self, usage: &str) -> Exit {
        let name = self.program.as_bytes().rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let problem = self.problem.as_bytes();
        Exit::misuse([name, b": ", problem, b" -- ", &[self.letter], b"\n", usage.as_bytes()].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses `words` as a program with options `d`, `u` and `x`, and `c` and `t` with a value. Each option is written
    /// as its letter, followed by `=` and its value. Those before a bad option are dropped.
    fn parsed(words: &[&str]) -> Result<(Vec<String>, Vec<String>), String> {
        let argv: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
        let mut options = Options::new(&argv, b"duc:xt:");
        let mut found = Vec::new();
        for option in options.by_ref() {
            let (letter, value) = option.map_err(|bad| format!("{} -- {}", bad.problem, char::from(bad.letter)))?;
            let value = value.map(|value| format!("={}", value.to_string_lossy())).unwrap_or_default();
            found.push(format!("{}{value}", char::from(letter)));
        }
        Ok((found, options.operands().iter().map(|operand| operand.to_string_lossy().into_owned()).collect()))
    }

    fn assert_parsed(words: &[&str], options: &[&str], operands: &[&str]) {
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<String>>();
        assert_eq!(parsed(words), Ok((owned(options), owned(operands))), "{words:?}");
    }

    fn assert_bad(words: &[&str], problem: &str) {
        assert_eq!(parsed(words), Err(problem.to_owned()), "{words:?}");
    }

    #[test]
    fn options_bundle_and_end_at_the_first_operand() {
        assert_parsed(&["svc", "-dx", "-u", "a", "-x"], &["d", "x", "u"], &["a", "-x"]);
    }

    #[test]
    fn two_dashes_end_the_options_and_one_is_an_operand() {
        assert_parsed(&["svc", "-d", "--", "-x"], &["d"], &["-x"]);
        assert_parsed(&["svc", "-d", "-", "-x"], &["d"], &["-", "-x"]);
        assert_parsed(&["svc", "-d", ""], &["d"], &[""]);
    }

    /// The installed original takes `svc --d x` for `svc -- x`.
    #[test]
    fn anything_that_starts_with_two_dashes_ends_the_options() {
        assert_parsed(&["svc", "--d", "x"], &[], &["x"]);
    }

    #[test]
    fn an_argument_vector_without_options_has_none() {
        assert_parsed(&["svc"], &[], &[]);
        assert_parsed(&[], &[], &[]);
    }

    #[test]
    fn a_value_is_attached_or_separate() {
        assert_parsed(&["softlimit", "-c7", "-d", "true"], &["c=7", "d"], &["true"]);
        assert_parsed(&["softlimit", "-c", "7", "-d", "true"], &["c=7", "d"], &["true"]);
        assert_parsed(&["softlimit", "-dc7", "-dt", "8", "true"], &["d", "c=7", "d", "t=8"], &["true"]);
    }

    #[test]
    fn a_value_is_taken_as_it_is() {
        assert_parsed(&["softlimit", "-c", "", "true"], &["c="], &["true"]);
        assert_parsed(&["softlimit", "-c", "--", "true"], &["c=--"], &["true"]);
        assert_parsed(&["softlimit", "-c-d", "-c", "-d"], &["c=-d", "c=-d"], &[]);
    }

    #[test]
    fn a_missing_value_is_reported() {
        assert_bad(&["softlimit", "-c"], "option requires an argument -- c");
        assert_bad(&["softlimit", "-c7", "-dt"], "option requires an argument -- t");
    }

    #[test]
    fn an_unknown_letter_is_reported() {
        assert_bad(&["svc", "-dq", "x"], "illegal option -- q");
        assert_bad(&["svc", "-d-"], "illegal option -- -");
        assert_bad(&["svc", "-?"], "illegal option -- ?");
        assert_bad(&["svc", "-:"], "illegal option -- :");
    }

    #[test]
    fn a_bad_option_is_reported_under_the_name_of_the_call() {
        let argv = ["/a/b/name", "-q"].map(OsStr::new);
        let bad = Options::new(&argv, b"d").next().unwrap().unwrap_err();
        let expected = Exit::misuse("name: illegal option -- q\nuse it well");
        assert_eq!(format!("{:?}", bad.exit("use it well")), format!("{expected:?}"));
    }
}
