//! supervise: what each command does to the service, and in which order.

use crate::observe::process::{Process, descriptors};
use crate::outcome::Failure;
use crate::scenario::{SUPERVISE, SVSTAT, Scenario};
use crate::world::{Rewrites, Running, Service, World};
use nix::sys::signal::Signal;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    // Bytes.
    Scenario {
        id: "supervise/control/drops-unknown-bytes",
        requirements: &["SUP-43", "SUP-43b", "SUP-23"],
        uses: &[SUPERVISE],
        does: "Writes all 245 bytes that mean nothing, NUL and newline among them, in one write: nothing happens but what \
               follows them.",
        run: |world| {
            let (web, supervise, watch) = watched_service(world, "survive HUP")?;
            let before = web.record()?.whole()?;
            let unknown: Vec<u8> = (0..=255).filter(|byte| !b"udopchaitkx".contains(byte)).collect();
            web.control()?.send(&unknown)?;
            web.control()?.send("h")?;
            web.until_signals(&["HUP"])?;
            web.control()?.send([&unknown[..], b"h"].concat())?;
            web.until_signals(&["HUP", "HUP"])?;
            world.expect("times that the record was replaced", watch.count()?, 0)?;
            world.expect("record", web.record()?.whole()?, before)?;
            world.expect("messages", supervise.err(), "")?;
            world.expect("starts", web.starts().len(), 1)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/obeys-thousands-of-bytes-in-order",
        requirements: &["SUP-40"],
        uses: &[SUPERVISE],
        does: "Writes 4000 bytes at once, with signals and other commands far apart: all signals come, in order, the record \
               is replaced for each of the others, and the last one counts.",
        run: |world| {
            let (web, _, watch) = watched_service(world, "survive HUP INT ALRM TERM")?;
            let (job, _) = world.down_service("job", "")?;
            // The numbers of these signals rise, so that even a probe that gets several at once sees them in this order.
            let many = "Z".repeat(994);
            let commands = format!("h{many}uoi{many}uoa{many}uot{many}poc12345678901");
            world.expect("commands", commands.len(), 4000)?;
            web.control()?.send(&commands)?;
            web.until_signals(&["HUP", "INT", "ALRM", "TERM", "CONT"])?;
            watch.until(9)?;
            world.expect("record", web.record()?.whole()?.state(), "up, paused 0, want 0")?;

            // No `k` comes before the start, and all do.
            job.control()?.send("k".repeat(2000) + "o" + &"Z".repeat(1998) + "u")?;
            job.record()?.until("up, paused 0, want u")?;
            job.until_starts(1)?;
            job.control()?.send("Z".repeat(3998) + "od")?;
            job.record()?.until("down, paused 0, want d")?;
            world.expect("starts", job.starts().len(), 1)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/leaves-a-stubborn-service-to-itself",
        requirements: &["SUP-43", "SUP-43b", "SUP-45"],
        uses: &[SUPERVISE],
        does: "Sends `d` to a service that survives TERM and watches it for six seconds: nothing else comes to it.",
        run: |world| {
            let (web, _, _) = watched_service(world, "survive TERM")?;
            web.control()?.send("d")?;
            web.until_signals(&["TERM", "CONT"])?;
            let record = web.record()?.until("up, paused 0, want d")?;
            let seen = || Ok((web.events().len(), Process::is_alive(record.pid()), web.record()?.read()));
            world.stays("events, life and record of the service", (3, true, Some(record)), Duration::from_secs(6), seen)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/hears-a-thousand-clients",
        requirements: &["SUP-40", "SUP-07"],
        uses: &[SUPERVISE],
        does: "Opens the FIFO a thousand times for a byte each: all are read, commands among them are obeyed, and supervise \
               has no more descriptors than before.",
        run: |world| {
            let (web, supervise, watch) = watched_service(world, "survive HUP INT")?;
            let before = descriptors(supervise.pid);
            // A write of the record can take milliseconds: not every client has one written.
            let commands = format!("h{}oi{}", ("Z".repeat(48) + "u").repeat(20), "Z".repeat(17));
            world.expect("commands", commands.len(), 1000)?;
            web.control()?.send_each(commands.as_bytes())?;
            watch.until(21)?;
            web.until_signals(&["HUP", "INT"])?;
            world.expect("record", web.record()?.whole()?.state(), "up, paused 0, want 0")?;
            supervise.until_idle()?;
            world.expect("descriptors", descriptors(supervise.pid), before)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/obeys-commands-sent-right-after-a-start",
        requirements: &["SUP-40", "SUP-43", "SUP-43b"],
        uses: &[SUPERVISE],
        does: "Sends signals and a pause at the moment of the start: none is lost.",
        run: |world| {
            let web = world.service("web", "survive HUP INT ALRM TERM")?;
            let supervise = world.command("supervise").arg("web").start()?;
            let starts = web.until_starts(1)?;
            for byte in ["h", "i", "a", "t", "p"] {
                web.control()?.send(byte)?;
            }
            web.record()?.until("up, paused 1, want u")?;
            web.control()?.send("cd")?;
            web.record()?.until("up, paused 0, want d")?;
            world.until("signals", true, || {
                let signals = web.signals();
                Ok(["HUP", "INT", "ALRM", "TERM", "CONT"]
                    .iter()
                    .all(|&name| signals.iter().any(|signal| signal == name)))
            })?;
            world.expect("starts", web.starts(), starts)?;
            world.expect("supervise runs", supervise.is_running(), true)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/loses-bytes-pending-at-its-death",
        requirements: &["SUP-54"],
        uses: &[SUPERVISE],
        does: "Stops supervise, writes `u`, and kills it: a new supervise does not start the service until another `u`.",
        run: |world| {
            let (web, supervise) = world.down_service("web", "")?;
            world.signal(supervise.pid, Signal::SIGSTOP)?;
            world.until_stopped(supervise.pid, true)?;
            web.control()?.send("u")?;
            supervise.kill(Signal::SIGKILL)?;
            web.supervise()?;
            world.stays("starts", 0, Duration::from_millis(300), || Ok(web.starts().len()))?;
            world.expect("record", web.record()?.whole()?.state(), "down, paused 0, want d")?;
            web.control()?.send("u")?;
            web.until_starts(1).map(drop)
        },
        ..Scenario::ORDINARY
    },
    // Up, down, once.
    Scenario {
        id: "supervise/control/can-always-be-stopped",
        requirements: &["SUP-43", "SUP-51", "SUP-47"],
        uses: &[SUPERVISE],
        does: "Sends `d`, `o`, `x` and `dx`, each to a service that ends as soon as it is started, over and over: the \
               starts come to an end.",
        run: |world| {
            let mut loops = vec![];
            for bytes in ["d", "o", "x", "dx", "tkd"] {
                let service = world.service(&format!("loop-{bytes}"), "exit 1")?;
                loops.push((bytes, world.command("supervise").arg(&service.name).start()?, service));
            }
            for (_, _, service) in &loops {
                service.until_starts(2)?;
            }
            for (bytes, _, service) in &loops {
                service.control()?.send(bytes)?;
            }
            for (bytes, supervise, service) in &loops {
                service.until_no_start(OVER)?;
                world.until("supervise runs", !bytes.ends_with('x'), || Ok(supervise.is_running()))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/once-runs-once",
        requirements: &["SUP-43", "SUP-43b", "SUP-47", "SUP-47b", "SUP-20"],
        uses: &[SUPERVISE],
        does: "Sends `o` to a service that is down: it runs, ends and is not started again.",
        run: |world| {
            let (web, _) = world.down_service("web", "exit 0 after 1100")?;
            web.control()?.send("o")?;
            let up = web.record()?.until("up, paused 0, want 0")?;
            let down = web.record()?.until("down, paused 0, want 0")?;
            world.expect_that("stamp", down.stamp() > up.stamp(), "later", (down, up))?;
            world.stays("starts", 1, QUIET, || Ok(web.starts().len()))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/once-while-up-cancels-the-restart",
        requirements: &["SUP-47", "SUP-47b", "SUP-46"],
        uses: &[SUPERVISE, SVSTAT],
        does: "Sends `o` to a running service, which ends and stays down, wanted neither up nor down. After `u` it is \
               restarted as before.",
        run: |world| {
            let web = world.service("web", "")?;
            web.supervise()?;
            let up = web.record()?.whole()?;
            web.control()?.send("o")?;
            let once = web.record()?.until("up, paused 0, want 0")?;
            world.expect("stamp and pid", &once.bytes[..16], &up.bytes[..16])?;
            web.order("exit 0")?;
            web.record()?.until("down, paused 0, want 0")?;
            world.expect("svstat", web.svstat()?, "web: down N seconds, normally up")?;
            world.stays("starts", 1, QUIET, || Ok(web.starts().len()))?;
            web.control()?.send("u")?;
            web.until_starts(2)?;
            web.until_settled()?;
            web.order("exit 0")?;
            web.until_starts(3)?;
            web.record()?.until("up, paused 0, want u").map(drop)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/repeated-starts-of-a-running-service-do-nothing",
        requirements: &["SUP-46", "SUP-48", "SUP-50"],
        uses: &[SUPERVISE],
        does: "Sends `uu`, `oo` and `uo` to services that run on, and `do` to one that survives TERM: each has one start.",
        run: |world| {
            let mut services = vec![];
            for (bytes, state) in [
                ("uu", "up, paused 0, want u"),
                ("oo", "up, paused 0, want 0"),
                ("ooo", "up, paused 0, want 0"),
                ("uo", "up, paused 0, want 0"),
                ("ou", "up, paused 0, want u"),
            ] {
                let (service, _) = world.down_service(bytes, "")?;
                service.control()?.send(bytes)?;
                services.push((service, state, vec![]));
            }
            let stubborn = world.service("do", "survive TERM")?;
            stubborn.supervise()?;
            stubborn.control()?.send("do")?;
            services.push((stubborn, "up, paused 0, want 0", vec!["TERM", "CONT"]));
            for (service, state, signals) in &services {
                service.record()?.until(state)?;
                service.until_starts(1)?;
                service.until_signals(signals)?;
            }
            world.stays("starts", vec![1; services.len()], QUIET, || {
                Ok(services.iter().map(|(service, _, _)| service.starts().len()).collect::<Vec<_>>())
            })
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/restarts-after-signals",
        requirements: &["SUP-49", "SUP-44"],
        uses: &[SUPERVISE],
        does: "Sends each of `h`, `a`, `i`, `t` and `k` to a service that has run for a second: it dies of it and is started \
               again at once, wanted up as before.",
        run: |world| {
            let mut services = vec![];
            for byte in ["h", "a", "i", "t", "k"] {
                let service = world.service(&format!("gets-{byte}"), "")?;
                service.supervise()?;
                services.push((byte, service));
            }
            for (_, service) in &services {
                service.until_settled()?;
            }
            for (byte, service) in &services {
                let sent = world.monotonic();
                service.control()?.send(byte)?;
                let starts = service.until_starts(2)?;
                // Well below the second that a service which had just been started would have to wait.
                world.expect_between(
                    "time to the new start",
                    since(sent, starts[1].1),
                    Duration::ZERO,
                    REST.mul_f64(0.7),
                )?;
                let record = service.record()?.until("up, paused 0, want u")?;
                world.expect("pid in the record", record.pid(), starts[1].0)?;
            }
            let names: Vec<_> = services.iter().flat_map(|(_, service)| service.signals()).collect();
            world.expect("signals", names, vec!["HUP", "ALRM", "INT", "TERM"])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/signals-one-process",
        requirements: &["SUP-44"],
        uses: &[SUPERVISE],
        does: "Sends `t`, `k` and `d` to a script with a child: the child survives each time, and does not become a child \
               of supervise.",
        run: |world| {
            let script = "#!/bin/sh\nsleep 1000 &\necho $! >child.new\nmv child.new child-$$\nwait\n";
            let mut services = vec![];
            for byte in ["t", "k", "d"] {
                let service = world.scripted(&format!("gets-{byte}"), script)?;
                let supervise = service.supervise()?;
                services.push((byte, supervise, service));
            }
            let mut children = vec![];
            for (byte, supervise, service) in &services {
                let pid = service.until_up()?;
                let file = service.directory.join(format!("child-{pid}"));
                let child = world.until_some("the child of the script", "there", || {
                    Ok(world
                        .files
                        .lines(&file)
                        .first()
                        .and_then(|line| line.parse().ok())
                        .ok_or_else(|| "not there".to_owned()))
                })?;
                service.control()?.send(byte)?;
                world.until(&format!("{pid} is there"), false, || Ok(Process::look(pid).is_some()))?;
                if *byte != "d" {
                    service.until_other_pid(pid)?;
                }
                children.push(child);
                world.expect("supervise runs", supervise.is_running(), true)?;
            }
            let mine = std::process::id().cast_signed();
            let parents =
                || -> Vec<_> { children.iter().map(|&pid| Process::look(pid).map(|child| child.parent)).collect() };
            world.stays("parents of the children", vec![Some(mine); 3], QUIET, || Ok(parents()))?;
            for child in &children {
                world.signal(*child, Signal::SIGKILL)?;
            }
            world.until("parents of the children", vec![None; 3], || Ok(parents()))
        },
        ..Scenario::ORDINARY
    },
    // Pause.
    Scenario {
        id: "supervise/control/signals-wait-while-paused",
        requirements: &["SUP-45", "SUP-46", "SUP-23"],
        uses: &[SUPERVISE],
        does: "Sends `thai`, `u` and `o` to a paused service: nothing reaches it and it stays paused. With `c` all signals \
               come.",
        run: |world| {
            let (web, _, watch) = watched_service(world, "survive HUP ALRM INT TERM")?;
            web.control()?.send("p")?;
            let paused = web.record()?.until("up, paused 1, want u")?;
            world.until_stopped(paused.pid(), true)?;
            web.control()?.send("thaiu")?;
            watch.until(2)?;
            world.expect("record after thaiu", web.record()?.whole()?, paused)?;
            web.control()?.send("o")?;
            let once = web.record()?.until("up, paused 1, want 0")?;
            world.expect("stamp and pid", &once.bytes[..16], &paused.bytes[..16])?;
            world.stays("stopped, without a signal", (Some('T'), vec![]), QUIET, || {
                Ok((Process::look(paused.pid()).map(|process| process.state), web.signals()))
            })?;
            web.control()?.send("c")?;
            web.record()?.until("up, paused 0, want 0")?;
            world.until("signals", vec!["ALRM", "CONT", "HUP", "INT", "TERM"], || {
                let mut signals = web.signals();
                signals.sort();
                Ok(signals)
            })?;
            world.expect("times that the record was replaced", watch.count()?, 4)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/kill-and-down-end-a-paused-service",
        requirements: &["SUP-45", "SUP-24", "SUP-49"],
        uses: &[SUPERVISE],
        does: "Sends `k` to a paused service, which is started afresh and not paused, and `d`, which makes it go on and die.",
        run: |world| {
            let web = world.service("web", "")?;
            web.supervise()?;
            web.control()?.send("p")?;
            let first = web.record()?.until("up, paused 1, want u")?;
            world.until_stopped(first.pid(), true)?;
            web.control()?.send("k")?;
            let second = web.until_other_pid(first.pid())?;
            world.expect("record of the next run", web.record()?.whole()?.state(), "up, paused 0, want u")?;
            web.until_starts(2)?;
            world.until_stopped(second, false)?;
            web.control()?.send("p")?;
            web.record()?.until("up, paused 1, want u")?;
            world.until_stopped(second, true)?;
            web.control()?.send("d")?;
            web.record()?.until("down, paused 0, want d")?;
            // A dying process gets TERM and CONT in either order, and need not live to tell of both.
            world.expect("ends of the probe", web.signals().contains(&"TERM".to_owned()), true)?;
            world.expect("starts", web.starts().len(), 2)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/forgets-a-pause-while-down",
        requirements: &["SUP-24"],
        uses: &[SUPERVISE],
        does: "Sends `p` and then `pu` to a service that is down: it is not recorded as paused, and it runs.",
        run: |world| {
            let (web, supervise) = world.down_service("web", "survive HUP")?;
            let watch = web.record()?.watch(&supervise)?;
            web.control()?.send("p")?;
            watch.until(1)?;
            world.expect("record", web.record()?.whole()?.state(), "down, paused 0, want d")?;
            web.control()?.send("pu")?;
            let up = web.record()?.until("up, paused 0, want u")?;
            web.until_starts(1)?;
            web.control()?.send("h")?;
            web.until_signals(&["HUP"])?;
            world.until_stopped(up.pid(), false)?;
            world.expect("record", web.record()?.whole()?, up)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/records-only-its-own-pauses",
        requirements: &["SUP-25"],
        uses: &[SUPERVISE],
        does: "Stops and continues the service from outside: the paused byte follows `p` and `c` alone.",
        run: |world| {
            let (web, _, watch) = watched_service(world, "")?;
            let up = web.record()?.whole()?;
            world.signal(up.pid(), Signal::SIGSTOP)?;
            world.until_stopped(up.pid(), true)?;
            // `u` has the record written afresh, by a supervise that could have looked.
            web.control()?.send("u")?;
            watch.until(1)?;
            world.expect("record of a stopped process", web.record()?.whole()?, up)?;
            web.control()?.send("p")?;
            web.record()?.until("up, paused 1, want u")?;
            world.signal(up.pid(), Signal::SIGCONT)?;
            world.until_stopped(up.pid(), false)?;
            web.control()?.send("u")?;
            watch.until(3)?;
            world.expect("record of a running process", web.record()?.whole()?.state(), "up, paused 1, want u")?;
            web.control()?.send("c")?;
            web.record()?.until("up, paused 0, want u").map(drop)
        },
        ..Scenario::ORDINARY
    },
    // Exit.
    Scenario {
        id: "supervise/control/exit-while-down-is-immediate",
        requirements: &["SUP-51", "SUP-51b", "SUP-53"],
        uses: &[SUPERVISE, SVSTAT],
        does: "Sends `xu` to a supervise whose service is down: it exits 0 and starts nothing. Its files stay.",
        run: |world| {
            for (name, down, bytes, want) in
                [("web", true, "xu", "d"), ("api", false, "dx", "d"), ("job", true, "xdo", "d")]
            {
                let service = world.service(name, "")?;
                if down {
                    world.files.write(format!("{name}/down"), "")?;
                }
                let supervise = service.supervise()?;
                if !down {
                    service.control()?.send("d")?;
                    service.record()?.until("down, paused 0, want d")?;
                }
                let (starts, before) = (service.starts(), service.record()?.whole()?);
                service.control()?.send(bytes)?;
                supervise.expect_exit("exit 0")?;
                world.stays("starts", starts, QUIET, || Ok(service.starts()))?;
                let after = service.record()?.whole()?;
                world.expect("record", (after, after.state()), (before, format!("down, paused 0, want {want}")))?;
                let files = ["control", "lock", "ok", "status"];
                let left = files.map(|file| service.directory.join("supervise").join(file).exists());
                world.expect(&format!("{files:?} are there"), left, [true; 4])?;
                world.expect("svstat", service.svstat()?, format!("{name}: supervise not running"))?;
                world.expect("messages", supervise.err(), "")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/exit-waits-for-the-end-of-run",
        requirements: &["SUP-51", "SUP-51b", "SUP-53"],
        uses: &[SUPERVISE],
        does: "Sends `x`, `xx`, `xu` and `xdu` to running services: they get no other signal than those of `d` and run on. \
               When they end, whether by themselves or killed from outside, supervise exits 0 without a restart.",
        run: |world| {
            let mut services = vec![];
            for (name, bytes) in [("by-itself", "x"), ("killed", "xu"), ("not-taken-back", "xdu"), ("twice", "xx")] {
                let service = world.service(name, "survive TERM")?;
                let supervise = service.supervise()?;
                service.control()?.send(bytes)?;
                services.push((supervise, service));
            }
            for (_, service) in &services {
                service.until_settled()?;
            }
            let all_run = || {
                services.iter().all(|(supervise, service)| {
                    supervise.is_running()
                        && service.record().is_ok_and(|record| {
                            record.read().is_some_and(|record| record.state() == "up, paused 0, want u")
                        })
                })
            };
            world.stays("all run", true, QUIET, || Ok(all_run()))?;
            world.expect("signals", services[0].1.signals(), Vec::<String>::new())?;
            let mut befores = vec![];
            for (supervise, service) in &services {
                let before = service.record()?.whole()?;
                if service.name == "killed" {
                    world.signal(before.pid(), Signal::SIGKILL)?;
                } else {
                    service.order("exit 3")?;
                }
                supervise.expect_exit("exit 0")?;
                befores.push(before);
            }
            for ((_, service), before) in services.iter().zip(befores) {
                let record = service.record()?.whole()?;
                world.expect("record", record.state(), "down, paused 0, want u")?;
                world.expect_that("stamp", record.stamp() > before.stamp(), "later", (record, before))?;
                world.expect("starts", service.starts().len(), 1)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
];

/// How long nothing is to happen, where nothing is to happen.
const QUIET: Duration = Duration::from_millis(150);

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
