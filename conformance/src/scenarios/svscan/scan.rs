//! svscan: what it starts, what it starts again, and what it says about the rest.

use crate::commands::tool;
use crate::observe::escape;
use crate::observe::process::{self, Process};
use crate::outcome::{Failure, Outcome};
use crate::scenario::{STRACE, SUPERVISE, SVC, SVSCAN, Scenario};
use crate::world::{Command, Exit, Running, Service, World};
use nix::sys::signal::Signal;
use std::ffi::OsStr;
use std::fs::{self};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svscan/scan/supervises-each-subdirectory",
        requirements: &["SCAN-01", "SCAN-03"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Scans a directory with a subdirectory, a link to another, names with a dot in front, and entries that are \
               no directories: the first two get a supervise and run, and nothing is said of the rest.",
        run: |world| {
            let scan = world.scan("scan")?;
            let linked = scan.service("linked", "")?;
            let real = world.service("scan/real", "")?;
            let hidden = [world.service("scan/.real", "")?, world.service("hidden", "")?];
            scan.list(&hidden[1], ".linked")?;
            world.files.write("scan/file", "")?;
            world.files.write_script("scan/script", "#!/bin/sh\n: >../script-was-run\n")?;
            world.files.make_fifo("scan/fifo")?;
            world.files.link("file", "scan/link-to-a-file")?;
            let svscan = scan.svscan()?;
            for service in [&linked, &real] {
                service.until_up()?;
            }
            let supervises = || Ok(svscan.children().into_keys().collect::<Vec<_>>());
            world.until("svscan's children", vec!["supervise linked", "supervise real"], supervises)?;
            world.stays("what is hidden", [false; 2], A_WHILE, || {
                Ok([0, 1].map(|at: usize| hidden[at].was_supervised()))
            })?;
            world.expect("svscan's children", supervises()?, vec!["supervise linked", "supervise real"])?;
            world.expect("the script was run", world.path("script-was-run").exists(), false)?;
            world.expect("svscan's output", (svscan.out(), svscan.err()), (String::new(), String::new()))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/hands-on-what-it-was-given",
        requirements: &["SCAN-06", "EXEC-05"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Starts svscan with an environment, umask, ignored signal and standard descriptors of its own: supervise is \
               its child by the arguments `supervise N`, and ./run finds all of that, the process group and the session.",
        run: |world| {
            let scan = world.scan("scan")?;
            let web = scan.service("web", "")?;
            for file in ["in", "out", "err"] {
                world.files.write(file, "")?;
            }
            let command = world.command("svscan").arg("scan").env("COLOUR", "two words\nand a line").env("EMPTY", "");
            let command = command.umask(0o027).ignored("HUP").input("in").output("out").errors("err");
            let svscan = command.start()?;
            web.expect_supervise(svscan.pid, "web")?;
            let starts = web.until_starts(1)?;
            let Some((_, _, start)) = starts.first() else { return Ok(()) };
            let given = process::environment(svscan.pid);
            world.expect_that("svscan's environment", given.len() >= 4, "what it was given", &given)?;
            world.expect("./run's environment", &start.environment, &given)?;
            world.expect("./run's umask", start.umask.as_str(), "0027")?;
            let ignored =
                process::status_line(svscan.pid, "SigIgn").map(|mask| process::signals_in(&mask)).unwrap_or_default();
            world.expect_that(
                "svscan's ignored signals",
                ignored.contains(&(Signal::SIGHUP as i32)),
                "with HUP",
                &ignored,
            )?;
            world.expect("./run's ignored signals", &start.ignored, &ignored)?;
            world.expect("./run's blocked signals", start.blocked.len(), 0)?;
            for (number, file) in ["in", "out", "err"].into_iter().enumerate() {
                let number = i32::try_from(number).unwrap_or_default();
                world.expect(file, start.descriptors.get(&number), Some(&world.files.real_path(file)?))?;
            }
            let me = Process::look(std::process::id().cast_signed());
            let (group, session) = me.map(|me| (me.group, me.session)).unwrap_or_default();
            world.expect("./run's group and session", (start.group, start.session), (group, session))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/runs-supervise-in-the-scanned-directory",
        requirements: &["SCAN-06", "SCAN-07", "SCAN-07b"],
        uses: &[SVSCAN],
        does: "Puts a script in the place of supervise: for a service with a log it is started as `supervise N` in the \
               scanned directory and as `supervise log` in N, each with one end of one pipe, which waits, with nothing \
               else open, and with the limits and blocked signals of svscan.",
        run: |world| {
            let scan = world.scan("scan")?;
            scan.service_with_log("web", "", "")?;
            // It says who it is, and is then a program that keeps nothing open of its own.
            stub(world, "stubs", "#!/bin/sh\necho \"$@\" >\"$STUBS/$$\"\nexec sleep 1000\n")?;
            for file in ["in", "out", "err"] {
                world.files.write(file, "")?;
            }
            let path = format!("{}:/usr/bin:/bin", search_path(world, &["stubs"]));
            let given =
                |command: Command| command.input("in").output("out").errors("err").after("ulimit -S -n 64").start();
            let svscan =
                given(world.command("svscan").arg("scan").env("PATH", path).env("STUBS", world.path("stubs")))?;
            // What the suite itself was started with may be open in all that it starts.
            let other = given(world.program("/bin/sh").args(["-c", "exec sleep 1000"]))?;

            let stub_of = |argument: &str| {
                world.until_some(&format!("supervise {argument}"), "running", || {
                    let children = Process::children(svscan.pid);
                    let stubs = children.iter().map(|child| (child, world.files.read(format!("stubs/{}", child.pid))));
                    let seen = format!("{:?}", stubs.clone().collect::<Vec<_>>());
                    let found = stubs
                        .into_iter()
                        .find(|(child, said)| child.name == "sleep" && *said == format!("{argument}\\n"));
                    Ok(found.map(|(child, _)| child.pid).ok_or(seen))
                })
            };
            let (main, log) = (stub_of("web")?, stub_of("log")?);
            // By then its limits are set.
            let name = || Process::look(other.pid).map(|other| other.name);
            world.until("name of the program beside svscan", Some("sleep".to_owned()), || Ok(name()))?;
            world.expect(
                "svscan's directory",
                process::current_directory(svscan.pid),
                world.files.real_path("scan")?,
            )?;
            world.expect(
                "the directory of `supervise web`",
                process::current_directory(main),
                world.files.real_path("scan")?,
            )?;
            world.expect(
                "the directory of `supervise log`",
                process::current_directory(log),
                world.files.real_path("web")?,
            )?;

            // A program that has just begun opens its libraries, and closes them.
            let idle = |pid| world.until_idle(pid);
            [other.pid, main, log].into_iter().try_for_each(idle)?;
            let mut wanted = process::descriptors(other.pid);
            let piped = process::descriptors(main).get(&1).cloned().unwrap_or_default();
            world.expect_that("stdout of `supervise web`", piped.starts_with("pipe:"), "a pipe", &piped)?;
            let file = wanted.insert(1, piped.clone());
            world.expect("descriptors of `supervise web`", process::descriptors(main), wanted.clone())?;
            wanted.insert(0, piped.clone());
            wanted.insert(1, file.unwrap_or_default());
            world.expect("descriptors of `supervise log`", process::descriptors(log), wanted)?;
            for (pid, number) in [(main, 1), (log, 0)] {
                // O_NONBLOCK
                let flags = process::flags(pid, number).and_then(|flags| i32::from_str_radix(&flags, 8).ok());
                world.expect("reads and writes on the pipe wait", flags.map(|flags| flags & 0o4000), Some(0))?;
                let handed_on = |pid| {
                    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
                    let rest = [0, 1, 2].into_iter().filter(|other| *other != number);
                    (
                        limits,
                        process::status_line(pid, "SigBlk"),
                        rest.map(|rest| process::flags(pid, rest)).collect::<Vec<_>>(),
                    )
                };
                world.expect(
                    "limits, blocked signals and flags of the other two",
                    handed_on(pid),
                    handed_on(other.pid),
                )?;
            }
            let ends = process::descriptors(svscan.pid).values().filter(|target| **target == piped).count();
            world.expect("ends of the pipe that svscan keeps", ends, 2)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/lets-output-through",
        requirements: &["SCAN-06"],
        uses: &[SVSCAN, SUPERVISE],
        does: "A script without a log prints to svscan's stdout and stderr, then redirects both to a file in its own \
               directory with `exec >>1.out 2>&1`: each line arrives where it belongs.",
        run: |world| {
            let scan = world.scan("scan")?;
            let script = "#!/bin/sh\necho said\necho cried >&2\nexec >>1.out 2>&1\necho said later\necho cried later >&2\n\
                  exec sleep 1000\n";
            let web = world.scripted("web", script)?;
            scan.list(&web, "web")?;
            let svscan = scan.svscan()?;
            world.until("the file", vec!["said later", "cried later"], || Ok(world.files.lines("web/1.out")))?;
            world.expect("svscan's output", (svscan.out().as_str(), svscan.err().as_str()), ("said\\n", "cried\\n"))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/takes-any-name",
        requirements: &["SCAN-03", "SCAN-03b", "SCAN-06", "SCAN-04"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Lists services under names with spaces, newlines, quotes, bytes that are not UTF-8, a dash in front, and \
               255 bytes: each runs under `supervise N`. A message tells such a name as it is.",
        run: |world| {
            let scan = world.scan("scan")?;
            let longest = "n".repeat(255);
            let names: [&[u8]; 11] = [
                b"two  words",
                b"two\nlines",
                b"\xff\xfe\x80",
                b"back\\slash",
                b"it's \"so\"",
                b"-x",
                b"--",
                b"*",
                b"~",
                b"$HOME",
                longest.as_bytes(),
            ];
            let mut services = vec![];
            for (number, name) in names.into_iter().enumerate() {
                let service = world.service(&format!("service-{number}"), "")?;
                scan.list(&service, OsStr::from_bytes(name))?;
                services.push(service);
            }
            world.files.link("nowhere", Path::new("scan").join(OsStr::from_bytes(b"lost \xff\\")))?;
            let svscan = scan.svscan()?;
            for (service, name) in services.iter().zip(names) {
                service.expect_supervise(svscan.pid, &escape(name))?;
            }
            let message = "svscan: warning: unable to stat lost \\xff\\\\: file does not exist\\n";
            world.expect("svscan's messages", svscan.err().as_str(), message)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/scans-the-directory-it-is-told",
        requirements: &["SCAN-01", "SCAN-01b", "GEN-04"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Starts svscan without an argument, with two, and on directories called `-x` and `--`: it scans the current \
               directory, the first of the two, and those.",
        run: |world| {
            let directories = ["here", "first", "second", "-x", "--"];
            let mut services = vec![];
            for (number, directory) in directories.into_iter().enumerate() {
                let service = world.service(&format!("service-{number}"), "")?;
                world.scan(directory)?.list(&service, "web")?;
                services.push(service);
            }
            let here = world.command("svscan").current_directory("here").start()?;
            let first = world.command("svscan").args(["first", "second", "--help"]).start()?;
            let dashes = [world.scan("-x")?.svscan()?, world.scan("--")?.svscan()?];
            let told = [(&here, 0), (&first, 1), (&dashes[0], 3), (&dashes[1], 4)];
            for (svscan, at) in told {
                services[at].expect_supervise(svscan.pid, "web")?;
                world.expect(
                    "svscan's directory",
                    process::current_directory(svscan.pid),
                    world.files.real_path(directories[at])?,
                )?;
            }
            world.stays("the second directory is scanned", false, A_WHILE, || Ok(services[2].was_supervised()))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/exits-111-where-it-cannot-go",
        requirements: &["SCAN-01", "SCAN-01b", "GEN-01", "GEN-02", "GEN-04"],
        uses: &[SVSCAN],
        does: "Starts svscan on what is missing, empty, a file, a link to itself, or an option of other programs: `svscan: \
               fatal: unable to chdir to D: ` with the phrase, exit code 111, and nothing on stdout.",
        run: |world| {
            world.files.write("file", "")?;
            world.files.link("loop", "loop")?;
            let table = [
                ("none", "file does not exist"),
                ("", "file does not exist"),
                ("file", "not a directory"),
                ("file/", "not a directory"),
                ("loop", "symbolic link loop"),
                ("--help", "file does not exist"),
                ("--version", "file does not exist"),
                ("-x", "file does not exist"),
            ];
            for (argument, phrase) in table {
                // Its full name as argv[0] does not show in what it says.
                let full_name = world.commands().join("svscan");
                let ran = world.command("svscan").argv0(full_name).args([argument, "ignored"]).run()?;
                let message = format!("svscan: fatal: unable to chdir to {argument}: {phrase}\\n");
                world.expect("svscan", (ran.exit.as_str(), ran.out.as_str(), ran.err), ("exit 111", "", message))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/says-each-message-in-one-write",
        requirements: &["GEN-03"],
        uses: &[SVSCAN, STRACE],
        does: "Traces svscan: its warning of a dangling link, in a child its message that there is no supervise, and a \
               fatal message are one write each, and nothing else is written.",
        run: |world| {
            let scan = world.scan("scan")?;
            let strace = || world.program(tool("strace").unwrap_or_default());
            if strace().args(["-o", "trace", "true"]).run()?.exit != "exit 0" {
                return Err(Failure::missing("right to trace processes".to_owned()));
            }
            let svscan = world.commands().join("svscan");
            world.files.make_directory("scan/web")?;
            world.files.make_directory("marked")?;
            scan.mark_scans()?;
            for (directory, message) in [
                ("none", "svscan: fatal: unable to chdir to none: file does not exist"),
                ("scan", "svscan: warning: unable to start supervise web: file does not exist"),
                ("marked", "svscan: warning: unable to stat each-scan: file does not exist"),
            ] {
                let trace = format!("trace-{directory}");
                let options = ["-f", "-s", "300", "-e", "trace=write,writev", "-o", &trace];
                // Its PATH has no supervise.
                strace().args(options).arg(&svscan).arg(directory).env("PATH", "/no/such/directory").start()?;
                let write = format!("write(2, \"{message}\\\\n\", {})", message.len() + 1);
                world.until_some(&format!("calls of write by svscan {directory}"), &write, || {
                    let lines = world.files.lines(&trace);
                    let calls: Vec<&String> = lines.iter().filter(|line| line.contains("write")).collect();
                    Ok(if calls.len() == 1 && calls[0].contains(&write) { Ok(()) } else { Err(format!("{lines:?}")) })
                })?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/starts-new-directories-within-five-seconds",
        requirements: &["SCAN-02"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Makes a link and a directory while svscan runs: both services are started by the next scan.",
        run: |world| {
            let scan = world.scan("scan")?;
            let first = scan.service("first", "")?;
            scan.svscan()?;
            first.until_up()?;
            let added = world.monotonic();
            let linked = scan.service("linked", "")?;
            let built = world.service("scan/built", "")?;
            for service in [&linked, &built] {
                let delay = first_start(world, service)?.saturating_sub(added);
                let delay = Duration::from_nanos(delay);
                world.expect_between("from its listing to its start", delay, Duration::ZERO, WITHIN_A_SCAN)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/scans-every-five-seconds",
        requirements: &["SCAN-02"],
        uses: &[SVSCAN],
        does: "Lists a dangling link and takes the time of the warnings about it at three scans: they are five seconds \
               apart.",
        run: |world| {
            let scan = world.scan("scan")?;
            scan.mark_scans()?;
            let svscan = scan.svscan()?;
            let mut times = vec![];
            for count in 1..=3 {
                scan.until_scans(&svscan, count)?;
                times.push(world.monotonic());
            }
            let between = times.windows(2).map(|two| Duration::from_nanos(two[1] - two[0])).min().unwrap_or_default();
            // What keeps one scan from being seen in time makes the other interval shorter.
            world.expect_between(
                "the shorter interval",
                between,
                Duration::from_millis(4500),
                Duration::from_millis(5500),
            )
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/a-new-directory-waits-for-the-next-scan",
        requirements: &["SCAN-02"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Makes a link right after svscan's first scan: the service is not started before five seconds have passed \
               since svscan was started.",
        run: |world| {
            let scan = world.scan("scan")?;
            let first = scan.service("first", "")?;
            let began = world.monotonic();
            scan.svscan()?;
            first.until_up()?;
            let late = scan.service("late", "")?;
            let delay = start_after(world, &late, 1, began)?;
            world.expect_between("from svscan's start to the new service's", delay, SECOND_SCAN, WITHIN_A_SCAN)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/restarts-a-dead-supervise-within-five-seconds",
        requirements: &["SCAN-02"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Kills a supervise: by the next scan there is a new one, child of the same svscan, and it runs the service.",
        run: |world| {
            let scan = world.scan("scan")?;
            let web = scan.service("web", "")?;
            let svscan = scan.svscan()?;
            let old = web.supervise_pid()?;
            let killed = world.monotonic();
            world.kill(old, Signal::SIGKILL)?;
            let delay = start_after(world, &web, 2, killed)?;
            world.expect_between("from its death to a start by a new one", delay, Duration::ZERO, WITHIN_A_SCAN)?;
            web.expect_supervise(svscan.pid, "web")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/restarts-what-is-listed-at-the-next-scan",
        requirements: &["SCAN-11", "SCAN-02", "SCAN-16"],
        uses: &[SVSCAN, SUPERVISE, SVC],
        does: "Sends -dx to two listed services and CHLD, CONT and WINCH to svscan: both supervises come back at the \
               second scan and not earlier, and run their service unless there is a `down`.",
        run: |world| {
            let scan = world.scan("scan")?;
            let web = scan.service("web", "")?;
            let idle = scan.service("idle", "")?;
            world.files.write("idle/down", "")?;
            let began = world.monotonic();
            let svscan = scan.svscan()?;
            web.until_started()?;
            idle.until_supervised()?;
            for service in [&web, &idle] {
                service.svc("-dx")?;
                service.until_unsupervised()?;
            }
            for signal in [Signal::SIGCHLD, Signal::SIGCONT, Signal::SIGWINCH] {
                world.signal(svscan.pid, signal)?;
            }
            let delay = start_after(world, &web, 2, began)?;
            world.expect_between("from svscan's start to the second start", delay, SECOND_SCAN, WITHIN_A_SCAN)?;
            idle.until_supervised()?;
            world.stays("starts of what is down", 0, A_WHILE, || Ok(idle.starts().len()))?;
            world.expect("starts", web.starts().len(), 2)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/forgets-what-is-removed-and-has-exited",
        requirements: &["SCAN-10", "SCAN-03", "SCAN-03b"],
        uses: &[SVSCAN, SUPERVISE, SVC],
        does: "Removes a service and one with a log, hides one behind a dot, and removes another that is left alone: nothing \
               stops. After -dx all but the last stay gone while a listed one comes back, and svscan closes the pipe; \
               listed again, the first runs again and the last has the supervise it had.",
        run: |world| {
            let scan = world.scan("scan")?;
            let [gone, kept, left] = ["gone", "kept", "left"].map(|name| scan.service(name, ""));
            let (gone, kept, left) = (gone?, kept?, left?);
            let hidden = world.service("scan/hidden", "")?;
            let (piped, log) = scan.service_with_log("piped", "", "")?;
            let svscan = scan.svscan()?;
            [&gone, &hidden, &kept, &left, &piped, &log].iter().try_for_each(|service| service.until_started())?;
            let pipe = process::descriptors(piped.until_up()?).remove(&1).unwrap_or_default();
            let ends = || Ok(process::descriptors(svscan.pid).values().filter(|target| **target == pipe).count());
            world.expect("ends of the pipe", ends()?, 2)?;
            let supervise = left.supervise_pid()?;

            world.files.remove("scan/gone")?;
            world.files.remove("scan/left")?;
            world.files.remove("scan/piped")?;
            world.files.rename("scan/hidden", "scan/.hidden")?;
            let hidden = world.service_called("scan/.hidden");
            let ended = || Ok([&gone, &hidden, &left].map(|service| service.events().len() > 1));
            world.stays("anything stops", [false; 3], A_WHILE, ended)?;
            for service in [&gone, &hidden, &kept, &piped, &log] {
                service.svc("-dx")?;
                service.until_unsupervised()?;
            }
            world.until("signals to what was removed", ["TERM", "TERM"].map(|name| vec![name.to_owned()]), || {
                Ok([&gone, &hidden].map(|service| service.signals()))
            })?;
            // The control, and the proof of a scan: what is still listed comes back.
            kept.until_starts(2)?;
            let supervised = || world.supervised(&[&gone, &hidden, &left]);
            world.stays("supervised", [false, false, true], A_WHILE, supervised)?;
            world.expect(
                "starts of what is gone",
                [&gone, &piped, &log].map(|service| service.starts().len()),
                [1; 3],
            )?;
            world.until("ends of the pipe", 0, ends)?;

            scan.list(&gone, "again")?;
            scan.list(&left, "left-again")?;
            gone.until_starts(2)?;
            gone.expect_supervise(svscan.pid, "again")?;
            world.stays("the supervise that was left alone", Some(supervise), A_WHILE, || {
                Ok(process::parent(left.until_up()?))
            })?;
            left.expect_supervise(svscan.pid, "left")?;
            world.expect("starts of what was left alone", left.starts().len(), 1)?;
            world.expect("svscan's messages", svscan.err().as_str(), "")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/knows-a-service-by-its-directory",
        requirements: &["SCAN-05"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Lists one directory under two names, renames an entry and a directory, and points a link elsewhere: after \
               the next scan each directory has exactly one supervise, and those that had one have the same.",
        run: |world| {
            let scan = world.scan("scan")?;
            let web = scan.service("web", "")?;
            scan.list(&web, "web-too")?;
            let moved = scan.service("moved", "")?;
            let real = world.service("scan/real", "")?;
            let old = world.service("old", "")?;
            let new = world.service("new", "")?;
            scan.list(&old, "switch")?;
            scan.mark_scans()?;
            let svscan = scan.svscan()?;
            let supervises = |real: &Service| {
                [&web, &moved, real, &old]
                    .into_iter()
                    .map(|service| service.supervise_pid())
                    .collect::<Result<Vec<_>, _>>()
            };
            for service in [&web, &moved, &real, &old] {
                service.until_up()?;
            }
            let before = supervises(&real)?;

            world.files.rename("scan/moved", "scan/moved-away")?;
            world.files.rename("scan/real", "scan/really")?;
            world.files.link("new", "switch")?;
            world.files.rename("switch", "scan/switch")?;
            let real = world.service_called("scan/really");
            new.until_up()?;
            scan.until_scans(&svscan, 2)?;
            world.stays("supervises", before, A_WHILE, || supervises(&real))?;
            for service in [&web, &moved, &real, &old, &new] {
                world.expect(&format!("starts of {}", service.name), service.starts().len(), 1)?;
            }
            let lock = svscan.err_lines().into_iter().find(|line| line.contains("lock"));
            world.expect("messages about locks", lock, None::<String>)?;
            world.expect("svscan's children", Process::children(svscan.pid).len(), 5)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/tells-two-disks-apart",
        requirements: &["SCAN-05"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Lists two directories that have the same inode number on two disks: each has a supervise and runs.",
        run: |world| {
            let scan = world.scan("scan")?;
            let mut services = vec![];
            for disk in ["one", "two"] {
                world.disk(disk, 1 << 20)?;
                services.push(scan.service(disk, "")?);
            }
            let number = |disk: &str| world.files.identity(disk).map(|(inode, ..)| inode);
            if number("one") != number("two") {
                return Err(Failure::missing("two disks that number their files alike".to_owned()));
            }
            let svscan = scan.svscan()?;
            for service in &services {
                service.expect_supervise(svscan.pid, &service.name)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/warns-at-each-scan-of-what-it-cannot-examine",
        requirements: &["SCAN-04"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Lists a dangling link and a link to itself: one warning each at the first scan and again at the second. A \
               dangling link that gets its target meanwhile is started.",
        run: |world| {
            let scan = world.scan("scan")?;
            let _late = world.service("late", "")?;
            world.files.link("nowhere", "scan/gone")?;
            world.files.link("loop", "scan/loop")?;
            world.files.link("../later", "scan/late")?;
            let warning = |name: &str, phrase: &str| format!("svscan: warning: unable to stat {name}: {phrase}");
            let mut warnings = ["gone", "late"].map(|name| warning(name, "file does not exist")).to_vec();
            warnings.push(warning("loop", "symbolic link loop"));
            let svscan = scan.svscan()?;
            world.until("messages", warnings.clone(), || sorted_messages(&svscan))?;
            world.stays("messages", warnings.clone(), A_WHILE, || sorted_messages(&svscan))?;
            world.files.rename("late", "later")?;
            let late = world.service_called("later");
            late.until_up()?;
            svscan.until_lines(&warnings[0], 2)?;
            svscan.until_lines(&warnings[2], 2)?;
            world.expect("svscan is running", svscan.is_running(), true)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/warns-of-denied-access-and-goes-on",
        requirements: &["SCAN-04", "SCAN-15"],
        uses: &[SVSCAN],
        does: "Has an ordinary user's svscan scan a directory that it may enter and not read, and one with an entry that \
               it may not examine: a warning at each scan. One that it may not enter is fatal.",
        run: |world| {
            world.files.make_directory("unreadable")?;
            world.files.make_directory("closed/web")?;
            world.files.link("../closed/web", "scan/web")?;
            world.files.set_mode("unreadable", 0o311)?;
            world.files.set_mode("closed", 0)?;
            let unreadable = world.bound_by_modes("svscan")?.arg("unreadable").start()?;
            let scan = world.bound_by_modes("svscan")?.arg("scan").start()?;
            let closed = world.bound_by_modes("svscan")?.arg("closed").run()?;
            let fatal = "svscan: fatal: unable to chdir to closed: access denied\\n";
            world.expect("svscan", (closed.exit.as_str(), closed.err.as_str()), ("exit 111", fatal))?;
            for times in [1, 2] {
                for (svscan, what) in [(&unreadable, "read directory"), (&scan, "stat web")] {
                    let warning = format!("svscan: warning: unable to {what}: access denied");
                    svscan.until_lines(&warning, times)?;
                    world.stays("messages", vec![warning.as_str(); times], A_WHILE / 2, || Ok(svscan.err_lines()))?;
                }
            }
            // Whoever cleans up may be no root.
            world.files.set_mode("unreadable", 0o755)?;
            world.files.set_mode("closed", 0o755)?;
            world.expect("svscan is running", [&unreadable, &scan].map(|svscan| svscan.is_running()), [true; 2])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/stays-in-a-deleted-directory",
        requirements: &["SCAN-01", "SCAN-01b", "SCAN-15"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Deletes the scanned directory and makes it again with a service in it: svscan says nothing, keeps running \
               with its first service, and does not start the new one, which another svscan starts.",
        run: |world| {
            let scan = world.scan("scan")?;
            let first = scan.service("first", "")?;
            let svscan = scan.svscan()?;
            let pid = first.until_up()?;
            world.files.remove("scan")?;
            let second = world.service("second", "")?;
            scan.list(&second, "second")?;
            // The control: one that began later has scanned twice by the time it has started this one again.
            scan.mark_scans()?;
            let other = scan.svscan()?;
            second.expect_supervise(other.pid, "second")?;
            scan.until_scans(&other, 2)?;
            world.stays("svscan's messages", "", A_WHILE, || Ok(svscan.err()))?;
            world.expect("svscan is running", svscan.is_running(), true)?;
            let supervises: Vec<String> = svscan.children().into_keys().collect();
            world.expect("its children", supervises, vec!["supervise first"])?;
            world.expect("the first service", first.until_up()?, pid)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/leaves-everything-running-when-killed",
        requirements: &["SCAN-16"],
        uses: &[SVSCAN, SUPERVISE, SVC],
        does: "Kills svscan by TERM, HUP, INT, USR1 and ALRM: it dies by that signal, the service and its supervise live \
               on, and svc still reaches them.",
        run: |world| {
            let signals = [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT, Signal::SIGUSR1, Signal::SIGALRM];
            let mut started = vec![];
            for signal in signals {
                let web = world.service(&format!("web-{}", signal.as_str()), "")?;
                let directory = format!("scan-{}", signal.as_str());
                world.scan(&directory)?.list(&web, "web")?;
                started.push((signal, world.scan(&directory)?.svscan()?, web));
            }
            for (signal, svscan, web) in &started {
                web.until_started()?;
                let (pid, supervise) = (web.until_up()?, web.supervise_pid()?);
                let exit = svscan.kill(*signal)?;
                world.expect("svscan", exit, Exit::Signal(*signal as i32))?;
                world.stays("the service", Some(pid), A_WHILE / 5, || web.pid())?;
                world.expect(
                    "supervise's parent",
                    process::parent(supervise),
                    Some(std::process::id().cast_signed()),
                )?;
                web.svc("-t")?;
            }
            for (_, _, web) in &started {
                let starts = web.until_starts(2)?;
                let parents: Vec<i32> = starts.iter().map(|(_, _, start)| start.parent).collect();
                world.expect("./run's parent", parents[0], parents[1])?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/a-second-svscan-meets-locks-and-takes-over",
        requirements: &["SCAN-17", "SCAN-16"],
        uses: &[SVSCAN, SUPERVISE, SVC],
        does: "Starts a second svscan over two running services: a lock message for each, and no harm. The first svscan is \
               killed and one service ended: the second starts it at its next scan and meets the other's lock again.",
        run: |world| {
            let scan = world.scan("scan")?;
            let (web, dns) = (scan.service("web", "")?, scan.service("dns", "")?);
            let first = scan.svscan()?;
            [&web, &dns].iter().try_for_each(|service| service.until_started())?;
            let pids = [web.until_up()?, dns.until_up()?];
            let second = scan.svscan()?;
            let [web_lock, dns_lock] = ["web", "dns"]
                .map(|name| format!("supervise: fatal: unable to acquire {name}/supervise/lock: temporary failure"));
            let locks = vec![dns_lock.clone(), web_lock];
            world.until("messages", locks.clone(), || sorted_messages(&second))?;
            let seen = || world.pids(&[&web, &dns]);
            world.stays("the services", pids.map(Some), A_WHILE, seen)?;
            world.expect("messages", sorted_messages(&second)?, locks)?;

            first.kill(Signal::SIGTERM)?;
            web.svc("-dx")?;
            web.until_unsupervised()?;
            web.until_starts(2)?;
            web.expect_supervise(second.pid, "web")?;
            second.until_lines(&dns_lock, 2)?;
            world.expect("the other service", dns.until_up()?, pids[1])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/supervises-a-directory-without-run",
        requirements: &["SCAN-19"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Lists a directory without ./run: it gets a supervise, which keeps saying that it cannot start it, and starts \
               it when it is made.",
        run: |world| {
            let scan = world.scan("scan")?;
            let web = world.bare_service("web")?;
            scan.list(&web, "web")?;
            let svscan = scan.svscan()?;
            web.until_supervised()?;
            let message = "supervise: fatal: unable to start web/run: file does not exist";
            svscan.until_lines(message, 2)?;
            world.files.write_script("web/run", "#!/bin/sh\n: >started\nexec sleep 1000\n")?;
            world.until("./run was started", true, || Ok(world.path("web/started").exists()))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/works-with-closed-descriptors",
        requirements: &["SCAN-18"],
        uses: &[SVSCAN, SUPERVISE, SVC],
        does: "Starts svscan with descriptors 0 and 1 closed: it starts a service, and starts it again at the next scan.",
        run: |world| {
            let scan = world.scan("scan")?;
            let web = scan.service("web", "")?;
            world.command("svscan").arg("scan").closed(&[0, 1]).start()?;
            web.until_started()?;
            web.svc("-dx")?;
            web.until_unsupervised()?;
            web.until_starts(2)?;
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/dies-of-its-own-message-to-nobody",
        requirements: &["GEN-06"],
        uses: &[SVSCAN],
        does: "Closes the reading end of the pipe that is svscan's stderr: its next warning kills it by SIGPIPE.",
        run: |world| {
            let scan = world.scan("scan")?;
            world.files.make_fifo("messages")?;
            let reader = world.files.open_reader("messages")?;
            let svscan = world.command("svscan").arg("scan").errors("messages").start()?;
            drop(reader);
            scan.mark_scans()?;
            world.expect("svscan", svscan.wait()?, Exit::Signal(Signal::SIGPIPE as i32))
        },
        ..Scenario::ORDINARY
    },
];

/// From one scan to the next, and what a busy machine may add.
const WITHIN_A_SCAN: Duration = Duration::from_secs(7);

/// From the start of svscan to its second scan, at least.
const SECOND_SCAN: Duration = Duration::from_millis(4900);

/// How long what must not happen is watched for.
const A_WHILE: Duration = Duration::from_millis(250);

/// Makes `DIRECTORY/supervise` a script.
fn stub(world: &World, directory: &str, script: &str) -> Outcome {
    world.files.make_directory(directory)?;
    world.files.write_script(format!("{directory}/supervise"), script)
}

/// A search path: each of `elements` is a directory of the world, or what it is if it starts with a dot or is empty.
fn search_path(world: &World, elements: &[&str]) -> String {
    let element = |element: &&str| match element {
        &"" => String::new(),
        relative if relative.starts_with('.') => (*relative).to_owned(),
        name => world.path(name).display().to_string(),
    };
    elements.iter().map(element).collect::<Vec<_>>().join(":")
}

/// When the probe of `service` was first started.
#[track_caller]
fn first_start(_world: &World, service: &Service) -> Result<u64, Failure> {
    Ok(service.until_starts(1)?.first().map_or(0, |(_, at, _)| *at))
}

/// When the last start of `service` was, by the time it has been started `count` times.
#[track_caller]
fn start_after(_world: &World, service: &Service, count: usize, from: u64) -> Result<Duration, Failure> {
    let at = service.until_starts(count)?.get(count - 1).map_or(0, |(_, at, _)| *at);
    Ok(Duration::from_nanos(at.saturating_sub(from)))
}

/// What `svscan` has said so far, in the order of the alphabet: that of the directory is not known.
fn sorted_messages(svscan: &Running) -> Result<Vec<String>, Failure> {
    let mut lines = svscan.err_lines();
    lines.sort();
    Ok(lines)
}
