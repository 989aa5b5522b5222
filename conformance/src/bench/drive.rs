//! Runs the rounds: one worker at a time, the targets in turns. Leaves no process behind.

use super::report::{BenchReport, FigureEntry, FigureResult, KIND, Machine, SCHEMA, TargetEntry};
use super::statistics::{Summary, ratio};
use super::subject::{Figure, Samples, Subject};
use super::worker::Answer;
use crate::outcome::{Failure, FailureKind};
use crate::run::{self, Signals};
use crate::target::Target;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How much longer than its deadline a worker may take to clean up before it is killed.
const GRACE: Duration = Duration::from_secs(30);
/// How much space the logs of a measurement need, in bytes.
const ROOM: u64 = 512 << 20;

/// What to measure.
#[derive(Debug)]
pub(crate) struct Plan<'p> {
    /// The subjects.
    pub(crate) subjects: &'p [&'static Subject],
    /// The filters that select figures of these subjects.
    pub(crate) filters: &'p [String],
    /// The targets.
    pub(crate) targets: &'p [Target],
    /// The target that ratios refer to.
    pub(crate) baseline: &'p str,
    /// The number of services.
    pub(crate) services: usize,
    /// The number of rounds.
    pub(crate) rounds: usize,
}

/// What one subject came to on one target so far.
#[derive(Debug, Default, Clone)]
struct Taken {
    figures: Vec<Samples>,
    failure: Option<Failure>,
}

/// Measures.
///
/// # Errors
/// If the suite itself cannot work: no temporary directory, no processes.
pub(crate) fn measure(plan: &Plan<'_>) -> io::Result<BenchReport> {
    let begin = Instant::now();
    let signals = Signals::new()?;
    let spared = run::children();
    let place = directory()?;
    let mut taken = vec![vec![Taken::default(); plan.targets.len()]; plan.subjects.len()];
    let mut yardstick = vec![];
    let total = plan.rounds * plan.subjects.len() * plan.targets.len();
    let mut done = 0;
    let mut interrupted = false;
    'rounds: for round in 0..plan.rounds {
        for (subject, of_subject) in plan.subjects.iter().zip(&mut taken) {
            for target in turn(round, plan.targets.len()) {
                let (name, taken) = (&plan.targets[target].name, &mut of_subject[target]);
                run::progress(done, total, Some(&format!("{} on {name}", subject.id)));
                done += 1;
                // A target that lacks a command or has failed would do so in each round.
                if taken.failure.is_some() {
                    continue;
                }
                let answer = measure_once(subject, &plan.targets[target], plan.services, place.path(), &signals);
                run::kill_strays(&[], &spared);
                let Some(answer) = answer else {
                    interrupted = true;
                    break 'rounds;
                };
                yardstick.extend(answer.yardstick);
                taken.add(answer.measured);
            }
        }
    }
    run::progress_over();
    run::kill_strays(&[], &spared);
    let figures = plan.subjects.iter().zip(&taken).flat_map(|(subject, taken)| entries(plan, subject, taken)).collect();
    let uname = nix::sys::utsname::uname()?;
    let report = BenchReport {
        kind: KIND.to_owned(),
        schema: SCHEMA,
        svconform: env!("CARGO_PKG_VERSION").to_owned(),
        targets: plan
            .targets
            .iter()
            .map(|target| TargetEntry { name: target.name.clone(), arguments: target.arguments(plan.targets) })
            .collect(),
        baseline: plan.baseline.to_owned(),
        services: plan.services,
        rounds: plan.rounds,
        milliseconds: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
        interrupted,
        machine: Machine {
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: uname.release().to_string_lossy().into_owned(),
            directory: place.path().parent().unwrap_or(place.path()).display().to_string(),
            // From fewer, nothing can be said about noise.
            yardstick: Summary::of(&yardstick).filter(|_| yardstick.len() >= 3),
        },
        figures,
    };
    place.close()?;
    Ok(report)
}

/// Returns the order in which targets are measured in `round`: forwards and backwards in turns, so that a machine that
/// gets slower over time is not to the disadvantage of the last.
fn turn(round: usize, targets: usize) -> Vec<usize> {
    if round.is_multiple_of(2) { (0..targets).collect() } else { (0..targets).rev().collect() }
}

/// Makes the directory to work in: in TMPDIR if it is set, otherwise in memory if there is room, because the disk is not
/// what is measured.
fn directory() -> io::Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    let make = |parent: &Path| {
        let place = tempfile::Builder::new().prefix("svconform-bench-").tempdir_in(parent)?;
        run::check_usable(place.path(), ROOM)?;
        // setuidgid gives up root's right to pass over permission bits.
        fs::set_permissions(place.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        Ok(place)
    };
    if std::env::var_os("TMPDIR").is_some() {
        return make(&std::env::temp_dir());
    }
    make(memory).or_else(|_: io::Error| make(&std::env::temp_dir()))
}

