//! Commands that are replaced under a running tree, and the way back: by another build in a mix of two, else by themselves.

use crate::observe::process::{self, Process};
use crate::observe::svstat::normalised;
use crate::scenario::{Need, Outcome, Scenario, Stopped};
use crate::world::{Exit, Installed, SCAN, Service, World, parent_of};
use nix::sys::signal::Signal;

/// The first word of the ids of these scenarios.
pub(crate) const PREFIX: &str = "upgrade/";

const NEEDS: &[Need] = &[
    Need::Command("supervise"),
    Need::Command("svc"),
    Need::Command("svok"),
    Need::Command("svscan"),
    Need::Command("svstat"),
];

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "upgrade/no-service-notices-new-commands",
        requirements: &["OK-01", "STAT-01", "SVC-05"],
        needs: NEEDS,
        does: "Leads the links of all commands to another build, one by one, under a tree of three services, and back: \
               after each step svstat, svok and svc work on all of them, and every process is the one that it was.",
        run: no_service_notices_new_commands,
    },
    Scenario {
        id: "upgrade/supervise-gives-way-with-its-service",
        requirements: &["SCAN-11"],
        needs: NEEDS,
        does: "Leads the link of supervise to another build and ends one service with its supervise: svscan starts the \
               other supervise, the service is started once more, and its neighbour is left alone. And back.",
        run: supervise_gives_way_with_its_service,
    },
    Scenario {
        id: "upgrade/svscan-gives-way-beside-its-orphans",
        requirements: &["SCAN-16", "SUP-06", "SCAN-11", "SCAN-07"],
        needs: NEEDS,
        does: "Kills svscan and starts that of another build: no service is started again. The new one takes over each \
               service, and a service with its log, when the old supervise is told to end.",
        run: svscan_gives_way_beside_its_orphans,
    },
];

/// What the services run as: the pid of each, and that of its supervise.
fn processes(world: &World, services: &[&Service]) -> Vec<(Option<i32>, Option<i32>)> {
    let pids = |service: &&Service| world.pid_seen(service);
    services.iter().map(pids).map(|pid| (pid, pid.and_then(parent_of))).collect()
}

/// Looks at all services by way of `installed`, and expects them to be what they were `before`.
#[track_caller]
fn look(world: &World, installed: &Installed<'_>, services: &[&Service], round: usize) -> Outcome {
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
        world.until("signals", vec!["ALRM".to_owned(); round], || Ok(world.signals(service)))?;
    }
    Ok(())
}

fn no_service_notices_new_commands(world: &World) -> Outcome {
    let installed = world.installed()?;
    let (web, log) = world.listed_with_log("web", "survive ALRM", "survive ALRM\ncollect lines")?;
    let db = world.listed("db", "survive ALRM")?;
    let services = [&web, &log, &db];
    let svscan = installed.command("svscan").arg(SCAN).start()?;
    world.until_started(&services)?;
    services.iter().try_for_each(|service| world.until_up(service).map(drop))?;
    let before = processes(world, &services);
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
    world.expect("the processes", processes(world, &services), before)?;
    world.expect("starts", services.map(|service| world.starts(service).len()), [1, 1, 1])?;
    world.expect("svscan runs", world.is_running(&svscan), true)
}

/// Ends `service` and its supervise, and waits for the next supervise, a child of `svscan`, and its `./run`.
#[track_caller]
fn hand_over(world: &World, installed: &Installed<'_>, svscan: i32, service: &Service) -> Outcome {
    let old = world.supervise_of(service)?;
    let starts = world.starts(service).len();
    installed.svc("-dx", &[service])?;
    let new = world.until_some(&format!("the supervise of {}", service.name), "another", || {
        let seen = world.supervise_seen(service);
        Ok(seen.filter(|seen| *seen != old).ok_or_else(|| format!("{seen:?}")))
    })?;
    world.expect("its parent", parent_of(new), Some(svscan))?;
    world.until("starts", starts + 1, || Ok(world.starts(service).len()))
}

fn supervise_gives_way_with_its_service(world: &World) -> Outcome {
    let installed = world.installed()?;
    let (web, db) = (world.listed("web", "")?, world.listed("db", "")?);
    let svscan = installed.command("svscan").arg(SCAN).start()?;
    world.until_started(&[&web, &db])?;
    world.until_up(&web)?;
    let neighbour = processes(world, &[&web]);
    installed.replace("supervise")?;
    hand_over(world, &installed, svscan.pid, &db)?;
    installed.go_back("supervise")?;
    hand_over(world, &installed, svscan.pid, &db)?;
    world.expect("the neighbour", processes(world, &[&web]), neighbour)
}

fn svscan_gives_way_beside_its_orphans(world: &World) -> Outcome {
    let installed = world.installed()?;
    let (web, log) = world.listed_with_log("web", "", "collect lines")?;
    let db = world.listed("db", "")?;
    let services = [&web, &log, &db];
    let old = installed.command("svscan").arg(SCAN).start()?;
    world.until_started(&services)?;
    services.iter().try_for_each(|service| world.until_up(service).map(drop))?;
    let before = processes(world, &services);
    installed.replace("supervise")?;
    installed.replace("svscan")?;
    world.expect("the end of svscan", world.kill(&old, Signal::SIGTERM)?, Exit::Signal(Signal::SIGTERM as i32))?;
    let new = installed.command("svscan").arg(SCAN).start()?;
    let refused = "supervise: fatal: unable to acquire db/supervise/lock: temporary failure";
    world.until_lines(&new, refused, 1)?;
    world.expect("the processes", processes(world, &services), before)?;

    hand_over(world, &installed, new.pid, &db)?;
    world.expect("starts", services.map(|service| world.starts(service).len()), [1, 1, 2])?;
    // The log first: where web ends before it, nobody writes to the pipe any more, and it may end and start once more.
    let old = world.supervise_of(&log)?;
    installed.svc("-dx", &[&log])?;
    world.until("the old supervise of the log", false, || Ok(Process::is_alive(old)))?;
    installed.svc("-dx", &[&web])?;
    world.until("starts", [2, 2, 2], || Ok(services.map(|service| world.starts(service).len())))?;
    let open_on = |service: &Service, number: i32| -> Result<Option<String>, Stopped> {
        Ok(process::descriptors(world.until_up(service)?).remove(&number))
    };
    let pipe = open_on(&web, 1)?;
    world.expect_that("stdout of web", pipe.as_ref().is_some_and(|pipe| pipe.starts_with("pipe:")), "a pipe", &pipe)?;
    world.expect("stdin of its log", open_on(&log, 0)?, pipe)
}
