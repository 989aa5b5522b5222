//! Log directories: how they are opened, and what is done about what a crash left.

use crate::observe::escape;
use crate::observe::tai64n::Label;
use crate::outcome::{Failure, Outcome};
use crate::scenario::{FEWER_RIGHTS, MULTILOG, PRLIMIT, STRACE, Scenario};
use crate::world::{Log, Running, World};
use nix::sys::signal::Signal;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "multilog/directory/refuses-a-log-that-is-in-use",
        requirements: &["MLOG-20"],
        uses: &[MULTILOG],
        does: "Starts a multilog whose log another one writes to, by the same name, by others, and behind a log that is free. It \
               prints a message and exits 111 without reading its input, and the other one goes on.",
        run: |world| {
            let (running, feed) = fed(world, &["./main"])?;
            world.until("the log", "0644".to_owned(), || Ok(world.log("main").mode("current")))?;
            world.files.link("main", "link")?;
            world.files.write("input", "lost\n")?;
            let absolute = world.path("main").display().to_string();
            for script in
                [&["./main"][..], &["./link"], &[&absolute], &["./free", "./main"], &["e", "./main", "./free"]]
            {
                // The shell shares its stdin with multilog, and prints what multilog leaves.
                let multilog = world.commands().join("multilog");
                let shell = world.program("/bin/sh").args(["-c", "\"$@\"; code=$?; cat; exit $code", "sh"]);
                let ran = shell.arg(multilog).args(script).input("input").finish()?;
                world.expect(&format!("end with {script:?}"), (&*ran.exit, &*ran.out), ("exit 111", "lost\\n"))?;
                world.expect_that("its message", !ran.err.is_empty(), "not empty", &ran.err)?;
            }
            send(world, &feed, b"line\n")?;
            world.until("the log", "line\\n", || Ok(world.log("main").current()))?;
            drop(feed);
            running.expect_exit("exit 0")?;
            let ran = world.multilog(&["./main"], "next\n")?.finish()?;
            world.expect("a later multilog", &*ran.exit, "exit 0")?;
            world.expect("the log", world.log("main").current(), "line\\nnext\\n")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/directory/locks-by-flock",
        requirements: &["MLOG-20b", "ERR-01"],
        uses: &[MULTILOG],
        does: "Locks the log of a multilog by flock(2), and looks at the lock of one that runs. A log that is locked, also by the \
               same script, is a `temporary failure`.",
        run: |world| {
            world.files.make_directory("main")?;
            let lock = world.lock_file("main/lock")?;
            let message = "multilog: fatal: unable to lock directory ./main: temporary failure";
            world.expect_end(&world.multilog(&["./main"], "line\n")?.finish()?, "exit 111", message)?;
            world.expect("files", world.files.names("main"), vec!["lock"])?;
            drop(lock);
            let twice = world.multilog(&["./main", "-x", "./main"], "line\n")?.finish()?;
            world.expect_end(&twice, "exit 111", message)?;
            let other = world.multilog(&["./main", "./main/../main/"], "line\n")?.finish()?;
            world.expect_end(&other, "exit 111", &message.replace("./main", "./main/../main/"))?;
            let (running, feed) = fed(world, &["./main"])?;
            world.until("the lock is held", true, || Ok(world.lock_file("main/lock")?.is_none()))?;
            drop(feed);
            running.expect_exit("exit 0")?;
            world.expect("the lock is free", world.lock_file("main/lock")?.is_some(), true)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/directory/makes-directories-and-files",
        requirements: &["MLOG-20b", "MLOG-25"],
        uses: &[MULTILOG],
        does: "Starts multilog with several umasks: its own is 022, which a processor inherits. Directories, locks, states and logs \
               get the modes of the original. A directory that exists keeps its mode.",
        run: |world| {
            world.files.make_directory("there")?;
            world.files.set_mode("there", 0o1711)?;
            world.files.write("input", "x".repeat(5000))?;
            for mask in [0, 0o022, 0o077, 0o777] {
                let name = format!("log{mask:o}");
                let script = ["s4096", "!umask >&2; cat", &*format!("./{name}"), "!", "./there"];
                let ran = world.command("multilog").args(script).umask(mask).input("input").finish()?;
                world.expect(&format!("multilog with umask {mask:o}"), ran.all(), ("exit 0", "", "0022\\n"))?;
                let log = world.log(&name);
                let modes = ["", "lock", "state", "current"].map(|file| log.mode(file));
                world.expect("modes", modes, ["0700", "0600", "0644", "0744"].map(str::to_owned))?;
                let old = log.old().iter().map(|old| log.mode(old)).collect::<Vec<_>>();
                world.expect("modes of old files", old, vec!["0744"])?;
                world.expect("files", world.files.names(&name).len(), 4)?;
            }
            world.expect("mode of the other directory", world.files.mode("there"), "1711")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/directory/keeps-the-mode-while-it-runs",
        requirements: &["MLOG-22", "MLOG-25"],
        uses: &[MULTILOG],
        does: "Ends and starts multilog again: `current` has mode 0644 while it runs, and the lines of both are in it.",
        run: |world| {
            let log = world.log("main");
            for (number, wanted) in ["1\\n", "1\\n2\\n", "1\\n2\\n3\\n"].into_iter().enumerate() {
                let (running, feed) = fed(world, &["./main"])?;
                send(world, &feed, format!("{}\n", number + 1).as_bytes())?;
                world.until("the log", wanted, || Ok(log.current()))?;
                world.expect("mode while it runs", log.mode("current"), "0644")?;
                drop(feed);
                running.expect_exit("exit 0")?;
                world.expect("mode after the end", log.mode("current"), "0744")?;
            }
            world.expect("old files", log.old(), vec![""; 0])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/directory/puts-aside-what-a-crash-left",
        requirements: &["MLOG-23"],
        uses: &[MULTILOG],
        does: "Kills a multilog that has logged two lines. The next one keeps them in an old file with the code `u`, and logs to a \
               new one.",
        run: |world| {
            let log = world.log("main");
            let (running, feed) = fed(world, &["./main"])?;
            send(world, &feed, b"one\ntwo\n")?;
            world.until("the log", "one\\ntwo\\n", || Ok(log.current()))?;
            let killed = running.kill(Signal::SIGKILL)?.to_string();
            world.expect("its end", killed, "killed by KILL")?;
            drop(feed);
            world.expect("the next one", &*world.multilog(&["./main"], "three\n")?.finish()?.exit, "exit 0")?;
            expect_old(world, &log, &[("u", "one\\ntwo\\n")])?;
            world.expect("the log", log.current(), "three\\n")?;
            let is_label =
                log.old().iter().all(|name| Label::split(name.as_bytes()).is_some_and(|(_, rest)| rest == b".u"));
            world.expect("names of old files are stamps", is_label, true)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/directory/goes-on-with-what-its-owner-may-execute",
        requirements: &["MLOG-22b"],
        uses: &[MULTILOG],
        does: "Starts multilog with a `current` of several modes that have the owner's execute bit, beside other files. It appends \
               to it, counts its size, leaves the other files alone, and makes no `state`.",
        run: |world| {
            let log = world.log("main");
            for mode in [0o744, 0o700, 0o755, 0o777, 0o100, 0o4711] {
                world.files.make_directory(&log.name)?;
                let others = ["previous", "processed", "newstate"].map(|name| format!("main/{name}"));
                others.iter().try_for_each(|name| world.files.write(name, name))?;
                world.files.write("main/current", "x".repeat(4000))?;
                world.files.set_mode("main/current", mode)?;
                let ran = world.multilog(&["s4096", "./main"], "y".repeat(100))?.finish()?;
                world.expect(&format!("multilog with mode {mode:o}"), ran.all(), ("exit 0", "", ""))?;
                // The rotation renames `current` to `previous`.
                expect_old(world, &log, &[("s", &("x".repeat(4000) + &"y".repeat(96)))])?;
                world.expect("current", log.current(), "yyyy\\n")?;
                let names = ["processed", "newstate"].map(|name| (log.mode(name), escape(&log.bytes(name))));
                let wanted = ["processed", "newstate"].map(|name| ("0644".to_owned(), format!("main/{name}")));
                world.expect("other files", names, wanted)?;
                world.expect("mode of state", log.mode("state"), "-")?;
                world.files.remove("main")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/directory/recovers-from-each-moment-of-a-rotation",
        requirements: &["MLOG-23b", "MLOG-25"],
        uses: &[MULTILOG],
        does: "Starts multilog with each combination of a `current`, a `previous` and a `processed` that are missing, complete or \
               not, beside a `state` and a `newstate`. What becomes an old file, with which code and mode, is as in the original.",
        run: |world| {
            let log = world.log("main");
            let modes = [None, Some(0o644), Some(0o744)];
            for current in [None, Some(0o644), Some(0o611), Some(0o000)] {
                for (previous, processed) in modes.iter().flat_map(|one| modes.iter().map(move |other| (*one, *other)))
                {
                    world.files.make_directory(&log.name)?;
                    let old = [("current", current), ("previous", previous), ("processed", processed)];
                    for (name, mode) in old.into_iter().chain([("state", Some(0o600)), ("newstate", Some(0o600))]) {
                        let Some(mode) = mode else { continue };
                        world.files.write(format!("main/{name}"), format!("{name}\n"))?;
                        world.files.set_mode(format!("main/{name}"), mode)?;
                    }
                    let before = world.time_of_day();
                    let what = format!("current {current:?}, previous {previous:?}, processed {processed:?}");
                    let ran = world.multilog(&["./main"], "line\n")?.finish()?;
                    world.expect(&what, ran.all(), ("exit 0", "", ""))?;
                    let after = world.time_of_day();
                    let is_processed = processed == Some(0o744);
                    let mut wanted = vec![];
                    if is_processed {
                        wanted.push(("s", "processed\\n", 0o744));
                    } else if let Some(mode) = previous {
                        wanted.push(("u", "previous\\n", mode));
                    }
                    wanted.extend(current.map(|mode| ("u", "current\\n", mode)));
                    expect_old(world, &log, &wanted.iter().map(|(code, text, _)| (*code, *text)).collect::<Vec<_>>())?;
                    let found: Vec<String> = log.old().iter().map(|name| log.mode(name)).collect();
                    let modes: Vec<String> = wanted.iter().map(|(.., mode)| format!("{mode:04o}")).collect();
                    world.expect("modes of old files", found, modes)?;
                    let times: Vec<_> = log
                        .old()
                        .iter()
                        .filter_map(|name| Some(Label::split(name.as_bytes())?.0.since_1970()))
                        .collect();
                    let is_now =
                        times.len() == wanted.len() && times.iter().all(|time| before <= *time && *time <= after);
                    world.expect_that("times of old files", is_now, "the present time", times)?;
                    let left =
                        world.files.names("main").into_iter().filter(|name| !name.starts_with('@')).collect::<Vec<_>>();
                    world.expect("other files", left, vec!["current", "lock", "state"])?;
                    let files = ["current", "state"].map(|name| (log.mode(name), escape(&log.bytes(name))));
                    let wanted =
                        [("0744", "line\\n"), ("0644", "")].map(|(mode, text)| (mode.to_owned(), text.to_owned()));
                    world.expect("current and state", files, wanted)?;
                    world.files.remove("main")?;
                }
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/directory/keeps-an-empty-current",
        requirements: &["MLOG-23b", "MLOG-21"],
        uses: &[MULTILOG],
        does: "Lets multilog fail at its second directory. The first has a `current` of mode 0644 then, which the next start makes \
               an empty old file with the code `u`.",
        run: |world| {
            let log = world.log("main");
            let script = ["./main", "./missing/x", "./never"];
            let message = "multilog: fatal: unable to open directory ./missing/x: file does not exist";
            for count in 0..3 {
                world.expect_end(&world.multilog(&script, "line\n")?.finish()?, "exit 111", message)?;
                world.expect("mode of current", log.mode("current"), "0644")?;
                expect_old(world, &log, &vec![("u", ""); count])?;
            }
            world.expect("the third directory", world.files.exists("never"), false)?;
            world.expect("multilog", &*world.multilog(&["./main"], "line\n")?.finish()?.exit, "exit 0")?;
            expect_old(world, &log, &[("u", ""); 3])?;
            world.expect("the log", log.current(), "line\\n")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/directory/links-before-it-removes",
        requirements: &["MLOG-24", "MLOG-23b"],
        uses: &[MULTILOG],
        does: "Starts multilog with files that have an old name already, as after a crash between the link and the removal. They \
               lose their first name and get no other old name.",
        run: |world| {
            let log = world.log("main");
            let names = ["@4000000000000000000000a.s", "@40000000000000000000000a.s", "kept"];
            for (file, mode) in [("previous", 0o744), ("processed", 0o744), ("processed", 0o644), ("current", 0o644)] {
                for old in names {
                    world.files.make_directory(&log.name)?;
                    let [path, other] = [file, old].map(|name| format!("main/{name}"));
                    world.files.write(&path, "lines\n")?;
                    world.files.set_mode(&path, mode)?;
                    let linked = fs::hard_link(world.path(&path), world.path(&other));
                    linked.map_err(|error| Failure::broken(format!("link: {error}")))?;
                    let ran = world.multilog(&["./main"], "line\n")?.finish()?;
                    world.expect(&format!("multilog with {file} linked to {old}"), ran.all(), ("exit 0", "", ""))?;
                    world.expect("the other name", log.bytes(old), b"lines\n".to_vec())?;
                    let mut left = vec![old, "current", "lock", "state"];
                    left.sort_unstable();
                    world.expect("files", world.files.names("main"), left)?;
                    world.expect("the log", log.current(), "line\\n")?;
                    world.files.remove("main")?;
                }
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/directory/removes-what-comes-first",
        requirements: &["MLOG-13b"],
        uses: &[MULTILOG],
        does: "Starts multilog with eight old files and others whose names are like theirs. A start after a clean end removes \
               nothing. Recovery leaves as many old files as the script says: those whose names come last.",
        run: |world| {
            let log = world.log("main");
            world.files.make_directory(&log.name)?;
            let others = [
                "@",
                "@40000000.s",
                "@400000000000000000000.s",
                "4000000000000000000000000.s",
                "a@4000000000000000000000000.s",
            ];
            others.iter().try_for_each(|name| world.files.write(format!("main/{name}"), ""))?;
            let codes = ["u", "s", "s", "u", "s", "s", "s", "s"];
            for (number, code) in codes.into_iter().enumerate() {
                // The first digits are those of times long ago, the last ones of the far future.
                let name =
                    format!("main/@{:016x}00000000.{code}", if number < 5 { number } else { (number + 64) << 56 });
                world.files.write(name, format!("{number}\n"))?;
            }
            world.files.write("main/current", "old\n")?;
            world.files.set_mode("main/current", 0o744)?;
            let start = || world.multilog(&["n5", "./main"], "line\n").and_then(|multilog| multilog.finish());
            world.expect("a clean start", start()?.all(), ("exit 0", "", ""))?;
            let old = || log.old().into_iter().filter(|name| !others.contains(&&**name)).collect::<Vec<_>>();
            world.expect("old files", old().len(), 8)?;
            world.files.set_mode("main/current", 0o644)?;
            world.expect("a start that recovers", start()?.all(), ("exit 0", "", ""))?;
            let texts = old().iter().map(|name| escape(&log.bytes(name))).collect::<Vec<_>>();
            // `current` got the present time, which comes between the two.
            world.expect("old files", texts, vec!["old\\nline\\n", "5\\n", "6\\n", "7\\n"])?;
            let missing = others.into_iter().find(|name| !world.files.exists(format!("main/{name}")));
            world.expect("a file with another name that is gone", missing, None::<&str>)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/directory/prunes-ten-thousand-files",
        requirements: &["MLOG-13b", "MLOG-13"],
        uses: &[MULTILOG],
        does: "Fills a log whose directory has ten thousand old files with `n9998`: 9997 are left, and those that are gone are the \
               oldest.",
        run: |world| {
            let log = world.log("main");
            world.files.make_directory(&log.name)?;
            for number in 0..10_000 {
                let path = world.path(format!("main/@40000000{number:016x}.s"));
                fs::File::create(&path).map_err(|error| Failure::broken(format!("{}: {error}", path.display())))?;
            }
            let ran = world.multilog(&["n9998", "s4096", "./main"], "x".repeat(4097))?.finish()?;
            world.expect("multilog", ran.all(), ("exit 0", "", ""))?;
            let old = log.old();
            world.expect("old files", old.len(), 9997)?;
            world.expect("the oldest", old[0].clone(), format!("@40000000{:016x}.s", 4))?;
            world.expect("size of the youngest", log.bytes(&old[9996]).len(), 4096)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/directory/reports-what-it-cannot-open",
        requirements: &["MLOG-20b", "GEN-01", "GEN-02", "ERR-01"],
        uses: &[MULTILOG],
        does: "Gives multilog directories that cannot be made or opened: files, links to themselves, names that are too long, \
               missing parents. It exits 111, and makes nothing behind them.",
        run: |world| {
            world.files.write("file", "")?;
            world.files.link("loop", "loop")?;
            world.files.link("nowhere", "dangling")?;
            world.files.make_fifo("fifo")?;
            let long = format!("./{}", "n".repeat(256));
            for (directory, why) in [
                ("./file", "not a directory"),
                ("./file/", "not a directory"),
                ("./file/x", "not a directory"),
                ("./fifo", "not a directory"),
                ("./loop", "symbolic link loop"),
                ("./dangling", "file does not exist"),
                ("./missing/x", "file does not exist"),
                ("/no/such/directory", "file does not exist"),
                (&long, "file name too long"),
            ] {
                let ran = world.multilog(&["=status", directory, "./later"], "line\n")?.finish()?;
                let message = format!("multilog: fatal: unable to open directory {directory}: {why}");
                world.expect_end(&ran, "exit 111", &message)?;
            }
            let made = ["status", "later", "missing", "nowhere"].map(|name| world.files.exists(name));
            world.expect("files that were made", made, [true, false, false, false])?;
            let ran = world.command("multilog").arg(OsStr::from_bytes(b"./missing/\xff\xfe")).finish()?;
            let message = "multilog: fatal: unable to open directory ./missing/\\xff\\xfe: file does not exist";
            world.expect_end(&ran, "exit 111", message)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/directory/reports-files-that-are-not-files",
        requirements: &["MLOG-20b", "GEN-02", "ERR-01"],
        uses: &[MULTILOG],
        does: "Puts directories, FIFOs and links to themselves in the places of `lock`, `current`, `processed` and `state`. \
               multilog reports what it cannot do and exits 111.",
        run: |world| {
            #[derive(Clone, Copy, Debug)]
            enum Kind {
                Directory(u32),
                Fifo(u32),
                Loop,
            }
            use Kind::{Directory, Fifo, Loop};
            for (file, kind, message) in [
                ("lock", Directory(0o755), "unable to lock directory ./main: is a directory"),
                ("lock", Fifo(0o600), "unable to lock directory ./main: device not configured"),
                ("lock", Loop, "unable to lock directory ./main: symbolic link loop"),
                ("current", Directory(0o755), "unable to append to ./main/current: is a directory"),
                ("current", Fifo(0o744), "unable to append to ./main/current: device not configured"),
                ("current", Loop, "unable to stat ./main/current: symbolic link loop"),
                ("processed", Loop, "unable to stat ./main/processed: symbolic link loop"),
                ("state/x", Directory(0o755), "unable to write to ./main/state: is a directory"),
            ] {
                world.files.make_directory("main")?;
                let path = format!("main/{file}");
                match kind {
                    Directory(mode) => {
                        world.files.make_directory(&path)?;
                        world.files.set_mode(&path, mode)?;
                    }
                    Fifo(mode) => {
                        world.files.make_fifo(&path)?;
                        world.files.set_mode(&path, mode)?;
                    }
                    Loop => world.files.link(file, &path)?,
                }
                let ran = world.multilog(&["./main", "./later"], "line\n")?.finish()?;
                let is_right = ran.all() == ("exit 111", "", &*format!("multilog: fatal: {message}\\n"));
                world.expect_that(&format!("multilog with {file} as {kind:?}"), is_right, message, ran.all())?;
                world.files.remove("main")?;
            }
            world.expect("a later directory", world.files.exists("later"), false)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/directory/puts-aside-links-and-fifos",
        requirements: &["MLOG-23b"],
        uses: &[MULTILOG],
        does: "Makes `current` a link to a file of mode 0644, or a FIFO that nobody reads: it becomes an old file with the code `u`, \
               and the target of the link stays as it is.",
        run: |world| {
            for name in ["linked", "fifo"] {
                let log = world.log(name);
                world.files.make_directory(&log.name)?;
                if name == "linked" {
                    world.files.write("target", "x\n")?;
                    world.files.link("../target", "linked/current")?;
                } else {
                    world.files.make_fifo("fifo/current")?;
                }
                let ran = world.multilog(&[&*log.name], "line\n")?.finish()?;
                world.expect(&format!("multilog with a {name}"), ran.all(), ("exit 0", "", ""))?;
                world.expect("codes", log.codes(), vec!["u"])?;
                world.expect(
                    "the log",
                    (log.current(), log.mode("current")),
                    ("line\\n".to_owned(), "0744".to_owned()),
                )?;
            }
            world.expect(
                "the target",
                (world.files.read("target"), world.files.mode("target")),
                ("x\\n".to_owned(), "0644".to_owned()),
            )
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/directory/goes-on-behind-a-link",
        requirements: &["MLOG-27"],
        uses: &[MULTILOG],
        does: "Makes `current` a link to a file of mode 0744. The line is appended to that file.",
        run: |world| {
            let log = world.log("log");
            world.files.make_directory("log")?;
            world.files.write("target", "x\n")?;
            world.files.set_mode("target", 0o744)?;
            world.files.link("../target", "log/current")?;
            let ran = world.multilog(&["./log"], "line\n")?.finish()?;
            world.expect("multilog", ran.all(), ("exit 0", "", ""))?;
            world.expect("the target", world.files.read("target").as_str(), "x\\nline\\n")?;
            world.expect("codes", log.codes(), vec![""; 0])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/directory/reports-what-it-may-not-do",
        requirements: &["MLOG-20b", "ERR-01"],
        uses: &[MULTILOG, FEWER_RIGHTS],
        does: "Takes permissions away from the current directory, from the directory of a log and from the files in it. multilog \
               exits 111 with a message each.",
        run: |world| {
            for (file, mode, right, log, message) in [
                ("here", 0o300, 0o755, "main", "switch to current directory: access denied"),
                ("main", 0o300, 0o755, "main", "open directory ../main: access denied"),
                ("main", 0o600, 0o755, "main", "open directory ../main: access denied"),
                // It does not tell why it could not make the directory.
                (".", 0o500, 0o755, "new", "open directory ../new: file does not exist"),
                ("main/lock", 0o400, 0o600, "main", "lock directory ../main: access denied"),
                ("main/current", 0o544, 0o744, "main", "append to ../main/current: access denied"),
                ("bare", 0o500, 0o755, "bare", "write to ../bare/state: access denied"),
                ("stated", 0o500, 0o755, "stated", "write to ../stated/current: access denied"),
            ] {
                for (name, mode) in [
                    ("main/lock", 0o600),
                    ("main/current", 0o744),
                    ("bare/lock", 0o600),
                    ("stated/lock", 0o600),
                    ("stated/state", 0o644),
                ] {
                    let directory = name.split('/').next().unwrap_or_default();
                    world.files.make_directory(directory)?;
                    world.files.write(name, "")?;
                    world.files.set_mode(name, mode)?;
                }
                world.files.make_directory("here")?;
                world.files.write("input", "line\n")?;
                let multilog = world.bound_by_modes("multilog")?.arg(format!("../{log}")).current_directory("here");
                world.files.set_mode(file, mode)?;
                let ended = multilog.input("input").finish();
                world.files.set_mode(file, right)?;
                let (ran, err) = (ended?, format!("multilog: fatal: unable to {message}\\n"));
                world.expect(&format!("{file} with mode {mode:o}"), ran.all(), ("exit 111", "", &*err))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/directory/reports-system-calls-that-fail",
        requirements: &["MLOG-20b", "GEN-02", "ERR-01"],
        uses: &[MULTILOG, STRACE],
        does: "Lets system calls fail that switch directories, lock, look at files, open them and set their modes: a message each \
               and exit code 111, and no input is read.",
        run: |world| {
            for (calls, when, path, is_complete, message) in [
                ("fchdir", "1", None, false, "unable to switch to starting directory"),
                ("fchdir", "2", None, false, "unable to open directory ./main"),
                ("flock", "1+", None, false, "unable to lock directory ./main"),
                ("?open,?openat", "1+", Some("./main"), false, "unable to open directory ./main"),
                ("?open,?openat", "1+", Some("lock"), false, "unable to lock directory ./main"),
                ("?open,?openat", "1+", Some("state"), false, "unable to write to ./main/state"),
                ("?open,?openat", "1+", Some("current"), false, "unable to write to ./main/current"),
                ("?open,?openat", "1+", Some("current"), true, "unable to append to ./main/current"),
                ("?stat,?newfstatat,?statx", "1+", Some("current"), false, "unable to stat ./main/current"),
                ("?stat,?newfstatat,?statx", "1+", Some("processed"), false, "unable to stat ./main/processed"),
                ("fchmod", "1", None, false, "unable to set mode of ./main/current"),
                ("fchmod", "1", None, true, "unable to set mode of ./main/current"),
            ] {
                if world.files.exists("main") {
                    world.files.remove("main")?;
                }
                if is_complete {
                    world.files.make_directory("main")?;
                    world.files.write("main/current", "")?;
                    world.files.set_mode("main/current", 0o744)?;
                }
                let (trace, inject) = (format!("trace={calls}"), format!("inject={calls}:error=EIO:when={when}"));
                let mut options = vec!["-o", "/dev/null", "-e", &trace, "-e", &inject];
                // The name by which multilog opens it, where nothing has it yet: strace takes it as it is.
                options.extend(path.iter().flat_map(|path| ["-P", *path]));
                world.files.write("input", "line\n")?;
                let ran = world.traced(&options, "multilog")?.arg("./main").input("input").finish()?;
                let err: Vec<&str> = ran.err.split("\\n").filter(|line| line.starts_with("multilog")).collect();
                let wanted = format!("multilog: fatal: {message}: input/output error");
                world.expect(
                    &format!("EIO of {calls} {when} on {path:?}"),
                    (&*ran.exit, err),
                    ("exit 111", vec![&*wanted]),
                )?;
                world.expect("current", world.log("main").current(), "")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/directory/runs-out-of-memory",
        requirements: &["MLOG-20"],
        uses: &[MULTILOG, PRLIMIT],
        does: "Starts multilog with twenty thousand directories in its script and with more and more memory, from too little to \
               start at all to enough. If it can be started, it exits 111 with a message.",
        run: |world| {
            world.files.write("input", "lost\n")?;
            let script = vec!["./missing/x"; 20_000];
            let mut has_started = false;
            for kilobytes in (1500..24_000).step_by(1500) {
                let prlimit = crate::commands::tool("prlimit").ok_or_else(|| Failure::missing("no program prlimit"))?;
                let limit = format!("--as={}", kilobytes << 10);
                let multilog = world.program(prlimit).arg(limit).arg(world.commands().join("multilog"));
                let ran = multilog.args(&script).input("input").finish()?;
                // The kernel or the loader could not start it.
                let unstarted = ["killed by SEGV", "killed by KILL", "killed by BUS", "exit 126", "exit 127"];
                if !has_started && unstarted.contains(&&*ran.exit) {
                    continue;
                }
                has_started = true;
                world.expect(&format!("end with {kilobytes} kB"), (&*ran.exit, &*ran.out), ("exit 111", ""))?;
                world.expect_that("its message", !ran.err.is_empty(), "not empty", &ran.err)?;
            }
            world.expect("it has started", has_started, true)
        },
        ..Scenario::ORDINARY
    },
];

/// Fails unless the old files of `log` have these codes and contents, the oldest first.
#[track_caller]
fn expect_old(world: &World, log: &Log, wanted: &[(&str, &str)]) -> Outcome {
    let found: Vec<(String, String)> =
        log.codes().into_iter().zip(log.old().iter().map(|name| escape(&log.bytes(name)))).collect();
    let wanted: Vec<(String, String)> =
        wanted.iter().map(|(code, text)| ((*code).to_owned(), (*text).to_owned())).collect();
    world.expect("old files", found, wanted)
}

/// Starts multilog with `script`, reading a new FIFO. Returns the end that feeds it, whose closing ends the input.
fn fed(world: &World, script: &[&str]) -> Result<(Running, fs::File), Failure> {
    let name = format!("feed-{}", world.monotonic());
    world.files.make_fifo(&name)?;
    // Opened for reading as well, so that neither end waits for the other.
    let feed = fs::OpenOptions::new().read(true).write(true).open(&name);
    let feed = feed.map_err(|error| Failure::broken(format!("{name}: {error}")))?;
    Ok((world.command("multilog").args(script).input(&name).start()?, feed))
}

/// Writes `bytes` to the FIFO that multilog reads.
fn send(world: &World, mut feed: &fs::File, bytes: &[u8]) -> Outcome {
    world.note(format!("feed {}", escape(bytes)), "");
    feed.write_all(bytes).map_err(|error| Failure::broken(format!("feed: {error}")))
}
