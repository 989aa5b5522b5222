//! Scripts and lines for multilog, generated, and what multilog promises to make of them.

use super::case::{Case, Program};
use crate::observe::tai64n::Label;
use crate::observe::{escape, unescape};
use crate::outcome::{Failure, Outcome};
use crate::scenario::MULTILOG;
use crate::world::World;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::BoxedStrategy;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt;

/// Scripts for multilog.
pub(super) const PROGRAM: Program = Program::new::<Log>(
    "multilog",
    &[
        "MLOG-01", "MLOG-01b", "MLOG-02", "MLOG-03b", "MLOG-04", "MLOG-05", "MLOG-06", "MLOG-07b", "MLOG-08",
        "MLOG-09", "MLOG-09b", "MLOG-10", "MLOG-10b", "MLOG-11", "MLOG-11b", "MLOG-12", "MLOG-12b", "MLOG-13",
        "MLOG-13b", "MLOG-14", "MLOG-15", "MLOG-31", "MLOG-32", "MLOG-32b",
    ],
    &[MULTILOG],
    "Runs multilog with a script and lines that follow from the seed: patterns, alerts, status files, sizes and numbers of \
     files, and lines around 200 and 1000 bytes. stderr, the status files and the logs must be as the model predicts.",
);

/// How many bytes of a line patterns and status files get.
const CHECKED: usize = 1000;
/// How many bytes of a line an alert gets.
const PRINTED: usize = 200;
/// How far from its maximum size a file may end with a newline.
const WINDOW: usize = 2000;

/// A script and its input. All texts are escaped.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Log {
    script: Vec<String>,
    lines: Vec<Line>,
    /// Whether the last line has a newline.
    ends: bool,
}

/// Some equal lines: `start`, so many letters `x`, and `end`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    start: String,
    fill: usize,
    end: String,
    times: usize,
}

impl fmt::Display for Log {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Log { script, lines, ends } = self;
        let lines = lines.iter().map(|Line { start, fill, end, times }| {
            format!("{{ start = {start:?}, fill = {fill}, end = {end:?}, times = {times} }}")
        });
        let lines: Vec<String> = lines.collect();
        write!(out, "case = {{ script = {script:?}, lines = [{}], ends = {ends} }}", lines.join(", "))
    }
}

impl Case for Log {
    fn strategy() -> BoxedStrategy<Log> {
        // With `t`, the first log gets all lines, and so shows what their stamps are.
        let stamps =
            select(vec!["t", "tx"]).prop_map(|word| [word, "s16777215", "./stamps"].map(str::to_owned).to_vec());
        // With small files and few of them, a log is pruned again and again.
        let small = (number(), size()).prop_map(|(number, size)| [number, size, "./small"].map(str::to_owned).to_vec());
        let first = prop_oneof![3 => Just(vec![]), 1 => stamps, 1 => small];
        let script = (first, vec(action(), 1..8)).prop_map(|(first, actions)| {
            // A log or status file that comes twice is a fatal error, or gets the last line of both.
            let actions = actions.into_iter().enumerate().map(|(number, action)| match &*action {
                "./" | "=" => format!("{action}f{number}"),
                // Here it would ask for stamps.
                "t" if number == 0 => "x".to_owned(),
                _ => action,
            });
            first.into_iter().chain(actions).collect()
        });
        (script, vec(line(), 0..8), any::<bool>()).prop_map(|(script, lines, ends)| Log { script, lines, ends }).boxed()
    }

    fn play(&self, world: &World, name: &str) -> Outcome {
        world.files.make_directory(name)?;
        let input = format!("{name}/input");
        world.files.write(&input, self.input())?;
        let script = self.script.iter().map(|word| OsString::from_vec(unescape(word)));
        let ran = world.command("multilog").args(script).current_directory(name).input(&input).finish()?;
        world.expect("exit and stdout", (&*ran.exit, &*ran.out), ("exit 0", ""))?;
        let mut lines = self.all_lines();
        if self.script.first().is_some_and(|word| word.starts_with('t')) {
            lines = stamped(world, &format!("{name}/./stamps"), lines)?;
        }
        let model = Model::of(&self.script, &lines);
        world.expect("stderr", ran.err, escape(&model.printed))?;
        for (file, wanted) in &model.files {
            world.expect(&format!("status file {file}"), world.files.read(format!("{name}/{file}")), escape(wanted))?;
        }
        model.logs.iter().try_for_each(|(log, kept)| kept.expect(world, &format!("{name}/{log}")))
    }
}

