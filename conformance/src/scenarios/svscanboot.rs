//! svscanboot: the tree below it, in a private root.

use crate::observe::process::{self, Process};
use crate::outcome::{Failure, Outcome};
use crate::probe;
use crate::scenario::{MOUNTS, READPROCTITLE, SUPERVISE, SVC, SVOK, SVSCAN, SVSCANBOOT, SVSTAT, Scenario, UNSHARE};
use crate::world::{Command, Exit, Running, Service, World, broken};
use nix::sys::signal::Signal;
use std::fs::File;
use std::io::Write;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svscanboot/starts-services-in-a-clean-environment",
        requirements: &["BOOT-01", "BOOT-02"],
        uses: &[SVSCANBOOT, SVSCAN, SUPERVISE, READPROCTITLE, SVC, SVOK, MOUNTS],
        does: "Starts svscanboot with a service in the service directory. The service runs with PATH as its whole \
               environment, and ps shows a readproctitle with 400 dots.",
        run: |world| {
            world.private_root()?;
            let web = world.service("web", "")?;
            list(world, &web)?;
            world.command("svscanboot").env("COLOUR", "red").start()?;
            let environment = web.until_starts(1)?.pop().map(|(_, _, start)| start.environment);
            world.expect("./run's environment", environment, Some(vec![PATH.to_owned()]))?;
            web.until_supervised()?;
            let wanted = format!("readproctitle service errors: {}", ".".repeat(DOTS));
            world.until_some("the title that ps shows", &wanted, || {
                let below = Process::descendants(std::process::id().cast_signed());
                let titles = below.iter().map(|process| process::arguments(process.pid).join(" "));
                let titles: Vec<String> = titles.filter(|title| title.starts_with("readproctitle ")).collect();
                Ok(if titles.contains(&wanted) { Ok(()) } else { Err(format!("{titles:?}")) })
            })
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscanboot/pipes-svscan-into-readproctitle",
        requirements: &["BOOT-01", "BOOT-02", "BOOT-03", "BOOT-06"],
        uses: &[SVSCANBOOT, SVSCAN, SUPERVISE, READPROCTITLE, SVC, MOUNTS],
        does: "Starts svscanboot with a service in the service directory. Its children are readproctitle and svscan, whose \
               stdout and stderr are a pipe to readproctitle and whose stdin is /dev/null. Both have PATH alone as their \
               environment.",
        run: |world| {
            world.private_root()?;
            let web = world.service("web", "")?;
            list(world, &web)?;
            let boot = boot(world, world.command("svscanboot").env("COLOUR", "red"))?;
            web.expect_supervise(boot.svscan, "web")?;

            let dots = ".".repeat(DOTS);
            let arguments = vec!["readproctitle", "service", "errors:", &*dots];
            world.expect("readproctitle's arguments", process::arguments(boot.readproctitle), arguments)?;
            for pid in [boot.svscan, boot.readproctitle, web.supervise_pid()?] {
                world.expect("the environment", process::environment(pid), vec![PATH])?;
            }
            let pipe = process::descriptors(boot.readproctitle).remove(&0).unwrap_or_default();
            world.expect_that("readproctitle's stdin", pipe.starts_with("pipe:"), "a pipe", &pipe)?;
            let open = process::descriptors(boot.svscan);
            let (pipe, null) = (Some(&pipe), "/dev/null".to_owned());
            let standard = [0, 1, 2].map(|number| open.get(&number));
            world.expect("svscan's standard descriptors", standard, [Some(&null), pipe, pipe])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscanboot/stays-as-the-parent-of-two",
        requirements: &["BOOT-03", "BOOT-05", "BOOT-06"],
        uses: &[SVSCANBOOT, SVSCAN, READPROCTITLE, SVC, MOUNTS],
        does: "Starts svscanboot with arguments. Its children are svscan in the service directory and readproctitle in its \
               own directory, its standard descriptors are /dev/null, and it prints nothing.",
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
        id: "svscanboot/shows-output-in-the-title",
        requirements: &["BOOT-01", "BOOT-07"],
        uses: &[SVSCANBOOT, SVSCAN, SUPERVISE, READPROCTITLE, SVC, MOUNTS],
        does: "Lists a dangling link, a directory without ./run and a service that prints. The title of readproctitle shows \
               the messages of svscan and supervise and the service's line, and stays 400 bytes long with dots in front.",
        run: |world| {
            world.private_root()?;
            let web = world.service("web", "")?;
            list(world, &web)?;
            list(world, &world.bare_service("bare")?)?;
            world.files.link("nowhere", format!("{SERVICE}/gone"))?;
            let boot = boot(world, world.command("svscanboot"))?;
            // The messages are repeated. The line is not: in five seconds, messages push it out of the title.
            web.until_started()?;
            web.order("say hello from web")?;
            for line in [
                "hello from web",
                "svscan: warning: unable to stat gone: file does not exist",
                "supervise: fatal: unable to start bare/run: file does not exist",
            ] {
                until_in_title(world, &boot, line)?;
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
        uses: &[SVSCANBOOT, SVSCAN, SUPERVISE, READPROCTITLE, SVC, SVOK, SVSTAT, MOUNTS],
        does: "Starts svscanboot while supervises of a service and its log are running. Both get -dx, the new svscan runs \
               service and log, and a supervise behind a hidden name is left alone.",
        run: |world| {
            world.private_root()?;
            let (web, log) = (world.service("web", "say hello")?, world.service("web/log", "")?);
            let old = [web.supervise()?, log.supervise()?];
            let hidden = world.service("hidden", "")?;
            let left = hidden.supervise()?;
            world.scan(SERVICE)?.list(&hidden, ".hidden")?;
            // For its next start: its stdin is not a pipe yet.
            log.plan("collect lines")?;
            list(world, &web)?;
            let boot = boot(world, world.command("svscanboot"))?;
            for supervise in &old {
                supervise.expect_exit("exit 0")?;
            }
            for (service, argument) in [(&web, "web"), (&log, "log")] {
                world.expect("signals", service.signals(), vec!["TERM"])?;
                service.until_starts(2)?;
                service.expect_supervise(boot.svscan, argument)?;
            }
            world.until("lines that the log read", vec!["hello"], || Ok(world.files.lines("web/log/lines")))?;
            world.expect("the hidden supervise is running", left.is_running(), true)?;
            world.expect("signals to the hidden service", hidden.signals(), vec![""; 0])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscanboot/does-not-wait-for-what-was-left",
        requirements: &["BOOT-04"],
        uses: &[SVSCANBOOT, SVSCAN, SUPERVISE, READPROCTITLE, SVC, SVOK, SVSTAT, MOUNTS],
        does: "Starts svscanboot while the supervise of a service that survives TERM is running. The service is left alone, \
               and svscan starts its own supervise once the service has ended.",
        run: |world| {
            world.private_root()?;
            let web = world.service("web", "survive TERM")?;
            list(world, &web)?;
            let old = web.supervise()?;
            let boot = boot(world, world.command("svscanboot"))?;
            web.until_signals(&["TERM", "CONT"])?;
            world.stays("starts and ends", (1, 0), A_WHILE, || Ok((web.starts().len(), web.ends().len())))?;
            web.order("exit 0")?;
            old.expect_exit("exit 0")?;
            web.until_starts(2)?;
            web.expect_supervise(boot.svscan, "web")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscanboot/shows-the-lock-of-what-was-left",
        requirements: &["BOOT-07", "BOOT-10"],
        uses: &[SVSCANBOOT, SVSCAN, SUPERVISE, READPROCTITLE, SVC, SVOK, SVSTAT, MOUNTS],
        does: "Starts svscanboot while the supervise of a service that survives TERM is running. The new supervise prints \
               that it is locked out.",
        run: |world| {
            world.private_root()?;
            let web = world.service("web", "survive TERM")?;
            list(world, &web)?;
            web.supervise()?;
            let boot = boot(world, world.command("svscanboot"))?;
            until_in_title(world, &boot, "supervise: fatal: unable to acquire web/supervise/lock: temporary failure")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscanboot/ends-with-the-last-holder-of-the-pipe",
        requirements: &["BOOT-11"],
        uses: &[SVSCANBOOT, SVSCAN, SUPERVISE, READPROCTITLE, SVC, SVOK, MOUNTS],
        does: "Kills svscan below svscanboot. svscanboot and readproctitle stay until the last service and supervise are \
               gone, and svscanboot exits 0.",
        run: |world| {
            world.private_root()?;
            let services = [world.service("web", "")?, world.service("dns", "")?];
            services.iter().try_for_each(|service| list(world, service))?;
            let boot = boot(world, world.command("svscanboot"))?;
            for service in &services {
                service.until_started()?;
            }
            world.kill(boot.svscan, Signal::SIGTERM)?;
            for service in &services {
                let both = || Ok((boot.svscanboot.is_running(), Process::is_alive(boot.readproctitle)));
                world.stays("svscanboot and readproctitle", (true, true), A_WHILE, both)?;
                service.svc("-dx")?;
                service.until_unsupervised()?;
            }
            boot.svscanboot.expect_exit("exit 0")?;
            world.expect("readproctitle is alive", Process::is_alive(boot.readproctitle), false)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscanboot/dies-alone-of-term",
        requirements: &["BOOT-08"],
        uses: &[SVSCANBOOT, SVSCAN, SUPERVISE, READPROCTITLE, SVC, MOUNTS],
        does: "Sends TERM to svscanboot. It dies of the signal, and svscan, readproctitle and the service keep running.",
        run: |world| {
            world.private_root()?;
            let web = world.service("web", "")?;
            list(world, &web)?;
            let boot = boot(world, world.command("svscanboot"))?;
            let pid = web.until_starts(1)?.pop().map_or(0, |(pid, ..)| pid);
            let exit = boot.svscanboot.kill(Signal::SIGTERM)?;
            world.expect("svscanboot", exit, Exit::Signal(Signal::SIGTERM as i32))?;
            let alive = || Ok([boot.svscan, boot.readproctitle, pid].map(Process::is_alive));
            world.stays("svscan, readproctitle and the service", [true; 3], A_WHILE, alive)?;
            web.order("say still shown")?;
            until_in_title(world, &boot, ".still shown")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscanboot/runs-as-process-1",
        requirements: &["BOOT-01", "BOOT-07", "BOOT-09"],
        uses: &[SVSCANBOOT, SVSCAN, SUPERVISE, READPROCTITLE, SVC, UNSHARE, MOUNTS],
        does: "Starts svscanboot as process 1 with a service. The service runs and is restarted by svc -t, HUP to process 1 \
               changes nothing, and the title of readproctitle shows what the service prints.",
        run: |world| {
            world.private_root()?;
            let web = world.service("web", "")?;
            list(world, &web)?;
            let process1 = world.start_as_process_1("svscanboot", &[])?;
            web.until_settled()?;
            process1.signal(Signal::SIGHUP)?;
            web.svc("-t")?;
            web.until_starts(2)?;
            web.order("say hello from web")?;
            world.until_some("a title of readproctitle", "with the line", || {
                let titles = Process::descendants(process1.pid);
                let titles = titles.iter().filter(|one| one.name == "readproctitle");
                let titles: Vec<String> = titles.filter_map(|one| process::arguments(one.pid).pop()).collect();
                let is_shown = titles.iter().any(|title| title.contains(".hello from web\\n"));
                Ok(if is_shown { Ok(()) } else { Err(format!("{titles:?}")) })
            })
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscanboot/writers-die-without-readproctitle",
        requirements: &["BOOT-11"],
        uses: &[SVSCANBOOT, SVSCAN, SUPERVISE, READPROCTITLE, SVC, MOUNTS],
        does: "Kills readproctitle by TERM. A service dies when it prints, svscan dies at its next warning, and svscanboot \
               exits 143, as a shell reports TERM.",
        run: |world| {
            world.private_root()?;
            // It waits for an order before it prints.
            let script = "#!/bin/sh\necho started >>log\nread order <probe.orders\necho hello\necho survived >>log\n";
            let web = world.scripted("web", script)?;
            list(world, &web)?;
            let boot = boot(world, world.command("svscanboot"))?;
            // While the FIFO is open here, orders wait for the script, and the script waits for orders.
            let path = web.directory.join(probe::ORDERS);
            let mut orders =
                File::options().read(true).write(true).open(&path).map_err(|error| broken(&path, &error))?;
            let mut order = || orders.write_all(b"print\n").map_err(|error| broken(&path, &error));
            order()?;
            world.until("its log while readproctitle reads", vec!["started", "survived", "started"], || {
                Ok(world.files.lines("web/log"))
            })?;
            world.signal(boot.readproctitle, Signal::SIGTERM)?;
            world.until_dead(boot.readproctitle)?;
            order()?;
            let dead = vec!["started", "survived", "started", "started"];
            world.until("its log without readproctitle", dead, || Ok(world.files.lines("web/log")))?;

            world.expect("svscan is alive", Process::is_alive(boot.svscan), true)?;
            world.stays("svscanboot is running", true, A_WHILE, || Ok(boot.svscanboot.is_running()))?;
            world.expect_orphans_of(boot.svscan);
            world.files.link("nowhere", format!("{SERVICE}/gone"))?;
            boot.svscanboot.expect_exit("exit 143")?;
            world.expect("svscan is alive", Process::is_alive(boot.svscan), false)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscanboot/exits-0-without-a-service-directory",
        requirements: &["BOOT-03", "BOOT-08"],
        uses: &[SVSCANBOOT, SVSCAN, READPROCTITLE, SVC, MOUNTS],
        does: "Runs svscanboot without a service directory. It exits 0 at once and prints nothing.",
        run: |world| {
            world.private_root()?;
            world.files.remove(SERVICE)?;
            let ran = world.run("svscanboot", &[])?;
            world.expect("exit, stdout and stderr", ran.all(), ("exit 0", "", ""))
        },
        ..Scenario::ORDINARY
    },
];

/// The service directory. `/service` is a link to it.
const SERVICE: &str = "/etc/service";

/// The whole environment of every process.
const PATH: &str = "PATH=/command:/usr/local/bin:/usr/local/sbin:/bin:/sbin:/usr/bin:/usr/sbin:/usr/X11R6/bin";

/// The length of readproctitle's title.
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

/// Starts `command`, a svscanboot, and waits for its two children. Builds differ in the name of the service directory.
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

/// Returns the last argument of readproctitle.
fn title(boot: &Boot) -> String {
    process::arguments(boot.readproctitle).pop().unwrap_or_default()
}

/// Waits until the title of readproctitle has `line`.
#[track_caller]
fn until_in_title(world: &World, boot: &Boot, line: &str) -> Outcome {
    let line = format!("{line}\\n");
    world.until_some("the title", &format!("with {line:?}"), || {
        let title = title(boot);
        Ok(if title.contains(&line) { Ok(()) } else { Err(title) })
    })
}
