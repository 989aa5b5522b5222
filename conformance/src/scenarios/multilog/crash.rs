//! Crashes at every system call, and power failures: no line is lost.

use crate::observe::escape;
use crate::outcome::{Failure, Outcome};
use crate::scenario::{MULTILOG, STRACE, Scenario};
use crate::world::{Log, World, numbered_lines};
use std::collections::BTreeMap;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "multilog/crash/loses-no-line-at-any-system-call",
        requirements: &["MLOG-23", "MLOG-31"],
        uses: &[MULTILOG, STRACE],
        does: "Kills multilog at each system call of two rotations, of one with a processor, of its end, and of two starts, and \
               starts another on the same directory. Each line that was in a file is there once, and no line twice.",
        run: |world| crash_in_each(world, WRITING),
        deadline: Duration::from_secs(90),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/crash/loses-no-line-in-a-recovery",
        requirements: &["MLOG-23b", "MLOG-24"],
        uses: &[MULTILOG, STRACE],
        does: "Kills multilog at each system call of its recovery from crashes that left files behind in several states, and starts \
               another on the same directory. Each line is there once.",
        run: |world| crash_in_each(world, RECOVERING),
        deadline: Duration::from_secs(90),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/crash/survives-a-power-failure",
        requirements: &["MLOG-33", "MLOG-51", "MLOG-34"],
        uses: &[MULTILOG, STRACE],
        does: "Traces rotations with a processor. Each file is on disk before a name or a mode declares it complete, and before \
               its source is removed.",
        run: |world| {
            let log = world.log("log");
            log.prepare(numbered_lines(0..20))?;
            let seen = super::deeds(world, &["s4096", "!cat; echo state >&5", "./log"], &numbered_lines(20..22))?;
            let deeds = [
                "chmod current 0644",
                "sync current",
                "rename current previous",
                "chmod current 0644",
                "chmod previous 0744",
                "sync processed",
                "chmod processed 0744",
                "sync newstate",
                "unlink previous",
                "rename newstate state",
                "link processed @",
                "unlink processed",
                "sync current",
                "chmod current 0744",
            ];
            world.expect("deeds", seen, deeds)?;
            let names = world.files.names("log").join(" ").replace(&log.old().concat(), "@");
            world.expect("files", names.as_str(), "@ current lock state")
        },
        ..Scenario::ORDINARY
    },
];

/// System calls that change nothing that outlives the process, and need not be crashed at.
const HARMLESS: &[&str] = &[
    "brk",
    "mmap",
    "munmap",
    "mprotect",
    "rt_sigprocmask",
    "rt_sigaction",
    "getrandom",
    "fcntl",
    "clock_gettime",
    "gettimeofday",
    "futex",
    "fstat",
    "newfstatat",
    "statx",
    "stat",
    "lseek",
    "close",
    "poll",
    "ppoll",
    "flock",
];

/// What multilog does when it is killed.
struct Case {
    name: &'static str,
    /// Arguments before the directory.
    script: &'static [&'static str],
    /// The files that it starts with: names, permission bits, and which lines are in them.
    files: &'static [(&'static str, u32, std::ops::Range<usize>)],
    /// Two names of the same file, the second new.
    link: Option<(&'static str, &'static str)>,
    /// The lines that are its input.
    input: std::ops::Range<usize>,
    when: When,
}

/// Which system calls of a case are new to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// Those before the first read.
    Opening,
    /// Those from the first read on.
    Reading,
}

/// An old file of long ago.
const OLD: &str = "@400000003b4a39c23294b13c.s";

/// Cases that the manual describes.
const WRITING: &[Case] = &[
    Case {
        name: "two-rotations",
        script: &["s4096"],
        files: &[("state", 0o644, 0..0), ("current", 0o744, 0..20)],
        link: None,
        input: 20..90,
        when: When::Reading,
    },
    Case {
        name: "rotation-with-processor",
        script: &["s4096", "!cat; echo >&5"],
        files: &[("state", 0o644, 0..0), ("current", 0o744, 0..20)],
        link: None,
        input: 20..23,
        when: When::Reading,
    },
    Case { name: "new-directory", script: &["s4096"], files: &[], link: None, input: 0..1, when: When::Opening },
    Case {
        name: "recovery-of-current",
        script: &["s4096"],
        files: &[("state", 0o644, 0..0), ("current", 0o644, 0..20)],
        link: None,
        input: 20..22,
        when: When::Opening,
    },
];

/// Crashes whose files the manual does not describe.
const RECOVERING: &[Case] = &[
    Case {
        name: "recovery-of-previous",
        script: &["s4096"],
        files: &[("state", 0o644, 0..0), ("previous", 0o744, 0..20), ("current", 0o644, 20..22)],
        link: None,
        input: 22..24,
        when: When::Opening,
    },
    Case {
        name: "recovery-of-previous-with-two-names",
        script: &["s4096"],
        files: &[("state", 0o644, 0..0), ("previous", 0o744, 0..20), ("current", 0o644, 20..22)],
        link: Some(("previous", OLD)),
        input: 22..24,
        when: When::Opening,
    },
    Case {
        name: "recovery-of-half-processed",
        script: &["s4096", "!cat"],
        files: &[
            ("state", 0o644, 0..0),
            ("previous", 0o744, 0..20),
            ("processed", 0o644, 0..10),
            ("newstate", 0o644, 0..0),
            ("current", 0o644, 20..22),
        ],
        link: None,
        input: 22..24,
        when: When::Opening,
    },
    Case {
        name: "recovery-of-processed",
        script: &["s4096", "!cat"],
        files: &[
            ("state", 0o644, 0..0),
            ("previous", 0o744, 0..20),
            ("processed", 0o744, 0..20),
            ("newstate", 0o644, 0..0),
            ("current", 0o644, 20..22),
        ],
        link: None,
        input: 22..24,
        when: When::Opening,
    },
    Case {
        name: "recovery-of-processed-with-two-names",
        script: &["s4096", "!cat"],
        files: &[("state", 0o644, 0..0), ("processed", 0o744, 0..20), ("current", 0o644, 20..22)],
        link: Some(("processed", OLD)),
        input: 22..24,
        when: When::Opening,
    },
];

