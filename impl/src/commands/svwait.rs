//! svwait [-u|-d|-D] [-t seconds] dir...: waits until all services are up, are down, or have no supervise. Exits 1 if the time
//! is over first.

use super::svstatus::{Look, look};
use crate::options::Options;
use crate::program::{Exit, Program, parts};
use crate::sys::argv::Args;
use crate::sys::watch::Notices;
use crate::sys::{fifo, ready};
use crate::wire::{files, tai::Tai64n};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

const SVWAIT: Program = Program("svwait");
const USAGE: &str = "svwait [-u | -d | -D] [-t seconds] dir ...";
/// How often it looks where the kernel cannot tell of changes.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long a directory may be away while it is replaced.
const REPLACEMENT: Duration = Duration::from_secs(5);

/// What to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    Up,
    Down,
    Gone,
}

impl Goal {
    /// Returns whether a service has reached it. Without a supervise, a service is down if the last record says so, or if there
    /// is none: the process in the record of a supervise that was killed may still run.
    fn is_reached(self, look: &Look) -> bool {
        match self {
            Goal::Up => look.is_up(),
            Goal::Down => look.record.is_none_or(|status| status.pid == 0),
            Goal::Gone => !look.is_supervised,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Goal::Up => "up",
            Goal::Down => "down",
            Goal::Gone => "gone",
        }
    }
}

pub(crate) fn run(args: Args) -> Result<(), Exit> {
    let argv = args.all();
    let mut options = Options::new(&argv, b"udDt:");
    let mut goal = Goal::Up;
    let mut deadline = None;
    for option in options.by_ref() {
        match option.map_err(|bad| bad.exit(&format!("svwait: usage: {USAGE}")))? {
            (b'd', _) => goal = Goal::Down,
            (b'D', _) => goal = Goal::Gone,
            (b't', seconds) => {
                let seconds = seconds.and_then(OsStr::to_str).filter(|text| !text.starts_with('+'));
                let seconds = seconds.and_then(|text| text.parse().ok());
                let seconds = Duration::from_secs(seconds.ok_or_else(|| SVWAIT.usage(USAGE))?);
                // No deadline is as good as one that the clock cannot express.
                deadline = Instant::now().checked_add(seconds);
            }
            _ => goal = Goal::Up,
        }
    }
    if options.operands().is_empty() {
        return Err(SVWAIT.usage(USAGE));
    }
    wait(options.operands(), goal, deadline)
}

fn wait(directories: &[&OsStr], goal: Goal, deadline: Option<Instant>) -> Result<(), Exit> {
    let notices = Notices::new().ok();
    let mut is_first = true;
    // Since when a directory that was there has been away.
    let mut away: Option<Instant> = None;
    loop {
        let is_last = deadline.is_some_and(|at| at <= Instant::now());
        // The FIFOs of the supervises to wait for. Each has an error once its reader is gone.
        let mut fifos = vec![];
        let (mut is_reached, mut sees_all, mut is_away) = (true, true, false);
        for &directory in directories {
            let path = Path::new(directory);
            // The watch and the FIFO first, so that no change falls between them and the look.
            let is_watched = notices.as_ref().is_some_and(|notices| watch(notices, path));
            let fifo = fifo::open_write(path.join(files::OK)).or_else(|_| fifo::open_write(path.join(files::CONTROL)));
            let found = match look(path) {
                Err(_) if goal == Goal::Gone && !is_first && !path.exists() => continue,
                Err(problem) if !is_first && !path.exists() && away.is_none_or(|at| at.elapsed() < REPLACEMENT) => {
                    (is_reached, sees_all, is_away) = (false, false, true);
                    if is_last {
                        SVWAIT.warn_bare(parts!("timeout: ", directory, " is not ", goal.word(), ": ", &problem));
                    }
                    continue;
                }
                found => found.map_err(|problem| SVWAIT.fatal_bare(parts!(directory, ": ", &problem)))?,
            };
            if goal.is_reached(&found) {
                continue;
            }
            is_reached = false;
            sees_all &= if goal == Goal::Gone { fifo.is_ok() } else { is_watched };
            fifos.extend(fifo.ok().filter(|_| goal == Goal::Gone));
            if is_last {
                let state = found.describe(Tai64n::of(SystemTime::now()));
                SVWAIT.warn_bare(parts!("timeout: ", directory, " is not ", goal.word(), ": ", &state));
            }
        }
        if is_reached {
            return Ok(());
        }
        if is_last {
            return Err(Exit::silent(1));
        }
        is_first = false;
        away = if is_away { away.or_else(|| Some(Instant::now())) } else { None };
        let next = if sees_all { None } else { Some(Instant::now() + INTERVAL) };
        let next = next.into_iter().chain(deadline).min();
        let timeout = next.map(|at| at.saturating_duration_since(Instant::now()));
        let fifos: Vec<BorrowedFd<'_>> = fifos.iter().map(File::as_fd).collect();
        match &notices {
            Some(notices) => notices.wait(&fifos, timeout),
            None => drop(ready::wait(&fifos, timeout)),
        }
    }
}

/// Watches a service directory, which may be replaced, and that of its supervise, which may be made in it later. Returns
/// whether all changes will be seen.
fn watch(notices: &Notices, service: &Path) -> bool {
    let directory = service.join(files::SUPERVISE);
    notices.add(service) && (notices.add(&directory) || fs::symlink_metadata(&directory).is_err())
}
