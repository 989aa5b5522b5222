//! Command lines of svok, generated, and how it ends.

use super::case::{Case, Program};
use super::directories::{self, Found, found};
use crate::outcome::Outcome;
use crate::scenario::SVOK;
use crate::world::World;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::BoxedStrategy;
use serde::Deserialize;
use std::fmt;

/// Command lines for svok.
pub(super) const PROGRAM: Program = Program::new::<Call>(
    "svok",
    &["OK-01", "OK-01b", "OK-02", "OK-03"],
    &[SVOK],
    "Calls svok with arguments that follow from the seed. Its exit code and its message must be as the model predicts.",
);

/// All arguments of svok.
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
        let word =
            prop_oneof![8 => directories::argument(), 1 => select(vec!["-x", "--", "--help"]).prop_map(str::to_owned)];
        vec(word, 0..3).prop_map(|words| Call { words }).boxed()
    }

    fn play(&self, world: &World, name: &str) -> Outcome {
        let held = directories::made(world, name)?;
        let ran = world.command("svok").args(&self.words).current_directory(name).run()?;
        let (exit, err) = end(&self.words);
        world.expect("exit, stdout and stderr", ran.all(), (exit, "", &*err))?;
        directories::expect_written(world, &held, &Default::default())
    }
}

/// What svok promises.
fn end(words: &[String]) -> (&'static str, String) {
    let Some(first) = words.first() else { return ("exit 100", "svok: usage: svok dir\\n".to_owned()) };
    match found(first) {
        Found::Supervised(_) => ("exit 0", String::new()),
        Found::Unread | Found::Bare => ("exit 100", String::new()),
        Found::Nothing(phrase) => ("exit 111", format!("svok: fatal: unable to chdir to {first}: {phrase}\\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_argument_counts() {
        let after = |words: &[&str]| end(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>()).0;
        assert_eq!((after(&[]), after(&["good", "missing"]), after(&["bare"])), ("exit 100", "exit 0", "exit 100"));
        assert_eq!((after(&["--", "good"]), after(&["file"])), ("exit 111", "exit 111"));
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
