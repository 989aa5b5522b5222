//! svscan: how it learns of changes. However it does, nothing is noticed later than by a scan every five seconds.

use crate::observe::process;
use crate::outcome::{Failure, Outcome};
use crate::scenario::{FEWER_RIGHTS, MOUNTS, STRACE, SUPERVISE, SVC, SVOK, SVSCAN, SVSTAT, Scenario};
use crate::world::{Service, World, broken};
use nix::sys::signal::Signal;
use std::cell::RefCell;
use std::fs;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svscan/changes/starts-what-appears-in-any-way",
        requirements: &["SCAN-02", "SCAN-03"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Makes a link, a chain of links and a directory while svscan runs, moves a link and a directory in, replaces a \
               file by a link, and takes the dot from a name. All these services are started within five seconds.",
        run: |world| {
            let first = world.scan("scan")?.service("first", "")?;
            let linked = ["relative", "chained", "moved", "file"].map(|name| world.service(name, ""));
            world.service("outside", "")?;
            world.service("scan/.hidden", "")?;
            world.files.write("scan/file", "")?;
            world.command("svscan").arg("scan").start()?;
            first.until_started()?;

            let changed = world.monotonic();
            world.files.link("../relative", "scan/relative")?;
            world.files.link("chained", "link")?;
            world.files.link("../link", "scan/chained")?;
            for name in ["moved", "file"] {
                world.files.link(format!("../{name}"), format!("new-{name}"))?;
                world.files.rename(format!("new-{name}"), format!("scan/{name}"))?;
            }
            world.files.rename("outside", "scan/inside")?;
            world.files.rename("scan/.hidden", "scan/shown")?;
            let directories = ["scan/inside", "scan/shown"].map(|name| Ok(world.service_called(name)));
            for service in linked.into_iter().chain(directories).chain([world.service("scan/built", "")]) {
                expect_started(world, &service?, 1, changed)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/changes/follows-a-link-to-another-directory",
        requirements: &["SCAN-02", "SCAN-05"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Replaces what links lead to, twice: renames or removes the directory or one above it, or changes a link on the \
               way. Each new directory is started within five seconds.",
        run: |world| {
            for (name, target, change) in REPLACED {
                world.scan(&format!("scan-{name}"))?;
                world.files.link(target, format!("scan-{name}/{name}"))?;
                let service = change(world, 0)?;
                world.command("svscan").arg(format!("scan-{name}")).start()?;
                service.until_started()?;
            }
            for round in [1, 2] {
                let changed = world.monotonic();
                let services: Result<Vec<Service>, Failure> =
                    REPLACED.iter().map(|(_, _, change)| change(world, round)).collect();
                services?.iter().try_for_each(|service| expect_started(world, service, 1, changed))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/changes/notices-another-disk",
        requirements: &["SCAN-02", "SCAN-05"],
        uses: &[SVSCAN, SUPERVISE, MOUNTS],
        does: "Mounts a disk with another service over the directory of one that runs. That is started within five seconds.",
        run: |world| {
            let scan = world.scan("scan")?;
            let first = scan.service("web", "")?;
            let disk = world.disk("disk", 1 << 20)?;
            world.service("disk", "")?;
            scan.svscan()?;
            first.until_started()?;
            let changed = world.monotonic();
            disk.mount_over("web")?;
            expect_started(world, &world.service_called("web"), 1, changed)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/changes/starts-what-it-can-examine-again",
        requirements: &["SCAN-02", "SCAN-04", "SCAN-15"],
        uses: &[SVSCAN, SUPERVISE, FEWER_RIGHTS],
        does: "Starts svscan without root's privileges on links whose target is missing, a link to itself, a directory that \
               it may not enter, and a directory that it may not read. What is then mended is started within five seconds.",
        run: |world| {
            for name in ["made", "moved", "loop", "closed/web", "unreadable/web"] {
                world.service(name, "")?;
            }
            for name in ["made", "moved", "loop"] {
                world.files.rename(name, format!("new-{name}"))?;
                world.scan(&format!("scan-{name}"))?;
                world.files.link(format!("../{name}"), format!("scan-{name}/web"))?;
            }
            world.files.link("loop", "loop")?;
            world.scan("scan-closed")?;
            world.files.link("../closed/web", "scan-closed/web")?;
            world.files.set_mode("closed", 0)?;
            world.files.set_mode("unreadable", 0o311)?;
            let phrases = [
                ("scan-made", "stat web: file does not exist"),
                ("scan-moved", "stat web: file does not exist"),
                ("scan-loop", "stat web: symbolic link loop"),
                ("scan-closed", "stat web: access denied"),
                ("unreadable", "read directory: access denied"),
            ];
            for (directory, phrase) in phrases {
                let svscan = world.bound_by_modes("svscan")?.arg(directory).start()?;
                svscan.until_lines(&format!("svscan: warning: unable to {phrase}"), 1)?;
            }

            let changed = world.monotonic();
            world.files.rename("new-moved", "moved")?;
            world.files.remove("loop")?;
            world.files.rename("new-loop", "loop")?;
            world.files.set_mode("closed", 0o755)?;
            world.files.set_mode("unreadable", 0o755)?;
            let made = world.service("made", "")?;
            let mended = ["moved", "loop", "closed/web", "unreadable/web"].map(|name| world.service_called(name));
            mended.iter().chain([&made]).try_for_each(|service| expect_started(world, service, 1, changed))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/changes/needs-no-help-of-the-kernel",
        requirements: &["SCAN-02", "SCAN-05"],
        uses: &[SVSCAN, SUPERVISE, STRACE],
        does: "Lets svscan have no inotify, no watches, only the first watch, or no signalfd, and puts it on network file \
               systems of four kinds where watches report nothing. What is listed, replaced behind its link, or loses its \
               supervise is started within five seconds.",
        run: |world| {
            let network = |kind: &str| {
                let kind = format!("inject=?statfs,?statfs64:poke_exit=@arg2={kind}00000000");
                vec!["inject=?inotify_add_watch:retval=1".to_owned(), kind]
            };
            let table = [
                ("instances", vec!["inject=?inotify_init,?inotify_init1:error=EMFILE".to_owned()]),
                ("watches", vec!["inject=?inotify_add_watch:error=ENOSPC".to_owned()]),
                ("more-watches", vec!["inject=?inotify_add_watch:error=ENOSPC:when=2+".to_owned()]),
                ("signals", vec!["inject=?signalfd,?signalfd4:error=EMFILE".to_owned()]),
                ("nfs", network("69690000")),
                ("cifs", network("424d53ff")),
                ("fuse", network("46557365")),
                ("9p", network("97190201")),
            ];
            let mut cases = vec![];
            for (name, injections) in table {
                let scan = world.scan(&format!("scan-{name}"))?;
                let [killed, replaced, listed] = ["killed", "replaced", "listed"].map(|what| format!("{what}-{name}"));
                let (killed, replaced) = (scan.service(&killed, "")?, scan.service(&replaced, "")?);
                let listed = world.service(&listed, "")?;
                let calls =
                    "trace=?inotify_init,?inotify_init1,?inotify_add_watch,?signalfd,?signalfd4,?statfs,?statfs64";
                let mut options = vec!["-o".to_owned(), "/dev/null".to_owned(), "-e".to_owned(), calls.to_owned()];
                options.extend(injections.into_iter().flat_map(|injection| ["-e".to_owned(), injection]));
                world.traced(&options, "svscan")?.arg(&scan.name).start()?;
                cases.push((scan, killed, replaced, listed));
            }
            for (_, killed, replaced, _) in &cases {
                killed.until_started()?;
                replaced.until_started()?;
            }
            let mut expected = vec![];
            // Without signals, anything else that wakes svscan up would make it notice an exit too.
            for (scan, _, replaced, listed) in cases.iter().filter(|(scan, ..)| scan.name != "scan-signals") {
                let name = &replaced.name;
                let next = world.service(&format!("next-{name}"), "")?;
                let changed = world.monotonic();
                world.files.rename(name, format!("old-{name}"))?;
                world.files.rename(&next.name, name)?;
                scan.list(listed, "listed")?;
                expected.extend([(replaced, 1, changed), (listed, 1, changed)]);
            }
            // Last, so that svscan does not learn of it by the way.
            for (_, killed, ..) in &cases {
                let changed = world.monotonic();
                world.kill(killed.supervise_pid()?, Signal::SIGKILL)?;
                expected.push((killed, 2, changed));
            }
            expected.iter().try_for_each(|(service, count, changed)| expect_started(world, service, *count, *changed))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/changes/survives-more-changes-than-it-can-be-told",
        requirements: &["SCAN-02", "SCAN-10"],
        uses: &[SVSCAN, SUPERVISE, SVC, SVOK],
        does: "Stops svscan, makes and removes more files than the kernel keeps events for, lists a service and removes \
               another. When svscan continues, it starts the one within five seconds, and the other no more.",
        run: |world| {
            let scan = world.scan("scan")?;
            let gone = scan.service("gone", "")?;
            let svscan = scan.svscan()?;
            gone.until_started()?;
            svscan.until_idle()?;
            svscan.signal(Signal::SIGSTOP)?;
            world.until_stopped(svscan.pid, true)?;
            // Without such a limit there are no such events.
            let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap_or_default();
            let limit = limit.trim().parse().unwrap_or(0_usize);
            if limit > MOST_EVENTS {
                return Err(Failure::missing(format!("a queue of at most {MOST_EVENTS} events")));
            }
            let path = world.path("scan/.changing");
            for _ in 0..limit / 2 + 1 {
                fs::write(&path, "").and_then(|()| fs::remove_file(&path)).map_err(|error| broken(&path, &error))?;
            }
            let web = scan.service("web", "")?;
            scan.unlist("gone")?;
            gone.svc("-dx")?;
            gone.until_unsupervised()?;
            let continued = world.monotonic();
            svscan.signal(Signal::SIGCONT)?;
            expect_started(world, &web, 1, continued)?;
            world.stays("starts of what was removed", 1, A_WHILE, || Ok(gone.starts().len()))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/changes/leaves-time-to-fill-a-directory",
        requirements: &["SCAN-07", "SCAN-02b"],
        uses: &[SVSCAN, SUPERVISE],
        does: "Makes an empty directory right after a scan, and another in the place of one that a link leads to. After a \
               while it puts services with logs into them. The logs read what the services print.",
        run: |world| {
            let replaced = world.scan("scan")?.service("linked", "")?;
            let svscan = world.command("svscan").arg("scan").start()?;
            replaced.until_started()?;
            world.files.remove("linked")?;
            for directory in ["linked", "scan/built"] {
                world.files.make_directory(directory)?;
            }
            world.stays("svscan's children", 1, A_WHILE, || Ok(svscan.children().len()))?;
            for directory in ["linked", "scan/built"] {
                world.service(&format!("{directory}/log"), "collect lines")?;
                world.service(directory, "say hello")?;
            }
            for directory in ["linked", "scan/built"] {
                world.service_called(directory).until_started()?;
                let lines = format!("{directory}/log/lines");
                world.until("lines that the log read", vec!["hello"], || Ok(world.files.lines(&lines)))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/changes/knows-an-entry-that-returns",
        requirements: &["SCAN-02", "SCAN-10"],
        uses: &[SVSCAN, SUPERVISE, SVC, SVOK],
        does: "Hides three services behind a dot and shows them again: one runs on under the same supervise, and those that \
               were ended before or meanwhile are started again within five seconds.",
        run: |world| {
            let scan = world.scan("scan")?;
            let [kept, before, meanwhile] = ["kept", "before", "meanwhile"].map(|name| scan.service(name, ""));
            let (kept, before, meanwhile) = (kept?, before?, meanwhile?);
            scan.svscan()?;
            [&kept, &before, &meanwhile].iter().try_for_each(|service| service.until_started())?;
            let end = |service: &Service| service.svc("-dx").and_then(|()| service.until_unsupervised());
            end(&before)?;
            for name in ["kept", "before", "meanwhile"] {
                world.files.rename(format!("scan/{name}"), format!("scan/.{name}"))?;
            }
            end(&meanwhile)?;
            let shown = world.monotonic();
            for name in ["kept", "before", "meanwhile"] {
                world.files.rename(format!("scan/.{name}"), format!("scan/{name}"))?;
            }
            for service in [&before, &meanwhile] {
                expect_started(world, service, 2, shown)?;
            }
            world.expect("starts of the one that ran on", kept.starts().len(), 1)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svscan/changes/sleeps-until-the-next-scan",
        requirements: &["SCAN-20"],
        uses: &[SVSCAN, SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Watches svscan for a second after a scan, while it keeps a service, a service that was removed, and one that \
               was removed after one of its two sides had ended. It does not wake up.",
        run: |world| {
            let scan = world.scan("scan")?;
            let (half, half_log) = scan.service_with_log("half", "", "")?;
            let [left, mark] = ["left", "mark"].map(|name| scan.service(name, ""));
            let (left, mark) = (left?, mark?);
            let svscan = scan.svscan()?;
            [&half, &half_log, &left, &mark].iter().try_for_each(|service| service.until_started())?;
            half_log.svc("-dx")?;
            half_log.until_unsupervised()?;
            scan.unlist("half")?;
            scan.unlist("left")?;
            mark.svc("-dx")?;
            mark.until_starts(2)?;
            mark.until_settled()?;
            let look = || Ok(process::activity(svscan.pid));
            let last = RefCell::new(look()?);
            world.until("two looks agree", true, || Ok(last.replace(look()?) == *last.borrow()))?;
            world.stays("activity of svscan", look()?, Duration::from_secs(1), look)
        },
        ..Scenario::ORDINARY
    },
];

/// The longest time until the next scan, with what a busy machine may add.
const WITHIN_A_SCAN: Duration = Duration::from_secs(7);

/// How long what must not happen is watched for.
const A_WHILE: Duration = Duration::from_millis(250);

/// The longest queue of events that is filled.
const MOST_EVENTS: usize = 1 << 17;

/// Expects start number `count` of `service` at most one scan after `changed`.
#[track_caller]
fn expect_started(world: &World, service: &Service, count: usize, changed: u64) -> Outcome {
    let delay = service.start_after(count, changed)?;
    world.expect_between(&format!("until {} is started", service.name), delay, Duration::ZERO, WITHIN_A_SCAN)
}

/// Puts a new service behind a link, in round 0 for the first time, and returns it.
type Replace = fn(&World, usize) -> Result<Service, Failure>;

/// Ways to replace what a link leads to: a name, the target of the link, and what to do.
const REPLACED: &[(&str, &str, Replace)] = &[
    ("renamed", "../renamed/sv", |world, round| {
        world.service(&format!("renamed/new-{round}"), "")?;
        replace(world, "renamed/sv", &format!("renamed/new-{round}"), round)?;
        Ok(world.service_called("renamed/sv"))
    }),
    ("removed", "../removed/sv", |world, round| {
        if round > 0 {
            world.files.remove("removed/sv")?;
        }
        world.service("removed/sv", "")
    }),
    ("above", "../above/app/sv", |world, round| {
        world.service(&format!("above/app-{round}/sv"), "")?;
        replace(world, "above/app", &format!("above/app-{round}"), round)?;
        Ok(world.service_called("above/app/sv"))
    }),
    ("far", "../far/app/current/sv", |world, round| {
        world.service(&format!("far/app-{round}/current/sv"), "")?;
        replace(world, "far/app", &format!("far/app-{round}"), round)?;
        Ok(world.service_called("far/app/current/sv"))
    }),
    ("link", "../link/current/sv", |world, round| {
        let service = world.service(&format!("link/v{round}/sv"), "")?;
        world.files.link(format!("v{round}"), format!("link/new-{round}"))?;
        world.files.rename(format!("link/new-{round}"), "link/current")?;
        Ok(service)
    }),
    ("chain", "../chain/one", |world, round| {
        let service = world.service(&format!("chain/v{round}"), "")?;
        match round {
            0 => world.files.link("two", "chain/one")?,
            _ => world.files.remove("chain/two")?,
        }
        world.files.link(format!("v{round}"), "chain/two")?;
        Ok(service)
    }),
    ("parent", "../parent/sv/below/..", |world, round| {
        world.service(&format!("parent/new-{round}"), "")?;
        world.files.make_directory(format!("parent/new-{round}/below"))?;
        replace(world, "parent/sv", &format!("parent/new-{round}"), round)?;
        Ok(world.service_called("parent/sv"))
    }),
    ("here", ".sv", |world, round| {
        world.service(&format!("scan-here/.new-{round}"), "")?;
        replace(world, "scan-here/.sv", &format!("scan-here/.new-{round}"), round)?;
        Ok(world.service_called("scan-here/.sv"))
    }),
];

/// Renames the directory `new` to `old`, which, except in round 0, is renamed first.
fn replace(world: &World, old: &str, new: &str, round: usize) -> Outcome {
    if round > 0 {
        world.files.rename(old, format!("{old}-old-{round}"))?;
    }
    world.files.rename(new, old)
}
