//! svstat: its line as programs in the wild read it.

use crate::observe::svstat;
use crate::outcome::Failure;
use crate::scenario::{SUPERVISE, SVC, SVOK, SVSTAT, Scenario};
use crate::world::World;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svstat/readers/as-ansible-reads-it",
        requirements: &["STAT-01"],
        uses: &[SVSTAT, SUPERVISE, SVC, SVOK],
        does: "Reads the line of a service that is up, paused, wanted down, and down as Ansible's svc module does: by ` up ` or \
               ` down `, ` want `, `(pid N)` and `N seconds`. That yields the true state and pid.",
        run: |world| {
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
            let pids =
                lines.each_ref().map(|line| number_behind(line, "(pid ").filter(|(_, rest)| rest.starts_with(')')));
            let pids = pids.map(|found| found.map(|(pid, _)| pid));
            let up = Some(u64::from(pid.unsigned_abs()));
            world.expect("the pids", pids, [up, up, up, None])?;
            let durations = lines.each_ref().map(|line| svstat::seconds(line).is_some_and(|seconds| seconds < 60));
            world.expect("durations of less than a minute", durations, [true; 4])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstat/readers/as-puppet-and-cinnamon-read-it",
        requirements: &["STAT-01"],
        uses: &[SVSTAT, SUPERVISE, SVC, SVOK],
        does: "Reads the same lines as Puppet's provider, Cinnamon and svsh do: `: up (pid N) N seconds` or `: down N seconds` \
               right after the name, and `, want down` after that.",
        run: |world| {
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
        },
        ..Scenario::ORDINARY
    },
];

/// Returns the lines of svstat for a service that is up, paused, wanted down, and down, and its pid.
fn lines(world: &World) -> Result<([String; 4], i32), Failure> {
    let web = world.service("web", "survive TERM")?;
    web.supervise()?;
    let pid = web.until_up()?;
    let line = |options: &str, words: &str| {
        if !options.is_empty() {
            web.svc(options)?;
        }
        web.until_status(words)?;
        web.svstat_line()
    };
    let lines =
        [line("", "up")?, line("-p", "up, paused")?, line("-d", "up, want down")?, line("-k", "down, normally up")?];
    Ok((lines, pid))
}

/// Returns the number right behind the first occurrence of `words`, and what follows it.
fn number_behind<'a>(line: &'a str, words: &str) -> Option<(u64, &'a str)> {
    let (_, rest) = line.split_once(words)?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit())?;
    Some((rest[..end].parse().ok()?, &rest[end..]))
}