/// Kills multilog at each system call of each of `cases`.
fn crash_in_each(world: &World, cases: &[Case]) -> Outcome {
    for case in cases {
        let points = crash_everywhere(world, case)?;
        world.expect_that(&format!("crash points, {}", case.name), points > 5, "a few or more", points)?;
    }
    Ok(())
}

/// Kills multilog at each system call of `case`. Returns at how many.
fn crash_everywhere(world: &World, case: &Case) -> Result<usize, Failure> {
    world.files.write("input", numbered_lines(case.input.clone()))?;
    let log = made(world, case, "whole")?;
    let ran = world.traced(&["-o", "calls"], "multilog")?.args(case.script).arg(&log.name).input("input").finish()?;
    world.expect(case.name, ran.all(), ("exit 0", "", ""))?;
    world.expect_that(case.name, log.sorted_lines() == lines(0..case.input.end), "all lines", log.sizes())?;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let calls = world.files.lines("calls");
    let (mut is_open, mut is_reading) = (false, false);
    let mut points = 0;
    for line in &calls {
        let Some((call, arguments)) = line.split_once('(').filter(|(name, _)| !name.contains([' ', '+'])) else {
            continue;
        };
        let count = counts.entry(call).or_default();
        *count += 1;
        // What comes before the directory is entered has nothing to do with it.
        is_open = is_open || call.starts_with("mkdir") || arguments.contains("\"lock\"");
        is_reading = is_reading || is_open && line.starts_with("read(0,");
        let is_new = match case.when {
            When::Opening => !is_reading,
            When::Reading => is_reading,
        };
        if is_open && is_new && !HARMLESS.contains(&call) {
            let what = format!("{}, killed at {call} {count}", case.name);
            world.try_case(&what, || crash_at(world, case, call, *count))?;
            points += 1;
        }
    }
    Ok(points)
}

/// Kills multilog at the system call `call` number `count`, starts another, and counts the lines.
fn crash_at(world: &World, case: &Case, call: &str, count: usize) -> Outcome {
    let what = format!("{}, {call} {count}", case.name);
    let log = made(world, case, &format!("{call}-{count}"))?;
    let inject = format!("inject={call}:signal=KILL:when={count}");
    let options = ["-o", "/dev/null", "-e", &inject];
    let killed =
        world.traced_as_before(&options, "multilog").args(case.script).arg(&log.name).input("input").start()?;
    let exit = killed.wait()?.to_string();
    world.expect(&what, exit.as_str(), "killed by KILL")?;
    // A processor goes on, and holds the lock until it has executed the shell.
    world.until_alone()?;
    let processed = String::from_utf8_lossy(&log.bytes("processed")).into_owned();
    let processed: Vec<String> = processed.split_inclusive('\n').map(|line| escape(line.as_bytes())).collect();
    let visible = log.sorted_lines();
    let rest = case.input.end..case.input.end + 2;
    let next = world.command("multilog").args(case.script).arg(&log.name);
    world.files.write("rest", numbered_lines(rest.clone()))?;
    let ran = next.input("rest").finish()?;
    world.expect(&format!("the next multilog after {what}"), ran.all(), ("exit 0", "", ""))?;
    let seen = log.sorted_lines();
    let mut expected = [visible, processed, lines(rest)].concat();
    // A file with two names, or one beside what became of it, shows its lines twice.
    expected.sort();
    expected.dedup();
    world.expect_that(&format!("lines after {what}"), seen == expected, "those that were there, once", log.sizes())?;
    let least = lines(0..case.input.start);
    world.expect_that(&format!("lines after {what}"), seen.starts_with(&least), "all old ones", seen.len())?;
    world.files.remove(&log.name)
}

/// Returns numbered lines, escaped.
fn lines(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| escape(numbered_lines(number..number + 1).as_bytes())).collect()
}

/// Makes the directory that `case` starts with.
fn made(world: &World, case: &Case, name: &str) -> Result<Log, Failure> {
    let name = format!("{}-{name}", case.name);
    let log = world.log(&name);
    if !case.files.is_empty() {
        world.files.make_directory(&name)?;
    }
    for (file, mode, numbers) in case.files {
        let file = format!("{name}/{file}");
        world.files.write(&file, numbered_lines(numbers.clone()))?;
        world.files.set_mode(&file, *mode)?;
    }
    if let Some((from, to)) = case.link {
        world.files.hard_link(format!("{name}/{from}"), format!("{name}/{to}"))?;
    }
    Ok(log)
}
