//! Commands that are replaced under a running tree, and the way back: by another build in a mix of two, else by themselves.

use crate::observe::process::{self, Process};
use crate::observe::svstat::normalised;
use crate::outcome::{Failure, Outcome};
use crate::scenario::{SUPERVISE, SVC, SVOK, SVSCAN, SVSTAT, Scenario};
use crate::world::{Exit, Installed, Service, World};
use nix::sys::signal::Signal;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "upgrade/no-service-notices-new-commands",
        requirements: &["OK-01", "OK-01b", "STAT-01", "SVC-05", "SVC-05b"],
        uses: &[SUPERVISE, SVC, SVOK, SVSCAN, SVSTAT],
        does: "Leads the links of all commands to another build, one by one, under a tree of three services, and back: \
               after each step svstat, svok and svc work on all of them, and every process is the one that it was.",
        run: |world| {
            let scan = world.scan("scan")?;
            let installed = world.installed()?;
            let (web, log) = scan.service_with_log("web", "survive ALRM", "survive ALRM\ncollect lines")?;
            let db = scan.service("db", "survive ALRM")?;
            let services = [&web, &log, &db];
            let svscan = installed.command("svscan").arg("scan").start()?;
            services.iter().try_for_each(|service| service.until_started())?;
            services.iter().try_for_each(|service| service.until_up().map(drop))?;
            let before = processes(&services)?;
            let (names, mut rounds) = (installed.names(), 1..);
            let mut see = || look(world, &installed, &services, rounds.next().unwrap_or(0));
            see()?;
            for name in &names {
                installed.replace(name)?;
                see()?;
            }
            for name in &names {
                installed.go_back(name)?;
                see()?;
            }
            world.expect("the processes", processes(&services)?, before)?;
            world.expect("starts", services.map(|service| service.starts().len()), [1, 1, 1])?;
            world.expect("svscan runs", svscan.is_running(), true)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "upgrade/supervise-gives-way-with-its-service",
        requirements: &["SCAN-11"],
        uses: &[SUPERVISE, SVC, SVOK, SVSCAN, SVSTAT],
        does: "Leads the link of supervise to another build and ends one service with its supervise: svscan starts the \
               other supervise, the service is started once more, and its neighbour is left alone. And back.",
        run: |world| {
            let scan = world.scan("scan")?;
            let installed = world.installed()?;
            let (web, db) = (scan.service("web", "")?, scan.service("db", "")?);
            let svscan = installed.command("svscan").arg("scan").start()?;
            [&web, &db].iter().try_for_each(|service| service.until_started())?;
            web.until_up()?;
            let neighbour = processes(&[&web])?;
            installed.replace("supervise")?;
            hand_over(world, &installed, svscan.pid, &db)?;
            installed.go_back("supervise")?;
            hand_over(world, &installed, svscan.pid, &db)?;
            world.expect("the neighbour", processes(&[&web])?, neighbour)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "upgrade/svscan-gives-way-beside-its-orphans",
        requirements: &["SCAN-16", "SUP-06", "SUP-06b", "SCAN-11", "SCAN-07", "SCAN-07b"],
        uses: &[SUPERVISE, SVC, SVOK, SVSCAN, SVSTAT],
        does: "Kills svscan and starts that of another build: no service is started again. The new one takes over each \
               service, and a service with its log, when the old supervise is told to end.",
        run: |world| {
            let scan = world.scan("scan")?;
            let installed = world.installed()?;
            let (web, log) = scan.service_with_log("web", "", "collect lines")?;
            let db = scan.service("db", "")?;
            let services = [&web, &log, &db];
            let old = installed.command("svscan").arg("scan").start()?;
            services.iter().try_for_each(|service| service.until_started())?;
            services.iter().try_for_each(|service| service.until_up().map(drop))?;
            let before = processes(&services)?;
            installed.replace("supervise")?;
            installed.replace("svscan")?;
            world.expect("the end of svscan", old.kill(Signal::SIGTERM)?, Exit::Signal(Signal::SIGTERM as i32))?;
            let new = installed.command("svscan").arg("scan").start()?;
            let refused = "supervise: fatal: unable to acquire db/supervise/lock: temporary failure";
            new.until_lines(refused, 1)?;
            world.expect("the processes", processes(&services)?, before)?;

            hand_over(world, &installed, new.pid, &db)?;
            world.expect("starts", services.map(|service| service.starts().len()), [1, 1, 2])?;
            // The log first: where web ends before it, nobody writes to the pipe any more, and it may end and start once more.
            let old = log.supervise_pid()?;
            installed.svc("-dx", &[&log])?;
            world.until("the old supervise of the log", false, || Ok(Process::is_alive(old)))?;
            installed.svc("-dx", &[&web])?;
            world.until("starts", [2, 2, 2], || Ok(services.map(|service| service.starts().len())))?;
            let open_on = |service: &Service, number: i32| -> Result<Option<String>, Failure> {
                Ok(process::descriptors(service.until_up()?).remove(&number))
            };
            let pipe = open_on(&web, 1)?;
            world.expect_that(
                "stdout of web",
                pipe.as_ref().is_some_and(|pipe| pipe.starts_with("pipe:")),
                "a pipe",
                &pipe,
            )?;
            world.expect("stdin of its log", open_on(&log, 0)?, pipe)
        },
        ..Scenario::ORDINARY
    },
];

/// What the services run as: the pid of each, and that of its supervise.
fn processes(services: &[&Service]) -> Result<Vec<(Option<i32>, Option<i32>)>, Failure> {
    let pids = |service: &&Service| service.pid();
    services.iter().map(pids).map(|pid| pid.map(|pid| (pid, pid.and_then(process::parent)))).collect()
}

/// Looks at all services by way of `installed`, and expects them to be what they were `before`.
#[track_caller]
fn look(world: &World, installed: &Installed, services: &[&Service], round: usize) -> Outcome {
    for service in services {
        let svstat = installed.command("svstat").arg(&service.name).run()?;
        let line = format!("{}: up (pid N) N seconds", service.name);
        world.expect(
            "svstat",
            (svstat.exit.as_str(), normalised(svstat.out.trim_end_matches("\\n"))),
            ("exit 0", line),
        )?;
        let svok = installed.command("svok").arg(&service.name).run()?;
        world.expect("svok", svok.exit, "exit 0")?;
        installed.svc("-a", &[service])?;
        world.until("signals", vec!["ALRM".to_owned(); round], || Ok(service.signals()))?;
    }
    Ok(())
}

/// Ends `service` and its supervise, and waits for the next supervise, a child of `svscan`, and its `./run`.
#[track_caller]
fn hand_over(world: &World, installed: &Installed, svscan: i32, service: &Service) -> Outcome {
    let old = service.supervise_pid()?;
    let starts = service.starts().len();
    installed.svc("-dx", &[service])?;
    let new = world.until_some(&format!("the supervise of {}", service.name), "another", || {
        let seen = Some(service.supervise_pid()?);
        Ok(seen.filter(|seen| *seen != old).ok_or_else(|| format!("{seen:?}")))
    })?;
    world.expect("its parent", process::parent(new), Some(svscan))?;
    world.until("starts", starts + 1, || Ok(service.starts().len()))
}
