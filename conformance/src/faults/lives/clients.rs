//! Lives of svc, svok and svstat.

use crate::faults::Life;
use crate::faults::tracing::{Tracing, until_up};
use crate::observe::svstat::normalised;
use crate::outcome::Outcome;
use crate::scenario::{STRACE, SUPERVISE, SVC, SVOK, SVSTAT};
use crate::world::World;

pub(super) const LIVES: &[Life] = &[
    Life {
        id: "svc/signals",
        requirements: &["GEN-01", "SVC-05"],
        uses: &[SVC, SUPERVISE, SVOK, SVSTAT, STRACE],
        does: "Sends HUP and CONT to two services and to one that is not supervised. Each service gets both, or svc says why not.",
        run: signals,
    },
    Life {
        id: "svok/up",
        requirements: &["GEN-01", "OK-01"],
        uses: &[SVOK, SUPERVISE, SVC, SVSTAT, STRACE],
        does: "Asks svok about a service with a supervise: it exits 0, or 111 with a message.",
        run: |world, tracing| {
            let web = world.service("web", "")?;
            web.supervise()?;
            let ran = tracing.finish(tracing.command("svok")?.arg("web"))?;
            let is_refusal = tracing.is_faulty() && ran.exit == "exit 111" && !ran.err.is_empty();
            world.expect_that("its end", is_refusal || ran.exit == "exit 0", "exit 0, or 111 with a message", &ran)?;
            tracing.end(None)
        },
    },
    Life {
        id: "svok/down",
        requirements: &["GEN-01", "OK-01"],
        uses: &[SVOK, SUPERVISE, SVC, SVSTAT, STRACE],
        does: "Asks svok about a service whose supervise has ended: it exits 100, or 111 with a message.",
        run: |world, tracing| {
            let web = world.service("web", "")?;
            let supervise = web.supervise()?;
            web.svc("-dx")?;
            supervise.expect_exit("exit 0")?;
            let ran = tracing.finish(tracing.command("svok")?.arg("web"))?;
            let is_refusal = tracing.is_faulty() && ran.exit == "exit 111" && !ran.err.is_empty();
            world.expect_that(
                "its end",
                is_refusal || ran.exit == "exit 100",
                "exit 100, or 111 with a message",
                &ran,
            )?;
            tracing.end(None)
        },
    },
    Life {
        id: "svstat/lines",
        requirements: &["GEN-01", "STAT-01", "STAT-02"],
        uses: &[SVSTAT, SUPERVISE, SVC, SVOK, STRACE],
        does: "Asks svstat about a service that is up, one that is down and one without a supervise. Each line is true, or says \
               what could not be found out.",
        run: lines,
    },
];

fn signals(world: &World, tracing: &Tracing<'_>) -> Outcome {
    let services = [world.service("web", "survive HUP")?, world.service("app", "survive HUP")?];
    let mut pids = vec![];
    for service in &services {
        service.supervise()?;
        pids.push(until_up(world, service, 1)?);
        service.until_settled()?;
    }
    world.bare_service("bare")?;
    let ran = tracing.finish(tracing.command("svc")?.args(["-hc", "web", "bare", "app"]))?;
    // A message names the service that it is about, unless svc gives up.
    let is_fatal = ran.exit == "exit 111" && !ran.err.is_empty();
    world.expect_that("its end", ran.exit == "exit 0" || tracing.is_faulty() && is_fatal, "exit 0", &ran)?;
    let about = |name: &str| {
        let mut lines = ran.err.split("\\n");
        lines.any(|line| line.split([' ', ':', '/']).any(|word| word == name))
    };
    world.expect("a message about bare", is_fatal || about("bare"), true)?;
    for service in &services {
        if !(is_fatal || tracing.is_faulty() && about(&service.name)) {
            service.until_signals(&["HUP", "CONT"])?;
        }
        // With a message or without: never half of them, and never twice.
        world.until_some("signals", "both, or none with a message", || {
            let signals = service.signals();
            let is_whole = signals.is_empty() || signals == ["HUP", "CONT"];
            Ok(if is_whole { Ok(()) } else { Err(format!("{signals:?}")) })
        })?;
    }
    for (service, pid) in services.iter().zip(pids) {
        world.expect("its process", until_up(world, service, 1)?, pid)?;
    }
    tracing.end(None)
}

fn lines(world: &World, tracing: &Tracing<'_>) -> Outcome {
    let web = world.service("web", "")?;
    web.supervise()?;
    let pid = until_up(world, &web, 1)?;
    let (down, _) = world.down_service("down", "")?;
    down.until_status("down")?;
    let bare = world.service("bare", "")?;
    bare.supervise()?;
    bare.svc("-dx")?;
    bare.until_unsupervised()?;
    let ran = tracing.finish(tracing.command("svstat")?.args(["web", "down", "bare"]))?;
    let is_fatal = ran.exit == "exit 111" && !ran.err.is_empty() && tracing.is_faulty();
    world.expect_that("its end", ran.exit == "exit 0" || is_fatal, "exit 0, or 111 with a message", &ran)?;
    let lines: Vec<&str> = ran.out.split_terminator("\\n").collect();
    let wanted = [
        ("web", format!("web: up (pid {pid}) ")),
        ("down", "down: down ".to_owned()),
        ("bare", "bare: supervise not running".to_owned()),
    ];
    for (index, (name, wanted)) in wanted.iter().enumerate() {
        let line = lines.get(index).copied().unwrap_or_default();
        let is_message = tracing.is_faulty() && line.starts_with(&format!("{name}: unable to "));
        let is_there = line.starts_with(wanted.as_str()) || is_message || is_fatal && line.is_empty();
        world.expect_that(&format!("line of {name}"), is_there, wanted, normalised(line))?;
    }
    tracing.end(None)
}
