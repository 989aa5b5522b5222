//! Runs scenarios on targets: many at once, each in a worker process and bounded in time. Leaves no process behind.

pub(crate) mod worker;

use crate::observe::escape;
use crate::observe::process::{self, Process};
use crate::outcome::{Failure, Run};
use crate::probe::signal_name;
use crate::scenario::Scenario;
use crate::target::Target;
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
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How much longer than its deadline a worker may take to clean up before it is killed.
const GRACE: Duration = Duration::from_secs(15);
/// How much disk space the scenarios that run at once need, in bytes.
const ROOM: u64 = 16 << 20;

/// The end of a worker, and every signal that ends a process and can be caught: it interrupts the run.
const HANDLED: [Signal; 8] = [
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
pub(crate) struct RunOptions {
    /// How many workers run at once.
    pub(crate) jobs: usize,
    /// How many times longer than usual waits may take.
    pub(crate) scale: f64,
    /// Start nothing more after the first run that is not as expected.
    pub(crate) fail_fast: bool,
    /// Leave the directories of the scenarios in place.
    pub(crate) keep: bool,
    /// How many times to run each scenario.
    pub(crate) repeat: usize,
    /// The seed of a random order.
    pub(crate) shuffle: Option<u64>,
}

/// What the runs came to.
#[derive(Debug)]
pub(crate) struct Results {
    /// For each scenario and each target the runs, in the order in which they ended.
    pub(crate) runs: Vec<Vec<Vec<Run>>>,
    /// Whether a signal interrupted the run.
    pub(crate) interrupted: bool,
    /// Where the directories of the scenarios are, if they were kept.
    pub(crate) kept: Option<PathBuf>,
}

/// One run: the indices of scenario and target, and its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct RunId {
    scenario: usize,
    target: usize,
    round: usize,
    /// Whether this is the second attempt at a run whose worker was killed.
    is_second_attempt: bool,
}

struct Job {
    id: RunId,
    child: Child,
    directory: PathBuf,
    begin: Instant,
}

/// Runs every scenario on every target that it concerns. `is_expected` says whether a run is as expected.
///
/// # Errors
/// If the suite itself cannot work: no temporary directory, no processes.
pub(crate) fn run(
    scenarios: &[&Scenario],
    targets: &[Target],
    options: &RunOptions,
    is_expected: &dyn Fn(&Scenario, &Target, &Run) -> bool,
) -> io::Result<Results> {
    let signals = Signals::new()?;
    let spared = children();
    let place = tempfile::Builder::new().prefix("svconform-").tempdir()?;
    check_usable(place.path(), ROOM)?;
    // Scenarios may run commands without root's right to pass over permission bits.
    fs::set_permissions(place.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;

    let mut runs = vec![vec![vec![]; targets.len()]; scenarios.len()];
    let mut waiting = run_ids(scenarios.len(), targets.len(), options.repeat);
    waiting.retain(|id| targets[id.target].concerns(scenarios[id.scenario]));
    if let Some(seed) = options.shuffle {
        shuffle(&mut waiting, seed);
    }
    let mut waiting = VecDeque::from(waiting);
    let total = waiting.len();
    let mut jobs: Vec<Job> = vec![];
    let (mut done, mut interrupted) = (0, false);
    let limit = |job: &Job| scenarios[job.id.scenario].deadline.mul_f64(options.scale) + GRACE;
    while !jobs.is_empty() || !waiting.is_empty() {
        while jobs.len() < options.jobs
            && let Some(id) = waiting.pop_front()
        {
            match start(scenarios[id.scenario], &targets[id.target], place.path(), id, options.scale) {
                Ok(job) => jobs.push(job),
                Err(error) => {
                    runs[id.scenario][id.target].push(Run::broken(format!("cannot start a worker: {error}")));
                    done += 1;
                }
            }
        }
        if jobs.is_empty() {
            break;
        }
        progress(done, total, jobs.iter().map(|job| scenarios[job.id.scenario].id).next_back());
        let next = jobs.iter().map(|job| limit(job).saturating_sub(job.begin.elapsed())).min().unwrap_or(GRACE);
        interrupted |= signals.wait(next);
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
            if interrupted {
                done += 1;
                continue;
            }
            let (scenario, target) = (scenarios[job.id.scenario], &targets[job.id.target]);
            let answer = answer(&job, ended, overdue);
            if !options.keep {
                let _ = fs::remove_dir_all(&job.directory);
            }
            let Some(run) = answer else {
                // A second attempt tells whether the target kills the worker or something else did.
                waiting.push_front(RunId { is_second_attempt: true, ..job.id });
                continue;
            };
            done += 1;
            if options.fail_fast && !is_expected(scenario, target, &run) {
                waiting.clear();
            }
            runs[job.id.scenario][job.id.target].push(run);
        }
        jobs = running;
        let workers: Vec<i32> = jobs.iter().map(|job| job.child.id().cast_signed()).collect();
        kill_strays(&workers, &spared);
    }
    progress_over();
    let kept = if options.keep {
        Some(place.keep())
    } else {
        // A command may have mounted something there, or made a file that nobody can remove.
        if let Err(error) = place.close() {
            let _ = writeln!(io::stderr(), "svconform: left behind: {error}");
        }
        None
    };
    Ok(Results { runs, interrupted, kept })
}

