//! Commands that are replaced under a running tree, and the way back: by another build in a mix of two, else by themselves.

use crate::observe::escape;
use crate::observe::process::{self, Process};
use crate::observe::svstat::Status;
use crate::outcome::Outcome;
use crate::scenario::{Kind, MULTILOG, STRACE, SUPERVISE, SVC, SVOK, SVSCAN, SVSTAT, Scenario};
use crate::world::{Exit, FORKS, Installed, RENAMES, Service, World, numbered_lines};
use nix::sys::signal::Signal;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "upgrade/no-service-notices-new-commands",
        requirements: &["OK-01", "SUP-43", "SVC-05", "SUP-20"],
        uses: &[SUPERVISE, SVC, SVOK, SVSCAN, SVSTAT],
        does: "Points the links of all commands at another build, one by one, under a tree of three services, and back. \
               After each step svstat, svok and svc work on all services, and every process is the same as before.",
        run: |world| {
            let scan = world.scan("scan")?;
            let installed = world.installed()?;
            let (web, log) = scan.service_with_log("web", "survive ALRM", "survive ALRM\ncollect lines")?;
            let db = scan.service("db", "survive ALRM")?;
            let services = [&web, &log, &db];
            let svscan = installed.command("svscan").arg("scan").start()?;
            services.iter().try_for_each(|service| service.until_up().map(drop))?;
            let before = world.pids(&services)?;
            let (names, mut rounds) = (installed.names(), 1..);
            let mut look = || look(world, &installed, &services, rounds.next().unwrap_or(0));
            look()?;
            for name in &names {
                installed.replace(name)?;
                look()?;
            }
            for name in &names {
                installed.go_back(name)?;
                look()?;
            }
            world.expect("pids", world.pids(&services)?, before)?;
            world.expect("starts", services.map(|service| service.starts().len()), [1, 1, 1])?;
            world.expect("svscan is running", svscan.is_running(), true)
        },
        kind: Kind::Upgrade,
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "upgrade/supervise-gives-way-with-its-service",
        requirements: &["SCAN-11"],
        uses: &[SUPERVISE, SVC, SVSCAN],
        does: "Points the link of supervise at another build and sends -dx to one service, and then the same back again. \
               svscan starts the other supervise, the service is started once more, and its neighbour is left alone.",
        run: |world| {
            let scan = world.scan("scan")?;
            let installed = world.installed()?;
            let (web, db) = (scan.service("web", "")?, scan.service("db", "")?);
            let svscan = installed.command("svscan").arg("scan").start()?;
            [&web, &db].iter().try_for_each(|service| service.until_started())?;
            installed.replace("supervise")?;
            hand_over(world, &installed, svscan.pid, &db)?;
            installed.go_back("supervise")?;
            hand_over(world, &installed, svscan.pid, &db)?;
            world.expect("events of the neighbour", web.events().len(), 1)
        },
        kind: Kind::Upgrade,
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "upgrade/svscan-gives-way-beside-its-orphans",
        requirements: &["SCAN-07", "SCAN-11", "SCAN-16", "SCAN-25", "SUP-06"],
        uses: &[SUPERVISE, SVC, SVSCAN],
        does: "Kills svscan and starts that of another build: no service is started again. The new svscan takes over a \
               service, and another with its log, when their supervises get -dx.",
        run: |world| {
            let scan = world.scan("scan")?;
            let installed = world.installed()?;
            let (web, log) = scan.service_with_log("web", "say line", "collect lines")?;
            let db = scan.service("db", "")?;
            let services = [&web, &log, &db];
            let old = installed.command("svscan").arg("scan").start()?;
            services.iter().try_for_each(|service| service.until_started())?;
            installed.replace("supervise")?;
            installed.replace("svscan")?;
            world.expect("how svscan ends", old.kill(Signal::SIGTERM)?, Exit::Signal(Signal::SIGTERM as i32))?;
            let new = installed.command("svscan").arg("scan").start()?;
            // By then, the new svscan has found the others.
            scan.service("late", "")?.until_started()?;
            world.expect("events", services.map(|service| service.events().len()), [1, 1, 1])?;

            hand_over(world, &installed, new.pid, &db)?;
            world.expect("starts", services.map(|service| service.starts().len()), [1, 1, 2])?;
            // The log first: if web ends before it, nothing holds the old pipe open, and the log may end and start once more.
            let old = log.supervise_pid()?;
            installed.svc("-dx", &[&log])?;
            world.until_dead(old)?;
            installed.svc("-dx", &[&web])?;
            for service in [&web, &log] {
                service.until_starts(2)?;
            }
            world.until("lines that the log read", vec!["line"; 2], || Ok(world.files.lines("web/log/lines")))?;
            world.expect("starts", services.map(|service| service.starts().len()), [2, 2, 2])
        },
        kind: Kind::Upgrade,
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "upgrade/multilog-goes-on-with-the-logs-of-another",
        requirements: &["MLOG-22", "MLOG-23", "MLOG-31", "MLOG-50", "MLOG-13"],
        uses: &[MULTILOG],
        does: "Has two builds take turns at logs with and without a processor, each ending at the end of its input, and some \
               killed. Each goes on where the other stopped: no line is lost or doubled, and the old files count.",
        run: |world| {
            let installed = world.installed()?;
            let (log, processed, few) = (world.log("log"), world.log("processed"), world.log("few"));
            let script = [
                "s4096",
                "n50",
                "./log",
                "!read runs <&4; echo ${runs}x >&5; cat",
                "./processed",
                "n3",
                "!cat",
                "./few",
            ];
            for round in 0..6 {
                let input = numbered_lines(50 * round..50 * (round + 1));
                world.files.write("input", &input)?;
                let ran = installed.command("multilog").args(script).input("input").finish()?;
                world.expect("multilog", ran.all(), ("exit 0", "", ""))?;
                if round % 2 == 0 { installed.replace("multilog")? } else { installed.go_back("multilog")? }
            }
            let whole = numbered_lines(0..300);
            for log in [&log, &processed] {
                world.expect_that(&log.name, log.everything() == whole.as_bytes(), "all lines", log.sizes())?;
                world.expect(&log.name, log.codes(), vec!["s"; log.old().len()])?;
            }
            let state = escape(&processed.bytes("state"));
            world.expect("state", state, format!("{}\\n", "x".repeat(processed.old().len())))?;
            world.expect("old files of the small log", few.old().len(), 2)?;
            world.expect_that(
                "the small log",
                whole.as_bytes().ends_with(&few.everything()),
                "the latest lines",
                few.sizes(),
            )
        },
        kind: Kind::Upgrade,
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "upgrade/multilog-recovers-the-logs-of-another",
        requirements: &["MLOG-22", "MLOG-23", "MLOG-31"],
        uses: &[MULTILOG, STRACE],
        does: "Kills multilog at the steps of a rotation, has another build go on with what is left, and then the first again. No \
               line is lost or doubled.",
        run: |world| {
            let installed = world.installed()?;
            world.files.write("first", numbered_lines(20..22))?;
            world.files.write("second", numbered_lines(22..24))?;
            world.files.write("third", numbered_lines(24..60))?;
            for (number, (calls, when, processor)) in CRASHES.iter().enumerate() {
                let what = format!("killed at {calls} {when}, processor {processor:?}");
                let log = world.log(&format!("log-{number}"));
                log.prepare(numbered_lines(0..20))?;
                let script = ["s4096", processor, &log.name];
                let inject = format!("inject={calls}:signal=KILL:when={when}");
                let killed = world.traced(&["-o", "/dev/null", "-e", &inject], "multilog")?.args(script).input("first");
                let killed = killed.start()?;
                let end = killed.wait()?.to_string();
                world.expect(&what, end.as_str(), "killed by KILL")?;
                installed.replace("multilog")?;
                let ran = installed.command("multilog").args(script).input("second").finish()?;
                world.expect(&what, ran.all(), ("exit 0", "", ""))?;
                installed.go_back("multilog")?;
                let ran = installed.command("multilog").args(script).input("third").finish()?;
                world.expect(&what, ran.all(), ("exit 0", "", ""))?;
                // A rotation that was under way becomes an old file before what was written after it.
                let lines = log.sorted_lines().concat().replace("\\n", "\n");
                let read = lines.matches('\n').count();
                // multilog may have read the second line of its input, and not written it.
                let least = [numbered_lines(0..21), numbered_lines(22..60)].concat();
                let is_whole = lines == numbered_lines(0..60) || lines == least;
                world.expect_that(&format!("lines, {what}"), is_whole, "all, each once", (read, log.sizes()))?;
            }
            Ok(())
        },
        kind: Kind::Upgrade,
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "upgrade/multilog-gives-way-without-losing-a-line",
        requirements: &["MLOG-40", "MLOG-22", "SVC-05"],
        uses: &[MULTILOG, SUPERVISE, SVC, SVSCAN],
        does: "Points the link of multilog at another build under a log that gets lines all the time, and sends it TERM by svc -t \
               in the middle of a line; and back. The other build takes over, and every line is there once, in order.",
        run: |world| {
            let scan = world.scan("scan")?;
            let installed = world.installed()?;
            let feed = world.feed("pipe")?;
            let web = world.scripted("web", "#!/bin/sh\nexec cat <../pipe\n")?;
            world.scripted("web/log", "#!/bin/sh\nexec multilog s4096 n100 ./main\n")?;
            let service = world.service_called("web/log");
            let log = world.log("web/log/main");
            scan.list(&web, "web")?;
            let svscan = installed.command("svscan").arg("scan").start()?;
            let multilog = || {
                let all = Process::descendants(svscan.pid).into_iter();
                Ok(all
                    .map(|one| one.pid)
                    .find(|&pid| process::arguments(pid).first().is_some_and(|name| name == "multilog")))
            };
            let whole = numbered_lines(0..300);
            let mut sent = 0;
            let mut send = |count: usize| {
                let piece = whole.as_bytes().get(sent..sent + count).unwrap_or_default();
                sent += count;
                feed.send(piece).map(|()| sent)
            };
            let logged = |count: usize| world.until("bytes in the log", count, || Ok(log.everything().len()));
            for is_back in [false, true, false] {
                let line = send(5000)?;
                logged(line)?;
                let part = send(50)?;
                feed.until_read()?;
                let old = multilog()?;
                if is_back {
                    installed.go_back("multilog")?
                } else {
                    installed.replace("multilog")?
                }
                installed.svc("-t", &[&service])?;
                let rest = send(4950)?;
                logged(rest)?;
                world.expect("part of a line", part, line + 50)?;
                world.until("another multilog", true, || Ok(multilog()?.is_some_and(|new| Some(new) != old)))?;
            }
            world.expect_that("lines", log.everything() == whole.as_bytes(), "all, in order", log.sizes())?;
            world.expect("codes", log.codes(), vec!["s"; log.old().len()])
        },
        kind: Kind::Upgrade,
        ..Scenario::ORDINARY
    },
];

