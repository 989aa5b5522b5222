//! Lives of the programs that run another program.

use crate::faults::Life;
use crate::faults::tracing::{Start, Tracing};
use crate::outcome::Outcome;
use crate::scenario::{ACCOUNTS, ENVDIR, ENVUIDGID, FGHACK, PGRPHACK, ROOT, SETLOCK, SETUIDGID, SOFTLIMIT, STRACE};
use crate::world::World;

pub(super) const LIVES: &[Life] = &[
    Life {
        id: "setuidgid/run",
        requirements: &["GEN-01", "SUG-01", "SUG-03"],
        uses: &[SETUIDGID, ROOT, ACCOUNTS, STRACE],
        does: "Runs a program as another account: with all ids of that account, or not at all.",
        run: |world, tracing| {
            world.as_root()?;
            world.join_groups(&[0, 4, 10])?;
            let ids =
                "while read -r line; do case $line in Uid:*|Gid:*|Groups:*) echo $line;; esac; done </proc/$$/status";
            let accounts = world.accounts()?;
            let name = accounts.first().map_or("", |account| &account.name);
            as_before(world, tracing, "setuidgid", &[name, "sh", "-c", ids])
        },
    },
    Life {
        id: "envuidgid/run",
        requirements: &["GEN-01", "EUG-01"],
        uses: &[ENVUIDGID, ACCOUNTS, STRACE],
        does: "Runs a program with the ids of an account in its environment, or not at all.",
        run: |world, tracing| {
            let accounts = world.accounts()?;
            let name = accounts.first().map_or("", |account| &account.name);
            as_before(world, tracing, "envuidgid", &[name, "sh", "-c", "echo $UID $GID"])
        },
    },
    Life {
        id: "envdir/run",
        requirements: &["GEN-01", "ENV-01", "ENV-08"],
        uses: &[ENVDIR, STRACE],
        does: "Runs a program with variables of a directory in its environment, all of them, or not at all.",
        run: |world, tracing| {
            world.files.make_directory("env")?;
            for (name, value) in [("ONE", "1 \nrest"), ("TWO", ""), ("THREE", "x\0y"), ("FOUR", "4")] {
                world.files.write(format!("env/{name}"), value)?;
            }
            as_before(world, tracing, "envdir", &["env", "sh", "-c", "echo \"$ONE/${TWO-none}/$THREE/$FOUR\"; pwd"])
        },
    },
    Life {
        id: "softlimit/run",
        requirements: &["GEN-01", "LIM-01"],
        uses: &[SOFTLIMIT, STRACE],
        does: "Runs a program with limits, all of them, or not at all.",
        run: |world, tracing| {
            let script = "ulimit -S -n; ulimit -S -c; ulimit -S -f; ulimit -S -t";
            as_before(
                world,
                tracing,
                "softlimit",
                &["-o", "50", "-c", "0", "-f", "1000000", "-t", "99", "sh", "-c", script],
            )
        },
    },
    Life {
        id: "pgrphack/run",
        requirements: &["GEN-01", "PGH-01"],
        uses: &[PGRPHACK, STRACE],
        does: "Runs a program in a process group of its own, or not at all.",
        run: |_, tracing| {
            // pgrphack may not lead a group when it is called.
            let script = "read -r pid _ _ _ group _ </proc/$$/stat; [ $pid = $group ] && echo leads";
            let command = tracing.command("pgrphack")?.args(["sh", "-c", script]).shares_group();
            tracing.expect_ran(command, "exit 0", "leads\\n")?;
            tracing.end(None)
        },
    },
    Life {
        id: "fghack/run",
        requirements: &["GEN-01", "FGH-01", "EXEC-06b"],
        uses: &[FGHACK, STRACE],
        does: "Runs a program that goes into the background, waits for it, and exits as the program does, or says why not.",
        run: |world, tracing| {
            // The program in the background ends when the input does.
            let input = world.input("pipe")?;
            let script = "exec 9<pipe; (cat <&9 >/dev/null; echo done >>done) & exit 7";
            let command = tracing.command("fghack")?.args(["sh", "-c", script]);
            let fghack = tracing.start(command)?;
            if fghack.running.is_running() {
                fghack.expect_quiet()?;
            }
            drop(input);
            let exit = fghack.wait()?.to_string();
            if tracing.is_faulty() && exit != "exit 7" {
                fghack.expect_refusal()?;
            } else {
                let seen = (exit.as_str(), world.files.read("done"));
                world.expect("its end and the program's", seen, ("exit 7", "done\\n".to_owned()))?;
            }
            world.until_alone()?;
            tracing.end(None)
        },
    },
    Life {
        id: "setlock/run",
        requirements: &["GEN-01", "LOCK-01"],
        uses: &[SETLOCK, STRACE],
        does: "Runs a program that holds a lock, or does not run it.",
        run: |world, tracing| {
            let input = world.input("pipe")?;
            let command = tracing.command("setlock")?.args(["lock", "sh", "-c", "echo >ran; cat"]).input("pipe");
            let setlock = tracing.start(command)?;
            let is_over = || !setlock.running.is_running();
            world
                .until("the program runs, or setlock has ended", true, || Ok(is_over() || world.files.exists("ran")))?;
            if is_over() {
                world.expect("the program has run", world.files.exists("ran"), false)?;
                setlock.expect_refusal()?;
                return tracing.end(None);
            }
            world.expect("the lock is free", world.lock_file("lock")?.is_some(), false)?;
            drop(input);
            let exit = setlock.wait()?.to_string();
            world.expect("its end", exit.as_str(), "exit 0")?;
            tracing.end(None)
        },
    },
];

/// Runs a command without a fault, and again: it must print the same, or say why it does not run the program.
fn as_before(world: &World, tracing: &Tracing<'_>, name: &str, arguments: &[&str]) -> Outcome {
    let before = world.run(name, arguments)?;
    world.expect("exit and stderr", (&*before.exit, &*before.err), ("exit 0", ""))?;
    if tracing.expect_ran(tracing.command(name)?.args(arguments), "exit 0", &before.out)? == Start::Refused {
        world.note("the program", "was not run");
    }
    tracing.end(None)
}
