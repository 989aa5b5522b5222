//! svscan: what it starts, what it starts again, and what it says of the rest.

use crate::observe::process::{self, Process};
use crate::observe::shown;
use crate::scenario::{Need, Outcome, Scenario, Stopped};
use crate::target::tool;
use crate::world::{Command, Exit, Running, SCAN, Service, World, directory_of, parent_of};
use nix::sys::signal::Signal;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

const SVSCAN: Need = Need::Command("svscan");
const ALONE: &[Need] = &[SVSCAN];
const WITH_SUPERVISE: &[Need] = &[SVSCAN, Need::Command("supervise")];
const WITH_SVC: &[Need] = &[SVSCAN, Need::Command("supervise"), Need::Command("svc")];
const WITH_PRLIMIT: &[Need] = &[SVSCAN, Need::Command("supervise"), Need::Tool("prlimit")];

/// From one scan to the next, and what a busy machine may add.
const WITHIN_A_SCAN: Duration = Duration::from_secs(7);
/// From the start of svscan to its second scan, at least.
const SECOND_SCAN: Duration = Duration::from_millis(4900);
/// How long what must not happen is watched for.
const A_WHILE: Duration = Duration::from_millis(250);
/// The limit of the original.
const MOST_SERVICES: usize = 1000;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svscan/supervises-each-subdirectory",
        requirements: &["SCAN-01", "SCAN-03"],
        needs: WITH_SUPERVISE,
        does: "Scans a directory with a subdirectory, a link to another, names with a dot in front, and entries that are \
               no directories: the first two get a supervise and run, and nothing is said of the rest.",
        run: supervises_each_subdirectory,
    },
    Scenario {
        id: "svscan/hands-on-what-it-was-given",
        requirements: &["SCAN-06", "EXEC-05"],
        needs: WITH_SUPERVISE,
        does: "Starts svscan with an environment, umask, ignored signal and standard descriptors of its own: supervise is \
               its child by the arguments `supervise N`, and ./run finds all of that, the process group and the session.",
        run: hands_on_what_it_was_given,
    },
    Scenario {
        id: "svscan/runs-supervise-in-the-scanned-directory",
        requirements: &["SCAN-06", "SCAN-07"],
        needs: ALONE,
        does: "Puts a script in the place of supervise: for a service with a log it is started as `supervise N` in the \
               scanned directory and as `supervise log` in N, each with one end of one pipe, which waits, with nothing \
               else open, and with the limits and blocked signals of svscan.",
        run: runs_supervise_in_the_scanned_directory,
    },
    Scenario {
        id: "svscan/lets-output-through",
        requirements: &["SCAN-06"],
        needs: WITH_SUPERVISE,
        does: "A script without a log prints to svscan's stdout and stderr, then redirects both to a file in its own \
               directory with `exec >>1.out 2>&1`: each line arrives where it belongs.",
        run: lets_output_through,
    },
    Scenario {
        id: "svscan/takes-any-name",
        requirements: &["SCAN-03", "SCAN-06", "SCAN-04"],
        needs: WITH_SUPERVISE,
        does: "Lists services under names with spaces, newlines, quotes, bytes that are not UTF-8, a dash in front, and \
               255 bytes: each runs under `supervise N`. A message tells such a name as it is.",
        run: takes_any_name,
    },
    Scenario {
        id: "svscan/scans-the-directory-it-is-told",
        requirements: &["SCAN-01", "GEN-04"],
        needs: WITH_SUPERVISE,
        does: "Starts svscan without an argument, with two, and on directories called `-x` and `--`: it scans the current \
               directory, the first of the two, and those.",
        run: scans_the_directory_it_is_told,
    },
    Scenario {
        id: "svscan/exits-111-where-it-cannot-go",
        requirements: &["SCAN-01", "GEN-01", "GEN-02", "GEN-04"],
        needs: ALONE,
        does: "Starts svscan on what is missing, empty, a file, a link to itself, or an option of other programs: `svscan: \
               fatal: unable to chdir to D: ` with the phrase, exit code 111, and nothing on stdout.",
        run: exits_111_where_it_cannot_go,
    },
    Scenario {
        id: "svscan/says-each-message-in-one-write",
        requirements: &["GEN-03"],
        needs: &[SVSCAN, Need::Tool("strace")],
        does: "Traces svscan: its warning of a dangling link, in a child its message that there is no supervise, and a \
               fatal message are one write each, and nothing else is written.",
        run: says_each_message_in_one_write,
    },
    Scenario {
        id: "svscan/starts-new-directories-within-five-seconds",
        requirements: &["SCAN-02"],
        needs: WITH_SUPERVISE,
        does: "Makes a link and a directory while svscan runs: both services are started by the next scan.",
        run: starts_new_directories_within_five_seconds,
    },
    Scenario {
        id: "svscan/scans-every-five-seconds",
        requirements: &["SCAN-02"],
        needs: ALONE,
        does: "Lists a dangling link and takes the time of the warnings about it at three scans: they are five seconds \
               apart.",
        run: scans_every_five_seconds,
    },
    Scenario {
        id: "svscan/a-new-directory-waits-for-the-next-scan",
        requirements: &["SCAN-02"],
        needs: WITH_SUPERVISE,
        does: "Makes a link right after svscan's first scan: the service is not started before five seconds have passed \
               since svscan was started.",
        run: a_new_directory_waits_for_the_next_scan,
    },
    Scenario {
        id: "svscan/restarts-a-dead-supervise-within-five-seconds",
        requirements: &["SCAN-02"],
        needs: WITH_SUPERVISE,
        does: "Kills a supervise: by the next scan there is a new one, child of the same svscan, and it runs the service.",
        run: restarts_a_dead_supervise_within_five_seconds,
    },
    Scenario {
        id: "svscan/restarts-what-is-listed-at-the-next-scan",
        requirements: &["SCAN-11", "SCAN-02", "SCAN-16"],
        needs: WITH_SVC,
        does: "Sends -dx to two listed services and CHLD, CONT and WINCH to svscan: both supervises come back at the \
               second scan and not earlier, and run their service unless there is a `down`.",
        run: restarts_what_is_listed_at_the_next_scan,
    },
    Scenario {
        id: "svscan/forgets-what-is-removed-and-has-exited",
        requirements: &["SCAN-10", "SCAN-03"],
        needs: WITH_SVC,
        does: "Removes a service and one with a log, hides one behind a dot, and removes another that is left alone: nothing \
               stops. After -dx all but the last stay gone while a listed one comes back, and svscan closes the pipe; \
               listed again, the first runs again and the last has the supervise it had.",
        run: forgets_what_is_removed_and_has_exited,
    },
    Scenario {
        id: "svscan/knows-a-service-by-its-directory",
        requirements: &["SCAN-05"],
        needs: WITH_SUPERVISE,
        does: "Lists one directory under two names, renames an entry and a directory, and points a link elsewhere: after \
               the next scan each directory has exactly one supervise, and those that had one have the same.",
        run: knows_a_service_by_its_directory,
    },
    Scenario {
        id: "svscan/tells-two-disks-apart",
        requirements: &["SCAN-05"],
        needs: WITH_SUPERVISE,
        does: "Lists two directories that have the same inode number on two disks: each has a supervise and runs.",
        run: tells_two_disks_apart,
    },
    Scenario {
        id: "svscan/warns-at-each-scan-of-what-it-cannot-examine",
        requirements: &["SCAN-04"],
        needs: WITH_SUPERVISE,
        does: "Lists a dangling link and a link to itself: one warning each at the first scan and again at the second. A \
               dangling link that gets its target meanwhile is started.",
        run: warns_at_each_scan_of_what_it_cannot_examine,
    },
    Scenario {
        id: "svscan/warns-of-denied-access-and-goes-on",
        requirements: &["SCAN-04", "SCAN-15"],
        needs: ALONE,
        does: "Has an ordinary user's svscan scan a directory that it may enter and not read, and one with an entry that \
               it may not examine: a warning at each scan. One that it may not enter is fatal.",
        run: warns_of_denied_access_and_goes_on,
    },
    Scenario {
        id: "svscan/stays-in-a-deleted-directory",
        requirements: &["SCAN-01", "SCAN-15"],
        needs: WITH_SUPERVISE,
        does: "Deletes the scanned directory and makes it again with a service in it: svscan says nothing, keeps running \
               with its first service, and does not start the new one, which another svscan starts.",
        run: stays_in_a_deleted_directory,
    },
    Scenario {
        id: "svscan/leaves-everything-running-when-killed",
        requirements: &["SCAN-16"],
        needs: WITH_SVC,
        does: "Kills svscan by TERM, HUP, INT, USR1 and ALRM: it dies by that signal, the service and its supervise live \
               on, and svc still reaches them.",
        run: leaves_everything_running_when_killed,
    },
    Scenario {
        id: "svscan/a-second-svscan-meets-locks-and-takes-over",
        requirements: &["SCAN-17", "SCAN-16"],
        needs: WITH_SVC,
        does: "Starts a second svscan over two running services: a lock message for each, and no harm. The first svscan is \
               killed and one service ended: the second starts it at its next scan and meets the other's lock again.",
        run: a_second_svscan_meets_locks_and_takes_over,
    },
    Scenario {
        id: "svscan/supervises-a-directory-without-run",
        requirements: &["SCAN-19"],
        needs: WITH_SUPERVISE,
        does: "Lists a directory without ./run: it gets a supervise, which keeps saying that it cannot start it, and starts \
               it when it is made.",
        run: supervises_a_directory_without_run,
    },
    Scenario {
        id: "svscan/works-with-closed-descriptors",
        requirements: &["SCAN-18"],
        needs: WITH_SVC,
        does: "Starts svscan with descriptors 0 and 1 closed: it starts a service, and starts it again at the next scan.",
        run: works_with_closed_descriptors,
    },
    Scenario {
        id: "svscan/searches-path-for-supervise",
        requirements: &["EXEC-01", "EXEC-02", "EXEC-03", "EXEC-04", "SCAN-14"],
        needs: ALONE,
        does: "Starts svscan with many a PATH: missing files, denied ones and directories are passed over, empty elements \
               are the current directory, and a file without `#!`, a link to itself or a file in the place of a directory \
               end the search with a message.",
        run: searches_path_for_supervise,
    },
    Scenario {
        id: "svscan/searches-bin-without-path",
        requirements: &["EXEC-01"],
        needs: ALONE,
        does: "Starts svscan without a PATH, in a root of its own where /bin has a supervise: that one is run, and not the \
               one in the scanned directory.",
        run: searches_bin_without_path,
    },
    Scenario {
        id: "svscan/tries-again-when-supervise-cannot-be-run",
        requirements: &["SCAN-13", "SCAN-14"],
        needs: WITH_SUPERVISE,
        does: "Starts svscan without a supervise in its PATH: a warning for the service and one for its log. With a \
               supervise there, the next scan starts both.",
        run: tries_again_when_supervise_cannot_be_run,
    },
    Scenario {
        id: "svscan/tries-again-when-descriptors-run-out",
        requirements: &["SCAN-13"],
        needs: WITH_PRLIMIT,
        does: "Limits svscan to 16 descriptors and lists ten services with logs: each is either started or warned of. With \
               the limit raised, the next scan starts the rest.",
        run: tries_again_when_descriptors_run_out,
    },
    Scenario {
        id: "svscan/tries-again-when-a-service-cannot-be-entered",
        requirements: &["SCAN-13", "SCAN-14"],
        needs: &[SVSCAN, Need::Tool("strace")],
        does: "Has the child of svscan that goes to a service for its log be refused: a warning at each scan, and the \
               service is not called `log`.",
        run: tries_again_when_a_service_cannot_be_entered,
    },
    Scenario {
        id: "svscan/warns-when-it-cannot-fork",
        requirements: &["SCAN-13"],
        needs: &[SVSCAN, Need::Tool("prlimit")],
        does: "Has an ordinary user's svscan run with no process left to make: a warning for the service at each scan, \
               none for its log, and svscan keeps running.",
        run: warns_when_it_cannot_fork,
    },
    Scenario {
        id: "svscan/serves-a-thousand-directories",
        requirements: &["SCAN-12"],
        needs: ALONE,
        does: "Lists 1000 directories, with a script in the place of supervise: it is run for every one.",
        run: serves_a_thousand_directories,
    },
    Scenario {
        id: "svscan/warns-beyond-a-thousand-directories",
        requirements: &["SCAN-12"],
        needs: ALONE,
        does: "Lists 1003 directories without a supervise in PATH: for 1000 svscan says that there is none, and for the \
               other three that it runs too many services.",
        run: warns_beyond_a_thousand_directories,
    },
    Scenario {
        id: "svscan/dies-of-its-own-message-to-nobody",
        requirements: &["GEN-06"],
        needs: ALONE,
        does: "Closes the reading end of the pipe that is svscan's stderr: its next warning kills it by SIGPIPE.",
        run: dies_of_its_own_message_to_nobody,
    },
];

