//! Runs the cells: many at once, each bounded in time, and leaves no process behind.

use crate::observe::process::{self, Process};
use crate::observe::shown;
use crate::report::{Cell, Verdict};
use crate::scenario::Scenario;
use crate::target::Target;
use crate::worker::deadline;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::statvfs::{FsFlags, statvfs};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A worker ends by itself after its deadline; it gets this much longer to clean up before it is killed.
const GRACE: Duration = Duration::from_secs(15);
/// Bytes that all worlds that run at once do not fill.
const ROOM: u64 = 16 << 20;

/// A worker that ended, and what ends a run: all that end a process, if they can be heard.
const HEARD: [Signal; 8] = [
    Signal::SIGCHLD,
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGALRM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
];

/// How to run.
#[derive(Debug)]
pub(crate) struct Orders {
    /// How many cells at once.
    pub(crate) jobs: usize,
    /// How much longer waits may take.
    pub(crate) scale: f64,
    /// Start nothing more after the first cell that is not as it should be.
    pub(crate) fail_fast: bool,
    /// Leave the worlds where they are.
    pub(crate) keep: bool,
    /// How many times to run each cell.
    pub(crate) repeat: usize,
    /// Run the cells in an order that follows from this number.
    pub(crate) shuffle: Option<u64>,
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Results {
    /// A row per scenario, a column per target, and there a cell per run, in the order in which they ended.
    pub(crate) cells: Vec<Vec<Vec<Cell>>>,
    /// Whether a signal ended the run early.
    pub(crate) interrupted: bool,
    /// Where the worlds are, if they were to be kept.
    pub(crate) kept: Option<PathBuf>,
}

/// One run of a scenario on a target: indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Slot {
    row: usize,
    column: usize,
    round: usize,
}

struct Job {
    slot: Slot,
    child: Child,
    directory: PathBuf,
    begin: Instant,
}

