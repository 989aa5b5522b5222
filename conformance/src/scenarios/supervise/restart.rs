//! supervise: starting ./run again when it has ended, and the pause of a second.

use crate::outcome::{Failure, Outcome};
use crate::probe::Start;
use crate::scenario::{SUPERVISE, SVC, SVOK, SVSTAT, Scenario};
use crate::world::{Running, World};
use nix::sys::signal::Signal;
use std::time::Duration;

/// The shortest time that the manual allows between two starts.
const PAUSE: Duration = Duration::from_secs(1);

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "supervise/restart/follows-any-exit-code",
        requirements: &["SUP-34", "SUP-67"],
        uses: &[SUPERVISE, SVSTAT],
        does: "Runs services that exit with 0, 1, 100, 111, 255 and other codes: each is started again as a new \
               process, and every supervise runs on.",
        run: |world| {
            let codes = [0, 1, 2, 99, 100, 110, 111, 126, 127, 128, 143, 254, 255];
            restarts_after(world, codes.map(|code| format!("exit {code}"))).map(drop)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/restart/follows-any-signal",
        requirements: &["SUP-34", "SUP-67"],
        uses: &[SUPERVISE, SVSTAT],
        does: "Runs services that die of each signal that kills, real-time signals included: each is started again as \
               a new process, and every supervise runs on.",
        run: |world| {
            // CHLD, CONT, STOP, TSTP, TTIN, TTOU, URG and WINCH stop a process or are ignored. The C library keeps 32
            // and 33 for itself, and a program that it has spawned ignores them.
            let harmless = [17, 18, 19, 20, 21, 22, 23, 28, 32, 33];
            let deadly = (1..=64).filter(|number| !harmless.contains(number));
            restarts_after(world, deadly.map(|number| format!("kill -{number} $$"))).map(drop)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/restart/prints-nothing",
        requirements: &["SUP-34b"],
        uses: &[SUPERVISE, SVSTAT],
        does: "Runs services that exit with some codes and die of some signals: each is started again, and no \
               supervise prints anything.",
        run: |world| {
            let deaths =
                ["exit 0", "exit 1", "exit 100", "exit 111", "kill -2 $$", "kill -9 $$", "kill -11 $$", "kill -40 $$"];
            for supervise in restarts_after(world, deaths)? {
                world.expect(
                    "its stdout and stderr",
                    (supervise.out(), supervise.err()),
                    (String::new(), String::new()),
                )?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/restart/runs-the-file-that-has-the-name-at-the-time",
        requirements: &["SUP-34b"],
        uses: &[SUPERVISE],
        does: "Replaces ./run while it runs, once by renaming a link: nothing happens until the process is killed, and \
               then the new ./run is started.",
        run: |world| {
            let script = |word: &str| format!("#!/bin/sh\necho $$ >pid\necho {word} >>ran\nexec sleep 1000\n");
            let web = world.bare_service("web")?;
            for word in ["one", "two"] {
                world.files.write_script(format!("web/{word}"), &script(word))?;
            }
            world.files.link("one", "web/run")?;
            web.start_supervise()?;
            let ran = || Ok(world.files.lines("web/ran"));
            let kill = || -> Outcome {
                let pid = world.files.read("web/pid").trim_end_matches("\\n").parse();
                world.signal(pid.map_err(|error| Failure::broken(format!("web/pid: {error}")))?, Signal::SIGKILL)
            };
            world.until("what ran", ["one"], ran)?;
            world.files.link("two", "web/run.new")?;
            world.files.rename("web/run.new", "web/run")?;
            world.stays("what ran", ["one"], Duration::from_millis(150), ran)?;
            kill()?;
            world.until("what ran", ["one", "two"], ran)?;
            world.files.remove("web/run")?;
            world.files.write_script("web/run", &script("three"))?;
            kill()?;
            world.until("what ran", ["one", "two", "three"], ran)
        },
        ..Scenario::ORDINARY
    },
    // The pause.
    Scenario {
        id: "supervise/restart/never-starts-twice-within-a-second",
        requirements: &["SUP-35"],
        uses: &[SUPERVISE],
        does: "Runs services that exit at once, with an error, or after half a second: no two starts are less than a \
               second apart, by the time at which the kernel made each process.",
        run: |world| {
            let mut services = vec![];
            for (name, plan) in
                [("at-once", "exit 0"), ("with-an-error", "exit 111"), ("after-half-a-second", "exit 0 after 500")]
            {
                let service = world.service(name, plan)?;
                service.start_supervise()?;
                services.push(service);
            }
            services.iter().try_for_each(|service| expect_pauses(world, &service.until_starts(3)?))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/restart/is-not-hurried-by-commands",
        requirements: &["SUP-35"],
        uses: &[SUPERVISE, SVC, SVOK],
        does: "Sends `u` and `o` all the time to a service that exits at once: no two starts are less than a second \
               apart.",
        run: |world| {
            let web = world.service("web", "exit 0")?;
            web.start_supervise()?;
            web.until_supervised()?;
            world.until("starts of web, which gets u and o, are three or more", true, || {
                web.svc("-uo")?;
                Ok(web.starts().len() >= 3)
            })?;
            expect_pauses(world, &web.starts())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/restart/keeps-its-pace",
        requirements: &["SUP-33", "SUP-34", "SUP-36"],
        uses: &[SUPERVISE],
        does: "Runs a service that exits at once, and one without ./run, until each was tried seven times: supervise \
               neither gives up nor lets more than a second pass between two tries.",
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
            let (least, most) = (Duration::from_millis(990), Duration::from_millis(1500));
            world.expect_between("the least time between the last starts", gap, least, most)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/restart/counts-the-second-from-the-start",
        requirements: &["SUP-36"],
        uses: &[SUPERVISE],
        does: "Runs one service for 0.9 and one for 1.5 seconds, and kills one that has run for longer: the first is \
               started again at the end of the second, the others at once.",
        run: |world| {
            let short = world.service("short", "exit 0 after 900")?;
            let long = world.service("long", "exit 0 after 1500")?;
            let killed = world.service("killed", "")?;
            for service in [&short, &long, &killed] {
                service.start_supervise()?;
            }
            killed.until_settled()?;
            let first = killed.until_starts(1)?[0].0;
            let kill = world.monotonic();
            world.signal(first, Signal::SIGKILL)?;
            let again = Duration::from_nanos(killed.until_starts(2)?[1].1 - kill);
            world.expect_between("from a kill to the next start", again, Duration::ZERO, Duration::from_millis(400))?;
            let millis = Duration::from_millis;
            for (service, least, most) in [(short, millis(1000), millis(1500)), (long, millis(1500), millis(2000))] {
                let gap = gaps(&service.until_starts(2)?)[0];
                world.expect_between(&format!("between the starts of {}", service.name), gap, least, most)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
];

/// Runs for each of `deaths`, commands of a shell, a service that ends by it, until it has been started once more.
/// Returns the supervises.
#[track_caller]
fn restarts_after(world: &World, deaths: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Vec<Running>, Failure> {
    let mut services = vec![];
    // All at the same time, because each takes a second.
    for death in deaths {
        let death = death.as_ref();
        let name = death.replace([' ', '$'], "-");
        let script = format!("#!/bin/sh\necho $$ >>pids\nmkdir died 2>&- && {death}\nexec sleep 1000\n");
        let service = world.scripted(&name, &script)?;
        services.push((service.start_supervise()?, service));
    }
    for (supervise, service) in &services {
        let pids = world.until_some(&format!("starts of {}", service.name), "two", || {
            let pids = world.files.lines(service.directory.join("pids"));
            Ok(<[String; 2]>::try_from(pids).map_err(|pids| format!("{pids:?}")))
        })?;
        world.expect_that("their pids", pids[0] != pids[1], "two processes", &pids)?;
        let pid = || Ok(service.pid()?.map(|pid| pid.to_string()));
        world.until("the pid that svstat prints", Some(pids[1].clone()), pid)?;
        world.expect("supervise runs", supervise.is_running(), true)?;
    }
    Ok(services.into_iter().map(|(supervise, _)| supervise).collect())
}

/// Fails if two of `starts` are less than a second apart.
#[track_caller]
fn expect_pauses(world: &World, starts: &[(i32, u64, Start)]) -> Outcome {
    let gaps = gaps(starts);
    world.expect_that("times between starts", gaps.iter().all(|gap| *gap >= PAUSE), "a second or more", gaps)
}

/// Returns the times between the forks of a probe's runs.
fn gaps(starts: &[(i32, u64, Start)]) -> Vec<Duration> {
    starts.windows(2).map(|pair| Duration::from_nanos(pair[1].2.born - pair[0].2.born)).collect()
}
