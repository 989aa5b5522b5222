//! svscan: services with a log.

use crate::observe::process;
use crate::probe::What;
use crate::scenario::{Need, Outcome, Scenario, Stopped};
use crate::world::{Exit, Running, SCAN, Service, World};
use nix::sys::signal::Signal;
use std::collections::BTreeMap;
use std::time::Duration;

const NEEDS: &[Need] = &[Need::Command("svscan"), Need::Command("supervise")];
const WITH_SVC: &[Need] = &[Need::Command("svscan"), Need::Command("supervise"), Need::Command("svc")];

/// How long what must not happen is watched for.
const A_WHILE: Duration = Duration::from_millis(250);
/// What a log's probe does: [`collected`] reads it.
const COLLECT: &str = "collect lines";

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svscan/log-reads-the-stdout-of-its-service",
        requirements: &["SCAN-07"],
        needs: NEEDS,
        does: "Lists a service with a log and one whose log is a link to a directory elsewhere: what the service prints is \
               what the log reads, its stderr is svscan's, and the log's stdout is svscan's too.",
        run: log_reads_the_stdout_of_its_service,
    },
    Scenario {
        id: "svscan/log-is-told-log-and-runs-in-its-service",
        requirements: &["SCAN-06", "SCAN-07"],
        needs: NEEDS,
        does: "Looks at both supervises of a service with a log: their parent is svscan, their arguments are `supervise N` \
               and `supervise log`, and messages of the second say `log/run`.",
        run: log_is_told_log_and_runs_in_its_service,
    },
    Scenario {
        id: "svscan/log-loses-no-line-when-both-sides-die",
        requirements: &["SCAN-08"],
        needs: WITH_SVC,
        does: "Kills the log's supervise and its logger, lets the service print on, then kills the service's side too: \
               after the next scan, and after a TERM to both, every line that any of the services printed was read once.",
        run: log_loses_no_line_when_both_sides_die,
    },
    Scenario {
        id: "svscan/log-sees-no-end-while-svscan-lives",
        requirements: &["SCAN-08", "SCAN-16"],
        needs: WITH_SVC,
        does: "Ends a service that has a log, and its supervise: the logger reads on. Kills svscan: that logger comes to \
               the end of its input, while another service and its logger keep their pipe, until that service ends.",
        run: log_sees_no_end_while_svscan_lives,
    },
    Scenario {
        id: "svscan/log-may-be-of-any-type",
        requirements: &["SCAN-07", "SCAN-04"],
        needs: NEEDS,
        does: "Lists services whose `log` is a file, a dangling link and a link to itself: the first gets a pipe and a \
               supervise that fails at each scan, the second has no log, the third is warned of at each scan and not \
               started.",
        run: log_may_be_of_any_type,
    },
    Scenario {
        id: "svscan/log-pipe-outlasts-a-failed-fork",
        requirements: &["SCAN-08", "SCAN-10", "SCAN-13"],
        needs: &[Need::Command("svscan"), Need::Command("supervise"), Need::Tool("strace")],
        does: "Ends both sides of a listed service, with a line in the pipe, and has svscan fail to fork at its next scan: \
               the logger that is started by the scan after that reads the line.",
        run: log_pipe_outlasts_a_failed_fork,
    },
    Scenario {
        id: "svscan/log-pipe-outlasts-a-scan-that-fails",
        requirements: &["SCAN-08", "SCAN-15"],
        needs: &[Need::Command("svscan")],
        does: "Has both sides of a service end, with a line in the pipe, and makes the directory unreadable for a scan of \
               an ordinary user's svscan: the logger that is started by the scan after that reads the line.",
        run: log_pipe_outlasts_a_scan_that_fails,
    },
    Scenario {
        id: "svscan/log-is-looked-for-once",
        requirements: &["SCAN-09", "SCAN-10"],
        needs: WITH_SVC,
        does: "Makes a log for two running services and takes away that of a third: at the next scan the first has none \
               and the supervise of the last fails. The second is removed, ended and listed again: it has its log.",
        run: log_is_looked_for_once,
    },
    Scenario {
        id: "svscan/log-keeps-its-pipe-while-one-side-lives",
        requirements: &["SCAN-10", "SCAN-08"],
        needs: WITH_SVC,
        does: "Removes two services with logs, ends only the service of one and only the log of the other, and lists both \
               again after a scan: what was left alone is the same process, and the new one is at the other end of its \
               pipe.",
        run: log_keeps_its_pipe_while_one_side_lives,
    },
];