/// The signals that a run listens to: the ends of workers, and interruptions.
#[derive(Debug)]
pub(crate) struct Signals(SignalFd);

impl Signals {
    /// Makes this process fit to start workers: it adopts their orphans, and signals wait until [`Signals::wait`].
    ///
    /// # Errors
    /// If SIGCHLD is ignored, or the system refuses one of these.
    pub(crate) fn new() -> io::Result<Signals> {
        if process::is_ignored(Signal::SIGCHLD) {
            return Err(io::Error::other(
                "SIGCHLD is ignored, so child exits cannot be detected; run under `env --default-signal=CHLD`",
            ));
        }
        nix::sys::prctl::set_child_subreaper(true)?;
        let mut heard = SigSet::empty();
        HANDLED.iter().for_each(|&signal| heard.add(signal));
        heard.thread_block()?;
        Ok(Signals(SignalFd::with_flags(&heard, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?))
    }

    /// Waits for a signal, for `time` at most. Returns whether one interrupts the run.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        let timeout = PollTimeout::try_from(time + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX);
        let _ = poll(&mut [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)], timeout);
        let mut interrupted = false;
        while let Ok(Some(signal)) = self.0.read_signal() {
            interrupted |= signal.ssi_signo != Signal::SIGCHLD as u32;
        }
        interrupted
    }
}

/// Returns the children of this process: at its start, those that the program which executed it has left.
pub(crate) fn children() -> Vec<i32> {
    Process::children(std::process::id().cast_signed()).iter().map(|child| child.pid).collect()
}

/// Fails if `place`, a directory in TMPDIR, is one where even the original would fail, or has less than `room` bytes left.
pub(crate) fn check_usable(place: &Path, room: u64) -> io::Result<()> {
    let stats = statvfs(place)?;
    let unusable = if stats.flags().contains(FsFlags::ST_NOEXEC) {
        "is mounted noexec, and services have to run there".to_owned()
    } else if stats.blocks_available() * stats.fragment_size() < room {
        format!("has less than {} MiB left", room >> 20)
    } else if place.to_str().is_none_or(|path| path.contains(char::is_control)) {
        "has a name that cannot be printed".to_owned()
    } else {
        return Ok(());
    };
    let place = place.parent().unwrap_or(place);
    Err(io::Error::other(format!("{} {unusable}: set TMPDIR", escape(place.as_os_str().as_bytes()))))
}

/// Returns the ids of all runs, round by round.
fn run_ids(scenarios: usize, targets: usize, rounds: usize) -> Vec<RunId> {
    let of_scenario =
        |round, scenario| (0..targets).map(move |target| RunId { scenario, target, round, is_second_attempt: false });
    (0..rounds).flat_map(|round| (0..scenarios).flat_map(move |scenario| of_scenario(round, scenario))).collect()
}

