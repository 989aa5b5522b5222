//! Lives of supervise.

use crate::faults::Life;
use crate::faults::tracing::{Start, Traced, Tracing, until_down, until_up};
use crate::observe::process::Process;
use crate::outcome::Outcome;
use crate::scenario::{STRACE, SUPERVISE, SVC, SVOK, SVSTAT};
use crate::world::{Service, World};
use nix::sys::signal::Signal;

pub(super) const LIVES: &[Life] = &[
    Life {
        id: "supervise/commands",
        requirements: &["GEN-01", "SUP-07", "SUP-29", "SUP-45", "SUP-47", "SUP-51", "STAT-01"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT, STRACE],
        does: "Starts supervise, sends TERM, lets the service exit, pauses and continues it, stops it, runs it once, starts it, \
               and ends supervise.",
        run: commands,
    },
    Life {
        id: "supervise/again",
        requirements: &["GEN-01", "SUP-06", "SUP-51", "STAT-01"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT, STRACE],
        does: "Kills a supervise and its service, starts supervise on what was left, with a file `down`, and starts the service.",
        run: again,
    },
    Life {
        id: "supervise/locked",
        requirements: &["GEN-01", "SUP-06"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT, STRACE],
        does: "Starts a second supervise, which exits 111 with a message, and leaves the first one and its service alone.",
        run: locked,
    },
];

fn commands(world: &World, tracing: &Tracing<'_>) -> Outcome {
    let web = world.service("web", "")?;
    let supervise = tracing.start(tracing.command("supervise")?.arg("web"))?;
    if supervise.until_works(&[&web])? == Start::Refused {
        return tracing.end(None);
    }
    until_up(world, &web, 1)?;
    supervise.expect_quiet()?;
    let twin = world.service("twin", "")?.supervise()?;

    web.svc("-t")?;
    until_up(world, &web, 2)?;
    web.order("exit 3")?;
    let pid = until_up(world, &web, 3)?;

    web.svc("-p")?;
    world.until_stopped(pid, true)?;
    web.until_status("up, paused")?;
    web.svc("-c")?;
    world.until_stopped(pid, false)?;
    web.until_status("up")?;

    web.svc("-d")?;
    until_down(world, &web)?;
    web.until_status("down, normally up")?;
    supervise.expect_no_zombie()?;
    supervise.expect_quiet()?;

    web.svc("-o")?;
    until_up(world, &web, 4)?;
    web.order("exit 0")?;
    until_down(world, &web)?;
    web.svc("-u")?;
    until_up(world, &web, 5)?;
    supervise.expect_quiet()?;
    supervise.expect_descriptors(twin.pid)?;
    world.expect("starts", web.starts().len(), 5)?;
    expect_clean(world, &web)?;

    end(world, tracing, &supervise, &web)
}

fn again(world: &World, tracing: &Tracing<'_>) -> Outcome {
    let web = world.service("web", "")?;
    let first = web.supervise()?;
    let pid = web.until_up()?;
    first.kill(Signal::SIGKILL)?;
    world.kill(pid, Signal::SIGKILL)?;
    world.until_dead(pid)?;
    world.files.write("web/down", "")?;
    let supervise = tracing.start(tracing.command("supervise")?.arg("web"))?;
    let is_over = || !supervise.running.is_running();
    world.until("supervise runs, or has ended", true, || Ok(is_over() || web.is_supervised()?))?;
    if is_over() {
        supervise.expect_refusal()?;
        world.expect("starts", web.starts().len(), 1)?;
        return tracing.end(None);
    }
    web.until_status("down")?;
    supervise.expect_quiet()?;
    world.expect("starts", web.starts().len(), 1)?;
    let twin = world.service("twin", "")?.supervise()?;
    web.svc("-u")?;
    until_up(world, &web, 2)?;
    web.until_status("up, normally down")?;
    web.svc("-t")?;
    until_up(world, &web, 3)?;
    supervise.expect_descriptors(twin.pid)?;
    end(world, tracing, &supervise, &web)
}

fn locked(world: &World, tracing: &Tracing<'_>) -> Outcome {
    let web = world.service("web", "")?;
    web.supervise()?;
    let pid = until_up(world, &web, 1)?;
    let supervise = tracing.start(tracing.command("supervise")?.arg("web"))?;
    let seen = (supervise.wait()?.to_string(), supervise.running.err());
    world.expect_that("its end", seen.0 == "exit 111" && !seen.1.is_empty(), "exit 111 with a message", &seen)?;
    world.expect("starts and the process", (web.starts().len(), until_up(world, &web, 1)?), (1, pid))?;
    tracing.end(None)
}

/// Ends the service and supervise by `svc -dx`.
fn end(world: &World, tracing: &Tracing<'_>, supervise: &Traced<'_>, web: &Service) -> Outcome {
    web.svc("-dx")?;
    let exit = supervise.wait()?.to_string();
    world.expect("end of supervise", exit.as_str(), "exit 0")?;
    let alive = web.starts().iter().filter(|(pid, ..)| Process::is_alive(*pid)).count();
    world.expect("processes of the service", alive, 0)?;
    web.until_unsupervised()?;
    tracing.end(None)
}

/// Expects that no run of the service got a descriptor of supervise.
fn expect_clean(world: &World, web: &Service) -> Outcome {
    let all: Vec<_> = web.starts().into_iter().map(|(_, _, start)| start.descriptors).collect();
    let extra: Vec<_> = all.iter().flatten().filter(|(number, _)| **number > 2).collect();
    world.expect_that("descriptors of the runs", extra.is_empty(), "none beyond 2", &extra)
}