fn supervises_each_subdirectory(world: &World) -> Outcome {
    let linked = world.listed("linked", "")?;
    let real = world.service("scan/real", "")?;
    let hidden = [world.service("scan/.real", "")?, world.service("hidden", "")?];
    world.list(&hidden[1], "scan/.linked")?;
    world.write_file("scan/file", "")?;
    world.write_script("scan/script", "#!/bin/sh\n: >../script-was-run\n")?;
    world.make_fifo("scan/fifo")?;
    world.link("file", "scan/link-to-a-file")?;
    let svscan = world.svscan(SCAN)?;
    for service in [&linked, &real] {
        world.until_up(service)?;
    }
    let supervises = || Ok(world.children_of(svscan.pid).into_keys().collect::<Vec<_>>());
    world.until("svscan's children", vec!["supervise linked", "supervise real"], supervises)?;
    world.stays("what is hidden", [false; 2], A_WHILE, || {
        Ok([0, 1].map(|at: usize| world.was_supervised(&hidden[at])))
    })?;
    world.expect("svscan's children", supervises()?, vec!["supervise linked", "supervise real"])?;
    world.expect("the script was run", world.path("script-was-run").exists(), false)?;
    world.expect("svscan's output", (svscan.out(), svscan.err()), (String::new(), String::new()))
}

