//! Command lines of programs that run another: setuidgid, envuidgid, envdir, pgrphack and fghack.

use super::case::{Case, Program};
use crate::outcome::Outcome;
use crate::scenario::{ENVDIR, ENVUIDGID, FGHACK, PGRPHACK, ROOT, SETUIDGID};
use crate::world::World;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::BoxedStrategy;
use serde::Deserialize;
use std::fmt;

const DOES: &str = "Calls the command with words that follow from the seed: no account or directory, an unknown one, a program that \
                    exits with some code, one that does not exist, too few words. Its end and its message must be as the \
                    model predicts.";

/// Command lines for each program.
pub(super) const SETUIDGID_PROGRAM: Program = Program::new::<Call<0>>(
    "setuidgid",
    &["SUG-03", "SUG-03b", "EXEC-01", "EXEC-05", "EXEC-06", "GEN-04"],
    &[SETUIDGID, ROOT],
    DOES,
);
pub(super) const ENVUIDGID_PROGRAM: Program = Program::new::<Call<1>>(
    "envuidgid",
    &["EUG-01", "EUG-01b", "EXEC-01", "EXEC-05", "EXEC-06", "GEN-04"],
    &[ENVUIDGID],
    DOES,
);
pub(super) const PGRPHACK_PROGRAM: Program =
    Program::new::<Call<2>>("pgrphack", &["PGH-01b", "EXEC-01", "EXEC-05", "EXEC-06b", "GEN-04"], &[PGRPHACK], DOES);
pub(super) const FGHACK_PROGRAM: Program =
    Program::new::<Call<3>>("fghack", &["FGH-02", "EXEC-01", "EXEC-05", "EXEC-06b", "GEN-04"], &[FGHACK], DOES);
/// `random/envdir/` has the directories.
pub(super) const ENVDIR_PROGRAM: Program = Program::new::<Call<4>>(
    "envdir-words",
    &["ENV-04", "ENV-09", "EXEC-01", "EXEC-05", "EXEC-06", "GEN-04"],
    &[ENVDIR],
    DOES,
);

/// A command and the words that its usage line has before the program.
const COMMANDS: [(&str, &str); 5] =
    [("setuidgid", "account "), ("envuidgid", "account "), ("pgrphack", ""), ("fghack", ""), ("envdir", "dir ")];
/// An account that every machine has.
const KNOWN: &str = "root";
/// An empty directory.
const EMPTY: &str = "empty";

/// All arguments of the command with this index in [`COMMANDS`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Call<const COMMAND: usize> {
    words: Vec<String>,
}

impl<const COMMAND: usize> fmt::Display for Call<COMMAND> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "case = {{ words = {:?} }}", self.words)
    }
}

impl<const COMMAND: usize> Case for Call<COMMAND> {
    fn strategy() -> BoxedStrategy<Call<COMMAND>> {
        let first = |known: &'static str, unknown: Vec<&'static str>| {
            prop_oneof![
                5 => Just(vec![known]),
                2 => select(unknown).prop_map(|name| vec![name]),
                1 => Just(vec![]),
            ]
            .boxed()
        };
        let first = match COMMANDS[COMMAND].1 {
            "account " => first(KNOWN, vec!["no-such-account", "", "-x", "--", "ROOT", "root ", "0", "0:0"]),
            "dir " => {
                first(EMPTY, vec!["no-such-directory", "", "-x", "--", "EMPTY", "empty ", "/dev/null", "empty/.."])
            }
            _ => Just(vec![]).boxed(),
        };
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let program = prop_oneof![
            4 => (0_u8..=255).prop_map(|code| vec!["sh".to_owned(), "-c".to_owned(), format!("exit {code}")]),
            2 => vec("[a-z -]{0,3}", 0..4).prop_map(move |words| [vec!["printf".to_owned(), "%s,".to_owned()], words].concat()),
            2 => select(vec!["./no-program", "no-program", "", "-c", "--", "/", "missing/sh"]).prop_map(move |word| owned(&[word, "x"])),
            1 => Just(vec![]),
        ];
        let words = (first, program)
            .prop_map(move |(first, program)| owned(&first).into_iter().chain(program).collect::<Vec<_>>());
        // What envdir says of the root directory depends on the machine.
        words
            .prop_filter("a directory of the machine", |words| {
                COMMANDS[COMMAND].1 != "dir " || words.first().is_none_or(|first| first != "/")
            })
            .prop_map(|words| Call { words })
            .boxed()
    }

