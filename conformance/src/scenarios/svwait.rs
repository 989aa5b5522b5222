//! svwait, a command of this project.

use crate::observe::process::activity;
use crate::observe::without_numbers;
use crate::outcome::{Failure, Outcome};
use crate::scenario::{SUPERVISE, SVC, SVOK, SVSTAT, SVWAIT, Scenario};
use crate::world::{Running, World};
use nix::sys::signal::Signal;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svwait/waits-for-each-state",
        requirements: &["EXT-11", "EXT-12", "EXT-16"],
        uses: &[SVWAIT, SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Starts svwait for each state while the service is in another one. It sleeps, and exits 0 when the state is \
               reached. It exits at once if the service is in that state.",
        run: |world| {
            let (web, supervise) = world.down_service("web", "")?;
            supervise.until_idle()?;
            let at_once = |options: &[&str]| {
                let ran = world.command("svwait").args(options).arg("web").run()?;
                world.expect(&format!("svwait {options:?}"), ran.all(), ("exit 0", "", ""))
            };
            at_once(&["-d"])?;
            for options in [&["-u"][..], &[], &["-Du"], &["-t", "60"]] {
                let svwait = start(world, options, &["web"])?;
                web.svc("-u")?;
                svwait.expect_exit("exit 0")?;
                web.until_up()?;
                at_once(options)?;
                let svwait = start(world, &["-d"], &["web"])?;
                web.svc("-d")?;
                svwait.expect_exit("exit 0")?;
                web.until_down()?;
                at_once(&["-d"])?;
            }
            let svwait = start(world, &["-D"], &["web"])?;
            web.svc("-x")?;
            svwait.expect_exit("exit 0")?;
            supervise.wait()?;
            at_once(&["-D"])?;
            // The last record says that the service is down.
            at_once(&["-d"])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svwait/waits-for-all-at-once",
        requirements: &["EXT-11", "EXT-12", "EXT-16"],
        uses: &[SVWAIT, SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Waits for six services, which reach the state one by one. svwait exits when the last does, and not while one has \
               left the state again.",
        run: |world| {
            let names = ["a", "b", "c", "d", "e", "f"];
            let services = names.map(|name| world.down_service(name, ""));
            let services = services.into_iter().collect::<Result<Vec<_>, Failure>>()?;
            for (service, supervise) in &services {
                supervise.until_idle()?;
                world.expect("its state", service.pid()?, None)?;
            }
            for (options, command) in [("-u", "-u"), ("-d", "-d"), ("-D", "-x")] {
                let svwait = start(world, &[options], &names)?;
                for (index, (service, supervise)) in services.iter().enumerate() {
                    until_waiting(world, &svwait)?;
                    service.svc(command)?;
                    match options {
                        "-u" => drop(service.until_up()?),
                        "-d" => service.until_down()?,
                        _ => drop(supervise.wait()?),
                    }
                    if options == "-u" && index == 4 {
                        services[0].0.svc("-d")?;
                        services[0].0.until_down()?;
                    }
                }
                if options == "-u" {
                    services.iter().try_for_each(|(_, supervise)| supervise.until_idle())?;
                    stays_waiting(world, &svwait)?;
                    services[0].0.svc("-u")?;
                }
                svwait.expect_exit("exit 0")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svwait/waits-for-a-supervise-that-comes-later",
        requirements: &["EXT-14", "EXT-11", "EXT-16"],
        uses: &[SVWAIT, SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Starts svwait -u before the service has ever had a supervise, and again when an earlier one was killed and its \
               record still says that the service is up.",
        run: |world| {
            let web = world.service("web", "")?;
            let svwait = start(world, &[], &["web"])?;
            stays_waiting(world, &svwait)?;
            let supervise = web.supervise()?;
            svwait.expect_exit("exit 0")?;

            let pid = web.until_up()?;
            supervise.until_idle()?;
            world.expect_orphans_of(supervise.pid);
            let gone = start(world, &["-D"], &["web"])?;
            let down = start(world, &["-d"], &["web"])?;
            supervise.kill(Signal::SIGKILL)?;
            gone.expect_exit("exit 0")?;
            let up = start(world, &["-u"], &["web"])?;
            // The process in the record still runs.
            stays_waiting(world, &down)?;
            stays_waiting(world, &up)?;
            world.kill(pid, Signal::SIGKILL)?;
            world.files.write("web/down", "")?;
            let supervise = web.start_supervise()?;
            down.expect_exit("exit 0")?;
            web.until_supervised()?;
            supervise.until_idle()?;
            stays_waiting(world, &up)?;
            web.svc("-u")?;
            up.expect_exit("exit 0")?;
            web.svc("-dx")?;
            supervise.wait().map(drop)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svwait/a-timeout-names-what-is-missing",
        requirements: &["EXT-13"],
        uses: &[SVWAIT, SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Lets svwait time out after 0 seconds and after 1, on services in each state. It prints a line for each that is not \
               as it should be.",
        run: |world| {
            world.down_service("down", "")?;
            world.service("up", "")?.supervise()?;
            world.files.make_directory("bare")?;
            for (seconds, options, names, missing) in [
                (
                    "0",
                    "-u",
                    &["up", "down", "bare"][..],
                    &["down is not up: down N seconds", "bare is not up: supervise not running"][..],
                ),
                ("1", "-u", &["down"], &["down is not up: down N seconds"]),
                ("0", "-d", &["up", "down", "bare"], &["up is not down: up (pid N) N seconds"]),
                ("1", "-D", &["up", "bare"], &["up is not gone: up (pid N) N seconds"]),
                ("0", "-D", &["bare"], &[]),
                ("18446744073709551615", "-d", &["down"], &[]),
            ] {
                let ran = world.command("svwait").args(["-t", seconds, options]).args(names).run()?;
                let expected: Vec<String> =
                    missing.iter().map(|text| format!("svwait: warning: timeout: {text}")).collect();
                let lines: Vec<String> = ran.err.split_terminator("\\n").map(without_numbers).collect();
                world.expect("stderr", &lines, &expected)?;
                let exit = if missing.is_empty() { "exit 0" } else { "exit 1" };
                world.expect("exit and stdout", (ran.exit.as_str(), ran.out.as_str()), (exit, ""))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svwait/errors-and-directories-that-vanish",
        requirements: &["EXT-15", "EXT-12", "EXT-17"],
        uses: &[SVWAIT, SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Calls svwait in wrong ways, on directories that do not exist, and removes or replaces a directory while \
               svwait waits for it.",
        run: |world| {
            let usage = "svwait: usage: svwait [-u | -d | -D] [-t seconds] dir ...";
            for arguments in
                [&[][..], &["-u"], &["-t", "x", "web"], &["-t", "+1", "web"], &["-t", "1.5", "web"], &["--"]]
            {
                world.expect_end(&world.run("svwait", arguments)?, "exit 100", usage)?;
            }
            let bad = format!("svwait: illegal option -- x\\n{usage}");
            world.expect_end(&world.run("svwait", &["-x", "web"])?, "exit 100", &bad)?;
            let missing = "svwait: fatal: missing: unable to stat directory: file does not exist";
            for option in ["-u", "-d", "-D"] {
                world.expect_end(&world.run("svwait", &[option, "missing"])?, "exit 111", missing)?;
            }
            for (option, exit) in [("-D", "exit 0"), ("-u", "exit 111"), ("-d", "exit 111")] {
                let web = world.service("web", "")?;
                // A service that is as svwait wants it would end the wait.
                world.files.write("web/down", "")?;
                let supervise = web.supervise()?;
                supervise.until_idle()?;
                if option == "-d" {
                    web.svc("-u")?;
                    web.until_up()?;
                }
                let svwait = start(world, &[option], &["web"])?;
                if option == "-D" {
                    web.svc("-dx")?;
                    supervise.wait()?;
                }
                world.files.rename("web", "old")?;
                svwait.expect_exit(exit)?;
                if option != "-D" {
                    world.service_called("old").svc("-dx")?;
                    supervise.wait()?;
                }
                world.files.remove("old")?;
            }
            let (_, old) = world.down_service("web", "")?;
            let (_, new) = world.down_service("new", "")?;
            let svwait = start(world, &["-u"], &["web"])?;
            let asleep = activity(svwait.pid);
            world.files.rename("web", "old")?;
            world.until("svwait has looked", true, || Ok(activity(svwait.pid) != asleep))?;
            world.expect("svwait runs", svwait.is_running(), true)?;
            world.files.rename("new", "web")?;
            // It may look once more before it can be told of changes again.
            world.stays("svwait runs", true, A_WHILE, || Ok(svwait.is_running()))?;
            world.service_called("web").svc("-u")?;
            svwait.expect_exit("exit 0")?;
            for (name, supervise) in [("old", old), ("web", new)] {
                world.service_called(name).svc("-dx")?;
                supervise.wait()?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
];

/// How long a svwait must stay asleep.
const A_WHILE: Duration = Duration::from_millis(1500);

/// Starts svwait, and waits until it waits.
#[track_caller]
fn start(world: &World, options: &[&str], names: &[&str]) -> Result<Running, Failure> {
    let svwait = world.command("svwait").args(options).args(names).start()?;
    until_waiting(world, &svwait)?;
    Ok(svwait)
}

#[track_caller]
fn until_waiting(world: &World, svwait: &Running) -> Outcome {
    world.expect("svwait runs", svwait.is_running(), true)?;
    svwait.until_idle()
}

/// Fails if svwait ends or wakes up within a while.
#[track_caller]
fn stays_waiting(world: &World, svwait: &Running) -> Outcome {
    until_waiting(world, svwait)?;
    let asleep = activity(svwait.pid);
    world.stays("what svwait has done", asleep, A_WHILE, || Ok(activity(svwait.pid)))
}