fn hands_on_what_it_was_given(world: &World) -> Outcome {
    let web = world.listed("web", "")?;
    for file in ["in", "out", "err"] {
        world.write_file(file, "")?;
    }
    let command = world.command("svscan").arg(SCAN).env("COLOUR", "two words\nand a line").env("EMPTY", "");
    let command = command.umask(0o027).ignored("HUP").input("in").output("out").errors("err");
    let svscan = command.start()?;
    world.expect_supervise(&web, svscan.pid, "web")?;
    let starts = world.until_starts(&web, 1)?;
    let Some((_, _, start)) = starts.first() else { return Ok(()) };
    let given = process::environment(svscan.pid);
    world.expect_that("svscan's environment", given.len() >= 4, "what it was given", &given)?;
    world.expect("./run's environment", &start.environment, &given)?;
    world.expect("./run's umask", start.umask.as_str(), "0027")?;
    let ignored = process::status_line(svscan.pid, "SigIgn").map(|mask| process::signals_in(&mask)).unwrap_or_default();
    world.expect_that("svscan's ignored signals", ignored.contains(&(Signal::SIGHUP as i32)), "with HUP", &ignored)?;
    world.expect("./run's ignored signals", &start.ignored, &ignored)?;
    world.expect("./run's blocked signals", start.blocked.len(), 0)?;
    for (number, file) in ["in", "out", "err"].into_iter().enumerate() {
        let number = i32::try_from(number).unwrap_or_default();
        world.expect(file, start.descriptors.get(&number), Some(&world.real_path(file)?))?;
    }
    let me = Process::look(std::process::id().cast_signed());
    let (group, session) = me.map(|me| (me.group, me.session)).unwrap_or_default();
    world.expect("./run's group and session", (start.group, start.session), (group, session))
}

/// Makes `DIRECTORY/supervise` a script.
fn stub(world: &World, directory: &str, script: &str) -> Outcome {
    world.make_directory(directory)?;
    world.write_script(format!("{directory}/supervise"), script)
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

fn runs_supervise_in_the_scanned_directory(world: &World) -> Outcome {
    world.listed_with_log("web", "", "")?;
    // It says who it is, and is then a program that keeps nothing open of its own.
    stub(world, "stubs", "#!/bin/sh\necho \"$@\" >\"$STUBS/$$\"\nexec sleep 1000\n")?;
    for file in ["in", "out", "err"] {
        world.write_file(file, "")?;
    }
    let path = format!("{}:/usr/bin:/bin", search_path(world, &["stubs"]));
    let given = |command: Command<'_>| command.input("in").output("out").errors("err").after("ulimit -S -n 64").start();
    let svscan = given(world.command("svscan").arg(SCAN).env("PATH", path).env("STUBS", world.path("stubs")))?;
    // What the suite itself was started with may be open in all that it starts.
    let other = given(world.program("/bin/sh").args(["-c", "exec sleep 1000"]))?;

    let stub_of = |argument: &str| {
        world.until_some(&format!("supervise {argument}"), "running", || {
            let children = Process::children(svscan.pid);
            let stubs = children.iter().map(|child| (child, world.read(format!("stubs/{}", child.pid))));
            let seen = format!("{:?}", stubs.clone().collect::<Vec<_>>());
            let found =
                stubs.into_iter().find(|(child, said)| child.name == "sleep" && *said == format!("{argument}\\n"));
            Ok(found.map(|(child, _)| child.pid).ok_or(seen))
        })
    };
    let (main, log) = (stub_of("web")?, stub_of("log")?);
    // By then its limits are set.
    let name = || Process::look(other.pid).map(|other| other.name);
    world.until("name of the program beside svscan", Some("sleep".to_owned()), || Ok(name()))?;
    world.expect("svscan's directory", directory_of(svscan.pid), world.real_path(SCAN)?)?;
    world.expect("the directory of `supervise web`", directory_of(main), world.real_path(SCAN)?)?;
    world.expect("the directory of `supervise log`", directory_of(log), world.real_path("web")?)?;

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
        world.expect("limits, blocked signals and flags of the other two", handed_on(pid), handed_on(other.pid))?;
    }
    let ends = process::descriptors(svscan.pid).values().filter(|target| **target == piped).count();
    world.expect("ends of the pipe that svscan keeps", ends, 2)
}

