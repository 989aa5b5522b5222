//! Whole trees: how long N services take to come up, to come back and to end, and what they cost meanwhile.

use super::fleet::{Fleet, Life, Tree, processor_time};
use super::subject::{Figure, Samples, Site, Subject, millis};
use crate::observe::process::{self, Process};
use crate::outcome::Failure;
use crate::world::send_signal;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::Signal;
use nix::sys::time::TimeValLike;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long an idle tree is watched: two scans of an svscan that scans every five seconds.
const IDLE: Duration = Duration::from_secs(10);
/// How long services that crash are watched.
const CRASHING: Duration = Duration::from_secs(5);
const DEADLINE: Duration = Duration::from_secs(90);

pub(super) const SUBJECTS: &[Subject] = &[
    Subject {
        id: "tree/up",
        figures: &[
            Figure::lower("tree/up", "ms", "{N} services up"),
            Figure::lower("tree/up/cpu", "ms", "processor time to start one of {N} services, shell and sleep included"),
        ],
        commands: &["svscan"],
        deadline: DEADLINE,
        measure: |site| up(site, Life::Steady),
    },
    Subject {
        id: "tree/up-with-logs",
        figures: &[
            Figure::lower("tree/up-with-logs", "ms", "{N} services with logs up"),
            Figure::lower("tree/up-with-logs/cpu", "ms", "processor time to start one of {N} services and its log"),
        ],
        commands: &["svscan"],
        deadline: DEADLINE,
        measure: |site| up(site, Life::Logged),
    },
    Subject {
        id: "tree/back",
        figures: &[Figure::lower("tree/back", "ms", "TERM to {N} services until all are back")],
        commands: &["svscan"],
        deadline: DEADLINE,
        measure: back,
    },
    Subject {
        id: "tree/end",
        figures: &[Figure::lower("tree/end", "ms", "svc -dx of {N} services until all supervises have ended")],
        commands: &["svc", "svscan"],
        deadline: DEADLINE,
        measure: end,
    },
    Subject {
        id: "tree/idle",
        figures: &[
            Figure::lower("tree/idle/wakeups", "per minute", "wakeups of an idle tree of {N} services"),
            Figure::lower("tree/idle/cpu", "ms per minute", "processor time of an idle tree of {N} services"),
        ],
        commands: &["svscan"],
        deadline: DEADLINE,
        measure: idle,
    },
    Subject {
        id: "tree/crashing",
        figures: &[
            Figure::lower("tree/crashing", "% of a processor", "{N} services that exit at once, shells included"),
            Figure::lower("tree/crashing/start", "ms", "processor time of one start of a service that exits at once"),
        ],
        commands: &["svscan"],
        deadline: DEADLINE,
        measure: crashing,
    },
];

#[expect(clippy::cast_precision_loss, reason = "a count of services")]
fn count(number: usize) -> f64 {
    number as f64
}

fn up(site: &Site, life: Life) -> Result<Vec<Samples>, Failure> {
    let (_fleet, tree) = Fleet::up(site, life)?;
    let used = tree.until_quiet(&site.world)?;
    Ok(vec![vec![millis(tree.time())], vec![millis(used) / count(site.services)]])
}

fn back(site: &Site) -> Result<Vec<Samples>, Failure> {
    let (fleet, tree) = Fleet::up(site, Life::Steady)?;
    fleet.settle()?;
    let begin = Instant::now();
    tree.arrivals.iter().try_for_each(|arrival| send_signal(arrival.pid, Signal::SIGTERM))?;
    let back = fleet.distinct_arrivals(site.services)?;
    let last = back.iter().map(|arrival| arrival.at).max().unwrap_or(begin);
    Ok(vec![vec![millis(last - begin)]])
}

fn end(site: &Site) -> Result<Vec<Samples>, Failure> {
    let (fleet, tree) = Fleet::up(site, Life::Steady)?;
    fleet.settle()?;
    let supervises = tree.supervises();
    // svscan starts the supervise of a listed service again.
    fleet.unlist_all()?;
    let begin = Instant::now();
    let mut svc = std::process::Command::new(site.world.commands().join("svc"));
    let ended = svc.arg("-dx").args(fleet.directories()).status();
    let ended = ended.map_err(|error| Failure::broken(format!("cannot run svc: {error}")))?;
    if !ended.success() {
        return Err(Failure::mismatch("exit 0 from svc -dx", ended.to_string()));
    }
    site.world.until("supervises that are still alive", 0, || {
        Ok(supervises.iter().filter(|&&pid| Process::is_alive(pid)).count())
    })?;
    Ok(vec![vec![millis(begin.elapsed())]])
}

fn idle(site: &Site) -> Result<Vec<Samples>, Failure> {
    let (fleet, tree) = Fleet::up(site, Life::Steady)?;
    fleet.settle()?;
    tree.until_quiet(&site.world)?;
    let supervisors = tree.supervisors();
    let (woken, used, begin) = (wakeups(&supervisors), processor_time(&supervisors)?, Instant::now());
    let restarted = fleet.arrivals_until(begin + IDLE)?;
    let minutes = begin.elapsed().as_secs_f64() / 60.0;
    if let Some(restarted) = restarted.first() {
        return Err(Failure::mismatch("services that keep running", format!("{} was started again", restarted.name)));
    }
    let later = wakeups(&supervisors);
    let more: u32 = later.iter().map(|(pid, &times)| times - woken.get(pid).copied().unwrap_or(0)).sum();
    let used = processor_time(&supervisors)?.saturating_sub(used);
    Ok(vec![vec![f64::from(more) / minutes], vec![millis(used) / minutes]])
}

/// Returns how often each of `pids` was switched to.
fn wakeups(pids: &[i32]) -> BTreeMap<i32, u32> {
    let lines = ["voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"];
    let times = |pid: i32| -> u32 {
        lines.iter().filter_map(|line| process::status_line(pid, line)?.parse::<u32>().ok()).sum()
    };
    pids.iter().map(|&pid| (pid, times(pid))).collect()
}

fn crashing(site: &Site) -> Result<Vec<Samples>, Failure> {
    let before = used_by_children()?;
    let (fleet, tree): (Fleet, Tree) = Fleet::up(site, Life::Crashing)?;
    let starts = site.services + fleet.arrivals_until(tree.begin + tree.time() + CRASHING)?.len();
    let elapsed = tree.begin.elapsed();
    // Killed and reaped, all of them count as children of this process.
    site.world.end();
    let used = used_by_children()?.saturating_sub(before);
    let share = used.as_secs_f64() / elapsed.as_secs_f64() * 100.0;
    Ok(vec![vec![share], vec![millis(used) / count(starts)]])
}

/// Returns the processor time of all children of this process that were reaped, and of theirs.
fn used_by_children() -> Result<Duration, Failure> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|error| Failure::broken(format!("getrusage: {error}")))?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(u64::try_from(micros).unwrap_or(0)))
}
