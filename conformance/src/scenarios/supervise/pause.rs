//! supervise: what follows from the second after each start in which the original is deaf.

use super::{OVER, REST, since, watched_service};
use crate::observe::process::Process;
use crate::outcome::{Failure, Outcome};
use crate::probe::{Start, monotonic};
use crate::scenario::{SUPERVISE, SVC, SVOK, SVSTAT, Scenario};
use crate::world::{Service, World};
use nix::sys::signal::Signal;
use nix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "supervise/pause/is-deaf-for-a-second-after-a-start",
        requirements: &["SUP-35b"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -uh to a service that is down. It starts, and the HUP reaches it a second later and no earlier.",
        run: |world| {
            let (web, _) = world.down_service("web", "survive HUP")?;
            web.svc("-uh")?;
            web.until_signals(&["HUP"])?;
            let heard = web.events().last().map_or(0, |event| event.at);
            let took = since(born(&web.starts()[0].2), heard);
            world.expect_between("time from the start to the signal", took, REST.mul_f64(0.9), REST * 3)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/pause/does-not-notice-a-death-in-the-first-second",
        requirements: &["SUP-35b"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Lets a service that got -o end at once. For a second after its start it is a zombie that svstat calls up.",
        run: |world| {
            let (web, supervise) = world.down_service("web", "exit 0")?;
            web.svc("-o")?;
            let (pid, _, start) = web.until_starts(1)?.swap_remove(0);
            world.until_dead(pid)?;
            // The original writes the pid into the record after the fork, and sleeps when it has.
            supervise.until_idle()?;
            let state = Process::look(pid).map(|process| process.state);
            world.expect("pid that svstat prints, and its state", (web.pid()?, state), (Some(pid), Some('Z')))?;
            world.until(&format!("process {pid} exists"), false, || Ok(Process::look(pid).is_some()))?;
            let took = since(born(&start), world.monotonic());
            world.expect_between("time from the start until it is reaped", took, REST.mul_f64(0.9), REST * 3)?;
            web.until_status("down").map(drop)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/pause/starts-once-more-before-a-waiting-down",
        requirements: &["SUP-41"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -ud to a service that ends at once. It is started twice, a second apart, before it is down.",
        run: |world| expect_starts(world, &["-ud"], 2),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/pause/gives-a-waiting-signal-to-the-next-run",
        requirements: &["SUP-42"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -u to a service whose first run ends at once, and -h within its first second. The second run gets the \
               HUP.",
        run: |world| {
            let (web, _) = world.down_service("web", "exit 0")?;
            web.svc("-u")?;
            let first = web.until_starts(1)?[0].1;
            web.plan("survive HUP")?;
            web.svc("-h")?;
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
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -o three times to a service that ends at once. It runs three times.",
        run: |world| expect_starts(world, &["-o", "-o", "-o"], 3),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/pause/down-then-once-runs-an-instant-service",
        requirements: &["SUP-50"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -udo to a service that ends at once. It runs for `u`, once more before `d` is read, and for `o`.",
        run: |world| expect_starts(world, &["-udo"], 3),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/pause/once-then-exit-takes-a-second",
        requirements: &["SUP-52"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -ox to a service that ends at once. It is started once, and supervise exits a second later.",
        run: |world| expect_starts(world, &["-ox"], 1),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/pause/exit-waits-for-a-run-that-was-asked-for",
        requirements: &["SUP-52"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -o to a service that ends at once, and -ox when it has ended. It is started a second time, a second \
               after the first, before supervise exits.",
        run: |world| {
            let (web, supervise) = world.down_service("web", "exit 0")?;
            web.svc("-o")?;
            let first = web.until_starts(1)?[0].0;
            world.until_dead(first)?;
            web.svc("-ox")?;
            supervise.expect_exit("exit 0")?;
            world.expect("starts", web.starts().len(), 2)?;
            expect_pauses(world, &web)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/pause/up-then-exit-starts-twice",
        requirements: &["SUP-41", "SUP-52"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -ux to a service that ends at once. It is started twice, and supervise exits a second after the second \
               start.",
        run: |world| expect_starts(world, &["-ux"], 2),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/pause/notes-a-death-before-it-reads",
        requirements: &["SUP-40"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Lets a service die and a `d` arrive while supervise is stopped. supervise starts the service again before it \
               obeys, so it writes the record four times.",
        run: |world| {
            let (web, supervise, watch) = watched_service(world, "")?;
            web.until_settled()?;
            supervise.signal(Signal::SIGSTOP)?;
            world.until_stopped(supervise.pid, true)?;
            web.order("exit 0")?;
            world.until_dead(web.starts()[0].0)?;
            web.svc("-d")?;
            supervise.signal(Signal::SIGCONT)?;
            // The death, the start, `d`, and the death. The second run may die before the probe records its start.
            watch.until(4)?;
            web.until_status("down").map(drop)
        },
        ..Scenario::ORDINARY
    },
];

/// Runs svc with each of `options` on a service that is down and that ends as soon as it is started, and waits until
/// nothing more follows. Expects `starts` starts a second or more apart, and supervise to exit a second or more after the
/// last if there is an `x`.
#[track_caller]
fn expect_starts(world: &World, options: &[&str], starts: usize) -> Outcome {
    let (web, supervise) = world.down_service("web", "exit 0")?;
    options.iter().try_for_each(|options| web.svc(options))?;
    if options.iter().any(|options| options.contains('x')) {
        supervise.expect_exit("exit 0")?;
        let took = since(web.starts().last().map_or(0, |(.., start)| born(start)), world.monotonic());
        world.expect_between("time from the last start to the exit", took, REST.mul_f64(0.9), REST * 3)?;
    } else {
        // On a busy machine two starts can be further apart than the time after which no start follows.
        web.until_starts(starts)?;
        web.until_no_start(OVER)?;
        web.until_status("down")?;
    }
    world.expect("starts", web.starts().len(), starts)?;
    expect_pauses(world, &web)
}

/// Expects the starts of `service` to be about a second apart.
#[track_caller]
fn expect_pauses(world: &World, service: &Service) -> Outcome {
    let times: Vec<u64> = service.starts().iter().map(|(.., start)| born(start)).collect();
    times.windows(2).try_for_each(|pair| {
        world.expect_between("time between two starts", since(pair[0], pair[1]), REST.mul_f64(0.9), REST * 3)
    })
}

/// Returns when the process of `start` was forked, on the clock of the probe's events, early by up to 10 ms. The probe
/// stamps its start later, when a busy machine has got round to running it.
fn born(start: &Start) -> u64 {
    let since_boot = clock_gettime(ClockId::CLOCK_BOOTTIME).map(Duration::from).unwrap_or_default();
    // That clock also counts the time that the machine was suspended.
    let suspended = u64::try_from(since_boot.as_nanos()).unwrap_or(u64::MAX).saturating_sub(monotonic());
    start.born.saturating_sub(suspended)
}
