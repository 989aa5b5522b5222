//! Commands that are replaced under a running tree, and the way back: by another build in a mix of two, else by themselves.

use crate::observe::process;
use crate::observe::svstat::Status;
use crate::outcome::Outcome;
use crate::scenario::{Kind, SUPERVISE, SVC, SVOK, SVSCAN, SVSTAT, Scenario};
use crate::world::{Exit, Installed, Service, World};
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
        requirements: &["SCAN-07", "SCAN-11", "SCAN-16", "SCAN-17", "SUP-06"],
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
            new.until_lines("supervise: fatal: unable to acquire db/supervise/lock: temporary failure", 1)?;
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
