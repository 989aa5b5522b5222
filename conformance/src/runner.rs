//! Runs the cells: many at once, each bounded in time, and leaves no process behind.

use crate::observe::process::Process;
use crate::report::{Cell, Verdict};
use crate::scenario::Scenario;
use crate::target::Target;
use crate::worker::DEADLINE;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A worker ends by itself after its deadline; it gets this much longer to clean up before it is killed.
const GRACE: Duration = Duration::from_secs(15);

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
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Results {
    /// A row per scenario, a cell per target; `None` for cells that were not run.
    pub(crate) cells: Vec<Vec<Option<Cell>>>,
    /// Whether a signal ended the run early.
    pub(crate) interrupted: bool,
    /// Where the worlds are, if they were to be kept.
    pub(crate) kept: Option<PathBuf>,
}

struct Job {
    row: usize,
    column: usize,
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
    nix::sys::prctl::set_child_subreaper(true)?;
    let mut heard = SigSet::empty();
    for signal in [Signal::SIGCHLD, Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        heard.add(signal);
    }
    heard.thread_block()?;
    let signals = SignalFd::with_flags(&heard, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
    let place = tempfile::Builder::new().prefix("svconform-").tempdir()?;
    // Scenarios may run commands as another user, who has to get to their world.
    fs::set_permissions(place.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;

    let mut cells: Vec<Vec<Option<Cell>>> = scenarios.iter().map(|_| targets.iter().map(|_| None).collect()).collect();
    let mut waiting: VecDeque<(usize, usize)> =
        (0..scenarios.len()).flat_map(|row| (0..targets.len()).map(move |column| (row, column))).collect();
    let total = waiting.len();
    let mut jobs: Vec<Job> = vec![];
    let (mut done, mut interrupted) = (0, false);
    let limit = DEADLINE.mul_f64(orders.scale) + GRACE;
    while !jobs.is_empty() || !waiting.is_empty() {
        while jobs.len() < orders.jobs
            && let Some((row, column)) = waiting.pop_front()
        {
            jobs.push(start(scenarios[row], &targets[column], place.path(), row, column, orders.scale)?);
        }
        progress(done, total, jobs.iter().map(|job| scenarios[job.row].id).next_back());
        let next = jobs.iter().map(|job| limit.saturating_sub(job.begin.elapsed())).min().unwrap_or(limit);
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
            let overdue = job.begin.elapsed() > limit;
            if overdue || interrupted {
                let _ = job.child.kill();
                job.child.wait()?;
            } else if job.child.try_wait()?.is_none() {
                running.push(job);
                continue;
            }
            let cell = if interrupted { None } else { Some(answer(&job, overdue)) };
            if let Some(cell) = &cell {
                if orders.fail_fast && !judge(scenarios[job.row], &targets[job.column], cell) {
                    waiting.clear();
                }
                if !orders.keep {
                    let _ = fs::remove_dir_all(&job.directory);
                }
            }
            done += 1;
            cells[job.row][job.column] = cell;
        }
        jobs = running;
        let left = kill_strays(&jobs);
        if !left.is_empty() && !interrupted {
            blame(&mut cells, &left);
        }
    }
    progress_over();
    let kept = if orders.keep { Some(place.keep()) } else { None };
    Ok(Results { cells, interrupted, kept })
}

fn start(scenario: &Scenario, target: &Target, place: &Path, row: usize, column: usize, scale: f64) -> io::Result<Job> {
    let directory = place.join(format!("{}.{}", scenario.id.replace('/', "."), target.name.replace('/', ".")));
    let world = directory.join("world");
    fs::create_dir_all(&world)?;
    let errors = File::create(directory.join("stderr"))?;
    let child = Command::new(std::env::current_exe()?)
        .arg("worker")
        .arg(scenario.id)
        .args([&target.directory, &world])
        .arg(scale.to_string())
        .arg(directory.join("cell.json"))
        .stdin(Stdio::null())
        .stdout(errors.try_clone()?)
        .stderr(errors)
        .spawn()?;
    Ok(Job { row, column, child, directory, begin: Instant::now() })
}

/// What the worker has to say, or what its silence means.
fn answer(job: &Job, overdue: bool) -> Cell {
    let milliseconds = u64::try_from(job.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    let silent = |verdict, actual: String| Cell {
        verdict,
        at: String::new(),
        expected: "the scenario comes to an end".to_owned(),
        actual,
        steps: vec![],
        milliseconds,
    };
    if overdue {
        return silent(Verdict::Timeout, "it did not".to_owned());
    }
    let written = fs::read(job.directory.join("cell.json")).ok();
    written.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_else(|| {
        let said = fs::read(job.directory.join("stderr")).unwrap_or_default();
        silent(Verdict::Error, format!("the worker died: {}", String::from_utf8_lossy(&said).trim_end()))
    })
}

/// Kills what came to this process from workers that are gone, and returns what that was.
fn kill_strays(jobs: &[Job]) -> Vec<Process> {
    let workers: Vec<i32> = jobs.iter().map(|job| job.child.id().cast_signed()).collect();
    let me = std::process::id().cast_signed();
    let mut strays = vec![];
    loop {
        let found: Vec<Process> = Process::all()
            .into_iter()
            .filter(|process| process.parent == me && !workers.contains(&process.pid))
            .collect();
        if found.is_empty() {
            return strays;
        }
        for process in found {
            let pid = Pid::from_raw(process.pid);
            let _ = kill(pid, Signal::SIGKILL);
            let _ = waitpid(pid, Some(WaitPidFlag::WNOHANG));
            if process.state != 'Z' && strays.iter().all(|stray: &Process| stray.pid != process.pid) {
                strays.push(process);
            }
        }
        // SAFETY of the loop: a killed process is gone soon; what it leaves comes here too.
        std::thread::yield_now();
    }
}

/// A worker that ended well has left nothing. If something is left after all, its cell cannot be trusted.
fn blame(cells: &mut [Vec<Option<Cell>>], strays: &[Process]) {
    let names: Vec<String> = strays.iter().map(|stray| format!("{} {}", stray.pid, stray.name)).collect();
    if let Some(cell) = cells.iter_mut().flatten().flatten().find(|cell| cell.verdict == Verdict::Error) {
        cell.actual += &format!("; it left {}", names.join(", "));
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