/// Runs every scenario on every target. `judge` says whether a cell is as it should be.
///
/// # Errors
/// When the harness itself cannot work: no temporary directory, no processes.
pub(crate) fn run(
    scenarios: &[&Scenario],
    targets: &[Target],
    orders: &Orders,
    judge: &dyn Fn(&Scenario, &Target, &Cell) -> bool,
) -> io::Result<Results> {
    if process::is_ignored(Signal::SIGCHLD) {
        return Err(io::Error::other(
            "SIGCHLD is ignored, so the ends of processes cannot be told: run it by env --default-signal=CHLD",
        ));
    }
    nix::sys::prctl::set_child_subreaper(true)?;
    // Whoever executed this program may have left it children.
    let spared: Vec<i32> = Process::children(std::process::id().cast_signed()).iter().map(|child| child.pid).collect();
    let mut heard = SigSet::empty();
    HEARD.iter().for_each(|&signal| heard.add(signal));
    heard.thread_block()?;
    let signals = SignalFd::with_flags(&heard, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
    let place = tempfile::Builder::new().prefix("svconform-").tempdir()?;
    usable(place.path())?;
    // Scenarios may run commands as another user, who has to get to their world.
    fs::set_permissions(place.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;

    let mut cells = vec![vec![vec![]; targets.len()]; scenarios.len()];
    let mut waiting = slots(scenarios.len(), targets.len(), orders.repeat);
    waiting.retain(|slot| targets[slot.column].concerns(scenarios[slot.row]));
    if let Some(seed) = orders.shuffle {
        shuffle(&mut waiting, seed);
    }
    let mut waiting = VecDeque::from(waiting);
    let total = waiting.len();
    let mut jobs: Vec<Job> = vec![];
    let (mut done, mut interrupted) = (0, false);
    let limit = |job: &Job| deadline(scenarios[job.slot.row].id).mul_f64(orders.scale) + GRACE;
    while !jobs.is_empty() || !waiting.is_empty() {
        while jobs.len() < orders.jobs
            && let Some(slot) = waiting.pop_front()
        {
            match start(scenarios[slot.row], &targets[slot.column], place.path(), slot, orders.scale) {
                Ok(job) => jobs.push(job),
                Err(error) => {
                    cells[slot.row][slot.column].push(Cell::broken(format!("no worker could be started: {error}")));
                    done += 1;
                }
            }
        }
        if jobs.is_empty() {
            break;
        }
        progress(done, total, jobs.iter().map(|job| scenarios[job.slot.row].id).next_back());
        let next = jobs.iter().map(|job| limit(job).saturating_sub(job.begin.elapsed())).min().unwrap_or(GRACE);
        let timeout = PollTimeout::try_from(next + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX);
        let _ = poll(&mut [PollFd::new(signals.as_fd(), PollFlags::POLLIN)], timeout);
        while let Ok(Some(signal)) = signals.read_signal() {
            interrupted |= signal.ssi_signo != Signal::SIGCHLD as u32;
        }
        if interrupted {
            waiting.clear();
        }
        let mut running = vec![];
        for mut job in jobs {
            let overdue = job.begin.elapsed() > limit(&job);
            let ended = if overdue || interrupted {
                let _ = job.child.kill();
                job.child.wait()?
            } else if let Some(ended) = job.child.try_wait()? {
                ended
            } else {
                running.push(job);
                continue;
            };
            done += 1;
            if interrupted {
                continue;
            }
            let (cell, Slot { row, column, .. }) = (answer(&job, ended, overdue), job.slot);
            if orders.fail_fast && !judge(scenarios[row], &targets[column], &cell) {
                waiting.clear();
            }
            if !orders.keep {
                let _ = fs::remove_dir_all(&job.directory);
            }
            cells[row][column].push(cell);
        }
        jobs = running;
        kill_strays(&jobs, &spared);
    }
    progress_over();
    let kept = if orders.keep {
        Some(place.keep())
    } else {
        // A command may have mounted something there, or made a file that nobody can remove.
        if let Err(error) = place.close() {
            let _ = writeln!(io::stderr(), "svconform: left behind: {error}");
        }
        None
    };
    Ok(Results { cells, interrupted, kept })
}

/// Fails where the original could not be judged either: `place` is in TMPDIR.
fn usable(place: &Path) -> io::Result<()> {
    let stats = statvfs(place)?;
    let unusable = if stats.flags().contains(FsFlags::ST_NOEXEC) {
        "is mounted noexec, and services have to run there"
    } else if stats.blocks_available() * stats.fragment_size() < ROOM {
        "has less than 16 MiB left"
    } else if place.to_str().is_none_or(|path| path.contains(char::is_control)) {
        "has a name that cannot be printed"
    } else {
        return Ok(());
    };
    let place = place.parent().unwrap_or(place);
    Err(io::Error::other(format!("{} {unusable}: set TMPDIR", shown(place.as_os_str().as_bytes()))))
}

/// Every run, round by round.
fn slots(rows: usize, columns: usize, rounds: usize) -> Vec<Slot> {
    let cells = |round, row| (0..columns).map(move |column| Slot { row, column, round });
    (0..rounds).flat_map(|round| (0..rows).flat_map(move |row| cells(round, row))).collect()
}

/// Puts `slots` in an order that follows from `seed` alone (Fisher and Yates, with the generator SplitMix64).
fn shuffle(slots: &mut [Slot], seed: u64) {
    let mut state = seed;
    for last in (1..slots.len()).rev() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let other = usize::try_from(mixed % (last as u64 + 1)).unwrap_or(last);
        slots.swap(last, other);
    }
}

fn start(scenario: &Scenario, target: &Target, place: &Path, slot: Slot, scale: f64) -> io::Result<Job> {
    let (id, name) = (scenario.id.replace('/', "."), target.name.replace('/', "."));
    let directory = place.join(format!("{id}.{name}.{}", slot.round));
    let world = directory.join("world");
    fs::create_dir_all(&world)?;
    let errors = File::create(directory.join("stderr"))?;
    let child = Command::new(std::env::current_exe()?)
        .arg("worker")
        .arg(scenario.id)
        .args([&target.directory, target.next_directory(), &world])
        .arg(scale.to_string())
        .arg(directory.join("cell.json"))
        .stdin(Stdio::null())
        .stdout(errors.try_clone()?)
        .stderr(errors)
        .spawn()?;
    Ok(Job { slot, child, directory, begin: Instant::now() })
}

/// What the worker has to say, or what its silence means.
fn answer(job: &Job, ended: ExitStatus, overdue: bool) -> Cell {
    let milliseconds = u64::try_from(job.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    let silent = |verdict, actual: String| Cell {
        verdict,
        at: String::new(),
        expected: "the scenario comes to an end".to_owned(),
        actual,
        steps: vec![],
        files: vec![],
        milliseconds,
    };
    if overdue {
        return silent(Verdict::Timeout, "it did not".to_owned());
    }
    let written = fs::read(job.directory.join("cell.json")).ok();
    written.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_else(|| {
        let said = fs::read(job.directory.join("stderr")).unwrap_or_default();
        silent(Verdict::Error, format!("the worker ended with {ended}: {}", String::from_utf8_lossy(&said).trim_end()))
    })
}

/// Kills what came to this process from workers that are gone. A worker that ends well has left nothing; one that was
/// killed leaves its whole world.
fn kill_strays(jobs: &[Job], spared: &[i32]) {
    let workers: Vec<i32> = jobs.iter().map(|job| job.child.id().cast_signed()).collect();
    let me = std::process::id().cast_signed();
    loop {
        let strays = Process::all()
            .into_iter()
            .filter(|one| one.parent == me && !workers.contains(&one.pid) && !spared.contains(&one.pid));
        let strays: Vec<Pid> = strays.map(|stray| Pid::from_raw(stray.pid)).collect();
        if strays.is_empty() {
            return;
        }
        for stray in strays {
            // Waits for its death: what it leaves then comes here too.
            let _ = kill(stray, Signal::SIGKILL);
            let _ = waitpid(stray, None);
        }
    }
}

fn progress(done: usize, total: usize, last: Option<&str>) {
    let mut terminal = io::stderr();
    if terminal.is_terminal() {
        let _ = write!(terminal, "\r\x1b[K[{done}/{total}] {}", last.unwrap_or_default());
    }
}

fn progress_over() {
    let mut terminal = io::stderr();
    if terminal.is_terminal() {
        let _ = write!(terminal, "\r\x1b[K");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffle_keeps_all_and_follows_from_its_seed() {
        let ordered = slots(5, 2, 3);
        assert_eq!(ordered.len(), 30);
        let shuffled = |seed| {
            let mut slots = ordered.clone();
            shuffle(&mut slots, seed);
            slots
        };
        assert_eq!(shuffled(7), shuffled(7));
        assert_ne!(shuffled(7), shuffled(8));
        assert!(ordered.iter().all(|slot| shuffled(7).contains(slot)));
    }
}
