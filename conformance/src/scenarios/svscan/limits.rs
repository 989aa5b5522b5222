//! svscan: the search for supervise, and what happens when something runs out.

use crate::commands::tool;
use crate::outcome::{Failure, Outcome};
use crate::scenario::{PRLIMIT, STRACE, SUPERVISE, SVSCAN, Scenario};
use crate::world::{FORKS, Running, Service, World};
use std::fs::{self};
use std::io::{Read, Write};
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svscan/limits/searches-path-for-supervise",
        requirements: &["EXEC-01", "EXEC-02", "EXEC-03", "EXEC-04", "SCAN-14"],
        uses: &[SVSCAN],
        does: "Starts svscan with many a PATH: missing files, denied ones and directories are passed over, empty elements \
               are the current directory, and a file without `#!`, a link to itself or a file in the place of a directory \
               end the search with a message.",
        run: |world| {
            use Found::{Nothing, Script};
            let script = |name: &str| format!("#!/bin/sh\necho {name} \"$@\" >ran\n");
            stub(world, "good", &script("good"))?;
            stub(world, "denied", &script("denied"))?;
            world.files.set_mode("denied/supervise", 0o644)?;
            stub(world, "no-interpreter", "#!/no/such/interpreter\n")?;
            stub(world, "text", "echo text >ran\n")?;
            for directory in ["none", "directory/supervise", "dangling", "loop"] {
                world.files.make_directory(directory)?;
            }
            world.files.write("file", "")?;
            world.files.link("nowhere", "dangling/supervise")?;
            world.files.link("supervise", "loop/supervise")?;

            let table: &[(&[&str], Found)] = &[
                (&["none", "missing", "good"], Script("good")),
                (&["dangling", "no-interpreter", "good"], Script("good")),
                (&["denied", "good"], Script("good")),
                (&["directory", "good"], Script("good")),
                (&["../good"], Script("good")),
                (&["good", "text"], Script("good")),
                (&["", "good"], Script("here")),
                (&["none", ""], Script("here")),
                (&["none", "", "good"], Script("here")),
                (&[""], Script("here")),
                (&["."], Script("here")),
                (&["none", "missing"], Nothing("file does not exist")),
                (&["none", "denied", "none"], Nothing("access denied")),
                (&["directory", "none"], Nothing("access denied")),
                (&["text", "good"], Nothing("exec format error")),
                (&["file", "good"], Nothing("not a directory")),
                (&["loop", "good"], Nothing("symbolic link loop")),
                (&["denied", "loop", "good"], Nothing("symbolic link loop")),
            ];
            let mut cases = vec![];
            for (number, (elements, found)) in table.iter().enumerate() {
                let scan = format!("scan-{number}");
                world.files.make_directory(&format!("{scan}/web"))?;
                stub(world, &scan, &script("here"))?;
                let path = search_path(world, elements);
                let wanted = match found {
                    Script(name) => (format!("{name} web\\n"), String::new()),
                    Nothing(phrase) => {
                        (String::new(), format!("svscan: warning: unable to start supervise web: {phrase}\\n"))
                    }
                };
                let svscan = world.command("svscan").arg(&scan).env("PATH", &path).start()?;
                cases.push((path, scan, svscan, wanted));
            }
            let seen = |scan: &str, svscan: &Running| Ok((world.files.read(format!("{scan}/ran")), svscan.err()));
            for (path, scan, svscan, wanted) in &cases {
                world.until(&format!("what PATH={path} leads to"), wanted.clone(), || seen(scan, svscan))?;
            }
            for (path, scan, svscan, wanted) in &cases {
                world.stays(&format!("what PATH={path} leads to"), wanted.clone(), A_WHILE / 50, || {
                    seen(scan, svscan)
                })?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/limits/searches-bin-without-path",
        requirements: &["EXEC-01"],
        uses: &[SVSCAN],
        does: "Starts svscan without a PATH, in a root of its own where /bin has a supervise: that one is run, and not the \
               one in the scanned directory.",
        run: |world| {
            world.files.make_directory("scan/web")?;
            stub(world, "scan", "#!/usr/bin/sh\necho here >ran\n")?;
            world.private_bin(&[("sh", "/usr/bin/sh")])?;
            world.files.write_script("/bin/supervise", "#!/bin/sh\necho bin >ran\n")?;
            let svscan = world.command("svscan").arg("scan").env_remove("PATH").start()?;
            world.until("what was run", ("bin\\n".to_owned(), String::new()), || {
                Ok((world.files.read("scan/ran"), svscan.err()))
            })
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/limits/tries-again-when-supervise-cannot-be-run",
        requirements: &["SCAN-13", "SCAN-13b", "SCAN-14"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Starts svscan without a supervise in its PATH: a warning for the service and one for its log. With a \
               supervise there, the next scan starts both.",
        run: |world| {
            let scan = world.scan("scan")?;
            let (web, log) = scan.service_with_log("web", "", "")?;
            world.files.make_directory("commands")?;
            let svscan = world.command("svscan").arg("scan").env("PATH", world.path("commands")).start()?;
            for name in ["web", "web/log"] {
                let warning = format!("svscan: warning: unable to start supervise {name}: file does not exist");
                svscan.until_lines(&warning, 1)?;
            }
            let mended = world.monotonic();
            world.files.link(world.commands().join("supervise"), "commands/supervise")?;
            for service in [&web, &log] {
                let delay = start_after(world, service, 1, mended)?;
                world.expect_between("until it is started", delay, Duration::ZERO, WITHIN_A_SCAN)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/limits/tries-again-when-descriptors-run-out",
        requirements: &["SCAN-13"],
        uses: &[SVSCAN, SUPERVISE, PRLIMIT],
        does: "Limits svscan to 16 descriptors and lists ten services with logs: each is either started or warned of. With \
               the limit raised, the next scan starts the rest.",
        run: |world| {
            let scan = world.scan("scan")?;
            let names: Vec<String> = (0..10).map(|number| format!("web-{number}")).collect();
            let mut services = vec![];
            for name in &names {
                services.push(scan.service_with_log(name, "", "")?);
            }
            let prlimit = tool("prlimit").unwrap_or_default();
            let svscan = world.commands().join("svscan");
            let svscan = world.program(&prlimit).arg("--nofile=16:").arg(svscan).arg("scan").start()?;
            let warned = |name: &str| {
                let phrase = "process cannot open more files";
                svscan.err().contains(&format!("svscan: warning: unable to create pipe for {name}: {phrase}\\n"))
            };
            let either = || -> Result<Vec<&str>, Failure> {
                let fates = names.iter().zip(&services).map(|(name, (web, log))| {
                    Ok(match (warned(name), web.is_supervised()?, log.is_supervised()?) {
                        (true, false, false) => "warned of",
                        (false, true, true) => "started",
                        _ => "neither or both",
                    })
                });
                fates.collect()
            };
            let fates = world.until_some("each service", "started or warned of", || {
                let fates = either()?;
                Ok(if fates.contains(&"neither or both") { Err(format!("{fates:?}")) } else { Ok(fates) })
            })?;
            let both = fates.contains(&"warned of") && fates.contains(&"started");
            world.expect_that("their fates", both, "some started, some warned of", &fates)?;
            let pid = svscan.pid.to_string();
            let raised = world.program(&prlimit).args(["--pid", &pid, "--nofile=64:"]).run()?;
            world.expect("prlimit", raised.exit.as_str(), "exit 0")?;
            for (web, log) in &services {
                web.until_supervised()?;
                log.until_supervised()?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/limits/tries-again-when-a-service-cannot-be-entered",
        requirements: &["SCAN-13", "SCAN-13b", "SCAN-14"],
        uses: &[SVSCAN, STRACE],
        does: "Has the child of svscan that goes to a service for its log be refused: a warning at each scan, and the \
               service is not called `log`.",
        run: |world| {
            let scan = world.scan("scan")?;
            scan.service_with_log("web", "", "")?;
            stub(world, "commands", "#!/bin/sh\necho \"$@\" >>../ran\nexec sleep 1000\n")?;
            let options = ["-f", "-o", "/dev/null", "-e", "trace=chdir", "-e", "inject=chdir:error=EACCES:when=1"];
            let svscan = world.traced(&options, "svscan")?.current_directory("scan");
            let svscan = svscan.env("PATH", format!("{}:/usr/bin:/bin", search_path(world, &["commands"]))).start()?;
            svscan.until_lines("svscan: warning: unable to switch to web: access denied", 2)?;
            world.expect("messages", svscan.err_lines().len(), 2)?;
            world.expect("what supervise was called with", world.files.lines("ran"), ["web"])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/limits/warns-when-it-cannot-fork",
        requirements: &["SCAN-13"],
        uses: &[SVSCAN, PRLIMIT],
        does: "Has an ordinary user's svscan run with no process left to make: a warning for the service at each scan, \
               none for its log, and svscan keeps running.",
        run: |world| {
            let scan = world.scan("scan")?;
            scan.service_with_log("web", "", "")?;
            let svscan = world
                .traced(&["-o", "/dev/null", "-e", &format!("inject={FORKS}:error=EAGAIN")], "svscan")?
                .arg("scan")
                .start()?;
            let warning = "svscan: warning: unable to fork for web: temporary failure";
            for times in [1, 2] {
                svscan.until_lines(warning, times)?;
                world.stays("messages", vec![warning; times], A_WHILE, || Ok(svscan.err_lines()))?;
            }
            world.expect("svscan is running", svscan.is_running(), true)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/limits/serves-a-thousand-directories",
        requirements: &["SCAN-12"],
        uses: &[SVSCAN],
        does: "Lists 1000 directories, with a script in the place of supervise: it is run for every one.",
        run: |world| {
            // The quickest of scripts: it leaves a file for whom it is run for.
            stub(world, "commands", "#!/bin/sh\n: >\"../ran/$1\"\n")?;
            let ran = world.files.make_directory("ran")?;
            let svscan = crowd(world, MOST_SERVICES)?;
            let served = || fs::read_dir(&ran).map(Iterator::count).unwrap_or_default();
            // In steps: a busy machine may be a while about it.
            for step in 1..=10 {
                let enough = MOST_SERVICES * step / 10;
                world.until(&format!("{enough} directories are served"), true, || Ok(served() >= enough))?;
            }
            world.expect("svscan's messages", svscan.err().as_str(), "")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/limits/warns-beyond-a-thousand-directories",
        requirements: &["SCAN-12b"],
        uses: &[SVSCAN],
        does: "Lists 1003 directories without a supervise in PATH: for 1000 svscan says that there is none, and for the \
               other three that it runs too many services.",
        run: |world| {
            // Without a supervise, there is a message for each service, and nothing else to be done.
            let count = MOST_SERVICES + 3;
            let svscan = crowd(world, count)?;
            let said = || {
                let count = |end: &str| svscan.err().matches(end).count();
                (count(": file does not exist\\n"), count(": running too many services\\n"))
            };
            world.until("directories tried or refused", count, || Ok(said().0 + said().1))?;
            world.expect("directories tried and refused", said(), (MOST_SERVICES, 3))?;
            let refused = svscan.err_lines().into_iter().filter(|line| line.ends_with(": running too many services"));
            let form =
                |line: &String| line.starts_with("svscan: warning: unable to start ") && !line.contains("supervise");
            world.expect("lines of that form", refused.filter(form).count(), 3)
        },
        ..Scenario::ORDINARY
    },
];

/// From one scan to the next, and what a busy machine may add.
const WITHIN_A_SCAN: Duration = Duration::from_secs(7);

/// How long what must not happen is watched for.
const A_WHILE: Duration = Duration::from_millis(250);

/// The limit of the original.
const MOST_SERVICES: usize = 1000;

/// Makes `DIRECTORY/supervise` a script.
fn stub(world: &World, directory: &str, script: &str) -> Outcome {
    world.files.make_directory(directory)?;
    world.files.write_script(format!("{directory}/supervise"), script)
}

/// A search path: each of `elements` is a directory of the world, or what it is if it starts with a dot or is empty.
fn search_path(world: &World, elements: &[&str]) -> String {
    let element = |element: &&str| match element {
        &"" => String::new(),
        relative if relative.starts_with('.') => (*relative).to_owned(),
        name => world.path(name).display().to_string(),
    };
    elements.iter().map(element).collect::<Vec<_>>().join(":")
}

/// When the last start of `service` was, by the time it has been started `count` times.
#[track_caller]
fn start_after(_world: &World, service: &Service, count: usize, from: u64) -> Result<Duration, Failure> {
    let at = service.until_starts(count)?.get(count - 1).map_or(0, |(_, at, _)| *at);
    Ok(Duration::from_nanos(at.saturating_sub(from)))
}

/// What a search of PATH comes to.
#[derive(Debug, Clone, Copy)]
enum Found {
    /// The script of this directory was run.
    Script(&'static str),
    /// The warning, with this phrase.
    Nothing(&'static str),
}

/// Lists `count` directories and starts svscan with a PATH of the directory `commands` alone.
fn crowd(world: &World, count: usize) -> Result<Running, Failure> {
    for number in 0..count {
        world.files.make_directory(&format!("scan/{number}"))?;
    }
    world.command("svscan").arg("scan").env("PATH", search_path(world, &["commands"])).start()
}
