//! supervise: how long it lives, and what becomes of its service on bad days.

use crate::observe::process::{self, Process};
use crate::observe::record::Record;
use crate::outcome::Failure;
use crate::probe::What;
use crate::scenario::{STRACE, SUPERVISE, SVC, SVOK, SVSTAT, Scenario};
use crate::world::{Running, Service, World};
use nix::sys::signal::Signal;
use std::cell::RefCell;
use std::fs::{self};
use std::io::{Read, Write};
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    // Killed, stopped, told nothing.
    Scenario {
        id: "supervise/lifetime/dies-of-a-signal-and-leaves-run-alone",
        requirements: &["SUP-60"],
        uses: &[SUPERVISE, SVOK],
        does: "Kills supervises by nine signals: each dies of its own, ./run gets no signal and lives on, the record \
               and all other files stay as they are, the lock is free, and svok says 100.",
        run: |world| {
            use Signal::{SIGALRM, SIGHUP, SIGINT, SIGKILL, SIGPIPE, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
            const FILES: [&str; 3] = ["/control", "/lock", "/ok"];
            let identities =
                |service: &Service| FILES.map(|file| world.files.identity(format!("{}/supervise{file}", service.name)));
            let mut orphans = vec![];
            for signal in [SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2, SIGQUIT, SIGKILL] {
                let service = world.service(signal.as_str(), "")?;
                let supervise = service.supervise()?;
                service.until_starts(1)?;
                world.expect("the lock is free", service.lock()?.is_some(), false)?;
                let before = (service.record()?.whole()?, identities(&service));
                let end = supervise.kill(signal)?;
                world.expect("its end", end.to_string(), format!("killed by {}", &signal.as_str()[3..]))?;
                orphans.push((service, before));
            }
            let alive = |record: &Record| Process::is_alive(record.pid());
            world.stays("every ./run is alive", true, Duration::from_millis(150), || {
                Ok(orphans.iter().all(|(_, (record, _))| alive(record)))
            })?;
            for (service, (record, files)) in &orphans {
                world.expect("signals that ./run got", service.signals(), Vec::<String>::new())?;
                world.expect(
                    "record and files",
                    (service.record()?.whole()?, identities(service)),
                    (*record, *files),
                )?;
                service.until_unlocked()?;
                world.expect("svok", world.run("svok", &[&service.name])?.exit, "exit 100")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/starts-a-second-run-beside-an-orphan",
        requirements: &["SUP-61"],
        uses: &[SUPERVISE, SVC],
        does: "Kills supervise and starts another: there are two ./run then, the record and svc -d concern the second, \
               and the first lives on.",
        run: |world| {
            let web = world.service("web", "")?;
            let supervise = web.supervise()?;
            let orphan = web.until_starts(1)?[0].0;
            supervise.kill(Signal::SIGKILL)?;
            web.supervise()?;
            let second = web.until_starts(2)?[1].0;
            world
                .until("the pid in the record", Some(second), || Ok(web.record()?.read().map(|record| record.pid())))?;
            let lives = || Ok([orphan, second].map(Process::is_alive));
            world.expect("the first and the second live", lives()?, [true, true])?;
            web.svc("-d")?;
            web.record()?.until("down, paused 0, want d")?;
            world.expect("the first and the second live", lives()?, [true, false])?;
            let to_orphan = web.events().into_iter().filter(|event| event.pid == orphan);
            let signals = to_orphan.filter(|event| matches!(event.what, What::Signal(_))).count();
            world.expect("signals that the first got", signals, 0)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/is-not-moved-by-harmless-signals",
        requirements: &["SUP-60"],
        uses: &[SUPERVISE, SVC],
        does: "Sends CHLD, CONT, WINCH and URG to supervise: it goes on, and so does its service.",
        run: |world| {
            let web = world.service("web", "")?;
            let supervise = web.supervise()?;
            let before = web.record()?.whole()?;
            for signal in [Signal::SIGCHLD, Signal::SIGCONT, Signal::SIGWINCH, Signal::SIGURG].repeat(3) {
                world.signal(supervise.pid, signal)?;
            }
            world.stays("supervise, and the record", (true, Some(before)), Duration::from_millis(150), || {
                Ok((supervise.is_running(), web.record()?.read()))
            })?;
            web.svc("-o")?;
            web.record()?.until("up, paused 0, want 0")?;
            world.expect("signals that ./run got", web.signals(), Vec::<String>::new())?;
            world.expect("words", supervise.err(), "")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/can-be-stopped-and-continued",
        requirements: &["SUP-60"],
        uses: &[SUPERVISE],
        does: "Stops supervise by TSTP and has ./run exit: nothing happens until CONT, and then it is started again.",
        run: |world| {
            let web = world.service("web", "")?;
            let supervise = world.command("supervise").arg("web").start()?;
            let first = web.until_starts(1)?[0].0;
            web.until_settled()?;
            let state = |pid| Ok(Process::look(pid).map(|process| process.state));
            world.signal(supervise.pid, Signal::SIGTSTP)?;
            world.until("supervise", Some('T'), || state(supervise.pid))?;
            let before = web.record()?.whole()?;
            web.order("exit 0")?;
            world.until("./run", Some('Z'), || state(first))?;
            world.stays("starts, and the record", (1, Some(before)), Duration::from_millis(150), || {
                Ok((web.starts().len(), web.record()?.read()))
            })?;
            world.signal(supervise.pid, Signal::SIGCONT)?;
            web.until_starts(2)?;
            web.until_other_pid(first).map(drop)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/dies-of-a-warning-that-nobody-reads",
        requirements: &["GEN-06"],
        uses: &[SUPERVISE, SVC],
        does: "Has supervise warn into a pipe without a reader: it is killed by PIPE, or goes on if PIPE was ignored \
               when it started.",
        run: |world| {
            for ignored in [false, true] {
                let name = if ignored { "ignored" } else { "default" };
                let service = world.scripted(name, SLEEPER)?;
                let pipe = format!("{name}.err");
                world.files.make_fifo(&pipe)?;
                let reader = world.files.open_reader(&pipe)?;
                let command = world.command("supervise").arg(name).after(&format!("exec 2>{pipe}"));
                let supervise = if ignored { command.ignored("PIPE") } else { command }.start()?;
                let pid = service.until_up()?;
                drop(reader);
                world.files.make_directory(&format!("{name}/supervise/status.new"))?;
                service.svc("-p")?;
                if ignored {
                    world
                        .until("the paused ./run", Some('T'), || Ok(Process::look(pid).map(|process| process.state)))?;
                    world.expect("supervise runs", supervise.is_running(), true)?;
                } else {
                    world.disown(pid);
                    supervise.expect_exit("killed by PIPE")?;
                }
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/sleeps-while-nothing-happens",
        requirements: &["SUP-66", "SUP-07"],
        uses: &[SUPERVISE, SVC],
        does: "Watches supervises of a running and of a waiting service for a second after a command: no wake-up, no \
               processor time, and no file changes.",
        run: |world| {
            let (up, down) = (world.service("up", "")?, world.service("down", "")?);
            world.files.write("down/down", "")?;
            let supervises = [up.supervise()?, down.supervise()?];
            up.until_settled()?;
            for service in [&up, &down] {
                // A client that comes and goes leaves an end of file behind where nobody else holds the FIFO open.
                service.svc("-p")?;
                service.svc("-c")?;
                service.svc("-o")?;
                service.record()?.until("up, paused 0, want 0")?;
                service.until_starts(1)?;
            }
            down.svc("-d")?;
            down.record()?.until("down, paused 0, want d")?;
            // The start of the one that was down has its second too.
            down.until_settled()?;
            let look = || {
                let files = ["up", "up/supervise", "down", "down/supervise"].map(|directory| {
                    world
                        .files
                        .names(directory)
                        .into_iter()
                        .map(|name| world.files.identity(format!("{directory}/{name}")))
                        .collect::<Vec<_>>()
                });
                Ok((supervises.each_ref().map(|supervise| activity(supervise.pid)), files))
            };
            let last = RefCell::new(look()?);
            world.until("two looks agree", true, || Ok(last.replace(look()?) == *last.borrow()))?;
            world.stays("both", look()?, Duration::from_secs(1), look)
        },
        ..Scenario::ORDINARY
    },
    // Children.
    Scenario {
        id: "supervise/lifetime/reaps-children-that-it-did-not-start",
        requirements: &["SUP-62"],
        uses: &[SUPERVISE, SVC],
        does: "Lets a shell with children become supervise: they are reaped when they end, without a word, a change of \
               the record or a start of ./run.",
        run: |world| {
            let web = world.service("web", "")?;
            let foreign = "for child in 1 2 3 4; do sleep 1000 & echo $! >>foreign; done; sh -c 'exit 7' &";
            let supervise = world.command("supervise").after(foreign).arg("web").start()?;
            web.until_starts(1)?;
            web.until_up()?;
            let foreign: Vec<i32> = world.files.lines("foreign").iter().filter_map(|pid| pid.parse().ok()).collect();
            let children = || Ok(family(world, &supervise));
            let is_child = |&pid: &i32| Process::look(pid).is_some_and(|process| process.parent == supervise.pid);
            world.expect("children that it did not start", foreign.iter().filter(|pid| is_child(pid)).count(), 4)?;
            // The fifth may have ended before supervise listened: it is reaped with the next that does.
            let before = web.record()?.whole()?;
            for (&child, signal) in foreign[1..].iter().zip([Signal::SIGKILL, Signal::SIGTERM, Signal::SIGSEGV]) {
                world.signal(child, signal)?;
            }
            world.until("children", ["run S", "sleep S"], children)?;
            world.expect("the record", web.record()?.whole()?, before)?;
            web.svc("-d")?;
            let down = web.record()?.until("down, paused 0, want d")?;
            world.signal(foreign[0], Signal::SIGKILL)?;
            world.until("children", [""; 0], children)?;
            world.stays("record and starts", (Some(down), 1), Duration::from_millis(100), || {
                Ok((web.record()?.read(), web.starts().len()))
            })?;
            world.expect("words", supervise.err(), "")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/takes-no-orphans",
        requirements: &["SUP-62"],
        uses: &[SUPERVISE],
        does: "Kills a ./run that has a child: the child does not become supervise's.",
        run: |world| {
            let web = world.scripted("web", "#!/bin/sh\nsleep 1000 &\necho $! >>orphans\nexec sleep 1000\n")?;
            let supervise = web.supervise()?;
            let orphans = || Ok(world.files.lines("web/orphans").len());
            world.until("orphans to be", 1, orphans)?;
            let orphan: i32 = world.files.lines("web/orphans")[0].parse().unwrap_or_default();
            world.signal(web.until_up()?, Signal::SIGKILL)?;
            world.until("orphans to be", 2, orphans)?;
            world.expect("the orphan lives", Process::is_alive(orphan), true)?;
            world.until("children", ["sleep S"], || Ok(family(world, &supervise)))?;
            world.signal(orphan, Signal::SIGKILL)?;
            world.until("the orphan lives", false, || Ok(Process::is_alive(orphan)))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/outlives-whatever-run-does",
        requirements: &["SUP-67"],
        uses: &[SUPERVISE],
        does: "Has ./run send harmless signals to supervise, write nonsense to control, close its descriptors, stop \
               itself and remove itself: supervise goes on.",
        run: |world| {
            let deeds = [
                ("signals-supervise", "kill -CHLD $PPID; kill -CONT $PPID; kill -WINCH $PPID; exit 0"),
                ("talks-nonsense", "printf 'DU\\n0\\0zz?' >supervise/control; exit 1"),
                ("closes-everything", "exec <&- >&- 2>&-; exit 0"),
                ("stops-itself", "kill -STOP $$; exit 0"),
                ("removes-itself", "rm run; exit 0"),
            ];
            let mut services = vec![];
            for (name, deed) in deeds {
                let service = world.scripted(name, &format!("#!/bin/sh\necho $$ >>pids\n{deed}\n"))?;
                services.push((service.start_supervise()?, service));
            }
            for (supervise, service) in &services {
                let pids = || world.files.lines(service.directory.join("pids"));
                world.until(&format!("{} was started", service.name), true, || Ok(!pids().is_empty()))?;
                if service.name == "stops-itself" {
                    let pid = pids()[0].parse().unwrap_or_default();
                    world.until("it is stopped", Some('T'), || Ok(Process::look(pid).map(|process| process.state)))?;
                    world.signal(pid, Signal::SIGKILL)?;
                }
                if service.name == "removes-itself" {
                    supervise.until_only_lines(
                        "supervise: fatal: unable to start removes-itself/run: file does not exist",
                        1,
                    )?;
                    world.files.write_script("removes-itself/run", "#!/bin/sh\necho $$ >>pids\nexec sleep 1000\n")?;
                }
                world.until("starts", true, || Ok(pids().len() >= 2))?;
                world.expect("supervise runs", supervise.is_running(), true)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/keeps-nothing-of-what-is-over",
        requirements: &["SUP-07", "SUP-30"],
        uses: &[SUPERVISE, SVC],
        does: "Sends two hundred commands and restarts the service three times: supervise has the descriptors and \
               children that it had before, and the last ./run finds what the first found.",
        run: |world| {
            let web = world.service("web", "")?;
            let supervise = web.supervise()?;
            web.until_settled()?;
            let holds = || (process::descriptors(supervise.pid), family(world, &supervise));
            let before = holds();
            web.control()?.send("pc".repeat(100))?;
            web.svc("-o")?;
            web.record()?.until("up, paused 0, want 0")?;
            world.until("descriptors and children", before.clone(), || Ok(holds()))?;
            web.svc("-u")?;
            for restart in 2..=4 {
                web.svc("-k")?;
                web.until_starts(restart)?;
            }
            world.until("descriptors and children", before, || Ok(holds()))?;
            let starts = web.starts();
            let [first, .., last] = &starts[..] else {
                return Err(Failure::broken("no starts".to_owned()));
            };
            let found =
                |(.., start): &(i32, u64, crate::probe::Start)| crate::probe::Start { born: 0, ..start.clone() };
            world.expect("what the last ./run found", found(last), found(first))
        },
        ..Scenario::ORDINARY
    },
    // Files.
    Scenario {
        id: "supervise/lifetime/outlives-its-directory",
        requirements: &["SUP-63"],
        uses: &[SUPERVISE, SVSTAT],
        does: "Removes supervise/ under a running supervise: it restarts its service and warns at each write of the \
               record; svstat finds none, and another supervise can start there.",
        run: |world| {
            let web = world.service("web", "")?;
            let supervise = web.supervise()?;
            web.until_settled()?;
            let first = web.until_up()?;
            world.files.remove("web/supervise")?;
            world.signal(first, Signal::SIGKILL)?;
            let second = web.until_starts(2)?[1].0;
            // For the death, and for the start.
            supervise.until_only_lines(
                "supervise: warning: unable to open web/supervise/status.new: file does not exist",
                2,
            )?;
            world.expect("svstat", web.svstat()?, "web: unable to open supervise/ok: file does not exist")?;
            let other = web.supervise()?;
            let third = web.until_starts(3)?[2].0;
            world
                .until("the pid in the record", Some(third), || Ok(web.record()?.read().map(|record| record.pid())))?;
            let alive = [supervise.pid, second, other.pid, third].map(Process::is_alive);
            world.expect("both supervises and their services live", alive, [true; 4])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/outlives-the-service-directory",
        requirements: &["SUP-67", "SUP-63"],
        uses: &[SUPERVISE],
        does: "Removes the whole service directory and kills ./run: supervise goes on, and says what it cannot do.",
        run: |world| {
            let web = world.service("web", "")?;
            let supervise = web.supervise()?;
            web.until_settled()?;
            let pid = web.until_up()?;
            world.files.remove("web")?;
            world.signal(pid, Signal::SIGKILL)?;
            for words in ["fatal: unable to start web/run", "warning: unable to open web/supervise/status.new"] {
                let line = format!("supervise: {words}: file does not exist");
                world.until(&format!("{line} is said twice"), true, || {
                    Ok(supervise.err_lines().iter().filter(|said| **said == line).count() >= 2)
                })?;
            }
            world.expect("supervise runs", supervise.is_running(), true)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/does-not-hear-another-fifo",
        requirements: &["SUP-63"],
        uses: &[SUPERVISE, SVC],
        does: "Puts a new FIFO in the place of control: svc says `supervise not running`, and nothing reaches the \
               service.",
        run: |world| {
            let web = world.service("web", "")?;
            let supervise = web.supervise()?;
            web.until_settled()?;
            let before = web.record()?.whole()?;
            world.files.remove("web/supervise/control")?;
            world.files.make_fifo("web/supervise/control")?;
            let ran = world.run("svc", &["-dx", "web"])?;
            world.expect_end(&ran, "exit 0", "svc: warning: unable to control web: supervise not running")?;
            world.stays("supervise, and the record", (true, Some(before)), Duration::from_millis(150), || {
                Ok((supervise.is_running(), web.record()?.read()))
            })
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/follows-its-directory-to-a-new-name",
        requirements: &["SUP-64"],
        uses: &[SUPERVISE, SVC, SVSTAT],
        does: "Renames the service directory and makes another of the old name: commands, record, svstat and restarts work \
               in the renamed one, a message has the old name, and the other one is left alone.",
        run: |world| {
            let web = world.service("web", "")?;
            let supervise = web.supervise()?;
            web.until_settled()?;
            world.files.rename("web", "moved")?;
            world.files.make_directory("web/supervise")?;
            let moved = world.service_called("moved");
            moved.svc("-p")?;
            let first = moved.record()?.until("up, paused 1, want u")?.pid();
            world.expect("svstat", moved.svstat()?, "moved: up (pid N) N seconds, paused")?;
            world.signal(first, Signal::SIGKILL)?;
            let (second, _, start) = moved.until_starts(2)?[1].clone();
            world.expect_that("current directory", start.cwd.ends_with("/moved"), "the new one", &start.cwd)?;
            world.until("the pid in the record", Some(second), || {
                Ok(moved.record()?.read().map(|record| record.pid()))
            })?;
            world.expect("words", supervise.err(), "")?;
            world.files.remove("moved/run")?;
            world.signal(second, Signal::SIGKILL)?;
            supervise.until_only_lines("supervise: fatal: unable to start web/run: file does not exist", 1)?;
            world.expect("files of the other directory", world.files.names("web/supervise"), vec![""; 0])
        },
        ..Scenario::ORDINARY
    },
    // Closed descriptors.
    Scenario {
        id: "supervise/lifetime/works-without-standard-descriptors",
        requirements: &["SUP-34", "SUP-34b", "SUP-53"],
        uses: &[SUPERVISE, SVC],
        does: "Starts supervise with some or all of descriptors 0 to 2 closed: the service comes up, is restarted and \
               obeys, and the lock is held.",
        run: |world| {
            let mut services = vec![];
            for (name, closed) in [("input", &[0][..]), ("output", &[1]), ("errors", &[2]), ("all", &[0, 1, 2])] {
                let service = world.scripted(name, SLEEPER)?;
                services.push((world.command("supervise").closed(closed).arg(name).start()?, service));
            }
            let mut restarted = vec![];
            for (_, service) in &services {
                service.until_supervised()?;
                let first = service.until_up()?;
                world.expect("the lock is free", service.lock()?.is_some(), false)?;
                world.signal(first, Signal::SIGKILL)?;
                restarted.push((service, first));
            }
            for (service, first) in restarted {
                service.until_other_pid(first)?;
                service.svc("-dx")?;
            }
            for (supervise, service) in &services {
                supervise.expect_exit("exit 0")?;
                world.expect("the record", service.record()?.whole()?.to_string(), "pid 0, paused 0, want d")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/takes-closed-descriptors-for-its-own-files",
        requirements: &["SUP-65"],
        uses: &[SUPERVISE, SVC],
        does: "Starts supervise with descriptors 0 to 2 closed: a warning ends up in the lock file.",
        run: |world| {
            let (web, _) = without_descriptors(world)?;
            world.files.make_directory("web/supervise/status.new")?;
            web.svc("-p")?;
            let warning = "supervise: warning: unable to open web/supervise/status.new: is a directory";
            world.until("the first line in the lock file", Some(warning.to_owned()), || {
                Ok(world.files.lines("web/supervise/lock").into_iter().next())
            })
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/hands-no-closed-descriptors-on",
        requirements: &["SUP-65"],
        uses: &[SUPERVISE, SVC],
        does: "Starts supervise with descriptors 0 to 2 closed: ./run has none of them.",
        run: |world| {
            let (_, pid) = without_descriptors(world)?;
            // A program that has just begun opens its libraries.
            world.until("standard descriptors of ./run", [0; 0], || {
                Ok(process::descriptors(pid).into_keys().filter(|number| *number < 3).collect::<Vec<i32>>())
            })
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/its-child-becomes-run-or-ends-with-111",
        requirements: &["EXEC-06b"],
        uses: &[SUPERVISE, STRACE],
        does: "Traces the children of supervise: the process that is ./run ends with the exit code of ./run, and one that \
               could not become it with 111.",
        run: |world| {
            let web = world.service("web", "exit 7")?;
            world.files.make_directory("bare")?;
            for (service, code) in [("web", "exited with 7"), ("bare", "exited with 111")] {
                let trace = format!("trace-{service}");
                world.traced(&["-f", "-e", "trace=none", "-o", &trace], "supervise")?.arg(service).start()?;
                world.until(&format!("first end under {service}"), Some(code.to_owned()), || {
                    let ends = world.files.lines(&trace).into_iter().filter(|line| line.ends_with(" +++"));
                    Ok(ends.map(|line| line.split(" +++").nth(1).unwrap_or_default().trim().to_owned()).next())
                })?;
            }
            let run = web.until_starts(1)?[0].0;
            let first = world.files.lines("trace-web").into_iter().next().unwrap_or_default();
            world.expect("process that ended", first.split(' ').next(), Some(run.to_string().as_str()))
        },
        ..Scenario::ORDINARY
    },
];

/// A ./run that does nothing, and neither handles nor prints anything.
const SLEEPER: &str = "#!/bin/sh\nexec sleep 1000\n";

/// What changes when a process wakes up: switches, and time on a processor.
fn activity(pid: i32) -> [String; 3] {
    let switches = ["voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"];
    let [voluntary, involuntary] = switches.map(|name| process::status_line(pid, name).unwrap_or_default());
    [voluntary, involuntary, fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap_or_default()]
}

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

/// A service whose supervise was started with descriptors 0 to 2 closed, and its process.
fn without_descriptors(world: &World) -> Result<(Service, i32), Failure> {
    let web = world.scripted("web", SLEEPER)?;
    let supervise = world.command("supervise").closed(&[0, 1, 2]).arg("web").start()?;
    world.until("./run", ["sleep S"], || Ok(family(world, &supervise)))?;
    let pid = web.until_up()?;
    Ok((web, pid))
}
