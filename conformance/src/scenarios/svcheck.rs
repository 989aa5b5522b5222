//! svcheck, a command of this project: each finding, and no false alarm.

use crate::outcome::{Failure, Outcome};
use crate::scenario::{ACCOUNTS, FEWER_RIGHTS, ROOT, SUPERVISE, SVC, SVCHECK, SVOK, SVSTAT, Scenario};
use crate::world::World;
use std::os::unix::fs::chown;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svcheck/finds-nothing-in-services-without-fault",
        requirements: &["EXT-21"],
        uses: &[SVCHECK, SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Makes the services of the README, loggers, scripts in several languages, a program as run and a directory of links \
               to them all, and checks them before, while and after a supervise runs on them.",
        run: |world| {
            let probe = world.service("probe", "")?;
            for (name, script) in [
                ("hello", "#!/bin/sh\nexec sleep 1000\n"),
                ("vmstat", "#!/bin/sh\nexec 2>&1\nexec vmstat 10\n"),
                ("vmstat/log", "#!/bin/sh\nexec multilog t ./main\n"),
                (
                    "filtered/log",
                    "#! /bin/sh -e\nexec setuidgid root multilog t s99999 '-*' '+*: bad*' =../state ./main /tmp\n",
                ),
                ("filtered", "#!/usr/bin/env sh\ncd / && umask 077; exec env -i \\\n  PATH=/bin sleep 1000\n"),
                ("condition", "#!/bin/bash\nif [ -e debug ]; then exec sleep 1; else exec sleep 2; fi\n"),
                ("awk", "#!/usr/bin/awk -f\nBEGIN { while (1) system(\"sleep 1\") }\n"),
                ("local/log", "#!/bin/sh\nexec setuidgid $ACCOUNT multilog t \"$DIRECTORY\"\n"),
                ("local", "#!./interpreter\n"),
            ] {
                write(world, name, script)?;
            }
            if crate::commands::tool("awk").is_none() || crate::commands::tool("bash").is_none() {
                world.files.remove("awk")?;
                world.files.remove("condition")?;
            }
            world.files.write_script("local/interpreter", "#!/bin/sh\nexec sleep 1000\n")?;
            world.files.make_directory("linked")?;
            world.files.link("../hello/run", "linked/run")?;
            // supervise makes the directory that this link leads to.
            world.files.link("../state", "linked/supervise")?;
            world.files.make_directory("service/.hidden")?;
            world.files.write("service/README", "not a service")?;
            for name in world.files.names(".").iter().filter(|name| !name.starts_with('.') && *name != "service") {
                world.files.link(format!("../{name}"), format!("service/{name}"))?;
            }
            let clean = |name: &str| world.expect(name, world.run("svcheck", &[name])?.all(), ("exit 0", "", ""));
            let clean_all =
                || ["service", "probe", "vmstat", "vmstat/log", "linked", "service/."].into_iter().try_for_each(clean);
            clean_all()?;
            let mut running = vec![];
            for name in ["hello", "linked"] {
                running.push((world.service_called(name), world.service_called(name).supervise()?));
            }
            running.push((probe.clone(), probe.supervise()?));
            clean_all()?;
            for (service, supervise) in running {
                service.svc("-dx")?;
                supervise.wait()?;
            }
            clean_all()
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svcheck/finds-each-fault-of-run",
        requirements: &["EXT-22", "EXT-24"],
        uses: &[SVCHECK],
        does: "Makes services with each fault that a file run can have, and the same as loggers.",
        run: |world| {
            for (script, mode, fault) in [
                ("#!/bin/sh\nexec true\n", 0o644, "is not executable: chmod +x DIR/run"),
                ("exec true\n", 0o755, "is neither a program nor starts with #!: begin it with a line #!/bin/sh"),
                ("", 0o755, "is neither a program nor starts with #!: begin it with a line #!/bin/sh"),
                (
                    "#!/bin/sh\r\nexec true\r\n",
                    0o755,
                    "has lines that end with a carriage return: sed -i 's/\\\\r$//' DIR/run",
                ),
                (
                    "#!/no/sh -e\nexec true\n",
                    0o755,
                    "its interpreter /no/sh is not there (file does not exist): install it, or mend the first line",
                ),
                ("#!/etc/passwd\n", 0o755, "its interpreter /etc/passwd cannot be executed: mend its first line"),
                ("#! \nexec true\n", 0o755, "names no interpreter after #!: begin it with a line #!/bin/sh"),
            ] {
                for name in ["web", "web/log"] {
                    write(world, "web", "#!/bin/sh\nexec true\n")?;
                    write(world, name, script)?;
                    world.files.set_mode(format!("{name}/run"), mode)?;
                    expect(world, "web", "exit 1", &[&format!("{name}/run: error: {fault}").replace("DIR", name)])?;
                    world.files.remove("web")?;
                }
            }
            world.files.make_directory("web/run")?;
            let text = "web/run: error: is not a file: put the program to start in its place";
            expect(world, "web", "exit 1", &[text])?;
            world.files.remove("web/run")?;
            world.files.make_directory("web/log")?;
            let missing = |name: &str| {
                format!(
                    "{name}: error: there is no run: write the program to start into {name}/run; chmod 755 {name}/run"
                )
            };
            expect(world, "web", "exit 1", &[&missing("web"), &missing("web/log")])?;
            write(world, "web", "#!/bin/sh\nexec true\n")?;
            world.files.remove("web/log")?;
            world.files.write_script("web/log", "#!/bin/sh\nexec true\n")?;
            let text = "web/log: error: is not a directory with a run in it, for the logger: rm web/log";
            expect(world, "web", "exit 1", &[text])?;
            // Each entry of a directory without these files is a service, whatever it is called.
            world.files.make_directory("scan/empty")?;
            expect(world, "scan", "exit 1", &[&missing("scan/empty")])?;
            for name in ["scan/log", "scan/down", "scan/other"] {
                write(world, name, "#!/bin/sh\nexec true\n")?;
            }
            expect(world, "scan", "exit 1", &[&missing("scan/empty")])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svcheck/hints-change-no-exit-code",
        requirements: &["EXT-23", "EXT-26"],
        uses: &[SVCHECK],
        does: "Makes shell scripts without exec or with one that only redirects, a file down, and files that a group may write to. \
               Each is a hint, and svcheck exits 0. For what anybody may write to it exits 1.",
        run: |world| {
            let text =
                "web/run: hint: has no exec, so that signals reach only the shell: put exec before its last command";
            for script in [
                "#!/bin/sh\nsleep 1000\n",
                "#!/bin/bash -e\n# exec sleep 1000\nsleep 1000\n",
                "#!/usr/bin/env sh\nexec 2>&1 </dev/null\nsleep 1000\n",
            ] {
                write(world, "web", script)?;
                expect(world, "web", "exit 0", &[text])?;
            }
            write(world, "web", "#!/bin/sh\nexec sleep 1000\n")?;
            world.files.write("web/down", "")?;
            let down = "web/down: hint: keeps supervise from starting the service: rm web/down; svc -u web";
            expect(world, "web", "exit 0", &[down])?;
            world.files.remove("web/down")?;
            write(world, "scan/web", "#!/bin/sh\nexec sleep 1000\n")?;
            world.files.make_directory("scan/web/supervise")?;
            world.files.make_fifo("scan/web/supervise/control")?;
            for (file, mode) in [
                ("scan", 0o755),
                ("scan/web", 0o755),
                ("scan/web/run", 0o755),
                ("scan/web/supervise", 0o700),
                ("scan/web/supervise/control", 0o600),
            ] {
                world.files.set_mode(file, mode | 0o020)?;
                let group = format!("{file}: hint: its group may write to it: chmod g-w {file}");
                expect(world, "scan", "exit 0", &[&group])?;
                world.files.set_mode(file, mode | 0o022)?;
                let anybody = format!("{file}: error: anybody may write to it: chmod o-w {file}");
                expect(world, "scan", "exit 1", &[&anybody, &group])?;
                world.files.set_mode(file, mode)?;
            }
            expect(world, "scan", "exit 0", &[])?;
            // Whoever may write to the directory that a link leads into can put another service in its place.
            write(world, "sv/one", "#!/bin/sh\nexec true\n")?;
            write(world, "sv/two", "#!/bin/sh\nexec true\n")?;
            world.files.link("../sv/one", "scan/one")?;
            world.files.link("../sv/two", "scan/two")?;
            let sv = std::fs::canonicalize(world.path("sv")).map_err(|error| Failure::broken(error.to_string()))?;
            let sv = sv.display().to_string();
            world.files.set_mode("sv", 0o777)?;
            let anybody = format!("{sv}: error: anybody may write to it: chmod o-w {sv}");
            let group = format!("{sv}: hint: its group may write to it: chmod g-w {sv}");
            expect(world, "scan", "exit 1", &[&anybody, &group])?;
            expect(world, "sv/one", "exit 1", &[&anybody, &group])?;
            world.files.set_mode("sv", 0o1777)?;
            expect(world, "scan", "exit 0", &[])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svcheck/hints-at-owners-who-decide-what-runs",
        requirements: &["EXT-23"],
        uses: &[SVCHECK, ROOT, ACCOUNTS],
        does: "Gives a service, its run and a log directory to an account. All but the last are worth a hint.",
        run: |world| {
            let accounts = world.accounts()?;
            let account = accounts.first().ok_or_else(|| Failure::broken("no account"))?;
            write(world, "web", "#!/bin/sh\nexec true\n")?;
            write(world, "web/log", &format!("#!/bin/sh\nexec setuidgid {} multilog t ./main\n", account.name))?;
            world.files.make_directory("web/log/main")?;
            world.as_root()?;
            own(world, "web/log/main", account.uid)?;
            expect(world, "web", "exit 0", &[])?;
            for name in ["web", "web/run"] {
                own(world, name, account.uid)?;
                let uid = account.uid;
                let hint = format!("{name}: hint: belongs to uid {uid}, which decides what runs: chown root {name}");
                expect(world, "web", "exit 0", &[&hint])?;
                own(world, name, 0)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svcheck/finds-what-supervise-refuses",
        requirements: &["EXT-30"],
        uses: &[SVCHECK],
        does: "Puts files, directories and links in the place of supervise and of what it makes.",
        run: |world| {
            write(world, "web", "#!/bin/sh\nexec true\n")?;
            world.files.write("web/supervise", "")?;
            let text =
                "web/supervise: error: is not a directory, which supervise would make: rm web/supervise".to_owned();
            expect(world, "web", "exit 1", &[&text])?;
            world.files.remove("web/supervise")?;
            world.files.make_directory("web/supervise")?;
            world.files.make_fifo("fifo")?;
            for name in ["control", "ok"] {
                let file = format!("web/supervise/{name}");
                world.files.write(&file, "")?;
                let text = format!("{file}: error: is not a FIFO, which supervise would make: rm -r {file}");
                expect(world, "web", "exit 1", &[&text])?;
                world.files.remove(&file)?;
                world.files.link("../../fifo", &file)?;
                let text = format!("{file}: error: is a symbolic link, which supervise does not follow: rm {file}");
                expect(world, "web", "exit 1", &[&text])?;
                world.files.remove(&file)?;
                world.files.make_fifo(&file)?;
            }
            // supervise follows links of root and of its own account.
            world.files.write("lock", "")?;
            world.files.link("../../lock", "web/supervise/lock")?;
            expect(world, "web", "exit 0", &[])?;
            world.files.remove("web/supervise/lock")?;
            world.files.make_directory("web/supervise/lock")?;
            let lock = "web/supervise/lock";
            let text = format!("{lock}: error: is not a file, which supervise would make: rm -r {lock}");
            expect(world, "web", "exit 1", &[&text])?;
            world.files.remove(lock)?;
            world.files.write(lock, "")?;
            expect(world, "web", "exit 0", &[])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svcheck/finds-links-that-lead-nowhere",
        requirements: &["EXT-25"],
        uses: &[SVCHECK],
        does: "Makes dangling links and circles of links, as entries of a directory, as run, log, supervise and down, and as the \
               argument itself.",
        run: |world| {
            write(world, "web", "#!/bin/sh\nexec true\n")?;
            world.files.make_directory("scan")?;
            world.files.link("../web", "scan/web")?;
            world.files.link("../web", "scan/.hidden")?;
            for name in ["scan/a", "web/log", "web/supervise", "web/down", "web/run"] {
                let is_run = name == "web/run";
                if is_run {
                    world.files.remove("web/run")?;
                    // Without another file of a service this would be a directory of services.
                    world.files.make_directory("web/supervise")?;
                }
                world.files.link("no/thing", name)?;
                let dangling = format!("leads to no/thing, which does not exist: make that, or: rm {name}");
                expect(world, "scan", "exit 1", &[&in_scan(name, &dangling)])?;
                world.files.remove(name)?;
                let target = name.rsplit('/').next().unwrap_or_default();
                world.files.link(target, name)?;
                let circle = format!("is a link that leads back to itself: rm {name}");
                expect(world, "scan", "exit 1", &[&in_scan(name, &circle)])?;
                world.files.remove(name)?;
            }
            world.files.link("nothing", "dangling")?;
            let text = "dangling: error: leads to nothing, which does not exist: make that, or: rm dangling";
            expect(world, "dangling", "exit 1", &[text])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svcheck/names-the-holder-of-a-stray-lock",
        requirements: &["EXT-27"],
        uses: &[SVCHECK, SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Holds the lock of a service without a supervise. svcheck names the process, and nothing once the lock is free or a \
               supervise holds it.",
        run: |world| {
            let (web, supervise) = world.down_service("web", "")?;
            world.files.remove("web/down")?;
            expect(world, "web", "exit 0", &[])?;
            web.svc("-x")?;
            supervise.wait()?;
            let lock = web.lock()?;
            world.expect("the lock is taken", lock.is_some(), true)?;
            let pid = std::process::id();
            let text = format!(
                "web/supervise/lock: error: process {pid} has locked it but is no supervise that runs, so that no other can \
                 start: end that process, or: kill {pid}"
            );
            expect(world, "web", "exit 1", &[&text])?;
            drop(lock);
            expect(world, "web", "exit 0", &[])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svcheck/finds-logs-that-the-account-cannot-write",
        requirements: &["EXT-28"],
        uses: &[SVCHECK, ROOT, ACCOUNTS],
        does: "Makes loggers with setuidgid and multilog whose directories belong to the account or to root, do not exist, or are \
               named in words that only a shell understands.",
        run: |world| {
            let accounts = world.accounts()?;
            let account = accounts.first().ok_or_else(|| Failure::broken("no account"))?;
            let name = &account.name;
            write(world, "web", "#!/bin/sh\nexec true\n")?;
            let logger = |words: &str| world.files.write_script("web/log/run", &format!("#!/bin/sh\nexec {words}\n"));
            world.files.make_directory("web/log/main")?;
            logger(&format!("setuidgid {name} multilog t ./main"))?;
            world.as_root()?;
            let cannot_write =
                format!("web/log/./main: error: the account {name} cannot write to it: chown {name} web/log/./main");
            expect(world, "web", "exit 1", &[&cannot_write])?;
            for words in [
                "multilog t ./main".to_owned(),
                "setuidgid root multilog t ./main".to_owned(),
                format!("setuidgid {name} multilog t \"./main\""),
                format!("setuidgid {name} multilog t ./$name"),
                format!("setuidgid {name} cat >./main"),
                format!("true; cd /tmp; setuidgid {name} multilog t ./main"),
            ] {
                logger(&words)?;
                expect(world, "web", "exit 0", &[])?;
            }
            logger(&format!("/command/setuidgid {name} \\\n  /command/multilog t ./main ./other"))?;
            let other = "web/log/./other";
            let cannot_make =
                format!("{other}: error: the account {name} cannot make it: mkdir {other}; chown {name} {other}");
            expect(world, "web", "exit 1", &[&cannot_write, &cannot_make])?;
            world.files.make_directory(other)?;
            for directory in ["web/log/main", other] {
                own(world, directory, account.uid)?;
            }
            expect(world, "web", "exit 0", &[])?;
            // A multilog of root was here before.
            for name in ["lock", "current"] {
                let (file, shown) = (format!("web/log/main/{name}"), format!("web/log/./main/{name}"));
                world.files.write(&file, "")?;
                world.files.set_mode(&file, 0o600)?;
                let text = format!(
                    "{shown}: error: the account {account} cannot write to it: chown {account} {shown}",
                    account = account.name
                );
                expect(world, "web", "exit 1", &[&text])?;
                own(world, &file, account.uid)?;
                expect(world, "web", "exit 0", &[])?;
                world.files.remove(&file)?;
            }
            let shown = "web/log/./main/current";
            world.files.link("../other", shown)?;
            let text = format!("{shown}: error: is a symbolic link, which multilog does not follow: rm {shown}");
            expect(world, "web", "exit 1", &[&text])?;
            world.files.remove(shown)?;
            world.files.set_mode("web/log", 0o700)?;
            let cannot_enter = format!("web/log: error: the account {name} cannot enter it: chmod a+x web/log");
            expect(world, "web", "exit 1", &[&cannot_enter, &cannot_enter])?;
            world.files.set_mode("web/log", 0o755)?;
            logger("setuidgid no-such-account multilog t ./main")?;
            let no_account = "web/log/run: error: there is no account no-such-account: make it, or name another";
            expect(world, "web", "exit 1", &[no_account])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svcheck/tells-what-it-could-not-see",
        requirements: &["EXT-29"],
        uses: &[SVCHECK, FEWER_RIGHTS],
        does: "Calls svcheck without an argument, on a directory that does not exist, on a file, with a name that is too long, and \
               without the rights that it needs.",
        run: |world| {
            for arguments in [&[][..], &["--"]] {
                world.expect_end(&world.run("svcheck", arguments)?, "exit 100", "svcheck: usage: svcheck dir ...")?;
            }
            world.files.write("file", "")?;
            let long = "n".repeat(256);
            for (name, why) in
                [("missing", "file does not exist"), ("file", "not a directory"), (&long, "file name too long")]
            {
                let message = format!("svcheck: warning: unable to read {name}: {why}");
                world.expect_end(&world.run("svcheck", &[name])?, "exit 111", &message)?;
            }
            write(world, "web", "no script")?;
            let fault = "web/run: error: is neither a program nor starts with #!: begin it with a line #!/bin/sh\\n";
            let missing = "svcheck: warning: unable to read missing: file does not exist\\n";
            world.expect("both", world.run("svcheck", &["missing", "web"])?.all(), ("exit 111", fault, missing))?;
            world.files.set_mode("web/run", 0o300)?;
            let ran = world.bound_by_modes("svcheck")?.arg("web").run()?;
            world.expect_end(&ran, "exit 111", "svcheck: warning: unable to read web/run: access denied")
        },
        ..Scenario::ORDINARY
    },
];

/// Makes a service whose run is `script`, or changes it.
fn write(world: &World, name: &str, script: &str) -> Outcome {
    world.files.make_directory(name)?;
    world.files.write_script(format!("{name}/run"), script)
}

fn own(world: &World, name: &str, uid: u32) -> Outcome {
    chown(world.path(name), Some(uid), None).map_err(|error| Failure::broken(error.to_string()))
}

/// Runs svcheck on `name`: it must print these lines, in any order.
#[track_caller]
fn expect(world: &World, name: &str, exit: &str, lines: &[&str]) -> Outcome {
    let ran = world.run("svcheck", &[name])?;
    let mut found: Vec<&str> = ran.out.split_terminator("\\n").collect();
    let mut wanted = lines.to_vec();
    found.sort_unstable();
    wanted.sort_unstable();
    world.expect("findings", &found, &wanted)?;
    world.expect("exit code and stderr", (ran.exit.as_str(), ran.err.as_str()), (exit, ""))
}

/// Returns the line for the file `name` as svcheck prints it for the directory `scan`, which has a link to `web`.
fn in_scan(name: &str, fault: &str) -> String {
    format!("{name}: error: {fault}").replace("web/", "scan/web/")
}
