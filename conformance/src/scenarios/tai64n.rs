//! tai64n: puts a label before each line.

use crate::observe::tai64n::Label;
use crate::observe::{escape, unescape};
use crate::outcome::{Failure, Outcome};
use crate::scenario::{CLOCK, Scenario, TAI64N};
use crate::world::{Input, Running, STDOUT_UNREAD, World};
use std::time::Duration;

/// How long a scenario watches that nothing happens.
const A_WHILE: Duration = Duration::from_millis(150);
/// The most that a label may differ from the time of the read. The clock may have ticks of some milliseconds.
const TICK: Duration = Duration::from_millis(20);
/// How much later a label may be because of leap seconds. How many of them the clock counts is not promised.
const LEAP_SECONDS: Duration = Duration::from_secs(50);
/// The microsecond of which the original knows no parts.
const MICROSECOND: Duration = Duration::from_micros(1);

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "tai64n/labels-each-line",
        requirements: &["TAI-01", "TAI-03"],
        uses: &[TAI64N],
        does: "Writes lines of many lengths, in pieces and together. Each is copied behind a label and a space, and tai64n exits 0 \
               at the end.",
        run: |world| {
            let long = "x".repeat(200_000);
            let lines = ["one", "", "", "two words", "@", "@4000000037c219bf2ef02e94 mark", " ", &long, "end"];
            let text = lines.join("\n") + "\n";
            world.files.write("lines", &text)?;
            let ran = world.command("tai64n").input("lines").run()?;
            world.expect("exit and stderr", (&*ran.exit, &*ran.err), ("exit 0", ""))?;
            world.expect_that("the lines", texts(&ran.out)? == lines, "the same", &ran.out)?;

            let input = world.input("pieces")?;
            let running = world.command("tai64n").input("pieces").start()?;
            for piece in ["o", "ne\n", "\n", "\ntwo", " words\n@\n", "@4000000037c219bf2ef02e94 mark\n \n", "en", "d\n"]
            {
                input.send(piece)?;
                input.until_read()?;
            }
            drop(input);
            running.expect_exit("exit 0")?;
            let lines: Vec<&str> = lines.into_iter().filter(|line| *line != long).collect();
            world.expect("the lines", texts(&running.out())?, lines)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "tai64n/labels-the-first-byte",
        requirements: &["TAI-01"],
        uses: &[TAI64N],
        does: "Writes the beginning of a line, and after a while its end and another line. The first label is from the time of \
               the beginning, the second from that of the end.",
        run: |world| {
            let input = world.input("input")?;
            let running = world.command("tai64n").input("input").start()?;
            running.until_idle()?;
            let mut times = vec![];
            for piece in ["fir", "st", " line\nsecond\n", "third\n"] {
                let before = world.time_of_day();
                input.send(piece)?;
                input.until_read()?;
                running.until_idle()?;
                times.push((before, world.time_of_day()));
                world.stays("tai64n is running", true, A_WHILE, || Ok(running.is_running()))?;
            }
            drop(input);
            running.expect_exit("exit 0")?;
            let labels = labels(&running.out())?;
            world.expect("count of labels", labels.len(), 3)?;
            for (label, (before, after)) in labels.iter().zip([times[0], times[2], times[3]]) {
                let time = label.since_1970();
                world.expect_that(
                    "the label",
                    before <= time + TICK && time <= after + LEAP_SECONDS + TICK,
                    &format!("between {before:?} and {after:?}, or ahead by leap seconds"),
                    time,
                )?;
            }
            // Differences do not depend on leap seconds.
            let gap = |from: usize, to: usize| labels[to].since_1970().saturating_sub(labels[from].since_1970());
            for (from, to, (_, earlier), (later, _)) in [(0, 1, times[0], times[2]), (1, 2, times[2], times[3])] {
                let least = later.saturating_sub(earlier).saturating_sub(TICK);
                world.expect_that(
                    "between two labels",
                    gap(from, to) >= least,
                    &format!("{least:?}"),
                    gap(from, to),
                )?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "tai64n/goes-by-unix-time",
        requirements: &["TAI-01b"],
        uses: &[TAI64N],
        does: "Writes a thousand lines at once, and then one after the other. Each label is 10 seconds ahead of Unix time, and \
               none is earlier than the last.",
        run: |world| {
            let input = world.input("input")?;
            let running = world.command("tai64n").input("input").start()?;
            let mut bounds = vec![];
            for lines in [1000].into_iter().chain([1; 20]) {
                let before = world.time_of_day();
                input.send("line\n".repeat(lines))?;
                input.until_read()?;
                running.until_idle()?;
                bounds.extend(vec![(before, world.time_of_day()); lines]);
            }
            drop(input);
            running.expect_exit("exit 0")?;
            let labels = labels(&running.out())?;
            world.expect("count of labels", labels.len(), bounds.len())?;
            for (label, (before, after)) in labels.iter().zip(bounds) {
                let time = label.since_1970();
                let (least, most) = (before.saturating_sub(MICROSECOND), after + MICROSECOND);
                let wanted = format!("between {least:?} and {most:?}");
                let holds = least <= time && time <= most && label.nanoseconds < 1_000_000_000;
                // A thousand notes would hide the rest of the transcript.
                if !holds {
                    return Err(world.failed("the label", &wanted, format!("{label:?}")));
                }
            }
            world.expect("the labels are in order", labels.is_sorted(), true)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "tai64n/goes-by-a-clock-that-was-set",
        requirements: &["TAI-01b"],
        uses: &[TAI64N, CLOCK],
        does: "Sets the clock of a tai64n that runs forward by an hour and back by two. The next label follows.",
        run: |world| {
            let input = world.input("input")?;
            let running = world.command("tai64n").input("input").start()?;
            let mut count = 0;
            let mut last = || {
                input.send("line\n")?;
                count += 1;
                world.until("count of lines", count, || Ok(texts(&running.out())?.len()))?;
                let labels = labels(&running.out())?;
                labels.last().map(|label| label.since_1970()).ok_or_else(|| Failure::broken("no label"))
            };
            let (hour, slack) = (Duration::from_secs(3600), Duration::from_secs(60));
            last()?;
            let clock = running.clock()?;
            clock.step(3600)?;
            let ahead = last()?.saturating_sub(world.time_of_day());
            world.expect_between("ahead of the clock", ahead, hour - slack, hour + slack)?;
            clock.step(-3600)?;
            let behind = world.time_of_day().saturating_sub(last()?);
            world.expect_between("behind the clock", behind, hour - slack, hour + slack)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "tai64n/copies-every-byte",
        requirements: &["TAI-02"],
        uses: &[TAI64N],
        does: "Runs tai64n on nothing, on empty lines, on a last line without a newline, on all 256 bytes, and on lines longer \
               than its buffers. Behind the labels it writes what it reads.",
        run: |world| {
            let all: Vec<u8> = (0..=u8::MAX).cycle().skip(11).take(256 + 10).collect();
            let around: Vec<u8> = [1022, 1023, 1024, 1025, 8191, 8192, 8193, 65_535, 65_536]
                .into_iter()
                .flat_map(|length| [vec![b'x'; length], b"\n".to_vec()].concat())
                .chain(vec![b'y'; 10_000])
                .collect();
            let inputs: [&[u8]; 7] =
                [b"", b"\n\n", b"partial", b"line\npartial", b"line\n\npartial\0\r\xff", &all, &around[..]];
            for input in inputs {
                world.files.write("input", input)?;
                let ran = world.command("tai64n").input("input").run()?;
                world.expect("exit and stderr", (&*ran.exit, &*ran.err), ("exit 0", ""))?;
                let copied = without_labels(&ran.out)?;
                world.expect_that("the copy", copied == input, &escape(input), escape(&copied))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "tai64n/writes-before-it-waits",
        requirements: &["TAI-03b"],
        uses: &[TAI64N],
        does: "Writes bytes, lines and parts of lines, and waits after each until tai64n has copied it.",
        run: |world| {
            let input = world.input("input")?;
            let running = world.command("tai64n").input("input").start()?;
            let mut sent = vec![];
            for piece in ["a", "b", "\n", "\n", "c\nd", "e\n\n", "f"] {
                input.send(piece)?;
                sent.extend_from_slice(piece.as_bytes());
                until_copied(world, &running, &sent)?;
            }
            end(world, input, &running)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "tai64n/fails-without-a-message",
        requirements: &["TAI-03"],
        uses: &[TAI64N],
        does: "Gives tai64n a directory or nothing to read, and a full disk or nothing to write to. It exits 111 and prints \
               nothing.",
        run: |world| fails_without_a_message(world, "tai64n"),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "tai64n/leaves-sigpipe-alone",
        requirements: &["TAI-03", "GEN-06"],
        uses: &[TAI64N],
        does: "Gives tai64n a pipe that nobody reads. SIGPIPE kills it, and if that is ignored it exits 111.",
        run: |world| leaves_sigpipe_alone(world, "tai64n"),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "tai64n/ignores-arguments",
        requirements: &["GEN-04"],
        uses: &[TAI64N],
        does: "Calls tai64n with options, names of files and empty words. It copies its input all the same.",
        run: |world| {
            world.files.write("input", "line\n")?;
            for arguments in [&["--help"][..], &["-x", "--", "input"], &["", "/no/such"], &["+%s"]] {
                let ran = world.command("tai64n").args(arguments).input("input").run()?;
                world.expect("exit and stderr", (&*ran.exit, &*ran.err), ("exit 0", ""))?;
                world.expect("the copy", escape(&without_labels(&ran.out)?), "line\\n")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
];

/// Runs `command` on a line where it cannot read or cannot write, and expects exit code 111 and no message.
pub(super) fn fails_without_a_message(world: &World, command: &str) -> Outcome {
    world.files.write("input", "line\n")?;
    for redirections in
        ["<.", "<&-", "<input >/dev/full", "<input >&-", "<&- >&- 2>&-", "<input >/dev/full 2>/dev/full"]
    {
        let ran = world.redirected(redirections, command).run()?;
        world.expect(&format!("{command} {redirections}"), ran.all(), ("exit 111", "", ""))?;
    }
    // Nothing to write.
    let ran = world.redirected(">/dev/full", command).run()?;
    world.expect(&format!("{command} on no input"), ran.all(), ("exit 0", "", ""))
}

/// Runs `command` on a line with a pipe as its output that nobody reads.
pub(super) fn leaves_sigpipe_alone(world: &World, command: &str) -> Outcome {
    world.files.make_fifo("pipe")?;
    world.files.write("input", "line\n")?;
    let unread = || world.redirected(&format!("<input {STDOUT_UNREAD}"), command);
    let ran = unread().run()?;
    world.expect(command, ran.all(), ("killed by PIPE", "", ""))?;
    let ran = unread().ignored("PIPE").run()?;
    world.expect(&format!("{command} with SIGPIPE ignored"), ran.all(), ("exit 111", "", ""))
}

/// Ends the input of a command, which must exit 0 without a message.
pub(super) fn end(world: &World, input: Input, running: &Running) -> Outcome {
    drop(input);
    running.expect_exit("exit 0")?;
    world.expect("stderr", running.err(), "")
}

/// Waits until the output is `sent` with a label before each line.
#[track_caller]
fn until_copied(world: &World, running: &Running, sent: &[u8]) -> Outcome {
    world.until("the copy", escape(sent), || Ok(escape(&without_labels(&running.out())?)))
}

/// Splits an output, [`escape`]d, into the label and the text of each line.
fn lines(out: &str) -> Result<Vec<(Label, Vec<u8>)>, Failure> {
    let bytes = unescape(out);
    let lines = bytes.split_inclusive(|&byte| byte == b'\n');
    lines
        .map(|line| match Label::split(line) {
            Some((label, [b' ', text @ ..])) => Ok((label, text.to_vec())),
            _ => Err(Failure::mismatch("a line with a label and a space", escape(line))),
        })
        .collect()
}

fn labels(out: &str) -> Result<Vec<Label>, Failure> {
    Ok(lines(out)?.into_iter().map(|(label, _)| label).collect())
}

fn without_labels(out: &str) -> Result<Vec<u8>, Failure> {
    Ok(lines(out)?.into_iter().flat_map(|(_, text)| text).collect())
}

/// Returns the texts of complete lines, without their newlines.
fn texts(out: &str) -> Result<Vec<String>, Failure> {
    let texts = lines(out)?.into_iter();
    Ok(texts.map(|(_, text)| String::from_utf8_lossy(text.strip_suffix(b"\n").unwrap_or(&text)).into_owned()).collect())
}
