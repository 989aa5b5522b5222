//! Options of setlock in any order, on files in any state, and what setlock promises to do.

use super::case::{Case, Program};
use crate::outcome::Outcome;
use crate::scenario::SETLOCK;
use crate::world::World;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::BoxedStrategy;
use serde::Deserialize;
use std::fmt;

/// Option orders for setlock.
pub(super) const PROGRAM: Program = Program::new::<Call>(
    "setlock",
    &["LOCK-02", "LOCK-02b", "LOCK-03", "OPT-01", "OPT-03", "EXEC-06b"],
    &[SETLOCK],
    "Calls setlock with options in an order that follows from the seed, on a file that is free, locked or out of reach. Its \
     end, its message and whether it waits must be as the model predicts.",
);

const USAGE: &str = "setlock: usage: setlock [ -nNxX ] file program [ arg ... ]\\n";
/// A file that another process has locked, a directory, and names that nothing is known of.
const LOCKED: &str = "locked";
const DIRECTORY: &str = "directory";
const FILES: [&str; 5] = [LOCKED, LOCKED, DIRECTORY, "new-file", "missing/file"];

/// All arguments of setlock.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    words: Vec<String>,
}

/// What comes of a call.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// It ends so, such as `exit 0`, and prints this.
    Exit(String, String),
    /// It waits for the lock.
    Wait,
}

impl fmt::Display for Call {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "case = {{ words = {:?} }}", self.words)
    }
}

impl Case for Call {
    fn strategy() -> BoxedStrategy<Call> {
        let bundle = vec(select(b"nNxXnx".to_vec()), 1..5)
            .prop_map(|letters| std::iter::once('-').chain(letters.into_iter().map(char::from)).collect::<String>());
        let odd =
            select(vec!["-z", "-nz", "-x-", "-?", "-:", "--", "--no-delay", "-", "new-file"]).prop_map(str::to_owned);
        let options = vec(prop_oneof![12 => bundle, 1 => odd], 0..5);
        let file = select(FILES.to_vec()).prop_map(str::to_owned);
        let program = prop_oneof![
            4 => (0_u8..=255).prop_map(|code| vec!["sh".to_owned(), "-c".to_owned(), format!("exit {code}")]),
            1 => Just(vec!["./no-program".to_owned()]),
            1 => Just(vec![]),
        ];
        (options, file, program)
            .prop_map(|(options, file, program)| Call {
                words: options.into_iter().chain([file]).chain(program).collect(),
            })
            .boxed()
    }

    fn play(&self, world: &World, name: &str) -> Outcome {
        world.files.make_directory(format!("{name}/{DIRECTORY}"))?;
        let lock = world.lock_file(format!("{name}/{LOCKED}"))?;
        world.expect("the scenario has the lock", lock.is_some(), true)?;
        let setlock = world.command("setlock").args(&self.words).current_directory(name);
        match end(&self.words) {
            End::Exit(exit, err) => {
                let ran = setlock.finish()?;
                world.expect("exit, stdout and stderr", ran.all(), (&*exit, "", &*err))
            }
            End::Wait => {
                let running = setlock.start()?;
                running.until_asleep_on(&format!("/{LOCKED}"))?;
                drop(lock);
                let exit = running.wait()?.to_string();
                world.expect("end with the lock", End::Exit(exit, running.err()), run(program(&self.words)))
            }
        }
    }
}

/// Returns the options, and the operands after them: the file, the program and its arguments.
fn parse(words: &[String]) -> Result<(String, &[String]), String> {
    let mut letters = String::new();
    for (index, word) in words.iter().enumerate() {
        if word.starts_with("--") {
            return Ok((letters, &words[index + 1..]));
        }
        let Some(bundle) = word.strip_prefix('-').filter(|bundle| !bundle.is_empty()) else {
            return Ok((letters, &words[index..]));
        };
        if let Some(illegal) = bundle.chars().find(|letter| !"nNxX".contains(*letter)) {
            return Err(format!("setlock: illegal option -- {illegal}\\n{USAGE}"));
        }
        letters += bundle;
    }
    Ok((letters, &[]))
}

/// Returns the program and its arguments.
fn program(words: &[String]) -> &[String] {
    parse(words).ok().and_then(|(_, operands)| operands.get(1..)).unwrap_or_default()
}

/// What setlock promises.
fn end(words: &[String]) -> End {
    let (letters, operands) = match parse(words) {
        Ok(parsed) => parsed,
        Err(message) => return exit(100, &message),
    };
    let [file, program @ ..] = operands else { return exit(100, USAGE) };
    if program.is_empty() {
        return exit(100, USAGE);
    }
    let last_is = |wanted: char, pair: &str| letters.chars().rfind(|letter| pair.contains(*letter)) == Some(wanted);
    let (gives_up, is_quiet) = (last_is('n', "nN"), last_is('x', "xX"));
    let trouble = match file.as_str() {
        DIRECTORY => "open directory: is a directory",
        "missing/file" => "open missing/file: file does not exist",
        LOCKED if gives_up => "lock locked: temporary failure",
        LOCKED => return End::Wait,
        _ => return run(program),
    };
    if is_quiet {
        return exit(0, "");
    }
    exit(111, &format!("setlock: fatal: unable to {trouble}\\n"))
}

/// What comes of a program: `sh -c "exit CODE"`, or a name that there is no program of.
fn run(program: &[String]) -> End {
    let words: Vec<&str> = program.iter().map(String::as_str).collect();
    match words[..] {
        ["sh", "-c", script] => End::Exit(script.to_owned(), String::new()),
        [name, ..] => exit(111, &format!("setlock: fatal: unable to run {name}: file does not exist\\n")),
        [] => exit(100, USAGE),
    }
}

fn exit(code: u8, err: &str) -> End {
    End::Exit(format!("exit {code}"), err.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(words: &str) -> End {
        end(&words.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_last_of_a_pair_counts() {
        let message = "setlock: fatal: unable to lock locked: temporary failure\\n";
        assert_eq!(after("-nx locked true"), exit(0, ""));
        assert_eq!(after("-nx -X locked true"), exit(111, message));
        assert_eq!(after("-nN locked true"), End::Wait);
        assert_eq!(after("-x locked true"), End::Wait);
    }

    #[test]
    fn operands_end_the_options() {
        let missing = |name: &str| exit(111, &format!("setlock: fatal: unable to run {name}: file does not exist\\n"));
        assert_eq!(after("-n -- -x -z"), missing("-z"));
        assert_eq!(after("new-file -n"), missing("-n"));
        assert_eq!(after("- -n"), missing("-n"));
        assert_eq!(after("-n new-file"), exit(100, USAGE));
    }

    proptest! {
        #[test]
        fn a_case_is_written_as_it_is_read(case in Call::strategy()) {
            let text = case.to_string();
            let table: toml::Table = text.parse().unwrap();
            let again: Call = table["case"].clone().try_into().unwrap();
            prop_assert_eq!(again.to_string(), text);
        }
    }
}
