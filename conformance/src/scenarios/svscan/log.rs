//! svscan: services with a log.

use crate::observe::process::{self};
use crate::outcome::{Failure, Outcome};
use crate::probe::What;
use crate::scenario::{STRACE, SUPERVISE, SVC, SVSCAN, Scenario};
use crate::world::{Exit, Running, Scan, Service, World};
use nix::sys::signal::Signal;
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svscan/log/reads-the-stdout-of-its-service",
        requirements: &["SCAN-07"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Lists a service with a log and one whose log is a link to a directory elsewhere: what the service prints is \
               what the log reads, its stderr is svscan's, and the log's stdout is svscan's too.",
        run: |world| {
            let scan = world.scan("scan")?;
            let script = "#!/bin/sh\necho out\necho err >&2\nexec sleep 1000\n";
            let web = world.scripted("web", script)?;
            scan.list(&web, "web")?;
            let dns = scan.service("dns", "say out")?;
            let web_log = world.service("web/log", &format!("{COLLECT}\nsay logging"))?;
            let dns_log = world.service("elsewhere", COLLECT)?;
            world.files.link("../elsewhere", "dns/log")?;
            let svscan = scan.svscan()?;
            for (service, log) in [(&web, &web_log), (&dns, &dns_log)] {
                world.until(&format!("lines that {} read", log.name), vec!["out"], || Ok(collected(world, log)))?;
                expect_pipe(world, service, log)?;
            }
            let said = || Ok((svscan.out(), svscan.err()));
            world.until("svscan's output", ("logging\\n".to_owned(), "err\\n".to_owned()), said)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/log/is-told-log-and-runs-in-its-service",
        requirements: &["SCAN-06", "SCAN-07", "SCAN-07b"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Looks at both supervises of a service with a log: their parent is svscan, their arguments are `supervise N` \
               and `supervise log`, and messages of the second say `log/run`.",
        run: |world| {
            let scan = world.scan("scan")?;
            let (web, log) = scan.service_with_log("web", "", "")?;
            let bare = world.bare_service("bare/log")?;
            scan.list(&world.service_called("bare"), "bare")?;
            let svscan = scan.svscan()?;
            for (service, argument) in [(&web, "web"), (&log, "log")] {
                service.expect_supervise(svscan.pid, argument)?;
            }
            bare.until_supervised()?;
            for name in ["bare", "log"] {
                let message = format!("supervise: fatal: unable to start {name}/run: file does not exist");
                svscan.until_lines(&message, 1)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/log/loses-no-line-when-both-sides-die",
        requirements: &["SCAN-08"],
        uses: &[SVSCAN, SUPERVISE, SVC],
        does: "Kills the log's supervise and its logger, lets the service print on, then kills the service's side too: \
               after the next scan, and after a TERM to both, every line that any of the services printed was read once.",
        run: |world| {
            let scan = world.scan("scan")?;
            let (web, log) = scan.service_with_log("web", "count 10", COLLECT)?;
            scan.svscan()?;
            let has_read = |line: String| {
                world.until(&format!("{line:?} was read"), true, || Ok(collected(world, &log).contains(&line)))
            };
            let first = web.until_up()?;
            has_read(format!("{first} 9"))?;
            kill_side(world, &log, &[])?;
            // Nobody reads. The service, and then nobody but svscan, has these lines in the pipe.
            kill_side(world, &web, &["say with no logger", "exit 0"])?;
            has_read("with no logger".to_owned())?;
            let second = web.until_other_pid(first)?;
            has_read(format!("{second} 9"))?;
            for side in [&log, &web] {
                let old = side.until_up()?;
                side.svc("-t")?;
                side.until_other_pid(old)?;
            }
            has_read(format!("{} 9", web.until_up()?))?;
            let (services, others) = expect_all_numbers(world, &collected(world, &log))?;
            world.expect(
                "services that counted, and other lines",
                (services, others),
                (3, vec!["with no logger".to_owned()]),
            )
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/log/sees-no-end-while-svscan-lives",
        requirements: &["SCAN-08", "SCAN-08b", "SCAN-16"],
        uses: &[SVSCAN, SUPERVISE, SVC],
        does: "Ends a service that has a log, and its supervise: the logger reads on. Kills svscan: that logger comes to \
               the end of its input, while another service and its logger keep their pipe, until that service ends.",
        run: |world| {
            let scan = world.scan("scan")?;
            let (web, web_log) = scan.service_with_log("web", "count 10", COLLECT)?;
            let (gone, gone_log) = scan.service_with_log("gone", "say before", COLLECT)?;
            let svscan = scan.svscan()?;
            [&web, &web_log].iter().try_for_each(|service| service.until_started())?;
            world.until("lines of the service", vec!["before"], || Ok(collected(world, &gone_log)))?;
            // With the link gone, no scan starts it again.
            world.files.remove("scan/gone")?;
            gone.svc("-dx")?;
            gone.until_unsupervised()?;
            world.stays("ends of the logger", vec![""; 0], A_WHILE, || Ok(ends(world, &gone_log)))?;

            world.expect("svscan", svscan.kill(Signal::SIGTERM)?, Exit::Signal(Signal::SIGTERM as i32))?;
            let first_end = |log: &Service| ends(world, log).into_iter().next();
            world.until("the logger's end", Some("exit 0".to_owned()), || Ok(first_end(&gone_log)))?;
            let read = collected(world, &web_log).len();
            world.until("the other logger reads on", true, || Ok(collected(world, &web_log).len() > read + 5))?;
            world.expect("its ends", ends(world, &web_log), vec![""; 0])?;
            web.svc("-dx")?;
            world.until("its end, with its service", Some("exit 0".to_owned()), || Ok(first_end(&web_log)))?;
            let (services, _) = expect_all_numbers(world, &collected(world, &web_log))?;
            world.expect("services that counted", services, 1)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/log/may-be-of-any-type",
        requirements: &["SCAN-07", "SCAN-07b", "SCAN-04"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Lists services whose `log` is a file, a dangling link and a link to itself: the first gets a pipe and a \
               supervise that fails at each scan, the second has no log, the third is warned of at each scan and not \
               started.",
        run: |world| {
            let scan = world.scan("scan")?;
            let [file, dangling, looping] = ["file", "dangling", "looping"].map(|name| scan.service(name, "say hello"));
            let (file, dangling, looping) = (file?, dangling?, looping?);
            world.files.write("file/log", "")?;
            world.files.link("nowhere", "dangling/log")?;
            world.files.link("log", "looping/log")?;
            let svscan = scan.svscan()?;
            let stdout = open_on(world, &file, 1)?;
            world.expect_that("stdout of the one with a file", stdout.starts_with("pipe:"), "a pipe", &stdout)?;
            dangling.until_up()?;
            // A pipe would have swallowed it.
            world.until("svscan's stdout", "hello\\n", || Ok(svscan.out()))?;
            for times in [1, 2] {
                svscan.until_lines("supervise: fatal: unable to chdir to log: not a directory", times)?;
                svscan.until_lines("svscan: warning: unable to stat looping/log: symbolic link loop", times)?;
            }
            world.stays("what cannot be examined is supervised", false, A_WHILE, || Ok(looping.was_supervised()))?;
            world.expect("messages", svscan.err_lines().len(), 4)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/log/pipe-outlasts-a-failed-fork",
        requirements: &["SCAN-08", "SCAN-08b", "SCAN-10", "SCAN-13", "SCAN-13b"],
        uses: &[SVSCAN, SUPERVISE, STRACE],
        does: "Ends both sides of a listed service, with a line in the pipe, and has svscan fail to fork at its next scan: \
               the logger that is started by the scan after that reads the line.",
        run: |world| {
            let scan = world.scan("scan")?;
            let (web, log) = scan.service_with_log("web", "", COLLECT)?;
            // The first two forks are those of the first scan.
            let forks = "?clone,?clone3,?fork,?vfork";
            let (trace, inject) = (format!("trace={forks}"), format!("inject={forks}:error=EAGAIN:when=3"));
            let svscan =
                world.traced(&["-o", "/dev/null", "-e", &trace, "-e", &inject], "svscan")?.arg("scan").start()?;
            [&web, &log].iter().try_for_each(|service| service.until_started())?;
            kill_side(world, &log, &[])?;
            kill_side(world, &web, &["say with no logger", "exit 0"])?;
            svscan.until_lines("svscan: warning: unable to fork for web: temporary failure", 1)?;
            log.until_starts(2)?;
            world.until("lines that the log read", vec!["with no logger"], || Ok(collected(world, &log)))?;
            world.expect("messages", svscan.err_lines().len(), 1)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/log/pipe-outlasts-a-scan-that-fails",
        requirements: &["SCAN-08", "SCAN-08b", "SCAN-15"],
        uses: &[SVSCAN],
        does: "Has both sides of a service end, with a line in the pipe, and makes the directory unreadable for a scan of \
               an ordinary user's svscan: the logger that is started by the scan after that reads the line.",
        run: |world| {
            let scan = world.scan("scan")?;
            let web = world.bare_service("web")?;
            world.files.make_directory("web/log")?;
            scan.list(&web, "web")?;
            world.files.make_directory("commands")?;
            let supervise = "#!/bin/sh\necho \"$1\" >>\"$WORLD/ran\"\ncase $1 in\nlog) [ ! -e \"$WORLD/read\" ] || exec cat \
                     >>\"$WORLD/lines\" ;;\n*) echo said ;;\nesac\n";
            world.files.write_script("commands/supervise", supervise)?;
            for file in ["ran", "lines"] {
                world.files.write(file, "")?;
                world.files.set_mode(file, 0o666)?;
            }
            let path = format!("{}:/usr/bin:/bin", world.path("commands").display());
            let svscan = world
                .bound_by_modes("svscan")?
                .arg("scan")
                .env("PATH", path)
                .env("WORLD", world.directory())
                .start()?;
            world.until("sides that were started", 2, || Ok(world.files.lines("ran").len()))?;
            world.until("svscan's children", 0, || Ok(process::Process::children(svscan.pid).len()))?;
            world.files.write("read", "")?;
            world.files.set_mode("scan", 0o311)?;
            svscan.until_lines("svscan: warning: unable to read directory: access denied", 1)?;
            world.files.set_mode("scan", 0o755)?;
            world.until("lines that the log read", vec!["said", "said"], || Ok(world.files.lines("lines")))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/log/is-looked-for-once",
        requirements: &["SCAN-09", "SCAN-10"],
        uses: &[SVSCAN, SUPERVISE, SVC],
        does: "Makes a log for two running services and takes away that of a third: at the next scan the first has none \
               and the supervise of the last fails. The second is removed, ended and listed again: it has its log.",
        run: |world| {
            let scan = world.scan("scan")?;
            let [web, dns] = ["web", "dns"].map(|name| scan.service(name, ""));
            let (web, dns) = (web?, dns?);
            let (ftp, ftp_log) = scan.service_with_log("ftp", "", COLLECT)?;
            scan.mark_scans()?;
            let svscan = scan.svscan()?;
            [&web, &dns, &ftp, &ftp_log].iter().try_for_each(|service| service.until_started())?;
            let [web_log, dns_log] = ["web/log", "dns/log"].map(|name| world.service(name, COLLECT));
            let (web_log, dns_log) = (web_log?, dns_log?);
            kill_side(world, &ftp_log, &[])?;
            world.files.rename("ftp/log", "ftp/no-log")?;
            world.files.remove("scan/dns")?;
            for service in [&web, &dns] {
                service.svc("-dx")?;
                service.until_unsupervised()?;
            }
            // Two of the three come to the second scan with one side dead.
            web.until_starts(2)?;
            svscan.until_lines("supervise: fatal: unable to chdir to log: file does not exist", 1)?;
            scan.until_scans(&svscan, 2)?;
            let stdout = process::descriptors(svscan.pid).remove(&1).unwrap_or_default();
            world.expect("stdout of the one that had no log", open_on(world, &web, 1)?, stdout)?;
            let supervised = || Ok([&web_log, &dns_log].map(|log| log.was_supervised()));
            world.stays("the new logs are supervised", [false; 2], A_WHILE, supervised)?;

            dns.plan("say hello")?;
            scan.list(&dns, "dns")?;
            world.until("lines that the log read", vec!["hello"], || Ok(collected(world, &dns_log)))?;
            expect_pipe(world, &dns, &dns_log)?;
            world.expect("the other log is supervised", web_log.was_supervised(), false)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/log/keeps-its-pipe-while-one-side-lives",
        requirements: &["SCAN-10", "SCAN-08", "SCAN-08b"],
        uses: &[SVSCAN, SUPERVISE, SVC],
        does: "Removes two services with logs, ends only the service of one and only the log of the other, and lists both \
               again after a scan: what was left alone is the same process, and the new one is at the other end of its \
               pipe.",
        run: |world| {
            let scan = world.scan("scan")?;
            let (web, web_log) = scan.service_with_log("web", "", COLLECT)?;
            let (dns, dns_log) = scan.service_with_log("dns", "count 10", COLLECT)?;
            scan.mark_scans()?;
            let svscan = scan.svscan()?;
            [&web, &web_log, &dns, &dns_log].iter().try_for_each(|service| service.until_started())?;
            let pipes = [expect_pipe(world, &web, &web_log)?, expect_pipe(world, &dns, &dns_log)?];
            let left = [web_log.until_up()?, dns.until_up()?];
            for (name, ended) in [("web", &web), ("dns", &dns_log)] {
                world.files.remove(format!("scan/{name}"))?;
                ended.svc("-dx")?;
                ended.until_unsupervised()?;
            }
            until_scanned_without(world, &scan, &svscan, &[&web, &dns_log])?;
            web.plan("say again")?;
            scan.list(&web, "web-again")?;
            scan.list(&dns, "dns-again")?;
            web.until_starts(2)?;
            dns_log.until_starts(2)?;
            let now = [expect_pipe(world, &web, &web_log)?, expect_pipe(world, &dns, &dns_log)?];
            world.expect("their pipes", &now, &pipes)?;
            world.expect("what was left alone", [web_log.until_up()?, dns.until_up()?], left)?;
            world.until("lines that the log read", vec!["again"], || Ok(collected(world, &web_log)))?;
            let old = format!("{} 9", left[1]);
            world.until("the other log reads on", true, || Ok(collected(world, &dns_log).len() > 100))?;
            world.expect("its lines hold the first", collected(world, &dns_log).contains(&old), true)?;
            expect_all_numbers(world, &collected(world, &dns_log)).map(|_| ())
        },
        ..Scenario::ORDINARY
    },
];

/// How long what must not happen is watched for.
const A_WHILE: Duration = Duration::from_millis(250);

/// What a log's probe does: [`collected`] reads it.
const COLLECT: &str = "collect lines";

/// The lines that a log's probe has read.
fn collected(world: &World, log: &Service) -> Vec<String> {
    world.files.lines(log.directory.join("lines"))
}

/// What descriptor `number` of a running service is open on.
#[track_caller]
fn open_on(_world: &World, service: &Service, number: i32) -> Result<String, Failure> {
    Ok(process::descriptors(service.until_up()?).remove(&number).unwrap_or_default())
}

/// Expects the stdout of `service` to lead to the stdin of `log`. Returns the pipe.
#[track_caller]
fn expect_pipe(world: &World, service: &Service, log: &Service) -> Result<String, Failure> {
    let pipe = open_on(world, service, 1)?;
    world.expect_that("stdout of the service", pipe.starts_with("pipe:"), "a pipe", &pipe)?;
    world.expect("stdin of the log", open_on(world, log, 0)?, pipe.clone())?;
    Ok(pipe)
}

/// Ends one side until the next scan: kills its supervise, and then has its probe follow `orders` or, if there are
/// none, kills it too.
fn kill_side(world: &World, side: &Service, orders: &[&str]) -> Outcome {
    let pid = side.until_up()?;
    world.kill(side.supervise_pid()?, Signal::SIGKILL)?;
    match orders {
        [] => world.signal(pid, Signal::SIGTERM)?,
        orders => orders.iter().try_for_each(|order| side.order(order))?,
    }
    world.until(&format!("the process {pid}"), None, || Ok(process::Process::look(pid)))
}

/// Fails unless the numbers in `lines` are, for each process that counted, all from 0 on, in order. Returns how many
/// processes there were, and the other lines.
#[track_caller]
fn expect_all_numbers(world: &World, lines: &[String]) -> Result<(usize, Vec<String>), Failure> {
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

/// How the probe of `service` has ended so far.
fn ends(_world: &World, service: &Service) -> Vec<String> {
    let ends = service.events().into_iter().map(|event| match event.what {
        What::End(how) => Some(how),
        What::Start(_) | What::Signal(_) => None,
    });
    ends.flatten().collect()
}

/// Waits for the second scan, which leaves `services` without a supervise.
#[track_caller]
fn until_scanned_without(world: &World, scan: &Scan, svscan: &Running, services: &[&Service]) -> Outcome {
    scan.until_scans(svscan, 2)?;
    let supervised = || Ok(world.supervised(services)?.into_iter().filter(|is_supervised| *is_supervised).count());
    world.stays("what was ended is supervised", 0, A_WHILE, supervised)
}
