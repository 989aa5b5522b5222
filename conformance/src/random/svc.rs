//! Command lines of svc, generated, and what arrives in the control FIFOs.

use super::case::{Case, Program};
use super::directories::{self, Found, found};
use crate::outcome::Outcome;
use crate::scenario::SVC;
use crate::world::World;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::BoxedStrategy;
use serde::Deserialize;
use std::fmt;

/// Command lines for svc.
pub(super) const PROGRAM: Program = Program::new::<Call>(
    "svc",
    &["SVC-01", "SVC-02", "SVC-03", "SVC-04", "SVC-05b", "SVC-06", "OPT-01", "OPT-03"],
    &[SVC],
    "Calls svc with options and directories that follow from the seed. Its messages, its exit code and what arrives in each control \
     FIFO must be as the model predicts.",
);

const LETTERS: &str = "udopchaitkx";
const OPTIONS: &str = "svc options: u up, d down, o once, x exit, p pause, c continue, h hup, a alarm, i interrupt, t term, k \
                       kill\\n";

/// All arguments of svc.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    words: Vec<String>,
}

impl fmt::Display for Call {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "case = {{ words = {:?} }}", self.words)
    }
}

impl Case for Call {
    fn strategy() -> BoxedStrategy<Call> {
        let bundle = vec(select(LETTERS.chars().collect::<Vec<_>>()), 1..6)
            .prop_map(|letters| format!("-{}", String::from_iter(letters)));
        let odd = select(vec!["-z", "-dz", "-?", "-:", "-U", "--", "--up", "-d-"]).prop_map(str::to_owned);
        let options = vec(prop_oneof![10 => bundle.clone(), 1 => odd], 0..4);
        // Behind a directory, an option is the name of one.
        let operand = prop_oneof![10 => directories::argument(), 1 => bundle];
        (options, vec(operand, 0..5))
            .prop_map(|(options, operands)| Call { words: options.into_iter().chain(operands).collect() })
            .boxed()
    }

    fn play(&self, world: &World, name: &str) -> Outcome {
        let held = directories::made(world, name)?;
        let ran = world.command("svc").args(&self.words).current_directory(name).run()?;
        let End { exit, err, written } = end(&self.words);
        world.expect("exit, stdout and stderr", ran.all(), (exit, "", &*err))?;
        directories::expect_written(world, &held, &written)
    }
}

/// What comes of a call.
struct End {
    exit: &'static str,
    err: String,
    /// What is written to the FIFO of each good directory.
    written: [String; 2],
}

/// What svc promises.
fn end(words: &[String]) -> End {
    let mut written = [String::new(), String::new()];
    let is_option = |word: &&String| word.starts_with('-') && word.len() > 1 && !word.starts_with("--");
    let count = words.iter().take_while(is_option).count();
    let (options, mut operands) = words.split_at(count);
    // Any word that begins with two dashes ends the options.
    if operands.first().is_some_and(|word| word.starts_with("--")) {
        operands = &operands[1..];
    }
    let mut letters = String::new();
    for letter in options.iter().flat_map(|word| word.chars().skip(1)) {
        if !LETTERS.contains(letter) {
            return End { exit: "exit 100", err: format!("svc: illegal option -- {letter}\\n{OPTIONS}"), written };
        }
        if !letters.contains(letter) {
            letters.push(letter);
        }
    }
    let mut err = String::new();
    for operand in operands {
        match found(operand) {
            Found::Supervised(index) => written[index] += &letters,
            Found::Unread => err += &format!("svc: warning: unable to control {operand}: supervise not running\\n"),
            Found::Bare => err += &format!("svc: warning: unable to control {operand}: file does not exist\\n"),
            Found::Nothing(phrase) => err += &format!("svc: warning: unable to chdir to {operand}: {phrase}\\n"),
        }
    }
    End { exit: "exit 0", err, written }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(words: &str) -> (&'static str, String, [String; 2]) {
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        let End { exit, err, written } = end(&words);
        (exit, err, written)
    }

    #[test]
    fn letters_are_sent_in_their_order_and_once() {
        assert_eq!(after("-p -c -pd -x good ./other").2, ["pcdx", "pcdx"]);
        assert_eq!(after("good").2, ["", ""]);
        assert_eq!(after("-d -- -x good").1, "svc: warning: unable to chdir to -x: file does not exist\\n");
    }

    #[test]
    fn a_bad_option_touches_no_directory() {
        assert_eq!(
            after("-dz good"),
            ("exit 100", format!("svc: illegal option -- z\\n{OPTIONS}"), Default::default())
        );
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
