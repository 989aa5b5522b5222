//! svscan: what it starts, what it starts again, and what it prints about the rest.

use crate::observe::escape;
use crate::observe::process::{self, Process};
use crate::outcome::Failure;
use crate::scenario::{FEWER_RIGHTS, MOUNTS, STRACE, SUPERVISE, SVC, SVOK, SVSCAN, SVSTAT, Scenario};
use crate::world::{Command, Exit, Running, STDERR_UNREAD};
use nix::sys::signal::Signal;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svscan/scan/supervises-each-subdirectory",
        requirements: &["SCAN-01", "SCAN-03"],
        uses: &[SVSCAN, SUPERVISE, SVOK],
        does: "Starts svscan on a directory with a subdirectory, a link to another directory, and names that start with a \
               dot. The first two are supervised and run, and the others are left alone.",
        run: |world| {
            let scan = world.scan("scan")?;
            let linked = scan.service("linked", "")?;
            let real = world.service("scan/real", "")?;
            let hidden = [world.service("scan/.real", "")?, world.service("hidden", "")?];
            scan.list(&hidden[1], ".linked")?;
            scan.svscan()?;
            for service in [&linked, &real] {
                service.until_started()?;
                service.until_supervised()?;
            }
            world.expect_untouched(&[&hidden[0], &hidden[1]])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/works-in-the-current-directory",
        requirements: &["SCAN-01"],
        uses: &[SVSCAN, SUPERVISE, SVOK],
        does: "Starts svscan without an argument. It starts the services of its current directory, and not those of the \
               directory above or of a subdirectory of a service.",
        run: |world| {
            let here = world.scan("above/here")?.service("web", "")?;
            let above = world.service("above/other", "")?;
            let below = world.service("web/below", "")?;
            world.command("svscan").current_directory("above/here").start()?;
            here.until_started()?;
            here.until_supervised()?;
            world.expect_untouched(&[&above, &below])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/passes-over-other-files",
        requirements: &["SCAN-03b"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Starts svscan on a directory with a service, a file, a script, a FIFO and a link to a file. Its only child \
               is the supervise of the service, and it prints nothing.",
        run: |world| {
            let scan = world.scan("scan")?;
            let linked = scan.service("linked", "")?;
            world.files.write("scan/file", "")?;
            world.files.write_script("scan/script", "#!/bin/sh\n: >../script-was-run\n")?;
            world.files.make_fifo("scan/fifo")?;
            world.files.link("file", "scan/link-to-a-file")?;
            let svscan = scan.svscan()?;
            linked.until_started()?;
            let children = || Ok(svscan.children().into_keys().collect::<Vec<_>>());
            world.stays("svscan's children", vec!["supervise linked"], A_WHILE, children)?;
            world.expect("the script was run", world.files.exists("script-was-run"), false)?;
            world.expect("svscan's output", (svscan.out(), svscan.err()), (String::new(), String::new()))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/hands-on-what-it-was-given",
        requirements: &["SCAN-06", "EXEC-05"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Starts svscan with an environment, umask, ignored signal and standard descriptors of its own. Its child is \
               `supervise N`, and ./run inherits all of these, and the process group and the session.",
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
            // svscan may ignore more for itself.
            let given = world.program("/bin/cat").arg("/proc/self/status").ignored("HUP").run()?;
            let status = given.out.replace("\\n", "\n").replace("\\x09", " ");
            let mask = process::line_of(&status, "SigIgn").unwrap_or_default();
            let ignored: Vec<i32> = process::signals_in(&mask).into_iter().filter(|&number| number != PIPE).collect();
            world.expect_that("ignored signals", ignored.contains(&(Signal::SIGHUP as i32)), "HUP", &ignored)?;
            world.expect("./run's ignored signals", &start.ignored, &ignored)?;
            world.expect("./run's blocked signals", start.blocked.len(), 0)?;
            for (number, file) in ["in", "out", "err"].into_iter().enumerate() {
                let number = i32::try_from(number).unwrap_or_default();
                world.expect(file, start.descriptors.get(&number), Some(&world.files.real_path(file)?))?;
            }
            // svscan was started as the leader of a group, in the session of the suite.
            let session = Process::look(std::process::id().cast_signed()).map(|suite| suite.session);
            world.expect("./run's group and session", (start.group, Some(start.session)), (svscan.pid, session))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/runs-supervise-in-the-scanned-directory",
        requirements: &["SCAN-06", "SCAN-07", "SCAN-07b"],
        uses: &[SVSCAN],
        does: "Puts a script in the place of supervise and lists a service with a log. It is run as `supervise N` in the \
               scanned directory and as `supervise log` in N, with one end of a blocking pipe each, no other descriptor of \
               svscan, and svscan's limits and blocked signals.",
        run: |world| {
            let scan = world.scan("scan")?;
            scan.service_with_log("web", "", "")?;
            // It records its arguments under its pid, and becomes a program that opens nothing itself.
            world.stub_supervise("stubs", "#!/bin/sh\necho \"$@\" >\"$STUBS/$$\"\nexec sleep 1000\n")?;
            for file in ["in", "out", "err"] {
                world.files.write(file, "")?;
            }
            let path = format!("{}:/usr/bin:/bin", world.search_path(&["stubs"]));
            let given =
                |command: Command| command.input("in").output("out").errors("err").after("ulimit -S -n 64").start();
            let svscan =
                given(world.command("svscan").arg("scan").env("PATH", path).env("STUBS", world.path("stubs")))?;
            // Descriptors that the suite inherited may be open in everything that it starts.
            let other = given(world.program("/bin/sh").args(["-c", "exec sleep 1000"]))?;

            let stub_of = |argument: &str| {
                world.until_some(&format!("supervise {argument}"), "running", || {
                    let children = Process::children(svscan.pid);
                    let stubs = children.iter().map(|child| (child, world.files.read(format!("stubs/{}", child.pid))));
                    let seen = format!("{:?}", stubs.clone().collect::<Vec<_>>());
                    let found = stubs
                        .into_iter()
                        .find(|(child, arguments)| child.name == "sleep" && *arguments == format!("{argument}\\n"));
                    Ok(found.map(|(child, _)| child.pid).ok_or(seen))
                })
            };
            let (main, log) = (stub_of("web")?, stub_of("log")?);
            // Once the shell has become `sleep`, its limits are set.
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

            // A program that has just been executed opens its libraries, and closes them.
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
                let flags = process::flags(pid, number).and_then(|flags| i32::from_str_radix(&flags, 8).ok());
                world.expect("O_NONBLOCK of the pipe", flags.map(|flags| flags & 0o4000), Some(0))?;
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
            world.expect("ends of the pipe in svscan", ends_in(&svscan, &piped), 2)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/lets-output-through",
        requirements: &["SCAN-06"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Lists a script without a log that prints to stdout and stderr, redirects both to a file with \
               `exec >>1.out 2>&1`, and prints again. The first lines are in svscan's output, the others in the file.",
        run: |world| {
            let scan = world.scan("scan")?;
            let script = "#!/bin/sh\necho out\necho err >&2\nexec >>1.out 2>&1\necho later out\necho later err >&2\n\
                          exec sleep 1000\n";
            let web = world.scripted("web", script)?;
            scan.list(&web, "web")?;
            let svscan = scan.svscan()?;
            world.until("the file", vec!["later out", "later err"], || Ok(world.files.lines("web/1.out")))?;
            world.expect("svscan's output", (svscan.out().as_str(), svscan.err().as_str()), ("out\\n", "err\\n"))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/takes-any-name",
        requirements: &["SCAN-03", "SCAN-04", "SCAN-06"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Lists services under names with spaces, newlines, quotes, bytes that are not UTF-8, a leading dash, and 255 \
               bytes. Each runs under `supervise N`, and a warning prints such a name as it is.",
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
            scan.list_dangling(OsStr::from_bytes(b"lost \xff\\"))?;
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
        id: "svscan/scan/takes-its-first-argument",
        requirements: &["SCAN-01b", "GEN-04"],
        uses: &[SVSCAN, SUPERVISE, SVOK],
        does: "Starts svscan without an argument, with three, and on directories called `-x` and `--`. It moves to the \
               directory that its first argument names and scans it, and ignores the other arguments.",
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
            for (svscan, at) in [(&here, 0), (&first, 1), (&dashes[0], 3), (&dashes[1], 4)] {
                services[at].expect_supervise(svscan.pid, "web")?;
                let directory = process::current_directory(svscan.pid);
                world.expect("svscan's directory", directory, world.files.real_path(directories[at])?)?;
            }
            world.expect_untouched(&[&services[2]])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/exits-111-without-its-directory",
        requirements: &["SCAN-01b", "GEN-01", "GEN-02", "GEN-04"],
        uses: &[SVSCAN],
        does: "Starts svscan with a name that is missing, empty, a file, a link to itself, or an option of other programs. \
               It prints `svscan: fatal: unable to chdir to D: ` with the phrase for the error, and exits 111.",
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
                // The message has the program's own name, not the one in argv[0].
                let full_name = world.commands().join("svscan");
                let ran = world.command("svscan").argv0(full_name).args([argument, "ignored"]).run()?;
                let message = format!("svscan: fatal: unable to chdir to {argument}: {phrase}");
                world.expect_end(&ran, "exit 111", &message)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/prints-each-message-in-one-write",
        requirements: &["GEN-03"],
        uses: &[SVSCAN, STRACE],
        does: "Traces svscan as it warns of a dangling link, as its child reports that there is no supervise, and as it \
               fails. Each message is one write, and nothing else is written.",
        run: |world| {
            world.files.make_directory("without-supervise/web")?;
            world.scan("dangling")?.list_dangling("gone")?;
            for (directory, message) in [
                ("none", "svscan: fatal: unable to chdir to none: file does not exist"),
                ("without-supervise", "svscan: warning: unable to start supervise web: file does not exist"),
                ("dangling", "svscan: warning: unable to stat gone: file does not exist"),
            ] {
                let trace = format!("trace-{directory}");
                let options = ["-f", "-s", "300", "-e", "trace=write,writev", "-o", &trace];
                world.traced(&options, "svscan")?.arg(directory).env("PATH", "/no/such/directory").start()?;
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
        does: "Makes a link and a directory while svscan runs. Both services are started within five seconds.",
        run: |world| {
            let scan = world.scan("scan")?;
            let first = scan.service("first", "")?;
            scan.svscan()?;
            first.until_started()?;
            let added = world.monotonic();
            let linked = scan.service("linked", "")?;
            let built = world.service("scan/built", "")?;
            for service in [&linked, &built] {
                let delay = service.start_after(1, added)?;
                world.expect_between("from its listing to its start", delay, Duration::ZERO, WITHIN_A_SCAN)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/scans-every-five-seconds",
        requirements: &["SCAN-02"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Lists a service as soon as svscan has started the one before, twice. The start follows within five seconds.",
        run: |world| {
            let scan = world.scan("scan")?;
            let began = world.monotonic();
            let first = scan.service("first", "")?;
            scan.svscan()?;
            let mut starts = vec![first.start_after(1, began)?];
            for name in ["second", "third"] {
                starts.push(scan.service(name, "")?.start_after(1, began)?);
            }
            let between = starts.windows(2).map(|two| two[1].saturating_sub(two[0])).min().unwrap_or_default();
            // What delays one start makes the next interval shorter.
            world.expect_between("the shorter interval", between, Duration::ZERO, Duration::from_millis(5500))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/a-new-directory-waits-for-the-next-scan",
        requirements: &["SCAN-02b"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Lists a service right after svscan's first scan, and another right after the second. They are started five \
               and ten seconds after svscan, and not earlier.",
        run: |world| {
            let scan = world.scan("scan")?;
            let first = scan.service("first", "")?;
            let began = world.monotonic();
            scan.svscan()?;
            first.until_started()?;
            for (number, name) in (1..).zip(["second", "third"]) {
                let delay = scan.service(name, "")?.start_after(1, began)?;
                let (least, most) = (NEXT_SCAN * number, FIVE_SECONDS * number + GRACE);
                world.expect_between(&format!("from svscan's start to that of {name}"), delay, least, most)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/restarts-a-dead-supervise-within-five-seconds",
        requirements: &["SCAN-02"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Kills the supervise of a service, the parent of ./run, twice. Each time another supervise starts ./run within \
               five seconds, or no later than a shell that sleeps for that time and then starts one.",
        run: |world| {
            let scan = world.scan("scan")?;
            let (web, control) = (scan.service("web", "")?, world.service("control", "")?);
            scan.svscan()?;
            let mut lateness = vec![];
            for starts in [2, 3] {
                let old = web.supervise_pid()?;
                let killed = world.monotonic();
                world.kill(old, Signal::SIGKILL)?;
                world.program("/bin/sh").args(["-c", "sleep 5; control/run & wait"]).start()?;
                let delay = web.start_after(starts, killed)?;
                // It waits for the processor as long as svscan and supervise do.
                lateness.push(delay.saturating_sub(control.start_after(starts - 1, killed)?));
                let new = web.supervise_pid()?;
                world.expect_that("the supervise", new != old, &format!("another process than {old}"), new)?;
            }
            // A busy machine seldom delays both.
            let lateness = lateness.into_iter().min().unwrap_or_default();
            let most = Duration::from_millis(700);
            world.expect_between("how much later than the shell, at best", lateness, Duration::ZERO, most)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/restarts-what-is-listed-at-the-next-scan",
        requirements: &["SCAN-11", "SCAN-02b", "SCAN-16"],
        uses: &[SVSCAN, SUPERVISE, SVC, SVOK],
        does: "Sends -dx to two listed services, and CHLD, CONT and WINCH to svscan. Both supervises are started again at \
               the second scan and not earlier, and start ./run unless there is a file `down`.",
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
            let delay = web.start_after(2, began)?;
            world.expect_between("from svscan's start to the second start", delay, NEXT_SCAN, WITHIN_A_SCAN)?;
            web.expect_supervise(svscan.pid, "web")?;
            idle.until_supervised()?;
            world.stays("starts of the service with a file down", 0, A_WHILE, || Ok(idle.starts().len()))?;
            world.expect("starts", web.starts().len(), 2)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/forgets-what-is-removed-and-has-exited",
        requirements: &["SCAN-10"],
        uses: &[SVSCAN, SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Removes services, one with a log, and hides one behind a dot: nothing stops, those that get -dx are not \
               started again, and svscan closes the pipe. Listed again, one is started anew, and one that was left alone \
               keeps its supervise.",
        run: |world| {
            let scan = world.scan("scan")?;
            let [gone, kept, left] = ["gone", "kept", "left"].map(|name| scan.service(name, ""));
            let (gone, kept, left) = (gone?, kept?, left?);
            let hidden = world.service("scan/hidden", "")?;
            let (piped, log) = scan.service_with_log("piped", "", "")?;
            let svscan = scan.svscan()?;
            [&gone, &hidden, &kept, &left, &piped, &log].iter().try_for_each(|service| service.until_started())?;
            let pipe = piped.inherited(1)?.unwrap_or_default();
            world.expect("ends of the pipe in svscan", ends_in(&svscan, &pipe), 2)?;
            let supervise = left.supervise_pid()?;

            scan.unlist("gone")?;
            scan.unlist("left")?;
            scan.unlist("piped")?;
            world.files.rename("scan/hidden", "scan/.hidden")?;
            let hidden = world.service_called("scan/.hidden");
            let ended = || Ok([&gone, &hidden, &left].map(|service| service.events().len() > 1));
            world.stays("anything stops", [false; 3], A_WHILE, ended)?;
            for service in [&gone, &hidden, &kept, &piped, &log] {
                service.svc("-dx")?;
                service.until_unsupervised()?;
            }
            for service in [&gone, &hidden] {
                service.until_signals(&["TERM"])?;
            }
            // The control: what is still listed is started again, so there was a scan.
            kept.until_starts(2)?;
            let supervised = || world.supervised(&[&gone, &hidden, &left]);
            world.stays("supervised", [false, false, true], A_WHILE, supervised)?;
            world.expect(
                "starts of what was removed",
                [&gone, &piped, &log].map(|service| service.starts().len()),
                [1; 3],
            )?;
            world.until("ends of the pipe in svscan", 0, || Ok(ends_in(&svscan, &pipe)))?;

            scan.list(&gone, "again")?;
            scan.list(&left, "left-again")?;
            gone.until_starts(2)?;
            gone.expect_supervise(svscan.pid, "again")?;
            world.stays("starts of the service left alone", 1, A_WHILE, || Ok(left.starts().len()))?;
            world.expect("its parent", left.pid()?.and_then(process::parent), Some(supervise))?;
            left.expect_supervise(svscan.pid, "left")?;
            world.expect("svscan's messages", svscan.err().as_str(), "")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/knows-a-service-by-its-directory",
        requirements: &["SCAN-05"],
        uses: &[SVSCAN, SUPERVISE, SVC],
        does: "Lists one directory under two names, renames an entry and a directory, and points a link at another \
               directory. After the next scan each directory has one supervise, and the old ones are the same as before.",
        run: |world| {
            let scan = world.scan("scan")?;
            let web = scan.service("web", "")?;
            scan.list(&web, "web-too")?;
            let moved = scan.service("moved", "")?;
            let real = world.service("scan/real", "")?;
            let old = world.service("old", "")?;
            let new = world.service("new", "")?;
            scan.list(&old, "switch")?;
            let mark = scan.mark()?;
            let svscan = scan.svscan()?;
            let mut before = vec![];
            for service in [&web, &moved, &real, &old] {
                before.push(service.supervise_pid()?);
            }

            world.files.rename("scan/moved", "scan/moved-away")?;
            world.files.rename("scan/real", "scan/really")?;
            let real = world.service_called("scan/really");
            world.files.link(&new.directory, "switch")?;
            world.files.rename("switch", "scan/switch")?;
            mark.until_scan()?;
            new.until_started()?;
            let services = [&web, &moved, &real, &old, &new];
            world.stays("starts", [1; 5], A_WHILE, || Ok(services.map(|service| service.starts().len())))?;
            let children: Vec<i32> = Process::children(svscan.pid).iter().map(|child| child.pid).collect();
            world.expect("supervises, with those of the new directory and the mark", children.len(), 6)?;
            let gone: Vec<&i32> = before.iter().filter(|supervise| !children.contains(supervise)).collect();
            world.expect("supervises that are gone", gone, vec![&0; 0])?;
            let lock = svscan.err_lines().into_iter().find(|line| line.contains("lock"));
            world.expect("messages about locks", lock, None::<String>)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/tells-two-disks-apart",
        requirements: &["SCAN-05"],
        uses: &[SVSCAN, SUPERVISE, MOUNTS],
        does: "Lists two directories that have the same inode number on two disks. Each has a supervise and runs.",
        run: |world| {
            let scan = world.scan("scan")?;
            let mut services = vec![];
            for disk in ["one", "two"] {
                world.disk(disk, 1 << 20)?;
                services.push(scan.service(disk, "")?);
            }
            let number = |disk: &str| world.files.identity(disk).map(|(inode, ..)| inode);
            if number("one") != number("two") {
                return Err(Failure::missing("two disks that number their files alike"));
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
        does: "Lists dangling links and a link to itself. svscan warns of each at the first scan and again at the second, \
               and starts a link that has got its target in between.",
        run: |world| {
            let scan = world.scan("scan")?;
            world.service("late", "")?;
            scan.list_dangling("gone")?;
            world.files.link("loop", "scan/loop")?;
            world.files.link("../later", "scan/late")?;
            let warning = |name: &str, phrase: &str| format!("svscan: warning: unable to stat {name}: {phrase}");
            let mut warnings = ["gone", "late"].map(|name| warning(name, "file does not exist")).to_vec();
            warnings.push(warning("loop", "symbolic link loop"));
            let svscan = scan.svscan()?;
            world.until("messages", warnings.clone(), || sorted_messages(&svscan))?;
            world.stays("messages", warnings.clone(), A_WHILE, || sorted_messages(&svscan))?;
            world.files.rename("late", "later")?;
            world.service_called("later").until_started()?;
            svscan.until_lines(&warnings[0], 2)?;
            svscan.until_lines(&warnings[2], 2)?;
            world.expect("svscan is running", svscan.is_running(), true)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/warns-of-denied-access-and-goes-on",
        requirements: &["SCAN-04", "SCAN-15"],
        uses: &[SVSCAN, FEWER_RIGHTS],
        does: "Starts svscan without root's privileges on a directory that it may enter but not read, and on one with an \
               entry that it may not examine: it warns at each scan. A directory that it may not enter is fatal.",
        run: |world| {
            world.files.make_directory("unreadable")?;
            world.files.make_directory("closed/web")?;
            world.files.make_directory("scan")?;
            world.files.link("../closed/web", "scan/web")?;
            world.files.set_mode("unreadable", 0o311)?;
            world.files.set_mode("closed", 0)?;
            let unreadable = world.bound_by_modes("svscan")?.arg("unreadable").start()?;
            let scan = world.bound_by_modes("svscan")?.arg("scan").start()?;
            let closed = world.bound_by_modes("svscan")?.arg("closed").run()?;
            world.expect_end(&closed, "exit 111", "svscan: fatal: unable to chdir to closed: access denied")?;
            for times in [1, 2] {
                for (svscan, what) in [(&unreadable, "read directory"), (&scan, "stat web")] {
                    let warning = format!("svscan: warning: unable to {what}: access denied");
                    svscan.until_lines(&warning, times)?;
                    world.stays("messages", vec![warning.as_str(); times], A_WHILE / 2, || Ok(svscan.err_lines()))?;
                }
            }
            // The directories must be readable to be removed, unless the suite runs as root.
            world.files.set_mode("unreadable", 0o755)?;
            world.files.set_mode("closed", 0o755)?;
            world.expect("svscan is running", [&unreadable, &scan].map(|svscan| svscan.is_running()), [true; 2])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/stays-in-a-deleted-directory",
        requirements: &["SCAN-01b", "SCAN-15"],
        uses: &[SVSCAN, SUPERVISE, SVC],
        does: "Deletes the scanned directory and makes it again with another service in it. svscan prints nothing, keeps \
               running with its first service, and does not start the new one.",
        run: |world| {
            let scan = world.scan("scan")?;
            let first = scan.service("first", "")?;
            let svscan = scan.svscan()?;
            first.until_started()?;
            world.files.remove("scan")?;
            let scan = world.scan("scan")?;
            let second = scan.service("second", "")?;
            // The control: when the mark is started again, a svscan that began earlier has scanned too.
            let mark = scan.mark()?;
            let other = scan.svscan()?;
            second.expect_supervise(other.pid, "second")?;
            mark.until_scan()?;
            world.stays("svscan's messages", "", A_WHILE, || Ok(svscan.err()))?;
            world.expect("svscan is running", svscan.is_running(), true)?;
            let supervises: Vec<String> = svscan.children().into_keys().collect();
            world.expect("its children", supervises, vec!["supervise first"])?;
            world.expect("starts", [&first, &second].map(|service| service.starts().len()), [1, 1])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/leaves-everything-running-when-killed",
        requirements: &["SCAN-16"],
        uses: &[SVSCAN, SUPERVISE, SVC, SVSTAT],
        does: "Kills svscan by TERM, HUP, INT, USR1 and ALRM. It dies of the signal, the service and its supervise live \
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
                let (pid, supervise) = (web.until_up()?, web.supervise_pid()?);
                let exit = svscan.kill(*signal)?;
                world.expect("svscan", exit, Exit::Signal(*signal as i32))?;
                world.stays("the service", Some(pid), A_WHILE / 5, || web.pid())?;
                let suite = std::process::id().cast_signed();
                world.expect("supervise's parent, the subreaper", process::parent(supervise), Some(suite))?;
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
        id: "svscan/scan/a-second-svscan-meets-locks",
        requirements: &["SCAN-17"],
        uses: &[SVSCAN, SUPERVISE, SVSTAT],
        does: "Starts a second svscan over two running services: each of its supervises prints a lock message, and again at \
               the next scan.",
        run: |world| {
            let scan = world.scan("scan")?;
            let (web, dns) = (scan.service("web", "")?, scan.service("dns", "")?);
            scan.svscan()?;
            let pids = [web.until_up()?, dns.until_up()?];
            let second = scan.svscan()?;
            let locks = ["dns", "web"]
                .map(|name| format!("supervise: fatal: unable to acquire {name}/supervise/lock: temporary failure"));
            world.until("messages", locks.to_vec(), || sorted_messages(&second))?;
            let seen = || world.pids(&[&web, &dns]);
            world.stays("the services", pids.map(Some), A_WHILE, seen)?;
            world.expect("messages", sorted_messages(&second)?, locks.to_vec())?;
            second.until_lines(&locks[0], 2)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/a-second-svscan-takes-over",
        requirements: &["SCAN-16", "SCAN-25"],
        uses: &[SVSCAN, SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Starts a second svscan over two running services, kills the first, and sends -dx to one service. The second \
               svscan starts that one and what is listed later, and the other service is not disturbed.",
        run: |world| {
            let scan = world.scan("scan")?;
            let (web, dns) = (scan.service("web", "")?, scan.service("dns", "")?);
            let first = scan.svscan()?;
            let pids = [web.until_up()?, dns.until_up()?];
            let second = scan.svscan()?;
            second.until_idle()?;
            world.stays("the services", pids.map(Some), A_WHILE, || world.pids(&[&web, &dns]))?;
            first.kill(Signal::SIGTERM)?;
            let late = scan.service("late", "")?;
            late.until_started()?;
            late.expect_supervise(second.pid, "late")?;
            web.svc("-dx")?;
            web.until_unsupervised()?;
            web.until_starts(2)?;
            web.expect_supervise(second.pid, "web")?;
            world.expect("the other service", (dns.until_up()?, dns.events().len()), (pids[1], 1))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/supervises-a-directory-without-run",
        requirements: &["SCAN-19"],
        uses: &[SVSCAN, SUPERVISE, SVOK],
        does: "Lists a directory without ./run. It gets a supervise, which keeps printing that it cannot start ./run, and \
               starts it once it exists.",
        run: |world| {
            let scan = world.scan("scan")?;
            let web = world.bare_service("web")?;
            scan.list(&web, "web")?;
            let svscan = scan.svscan()?;
            web.until_supervised()?;
            let message = "supervise: fatal: unable to start web/run: file does not exist";
            svscan.until_lines(message, 2)?;
            world.files.write_script("web/run", "#!/bin/sh\n: >started\nexec sleep 1000\n")?;
            world.until("./run was started", true, || Ok(world.files.exists("web/started")))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/works-with-closed-descriptors",
        requirements: &["SCAN-18"],
        uses: &[SVSCAN, SUPERVISE, SVC, SVOK],
        does: "Starts svscan with descriptors 0 and 1 closed. It starts a service, and starts it again at the next scan.",
        run: |world| {
            let scan = world.scan("scan")?;
            let web = scan.service("web", "")?;
            world.command("svscan").arg("scan").closed(&[0, 1]).start()?;
            web.until_started()?;
            web.svc("-dx")?;
            web.until_unsupervised()?;
            web.until_starts(2).map(drop)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/dies-of-an-unread-message",
        requirements: &["GEN-06"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Starts svscan on a dangling link with a stderr that nobody reads. The warning kills it by SIGPIPE.",
        run: |world| {
            world.files.make_fifo("pipe")?;
            world.scan("scan")?.list_dangling("gone")?;
            world.redirected(STDERR_UNREAD, "svscan").arg("scan").start()?.expect_exit("killed by PIPE")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/outlives-an-unread-message",
        requirements: &["GEN-06"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Starts svscan with SIGPIPE ignored on a dangling link and a service, with a stderr that nobody reads. It starts \
               the service and goes on.",
        run: |world| {
            world.files.make_fifo("pipe")?;
            let scan = world.scan("scan")?;
            let web = scan.service("web", "")?;
            scan.list_dangling("gone")?;
            let svscan = world.redirected(STDERR_UNREAD, "svscan").arg("scan").ignored("PIPE").start()?;
            web.until_started()?;
            world.stays("svscan is running", true, A_WHILE, || Ok(svscan.is_running()))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/scan/hangs-in-a-message-that-does-not-fit",
        requirements: &["GEN-03"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Starts svscan on a dangling link with a stderr pipe that is full, and lists a service. svscan waits in its \
               warning, and the service is not started.",
        run: |world| {
            let scan = world.scan("scan")?;
            scan.list_dangling("gone")?;
            let stderr = world.fifo("stderr")?;
            stderr.fill(0)?;
            let svscan = world.command("svscan").arg("scan").errors("stderr").start()?;
            svscan.until_asleep_on("stderr")?;
            let web = scan.service("web", "")?;
            world.stays("starts", 0, FIVE_SECONDS + GRACE, || Ok(web.starts().len()))
        },
        ..Scenario::ORDINARY
    },
];

/// A signal that the probe cannot tell to be ignored.
const PIPE: i32 = Signal::SIGPIPE as i32;

/// The time between two scans.
const FIVE_SECONDS: Duration = Duration::from_secs(5);

/// What a busy machine may add to that.
const GRACE: Duration = Duration::from_secs(2);

/// The longest time until the next scan.
const WITHIN_A_SCAN: Duration = Duration::from_secs(7);

/// The shortest time between two scans, rounded down.
const NEXT_SCAN: Duration = Duration::from_millis(4900);

/// How long what must not happen is watched for.
const A_WHILE: Duration = Duration::from_millis(250);

/// Returns how many descriptors of `svscan` are ends of `pipe`.
fn ends_in(svscan: &Running, pipe: &str) -> usize {
    process::descriptors(svscan.pid).values().filter(|target| **target == pipe).count()
}

/// Returns the messages of `svscan` so far, sorted: the order of the directory is not known.
fn sorted_messages(svscan: &Running) -> Result<Vec<String>, Failure> {
    let mut lines = svscan.err_lines();
    lines.sort();
    Ok(lines)
}
