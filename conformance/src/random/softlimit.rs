//! Options of softlimit, generated, and the limits that they promise.

use super::case::{Case, Program};
use crate::observe::limits::{Limits, OPTIONS, with_soft};
use crate::outcome::Outcome;
use crate::scenario::SOFTLIMIT;
use crate::world::World;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::BoxedStrategy;
use serde::Deserialize;
use std::fmt;

/// Options for softlimit.
pub(super) const PROGRAM: Program = Program::new::<Words>(
    "softlimit",
    &["LIM-01", "LIM-02", "LIM-03", "LIM-04", "OPT-01", "OPT-02", "OPT-03"],
    &[SOFTLIMIT],
    "Runs a program with options and values that follow from the seed. Its limits, or the usage line, must be as the model \
     predicts.",
);

/// What softlimit prints if it is called wrongly.
const USAGE: &str = "softlimit: usage: softlimit [-a allbytes] [-c corebytes] [-d databytes] [-f filebytes] [-l lockbytes] \
                     [-m membytes] [-o openfiles] [-p processes] [-r residentbytes] [-s stackbytes] [-t cpusecs] child\\n";
/// A program that prints its limits.
const SHOW: [&str; 2] = ["/bin/cat", "/proc/self/limits"];
/// Values below these may keep that program from running.
const NEEDED: [(char, u64); 7] =
    [('a', 1 << 27), ('d', 1 << 25), ('f', 1 << 16), ('m', 1 << 27), ('o', 20), ('s', 1 << 20), ('t', 100)];

/// The words before the program.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    words: Vec<String>,
}

impl fmt::Display for Words {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "case = {{ words = {:?} }}", self.words)
    }
}

impl Case for Words {
    fn strategy() -> BoxedStrategy<Words> {
        let end =
            prop_oneof![6 => Just(vec![]), 1 => Just(vec!["--".to_owned()]), 1 => Just(vec!["--word".to_owned()])];
        let words = (vec(option(), 0..6), end).prop_map(|(options, end)| {
            let words = options.into_iter().flatten().chain(end).collect();
            Words { words }
        });
        words.boxed()
    }

    fn play(&self, world: &World, _name: &str) -> Outcome {
        world.limit_resources()?;
        let before = world.program(SHOW[0]).arg(SHOW[1]).run()?.limits();
        let ran = world.command("softlimit").args(&self.words).args(SHOW).run()?;
        match limits(&self.words, before) {
            Ok(limits) => {
                world.expect("exit and stderr", (&*ran.exit, &*ran.err), ("exit 0", ""))?;
                world.expect("limits", ran.limits(), limits)
            }
            Err(message) => world.expect("exit, stdout and stderr", ran.all(), ("exit 100", "", &*message)),
        }
    }
}

/// One option: its words.
fn option() -> impl Strategy<Value = Vec<String>> {
    let letters: Vec<char> = OPTIONS.iter().map(|(letter, _)| *letter).collect();
    let wrong = prop_oneof![
        select(vec!["-z", "-h", "-?", "-:", "-A5", "-n"]).prop_map(|word| vec![word.to_owned()]),
        (select(letters.clone()), select(vec!["5x", "x", "-1", "+5", " 5", "=5", "5=", "0x10", "--"]))
            .prop_map(|(letter, value)| vec![format!("-{letter}"), value.to_owned()]),
    ];
    let right = select(letters).prop_flat_map(|letter| (Just(letter), value(letter), any::<bool>())).prop_map(
        |(letter, value, is_attached)| {
            if is_attached && !value.is_empty() {
                vec![format!("-{letter}{value}")]
            } else {
                vec![format!("-{letter}"), value]
            }
        },
    );
    prop_oneof![16 => right, 1 => wrong]
}

/// A value for the option `letter`, with which a program can run.
fn value(letter: char) -> impl Strategy<Value = String> {
    let least = NEEDED.iter().find(|(one, _)| *one == letter).map_or(0, |(_, least)| *least);
    let number = prop_oneof![
        4 => least..=least.saturating_mul(4).max(10_000),
        2 => least..=u64::MAX,
        1 => (0_u64..3).prop_map(|less| u64::MAX - less),
        1 => (0_u32..64).prop_map(move |bit| least.max(1 << bit)),
    ];
    let text = (number, 0_usize..4, 0_u8..8).prop_map(|(number, zeros, form)| match form {
        // 2^64 and more, of which only the rest counts.
        0 => (u128::from(number) + (1 << 64)).to_string(),
        1 => (u128::from(number) + (7 << 64)).to_string(),
        2 => "0".repeat(zeros * 10) + &number.to_string(),
        _ => number.to_string(),
    });
    let empty = if least == 0 { "" } else { "=" };
    prop_oneof![8 => text, 2 => Just("=".to_owned()), 1 => Just(empty.to_owned())]
}

/// What softlimit promises: the limits of the program, or what is printed if it is called wrongly.
fn limits(words: &[String], before: Limits) -> Result<Limits, String> {
    let mut limits = before;
    let mut words = words.iter();
    while let Some(word) = words.next().filter(|word| !word.starts_with("--")) {
        let mut letters = word.strip_prefix('-').unwrap_or_default().chars();
        let letter = letters.next().unwrap_or('-');
        let Some((_, names)) = OPTIONS.iter().find(|(option, _)| *option == letter) else {
            return Err(format!("softlimit: illegal option -- {letter}\\n{USAGE}"));
        };
        let attached = letters.as_str();
        let value = if attached.is_empty() { words.next().map(String::as_str) } else { Some(attached) };
        limits = with_soft(&limits, names, value.and_then(number).ok_or(USAGE)?);
    }
    Ok(limits)
}

/// Reads a value: decimal digits modulo 2^64, or `=` for more than any hard limit.
fn number(text: &str) -> Option<u64> {
    if text == "=" {
        return Some(u64::MAX);
    }
    text.chars().try_fold(0_u64, |number, digit| {
        let digit = digit.to_digit(10)?;
        Some(number.wrapping_mul(10).wrapping_add(digit.into()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(words: &[&str]) -> Result<u64, String> {
        let before = Limits::from([("cpu time".to_owned(), (5, 1000))]);
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        limits(&words, before).map(|limits| limits["cpu time"].0)
    }

    #[test]
    fn the_last_value_counts_and_none_exceeds_the_hard_limit() {
        assert_eq!(after(&["-c5"]), Ok(5));
        assert_eq!(after(&["-t", "7", "-t8"]), Ok(8));
        assert_eq!(after(&["-t18446744073709551625"]), Ok(9));
        assert_eq!(after(&["-t", "1001"]), Ok(1000));
        assert_eq!(after(&["-t="]), Ok(1000));
        assert_eq!(after(&["-t", ""]), Ok(0));
        assert_eq!(after(&["-t7", "--any", "-t8"]), Ok(7));
    }

    #[test]
    fn mistakes_give_the_usage_line() {
        assert_eq!(after(&["-t", "5x"]), Err(USAGE.to_owned()));
        assert_eq!(after(&["-t", "--"]), Err(USAGE.to_owned()));
        assert_eq!(after(&["-t7", "-z"]), Err(format!("softlimit: illegal option -- z\\n{USAGE}")));
    }

    proptest! {
        #[test]
        fn a_case_is_written_as_it_is_read(case in Words::strategy()) {
            let text = case.to_string();
            let table: toml::Table = text.parse().unwrap();
            let again: Words = table["case"].clone().try_into().unwrap();
            prop_assert_eq!(again.to_string(), text);
        }
    }
}
