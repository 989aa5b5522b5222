//! tai64nlocal: turns labels into local time.

use super::tai64n::{end, fails_without_a_message, leaves_sigpipe_alone};
use crate::observe::calendar::{DAY, day};
use crate::observe::tai64n::Label;
use crate::observe::{escape, unescape};
use crate::outcome::{Failure, Outcome};
use crate::scenario::{Scenario, TAI64N, TAI64NLOCAL};
use crate::world::World;
use std::time::Duration;

/// The example of tai64nlocal(8), and its second of Unix time.
const EXAMPLE: &str = "@4000000037c219bf2ef02e94";
const EXAMPLE_SECOND: i64 = 935_467_445;
/// How many seconds earlier a local time may be because of leap seconds: the manual's example is 22 seconds earlier.
const LEAP_SECONDS: i64 = 50;
/// The time that a label may be earlier than a look at the clock. The clock may have ticks of some milliseconds.
const TICK: Duration = Duration::from_millis(20);

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "tai64nlocal/converts-labels",
        requirements: &["TLOC-01"],
        uses: &[TAI64NLOCAL],
        does: "Converts the example of the manual in several time zones. The line becomes the local time, with or without leap \
               seconds, and the rest. Other lines stay as they are, and tai64nlocal exits 0.",
        run: |world| {
            let others = ["", "no label", "4000000037c219bf2ef02e94 mark", "\0\u{ff}", &"x".repeat(100_000)];
            let text = format!("{EXAMPLE} mark\n{}\n{EXAMPLE} \n", others.join("\n"));
            world.files.write("input", &text)?;
            for (zone, hours) in [("UTC0", 0), ("PDT7", -7), ("XXX-14", 14), ("EST5EDT,M3.2.0,M11.1.0", -4)] {
                let ran = world.command("tai64nlocal").env("TZ", zone).input("input").run()?;
                world.expect("exit and stderr", (&*ran.exit, &*ran.err), ("exit 0", ""))?;
                let out = unescape(&ran.out);
                let (first, rest) = split_time(&out)?;
                let rest = expect_start(world, rest, &format!(" mark\n{}\n", others.join("\n")))?;
                let (last, rest) = split_time(rest)?;
                world.expect("the rest", escape(rest), " \\n")?;
                let wanted = EXAMPLE_SECOND + hours * 3600;
                for (second, nanoseconds) in [first, last] {
                    let is_right = (wanted - LEAP_SECONDS..=wanted).contains(&second);
                    world.expect_that(
                        &format!("the local time with TZ={zone}"),
                        is_right,
                        &format!("{wanted}"),
                        second,
                    )?;
                    world.expect("its nanoseconds", nanoseconds, 787_492_500)?;
                }
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "tai64nlocal/reads-what-tai64n-writes",
        requirements: &["TAI-01", "TLOC-01"],
        uses: &[TAI64N, TAI64NLOCAL],
        does: "Has tai64n label lines, and tai64nlocal convert the labels. The times are those of the lines.",
        run: |world| {
            world.files.write("lines", "one\n\n@three\n")?;
            world.files.write("labelled", "")?;
            let before = world.time_of_day();
            let ran = world.command("tai64n").input("lines").output("labelled").run()?;
            let after = world.time_of_day();
            world.expect("tai64n", (&*ran.exit, &*ran.err), ("exit 0", ""))?;
            let ran = world.command("tai64nlocal").env("TZ", "UTC0").input("labelled").run()?;
            world.expect("tai64nlocal", (&*ran.exit, &*ran.err), ("exit 0", ""))?;
            let out = unescape(&ran.out);
            let mut rest = &out[..];
            for line in [" one\n", " \n", " @three\n"] {
                let ((second, nanoseconds), text) = split_time(rest)?;
                let time = Duration::new(second.try_into().unwrap_or_default(), nanoseconds);
                let holds = before <= time + TICK && time <= after + TICK;
                world.expect_that("the time", holds, &format!("between {before:?} and {after:?}"), time)?;
                rest = expect_start(world, text, line)?;
            }
            world.expect("the rest", escape(rest), "")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "tai64nlocal/ends-a-label-at-any-other-byte",
        requirements: &["TLOC-01b"],
        uses: &[TAI64NLOCAL],
        does: "Converts a label with each byte behind it that is not a digit, labels in other places, and a last line without a \
               newline. A label is converted where it begins a line, and every other byte is copied.",
        run: |world| {
            let time = "1999-08-24 04:04:05.787492500";
            let others = (0..=u8::MAX).filter(|byte| !b"0123456789abcdef".contains(byte));
            let lines = |label: &str| -> Vec<u8> {
                others.clone().flat_map(|byte| [label.as_bytes(), &[byte], b"0af g\n"].concat()).collect()
            };
            converts(world, "UTC0", &lines(EXAMPLE), &lines(time))?;
            for (input, output) in [
                ("", ""),
                ("\n\n", "\n\n"),
                ("LABEL\n", "TIME\n"),
                ("LABEL\nLABEL\n\nLABEL\n", "TIME\nTIME\n\nTIME\n"),
                ("LABELLABEL LABEL\n", "TIMELABEL LABEL\n"),
                (" LABEL\n\tLABEL\nxLABEL\n\0LABEL\n\rLABEL\n", " LABEL\n\tLABEL\nxLABEL\n\0LABEL\n\rLABEL\n"),
                ("x @ @40 @hello\n", "x @ @40 @hello\n"),
                ("last", "last"),
                ("LABEL last", "TIME last"),
                ("LABEL \nx LABEL", "TIME \nx LABEL"),
            ] {
                let output = output.replace("LABEL", EXAMPLE).replace("TIME", time);
                converts(world, "UTC0", input.replace("LABEL", EXAMPLE).as_bytes(), output.as_bytes())?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "tai64nlocal/finds-labels-across-the-ends-of-buffers",
        requirements: &["TLOC-01b"],
        uses: &[TAI64NLOCAL],
        does: "Converts labels behind long lines. Each begins a byte further from a multiple of 65,536 than the last, from 30 bytes \
               before one to 5 behind.",
        run: |world| {
            const SIZE: usize = 1 << 16;
            const LABELS: usize = 36;
            let text = |label: &str| -> Vec<u8> {
                let line_and_label = |index: usize| {
                    let length = if index == 0 { SIZE - 30 } else { SIZE + 1 - EXAMPLE.len() - " y\n".len() };
                    "x".repeat(length - 1) + "\n" + label + " y\n"
                };
                (0..LABELS).flat_map(|index| line_and_label(index).into_bytes()).collect()
            };
            world.files.write("input", text(EXAMPLE))?;
            world.files.write("output", "")?;
            let ran = world.command("tai64nlocal").env("TZ", "UTC0").input("input").output("output").run()?;
            world.expect("exit and stderr", (&*ran.exit, &*ran.err), ("exit 0", ""))?;
            let (output, wanted) = (world.files.read("output"), escape(&text("1999-08-24 04:04:05.787492500")));
            let equal = output.bytes().zip(wanted.bytes()).take_while(|(byte, other)| byte == other).count();
            let from = |text: &str| {
                text.get(equal.saturating_sub(40)..).unwrap_or_default().chars().take(80).collect::<String>()
            };
            world.expect("the output from the first difference on", from(&output), from(&wanted))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "tai64nlocal/writes-before-it-waits",
        requirements: &["TLOC-01b"],
        uses: &[TAI64NLOCAL],
        does: "Writes parts of lines and of labels, and waits after each for the output: all but a label that is not complete.",
        run: |world| {
            let input = world.input("input")?;
            let running = world.command("tai64nlocal").env("TZ", "UTC0").input("input").start()?;
            let mut wanted = String::new();
            for (piece, output) in [
                ("a", "a"),
                ("b\n", "b\\n"),
                ("c\n@", "c\\n"),
                ("4000000037c219b", ""),
                ("f2ef02e94 ", "1999-08-24 04:04:05.787492500 "),
                ("@4000000037c219bf2ef02e94", "@4000000037c219bf2ef02e94"),
                ("\n@400000000000000a00000000", "\\n"),
                ("\n", "1970-01-01 00:00:00.000000000\\n"),
                ("d", "d"),
            ] {
                input.send(piece)?;
                wanted += output;
                world.until("stdout", &*wanted, || Ok(running.out()))?;
                input.until_read()?;
                running.until_idle()?;
                world.expect("stdout", running.out(), &*wanted)?;
            }
            end(world, input, &running)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "tai64nlocal/goes-by-the-time-zone",
        requirements: &["TLOC-02"],
        uses: &[TAI64NLOCAL],
        does: "Converts labels with TZ as a rule, before and after the clock is changed, as a file, with leap seconds in that file, \
               and as nonsense, which is UTC.",
        run: |world| {
            world.files.write("west", zone_file(-7 * 3600, None))?;
            world.files.write("right", zone_file(-7 * 3600, Some((900_000_000, 22))))?;
            let [west, right] = ["west", "right"].map(|name| format!(":{}", world.path(name).display()));
            let example = EXAMPLE_SECOND;
            for (zone, second, time) in [
                ("UTC0", example, "1999-08-24 04:04:05"),
                ("UTC", example, "1999-08-24 04:04:05"),
                ("", example, "1999-08-24 04:04:05"),
                ("No/Such/Zone", example, "1999-08-24 04:04:05"),
                ("PST8PDT,M4.1.0,M10.5.0", example, "1999-08-23 21:04:05"),
                ("XXX-0:30", example, "1999-08-24 04:34:05"),
                ("<+0530>-5:30", example, "1999-08-24 09:34:05"),
                ("<-1159>11:59:59", example, "1999-08-23 16:04:06"),
                (&west, example, "1999-08-23 21:04:05"),
                (&right, example, "1999-08-23 21:03:43"),
                (&right, 899_999_999, "1998-07-09 08:59:59"),
                ("EST5EDT,M3.2.0,M11.1.0", 1_772_953_199, "2026-03-08 01:59:59"),
                ("EST5EDT,M3.2.0,M11.1.0", 1_772_953_200, "2026-03-08 03:00:00"),
                ("EST5EDT,M3.2.0,M11.1.0", 1_793_512_799, "2026-11-01 01:59:59"),
                ("EST5EDT,M3.2.0,M11.1.0", 1_793_512_800, "2026-11-01 01:00:00"),
                ("UTC0", 951_782_400, "2000-02-29 00:00:00"),
                ("UTC0", 1_483_228_799, "2016-12-31 23:59:59"),
                ("UTC0", 1_483_228_800, "2017-01-01 00:00:00"),
            ] {
                let input = format!("{} mark\n", label(second, 787_492_500));
                converts(world, zone, input.as_bytes(), format!("{time}.787492500 mark\n").as_bytes())?;
            }
            // One after the other, so that what was computed for one second is not taken for another.
            let seconds =
                [example, example, example + 1, example + 60, example, example - 3600, example + DAY, 0, example];
            let times = [
                "24 04:04:05",
                "24 04:04:05",
                "24 04:04:06",
                "24 04:05:05",
                "24 04:04:05",
                "24 03:04:05",
                "25 04:04:05",
            ];
            let times = times.map(|time| format!("1999-08-{time}"));
            let times = times.into_iter().chain(["1970-01-01 00:00:00".to_owned(), "1999-08-24 04:04:05".to_owned()]);
            let input: String = seconds.iter().zip(0..).map(|(second, index)| label(*second, index) + "\n").collect();
            let output: String = times.zip(0..).map(|(time, index)| format!("{time}.00000000{index}\n")).collect();
            converts(world, "UTC0", input.as_bytes(), output.as_bytes())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "tai64nlocal/converts-far-times-and-odd-nanoseconds",
        requirements: &["TLOC-03"],
        uses: &[TAI64NLOCAL],
        does: "Converts labels of the years 1 to 10000, of the seconds about 1970, 2038 and 2106, and with nanoseconds from 0 to \
               2^32 - 1.",
        run: |world| {
            let table = [
                ("@400000000000000a00000000", "1970-01-01 00:00:00.000000000"),
                ("@400000000000000900000000", "1969-12-31 23:59:59.000000000"),
                ("@3fffffffffffffff00000000", "1969-12-31 23:59:49.000000000"),
                ("@3fffffff0000000000000000", "1833-11-24 17:31:34.000000000"),
                ("@400000008000000900000000", "2038-01-19 03:14:07.000000000"),
                ("@400000008000000a00000000", "2038-01-19 03:14:08.000000000"),
                ("@400000010000000900000000", "2106-02-07 06:28:15.000000000"),
                ("@400000010000000a00000000", "2106-02-07 06:28:16.000000000"),
                ("@4000003afff4418900000001", "9999-12-31 23:59:59.000000001"),
                ("@4000003afff4418a0000000a", "10000-01-01 00:00:00.000000010"),
                ("@3ffffff1886e090a00000000", "1-01-01 00:00:00.000000000"),
                ("@400000000000000a3b9ac9ff", "1970-01-01 00:00:00.999999999"),
                ("@400000000000000a3b9aca00", "1970-01-01 00:00:00.1000000000"),
                ("@400000000000000affffffff", "1970-01-01 00:00:00.4294967295"),
                ("@400000000000000a000003e8", "1970-01-01 00:00:00.000001000"),
            ];
            let labels: String = table.iter().map(|(label, _)| format!("{label} x\n")).collect();
            let times: String = table.iter().map(|(_, time)| format!("{time} x\n")).collect();
            converts(world, "UTC0", labels.as_bytes(), times.as_bytes())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "tai64nlocal/fails-without-a-message",
        requirements: &["TLOC-01"],
        uses: &[TAI64NLOCAL],
        does: "Gives tai64nlocal a directory or nothing to read, and a full disk or nothing to write to. It exits 111 and prints \
               nothing.",
        run: |world| fails_without_a_message(world, "tai64nlocal"),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "tai64nlocal/leaves-sigpipe-alone",
        requirements: &["TLOC-01", "GEN-06"],
        uses: &[TAI64NLOCAL],
        does: "Gives tai64nlocal a pipe that nobody reads. SIGPIPE kills it, and if that is ignored it exits 111.",
        run: |world| leaves_sigpipe_alone(world, "tai64nlocal"),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "tai64nlocal/ignores-arguments",
        requirements: &["GEN-04"],
        uses: &[TAI64NLOCAL],
        does: "Calls tai64nlocal with options, names of files and empty words. It converts its input all the same.",
        run: |world| {
            world.files.write("input", format!("{EXAMPLE}\n"))?;
            for arguments in [&["--help"][..], &["-x", "--", "input"], &["", "/no/such"], &["+%s"]] {
                let ran = world.command("tai64nlocal").env("TZ", "UTC0").args(arguments).input("input").run()?;
                let wanted = ("exit 0", "1999-08-24 04:04:05.787492500\\n", "");
                world.expect(&format!("tai64nlocal {arguments:?}"), ran.all(), wanted)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
];

/// Runs tai64nlocal on `input`, and expects `output`.
#[track_caller]
fn converts(world: &World, zone: &str, input: &[u8], output: &[u8]) -> Outcome {
    world.files.write("input", input)?;
    let ran = world.command("tai64nlocal").env("TZ", zone).input("input").run()?;
    world.expect(&format!("with TZ={zone}, {}", escape(input)), ran.all(), ("exit 0", &*escape(output), ""))
}

fn label(second: i64, nanoseconds: u32) -> String {
    Label::at(second, nanoseconds).to_string()
}

/// Returns a file of a time zone that is always `offset` seconds ahead of UTC. From the second `leap.0` on, `leap.1` leap
/// seconds are counted. tzfile(5) describes the format.
fn zone_file(offset: i32, leap: Option<(i32, i32)>) -> Vec<u8> {
    let mut file = b"TZif\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    let (leaps, types, letters) = (i32::from(leap.is_some()), 1, 4);
    for count in [0, 0, leaps, 0, types, letters] {
        file.extend(count.to_be_bytes());
    }
    file.extend(offset.to_be_bytes());
    let (is_summer, name) = (0, 0);
    file.extend([is_summer, name]);
    file.extend(b"XXX\0");
    for number in leap.into_iter().flat_map(|(second, count)| [second, count]) {
        file.extend(number.to_be_bytes());
    }
    file
}

/// Splits `YYYY-MM-DD HH:MM:SS.NNNNNNNNN` off `text`. Returns its second since 1970 on the same clock, its nanoseconds, and
/// what follows it.
fn split_time(text: &[u8]) -> Result<((i64, u32), &[u8]), Failure> {
    const SHAPE: &[u8] = b"NNNN-NN-NN NN:NN:NN.NNNNNNNNN";
    let is_time = |time: &[u8]| {
        time.iter().zip(SHAPE).all(|(byte, shape)| if *shape == b'N' { byte.is_ascii_digit() } else { byte == shape })
    };
    let (time, rest) = text
        .split_at_checked(SHAPE.len())
        .filter(|(time, _)| is_time(time))
        .ok_or_else(|| Failure::mismatch("YYYY-MM-DD HH:MM:SS.NNNNNNNNN", escape(text)))?;
    let number =
        |from: usize, to: usize| time[from..to].iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
    let day = day(number(0, 4), number(5, 7), number(8, 10));
    let second = day * DAY + number(11, 13) * 3600 + number(14, 16) * 60 + number(17, 19);
    Ok(((second, u32::try_from(number(20, 29)).unwrap_or_default()), rest))
}

/// Expects that `text` starts with `start`, and returns the rest.
#[track_caller]
fn expect_start<'t>(world: &World, text: &'t [u8], start: &str) -> Result<&'t [u8], Failure> {
    let rest = text.strip_prefix(start.as_bytes());
    rest.ok_or_else(|| world.failed("the next text", &escape(start.as_bytes()), escape(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_the_right_shape_is_read() {
        let (time, rest) = split_time(b"1999-08-24 04:04:05.787492500 mark").unwrap();
        assert_eq!((time, rest), ((EXAMPLE_SECOND, 787_492_500), &b" mark"[..]));
        for text in
            ["", "1999-08-24 04:04:05.78749250", "1999-08-24T04:04:05.787492500", "1999-08-24 04:04:05.78749250x"]
        {
            assert!(split_time(text.as_bytes()).is_err(), "{text}");
        }
    }
}
