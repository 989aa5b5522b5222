//! supervise: what ./run is given, starting it, and starting it again.

use crate::observe::process::{self};
use crate::outcome::{Failure, Outcome};
use crate::probe::Start;
use crate::scenario::{STRACE, SUPERVISE, SVSTAT, Scenario, Use};
use crate::world::{Command, Running, Service, World};
use nix::sys::signal::Signal;
use std::ffi::OsStr;
use std::fs::{self};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    // What ./run is given.
    Scenario {
        id: "supervise/start/hands-everything-on-to-run",
        requirements: &["SUP-30", "SUP-07"],
        uses: &[SUPERVISE],
        does: "Starts supervise with an umask, an environment and two more descriptors: ./run has them all, in the \
               service directory, as `./run` alone, with the limits and modes of descriptors that supervise was given, \
               and has no descriptor of supervise's own.",
        run: |world| {
            world.files.write("out", "")?;
            world.files.write("err", "")?;
            let Found { itself, supervised, .. } = found(world, "web", |command| {
                command
                    .after("exec 5</dev/zero 7>>/dev/full; ulimit -S -n 64")
                    .umask(0o027)
                    .env("EMPTY", "")
                    .env("STRANGE", OsStr::from_bytes(b"a=b \n\xff"))
                    .input("/dev/zero")
                    .output("out")
                    .errors("err")
            })?;
            world.expect("arguments", &supervised.argv, &["./run".to_owned()])?;
            let directory = fs::canonicalize(world.path("web")).unwrap_or_default();
            world.expect("current directory", &supervised.cwd, &directory.display().to_string())?;
            for variable in ["EMPTY=", "STRANGE=a=b \\n\\xff"] {
                world.expect(
                    &format!("{variable} is given"),
                    itself.environment.contains(&variable.to_owned()),
                    true,
                )?;
            }
            world.expect("environment", &supervised.environment, &itself.environment)?;
            world.expect("given umask", itself.umask.as_str(), "0027")?;
            world.expect("umask", &supervised.umask, &itself.umask)?;
            let names = [0, 1, 2, 5, 7].map(|number| itself.descriptors.get(&number).map_or("closed", String::as_str));
            let file = |name: &str| world.path(name).display().to_string();
            world.expect(
                "given descriptors",
                names,
                ["/dev/zero", &file("out"), &file("err"), "/dev/zero", "/dev/full"],
            )?;
            world.expect("descriptors", &supervised.descriptors, &itself.descriptors)?;
            let mut given = vec![];
            for name in ["web-alone", "web"] {
                let service = world.service_called(name);
                let pid = service.until_starts(1)?[0].0;
                let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
                given.push((limits, [0, 1, 2, 5, 7].map(|number| process::flags(pid, number))));
            }
            world.expect("limits, and flags of descriptors", &given[1], &given[0])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/start/hands-on-an-empty-environment",
        requirements: &["SUP-30"],
        uses: &[SUPERVISE],
        does: "Starts supervise without any variable: ./run has none either.",
        run: |world| {
            let web = world.service("web", "")?;
            ["PATH", "HOME", "LC_ALL"]
                .iter()
                .fold(world.command("supervise").arg("web"), |command, name| command.env_remove(name))
                .start()?;
            world.expect("environment", first_start(world, &web)?.environment, Vec::<String>::new())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/start/keeps-run-in-its-own-group-and-session",
        requirements: &["SUP-31"],
        uses: &[SUPERVISE],
        does: "Starts supervise in its parent's process group and in one of its own: ./run is its child, in its group \
               and session.",
        run: |world| {
            for own in [false, true] {
                let name = if own { "own" } else { "shared" };
                let Found { supervise, supervised, .. } =
                    found(world, name, |command| if own { command } else { command })?;
                let parent = process::Process::look(supervise.pid);
                let parent = parent.ok_or_else(|| Failure::broken("no supervise".to_owned()))?;
                world.expect("it leads its group", parent.group == supervise.pid, own)?;
                world.expect(
                    "parent, group and session of ./run",
                    (supervised.parent, supervised.group, supervised.session),
                    (parent.pid, parent.group, parent.session),
                )?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/start/hands-on-signals-but-not-chld",
        requirements: &["SUP-32"],
        uses: &[SUPERVISE],
        does: "Starts supervise with CHLD and USR1 blocked and HUP ignored: ./run has USR1 blocked and HUP ignored, \
               and CHLD as it should be. PIPE arrives as supervise was given it.",
        run: |world| {
            let (chld, usr1, hup) = (Signal::SIGCHLD as i32, Signal::SIGUSR1 as i32, Signal::SIGHUP as i32);
            let plain = found(world, "plain", |command| command)?;
            let signals = |start: &Start| (start.blocked.clone(), start.ignored.clone());
            world.expect("blocked and ignored", signals(&plain.supervised), signals(&plain.itself))?;
            let masked = found(world, "masked", |command| {
                command.blocked(Signal::SIGCHLD).blocked(Signal::SIGUSR1).ignored("HUP")
            })?;
            let (blocked, ignored) = signals(&masked.itself);
            let given = [blocked.contains(&chld), blocked.contains(&usr1), ignored.contains(&hup)];
            world.expect("given masks", given, [true; 3])?;
            let blocked: Vec<i32> = blocked.into_iter().filter(|&number| number != chld).collect();
            world.expect("blocked and ignored", signals(&masked.supervised), (blocked, ignored))?;

            for given in [false, true] {
                let name = if given { "ignored-pipe" } else { "default-pipe" };
                let service = world.scripted(name, "#!/bin/sh\nexec cat /proc/self/status >>printed\n")?;
                let command = world.command("supervise").arg(name);
                if given { command.ignored("PIPE") } else { command }.start()?;
                let ignored = printed_mask(world, &service, "SigIgn")?.contains(&(Signal::SIGPIPE as i32));
                world.expect("PIPE is ignored", ignored, given)?;
                world.expect("blocked", printed_mask(world, &service, "SigBlk")?, [0; 0])?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/start/notices-deaths-though-chld-was-ignored",
        requirements: &["SUP-32", "SUP-34", "SUP-34b"],
        uses: &[SUPERVISE, Use::Tool("env")],
        does: "Starts supervise with CHLD ignored, and with CHLD blocked: ./run does not have it so, and is restarted.",
        run: |world| {
            let chld = Signal::SIGCHLD as i32;
            let has_it = |start: &Start| start.ignored.contains(&chld) || start.blocked.contains(&chld);
            let env = world.program("/usr/bin/env").args(["--ignore-signal=CHLD", "true"]).run()?;
            for name in ["blocked", "ignored"] {
                if name == "ignored" && env.exit != "exit 0" {
                    return Err(Failure::missing("env that knows --ignore-signal".to_owned()));
                }
                let Found { supervise, itself, supervised } = found(world, name, |command| match name {
                    "blocked" => command.blocked(Signal::SIGCHLD),
                    _ => command.ignored("CHLD"),
                })?;
                let service = world.service_called(name);
                service.order("exit 0")?;
                let again = &service.until_starts(2)?[1].2;
                let have_it = [&itself, &supervised, again].map(has_it);
                world.expect("this suite, ./run and the next ./run have it", have_it, [true, false, false])?;
                world.expect("supervise runs", supervise.is_running(), true)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    // Starting, and starting again.
    Scenario {
        id: "supervise/start/restarts-after-any-exit-code",
        requirements: &["SUP-34", "SUP-67"],
        uses: &[SUPERVISE],
        does: "Has services exit with 0, 1, 111, 255 and others: each is started again as a new process, and no \
               supervise ends or says a word.",
        run: |world| {
            let codes = [0, 1, 2, 99, 100, 110, 111, 126, 127, 128, 143, 254, 255];
            restarts_after(world, &codes.map(|code| format!("exit {code}")))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/start/restarts-after-any-signal",
        requirements: &["SUP-34", "SUP-67"],
        uses: &[SUPERVISE],
        does: "Has a service die of each signal that kills, real-time signals too: each is started again as a new \
               process, and no supervise ends or says a word.",
        run: |world| {
            // The others stop or are ignored: CHLD, CONT, STOP, TSTP, TTIN, TTOU, URG, WINCH.
            // What the C library keeps for itself is ignored by whatever it has spawned: 32 and 33.
            let harmless = [17, 18, 19, 20, 21, 22, 23, 28, 32, 33];
            let deaths: Vec<String> = (1..=64)
                .filter(|number| !harmless.contains(number))
                .map(|number| format!("kill -{number} $$"))
                .collect();
            restarts_after(world, &deaths)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/start/never-starts-twice-within-a-second",
        requirements: &["SUP-35"],
        uses: &[SUPERVISE],
        does: "Watches services that exit at once, after half a second, or with `u` and `o` sent all the time: no two \
               starts are less than a second apart, by the kernel's own time of each process.",
        run: |world| {
            const PLANS: &[(&str, &str)] = &[
                ("at-once", "exit 0"),
                ("with-an-error", "exit 111"),
                ("after-half-a-second", "exit 0 after 500"),
                ("nagged", "exit 0"),
            ];
            let mut services = vec![];
            for (name, plan) in PLANS {
                let service = world.service(name, plan)?;
                service.start_supervise()?;
                services.push(service);
            }
            let nagged = &services[3];
            nagged.until_supervised()?;
            world.until("starts of nagged while it gets u and o", true, || {
                nagged.control()?.send("uou")?;
                Ok(nagged.starts().len() >= 3)
            })?;
            for service in &services {
                let gaps = gaps(&service.until_starts(3)?);
                let least = gaps.iter().min().copied().unwrap_or_default();
                world.expect_that("times between starts", least >= Duration::from_secs(1), "a second or more", gaps)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/start/keeps-its-pace",
        requirements: &["SUP-34", "SUP-34b", "SUP-36", "SUP-33"],
        uses: &[SUPERVISE],
        does: "Has a service that exits at once, and one that cannot be run, tried seven times: supervise neither gives up \
               nor lets more than a second pass between one try and the next.",
        run: |world| {
            let (web, bare) = (world.service("web", "exit 1")?, world.bare_service("bare")?);
            web.start_supervise()?;
            let supervise = bare.start_supervise()?;
            let message = "supervise: fatal: unable to start bare/run: file does not exist";
            for tries in [3, 5, 7] {
                web.until_starts(tries)?;
                supervise.until_only_lines(message, tries)?;
            }
            // On a busy machine, one of the last three may be late.
            let gap = gaps(&web.starts()).into_iter().skip(3).min().unwrap_or_default();
            world.expect_between(
                "the least time between starts, in the end",
                gap,
                Duration::from_millis(990),
                Duration::from_millis(1500),
            )
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/start/counts-the-second-from-the-start",
        requirements: &["SUP-36"],
        uses: &[SUPERVISE],
        does: "Has one service live for 0.9 and one for 1.5 seconds, and kills one that is settled: the first is \
               started again at the end of the second, the others at once.",
        run: |world| {
            let (short, long) =
                (world.service("short", "exit 0 after 900")?, world.service("long", "exit 0 after 1500")?);
            let killed = world.service("killed", "")?;
            for service in [&short, &long, &killed] {
                service.start_supervise()?;
            }
            killed.until_settled()?;
            let pid = killed.until_up()?;
            let kill = world.monotonic();
            world.signal(pid, Signal::SIGKILL)?;
            let again = killed.until_starts(2)?[1].1;
            let at_once = Duration::from_millis(400);
            world.expect_between(
                "from a kill to the next start",
                Duration::from_nanos(again - kill),
                Duration::ZERO,
                at_once,
            )?;
            let millis = Duration::from_millis;
            for (service, least, most) in [(short, millis(1000), millis(1500)), (long, millis(1500), millis(2000))] {
                let gap = gaps(&service.until_starts(2)?)[0];
                world.expect_between(&format!("between the starts of {}", service.name), gap, least, most)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/start/says-why-run-cannot-be-started",
        requirements: &["SUP-33", "GEN-02"],
        uses: &[SUPERVISE],
        does: "Makes ./run unfit in every way: supervise tries again and again, each time with the message for it, \
               hands nothing to a shell, and starts ./run when it is mended.",
        run: |world| {
            type Unfit = fn(&World, &Path) -> Outcome;
            fn name(path: &Path) -> &str {
                path.to_str().unwrap_or_default()
            }
            const DENIED: &str = "access denied";
            const FORMAT: &str = "exec format error";
            const MISSING: &str = "file does not exist";
            const LOOP: &str = "symbolic link loop";
            let table: &[(&str, Unfit, &str)] = &[
                ("missing", |_, _| Ok(()), MISSING),
                ("not-executable", |w, run| w.files.write(run, "#!/bin/sh\n"), DENIED),
                ("directory", |w, run| w.files.make_directory(name(run)).map(drop), DENIED),
                ("fifo", |w, run| w.files.make_fifo(name(run)), DENIED),
                ("device", |w, run| w.files.link("/dev/null", run), DENIED),
                ("empty", |w, run| w.files.write_script(run, ""), FORMAT),
                ("no-interpreter", |w, run| w.files.write_script(run, "echo ran >ran\n"), FORMAT),
                ("blank-interpreter", |w, run| w.files.write_script(run, "#! \necho ran >ran\n"), FORMAT),
                ("not-a-program", |w, run| w.files.write_script(run, "\x7fELF"), FORMAT),
                ("interpreter-missing", |w, run| w.files.write_script(run, "#!/no/such/interpreter\n"), MISSING),
                ("interpreter-not-executable", |w, run| w.files.write_script(run, "#!/etc/passwd\n"), DENIED),
                ("interpreter-a-directory", |w, run| w.files.write_script(run, "#!/\n"), DENIED),
                ("interpreter-itself", |w, run| w.files.write_script(run, "#!./run\n"), LOOP),
                ("dangling", |w, run| w.files.link("nothing", run), MISSING),
                ("link-to-itself", |w, run| w.files.link("run", run), LOOP),
                ("below-a-file", |w, run| w.files.link("run.good/run", run), "not a directory"),
                ("being-written", |w, run| w.files.write_script(run, "#!/bin/sh\necho ran >ran\n"), "text busy"),
            ];
            let mut services = vec![];
            for (name, make, why) in table {
                let service = world.service(name, "")?;
                world.files.rename(&format!("{name}/run"), &format!("{name}/run.good"))?;
                let run = service.directory.join("run");
                make(world, &run)?;
                let writer =
                    if *why == "text busy" { fs::OpenOptions::new().write(true).open(&run).ok() } else { None };
                services.push((service.start_supervise()?, service, writer));
            }
            for ((supervise, service, _), (name, _, why)) in services.iter().zip(table) {
                supervise.until_only_lines(&format!("supervise: fatal: unable to start {name}/run: {why}"), 2)?;
                let ran = (service.starts().len(), world.files.read(format!("{name}/ran")));
                world.expect("starts, and what a shell did", ran, (0, String::new()))?;
            }
            for ((_, _, writer), (name, ..)) in services.iter_mut().zip(table) {
                drop(writer.take());
                if *name != "missing" {
                    world.files.remove(format!("{name}/run"))?;
                }
                world.files.rename(&format!("{name}/run.good"), &format!("{name}/run"))?;
            }
            for (supervise, service, _) in &services {
                service.until_starts(1)?;
                world.expect("supervise runs", supervise.is_running(), true)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/start/runs-the-file-that-has-the-name-at-the-time",
        requirements: &["SUP-34"],
        uses: &[SUPERVISE],
        does: "Replaces ./run while it runs: nothing happens until it dies, and then the new one is started.",
        run: |world| {
            let script = |word: &str| format!("#!/bin/sh\necho {word} >>ran\nexec sleep 1000\n");
            let web = world.bare_service("web")?;
            for word in ["one", "two"] {
                world.files.write_script(format!("web/{word}"), &script(word))?;
            }
            world.files.link("one", "web/run")?;
            web.supervise()?;
            let ran = || Ok(world.files.lines("web/ran"));
            world.until("what ran", ["one"], ran)?;
            world.files.link("two", "web/run.new")?;
            world.files.rename("web/run.new", "web/run")?;
            world.stays("what ran", ["one"], Duration::from_millis(150), ran)?;
            let first = web.until_up()?;
            world.signal(first, Signal::SIGKILL)?;
            world.until("what ran", ["one", "two"], ran)?;
            let second = web.until_other_pid(first)?;
            world.files.remove("web/run")?;
            world.files.write_script("web/run", &script("three"))?;
            world.signal(second, Signal::SIGKILL)?;
            world.until("what ran", ["one", "two", "three"], ran)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/start/announces-a-failed-fork",
        requirements: &["SUP-38"],
        uses: &[SUPERVISE, SVSTAT, STRACE],
        does: "Has the first fork of supervise fail: it warns that it sleeps 60 seconds, the record says pid 0 and \
               `u`, and nothing is started.",
        run: |world| {
            let (supervise, web) = failed_fork(world)?;
            web.record()?.until("down, paused 0, want u")?;
            world.expect("svstat", web.svstat()?, "web: down N seconds, normally up, want up")?;
            world.stays("starts", 0, Duration::from_millis(300), || Ok(web.starts().len()))?;
            world.expect("words on stderr", supervise.err_lines().len(), 1)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/start/hears-nothing-after-a-failed-fork",
        requirements: &["SUP-38"],
        uses: &[SUPERVISE, STRACE],
        does: "Sends `d` to a supervise whose fork has failed: it does not act.",
        run: |world| {
            let (_, web) = failed_fork(world)?;
            web.until_supervised()?;
            web.control()?.send("d")?;
            world.stays("the record", Some("down, paused 0, want u".to_owned()), Duration::from_millis(300), || {
                Ok(web.record()?.read().map(|record| record.state()))
            })
        },
        ..Scenario::ORDINARY
    },
];

/// The first start of the probe of `service`.
fn first_start(_world: &World, service: &Service) -> Result<Start, Failure> {
    let first = service.until_starts(1)?.into_iter().next();
    first.map(|(_, _, start)| start).ok_or_else(|| Failure::broken("no start".to_owned()))
}

/// What ./run finds under a supervise that was started in some circumstances, and what it finds when it is itself
/// started in them. The suite may have been given signals and descriptors of its own, and hands them on.
struct Found {
    supervise: Running,
    itself: Start,
    supervised: Start,
}

/// See [`Found`]. The service is called `name`, and supervise is told `alias`, a link to it.
fn found(world: &World, name: &str, given: impl Fn(Command) -> Command) -> Result<Found, Failure> {
    let (alone, service) = (world.service(&format!("{name}-alone"), "")?, world.service(name, "")?);
    given(world.program(alone.directory.join("run"))).start()?;
    let itself = first_start(world, &alone)?;
    let alias = format!("{name}-alias");
    world.files.link(name, &alias)?;
    let supervise = given(world.command("supervise").arg(alias)).start()?;
    Ok(Found { supervise, itself, supervised: first_start(world, &service)? })
}

/// The signals in the mask `name` that the service's ./run, which printed its own status, had.
fn printed_mask(world: &World, service: &Service, name: &str) -> Result<Vec<i32>, Failure> {
    let printed = service.directory.join("printed");
    world.until_some("the status that ./run printed", "whole", || {
        let text = fs::read_to_string(&printed).unwrap_or_default();
        let mask = process::line_of(&text, name).filter(|_| text.contains("\nnonvoluntary"));
        Ok(mask.map(|mask| process::signals_in(&mask)).ok_or(text))
    })
}

/// Has one service end by each of `deaths`, which are commands of a shell, and wants each to be started once more.
fn restarts_after(world: &World, deaths: &[String]) -> Outcome {
    let mut services = vec![];
    // All at once, as each takes a second.
    for death in deaths {
        let name = death.replace([' ', '$'], "-");
        let script = format!("#!/bin/sh\necho $$ >>pids\nmkdir died 2>&- && {death}\nexec sleep 1000\n");
        let service = world.scripted(&name, &script)?;
        services.push((service.start_supervise()?, service));
    }
    for (supervise, service) in &services {
        let pids = world.until_some(&format!("runs of {}", service.name), "two", || {
            let pids = world.files.lines(service.directory.join("pids"));
            Ok(if pids.len() == 2 { Ok(pids) } else { Err(format!("{pids:?}")) })
        })?;
        world.expect_that("their pids", pids[0] != pids[1], "two", &pids)?;
        world.until("the pid in the record", Some(pids[1].clone()), || {
            Ok(service.record()?.read().map(|record| record.pid().to_string()))
        })?;
        world.expect("supervise runs", supervise.is_running(), true)?;
        world.expect("its words", supervise.err(), "")?;
    }
    Ok(())
}

/// The times between the forks of a probe's runs.
fn gaps(starts: &[(i32, u64, Start)]) -> Vec<Duration> {
    starts.windows(2).map(|pair| Duration::from_nanos(pair[1].2.born - pair[0].2.born)).collect()
}

/// A supervise whose first fork fails, and the service, which is not started.
fn failed_fork(world: &World) -> Result<(Running, Service), Failure> {
    let web = world.service("web", "")?;
    let calls = "?clone,?clone3,?fork,?vfork";
    let (trace, inject) = (format!("trace={calls}"), format!("inject={calls}:error=EAGAIN:when=1"));
    let supervise = world.traced(&["-o", "/dev/null", "-e", &trace, "-e", &inject], "supervise")?.arg("web").start()?;
    let warning = "supervise: warning: unable to fork for web, sleeping 60 seconds: temporary failure";
    supervise.until_only_lines(warning, 1)?;
    Ok((supervise, web))
}
