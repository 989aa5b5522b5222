//! Lives of svscan and svscanboot.

use crate::faults::Life;
use crate::faults::tracing::{Start, Tracing, until_up};
use crate::observe::process::{self, Process};
use crate::outcome::Outcome;
use crate::scenario::{MOUNTS, READPROCTITLE, STRACE, SUPERVISE, SVC, SVOK, SVSCAN, SVSCANBOOT, SVSTAT};
use crate::world::World;
use nix::sys::signal::Signal;
use std::collections::BTreeSet;

pub(super) const LIVES: &[Life] = &[
    Life {
        id: "svscan/services",
        requirements: &["GEN-01", "SCAN-02", "SCAN-07", "SCAN-08", "SCAN-13"],
        uses: &[SVSCAN, SUPERVISE, SVC, SVOK, SVSTAT, STRACE],
        does: "Starts svscan on a service with a log and one without, adds a service with a log, ends the supervises of one with \
               its log, which come back, and removes the service without a log.",
        run: services,
    },
    Life {
        id: "svscanboot/tree",
        requirements: &["BOOT-01", "SCAN-02"],
        uses: &[SVSCANBOOT, MOUNTS, SVSCAN, SUPERVISE, READPROCTITLE, SVC, SVOK, SVSTAT, STRACE],
        does: "Starts svscanboot, which runs a service, and sends svscan's messages to readproctitle.",
        run: tree,
    },
];

fn services(world: &World, tracing: &Tracing<'_>) -> Outcome {
    let scan = world.scan("services")?;
    let web = scan.service("web", "")?;
    let (app, log) = scan.service_with_log("app", "say hello", "collect lines")?;
    let svscan = tracing.start(tracing.command("svscan")?.arg("services"))?;
    if svscan.until_works(&[&web, &app, &log])? == Start::Refused {
        return tracing.end(None);
    }
    let lines = || Ok(world.files.lines("app/log/lines").iter().filter(|line| *line == "hello").count());
    until_up(world, &web, 1)?;
    world.until("lines of app in its log", 1, lines)?;
    svscan.expect_quiet()?;

    let (new, new_log) = scan.service_with_log("new", "", "collect lines")?;
    for service in [&app, &log] {
        service.svc("-dx")?;
    }
    new.until_starts(1)?;
    new_log.until_starts(1)?;
    for (service, count) in [(&app, 2), (&log, 2), (&web, 1), (&new, 1)] {
        until_up(world, service, count)?;
    }
    world.until("lines of app in its log", 2, lines)?;
    svscan.expect_quiet()?;
    let descriptors = process::descriptors(svscan.running.pid).len();
    let pipes = || {
        let open = process::descriptors(svscan.running.pid).into_values();
        open.filter(|file| file.starts_with("pipe:")).collect::<BTreeSet<_>>().len()
    };
    // Two services have a log, and a program may have a pipe to wake itself up.
    world.until_some("pipes of svscan", "two or three", || {
        Ok(if (2..4).contains(&pipes()) { Ok(()) } else { Err(pipes().to_string()) })
    })?;

    scan.unlist("web")?;
    web.svc("-dx")?;
    web.until_unsupervised()?;
    svscan.expect_no_zombie()?;
    svscan.expect_quiet()?;
    world.until("open descriptors of svscan", true, || {
        Ok(process::descriptors(svscan.running.pid).len() <= descriptors)
    })?;
    world.expect("starts of web", web.starts().len(), 1)?;
    let extra: Vec<_> = [&web, &app, &new].into_iter().flat_map(|service| service.starts()).collect();
    let extra: Vec<_> =
        extra.iter().flat_map(|(_, _, start)| &start.descriptors).filter(|(number, _)| **number > 2).collect();
    world.expect_that("descriptors of the services", extra.is_empty(), "none beyond 2", &extra)?;

    let pid = svscan.running.pid;
    world.kill(pid, Signal::SIGTERM)?;
    svscan.wait()?;
    tracing.end(Some(pid))
}

fn tree(world: &World, tracing: &Tracing<'_>) -> Outcome {
    world.private_root()?;
    let web = world.service("web", "")?;
    world.scan("/service")?.list(&web, "web")?;
    let boot = tracing.start(tracing.command("svscanboot")?)?;
    let pid = boot.running.pid;
    let title = || {
        let below = Process::descendants(std::process::id().cast_signed()).into_iter();
        below
            .map(|one| process::arguments(one.pid))
            .find(|words| words.first().is_some_and(|word| word == "readproctitle"))
    };
    let is_over = || !boot.running.is_running();
    world.until("the service and readproctitle run, or svscanboot has ended", true, || {
        Ok(is_over() || !web.starts().is_empty() && title().is_some())
    })?;
    if is_over() {
        // Its stderr is /dev/null, and if it is a script, the shell chooses the exit code.
        world.expect("a fault", tracing.is_faulty(), true)?;
        let exit = boot.wait()?.to_string();
        let is_refusal = exit.starts_with("exit ") && exit != "exit 0";
        world.expect_that("its end", is_refusal, "an exit code other than 0", &exit)?;
        let others = || {
            Process::children(std::process::id().cast_signed()).into_iter().map(|child| child.name).collect::<Vec<_>>()
        };
        world.until("processes that it has left", vec![""; 0], || Ok(others()))?;
        return tracing.end(None);
    }
    until_up(world, &web, 1)?;
    boot.expect_quiet()?;
    // What the service prints goes to readproctitle.
    web.order("say hello")?;
    world.until("hello is in the title", true, || {
        Ok(title().is_some_and(|words| words.last().is_some_and(|word| word.contains("hello"))))
    })?;
    boot.expect_no_zombie()?;
    world.kill(pid, Signal::SIGKILL)?;
    boot.wait()?;
    tracing.end(Some(pid))
}