fn lets_output_through(world: &World) -> Outcome {
    let script = "#!/bin/sh\necho said\necho cried >&2\nexec >>1.out 2>&1\necho said later\necho cried later >&2\n\
                  exec sleep 1000\n";
    let web = world.scripted("web", script)?;
    world.list(&web, "scan/web")?;
    let svscan = world.svscan(SCAN)?;
    world.until("the file", vec!["said later", "cried later"], || Ok(world.lines("web/1.out")))?;
    world.expect("svscan's output", (svscan.out().as_str(), svscan.err().as_str()), ("said\\n", "cried\\n"))
}

fn takes_any_name(world: &World) -> Outcome {
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
        world.list(&service, Path::new(SCAN).join(OsStr::from_bytes(name)))?;
        services.push(service);
    }
    world.link("nowhere", Path::new(SCAN).join(OsStr::from_bytes(b"lost \xff\\")))?;
    let svscan = world.svscan(SCAN)?;
    for (service, name) in services.iter().zip(names) {
        world.expect_supervise(service, svscan.pid, &shown(name))?;
    }
    let message = "svscan: warning: unable to stat lost \\xff\\\\: file does not exist\\n";
    world.expect("svscan's messages", svscan.err().as_str(), message)
}

fn scans_the_directory_it_is_told(world: &World) -> Outcome {
    let directories = ["here", "first", "second", "-x", "--"];
    let mut services = vec![];
    for (number, directory) in directories.into_iter().enumerate() {
        let service = world.service(&format!("service-{number}"), "")?;
        world.list(&service, format!("{directory}/web"))?;
        services.push(service);
    }
    let here = world.command("svscan").current_directory("here").start()?;
    let first = world.command("svscan").args(["first", "second", "--help"]).start()?;
    let dashes = [world.svscan("-x")?, world.svscan("--")?];
    let told = [(&here, 0), (&first, 1), (&dashes[0], 3), (&dashes[1], 4)];
    for (svscan, at) in told {
        world.expect_supervise(&services[at], svscan.pid, "web")?;
        world.expect("svscan's directory", directory_of(svscan.pid), world.real_path(directories[at])?)?;
    }
    world.stays("the second directory is scanned", false, A_WHILE, || Ok(world.was_supervised(&services[2])))
}

fn exits_111_where_it_cannot_go(world: &World) -> Outcome {
    world.write_file("file", "")?;
    world.link("loop", "loop")?;
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
}

fn says_each_message_in_one_write(world: &World) -> Outcome {
    let strace = || world.program(tool("strace").unwrap_or_default());
    if strace().args(["-o", "trace", "true"]).run()?.exit != "exit 0" {
        return Err(Stopped::Skipped { missing: "right to trace processes".to_owned() });
    }
    let svscan = world.commands().join("svscan");
    world.make_directory("scan/web")?;
    world.make_directory("marked")?;
    world.mark_scans("marked")?;
    for (directory, message) in [
        ("none", "svscan: fatal: unable to chdir to none: file does not exist"),
        (SCAN, "svscan: warning: unable to start supervise web: file does not exist"),
        ("marked", "svscan: warning: unable to stat each-scan: file does not exist"),
    ] {
        let trace = format!("trace-{directory}");
        let options = ["-f", "-s", "300", "-e", "trace=write,writev", "-o", &trace];
        // Its PATH has no supervise.
        strace().args(options).arg(&svscan).arg(directory).env("PATH", "/no/such/directory").start()?;
        let write = format!("write(2, \"{message}\\\\n\", {})", message.len() + 1);
        world.until_some(&format!("calls of write by svscan {directory}"), &write, || {
            let lines = world.lines(&trace);
            let calls: Vec<&String> = lines.iter().filter(|line| line.contains("write")).collect();
            Ok(if calls.len() == 1 && calls[0].contains(&write) { Ok(()) } else { Err(format!("{lines:?}")) })
        })?;
    }
    Ok(())
}

fn starts_new_directories_within_five_seconds(world: &World) -> Outcome {
    let first = world.listed("first", "")?;
    world.svscan(SCAN)?;
    world.until_up(&first)?;
    let added = world.monotonic();
    let linked = world.listed("linked", "")?;
    let built = world.service("scan/built", "")?;
    for service in [&linked, &built] {
        let delay = first_start(world, service)?.saturating_sub(added);
        let delay = Duration::from_nanos(delay);
        world.expect_between("from its listing to its start", delay, Duration::ZERO, WITHIN_A_SCAN)?;
    }
    Ok(())
}

/// When the probe of `service` was first started.
#[track_caller]
fn first_start(world: &World, service: &Service) -> Result<u64, Stopped> {
    Ok(world.until_starts(service, 1)?.first().map_or(0, |(_, at, _)| *at))
}

/// When the last start of `service` was, by the time it has been started `count` times.
#[track_caller]
fn start_after(world: &World, service: &Service, count: usize, from: u64) -> Result<Duration, Stopped> {
    let at = world.until_starts(service, count)?.get(count - 1).map_or(0, |(_, at, _)| *at);
    Ok(Duration::from_nanos(at.saturating_sub(from)))
}

fn scans_every_five_seconds(world: &World) -> Outcome {
    world.make_directory(SCAN)?;
    world.mark_scans(SCAN)?;
    let svscan = world.svscan(SCAN)?;
    let mut times = vec![];
    for scan in 1..=3 {
        world.until_scans(&svscan, scan)?;
        times.push(world.monotonic());
    }
    let between = times.windows(2).map(|two| Duration::from_nanos(two[1] - two[0])).min().unwrap_or_default();
    // What keeps one scan from being seen in time makes the other interval shorter.
    world.expect_between("the shorter interval", between, Duration::from_millis(4500), Duration::from_millis(5500))
}