/// Where multilog is killed: system calls, an occurrence, and an action that sets a processor or nothing.
const CRASHES: &[(&str, u32, &str)] = &[
    (RENAMES, 1, ""),
    ("?link,?linkat", 1, ""),
    ("?unlink,?unlinkat", 1, ""),
    ("getdents64", 1, ""),
    (FORKS, 1, "!cat"),
    ("?unlink,?unlinkat", 1, "!cat"),
    (RENAMES, 2, "!cat"),
    ("?link,?linkat", 1, "!cat"),
    ("?unlink,?unlinkat", 2, "!cat"),
];

/// Runs the clients that are `installed` on all services: each is up, supervised, and gets ALRM for the time number
/// `round`.
#[track_caller]
fn look(world: &World, installed: &Installed, services: &[&Service], round: usize) -> Outcome {
    let svstat = installed.command("svstat").args(services.iter().map(|service| &service.name)).run()?;
    let lines = svstat.out.split("\\n").zip(services);
    let states = lines.map(|(line, service)| Status::parse(line, &service.name).map(|status| status.words()));
    let is_up = states.eq(services.iter().map(|_| Some("up".to_owned())));
    world.expect_that("svstat", is_up, "all services up", &svstat.out)?;
    for service in services {
        let svok = installed.command("svok").arg(&service.name).run()?;
        world.expect("svok", svok.exit, "exit 0")?;
    }
    installed.svc("-a", services)?;
    services.iter().try_for_each(|service| service.until_signals(&vec!["ALRM"; round]))
}

/// Sends -dx to `service`, and waits until another supervise, a child of `svscan`, has started it.
#[track_caller]
fn hand_over(world: &World, installed: &Installed, svscan: i32, service: &Service) -> Outcome {
    let old = service.supervise_pid()?;
    let starts = service.starts().len();
    installed.svc("-dx", &[service])?;
    service.until_starts(starts + 1)?;
    let new = service.supervise_pid()?;
    world.expect_that("the supervise", new != old, &format!("another process than {old}"), new)?;
    world.expect("its parent", process::parent(new), Some(svscan))?;
    world.expect("starts", service.starts().len(), starts + 1)
}
