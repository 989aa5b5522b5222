//! Programs in the wild that read what daemontools leaves: what they look for is a fact, and the code here is our own.

use crate::observe::record::Record;
use crate::scenario::{Need, Outcome, Scenario};
use crate::world::{Service, World};

const NEEDS: &[Need] = &[Need::Command("supervise"), Need::Command("svc"), Need::Command("svstat")];

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svstat/reads-as-ansible-reads-it",
        requirements: &["STAT-01"],
        needs: NEEDS,
        does: "Takes the line of a service that is up, paused, wanted down, and down as Ansible's svc module does: by \
               ` up ` or ` down `, ` want `, `(pid N)` and `N seconds`. It finds the state and the pid that are true.",
        run: reads_as_ansible_reads_it,
    },
    Scenario {
        id: "svstat/reads-as-puppet-and-cinnamon-read-it",
        requirements: &["STAT-01"],
        needs: NEEDS,
        does: "Takes the same lines as Puppet's provider, Cinnamon and svsh do: `: up (pid N) N seconds` or `: down N \
               seconds` right behind the name, and `, want down` behind that.",
        run: reads_as_puppet_and_cinnamon_read_it,
    },
    Scenario {
        id: "supervise/record-reads-as-libraries-read-it",
        requirements: &["SUP-20"],
        needs: NEEDS,
        does: "Reads the 18 bytes as libraries for Perl and Node do: the stamp from bytes 0 to 7 less 2^62 and 10, the pid \
               from bytes 12 to 15 by hand, byte 16 and 17 as flags. The start is now, and the pid is the service.",
        run: record_reads_as_libraries_read_it,
    },
];

/// The lines of svstat for a service that is up, paused, wanted down, and down; and the pid while it was up.
fn lines(world: &World) -> Result<([String; 4], i32), crate::scenario::Stopped> {
    let web = world.service("web", "survive TERM")?;
    world.supervise(&web)?;
    let pid = world.until_up(&web)?;
    let line = |options: &str, state: &str| {
        if !options.is_empty() {
            world.svc(options, &web)?;
        }
        world.until_state(&web, state)?;
        world.svstat_raw(&web)
    };
    let lines = [
        line("", "up, paused 0, want u")?,
        line("-p", "up, paused 1, want u")?,
        line("-d", "up, paused 0, want d")?,
        line("-k", "down, paused 0, want d")?,
    ];
    Ok((lines, pid))
}

fn reads_as_ansible_reads_it(world: &World) -> Outcome {
    let (lines, pid) = lines(world)?;
    let states = lines.each_ref().map(|line| {
        let state = match (line.contains(" up "), line.contains(" down ")) {
            (true, _) => "start",
            (false, true) => "stopp",
            (false, false) => return "unknown".to_owned(),
        };
        format!("{state}{}", if line.contains(" want ") { "ing" } else { "ed" })
    });
    world.expect("the states", states, ["started", "started", "starting", "stopped"])?;
    let pids = lines.each_ref().map(|line| number_behind(line, "(pid ").filter(|(_, rest)| rest.starts_with(')')));
    let pids = pids.map(|found| found.map(|(pid, _)| pid));
    let up = Some(u64::from(pid.unsigned_abs()));
    world.expect("the pids", pids, [up, up, up, None])?;
    let durations =
        lines.each_ref().map(|line| crate::observe::svstat::seconds(line).is_some_and(|seconds| seconds < 60));
    world.expect("durations of less than a minute", durations, [true; 4])
}

fn reads_as_puppet_and_cinnamon_read_it(world: &World) -> Outcome {
    let (lines, pid) = lines(world)?;
    let up = u64::from(pid.unsigned_abs());
    for line in &lines[..3] {
        let behind_pid = number_behind(line, "web: up (pid ").filter(|(found, _)| *found == up);
        let seconds = behind_pid.and_then(|(_, rest)| number_behind(rest, ") "));
        let follows = seconds.is_some_and(|(_, rest)| rest.starts_with(" seconds"));
        world.expect_that("a line of a service that is up", follows, "web: up (pid N) N seconds", line)?;
    }
    let seconds = number_behind(&lines[3], "web: down ");
    let follows = seconds.is_some_and(|(_, rest)| rest.starts_with(" seconds"));
    world.expect_that("a line of a service that is down", follows, "web: down N seconds", &lines[3])?;
    let wanted = lines.each_ref().map(|line| line.contains(" seconds, want down"));
    world.expect("wanted down", wanted, [false, false, true, false])
}

/// The number that stands right behind `words` at the first place where they are, and what follows it.
fn number_behind<'a>(line: &'a str, words: &str) -> Option<(u64, &'a str)> {
    let (_, rest) = line.split_once(words)?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit())?;
    Some((rest[..end].parse().ok()?, &rest[end..]))
}

fn record_reads_as_libraries_read_it(world: &World) -> Outcome {
    let web: Service = world.service("web", "")?;
    let now = || Record::made(0, 0, 0, 0).unix_seconds();
    let before = now();
    world.supervise(&web)?;
    let bytes = world.whole_record(&web)?.bytes;
    let seconds = bytes[..8].iter().fold(0_i128, |sum, byte| (sum << 8) + i128::from(*byte));
    let since_epoch = seconds - (1 << 62) - 10;
    let in_time = i128::from(before) <= since_epoch && since_epoch <= i128::from(now());
    world.expect_that("the stamp", in_time, "the time of the start", since_epoch)?;
    let pid =
        i32::from(bytes[15]) << 24 | i32::from(bytes[14]) << 16 | i32::from(bytes[13]) << 8 | i32::from(bytes[12]);
    world.expect("the pid", Some(pid), world.starts(&web).first().map(|start| start.0))?;
    world.expect("the flags", &bytes[16..], b"\0u")
}
