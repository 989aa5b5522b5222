//! supervise: clocks that are set, and the minute after a failed fork.

use crate::scenario::{Need, Outcome, Scenario};
use crate::world::{Clock, Service, World, send_signal};
use nix::sys::signal::Signal;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "supervise/pauses-longer-when-the-clock-is-set-back",
        requirements: &["SUP-37"],
        needs: &[Need::Command("supervise")],
        does: "Sets the wall clock of supervise back by three seconds in the second after a start: the next start is \
               three seconds later than it would have been, and the one after it is not.",
        run: pauses_longer_when_the_clock_is_set_back,
    },
    Scenario {
        id: "supervise/goes-on-when-the-clock-is-set",
        requirements: &["SUP-22", "SUP-36", "STAT-13"],
        needs: &[Need::Command("supervise"), Need::Command("svstat")],
        does: "Sets the wall clock of supervise back by an hour and kills the service, then on by an hour and kills it \
               again: it is started at once, and its stamp is the time that the clock tells.",
        run: goes_on_when_the_clock_is_set,
    },
    Scenario {
        id: "supervise/tries-again-a-minute-after-a-failed-fork",
        requirements: &["SUP-38"],
        needs: &[Need::Command("supervise"), Need::Tool("strace")],
        does: "Has a fork of supervise fail and lets 50 seconds pass, by its clocks: nothing is started. When ten more \
               have passed, the service is.",
        run: tries_again_a_minute_after_a_failed_fork,
    },
];

/// How long what must not happen is watched for.
const A_WHILE: Duration = Duration::from_millis(400);
const HOUR: i32 = 3600;

fn pauses_longer_when_the_clock_is_set_back(world: &World) -> Outcome {
    let web = world.service("web", "exit 0")?;
    let supervise = world.start_supervise(&web)?;
    world.until_supervised(&web)?;
    let clock = world.clock_of(supervise.pid)?;
    let before = world.until_starts(&web, 2)?.len();
    // The service may run before its supervise has looked at the clock that the pause is counted by.
    world.until_idle(supervise.pid)?;
    clock.step(-3)?;
    // One more start may have come before the step.
    let starts = world.until_starts(&web, before + 4)?;
    let mut gaps: Vec<Duration> =
        starts.windows(2).map(|two| Duration::from_nanos(two[1].1 - two[0].1)).skip(before - 1).collect();
    gaps.sort();
    let longest = gaps.pop().unwrap_or_default();
    let (longer, second) = (Duration::from_millis(3900), Duration::from_millis(990));
    world.expect_between("the longest time between two starts", longest, longer, Duration::from_millis(4600))?;
    let next = gaps.pop().unwrap_or_default();
    world.expect_between("the longest but one", next, second, Duration::from_millis(1600))
}

/// Waits until the pause after the start of `service` is over, sets the clock and kills the service.
#[track_caller]
fn step_and_kill(world: &World, service: &Service, clock: &Clock<'_>, seconds: i32) -> Outcome {
    let old = world.until_up(service)?;
    world.until_settled(service)?;
    clock.step(seconds)?;
    world.signal(old, Signal::SIGKILL)?;
    world.until_other_pid(service, old).map(drop)
}

fn goes_on_when_the_clock_is_set(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    let supervise = world.supervise(&web)?;
    let clock = world.clock_of(supervise.pid)?;
    let tolerance = world.scaled(Duration::from_secs(5)).as_secs();
    let hour = u64::from(HOUR.unsigned_abs());
    step_and_kill(world, &web, &clock, -HOUR)?;
    let line = world.svstat_raw(&web)?;
    let seconds = crate::observe::svstat::seconds(&line).unwrap_or(0);
    world.expect_that("svstat", (hour..hour + tolerance).contains(&seconds), "up for an hour", line)?;
    step_and_kill(world, &web, &clock, HOUR)?;
    let line = world.svstat_raw(&web)?;
    world.expect("svstat, of a stamp that is to come", crate::observe::svstat::seconds(&line), Some(0))?;
    world.expect("starts", world.starts(&web).len(), 3)
}

fn tries_again_a_minute_after_a_failed_fork(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    let waits = "?poll,?ppoll,?select,?pselect6,?epoll_wait,?epoll_pwait";
    let options = [
        "-o",
        "/dev/null",
        "-e",
        "inject=?clone,?clone3,?fork,?vfork:error=EAGAIN:when=1",
        // A wait ends at once, and supervise is stopped until it is told to go on: it looks at the clocks as often as that.
        "-e",
        &format!("inject={waits}:retval=0:signal=STOP"),
    ];
    let strace = world.traced(&options, "supervise")?.arg("web").start()?;
    world.until_supervised(&web)?;
    let warning = "supervise: warning: unable to fork for web, sleeping 60 seconds: temporary failure";
    world.until_says(&strace, 1, warning)?;
    let traced = world.traced_by(&strace)?;
    let clock = world.clock_of(traced)?;
    let starts = || {
        send_signal(traced, Signal::SIGCONT)?;
        Ok(world.starts(&web).len())
    };
    clock.pass(50)?;
    world.stays("starts after 50 seconds", 0, A_WHILE, starts)?;
    clock.pass(60)?;
    world.until("starts after 60 seconds", 1, starts)?;
    world.expect("words on stderr", strace.err_lines().len(), 1)
}
