//! setuidgid: runs a program as another account.

use crate::outcome::{Failure, Outcome};
use crate::scenario::{ACCOUNTS, FEWER_RIGHTS, MOUNTS, NAME_SERVICE, ROOT, SETUIDGID, STRACE, Scenario, Use};
use crate::world::{Account, Command, World};

/// A shell script that prints its ids, with one space between words.
const IDS: &str = "while read -r line; do case $line in Uid:*|Gid:*|Groups:*) echo $line;; esac; done </proc/$$/status";

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "setuidgid/takes-the-ids-of-the-account",
        requirements: &["SUG-01", "SUG-03"],
        uses: &[SETUIDGID, ROOT, ACCOUNTS],
        does: "Is a member of several groups, and runs a program as accounts of this machine. The program has the account's uid \
               and gid and no other group, and setuidgid exits as the program does.",
        run: |world| {
            world.as_root()?;
            world.join_groups(&[0, 4, 10, 54_321])?;
            for account in world.accounts()? {
                let Account { name, uid, gid } = &account;
                let ran = world.command("setuidgid").args([name, "sh", "-c", &format!("{IDS}; exit 7")]).run()?;
                world.expect(&format!("setuidgid {name}"), (&*ran.exit, &*ran.err), ("exit 7", ""))?;
                let ids = Ids::parse(&ran.out)?;
                world.expect("its effective uid and gid", (ids.uid[1], ids.gid[1]), (*uid, *gid))?;
                let others: Vec<u32> = ids.groups.into_iter().filter(|group| group != gid).collect();
                world.expect("its other groups", others, vec![0; 0])?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "setuidgid/cannot-be-undone",
        requirements: &["SUG-01b", "SUG-01"],
        uses: &[SETUIDGID, ROOT, ACCOUNTS],
        does: "Runs a program as accounts of this machine and as root. The real, effective and saved ids are the account's, and \
               the list of supplementary groups has the account's gid and nothing else.",
        run: |world| {
            world.as_root()?;
            world.join_groups(&[0, 4, 10, 54_321])?;
            let root = Account { name: "root".to_owned(), uid: 0, gid: 0 };
            for account in world.accounts()?.into_iter().chain([root]) {
                expect_ids(world, world.command("setuidgid"), &account)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "setuidgid/leaves-the-environment-alone",
        requirements: &["SUG-02b"],
        uses: &[SETUIDGID, ROOT, ACCOUNTS],
        does: "Runs a program that prints its environment: HOME, USER and all others are as they were.",
        run: |world| {
            world.as_root()?;
            let environment =
                ["HOME=/root", "LOGNAME=root", "PATH=/usr/bin:/bin", "SHELL=/bin/false", "USER=root", "X"];
            for account in world.accounts()? {
                let command = world.command("setuidgid").environment(environment);
                let ran = command.args([&*account.name, "cat", "/proc/self/environ"]).run()?;
                world.expect("exit and stderr", (&*ran.exit, &*ran.err), ("exit 0", ""))?;
                world.expect("the environment", ran.strings(), environment.map(str::to_owned).to_vec())?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "setuidgid/exits-111-without-an-account",
        requirements: &["SUG-03"],
        uses: &[SETUIDGID],
        does: "Calls setuidgid with a name that no account has: it exits 111 and does not run the program.",
        run: |world| {
            for name in ["no-such-account", "no such account", "n"] {
                let ran = world.command("setuidgid").args([name, "sh", "-c", "echo ran >ran"]).run()?;
                world.expect(&format!("setuidgid {name}"), ran.exit, "exit 111")?;
            }
            world.expect("the program has run", world.files.exists("ran"), false)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "setuidgid/knows-accounts-by-their-names",
        requirements: &["SUG-01b", "SUG-03b"],
        uses: &[SETUIDGID, ACCOUNTS],
        does: "Calls setuidgid with ids, empty names and names that are almost those of accounts: `unknown account`. Without a \
               program it prints its usage line.",
        run: |world| knows_names(world, "setuidgid"),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "setuidgid/needs-root",
        requirements: &["SUG-02"],
        uses: &[SETUIDGID, FEWER_RIGHTS, ACCOUNTS],
        does: "Calls setuidgid without being root, with the caller's own account and another: it exits 111 and does not run the \
               program.",
        run: |world| {
            for (command, account) in without_root(world)? {
                let ran = command.args([&account, "sh", "-c", "echo ran"]).run()?;
                world.expect(&format!("setuidgid {account}"), (&*ran.exit, &*ran.out), ("exit 111", ""))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "setuidgid/reports-that-it-may-not-set-ids",
        requirements: &["SUG-02b", "SUG-03b", "GEN-02", "ERR-01"],
        uses: &[SETUIDGID, FEWER_RIGHTS, ACCOUNTS],
        does: "Calls setuidgid without being root, with the caller's own account and another: `unable to setgid: permission \
               denied`.",
        run: |world| {
            for (command, account) in without_root(world)? {
                let ran = command.args([&account, "sh", "-c", "echo ran"]).run()?;
                let message = "setuidgid: fatal: unable to setgid: permission denied";
                world.expect_end(&ran, "exit 111", message)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "setuidgid/reports-a-lack-of-capabilities",
        requirements: &["SUG-02b", "SUG-03b", "SUG-03"],
        uses: &[SETUIDGID, ROOT, FEWER_RIGHTS, ACCOUNTS],
        does: "Takes from root the capability to set the gid, the uid or both: a message about the first that is missing, and \
               exit code 111.",
        run: |world| {
            for (capability, what) in [("setgid", "setgid"), ("setuid", "setuid"), ("setgid,-setuid", "setgid")] {
                for account in world.accounts()? {
                    let command = world.without_capability(capability, "setuidgid")?;
                    let ran = command.args([&*account.name, "sh", "-c", "echo ran"]).run()?;
                    let message = format!("setuidgid: fatal: unable to {what}: permission denied");
                    world.expect_end(&ran, "exit 111", &message)?;
                }
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "setuidgid/sets-groups-then-gid-then-uid",
        requirements: &["SUG-02b", "SUG-01b", "SUG-03b"],
        uses: &[SETUIDGID, STRACE, ROOT, ACCOUNTS],
        does: "Traces the system calls that set ids: groups, gid and uid, in this order. Lets each fail in turn: setuidgid reports \
               it, and does not run the program.",
        run: |world| {
            world.as_root()?;
            let account = world.accounts()?.remove(0);
            let calls = "setgroups,?setgid,?setresgid,?setregid,?setuid,?setresuid,?setreuid";
            let trace = format!("trace={calls}");
            let ran = world.traced(&["-o", "trace", "-e", &trace], "setuidgid")?.args([&account.name, "true"]).run()?;
            world.expect("setuidgid", ran.all(), ("exit 0", "", ""))?;
            let names: Vec<String> = world.files.lines("trace").iter().filter_map(|line| what(line)).collect();
            world.expect("what is set", names, ["groups", "gid", "uid"].map(str::to_owned).to_vec())?;
            for (calls, message) in [
                ("setgroups", "unable to setgid: invalid argument"),
                ("?setgid,?setresgid,?setregid", "unable to setgid: invalid argument"),
                ("?setuid,?setresuid,?setreuid", "unable to setuid: invalid argument"),
            ] {
                let (trace, inject) = (format!("trace={calls}"), format!("inject={calls}:error=EINVAL"));
                let options = ["-o", "/dev/null", "-e", &trace, "-e", &inject];
                let ran = world.traced(&options, "setuidgid")?.args([&account.name, "sh", "-c", "echo ran"]).run()?;
                world.expect_end(&ran, "exit 111", &format!("setuidgid: fatal: {message}"))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "setuidgid/finds-accounts-in-files",
        requirements: &["SUG-01b", "SUG-03b"],
        uses: &[SETUIDGID, ROOT, MOUNTS],
        does: "Has files of accounts with a hundred thousand lines, with odd and broken ones among them, and an account that is a \
               member of twenty thousand groups: it gets its own group only.",
        run: |world| {
            world.as_root()?;
            let group: String = (0..20_000).map(|gid| format!("group{gid}:x:{}:joiner,second\n", gid + 5000)).collect();
            let crowd: String = (0..20_000).map(|number| format!("member{number},")).collect();
            let group = format!("{group}crowd:x:4999:{crowd}joiner\n");
            world.private_accounts(passwd(), group)?;
            world.join_groups(&(5000..8000).collect::<Vec<u32>>())?;
            for account in known() {
                expect_ids(world, world.command("setuidgid"), &account)?;
            }
            for name in UNKNOWN {
                let ran = world.command("setuidgid").args([name, "true"]).run()?;
                world.expect_end(&ran, "exit 111", &format!("setuidgid: fatal: unknown account {name}"))?;
            }
            // No process can have -1 for an id.
            for (name, what) in [("no-uid", "setuid"), ("no-gid", "setgid")] {
                let ran = world.command("setuidgid").args([name, "true"]).run()?;
                let message = format!("setuidgid: fatal: unable to {what}: invalid argument");
                world.expect_end(&ran, "exit 111", &message)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "setuidgid/asks-the-name-service",
        requirements: &["SUG-01b"],
        uses: &[SETUIDGID, Use::Tool("getent"), ROOT, MOUNTS, NAME_SERVICE],
        does: "Plays a name service with an account that no file has, as LDAP or SSSD would: setuidgid knows it, and no other \
               name.",
        run: |world| {
            world.as_root()?;
            world.join_groups(&[4, 10])?;
            let account = Account { name: "directory.user".to_owned(), uid: 61_234, gid: 51_234 };
            let service = world.name_service(account.clone())?;
            let ran = service.run(world.command("setuidgid").args([&account.name, "sh", "-c", IDS]))?;
            world.expect("exit and stderr", (&*ran.exit, &*ran.err), ("exit 0", ""))?;
            world.expect("its ids", Ids::parse(&ran.out)?, Ids::of(&account))?;
            let ran = service.run(world.command("setuidgid").args(["directory.users", "true"]))?;
            world.expect_end(&ran, "exit 111", "setuidgid: fatal: unknown account directory.users")
        },
        ..Scenario::ORDINARY
    },
];

/// The ids of a process.
#[derive(Debug, PartialEq, Eq)]
struct Ids {
    /// Real, effective, saved, and that for files.
    uid: Vec<u32>,
    gid: Vec<u32>,
    groups: Vec<u32>,
}

impl Ids {
    /// Reads what [`IDS`] prints.
    fn parse(out: &str) -> Result<Ids, Failure> {
        let numbers = |name: &str| -> Option<Vec<u32>> {
            let line = out.split("\\n").find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            line.split_whitespace().map(|number| number.parse().ok()).collect()
        };
        let ids = || Some(Ids { uid: numbers("Uid")?, gid: numbers("Gid")?, groups: numbers("Groups")? });
        let ids = ids().filter(|ids| ids.uid.len() == 4 && ids.gid.len() == 4);
        ids.ok_or_else(|| Failure::mismatch("the ids of the program", out))
    }

    /// Returns the ids of a process that is `account` and nothing else.
    fn of(account: &Account) -> Ids {
        Ids { uid: vec![account.uid; 4], gid: vec![account.gid; 4], groups: vec![account.gid] }
    }
}

/// Runs a program by `setuidgid`, whose ids must be those of `account`.
#[track_caller]
fn expect_ids(world: &World, setuidgid: Command, account: &Account) -> Outcome {
    let ran = setuidgid.args([&account.name, "sh", "-c", IDS]).run()?;
    world.expect(&format!("setuidgid {}", account.name), (&*ran.exit, &*ran.err), ("exit 0", ""))?;
    world.expect(&format!("the ids of {}", account.name), Ids::parse(&ran.out)?, Ids::of(account))
}

/// Returns setuidgid as called by an ordinary user: with the account's name of that user, and with another's.
fn without_root(world: &World) -> Result<Vec<(Command, String)>, Failure> {
    let accounts = world.accounts()?;
    if !nix::unistd::geteuid().is_root() {
        let others = accounts.into_iter().map(|account| account.name).chain(["root".to_owned()]);
        return Ok(others.map(|name| (world.command("setuidgid"), name)).collect());
    }
    let mut all = vec![];
    for account in &accounts {
        for name in [&account.name, &accounts[0].name, "root"] {
            all.push((world.run_by(account, "setuidgid")?, name.to_owned()));
        }
    }
    Ok(all)
}

/// Returns what a system call sets, as strace has printed it.
fn what(line: &str) -> Option<String> {
    let call = line.split_once('(')?.0.strip_prefix("set")?;
    let known = ["groups", "gid", "uid"].into_iter().find(|what| call.ends_with(what))?;
    Some(known.to_owned())
}

/// Calls setuidgid or envuidgid with names that no account has, and without operands.
#[track_caller]
pub(super) fn knows_names(world: &World, command: &str) -> Outcome {
    let account = world.accounts()?.remove(0);
    let Account { name, uid, .. } = &account;
    let (number, zero) = (uid.to_string(), "0".to_owned());
    let changed =
        [format!("{name}:"), format!("{name}:x"), format!(" {name}"), format!("{name} "), name.to_uppercase()];
    let part = name[..name.len() - 1].to_owned();
    let odd =
        ["", ":", "/", "-1", "+0", "0x0", "#", "*", "--", "-x", "root:x:0:0", "no-such-account"].map(str::to_owned);
    for unknown in [number, zero, part].into_iter().chain(changed).chain(odd).chain(["n".repeat(5000)]) {
        let ran = world.command(command).args([&unknown, "sh", "-c", "echo ran"]).run()?;
        world.expect_end(&ran, "exit 111", &format!("{command}: fatal: unknown account {unknown}"))?;
    }
    let usage = format!("{command}: usage: {command} account child");
    for operands in [&[][..], &[name.as_str()], &["no-such-account"], &[""]] {
        world.expect_end(&world.run(command, operands)?, "exit 100", &usage)?;
    }
    Ok(())
}

/// Returns an /etc/passwd of many lines, with odd and broken ones among them.
pub(super) fn passwd() -> String {
    let odd = "root:x:0:0:root:/root:/bin/sh\n\n#hash:x:3:3::/:\n+\n+::::::\n-minus:x:5:5:::\nshorter:x:7\n\
               trailing:x:9:10::/:/bin/sh:more\nempty-uid:x::11::/:\nword-uid:x:one:11::/:\nlate-word:x:12x:11::/:\n\
               negative:x:-5:13::/:\nzero:x:4294967296:1::/:\none:x:18446744073709551617:1::/:\n\
               no-uid:x:4294967295:18::/:\nno-gid:x:19:4294967295::/:\ntwice:x:20:21::/:\ntwice:x:22:23::/:\n\
               a b:x:26:27::/:\nk\u{e4}se:x:28:29::/:\nUPPER:x:30:31::/:\ndot.ted:x:32:33::/:\n\
               largest:x:4294967294:4294967293::/:\nbad:x:x:36::/:\nbad:x:37:38::/:\nno-password::40:41::/:\n in:x:44:45::/:\n \
               #in-hash:x:3:3::/:\n:x:46:47::/:\n";
    let long = format!("long:x:42:43:{}:/:/bin/sh\n", "comment ".repeat(5000));
    let many: String = (0..50_000).map(|uid| format!("member{uid}:x:{}:100::/:/bin/sh\n", uid + 100_000)).collect();
    // The last line is no whole line.
    format!(
        "{odd}{long}{many}joiner:x:60001:60002::/:/bin/sh\nsecond:x:60003:60004::/:/bin/sh\nlast:x:60005:60006::/:/bin/sh"
    )
}

/// The accounts of [`passwd`] that deserve a look.
pub(super) fn known() -> Vec<Account> {
    let account = |name: &str, uid, gid| Account { name: name.to_owned(), uid, gid };
    vec![
        account("root", 0, 0),
        account("trailing", 9, 10),
        account("twice", 20, 21),
        account("a b", 26, 27),
        account("k\u{e4}se", 28, 29),
        account("UPPER", 30, 31),
        account("dot.ted", 32, 33),
        account("largest", 4_294_967_294, 4_294_967_293),
        account("bad", 37, 38),
        account("no-password", 40, 41),
        account("in", 44, 45),
        account("", 46, 47),
        account("long", 42, 43),
        account("member49999", 149_999, 100),
        account("joiner", 60_001, 60_002),
        account("last", 60_005, 60_006),
    ]
}

/// Names that are no accounts of [`passwd`], though some lines begin with them.
pub(super) const UNKNOWN: [&str; 19] = [
    " in",
    "#in-hash",
    "#hash",
    "hash",
    "+",
    "-minus",
    "minus",
    "shorter",
    "empty-uid",
    "word-uid",
    "late-word",
    "negative",
    "zero",
    "one",
    "upper",
    "member",
    "100",
    "x",
    "k",
];
