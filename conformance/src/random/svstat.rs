//! Status records of any bytes, and the lines that svstat makes of them.

use super::case::{Case, Program};
use super::directories::{self, Found, GOOD, found};
use crate::observe::{escape, unescape};
use crate::outcome::Outcome;
use crate::scenario::SVSTAT;
use crate::world::World;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::BoxedStrategy;
use serde::Deserialize;
use std::fmt;

/// Records for svstat.
pub(super) const PROGRAM: Program = Program::new::<Call>(
    "svstat",
    &["STAT-01", "STAT-02", "STAT-04", "STAT-05", "STAT-06", "STAT-07", "STAT-10", "STAT-11"],
    &[SVSTAT],
    "Calls svstat with directories that follow from the seed, two of them with a record of any bytes and any length, and with or \
     without a file `down`. Each line must be as the model predicts.",
);

/// The seconds of a label at 1970-01-01 00:00:00 UTC.
const EPOCH: u64 = 0x4000_0000_0000_000a;

/// All arguments of svstat, and the state of the two directories with a supervise.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    words: Vec<String>,
    /// The record of each, escaped.
    records: [String; 2],
    /// Whether there is a file `down` in each.
    downs: [bool; 2],
    /// How many seconds before now the label of each is put. If negative, it stays as it is in the record.
    ages: [i64; 2],
}

impl fmt::Display for Call {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Call { words, records, downs, ages } = self;
        write!(out, "case = {{ words = {words:?}, records = {records:?}, downs = {downs:?}, ages = {ages:?} }}")
    }
}

/// A record: any bytes, or a good one with a label and small numbers.
fn record() -> impl Strategy<Value = Vec<u8>> {
    let any_bytes = vec(any::<u8>(), 0..40);
    let label = prop_oneof![
        any::<u64>(),
        (0_u64..1 << 33).prop_map(|seconds| EPOCH + seconds),
        (0_u32..64).prop_map(|bit| 1 << bit)
    ];
    let pid = prop_oneof![2 => Just(0_u32), 2 => any::<u32>(), 1 => Just(u32::MAX), 1 => (0_u32..32).prop_map(|bit| 1 << bit)];
    let paused = prop_oneof![2 => Just(0_u8), 2 => Just(1), 1 => any::<u8>()];
    let want = prop_oneof![2 => Just(b'u'), 2 => Just(b'd'), 1 => Just(0), 1 => any::<u8>()];
    let whole = (label, any::<u32>(), pid, paused, want).prop_map(|(label, nanoseconds, pid, paused, want)| {
        [&label.to_be_bytes()[..], &nanoseconds.to_be_bytes(), &pid.to_le_bytes(), &[paused, want]].concat()
    });
    let cut = (whole.clone(), vec(any::<u8>(), 0..3), 16_usize..21).prop_map(|(whole, more, length)| {
        let mut record = [whole, more].concat();
        record.truncate(length);
        record
    });
    prop_oneof![5 => whole, 1 => cut, 1 => any_bytes]
}

impl Case for Call {
    fn strategy() -> BoxedStrategy<Call> {
        let word = prop_oneof![8 => directories::argument(), 1 => select(vec!["-x", "--"]).prop_map(str::to_owned)];
        let age = prop_oneof![1 => Just(-1_i64), 1 => 0_i64..100_000_000];
        ((record(), record()), vec(word, 0..5), any::<[bool; 2]>(), [age.clone(), age])
            .prop_map(|((one, other), words, downs, ages)| Call {
                words,
                records: [escape(&one), escape(&other)],
                downs,
                ages,
            })
            .boxed()
    }

