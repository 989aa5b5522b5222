//! supervise: what each command does to the service, and in which order.
//!
//! A paused or long-lived service shows nothing of some commands. Where one must have been read before the next step, `h`
//! stands behind it in the same write: the HUP that the service gets shows that supervise is past it.

use super::{OVER, QUIET, REST, since, watched_service};
use crate::observe::process::{Process, descriptors};
use crate::outcome::{Failure, Outcome};
use crate::scenario::{SUPERVISE, SVC, SVOK, SVSTAT, Scenario};
use crate::world::{Running, Service, World};
use nix::sys::signal::Signal;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    // The FIFO.
    Scenario {
        id: "supervise/control/drops-unknown-bytes",
        requirements: &["SUP-23", "SUP-43b"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Writes all 245 bytes that are not commands, NUL and newline among them, in one write. supervise prints \
               nothing, leaves the record alone and obeys the `h` that follows.",
        run: |world| {
            let (web, supervise, watch) = watched_service(world, "survive HUP")?;
            let unknown: Vec<u8> = (0..=255).filter(|byte| !b"udopchaitkx".contains(byte)).collect();
            web.control()?.send(&unknown)?;
            web.control()?.send("h")?;
            web.until_signals(&["HUP"])?;
            web.control()?.send([&unknown[..], b"h"].concat())?;
            web.until_signals(&["HUP", "HUP"])?;
            world.expect("times that the record was replaced", watch.count()?, 0)?;
            world.expect("messages", supervise.err(), "")?;
            web.until_status("up, normally down")?;
            world.expect("starts", web.starts().len(), 1)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/obeys-thousands-of-bytes-in-order",
        requirements: &["SUP-40"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Writes 4000 bytes at once, with signals and other commands far apart. All signals arrive in order, the record \
               is replaced for each of the others, and the last of `u` and `o` counts.",
        run: |world| {
            let (web, _, watch) = watched_service(world, "survive HUP INT ALRM TERM")?;
            let (job, _) = world.down_service("job", "")?;
            // The numbers of these signals rise, so a probe that gets several at once still records them in this order.
            let many = "Z".repeat(994);
            let commands = format!("h{many}uoi{many}uoa{many}uot{many}poc12345678901");
            world.expect("commands", commands.len(), 4000)?;
            web.control()?.send(&commands)?;
            web.until_signals(&["HUP", "INT", "ALRM", "TERM", "CONT"])?;
            watch.until(9)?;
            web.order("exit 0")?;

            // Every `k` comes before the start and kills nothing. The `u` is the last byte.
            job.control()?.send("k".repeat(2000) + "o" + &"Z".repeat(1998) + "u")?;
            let first = job.until_up()?;
            job.control()?.until_read()?;
            world.expect("starts of job", job.starts().len(), 1)?;
            job.order("exit 0")?;
            job.until_other_pid(first)?;
            job.control()?.send("Z".repeat(3998) + "od")?;
            job.until_down()?;
            world.expect("starts of job", job.starts().len(), 2)?;

            web.until_no_start(OVER)?;
            world.expect("starts of web", web.starts().len(), 1)?;
            web.until_status("down").map(drop)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/hears-a-thousand-clients",
        requirements: &["SUP-07", "SUP-40"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Opens the FIFO a thousand times to write a byte each. supervise reads them all, obeys the commands among \
               them in order, and has no more descriptors open than before.",
        run: |world| {
            let (web, supervise, watch) = watched_service(world, "survive HUP INT")?;
            let before = descriptors(supervise.pid);
            // A write of the record can take milliseconds, so not every client sends a command that has it written.
            let commands = format!("h{}oi{}", ("Z".repeat(48) + "u").repeat(20), "Z".repeat(17));
            world.expect("commands", commands.len(), 1000)?;
            web.control()?.send_each(commands.as_bytes())?;
            watch.until(21)?;
            web.until_signals(&["HUP", "INT"])?;
            supervise.until_idle()?;
            world.expect("descriptors", descriptors(supervise.pid), before)?;
            // The last command that wants something is `o`.
            web.order("exit 0")?;
            web.until_no_start(OVER)?;
            world.expect("starts", web.starts().len(), 1)?;
            web.until_status("down").map(drop)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/obeys-commands-sent-right-after-a-start",
        requirements: &["SUP-43"],
        uses: &[SUPERVISE, SVC],
        does: "Sends -h, -i, -a, -t and -p at the moment of the start, and -cd when the service is stopped. It gets all the \
               signals and runs on.",
        run: |world| {
            let web = world.service("web", "survive HUP INT ALRM TERM")?;
            let supervise = web.start_supervise()?;
            let pid = web.until_starts(1)?[0].0;
            for option in ["-h", "-i", "-a", "-t", "-p"] {
                web.svc(option)?;
            }
            world.until_stopped(pid, true)?;
            web.svc("-cd")?;
            world.until("the service got HUP, INT, ALRM, TERM and CONT", true, || {
                let signals = web.signals();
                Ok(["HUP", "INT", "ALRM", "TERM", "CONT"]
                    .iter()
                    .all(|&name| signals.iter().any(|signal| signal == name)))
            })?;
            world.until_stopped(pid, false)?;
            world.expect("starts", web.starts().len(), 1)?;
            world.expect("supervise runs", supervise.is_running(), true)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/loses-bytes-pending-at-its-death",
        requirements: &["SUP-54"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -u to a supervise that is stopped, and kills it. A new supervise does not start the service until \
               another -u.",
        run: |world| {
            let (web, supervise) = world.down_service("web", "")?;
            supervise.signal(Signal::SIGSTOP)?;
            world.until_stopped(supervise.pid, true)?;
            web.svc("-u")?;
            supervise.kill(Signal::SIGKILL)?;
            web.supervise()?;
            world.stays("starts", 0, Duration::from_millis(300), || Ok(web.starts().len()))?;
            web.until_status("down")?;
            web.svc("-u")?;
            web.until_started()
        },
        ..Scenario::ORDINARY
    },
    // Up, down, once.
    Scenario {
        id: "supervise/control/can-always-be-stopped",
        requirements: &["SUP-43", "SUP-47", "SUP-51"],
        uses: &[SUPERVISE, SVC],
        does: "Sends -d, -o, -x, -dx and -tkd, each to a service that ends as soon as it is started, over and over. The \
               starts come to an end, and so does a supervise that got `x`.",
        run: |world| {
            let mut loops = vec![];
            for letters in ["d", "o", "x", "dx", "tkd"] {
                let service = world.service(&format!("loop-{letters}"), "exit 1")?;
                loops.push((letters, service.start_supervise()?, service));
            }
            for (_, _, service) in &loops {
                service.until_starts(2)?;
            }
            for (letters, _, service) in &loops {
                service.svc(&format!("-{letters}"))?;
            }
            for (letters, supervise, service) in &loops {
                service.until_no_start(OVER)?;
                world.until("supervise runs", !letters.ends_with('x'), || Ok(supervise.is_running()))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/leaves-a-stubborn-service-to-itself",
        requirements: &["SUP-43"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -d to a service that survives TERM and watches it for six seconds. It gets TERM and CONT and nothing \
               else, and runs on.",
        run: |world| {
            let web = world.service("web", "survive TERM")?;
            web.supervise()?;
            let pid = web.until_starts(1)?[0].0;
            web.svc("-d")?;
            web.until_signals(&["TERM", "CONT"])?;
            let seen = || Ok((web.events().len(), Process::is_alive(pid)));
            world.stays("events and life of the service", (3, true), Duration::from_secs(6), seen)?;
            world.expect("pid", web.pid()?, Some(pid))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/once-runs-once",
        requirements: &["SUP-43", "SUP-47b"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -o to a service that is down. It runs, ends and is not started again, and svstat never prints what is \
               wanted.",
        run: |world| {
            let (web, _) = world.down_service("web", "exit 0 after 1100")?;
            web.svc("-o")?;
            web.until_status("up, normally down")?;
            web.until_status("down")?;
            world.stays("starts", 1, QUIET, || Ok(web.starts().len()))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/once-while-up-cancels-the-restart",
        requirements: &["SUP-47"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -o to a running service, which later ends. It is not started again.",
        run: |world| {
            let web = world.service("web", "survive HUP")?;
            web.supervise()?;
            web.svc("-oh")?;
            web.until_signals(&["HUP"])?;
            web.order("exit 0")?;
            web.until_down()?;
            web.until_no_start(OVER)?;
            world.expect("starts", web.starts().len(), 1)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/once-wants-neither-up-nor-down",
        requirements: &["SUP-46", "SUP-47b"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -o to a running service, which runs on as the same process. svstat prints no want, neither then nor \
               when the service has ended. After -u it is started, and restarted as before.",
        run: |world| {
            let web = world.service("web", "survive HUP")?;
            web.supervise()?;
            let first = web.until_up()?;
            web.svc("-oh")?;
            web.until_signals(&["HUP"])?;
            world.expect("pid", web.until_status("up")?.pid, Some(first))?;
            web.order("exit 0")?;
            web.until_status("down, normally up")?;
            web.until_no_start(OVER)?;
            web.until_status("down, normally up")?;
            world.expect("starts", web.starts().len(), 1)?;
            web.svc("-u")?;
            let second = web.until_other_pid(first)?;
            web.order("exit 0")?;
            web.until_other_pid(second)?;
            web.until_status("up")?;
            world.expect("starts", web.starts().len(), 3)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/repeated-starts-of-a-running-service-do-nothing",
        requirements: &["SUP-46", "SUP-47b", "SUP-48", "SUP-50"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends `uu`, `oo`, `ooo`, `uo` and `ou` to services that run on, and `do` to one that survives TERM. Each is \
               started once, and restarted when it ends only if `u` came last.",
        run: |world| {
            let mut services = vec![];
            for letters in ["uu", "oo", "ooo", "uo", "ou"] {
                let (service, _) = world.down_service(letters, "survive HUP")?;
                services.push((service, letters, vec!["HUP"]));
            }
            let stubborn = world.service("do", "survive HUP TERM")?;
            stubborn.supervise()?;
            services.push((stubborn, "do", vec!["CONT", "HUP", "TERM"]));
            for (service, letters, _) in &services {
                service.svc_each(letters)?;
                // A HUP that comes before the probe is ready would end it.
                service.until_started()?;
                service.svc("-h")?;
            }
            for (service, _, expected) in &services {
                world.until(&format!("signals of {}", service.name), expected.clone(), || {
                    let mut signals = service.signals();
                    signals.sort();
                    Ok(signals)
                })?;
                world.expect("starts", service.starts().len(), 1)?;
            }
            for (service, _, _) in &services {
                service.order("exit 0")?;
            }
            for (service, letters, _) in &services {
                let starts = if letters.ends_with('u') { 2 } else { 1 };
                service.until_starts(starts)?;
                service.until_no_start(OVER)?;
                world.expect("starts", service.starts().len(), starts)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/restarts-after-signals",
        requirements: &["SUP-49"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends each of -h, -a, -i, -t and -k to a service that has run for more than a second. It dies of the signal \
               and is started again at once, wanted up as before.",
        run: |world| {
            let mut services = vec![];
            for option in ["-h", "-a", "-i", "-t", "-k"] {
                let service = world.service(&format!("gets{option}"), "")?;
                service.supervise()?;
                services.push((option, service));
            }
            for (_, service) in &services {
                service.until_settled()?;
            }
            for (option, service) in &services {
                let sent = world.monotonic();
                service.svc(option)?;
                let starts = service.until_starts(2)?;
                // Well below the second that a service which had just been started would have to wait.
                world.expect_between(
                    "time to the new start",
                    since(sent, starts[1].1),
                    Duration::ZERO,
                    REST.mul_f64(0.7),
                )?;
                service.until_other_pid(starts[0].0)?;
                let status = service.until_status("up")?;
                world.expect("pid that svstat prints", status.pid, Some(starts[1].0))?;
            }
            let names: Vec<_> = services.iter().flat_map(|(_, service)| service.signals()).collect();
            world.expect("signals", names, vec!["HUP", "ALRM", "INT", "TERM"])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/signals-one-process",
        requirements: &["SUP-44"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -t, -k and -d to a script with a child. The child survives and does not become a child of supervise.",
        run: |world| {
            let script = "#!/bin/sh\nsleep 1000 &\necho $! >child.new\nmv child.new child-$$\nwait\n";
            let mut services = vec![];
            for option in ["-t", "-k", "-d"] {
                let service = world.scripted(&format!("gets{option}"), script)?;
                let supervise = service.supervise()?;
                services.push((option, supervise, service));
            }
            let mut children = vec![];
            for (option, supervise, service) in &services {
                let pid = service.until_up()?;
                let file = service.directory.join(format!("child-{pid}"));
                let child = world.until_some("the child of the script", "recorded", || {
                    let lines = world.files.lines(&file);
                    Ok(lines.first().and_then(|line| line.parse().ok()).ok_or_else(|| "not recorded".to_owned()))
                })?;
                service.svc(option)?;
                world.until(&format!("process {pid} exists"), false, || Ok(Process::look(pid).is_some()))?;
                if *option != "-d" {
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
        requirements: &["SUP-45", "SUP-46"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -thaiuo to a paused service: no signal reaches it and it stays paused. After -c it gets them all, and \
               it is not restarted when it ends.",
        run: |world| {
            let web = world.service("web", "survive HUP ALRM INT TERM")?;
            let supervise = web.supervise()?;
            let pid = web.until_starts(1)?[0].0;
            web.svc("-p")?;
            world.until_stopped(pid, true)?;
            web.until_status("up, paused")?;
            web.svc("-thaiuo")?;
            supervise.until_idle()?;
            world.stays("state and signals of the service", (Some('T'), vec![]), QUIET, || {
                Ok((Process::look(pid).map(|process| process.state), web.signals()))
            })?;
            web.until_status("up, paused")?;
            web.svc("-c")?;
            world.until("signals", vec!["ALRM", "CONT", "HUP", "INT", "TERM"], || {
                let mut signals = web.signals();
                signals.sort();
                Ok(signals)
            })?;
            world.expect("pid", web.until_status("up")?.pid, Some(pid))?;
            web.order("exit 0")?;
            web.until_status("down, normally up")?;
            web.until_no_start(OVER)?;
            world.expect("starts", web.starts().len(), 1)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/kill-and-down-end-a-paused-service",
        requirements: &["SUP-24", "SUP-45", "SUP-49"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -k to a paused service, which is started again and not paused. Sends -d when it is paused once more: it \
               continues and dies of TERM.",
        run: |world| {
            let web = world.service("web", "")?;
            web.supervise()?;
            let first = web.until_starts(1)?[0].0;
            web.svc("-p")?;
            world.until_stopped(first, true)?;
            web.until_status("up, paused")?;
            web.svc("-k")?;
            let second = web.until_other_pid(first)?;
            web.until_status("up")?;
            world.until_stopped(second, false)?;
            web.svc("-p")?;
            world.until_stopped(second, true)?;
            web.until_status("up, paused")?;
            web.svc("-d")?;
            web.until_status("down, normally up")?;
            // TERM and CONT are both pending when the process continues, and it may die of TERM before it records CONT.
            let signals = web.signals();
            world.expect_that("signals", signals.iter().any(|name| name == "TERM"), "TERM among them", signals)?;
            world.expect("starts", web.starts().len(), 2)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/forgets-a-pause-while-down",
        requirements: &["SUP-24"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -p and then -pu to a service that is down. It runs, and svstat does not call it paused.",
        run: |world| {
            let (web, supervise) = world.down_service("web", "survive HUP")?;
            web.svc("-p")?;
            supervise.until_idle()?;
            web.until_status("down")?;
            web.svc("-pu")?;
            let pid = web.until_up()?;
            web.svc("-h")?;
            web.until_signals(&["HUP"])?;
            world.until_stopped(pid, false)?;
            let status = web.status()?.map(|status| (status.words(), status.pid));
            world.expect("status", status, Some(("up, normally down".to_owned(), Some(pid))))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/records-only-its-own-pauses",
        requirements: &["SUP-25"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Stops and continues the service without supervise, and has the record written after each. svstat calls it \
               paused from -p to -c, whatever the state of its process.",
        run: |world| {
            let (web, _, watch) = watched_service(world, "")?;
            let pid = web.until_up()?;
            world.signal(pid, Signal::SIGSTOP)?;
            world.until_stopped(pid, true)?;
            // `u` has the record written by a supervise that could look at the state of the process.
            web.svc("-u")?;
            watch.until(1)?;
            web.until_status("up, normally down")?;
            web.svc("-p")?;
            web.until_status("up, normally down, paused")?;
            world.signal(pid, Signal::SIGCONT)?;
            world.until_stopped(pid, false)?;
            web.svc("-u")?;
            watch.until(3)?;
            web.until_status("up, normally down, paused")?;
            web.svc("-c")?;
            web.until_status("up, normally down").map(drop)
        },
        ..Scenario::ORDINARY
    },
    // Exit.
    Scenario {
        id: "supervise/control/exit-while-down-is-immediate",
        requirements: &["SUP-51", "SUP-51b"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -xu, -dx and -xdo to supervises whose services are down. They exit 0, start nothing and print nothing.",
        run: |world| {
            for (name, has_down_file, options) in [("web", true, "-xu"), ("api", false, "-dx"), ("job", true, "-xdo")] {
                let (service, supervise) = service_that_is_down(world, name, has_down_file)?;
                let starts = service.starts();
                service.svc(options)?;
                supervise.expect_exit("exit 0")?;
                world.stays("starts", starts, QUIET, || Ok(service.starts()))?;
                world.expect("messages", supervise.err(), "")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/exit-waits-for-the-end-of-run",
        requirements: &["SUP-51"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -x to running services, to one of them twice. They run on. When they exit, crash or are killed from \
               outside, supervise ends and does not start them again.",
        run: |world| {
            let mut services = vec![];
            for name in ["exits", "crashes", "is-killed", "asked-twice"] {
                let service = world.service(name, "survive HUP TERM")?;
                let supervise = service.supervise()?;
                if name == "asked-twice" {
                    service.svc("-x")?;
                }
                service.svc("-xh")?;
                services.push((supervise, service));
            }
            for (_, service) in &services {
                world.until("HUP arrived", true, || Ok(service.signals().contains(&"HUP".to_owned())))?;
                // A restart would come at once.
                service.until_settled()?;
            }
            let all_run = || {
                let mut all = services.iter();
                all.all(|(supervise, service)| supervise.is_running() && service.ends().is_empty())
            };
            world.stays("all services and supervises run", true, QUIET, || Ok(all_run()))?;
            for (supervise, service) in &services {
                match &*service.name {
                    "crashes" => service.order("die SEGV")?,
                    "is-killed" => world.signal(service.until_up()?, Signal::SIGKILL)?,
                    _ => service.order("exit 3")?,
                }
                supervise.wait()?;
            }
            for (_, service) in &services {
                world.stays("starts", 1, QUIET, || Ok(service.starts().len()))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/exit-is-not-taken-back",
        requirements: &["SUP-51b"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -x, -xu and -xdu to running services. They get no other signals than those of `d`. When they end, \
               supervise exits 0 without a restart.",
        run: |world| {
            let mut services = vec![];
            for (options, signals) in [("-xh", &["HUP"][..]), ("-xuh", &["HUP"]), ("-xduh", &["CONT", "HUP", "TERM"])] {
                let service = world.service(&format!("gets{options}"), "survive HUP TERM")?;
                let supervise = service.supervise()?;
                service.svc(options)?;
                services.push((supervise, service, signals));
            }
            let sorted = |service: &Service| {
                let mut signals = service.signals();
                signals.sort();
                signals
            };
            for (_, service, signals) in &services {
                world.until("signals", *signals, || Ok(sorted(service)))?;
                // A restart would come at once.
                service.until_settled()?;
            }
            let expected: Vec<_> = services.iter().map(|(_, _, signals)| signals.to_vec()).collect();
            let seen = || services.iter().map(|(_, service, _)| sorted(service)).collect::<Vec<_>>();
            world.stays("signals", expected, QUIET, || Ok(seen()))?;
            for (supervise, service, _) in &services {
                service.until_status("up")?;
                service.order("exit 3")?;
                supervise.expect_exit("exit 0")?;
            }
            for (_, service, _) in &services {
                world.stays("starts", 1, QUIET, || Ok(service.starts().len()))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/control/exit-leaves-the-files",
        requirements: &["SUP-53"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Sends -x to supervises with services that are down, and to one whose service ends afterwards. The lock, the \
               FIFOs and the record stay, and the record has pid 0 and what was last wanted.",
        run: |world| {
            for (name, has_down_file, options) in [("web", true, "-xu"), ("api", false, "-x"), ("job", true, "-xdo")] {
                let (service, supervise) = service_that_is_down(world, name, has_down_file)?;
                let before = service.record()?.until("down, paused 0, want d")?;
                service.svc(options)?;
                supervise.wait()?;
                world.expect("record", service.record()?.whole()?, before)?;
                expect_files_of_nobody(world, &service)?;
            }
            let up = world.service("up", "survive HUP")?;
            let supervise = up.supervise()?;
            let before = up.record()?.until("up, paused 0, want u")?;
            up.svc("-xh")?;
            up.until_signals(&["HUP"])?;
            up.order("exit 3")?;
            supervise.wait()?;
            let after = up.record()?.whole()?;
            world.expect("record", after.state(), "down, paused 0, want u")?;
            world.expect_that("stamp", after.stamp() > before.stamp(), "later", (after, before))?;
            expect_files_of_nobody(world, &up)
        },
        ..Scenario::ORDINARY
    },
];

/// Returns a service that is down, with its supervise: it has never been up if there is a file `down`, and has been
/// stopped if there is none.
#[track_caller]
fn service_that_is_down(world: &World, name: &str, has_down_file: bool) -> Result<(Service, Running), Failure> {
    if has_down_file {
        return world.down_service(name, "");
    }
    let service = world.service(name, "")?;
    let supervise = service.supervise()?;
    service.svc("-d")?;
    service.until_down()?;
    Ok((service, supervise))
}

/// Expects the files of a supervise that has exited, and svstat to find it gone.
#[track_caller]
fn expect_files_of_nobody(world: &World, service: &Service) -> Outcome {
    let files = ["control", "lock", "ok", "status"];
    let left = files.map(|file| world.files.exists(service.directory.join("supervise").join(file)));
    world.expect(&format!("{files:?} exist"), left, [true; 4])?;
    world.expect("svstat", service.svstat()?, format!("{}: supervise not running", service.name))
}