/// The lines that a log's probe has read.
fn collected(world: &World, log: &Service) -> Vec<String> {
    world.lines(log.directory.join("lines"))
}

/// What descriptor `number` of a running service is open on.
#[track_caller]
fn open_on(world: &World, service: &Service, number: i32) -> Result<String, Stopped> {
    Ok(process::descriptors(world.until_up(service)?).remove(&number).unwrap_or_default())
}

/// Expects the stdout of `service` to lead to the stdin of `log`. Returns the pipe.
#[track_caller]
fn expect_pipe(world: &World, service: &Service, log: &Service) -> Result<String, Stopped> {
    let pipe = open_on(world, service, 1)?;
    world.expect_that("stdout of the service", pipe.starts_with("pipe:"), "a pipe", &pipe)?;
    world.expect("stdin of the log", open_on(world, log, 0)?, pipe.clone())?;
    Ok(pipe)
}

fn log_reads_the_stdout_of_its_service(world: &World) -> Outcome {
    let script = "#!/bin/sh\necho out\necho err >&2\nexec sleep 1000\n";
    let web = world.scripted("web", script)?;
    world.list(&web, "scan/web")?;
    let dns = world.listed("dns", "say out")?;
    let web_log = world.service("web/log", &format!("{COLLECT}\nsay logging"))?;
    let dns_log = world.service("elsewhere", COLLECT)?;
    world.link("../elsewhere", "dns/log")?;
    let svscan = world.svscan(SCAN)?;
    for (service, log) in [(&web, &web_log), (&dns, &dns_log)] {
        world.until(&format!("lines that {} read", log.name), vec!["out"], || Ok(collected(world, log)))?;
        expect_pipe(world, service, log)?;
    }
    let said = || Ok((svscan.out(), svscan.err()));
    world.until("svscan's output", ("logging\\n".to_owned(), "err\\n".to_owned()), said)
}

fn log_is_told_log_and_runs_in_its_service(world: &World) -> Outcome {
    let (web, log) = world.listed_with_log("web", "", "")?;
    let bare = world.bare_service("bare/log")?;
    world.list(&Service { name: "bare".to_owned(), directory: world.path("bare") }, "scan/bare")?;
    let svscan = world.svscan(SCAN)?;
    for (service, argument) in [(&web, "web"), (&log, "log")] {
        world.expect_supervise(service, svscan.pid, argument)?;
    }
    world.until_supervised(&bare)?;
    for name in ["bare", "log"] {
        let message = format!("supervise: fatal: unable to start {name}/run: file does not exist");
        world.until_lines(&svscan, &message, 1)?;
    }
    Ok(())
}

/// Ends one side until the next scan: kills its supervise, and then has its probe follow `orders` or, if there are
/// none, kills it too.
fn kill_side(world: &World, side: &Service, orders: &[&str]) -> Outcome {
    let pid = world.until_up(side)?;
    world.kill_child(world.supervise_of(side)?, Signal::SIGKILL)?;
    match orders {
        [] => world.signal(pid, Signal::SIGTERM)?,
        orders => orders.iter().try_for_each(|order| world.order(side, order))?,
    }
    world.until(&format!("the process {pid}"), None, || Ok(process::Process::look(pid)))
}

