//! Processors of full files.

use crate::observe::escape;
use crate::outcome::Outcome;
use crate::scenario::{MULTILOG, Scenario};
use crate::world::{World, numbered_lines};
use nix::sys::signal::Signal;
use std::time::Duration;

/// How long multilog pauses before it tries again.
const PAUSE: Duration = Duration::from_secs(5);

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "multilog/processor/makes-old-files",
        requirements: &["MLOG-50", "MLOG-14"],
        uses: &[MULTILOG],
        does: "Logs to three directories, the second of which has a processor that numbers its runs by way of descriptors 4 and 5. \
               Its old files are what the processor prints; the other directories are not processed.",
        run: |world| {
            let (plain, log, last) = (world.log("plain"), world.log("log"), world.log("last"));
            let processor = "!read runs <&4; echo \"$runs\"x >&5; echo \"run $runs\"; tr 0 o";
            let script = ["s4096", "./plain", processor, "./log", "!cat", "./last"];
            let input = numbered_lines(0..130);
            let ran = world.multilog(&script, &input)?.finish()?;
            world.expect("multilog", ran.all(), ("exit 0", "", ""))?;
            let files: Vec<Vec<u8>> = log.old().iter().map(|name| log.bytes(name)).collect();
            let heads: Vec<String> =
                files.iter().map(|file| escape(file.split(|&byte| byte == b'\n').next().unwrap_or_default())).collect();
            let expected: Vec<String> = (0..heads.len()).map(|run| format!("run {}", "x".repeat(run))).collect();
            world.expect("first lines", heads, expected)?;
            world.expect_that("runs", files.len() > 2, "three or more", files.len())?;
            let bodies = files.iter().flat_map(|file| file.split_inclusive(|&byte| byte == b'\n').skip(1)).flatten();
            let whole: Vec<u8> =
                bodies.map(|&byte| if byte == b'o' { b'0' } else { byte }).chain(log.bytes("current")).collect();
            world.expect_that("all lines", whole == input.as_bytes(), "the input", whole.len())?;
            world.expect("code of each", log.codes(), vec!["s"; files.len()])?;
            for other in [plain, last] {
                world.expect_that(&other.name, other.everything() == input.as_bytes(), "the input", other.sizes())?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/processor/runs-on-rotations-only",
        requirements: &["MLOG-51", "MLOG-25"],
        uses: &[MULTILOG],
        does: "Rotates a processed log by ALRM, and ends multilog with lines in `current`. The processor has run once, its old file \
               has mode 0744, and `state` is what it wrote to descriptor 5.",
        run: |world| {
            let (log, feed) = (world.log("log"), world.feed("pipe")?);
            let multilog = feed.multilog(&["!echo run >>../runs; cat >../seen; echo made; echo kept >&5", "./log"])?;
            feed.send("one\n")?;
            log.until_current("one\n")?;
            multilog.until_idle()?;
            multilog.signal(Signal::SIGALRM)?;
            log.until_old(1)?;
            feed.send("two\n")?;
            log.until_current("two\n")?;
            feed.close();
            multilog.expect_exit("exit 0")?;
            let old = log.old().concat();
            world.expect("runs", world.files.read("runs"), "run\\n")?;
            world.expect("input of the processor", world.files.read("seen"), "one\\n")?;
            world.expect("old file", (escape(&log.bytes(&old)), log.mode(&old)), ("made\\n".into(), "0744".into()))?;
            world.expect(
                "state",
                (escape(&log.bytes("state")), log.mode("state")),
                ("kept\\n".into(), "0644".into()),
            )?;
            world.expect("files", world.files.names("log"), [&*old, "current", "lock", "state"])?;
            world.expect("current", (log.current(), log.mode("current")), ("two\\n".into(), "0744".into()))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/processor/gets-its-descriptors-and-signals",
        requirements: &["MLOG-50b"],
        uses: &[MULTILOG],
        does: "Has a processor print its descriptors, directory, parent, environment and signals. It is `/bin/sh -c` with \
               descriptors 0, 1, 2, 4 and 5 only, and TERM and ALRM as by default, even if multilog got them blocked.",
        run: |world| {
            let log = world.log("log");
            // In the shell itself, because a pipe or a redirection would add descriptors to those that it looks at.
            let processor = "!for n in 0 1 2 3 4 5 6 7 8 9 10 11 12; do [ -e /proc/$$/fd/$n ] && set -- $@ $n; done; echo $* >&2; \
                             (readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/4 /proc/$$/fd/5 >&2); pwd >&2; echo \"$NAME\" >&2; tr '\\0' ' ' </proc/$$/cmdline | cut -c 1-9 >&2; \
                             grep -E 'Sig(Blk|Ign)' /proc/$$/status | cut -f 2 >&2; exec cat";
            let blocked = [Signal::SIGTERM, Signal::SIGALRM];
            world.files.write("input", numbered_lines(0..25))?;
            world.files.write("errors", "")?;
            let command =
                world.command("multilog").args(["s4096", processor, "./log"]).env("NAME", "value").errors("errors");
            let command = blocked.into_iter().fold(command, |command, signal| command.blocked(signal));
            let ran = command.input("input").finish()?;
            world.expect("multilog", &*ran.exit, "exit 0")?;
            let directory = world.files.real_path("log")?;
            let expected = [
                "0 1 2 4 5",
                &format!("{directory}/previous"),
                &format!("{directory}/processed"),
                &format!("{directory}/state"),
                &format!("{directory}/newstate"),
                &directory,
                "value",
                "sh -c for",
            ];
            let mut lines = world.files.lines("errors");
            let masks = lines.split_off(lines.len().min(expected.len()));
            world.expect("processor", lines, expected)?;
            let both = blocked.iter().fold(0, |both, &signal| both | 1_u64 << (signal as u64 - 1));
            let masks: Vec<u64> =
                masks.iter().map(|mask| u64::from_str_radix(mask, 16).unwrap_or(u64::MAX) & both).collect();
            world.expect("TERM and ALRM, blocked and ignored", masks, [0, 0])?;
            world.expect("old files", log.codes(), ["s"])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/processor/runs-again-after-a-failure",
        requirements: &["MLOG-52", "MLOG-35"],
        uses: &[MULTILOG],
        does: "Has processors fail after they have printed something. Each is run again on the same file, and no line is lost or \
               doubled.",
        run: |world| run_again(world, &["exit 1", "exit 255", "rm -f processed; exit 3", "cat <&4; exit 100"]),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/processor/runs-again-after-a-signal",
        requirements: &["MLOG-53"],
        uses: &[MULTILOG],
        does: "Has processors killed after they have printed something. Each is run again on the same file, and no line is lost or \
               doubled.",
        run: |world| run_again(world, &["kill -9 $$", "kill -TERM $$", "kill -PIPE $$"]),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/processor/pauses-after-a-failure",
        requirements: &["MLOG-52b"],
        uses: &[MULTILOG],
        does: "Has a processor fail once. The message is that of the original, the files meanwhile are what the reference has, and \
               after five seconds the processor runs again with empty outputs.",
        run: |world| {
            let (log, feed) = (world.log("log"), world.feed("pipe")?);
            let processor = "!(stat -L -c %s /proc/$$/fd/1 /proc/$$/fd/5 >>../sizes); echo out; echo new >&5; \
                             test -e ../done || { echo >../done; exit 7; }";
            let multilog = feed.multilog(&["s4096", processor, "./log"])?;
            feed.send("line\n")?;
            log.until_current("line\n")?;
            multilog.until_idle()?;
            let begin = world.monotonic();
            multilog.signal(Signal::SIGALRM)?;
            multilog.until_lines("multilog: warning: processor failed in ./log, pausing", 1)?;
            let modes = ["current", "previous", "processed", "newstate", "state"].map(|name| log.mode(name));
            world.expect("modes", modes, ["0644", "0744", "0644", "0644", "0644"])?;
            log.until_old(1)?;
            let took = Duration::from_nanos(world.monotonic() - begin);
            world.expect_between("the pause", took, PAUSE, PAUSE + Duration::from_millis(1500))?;
            feed.close();
            multilog.expect_exit("exit 0")?;
            world.expect("stderr", multilog.err(), "multilog: warning: processor failed in ./log, pausing\\n")?;
            world.expect("sizes of its outputs", world.files.lines("sizes"), ["0"; 4])?;
            world.expect("old file", escape(&log.bytes(&log.old().concat())), "out\\n")?;
            world.expect("state", escape(&log.bytes("state")), "new\\n")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/processor/may-print-nothing",
        requirements: &["MLOG-50", "MLOG-51"],
        uses: &[MULTILOG],
        does: "Rotates logs whose processors print nothing, do not read their input, or remove their outputs. Each \
               makes an empty old file, multilog goes on, and `current` is not touched.",
        run: |world| {
            for (number, processor) in
                ["!:", "!", "!cat >/dev/null", "!rm processed", "!rm newstate", "!exec 1>&- 5>&-"]
                    .into_iter()
                    .enumerate()
            {
                let log = world.log(&format!("log-{number}"));
                let ran = world.multilog(&["s4096", processor, &log.name], numbered_lines(0..30))?.finish()?;
                world.expect(processor, ran.all(), ("exit 0", "", ""))?;
                let old = log.old().concat();
                let size = log.sizes();
                world.expect(
                    processor,
                    (size, log.mode(&old), log.codes().concat()),
                    (vec![0], "0744".into(), "s".into()),
                )?;
                let is_end = numbered_lines(0..30).as_bytes().ends_with(&log.bytes("current"));
                world.expect_that(processor, is_end, "the latest lines in current", log.current().len())?;
                world.expect(processor, world.files.names(&log.name), [&*old, "current", "lock", "state"])?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/processor/needs-a-state",
        requirements: &["MLOG-54"],
        uses: &[MULTILOG],
        does: "Rotates a log with a processor whose `state` was removed. The processor cannot be run, with the messages of the \
               original, until there is a `state` again.",
        run: |world| {
            let (log, feed) = (world.log("log"), world.feed("pipe")?);
            log.prepare("line\n")?;
            world.files.remove("log/state")?;
            let multilog = feed.multilog(&["!cat", "./log"])?;
            world.until("mode of current", "0644", || Ok(log.mode("current")))?;
            multilog.until_idle()?;
            multilog.signal(Signal::SIGALRM)?;
            multilog.until_lines("multilog: warning: processor failed in ./log, pausing", 1)?;
            let expected = [
                "multilog: fatal: unable to run cat: file does not exist",
                "multilog: warning: processor failed in ./log, pausing",
            ];
            world.expect("stderr", multilog.err_lines(), expected)?;
            world.expect("old files", log.old(), vec![""; 0])?;
            world.files.write("log/state", "")?;
            log.until_old(1)?;
            feed.close();
            multilog.expect_exit("exit 0")?;
            world.expect("lines", log.sorted_lines(), ["line\\n"])
        },
        ..Scenario::ORDINARY
    },
];

/// Lets processors end, once each, by the commands in `ends` after they have printed everything.
fn run_again(world: &World, ends: &[&str]) -> Outcome {
    let input = numbered_lines(0..42);
    let mut running = vec![];
    world.files.write("input", &input)?;
    for (number, end) in ends.iter().enumerate() {
        let processor =
            format!("!cat; echo more >&5; test -e ../done-{number} || {{ echo >../done-{number}; {end}; }}");
        let log = world.log(&format!("log-{number}"));
        let command = world.command("multilog").args(["s4096", &processor, &log.name]);
        running.push((end, log, command.input("input").start()?));
    }
    for (end, log, multilog) in running {
        // The original pauses twice after a signal.
        world.until("a pause is over", true, || Ok(!multilog.is_running() || multilog.err_lines().len() > 1))?;
        multilog.expect_exit("exit 0")?;
        world.expect_that(end, !multilog.err().is_empty(), "a message", multilog.err())?;
        world.expect_that(end, log.everything() == input.as_bytes(), "all lines", log.sizes())?;
        world.expect("codes", log.codes().first().map(String::as_str), Some("s"))?;
        world.expect("state", escape(&log.bytes("state")), "more\\n")?;
    }
    Ok(())
}