fn a_new_directory_waits_for_the_next_scan(world: &World) -> Outcome {
    let first = world.listed("first", "")?;
    let began = world.monotonic();
    world.svscan(SCAN)?;
    world.until_up(&first)?;
    let late = world.listed("late", "")?;
    let delay = start_after(world, &late, 1, began)?;
    world.expect_between("from svscan's start to the new service's", delay, SECOND_SCAN, WITHIN_A_SCAN)
}

fn restarts_a_dead_supervise_within_five_seconds(world: &World) -> Outcome {
    let web = world.listed("web", "")?;
    let svscan = world.svscan(SCAN)?;
    let old = world.supervise_of(&web)?;
    let killed = world.monotonic();
    world.kill_child(old, Signal::SIGKILL)?;
    let delay = start_after(world, &web, 2, killed)?;
    world.expect_between("from its death to a start by a new one", delay, Duration::ZERO, WITHIN_A_SCAN)?;
    world.expect_supervise(&web, svscan.pid, "web")
}

fn restarts_what_is_listed_at_the_next_scan(world: &World) -> Outcome {
    let web = world.listed("web", "")?;
    let idle = world.listed("idle", "")?;
    world.write_file("idle/down", "")?;
    let began = world.monotonic();
    let svscan = world.svscan(SCAN)?;
    world.until_started(&[&web])?;
    world.until_supervised(&idle)?;
    for service in [&web, &idle] {
        world.svc("-dx", service)?;
        world.until_unsupervised(service)?;
    }
    for signal in [Signal::SIGCHLD, Signal::SIGCONT, Signal::SIGWINCH] {
        world.signal(svscan.pid, signal)?;
    }
    let delay = start_after(world, &web, 2, began)?;
    world.expect_between("from svscan's start to the second start", delay, SECOND_SCAN, WITHIN_A_SCAN)?;
    world.until_supervised(&idle)?;
    world.stays("starts of what is down", 0, A_WHILE, || Ok(world.starts(&idle).len()))?;
    world.expect("starts", world.starts(&web).len(), 2)
}

fn forgets_what_is_removed_and_has_exited(world: &World) -> Outcome {
    let [gone, kept, left] = ["gone", "kept", "left"].map(|name| world.listed(name, ""));
    let (gone, kept, left) = (gone?, kept?, left?);
    let hidden = world.service("scan/hidden", "")?;
    let (piped, log) = world.listed_with_log("piped", "", "")?;
    let svscan = world.svscan(SCAN)?;
    world.until_started(&[&gone, &hidden, &kept, &left, &piped, &log])?;
    let pipe = process::descriptors(world.until_up(&piped)?).remove(&1).unwrap_or_default();
    let ends = || Ok(process::descriptors(svscan.pid).values().filter(|target| **target == pipe).count());
    world.expect("ends of the pipe", ends()?, 2)?;
    let supervise = world.supervise_of(&left)?;

    world.remove("scan/gone")?;
    world.remove("scan/left")?;
    world.remove("scan/piped")?;
    world.rename("scan/hidden", "scan/.hidden")?;
    let hidden = Service { name: "scan/.hidden".to_owned(), directory: world.path("scan/.hidden") };
    let ended = || Ok([&gone, &hidden, &left].map(|service| world.events(service).len() > 1));
    world.stays("anything stops", [false; 3], A_WHILE, ended)?;
    for service in [&gone, &hidden, &kept, &piped, &log] {
        world.svc("-dx", service)?;
        world.until_unsupervised(service)?;
    }
    world.until("signals to what was removed", ["TERM", "TERM"].map(|name| vec![name.to_owned()]), || {
        Ok([&gone, &hidden].map(|service| world.signals(service)))
    })?;
    // The control, and the proof of a scan: what is still listed comes back.
    world.until_starts(&kept, 2)?;
    let supervised = || Ok([&gone, &hidden, &left].map(|service| world.is_supervised(service)));
    world.stays("supervised", [false, false, true], A_WHILE, supervised)?;
    world.expect("starts of what is gone", [&gone, &piped, &log].map(|service| world.starts(service).len()), [1; 3])?;
    world.until("ends of the pipe", 0, ends)?;

    world.list(&gone, "scan/again")?;
    world.list(&left, "scan/left-again")?;
    world.until_starts(&gone, 2)?;
    world.expect_supervise(&gone, svscan.pid, "again")?;
    world.stays("the supervise that was left alone", Some(supervise), A_WHILE, || Ok(world.supervise_seen(&left)))?;
    world.expect_supervise(&left, svscan.pid, "left")?;
    world.expect("starts of what was left alone", world.starts(&left).len(), 1)?;
    world.expect("svscan's messages", svscan.err().as_str(), "")
}

fn knows_a_service_by_its_directory(world: &World) -> Outcome {
    let web = world.listed("web", "")?;
    world.list(&web, "scan/web-too")?;
    let moved = world.listed("moved", "")?;
    let real = world.service("scan/real", "")?;
    let old = world.service("old", "")?;
    let new = world.service("new", "")?;
    world.list(&old, "scan/switch")?;
    world.mark_scans(SCAN)?;
    let svscan = world.svscan(SCAN)?;
    let supervises = |real| Ok([&web, &moved, real, &old].map(|service| world.supervise_seen(service)));
    for service in [&web, &moved, &real, &old] {
        world.until_up(service)?;
    }
    let before = supervises(&real)?;

    world.rename("scan/moved", "scan/moved-away")?;
    world.rename("scan/real", "scan/really")?;
    world.list(&new, "switch")?;
    world.rename("switch", "scan/switch")?;
    let real = Service { name: "scan/really".to_owned(), directory: world.path("scan/really") };
    world.until_up(&new)?;
    world.until_scans(&svscan, 2)?;
    world.stays("supervises", before, A_WHILE, || supervises(&real))?;
    for service in [&web, &moved, &real, &old, &new] {
        world.expect(&format!("starts of {}", service.name), world.starts(service).len(), 1)?;
    }
    let lock = svscan.err_lines().into_iter().find(|line| line.contains("lock"));
    world.expect("messages about locks", lock, None::<String>)?;
    world.expect("svscan's children", Process::children(svscan.pid).len(), 5)
}