/// Fails unless the numbers in `lines` are, for each process that counted, all from 0 on, in order. Returns how many
/// processes there were, and the other lines.
#[track_caller]
fn expect_all_numbers(world: &World, lines: &[String]) -> Result<(usize, Vec<String>), Stopped> {
    let mut next: BTreeMap<&str, u64> = BTreeMap::new();
    let mut others = vec![];
    for line in lines {
        let Some((pid, number)) = line.split_once(' ').filter(|(pid, _)| pid.parse::<i32>().is_ok()) else {
            others.push(line.clone());
            continue;
        };
        let wanted = next.entry(pid).or_default();
        if number != wanted.to_string() {
            world.expect(&format!("the next number of {pid}"), number, &*wanted.to_string())?;
        }
        *wanted += 1;
    }
    Ok((next.len(), others))
}

fn log_loses_no_line_when_both_sides_die(world: &World) -> Outcome {
    let (web, log) = world.listed_with_log("web", "count 10", COLLECT)?;
    world.svscan(SCAN)?;
    let has_read =
        |line: String| world.until(&format!("{line:?} was read"), true, || Ok(collected(world, &log).contains(&line)));
    let first = world.until_up(&web)?;
    has_read(format!("{first} 9"))?;
    kill_side(world, &log, &[])?;
    // Nobody reads. The service, and then nobody but svscan, has these lines in the pipe.
    kill_side(world, &web, &["say with no logger", "exit 0"])?;
    has_read("with no logger".to_owned())?;
    let second = world.until_other_pid(&web, first)?;
    has_read(format!("{second} 9"))?;
    for side in [&log, &web] {
        let old = world.until_up(side)?;
        world.svc("-t", side)?;
        world.until_other_pid(side, old)?;
    }
    has_read(format!("{} 9", world.until_up(&web)?))?;
    let (services, others) = expect_all_numbers(world, &collected(world, &log))?;
    world.expect("services that counted, and other lines", (services, others), (3, vec!["with no logger".to_owned()]))
}

fn log_pipe_outlasts_a_failed_fork(world: &World) -> Outcome {
    let (web, log) = world.listed_with_log("web", "", COLLECT)?;
    // The first two forks are those of the first scan.
    let forks = "?clone,?clone3,?fork,?vfork";
    let (trace, inject) = (format!("trace={forks}"), format!("inject={forks}:error=EAGAIN:when=3"));
    let svscan = world.traced(&["-o", "/dev/null", "-e", &trace, "-e", &inject], "svscan")?.arg(SCAN).start()?;
    world.until_started(&[&web, &log])?;
    kill_side(world, &log, &[])?;
    kill_side(world, &web, &["say with no logger", "exit 0"])?;
    world.until_lines(&svscan, "svscan: warning: unable to fork for web: temporary failure", 1)?;
    world.until_starts(&log, 2)?;
    world.until("lines that the log read", vec!["with no logger"], || Ok(collected(world, &log)))?;
    world.expect("messages", svscan.err_lines().len(), 1)
}

fn log_pipe_outlasts_a_scan_that_fails(world: &World) -> Outcome {
    let web = world.bare_service("web")?;
    world.make_directory("web/log")?;
    world.list(&web, "scan/web")?;
    world.make_directory("commands")?;
    let supervise = "#!/bin/sh\necho \"$1\" >>\"$WORLD/ran\"\ncase $1 in\nlog) [ ! -e \"$WORLD/read\" ] || exec cat \
                     >>\"$WORLD/lines\" ;;\n*) echo said ;;\nesac\n";
    world.write_script("commands/supervise", supervise)?;
    for file in ["ran", "lines"] {
        world.write_file(file, "")?;
        world.set_mode(file, 0o666)?;
    }
    let path = format!("{}:/usr/bin:/bin", world.path("commands").display());
    let svscan = world.ordinary(&[], "svscan")?.arg(SCAN).env("PATH", path).env("WORLD", world.directory()).start()?;
    world.until("sides that were started", 2, || Ok(world.lines("ran").len()))?;
    world.until("svscan's children", 0, || Ok(process::Process::children(svscan.pid).len()))?;
    world.write_file("read", "")?;
    world.set_mode(SCAN, 0o311)?;
    world.until_lines(&svscan, "svscan: warning: unable to read directory: access denied", 1)?;
    world.set_mode(SCAN, 0o755)?;
    world.until("lines that the log read", vec!["said", "said"], || Ok(world.lines("lines")))
}