impl Log {
    /// Returns the lines, without their newlines.
    fn all_lines(&self) -> Vec<Vec<u8>> {
        let bytes = |line: &Line| [unescape(&line.start), vec![b'x'; line.fill], unescape(&line.end)].concat();
        let lines = self.lines.iter().flat_map(|line| std::iter::repeat_n(bytes(line), line.times));
        let mut lines: Vec<Vec<u8>> = lines.collect();
        // Without a newline behind it, an empty line is nothing.
        if !self.ends && lines.last().is_some_and(Vec::is_empty) {
            lines.pop();
        }
        lines
    }

    fn input(&self) -> Vec<u8> {
        let mut input: Vec<u8> = self.all_lines().into_iter().flat_map(|line| [&line[..], b"\n"].concat()).collect();
        let last_is_empty = input.is_empty() || input.ends_with(b"\n\n") || input == b"\n";
        if !self.ends && !last_is_empty {
            input.pop();
        }
        input
    }
}

/// One action. A log and a status file have no name yet.
fn action() -> impl Strategy<Value = String> {
    let pattern = vec(select(b"***aab \\@\xff".to_vec()), 0..5);
    let typical = select(vec!["*", "a*", "*a", "* a*", "@*", "*b", "*x", "*xb", "*x*", ""])
        .prop_map(|text| text.as_bytes().to_vec());
    // As long as what is compared, or nearly.
    let long = (select(vec![997_usize, 998, 999, 1000]), select(vec!["a", "*", "*b", ""]))
        .prop_map(|(fill, end)| [&b"a".to_vec()[..], &vec![b'x'; fill - 1], end.as_bytes()].concat());
    let pattern = prop_oneof![4 => pattern, 3 => typical, 1 => long];
    prop_oneof![
        6 => (select(vec!['-', '+']), pattern).prop_map(|(sign, pattern)| format!("{sign}{}", escape(&pattern))),
        3 => Just("./".to_owned()),
        2 => Just("=".to_owned()),
        2 => select(vec!["e", "e", "ex"]).prop_map(str::to_owned),
        1 => size().prop_map(str::to_owned),
        1 => number().prop_map(str::to_owned),
        1 => select(vec!["", "t", "x", "*", "log", "E", "\\xff"]).prop_map(str::to_owned),
    ]
}

/// The maximum size of files.
fn size() -> impl Strategy<Value = &'static str> {
    select(vec!["s4096", "s4096", "s", "s0", "s5000x", "s8000", "s20000", "s99999999", "s18446744073709556616"])
}

/// The number of files.
fn number() -> impl Strategy<Value = &'static str> {
    select(vec!["n2", "n", "n0", "n1", "n3", "n4x", "n100", "n18446744073709551619"])
}

fn line() -> impl Strategy<Value = Line> {
    let text = || {
        vec(prop_oneof![8 => select(b"aab *".to_vec()), 1 => select(b"\0\\@\xff\r".to_vec())], 0..4)
            .prop_map(|text| escape(&text))
    };
    let fill = prop_oneof![
        6 => 0_usize..3,
        2 => 195_usize..206,
        2 => 992_usize..1004,
        2 => 966_usize..980,
        1 => select(vec![171_usize, 172, 173, 174, 175, 510, 511, 512, 513, 1022, 1023, 1024, 1025]),
        1 => 1900_usize..5000,
        1 => 5000_usize..20_000,
    ];
    let times = prop_oneof![6 => 0_usize..4, 2 => 10_usize..300];
    (text(), fill, text(), times).prop_map(|(start, fill, end, times)| Line {
        start,
        fill,
        end,
        // Enough for some rotations.
        times: times.min(1 + 20_000 / (fill + 1)),
    })
}

