//! svc: what each option does to a service, alone and together.

use crate::observe::process::Process;
use crate::outcome::{Failure, Outcome};
use crate::scenario::{SUPERVISE, SVC, SVSTAT, Scenario};
use crate::world::{Running, Service, World};
use nix::sys::signal::Signal;
use std::io::Read;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svc/effects/options-send-their-signals",
        requirements: &["SUP-43"],
        uses: &[SUPERVISE, SVC],
        does: "Sends -h, -a, -i, -t, -p, -c, -d and -k to a service that survives what can be survived, and looks at what \
               comes to it.",
        run: |world| {
            let web = world.service("web", "survive HUP ALRM INT TERM")?;
            web.supervise()?;
            let pid = web.until_starts(1)?[0].0;
            let mut signals = vec![];
            for (option, gets) in [
                ("-h", &["HUP"][..]),
                ("-a", &["ALRM"]),
                ("-i", &["INT"]),
                ("-t", &["TERM"]),
                ("-p", &[]),
                ("-c", &["CONT"]),
                ("-d", &["TERM", "CONT"]),
            ] {
                web.svc(option)?;
                signals.extend_from_slice(gets);
                web.until_signals(&signals)?;
                world.until_stopped(pid, option == "-p")?;
            }
            web.svc("-k")?;
            world.until("the process is there", false, || Ok(Process::look(pid).is_some()))?;
            web.until_signals(&signals)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/effects/up-down-and-once-do-as-they-say",
        requirements: &["SUP-43", "SUP-47"],
        uses: &[SUPERVISE, SVC],
        does: "Sends -u to a service that is down, which is then started, and started again when it ends; -d, which ends \
               it for good; and -o to another, which is started once.",
        run: |world| {
            let (web, _) = world.down_service("web", "")?;
            let (job, _) = world.down_service("job", "")?;
            world.stays("starts", (0, 0), QUIET, || Ok((web.starts().len(), job.starts().len())))?;
            for (option, service) in [("-u", &web), ("-o", &job)] {
                service.svc(option)?;
                service.until_starts(1)?;
                service.order("exit 0")?;
            }
            let again = web.until_starts(2)?[1].0;
            web.svc("-d")?;
            world.until("the process is there", false, || Ok(Process::look(again).is_some()))?;
            // Longer than the second that may lie between two starts.
            for (service, starts) in [(&web, 2), (&job, 1)] {
                service.until_no_start(Duration::from_millis(1500))?;
                world.expect("starts", service.starts().len(), starts)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/effects/exit-ends-supervise-when-the-service-is-down",
        requirements: &["SUP-51"],
        uses: &[SUPERVISE, SVC],
        does: "Sends -x to a service that is down: supervise ends. With one that runs, supervise ends when that does, and \
               does not start it again.",
        run: |world| {
            let (_, down) = world.down_service("down", "")?;
            world.run("svc", &["-x", "down"]).map(drop)?;
            down.wait()?;
            let web = world.service("web", "survive TERM")?;
            let up = web.supervise()?;
            web.until_settled()?;
            web.svc("-x")?;
            world.stays("supervise runs", true, QUIET, || Ok(up.is_running()))?;
            web.order("exit 0")?;
            up.wait()?;
            world.stays("starts", 1, QUIET, || Ok(web.starts().len()))?;
            web.until_signals(&[])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/effects/applies-its-options-to-each-directory",
        requirements: &["SVC-05", "SUP-43"],
        uses: &[SUPERVISE, SVC],
        does: "Sends -u to three services in one call: all of them start. Then -dx: all of them and their supervises end.",
        run: |world| {
            let names = ["a", "b", "c"];
            let services: Vec<_> = names.iter().map(|name| world.down_service(name, "")).collect::<Result<_, _>>()?;
            let svc = |option: &str| -> Outcome {
                let ran = world.command("svc").arg(option).args(names).run()?;
                world.expect(&format!("svc {option} a b c"), ran.all(), ("exit 0", "", ""))
            };
            svc("-u")?;
            for (service, _) in &services {
                service.until_starts(1)?;
            }
            svc("-dx")?;
            for (service, supervise) in &services {
                supervise.wait()?;
                let pid = service.starts()[0].0;
                world.expect("the process is there", Process::look(pid), None)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/effects/does-not-wait-for-supervise",
        requirements: &["SVC-08"],
        uses: &[SUPERVISE, SVC, SVSTAT],
        does: "Stops supervise with SIGSTOP: svc returns all the same, and supervise obeys when it is continued.",
        run: |world| {
            let (web, supervise) = world.down_service("web", "")?;
            world.signal(supervise.pid, Signal::SIGSTOP)?;
            let stopped = || Ok(Process::look(supervise.pid).map(|process| process.state));
            world.until("state of supervise", Some('T'), stopped)?;
            web.svc("-u")?;
            world.expect("state of supervise", stopped()?, Some('T'))?;
            world.expect("starts", web.starts().len(), 0)?;
            world.signal(supervise.pid, Signal::SIGCONT)?;
            web.until_starts(1).map(drop)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/effects/down-sends-term-then-cont",
        requirements: &["SUP-43", "SUP-43b", "SUP-22", "SUP-45"],
        uses: &[SUPERVISE, SVC, SVSTAT],
        does: "Pauses a service that survives TERM, then sends -d: it gets TERM and CONT, runs on, is wanted down and not \
               paused, and the stamp stays.",
        run: |world| {
            let web = world.service("web", "survive TERM")?;
            web.supervise()?;
            let before = web.record()?.whole()?;
            web.svc("-p")?;
            web.record()?.until("up, paused 1, want u")?;
            web.svc("-d")?;
            let after = web.record()?.until("up, paused 0, want d")?;
            world.expect("stamp and pid", (after.stamp(), after.pid()), (before.stamp(), before.pid()))?;
            web.until_signals(&["TERM", "CONT"])?;
            world.stays("signals", vec!["TERM", "CONT"], QUIET, || Ok(web.signals()))?;
            world.expect("svstat", web.svstat()?, "web: up (pid N) N seconds, want down")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/effects/each-option-on-a-running-service",
        requirements: &["SUP-43", "SUP-43b", "STAT-01"],
        uses: &[SUPERVISE, SVC, SVSTAT],
        does: "Sends every option in turn to a service that survives what can be survived. Each time: what the service \
               got, what the record says, whether the process is stopped, and the line of svstat.",
        run: |world| {
            let web = world.service("web", "survive HUP ALRM INT TERM")?;
            let supervise = web.supervise()?;
            let before = web.record()?.whole()?;
            let mut signals = vec![];
            for (option, gets, state, words) in [
                ("-h", &["HUP"][..], "up, paused 0, want u", ""),
                ("-a", &["ALRM"], "up, paused 0, want u", ""),
                ("-i", &["INT"], "up, paused 0, want u", ""),
                ("-t", &["TERM"], "up, paused 0, want u", ""),
                ("-p", &[], "up, paused 1, want u", ", paused"),
                ("-c", &["CONT"], "up, paused 0, want u", ""),
                ("-o", &[], "up, paused 0, want 0", ""),
                ("-u", &[], "up, paused 0, want u", ""),
                ("-d", &["TERM", "CONT"], "up, paused 0, want d", ", want down"),
                ("-p", &[], "up, paused 1, want d", ", paused, want down"),
                ("-c", &["CONT"], "up, paused 0, want d", ", want down"),
            ] {
                web.svc(option)?;
                signals.extend_from_slice(gets);
                web.until_signals(&signals)?;
                let record = web.record()?.until(state)?;
                world.until_stopped(record.pid(), state.contains("paused 1"))?;
                world.expect("stamp and pid", (record.stamp(), record.pid()), (before.stamp(), before.pid()))?;
                world.expect("svstat", web.svstat()?, format!("web: up (pid N) N seconds{words}"))?;
            }
            web.svc("-k")?;
            let record = web.record()?.until("down, paused 0, want d")?;
            world.expect_that("stamp", record.stamp() > before.stamp(), "later", (record, before))?;
            world.expect("svstat", web.svstat()?, "web: down N seconds, normally up")?;
            world.expect("signals", web.signals(), signals)?;
            world.expect("starts", web.starts().len(), 1)?;
            world.expect("supervise runs", supervise.is_running(), true)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/effects/each-option-on-a-service-that-is-down",
        requirements: &["SUP-43", "SUP-43b", "SUP-55", "STAT-01"],
        uses: &[SUPERVISE, SVC, SVSTAT],
        does: "Sends every option in turn to a service that is down. Only -u and -o start it, and -x ends supervise.",
        run: |world| {
            let (web, supervise) = world.down_service("web", "")?;
            let before = web.record()?.whole()?;
            for option in ["-h", "-a", "-i", "-t", "-k", "-p", "-c", "-d"] {
                web.svc(option)?;
            }
            world.stays("record", Some(before), QUIET, || Ok(web.record()?.read()))?;
            world.expect("starts", web.starts().len(), 0)?;
            world.expect("svstat", web.svstat()?, "web: down N seconds")?;

            web.svc("-o")?;
            web.record()?.until("up, paused 0, want 0")?;
            web.until_starts(1)?;
            world.expect("svstat", web.svstat()?, "web: up (pid N) N seconds, normally down")?;
            web.order("exit 0")?;
            web.record()?.until("down, paused 0, want 0")?;
            world.expect("svstat", web.svstat()?, "web: down N seconds")?;
            web.svc("-u")?;
            let record = web.record()?.until("up, paused 0, want u")?;
            let starts = web.until_starts(2)?;
            world.expect("pid in the record", record.pid(), starts[1].0)?;
            web.svc("-d")?;
            web.record()?.until("down, paused 0, want d")?;
            web.svc("-x")?;
            supervise.expect_exit("exit 0")?;
            world.expect("starts", web.starts().len(), 2)?;
            world.expect("svstat", web.svstat()?, "web: supervise not running")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/effects/combinations-on-running-services",
        requirements: &["SUP-43", "SUP-43b", "SUP-50", "SUP-51", "SUP-51b"],
        uses: &[SUPERVISE, SVC, SVSTAT],
        does: "Sends the combinations that people type, each to a running service of its own, and looks how it ends: \
               down, up again, or without supervise.",
        run: |world| {
            let combinations = [
                Combination::leads("-ox", "up, paused 0, want 0", 1),
                Combination::leads("-ux", "up, paused 0, want u", 1),
                Combination::leads("-xu", "up, paused 0, want u", 1),
                Combination::ends("-dx", "down, paused 0, want d", 1),
                Combination::ends("-xd", "down, paused 0, want d", 1),
                Combination::ends("-xk", "down, paused 0, want u", 1),
                Combination::ends("-okx", "down, paused 0, want 0", 1),
                Combination::leads("-du", "up, paused 0, want u", 2),
                Combination::leads("-ud", "down, paused 0, want d", 1),
                Combination::leads("-ot", "down, paused 0, want 0", 1),
                Combination::leads("-pc", "up, paused 0, want u", 1),
                Combination::leads("-pd", "down, paused 0, want d", 1),
                // Without surviving TERM it could be dead, and its successor be there, before the `k` is read.
                Combination::leads("-tk", "up, paused 0, want u", 2).with("survive TERM"),
            ];
            let services = try_combinations(world, &combinations, false)?;
            // The first three wait for an end of the service, whatever it comes from, and do not start it again.
            for (service, supervise) in &services[..3] {
                service.order("exit 0")?;
                supervise.expect_exit("exit 0")?;
                world.expect("starts", service.starts().len(), 1)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/effects/combinations-on-services-that-are-down",
        requirements: &["SUP-43", "SUP-43b", "SUP-51", "SUP-51b", "SUP-52", "SUP-55"],
        uses: &[SUPERVISE, SVC, SVSTAT],
        does: "The same combinations, each to a service of its own that is down and that would run for 1.3 seconds.",
        run: |world| {
            // Longer than the second in which a supervise may be deaf.
            let run = "exit 0 after 1300";
            let combinations = [
                Combination::ends("-dx", "down, paused 0, want d", 0),
                Combination::ends("-xu", "down, paused 0, want d", 0),
                Combination::ends("-kx", "down, paused 0, want d", 0),
                Combination::leads("-pc", "down, paused 0, want d", 0),
                Combination::leads("-pd", "down, paused 0, want d", 0),
                Combination::leads("-tk", "down, paused 0, want d", 0),
                Combination::leads("-hai", "down, paused 0, want d", 0),
                Combination::leads("-du", "up, paused 0, want u", 1),
                Combination::leads("-pu", "up, paused 0, want u", 1),
                Combination::leads("-o", "down, paused 0, want 0", 1).with(run),
                Combination::ends("-ox", "down, paused 0, want 0", 1).with(run),
                Combination::ends("-ux", "down, paused 0, want u", 1).with(run),
            ];
            try_combinations(world, &combinations, true).map(drop)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/effects/kill-then-exit-ends-supervise",
        requirements: &["SUP-51"],
        uses: &[SUPERVISE, SVC, SVSTAT],
        does: "Sends -kx to a running service: supervise exits, with this run or, if that was started before the `x` was \
               read, with the next.",
        run: |world| {
            let web = world.service("web", "")?;
            let supervise = web.supervise()?;
            web.until_settled()?;
            web.svc("-kx")?;
            let told = std::cell::Cell::new(false);
            world.until("supervise runs", false, || {
                // The death can be noticed, and the service started again, before the `x` is read.
                if web.starts().len() == 2 && !told.replace(true) {
                    web.order("exit 0")?;
                }
                Ok(supervise.is_running())
            })?;
            let starts = web.starts().len();
            world.expect_that("starts", starts <= 2, "1, or 2", starts)
        },
        ..Scenario::ORDINARY
    },
];

/// How long nothing is to happen, where nothing is to happen.
const QUIET: Duration = Duration::from_millis(150);

/// One combination of options on a service of its own.
struct Combination {
    options: &'static str,
    /// What the service does.
    plan: &'static str,
    /// The state that follows, the number of starts by then, and whether supervise ends.
    state: &'static str,
    starts: usize,
    ends: bool,
}

impl Combination {
    const fn leads(options: &'static str, state: &'static str, starts: usize) -> Combination {
        Combination { options, plan: "", state, starts, ends: false }
    }

    const fn ends(options: &'static str, state: &'static str, starts: usize) -> Combination {
        Combination { ends: true, ..Combination::leads(options, state, starts) }
    }

    const fn with(self, plan: &'static str) -> Combination {
        Combination { plan, ..self }
    }
}

/// Starts a service for each combination, sends the options to all, and waits for what is to become of them.
fn try_combinations(
    world: &World,
    combinations: &[Combination],
    is_down: bool,
) -> Result<Vec<(Service, Running)>, Failure> {
    let mut services = vec![];
    for Combination { options, plan, .. } in combinations {
        let name = options.replace('-', "with-");
        services.push(if is_down {
            world.down_service(&name, plan)?
        } else {
            let service = world.service(&name, plan)?;
            let supervise = service.supervise()?;
            (service, supervise)
        });
    }
    if !is_down {
        for (service, _) in &services {
            service.until_settled()?;
        }
    }
    for (Combination { options, .. }, (service, _)) in combinations.iter().zip(&services) {
        service.svc(options)?;
    }
    for (combination, (service, supervise)) in combinations.iter().zip(&services) {
        if combination.ends {
            supervise.expect_exit("exit 0")?;
        }
        world.until(
            &format!("outcome of {}", service.name),
            (combination.state.to_owned(), combination.starts),
            || {
                let state = service.record()?.read().map_or_else(|| "no record".to_owned(), |record| record.state());
                Ok((state, service.starts().len()))
            },
        )?;
        world.expect("supervise runs", supervise.is_running(), !combination.ends)?;
    }
    // What was to happen has happened; nothing more does.
    world.stays(
        "starts",
        combinations.iter().map(|combination| combination.starts).collect::<Vec<_>>(),
        QUIET,
        || Ok(services.iter().map(|(service, _)| service.starts().len()).collect::<Vec<_>>()),
    )?;
    Ok(services)
}