/// Runs one worker to its end. `None` if a signal interrupted it.
fn measure_once(
    subject: &Subject,
    target: &Target,
    services: usize,
    place: &Path,
    signals: &Signals,
) -> Option<Answer> {
    let broken = |what: String| Answer { measured: Err(Failure::broken(what)), yardstick: None };
    let directory = place.join("round");
    let answer = match start(subject, target, services, &directory) {
        Err(error) => Some(broken(format!("cannot start a worker: {error}"))),
        Ok(mut child) => match wait(&mut child, subject.limit(services) + GRACE, signals) {
            End::Interrupted => None,
            End::Overdue => Some(Answer {
                measured: Err(Failure::timeout(format!("{} ends", subject.id), "it did not end")),
                yardstick: None,
            }),
            End::Ended => Some(read_answer(&directory).unwrap_or_else(broken)),
        },
    };
    let _ = fs::remove_dir_all(&directory);
    answer
}

fn start(subject: &Subject, target: &Target, services: usize, directory: &Path) -> io::Result<Child> {
    let world = directory.join("world");
    fs::create_dir_all(&world)?;
    let errors = File::create(directory.join("stderr"))?;
    Command::new(std::env::current_exe()?)
        .arg("bench-worker")
        .arg(subject.id)
        .arg(&target.directory)
        .arg(&world)
        .arg(services.to_string())
        .arg(directory.join("answer.json"))
        .stdin(Stdio::null())
        .stdout(errors.try_clone()?)
        .stderr(errors)
        .spawn()
}

/// How a worker ended.
enum End {
    Ended,
    Overdue,
    Interrupted,
}

/// Waits for the end of `child`, or kills it when it is overdue or a signal interrupts the run.
fn wait(child: &mut Child, limit: Duration, signals: &Signals) -> End {
    let begin = Instant::now();
    loop {
        if child.try_wait().is_ok_and(|ended| ended.is_some()) {
            return End::Ended;
        }
        let left = limit.saturating_sub(begin.elapsed());
        let interrupted = signals.wait(left);
        if interrupted || left.is_zero() {
            let _ = child.kill();
            let _ = child.wait();
            return if interrupted { End::Interrupted } else { End::Overdue };
        }
    }
}

fn read_answer(directory: &Path) -> Result<Answer, String> {
    let read = |name: &str| fs::read(PathBuf::from(directory).join(name)).unwrap_or_default();
    serde_json::from_slice(&read("answer.json")).map_err(|_| {
        format!("the worker ended without an answer: {}", String::from_utf8_lossy(&read("stderr")).trim_end())
    })
}

impl Taken {
    fn add(&mut self, measured: Result<Vec<Samples>, Failure>) {
        match measured {
            Ok(figures) => {
                self.figures.resize_with(figures.len(), Samples::default);
                self.figures.iter_mut().zip(figures).for_each(|(all, new)| all.extend(new));
            }
            Err(failure) => self.failure = Some(failure),
        }
    }
}

/// Returns the entries of `subject` in the report.
fn entries(plan: &Plan<'_>, subject: &Subject, taken: &[Taken]) -> Vec<FigureEntry> {
    let entry = |(index, figure): (usize, &Figure)| {
        let samples = |taken: &Taken| taken.figures.get(index).cloned().unwrap_or_default();
        let base = plan.targets.iter().zip(taken).find(|(target, _)| target.name == plan.baseline);
        let base = base.and_then(|(_, taken)| Summary::of(&samples(taken)));
        let result = |(target, taken): (&Target, &Taken)| {
            let samples = samples(taken);
            let summary = Summary::of(&samples);
            let ratio = summary.zip(base).and_then(|(one, base)| ratio(one.median, base.median));
            let failure = taken.failure.clone().filter(|one| samples.is_empty() || one.kind != FailureKind::Missing);
            FigureResult { target: target.name.clone(), samples, summary, ratio, failure }
        };
        FigureEntry {
            id: figure.id.to_owned(),
            title: figure.title.replace("{N}", &plan.services.to_string()),
            unit: figure.unit.to_owned(),
            better: figure.better,
            results: plan.targets.iter().zip(taken).map(result).collect(),
        }
    };
    let wanted = subject.figures.iter().enumerate().filter(|(_, figure)| figure.is_selected(plan.filters));
    wanted.map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_take_turns() {
        assert_eq!([0, 1, 2].map(|round| turn(round, 2)), [[0, 1], [1, 0], [0, 1]]);
    }

    #[test]
    fn samples_of_all_rounds_are_kept_until_one_fails() {
        let mut taken = Taken::default();
        taken.add(Ok(vec![vec![1.0], vec![2.0, 3.0]]));
        taken.add(Ok(vec![vec![4.0], vec![5.0]]));
        taken.add(Err(Failure::missing("a command")));
        assert_eq!(taken.figures, [vec![1.0, 4.0], vec![2.0, 3.0, 5.0]]);
        assert!(taken.failure.is_some());
    }
}