/// Returns `lines` as they are in the log `name`, which must be the same but for a stamp in front of each.
fn stamped(world: &World, name: &str, lines: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, Failure> {
    let mut stamped = vec![];
    let bytes = std::fs::read(world.path(name).join("current")).unwrap_or_default();
    let mut rest = &bytes[..];
    let mut before = None;
    for line in lines {
        let (label, after) = match Label::split(rest) {
            Some((label, [b' ', after @ ..])) => (label, after),
            _ => return Err(world.failed("a line", "a time stamp and a space", escape(&rest[..rest.len().min(60)]))),
        };
        world.expect_that("a stamp", before.is_none_or(|before| before <= label), "not before the last one", label)?;
        before = Some(label);
        let Some(after) = after.strip_prefix(&line[..]).and_then(|after| after.strip_prefix(b"\n")) else {
            return Err(world.failed(
                "a line behind its stamp",
                &escape(&line),
                escape(&after[..after.len().min(line.len() + 9)]),
            ));
        };
        stamped.push(rest[..rest.len() - after.len() - 1].to_vec());
        rest = after;
    }
    world.expect("bytes behind the last line", rest.len(), 0)?;
    Ok(stamped)
}

/// What multilog promises to make of some lines.
#[derive(Debug, Default)]
struct Model {
    /// stderr.
    printed: Vec<u8>,
    /// The status files.
    files: BTreeMap<String, Vec<u8>>,
    /// The logs.
    logs: BTreeMap<String, Kept>,
}

/// What a log gets, and how much of it is kept.
#[derive(Debug, Clone)]
struct Kept {
    lines: Vec<u8>,
    size: usize,
    number: usize,
}

impl Model {
    /// Does the actions of `script` for `lines`, which have their stamps.
    fn of(script: &[String], lines: &[Vec<u8>]) -> Model {
        let mut model = Model::default();
        let (mut size, mut number) = (99_999, 10);
        for word in script {
            let value = || number_in(&word[1..]);
            match word.as_bytes().first() {
                Some(b's') => size = usize::try_from(value().clamp(4096, 16_777_215)).unwrap_or_default(),
                Some(b'n') => number = usize::try_from(value().max(2)).unwrap_or(usize::MAX),
                Some(b'=') => drop(model.files.insert(word[1..].to_owned(), vec![])),
                Some(b'.' | b'/') => drop(model.logs.insert(word.clone(), Kept { lines: vec![], size, number })),
                _ => {}
            }
        }
        for line in lines {
            model.take(script, line);
        }
        model
    }

    fn take(&mut self, script: &[String], line: &[u8]) {
        let checked = &line[..line.len().min(CHECKED)];
        let mut is_selected = true;
        for word in script {
            match word.as_bytes().first() {
                Some(b'-') if matches(&unescape(&word[1..]), checked) => is_selected = false,
                Some(b'+') if matches(&unescape(&word[1..]), checked) => is_selected = true,
                _ if !is_selected => {}
                Some(b'e') => {
                    let end: &[u8] = if line.len() > PRINTED { b"...\n" } else { b"\n" };
                    self.printed.extend([&line[..line.len().min(PRINTED)], end].concat());
                }
                Some(b'=') => {
                    let padding = vec![b'\n'; CHECKED + 1 - checked.len()];
                    self.files.insert(word[1..].to_owned(), [checked, &padding].concat());
                }
                Some(b'.' | b'/') => {
                    if let Some(log) = self.logs.get_mut(word) {
                        log.lines.extend([line, b"\n"].concat());
                    }
                }
                _ => {}
            }
        }
    }
}

impl Kept {
    /// Compares with the log in the directory `name`.
    fn expect(&self, world: &World, name: &str) -> Outcome {
        let files = world.files.names(name);
        let old: Vec<&String> = files.iter().filter(|file| file.starts_with('@')).collect();
        let is_old = |file: &&&String| Label::split(file.as_bytes()).is_some_and(|(_, rest)| rest == b".s");
        world.expect(&format!("old files of {name} without a stamp"), old.iter().find(|file| !is_old(file)), None)?;
        let read = |file: &String| std::fs::read(world.path(name).join(file)).unwrap_or_default();
        let old: Vec<Vec<u8>> = old.into_iter().map(read).collect();
        let current = read(&"current".to_owned());
        let ends_line = |file: &[u8]| file.len() + WINDOW >= self.size && file.ends_with(b"\n");
        let is_full = |file: &Vec<u8>| file.len() == self.size || file.len() < self.size && ends_line(file);
        let sizes: Vec<usize> = old.iter().map(Vec::len).collect();
        let wanted = format!("{}, or up to {WINDOW} less with a newline", self.size);
        world.expect_that(&format!("sizes of the old files of {name}"), old.iter().all(is_full), &wanted, &sizes)?;
        let is_open = current.len() < self.size && !ends_line(&current);
        world.expect_that(&format!("size of {name}/current"), is_open, "not enough for an old file", current.len())?;
        let most = self.number - 1;
        world.expect_that(
            &format!("number of old files of {name}"),
            old.len() <= most,
            &format!("at most {most}"),
            old.len(),
        )?;
        let kept = [old.concat(), current].concat();
        // Only if there are as many as there may be, older ones can have been removed.
        let wanted = if old.len() == most && kept.len() < self.lines.len() {
            &self.lines[self.lines.len() - kept.len()..]
        } else {
            &self.lines[..]
        };
        if kept == wanted {
            return Ok(());
        }
        let at = kept.iter().zip(wanted).take_while(|(one, other)| one == other).count();
        let near = |bytes: &[u8]| {
            format!("{} bytes, with {} from {at} on", bytes.len(), escape(&bytes[at..bytes.len().min(at + 40)]))
        };
        Err(world.failed(&format!("what is logged in {name}"), &near(wanted), near(&kept)))
    }
}

/// Returns whether a pattern matches all of `text`: the longest string without the next character for each star before the
/// end, which is the only one that lets the next character match.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut text, mut rest) = (text, pattern);
    while let [first, others @ ..] = rest {
        if *first != b'*' {
            match text.strip_prefix(&[*first]) {
                Some(left) => text = left,
                None => return false,
            }
        } else if let Some(next) = others.first() {
            // A next character that is a star is looked for as such, and stays a star (MLOG-06).
            match text.split(|byte| byte == next).next().map(<[u8]>::len).filter(|length| *length < text.len()) {
                Some(length) => text = &text[length..],
                None => return false,
            }
        } else {
            return true;
        }
        rest = others;
    }
    text.is_empty()
}

