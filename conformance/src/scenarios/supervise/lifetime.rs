//! supervise: how long it lives, and what happens to its service when something goes wrong.

use super::{CLOSED, DEADLY, QUIET, SLEEPER};
use crate::commands::tool;
use crate::observe::process::{self, Process};
use crate::outcome::Failure;
use crate::probe::{Start, What};
use crate::scenario::{PRLIMIT, STRACE, SUPERVISE, SVC, SVOK, SVSTAT, Scenario};
use crate::world::{Command, Fifo, Running, Service, World};
use nix::sys::signal::Signal;
use std::cell::RefCell;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    // Signals.
    Scenario {
        id: "supervise/lifetime/dies-of-a-signal-and-leaves-run-alone",
        requirements: &["SUP-60"],
        uses: &[SUPERVISE, SVOK, SVSTAT],
        does: "Kills supervises with eight signals. Each dies of its signal, its ./run gets none and lives on, and svok \
               exits 100.",
        run: |world| {
            let mut orphans = vec![];
            for signal in DEADLY {
                let service = world.service(signal.as_str(), "")?;
                let supervise = service.supervise()?;
                let pid = service.until_starts(1)?[0].0;
                let end = supervise.kill(signal)?;
                world.expect("end of supervise", end.to_string(), format!("killed by {}", &signal.as_str()[3..]))?;
                orphans.push((service, pid));
            }
            world.stays("every ./run is alive", true, QUIET, || {
                Ok(orphans.iter().all(|(_, pid)| Process::is_alive(*pid)))
            })?;
            for (service, _) in &orphans {
                world.expect("signals that ./run got", service.signals(), vec![""; 0])?;
                world.expect("svok", service.svok()?, "exit 100")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/starts-a-second-run-beside-an-orphan",
        requirements: &["SUP-61"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Kills supervise and starts another. There are two ./run then: svstat and svc -d concern the second, and the \
               first lives on.",
        run: |world| {
            let web = world.service("web", "")?;
            let supervise = web.supervise()?;
            let orphan = web.until_starts(1)?[0].0;
            supervise.kill(Signal::SIGKILL)?;
            web.start_supervise()?;
            let second = web.until_starts(2)?[1].0;
            world.until("the pid that svstat prints", Some(second), || web.pid())?;
            let lives = || Ok([orphan, second].map(Process::is_alive));
            world.expect("the first and the second live", lives()?, [true, true])?;
            web.svc("-d")?;
            web.until_down()?;
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
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends CHLD, CONT, WINCH and URG to supervise. It runs on without a message and still obeys, and its service \
               stays up and gets no signal.",
        run: |world| {
            let web = world.service("web", "survive HUP")?;
            let supervise = web.supervise()?;
            let pid = web.until_starts(1)?[0].0;
            for signal in [Signal::SIGCHLD, Signal::SIGCONT, Signal::SIGWINCH, Signal::SIGURG].repeat(3) {
                supervise.signal(signal)?;
            }
            let look = || Ok((supervise.is_running(), Process::is_alive(pid), web.events().len()));
            world.stays("supervise and ./run are alive, and events of ./run", (true, true, 1), QUIET, look)?;
            world.expect("pid that svstat prints", web.pid()?, Some(pid))?;
            // The HUP shows that supervise has read the `o` before it.
            web.svc("-oh")?;
            web.until_signals(&["HUP"])?;
            web.order("exit 0")?;
            web.until_down()?;
            world.expect("starts", web.starts().len(), 1)?;
            world.expect("signals that ./run got", web.signals(), ["HUP"])?;
            world.expect("stderr of supervise", supervise.err(), "")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/can-be-stopped-and-continued",
        requirements: &["SUP-60"],
        uses: &[SUPERVISE, SVSTAT],
        does: "Stops supervise with TSTP and makes ./run exit. Nothing happens until CONT; then ./run is started again.",
        run: |world| {
            let web = world.service("web", "")?;
            let supervise = web.start_supervise()?;
            let first = web.until_starts(1)?[0].0;
            web.until_settled()?;
            supervise.signal(Signal::SIGTSTP)?;
            world.until_stopped(supervise.pid, true)?;
            web.order("exit 0")?;
            world.until_dead(first)?;
            let state = || Ok((Process::look(first).map(|process| process.state), web.starts().len()));
            world.stays("state of ./run, and starts", (Some('Z'), 1), QUIET, state)?;
            world.expect("pid that svstat prints", web.pid()?, Some(first))?;
            supervise.signal(Signal::SIGCONT)?;
            web.until_starts(2)?;
            web.until_other_pid(first).map(drop)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/dies-of-a-warning-that-nobody-reads",
        requirements: &["GEN-06", "SUP-29"],
        uses: &[SUPERVISE, SVC, SVSTAT],
        does: "Makes supervise warn into a pipe without a reader. It is killed by PIPE.",
        run: |world| {
            let (web, supervise, reader) = warning_service(world, |command| command)?;
            world.disown(web.until_up()?);
            drop(reader);
            web.svc("-p")?;
            supervise.expect_exit("killed by PIPE")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/outlives-a-warning-that-nobody-reads",
        requirements: &["GEN-06", "SUP-29"],
        uses: &[SUPERVISE, SVC, SVSTAT],
        does: "Starts supervise with PIPE ignored and makes it warn into a pipe without a reader. It goes on.",
        run: |world| {
            let (web, supervise, reader) = warning_service(world, |command| command.ignored("PIPE"))?;
            let pid = web.until_up()?;
            drop(reader);
            web.svc("-p")?;
            world.until_stopped(pid, true)?;
            world.expect("supervise runs", supervise.is_running(), true)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/hangs-in-a-warning-that-does-not-fit",
        requirements: &["GEN-03", "SUP-29"],
        uses: &[SUPERVISE, SVC, SVSTAT],
        does: "Makes supervise warn into a pipe that is full, and kills ./run. supervise waits in the warning, and ./run is \
               not started again.",
        run: |world| {
            let (web, supervise, reader) = warning_service(world, |command| command)?;
            let pid = web.until_starts(1)?[0].0;
            reader.fill(0)?;
            web.svc("-k")?;
            world.until_dead(pid)?;
            supervise.until_asleep_on("stderr")?;
            world.stays("starts", 1, QUIET, || Ok(web.starts().len()))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/dies-of-a-record-beyond-the-limit",
        requirements: &["SUP-29"],
        uses: &[SUPERVISE, SVC, SVSTAT, PRLIMIT],
        does: "Limits the size of files to 9 bytes while supervise runs. The next record kills it by XFSZ.",
        run: |world| {
            let web = world.scripted("web", SLEEPER)?;
            let supervise = web.supervise()?;
            world.disown(web.until_up()?);
            let prlimit = tool("prlimit").ok_or_else(|| Failure::missing("this machine lacks the program prlimit"))?;
            let limited = world.program(prlimit).args(["--fsize=9", "--pid", &supervise.pid.to_string()]).run()?;
            world.expect("prlimit", limited.exit, "exit 0")?;
            web.svc("-p")?;
            supervise.expect_exit("killed by XFSZ")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/says-nothing-about-an-orphan",
        requirements: &["SUP-61"],
        uses: &[SUPERVISE, SVOK, SVSTAT],
        does: "Kills supervise, starts another, and makes that exit. It has not printed anything about the ./run of the first.",
        run: |world| {
            let web = world.service("web", "")?;
            let supervise = web.supervise()?;
            web.until_starts(1)?;
            supervise.kill(Signal::SIGKILL)?;
            let next = web.start_supervise()?;
            web.until_starts(2)?;
            web.svc("-dx")?;
            next.expect_exit("exit 0")?;
            world.expect("its stderr", next.err(), "")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/sleeps-while-nothing-happens",
        requirements: &["SUP-66", "SUP-07"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Watches a supervise whose service is up and one whose service is down for a second after commands. They do \
               not wake up, use no processor time, and change no file.",
        run: |world| {
            let (up, down) = (world.service("up", "survive HUP")?, world.service("down", "")?);
            world.files.write("down/down", "")?;
            let supervises = [up.supervise()?, down.supervise()?];
            up.until_settled()?;
            for service in [&up, &down] {
                // Where supervise does not hold `control` open for writing, each client leaves an end of file behind.
                service.svc("-p")?;
                service.svc("-c")?;
            }
            up.svc("-oh")?;
            up.until_signals(&["CONT", "HUP"])?;
            down.svc("-o")?;
            down.until_starts(1)?;
            down.svc("-d")?;
            down.until_status("down")?;
            // The original is awake once more, a second after the start.
            down.until_settled()?;
            let look = || {
                let files = ["up", "up/supervise", "down", "down/supervise"].map(|directory| {
                    let names = world.files.names(directory).into_iter();
                    names.map(|name| world.files.identity(format!("{directory}/{name}"))).collect::<Vec<_>>()
                });
                Ok((supervises.each_ref().map(|supervise| process::activity(supervise.pid)), files))
            };
            let last = RefCell::new(look()?);
            world.until("two looks agree", true, || Ok(last.replace(look()?) == *last.borrow()))?;
            world.stays("activity and files of both", look()?, Duration::from_secs(1), look)
        },
        ..Scenario::ORDINARY
    },
    // Children.
    Scenario {
        id: "supervise/lifetime/reaps-children-that-it-did-not-start",
        requirements: &["SUP-62"],
        uses: &[SUPERVISE, SVC, SVSTAT],
        does: "Lets a shell with children become supervise. They are reaped when they end, without a message; the service \
               stays up, or down, and is not started again.",
        run: |world| {
            let web = world.service("web", "")?;
            let foreign = "for child in 1 2 3 4; do sleep 1000 & echo $! >>foreign; done; sh -c 'exit 7' &";
            let supervise = world.command("supervise").after(foreign).arg("web").start()?;
            let pid = web.until_up()?;
            let foreign: Vec<i32> = world.files.lines("foreign").iter().filter_map(|pid| pid.parse().ok()).collect();
            let is_child = |&pid: &i32| process::parent(pid) == Some(supervise.pid);
            world.expect("children that it did not start", foreign.iter().copied().filter(is_child).count(), 4)?;
            // The fifth may have ended before supervise listened. It is reaped with the next one that ends.
            for (&child, signal) in foreign[1..].iter().zip([Signal::SIGKILL, Signal::SIGTERM, Signal::SIGSEGV]) {
                world.signal(child, signal)?;
            }
            world.until("children", ["run S", "sleep S"], || Ok(children(&supervise)))?;
            world.expect("pid that svstat prints", web.pid()?, Some(pid))?;
            web.svc("-d")?;
            web.until_down()?;
            world.signal(foreign[0], Signal::SIGKILL)?;
            world.until("children", [""; 0], || Ok(children(&supervise)))?;
            world.stays("starts", 1, QUIET, || Ok(web.starts().len()))?;
            world.expect("pid that svstat prints", web.pid()?, None)?;
            world.expect("stderr of supervise", supervise.err(), "")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/takes-no-orphans",
        requirements: &["SUP-62"],
        uses: &[SUPERVISE, SVOK, SVSTAT],
        does: "Kills a ./run that has a child. The child does not become a child of supervise.",
        run: |world| {
            let web = world.scripted("web", "#!/bin/sh\nsleep 1000 &\necho $! >>orphans\nexec sleep 1000\n")?;
            let supervise = web.supervise()?;
            let orphans = || world.files.lines("web/orphans");
            world.until("children of ./run", 1, || Ok(orphans().len()))?;
            let orphan: i32 = orphans()[0].parse().unwrap_or_default();
            world.signal(web.until_up()?, Signal::SIGKILL)?;
            world.until("children of ./run", 2, || Ok(orphans().len()))?;
            world.expect("the orphan lives", Process::is_alive(orphan), true)?;
            world.until("children", ["sleep S"], || Ok(children(&supervise)))?;
            world.signal(orphan, Signal::SIGKILL)?;
            world.until_dead(orphan)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/its-child-becomes-run-or-ends-with-111",
        requirements: &["EXEC-06b"],
        uses: &[SUPERVISE, STRACE],
        does: "Traces the children of supervise. The process that is ./run ends with the exit code of ./run, and one that \
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
    // What ./run does.
    Scenario {
        id: "supervise/lifetime/outlives-whatever-run-does",
        requirements: &["SUP-67", "SUP-34"],
        uses: &[SUPERVISE],
        does: "Makes ./run close its descriptors, stop itself, and remove itself. supervise runs on in each case, and starts \
               the first two again.",
        run: |world| {
            let deeds = [
                ("closes-everything", "exec <&- >&- 2>&-; exit 0"),
                ("stops-itself", "kill -STOP $$; exit 0"),
                ("removes-itself", "rm run; exit 0"),
            ];
            let services = started_with(world, &deeds)?;
            let [(_, closes), (_, stops), (_, removes)] = &services[..] else {
                return Err(Failure::broken("not three services"));
            };
            let stopped = until_runs(world, stops, 1)?[0];
            world.until_stopped(stopped, true)?;
            world.signal(stopped, Signal::SIGKILL)?;
            until_runs(world, stops, 2)?;
            until_runs(world, closes, 2)?;
            // When a ./run that is missing is tried again, and how often, the manual does not say.
            world.until_dead(until_runs(world, removes, 1)?[0])?;
            world.stays("each supervise runs", true, Duration::from_millis(1200), || {
                Ok(services.iter().all(|(supervise, _)| supervise.is_running()))
            })
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/outlives-what-run-does-to-it",
        requirements: &["SUP-67", "SUP-60", "SUP-43b", "SUP-33"],
        uses: &[SUPERVISE],
        does: "Makes ./run send CHLD, CONT and WINCH to its parent, write unknown commands to control, and remove itself. \
               supervise prints nothing but one message that ./run is missing, and starts ./run again.",
        run: |world| {
            let deeds = [
                ("signals-supervise", "kill -CHLD $PPID; kill -CONT $PPID; kill -WINCH $PPID; exit 0"),
                ("talks-nonsense", "printf 'DU\\n0\\0zz?' >supervise/control; exit 1"),
                ("removes-itself", "rm run; exit 0"),
            ];
            for (supervise, service) in started_with(world, &deeds)? {
                if service.name == "removes-itself" {
                    let missing = "supervise: fatal: unable to start removes-itself/run: file does not exist";
                    supervise.until_only_lines(missing, 1)?;
                    world.files.write_script("removes-itself/run", "#!/bin/sh\necho $$ >>pids\nexec sleep 1000\n")?;
                }
                until_runs(world, &service, 2)?;
                world.expect("supervise runs", supervise.is_running(), true)?;
                if service.name != "removes-itself" {
                    world.expect("stderr of supervise", supervise.err(), "")?;
                }
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/keeps-nothing-of-what-is-over",
        requirements: &["SUP-07", "SUP-30"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends two hundred commands and kills the service three times. supervise has the descriptors and children \
               that it had before, and the last ./run finds what the first found.",
        run: |world| {
            let web = world.service("web", "survive HUP")?;
            let supervise = web.supervise()?;
            web.until_settled()?;
            let holds = || (process::descriptors(supervise.pid), children(&supervise));
            let before = holds();
            web.control()?.send("pc".repeat(100))?;
            web.svc("-oh")?;
            world.until("HUP has come", true, || Ok(web.signals().iter().any(|name| name == "HUP")))?;
            world.until("descriptors and children", before.clone(), || Ok(holds()))?;
            web.svc("-u")?;
            for restart in 2..=4 {
                web.svc("-k")?;
                web.until_starts(restart)?;
            }
            world.until("descriptors and children", before, || Ok(holds()))?;
            let starts = web.starts();
            let [first, .., last] = &starts[..] else {
                return Err(Failure::broken("no starts"));
            };
            let found = |(.., start): &(i32, u64, Start)| Start { born: 0, ..start.clone() };
            world.expect("what the last ./run found", found(last), found(first))
        },
        ..Scenario::ORDINARY
    },
    // Files that are removed, replaced or renamed.
    Scenario {
        id: "supervise/lifetime/outlives-its-directory",
        requirements: &["SUP-63", "STAT-03"],
        uses: &[SUPERVISE, SVOK, SVSTAT],
        does: "Removes supervise/ under a running supervise. It restarts its service and warns at each write of the record; \
               svstat finds no supervise, and a second one can start there.",
        run: |world| {
            let web = world.service("web", "")?;
            let supervise = web.supervise()?;
            web.until_settled()?;
            let first = web.starts()[0].0;
            world.files.remove("web/supervise")?;
            world.signal(first, Signal::SIGKILL)?;
            let second = web.until_starts(2)?[1].0;
            // One for the death and one for the start.
            supervise.until_only_lines(
                "supervise: warning: unable to open web/supervise/status.new: file does not exist",
                2,
            )?;
            world.expect("svstat", web.svstat()?, "web: unable to open supervise/ok: file does not exist")?;
            let other = web.supervise()?;
            let third = web.until_starts(3)?[2].0;
            world.until("the pid that svstat prints", Some(third), || web.pid())?;
            let alive = [supervise.pid, second, other.pid, third].map(Process::is_alive);
            world.expect("both supervises and their services live", alive, [true; 4])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/outlives-the-service-directory",
        requirements: &["SUP-67", "SUP-63", "SUP-33"],
        uses: &[SUPERVISE, SVOK, SVSTAT],
        does: "Removes the whole service directory and kills ./run. supervise runs on, and keeps printing that it can \
               neither start ./run nor write the record.",
        run: |world| {
            let web = world.service("web", "")?;
            let supervise = web.supervise()?;
            web.until_settled()?;
            let pid = web.starts()[0].0;
            world.files.remove("web")?;
            world.signal(pid, Signal::SIGKILL)?;
            for words in ["fatal: unable to start web/run", "warning: unable to open web/supervise/status.new"] {
                supervise.until_lines(&format!("supervise: {words}: file does not exist"), 2)?;
            }
            world.expect("supervise runs", supervise.is_running(), true)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/does-not-hear-another-fifo",
        requirements: &["SUP-63"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Puts a new FIFO in the place of control. svc -dx warns `supervise not running`, and neither supervise nor the \
               service notices.",
        run: |world| {
            let web = world.service("web", "")?;
            let supervise = web.supervise()?;
            web.until_settled()?;
            let before = web.until_status("up")?.pid;
            world.files.remove("web/supervise/control")?;
            world.files.make_fifo("web/supervise/control")?;
            let ran = world.run("svc", &["-dx", "web"])?;
            world.expect_end(&ran, "exit 0", "svc: warning: unable to control web: supervise not running")?;
            let look = || Ok((supervise.is_running(), web.events().len()));
            world.stays("supervise runs, and events of ./run", (true, 1), QUIET, look)?;
            world.expect("pid that svstat prints", web.until_status("up")?.pid, before)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/follows-its-directory-to-a-new-name",
        requirements: &["SUP-64"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Renames the service directory and makes another with the old name. Commands, svstat and restarts work in the \
               renamed one, a message has the old name, and the other directory stays empty.",
        run: |world| {
            let web = world.service("web", "")?;
            let supervise = web.supervise()?;
            web.until_settled()?;
            let first = web.starts()[0].0;
            world.files.rename("web", "moved")?;
            world.files.make_directory("web")?;
            let moved = world.service_called("moved");
            moved.svc("-p")?;
            world.expect("pid that svstat prints", moved.until_status("up, paused")?.pid, Some(first))?;
            world.signal(first, Signal::SIGKILL)?;
            let (second, _, start) = moved.until_starts(2)?[1].clone();
            world.expect_that("current directory", start.cwd.ends_with("/moved"), "the new one", &start.cwd)?;
            world.until("the pid that svstat prints", Some(second), || moved.pid())?;
            world.expect("stderr of supervise", supervise.err(), "")?;
            world.files.remove("moved/run")?;
            world.signal(second, Signal::SIGKILL)?;
            supervise.until_only_lines("supervise: fatal: unable to start web/run: file does not exist", 1)?;
            world.expect("files of the other directory", world.files.names("web"), vec![""; 0])
        },
        ..Scenario::ORDINARY
    },
    // Closed descriptors.
    Scenario {
        id: "supervise/lifetime/works-without-standard-descriptors",
        requirements: &["SUP-34", "SUP-51b"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Starts supervise with some or all of descriptors 0 to 2 closed. Its service comes up and is restarted, and \
               supervise obeys and exits 0.",
        run: |world| {
            let mut services = vec![];
            for (name, closed) in CLOSED {
                let service = world.scripted(name, SLEEPER)?;
                services.push((world.command("supervise").closed(closed).arg(name).start()?, service));
            }
            let mut restarted = vec![];
            for (_, service) in &services {
                service.until_supervised()?;
                let first = service.until_up()?;
                world.signal(first, Signal::SIGKILL)?;
                restarted.push((service, first));
            }
            for (service, first) in restarted {
                service.until_other_pid(first)?;
                service.svc("-dx")?;
            }
            services.iter().try_for_each(|(supervise, _)| supervise.expect_exit("exit 0"))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lifetime/takes-closed-descriptors-for-its-own-files",
        requirements: &["SUP-65"],
        uses: &[SUPERVISE, SVC, SVSTAT],
        does: "Starts supervise with descriptors 0 to 2 closed and makes it warn. The warning ends up in the lock file.",
        run: |world| {
            let (web, _) = without_descriptors(world)?;
            web.until_up()?;
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
        uses: &[SUPERVISE],
        does: "Starts supervise with descriptors 0 to 2 closed. ./run has none of them.",
        run: |world| {
            let (_, pid) = without_descriptors(world)?;
            // A program that has just been executed opens its libraries.
            world.until("standard descriptors of ./run", [0; 0], || {
                Ok(process::descriptors(pid).into_keys().filter(|number| *number < 3).collect::<Vec<i32>>())
            })
        },
        ..Scenario::ORDINARY
    },
];

/// Starts supervise, prepared by `prepare`, on a service whose record cannot be written any more once it is up. Every further
/// record is a warning in the FIFO that is returned, the standard error of supervise.
fn warning_service(world: &World, prepare: fn(Command) -> Command) -> Result<(Service, Running, Fifo), Failure> {
    let web = world.service("web", "")?;
    let reader = world.fifo("stderr")?;
    let supervise = prepare(world.command("supervise").arg("web").errors("stderr")).start()?;
    web.until_settled()?;
    world.files.make_directory("web/supervise/status.new")?;
    Ok((web, supervise, reader))
}

/// Returns the children of `parent` by name and state, sorted.
fn children(parent: &Running) -> Vec<String> {
    let mut children = process::lives_of_children(parent.pid);
    children.sort();
    children
}

/// Starts supervise on a service for each of `deeds`, a name and what its ./run does after it has recorded its pid.
fn started_with(world: &World, deeds: &[(&str, &str)]) -> Result<Vec<(Running, Service)>, Failure> {
    let start = |(name, deed): &(&str, &str)| {
        let service = world.scripted(name, &format!("#!/bin/sh\necho $$ >>pids\n{deed}\n"))?;
        Ok((service.start_supervise()?, service))
    };
    deeds.iter().map(start).collect()
}

/// Waits until the ./run of [`started_with`] was started `count` times, and returns the pids.
#[track_caller]
fn until_runs(world: &World, service: &Service, count: usize) -> Result<Vec<i32>, Failure> {
    world.until_some(&format!("starts of {}", service.name), &format!("{count} or more"), || {
        let lines = world.files.lines(service.directory.join("pids"));
        let pids: Vec<i32> = lines.iter().filter_map(|line| line.parse().ok()).collect();
        Ok(if pids.len() >= count { Ok(pids) } else { Err(format!("{lines:?}")) })
    })
}

/// Starts supervise with descriptors 0 to 2 closed. Returns its service, and the pid of the ./run.
fn without_descriptors(world: &World) -> Result<(Service, i32), Failure> {
    let web = world.scripted("web", SLEEPER)?;
    let supervise = world.command("supervise").closed(&[0, 1, 2]).arg("web").start()?;
    world.until("children", ["sleep S"], || Ok(children(&supervise)))?;
    let pid = Process::children(supervise.pid).first().map(|child| child.pid);
    Ok((web, pid.ok_or_else(|| Failure::broken("./run has ended"))?))
}
