//! supervise: the record in `supervise/status`.

use crate::commands::tool;
use crate::observe::process::{self, Process};
use crate::observe::record::Record;
use crate::outcome::{Failure, Outcome};
use crate::scenario::{PRLIMIT, STRACE, SUPERVISE, SVC, SVOK, SVSTAT, Scenario};
use crate::world::{Rewrites, Running, Service, World};
use nix::sys::signal::Signal;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    // The record.
    Scenario {
        id: "supervise/record/records-time-pid-and-want",
        requirements: &["SUP-20", "SUP-26"],
        uses: &[SUPERVISE],
        does: "Compares the 18 bytes, one by one, with the clock, the pid and what is wanted: down, up, and wanted once.",
        run: |world| {
            let from = world.time_of_day();
            let (web, _) = world.down_service("web", "")?;
            let mut record = web.record()?.whole()?;
            world.expect("state", record.state(), "down, paused 0, want d")?;
            for (byte, state) in
                [("o", "up, paused 0, want 0"), ("u", "up, paused 0, want u"), ("d", "down, paused 0, want d")]
            {
                web.control()?.send(byte)?;
                record = web.record()?.until(state)?;
                if record.is_up() {
                    let pid = web.until_starts(1)?[0].0;
                    let [.., a, b, c, d, _, _] = record.bytes;
                    world.expect("bytes 12 to 15", [a, b, c, d], pid.to_le_bytes())?;
                }
            }
            let [a, b, ..] = record.bytes;
            world.expect("the first bytes of any time in these centuries", [a, b], [0x40, 0])?;
            expect_stamp(world, &record, from, world.time_of_day())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/records-a-pid-of-any-size",
        requirements: &["SUP-20"],
        uses: &[SUPERVISE, STRACE],
        does: "Has the fork of supervise say that ./run is the process 67305985, which is 01 02 03 04 from the lowest byte \
               on: so the record has it.",
        run: |world| {
            const PID: [u8; 4] = [1, 2, 3, 4];
            let web = world.service("web", "")?;
            let forks = "?clone,?clone3,?fork,?vfork";
            let inject = format!("inject={forks}:retval={}:when=1", i32::from_le_bytes(PID));
            world
                .traced(&["-o", "/dev/null", "-e", &format!("trace={forks}"), "-e", &inject], "supervise")?
                .arg("web")
                .start()?;
            let record = web.record()?.until("up, paused 0, want u")?;
            world.expect("bytes 12 to 15", &record.bytes[12..16], &PID[..])?;
            world.expect("starts", web.starts().len(), 0)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/moves-the-stamp-at-starts-and-ends-only",
        requirements: &["SUP-22", "SUP-20"],
        uses: &[SUPERVISE],
        does: "Compares the stamp with the clock at the start of supervise and at a start and an end of ./run, and watches \
               that no command moves it while the service is down.",
        run: |world| {
            let from = world.time_of_day();
            let (web, supervise) = world.down_service("web", "survive HUP")?;
            let down = web.record()?.whole()?;
            expect_stamp(world, &down, from, world.time_of_day())?;

            // No byte moves it while the service is down. The record is the same, and yet another file.
            let watch = web.record()?.watch(&supervise)?;
            web.control()?.send("haitkpcdd")?;
            watch.until(4)?;
            world.expect("record after commands", web.record()?.whole()?, down)?;

            let from = world.time_of_day();
            web.control()?.send("u")?;
            let up = web.record()?.until("up, paused 0, want u")?;
            expect_stamp(world, &up, from, world.time_of_day())?;
            web.until_starts(1)?;
            web.control()?.send("ohpc")?;
            web.until_signals(&["HUP", "CONT"])?;
            world.expect("stamp after commands", web.record()?.whole()?.stamp(), up.stamp())?;

            let from = world.time_of_day();
            web.order("exit 0")?;
            let down = web.record()?.until("down, paused 0, want 0")?;
            expect_stamp(world, &down, from, world.time_of_day())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/rewrites-the-record-for-some-bytes-only",
        requirements: &["SUP-23", "SUP-43", "SUP-43b", "SUP-22"],
        uses: &[SUPERVISE],
        does: "Counts how often the record is replaced while a running service gets every byte that it survives: once for \
               each of `d`, `u`, `o`, `p`, `c` and `x`, never for another.",
        run: |world| {
            let (web, supervise, watch) = watched_service(world, "survive HUP ALRM INT TERM")?;
            let before = web.record()?.whole()?;
            let (mut signals, mut rewrites) = (vec![], 0);
            for (byte, gets, state) in [
                ("h", &["HUP"][..], "up, paused 0, want u"),
                ("a", &["ALRM"], "up, paused 0, want u"),
                ("i", &["INT"], "up, paused 0, want u"),
                ("t", &["TERM"], "up, paused 0, want u"),
                ("u", &[], "up, paused 0, want u"),
                ("p", &[], "up, paused 1, want u"),
                ("p", &[], "up, paused 1, want u"),
                ("c", &["CONT"], "up, paused 0, want u"),
                ("c", &["CONT"], "up, paused 0, want u"),
                ("o", &[], "up, paused 0, want 0"),
                ("o", &[], "up, paused 0, want 0"),
                ("d", &["TERM", "CONT"], "up, paused 0, want d"),
                ("h", &["HUP"], "up, paused 0, want d"),
                ("d", &["TERM", "CONT"], "up, paused 0, want d"),
                ("Z", &[], "up, paused 0, want d"),
                ("x", &[], "up, paused 0, want d"),
                ("i", &["INT"], "up, paused 0, want d"),
            ] {
                web.control()?.send(byte)?;
                signals.extend_from_slice(gets);
                rewrites += usize::from("udopcx".contains(byte));
                web.until_signals(&signals)?;
                watch.until(rewrites)?;
                let record = web.record()?.until(state)?;
                world.expect(&format!("stamp and pid after {byte}"), &record.bytes[..16], &before.bytes[..16])?;
                world.until_stopped(record.pid(), state.contains("paused 1"))?;
            }
            world.stays("times that the record was replaced", rewrites, QUIET, || watch.count())?;
            web.control()?.send("k")?;
            supervise.expect_exit("exit 0")?;
            let times = watch.count()? - rewrites;
            world.expect_that("times that the record was replaced by the end", times > 0, "1 or more", times)?;
            let record = web.record()?.whole()?;
            world.expect("record at the end", record.state(), "down, paused 0, want d")?;
            world.expect_that("stamp at the end", record.stamp() > before.stamp(), "later", (record, before))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/rewrites-the-record-while-down",
        requirements: &["SUP-23", "SUP-55", "SUP-24", "SUP-26"],
        uses: &[SUPERVISE],
        does: "Counts how often the record is replaced while the service is down, by each byte, and by a start and an end. \
               The exit replaces it as well.",
        run: |world| {
            let (web, supervise) = world.down_service("web", "")?;
            let watch = web.record()?.watch(&supervise)?;
            let mut rewrites = 0;
            // Each time, a `d` behind the byte shows that the byte has been dealt with.
            for (byte, times) in
                [("h", 0), ("a", 0), ("i", 0), ("t", 0), ("k", 0), ("\n", 0), ("D", 0), ("p", 1), ("c", 1), ("d", 1)]
            {
                web.control()?.send(format!("{byte}d"))?;
                rewrites += times + 1;
                watch.until(rewrites)?;
                world.expect(
                    &format!("state after {byte}"),
                    web.record()?.whole()?.state(),
                    "down, paused 0, want d",
                )?;
            }
            world.expect("starts", web.starts().len(), 0)?;
            // What is wanted, and the start.
            web.control()?.send("u")?;
            web.until_starts(1)?;
            watch.until(rewrites + 2)?;
            // What is wanted, and the end.
            web.control()?.send("d")?;
            web.record()?.until("down, paused 0, want d")?;
            watch.until(rewrites + 4)?;
            world.stays("times that the record was replaced", rewrites + 4, QUIET, || watch.count())?;
            web.control()?.send("x")?;
            supervise.expect_exit("exit 0")?;
            let times = watch.count()? - rewrites - 4;
            world.expect_that("times that the record was replaced at the exit", times > 0, "1 or more", times)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/never-shows-part-of-a-record",
        requirements: &["SUP-28"],
        uses: &[SUPERVISE],
        does: "Reads the record thousands of times while it is being replaced without pause: it is there each time, with \
               18 bytes.",
        run: |world| {
            let (web, supervise) = world.down_service("web", "")?;
            let watch = web.record()?.watch(&supervise)?;
            let status = web.directory.join("supervise/status");
            let (sent, reads, files) = (Cell::new(0), Cell::new(0), RefCell::new(BTreeSet::new()));
            world.until("thousands of reads, and a hundred files read", true, || {
                // Never more in the FIFO than fits, never nothing to do.
                if watch.count()? + 900 > sent.get() {
                    web.control()?.send("pcd".repeat(300))?;
                    sent.set(sent.get() + 900);
                }
                for _ in 0..500 {
                    let seen = std::fs::read(&status).map(|bytes| bytes.len()).map_err(|error| error.to_string());
                    if seen != Ok(18) {
                        return Err(world.failed("length of the record", "18", format!("{seen:?}")));
                    }
                    files.borrow_mut().insert(status.metadata().map(|file| (file.ino(), file.mtime_nsec())).ok());
                }
                reads.set(reads.get() + 500);
                Ok(reads.get() >= 6000 && files.borrow().len() >= 100)
            })?;
            world.expect("looks that found no file", files.borrow().contains(&None), false)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/does-not-force-the-record-to-disk",
        requirements: &["SUP-28"],
        uses: &[SUPERVISE, STRACE],
        does: "Traces supervise at a start, commands and an end for all calls that wait for the disk: there is none.",
        run: |world| {
            let (web, calls) = (world.service("web", "")?, "trace=?fsync,?fdatasync,?sync,?syncfs,?msync");
            let traced = world.traced(&["-o", "calls", "-e", calls], "supervise")?.arg("web").start()?;
            web.until_up()?;
            web.control()?.send("pcdx")?;
            traced.expect_exit("exit 0")?;
            let calls = world.files.lines("calls").into_iter().filter(|line| line.contains("sync"));
            world.expect("calls", calls.collect::<Vec<_>>(), vec![""; 0])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/controls-without-a-record",
        requirements: &["SUP-29"],
        uses: &[SUPERVISE],
        does: "Puts directories and a FIFO in the way of the record: a warning each time, the old record stays, commands \
               work, and the next write mends it.",
        run: |world| {
            let (web, supervise) = world.down_service("web", "")?;
            supervise.until_idle()?;
            let before = web.record()?.whole()?;
            let mut warnings: Vec<String> = vec![];
            let until_warned =
                |warnings: &[String]| world.until("warnings", warnings.to_vec(), || Ok(supervise.err_lines()));
            let open = |why: &str| format!("supervise: warning: unable to open web/supervise/status.new: {why}");

            world.files.make_directory("web/supervise/status.new")?;
            web.control()?.send("u")?;
            // For what is wanted and for the start.
            warnings.extend([open("is a directory"), open("is a directory")]);
            until_warned(&warnings)?;
            web.until_starts(1)?;
            world.expect("record", web.record()?.whole()?, before)?;
            world.files.remove("web/supervise/status.new")?;
            web.control()?.send("c")?;
            let up = web.record()?.until("up, paused 0, want u")?;
            world.expect("pid in the record", up.pid(), web.starts()[0].0)?;

            world.files.make_fifo("web/supervise/status.new")?;
            web.control()?.send("p")?;
            warnings.push(open("device not configured"));
            until_warned(&warnings)?;
            world.until_stopped(up.pid(), true)?;
            world.expect("record", web.record()?.whole()?, up)?;
            world.files.remove("web/supervise/status.new")?;
            web.control()?.send("c")?;
            world.until_stopped(up.pid(), false)?;

            world.files.remove("web/supervise/status")?;
            world.files.make_directory("web/supervise/status")?;
            web.control()?.send("d")?;
            let rename = "supervise: warning: unable to rename web/supervise/status.new to status: is a directory";
            // For what is wanted and for the end.
            warnings.extend([rename.to_owned(), rename.to_owned()]);
            until_warned(&warnings)?;
            let left = world.path("web/supervise/status.new").metadata().map(|file| file.len()).ok();
            world.expect("length of status.new", left, Some(18))?;
            world.files.remove("web/supervise/status")?;
            web.control()?.send("d")?;
            web.record()?.until("down, paused 0, want d")?;
            world.expect("warnings", supervise.err_lines(), warnings)?;
            world.expect("supervise runs", supervise.is_running(), true)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/warns-of-a-record-that-does-not-fit",
        requirements: &["SUP-29"],
        uses: &[SUPERVISE, PRLIMIT],
        does: "Limits the size of files to 9 bytes and to none: `partial write`, or `file too big`, and commands work.",
        run: |world| {
            let web = world.scripted("web", "#!/bin/sh\nexec sleep 1000\n")?;
            world.files.write("web/down", "")?;
            let prlimit = tool("prlimit").ok_or_else(|| Failure::missing("program prlimit".to_owned()))?;
            for (size, left, why) in [(9, 9, "partial write"), (0, 0, "file too big")] {
                // A file could not take the warnings either.
                let name = format!("said-{size}");
                let stderr = world.fifo(&name)?;
                let limited =
                    world.program(&prlimit).arg(format!("--fsize={size}")).arg(world.commands().join("supervise"));
                let supervise = limited.arg("web").ignored("XFSZ").errors(&name).start()?;
                web.until_supervised()?;
                web.control()?.send("o")?;
                world.until("children of supervise", 1, || Ok(Process::children(supervise.pid).len()))?;
                web.control()?.send("xk")?;
                supervise.expect_exit("exit 0")?;
                // At its start; `o`, the start of ./run, `x`, and the end of ./run.
                let warning = format!("supervise: warning: unable to write web/supervise/status.new: {why}\\n");
                let said = stderr.taken()?;
                let times = said.matches(&warning).count();
                world.expect("messages", &said, &warning.repeat(times))?;
                world.expect_that("times that it warned", times >= 5, "5 or more", times)?;
                world.expect("record", web.record()?.read(), None)?;
                let new = world.path("web/supervise/status.new").metadata().map(|file| file.len()).ok();
                world.expect("length of status.new", new, Some(left))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/orders-record-and-signal",
        requirements: &["SUP-27", "SUP-26"],
        uses: &[SUPERVISE, STRACE],
        does: "Traces supervise: `p` and `c` replace the record and then signal, `d` signals first, and `u` replaces it \
               before and after the start.",
        run: |world| {
            let web = world.service("web", "")?;
            world.files.write("web/down", "")?;
            let calls =
                "trace=?rename,?renameat,?renameat2,kill,?tkill,?tgkill,?pidfd_send_signal,clone,?clone3,?fork,?vfork";
            let traced = world.traced(&["-o", "calls", "-e", calls], "supervise")?.arg("web").start()?;
            web.until_supervised()?;
            // What is done, in order, in words.
            let done = || -> Vec<String> {
                let word = |line: String| match line.split('(').next()? {
                    "rename" | "renameat" | "renameat2" => Some("record".to_owned()),
                    "kill" | "tkill" | "tgkill" | "pidfd_send_signal" => {
                        let signal = line.split("SIG").nth(1)?;
                        Some(signal.chars().take_while(char::is_ascii_uppercase).collect())
                    }
                    "clone" | "clone3" | "fork" | "vfork" => Some("start".to_owned()),
                    _ => None,
                };
                world.files.lines("calls").into_iter().filter_map(word).collect()
            };
            let traced_pid = traced.traced_pid()?;
            world.until_idle(traced_pid)?;
            let mut wanted: Vec<String> = done();
            world.expect("done at the start", wanted.iter().all(|word| word == "record"), true)?;
            for (byte, does) in [
                ("u", &["record", "start", "record"][..]),
                ("p", &["record", "STOP"]),
                ("c", &["record", "CONT"]),
                // The rest since the start is over by then, so the death and the next start are one after the other.
                ("t", &["TERM", "record", "start", "record"]),
                ("d", &["TERM", "CONT", "record", "record"]),
                ("o", &["record", "start", "record"]),
                ("k", &["KILL", "record"]),
            ] {
                if byte == "t" {
                    web.until_settled()?;
                }
                web.control()?.send(byte)?;
                wanted.extend(does.iter().map(|&word| word.to_owned()));
                world.until(&format!("done by {byte}"), wanted.clone(), || Ok(done()))?;
            }
            web.control()?.send("x")?;
            traced.expect_exit("exit 0")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/writes-a-removed-record-again",
        requirements: &["SUP-63"],
        uses: &[SUPERVISE, SVC],
        does: "Removes the record: it stays away until the next command writes it.",
        run: |world| {
            let web = world.service("web", "")?;
            let supervise = web.supervise()?;
            web.until_settled()?;
            let before = web.record()?.whole()?;
            world.files.remove("web/supervise/status")?;
            world.stays("the record", None::<Record>, Duration::from_millis(100), || Ok(web.record()?.read()))?;
            web.svc("-p")?;
            let after = web.record()?.until("up, paused 1, want u")?;
            world.expect("stamp and pid", (after.stamp(), after.pid()), (before.stamp(), before.pid()))?;
            world.expect("words", supervise.err(), "")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/goes-on-without-a-record",
        requirements: &["SUP-29"],
        uses: &[SUPERVISE, SVC],
        does: "Has the record's new file not be opened, or not be renamed: supervise warns, obeys, leaves the old \
               record, and the next write that can be done mends it.",
        run: |world| {
            // A fifo without a reader, a directory, and a directory that the new file is to replace.
            let new = "unable to open W/supervise/status.new";
            let obstacles = [
                ("fifo", "status.new", format!("{new}: device not configured")),
                ("new", "status.new", format!("{new}: is a directory")),
                ("old", "status", "unable to rename W/supervise/status.new to status: is a directory".to_owned()),
            ];
            let mut supervises = vec![];
            for (name, ..) in &obstacles {
                let service = world.service(name, "")?;
                supervises.push((service.supervise()?, service));
            }
            for ((supervise, service), (name, file, message)) in supervises.into_iter().zip(obstacles) {
                service.until_settled()?;
                let before = service.record()?.whole()?;
                let obstacle = format!("{name}/supervise/{file}");
                if file == "status" {
                    world.files.remove(&obstacle)?;
                }
                if name == "fifo" {
                    world.files.make_fifo(&obstacle)
                } else {
                    world.files.make_directory(&obstacle).map(drop)
                }?;
                service.svc("-p")?;
                let state = || Ok(Process::look(before.pid()).map(|process| process.state));
                world.until("the state of ./run", Some('T'), state)?;
                supervise.until_only_lines(&format!("supervise: warning: {}", message.replace('W', name)), 1)?;
                if file == "status" {
                    let new = world.files.identity(format!("{name}/supervise/status.new"));
                    world.expect("bytes of the new file", new.map(|(_, size, ..)| size), Some(18))?;
                } else {
                    world.expect("the record", service.record()?.whole()?, before)?;
                }
                world.files.remove(&obstacle)?;
                service.svc("-p")?;
                let after = service.record()?.until("up, paused 1, want u")?;
                world.expect("stamp and pid", (after.stamp(), after.pid()), (before.stamp(), before.pid()))?;
                world.expect(
                    "the files in supervise",
                    world.files.names(format!("{name}/supervise")),
                    ["control", "lock", "ok", "status"],
                )?;
                world.expect("words", supervise.err_lines().len(), 1)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/goes-on-with-a-full-disk",
        requirements: &["SUP-29"],
        uses: &[SUPERVISE, SVC],
        does: "Fills the disk and pauses the service: it is paused, supervise warns, the old record is still whole, \
               and the next command with room writes a new one.",
        run: |world| {
            let disk = world.disk("disk", 1 << 16)?;
            let web = world.service("disk/web", "")?;
            let supervise = web.supervise()?;
            web.until_settled()?;
            let pid = web.until_up()?;
            let before = web.record()?.whole()?;
            disk.fill("filler")?;
            web.svc("-p")?;
            world.until("it is stopped", Some('T'), || Ok(Process::look(pid).map(|process| process.state)))?;
            supervise.until_only_lines(
                "supervise: warning: unable to write disk/web/supervise/status.new: out of disk space",
                1,
            )?;
            world.expect("the record", web.record()?.whole()?, before)?;
            world.files.remove("disk/filler")?;
            web.svc("-p")?;
            web.record()?.until("up, paused 1, want u")?;
            world.expect("words", supervise.err_lines().len(), 1)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/goes-on-after-half-a-record",
        requirements: &["SUP-29"],
        uses: &[SUPERVISE, PRLIMIT],
        does: "Runs supervise where no file can have more than ten bytes: it warns of a partial write, leaves the old \
               record, and starts its service.",
        run: |world| {
            let web = world.scripted("web", SLEEPER)?;
            let old = Record::made(1000, 12_345, 1, b'd');
            world.files.make_directory("web/supervise")?;
            world.files.write("web/supervise/status", old.bytes)?;
            // The limit is one for files, and not for pipes: the words have to come through.
            world.files.make_fifo("err")?;
            let reader = RefCell::new(world.files.open_reader("err")?);
            let supervise = world.commands().join("supervise");
            let limited = world.program("/bin/sh").args(["-c", "exec 2>err; exec prlimit --fsize=10 \"$0\" \"$@\""]);
            let supervise = limited.arg(supervise).arg("web").start()?;
            world.until("./run", ["sleep S"], || Ok(family(world, &supervise)))?;
            let words = RefCell::new(vec![]);
            let warning = "supervise: warning: unable to write web/supervise/status.new: partial write\n".repeat(2);
            world.until_some("words on stderr", &warning, || {
                // Where there is nothing to read yet, that is an error, and what was read before it counts.
                let _ = reader.borrow_mut().read_to_end(&mut words.borrow_mut());
                let words = String::from_utf8_lossy(&words.borrow()).into_owned();
                Ok(if words.starts_with(&warning) { Ok(()) } else { Err(words) })
            })?;
            let record = web.record()?.whole()?;
            // Before the reader goes: the next warning would kill it, and leave its service.
            supervise.kill(Signal::SIGKILL)?;
            world.expect("the record", record, old)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/writes-the-record-at-its-place-in-the-order",
        requirements: &["SUP-27", "SUP-26"],
        uses: &[SUPERVISE, STRACE],
        does: "Traces signals, forks and renames: the start, p, c, d, a death, u and o each do theirs in the order of \
               the original.",
        run: |world| {
            const CALLS: &str = "trace=?rename,?renameat,?renameat2,?clone,?clone3,?fork,?vfork,?kill,?tkill,?tgkill,?pidfd_send_signal";
            let web = world.service("web", "survive TERM")?;
            world.traced(&["-o", "trace", "-e", CALLS], "supervise")?.arg("web").start()?;
            let start = ["record", "fork", "record"];
            web.until_starts(1)?;
            world.until("deeds", true, || Ok(deeds(world).starts_with(&start.map(str::to_owned))))?;
            // The original writes the record once more, the same, when its first second is over.
            web.until_settled()?;
            let before = deeds(world);
            let mut sum: Vec<&str> = before.iter().map(String::as_str).collect();
            let mut then = |what: &str, deeds_of_it: &[&'static str]| {
                sum.extend(deeds_of_it);
                world.until(&format!("deeds, with those of {what}"), &sum[..], || Ok(deeds(world)))
            };
            for (command, deeds_of_it) in
                [("p", &["record", "STOP"][..]), ("c", &["record", "CONT"]), ("d", &["TERM", "CONT", "record"])]
            {
                web.control()?.send(command)?;
                then(command, deeds_of_it)?;
            }
            web.plan("")?;
            world.signal(web.until_up()?, Signal::SIGKILL)?;
            then("a death", &["record"])?;
            for (number, command) in ["u", "o"].into_iter().enumerate() {
                web.control()?.send(command)?;
                then(command, &start)?;
                web.until_starts(number + 2)?;
                web.control()?.send("d")?;
                then("d and a death", &["TERM", "CONT", "record", "record"])?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/record-reads-as-libraries-read-it",
        requirements: &["SUP-20"],
        uses: &[SUPERVISE, SVC, SVSTAT],
        does: "Reads the 18 bytes as libraries for Perl and Node do: the stamp from bytes 0 to 7 less 2^62 and 10, the pid \
               from bytes 12 to 15 by hand, byte 16 and 17 as flags. The start is now, and the pid is the service.",
        run: |world| {
            let web: Service = world.service("web", "")?;
            let now = || Record::made(0, 0, 0, 0).unix_seconds();
            let before = now();
            web.supervise()?;
            let bytes = web.record()?.whole()?.bytes;
            let seconds = bytes[..8].iter().fold(0_i128, |sum, byte| (sum << 8) + i128::from(*byte));
            let since_epoch = seconds - (1 << 62) - 10;
            let in_time = i128::from(before) <= since_epoch && since_epoch <= i128::from(now());
            world.expect_that("the stamp", in_time, "the time of the start", since_epoch)?;
            let pid = i32::from(bytes[15]) << 24
                | i32::from(bytes[14]) << 16
                | i32::from(bytes[13]) << 8
                | i32::from(bytes[12]);
            world.expect("the pid", Some(pid), web.starts().first().map(|start| start.0))?;
            world.expect("the flags", &bytes[16..], b"\0u")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/keeps-what-was-wanted-last",
        requirements: &["SUP-53", "SUP-43b"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Makes supervise exit by combinations of commands, each for a service of its own. The record that stays has pid 0 \
               and what was last wanted.",
        run: |world| {
            let mut services = vec![];
            for (options, is_up, want) in [
                ("-dx", true, "d"),
                ("-xd", true, "d"),
                ("-xk", true, "u"),
                ("-okx", true, "0"),
                ("-ox", false, "0"),
                ("-ux", false, "u"),
            ] {
                let name = options.replace('-', "with-");
                let (service, supervise) = if is_up {
                    let service = world.service(&name, "")?;
                    let supervise = service.supervise()?;
                    (service, supervise)
                } else {
                    // Longer than the second in which a supervise may be deaf.
                    world.down_service(&name, "exit 0 after 1300")?
                };
                service.svc(options)?;
                services.push((service, supervise, want));
            }
            for (service, supervise, want) in &services {
                supervise.expect_exit("exit 0")?;
                let state = service.record()?.whole()?.state();
                world.expect(&format!("record of {}", service.name), state, format!("down, paused 0, want {want}"))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
];

/// How long nothing is to happen, where nothing is to happen.
const QUIET: Duration = Duration::from_millis(150);

/// A service that `u` has started, with its supervise and a watch on its record. One that supervise starts by itself has
/// its record written once more by the original, after the first second.
fn watched_service(world: &World, plan: &str) -> Result<(Service, Running, Rewrites), Failure> {
    let (web, supervise) = world.down_service("web", plan)?;
    web.control()?.send("u")?;
    web.record()?.until("up, paused 0, want u")?;
    web.until_starts(1)?;
    let watch = web.record()?.watch(&supervise)?;
    Ok((web, supervise, watch))
}

fn since(begin: u64, end: u64) -> Duration {
    Duration::from_nanos(end.saturating_sub(begin))
}

/// Expects the stamp of `record` to lie between two times of day.
fn expect_stamp(world: &World, record: &Record, from: Duration, to: Duration) -> Outcome {
    let seconds = u64::try_from(record.unix_seconds()).unwrap_or_default();
    world.expect_that("nanoseconds", record.nanoseconds() < 1_000_000_000, "less than 10^9", record.nanoseconds())?;
    let stamp = Duration::new(seconds, record.nanoseconds());
    // The clock of the record counts microseconds, and its last three digits are anybody's guess.
    let slack = Duration::from_micros(1);
    world.expect_that("stamp", from <= stamp + slack && stamp <= to + slack, &format!("{from:?} to {to:?}"), stamp)
}

/// A ./run that does nothing, and neither handles nor prints anything.
const SLEEPER: &str = "#!/bin/sh\nexec sleep 1000\n";

/// The children of `parent` by name and state, sorted.
fn family(_world: &World, parent: &Running) -> Vec<String> {
    let mut children = process::lives_of_children(parent.pid);
    children.sort();
    children
}

/// What a traced supervise did: `fork`, `record` for its renaming, and the signals it sent.
fn deeds(world: &World) -> Vec<String> {
    let deed = |line: String| -> Option<String> {
        let (call, arguments) = line.split_once('(')?;
        Some(match call {
            "rename" | "renameat" | "renameat2" => "record".to_owned(),
            "clone" | "clone3" | "fork" | "vfork" => "fork".to_owned(),
            "kill" | "tkill" | "tgkill" | "pidfd_send_signal" => {
                let (_, name) = arguments.split_once("SIG")?;
                name.chars().take_while(char::is_ascii_alphanumeric).collect()
            }
            _ => return None,
        })
    };
    world.files.lines("trace").into_iter().filter_map(deed).collect()
}
