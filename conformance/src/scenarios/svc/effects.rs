//! svc: what each option does to a service, alone and together.

use crate::observe::process::Process;
use crate::outcome::{Failure, Outcome};
use crate::scenario::{SUPERVISE, SVC, SVOK, SVSTAT, Scenario};
use crate::world::{Running, Service, World};
use nix::sys::signal::Signal;
use std::cell::Cell;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svc/effects/options-send-their-signals",
        requirements: &["SUP-43"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -h, -a, -i, -t, -p, -c, -d and -k to a service that survives all it can, and compares the signals \
               that reach it.",
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
            world.until_dead(pid)?;
            web.until_signals(&signals)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/effects/up-down-and-once-do-as-they-say",
        requirements: &["SUP-43", "SUP-47"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -u to a service that is down, which is started, and started again when it ends; -d, after which it \
               stays down; and -o to one that is down and one that is up, neither of which is restarted.",
        run: |world| {
            let (web, _) = world.down_service("web", "")?;
            let (job, _) = world.down_service("job", "")?;
            let last = world.service("last", "survive HUP")?;
            last.supervise()?;
            world.stays("starts", (0, 0), QUIET, || Ok((web.starts().len(), job.starts().len())))?;
            for (option, service) in [("-u", &web), ("-o", &job)] {
                service.svc(option)?;
                service.until_starts(1)?;
                service.order("exit 0")?;
            }
            // The HUP shows that supervise has read the `o` by the time the service ends.
            last.svc("-oh")?;
            last.until_signals(&["HUP"])?;
            last.order("exit 0")?;
            let again = web.until_starts(2)?[1].0;
            web.svc("-d")?;
            world.until_dead(again)?;
            // Longer than the second that may lie between two starts.
            for (service, starts) in [(&web, 2), (&job, 1), (&last, 1)] {
                service.until_no_start(Duration::from_millis(1500))?;
                world.expect(&format!("starts of {}", service.name), service.starts().len(), starts)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/effects/exit-ends-supervise-when-the-service-is-down",
        requirements: &["SUP-51"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -x to a service that is down: supervise exits. Sends it to one that is up: supervise exits when the \
               service ends, without a restart.",
        run: |world| {
            let (down, supervise) = world.down_service("down", "")?;
            down.svc("-x")?;
            supervise.wait()?;
            let web = world.service("web", "survive HUP TERM")?;
            let supervise = web.supervise()?;
            // The HUP shows that supervise is about to read the `x`.
            web.svc("-hx")?;
            world.until("web got HUP", true, || Ok(web.signals().contains(&"HUP".to_owned())))?;
            // A restart would follow at once: the second that may lie between two starts is over.
            web.until_settled()?;
            world.expect("supervise runs", supervise.is_running(), true)?;
            web.order("exit 0")?;
            supervise.wait()?;
            world.stays("starts", 1, QUIET, || Ok(web.starts().len()))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/effects/applies-its-options-to-each-directory",
        requirements: &["SVC-05", "SUP-43"],
        uses: &[SUPERVISE, SVC, SVOK],
        does: "Sends -u to three services in one call, and all of them start. Then sends -dx, and all of them and their \
               supervises end.",
        run: |world| {
            let names = ["a", "b", "c"];
            let services: Vec<_> = names.iter().map(|name| world.down_service(name, "")).collect::<Result<_, _>>()?;
            let svc = |option: &str| -> Outcome {
                let ran = world.command("svc").arg(option).args(names).run()?;
                world.expect(&format!("svc {option} a b c"), ran.exit, "exit 0")
            };
            svc("-u")?;
            for (service, _) in &services {
                service.until_starts(1)?;
            }
            svc("-dx")?;
            for (service, supervise) in &services {
                supervise.wait()?;
                let starts = service.starts();
                world.expect(&format!("starts of {}", service.name), starts.len(), 1)?;
                world.expect(&format!("{} is alive", service.name), Process::is_alive(starts[0].0), false)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/effects/kill-then-exit-ends-supervise",
        requirements: &["SUP-51"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -kx to a service that is up. supervise exits with this run or, if it restarted the service before it \
               read the `x`, with the next.",
        run: |world| {
            let web = world.service("web", "")?;
            let supervise = web.supervise()?;
            web.svc("-kx")?;
            let was_ordered = Cell::new(false);
            world.until("supervise runs", false, || {
                if web.starts().len() == 2 && !was_ordered.replace(true) {
                    web.order("exit 0")?;
                }
                Ok(supervise.is_running())
            })?;
            let starts = web.starts().len();
            world.expect_that("starts", starts <= 2, "1, or 2", starts)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/effects/does-not-wait-for-supervise",
        requirements: &["SVC-08"],
        uses: &[SUPERVISE, SVC, SVOK],
        does: "Stops supervise with SIGSTOP: svc returns all the same, and supervise obeys when it is continued.",
        run: |world| {
            let (web, supervise) = world.down_service("web", "")?;
            supervise.signal(Signal::SIGSTOP)?;
            world.until_stopped(supervise.pid, true)?;
            web.svc("-u")?;
            world.until_stopped(supervise.pid, true)?;
            world.expect("starts", web.starts().len(), 0)?;
            supervise.signal(Signal::SIGCONT)?;
            web.until_starts(1).map(drop)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/effects/down-sends-term-then-cont",
        requirements: &["SUP-43", "SUP-43b", "SUP-45"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Pauses a service that survives TERM, then sends -d: it gets TERM and CONT, runs on as the same process, is \
               wanted down and no longer paused.",
        run: |world| {
            let web = world.service("web", "survive TERM")?;
            web.supervise()?;
            let pid = web.until_up()?;
            web.svc("-p")?;
            web.until_status("up, paused")?;
            world.until_stopped(pid, true)?;
            web.svc("-d")?;
            web.until_signals(&["TERM", "CONT"])?;
            let status = web.until_status("up, want down")?;
            world.expect("pid", status.pid, Some(pid))?;
            world.stays("signals", vec!["TERM", "CONT"], QUIET, || Ok(web.signals()))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/effects/each-option-on-a-running-service",
        requirements: &["SUP-43", "SUP-43b", "SUP-46"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends every option in turn to a service that survives all it can. After each it compares the signals, what \
               svstat prints, the pid, and whether the process is stopped.",
        run: |world| {
            let web = world.service("web", "survive HUP ALRM INT TERM")?;
            let supervise = web.supervise()?;
            let pid = web.until_up()?;
            let mut signals = vec![];
            for (option, gets, words) in [
                ("-h", &["HUP"][..], "up"),
                ("-a", &["ALRM"], "up"),
                ("-i", &["INT"], "up"),
                ("-t", &["TERM"], "up"),
                ("-p", &[], "up, paused"),
                ("-o", &[], "up, paused"),
                ("-u", &[], "up, paused"),
                ("-c", &["CONT"], "up"),
                ("-o", &[], "up"),
                ("-u", &[], "up"),
                ("-d", &["TERM", "CONT"], "up, want down"),
                ("-p", &[], "up, paused, want down"),
                ("-c", &["CONT"], "up, want down"),
                ("-u", &[], "up"),
                ("-d", &["TERM", "CONT"], "up, want down"),
                ("-o", &[], "up"),
                ("-d", &["TERM", "CONT"], "up, want down"),
            ] {
                web.svc(option)?;
                signals.extend_from_slice(gets);
                web.until_signals(&signals)?;
                let status = web.until_status(words)?;
                world.expect("pid", status.pid, Some(pid))?;
                world.until_stopped(pid, words.contains("paused"))?;
            }
            web.svc("-k")?;
            web.until_status("down, normally up")?;
            world.expect("signals", web.signals(), signals)?;
            world.expect("starts", web.starts().len(), 1)?;
            world.expect("supervise runs", supervise.is_running(), true)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/effects/each-option-on-a-service-that-is-down",
        requirements: &["SUP-43", "SUP-55", "SUP-51b", "SUP-53"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends every option in turn to a service that is down. Only -u and -o start it, and -x ends supervise.",
        run: |world| {
            let (web, supervise) = world.down_service("web", "")?;
            for option in ["-h", "-a", "-i", "-t", "-k", "-p", "-c", "-d"] {
                web.svc(option)?;
            }
            world.stays("starts", 0, QUIET, || Ok(web.starts().len()))?;
            web.until_status("down")?;

            web.svc("-o")?;
            web.until_starts(1)?;
            web.until_status("up, normally down")?;
            web.order("exit 0")?;
            web.until_status("down")?;
            web.svc("-u")?;
            let starts = web.until_starts(2)?;
            let status = web.until_status("up, normally down")?;
            world.expect("pid", status.pid, Some(starts[1].0))?;
            web.svc("-d")?;
            web.until_status("down")?;
            web.svc("-x")?;
            supervise.expect_exit("exit 0")?;
            world.expect("starts", web.starts().len(), 2)?;
            world.expect("svstat", web.svstat()?, "web: supervise not running")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/effects/combinations-on-running-services",
        requirements: &["SUP-43", "SUP-50", "SUP-51", "SUP-51b"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends the combinations that people type, each to a running service of its own, and looks what follows: \
               down, up and restarted as ever, or without supervise.",
        run: |world| {
            let combinations = [
                Combination::new("-ox", Follows::ExitAtItsEnd, 1),
                Combination::new("-ux", Follows::ExitAtItsEnd, 1),
                Combination::new("-xu", Follows::ExitAtItsEnd, 1),
                Combination::new("-dx", Follows::Exit, 1),
                Combination::new("-xd", Follows::Exit, 1),
                Combination::new("-xk", Follows::Exit, 1),
                Combination::new("-okx", Follows::Exit, 1),
                Combination::new("-du", Follows::Up, 2),
                Combination::new("-ud", Follows::Down, 1),
                Combination::new("-ot", Follows::Down, 1),
                Combination::new("-pc", Follows::Up, 1),
                Combination::new("-pd", Follows::Down, 1),
                // If it did not survive TERM, its successor could be there before supervise reads the `k`.
                Combination::new("-tk", Follows::Up, 2).with("survive TERM"),
            ];
            try_combinations(world, &combinations, "up")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/effects/combinations-on-services-that-are-down",
        requirements: &["SUP-43", "SUP-51", "SUP-51b", "SUP-52", "SUP-55"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends the same combinations, each to a service of its own that is down. Those that are started once run for \
               1.3 seconds.",
        run: |world| {
            // Longer than the second in which a supervise may be deaf.
            let run = "exit 0 after 1300";
            let combinations = [
                Combination::new("-dx", Follows::Exit, 0),
                Combination::new("-xu", Follows::Exit, 0),
                Combination::new("-kx", Follows::Exit, 0),
                Combination::new("-pc", Follows::Down, 0),
                Combination::new("-pd", Follows::Down, 0),
                Combination::new("-tk", Follows::Down, 0),
                Combination::new("-hai", Follows::Down, 0),
                Combination::new("-du", Follows::Up, 1),
                Combination::new("-pu", Follows::Up, 1),
                Combination::new("-o", Follows::Down, 1).with(run),
                Combination::new("-ox", Follows::Exit, 1).with(run),
                Combination::new("-ux", Follows::Exit, 1).with(run),
            ];
            try_combinations(world, &combinations, "down")
        },
        ..Scenario::ORDINARY
    },
];

/// How long a scenario watches that nothing happens.
const QUIET: Duration = Duration::from_millis(150);

/// A combination of options for a service of its own.
struct Combination {
    options: &'static str,
    /// The plan of the probe.
    plan: &'static str,
    follows: Follows,
    /// The number of starts by then.
    starts: usize,
}

/// What follows a combination.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Follows {
    /// The service is up, and restarted when it ends.
    Up,
    /// The service is down, and supervise runs.
    Down,
    /// supervise exits.
    Exit,
    /// The service runs on undisturbed. When it ends, supervise exits.
    ExitAtItsEnd,
}

impl Combination {
    const fn new(options: &'static str, follows: Follows, starts: usize) -> Combination {
        Combination { options, plan: "", follows, starts }
    }

    const fn with(self, plan: &'static str) -> Combination {
        Combination { plan, ..self }
    }
}

/// Makes a service for each combination, which is `up` or `down`, sends the options to all, and waits for what follows.
fn try_combinations(world: &World, combinations: &[Combination], state: &str) -> Outcome {
    let [up, down] = if state == "up" { ["up", "down, normally up"] } else { ["up, normally down", "down"] };
    let start = |combination: &Combination| -> Result<(Service, Running), Failure> {
        let name = combination.options.replace('-', "with-");
        if state == "down" {
            return world.down_service(&name, combination.plan);
        }
        let service = world.service(&name, combination.plan)?;
        let supervise = service.supervise()?;
        Ok((service, supervise))
    };
    let services: Vec<_> = combinations.iter().map(start).collect::<Result<_, _>>()?;
    if state == "up" {
        for (service, _) in &services {
            service.until_settled()?;
        }
    }
    for (combination, (service, _)) in combinations.iter().zip(&services) {
        service.svc(combination.options)?;
    }
    for (combination, (service, supervise)) in combinations.iter().zip(&services) {
        service.until_starts(combination.starts)?;
        match combination.follows {
            Follows::Up | Follows::ExitAtItsEnd => drop(service.until_status(up)?),
            Follows::Down => drop(service.until_status(down)?),
            Follows::Exit => supervise.expect_exit("exit 0")?,
        }
    }
    let starts = || Ok(services.iter().map(|(service, _)| service.starts().len()).collect::<Vec<_>>());
    let wanted: Vec<usize> = combinations.iter().map(|combination| combination.starts).collect();
    world.stays("starts", wanted, QUIET, starts)?;
    for (combination, (_, supervise)) in combinations.iter().zip(&services) {
        let runs = combination.follows != Follows::Exit;
        world.expect(&format!("supervise runs after {}", combination.options), supervise.is_running(), runs)?;
    }
    for (combination, (service, _)) in combinations.iter().zip(&services) {
        if matches!(combination.follows, Follows::Up | Follows::ExitAtItsEnd) {
            service.order("exit 0")?;
        }
    }
    for (combination, (service, supervise)) in combinations.iter().zip(&services) {
        match combination.follows {
            Follows::Up => drop(service.until_starts(combination.starts + 1)?),
            Follows::ExitAtItsEnd => {
                supervise.expect_exit("exit 0")?;
                world.expect("starts", service.starts().len(), combination.starts)?;
                world.expect("signals", service.signals(), vec![""; 0])?;
            }
            Follows::Down | Follows::Exit => {}
        }
    }
    Ok(())
}
