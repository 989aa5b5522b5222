//! supervise: the record in `supervise/status`.

use super::{CLOSED, DEADLY, OVER, QUIET, SLEEPER, watched_service};
use crate::commands::tool;
use crate::observe::process::{self, Process};
use crate::observe::record::Record;
use crate::outcome::{Failure, Outcome};
use crate::scenario::{MOUNTS, PRLIMIT, STRACE, SUPERVISE, SVC, SVOK, SVSTAT, Scenario};
use crate::world::{Command, FORKS, RENAMES, SIGNALS, World};
use nix::sys::signal::Signal;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    // The 18 bytes.
    Scenario {
        id: "supervise/record/records-time-pid-and-want",
        requirements: &["SUP-20"],
        uses: &[SUPERVISE, SVOK],
        does: "Compares each of the 18 bytes with the clock, the pid and what is wanted. The service is down, runs once, is \
               wanted up, and is down again.",
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
        does: "Makes the fork of supervise return the pid 67305985, whose bytes are 01 02 03 04 from the lowest on. The \
               record has them in this order.",
        run: |world| {
            const PID: [u8; 4] = [1, 2, 3, 4];
            let web = world.service("web", "")?;
            let inject = format!("inject={FORKS}:retval={}:when=1", i32::from_le_bytes(PID));
            let options = ["-o", "/dev/null", "-e", &format!("trace={FORKS}"), "-e", &inject];
            world.traced(&options, "supervise")?.arg("web").start()?;
            let record = web.record()?.until("up, paused 0, want u")?;
            world.expect("bytes 12 to 15", &record.bytes[12..16], &PID[..])?;
            world.expect("starts", web.starts().len(), 0)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/can-be-decoded-as-libraries-do",
        requirements: &["SUP-20"],
        uses: &[SUPERVISE, SVOK, SVSTAT],
        does: "Decodes the record as libraries for Perl and Node do: the time from bytes 0 to 7 less 2^62 and 10, the pid \
               from bytes 12 to 15, flags from bytes 16 and 17. They are the time of the start, ./run, and not paused, \
               wanted up.",
        run: |world| {
            let web = world.service("web", "")?;
            let now = || i128::from(world.time_of_day().as_secs());
            let before = now();
            web.supervise()?;
            let bytes = web.record()?.whole()?.bytes;
            let seconds = bytes[..8].iter().fold(0_i128, |sum, byte| (sum << 8) + i128::from(*byte));
            let since_epoch = seconds - (1 << 62) - 10;
            let in_time = before <= since_epoch && since_epoch <= now();
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
    // When the record changes.
    Scenario {
        id: "supervise/record/moves-the-stamp-at-starts-and-ends-only",
        requirements: &["SUP-22", "SUP-20"],
        uses: &[SUPERVISE, SVOK],
        does: "Compares the stamp with the clock at the start of supervise and at a start and an end of ./run. No command \
               moves it in between.",
        run: |world| {
            let from = world.time_of_day();
            let (web, supervise) = world.down_service("web", "survive HUP")?;
            let down = web.record()?.whole()?;
            expect_stamp(world, &down, from, world.time_of_day())?;

            // `p`, `c` and `d` replace the file by one with the same bytes.
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
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Counts how often the record is replaced while a running service gets every command that it survives: once \
               for each `d`, `u`, `o`, `p`, `c` and `x`, and never for another byte.",
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
        uses: &[SUPERVISE, SVOK],
        does: "Counts how often the record is replaced for each byte while the service is down, for a start, for an end, \
               and when supervise exits.",
        run: |world| {
            let (web, supervise) = world.down_service("web", "")?;
            let watch = web.record()?.watch(&supervise)?;
            let mut rewrites = 0;
            for (byte, times) in
                [("h", 0), ("a", 0), ("i", 0), ("t", 0), ("k", 0), ("\n", 0), ("D", 0), ("p", 1), ("c", 1), ("d", 1)]
            {
                // Once the record shows the `d`, supervise has read the byte before it.
                web.control()?.send(format!("{byte}d"))?;
                rewrites += times + 1;
                watch.until(rewrites)?;
                let state = web.record()?.whole()?.state();
                world.expect(&format!("state after {byte}"), state, "down, paused 0, want d")?;
            }
            world.expect("starts", web.starts().len(), 0)?;
            // `u` records what is wanted, and then the start.
            web.control()?.send("u")?;
            web.until_starts(1)?;
            watch.until(rewrites + 2)?;
            // `d` records what is wanted, and then the end.
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
        id: "supervise/record/ignores-signals-and-foreign-children",
        requirements: &["SUP-22", "SUP-23", "SUP-60", "SUP-62"],
        uses: &[SUPERVISE, SVOK],
        does: "Sends CHLD, CONT, WINCH and URG to supervise and kills a child that it did not start. The record is neither \
               changed nor replaced.",
        run: |world| {
            let web = world.service("web", "")?;
            world.files.write("web/down", "")?;
            let foreign = "sleep 1000 & echo $! >foreign";
            let supervise = world.command("supervise").after(foreign).arg("web").start()?;
            web.until_supervised()?;
            // A start by command: the original writes the record once more in the second after any other.
            web.control()?.send("u")?;
            let before = web.record()?.until("up, paused 0, want u")?;
            web.until_starts(1)?;
            let watch = web.record()?.watch(&supervise)?;
            for signal in [Signal::SIGCHLD, Signal::SIGCONT, Signal::SIGWINCH, Signal::SIGURG].repeat(3) {
                supervise.signal(signal)?;
            }
            let foreign = world.files.lines("foreign")[0].parse().unwrap_or_default();
            world.signal(foreign, Signal::SIGKILL)?;
            world.until("children of supervise", ["run S"], || Ok(process::lives_of_children(supervise.pid)))?;
            world.stays("the record, and times that it was replaced", (Some(before), 0), QUIET, || {
                Ok((web.record()?.read(), watch.count()?))
            })
        },
        ..Scenario::ORDINARY
    },
    // How the record is written.
    Scenario {
        id: "supervise/record/never-shows-part-of-a-record",
        requirements: &["SUP-28"],
        uses: &[SUPERVISE, SVOK],
        does: "Reads the record thousands of times while supervise keeps replacing it. The file exists each time and has 18 \
               bytes.",
        run: |world| {
            let (web, supervise) = world.down_service("web", "")?;
            let watch = web.record()?.watch(&supervise)?;
            let status = web.directory.join("supervise/status");
            let (sent, reads, files) = (Cell::new(0), Cell::new(0), RefCell::new(BTreeSet::new()));
            let look = || {
                // As much as the FIFO takes, so that supervise always has something to do.
                if watch.count()? + 900 > sent.get() {
                    web.control()?.send("pcd".repeat(300))?;
                    sent.set(sent.get() + 900);
                }
                for _ in 0..300 {
                    let length = std::fs::read(&status).map(|bytes| bytes.len()).map_err(|error| error.to_string());
                    if length != Ok(18) {
                        return Err(world.failed("length of the record", "18", format!("{length:?}")));
                    }
                    files.borrow_mut().insert(status.metadata().map(|file| (file.ino(), file.mtime_nsec())).ok());
                }
                reads.set(reads.get() + 300);
                Ok((reads.get(), files.borrow().len()))
            };
            // In steps, because a busy machine can be slow as long as it gets on.
            for (least_reads, least_files) in (1..=10).map(|step| (step * 600, step * 10)) {
                let wanted = format!("{least_reads} and {least_files} or more");
                world.until_some("reads, and files read", &wanted, || {
                    let (reads, files) = look()?;
                    let enough = reads >= least_reads && files >= least_files;
                    Ok(if enough { Ok(()) } else { Err(format!("{reads} and {files}")) })
                })?;
            }
            world.expect("looks that found no file", files.borrow().contains(&None), false)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/does-not-force-the-record-to-disk",
        requirements: &["SUP-28"],
        uses: &[SUPERVISE, STRACE],
        does: "Traces the system calls that wait for the disk while supervise starts, obeys commands and exits. It makes \
               none.",
        run: |world| {
            let (web, calls) = (world.service("web", "")?, "trace=?fsync,?fdatasync,?sync,?syncfs,?msync");
            let traced = world.traced(&["-o", "calls", "-e", calls], "supervise")?.arg("web").start()?;
            web.until_starts(1)?;
            web.control()?.send("pcdx")?;
            traced.expect_exit("exit 0")?;
            let calls = world.files.lines("calls").into_iter().filter(|line| line.contains("sync"));
            world.expect("calls", calls.collect::<Vec<_>>(), vec![""; 0])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/orders-record-and-signal",
        requirements: &["SUP-27", "SUP-26"],
        uses: &[SUPERVISE, STRACE, SVOK],
        does: "Traces a supervise whose service is down at first. `u` and `o` replace the record before and after the \
               start, `p` and `c` before their signal, `d` after its own, and `t` and `k` for what follows.",
        run: |world| {
            let web = world.service("web", "")?;
            world.files.write("web/down", "")?;
            let traced = world.traced(&["-o", TRACE, "-e", &deed_calls()], "supervise")?.arg("web").start()?;
            web.until_supervised()?;
            world.until_idle(traced.traced_pid()?)?;
            let mut wanted = deeds(world);
            world.expect("done at the start", wanted.iter().all(|deed| deed == "record"), true)?;
            for (byte, does) in [
                ("u", &["record", "fork", "record"][..]),
                ("p", &["record", "STOP"]),
                ("c", &["record", "CONT"]),
                // The service has been up for a second by then, so the next start follows its death at once.
                ("t", &["TERM", "record", "fork", "record"]),
                ("d", &["TERM", "CONT", "record", "record"]),
                ("o", &["record", "fork", "record"]),
                ("k", &["KILL", "record"]),
            ] {
                if byte == "t" {
                    web.until_settled()?;
                }
                web.control()?.send(byte)?;
                wanted.extend(does.iter().map(|&deed| deed.to_owned()));
                world.until(&format!("what supervise has done after {byte}"), wanted.clone(), || Ok(deeds(world)))?;
            }
            web.control()?.send("x")?;
            traced.expect_exit("exit 0")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/writes-the-record-at-its-place-in-the-order",
        requirements: &["SUP-27", "SUP-26"],
        uses: &[SUPERVISE, STRACE],
        does: "Traces a supervise that starts its service by itself. The record is replaced before and after that start, \
               after the signals of a `d` that the service survives, at a death, and around the starts for `u` and `o`.",
        run: |world| {
            let web = world.service("web", "survive TERM")?;
            world.traced(&["-o", TRACE, "-e", &deed_calls()], "supervise")?.arg("web").start()?;
            let start = ["record", "fork", "record"];
            let pid = web.until_starts(1)?[0].0;
            let starts_so = || Ok(deeds(world).starts_with(&start.map(str::to_owned)));
            world.until(&format!("supervise begins with {start:?}"), true, starts_so)?;
            // The original writes the record once more, the same, when its first second is over.
            web.until_settled()?;
            let before = deeds(world);
            let mut sum: Vec<&str> = before.iter().map(String::as_str).collect();
            let mut then = |what: &str, follows: &[&'static str]| {
                sum.extend(follows);
                world.until(&format!("what supervise has done after {what}"), &sum[..], || Ok(deeds(world)))
            };
            for (byte, does) in
                [("p", &["record", "STOP"][..]), ("c", &["record", "CONT"]), ("d", &["TERM", "CONT", "record"])]
            {
                web.control()?.send(byte)?;
                then(byte, does)?;
            }
            web.plan("")?;
            world.signal(pid, Signal::SIGKILL)?;
            then("a death", &["record"])?;
            for (number, byte) in ["u", "o"].into_iter().enumerate() {
                web.control()?.send(byte)?;
                then(byte, &start)?;
                web.until_starts(number + 2)?;
                web.control()?.send("d")?;
                then("d and a death", &["TERM", "CONT", "record", "record"])?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    // When the record cannot be written.
    Scenario {
        id: "supervise/record/controls-without-a-record",
        requirements: &["SUP-29"],
        uses: &[SUPERVISE, SVOK],
        does: "Blocks the record of one service by a directory in two places. supervise warns at each \
               write, keeps the old record, obeys, and writes the next record that it can.",
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
            // One for what is wanted and one for the start.
            warnings.extend([open("is a directory"), open("is a directory")]);
            until_warned(&warnings)?;
            web.until_starts(1)?;
            world.expect("record", web.record()?.whole()?, before)?;
            world.files.remove("web/supervise/status.new")?;
            web.control()?.send("c")?;
            let up = web.record()?.until("up, paused 0, want u")?;
            world.expect("pid in the record", up.pid(), web.starts()[0].0)?;

            world.files.remove("web/supervise/status")?;
            world.files.make_directory("web/supervise/status")?;
            web.control()?.send("d")?;
            let rename = "supervise: warning: unable to rename web/supervise/status.new to status: is a directory";
            // One for what is wanted and one for the end.
            warnings.extend([rename.to_owned(), rename.to_owned()]);
            until_warned(&warnings)?;
            world.expect("length of status.new", world.files.size("web/supervise/status.new"), Some(18))?;
            world.files.remove("web/supervise/status")?;
            web.control()?.send("d")?;
            web.record()?.until("down, paused 0, want d")?;
            world.expect("warnings", supervise.err_lines(), warnings)?;
            world.expect("supervise runs", supervise.is_running(), true)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/goes-on-without-a-record",
        requirements: &["SUP-29"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Blocks the records of two running services, each in another way, and pauses each twice. supervise warns \
               once and pauses it; the second `p` mends the record and leaves no other file.",
        run: |world| {
            // A directory, and a directory that the new file would have to replace.
            let new = "unable to open W/supervise/status.new";
            let obstacles = [
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
                world.files.make_directory(&obstacle)?;
                service.svc("-p")?;
                world.until_stopped(before.pid(), true)?;
                supervise.until_only_lines(&format!("supervise: warning: {}", message.replace('W', name)), 1)?;
                if file == "status" {
                    let length = world.files.size(format!("{name}/supervise/status.new"));
                    world.expect("length of status.new", length, Some(18))?;
                } else {
                    world.expect("the record", service.record()?.whole()?, before)?;
                }
                world.files.remove(&obstacle)?;
                service.svc("-p")?;
                let after = service.record()?.until("up, paused 1, want u")?;
                world.expect("stamp and pid", &after.bytes[..16], &before.bytes[..16])?;
                let files = world.files.names(format!("{name}/supervise"));
                world.expect("the files in supervise", files, ["control", "lock", "ok", "status"])?;
                world.expect("warnings", supervise.err_lines().len(), 1)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/warns-of-a-record-that-does-not-fit",
        requirements: &["SUP-29"],
        uses: &[SUPERVISE, PRLIMIT, SVOK],
        does: "Limits files to 9 bytes and to none, with SIGXFSZ ignored. Each write of the record gets a warning, `partial \
               write` or `file too big`; there is no record, and commands are obeyed.",
        run: |world| {
            let web = world.scripted("web", SLEEPER)?;
            world.files.write("web/down", "")?;
            for (size, why) in [(9, "partial write"), (0, "file too big")] {
                // The limit holds for files and not for FIFOs, so the warnings get through.
                let name = format!("stderr-{size}");
                let stderr = world.fifo(&name)?;
                let supervise = supervise_with_file_limit(world, size)?.ignored("XFSZ").errors(&name).start()?;
                web.until_supervised()?;
                web.control()?.send("o")?;
                world.until("children of supervise", 1, || Ok(Process::children(supervise.pid).len()))?;
                web.control()?.send("xk")?;
                supervise.expect_exit("exit 0")?;
                // At its start; for `o`, the start of ./run, `x`, and the end of ./run.
                let warning = format!("supervise: warning: unable to write web/supervise/status.new: {why}\\n");
                let messages = stderr.taken()?;
                let times = messages.matches(&warning).count();
                world.expect("messages", &messages, &warning.repeat(times))?;
                world.expect_that("number of warnings", times >= 5, "5 or more", times)?;
                world.expect("record", web.record()?.read(), None)?;
                world.expect("length of status.new", world.files.size("web/supervise/status.new"), Some(size))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/goes-on-after-half-a-record",
        requirements: &["SUP-29"],
        uses: &[SUPERVISE, PRLIMIT],
        does: "Limits files to ten bytes where an old record exists. supervise warns of a partial write twice, keeps the \
               old record, and starts its service.",
        run: |world| {
            let web = world.scripted("web", SLEEPER)?;
            let old = Record::made(1000, 12_345, 1, b'd');
            world.files.make_directory("web/supervise")?;
            web.record()?.set(old.bytes)?;
            let stderr = world.fifo("stderr")?;
            let supervise = supervise_with_file_limit(world, 10)?.errors("stderr").start()?;
            world.until("children", ["sleep S"], || Ok(process::lives_of_children(supervise.pid)))?;
            let messages = RefCell::new(String::new());
            let warnings = "supervise: warning: unable to write web/supervise/status.new: partial write\\n".repeat(2);
            world.until_some("its standard error", &warnings, || {
                *messages.borrow_mut() += &stderr.taken()?;
                let messages = messages.borrow().clone();
                Ok(if messages.starts_with(&warnings) { Ok(()) } else { Err(messages) })
            })?;
            let record = web.record()?.whole()?;
            // Before the reader is closed: the next warning would kill supervise and leave its service behind.
            supervise.kill(Signal::SIGKILL)?;
            world.expect("the record", record, old)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/goes-on-with-a-full-disk",
        requirements: &["SUP-29"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT, MOUNTS],
        does: "Fills the disk and pauses the service twice. It is stopped, supervise warns, and there is a whole record; with \
               room again, the next command writes a new one.",
        run: |world| {
            let disk = world.disk("disk", 1 << 16)?;
            let web = world.service("disk/web", "")?;
            let supervise = web.supervise()?;
            web.until_settled()?;
            disk.fill("filler")?;
            let warning = "supervise: warning: unable to write disk/web/supervise/status.new: out of disk space";
            for count in [1, 2] {
                web.svc("-p")?;
                world.until_stopped(web.starts()[0].0, true)?;
                supervise.until_only_lines(warning, count)?;
                web.record()?.whole()?;
                disk.fill(&format!("filler{count}"))?;
            }
            for filler in ["filler", "filler1", "filler2"] {
                world.files.remove(format!("disk/{filler}"))?;
            }
            web.svc("-p")?;
            web.record()?.until("up, paused 1, want u")?;
            world.expect("warnings", supervise.err_lines().len(), 2)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/is-old-while-the-disk-is-full",
        requirements: &["SUP-29"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT, MOUNTS],
        does: "Fills the disk and pauses the service. The old record stays.",
        run: |world| {
            let disk = world.disk("disk", 1 << 16)?;
            let web = world.service("disk/web", "")?;
            let supervise = web.supervise()?;
            web.until_settled()?;
            let before = web.record()?.whole()?;
            disk.fill("filler")?;
            web.svc("-p")?;
            world.until_stopped(web.starts()[0].0, true)?;
            let warning = "supervise: warning: unable to write disk/web/supervise/status.new: out of disk space";
            supervise.until_only_lines(warning, 1)?;
            world.stays("the record", before, QUIET, || web.record()?.whole())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/stays-old-until-the-next-event",
        requirements: &["SUP-29"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Blocks the record by a directory, pauses the service and removes the directory. The record does not show the \
               pause.",
        run: |world| {
            let web = world.service("web", "")?;
            let supervise = web.supervise()?;
            web.until_settled()?;
            let before = web.record()?.whole()?;
            world.files.make_directory("web/supervise/status.new")?;
            web.svc("-p")?;
            supervise
                .until_only_lines("supervise: warning: unable to open web/supervise/status.new: is a directory", 1)?;
            world.files.remove("web/supervise/status.new")?;
            world.stays("the record", before, OVER, || web.record()?.whole())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/is-written-with-closed-descriptors",
        requirements: &["SUP-05", "SUP-53"],
        uses: &[SUPERVISE],
        does: "Starts supervise with some or all of descriptors 0 to 2 closed. It holds the lock, records the running \
               service and, when it has been asked to exit, the end.",
        run: |world| {
            let mut supervises = vec![];
            for (name, closed) in CLOSED {
                let service = world.scripted(name, SLEEPER)?;
                supervises.push((world.command("supervise").closed(closed).arg(name).start()?, service));
            }
            for (supervise, service) in &supervises {
                service.record()?.until("up, paused 0, want u")?;
                world.expect("the lock is free", service.lock()?.is_some(), false)?;
                service.control()?.send("dx")?;
                supervise.expect_exit("exit 0")?;
                world.expect("the record", service.record()?.whole()?.to_string(), "pid 0, paused 0, want d")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    // Who else touches the record.
    Scenario {
        id: "supervise/record/writes-a-removed-record-again",
        requirements: &["SUP-63"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Removes the record. It is missing until the next command writes it.",
        run: |world| {
            let web = world.service("web", "")?;
            let supervise = web.supervise()?;
            web.until_settled()?;
            let before = web.record()?.whole()?;
            world.files.remove("web/supervise/status")?;
            world.stays("the record", None::<Record>, QUIET, || Ok(web.record()?.read()))?;
            web.svc("-p")?;
            let after = web.record()?.until("up, paused 1, want u")?;
            world.expect("stamp and pid", &after.bytes[..16], &before.bytes[..16])?;
            world.expect("stderr of supervise", supervise.err(), "")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/record/outlives-supervise",
        requirements: &["SUP-60"],
        uses: &[SUPERVISE, SVOK, SVSTAT],
        does: "Kills supervises with eight signals. The record still shows ./run, the other files in supervise/ are \
               untouched, and the lock is free.",
        run: |world| {
            const FILES: [&str; 3] = ["control", "lock", "ok"];
            let mut left = vec![];
            for signal in DEADLY {
                let service = world.service(signal.as_str(), "")?;
                let supervise = service.supervise()?;
                let files = move || FILES.map(|file| world.files.identity(format!("{signal}/supervise/{file}")));
                world.expect("the lock is free", service.lock()?.is_some(), false)?;
                let before = (service.record()?.whole()?, files());
                supervise.kill(signal)?;
                left.push((service, files, before));
            }
            for (service, files, before) in &left {
                service.until_unlocked()?;
                world.expect("record and files", (service.record()?.whole()?, files()), *before)?;
                let pid = service.starts().first().map(|start| start.0);
                world.expect("pid in the record", Some(before.0.pid()), pid)?;
            }
            Ok(())
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

/// The file that strace writes.
const TRACE: &str = "trace";

/// Returns the strace expression for the system calls that [`deeds`] reads.
fn deed_calls() -> String {
    format!("trace={RENAMES},{FORKS},{SIGNALS}")
}

/// Returns what a traced supervise has done so far: `fork`, `record` for a rename, or the signal that it sent.
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
    world.files.lines(TRACE).into_iter().filter_map(deed).collect()
}

/// Returns supervise for the service `web` where no file can grow beyond `size` bytes.
fn supervise_with_file_limit(world: &World, size: u64) -> Result<Command, Failure> {
    let prlimit = tool("prlimit").ok_or_else(|| Failure::missing("this machine lacks the program prlimit"))?;
    let supervise = world.commands().join("supervise");
    Ok(world.program(prlimit).arg(format!("--fsize={size}")).arg(supervise).arg("web"))
}

/// Expects the stamp of `record` to lie between two times of day.
#[track_caller]
fn expect_stamp(world: &World, record: &Record, from: Duration, to: Duration) -> Outcome {
    let seconds = u64::try_from(record.unix_seconds()).unwrap_or_default();
    world.expect_that("nanoseconds", record.nanoseconds() < 1_000_000_000, "less than 10^9", record.nanoseconds())?;
    let stamp = Duration::new(seconds, record.nanoseconds());
    // The original counts microseconds, and the last three digits of its nanoseconds are arbitrary (SUP-21).
    let slack = Duration::from_micros(1);
    world.expect_that("stamp", from <= stamp + slack && stamp <= to + slack, &format!("{from:?} to {to:?}"), stamp)
}
