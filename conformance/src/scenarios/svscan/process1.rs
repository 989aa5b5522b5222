//! svscan as process 1 of a pid namespace, as in a container.

use crate::observe::process::Process;
use crate::outcome::{Failure, Outcome};
use crate::scenario::{SUPERVISE, SVC, SVSCAN, Scenario, UNSHARE};
use crate::world::{Process1, World};
use nix::sys::signal::Signal;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svscan/process1/outlives-other-signals",
        requirements: &["SCAN-21"],
        uses: &[SVSCAN, SUPERVISE, SVC, UNSHARE],
        does: "Sends HUP, QUIT, USR1, USR2 and ALRM to svscan as process 1. It keeps running, no service gets a signal, and \
               a service that is listed afterwards is started.",
        run: |world| {
            let signals = [Signal::SIGHUP, Signal::SIGQUIT, Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGALRM];
            outlives(world, &signals)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/process1/outlives-term",
        requirements: &["SCAN-22"],
        uses: &[SVSCAN, SUPERVISE, SVC, UNSHARE],
        does: "Sends TERM to svscan as process 1. It keeps running, no service gets a signal, and a service that is listed \
               afterwards is started.",
        run: |world| outlives(world, &[Signal::SIGTERM]),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/process1/outlives-int",
        requirements: &["SCAN-22"],
        uses: &[SVSCAN, SUPERVISE, SVC, UNSHARE],
        does: "Sends INT to svscan as process 1. It keeps running, no service gets a signal, and a service that is listed \
               afterwards is started.",
        run: |world| outlives(world, &[Signal::SIGINT]),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/process1/hands-on-no-blocked-signal",
        requirements: &["SCAN-06"],
        uses: &[SVSCAN, SUPERVISE, SVC, UNSHARE],
        does: "Starts a service below svscan as process 1. ./run has no signal blocked, and svc -t \
               restarts it.",
        run: |world| {
            let web = world.scan("scan")?.service("web", "")?;
            world.start_as_process_1("svscan", &["scan"])?;
            web.until_settled()?;
            let blocked = web.until_starts(1)?.pop().map(|(_, _, start)| start.blocked);
            world.expect("./run's blocked signals", blocked, Some(vec![]))?;
            web.svc("-t")?;
            web.until_starts(2).map(drop)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/process1/reaps-orphans",
        requirements: &["SCAN-23"],
        uses: &[SVSCAN, SUPERVISE, UNSHARE],
        does: "Kills two processes that lost their parent below svscan as process 1. It reaps both, and the service keeps \
               running.",
        run: |world| {
            let (process1, orphans) = with_orphans(world)?;
            for &orphan in &orphans {
                world.signal(orphan, Signal::SIGKILL)?;
            }
            for &orphan in &orphans {
                world.until("the orphan exists", false, || Ok(Process::look(orphan).is_some()))?;
            }
            world.expect("process 1 is running", process1.is_running(), true)?;
            process1.until_children("supervise", 1).map(drop)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/process1/reaps-orphans-at-the-next-scan",
        requirements: &["SCAN-24"],
        uses: &[SVSCAN, SUPERVISE, SVC, UNSHARE],
        does: "Kills a process that lost its parent below svscan as process 1, right after a scan. It stays a zombie until \
               the next scan.",
        run: |world| {
            let mark = world.scan("scan")?.mark()?;
            let (_process1, orphans) = with_orphans(world)?;
            mark.until_scan()?;
            world.signal(orphans[0], Signal::SIGKILL)?;
            world.until_dead(orphans[0])?;
            let state = || Ok(Process::look(orphans[0]).map(|process| process.state));
            world.stays("the orphan's state", Some('Z'), Duration::from_secs(1), state)
        },
        ..Scenario::ORDINARY
    },
];

/// How long a signal is given to do harm.
const A_WHILE: Duration = Duration::from_millis(250);

/// Starts svscan as process 1 with a service, and sends it `signals`. Fails unless it keeps running and does its work, and
/// the service gets no signal.
fn outlives(world: &World, signals: &[Signal]) -> Outcome {
    let scan = world.scan("scan")?;
    let web = scan.service("web", "")?;
    let process1 = world.start_as_process_1("svscan", &["scan"])?;
    web.until_started()?;
    for &signal in signals {
        process1.signal(signal)?;
    }
    let seen = || Ok((process1.is_running(), web.signals()));
    world.stays("process 1, and the signals of the service", (true, vec![]), A_WHILE, seen)?;
    let late = scan.service("late", "")?;
    late.until_started()?;
    world.expect("starts and ends of the first service", (web.starts().len(), web.ends().len()), (1, 0))
}

/// Starts svscan as process 1 with a service that leaves two processes behind. Returns both, which are children of process
/// 1.
fn with_orphans(world: &World) -> Result<(Process1, Vec<i32>), Failure> {
    let script = "#!/bin/sh\nfor i in 1 2; do sh -c 'sleep 1000 &'; done\nexec cat orders\n";
    let parent = world.scripted("parent", script)?;
    world.files.make_fifo("parent/orders")?;
    world.scan("scan")?.list(&parent, "parent")?;
    let process1 = world.start_as_process_1("svscan", &["scan"])?;
    let orphans = process1.until_children("sleep", 2)?;
    Ok((process1, orphans))
}