/// How the probe of `service` has ended so far.
fn ends(world: &World, service: &Service) -> Vec<String> {
    let ends = world.events(service).into_iter().map(|event| match event.what {
        What::End(how) => Some(how),
        What::Start(_) | What::Signal(_) => None,
    });
    ends.flatten().collect()
}

fn log_sees_no_end_while_svscan_lives(world: &World) -> Outcome {
    let (web, web_log) = world.listed_with_log("web", "count 10", COLLECT)?;
    let (gone, gone_log) = world.listed_with_log("gone", "say before", COLLECT)?;
    let svscan = world.svscan(SCAN)?;
    world.until_started(&[&web, &web_log])?;
    world.until("lines of the service", vec!["before"], || Ok(collected(world, &gone_log)))?;
    // With the link gone, no scan starts it again.
    world.remove("scan/gone")?;
    world.svc("-dx", &gone)?;
    world.until_unsupervised(&gone)?;
    world.stays("ends of the logger", vec![""; 0], A_WHILE, || Ok(ends(world, &gone_log)))?;

    world.expect("svscan", world.kill(&svscan, Signal::SIGTERM)?, Exit::Signal(Signal::SIGTERM as i32))?;
    let first_end = |log: &Service| ends(world, log).into_iter().next();
    world.until("the logger's end", Some("exit 0".to_owned()), || Ok(first_end(&gone_log)))?;
    let read = collected(world, &web_log).len();
    world.until("the other logger reads on", true, || Ok(collected(world, &web_log).len() > read + 5))?;
    world.expect("its ends", ends(world, &web_log), vec![""; 0])?;
    world.svc("-dx", &web)?;
    world.until("its end, with its service", Some("exit 0".to_owned()), || Ok(first_end(&web_log)))?;
    let (services, _) = expect_all_numbers(world, &collected(world, &web_log))?;
    world.expect("services that counted", services, 1)
}

fn log_may_be_of_any_type(world: &World) -> Outcome {
    let [file, dangling, looping] = ["file", "dangling", "looping"].map(|name| world.listed(name, "say hello"));
    let (file, dangling, looping) = (file?, dangling?, looping?);
    world.write_file("file/log", "")?;
    world.link("nowhere", "dangling/log")?;
    world.link("log", "looping/log")?;
    let svscan = world.svscan(SCAN)?;
    let stdout = open_on(world, &file, 1)?;
    world.expect_that("stdout of the one with a file", stdout.starts_with("pipe:"), "a pipe", &stdout)?;
    world.until_up(&dangling)?;
    // A pipe would have swallowed it.
    world.until("svscan's stdout", "hello\\n", || Ok(svscan.out()))?;
    for times in [1, 2] {
        world.until_lines(&svscan, "supervise: fatal: unable to chdir to log: not a directory", times)?;
        world.until_lines(&svscan, "svscan: warning: unable to stat looping/log: symbolic link loop", times)?;
    }
    world.stays("what cannot be examined is supervised", false, A_WHILE, || Ok(world.was_supervised(&looping)))?;
    world.expect("messages", svscan.err_lines().len(), 4)
}

