//! setlock: runs a program with a file locked.

use crate::observe::process;
use crate::outcome::Failure;
use crate::scenario::{FEWER_RIGHTS, MOUNTS, SETLOCK, STRACE, Scenario};
use crate::world::{Running, Service, World};
use nix::sys::signal::Signal;
use std::time::Duration;

/// What setlock prints if it is called wrongly.
const USAGE: &str = "setlock: usage: setlock [ -nNxX ] file program [ arg ... ]\\n";
/// How long a scenario watches that nothing happens.
const A_WHILE: Duration = Duration::from_millis(250);

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "setlock/runs-one-program-at-a-time",
        requirements: &["LOCK-01"],
        uses: &[SETLOCK],
        does: "Runs three programs with a new file locked and one with another file. One of the three runs at a time, the next \
               when it has exited or was killed, and the fourth runs at once.",
        run: |world| {
            let programs = ["first", "second", "third"].map(|name| world.service(name, ""));
            let [first, second, third] = programs;
            let (first, second, third) = (first?, second?, third?);
            let other = world.service("other", "")?;
            let running = lock(world, "lock", &first)?;
            first.until_started()?;
            world.expect("the file exists", world.files.exists("lock"), true)?;
            let waiting = [lock(world, "lock", &second)?, lock(world, "lock", &third)?];
            lock(world, "other-lock", &other)?;
            other.until_started()?;
            let starts = || Ok([&second, &third].map(|program| program.starts().len()));
            world.stays("starts of the others", [0, 0], A_WHILE, starts)?;
            first.order("exit 0")?;
            running.wait()?;
            let (next, last) = world.until_some("the program that is next", "started", || {
                let [second_starts, third_starts] = starts()?;
                Ok(match (second_starts, third_starts) {
                    (1, 0) => Ok((&second, &third)),
                    (0, 1) => Ok((&third, &second)),
                    other => Err(format!("{other:?}")),
                })
            })?;
            world.stays("starts of the last", 0, A_WHILE, || Ok(last.starts().len()))?;
            let (pid, ..) = next.until_starts(1)?.remove(0);
            world.kill(pid, Signal::SIGKILL)?;
            last.until_started()?;
            last.order("exit 0")?;
            waiting.iter().try_for_each(|running| running.wait().map(drop))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "setlock/locks-until-the-last-descriptor-is-closed",
        requirements: &["LOCK-01", "LOCK-02"],
        uses: &[SETLOCK],
        does: "Runs a program that starts another in the background and exits. The file stays locked until that one exits too.",
        run: |world| {
            let background = world.service("background", "")?;
            let ran = world.command("setlock").args(["lock", "sh", "-c", "background/run & exit 0"]).finish()?;
            world.expect("the program", ran.exit, "exit 0")?;
            background.until_started()?;
            let (pid, ..) = background.until_starts(1)?.remove(0);
            world.disown(pid);
            world.expect("the file is free", is_free(world, "lock")?, false)?;
            let next = world.service("next", "")?;
            lock(world, "lock", &next)?;
            world.stays("starts of the next", 0, A_WHILE, || Ok(next.starts().len()))?;
            background.order("exit 0")?;
            next.until_started()
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "setlock/gives-up-or-waits",
        requirements: &["LOCK-02"],
        uses: &[SETLOCK],
        does: "Calls setlock with each option on a locked file, on one that cannot be opened, and on a free one. With -n it does \
               not wait, with -x it exits 0, and the program runs only with the lock.",
        run: |world| {
            let holder = world.service("holder", "")?;
            lock(world, "locked", &holder)?;
            holder.until_started()?;
            world.files.make_directory("directory")?;
            for (options, file) in [
                (&["-n"][..], "locked"),
                (&["-n", "-X"], "locked"),
                (&["-X"], "directory"),
                (&[], "directory"),
                (&["-n"], "directory"),
                (&[], "no-such-directory/lock"),
            ] {
                let ran = world.command("setlock").args(options).args([file, "sh", "-c", "exit 0"]).finish()?;
                let what = format!("setlock {options:?} {file}");
                world.expect_that(&what, ran.exit.starts_with("exit ") && ran.exit != "exit 0", "not 0", &ran.exit)?;
                let printed = format!("{}{}", ran.out, ran.err);
                world.expect_that(&what, !printed.is_empty(), "a message", &printed)?;
            }
            for (options, file) in [
                (&["-n", "-x"][..], "locked"),
                (&["-x"], "directory"),
                (&["-x"], "no-such-directory/lock"),
                (&["-x", "-n"], "directory"),
            ] {
                let ran = world.command("setlock").args(options).args([file, "sh", "-c", "exit 7"]).finish()?;
                world.expect(&format!("setlock {options:?} {file}"), ran.exit, "exit 0")?;
            }
            for options in [&["-n"][..], &["-N"], &["-x"], &["-X"], &["-n", "-x"], &[]] {
                let ran = world.command("setlock").args(options).args(["free", "sh", "-c", "exit 7"]).finish()?;
                world.expect(&format!("setlock {options:?} on a free file"), ran.exit, "exit 7")?;
            }
            for (number, options) in [&["-N"][..], &["-x"], &["-X"], &["-N", "-x"]].into_iter().enumerate() {
                let file = format!("held-{number}");
                let holder = world.service(&format!("holder-{number}"), "")?;
                lock(world, &file, &holder)?;
                holder.until_started()?;
                let script = format!("echo ran >ran-{number}");
                let waiting = world.command("setlock").args(options).args([&file, "sh", "-c", &script]).start()?;
                let seen = || Ok((waiting.is_running(), world.files.exists(format!("ran-{number}"))));
                world.stays(&format!("setlock {options:?} waits"), (true, false), A_WHILE / 5, seen)?;
                holder.order("exit 0")?;
                waiting.expect_exit("exit 0")?;
                world.expect("the program has run", seen()?, (false, true))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "setlock/opens-the-file-for-appending",
        requirements: &["LOCK-01b", "GEN-05"],
        uses: &[SETLOCK],
        does: "Locks new files under several umasks, an old one by its name and by a link, and looks at what the program gets: a \
               file of mode 0600, old contents kept, on the lowest free descriptor, opened for appending.",
        run: |world| {
            for (umask, mode) in [(0o000, "0600"), (0o022, "0600"), (0o177, "0600"), (0o277, "0400"), (0o777, "0000")] {
                let file = format!("new-{umask:o}");
                let ran = world.command("setlock").umask(umask).args([&file, "true"]).run()?;
                world.expect(&format!("setlock with umask {umask:o}"), ran.all(), ("exit 0", "", ""))?;
                world.expect(&format!("mode of a new file with umask {umask:o}"), world.files.mode(&file), mode)?;
            }
            world.files.write("old", "contents\n")?;
            world.files.set_mode("old", 0o644)?;
            world.files.link("old", "link")?;
            world.files.link("target", "dangling")?;
            for (file, target, taken, number) in [
                ("old", "old", "", 3),
                ("link", "old", "", 3),
                ("dangling", "target", "exec 3</dev/null 5</dev/null", 4),
            ] {
                let program = world.service(&format!("with-{file}"), "")?;
                let command = world.command("setlock").after(taken);
                let running = command.args([file, &format!("with-{file}/run")]).start()?;
                program.until_started()?;
                let (pid, _, start) = program.until_starts(1)?.remove(0);
                let target = world.files.real_path(target)?;
                world.expect("the descriptor", start.descriptors.get(&number), Some(&target))?;
                let flags = process::flags(pid, number).unwrap_or_default();
                let bits = u32::from_str_radix(&flags, 8).unwrap_or(0);
                let (writing, appending, nonblocking) = (0o1, 0o2000, 0o4000);
                let kept = bits & (0o3 | appending | nonblocking);
                world.expect("its flags", kept, writing | appending | nonblocking)?;
                program.order("exit 0")?;
                running.expect_exit("exit 0")?;
            }
            world.expect(
                "the old file",
                (&*world.files.read("old"), &*world.files.mode("old")),
                ("contents\\n", "0644"),
            )?;
            let ran = world.command("setlock").args(["old", "sh", "-c", "echo more >&3"]).run()?;
            world.expect("a program that writes", ran.all(), ("exit 0", "", ""))?;
            world.expect("the old file", world.files.read("old"), "contents\\nmore\\n")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "setlock/locks-as-flock-does",
        requirements: &["LOCK-01b", "LOCK-02b"],
        uses: &[SETLOCK],
        does: "Holds a lock of flock(2) itself: setlock waits. While setlock has the lock, flock(2) finds the file locked, until \
               a program closes or unlocks the descriptor.",
        run: |world| {
            let held = world.lock_file("lock")?;
            world.expect("the scenario has the lock", held.is_some(), true)?;
            let program = world.service("program", "")?;
            let running = lock(world, "lock", &program)?;
            running.until_asleep_on("/lock")?;
            world.expect("starts", program.starts().len(), 0)?;
            drop(held);
            program.until_started()?;
            world.expect("the file is locked", world.lock_file("lock")?.is_none(), true)?;
            program.order("exit 0")?;
            running.expect_exit("exit 0")?;
            world.expect("the file is locked", world.lock_file("lock")?.is_none(), false)?;

            let closing = world.service("closing", "")?;
            let closes = world.command("setlock").args(["lock", "sh", "-c", "exec 3>&-; exec closing/run"]).start()?;
            closing.until_started()?;
            world.expect("the file is locked", world.lock_file("lock")?.is_none(), false)?;
            closing.order("exit 0")?;
            closes.expect_exit("exit 0")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "setlock/reports-what-it-cannot-open-or-lock",
        requirements: &["LOCK-02b", "LOCK-03", "GEN-02", "ERR-01"],
        uses: &[SETLOCK],
        does: "Calls setlock on directories, FIFOs, sockets, links to themselves, missing names and a locked file: a message and \
               exit code 111, and with -x nothing and exit code 0.",
        run: |world| {
            world.files.make_directory("directory")?;
            world.files.make_fifo("fifo")?;
            world.files.link("loop", "loop")?;
            world.files.link("missing/lock", "dangling")?;
            world.files.write("file", "")?;
            let _socket = std::os::unix::net::UnixListener::bind("socket")
                .map_err(|error| Failure::broken(format!("cannot make a socket: {error}")))?;
            let long = "n".repeat(256);
            let held = world.lock_file("locked")?;
            for (file, err) in [
                ("directory", "open directory: is a directory"),
                ("fifo", "open fifo: device not configured"),
                ("socket", "open socket: device not configured"),
                ("loop", "open loop: symbolic link loop"),
                ("dangling", "open dangling: file does not exist"),
                ("missing/lock", "open missing/lock: file does not exist"),
                ("", "open : file does not exist"),
                ("file/lock", "open file/lock: not a directory"),
                (&long, &format!("open {long}: file name too long")),
                ("locked", "lock locked: temporary failure"),
            ] {
                let err = format!("setlock: fatal: unable to {err}\\n");
                for (options, wanted) in [
                    ("-n", ("exit 111", "", &*err)),
                    ("-nX", ("exit 111", "", &*err)),
                    ("-nx", ("exit 0", "", "")),
                    ("-xn", ("exit 0", "", "")),
                ] {
                    let ran = world.command("setlock").args([options, file, "sh", "-c", "echo ran >ran"]).finish()?;
                    world.expect(&format!("setlock {options} {file}"), ran.all(), wanted)?;
                }
            }
            world.expect("the program has run", world.files.exists("ran"), false)?;
            drop(held);
            // Devices and FIFOs can be locked like files.
            let _reader = world.files.open_reader("fifo")?;
            for file in ["fifo", "/dev/null"] {
                let ran = world.command("setlock").args(["-n", file, "sh", "-c", "exit 3"]).run()?;
                world.expect(&format!("setlock {file}"), ran.all(), ("exit 3", "", ""))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "setlock/reports-what-it-may-not-open",
        requirements: &["LOCK-02b", "ERR-01"],
        uses: &[SETLOCK, FEWER_RIGHTS],
        does: "Takes permissions away from a file and from its directory: `access denied`, and exit code 0 with -x. Permission to \
               write is enough.",
        run: |world| {
            world.files.make_directory("dark")?;
            world.files.write("dark/file", "")?;
            for (file, mode, right, name) in [
                ("dark/file", 0o400, 0o644, "dark/file"),
                ("dark", 0o600, 0o755, "dark/file"),
                ("dark", 0o500, 0o755, "dark/new"),
            ] {
                world.files.set_mode(file, mode)?;
                let mut rans = vec![];
                for option in ["-X", "-x"] {
                    rans.push(world.bound_by_modes("setlock")?.args([option, name, "true"]).run()?);
                }
                world.files.set_mode(file, right)?;
                let err = format!("setlock: fatal: unable to open {name}: access denied\\n");
                for (ran, wanted) in rans.iter().zip([("exit 111", "", &*err), ("exit 0", "", "")]) {
                    world.expect(&format!("{file} with mode {mode:o}"), ran.all(), wanted)?;
                }
            }
            world.files.set_mode("dark/file", 0o200)?;
            let ran = world.bound_by_modes("setlock")?.args(["dark/file", "sh", "-c", "exit 3"]).run()?;
            world.expect("a file that may only be written", ran.all(), ("exit 3", "", ""))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "setlock/reports-a-read-only-disk",
        requirements: &["LOCK-02b", "ERR-01"],
        uses: &[SETLOCK, MOUNTS],
        does: "Calls setlock on old and new files of a disk that is full, which it can lock, and then read-only.",
        run: |world| {
            let disk = world.disk("disk", 1 << 16)?;
            world.files.write("disk/old", "contents")?;
            disk.fill("disk-full")?;
            for file in ["disk/old", "disk/new"] {
                let ran = world.command("setlock").args([file, "sh", "-c", "exit 3"]).run()?;
                world.expect(&format!("{file} of a full disk"), ran.all(), ("exit 3", "", ""))?;
            }
            disk.write_protect()?;
            for file in ["disk/old", "disk/none"] {
                let ran = world.command("setlock").args([file, "sh", "-c", "exit 3"]).run()?;
                let err = format!("setlock: fatal: unable to open {file}: read-only file system\\n");
                world.expect(&format!("{file} of a read-only disk"), ran.all(), ("exit 111", "", &*err))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "setlock/reports-what-flock-reports",
        requirements: &["LOCK-02b", "ERR-01"],
        uses: &[SETLOCK, STRACE],
        does: "Lets flock(2) fail: a message with the phrase for the error and exit code 111, and nothing and 0 with -x.",
        run: |world| {
            for (error, phrase) in
                [("ENOLCK", "no locks available"), ("EINTR", "interrupted system call"), ("EIO", "input/output error")]
            {
                let inject = format!("inject=flock:error={error}");
                let options = ["-o", "/dev/null", "-e", "trace=flock", "-e", &inject];
                let err = format!("setlock: fatal: unable to lock lock: {phrase}\\n");
                for (option, wanted) in [("-N", ("exit 111", "", &*err)), ("-x", ("exit 0", "", ""))] {
                    let ran = world.traced(&options, "setlock")?.args([option, "lock", "sh", "-c", "exit 3"]).run()?;
                    world.expect(&format!("setlock {option} with {error}"), ran.all(), wanted)?;
                }
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "setlock/parses-options",
        requirements: &["OPT-01", "OPT-03", "LOCK-02b"],
        uses: &[SETLOCK],
        does: "Calls setlock on a locked file and a directory with options in all orders, bundled and not: the last of each pair \
               counts. Unknown options and missing operands give the usage line.",
        run: |world| {
            let held = world.lock_file("locked")?;
            world.files.make_directory("directory")?;
            let locked = "setlock: fatal: unable to lock locked: temporary failure\\n";
            let opened = "setlock: fatal: unable to open directory: is a directory\\n";
            let illegal = |option: &str| format!("setlock: illegal option -- {option}\\n{USAGE}");
            let run = ["sh", "-c", "exit 7"];
            for (arguments, exit, err) in [
                (&["-n", "-x", "locked"][..], "exit 0", ""),
                (&["-nx", "locked"], "exit 0", ""),
                (&["-xn", "locked"], "exit 0", ""),
                (&["-nxX", "locked"], "exit 111", locked),
                (&["-nXx", "locked"], "exit 0", ""),
                (&["-Nn", "locked"], "exit 111", locked),
                (&["-nNn", "-x", "-X", "locked"], "exit 111", locked),
                (&["-nnnn", "locked"], "exit 111", locked),
                (&["-n", "--", "locked"], "exit 111", locked),
                (&["-n", "--any-word", "locked"], "exit 111", locked),
                (&["-Nx", "directory"], "exit 0", ""),
                (&["-NX", "directory"], "exit 111", opened),
                (&["-xX", "directory"], "exit 111", opened),
                (&["-xXx", "directory"], "exit 0", ""),
                (&["--", "-x"], "exit 7", ""),
                (&["-"], "exit 7", ""),
                (&["-n", "-"], "exit 7", ""),
                (&["-z", "free"], "exit 100", &illegal("z")),
                (&["-nz", "free"], "exit 100", &illegal("z")),
                (&["-?", "free"], "exit 100", &illegal("?")),
                (&["-:", "free"], "exit 100", &illegal(":")),
                (&["-n-", "free"], "exit 100", &illegal("-")),
                (&["-h", "free"], "exit 100", &illegal("h")),
            ] {
                let ran = world.command("setlock").args(arguments).args(run).finish()?;
                world.expect(&format!("setlock {arguments:?}"), ran.all(), (exit, "", err))?;
            }
            // What comes behind the file is the program.
            let ran = world.command("setlock").args(["free", "-x"]).run()?;
            let message = "setlock: fatal: unable to run -x: file does not exist\\n";
            world.expect("an option for a program", ran.all(), ("exit 111", "", message))?;
            for arguments in [&[][..], &["free"], &["-n"], &["-x"], &["-x", "directory"], &["--"], &["--", "free"]] {
                let ran = world.run("setlock", arguments)?;
                world.expect(&format!("setlock {arguments:?}"), ran.all(), ("exit 100", "", USAGE))?;
            }
            for arguments in [&["-nN", "locked"][..], &["-x", "-n", "-N", "locked"]] {
                let waiting = world.command("setlock").args(arguments).args(run).start()?;
                waiting.until_asleep_on("/locked")?;
                waiting.kill(Signal::SIGKILL)?;
            }
            drop(held);
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "setlock/hides-nothing-but-the-lock",
        requirements: &["LOCK-03", "EXEC-06b"],
        uses: &[SETLOCK],
        does: "Runs programs with -x: it hides neither how a program ends nor that it cannot be run.",
        run: |world| {
            for option in ["-x", "-X", "-nx"] {
                let ran = world.command("setlock").args([option, "lock", "sh", "-c", "exit 9"]).run()?;
                world.expect(&format!("a program with {option}"), ran.all(), ("exit 9", "", ""))?;
                let ran = world.command("setlock").args([option, "lock", "sh", "-c", "kill -KILL $$"]).run()?;
                world.expect(&format!("a killed program with {option}"), ran.all(), ("killed by KILL", "", ""))?;
                let ran = world.command("setlock").args([option, "lock", "./missing"]).run()?;
                let err = "setlock: fatal: unable to run ./missing: file does not exist\\n";
                world.expect(&format!("no program with {option}"), ran.all(), ("exit 111", "", err))?;
            }
            // Nobody has the lock any longer.
            world.expect("the file is locked", world.lock_file("lock")?.is_none(), false)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "setlock/dies-of-signals-while-it-waits",
        requirements: &["LOCK-03", "LOCK-01"],
        uses: &[SETLOCK],
        does: "Sends signals to a setlock that waits, with and without -x: each that kills kills it, and its program does not \
               run. CONT after STOP does not end the wait.",
        run: |world| {
            let held = world.lock_file("lock")?;
            for option in ["-N", "-x"] {
                for signal in [Signal::SIGALRM, Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM, Signal::SIGUSR1] {
                    let program = ["lock", "sh", "-c", "echo ran >ran"];
                    let waiting = world.command("setlock").arg(option).args(program).start()?;
                    waiting.until_asleep_on("/lock")?;
                    let name = crate::probe::signal_name(signal as i32);
                    world.expect("its end", waiting.kill(signal)?.to_string(), format!("killed by {name}"))?;
                }
            }
            let program = world.service("program", "")?;
            let waiting = lock(world, "lock", &program)?;
            waiting.until_asleep_on("/lock")?;
            waiting.signal(Signal::SIGSTOP)?;
            world.until_stopped(waiting.pid, true)?;
            waiting.signal(Signal::SIGCONT)?;
            waiting.until_asleep_on("/lock")?;
            world.expect("starts", program.starts().len(), 0)?;
            drop(held);
            program.until_started()?;
            world.expect("the program of a killed setlock has run", world.files.exists("ran"), false)
        },
        ..Scenario::ORDINARY
    },
];

/// Starts setlock on `file` with `program`, in the background.
#[track_caller]
fn lock(world: &World, file: &str, program: &Service) -> Result<Running, Failure> {
    world.command("setlock").args([file, &format!("{}/run", program.name)]).start()
}

/// Returns whether the target's setlock can lock `file` now.
#[track_caller]
fn is_free(world: &World, file: &str) -> Result<bool, Failure> {
    let ran = world.command("setlock").args(["-n", file, "sh", "-c", "exit 7"]).finish()?;
    Ok(ran.exit == "exit 7")
}