fn tells_two_disks_apart(world: &World) -> Outcome {
    let mut services = vec![];
    for disk in ["one", "two"] {
        world.small_disk(disk, 1 << 20)?;
        services.push(world.listed(disk, "")?);
    }
    let number = |disk: &str| world.identity(disk).map(|(inode, ..)| inode);
    if number("one") != number("two") {
        return Err(Stopped::Skipped { missing: "two disks that number their files alike".to_owned() });
    }
    let svscan = world.svscan(SCAN)?;
    for service in &services {
        world.expect_supervise(service, svscan.pid, &service.name)?;
    }
    Ok(())
}

/// What `svscan` has said so far, in the order of the alphabet: that of the directory is not known.
fn sorted_messages(svscan: &Running) -> Result<Vec<String>, Stopped> {
    let mut lines = svscan.err_lines();
    lines.sort();
    Ok(lines)
}

fn warns_at_each_scan_of_what_it_cannot_examine(world: &World) -> Outcome {
    let late = world.service("late", "")?;
    world.make_directory(SCAN)?;
    world.link("nowhere", "scan/gone")?;
    world.link("loop", "scan/loop")?;
    world.link("../later", "scan/late")?;
    let warning = |name: &str, phrase: &str| format!("svscan: warning: unable to stat {name}: {phrase}");
    let mut warnings = ["gone", "late"].map(|name| warning(name, "file does not exist")).to_vec();
    warnings.push(warning("loop", "symbolic link loop"));
    let svscan = world.svscan(SCAN)?;
    world.until("messages", warnings.clone(), || sorted_messages(&svscan))?;
    world.stays("messages", warnings.clone(), A_WHILE, || sorted_messages(&svscan))?;
    world.rename("late", "later")?;
    let late = Service { directory: world.path("later"), ..late };
    world.until_up(&late)?;
    world.until_lines(&svscan, &warnings[0], 2)?;
    world.until_lines(&svscan, &warnings[2], 2)?;
    world.expect("svscan is running", world.is_running(&svscan), true)
}

fn warns_of_denied_access_and_goes_on(world: &World) -> Outcome {
    world.make_directory("unreadable")?;
    world.make_directory("closed/web")?;
    world.make_directory(SCAN)?;
    world.link("../closed/web", "scan/web")?;
    world.set_mode("unreadable", 0o311)?;
    world.set_mode("closed", 0)?;
    let unreadable = world.ordinary(&[], "svscan")?.arg("unreadable").start()?;
    let scan = world.ordinary(&[], "svscan")?.arg(SCAN).start()?;
    let closed = world.ordinary(&[], "svscan")?.arg("closed").run()?;
    let fatal = "svscan: fatal: unable to chdir to closed: access denied\\n";
    world.expect("svscan", (closed.exit.as_str(), closed.err.as_str()), ("exit 111", fatal))?;
    for times in [1, 2] {
        for (svscan, what) in [(&unreadable, "read directory"), (&scan, "stat web")] {
            let warning = format!("svscan: warning: unable to {what}: access denied");
            world.until_lines(svscan, &warning, times)?;
            world.stays("messages", vec![warning.as_str(); times], A_WHILE / 2, || Ok(svscan.err_lines()))?;
        }
    }
    // Whoever cleans up may be no root.
    world.set_mode("unreadable", 0o755)?;
    world.set_mode("closed", 0o755)?;
    world.expect("svscan is running", [&unreadable, &scan].map(|svscan| world.is_running(svscan)), [true; 2])
}

fn stays_in_a_deleted_directory(world: &World) -> Outcome {
    let first = world.listed("first", "")?;
    let svscan = world.svscan(SCAN)?;
    let pid = world.until_up(&first)?;
    world.remove(SCAN)?;
    let second = world.service("second", "")?;
    world.list(&second, "scan/second")?;
    // The control: one that began later has scanned twice by the time it has started this one again.
    world.mark_scans(SCAN)?;
    let other = world.svscan(SCAN)?;
    world.expect_supervise(&second, other.pid, "second")?;
    world.until_scans(&other, 2)?;
    world.stays("svscan's messages", "", A_WHILE, || Ok(svscan.err()))?;
    world.expect("svscan is running", world.is_running(&svscan), true)?;
    let supervises: Vec<String> = world.children_of(svscan.pid).into_keys().collect();
    world.expect("its children", supervises, vec!["supervise first"])?;
    world.expect("the first service", world.until_up(&first)?, pid)
}

fn leaves_everything_running_when_killed(world: &World) -> Outcome {
    let signals = [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT, Signal::SIGUSR1, Signal::SIGALRM];
    let mut started = vec![];
    for signal in signals {
        let web = world.service(&format!("web-{}", signal.as_str()), "")?;
        let directory = format!("scan-{}", signal.as_str());
        world.list(&web, format!("{directory}/web"))?;
        started.push((signal, world.svscan(&directory)?, web));
    }
    for (signal, svscan, web) in &started {
        world.until_started(&[web])?;
        let (pid, supervise) = (world.until_up(web)?, world.supervise_of(web)?);
        let exit = world.kill(svscan, *signal)?;
        world.expect("svscan", exit, Exit::Signal(*signal as i32))?;
        world.stays("the service", Some(pid), A_WHILE / 5, || Ok(world.pid_seen(web)))?;
        world.expect("supervise's parent", parent_of(supervise), Some(std::process::id().cast_signed()))?;
        world.svc("-t", web)?;
    }
    for (_, _, web) in &started {
        let starts = world.until_starts(web, 2)?;
        let parents: Vec<i32> = starts.iter().map(|(_, _, start)| start.parent).collect();
        world.expect("./run's parent", parents[0], parents[1])?;
    }
    Ok(())
}

