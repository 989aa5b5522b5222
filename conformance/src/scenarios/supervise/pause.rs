//! supervise: what follows from the original's pause of a second after each start.

use crate::observe::process::Process;
use crate::outcome::{Failure, Outcome};
use crate::scenario::{SUPERVISE, Scenario};
use crate::world::{Rewrites, Running, Service, World};
use nix::sys::signal::Signal;
use std::io::Read;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    // What the original does because it rests for a second after each start.
    Scenario {
        id: "supervise/pause/is-deaf-for-a-second-after-a-start",
        requirements: &["SUP-35b", "SUP-40"],
        uses: &[SUPERVISE],
        does: "Sends `h` right after a start: it reaches the service a second after the start and no earlier.",
        run: |world| {
            let (web, _) = world.down_service("web", "survive HUP")?;
            web.control()?.send("u")?;
            let start = web.until_starts(1)?[0].1;
            web.control()?.send("h")?;
            web.until_signals(&["HUP"])?;
            let heard = web.events().last().map_or(0, |event| event.at);
            // The probe says that it was started a little after supervise began to count.
            let (least, most) = (REST.mul_f64(0.9), REST * 3);
            world.expect_between("time from the start to the signal", since(start, heard), least, most)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/pause/does-not-notice-a-death-in-the-first-second",
        requirements: &["SUP-35b", "SUP-40"],
        uses: &[SUPERVISE],
        does: "Lets a service that is wanted once end at once: it is recorded as up for a second.",
        run: |world| {
            let (web, _) = world.down_service("web", "exit 0")?;
            let before = web.record()?.whole()?;
            web.control()?.send("o")?;
            let start = web.until_starts(1)?[0].1;
            // `o` is recorded before the start, so down alone is not the end yet: that has a stamp of its own.
            world.until("the service is recorded as down since another time", true, || {
                Ok(web.record()?.read().is_some_and(|record| !record.is_up() && record.stamp() != before.stamp()))
            })?;
            let took = since(start, world.monotonic());
            world.expect_between("time from the start to the record of the end", took, REST.mul_f64(0.9), REST * 3)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/pause/starts-once-more-before-a-waiting-down",
        requirements: &["SUP-41"],
        uses: &[SUPERVISE],
        does: "Sends `ud` to a service that ends at once: two starts, a second apart, before it is down.",
        run: |world| expect_starts(world, "ud", "down, paused 0, want d", 2),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/pause/gives-a-waiting-signal-to-the-next-run",
        requirements: &["SUP-42"],
        uses: &[SUPERVISE],
        does: "Sends `uh` to a service whose first run ends at once: the second run gets the HUP.",
        run: |world| {
            let (web, _) = world.down_service("web", "exit 0")?;
            web.control()?.send("u")?;
            let first = web.until_starts(1)?[0].1;
            web.plan("survive HUP")?;
            web.control()?.send("h")?;
            let took = since(first, world.monotonic());
            if took > REST.mul_f64(0.8) {
                return Err(Failure::broken(format!("the signal was sent {took:?} after the start")));
            }
            web.until_starts(2)?;
            web.until_no_start(OVER)?;
            world.expect("signals", web.signals(), vec!["HUP"])?;
            let (to, second) = (web.events().last().map(|event| event.pid), web.starts()[1].0);
            world.expect("the run that got the signal", to, Some(second))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/pause/each-once-runs-an-instant-service",
        requirements: &["SUP-48"],
        uses: &[SUPERVISE],
        does: "Sends `ooo` to a service that ends at once: three runs.",
        run: |world| expect_starts(world, "ooo", "down, paused 0, want 0", 3),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/pause/down-then-once-runs-an-instant-service",
        requirements: &["SUP-50"],
        uses: &[SUPERVISE],
        does: "Sends `udo` to a service that ends at once: a run for `u`, one more before `d` is read, and one for `o`.",
        run: |world| expect_starts(world, "udo", "down, paused 0, want 0", 3),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/pause/once-then-exit-takes-a-second",
        requirements: &["SUP-52"],
        uses: &[SUPERVISE],
        does: "Sends `ox` to a service that ends at once: one start, and supervise exits a second later.",
        run: |world| expect_starts(world, "ox", "down, paused 0, want 0", 1),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/pause/exit-waits-for-a-run-that-was-asked-for",
        requirements: &["SUP-52"],
        uses: &[SUPERVISE],
        does: "Sends `o` to a service that ends at once, and `ox` as soon as it has ended: it is started a second time, a \
               second later, before supervise exits.",
        run: |world| {
            let (web, supervise) = world.down_service("web", "exit 0")?;
            web.control()?.send("o")?;
            let (first, started, _) = web.until_starts(1)?.swap_remove(0);
            let ended = || Ok(Process::look(first).is_none_or(|process| process.state == 'Z'));
            world.until("the first run has ended", true, ended)?;
            web.control()?.send("ox")?;
            supervise.expect_exit("exit 0")?;
            let starts = web.starts();
            world.expect("starts", starts.len(), 2)?;
            world.expect_between("time between two starts", since(started, starts[1].1), REST.mul_f64(0.9), REST * 3)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/pause/up-then-exit-starts-twice",
        requirements: &["SUP-52", "SUP-41"],
        uses: &[SUPERVISE],
        does: "Sends `ux` to a service that ends at once: two starts, and supervise exits a second after the second.",
        run: |world| expect_starts(world, "ux", "down, paused 0, want u", 2),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/pause/notes-a-death-before-it-reads",
        requirements: &["SUP-40"],
        uses: &[SUPERVISE],
        does: "Lets a service die and a `d` arrive while supervise is stopped: it starts the service again before it obeys.",
        run: |world| {
            let (web, supervise, watch) = watched_service(world, "")?;
            web.until_settled()?;
            world.signal(supervise.pid, Signal::SIGSTOP)?;
            world.until_stopped(supervise.pid, true)?;
            web.order("exit 0")?;
            let pid = web.record()?.whole()?.pid();
            world.until("state of the run", Some('Z'), || Ok(Process::look(pid).map(|process| process.state)))?;
            web.control()?.send("d")?;
            world.signal(supervise.pid, Signal::SIGCONT)?;
            web.record()?.until("down, paused 0, want d")?;
            // The end, the start, `d`, and the end. The second run may be gone before it can say that it was there.
            watch.until(4)
        },
        ..Scenario::ORDINARY
    },
];

/// How long the original rests after a start.
const REST: Duration = Duration::from_secs(1);

/// A service that ends at once and has not been started for so long is not started again.
const OVER: Duration = Duration::from_millis(1500);

/// A service that `u` has started, with its supervise and a watch on its record. One that supervise starts by itself has
/// its record written once more by the original, after the first second.
fn watched_service(world: &World, plan: &str) -> Result<(Service, Running, Rewrites), Failure> {
    let (web, supervise) = world.down_service("web", plan)?;
    web.control()?.send("u")?;
    web.record()?.until("up, paused 0, want u")?;
    web.until_starts(1)?;
    let watch = web.record()?.watch(&supervise)?;
    Ok((web, supervise, watch))
}

fn since(begin: u64, end: u64) -> Duration {
    Duration::from_nanos(end.saturating_sub(begin))
}

/// Sends `bytes` to a service that is down and that ends as soon as it is started, and waits until it is over: then it has
/// had `starts` starts, each at least a second before the next, and before the end of supervise if there is an `x`.
fn expect_starts(world: &World, bytes: &str, state: &str, starts: usize) -> Outcome {
    let (web, supervise) = world.down_service("web", "exit 0")?;
    web.control()?.send(bytes)?;
    if bytes.contains('x') {
        supervise.expect_exit("exit 0")?;
    } else {
        // On a busy machine two starts can be further apart than the time after which there are no more.
        web.until_starts(starts)?;
        web.until_no_start(OVER)?;
    }
    let ended = world.monotonic();
    web.record()?.until(state)?;
    let times: Vec<u64> = web.starts().iter().map(|(_, at, _)| *at).collect();
    world.expect("starts", times.len(), starts)?;
    for pair in times.windows(2) {
        world.expect_between("time between two starts", since(pair[0], pair[1]), REST.mul_f64(0.9), REST * 3)?;
    }
    if bytes.contains('x') {
        let took = since(times.last().copied().unwrap_or_default(), ended);
        world.expect_between("time from the last start to the exit", took, REST.mul_f64(0.9), REST * 3)?;
    }
    Ok(())
}
