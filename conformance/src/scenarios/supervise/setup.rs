//! supervise: its command line, setting up, the down file and the lock.

use crate::observe::escape;
use crate::observe::record::Record;
use crate::outcome::{Failure, Outcome};
use crate::probe::Start;
use crate::scenario::{STRACE, SUPERVISE, SVC, SVOK, SVSTAT, Scenario};
use crate::world::{Command, Running, Service, World};
use nix::sys::signal::Signal;
use std::ffi::{OsStr, OsString};
use std::fs::{self};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    // The command line and the messages.
    Scenario {
        id: "supervise/setup/wants-exactly-one-argument",
        requirements: &["SUP-01", "GEN-01"],
        uses: &[SUPERVISE],
        does: "Calls supervise with none, two and three arguments, also by another path: each time it prints its usage \
               and exits 100, and no directory is touched.",
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
                world.expect(
                    "the files of the service",
                    world.files.names(service),
                    vec!["probe.orders", "probe.plan", "run"],
                )?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/has-no-options",
        requirements: &["SUP-01", "GEN-04"],
        uses: &[SUPERVISE],
        does: "Calls supervise with -x, --help, --version, -- and more as the one argument: each is a directory that \
               does not exist. One that exists is supervised.",
        run: |world| {
            for argument in ["-x", "-", "--", "-h", "--help", "--version", "-V"] {
                let message = format!("supervise: fatal: unable to chdir to {argument}: file does not exist");
                refuses(world, argument, &message)?;
                let service = world.service(argument, "")?;
                service.supervise()?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/names-itself-whatever-it-is-called",
        requirements: &["GEN-01"],
        uses: &[SUPERVISE],
        does: "Calls supervise by the name `watcher`: its usage line still begins with `supervise: `.",
        run: |world| {
            let ran = world.command("supervise").argv0("watcher").run()?;
            world.expect_end(&ran, "exit 100", "supervise: usage: supervise dir")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/says-why-it-cannot-enter-its-directory",
        requirements: &["SUP-01", "GEN-01", "GEN-02"],
        uses: &[SUPERVISE],
        does: "Names directories that cannot be entered, each in its own way: exit code 111, the name as it was given \
               and the phrase for the error.",
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
                refuses(world, name, &format!("supervise: fatal: unable to chdir to {name}: {why}"))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/repeats-the-name-it-was-given",
        requirements: &["SUP-33"],
        uses: &[SUPERVISE],
        does: "Supervises directories without ./run under names with blanks, newlines, bytes that are no text, slashes \
               and dots, and one of 300 bytes: the message has each name byte for byte.",
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
                let directory = world.files.make_directory(&format!("strange{number}"))?;
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
                world.until_some("the words on stderr", &message, || {
                    let words = supervise.err();
                    Ok(if words.starts_with(&message) { Ok(()) } else { Err(words) })
                })?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/says-each-message-in-one-write",
        requirements: &["GEN-03"],
        uses: &[SUPERVISE, STRACE],
        does: "Traces the writes of a supervise that cannot start: its message is a single write to descriptor 2.",
        run: |world| {
            let options = ["-s", "500", "-o", "trace", "-e", "trace=?write,?writev"];
            let name = "n".repeat(190);
            let ran = world.traced(&options, "supervise")?.arg(&name).run()?;
            let message = format!("supervise: fatal: unable to chdir to {name}: file does not exist");
            world.expect_end(&ran, "exit 111", &message)?;
            let writes: Vec<String> =
                world.files.lines("trace").into_iter().filter(|line| line.contains("(2, ")).collect();
            world.expect_that("writes to stderr", writes.len() == 1, "one", writes)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/does-not-mind-an-unwritable-stderr",
        requirements: &["GEN-03"],
        uses: &[SUPERVISE],
        does: "Runs supervise with stderr on /dev/full: the exit codes stay the same, and one that warns goes on.",
        run: |world| {
            let unwritable = || world.command("supervise").after("exec 2>/dev/full");
            for (arguments, exit) in [(&[] as &[&str], "exit 100"), (&["missing"], "exit 111")] {
                world.expect("exit", unwritable().args(arguments).run()?.exit, exit)?;
            }
            let web = world.service("web", "exit 0 after 100")?;
            world.files.make_directory("web/supervise/status.new")?;
            let supervise = unwritable().arg("web").start()?;
            web.until_starts(2)?;
            world.expect("supervise runs", supervise.is_running(), true)
        },
        ..Scenario::ORDINARY
    },
    // Setting up.
    Scenario {
        id: "supervise/setup/sets-up-in-order",
        requirements: &["SUP-02", "SUP-03", "SUP-03b", "SUP-09", "SUP-26"],
        uses: &[SUPERVISE],
        does: "Puts an obstacle in the way of each step: supervise exits 111 with the message of that step, has made \
               what comes before and nothing that comes after. The record says pid 0 and what is wanted before `ok` is \
               opened and anything is started.",
        run: |world| {
            const ALL: &[&str] = &["control", "lock", "ok", "status"];
            type Obstacle = fn(&World) -> Outcome;
            let steps: [(&str, Obstacle, &str, &[&str]); 10] = [
                ("down to itself", |w| w.files.link("down", "web/down"), "stat W/down: symbolic link loop", &[]),
                ("down below a file", |w| w.files.link("run.not/x", "web/down"), "stat W/down: not a directory", &[]),
                (
                    "a lock to itself",
                    |w| w.files.link("lock", "web/supervise/lock"),
                    "acquire W/lock: symbolic link loop",
                    &["lock"],
                ),
                (
                    "a directory for lock",
                    |w| w.files.make_directory("web/supervise/lock").map(drop),
                    "acquire W/lock: is a directory",
                    &["lock"],
                ),
                (
                    "control to itself",
                    |w| w.files.link("control", "web/supervise/control"),
                    "read W/control: symbolic link loop",
                    &["control", "lock"],
                ),
                (
                    "control to nothing",
                    |w| w.files.link("nothing", "web/supervise/control"),
                    "read W/control: file does not exist",
                    &["control", "lock"],
                ),
                (
                    "a directory for control",
                    |w| w.files.make_directory("web/supervise/control").map(drop),
                    "write W/control: is a directory",
                    &["control", "lock"],
                ),
                ("ok to itself", |w| w.files.link("ok", "web/supervise/ok"), "read W/ok: symbolic link loop", ALL),
                (
                    "ok to nothing",
                    |w| w.files.link("nothing", "web/supervise/ok"),
                    "read W/ok: file does not exist",
                    ALL,
                ),
                (
                    "ok to nothing, and a down file",
                    |w| {
                        w.files.write("web/down", "")?;
                        w.files.link("nothing", "web/supervise/ok")
                    },
                    "read W/ok: file does not exist",
                    ALL,
                ),
            ];
            for (what, obstacle, message, made) in steps {
                let web = world.service("web", "")?;
                world.files.write("web/run.not", "")?;
                world.files.make_directory("web/supervise")?;
                world.note("obstacle", what);
                obstacle(world)?;
                let place = if message.contains("/down") { "web" } else { "web/supervise" };
                refuses(world, "web", &format!("supervise: fatal: unable to {}", message.replace('W', place)))?;
                world.expect("the files in supervise", world.files.names("web/supervise"), made.to_vec())?;
                if made == ALL {
                    let want = if what.contains("down") { "d" } else { "u" };
                    world.expect(
                        "the record",
                        web.record()?.whole()?.to_string(),
                        format!("pid 0, paused 0, want {want}"),
                    )?;
                }
                world.expect("starts", web.starts().len(), 0)?;
                world.files.remove("web")?;
            }
            // Where nothing can be entered or looked at, nothing is made.
            let web = world.service("web", "")?;
            world.files.link("down", "web/down")?;
            refuses(world, "web", "supervise: fatal: unable to stat web/down: symbolic link loop")?;
            world.expect("supervise", world.files.mode("web/supervise"), "-")?;
            world.files.remove("web/down")?;
            world.files.write("web/supervise", "")?;
            refuses(world, "web", "supervise: fatal: unable to acquire web/supervise/lock: not a directory")?;
            world.files.remove("web/supervise")?;
            web.supervise().map(drop)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/is-set-up-when-svok-says-so",
        requirements: &["SUP-02"],
        uses: &[SUPERVISE, SVOK, SVC],
        does: "Starts supervise over an old record: as soon as svok says 0, the record is new and svc reaches it.",
        run: |world| {
            // An old record of a paused process, which is not to be taken for a new one.
            let old = Record::made(1000, 12_345, 1, b'd');
            let mut services = vec![];
            for number in 0..8 {
                let service = world.service(&format!("web{number}"), "")?;
                world.files.make_directory(&format!("web{number}/supervise"))?;
                world.files.write(format!("web{number}/supervise/status"), old.bytes)?;
                services.push(service);
            }
            for service in &services {
                service.start_supervise()?;
                // The tightest look: svok itself, again and again.
                world.until("svok", "exit 0".to_owned(), || Ok(world.run("svok", &[&service.name])?.exit))?;
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
        does: "Starts supervise with ever more descriptors allowed: it exits 111 at ever later steps, each time saying \
               so, until it has enough and runs.",
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
                world.until("supervise has started ./run or ended", true, || {
                    Ok(!supervise.is_running() || !web.starts().is_empty())
                })?;
                if supervise.is_running() {
                    world.expect_that("failed starts", refused >= 3, "three at least before it runs", refused)?;
                    world.expect("the last step that failed", STEPS[last], STEPS[4])?;
                    return Ok(());
                }
                supervise.expect_exit("exit 111")?;
                // Where the record cannot be opened, that is a warning; what follows is fatal for the same reason.
                let lines = supervise.err_lines();
                let step = STEPS.iter().position(|step| {
                    lines.last() == Some(&format!("supervise: fatal: unable to {step}: process cannot open more files"))
                });
                world.expect_that(
                    "the step that failed",
                    step >= Some(last),
                    "known, and not before the last one",
                    &lines,
                )?;
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
        does: "Starts supervise under four umasks: the modes of supervise, lock, control, ok and status are as told, \
               less the umask, and there is no other file.",
        run: |world| {
            for (mask, directory, private, record) in [
                (0o022, "0700", "0600", "0644"),
                (0o077, "0700", "0600", "0600"),
                (0o000, "0700", "0600", "0644"),
                (0o037, "0700", "0600", "0640"),
            ] {
                let web = world.service(&format!("web{mask:o}"), "")?;
                world.command("supervise").arg(&web.name).umask(mask).start()?;
                web.until_starts(1)?;
                // The record of the start may be just being written: its new file is renamed at once.
                let names = ["control", "lock", "ok", "status"];
                world.until("the files in supervise", names, || {
                    Ok(world.files.names(format!("{}/supervise", web.name)))
                })?;
                let mode = |file: &str| world.files.mode(&format!("{}/supervise{file}", web.name));
                let modes = ["", "/lock", "/control", "/ok", "/status"].map(mode);
                world.expect(
                    &format!("modes under {mask:03o}"),
                    modes,
                    [directory, private, private, private, record],
                )?;
                for fifo in ["control", "ok"] {
                    let path = web.directory.join("supervise").join(fifo);
                    let is_fifo =
                        fs::metadata(path).is_ok_and(|file| std::os::unix::fs::FileTypeExt::is_fifo(&file.file_type()));
                    world.expect(&format!("{fifo} is a FIFO"), is_fifo, true)?;
                }
                world.expect("bytes in the lock", world.files.read(format!("{}/supervise/lock", web.name)), "")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/leaves-the-modes-of-old-files-alone",
        requirements: &["SUP-04", "SUP-05", "SUP-29"],
        uses: &[SUPERVISE],
        does: "Starts supervise where directory, lock and FIFOs are there with modes of their own: they are kept, the \
               lock is not emptied, and only the record is a new file, whatever was left in status.new.",
        run: |world| {
            let web = world.service("web", "")?;
            world.files.make_directory("web/supervise")?;
            world.files.write("web/supervise/lock", "kept\n")?;
            for file in ["status", "status.new"] {
                world.files.write(format!("web/supervise/{file}"), "not a record, and longer than one")?;
            }
            for fifo in ["control", "ok"] {
                world.files.make_fifo(&format!("web/supervise/{fifo}"))?;
            }
            let modes = [("", 0o751), ("/lock", 0o640), ("/control", 0o622), ("/ok", 0o606), ("/status", 0o666)];
            for (file, mode) in modes {
                world.files.set_mode(&format!("web/supervise{file}"), mode)?;
            }
            let identities =
                || ["lock", "control", "ok"].map(|file| world.files.identity(format!("web/supervise/{file}")));
            let before = identities();
            web.supervise()?;
            world.expect("lock and FIFOs", identities(), before)?;
            let found = modes.map(|(file, _)| world.files.mode(&format!("web/supervise{file}")));
            world.expect("modes", found, ["0751", "0640", "0622", "0606", "0644"])?;
            world.expect("bytes in the lock", world.files.read("web/supervise/lock"), "kept\\n")?;
            world.expect(
                "bytes of the record",
                fs::read(world.path("web/supervise/status")).map(|bytes| bytes.len()).ok(),
                Some(18),
            )
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/needs-the-right-to-its-files",
        requirements: &["SUP-08"],
        uses: &[SUPERVISE],
        does: "Runs supervise as a user whom modes keep out of the directory, of supervise, the lock or a FIFO: \
               exit code 111 and `access denied`, but `file does not exist` where supervise could not be made.",
        run: |world| {
            // (what is closed to the user, its mode, and what comes of it)
            for (number, (file, mode, message)) in [
                ("", 0o000, "chdir to W: access denied"),
                ("", 0o555, "acquire W/supervise/lock: file does not exist"),
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
                let web = world.scripted(&format!("web{number}"), "#!/bin/sh\nexec sleep 1000\n")?;
                if file.starts_with("/supervise") {
                    world.files.make_directory(&format!("{}/supervise", web.name))?;
                    world.files.set_mode(&format!("{}/supervise", web.name), 0o777)?;
                }
                match file {
                    "/supervise/lock" => world.files.write(format!("{}{file}", web.name), "")?,
                    "/supervise/control" | "/supervise/ok" => world.files.make_fifo(&format!("{}{file}", web.name))?,
                    _ => {}
                }
                world.files.set_mode(&format!("{}{file}", web.name), mode)?;
                let ran = world.bound_by_modes("supervise")?.arg(&web.name).finish()?;
                let message = format!("supervise: fatal: unable to {}", message.replace('W', &web.name));
                world.expect_end(&ran, "exit 111", &message)?;
                // Nothing else was in the way.
                world.files.set_mode(&format!("{}{file}", web.name), 0o777)?;
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
        uses: &[SUPERVISE],
        does: "Runs supervise on a disk that was made read-only: the lock fails with `read-only file system`, or with \
               `file does not exist` where there is no supervise yet.",
        run: |world| {
            let disk = world.disk("disk", 1 << 20)?;
            let known = world.service("disk/known", "exit 0")?;
            world.service("disk/new", "exit 0")?;
            let supervise = known.start_supervise()?;
            known.until_starts(1)?;
            supervise.kill(Signal::SIGTERM)?;
            // The disk is busy as long as the probe has its log open.
            world
                .until_some("the disk", "read-only", || Ok(disk.write_protect().map_err(|busy| format!("{busy:?}"))))?;
            for (name, why) in [("disk/known", "read-only file system"), ("disk/new", "file does not exist")] {
                refuses(world, name, &format!("supervise: fatal: unable to acquire {name}/supervise/lock: {why}"))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/does-not-hang-on-a-fifo-in-the-place-of-a-file",
        requirements: &["GEN-05", "SUP-09", "SUP-29"],
        uses: &[SUPERVISE],
        does: "Puts a FIFO in the place of the lock, and of status.new: supervise says `device not configured` at \
               once, and exits for the first and goes on for the second.",
        run: |world| {
            let web = world.service("web", "")?;
            world.files.make_directory("web/supervise")?;
            world.files.make_fifo("web/supervise/lock")?;
            refuses(world, "web", "supervise: fatal: unable to acquire web/supervise/lock: device not configured")?;
            world.files.remove("web/supervise/lock")?;
            world.files.make_fifo("web/supervise/status.new")?;
            let supervise = web.start_supervise()?;
            web.until_starts(1)?;
            let warning = "supervise: warning: unable to open web/supervise/status.new: device not configured";
            supervise.until_only_lines(warning, 2)?;
            world.expect("the record", web.record()?.read(), None::<Record>)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/runs-with-other-files-for-fifos",
        requirements: &["SUP-10"],
        uses: &[SUPERVISE],
        does: "Has ok be a directory or a file, or control a file: supervise says nothing, and the service comes up \
               and is restarted.",
        run: |world| {
            let mut supervises = vec![];
            for (name, file, is_directory) in [
                ("ok-directory", "supervise/ok", true),
                ("ok-file", "supervise/ok", false),
                ("control-file", "supervise/control", false),
            ] {
                let service = world.service(name, "exit 0 after 100")?;
                world.files.make_directory(&format!("{name}/supervise"))?;
                if is_directory {
                    world.files.make_directory(&format!("{name}/{file}"))?;
                } else {
                    world.files.write(format!("{name}/{file}"), "")?;
                }
                supervises.push((service.start_supervise()?, service));
            }
            for (supervise, service) in &supervises {
                service.until_starts(2)?;
                world.expect("supervise runs", supervise.is_running(), true)?;
                world.expect("its words", supervise.err(), "")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/follows-a-link-to-its-directory",
        requirements: &["SUP-11"],
        uses: &[SUPERVISE, SVC],
        does: "Makes supervise a link to a directory, relative, absolute or over another link: its files are made \
               there.",
        run: |world| {
            let full = world.path("full-place").to_string_lossy().into_owned();
            if full.len() > 255 {
                // SUP-12: the original takes no longer ones.
                return Err(Failure::missing("TMPDIR short enough for a link of 255 bytes".to_owned()));
            }
            for (name, link, place) in [
                ("relative", "../relative-place", "relative-place"),
                ("full", &full, "full-place"),
                ("inside", "place", "inside/place"),
                ("twice", "../second", "twice-place"),
            ] {
                let service = world.service(name, "")?;
                world.files.make_directory(place)?;
                world.files.set_mode(place, 0o755)?;
                if link == "../second" {
                    world.files.link("twice-place", "second")?;
                }
                world.files.link(link, format!("{name}/supervise"))?;
                let supervise = service.supervise()?;
                world.until("files in its place", ["control", "lock", "ok", "status"], || {
                    Ok(world.files.names(place))
                })?;
                world.expect("the mode of its place", world.files.mode(place), "0755")?;
                service.svc("-o")?;
                world.expect("its words", supervise.err(), "")?;
            }
            for name in ["relative", "full", "inside", "twice"] {
                let service = world.service_called(name);
                service.record()?.until("up, paused 0, want 0")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/makes-the-directory-that-its-link-names",
        requirements: &["SUP-11"],
        uses: &[SUPERVISE],
        does: "Makes supervise a link to nothing: the directory is made with mode 0700, but not its parent, and not \
               what a second link names.",
        run: |world| {
            for (number, mask) in [0o022, 0o000, 0o077].into_iter().enumerate() {
                let name = format!("web{number}");
                let service = world.service(&name, "")?;
                let place = format!("place{number}");
                world.files.link(format!("../{place}"), format!("{name}/supervise"))?;
                let supervise = world.command("supervise").arg(&name).umask(mask).start()?;
                service.until_supervised()?;
                world.expect("the mode of its place", world.files.mode(&place), "0700")?;
                world.expect("the record is there", world.files.names(&place).contains(&"status".to_owned()), true)?;
                world.expect("its words", supervise.err(), "")?;
            }
            let parentless = world.service("parentless", "")?;
            world.files.link("../missing/place", "parentless/supervise")?;
            let over = world.service("over", "")?;
            world.files.link("second", "over/supervise")?;
            world.files.link("missing", "over/second")?;
            for service in [parentless, over] {
                let name = &service.name;
                let message = format!("supervise: fatal: unable to acquire {name}/supervise/lock: file does not exist");
                refuses(world, name, &message)?;
            }
            let made = [world.files.mode("missing"), world.files.mode("over/missing")];
            world.expect("what the links name", made, ["-", "-"])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/accepts-a-link-of-255-bytes",
        requirements: &["SUP-12"],
        uses: &[SUPERVISE],
        does: "Makes supervise a link of 255 bytes, to a directory or to nothing: it works. One to itself makes the \
               lock fail with `symbolic link loop`.",
        run: |world| {
            for place in ["there", "not-yet-there"] {
                let name = format!("link-to-{place}");
                let service = world.service(&name, "")?;
                if place == "there" {
                    world.files.make_directory(&format!("{name}/{place}"))?;
                }
                world.files.link(long_link(place, 255), format!("{name}/supervise"))?;
                service.supervise()?;
                world.expect(
                    "the record is there",
                    world.files.names(format!("{name}/{place}")).contains(&"status".to_owned()),
                    true,
                )?;
            }
            world.service("web", "")?;
            world.files.link("supervise", "web/supervise")?;
            refuses(world, "web", "supervise: fatal: unable to acquire web/supervise/lock: symbolic link loop")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/refuses-a-link-of-256-bytes",
        requirements: &["SUP-12"],
        uses: &[SUPERVISE],
        does: "Makes supervise a good link of 256 bytes: exit code 111, and a message without the name of the program.",
        run: |world| {
            let web = world.service("web", "")?;
            world.files.make_directory("web/place")?;
            world.files.link(long_link("place", 256), "web/supervise")?;
            let supervise = web.start_supervise()?;
            world.until("supervise has ended or is set up", true, || {
                Ok(!supervise.is_running() || web.is_supervised()?)
            })?;
            world.expect("its words", supervise.err(), "unable to readlink ./supervise: unknown error\\n")?;
            supervise.expect_exit("exit 111")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/says-why-it-cannot-read-a-link",
        requirements: &["SUP-12", "ERR-01"],
        uses: &[SUPERVISE, STRACE],
        does: "Lets the look whether `supervise` is a link fail: fatal in the words without a name, exit 111, and nothing \
               is made.",
        run: |world| {
            world.service("web", "")?;
            world.files.make_directory("web/supervise")?;
            let options = ["-o", "/dev/null", "-e", "inject=?readlink,?readlinkat:error=EIO"];
            let ran = world.traced(&options, "supervise")?.arg("web").run()?;
            let seen = (ran.exit.as_str(), ran.out.as_str(), ran.err.as_str());
            world.expect(
                "supervise",
                seen,
                ("exit 111", "", "unable to readlink ./supervise: input/output error\\n"),
            )?;
            world.expect("its files", world.files.names("web/supervise").len(), 0)
        },
        ..Scenario::ORDINARY
    },
    // The down file.
    Scenario {
        id: "supervise/setup/waits-where-there-is-a-down-file",
        requirements: &["SUP-03"],
        uses: &[SUPERVISE, SVC],
        does: "Starts supervise with a `down` file: ./run is not started until svc -u, and removing the file does not \
               start it either. Without the file it is started.",
        run: |world| {
            let web = world.service("web", "")?;
            let other = world.service("other", "")?;
            world.files.write("web/down", "")?;
            web.supervise()?;
            other.supervise()?;
            web.record()?.until("down, paused 0, want d")?;
            let none = || Ok(web.starts().len());
            world.stays("starts", 0, Duration::from_millis(150), none)?;
            world.files.remove("web/down")?;
            world.stays("starts without the file", 0, Duration::from_millis(150), none)?;
            web.svc("-u")?;
            web.record()?.until("up, paused 0, want u")?;
            web.until_starts(1).map(drop)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/waits-whatever-down-is",
        requirements: &["SUP-03", "SUP-03b", "SUP-26"],
        uses: &[SUPERVISE, SVSTAT],
        does: "Makes `down` a directory, a FIFO, an unreadable file, a link to a file or to a directory: the service \
               stays down. A link to nothing is no `down`.",
        run: |world| {
            let down = |name: &str| -> Result<Service, Failure> { world.service(name, "") };
            let mut waiting = vec![];
            for name in ["directory", "fifo", "unreadable", "link-to-file", "link-to-directory", "link-to-device"] {
                let service = down(name)?;
                let file = format!("{name}/down");
                match name {
                    "directory" => world.files.make_directory(&file).map(drop),
                    "fifo" => world.files.make_fifo(&file),
                    "unreadable" => {
                        world.files.write(&file, "")?;
                        world.files.set_mode(&file, 0)
                    }
                    "link-to-file" => world.files.link("run", &file),
                    "link-to-directory" => world.files.link("..", &file),
                    _ => world.files.link("/dev/null", &file),
                }?;
                let supervise = service.supervise()?;
                waiting.push((service, supervise));
            }
            let dangling = down("link-to-nothing")?;
            world.files.link("nothing", "link-to-nothing/down")?;
            dangling.supervise()?;
            dangling.until_starts(1)?;
            world.stays("starts", 0, Duration::from_millis(150), || {
                Ok(waiting.iter().map(|(service, _)| service.starts().len()).sum::<usize>())
            })?;
            for (service, supervise) in &waiting {
                service.record()?.until("down, paused 0, want d")?;
                world.expect("svstat", service.svstat()?, format!("{}: down N seconds", service.name))?;
                world.expect("the words of supervise", supervise.err(), "")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/looks-for-down-only-once",
        requirements: &["SUP-03", "SUP-34"],
        uses: &[SUPERVISE, SVC],
        does: "Makes `down` while the service runs, and kills it: it is started again. The next supervise finds the \
               file and waits.",
        run: |world| {
            let web = world.service("web", "")?;
            let supervise = web.supervise()?;
            let first = web.until_up()?;
            world.files.write("web/down", "")?;
            web.until_settled()?;
            world.signal(first, Signal::SIGKILL)?;
            web.until_starts(2)?;
            web.record()?.until("up, paused 0, want u")?;
            web.svc("-dx")?;
            supervise.expect_exit("exit 0")?;
            web.supervise()?;
            web.record()?.until("down, paused 0, want d")?;
            world.stays("starts", 2, Duration::from_millis(150), || Ok(web.starts().len()))
        },
        ..Scenario::ORDINARY
    },
    // The lock.
    Scenario {
        id: "supervise/setup/lets-a-second-one-go-at-once",
        requirements: &["SUP-06"],
        uses: &[SUPERVISE],
        does: "Starts a second supervise beside one that runs: it ends at once with an error, and the first one and \
               its service run on.",
        run: |world| {
            let web = world.service("web", "")?;
            let first = web.supervise()?;
            let pid = web.until_up()?;
            web.until_starts(1)?;
            for _ in 0..2 {
                let begin = world.monotonic();
                let ran = world.command("supervise").arg("web").finish()?;
                let took = Duration::from_nanos(world.monotonic() - begin);
                world.expect_that(
                    "its end",
                    ran.exit.starts_with("exit ") && ran.exit != "exit 0",
                    "an error",
                    &ran.exit,
                )?;
                world.expect_between("its time", took, Duration::ZERO, Duration::from_millis(900))?;
            }
            world.expect("the first runs", first.is_running(), true)?;
            world.stays("the service", (Some(pid), 1), Duration::from_millis(100), || {
                Ok((web.record()?.read().map(|record| record.pid()), web.starts().len()))
            })
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/touches-nothing-that-is-locked",
        requirements: &["SUP-06", "SUP-06b", "GEN-02"],
        uses: &[SUPERVISE],
        does: "Starts a second supervise, and one where a stranger holds the lock: exit code 111 and `unable to \
               acquire`, every file is the same as before, and where there was none, none is made.",
        run: |world| {
            let web = world.service("web", "")?;
            web.supervise()?;
            let files = ["", "/control", "/lock", "/ok", "/status"];
            let identities = || files.map(|file| world.files.identity(format!("web/supervise{file}")));
            let full = web.directory.to_string_lossy().into_owned();
            // The original writes the record once more, the same, when its first second is over.
            web.until_settled()?;
            let before = identities();
            for name in ["web", "./web/", &full] {
                let message = format!("supervise: fatal: unable to acquire {name}/supervise/lock: temporary failure");
                refuses(world, name, &message)?;
                world.expect("the files", identities(), before)?;
            }
            let locked = world.service("locked", "")?;
            let message = "supervise: fatal: unable to acquire locked/supervise/lock: temporary failure";
            for directory in ["locked/supervise", "locked/down"] {
                world.files.make_directory(directory)?;
                let lock = locked.lock()?;
                world.expect("the stranger has the lock", lock.is_some(), true)?;
                refuses(world, "locked", message)?;
                world.expect("the files in supervise", world.files.names("locked/supervise"), ["lock"])?;
                drop(lock);
            }
            world.files.remove("locked/down")?;
            locked.supervise().map(drop)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/setup/locks-by-flock",
        requirements: &["SUP-05"],
        uses: &[SUPERVISE, SVC],
        does: "Tries the lock by flock while supervise runs, and after it was told to exit: it is held, then free.",
        run: |world| {
            let web = world.service("web", "")?;
            world.files.write("web/down", "")?;
            let supervise = web.supervise()?;
            world.expect("the lock is free", web.lock()?.is_some(), false)?;
            // Whoever opens and closes the file takes nothing from the holder, as with another kind of lock.
            world.expect("the lock is free after a look at it", web.lock()?.is_some(), false)?;
            web.svc("-x")?;
            supervise.expect_exit("exit 0")?;
            world.expect("the lock is free", web.lock()?.is_some(), true)
        },
        ..Scenario::ORDINARY
    },
];

/// A name of `length` bytes for `place` in the same directory.
fn long_link(place: &str, length: usize) -> String {
    let missing = length - place.len();
    let slash = if missing.is_multiple_of(2) { "" } else { "/" };
    format!("{}{slash}{place}", "./".repeat(missing / 2))
}

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

/// The target's supervise on the directory `name` must exit 111 with `message` and print nothing else.
#[track_caller]
fn refuses(world: &World, name: impl AsRef<OsStr>, message: &str) -> Outcome {
    world.expect_end(&world.command("supervise").arg(name).finish()?, "exit 111", message)
}