fn a_second_svscan_meets_locks_and_takes_over(world: &World) -> Outcome {
    let (web, dns) = (world.listed("web", "")?, world.listed("dns", "")?);
    let first = world.svscan(SCAN)?;
    world.until_started(&[&web, &dns])?;
    let pids = [world.until_up(&web)?, world.until_up(&dns)?];
    let second = world.svscan(SCAN)?;
    let [web_lock, dns_lock] = ["web", "dns"]
        .map(|name| format!("supervise: fatal: unable to acquire {name}/supervise/lock: temporary failure"));
    let locks = vec![dns_lock.clone(), web_lock];
    world.until("messages", locks.clone(), || sorted_messages(&second))?;
    let seen = || Ok([&web, &dns].map(|service| world.pid_seen(service)));
    world.stays("the services", pids.map(Some), A_WHILE, seen)?;
    world.expect("messages", sorted_messages(&second)?, locks)?;

    world.kill(&first, Signal::SIGTERM)?;
    world.svc("-dx", &web)?;
    world.until_unsupervised(&web)?;
    world.until_starts(&web, 2)?;
    world.expect_supervise(&web, second.pid, "web")?;
    world.until_lines(&second, &dns_lock, 2)?;
    world.expect("the other service", world.until_up(&dns)?, pids[1])
}

fn supervises_a_directory_without_run(world: &World) -> Outcome {
    let web = world.bare_service("web")?;
    world.list(&web, "scan/web")?;
    let svscan = world.svscan(SCAN)?;
    world.until_supervised(&web)?;
    let message = "supervise: fatal: unable to start web/run: file does not exist";
    world.until_lines(&svscan, message, 2)?;
    world.write_script("web/run", "#!/bin/sh\n: >started\nexec sleep 1000\n")?;
    world.until("./run was started", true, || Ok(world.path("web/started").exists()))
}

fn works_with_closed_descriptors(world: &World) -> Outcome {
    let web = world.listed("web", "")?;
    world.command("svscan").arg(SCAN).closed(&[0, 1]).start()?;
    world.until_started(&[&web])?;
    world.svc("-dx", &web)?;
    world.until_unsupervised(&web)?;
    world.until_starts(&web, 2)?;
    Ok(())
}

