//! pgrphack: runs a program in a process group of its own.

use crate::observe::process::Process;
use crate::outcome::Failure;
use crate::scenario::{PGRPHACK, STRACE, Scenario};
use nix::sys::signal::Signal;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "pgrphack/makes-a-new-process-group",
        requirements: &["PGH-01"],
        uses: &[PGRPHACK],
        does: "Runs a program in the background of a shell, by pgrphack and not. The groups differ, and a signal to the group of \
               the shell does not reach the one that pgrphack has run.",
        run: |world| {
            let (apart, beside) = (world.service("apart", "")?, world.service("beside", "")?);
            let script = "trap '' HUP; \"$0\" apart/run & beside/run & wait; wait; wait";
            let pgrphack = world.commands().join("pgrphack");
            let shell = world.program("/bin/sh").args(["-c", script]).arg(pgrphack).start()?;
            let groups = [&beside, &apart].map(|program| program.until_starts(1).map(|mut all| all.remove(0).2.group));
            let [shells, new] = groups;
            let (shells, new) = (shells?, new?);
            world.expect("the group of a program beside", shells, shell.pid)?;
            world.expect_that("the group of the program", new != shells, "another", new)?;
            world.signal(-shell.pid, Signal::SIGHUP)?;
            beside.until_signals(&["HUP"])?;
            world.stays("signals of the program", vec![""; 0], Duration::from_millis(100), || Ok(apart.signals()))?;
            apart.order("exit 0")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "pgrphack/makes-a-session",
        requirements: &["PGH-01b", "EXEC-06b"],
        uses: &[PGRPHACK],
        does: "Runs a program from a process that leads no group. It is the same process, and leads a new session and group.",
        run: |world| {
            let program = world.service("program", "exit 7")?;
            let pgrphack = world.command("pgrphack").arg("program/run").shares_group().start()?;
            pgrphack.expect_exit("exit 7")?;
            let (pid, _, start) = program.until_starts(1)?.remove(0);
            let myself = Process::look(std::process::id().cast_signed()).ok_or_else(|| Failure::broken("no /proc"))?;
            let seen = (pid, start.group, start.session, start.parent);
            world.expect("pid, group, session and parent", seen, (pgrphack.pid, pid, pid, myself.pid))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "pgrphack/does-without-a-session",
        requirements: &["PGH-01b"],
        uses: &[PGRPHACK],
        does: "Runs a program from a process that leads a group, which cannot make a session: it keeps its group and session, \
               and the program runs without a message.",
        run: |world| {
            let program = world.service("program", "exit 7")?;
            let pgrphack = world.command("pgrphack").arg("program/run").start()?;
            pgrphack.expect_exit("exit 7")?;
            let (pid, _, start) = program.until_starts(1)?.remove(0);
            let myself = Process::look(std::process::id().cast_signed()).ok_or_else(|| Failure::broken("no /proc"))?;
            world.expect(
                "pid, group and session",
                (pid, start.group, start.session),
                (pgrphack.pid, pgrphack.pid, myself.session),
            )?;
            world.expect("stdout and stderr", (pgrphack.out(), pgrphack.err()), (String::new(), String::new()))?;
            let usage = ("exit 100", "", "pgrphack: usage: pgrphack child\\n");
            world.expect("pgrphack without a program", world.run("pgrphack", &[])?.all(), usage)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "pgrphack/ignores-that-it-cannot-make-a-session",
        requirements: &["PGH-01b"],
        uses: &[PGRPHACK, STRACE],
        does: "Lets setsid(2) fail: the program runs without a message.",
        run: |world| {
            let options = ["-o", "/dev/null", "-e", "trace=setsid", "-e", "inject=setsid:error=EPERM"];
            let ran = world.traced(&options, "pgrphack")?.args(["sh", "-c", "exit 7"]).run()?;
            world.expect("exit, stdout and stderr", ran.all(), ("exit 7", "", ""))
        },
        ..Scenario::ORDINARY
    },
];