/// Returns the number at the beginning of `text`, modulo 2^64.
fn number_in(text: &str) -> u64 {
    let digits = text.chars().map_while(|digit| digit.to_digit(10));
    digits.fold(0, |number, digit| number.wrapping_mul(10).wrapping_add(u64::from(digit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_the_manual_says() {
        for (pattern, text, wanted) in [
            ("hello", "hello", true),
            ("hello", "hello world", false),
            ("named[*]: Cleaned cache *", "named[135]: Cleaned cache of 3121 RRs", true),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("*ab", "aab", false),
            ("*o", "hello", true),
            ("*o", "hello world", false),
            ("*o*", "hello world", true),
            ("**", "x", false),
            ("**", "", false),
            ("**", "a*b", true),
            ("a**", "ab", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), wanted, "{pattern} {text}");
        }
    }

    #[test]
    fn lines_go_where_the_script_says() {
        let script = ["e", "-a", "s5000x", "n", "./f1", "+*", "=f2"].map(str::to_owned);
        let model = Model::of(&script, &[b"a".to_vec(), b"b".to_vec()]);
        assert_eq!(model.printed, b"a\nb\n");
        assert_eq!(
            (&model.logs["./f1"].lines[..], model.logs["./f1"].size, model.logs["./f1"].number),
            (&b"b\n"[..], 5000, 2)
        );
        assert_eq!(model.files["f2"].len(), 1001);
        assert!(model.files["f2"].starts_with(b"b\n\n"));
    }

    #[test]
    fn an_empty_line_without_a_newline_is_no_line() {
        let line = |start: &str| Line { start: start.to_owned(), fill: 0, end: String::new(), times: 1 };
        let log = |lines: Vec<Line>| Log { script: vec![], lines, ends: false };
        assert_eq!(log(vec![line("a"), line("")]).input(), b"a");
        assert_eq!(log(vec![line("")]).input(), b"");
        assert_eq!(log(vec![line("a"), line("b")]).input(), b"a\nb");
    }

    proptest! {
        #[test]
        fn a_case_is_written_as_it_is_read(case in Log::strategy()) {
            let text = case.to_string();
            let table: toml::Table = text.parse().map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
            let again: Log = table["case"].clone().try_into().unwrap();
            prop_assert_eq!(again.to_string(), text);
        }
    }
}
