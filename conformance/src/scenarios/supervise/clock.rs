//! supervise: clocks that are set, and the minute after a failed fork.

use super::since;
use crate::observe::svstat;
use crate::outcome::Outcome;
use crate::scenario::{CLOCK, STRACE, SUPERVISE, SVOK, SVSTAT, Scenario};
use crate::world::{Clock, FORKS, Service, World, send_signal};
use nix::sys::signal::Signal;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "supervise/clock/pauses-longer-when-the-clock-is-set-back",
        requirements: &["SUP-37"],
        uses: &[SUPERVISE, SVOK, CLOCK],
        does: "Sets the wall clock of supervise back by three seconds in the second after a start. The next start is \
               three seconds late, and the one after it is not.",
        run: |world| {
            let web = world.service("web", "exit 0")?;
            let supervise = web.start_supervise()?;
            web.until_supervised()?;
            let clock = supervise.clock()?;
            let before = web.until_starts(2)?.len();
            // The service may run before supervise has read the clock that it counts the pause by.
            supervise.until_idle()?;
            clock.step(-3)?;
            // One more start may have come before the step.
            let starts = web.until_starts(before + 4)?;
            let mut gaps: Vec<Duration> =
                starts.windows(2).map(|two| since(two[0].1, two[1].1)).skip(before - 1).collect();
            gaps.sort();
            let longest = gaps.pop().unwrap_or_default();
            let (longer, second) = (Duration::from_millis(3900), Duration::from_millis(990));
            world.expect_between(
                "the longest time between two starts",
                longest,
                longer,
                Duration::from_millis(4600),
            )?;
            let next = gaps.pop().unwrap_or_default();
            world.expect_between("the longest but one", next, second, Duration::from_millis(1600))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/clock/goes-on-when-the-clock-is-set",
        requirements: &["SUP-36", "STAT-04", "STAT-13"],
        uses: &[SUPERVISE, SVOK, SVSTAT, CLOCK],
        does: "Sets the wall clock of supervise back by an hour and kills the service, then forward by an hour and kills it \
               again. Each time it is started at once, and svstat counts from the time on the clock of supervise.",
        run: |world| {
            let web = world.service("web", "")?;
            let supervise = web.supervise()?;
            let clock = supervise.clock()?;
            let tolerance = world.scaled(Duration::from_secs(5)).as_secs();
            let hour = u64::from(HOUR.unsigned_abs());
            step_and_kill(world, &web, &clock, -HOUR)?;
            let line = web.svstat_line()?;
            let seconds = svstat::seconds(&line).unwrap_or(0);
            world.expect_that("svstat", (hour..hour + tolerance).contains(&seconds), "up for an hour", line)?;
            step_and_kill(world, &web, &clock, HOUR)?;
            let line = web.svstat_line()?;
            world.expect("seconds since a start in the future", svstat::seconds(&line), Some(0))?;
            world.expect("starts", web.starts().len(), 3)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/clock/tries-again-a-minute-after-a-failed-fork",
        requirements: &["SUP-38"],
        uses: &[SUPERVISE, SVOK, STRACE, CLOCK],
        does: "Makes a fork of supervise fail and lets 50 seconds pass on its clocks: nothing is started. When ten more \
               have passed, the service is.",
        run: |world| {
            let web = world.service("web", "")?;
            let waits = "?poll,?ppoll,?select,?pselect6,?epoll_wait,?epoll_pwait";
            let options = [
                "-o",
                "trace",
                "-e",
                &format!("inject={FORKS}:error=EAGAIN:when=1"),
                // Each wait ends at once and stops supervise, which then reads its clocks once for every CONT.
                "-e",
                &format!("inject={waits}:retval=0:signal=STOP"),
            ];
            let strace = world.traced(&options, "supervise")?.arg("web").start()?;
            web.until_supervised()?;
            let traced = strace.traced_pid()?;
            world.until("the fork has failed", true, || {
                Ok(world.files.lines("trace").iter().any(|line| line.contains("EAGAIN") && line.contains("INJECTED")))
            })?;
            let clock = world.clock_of(traced)?;
            let starts = || {
                send_signal(traced, Signal::SIGCONT)?;
                Ok(web.starts().len())
            };
            // supervise may wait more than once before it notes when to try again.
            world.stays("starts at once", 0, A_WHILE, starts)?;
            clock.pass(50)?;
            world.stays("starts after 50 seconds", 0, A_WHILE, starts)?;
            clock.pass(60)?;
            world.until("starts after 60 seconds", 1, starts)
        },
        ..Scenario::ORDINARY
    },
];

/// How long a stopped supervise gets CONT again and again without starting anything.
const A_WHILE: Duration = Duration::from_millis(400);

const HOUR: i32 = 3600;

/// Waits until the pause after the start of `service` is over, steps the clock, kills the service and waits until it is up
/// again.
#[track_caller]
fn step_and_kill(world: &World, service: &Service, clock: &Clock, seconds: i32) -> Outcome {
    let old = service.until_up()?;
    service.until_settled()?;
    clock.step(seconds)?;
    world.signal(old, Signal::SIGKILL)?;
    service.until_other_pid(old).map(drop)
}
