//! svscan: services with a log.

use crate::observe::process::Process;
use crate::outcome::{Failure, Outcome};
use crate::scenario::{FEWER_RIGHTS, STRACE, SUPERVISE, SVC, SVOK, SVSCAN, SVSTAT, Scenario};
use crate::world::{Exit, FORKS, Service, World};
use nix::sys::signal::Signal;
use std::collections::BTreeMap;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svscan/log/reads-the-stdout-of-its-service",
        requirements: &["SCAN-07"],
        uses: &[SVSCAN, SUPERVISE, SVOK],
        does: "Lists a service with a log, and one whose log is a link to a directory elsewhere. svok finds a supervise for \
               each side, and each log reads what its service prints.",
        run: |world| {
            let scan = world.scan("scan")?;
            let (web, web_log) = scan.service_with_log("web", "say from web", COLLECT)?;
            let dns = scan.service("dns", "say from dns")?;
            let dns_log = world.service("elsewhere", COLLECT)?;
            world.files.link("../elsewhere", "dns/log")?;
            scan.svscan()?;
            for (service, log) in [(&web, &web_log), (&dns, &dns_log)] {
                let line = format!("from {}", service.name);
                world.until(&format!("lines that {} read", log.name), vec![line], || Ok(collected(world, log)))?;
                service.until_supervised()?;
                log.until_supervised()?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/log/does-not-read-stderr",
        requirements: &["SCAN-07b"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Lists a script with a log that prints to stdout and stderr. The log reads the first, svscan's stderr gets \
               the second, and svscan's stdout gets what the log prints.",
        run: |world| {
            let scan = world.scan("scan")?;
            let web = world.scripted("web", "#!/bin/sh\necho out\necho err >&2\nexec sleep 1000\n")?;
            scan.list(&web, "web")?;
            let log = world.service("web/log", &format!("{COLLECT}\nsay logging"))?;
            let svscan = scan.svscan()?;
            world.until("lines that the log read", vec!["out"], || Ok(collected(world, &log)))?;
            let output = || Ok((svscan.out(), svscan.err()));
            let wanted = ("logging\\n".to_owned(), "err\\n".to_owned());
            world.until("svscan's output", wanted.clone(), output)?;
            world.stays("svscan's output", wanted, A_WHILE, output)?;
            world.expect("lines that the log read", collected(world, &log), vec!["out"])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/log/runs-under-supervise-log",
        requirements: &["SCAN-06"],
        uses: &[SVSCAN, SUPERVISE, SVOK],
        does: "Lists a service with a log, and a log without ./run in a service without one. The arguments of the \
               supervises are `supervise N` and `supervise log`, and the messages of the latter name `log/run`.",
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
        uses: &[SVSCAN, SUPERVISE, SVC, SVSTAT],
        does: "Kills both processes of the log, lets the service print on, and kills the service and its supervise too. \
               After they have been started again, and after a TERM to both sides, the log has read every line once.",
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
            // With no reader, these lines stay in the pipe, which in the end only svscan holds open.
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
            world.expect("other lines", others, vec!["with no logger"])?;
            world.expect_that("services that counted", services >= 3, "3 or more", services)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/log/sees-no-end-while-svscan-lives",
        requirements: &["SCAN-08b", "SCAN-16"],
        uses: &[SVSCAN, SUPERVISE, SVC, SVOK],
        does: "Ends a service that has a log, and its supervise: the logger sees no end of input until svscan is killed. \
               Another logger reads on after that until its own service ends.",
        run: |world| {
            let scan = world.scan("scan")?;
            let (web, web_log) = scan.service_with_log("web", "count 10", COLLECT)?;
            let (gone, gone_log) = scan.service_with_log("gone", "say before", COLLECT)?;
            let svscan = scan.svscan()?;
            [&web, &web_log].iter().try_for_each(|service| service.until_started())?;
            world.until("lines of the service", vec!["before"], || Ok(collected(world, &gone_log)))?;
            // Without the link, no scan starts it again.
            scan.unlist("gone")?;
            gone.svc("-dx")?;
            gone.until_unsupervised()?;
            world.stays("ends of the logger", vec![""; 0], A_WHILE, || Ok(gone_log.ends()))?;

            world.expect("svscan", svscan.kill(Signal::SIGTERM)?, Exit::Signal(Signal::SIGTERM as i32))?;
            let first_end = |log: &Service| log.ends().into_iter().next();
            world.until("how the logger ends", Some("exit 0".to_owned()), || Ok(first_end(&gone_log)))?;
            let read = collected(world, &web_log).len();
            world.until("the other logger reads on", true, || Ok(collected(world, &web_log).len() > read + 5))?;
            world.expect("its ends", web_log.ends(), vec![""; 0])?;
            web.svc("-dx")?;
            world.until("how it ends after its service", Some("exit 0".to_owned()), || Ok(first_end(&web_log)))?;
            let (services, _) = expect_all_numbers(world, &collected(world, &web_log))?;
            world.expect("services that counted", services, 1)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/log/may-be-of-any-type",
        requirements: &["SCAN-07b"],
        uses: &[SVSCAN, SUPERVISE, SVOK],
        does: "Lists services whose `log` is a file, a dangling link and a link to itself. The first gets a pipe and a \
               supervise that fails at each scan, the second has no log, and the third gets a warning at each scan and is \
               not started.",
        run: |world| {
            let scan = world.scan("scan")?;
            let [file, dangling, looping] = ["file", "dangling", "looping"].map(|name| scan.service(name, "say hello"));
            let (file, dangling, looping) = (file?, dangling?, looping?);
            world.files.write("file/log", "")?;
            world.files.link("nowhere", "dangling/log")?;
            world.files.link("log", "looping/log")?;
            let svscan = scan.svscan()?;
            let stdout = file.inherited(1)?.unwrap_or_default();
            world.expect_that("stdout of the one with a file", stdout.starts_with("pipe:"), "a pipe", &stdout)?;
            dangling.until_started()?;
            // Lines that go into a pipe are missing here.
            world.until("svscan's stdout", "hello\\n", || Ok(svscan.out()))?;
            for times in [1, 2] {
                svscan.until_lines("supervise: fatal: unable to chdir to log: not a directory", times)?;
                svscan.until_lines("svscan: warning: unable to stat looping/log: symbolic link loop", times)?;
            }
            world.expect_untouched(&[&looping])?;
            world.expect("messages", svscan.err_lines().len(), 4)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/log/pipe-outlasts-a-failed-fork",
        requirements: &["SCAN-08", "SCAN-10", "SCAN-13b"],
        uses: &[SVSCAN, SUPERVISE, SVSTAT, STRACE],
        does: "Ends both sides of a listed service, with a line in the pipe, and makes svscan fail to fork once when it \
               starts them again. The logger that it starts in the end reads the line.",
        run: |world| {
            let scan = world.scan("scan")?;
            let (web, log) = scan.service_with_log("web", "", COLLECT)?;
            // The first two forks are those of the first scan.
            let (trace, inject) = (format!("trace={FORKS}"), format!("inject={FORKS}:error=EAGAIN:when=3"));
            let options = ["-o", "/dev/null", "-e", &trace, "-e", &inject];
            let svscan = world.traced(&options, "svscan")?.arg("scan").start()?;
            kill_side(world, &log, &[])?;
            kill_side(world, &web, &["say with no logger", "exit 0"])?;
            // Either side may be the first to be started again.
            let warnings =
                ["web", "web/log"].map(|side| format!("svscan: warning: unable to fork for {side}: temporary failure"));
            let has_failed = || Ok(svscan.err_lines().iter().any(|line| warnings.contains(line)));
            world.until("a fork failed", true, has_failed)?;
            log.until_starts(2)?;
            world.until("lines that the log read", vec!["with no logger"], || Ok(collected(world, &log)))?;
            world.expect("messages", svscan.err_lines().len(), 1)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/log/pipe-outlasts-a-scan-that-fails",
        requirements: &["SCAN-08", "SCAN-15"],
        uses: &[SVSCAN, FEWER_RIGHTS],
        does: "Lets both sides of a service end, with a line in the pipe, and makes the directory unreadable for a scan of a \
               svscan without root's privileges. The logger that the scan after that starts reads the line.",
        run: |world| {
            let scan = world.scan("scan")?;
            let web = world.bare_service("web")?;
            world.files.make_directory("web/log")?;
            scan.list(&web, "web")?;
            let supervise = "#!/bin/sh\necho \"$1\" >>\"$WORLD/ran\"\ncase $1 in\nlog) [ ! -e \"$WORLD/read\" ] || exec cat \
                             >>\"$WORLD/lines\" ;;\n*) echo \"line $(grep -c web \"$WORLD/ran\")\" ;;\nesac\n";
            world.stub_supervise("commands", supervise)?;
            let path = format!("{}:/usr/bin:/bin", world.search_path(&["commands"]));
            let svscan = world.bound_by_modes("svscan")?.arg("scan").env("PATH", path);
            let svscan = svscan.env("WORLD", world.directory()).start()?;
            world.until("sides that were started", 2, || Ok(world.files.lines("ran").len()))?;
            world.until("svscan's children", 0, || Ok(svscan.children().len()))?;
            world.files.write("read", "")?;
            world.files.set_mode("scan", 0o311)?;
            svscan.until_lines("svscan: warning: unable to read directory: access denied", 1)?;
            world.files.set_mode("scan", 0o755)?;
            world.until("first lines that the log read", vec!["line 1", "line 2"], || {
                Ok(world.files.lines("lines").into_iter().take(2).collect::<Vec<_>>())
            })
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/log/is-looked-for-once",
        requirements: &["SCAN-09", "SCAN-10"],
        uses: &[SVSCAN, SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Makes a log for two running services and removes that of a third. At the next scan the first still has none \
               and the log supervise of the third fails, and the second has its log once it is removed, ended and listed \
               again.",
        run: |world| {
            let scan = world.scan("scan")?;
            let [web, dns] = ["web", "dns"].map(|name| scan.service(name, ""));
            let (web, dns) = (web?, dns?);
            let (ftp, ftp_log) = scan.service_with_log("ftp", "", COLLECT)?;
            let svscan = scan.svscan()?;
            [&web, &dns, &ftp].iter().try_for_each(|service| service.until_started())?;
            let stdout = web.inherited(1)?;
            let [web_log, dns_log] = ["web/log", "dns/log"].map(|name| world.service(name, COLLECT));
            let (web_log, dns_log) = (web_log?, dns_log?);
            kill_side(world, &ftp_log, &[])?;
            world.files.rename("ftp/log", "ftp/no-log")?;
            scan.unlist("dns")?;
            for service in [&web, &dns] {
                service.svc("-dx")?;
                service.until_unsupervised()?;
            }
            // Two of the three come to the second scan with one side dead.
            web.until_starts(2)?;
            svscan.until_lines("supervise: fatal: unable to chdir to log: file does not exist", 1)?;
            world.expect("stdout of the one that had no log", web.inherited(1)?, stdout)?;
            world.expect_untouched(&[&web_log, &dns_log])?;

            dns.plan("say hello")?;
            scan.list(&dns, "dns")?;
            world.until("lines that the log read", vec!["hello"], || Ok(collected(world, &dns_log)))?;
            world.expect_untouched(&[&web_log])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/log/keeps-its-pipe-while-one-side-lives",
        requirements: &["SCAN-10", "SCAN-08"],
        uses: &[SVSCAN, SUPERVISE, SVC, SVOK],
        does: "Removes two services with logs, ends only the service of one and only the log of the other, and lists both \
               again after a scan. The side that was left alone is the same process, and the new one is at the other end \
               of its pipe.",
        run: |world| {
            let scan = world.scan("scan")?;
            let (web, web_log) = scan.service_with_log("web", "", COLLECT)?;
            let (dns, dns_log) = scan.service_with_log("dns", "count 10", COLLECT)?;
            let mark = scan.mark()?;
            scan.svscan()?;
            let pipes = [expect_pipe(world, &web, &web_log)?, expect_pipe(world, &dns, &dns_log)?];
            for (name, ended) in [("web", &web), ("dns", &dns_log)] {
                scan.unlist(name)?;
                ended.svc("-dx")?;
                ended.until_unsupervised()?;
            }
            mark.until_scan()?;
            let ended = [&web, &dns_log];
            world.stays("starts", [1, 1], A_WHILE, || Ok(ended.map(|service| service.starts().len())))?;
            world.expect("what was ended is supervised", world.supervised(&ended)?, vec![false; 2])?;
            web.plan("say again")?;
            scan.list(&web, "web-again")?;
            scan.list(&dns, "dns-again")?;
            web.until_starts(2)?;
            dns_log.until_starts(2)?;
            let now = [expect_pipe(world, &web, &web_log)?, expect_pipe(world, &dns, &dns_log)?];
            world.expect("their pipes", &now, &pipes)?;
            world.until("lines that the log read", vec!["again"], || Ok(collected(world, &web_log)))?;
            world.until("the other log reads on", true, || Ok(collected(world, &dns_log).len() > 100))?;
            let left = [&web_log, &dns];
            world.expect("starts and ends of what was left alone", left.map(|side| side.events().len()), [1, 1])?;
            let (services, _) = expect_all_numbers(world, &collected(world, &dns_log))?;
            world.expect("services that counted", services, 1)
        },
        ..Scenario::ORDINARY
    },
];

/// How long what must not happen is watched for.
const A_WHILE: Duration = Duration::from_millis(250);

/// The plan of a log: [`collected`] reads the lines.
const COLLECT: &str = "collect lines";

/// Returns the lines that the probe of a log has read.
fn collected(world: &World, log: &Service) -> Vec<String> {
    world.files.lines(log.directory.join("lines"))
}

/// Expects the stdout of `service` to be the pipe that is the stdin of `log`, and returns the pipe.
#[track_caller]
fn expect_pipe(world: &World, service: &Service, log: &Service) -> Result<String, Failure> {
    let pipe = service.inherited(1)?.unwrap_or_default();
    world.expect_that("stdout of the service", pipe.starts_with("pipe:"), "a pipe", &pipe)?;
    world.expect("stdin of the log", log.inherited(0)?.unwrap_or_default(), pipe.clone())?;
    Ok(pipe)
}

/// Ends one side until the next scan: kills its supervise, and then makes its probe follow `orders` or, if there are
/// none, kills it too.
fn kill_side(world: &World, side: &Service, orders: &[&str]) -> Outcome {
    let pid = side.until_up()?;
    world.kill(side.supervise_pid()?, Signal::SIGKILL)?;
    match orders {
        [] => world.signal(pid, Signal::SIGTERM)?,
        orders => orders.iter().try_for_each(|order| side.order(order))?,
    }
    world.until(&format!("the process {pid}"), None, || Ok(Process::look(pid)))
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
