//! supervise: what ./run is given when it is started, and a ./run that cannot be started.

use crate::observe::process::{self, Process};
use crate::outcome::{Failure, Outcome};
use crate::probe::Start;
use crate::scenario::{STRACE, SUPERVISE, SVC, SVOK, SVSTAT, Scenario, Use};
use crate::world::{Command, FORKS, Running, Service, World};
use nix::sys::signal::Signal;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    // What ./run is given.
    Scenario {
        id: "supervise/start/hands-everything-on-to-run",
        requirements: &["SUP-07", "SUP-30"],
        uses: &[SUPERVISE],
        does: "Starts supervise with a umask, an environment, a limit and further descriptors: ./run has them all, in \
               the service directory, with `./run` as its only argument. It has no descriptor of supervise's own.",
        run: |world| {
            world.files.write("out", "")?;
            world.files.write("err", "")?;
            let Comparison { alone, supervised, .. } = compared(world, "web", |command| {
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
            world.expect("current directory", supervised.cwd.as_str(), world.files.real_path("web")?)?;
            for variable in ["EMPTY=", "STRANGE=a=b \\n\\xff"] {
                let is_given = alone.environment.contains(&variable.to_owned());
                world.expect(&format!("{variable} is given"), is_given, true)?;
            }
            world.expect("environment", &supervised.environment, &alone.environment)?;
            world.expect("given umask", alone.umask.as_str(), "0027")?;
            world.expect("umask", &supervised.umask, &alone.umask)?;
            let numbers = [0, 1, 2, 5, 7];
            let names = numbers.map(|number| alone.descriptors.get(&number).map_or("closed", String::as_str));
            let file = |name: &str| world.path(name).display().to_string();
            let given = ["/dev/zero", &file("out"), &file("err"), "/dev/zero", "/dev/full"];
            world.expect("given descriptors", names, given)?;
            world.expect("descriptors", &supervised.descriptors, &alone.descriptors)?;
            let mut given = vec![];
            for name in ["web-alone", "web"] {
                let pid = world.service_called(name).until_starts(1)?[0].0;
                let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
                given.push((limits, numbers.map(|number| process::flags(pid, number))));
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
            let command = world.command("supervise").arg("web");
            ["PATH", "HOME", "LC_ALL"].iter().fold(command, |command, name| command.env_remove(name)).start()?;
            world.expect("environment", first_start(&web)?.environment, vec![""; 0])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/start/keeps-run-in-its-group-and-session",
        requirements: &["SUP-31"],
        uses: &[SUPERVISE],
        does: "Starts supervise in its parent's process group and in a group of its own: ./run is its child, in its \
               group and session.",
        run: |world| {
            for own in [false, true] {
                let name = if own { "own" } else { "shared" };
                let Comparison { supervise, supervised, .. } =
                    compared(world, name, |command| if own { command } else { command.shares_group() })?;
                let parent = Process::look(supervise.pid);
                let parent = parent.ok_or_else(|| world.failed("supervise", "running", "it has exited".to_owned()))?;
                world.expect("supervise leads its group", parent.group == supervise.pid, own)?;
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
               and CHLD unblocked. PIPE is ignored in ./run if it was in supervise.",
        run: |world| {
            let (chld, usr1, hup) = (Signal::SIGCHLD as i32, Signal::SIGUSR1 as i32, Signal::SIGHUP as i32);
            let signals = |start: &Start| (start.blocked.clone(), start.ignored.clone());
            let plain = compared(world, "plain", |command| command)?;
            world.expect("blocked and ignored", signals(&plain.supervised), signals(&plain.alone))?;
            let masked = compared(world, "masked", |command| {
                command.blocked(Signal::SIGCHLD).blocked(Signal::SIGUSR1).ignored("HUP")
            })?;
            let (blocked, ignored) = signals(&masked.alone);
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
        requirements: &["SUP-32", "SUP-34"],
        uses: &[SUPERVISE, Use::Tool("env")],
        does: "Starts supervise with CHLD ignored, and with CHLD blocked: ./run has it neither ignored nor blocked, \
               and is restarted.",
        run: |world| {
            let chld = Signal::SIGCHLD as i32;
            let has_it = |start: &Start| start.ignored.contains(&chld) || start.blocked.contains(&chld);
            let env = world.program("/usr/bin/env").args(["--ignore-signal=CHLD", "true"]).run()?;
            for name in ["blocked", "ignored"] {
                if name == "ignored" && env.exit != "exit 0" {
                    return Err(Failure::missing("the program env does not know --ignore-signal"));
                }
                let Comparison { supervise, alone, supervised } = compared(world, name, |command| match name {
                    "blocked" => command.blocked(Signal::SIGCHLD),
                    _ => command.ignored("CHLD"),
                })?;
                let service = world.service_called(name);
                service.order("exit 0")?;
                let again = &service.until_starts(2)?[1].2;
                let have_it = [&alone, &supervised, again].map(has_it);
                world.expect("./run alone, supervised and restarted has it", have_it, [true, false, false])?;
                world.expect("supervise runs", supervise.is_running(), true)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    // A ./run that cannot be started.
    Scenario {
        id: "supervise/start/says-why-run-cannot-be-started",
        requirements: &["SUP-33", "GEN-02"],
        uses: &[SUPERVISE],
        does: "Makes ./run unfit in every way: supervise tries again and again, each time with the message for it, and \
               hands nothing to a shell. It starts ./run when that is mended.",
        run: |world| {
            type MakeUnfit = fn(&World, &Path) -> Outcome;
            const DENIED: &str = "access denied";
            const FORMAT: &str = "exec format error";
            const MISSING: &str = "file does not exist";
            const LOOP: &str = "symbolic link loop";
            const BUSY: &str = "text busy";
            let table: &[(&str, MakeUnfit, &str)] = &[
                ("missing", |_, _| Ok(()), MISSING),
                ("not-executable", |w, run| w.files.write(run, "#!/bin/sh\n"), DENIED),
                ("directory", |w, run| w.files.make_directory(run).map(drop), DENIED),
                ("fifo", |w, run| w.files.make_fifo(run), DENIED),
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
                ("being-written", |w, run| w.files.write_script(run, "#!/bin/sh\necho ran >ran\n"), BUSY),
            ];
            let mut services = vec![];
            for (name, make_unfit, why) in table {
                let service = world.service(name, "")?;
                world.files.rename(format!("{name}/run"), format!("{name}/run.good"))?;
                let run = service.directory.join("run");
                make_unfit(world, &run)?;
                let writer = if *why == BUSY { fs::OpenOptions::new().write(true).open(&run).ok() } else { None };
                services.push((service.start_supervise()?, service, writer));
            }
            for ((supervise, service, _), (name, _, why)) in services.iter().zip(table) {
                supervise.until_only_lines(&format!("supervise: fatal: unable to start {name}/run: {why}"), 2)?;
                let ran = (service.starts().len(), world.files.read(format!("{name}/ran")));
                world.expect("starts, and what a shell ran", ran, (0, String::new()))?;
            }
            for ((_, _, writer), (name, ..)) in services.iter_mut().zip(table) {
                drop(writer.take());
                if *name != "missing" {
                    world.files.remove(format!("{name}/run"))?;
                }
                world.files.rename(format!("{name}/run.good"), format!("{name}/run"))?;
            }
            for (supervise, service, _) in &services {
                service.until_started()?;
                world.expect("supervise runs", supervise.is_running(), true)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/start/announces-a-failed-fork",
        requirements: &["SUP-38"],
        uses: &[SUPERVISE, SVSTAT, STRACE],
        does: "Makes the first fork of supervise fail: it warns that it sleeps 60 seconds, svstat prints `down` and \
               `want up`, and nothing is started.",
        run: |world| {
            let (supervise, web) = failed_fork(world)?;
            web.until_status("down, normally up, want up")?;
            world.stays("starts", 0, Duration::from_millis(300), || Ok(web.starts().len()))?;
            world.expect("lines on stderr", supervise.err_lines().len(), 1)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/start/hears-nothing-after-a-failed-fork",
        requirements: &["SUP-38"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT, STRACE],
        does: "Sends `d` to a supervise whose fork has failed: the service stays wanted up.",
        run: |world| {
            let (_, web) = failed_fork(world)?;
            web.until_supervised()?;
            web.svc("-d")?;
            world.stays("starts", 0, Duration::from_millis(300), || Ok(web.starts().len()))?;
            let words = web.status()?.map(|status| status.words());
            world.expect("svstat", words.as_deref(), Some("down, normally up, want up"))
        },
        ..Scenario::ORDINARY
    },
];

/// A probe that was started alone and one that was started by supervise, both in the same circumstances. The suite may
/// have been given descriptors and signals of its own, which it hands on to both.
struct Comparison {
    supervise: Running,
    alone: Start,
    supervised: Start,
}

/// Starts a probe alone, and a supervise on the service `name`, both as commands changed by `given`. supervise gets the
/// name of a link to the service directory, which ./run must not see.
fn compared(world: &World, name: &str, given: impl Fn(Command) -> Command) -> Result<Comparison, Failure> {
    let (alone, service) = (world.service(&format!("{name}-alone"), "")?, world.service(name, "")?);
    given(world.program(alone.directory.join("run"))).start()?;
    let alone = first_start(&alone)?;
    let alias = format!("{name}-alias");
    world.files.link(name, &alias)?;
    let supervise = given(world.command("supervise").arg(alias)).start()?;
    Ok(Comparison { supervise, alone, supervised: first_start(&service)? })
}

/// Waits for the first start of the probe of `service`.
#[track_caller]
fn first_start(service: &Service) -> Result<Start, Failure> {
    Ok(service.until_starts(1)?.swap_remove(0).2)
}

/// Returns the signals in the mask `name` of the status that the ./run of `service` has printed.
#[track_caller]
fn printed_mask(world: &World, service: &Service, name: &str) -> Result<Vec<i32>, Failure> {
    let printed = service.directory.join("printed");
    world.until_some("the status that ./run printed", "complete", || {
        let text = fs::read_to_string(&printed).unwrap_or_default();
        let mask = process::line_of(&text, name).filter(|_| text.contains("\nnonvoluntary"));
        Ok(mask.map(|mask| process::signals_in(&mask)).ok_or(text))
    })
}

/// Starts a supervise whose first fork fails. Returns it and the service, which is not started.
fn failed_fork(world: &World) -> Result<(Running, Service), Failure> {
    let web = world.service("web", "")?;
    let (trace, inject) = (format!("trace={FORKS}"), format!("inject={FORKS}:error=EAGAIN:when=1"));
    let supervise = world.traced(&["-o", "/dev/null", "-e", &trace, "-e", &inject], "supervise")?.arg("web").start()?;
    let warning = "supervise: warning: unable to fork for web, sleeping 60 seconds: temporary failure";
    supervise.until_only_lines(warning, 1)?;
    Ok((supervise, web))
}