    fn play(&self, world: &World, name: &str) -> Outcome {
        let (command, first) = COMMANDS[COMMAND];
        if command == "setuidgid" {
            world.as_root()?;
        }
        world.files.make_directory(format!("{name}/{EMPTY}"))?;
        let ran = world.command(command).args(&self.words).current_directory(name).shares_group().run()?;
        let (exit, out, err) = end(command, first, &self.words);
        world.expect("exit, stdout and stderr", ran.all(), (&*exit, &*out, &*err))
    }
}

/// What the command promises: its end, stdout and stderr.
fn end(command: &str, first: &str, words: &[String]) -> (String, String, String) {
    // The usage line of envdir is an error like any other (ENV-09).
    let code = if command == "envdir" { 111 } else { 100 };
    let usage = || (format!("exit {code}"), String::new(), format!("{command}: usage: {command} {first}child\\n"));
    let fatal = |message: String| ("exit 111".to_owned(), String::new(), format!("{command}: fatal: {message}\\n"));
    let program = match words {
        [_] if !first.is_empty() => return usage(),
        [name, ..] if first == "account " && name != KNOWN => return fatal(format!("unknown account {name}")),
        [name, ..] if first == "dir " && name != EMPTY => return fatal(unable_to_enter(name)),
        [_, program @ ..] if !first.is_empty() => program,
        program => program,
    };
    let words: Vec<&str> = program.iter().map(String::as_str).collect();
    match words[..] {
        [] => usage(),
        ["sh", "-c", exit] => (exit.to_owned(), String::new(), String::new()),
        // Without arguments, the form is printed once with nothing.
        ["printf", _, ref words @ ..] => {
            let out =
                if words.is_empty() { ",".to_owned() } else { words.iter().map(|word| format!("{word},")).collect() };
            ("exit 0".to_owned(), out, String::new())
        }
        ["" | "/", ..] => fatal(format!("unable to run {}: access denied", words[0])),
        [name, ..] => fatal(format!("unable to run {name}: file does not exist")),
    }
}

/// What envdir says of a directory that it cannot enter, or of one that has another in it.
fn unable_to_enter(name: &str) -> String {
    match name {
        "/dev/null" => format!("unable to switch to directory {name}: not a directory"),
        "empty/.." => format!("unable to read {name}/{EMPTY}: is a directory"),
        _ => format!("unable to switch to directory {name}: file does not exist"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(command: usize, words: &[&str]) -> (String, String, String) {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        end(COMMANDS[command].0, COMMANDS[command].1, &words)
    }

    #[test]
    fn words_are_counted_before_the_account_is_looked_up() {
        assert_eq!(after(0, &["no-such-account"]).2, "setuidgid: usage: setuidgid account child\\n");
        assert_eq!(after(1, &["--", "sh"]).2, "envuidgid: fatal: unknown account --\\n");
        assert_eq!(after(2, &["--"]).2, "pgrphack: fatal: unable to run --: file does not exist\\n");
        assert_eq!(after(3, &[]).2, "fghack: usage: fghack child\\n");
        let usage = "envdir: usage: envdir dir child\\n".to_owned();
        assert_eq!(after(4, &["empty"]), ("exit 111".to_owned(), String::new(), usage));
        assert_eq!(after(0, &["root", "sh", "-c", "exit 3"]), ("exit 3".to_owned(), String::new(), String::new()));
    }

    proptest! {
        #[test]
        fn a_case_is_written_as_it_is_read(case in Call::<0>::strategy()) {
            let text = case.to_string();
            let table: toml::Table = text.parse().unwrap();
            let again: Call<0> = table["case"].clone().try_into().unwrap();
            prop_assert_eq!(again.to_string(), text);
        }
    }
}
