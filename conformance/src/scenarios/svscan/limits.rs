//! svscan: the search for supervise, and what happens when something runs out.

use crate::commands::tool;
use crate::observe::svstat::Status;
use crate::outcome::{Failure, Outcome};
use crate::scenario::{MOUNTS, PRLIMIT, STRACE, SUPERVISE, SVOK, SVSCAN, SVSTAT, Scenario};
use crate::world::{FORKS, Running, Scan, Service, World, broken};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svscan/limits/searches-path-for-supervise",
        requirements: &["EXEC-01", "EXEC-02", "EXEC-03", "EXEC-04", "SCAN-14"],
        uses: &[SVSCAN],
        does: "Starts svscan with 18 values of PATH. The search passes over files that are missing, denied or directories, \
               takes an empty element for the current directory, and ends with a message at a file without `#!`, a link to \
               itself, or a file as an element.",
        run: |world| {
            use Found::{Nothing, Script};
            let script = |name: &str| format!("#!/bin/sh\necho {name} \"$@\" >ran\n");
            world.stub_supervise("good", &script("good"))?;
            world.stub_supervise("denied", &script("denied"))?;
            world.files.set_mode("denied/supervise", 0o644)?;
            world.stub_supervise("no-interpreter", "#!/no/such/interpreter\n")?;
            world.stub_supervise("text", "echo text >ran\n")?;
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
                world.files.make_directory(format!("{scan}/web"))?;
                world.stub_supervise(&scan, &script("here"))?;
                let path = world.search_path(elements);
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
            let what = |path: &str| format!("what was run and printed with PATH={path}");
            for (path, scan, svscan, wanted) in &cases {
                world.until(&what(path), wanted.clone(), || seen(scan, svscan))?;
            }
            for (path, scan, svscan, wanted) in &cases {
                world.stays(&what(path), wanted.clone(), A_WHILE / 50, || seen(scan, svscan))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/limits/searches-bin-without-path",
        requirements: &["EXEC-01"],
        uses: &[SVSCAN, MOUNTS],
        does: "Starts svscan without PATH in a private root where /bin has a supervise. That one is run, and not the one in \
               the scanned directory.",
        run: |world| {
            world.files.make_directory("scan/web")?;
            world.stub_supervise("scan", "#!/usr/bin/sh\necho here >ran\n")?;
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
        requirements: &["SCAN-13"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Starts svscan with all commands in its PATH but supervise: it prints a message, unless it can start the \
               service and its log all the same. Once supervise is there, both are started within five seconds.",
        run: |world| {
            let scan = world.scan("scan")?;
            let (web, log) = scan.service_with_log("web", "", "")?;
            world.files.make_directory("commands")?;
            let commands = fs::read_dir(world.commands()).map_err(|error| broken(world.commands(), &error))?;
            for command in commands.flatten().filter(|command| command.file_name() != "supervise") {
                world.files.link(command.path(), Path::new("commands").join(command.file_name()))?;
            }
            let svscan = world.command("svscan").arg("scan").env("PATH", world.path("commands")).start()?;
            let is_started = || [&web, &log].iter().all(|service| !service.starts().is_empty());
            world.until("a message was printed, or both are started", true, || {
                Ok(!svscan.err().is_empty() || is_started())
            })?;
            let mended = world.monotonic();
            world.files.link(world.commands().join("supervise"), "commands/supervise")?;
            for service in [&web, &log] {
                let delay = service.start_after(1, mended)?;
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
        does: "Sets svscan's soft limit to 16 descriptors and lists ten services with logs: it prints a message, unless it can start \
               all of them. Once the limit is 1024, all are started within five seconds.",
        run: |world| {
            let scan = world.scan("scan")?;
            let services = services_with_logs(&scan, 10)?;
            let svscan = with_descriptors(world, "16:")?;
            let is_started = || services.iter().flatten().all(|service| !service.starts().is_empty());
            world.until("a message was printed, or all are started", true, || {
                Ok(!svscan.err().is_empty() || is_started())
            })?;
            let raised = world.monotonic();
            raise_descriptors(world, &svscan, 1024)?;
            for service in services.iter().flatten() {
                let delay = service.start_after(1, raised)?;
                world.expect_between("until it is started", delay, Duration::ZERO, WITHIN_A_SCAN)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/limits/warns-of-each-pipe-that-it-cannot-make",
        requirements: &["SCAN-13b"],
        uses: &[SVSCAN, SUPERVISE, SVOK, PRLIMIT],
        does: "Limits svscan to 16 descriptors and lists ten services with logs. Each either gets two supervises or a \
               warning that its pipe cannot be created.",
        run: |world| {
            let scan = world.scan("scan")?;
            let services = services_with_logs(&scan, 10)?;
            let svscan = with_descriptors(world, "16")?;
            let has_warning = |name: &str| {
                let phrase = "process cannot open more files";
                svscan.err().contains(&format!("svscan: warning: unable to create pipe for {name}: {phrase}\\n"))
            };
            let fates = || -> Result<Vec<&str>, Failure> {
                let fates = services.iter().map(|[web, log]| {
                    Ok(match (has_warning(&web.name), web.is_supervised()?, log.is_supervised()?) {
                        (true, false, false) => "warning",
                        (false, true, true) => "supervised",
                        _ => "neither or both",
                    })
                });
                fates.collect()
            };
            let fates = world.until_some("each service", "supervised or with a warning", || {
                let fates = fates()?;
                Ok(if fates.contains(&"neither or both") { Err(format!("{fates:?}")) } else { Ok(fates) })
            })?;
            let is_mixed = fates.contains(&"warning") && fates.contains(&"supervised");
            world.expect_that("their fates", is_mixed, "some supervised, some with a warning", &fates)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/limits/tries-again-when-a-service-cannot-be-entered",
        requirements: &["SCAN-13", "SCAN-14"],
        uses: &[SVSCAN, STRACE],
        does: "Makes chdir fail in the child of svscan that goes to a service for its log. It warns at each scan, exits 111, \
               and does not run `supervise log` in the scanned directory.",
        run: |world| {
            let scan = world.scan("scan")?;
            scan.service_with_log("web", "", "")?;
            world.stub_supervise("commands", "#!/bin/sh\necho \"$@\" >>../ran\nexec sleep 1000\n")?;
            // strace opens it in the directory that svscan is started in.
            let trace = world.path("trace").display().to_string();
            let options = ["-f", "-o", &trace, "-e", "trace=chdir", "-e", "inject=chdir:error=EACCES:when=1"];
            let svscan = world.traced(&options, "svscan")?.current_directory("scan");
            let path = format!("{}:/usr/bin:/bin", world.search_path(&["commands"]));
            let svscan = svscan.env("PATH", path).start()?;
            svscan.until_lines("svscan: warning: unable to switch to web: access denied", 2)?;
            world.expect("messages", svscan.err_lines().len(), 2)?;
            world.expect("arguments of each supervise", world.files.lines("ran"), ["web"])?;
            until_exits(world, "trace", &["111"; 2])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/limits/exits-111-in-a-child-that-fails",
        requirements: &["SCAN-14"],
        uses: &[SVSCAN, STRACE],
        does: "Lists a service with a log, and makes duplicating descriptors fail in the children of svscan, or gives it no \
               supervise in PATH. Each child prints why it cannot run supervise and exits 111.",
        run: |world| {
            let (web, _) = world.scan("other")?.service_with_log("web", "", "")?;
            let duplicates = "?dup,?dup2,?dup3,fcntl";
            let (trace, inject) = (format!("trace={duplicates}"), format!("inject={duplicates}:error=EMFILE"));
            let cases: [(&str, &[&str], [&str; 2]); 2] = [
                (
                    "descriptors",
                    &["-e", &trace, "-e", &inject],
                    [
                        "unable to set up descriptors for web/log: process cannot open more files",
                        "unable to set up descriptors for web: process cannot open more files",
                    ],
                ),
                (
                    "supervise",
                    &["-e", "trace=none"],
                    [
                        "unable to start supervise web/log: file does not exist",
                        "unable to start supervise web: file does not exist",
                    ],
                ),
            ];
            for (name, options, messages) in cases {
                let trace = format!("trace-{name}");
                let options = [&["-f", "-o", &trace], options].concat();
                // Where strace fails to make descriptors fail, there is no supervise either.
                let scan = world.scan(name)?;
                scan.list(&web, "web")?;
                let svscan = world.traced(&options, "svscan")?.arg(name).env("PATH", "/no/such/directory").start()?;
                let messages = messages.map(|message| format!("svscan: warning: {message}"));
                world.until("messages", messages.to_vec(), || {
                    let mut lines = svscan.err_lines();
                    lines.sort();
                    Ok(lines)
                })?;
                until_exits(world, &trace, &["111"; 2])?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/limits/warns-when-it-cannot-fork",
        requirements: &["SCAN-13b"],
        uses: &[SVSCAN, STRACE],
        does: "Makes svscan fail to fork. It warns of the service at each scan, does not warn of its log, and keeps running.",
        run: |world| {
            let scan = world.scan("scan")?;
            scan.service_with_log("web", "", "")?;
            let svscan = without_forks(world, "")?;
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
        id: "svscan/limits/warns-when-it-cannot-fork-for-a-log",
        requirements: &["SCAN-13", "SCAN-13b"],
        uses: &[SVSCAN, SUPERVISE, STRACE],
        does: "Makes the second fork of svscan fail, which is the one for the log of a service. It warns of `N/log`, and \
               starts the log at the next scan.",
        run: |world| {
            let scan = world.scan("scan")?;
            let (web, log) = scan.service_with_log("web", "", "")?;
            let began = world.monotonic();
            let svscan = without_forks(world, ":when=2")?;
            svscan.until_lines("svscan: warning: unable to fork for web/log: temporary failure", 1)?;
            let (first, second) = (web.start_after(1, began)?, log.start_after(1, began)?);
            world.expect_that("when the log is started", second >= NEXT_SCAN, "after the next scan", second)?;
            let between = second.saturating_sub(first);
            world.expect_between("from the service to its log", between, Duration::ZERO, WITHIN_A_SCAN)?;
            world.expect("messages", svscan.err_lines().len(), 1)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/limits/serves-a-thousand-directories",
        requirements: &["SCAN-12"],
        uses: &[SVSCAN, SUPERVISE, SVSTAT],
        does: "Lists 1000 directories with a file `down`, so that no ./run costs the machine time. svstat prints of each that \
               it is down: a supervise is running there.",
        run: |world| {
            for number in 0..MOST_SERVICES {
                world.files.make_directory(format!("scan/{number}"))?;
                world.files.write(format!("scan/{number}/down"), "")?;
            }
            world.command("svscan").arg("scan").start()?;
            for first in 0..SAMPLES {
                // Spread over any order in which svscan may start them.
                let sample = (first..MOST_SERVICES).step_by(SAMPLES);
                let names: Vec<String> = sample.map(|number| format!("scan/{number}")).collect();
                let down = || -> Result<usize, Failure> {
                    let mut down = 0;
                    // A few at a time: a svstat that is a script takes a while for each.
                    for names in names.chunks(5) {
                        let lines = world.command("svstat").args(names).run()?.out;
                        let statuses =
                            lines.split("\\n").zip(names).filter_map(|(line, name)| Status::parse(line, name));
                        down += statuses.filter(|status| status.pid.is_none()).count();
                    }
                    Ok(down)
                };
                // Most start while the first sample is watched. In steps, because a busy machine may take long for all.
                let steps = if first == 0 { 5 } else { 1 };
                for enough in (1..=steps).map(|step| names.len() * step / steps) {
                    let what = format!("services {first}, {}, ... that are down", first + SAMPLES);
                    world.until_some(&what, &format!("{enough} or more"), || {
                        let down = down()?;
                        Ok(if down >= enough { Ok(()) } else { Err(down.to_string()) })
                    })?;
                }
            }
            Ok(())
        },
        deadline: Duration::from_secs(80),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/limits/warns-beyond-a-thousand-directories",
        requirements: &["SCAN-12b"],
        uses: &[SVSCAN],
        does: "Lists 1003 directories without a supervise in PATH, so that svscan prints a message for each. For 1000 there \
               is no supervise, and for the other three it runs too many services.",
        run: |world| {
            for number in 0..MOST_SERVICES + 3 {
                world.files.make_directory(format!("scan/{number}"))?;
            }
            let svscan = world.command("svscan").arg("scan").env("PATH", "/no/such/directory").start()?;
            let messages = || {
                let count = |end: &str| svscan.err().matches(end).count();
                (count(": file does not exist\\n"), count(": running too many services\\n"))
            };
            world.until("directories tried or refused", MOST_SERVICES + 3, || {
                let (tried, refused) = messages();
                Ok(tried + refused)
            })?;
            world.expect("directories tried and refused", messages(), (MOST_SERVICES, 3))?;
            let refused = svscan.err_lines().into_iter().filter(|line| line.ends_with(": running too many services"));
            let form =
                |line: &String| line.starts_with("svscan: warning: unable to start ") && !line.contains("supervise");
            world.expect("lines of that form", refused.filter(form).count(), 3)
        },
        ..Scenario::ORDINARY
    },
];

/// The longest time until the next scan, with what a busy machine may add.
const WITHIN_A_SCAN: Duration = Duration::from_secs(7);

/// The shortest time between two scans, rounded down.
const NEXT_SCAN: Duration = Duration::from_millis(4900);

/// How long what must not happen is watched for.
const A_WHILE: Duration = Duration::from_millis(250);

/// The limit of the original.
const MOST_SERVICES: usize = 1000;

/// How many calls of svstat look at that many services: few enough for a slow svstat, and many enough for a quick one.
const SAMPLES: usize = 40;

/// The result of a search in PATH.
#[derive(Debug, Clone, Copy)]
enum Found {
    /// The script of this directory was run.
    Script(&'static str),
    /// The warning, with this phrase.
    Nothing(&'static str),
}

/// Makes `count` services with logs.
fn services_with_logs(scan: &Scan, count: usize) -> Result<Vec<[Service; 2]>, Failure> {
    let pair = |number| scan.service_with_log(&format!("web-{number}"), "", "").map(|(web, log)| [web, log]);
    (0..count).map(pair).collect()
}

/// Starts svscan with a limit of `limit` descriptors as prlimit takes it: a soft one as `16:`, or one that svscan cannot raise
/// by itself as `16`.
#[track_caller]
fn with_descriptors(world: &World, limit: &str) -> Result<Running, Failure> {
    let prlimit = world.program(tool("prlimit").unwrap_or_default()).arg(format!("--nofile={limit}"));
    prlimit.arg(world.commands().join("svscan")).arg("scan").start()
}

/// Sets the soft limit of the descriptors of `svscan`.
#[track_caller]
fn raise_descriptors(world: &World, svscan: &Running, limit: u32) -> Outcome {
    let prlimit = world.program(tool("prlimit").unwrap_or_default());
    let ran = prlimit.args(["--pid", &svscan.pid.to_string(), &format!("--nofile={limit}:")]).run()?;
    world.expect("prlimit", ran.exit.as_str(), "exit 0")
}

/// Starts svscan on `scan`. Its forks fail, or those that `when` selects, an expression of strace.
#[track_caller]
fn without_forks(world: &World, when: &str) -> Result<Running, Failure> {
    let (trace, inject) = (format!("trace={FORKS}"), format!("inject={FORKS}:error=EAGAIN{when}"));
    world.traced(&["-o", "/dev/null", "-e", &trace, "-e", &inject], "svscan")?.arg("scan").start()
}

/// Waits until the file `trace` of strace has these exit codes, and no other.
#[track_caller]
fn until_exits(world: &World, trace: &str, codes: &[&str]) -> Outcome {
    world.until("exit codes of svscan's children", codes.to_vec(), || {
        let code = |line: &String| Some(line.split_once("+++ exited with ")?.1.strip_suffix(" +++")?.to_owned());
        Ok(world.files.lines(trace).iter().filter_map(code).collect::<Vec<_>>())
    })
}