/// What a search of PATH comes to.
#[derive(Debug, Clone, Copy)]
enum Found {
    /// The script of this directory was run.
    Script(&'static str),
    /// The warning, with this phrase.
    Nothing(&'static str),
}

fn searches_path_for_supervise(world: &World) -> Outcome {
    use Found::{Nothing, Script};
    let script = |name: &str| format!("#!/bin/sh\necho {name} \"$@\" >ran\n");
    stub(world, "good", &script("good"))?;
    stub(world, "denied", &script("denied"))?;
    world.set_mode("denied/supervise", 0o644)?;
    stub(world, "no-interpreter", "#!/no/such/interpreter\n")?;
    stub(world, "text", "echo text >ran\n")?;
    for directory in ["none", "directory/supervise", "dangling", "loop"] {
        world.make_directory(directory)?;
    }
    world.write_file("file", "")?;
    world.link("nowhere", "dangling/supervise")?;
    world.link("supervise", "loop/supervise")?;

    let table: &[(&[&str], Found)] = &[
        (&["none", "missing", "good"], Script("good")),
        (&["dangling", "no-interpreter", "good"], Script("good")),
        (&["denied", "good"], Script("good")),
        (&["directory", "good"], Script("good")),
        (&["../good"], Script("good")),
        (&["good", "text"], Script("good")),
        (&["", "good"], Script("here")),
        (&["none", ""], Script("here")),
        (&["none", "", "good"], Script("here")),
        (&[""], Script("here")),
        (&["."], Script("here")),
        (&["none", "missing"], Nothing("file does not exist")),
        (&["none", "denied", "none"], Nothing("access denied")),
        (&["directory", "none"], Nothing("access denied")),
        (&["text", "good"], Nothing("exec format error")),
        (&["file", "good"], Nothing("not a directory")),
        (&["loop", "good"], Nothing("symbolic link loop")),
        (&["denied", "loop", "good"], Nothing("symbolic link loop")),
    ];
    let mut cases = vec![];
    for (number, (elements, found)) in table.iter().enumerate() {
        let scan = format!("scan-{number}");
        world.make_directory(&format!("{scan}/web"))?;
        stub(world, &scan, &script("here"))?;
        let path = search_path(world, elements);
        let wanted = match found {
            Script(name) => (format!("{name} web\\n"), String::new()),
            Nothing(phrase) => (String::new(), format!("svscan: warning: unable to start supervise web: {phrase}\\n")),
        };
        let svscan = world.command("svscan").arg(&scan).env("PATH", &path).start()?;
        cases.push((path, scan, svscan, wanted));
    }
    let seen = |scan: &str, svscan: &Running| Ok((world.read(format!("{scan}/ran")), svscan.err()));
    for (path, scan, svscan, wanted) in &cases {
        world.until(&format!("what PATH={path} leads to"), wanted.clone(), || seen(scan, svscan))?;
    }
    for (path, scan, svscan, wanted) in &cases {
        world.stays(&format!("what PATH={path} leads to"), wanted.clone(), A_WHILE / 50, || seen(scan, svscan))?;
    }
    Ok(())
}

fn searches_bin_without_path(world: &World) -> Outcome {
    world.make_directory("scan/web")?;
    stub(world, SCAN, "#!/usr/bin/sh\necho here >ran\n")?;
    world.private_bin(&[("sh", "/usr/bin/sh")])?;
    world.write_script("/bin/supervise", "#!/bin/sh\necho bin >ran\n")?;
    let svscan = world.command("svscan").arg(SCAN).env_remove("PATH").start()?;
    world.until("what was run", ("bin\\n".to_owned(), String::new()), || Ok((world.read("scan/ran"), svscan.err())))
}

fn tries_again_when_supervise_cannot_be_run(world: &World) -> Outcome {
    let (web, log) = world.listed_with_log("web", "", "")?;
    world.make_directory("commands")?;
    let svscan = world.command("svscan").arg(SCAN).env("PATH", world.path("commands")).start()?;
    for name in ["web", "web/log"] {
        let warning = format!("svscan: warning: unable to start supervise {name}: file does not exist");
        world.until_lines(&svscan, &warning, 1)?;
    }
    let mended = world.monotonic();
    world.link(world.commands().join("supervise"), "commands/supervise")?;
    for service in [&web, &log] {
        let delay = start_after(world, service, 1, mended)?;
        world.expect_between("until it is started", delay, Duration::ZERO, WITHIN_A_SCAN)?;
    }
    Ok(())
}

fn tries_again_when_descriptors_run_out(world: &World) -> Outcome {
    let names: Vec<String> = (0..10).map(|number| format!("web-{number}")).collect();
    let mut services = vec![];
    for name in &names {
        services.push(world.listed_with_log(name, "", "")?);
    }
    let prlimit = tool("prlimit").unwrap_or_default();
    let svscan = world.commands().join("svscan");
    let svscan = world.program(&prlimit).arg("--nofile=16:").arg(svscan).arg(SCAN).start()?;
    let warned = |name: &str| {
        let phrase = "process cannot open more files";
        svscan.err().contains(&format!("svscan: warning: unable to create pipe for {name}: {phrase}\\n"))
    };
    let either = || {
        let fates = names
            .iter()
            .zip(&services)
            .map(|(name, (web, log))| (warned(name), world.is_supervised(web), world.is_supervised(log)));
        Ok(fates
            .map(|fate| match fate {
                (true, false, false) => "warned of",
                (false, true, true) => "started",
                _ => "neither or both",
            })
            .collect::<Vec<_>>())
    };
    let fates = world.until_some("each service", "started or warned of", || {
        let fates = either()?;
        Ok(if fates.contains(&"neither or both") { Err(format!("{fates:?}")) } else { Ok(fates) })
    })?;
    let both = fates.contains(&"warned of") && fates.contains(&"started");
    world.expect_that("their fates", both, "some started, some warned of", &fates)?;
    let pid = svscan.pid.to_string();
    let raised = world.program(&prlimit).args(["--pid", &pid, "--nofile=64:"]).run()?;
    world.expect("prlimit", raised.exit.as_str(), "exit 0")?;
    for (web, log) in &services {
        world.until_supervised(web)?;
        world.until_supervised(log)?;
    }
    Ok(())
}

fn tries_again_when_a_service_cannot_be_entered(world: &World) -> Outcome {
    world.listed_with_log("web", "", "")?;
    stub(world, "commands", "#!/bin/sh\necho \"$@\" >>../ran\nexec sleep 1000\n")?;
    let options = ["-f", "-o", "/dev/null", "-e", "trace=chdir", "-e", "inject=chdir:error=EACCES:when=1"];
    let svscan = world.traced(&options, "svscan")?.current_directory(SCAN);
    let svscan = svscan.env("PATH", format!("{}:/usr/bin:/bin", search_path(world, &["commands"]))).start()?;
    world.until_lines(&svscan, "svscan: warning: unable to switch to web: access denied", 2)?;
    world.expect("messages", svscan.err_lines().len(), 2)?;
    world.expect("what supervise was called with", world.lines("ran"), ["web"])
}

fn warns_when_it_cannot_fork(world: &World) -> Outcome {
    world.listed_with_log("web", "", "")?;
    let svscan = world.ordinary(&["prlimit", "--nproc=1:1"], "svscan")?.arg(SCAN).start()?;
    let warning = "svscan: warning: unable to fork for web: temporary failure";
    for times in [1, 2] {
        world.until_lines(&svscan, warning, times)?;
        world.stays("messages", vec![warning; times], A_WHILE, || Ok(svscan.err_lines()))?;
    }
    world.expect("svscan is running", world.is_running(&svscan), true)
}

/// Lists `count` directories and starts svscan with a PATH of the directory `commands` alone.
fn crowd(world: &World, count: usize) -> Result<Running, Stopped> {
    for number in 0..count {
        world.make_directory(&format!("{SCAN}/{number}"))?;
    }
    world.command("svscan").arg(SCAN).env("PATH", search_path(world, &["commands"])).start()
}

fn serves_a_thousand_directories(world: &World) -> Outcome {
    // The quickest of scripts: it leaves a file for whom it is run for.
    stub(world, "commands", "#!/bin/sh\n: >\"../ran/$1\"\n")?;
    let ran = world.make_directory("ran")?;
    let svscan = crowd(world, MOST_SERVICES)?;
    let served = || fs::read_dir(&ran).map(Iterator::count).unwrap_or_default();
    // In steps: a busy machine may be a while about it.
    for step in 1..=10 {
        let enough = MOST_SERVICES * step / 10;
        world.until(&format!("{enough} directories are served"), true, || Ok(served() >= enough))?;
    }
    world.expect("svscan's messages", svscan.err().as_str(), "")
}

fn warns_beyond_a_thousand_directories(world: &World) -> Outcome {
    // Without a supervise, there is a message for each service, and nothing else to be done.
    let count = MOST_SERVICES + 3;
    let svscan = crowd(world, count)?;
    let said = || {
        let count = |end: &str| svscan.err().matches(end).count();
        (count(": file does not exist\\n"), count(": running too many services\\n"))
    };
    world.until("directories tried or refused", count, || Ok(said().0 + said().1))?;
    world.expect("directories tried and refused", said(), (MOST_SERVICES, 3))?;
    let refused = svscan.err_lines().into_iter().filter(|line| line.ends_with(": running too many services"));
    let form = |line: &String| line.starts_with("svscan: warning: unable to start ") && !line.contains("supervise");
    world.expect("lines of that form", refused.filter(form).count(), 3)
}

fn dies_of_its_own_message_to_nobody(world: &World) -> Outcome {
    world.make_directory(SCAN)?;
    world.make_fifo("messages")?;
    let reader = world.open_reader("messages")?;
    let svscan = world.command("svscan").arg(SCAN).errors("messages").start()?;
    drop(reader);
    world.mark_scans(SCAN)?;
    world.expect("svscan", world.wait(&svscan)?, Exit::Signal(Signal::SIGPIPE as i32))
}
