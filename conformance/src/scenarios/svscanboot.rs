//! svscanboot: the tree below it, in a root of its own.

use crate::observe::process::{self, Process};
use crate::outcome::{Failure, Outcome};
use crate::probe::{self};
use crate::scenario::{READPROCTITLE, SUPERVISE, SVC, SVSCAN, SVSCANBOOT, Scenario};
use crate::world::{Command, Exit, Running, Service, World, broken};
use nix::sys::signal::Signal;
use std::fs::File;
use std::io::{Read, Write};
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svscanboot/runs-svscan-into-readproctitle",
        requirements: &["BOOT-01", "BOOT-02"],
        uses: &[SVSCANBOOT, SVSCAN, SUPERVISE, READPROCTITLE, SVC],
        does: "Starts svscanboot with a service in the service directory: svscan, with its stdout and stderr piped into \
               readproctitle and a title of 400 dots, both with PATH alone in their environment, and the service up.",
        run: |world| {
            world.private_root()?;
            let web = world.service("web", "")?;
            list(world, &web)?;
            let boot = boot(world, world.command("svscanboot").env("COLOUR", "red"))?;
            let start = web.until_starts(1)?.pop();
            web.expect_supervise(boot.svscan, "web")?;

            let dots = ".".repeat(DOTS);
            let arguments = vec!["readproctitle", "service", "errors:", &*dots];
            world.expect("readproctitle's arguments", process::arguments(boot.readproctitle), arguments)?;
            for pid in [boot.svscan, boot.readproctitle, web.supervise_pid()?] {
                world.expect("the environment", process::environment(pid), vec![PATH])?;
            }
            let environment = start.map(|(_, _, start)| start.environment);
            world.expect("./run's environment", environment, Some(vec![PATH.to_owned()]))?;

            let pipe = process::descriptors(boot.readproctitle).remove(&0).unwrap_or_default();
            world.expect_that("readproctitle's stdin", pipe.starts_with("pipe:"), "a pipe", &pipe)?;
            let written = process::descriptors(boot.svscan);
            let (pipe, null) = (Some(&pipe), "/dev/null".to_owned());
            world.expect(
                "svscan's descriptors",
                [0, 1, 2].map(|number| written.get(&number)),
                [Some(&null), pipe, pipe],
            )
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscanboot/stays-as-the-parent-of-two",
        requirements: &["BOOT-03", "BOOT-05", "BOOT-06"],
        uses: &[SVSCANBOOT, SVSCAN, SUPERVISE, READPROCTITLE, SVC],
        does: "Starts svscanboot with arguments: its children are svscan in the service directory and readproctitle in its \
               own, its standard descriptors are /dev/null, and it prints nothing.",
        run: |world| {
            world.private_root()?;
            world.files.make_directory("home")?;
            let home = world.files.real_path("home")?;
            world.files.write("in", "")?;
            let command =
                world.command("svscanboot").args(["/no/such", "-x", "--help"]).current_directory("home").input("in");
            let boot = boot(world, command)?;
            world.expect("readproctitle's directory", process::current_directory(boot.readproctitle), home.clone())?;
            world.expect("svscanboot's directory", process::current_directory(boot.svscanboot.pid), home)?;
            world.until("svscan's directory", SERVICE, || Ok(process::current_directory(boot.svscan)))?;
            let mut both = vec![boot.svscan, boot.readproctitle];
            both.sort_unstable();
            let children =
                || Ok(Process::children(boot.svscanboot.pid).iter().map(|child| child.pid).collect::<Vec<_>>());
            world.stays("svscanboot's children", both, A_WHILE, children)?;
            let open = process::descriptors(boot.svscanboot.pid);
            let null = "/dev/null".to_owned();
            world.expect("its descriptors", [0, 1, 2].map(|number| open.get(&number)), [Some(&null); 3])?;
            world.expect("its output", (boot.svscanboot.out(), boot.svscanboot.err()), (String::new(), String::new()))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscanboot/shows-what-is-said-below-it",
        requirements: &["BOOT-07", "BOOT-01"],
        uses: &[SVSCANBOOT, SVSCAN, SUPERVISE, READPROCTITLE, SVC],
        does: "Lists a dangling link, a directory without ./run and a service that prints: what svscan, supervise and the \
               service say ends up in readproctitle's title, which stays 400 bytes long behind its three dots.",
        run: |world| {
            world.private_root()?;
            let web = world.service("web", "say hello from web")?;
            list(world, &web)?;
            list(world, &world.bare_service("bare")?)?;
            world.files.link("nowhere", format!("{SERVICE}/gone"))?;
            let boot = boot(world, world.command("svscanboot"))?;
            for said in [
                "hello from web",
                "svscan: warning: unable to stat gone: file does not exist",
                "supervise: fatal: unable to start bare/run: file does not exist",
            ] {
                let said = format!("{said}\\n");
                world.until_some("the title", &format!("with {said:?}"), || {
                    let title = title(&boot);
                    Ok(if title.contains(&said) { Ok(()) } else { Err(title) })
                })?;
            }
            let title = title(&boot);
            // Each newline is shown as two characters.
            let length = title.len() - title.matches("\\n").count();
            world.expect("the title's beginning and length", (title.get(..3), length), (Some("..."), DOTS))?;
            world.expect("svscanboot's output", (boot.svscanboot.out(), boot.svscanboot.err()), Default::default())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscanboot/ends-what-an-earlier-svscan-left",
        requirements: &["BOOT-04"],
        uses: &[SVSCANBOOT, SVSCAN, SUPERVISE, READPROCTITLE, SVC],
        does: "Starts svscanboot over the supervises of a service and its log: both get -dx, and the new svscan runs the \
               service and the log.",
        run: |world| {
            world.private_root()?;
            let (web, log) = (world.service("web", "say hello")?, world.service("web/log", "")?);
            let old = [web.supervise()?, log.supervise()?];
            let hidden = world.service("hidden", "")?;
            let left = hidden.supervise()?;
            world.scan(SERVICE)?.list(&hidden, ".hidden")?;
            [&web, &log, &hidden].iter().try_for_each(|service| service.until_started())?;
            // For its next start: where it is now, there is nothing to collect.
            log.plan("collect lines")?;
            list(world, &web)?;
            let boot = boot(world, world.command("svscanboot"))?;
            for supervise in &old {
                world.expect("the old supervise", supervise.wait()?, Exit::Code(0))?;
            }
            for (service, argument) in [(&web, "web"), (&log, "log")] {
                world.expect("signals", service.signals(), vec!["TERM"])?;
                service.until_starts(2)?;
                service.expect_supervise(boot.svscan, argument)?;
            }
            world.until("lines that the log read", vec!["hello"], || Ok(world.files.lines("web/log/lines")))?;
            world.expect("the supervise of what is hidden runs", left.is_running(), true)?;
            world.expect("signals to what is hidden", hidden.signals(), vec![""; 0])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscanboot/does-not-wait-for-what-was-left",
        requirements: &["BOOT-04", "BOOT-07"],
        uses: &[SVSCANBOOT, SVSCAN, SUPERVISE, READPROCTITLE, SVC],
        does: "Starts svscanboot over a supervise whose service survives TERM: the new supervise meets its lock and says \
               so, and takes over once the service has ended.",
        run: |world| {
            world.private_root()?;
            let web = world.service("web", "survive TERM")?;
            list(world, &web)?;
            let old = web.supervise()?;
            web.until_started()?;
            let pid = web.until_up()?;
            let boot = boot(world, world.command("svscanboot"))?;
            world.until("signals", vec!["TERM", "CONT"], || Ok(web.signals()))?;
            let lock = "supervise: fatal: unable to acquire web/supervise/lock: temporary failure\\n";
            world.until("the title tells of the lock", true, || Ok(title(&boot).contains(lock)))?;
            world.stays("the service", Some(pid), A_WHILE, || web.pid())?;
            web.order("exit 0")?;
            world.expect("the old supervise", old.wait()?, Exit::Code(0))?;
            web.until_starts(2)?;
            web.expect_supervise(boot.svscan, "web")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscanboot/ends-with-the-last-holder-of-the-pipe",
        requirements: &["BOOT-08"],
        uses: &[SVSCANBOOT, SVSCAN, SUPERVISE, READPROCTITLE, SVC],
        does: "Kills svscan under svscanboot: it and readproctitle stay until the last service and supervise are gone, \
               and svscanboot exits 0.",
        run: |world| {
            world.private_root()?;
            let services = [world.service("web", "")?, world.service("dns", "")?];
            services.iter().try_for_each(|service| list(world, service))?;
            let boot = boot(world, world.command("svscanboot"))?;
            for service in &services {
                service.until_up()?;
            }
            world.kill(boot.svscan, Signal::SIGTERM)?;
            for service in &services {
                let both = || Ok((boot.svscanboot.is_running(), Process::is_alive(boot.readproctitle)));
                world.stays("svscanboot and readproctitle", (true, true), A_WHILE, both)?;
                service.svc("-dx")?;
                service.until_unsupervised()?;
            }
            world.expect("svscanboot", boot.svscanboot.wait()?, Exit::Code(0))?;
            world.expect("readproctitle is alive", Process::is_alive(boot.readproctitle), false)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscanboot/dies-alone-of-term",
        requirements: &["BOOT-08"],
        uses: &[SVSCANBOOT, SVSCAN, SUPERVISE, READPROCTITLE, SVC],
        does: "Sends TERM to svscanboot: it dies of it, and svscan, readproctitle and the service go on.",
        run: |world| {
            world.private_root()?;
            let web = world.service("web", "")?;
            list(world, &web)?;
            let boot = boot(world, world.command("svscanboot"))?;
            web.until_started()?;
            let pid = web.until_up()?;
            let exit = boot.svscanboot.kill(Signal::SIGTERM)?;
            world.expect("svscanboot", exit, Exit::Signal(Signal::SIGTERM as i32))?;
            let alive = || Ok([boot.svscan, boot.readproctitle, pid].map(Process::is_alive));
            world.stays("svscan, readproctitle and the service", [true; 3], A_WHILE, alive)?;
            web.order("say still heard")?;
            world.until("the title tells of it", true, || Ok(title(&boot).ends_with(".still heard\\n")))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscanboot/writers-die-without-readproctitle",
        requirements: &["BOOT-08"],
        uses: &[SVSCANBOOT, SVSCAN, SUPERVISE, READPROCTITLE, SVC],
        does: "Kills readproctitle by TERM: a service that prints dies before it can go on, svscan dies at its next \
               warning, and then svscanboot exits as a shell tells of TERM, with 143.",
        run: |world| {
            world.private_root()?;
            // It waits to be told to print.
            let script = "#!/bin/sh\necho started >>log\nread order <probe.orders\necho hello\necho survived >>log\n";
            let web = world.scripted("web", script)?;
            list(world, &web)?;
            let boot = boot(world, world.command("svscanboot"))?;
            // Held open, an order waits for the script and the script for an order.
            let path = web.directory.join(probe::ORDERS);
            let mut orders =
                File::options().read(true).write(true).open(&path).map_err(|error| broken(&path, &error))?;
            let mut order = || orders.write_all(b"print\n").map_err(|error| broken(&path, &error));
            order()?;
            world.until("its log while somebody reads", vec!["started", "survived", "started"], || {
                Ok(world.files.lines("web/log"))
            })?;
            world.signal(boot.readproctitle, Signal::SIGTERM)?;
            world.until("readproctitle is alive", false, || Ok(Process::is_alive(boot.readproctitle)))?;
            order()?;
            let dead = vec!["started", "survived", "started", "started"];
            world.until("its log when nobody reads", dead, || Ok(world.files.lines("web/log")))?;

            world.expect("svscan is alive", Process::is_alive(boot.svscan), true)?;
            world.stays("svscanboot is running", true, A_WHILE, || Ok(boot.svscanboot.is_running()))?;
            world.expect_orphans_of(boot.svscan);
            world.files.link("nowhere", format!("{SERVICE}/gone"))?;
            let exit = boot.svscanboot.wait()?;
            world.expect("svscanboot", exit, Exit::Code(128 + Signal::SIGTERM as i32))?;
            world.expect("svscan is alive", Process::is_alive(boot.svscan), false)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscanboot/exits-0-without-a-service-directory",
        requirements: &["BOOT-08", "BOOT-03"],
        uses: &[SVSCANBOOT, SVSCAN, SUPERVISE, READPROCTITLE, SVC],
        does: "Runs svscanboot where there is no service directory: it ends at once with 0 and prints nothing.",
        run: |world| {
            world.private_root()?;
            world.files.remove(SERVICE)?;
            let ran = world.run("svscanboot", &[])?;
            world.expect("svscanboot", (ran.exit.as_str(), ran.out.as_str(), ran.err.as_str()), ("exit 0", "", ""))
        },
        ..Scenario::ORDINARY
    },
];

/// The service directory. `/service` leads to it.
const SERVICE: &str = "/etc/service";

/// The whole environment of everything.
const PATH: &str = "PATH=/command:/usr/local/bin:/usr/local/sbin:/bin:/sbin:/usr/bin:/usr/sbin:/usr/X11R6/bin";

const DOTS: usize = 400;

/// How long what must not happen is watched for.
const A_WHILE: Duration = Duration::from_millis(250);

/// svscanboot and its two children.
struct Boot {
    svscanboot: Running,
    svscan: i32,
    readproctitle: i32,
}

/// Lists `service` in the service directory.
fn list(world: &World, service: &Service) -> Outcome {
    world.scan(SERVICE)?.list(service, &service.name)
}

/// Starts `command` and waits for its two children, however it calls the service directory.
#[track_caller]
fn boot(world: &World, command: Command) -> Result<Boot, Failure> {
    let svscanboot = command.start()?;
    let of = |wanted: &[&str]| {
        world.until_some("svscanboot's child", &format!("{wanted:?}"), || {
            let children = svscanboot.children();
            let found = children.iter().find(|(arguments, _)| wanted.iter().any(|start| arguments.starts_with(start)));
            Ok(found.map(|(_, pid)| *pid).ok_or_else(|| format!("{children:?}")))
        })
    };
    let svscan = of(&["svscan /service", "svscan /etc/service"])?;
    let readproctitle = of(&["readproctitle service errors: ..."])?;
    Ok(Boot { svscan, readproctitle, svscanboot })
}

/// The title.
fn title(boot: &Boot) -> String {
    process::arguments(boot.readproctitle).pop().unwrap_or_default()
}