    fn play(&self, world: &World, name: &str) -> Outcome {
        let held = directories::made(world, name)?;
        let second = || EPOCH + world.time_of_day().as_secs();
        let mut records = vec![];
        for (index, directory) in GOOD.into_iter().enumerate() {
            let mut record = unescape(&self.records[index]);
            if let (Ok(age), true) = (u64::try_from(self.ages[index]), record.len() >= 8) {
                record[..8].copy_from_slice(&(second() - age).to_be_bytes());
            }
            world.files.write(format!("{name}/{directory}/supervise/status"), &record)?;
            if self.downs[index] {
                world.files.write(format!("{name}/{directory}/down"), "")?;
            }
            records.push(record);
        }
        // A second may begin while svstat runs, and time(2) may tell of it late.
        let begin = EPOCH + world.second_of_last_tick();
        let ran = world.command("svstat").args(&self.words).current_directory(name).run()?;
        let possible: Vec<String> = (begin..=second()).map(|now| self.lines(&records, now)).collect();
        world.expect("exit and stderr", (&*ran.exit, &*ran.err), ("exit 0", ""))?;
        match possible.iter().find(|lines| **lines == ran.out) {
            Some(lines) => world.expect("stdout", &*ran.out, lines.as_str())?,
            None => world.expect("stdout", &*ran.out, possible[0].as_str())?,
        }
        directories::expect_written(world, &held, &Default::default())
    }
}

impl Call {
    /// Returns what svstat promises to print when the label of this second is `now`.
    fn lines(&self, records: &[Vec<u8>], now: u64) -> String {
        let line = |word: &String| {
            let text = match found(word) {
                Found::Supervised(index) => line(&records[index], self.downs[index], now),
                Found::Unread => "supervise not running".to_owned(),
                Found::Bare => "unable to open supervise/ok: file does not exist".to_owned(),
                Found::Nothing(phrase) => format!("unable to chdir: {phrase}"),
            };
            format!("{word}: {text}\\n")
        };
        self.words.iter().map(line).collect()
    }
}

/// Returns what svstat promises to print about a record.
fn line(record: &[u8], is_down: bool, now: u64) -> String {
    let [a, b, c, d, e, f, g, h, _, _, _, _, i, j, k, l, paused, want, ..] = *record else {
        return "unable to read supervise/status: bad format".to_owned();
    };
    let label = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "STAT-05")]
    let seconds = now.saturating_sub(label) as f64 as u64;
    let pid = u32::from_le_bytes([i, j, k, l]);
    let is_up = pid != 0;
    let mut text = if is_up { format!("up (pid {pid}) {seconds} seconds") } else { format!("down {seconds} seconds") };
    for (suffix, holds) in [
        ("normally down", is_up && is_down),
        ("normally up", !is_up && !is_down),
        ("paused", is_up && paused != 0),
        ("want up", !is_up && want == b'u'),
        ("want down", is_up && want == b'd'),
    ] {
        if holds {
            text += &format!(", {suffix}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(label: u64, pid: u32, rest: [u8; 2]) -> String {
        let record = [&label.to_be_bytes()[..], &[0; 4], &pid.to_le_bytes(), &rest].concat();
        line(&record, false, EPOCH + 1_000_000_000)
    }

    /// The lines of the original (STAT-01, STAT-05, STAT-06).
    #[test]
    fn lines_are_those_of_the_original() {
        assert_eq!(of(EPOCH + 999_999_990, 7, [1, b'd']), "up (pid 7) 10 seconds, paused, want down");
        assert_eq!(of(EPOCH + 1_000_000_001, 0, [1, b'u']), "down 0 seconds, normally up, want up");
        assert_eq!(of(1 << 63, u32::MAX, [0, 0]), "up (pid 4294967295) 0 seconds");
        assert_eq!(line(&[0; 17], true, EPOCH), "unable to read supervise/status: bad format");
        assert_eq!(line(&[0; 19], true, EPOCH), "down 4611686018427387904 seconds");
    }

    proptest! {
        #[test]
        fn a_case_is_written_as_it_is_read(case in Call::strategy()) {
            let text = case.to_string();
            let table: toml::Table = text.parse().map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
            let again: Call = table["case"].clone().try_into().unwrap();
            prop_assert_eq!(again.to_string(), text);
        }
    }
}
