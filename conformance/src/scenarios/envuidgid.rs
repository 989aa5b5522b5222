//! envuidgid: runs a program with the ids of an account in its environment.

use super::setuidgid::{UNKNOWN, known, knows_names, passwd};
use crate::outcome::{Failure, Outcome};
use crate::scenario::{ACCOUNTS, ENVUIDGID, FEWER_RIGHTS, MOUNTS, NAME_SERVICE, PRLIMIT, Scenario, Use};
use crate::world::{Account, Command, Ran, World};
use std::ffi::OsString;

/// A program that prints its environment.
const SHOW: [&str; 2] = ["/bin/cat", "/proc/self/environ"];
/// The environment that most scenarios begin with, sorted.
const BEFORE: [&str; 6] = ["EMPTY=", "GIDS=5", "HOME=/root", "PATH=/usr/bin:/bin", "USER=root", "X"];

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "envuidgid/sets-uid-and-gid",
        requirements: &["EUG-01", "EXEC-06"],
        uses: &[ENVUIDGID, ACCOUNTS],
        does: "Runs a program for accounts of this machine, with and without old values of UID and GID: both are the account's, \
               and the exit code is the program's.",
        run: |world| {
            for Account { name, uid, gid } in with_root(world)? {
                for old in [&[][..], &["UID=4711", "GID=4712"], &["GID="]] {
                    let environment = BEFORE.iter().chain(old);
                    let ran = world.command("envuidgid").environment(environment).arg(&name).args(SHOW).run()?;
                    world.expect("exit of envuidgid", &*ran.exit, "exit 0")?;
                    let mut ids = ran.strings();
                    ids.retain(|entry| ["UID=", "GID="].iter().any(|start| entry.starts_with(start)));
                    let wanted = vec![format!("GID={gid}"), format!("UID={uid}")];
                    world.expect(&format!("UID and GID for {name}"), ids, wanted)?;
                }
                let ran = world.command("envuidgid").args([&name, "sh", "-c", "exit 7"]).run()?;
                world.expect("exit of envuidgid", ran.exit, "exit 7")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "envuidgid/changes-nothing-else",
        requirements: &["EUG-01b"],
        uses: &[ENVUIDGID, FEWER_RIGHTS, ACCOUNTS],
        does: "Compares the environment of the program with that of envuidgid, for each account of this machine, and its ids with \
               those of the caller, who needs not be root.",
        run: |world| {
            for account in with_root(world)? {
                let old = ["UID=4711", "GID=4712"];
                let command = world.command("envuidgid").environment(BEFORE.iter().chain(&old));
                expect_environment(world, &command.arg(&account.name).args(SHOW).run()?, &account)?;
            }
            let ids =
                "while read -r line; do case $line in Uid:*|Gid:*|Groups:*) echo $line;; esac; done </proc/$$/status";
            let plain = world.program("/bin/sh").args(["-c", ids]).run()?;
            let account = world.accounts()?.remove(0);
            let ran = world.command("envuidgid").args([&account.name, "sh", "-c", ids]).run()?;
            world.expect("the ids of the program", ran.all(), plain.all())?;
            if nix::unistd::geteuid().is_root() {
                let script = format!("{ids}; echo $UID $GID");
                let ran = world.run_by(&account, "envuidgid")?.args(["root", "sh", "-c", &script]).run()?;
                let Account { uid, gid, .. } = account;
                let ids = format!("Uid: {uid} {uid} {uid} {uid}\\nGid: {gid} {gid} {gid} {gid}\\nGroups:\\n0 0\\n");
                world.expect("the ids of an ordinary user", ran.all(), ("exit 0", &*ids, ""))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "envuidgid/exits-111-without-an-account",
        requirements: &["EUG-01"],
        uses: &[ENVUIDGID],
        does: "Calls envuidgid with a name that no account has: it exits 111 and does not run the program.",
        run: |world| {
            for name in ["no-such-account", "no such account", "n"] {
                let ran = world.command("envuidgid").args([name, "sh", "-c", "echo ran >ran"]).run()?;
                world.expect(&format!("envuidgid {name}"), ran.exit, "exit 111")?;
            }
            world.expect("the program has run", world.files.exists("ran"), false)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "envuidgid/knows-accounts-by-their-names",
        requirements: &["EUG-01b"],
        uses: &[ENVUIDGID, ACCOUNTS],
        does: "Calls envuidgid with ids, empty names and names that are almost those of accounts: `unknown account`. Without a \
               program it prints its usage line.",
        run: |world| knows_names(world, "envuidgid"),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "envuidgid/finds-accounts-in-files",
        requirements: &["EUG-01b"],
        uses: &[ENVUIDGID, MOUNTS],
        does: "Has a file of accounts with fifty thousand lines, with odd and broken ones among them. Ids reach up to 4294967295, \
               and a name that comes twice counts where it comes first.",
        run: |world| {
            world.private_accounts(passwd(), "")?;
            let unusable = [("no-uid", 4_294_967_295, 18), ("no-gid", 19, 4_294_967_295)];
            let unusable = unusable.map(|(name, uid, gid)| Account { name: name.to_owned(), uid, gid });
            for account in known().into_iter().chain(unusable) {
                let command = world.command("envuidgid").environment(BEFORE);
                expect_environment(world, &command.arg(&account.name).args(SHOW).run()?, &account)?;
            }
            for name in UNKNOWN {
                let ran = world.command("envuidgid").args([name, "true"]).run()?;
                world.expect_end(&ran, "exit 111", &format!("envuidgid: fatal: unknown account {name}"))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "envuidgid/asks-the-name-service",
        requirements: &["EUG-01b"],
        uses: &[ENVUIDGID, Use::Tool("getent"), MOUNTS, NAME_SERVICE],
        does: "Plays a name service with an account that no file has, as LDAP or SSSD would: envuidgid knows it, and no other \
               name.",
        run: |world| {
            let account = Account { name: "directory.user".to_owned(), uid: 4_000_000_000, gid: 51_234 };
            let service = world.name_service(account.clone())?;
            let command = world.command("envuidgid").environment(BEFORE);
            expect_environment(world, &service.run(command.arg(&account.name).args(SHOW))?, &account)?;
            let ran = service.run(world.command("envuidgid").args(["directory.users", "true"]))?;
            world.expect_end(&ran, "exit 111", "envuidgid: fatal: unknown account directory.users")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "envuidgid/hands-on-large-environments",
        requirements: &["EUG-01b", "EXEC-06b"],
        uses: &[ENVUIDGID],
        does: "Starts envuidgid with forty thousand variables and with values of a megabyte altogether, which the program gets.",
        run: |world| {
            let value = "x".repeat(100_000);
            let large = (0..10).map(|number| OsString::from(format!("LARGE{number}={value}")));
            let ran = run_root(world, large)?
                .args(["sh", "-c", "[ ${#LARGE0}${#LARGE9}$UID$GID = 10000010000000 ]"])
                .run()?;
            world.expect("with large values", ran.all(), ("exit 0", "", ""))?;
            let many = (0..40_000).map(|number| OsString::from(format!("V{number}={number}")));
            let ran = run_root(world, many)?.args(["grep", "-zc", "^V[0-9]*=[0-9]*$", "/proc/self/environ"]).run()?;
            world.expect("with many variables", ran.all(), ("exit 0", "40000\\n", ""))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "envuidgid/runs-out-of-memory",
        requirements: &["EUG-01", "EUG-01b"],
        uses: &[ENVUIDGID, PRLIMIT],
        does: "Starts envuidgid with sixty thousand variables and with more and more memory, from too little to start at all \
               to enough. If it can be started, it exits 111 with a message.",
        run: |world| {
            let variables = vec!["V="; 60_000];
            let run = |kilobytes: usize| -> Result<Ran, Failure> {
                let prlimit = crate::commands::tool("prlimit").ok_or_else(|| Failure::missing("no program prlimit"))?;
                let limit = format!("--as={}", kilobytes << 10);
                let envuidgid = world.program(prlimit).environment(&variables).arg(limit);
                envuidgid.arg(world.commands().join("envuidgid")).args(["root", "/no/such/program"]).run()
            };
            let enough = ("exit 111", "", "envuidgid: fatal: unable to run /no/such/program: file does not exist\\n");
            // Which one it is depends on where memory runs out.
            let short = ["out of memory", "unable to run /no/such/program: out of memory", "unknown account root"];
            let short = short.map(|message| format!("envuidgid: fatal: {message}\\n"));
            // The kernel or the loader could not start it.
            let unstarted = ["killed by SEGV", "killed by KILL", "killed by BUS", "exit 126", "exit 127"];
            let mut has_started = false;
            for kilobytes in (1000..20_000).step_by(150) {
                let ran = run(kilobytes)?;
                if ran.all() == enough {
                    return Ok(());
                }
                let is_short = ran.exit == "exit 111" && ran.out.is_empty() && short.contains(&ran.err);
                let is_unstarted = !has_started && unstarted.contains(&&*ran.exit);
                if !is_short && !is_unstarted {
                    return world.expect(&format!("envuidgid with {kilobytes} kB"), ran.all(), enough);
                }
                has_started |= is_short;
            }
            Err(Failure::mismatch("envuidgid runs with 20 MB", "it does not"))
        },
        ..Scenario::ORDINARY
    },
];

/// Returns accounts of this machine, root's among them.
fn with_root(world: &World) -> Result<Vec<Account>, Failure> {
    let mut accounts = world.accounts()?;
    accounts.push(Account { name: "root".to_owned(), uid: 0, gid: 0 });
    Ok(accounts)
}

/// Returns envuidgid for root's account with [`BEFORE`] and `more` as its environment.
fn run_root(world: &World, more: impl Iterator<Item = OsString>) -> Result<Command, Failure> {
    let environment = BEFORE.into_iter().map(OsString::from).chain(more);
    Ok(world.command("envuidgid").environment(environment).arg("root"))
}

/// Fails unless the program has printed [`BEFORE`] with the ids of `account`.
#[track_caller]
fn expect_environment(world: &World, ran: &Ran, account: &Account) -> Outcome {
    let Account { name, uid, gid } = account;
    world.expect(&format!("envuidgid {name}"), (&*ran.exit, &*ran.err), ("exit 0", ""))?;
    let ids = [format!("GID={gid}"), format!("UID={uid}")];
    let mut wanted: Vec<String> = BEFORE.map(str::to_owned).into_iter().chain(ids).collect();
    wanted.sort();
    world.expect(&format!("the environment for {name}"), ran.strings(), wanted)
}
