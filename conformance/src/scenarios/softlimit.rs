//! softlimit: runs a program with other soft limits.

use crate::observe::limits::{Limits, OPTIONS, with_soft};
use crate::observe::process::Process;
use crate::outcome::{Failure, Outcome};
use crate::scenario::{SOFTLIMIT, STRACE, Scenario};
use crate::world::{Ran, World};
use nix::sys::signal::Signal;
use nix::unistd::{SysconfVar, sysconf};
use std::time::Duration;

/// What softlimit prints if it is called wrongly.
const USAGE: &str = "softlimit: usage: softlimit [-a allbytes] [-c corebytes] [-d databytes] [-f filebytes] [-l lockbytes] \
                     [-m membytes] [-o openfiles] [-p processes] [-r residentbytes] [-s stackbytes] [-t cpusecs] child\\n";
/// A program that prints its limits.
const SHOW: [&str; 2] = ["/bin/cat", "/proc/self/limits"];

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "softlimit/sets-the-limit-of-each-option",
        requirements: &["LIM-01"],
        uses: &[SOFTLIMIT],
        does: "Runs a program with each option, with a value below the soft limit, one between the soft and the hard limit, \
               and `=`. The program has the soft limits that the option names, and all others as they were.",
        run: |world| {
            let before = before(world)?;
            for (option, names) in OPTIONS {
                let lowest_hard = names.iter().filter_map(|name| before.get(*name)).map(|(_, hard)| *hard).min();
                // A program with as little memory as may be locked could not start.
                let name = names.iter().find(|name| **name == "stack size" || names.len() == 1);
                let limit = name.and_then(|name| before.get(*name));
                let (soft, _) = *limit.ok_or_else(|| Failure::broken(format!("no limit for -{option}")))?;
                let values = [soft.checked_sub(1), soft.checked_add(1)].into_iter().flatten();
                let values = values.filter(|value| Some(*value) <= lowest_hard).map(|value| (value, value.to_string()));
                for (value, text) in values.chain([(u64::MAX, "=".to_owned())]) {
                    let ran = world.command("softlimit").args([&format!("-{option}"), &text]).args(SHOW).run()?;
                    let wanted = with_soft(&before, names, value);
                    world.expect(&format!("limits with -{option} {text}"), ran.limits(), wanted)?;
                }
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "softlimit/sets-several-limits",
        requirements: &["LIM-01"],
        uses: &[SOFTLIMIT],
        does: "Runs a program with five options at once, one of them `=`, and with none. Each takes effect, and the exit code is \
               the program's.",
        run: |world| {
            let before = before(world)?;
            world.expect("limits without options", show(world, &[])?, before.clone())?;
            let after = show(world, &["-o", "60", "-c", "0", "-f", "=", "-t", "700", "-r", "5000"])?;
            let values = [("open files", 60), ("core file size", 0), ("file size", u64::MAX), ("cpu time", 700)];
            let values = values.into_iter().chain([("resident set", 5000)]);
            let wanted = values.fold(before, |limits, (name, value)| with_soft(&limits, &[name], value));
            world.expect("limits with five options", after, wanted)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "softlimit/lowers-what-is-too-high",
        requirements: &["LIM-02", "LIM-01"],
        uses: &[SOFTLIMIT],
        does: "Gives each option the hard limit, one more, and the largest numbers there are. The soft limit becomes the hard \
               one, and nothing is printed.",
        run: |world| {
            let before = before(world)?;
            for (option, names) in OPTIONS {
                let hard = names.iter().filter_map(|name| before.get(*name)).map(|(_, hard)| *hard).max().unwrap_or(0);
                for value in [hard, hard.saturating_add(1), u64::MAX - 1, u64::MAX] {
                    let wanted = with_soft(&before, names, value);
                    let value = value.to_string();
                    let limits = show(world, &[&format!("-{option}"), &value])?;
                    world.expect(&format!("limits with -{option} {value}"), limits, wanted)?;
                }
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "softlimit/reads-values-as-decimal-numbers",
        requirements: &["LIM-03", "LIM-04", "OPT-02"],
        uses: &[SOFTLIMIT],
        does: "Gives an option many a value: leading zeros, nothing, numbers of more than 64 bits, which wrap, and words that \
               are no numbers, for which the usage line comes.",
        run: |world| {
            let before = before(world)?;
            let limit = |limits: &Limits| limits.get("cpu time").map(|(soft, _)| *soft);
            let hard = before.get("cpu time").map_or(0, |(_, hard)| *hard);
            let zeros = format!("{}77", "0".repeat(500));
            for (value, wanted) in [
                ("77", 77),
                ("077", 77),
                (&zeros, 77),
                ("18446744073709551693", 77),
                ("36893488147419103309", 77),
                ("18446744073709551615", hard),
                ("9223372036854775808", hard),
                ("99999999999999999999999999999977", hard),
                ("=", hard),
            ] {
                world.expect(&format!("-t {value}"), limit(&show(world, &["-t", value])?), Some(wanted))?;
                world.expect(&format!("-t{value}"), limit(&show(world, &[&format!("-t{value}")])?), Some(wanted))?;
            }
            let core = show(world, &["-c", ""])?.get("core file size").map(|(soft, _)| *soft);
            world.expect("an empty value", core, Some(0))?;
            for value in
                ["5x", "x", "-1", "+5", " 5", "5 ", "=5", "==", "5=", "0x10", "1e3", "5.0", "k", "1k", "unlimited"]
            {
                let ran = world.command("softlimit").args(["-c", value]).args(SHOW).run()?;
                world.expect(&format!("-c {value:?}"), ran.all(), ("exit 100", "", USAGE))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "softlimit/parses-options",
        requirements: &["OPT-01", "OPT-02", "OPT-03", "OPT-04", "LIM-04", "EXEC-06b"],
        uses: &[SOFTLIMIT],
        does: "Calls softlimit with bundled values, unknown options, missing values, and `--`, `-` and options in the place of \
               the program.",
        run: |world| {
            let wanted = with_soft(&with_soft(&before(world)?, &["open files"], 70), &["core file size"], 5);
            for arguments in [
                &["-o70", "-c5"][..],
                &["-o", "70", "-c", "5", "--"],
                &["-o9", "-o=", "-o70", "-c", "5"],
                &["-o70", "-c5", "--any-word"],
            ] {
                world.expect(&format!("limits with {arguments:?}"), show(world, arguments)?, wanted.clone())?;
            }
            world.files.write_script("-", "#!/bin/sh\nexit 8\n")?;
            world.files.write_script("-c", "#!/bin/sh\nexit 9\n")?;
            let illegal = |option: &str| format!("softlimit: illegal option -- {option}\\n{USAGE}");
            let missing = |option: &str| format!("softlimit: option requires an argument -- {option}\\n{USAGE}");
            let cannot_run = |name: &str| format!("softlimit: fatal: unable to run {name}: file does not exist\\n");
            for (arguments, exit, err) in [
                (&[][..], "exit 100", USAGE.to_owned()),
                (&["-c", "5"], "exit 100", USAGE.to_owned()),
                (&["-c5", "--"], "exit 100", USAGE.to_owned()),
                (&["--"], "exit 100", USAGE.to_owned()),
                (&["-c"], "exit 100", missing("c")),
                (&["-o70", "-c"], "exit 100", missing("c")),
                (&["-z", "sh"], "exit 100", illegal("z")),
                (&["-C5", "sh"], "exit 100", illegal("C")),
                (&["-?", "sh"], "exit 100", illegal("?")),
                (&["-:", "sh"], "exit 100", illegal(":")),
                (&["-h"], "exit 100", illegal("h")),
                // The value takes up the rest of the word, so this is no bundle.
                (&["-c5o70", "sh"], "exit 100", USAGE.to_owned()),
                (&["-", "sh"], "exit 8", String::new()),
                (&["--", "-c", "sh"], "exit 9", String::new()),
                (&["sh", "-c", "exit 6"], "exit 6", String::new()),
                (&["--", "--"], "exit 111", cannot_run("--")),
                (&["-c", "--", "sh"], "exit 100", USAGE.to_owned()),
                (&["nothing", "-z"], "exit 111", cannot_run("nothing")),
            ] {
                let ran = world.command("softlimit").args(arguments).env("PATH", ".:/usr/bin:/bin").run()?;
                world.expect(&format!("softlimit {arguments:?}"), ran.all(), (exit, "", &*err))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "softlimit/obeys-options-in-their-order",
        requirements: &["LIM-04", "LIM-01", "LIM-03"],
        uses: &[SOFTLIMIT],
        does: "Gives options that set the same limit: the last counts, `-m` like the four that it stands for. A mistake ends \
               everything, whatever stands before it.",
        run: |world| {
            let before = before(world)?;
            let memory = ["data size", "stack size", "locked memory", "address space"];
            let (big, small) = ("70000000", "60000000");
            let value = |limits: &Limits, name: &str| limits.get(name).map(|(soft, _)| *soft);
            let least = |number: u64, name: &str| before.get(name).map(|(_, hard)| number.min(*hard));
            for (arguments, stack, others) in [
                (&["-m", big][..], 70_000_000, 70_000_000),
                (&["-m", big, "-s", small], 60_000_000, 70_000_000),
                (&["-s", small, "-m", big], 70_000_000, 70_000_000),
                (&["-m", "0", "-m", big], 70_000_000, 70_000_000),
                (&["-m", big, "-m="], u64::MAX, u64::MAX),
            ] {
                let limits = show(world, arguments)?;
                for name in memory {
                    let wanted = least(if name == "stack size" { stack } else { others }, name);
                    world.expect(&format!("{name} with {arguments:?}"), value(&limits, name), wanted)?;
                }
            }
            for (arguments, wanted) in [
                (&["-o", "40", "-o", "60"][..], 60),
                (&["-o", "60", "-o", "40"], 40),
                (&["-o", "=", "-o", "40"], 40),
                // The hard limit stays as it is, so that the soft one can be raised again.
                (&["-o", "5", "-o", "100"], 100),
                (&["-o", "5", "-o", "="], u64::MAX),
            ] {
                let limits = show(world, arguments)?;
                let name = "open files";
                world.expect(&format!("{name} with {arguments:?}"), value(&limits, name), least(wanted, name))?;
            }
            let ran = world.command("softlimit").args(["-c", "5", "-o", "x", "sh", "-c", "echo ran >ran"]).run()?;
            world.expect("a mistake behind an option", ran.all(), ("exit 100", "", USAGE))?;
            world.expect("the program has run", world.files.exists("ran"), false)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "softlimit/binds-the-size-of-files",
        requirements: &["LIM-05"],
        uses: &[SOFTLIMIT],
        does: "Limits files to 10 bytes for a program that writes 20 and more. No more than 10 arrive, and a file of 10 bytes is \
               possible.",
        run: |world| {
            let write = |text: &str, file: &str| {
                let script = format!("printf {text} >{file}; printf {text} >>{file}");
                world.command("softlimit").args(["-f", "10", "sh", "-c", &script]).finish()
            };
            let ran = write("01234", "exact")?;
            world.expect("a file of 10 bytes", (&*ran.exit, &*world.files.read("exact")), ("exit 0", "0123401234"))?;
            let ran = write("0123456789abcdefghij", "long")?;
            world.expect("a file of more", world.files.read("long"), "0123456789")?;
            world.expect_that("the end of the program", ran.exit != "exit 0", "not exit 0", &ran.exit)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "softlimit/ends-writers-and-starts-nothing-without-memory",
        requirements: &["LIM-05b"],
        uses: &[SOFTLIMIT],
        does: "Lets a program write beyond its limit on files: SIGXFSZ. Runs programs with `-p0`, which start, and with next to \
               no memory or stack, which die.",
        run: |world| {
            let script = "printf 0123456789 >full; printf x >>full";
            let ran = world.command("softlimit").args(["-f10", "sh", "-c", script]).run()?;
            let seen = (&*ran.exit, &*world.files.read("full"));
            world.expect("a write at the limit", seen, ("killed by XFSZ", "0123456789"))?;
            let ran = world.command("softlimit").args(["-f0", "sh", "-c", "printf x >empty"]).run()?;
            world.expect("a write with a limit of 0", ran.exit, "killed by XFSZ")?;
            let ran = world.command("softlimit").args(["-p0", "sh", "-c", "exit 3"]).run()?;
            world.expect("a program with -p0", ran.all(), ("exit 3", "", ""))?;
            for arguments in [["-a", "1000"], ["-a", "0"], ["-m", "1000"]] {
                let ran = world.command("softlimit").args(arguments).args(["sh", "-c", "echo ran >ran"]).run()?;
                world.expect_that(
                    "the end of the program",
                    ran.exit.starts_with("killed by"),
                    "a signal",
                    &ran.exit,
                )?;
                world.expect("the program has run", world.files.exists("ran"), false)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "softlimit/binds-the-cpu-time",
        requirements: &["LIM-05"],
        uses: &[SOFTLIMIT],
        does: "Limits the CPU time of a program that computes without end to a second: SIGXCPU ends it when it has used that \
               time, not before.",
        run: |world| {
            // It stops at the signal, so that its time can be read.
            let script = "trap 'kill -STOP $$; trap - XCPU; kill -XCPU $$' XCPU; exec 2>&-; while :; do :; done";
            let running = world.command("softlimit").args(["-t1", "sh", "-c", script]).start()?;
            let used = || cpu_time(running.pid).unwrap_or_default();
            for tenths in 1..=30 {
                // Much waits for the processor here, so only the time that the program has used counts.
                let more = Duration::from_millis(tenths * 100);
                world.until("the program has stopped or used more time", true, || {
                    Ok(used() >= more || is_stopped(running.pid))
                })?;
                if is_stopped(running.pid) {
                    break;
                }
            }
            let at_the_signal = used();
            // The kernel counts clock ticks for the limit, and the time to the nanosecond for /proc. On a busy machine, where
            // a program seldom runs for a whole tick, the two differ by 10 % and more.
            let is_due = (Duration::from_millis(500)..Duration::from_secs(2)).contains(&at_the_signal);
            world.expect_that("time at the signal", is_due, "1 s", at_the_signal)?;
            running.signal(Signal::SIGCONT)?;
            running.expect_exit("killed by XCPU")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "softlimit/reports-what-it-cannot-set",
        requirements: &["LIM-04", "GEN-02", "ERR-01", "EXEC-06b"],
        uses: &[SOFTLIMIT, STRACE],
        does: "Lets each system call that reads or sets a limit fail in turn. softlimit reports it and exits 111, and the \
               program does not run.",
        run: |world| {
            let mut seen = vec![];
            for number in 1..=12 {
                let inject = format!("inject=?prlimit64,?getrlimit,?setrlimit:error=EPERM:when={number}");
                let options = ["-o", "/dev/null", "-e", &inject];
                let ran = world.traced(&options, "softlimit")?.args(["-c", "0", "sh", "-c", "exit 5"]).run()?;
                match ran.all() {
                    ("exit 111", "", err) => seen.push(err.to_owned()),
                    // A call of the C library, or of the program.
                    all => world.expect("an end without a message", all, ("exit 5", "", ""))?,
                }
            }
            seen.sort();
            seen.dedup();
            let message = |call: &str| format!("softlimit: fatal: {call} failed: permission denied\\n");
            world.expect("messages", seen, ["getrlimit", "setrlimit"].map(message).to_vec())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "softlimit/cannot-run-what-the-stack-does-not-hold",
        requirements: &["EXEC-06b", "LIM-01"],
        uses: &[SOFTLIMIT],
        does: "Gives softlimit an environment of 300 kB, which fits, and a limit on the stack, with which it does not.",
        run: |world| {
            let softlimit = |stack: &str| {
                let large = world.command("softlimit").env("ONE", "x".repeat(100_000)).env("TWO", "x".repeat(100_000));
                large.env("THREE", "x".repeat(100_000)).args(["-s", stack, "sh", "-c", "exit 4"]).run()
            };
            world.expect("with a large stack", softlimit("4000000")?.all(), ("exit 4", "", ""))?;
            let message = "softlimit: fatal: unable to run sh: argument list too long\\n";
            world.expect("with a small stack", softlimit("400000")?.all(), ("exit 111", "", message))
        },
        ..Scenario::ORDINARY
    },
];

/// Sets limits for the scenario and returns them, by their names.
fn before(world: &World) -> Result<Limits, Failure> {
    world.limit_resources()?;
    Ok(world.program(SHOW[0]).arg(SHOW[1]).run()?.limits())
}

/// Returns the limits of a program that softlimit runs with `options`. It must print nothing.
#[track_caller]
fn show(world: &World, options: &[&str]) -> Result<Limits, Failure> {
    let ran = world.command("softlimit").args(options).args(SHOW).run()?;
    let Ran { exit, err, .. } = &ran;
    world
        .expect(&format!("softlimit {options:?}"), (&**exit, &**err), ("exit 0", ""))
        .and_then(|()| check(&ran, world))?;
    Ok(ran.limits())
}

/// Fails unless the program has printed limits.
#[track_caller]
fn check(ran: &Ran, world: &World) -> Outcome {
    world.expect_that("the limits of the program", !ran.limits().is_empty(), "printed", &ran.out)
}

fn is_stopped(pid: i32) -> bool {
    Process::look(pid).is_some_and(|process| process.state == 'T')
}

/// Returns the time that the processor has spent on a process.
fn cpu_time(pid: i32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    let ticks: u64 = rest.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    let per_second = sysconf(SysconfVar::CLK_TCK).ok()??;
    Some(Duration::from_millis(ticks * 1000 / u64::try_from(per_second).ok()?))
}