fn log_is_looked_for_once(world: &World) -> Outcome {
    let [web, dns] = ["web", "dns"].map(|name| world.listed(name, ""));
    let (web, dns) = (web?, dns?);
    let (ftp, ftp_log) = world.listed_with_log("ftp", "", COLLECT)?;
    world.mark_scans(SCAN)?;
    let svscan = world.svscan(SCAN)?;
    world.until_started(&[&web, &dns, &ftp, &ftp_log])?;
    let [web_log, dns_log] = ["web/log", "dns/log"].map(|name| world.service(name, COLLECT));
    let (web_log, dns_log) = (web_log?, dns_log?);
    kill_side(world, &ftp_log, &[])?;
    world.rename("ftp/log", "ftp/no-log")?;
    world.remove("scan/dns")?;
    for service in [&web, &dns] {
        world.svc("-dx", service)?;
        world.until_unsupervised(service)?;
    }
    // Two of the three come to the second scan with one side dead.
    world.until_starts(&web, 2)?;
    world.until_lines(&svscan, "supervise: fatal: unable to chdir to log: file does not exist", 1)?;
    world.until_scans(&svscan, 2)?;
    let stdout = process::descriptors(svscan.pid).remove(&1).unwrap_or_default();
    world.expect("stdout of the one that had no log", open_on(world, &web, 1)?, stdout)?;
    let supervised = || Ok([&web_log, &dns_log].map(|log| world.was_supervised(log)));
    world.stays("the new logs are supervised", [false; 2], A_WHILE, supervised)?;

    world.plan(&dns, "say hello")?;
    world.list(&dns, "scan/dns")?;
    world.until("lines that the log read", vec!["hello"], || Ok(collected(world, &dns_log)))?;
    expect_pipe(world, &dns, &dns_log)?;
    world.expect("the other log is supervised", world.was_supervised(&web_log), false)
}

fn log_keeps_its_pipe_while_one_side_lives(world: &World) -> Outcome {
    let (web, web_log) = world.listed_with_log("web", "", COLLECT)?;
    let (dns, dns_log) = world.listed_with_log("dns", "count 10", COLLECT)?;
    world.mark_scans(SCAN)?;
    let svscan = world.svscan(SCAN)?;
    world.until_started(&[&web, &web_log, &dns, &dns_log])?;
    let pipes = [expect_pipe(world, &web, &web_log)?, expect_pipe(world, &dns, &dns_log)?];
    let left = [world.until_up(&web_log)?, world.until_up(&dns)?];
    for (name, ended) in [("web", &web), ("dns", &dns_log)] {
        world.remove(format!("{SCAN}/{name}"))?;
        world.svc("-dx", ended)?;
        world.until_unsupervised(ended)?;
    }
    until_scanned_without(world, &svscan, &[&web, &dns_log])?;
    world.plan(&web, "say again")?;
    world.list(&web, "scan/web-again")?;
    world.list(&dns, "scan/dns-again")?;
    world.until_starts(&web, 2)?;
    world.until_starts(&dns_log, 2)?;
    let now = [expect_pipe(world, &web, &web_log)?, expect_pipe(world, &dns, &dns_log)?];
    world.expect("their pipes", &now, &pipes)?;
    world.expect("what was left alone", [world.until_up(&web_log)?, world.until_up(&dns)?], left)?;
    world.until("lines that the log read", vec!["again"], || Ok(collected(world, &web_log)))?;
    let old = format!("{} 9", left[1]);
    world.until("the other log reads on", true, || Ok(collected(world, &dns_log).len() > 100))?;
    world.expect("its lines hold the first", collected(world, &dns_log).contains(&old), true)?;
    expect_all_numbers(world, &collected(world, &dns_log)).map(|_| ())
}

/// Waits for the second scan, which leaves `services` without a supervise.
#[track_caller]
fn until_scanned_without(world: &World, svscan: &Running, services: &[&Service]) -> Outcome {
    world.until_scans(svscan, 2)?;
    let supervised = || Ok(services.iter().filter(|service| world.is_supervised(service)).count());
    world.stays("what was ended is supervised", 0, A_WHILE, supervised)
}