/// Puts `ids` in an order that follows from `seed` alone (Fisher and Yates, with the generator SplitMix64).
fn shuffle(ids: &mut [RunId], seed: u64) {
    let mut state = seed;
    for last in (1..ids.len()).rev() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let other = usize::try_from(mixed % (last as u64 + 1)).unwrap_or(last);
        ids.swap(last, other);
    }
}

fn start(scenario: &Scenario, target: &Target, place: &Path, id: RunId, scale: f64) -> io::Result<Job> {
    // Names of targets may have any letters, so they are known by their index.
    let attempt = if id.is_second_attempt { ".again" } else { "" };
    let name = format!("{}.{}.{}{attempt}", scenario.id.replace('/', "."), id.target, id.round);
    let directory = place.join(name);
    let world = directory.join("world");
    fs::create_dir_all(&world)?;
    let errors = File::create(directory.join("stderr"))?;
    let child = Command::new(std::env::current_exe()?)
        .arg("worker")
        .arg(scenario.id)
        .arg(&target.directory)
        .arg(target.next_directory())
        .arg(&world)
        .arg(scale.to_string())
        .arg(directory.join("run.json"))
        .stdin(Stdio::null())
        .stdout(errors.try_clone()?)
        .stderr(errors)
        .spawn()?;
    Ok(Job { id, child, directory, begin: Instant::now() })
}

/// Returns the run that the worker recorded, or what its silence means. `None` if it was killed at its first attempt.
fn answer(job: &Job, ended: ExitStatus, overdue: bool) -> Option<Run> {
    let milliseconds = u64::try_from(job.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    let silent = |failure| Run { failure: Some(failure), steps: vec![], files: vec![], milliseconds };
    if overdue {
        return Some(silent(Failure::timeout("the scenario ends", "it did not end")));
    }
    let written = fs::read(job.directory.join("run.json")).ok();
    if let Some(run) = written.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
        return Some(run);
    }
    if let Some(signal) = ended.signal() {
        let name = signal_name(signal);
        return job.id.is_second_attempt.then(|| {
            let actual = format!("the process that started the command was killed by {name}, twice");
            silent(Failure::mismatch("no signal to the process that started the command", actual))
        });
    }
    let errors = fs::read(job.directory.join("stderr")).unwrap_or_default();
    let errors = String::from_utf8_lossy(&errors).trim_end().to_owned();
    Some(silent(Failure::broken(format!("the worker ended with {ended}: {errors}"))))
}

/// Kills the orphans of workers that are gone. A worker that ends by itself leaves none; one that was killed leaves all
/// of its processes.
pub(crate) fn kill_strays(workers: &[i32], spared: &[i32]) {
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
            // Waits for its death, after which its own children come to this process too.
            let _ = kill(stray, Signal::SIGKILL);
            let _ = waitpid(stray, None);
        }
    }
}

/// Prints on a terminal how much of the run is done.
pub(crate) fn progress(done: usize, total: usize, last: Option<&str>) {
    let mut terminal = io::stderr();
    if terminal.is_terminal() {
        let _ = write!(terminal, "\r\x1b[K[{done}/{total}] {}", last.unwrap_or_default());
    }
}

/// Removes the line of [`progress`].
pub(crate) fn progress_over() {
    let mut terminal = io::stderr();
    if terminal.is_terminal() {
        let _ = write!(terminal, "\r\x1b[K");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffle_keeps_every_run_and_follows_from_its_seed() {
        let ordered = run_ids(5, 2, 3);
        assert_eq!(ordered.len(), 30);
        let shuffled = |seed| {
            let mut ids = ordered.clone();
            shuffle(&mut ids, seed);
            ids
        };
        assert_eq!(shuffled(7), shuffled(7));
        assert_ne!(shuffled(7), shuffled(8));
        assert!(ordered.iter().all(|id| shuffled(7).contains(id)));
    }
}
