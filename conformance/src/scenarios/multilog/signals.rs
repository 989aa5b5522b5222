//! Signals, and the end of the input.

use crate::observe::escape;
use crate::scenario::{MULTILOG, Scenario};
use crate::world::numbered_lines;
use nix::sys::signal::Signal;
use std::time::Duration;

/// How long a scenario watches that nothing happens.
const A_WHILE: Duration = Duration::from_millis(200);

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "multilog/signals/term-leaves-what-follows-the-line",
        requirements: &["MLOG-40"],
        uses: &[MULTILOG],
        does: "Sends TERM to a multilog that has read a part of a line, and feeds it the rest of the line and more at once. It \
               ends, and everything behind the line is left to the next multilog.",
        run: |world| {
            let (log, feed) = (world.log("log"), world.feed("pipe")?);
            let multilog = feed.multilog(&["./log"])?;
            feed.send("one\npart")?;
            log.until_current("one\n")?;
            feed.until_read()?;
            multilog.until_idle()?;
            multilog.signal(Signal::SIGSTOP)?;
            world.until_stopped(multilog.pid, true)?;
            let rest = numbered_lines(0..200);
            feed.send(format!("ial\n{rest}unfinished"))?;
            multilog.signal(Signal::SIGTERM)?;
            multilog.signal(Signal::SIGCONT)?;
            multilog.expect_exit("exit 0")?;
            world.expect("logged", log.everything(), b"one\npartial\n")?;
            let next = feed.multilog(&["./log"])?;
            feed.until_read()?;
            feed.close();
            next.expect_exit("exit 0")?;
            let whole = format!("one\npartial\n{rest}unfinished\n");
            world.expect_that("logged", log.everything() == whole.as_bytes(), "all", log.sizes())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/signals/term-ends-it-in-the-middle-of-a-line",
        requirements: &["MLOG-40", "MLOG-34", "MLOG-11"],
        uses: &[MULTILOG],
        does: "Sends TERM to multilogs that have read a part of a line. They wait for the newline, and end at it, or at the end of \
               the input. The line has a time stamp in one of them, more than 1000 bytes in another, and is deselected in a third.",
        run: |world| {
            let long = "x".repeat(3000);
            for (number, (script, part, rest, logged)) in [
                (&[][..], "part", Some("ial\n"), "partial\n"),
                (&[], "part", None, "part\n"),
                (&[], &*long, Some("y\nz"), &*format!("{long}y\n")),
                (&[], &long, None, &format!("{long}\n")),
                (&["t"], "part", Some("ial\nmore"), "partial\n"),
                (&["-*"], "part", Some("ial\nmore\n"), ""),
                (&["-nothing"], "part", Some("ial\n\n"), "partial\n"),
            ]
            .into_iter()
            .enumerate()
            {
                let (log, feed) = (world.log(&format!("log-{number}")), world.feed(&format!("pipe-{number}"))?);
                let multilog = feed.multilog(&[script, &[&log.name]].concat())?;
                feed.send(part)?;
                feed.until_read()?;
                multilog.until_idle()?;
                multilog.signal(Signal::SIGTERM)?;
                world.stays("it waits for the newline", true, A_WHILE / 4, || Ok(multilog.is_running()))?;
                match rest {
                    Some(rest) => {
                        feed.send(rest)?;
                        multilog.expect_exit("exit 0")?;
                        let behind = rest.split_once('\n').unwrap_or_default().1;
                        world.expect("what is left", escape(&feed.left()?), escape(behind.as_bytes()))?;
                    }
                    None => {
                        feed.close();
                        multilog.expect_exit("exit 0")?;
                    }
                }
                let seen = log.everything();
                let seen = if script == ["t"] { seen.get(26..).unwrap_or_default() } else { &seen };
                world.expect(&format!("logged by {script:?}"), escape(seen), escape(logged.as_bytes()))?;
                world.expect("mode of current", log.mode("current"), "0744")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/signals/term-between-lines-reads-nothing-more",
        requirements: &["MLOG-40b", "MLOG-25"],
        uses: &[MULTILOG],
        does: "Sends TERM to an idle multilog, at once after the start and after a line, with 21000 bytes waiting. It exits 0 \
               without reading them, also if TERM was blocked when it was started, and `current` has mode 0744.",
        run: |world| {
            for (number, (first, is_blocked)) in
                [("", false), ("line\n", false), ("line\n", true), ("", true)].into_iter().enumerate()
            {
                let (log, pipe) = (world.log(&format!("log-{number}")), format!("pipe-{number}"));
                let feed = world.feed(&pipe)?;
                let command = world.command("multilog").arg(&log.name).input(&pipe);
                let command = if is_blocked { command.blocked(Signal::SIGTERM) } else { command };
                let multilog = command.start()?;
                feed.send(first)?;
                world.until("mode of current", "0644", || Ok(log.mode("current")))?;
                log.until_current(first)?;
                multilog.until_idle()?;
                multilog.signal(Signal::SIGSTOP)?;
                world.until_stopped(multilog.pid, true)?;
                let rest = numbered_lines(0..210);
                feed.send(&rest)?;
                multilog.signal(Signal::SIGTERM)?;
                multilog.signal(Signal::SIGCONT)?;
                multilog.expect_exit("exit 0")?;
                world.expect("bytes left", feed.left()?.len(), rest.len())?;
                world.expect(
                    "current",
                    (log.current(), log.mode("current")),
                    (escape(first.as_bytes()), "0744".to_owned()),
                )?;
                world.expect("stderr", multilog.err(), "")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/signals/alrm-rotates-at-once",
        requirements: &["MLOG-41"],
        uses: &[MULTILOG],
        does: "Sends ALRM to an idle multilog with two logs, of which one got a line. That one is rotated, and what follows goes to \
               its new file.",
        run: |world| {
            let (log, empty, feed) = (world.log("log"), world.log("empty"), world.feed("pipe")?);
            let multilog = feed.multilog(&["./log", "-*", "./empty"])?;
            feed.send("one\n")?;
            log.until_current("one\n")?;
            multilog.until_idle()?;
            multilog.signal(Signal::SIGALRM)?;
            log.until_old(1)?;
            log.until_current("")?;
            feed.send("two\n")?;
            log.until_current("two\n")?;
            multilog.until_idle()?;
            multilog.signal(Signal::SIGALRM)?;
            log.until_old(2)?;
            feed.send("three\n")?;
            feed.close();
            multilog.expect_exit("exit 0")?;
            let contents = log.old().into_iter().map(|name| escape(&log.bytes(&name))).collect::<Vec<_>>();
            world.expect("old files", contents, ["one\\n", "two\\n"])?;
            world.expect("current", log.current(), "three\\n")?;
            world.expect("lines of the other log", empty.everything(), b"")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/signals/alrm-passes-over-empty-files-and-unfinished-lines",
        requirements: &["MLOG-41b"],
        uses: &[MULTILOG],
        does: "Sends ALRM to multilogs that have logged nothing, a part of a line, or a long part of a line. An empty `current` \
               stays the same file, a short part goes to the new file, and a long one is split. ALRM may have been blocked.",
        run: |world| {
            let (log, feed) = (world.log("log"), world.feed("pipe")?);
            let multilog = world.command("multilog").arg("./log").input("pipe").blocked(Signal::SIGALRM).start()?;
            world.until("mode of current", "0644", || Ok(log.mode("current")))?;
            multilog.until_idle()?;
            let before = log.inode("current")?;
            multilog.signal(Signal::SIGALRM)?;
            multilog.until_idle()?;
            feed.send("one\npart")?;
            log.until_current("one\n")?;
            world.expect("old files and inode of current", (log.old(), log.inode("current")?), (vec![], before))?;
            feed.until_read()?;
            multilog.until_idle()?;
            multilog.signal(Signal::SIGALRM)?;
            log.until_old(1)?;
            log.until_current("")?;
            multilog.until_idle()?;
            multilog.signal(Signal::SIGALRM)?;
            multilog.until_idle()?;
            feed.send("ial\n")?;
            log.until_current("partial\n")?;
            world.expect("sizes", log.sizes(), [4])?;
            let long = "x".repeat(1500);
            feed.send(&long)?;
            log.until_current(&format!("partial\n{long}"))?;
            multilog.until_idle()?;
            multilog.signal(Signal::SIGALRM)?;
            log.until_old(2)?;
            feed.send("y\n")?;
            log.until_current("y\n")?;
            feed.close();
            multilog.expect_exit("exit 0")?;
            world.expect("sizes", log.sizes(), [4, 1508])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/signals/other-signals-kill",
        requirements: &["MLOG-42", "MLOG-23"],
        uses: &[MULTILOG],
        does: "Sends other signals to multilog: each kills it. `current` keeps mode 0644, and the next multilog makes it an old \
               file with the code `.u`.",
        run: |world| {
            for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGPIPE] {
                let name = signal.as_str().to_ascii_lowercase();
                let (log, feed) = (world.log(&name), world.feed(&format!("pipe-{name}"))?);
                let multilog = feed.multilog(&[&log.name])?;
                feed.send("line\n")?;
                log.until_current("line\n")?;
                multilog.until_idle()?;
                multilog.signal(signal)?;
                multilog.expect_exit(&format!("killed by {}", &signal.as_str()[3..]))?;
                world.expect("mode of current", log.mode("current"), "0644")?;
                let ran = world.multilog(&[&log.name], "next\n")?.finish()?;
                world.expect("the next multilog", ran.all(), ("exit 0", "", ""))?;
                let old = log.old();
                world.expect("codes", log.codes(), ["u"])?;
                world.expect(
                    "lines",
                    (escape(&log.bytes(&old[0])), log.current()),
                    ("line\\n".into(), "next\\n".into()),
                )?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/signals/ends-with-its-input",
        requirements: &["MLOG-34", "MLOG-22"],
        uses: &[MULTILOG],
        does: "Closes the input of a multilog with two logs, and starts it again. Each time it exits 0, and the files are marked as \
               complete and go on.",
        run: |world| {
            let (log, other) = (world.log("log"), world.log("other"));
            for (number, whole) in
                ["line 0\\n", "line 0\\nline 1\\n", "line 0\\nline 1\\nline 2\\n"].into_iter().enumerate()
            {
                let feed = world.feed(&format!("pipe-{number}"))?;
                let multilog = feed.multilog(&["./log", "./other"])?;
                feed.send(format!("line {number}\n"))?;
                world
                    .until("mode of current", ["0644", "0644"], || Ok([log.mode("current"), other.mode("current")]))?;
                feed.until_read()?;
                feed.close();
                multilog.expect_exit("exit 0")?;
                world.expect("modes", [log.mode("current"), other.mode("current")], ["0744", "0744"])?;
                world.expect("current", [log.current(), other.current()], [whole, whole])?;
            }
            world.expect("old files", log.old(), vec![""; 0])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/signals/takes-unreadable-input-for-its-end",
        requirements: &["MLOG-34b"],
        uses: &[MULTILOG],
        does: "Runs multilog with a directory, a descriptor that is open for writing only, and a closed one as its input. It exits \
               0 without a message.",
        run: |world| {
            world.files.write("file", "not to be read\n")?;
            let log = world.log("log");
            for (what, command) in [
                ("a directory", world.command("multilog").arg("./log").input(".")),
                ("open for writing only", world.redirected("0>>file", "multilog").arg("./log")),
                ("closed", world.command("multilog").arg("./log").closed(&[0])),
            ] {
                let ran = command.finish()?;
                world.expect(what, ran.all(), ("exit 0", "", ""))?;
                world.expect("mode of current", log.mode("current"), "0744")?;
            }
            world.expect("logged", log.everything(), b"")
        },
        ..Scenario::ORDINARY
    },
];
