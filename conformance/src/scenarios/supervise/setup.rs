//! supervise: its command line, and what it makes and opens before it starts ./run.

use super::SLEEPER;
use crate::observe::escape;
use crate::observe::process::Process;
use crate::observe::record::Record;
use crate::outcome::{Failure, Outcome};
use crate::scenario::{FEWER_RIGHTS, MOUNTS, ROOT, SUPERVISE, SVC, SVOK, SVSTAT, Scenario};
use crate::world::{Running, World};
use nix::sys::signal::Signal;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;

/// The files of a running supervise.
const FILES: [&str; 4] = ["control", "lock", "ok", "status"];

/// The ids of the account nobody, which owns nothing here.
const NOBODY: u32 = 65534;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    // The command line and the messages.
    Scenario {
        id: "supervise/setup/wants-exactly-one-argument",
        requirements: &["SUP-01", "GEN-01"],
        uses: &[SUPERVISE],
        does: "Calls supervise with no, two and three arguments, and by another path: each time it prints its usage, \
               exits 100 and touches no directory.",
        run: |world| {
            world.service("web", "")?;
            world.service("db", "")?;
            const LISTS: &[&[&str]] =
                &[&[], &["web", "db"], &["web", "web", "web"], &["--", "web"], &["-x", "web"], &["web", ""]];
            for arguments in LISTS {
                for name in ["supervise", "/no/such/place/supervise"] {
                    let ran = world.command("supervise").argv0(name).args(*arguments).run()?;
                    world.expect_end(&ran, "exit 100", "supervise: usage: supervise dir")?;
                }
            }
            for service in ["web", "db"] {
                let files = world.files.names(service);
                world.expect("files of the service", files, ["probe.orders", "probe.plan", "run"])?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/says-why-it-cannot-enter-its-directory",
        requirements: &["SUP-01", "GEN-01", "GEN-02"],
        uses: &[SUPERVISE],
        does: "Names directories that cannot be entered, each for its own reason: exit code 111, and a message with \
               the name as it was typed and the phrase for the error.",
        run: |world| {
            world.files.write("file", "")?;
            world.files.link("loop", "loop")?;
            world.files.link("nothing", "dangling")?;
            let (long, missing) = ("n".repeat(256), format!("missing{}", "/".repeat(300)));
            for (name, why) in [
                ("", "file does not exist"),
                ("missing", "file does not exist"),
                (&missing, "file does not exist"),
                ("./missing/../file/", "file does not exist"),
                ("dangling", "file does not exist"),
                ("file", "not a directory"),
                ("file/below", "not a directory"),
                ("loop", "symbolic link loop"),
                (&long, "file name too long"),
            ] {
                world.expect_refusal(name, &format!("unable to chdir to {name}: {why}"))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/repeats-the-name-it-was-given",
        requirements: &["SUP-33"],
        uses: &[SUPERVISE],
        does: "Supervises directories without ./run under names with blanks, newlines, bytes that are not UTF-8, \
               slashes and dots, and one of 300 bytes: the message has each name byte for byte.",
        run: |world| {
            let mut supervises: Vec<(Running, OsString)> = vec![];
            let mut start = |home: &str, name: &OsStr| -> Outcome {
                let supervise = world.command("supervise").arg(name).current_directory(home).start()?;
                supervises.push((supervise, name.to_owned()));
                Ok(())
            };
            let strange: [&[u8]; 6] = [b"a b", b"-a", b"a\nb\n", b"\xff\xfe\x80", b"\x1b[1m", b"%s\\n"];
            for (number, name) in strange.into_iter().enumerate() {
                let name = OsStr::from_bytes(name);
                let directory = world.files.make_directory(format!("strange{number}"))?;
                world.files.link(directory, name)?;
                start(".", name)?;
            }
            let long = format!("{}long", "./".repeat(148));
            for (home, name, directory) in [
                (".", "./relative", "relative"),
                (".", "slash/", "slash"),
                (".", "slashes//", "slashes"),
                (".", &long, "long"),
                ("here", ".", "here"),
                ("there/below", "..", "there/below"),
                (".", &*world.path("full").to_string_lossy(), "full"),
            ] {
                world.files.make_directory(directory)?;
                start(home, OsStr::new(name))?;
            }
            for (supervise, name) in &supervises {
                let name = escape(name.as_bytes());
                let message = format!("supervise: fatal: unable to start {name}/run: file does not exist\\n");
                world.until_some("stderr", &message, || {
                    let printed = supervise.err();
                    Ok(if printed.starts_with(&message) { Ok(()) } else { Err(printed) })
                })?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/does-not-mind-an-unwritable-stderr",
        requirements: &["GEN-03", "SUP-29"],
        uses: &[SUPERVISE],
        does: "Runs supervise with stderr on /dev/full. It cannot write its record, and goes on although it cannot print \
               the warning either.",
        run: |world| {
            let web = world.service("web", "exit 0 after 100")?;
            world.files.make_directory("web/supervise/status.new")?;
            let supervise = world.command("supervise").after("exec 2>/dev/full").arg("web").start()?;
            web.until_starts(2)?;
            world.expect("supervise runs", supervise.is_running(), true)
        },
        ..Scenario::ORDINARY
    },
    // Setting up.
    Scenario {
        id: "supervise/setup/sets-up-in-order",
        requirements: &["SUP-02", "SUP-03b", "SUP-09", "SUP-26"],
        uses: &[SUPERVISE],
        does: "Puts an obstacle in the way of each step: supervise exits 111 with the message for that step. It has \
               made the files of the steps before, the record of a service that is down among them, and nothing else.",
        run: |world| {
            type Obstacle = fn(&World) -> Outcome;
            // What stands in the way, the message, the files that are there then, and the record.
            let steps: [(Obstacle, &str, &[&str], &str); 7] = [
                (|w| w.files.link("down", "web/down"), "stat web/down: symbolic link loop", &[], ""),
                (|w| w.files.link("file/below", "web/down"), "stat web/down: not a directory", &[], ""),
                (
                    |w| w.files.link("lock", "web/supervise/lock"),
                    "acquire web/supervise/lock: symbolic link loop",
                    &["lock"],
                    "",
                ),
                (
                    |w| w.files.make_directory("web/supervise/lock").map(drop),
                    "acquire web/supervise/lock: is a directory",
                    &["lock"],
                    "",
                ),
                (
                    |w| w.files.link("control", "web/supervise/control"),
                    "read web/supervise/control: symbolic link loop",
                    &["control", "lock"],
                    "",
                ),
                (
                    |w| w.files.link("ok", "web/supervise/ok"),
                    "read web/supervise/ok: symbolic link loop",
                    &FILES,
                    "pid 0, paused 0, want u",
                ),
                (
                    |w| {
                        w.files.write("web/down", "")?;
                        w.files.link("ok", "web/supervise/ok")
                    },
                    "read web/supervise/ok: symbolic link loop",
                    &FILES,
                    "pid 0, paused 0, want d",
                ),
            ];
            for (obstacle, message, files, record) in steps {
                let web = world.service("web", "")?;
                world.files.write("web/file", "")?;
                world.files.make_directory("web/supervise")?;
                obstacle(world)?;
                world.expect_refusal("web", &format!("unable to {message}"))?;
                world.expect("files in supervise", world.files.names("web/supervise"), files.to_vec())?;
                if !record.is_empty() {
                    world.expect("the record", web.record()?.whole()?.to_string().as_str(), record)?;
                }
                world.expect("starts", web.starts().len(), 0)?;
                world.files.remove("web")?;
            }
            // `supervise` itself is made after the look for `down`, and before the lock is taken.
            let web = world.service("web", "")?;
            world.files.link("down", "web/down")?;
            world.expect_refusal("web", "unable to stat web/down: symbolic link loop")?;
            world.expect("mode of supervise", world.files.mode("web/supervise"), "-")?;
            world.files.remove("web/down")?;
            world.files.write("web/supervise", "")?;
            world.expect_refusal("web", "unable to acquire web/supervise/lock: not a directory")?;
            world.files.remove("web/supervise")?;
            web.start_supervise()?;
            web.until_started()
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/is-ready-when-svok-succeeds",
        requirements: &["SUP-02"],
        uses: &[SUPERVISE, SVOK, SVC],
        does: "Starts supervise over an old record: as soon as svok exits 0, the record is new and svc reaches \
               supervise.",
        run: |world| {
            // The record of another supervise, of a service that was up, paused and wanted down.
            let old = Record::made(1000, 12_345, 1, b'd');
            let mut services = vec![];
            for number in 0..8 {
                let service = world.service(&format!("web{number}"), "")?;
                world.files.make_directory(format!("web{number}/supervise"))?;
                world.files.write(format!("web{number}/supervise/status"), old.bytes)?;
                services.push(service);
            }
            for service in &services {
                service.start_supervise()?;
                service.until_supervised()?;
                let record = service.record()?.whole()?;
                world.expect_that("the record", record.want() == "u" && record.paused() == 0, "a new one", record)?;
                world.expect_that("its stamp", record.unix_seconds() > old.unix_seconds(), "a new one", record)?;
                service.svc("-o")?;
            }
            for service in &services {
                service.record()?.until("up, paused 0, want 0")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/runs-out-of-descriptors",
        requirements: &["SUP-09"],
        uses: &[SUPERVISE],
        does: "Starts supervise with ever more descriptors allowed: it exits 111 with the message of ever later steps, \
               until it has enough and runs.",
        run: |world| {
            const STEPS: &[&str] = &[
                "create pipe for web",
                "acquire web/supervise/lock",
                "read web/supervise/control",
                "write web/supervise/control",
                "read web/supervise/ok",
            ];
            let mut last = 0;
            for (refused, limit) in (4..=16).enumerate() {
                let web = world.service("web", "")?;
                let supervise = world.command("supervise").arg("web").descriptor_limit(limit).start()?;
                world.until("supervise has started ./run or exited", true, || {
                    Ok(!supervise.is_running() || !web.starts().is_empty())
                })?;
                if supervise.is_running() {
                    world.expect_that("failed starts", refused >= 3, "at least three before it runs", refused)?;
                    world.expect("the last step that failed", STEPS[last], STEPS[4])?;
                    return Ok(());
                }
                supervise.expect_exit("exit 111")?;
                // A record that cannot be opened is a warning. The step after it fails for the same reason.
                let lines = supervise.err_lines();
                let step = STEPS.iter().position(|step| {
                    lines.last() == Some(&format!("supervise: fatal: unable to {step}: process cannot open more files"))
                });
                let is_later = step >= Some(last);
                world.expect_that("the step that failed", is_later, "known, and not before the last one", &lines)?;
                last = step.unwrap_or_default();
                world.expect("starts", web.starts().len(), 0)?;
                world.files.remove("web")?;
            }
            world.expect("sixteen descriptors", "too few", "enough")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/makes-private-files",
        requirements: &["SUP-04", "SUP-05"],
        uses: &[SUPERVISE],
        does: "Starts supervise under four umasks: `supervise` and its files have their modes less the umask, the \
               FIFOs are FIFOs, the lock is empty, and there is no other file.",
        run: |world| {
            for (mask, directory, private, record) in [
                (0o022, "0700", "0600", "0644"),
                (0o077, "0700", "0600", "0600"),
                (0o000, "0700", "0600", "0644"),
                (0o037, "0700", "0600", "0640"),
            ] {
                let web = world.service(&format!("web{mask:o}"), "")?;
                world.command("supervise").arg(&web.name).umask(mask).start()?;
                web.until_started()?;
                let place = format!("{}/supervise", web.name);
                // supervise may be about to rename the new record.
                world.until("files in supervise", FILES, || Ok(world.files.names(&place)))?;
                let modes =
                    ["", "/lock", "/control", "/ok", "/status"].map(|file| world.files.mode(place.clone() + file));
                let expected = [directory, private, private, private, record];
                world.expect(&format!("modes under {mask:03o}"), modes, expected)?;
                for fifo in ["control", "ok"] {
                    let file = fs::metadata(web.directory.join("supervise").join(fifo));
                    let is_fifo = file.is_ok_and(|file| file.file_type().is_fifo());
                    world.expect(&format!("{fifo} is a FIFO"), is_fifo, true)?;
                }
                world.expect("bytes in the lock", world.files.read(place + "/lock"), "")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/leaves-the-modes-of-old-files-alone",
        requirements: &["SUP-04", "SUP-05", "SUP-29"],
        uses: &[SUPERVISE, SVOK],
        does: "Starts supervise where directory, lock, FIFOs and a `status.new` exist with modes of their own: all \
               but the record are kept, and the lock is not emptied.",
        run: |world| {
            let web = world.service("web", "")?;
            world.files.make_directory("web/supervise")?;
            world.files.write("web/supervise/lock", "kept\n")?;
            for file in ["status", "status.new"] {
                world.files.write(format!("web/supervise/{file}"), "not a record, and longer than one")?;
            }
            for fifo in ["control", "ok"] {
                world.files.make_fifo(format!("web/supervise/{fifo}"))?;
            }
            let modes = [("", 0o751), ("/lock", 0o640), ("/control", 0o622), ("/ok", 0o606), ("/status", 0o666)];
            for (file, mode) in modes {
                world.files.set_mode(format!("web/supervise{file}"), mode)?;
            }
            let identities =
                || ["lock", "control", "ok"].map(|file| world.files.identity(format!("web/supervise/{file}")));
            let before = identities();
            web.start_supervise()?;
            web.until_supervised()?;
            web.until_started()?;
            world.expect("lock and FIFOs", identities(), before)?;
            let found = modes.map(|(file, _)| world.files.mode(format!("web/supervise{file}")));
            world.expect("modes", found, ["0751", "0640", "0622", "0606", "0644"])?;
            world.expect("bytes in the lock", world.files.read("web/supervise/lock"), "kept\\n")?;
            world.expect("size of the record", world.files.size("web/supervise/status"), Some(18))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/needs-the-right-to-its-files",
        requirements: &["SUP-08"],
        uses: &[SUPERVISE, SVSTAT, FEWER_RIGHTS],
        does: "Runs supervise as a user whom modes keep out of the service directory, `supervise`, the lock or a FIFO: \
               exit code 111 and `access denied`.",
        run: |world| {
            for (number, (file, mode, message)) in [
                ("", 0o000, "chdir to W: access denied"),
                ("/supervise", 0o000, "acquire W/supervise/lock: access denied"),
                ("/supervise", 0o555, "acquire W/supervise/lock: access denied"),
                ("/supervise/lock", 0o444, "acquire W/supervise/lock: access denied"),
                ("/supervise/control", 0o222, "read W/supervise/control: access denied"),
                ("/supervise/control", 0o444, "write W/supervise/control: access denied"),
                ("/supervise/ok", 0o222, "read W/supervise/ok: access denied"),
            ]
            .into_iter()
            .enumerate()
            {
                let web = world.scripted(&format!("web{number}"), SLEEPER)?;
                let closed = format!("{}{file}", web.name);
                if file.starts_with("/supervise") {
                    let directory = format!("{}/supervise", web.name);
                    world.files.make_directory(&directory)?;
                    world.files.set_mode(&directory, 0o777)?;
                }
                match file {
                    "/supervise/lock" => world.files.write(&closed, "")?,
                    "/supervise/control" | "/supervise/ok" => world.files.make_fifo(&closed)?,
                    _ => {}
                }
                world.files.set_mode(&closed, mode)?;
                let ran = world.bound_by_modes("supervise")?.arg(&web.name).finish()?;
                let message = format!("supervise: fatal: unable to {}", message.replace('W', &web.name));
                world.expect_end(&ran, "exit 111", &message)?;
                // Nothing else was in the way.
                world.files.set_mode(&closed, 0o777)?;
                world.bound_by_modes("supervise")?.arg(&web.name).start()?;
                web.until_up()?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/does-not-start-on-a-read-only-disk",
        requirements: &["SUP-08"],
        uses: &[SUPERVISE, MOUNTS],
        does: "Runs supervise on a disk that was made read-only: the lock fails with `read-only file system`.",
        run: |world| {
            let disk = world.disk("disk", 1 << 20)?;
            let known = world.service("disk/known", "exit 0")?;
            let supervise = known.start_supervise()?;
            known.until_started()?;
            supervise.kill(Signal::SIGTERM)?;
            // The disk is busy as long as the probe has its log open.
            world
                .until_some("the disk", "read-only", || Ok(disk.write_protect().map_err(|busy| format!("{busy:?}"))))?;
            world.expect_refusal("disk/known", "unable to acquire disk/known/supervise/lock: read-only file system")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/blames-the-lock-for-a-missing-directory",
        requirements: &["SUP-08"],
        uses: &[SUPERVISE, FEWER_RIGHTS],
        does: "Runs supervise where `supervise` cannot be made: in a directory of mode 555, and where it is a link to a \
               directory whose parent is missing. The message is about the lock.",
        run: |world| {
            world.scripted("closed", SLEEPER)?;
            world.files.set_mode("closed", 0o555)?;
            world.scripted("parentless", SLEEPER)?;
            world.files.link("../missing/place", "parentless/supervise")?;
            for name in ["closed", "parentless"] {
                let ran = world.bound_by_modes("supervise")?.arg(name).finish()?;
                let err = format!("supervise: fatal: unable to acquire {name}/supervise/lock: file does not exist");
                world.expect_end(&ran, "exit 111", &err)?;
            }
            world.expect("mode of what must not be made", world.files.mode("missing"), "-")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/opens-a-directory-as-control-to-read",
        requirements: &["SUP-09"],
        uses: &[SUPERVISE],
        does: "Makes `control` a directory: supervise can open it for reading, and fails to open it for writing.",
        run: |world| {
            world.service("web", "")?;
            world.files.make_directory("web/supervise/control")?;
            world.expect_refusal("web", "unable to write web/supervise/control: is a directory")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/follows-links-to-files-of-its-own",
        requirements: &["SUP-02", "SUP-05", "SUP-29"],
        uses: &[SUPERVISE],
        does: "Makes the lock, the new record, `control` and `ok` links to files outside of the service directory. supervise \
               creates the first, replaces the contents of the second, and uses the other two.",
        run: |world| {
            let web = world.service("web", "")?;
            world.files.make_directory("web/supervise")?;
            world.files.write("victim", "a file of another account")?;
            world.files.link("../../new", "web/supervise/lock")?;
            world.files.link("../../victim", "web/supervise/status.new")?;
            for fifo in ["control", "ok"] {
                world.files.make_fifo(fifo)?;
                world.files.link(format!("../../{fifo}"), format!("web/supervise/{fifo}"))?;
            }
            let supervise = web.start_supervise()?;
            world.until("supervise has exited or has started ./run", true, || {
                Ok(!supervise.is_running() || !web.starts().is_empty())
            })?;
            world.expect("mode of the lock", world.files.mode("new"), "0600")?;
            world.expect("size of the victim", world.files.size("victim"), Some(18))?;
            let pid = web.until_starts(1)?[0].0;
            // Not by svc, which may refuse links.
            web.control()?.send("d")?;
            world.until_dead(pid)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/makes-the-directory-of-another-account",
        requirements: &["SUP-11"],
        uses: &[SUPERVISE, ROOT],
        does: "Gives a service directory to nobody, who makes `supervise` a link to a directory of root, or to one that does \
               not exist. supervise, run by root, makes its files there.",
        run: |world| {
            world.as_root()?;
            for (name, place) in [("to-there", "there"), ("to-nowhere", "nowhere")] {
                world.scripted(name, SLEEPER)?;
                if place == "there" {
                    world.files.make_directory(place)?;
                }
                let link = format!("{name}/supervise");
                world.files.link(format!("../{place}"), &link)?;
                for path in [name, &link] {
                    std::os::unix::fs::lchown(world.path(path), Some(NOBODY), Some(NOBODY))
                        .map_err(|error| Failure::broken(format!("chown {path}: {error}")))?;
                }
                let supervise = world.command("supervise").arg(name).start()?;
                world.until("supervise has exited or made its files", true, || {
                    Ok(!supervise.is_running() || !Process::children(supervise.pid).is_empty())
                })?;
                world.expect("the files there", world.files.names(place), FILES.to_vec())?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/does-not-hang-on-a-fifo-in-the-place-of-a-file",
        requirements: &["GEN-05", "SUP-09"],
        uses: &[SUPERVISE],
        does: "Puts a FIFO in the place of the lock: supervise prints `device not configured` at once, and exits.",
        run: |world| {
            world.service("web", "")?;
            world.files.make_directory("web/supervise")?;
            world.files.make_fifo("web/supervise/lock")?;
            world.expect_refusal("web", "unable to acquire web/supervise/lock: device not configured")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/has-no-record-with-a-fifo-in-its-place",
        requirements: &["GEN-05", "SUP-29"],
        uses: &[SUPERVISE],
        does: "Puts a FIFO in the place of `status.new`: supervise prints `device not configured` at once, and starts ./run \
               without a record.",
        run: |world| {
            let web = world.service("web", "")?;
            world.files.make_directory("web/supervise")?;
            world.files.make_fifo("web/supervise/status.new")?;
            let supervise = web.start_supervise()?;
            web.until_started()?;
            let warning = "supervise: warning: unable to open web/supervise/status.new: device not configured";
            supervise.until_only_lines(warning, 2)?;
            world.expect("size of the record", world.files.size("web/supervise/status"), None)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/runs-with-other-files-for-fifos",
        requirements: &["SUP-10"],
        uses: &[SUPERVISE],
        does: "Makes `ok` a directory or a file, or `control` a file: supervise prints nothing, and starts and \
               restarts the service.",
        run: |world| {
            let mut supervises = vec![];
            for (name, file, is_directory) in [
                ("ok-directory", "supervise/ok", true),
                ("ok-file", "supervise/ok", false),
                ("control-file", "supervise/control", false),
            ] {
                let service = world.service(name, "exit 0 after 100")?;
                world.files.make_directory(format!("{name}/supervise"))?;
                if is_directory {
                    world.files.make_directory(format!("{name}/{file}"))?;
                } else {
                    world.files.write(format!("{name}/{file}"), "")?;
                }
                supervises.push((service.start_supervise()?, service));
            }
            for (supervise, service) in &supervises {
                service.until_starts(2)?;
                world.expect("supervise runs", supervise.is_running(), true)?;
                world.expect("its stderr", supervise.err(), "")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
];
