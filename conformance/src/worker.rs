//! One cell: a scenario on a target, in a process of its own, so that a crash or a hang costs one cell.

use crate::observe::file;
use crate::random;
use crate::report::{Cell, Verdict};
use crate::scenario::{Need, Scenario, Stopped};
use crate::target;
use crate::world::World;
use nix::sys::resource::{Resource, setrlimit};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// No file of a cell grows beyond this: a command that floods its output is stopped by SIGXFSZ.
const LARGEST_FILE: u64 = 16 << 20;
const DEADLINE: Duration = Duration::from_secs(40);

/// How long the scenario called `id` may take before its waits give up.
pub(crate) fn deadline(id: &str) -> Duration {
    DEADLINE * random::patience(id)
}

/// What a worker is told on its command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Assignment {
    /// The scenario's id.
    pub(crate) scenario: String,
    /// The target's directory of commands.
    pub(crate) commands: PathBuf,
    /// The directory of the commands that replace them in an upgrade.
    pub(crate) next_commands: PathBuf,
    /// The directory to work in, empty.
    pub(crate) directory: PathBuf,
    /// How much longer waits may take.
    pub(crate) scale: f64,
    /// Where the cell goes, as JSON.
    pub(crate) answer: PathBuf,
}

/// Runs the scenario and writes the cell.
///
/// # Errors
/// When there is no such scenario, or the cell could not be written: the runner sees that as a broken harness.
pub(crate) fn work(assignment: &Assignment) -> io::Result<()> {
    let scenario = crate::scenarios::find(&assignment.scenario)
        .ok_or_else(|| io::Error::other(format!("no scenario {}", assignment.scenario)))?;
    let cell = run(scenario, assignment).unwrap_or_else(|error| Cell::broken(format!("no world to run in: {error}")));
    std::fs::write(&assignment.answer, serde_json::to_vec(&cell)?)
}

fn run(scenario: &Scenario, assignment: &Assignment) -> io::Result<Cell> {
    let _ = nix::unistd::setsid();
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    setrlimit(Resource::RLIMIT_FSIZE, LARGEST_FILE, LARGEST_FILE)?;
    let deadline = deadline(scenario.id).mul_f64(assignment.scale);
    let commands = (&*assignment.commands, &*assignment.next_commands);
    let world = World::new(&assignment.directory, commands, deadline, assignment.scale, scenario.id)?;
    let begin = Instant::now();
    let outcome = match missing(scenario, &assignment.commands) {
        Some(missing) => Err(Stopped::Skipped { missing }),
        None => (scenario.run)(&world),
    };
    let milliseconds = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    let files = file::below(&assignment.directory);
    let leaked = world.end();
    let mut cell = Cell::of(outcome, world.steps(), files, milliseconds);
    if !leaked.is_empty() {
        // What stopped a scenario that was to be skipped may have been the command that left them.
        if cell.verdict == Verdict::Skip {
            cell.actual = format!("no {}", cell.actual);
        }
        if matches!(cell.verdict, Verdict::Pass | Verdict::Skip) {
            cell.verdict = Verdict::Fail;
            cell.expected = "no process left behind by a command that has ended".to_owned();
        }
        cell.actual = format!("{} left behind: {}", cell.actual, leaked.join(", "));
    }
    Ok(cell)
}

/// What `scenario` needs and this machine or target lacks.
fn missing(scenario: &Scenario, commands: &Path) -> Option<String> {
    scenario.needs.iter().find_map(|need| match need {
        Need::Command(name) => (!target::has_command(commands, name)).then(|| format!("command {name} in the target")),
        Need::Tool(name) => target::tool(name).is_none().then(|| format!("program {name} on this machine")),
    })
}
