//! Rotation: when a file is full, what it becomes, and which old files stay.

use crate::outcome::Outcome;
use crate::scenario::{CLOCK, MULTILOG, STRACE, Scenario};
use crate::world::{Feed, World, numbered_lines};
use nix::sys::signal::Signal;
use std::time::Duration;

/// How long a scenario watches that nothing happens.
const A_WHILE: Duration = Duration::from_millis(250);
const HOUR: i32 = 3600;
/// How far from a full size a file may end with a newline.
const WINDOW: usize = 2000;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "multilog/rotation/loses-no-line",
        requirements: &["MLOG-12", "MLOG-31", "MLOG-32"],
        uses: &[MULTILOG],
        does: "Logs lines of several lengths with several maximum sizes. No file is larger, each old file is as large or ends \
               with a newline within 2000 bytes of it, and all files together are the input.",
        run: |world| {
            for (number, (length, script, size)) in [
                (1, &["s4096", "n50"][..], 4096),
                (37, &["s4096", "n50"], 4096),
                (100, &["s4096", "n50"], 4096),
                (999, &["s4096", "n50"], 4096),
                (1999, &["s4096", "n50"], 4096),
                (2001, &["s4096", "n50"], 4096),
                (2500, &["s4096", "n50"], 4096),
                (4095, &["s4096", "n50"], 4096),
                (9000, &["s4096", "n50"], 4096),
                (100, &["s7000", "n50"], 7000),
                (100, &["n50"], 99_999),
            ]
            .into_iter()
            .enumerate()
            {
                let log = world.log(&format!("log-{number}"));
                let input = lines(length, 6 * size);
                let ran = world.multilog(&[script, &[&log.name]].concat(), &input)?.finish()?;
                let what = format!("lines of {length} bytes, {script:?}");
                world.expect(&what, ran.all(), ("exit 0", "", ""))?;
                for name in log.old() {
                    let bytes = log.bytes(&name);
                    let window = bytes.get(size - WINDOW - 1..).unwrap_or_default();
                    let is_good = bytes.len() <= size
                        && if window.contains(&b'\n') { bytes.ends_with(b"\n") } else { bytes.len() == size };
                    world.expect_that(&format!("size of {name}, {what}"), is_good, "what is promised", bytes.len())?;
                }
                world.expect_that(&what, log.old().len() >= 4, "4 old files or more", log.sizes())?;
                world.expect_that(
                    &what,
                    log.bytes("current").len() <= size,
                    "no larger current",
                    log.current().len(),
                )?;
                world.expect_that(&what, log.everything() == input, "the files are the input", log.sizes())?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/rotation/keeps-each-log-to-its-size",
        requirements: &["MLOG-32"],
        uses: &[MULTILOG],
        does: "Logs lines of 9000 bytes to three directories, each with its own maximum size. No file is larger than its \
               directory allows.",
        run: |world| {
            let logs =
                [("s4096", 4096), ("s5000", 5000), ("s6001", 6001)].map(|(size, most)| (world.log(size), size, most));
            let script: Vec<&str> = logs.iter().flat_map(|(log, size, _)| [*size, "n50", &log.name]).collect();
            let input = lines(9000, 40_000);
            let ran = world.multilog(&script, &input)?.finish()?;
            world.expect("multilog", ran.all(), ("exit 0", "", ""))?;
            for (log, size, most) in &logs {
                let sizes = [log.sizes(), vec![log.bytes("current").len()]].concat();
                let is_kept = sizes.iter().all(|size| size <= most);
                world.expect_that(&format!("sizes of {size}"), is_kept, "no larger file", sizes)?;
                world.expect_that(size, log.everything() == input, "the files are the input", log.sizes())?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/rotation/cuts-where-no-newline-is-near",
        requirements: &["MLOG-32b"],
        uses: &[MULTILOG],
        does: "Logs 20000 bytes without a newline, and lines of 2500 bytes. Files without a newline in their last 2000 bytes have \
               exactly the maximum size.",
        run: |world| {
            let log = world.log("log");
            let ran = world.multilog(&["s4096", "./log"], [b'x'; 20_000])?.finish()?;
            world.expect("multilog", ran.all(), ("exit 0", "", ""))?;
            // The newline that is added to the last file makes it full.
            world.expect(
                "sizes",
                (log.sizes(), log.bytes("current").len()),
                (vec![4096, 4096, 4096, 4096, 3617], 0),
            )?;
            let long = world.log("long");
            let ran = world.multilog(&["s5000", "./long"], lines(2999, 12_000))?.finish()?;
            world.expect("multilog", ran.all(), ("exit 0", "", ""))?;
            // The newline at 3000 is within 2000 bytes of 5000 only just.
            world.expect("sizes", long.sizes(), vec![3000; 4])?;
            let longer = world.log("longer");
            let ran = world.multilog(&["s5000", "./longer"], lines(2998, 12_000))?.finish()?;
            world.expect("multilog", ran.all(), ("exit 0", "", ""))?;
            // One byte before the window, so the file is cut, and the rest of the second line is followed by the third.
            world.expect("sizes", longer.sizes(), vec![5000, 3997, 5000])?;
            // What follows the newline is read together with it, and goes to the next file.
            let (ended, feed) = (world.log("ended"), world.feed("pipe")?);
            feed.multilog(&["s4096", "./ended"])?;
            feed.send(numbered_lines(0..19))?;
            ended.until_current(&numbered_lines(0..19))?;
            let unfinished = "y".repeat(1200);
            feed.send(format!("{}\n{unfinished}", "x".repeat(200)))?;
            ended.until_old(1)?;
            ended.until_current(&unfinished)?;
            world.expect("sizes", ended.sizes(), [2101])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/rotation/keeps-one-file-less-than-n",
        requirements: &["MLOG-13"],
        uses: &[MULTILOG],
        does: "Fills more files than the script allows, for several numbers and the default. One file less than the number is \
               left, and those are the latest ones.",
        run: |world| {
            for (number, (script, left)) in
                [(&["n2"][..], 1), (&["n3"], 2), (&["n7"], 6), (&[], 9), (&["n12"], 11)].into_iter().enumerate()
            {
                let log = world.log(&format!("log-{number}"));
                let input = numbered_lines(0..41 * (left + 4));
                let ran = world.multilog(&[script, &["s4096", &log.name]].concat(), &input)?.finish()?;
                world.expect(&format!("{script:?}"), ran.all(), ("exit 0", "", ""))?;
                world.expect(&format!("old files, {script:?}"), log.old().len(), left)?;
                let logged = log.everything();
                let is_end = input.as_bytes().ends_with(&logged);
                world.expect_that(&format!("{script:?}"), is_end, "the latest lines", logged.len())?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/rotation/removes-the-smallest-stamp",
        requirements: &["MLOG-13", "MLOG-41"],
        uses: &[MULTILOG, CLOCK],
        does: "Rotates three files with n3 while the clock is set back by an hour each time. The third has the smallest stamp, so \
               the first two are left.",
        run: |world| {
            let (log, feed) = (world.log("log"), world.feed("pipe")?);
            let multilog = feed.multilog(&["n3", "./log"])?;
            rotate_one(world, &feed, multilog.pid, "first\n")?;
            log.until_old(1)?;
            let clock = multilog.clock()?;
            clock.step(-HOUR)?;
            rotate_one(world, &feed, multilog.pid, "second\n")?;
            log.until_old(2)?;
            clock.step(-2 * HOUR)?;
            rotate_one(world, &feed, multilog.pid, "third\n")?;
            log.until_current("")?;
            feed.send("fourth\n")?;
            feed.close();
            multilog.expect_exit("exit 0")?;
            world.expect("lines", log.sorted_lines(), ["first\\n", "fourth\\n", "second\\n"])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/rotation/stamps-files-when-they-are-finished",
        requirements: &["MLOG-31", "MLOG-41"],
        uses: &[MULTILOG, CLOCK],
        does: "Sets the clock forward by an hour between a line and the rotation of its file. The name of the old file is `@`, the \
               time of the rotation, and `.s`.",
        run: |world| {
            let (log, feed) = (world.log("log"), world.feed("pipe")?);
            let multilog = feed.multilog(&["./log"])?;
            feed.send("line\n")?;
            log.until_current("line\n")?;
            multilog.until_idle()?;
            multilog.clock()?.step(HOUR)?;
            let before = world.time_of_day();
            multilog.signal(Signal::SIGALRM)?;
            log.until_old(1)?;
            world.expect("codes", log.codes(), ["s"])?;
            let stamp = log.stamps()[0].unwrap_or_default();
            let hour = Duration::from_secs(u64::from(HOUR.unsigned_abs()));
            // Leap seconds may count.
            let latest = before + hour + Duration::from_secs(60);
            world.expect_that(
                "time in the name",
                (before + hour..latest).contains(&stamp),
                "an hour from now",
                (before, stamp),
            )?;
            world.expect("lines", log.sorted_lines(), ["line\\n"])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/rotation/loses-no-line-when-the-clock-is-set-back",
        requirements: &["MLOG-31", "MLOG-41"],
        uses: &[MULTILOG, CLOCK],
        does: "Sets the clock back by an hour, and forward by two, between rotations. Every line is there once.",
        run: |world| {
            let (log, feed) = (world.log("log"), world.feed("pipe")?);
            let multilog = feed.multilog(&["t", "s4096", "n20", "./log"])?;
            let lines = |range: std::ops::Range<usize>| feed.send(numbered_lines(range));
            lines(0..100)?;
            feed.until_read()?;
            multilog.until_idle()?;
            let clock = multilog.clock()?;
            clock.step(-HOUR)?;
            lines(100..200)?;
            feed.until_read()?;
            multilog.until_idle()?;
            clock.step(HOUR)?;
            lines(200..300)?;
            feed.until_read()?;
            let stamps = log.stamps();
            let spread = stamps.last().copied().flatten().unwrap_or_default() - stamps[0].unwrap_or_default();
            world.expect_that("the clock was set", spread > Duration::from_secs(3000), "an hour", spread)?;
            feed.close();
            multilog.expect_exit("exit 0")?;
            let bytes = log.everything();
            let mut seen: Vec<&[u8]> = bytes.split_inclusive(|&byte| byte == b'\n').map(|line| &line[26..]).collect();
            seen.sort_unstable();
            world.expect_that("lines", seen.concat() == numbered_lines(0..300).as_bytes(), "each once", seen.len())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/rotation/loses-no-line-when-the-clock-stands-still",
        requirements: &["MLOG-31", "MLOG-35"],
        uses: &[MULTILOG, CLOCK],
        does: "Stops the clock of multilog, so that several files are finished in the same moment, until there are two of them \
               or a complaint. Every line is there once.",
        run: |world| {
            let (log, feed) = (world.log("log"), world.feed("pipe")?);
            let multilog = feed.multilog(&["s4096", "n20", "./log"])?;
            feed.send(numbered_lines(0..1))?;
            log.until_current(&numbered_lines(0..1))?;
            multilog.until_idle()?;
            let clock = multilog.clock()?;
            clock.stop()?;
            feed.send(numbered_lines(1..200))?;
            world.until("a second old file, or a complaint", true, || {
                Ok(log.old().len() > 1 || !multilog.err().is_empty())
            })?;
            // A clock that counts microseconds may be taken to be in the middle of one.
            let stamp = log.stamps()[0].unwrap_or_default();
            world.expect_that(
                "the clock",
                stamp.subsec_nanos() < 1000,
                "stands at the beginning of a second",
                stamp,
            )?;
            clock.go_on()?;
            feed.close();
            multilog.expect_exit("exit 0")?;
            let lines = log.sorted_lines().concat().replace("\\n", "\n");
            world.expect_that("lines", lines == numbered_lines(0..200), "each once", (lines.len(), log.sizes()))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/rotation/shows-finished-lines-at-once",
        requirements: &["MLOG-30"],
        uses: &[MULTILOG],
        does: "Feeds lines bit by bit to several scripts. Finished lines are in `current` at once, and an unfinished one is not.",
        run: |world| {
            for (number, (script, stamp)) in
                [(&[][..], 0), (&["t"], 26), (&["-nothing"], 0), (&["t", "-*", "+*o*"], 26)].into_iter().enumerate()
            {
                let (log, feed) = (world.log(&format!("log-{number}")), world.feed(&format!("pipe-{number}"))?);
                let multilog = feed.multilog(&[script, &[&log.name]].concat())?;
                let size = || Ok(log.bytes("current").len());
                let what = format!("size of current, {script:?}");
                feed.send("one\ntwo\nunfinished o")?;
                world.until(&what, 8 + 2 * stamp, size)?;
                feed.until_read()?;
                world.stays(&what, 8 + 2 * stamp, A_WHILE / 5, size)?;
                feed.send("x".repeat(900))?;
                feed.until_read()?;
                world.stays(&what, 8 + 2 * stamp, A_WHILE / 5, size)?;
                feed.send("\n")?;
                world.until(&what, 8 + 3 * stamp + 913, size)?;
                feed.close();
                multilog.expect_exit("exit 0")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/rotation/rotates-a-large-current-before-writing",
        requirements: &["MLOG-22b", "MLOG-33"],
        uses: &[MULTILOG],
        does: "Starts multilog on files left by its end that are as large as its maximum size, larger, and full by a newline in \
               the last 2000 bytes. What is large enough becomes an old file before or with the first line.",
        run: |world| {
            for (number, (size, sizes)) in
                [(4096, [4096, 5]), (9000, [9000, 5]), (2095, [2100, 0]), (2000, [0, 2005])].into_iter().enumerate()
            {
                let log = world.log(&format!("log-{number}"));
                log.prepare(vec![b'x'; size])?;
                let ran = world.multilog(&["s4096", &log.name], "line\n")?.finish()?;
                world.expect("multilog", ran.all(), ("exit 0", "", ""))?;
                let old = log.sizes().into_iter().sum::<usize>();
                world.expect(&format!("sizes after {size}"), [old, log.bytes("current").len()], sizes)?;
            }
            // Without input there is nothing to write.
            let log = world.log("idle");
            log.prepare(vec![b'x'; 5000])?;
            let ran = world.multilog(&["s4096", "./idle"], "")?.finish()?;
            world.expect("multilog", ran.all(), ("exit 0", "", ""))?;
            world.expect("sizes", (log.sizes(), log.bytes("current").len()), (vec![], 5000))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/rotation/takes-one-step-after-the-other",
        requirements: &["MLOG-33", "MLOG-34"],
        uses: &[MULTILOG, STRACE],
        does: "Traces a rotation and the end. The file is on disk before it is renamed, and again before it is marked as complete; \
               it has its old name before it loses its first.",
        run: |world| {
            let log = world.log("log");
            log.prepare(numbered_lines(0..20))?;
            let seen = super::deeds(world, &["s4096", "./log"], &numbered_lines(20..22))?;
            let deeds = [
                "chmod current 0644",
                "sync current",
                "rename current previous",
                "chmod current 0644",
                "chmod previous 0744",
                "link previous @",
                "unlink previous",
                "sync current",
                "chmod current 0744",
            ];
            world.expect("deeds", seen, deeds)?;
            let names = world.files.names("log").join(" ").replace(&log.old().concat(), "@");
            world.expect("files", names.as_str(), "@ current lock state")?;
            let modes = [log.mode(&log.old().concat()), log.mode("current")];
            world.expect("modes", modes, ["0744", "0744"])
        },
        ..Scenario::ORDINARY
    },
];

/// Returns lines of `length` bytes and a newline, about `size` bytes in all.
fn lines(length: usize, size: usize) -> Vec<u8> {
    let line = |number: usize| {
        let mut line = vec![b'a' + u8::try_from(number % 26).unwrap_or(0); length];
        line.push(b'\n');
        line
    };
    (0..size.div_ceil(length + 1)).flat_map(line).collect()
}

/// Feeds `line` and has its file rotated.
#[track_caller]
fn rotate_one(world: &World, feed: &Feed, multilog: i32, line: &str) -> Outcome {
    feed.send(line)?;
    world.log("log").until_current(line)?;
    world.until_idle(multilog)?;
    world.signal(multilog, Signal::SIGALRM)
}
