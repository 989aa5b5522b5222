//! Lines with labels and with what looks like one, and the local time that tai64nlocal makes of them.

use super::case::{Case, Program};
use crate::observe::calendar::{DAY, date, day, length_of_month, weekday};
use crate::observe::tai64n::Label;
use crate::observe::{escape, unescape};
use crate::outcome::{Failure, Outcome};
use crate::scenario::TAI64NLOCAL;
use crate::world::World;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::BoxedStrategy;
use serde::Deserialize;
use std::fmt;

/// Input for tai64nlocal.
pub(super) const PROGRAM: Program = Program::new::<Text>(
    "tai64nlocal",
    &["TLOC-01", "TLOC-01b", "TLOC-02", "TLOC-03"],
    &[TAI64NLOCAL],
    "Writes lines that follow from the seed to tai64nlocal, cut anywhere, in a time zone with or without summer time. Its output \
     must be as the model predicts.",
);

/// Time zones, as TZ holds them.
const ZONES: [Zone; 5] = [
    Zone { name: "UTC0", offset: 0, summer: None },
    Zone { name: "<+0545>-5:45", offset: 20_700, summer: None },
    Zone { name: "XXX11:59:58", offset: -43_198, summer: None },
    Zone {
        name: "EST5EDT,M3.2.0,M11.1.0",
        offset: -18_000,
        summer: Some([Change { month: 3, week: 2, hour: 2 }, Change { month: 11, week: 1, hour: 2 }]),
    },
    Zone {
        name: "NZST-12NZDT,M9.5.0,M4.1.0/3",
        offset: 43_200,
        summer: Some([Change { month: 9, week: 5, hour: 2 }, Change { month: 4, week: 1, hour: 3 }]),
    },
];

/// A time zone.
struct Zone {
    name: &'static str,
    /// Seconds ahead of UTC.
    offset: i64,
    /// When an hour of summer time begins and ends.
    summer: Option<[Change; 2]>,
}

/// When a clock is changed: on a Sunday, at a full hour of the time that was in force until then.
struct Change {
    month: i64,
    /// The number of the Sunday in its month, or 5 for the last.
    week: i64,
    hour: i64,
}

impl Change {
    fn day(&self, year: i64) -> i64 {
        let first = day(year, self.month, 1);
        let sunday = first + (7 - weekday(first)) % 7 + 7 * (self.week - 1);
        if sunday < first + length_of_month(year, self.month) { sunday } else { sunday - 7 }
    }
}

impl Zone {
    fn is_summer(&self, second: i64) -> bool {
        let Some([begin, end]) = &self.summer else { return false };
        let (year, ..) = date((second + self.offset).div_euclid(DAY));
        let time = |change: &Change, ahead: i64| change.day(year) * DAY + change.hour * 3600 - ahead;
        let (begin, end) = (time(begin, self.offset), time(end, self.offset + 3600));
        if begin < end { (begin..end).contains(&second) } else { !(end..begin).contains(&second) }
    }

    /// Returns `YYYY-MM-DD HH:MM:SS`.
    fn local_time(&self, second: i64) -> String {
        let local = second + self.offset + if self.is_summer(second) { 3600 } else { 0 };
        let (year, month, day) = date(local.div_euclid(DAY));
        let of_day = local.rem_euclid(DAY);
        format!("{year}-{month:02}-{day:02} {:02}:{:02}:{:02}", of_day / 3600, of_day / 60 % 60, of_day % 60)
    }
}

/// A time zone, and an input in the pieces in which it is written, each escaped.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    zone: String,
    pieces: Vec<String>,
}

impl fmt::Display for Text {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "case = {{ zone = {:?}, pieces = {:?} }}", self.zone, self.pieces)
    }
}

impl Case for Text {
    fn strategy() -> BoxedStrategy<Text> {
        let zone = (0..ZONES.len()).prop_flat_map(|index| {
            let last = prop_oneof![3 => Just(vec![]), 1 => other_line()];
            (Just(ZONES[index].name), vec(line(&ZONES[index]), 0..8), last)
        });
        (zone, vec(any::<Index>(), 0..6))
            .prop_map(|((zone, lines, last), cuts)| {
                let input = [lines.concat(), last].concat();
                let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
                cuts.extend([0, input.len()]);
                cuts.sort_unstable();
                cuts.dedup();
                let pieces = cuts.windows(2).map(|cut| escape(&input[cut[0]..cut[1]])).collect();
                Text { zone: zone.to_owned(), pieces }
            })
            .boxed()
    }

    fn play(&self, world: &World, name: &str) -> Outcome {
        let zone = ZONES.iter().find(|zone| zone.name == self.zone);
        let zone = zone.ok_or_else(|| Failure::broken(format!("unknown time zone {}", self.zone)))?;
        let input = world.input(name)?;
        let running = world.command("tai64nlocal").env("TZ", &self.zone).input(name).start()?;
        let pieces: Vec<Vec<u8>> = self.pieces.iter().map(|piece| unescape(piece)).collect();
        for piece in &pieces {
            input.send(piece)?;
            input.until_read()?;
        }
        drop(input);
        running.expect_exit("exit 0")?;
        let wanted = escape(&copy(&pieces.concat(), zone));
        world.expect("stdout and stderr", (running.out(), running.err()), (wanted, String::new()))
    }
}

