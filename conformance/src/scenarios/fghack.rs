//! fghack: keeps a program that puts itself into the background in the foreground.

use crate::outcome::Failure;
use crate::scenario::{FGHACK, STRACE, Scenario};
use crate::world::{FORKS, Running, Service, World};
use nix::sys::signal::Signal;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long a scenario watches that nothing happens.
const A_WHILE: Duration = Duration::from_millis(250);
/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "fghack/waits-for-the-program-and-for-the-pipe",
        requirements: &["FGH-01"],
        uses: &[FGHACK],
        does: "Runs a program that starts another in the background and exits: fghack waits until that one has exited too. Runs \
               one that closes all descriptors and goes on: fghack waits until it exits.",
        run: |world| {
            let background = world.service("background", "")?;
            let fghack = world.command("fghack").args(["sh", "-c", "background/run & exit 0"]).start()?;
            background.until_started()?;
            world.stays("fghack runs", true, A_WHILE, || Ok(fghack.is_running()))?;
            background.order("exit 0")?;
            fghack.wait()?;

            let closing = world.service("closing", "close")?;
            let fghack = world.command("fghack").arg("closing/run").start()?;
            closing.until_started()?;
            world.stays("fghack runs", true, A_WHILE, || Ok(fghack.is_running()))?;
            closing.order("exit 0")?;
            fghack.wait().map(drop)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "fghack/discards-what-comes-through-the-pipe",
        requirements: &["FGH-01"],
        uses: &[FGHACK],
        does: "Runs a program that writes more to its extra descriptors than a pipe holds. It is not held up, nothing of it comes \
               out, and there are many descriptors.",
        run: |world| {
            // More than a pipe holds for the first, and a little for the others.
            let script = "size=70000; for fd in /proc/$$/fd/*; do if [ ${fd##*/} -gt 2 ] && [ -p $fd ]; then \
                          head -c $size /dev/zero >$fd; size=1; echo $fd >>written; fi; done; echo done";
            let ran = world.command("fghack").args(["sh", "-c", script]).finish()?;
            world.expect("stdout and stderr", (&*ran.out, &*ran.err), ("done\\n", ""))?;
            let written = world.files.lines("written").len();
            world.expect_that("descriptors that were written to", written > 3, "many", written)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "fghack/gives-the-lowest-free-descriptors",
        requirements: &["FGH-01b", "EXEC-06b"],
        uses: &[FGHACK],
        does: "Runs a program with none, some and many further descriptors open. It gets 31 on one pipe, in the gaps between the \
               others.",
        run: |world| {
            world.files.write("file", "")?;
            for (number, (taken, wanted)) in [
                ("", (3..=33).collect::<BTreeSet<i32>>()),
                ("exec 3<file 5<file 9<file", [4, 6, 7, 8].into_iter().chain(10..=36).collect()),
            ]
            .into_iter()
            .enumerate()
            {
                let program = world.service(&format!("program-{number}"), "exit 0")?;
                let command = world.command("fghack").arg(format!("program-{number}/run"));
                let command = if taken.is_empty() { command } else { command.after(taken) };
                command.start()?.expect_exit("exit 0")?;
                let (.., start) = program.until_starts(1)?.remove(0);
                let others = |(number, target): &(&i32, &String)| **number > 2 && !target.ends_with("/file");
                let given: Vec<(&i32, &String)> = start.descriptors.iter().filter(others).collect();
                let numbers: BTreeSet<i32> = given.iter().map(|(number, _)| **number).collect();
                world.expect(&format!("further descriptors after {taken:?}"), numbers, wanted)?;
                let targets: BTreeSet<&String> = given.iter().map(|(_, target)| *target).collect();
                let are_one_pipe = targets.len() == 1 && targets.iter().all(|target| target.starts_with("pipe:"));
                world.expect_that("what they are open on", are_one_pipe, "one pipe", targets)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "fghack/exits-as-the-program",
        requirements: &["FGH-02", "EXEC-06b"],
        uses: &[FGHACK],
        does: "Runs programs that exit or are killed by a signal, and with the pipe held open by another. The exit code is the \
               program's, or 111 with a message.",
        run: |world| {
            let crashed = ("exit 111", "", "fghack: fatal: child crashed\\n");
            for code in [0, 1, 100, 111, 200] {
                let ran = world.command("fghack").args(["sh", "-c", &format!("exit {code}")]).run()?;
                world.expect("a program that exits", ran.all(), (&*format!("exit {code}"), "", ""))?;
            }
            for signal in ["TERM", "KILL", "ABRT", "USR1"] {
                let ran = world.command("fghack").args(["sh", "-c", &format!("kill -{signal} $$")]).run()?;
                world.expect(&format!("a program killed by {signal}"), ran.all(), crashed)?;
            }
            for (name, script, wanted) in
                [("exits", "exits/run & exit 5", ("exit 5", "", "")), ("killed", "killed/run & kill -9 $$", crashed)]
            {
                let background = world.service(name, "")?;
                let fghack = world.command("fghack").args(["sh", "-c", script]).start()?;
                background.until_started()?;
                background.order("exit 9")?;
                let exit = fghack.wait()?.to_string();
                world.expect("with another in the background", (&*exit, &*fghack.out(), &*fghack.err()), wanted)?;
            }
            let ran = world.run("fghack", &["./missing"])?;
            let message = "fghack: fatal: unable to run ./missing: file does not exist\\n";
            world.expect("no program", ran.all(), ("exit 111", "", message))?;
            world.expect(
                "no operand",
                world.run("fghack", &[])?.all(),
                ("exit 100", "", "fghack: usage: fghack child\\n"),
            )
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "fghack/cannot-wait-if-sigchld-is-ignored",
        requirements: &["FGH-02"],
        uses: &[FGHACK],
        does: "Calls fghack with SIGCHLD ignored. The program runs, and fghack reports that it cannot wait for it.",
        run: |world| {
            let ran = world.command("fghack").ignored("CHLD").args(["sh", "-c", "echo ran >ran"]).run()?;
            let message = "fghack: fatal: wait failed: no child processes\\n";
            world.expect("exit, stdout and stderr", ran.all(), ("exit 111", "", message))?;
            world.expect("the program has run", world.files.read("ran"), "ran\\n")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "fghack/reports-what-it-cannot-do",
        requirements: &["FGH-02", "GEN-02", "ERR-01"],
        uses: &[FGHACK, STRACE],
        does: "Lets the system calls fail that make the pipe and the process and that wait for it: a message with the phrase for \
               the error and exit code 111.",
        run: |world| {
            for (calls, error, err) in [
                ("?pipe,?pipe2", "EMFILE", "unable to create pipe: process cannot open more files"),
                ("?pipe,?pipe2", "ENFILE", "unable to create pipe: system cannot open more files"),
                (FORKS, "EAGAIN", "unable to fork: temporary failure"),
                (FORKS, "ENOMEM", "unable to fork: out of memory"),
                ("?wait4,?waitid", "ECHILD", "wait failed: no child processes"),
            ] {
                let (trace, inject) = (format!("trace={calls}"), format!("inject={calls}:error={error}"));
                let options = ["-o", "/dev/null", "-e", &trace, "-e", &inject];
                let ran = world.traced(&options, "fghack")?.args(["sh", "-c", "exit 0"]).run()?;
                let err = format!("fghack: fatal: {err}\\n");
                world.expect(&format!("{error} of {calls}"), ran.all(), ("exit 111", "", &*err))?;
                // fghack that cannot wait for the program may exit before it.
                world.until_alone()?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "fghack/is-interrupted-by-no-signal",
        requirements: &["FGH-01", "FGH-02"],
        uses: &[FGHACK, STRACE],
        does: "Stops and continues fghack, and interrupts its wait for the program: it goes on, and exits with the program's exit \
               code.",
        run: |world| {
            let (program, fghack) = start(world, "program")?;
            fghack.signal(Signal::SIGSTOP)?;
            world.until_stopped(fghack.pid, true)?;
            fghack.signal(Signal::SIGCONT)?;
            world.until_stopped(fghack.pid, false)?;
            world.stays("fghack runs", true, A_WHILE / 5, || Ok(fghack.is_running()))?;
            program.order("exit 3")?;
            fghack.expect_exit("exit 3")?;

            let inject = "inject=?wait4,?waitid:error=EINTR:when=1..3";
            let options = ["-o", "/dev/null", "-e", "trace=?wait4,?waitid", "-e", inject];
            let ran = world.traced(&options, "fghack")?.args(["sh", "-c", "exit 4"]).finish()?;
            world.expect("exit, stdout and stderr", ran.all(), ("exit 4", "", ""))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "fghack/does-not-hand-on-signals",
        requirements: &["FGH-03"],
        uses: &[FGHACK],
        does: "Kills fghack by a signal: its program, a child in the same process group, gets no signal and goes on. A signal to \
               the group reaches both.",
        run: |world| {
            for (number, signal) in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGKILL].into_iter().enumerate() {
                let (program, fghack) = start(world, &format!("program-{number}"))?;
                let (pid, _, found) = program.until_starts(1)?.remove(0);
                world.expect(
                    "parent and group of the program",
                    (found.parent, found.group),
                    (fghack.pid, fghack.pid),
                )?;
                let name = crate::probe::signal_name(signal as i32);
                world.expect("end of fghack", fghack.kill(signal)?.to_string(), format!("killed by {name}"))?;
                let lives = || Ok((crate::observe::process::Process::is_alive(pid), program.signals().len()));
                world.stays("life and signals of the program", (true, 0), A_WHILE / 5, lives)?;
                program.order("exit 0")?;
                world.until_dead(pid)?;
            }
            let (program, fghack) = start(world, "last")?;
            world.signal(-fghack.pid, Signal::SIGTERM)?;
            fghack.expect_exit("killed by TERM")?;
            program.until_signals(&["TERM"])
        },
        ..Scenario::ORDINARY
    },
];

/// Starts fghack with a program in the background.
#[track_caller]
fn start(world: &World, name: &str) -> Result<(Service, Running), Failure> {
    let program = world.service(name, "")?;
    let fghack = world.command("fghack").arg(format!("{name}/run")).start()?;
    program.until_started()?;
    Ok((program, fghack))
}
