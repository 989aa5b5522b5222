//! Options of the command line as the original reads them (OPT-01 to 03).

use crate::program::Stop;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// Splits `argv` into the letters of its options, in order, and its operands: all from the first argument on that is
/// no option. Options bundle; `--`, or anything that begins so, ends them; a lone `-` is an operand.
///
/// # Errors
/// For a letter that `known` lacks: that it is illegal, in the name that the program was called by, then `usage`.
pub(crate) fn split<'a>(argv: &'a [&'a OsStr], known: &str, usage: &str) -> Result<(Vec<u8>, &'a [&'a OsStr]), Stop> {
    let mut letters = Vec::new();
    let mut operands = argv.get(1..).unwrap_or_default();
    while let [argument, rest @ ..] = operands
        && let [b'-', bundle @ ..] = argument.as_bytes()
        && !bundle.is_empty()
    {
        operands = rest;
        if bundle.starts_with(b"-") {
            break;
        }
        match bundle.iter().find(|letter| !known.as_bytes().contains(letter)) {
            None => letters.extend(bundle),
            Some(&letter) => return Err(illegal(argv[0], letter, usage)),
        }
    }
    Ok((letters, operands))
}

fn illegal(called: &OsStr, letter: u8, usage: &str) -> Stop {
    let name = called.as_bytes().rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    Stop::misused([name, b": illegal option -- ", &[letter], b"\n", usage.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split_words(words: &[&str]) -> Result<(String, Vec<String>), Stop> {
        let argv: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
        let (letters, operands) = split(&argv, "dux", "use it well")?;
        let operands = operands.iter().map(|operand| operand.to_string_lossy().into_owned()).collect();
        Ok((String::from_utf8(letters).unwrap(), operands))
    }

    fn assert_split(words: &[&str], letters: &str, operands: &[&str]) {
        let (found, rest) = split_words(words).unwrap();
        assert_eq!((found.as_str(), rest), (letters, operands.iter().map(|&word| word.to_owned()).collect()));
    }

    #[test]
    fn options_bundle_and_end_at_the_first_operand() {
        assert_split(&["svc", "-dx", "-u", "a", "-x"], "dxu", &["a", "-x"]);
    }

    #[test]
    fn two_dashes_end_the_options_and_one_is_an_operand() {
        assert_split(&["svc", "-d", "--", "-x"], "d", &["-x"]);
        assert_split(&["svc", "-d", "-", "-x"], "d", &["-", "-x"]);
        assert_split(&["svc", "-d", ""], "d", &[""]);
    }

    #[test]
    fn no_arguments_at_all_are_no_options() {
        assert_split(&["svc"], "", &[]);
        assert_split(&[], "", &[]);
    }

    #[test]
    fn an_unknown_letter_is_told_in_the_name_of_the_call() {
        let stop = split_words(&["/a/b/name", "-dq", "x"]).unwrap_err();
        assert_eq!(format!("{stop:?}"), format!("{:?}", Stop::misused("name: illegal option -- q\nuse it well")));
    }

    /// What the installed original does with `svc --d x`: `--d` is taken for `--`.
    #[test]
    fn anything_that_begins_with_two_dashes_ends_the_options() {
        assert_split(&["svc", "--d", "x"], "", &["x"]);
    }

    #[test]
    fn a_dash_in_a_bundle_is_a_letter() {
        assert!(split_words(&["svc", "-d-"]).is_err());
    }
}