/// A line with its newline. The original crashes on a line that begins with an `@` but not with a label (TLOC-04).
fn line(zone: &'static Zone) -> impl Strategy<Value = Vec<u8>> {
    let other = other_line().prop_map(|line| [&line[..], b"\n"].concat());
    prop_oneof![3 => labelled(zone), 2 => other]
}

fn labelled(zone: &'static Zone) -> impl Strategy<Value = Vec<u8>> {
    let rest = prop_oneof![
        3 => text().prop_map(|text| [b" ", &*text].concat()),
        1 => Just(vec![]),
        1 => (select(b"\0 \t@ghABCDEFGxz/:`\xe4".to_vec()), text()).prop_map(|(byte, text)| [&[byte], &*text].concat()),
    ];
    (label(zone), rest).prop_map(|(label, rest)| [label.as_bytes(), &rest, b"\n"].concat())
}

/// A label. With summer time, many are within two hours of a change of the clock, and all are after 1970: glibc knows no summer
/// time before, whatever the rule.
fn label(zone: &'static Zone) -> impl Strategy<Value = String> {
    let years = if zone.summer.is_some() { 1971..9999_i64 } else { 1..12_000 };
    let any_second = (years, 0..366 * DAY, any::<bool>(), any::<bool>(), -7200..7200_i64).prop_map(
        move |(year, in_year, is_near, begins, around)| match &zone.summer {
            Some([begin, end]) if is_near => {
                let change = if begins { begin } else { end };
                change.day(year) * DAY + change.hour * 3600 - zone.offset + around
            }
            _ => day(year, 1, 1) * DAY + in_year,
        },
    );
    // Others lie close together, so that a program may take one for another.
    let near_second = (-90..90_i64).prop_map(|around| 935_467_445 + around);
    let second = prop_oneof![2 => any_second, 1 => near_second];
    let nanoseconds = prop_oneof![3 => 0..1_000_000_000_u32, 1 => any::<u32>()];
    (second, nanoseconds).prop_map(|(second, nanoseconds)| Label::at(second, nanoseconds).to_string())
}

/// A line without its newline that does not begin with an `@`.
fn other_line() -> impl Strategy<Value = Vec<u8>> {
    let odd = prop_oneof![
        Just(b" @4000000037c219bf2ef02e94 x".to_vec()),
        Just(b"4000000037c219bf2ef02e94".to_vec()),
        Just(b"x@40".to_vec()),
        Just(b"\0@".to_vec()),
        (1000_usize..1050).prop_map(|length| vec![b'x'; length]),
    ];
    let any = text().prop_filter("an `@`", |text| text.first() != Some(&b'@'));
    prop_oneof![2 => any, 1 => odd]
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let byte =
        prop_oneof![1 => any::<u8>(), 1 => select(b"@04af g".to_vec())].prop_filter("a newline", |byte| *byte != b'\n');
    vec(byte, 0..12)
}

/// What tai64nlocal promises to write.
fn copy(input: &[u8], zone: &Zone) -> Vec<u8> {
    let lines = input.split_inclusive(|&byte| byte == b'\n');
    let copied = lines.map(|line| match Label::split(line) {
        Some((label, rest)) => {
            let time = format!("{}.{:09}", zone.local_time(label.unix_second()), label.nanoseconds);
            [time.as_bytes(), rest].concat()
        }
        None => line.to_vec(),
    });
    copied.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The changes of the clock in New York and Auckland, as date(1) knows them.
    #[test]
    fn summer_time_begins_and_ends_within_a_second() {
        let [_, _, _, new_york, auckland] = &ZONES;
        for (zone, second, before, after) in [
            (new_york, 1_772_953_200, "2026-03-08 01:59:59", "2026-03-08 03:00:00"),
            (new_york, 1_793_512_800, "2026-11-01 01:59:59", "2026-11-01 01:00:00"),
            (auckland, 1_775_311_200, "2026-04-05 02:59:59", "2026-04-05 02:00:00"),
            (auckland, 1_790_431_200, "2026-09-27 01:59:59", "2026-09-27 03:00:00"),
        ] {
            assert_eq!((&*zone.local_time(second - 1), &*zone.local_time(second)), (before, after), "{}", zone.name);
        }
    }

    #[test]
    fn only_a_label_at_the_beginning_of_a_line_is_converted() {
        let input = b"@4000000037c219bf2ef02e94x\n @4000000037c219bf2ef02e94\n@4000000037c219bfffffffff\nrest";
        let copied = copy(input, &ZONES[1]);
        let wanted = "1999-08-24 09:49:05.787492500x\n @4000000037c219bf2ef02e94\n1999-08-24 09:49:05.4294967295\nrest";
        assert_eq!(String::from_utf8_lossy(&copied), wanted);
    }

    proptest! {
        #[test]
        fn a_case_is_written_as_it_is_read(case in Text::strategy()) {
            let text = case.to_string();
            let table: toml::Table = text.parse().map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
            let again: Text = table["case"].clone().try_into().unwrap();
            prop_assert_eq!(again.to_string(), text);
        }
    }
}
