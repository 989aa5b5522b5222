//! The worker: one run of a scenario on a target, in a process of its own, so that a crash or a hang costs one run.

use crate::commands::{has_command, tool};
use crate::observe::file;
use crate::outcome::{Failure, FailureKind, Run};
use crate::scenario::{Scenario, Use};
use crate::scenarios;
use crate::world::{Setting, World};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The size at which a file of a run stops growing: SIGXFSZ ends a command that floods its output.
const LARGEST_FILE: u64 = 16 << 20;
/// How the end of such a command is reported.
const FLOODED: &str = "killed by XFSZ";

/// The command line of a worker.
#[derive(Debug, clap::Args)]
pub(crate) struct Assignment {
    /// The id of the scenario.
    pub(crate) scenario: String,
    /// The target's directory of commands.
    pub(crate) commands: PathBuf,
    /// The directory of the commands that replace them in an upgrade.
    pub(crate) next_commands: PathBuf,
    /// The directory to work in, empty.
    pub(crate) directory: PathBuf,
    /// How many times longer than usual waits may take.
    pub(crate) scale: f64,
    /// The file to write the run to, as JSON.
    pub(crate) answer: PathBuf,
}

/// Runs the scenario and writes the run.
///
/// # Errors
/// If there is no such scenario, or the run cannot be written: the runner takes that for a broken suite.
pub(crate) fn work(assignment: &Assignment) -> io::Result<()> {
    let scenario = scenarios::find(&assignment.scenario)
        .or_else(|| scenarios::needs::find(&assignment.scenario))
        .ok_or_else(|| io::Error::other(format!("no scenario {}", assignment.scenario)))?;
    let run = run(scenario, assignment).unwrap_or_else(|error| Run::broken(format!("cannot set up a world: {error}")));
    std::fs::write(&assignment.answer, serde_json::to_vec(&run)?)
}

fn run(scenario: &Scenario, assignment: &Assignment) -> io::Result<Run> {
    let _ = nix::unistd::setsid();
    // The hard limit stays as it is, for a softlimit to play with.
    setrlimit(Resource::RLIMIT_CORE, 0, getrlimit(Resource::RLIMIT_CORE)?.1)?;
    setrlimit(Resource::RLIMIT_FSIZE, LARGEST_FILE, LARGEST_FILE)?;
    let world = World::new(&Setting {
        directory: &assignment.directory,
        commands: &assignment.commands,
        next_commands: &assignment.next_commands,
        deadline: scenario.deadline.mul_f64(assignment.scale),
        scale: assignment.scale,
        id: scenario.id,
        may_open_state: scenario.is_about_state(),
        needs: &scenario.needs(),
    })?;
    let begin = Instant::now();
    let outcome = match missing(scenario, &assignment.commands) {
        Some(missing) => Err(missing),
        None => (scenario.run)(&world),
    };
    let milliseconds = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    let files = file::below(&assignment.directory);
    let failure = with_leftovers(outcome.err().map(with_flood), &world.end());
    Ok(Run { failure, steps: world.steps(), files, milliseconds })
}

/// Returns `failure` with an explanation if a command ended because it wrote too much.
fn with_flood(mut failure: Failure) -> Failure {
    if failure.actual.contains(FLOODED) && !failure.expected.contains(FLOODED) {
        let limit = format!("{} MiB unless the scenario sets another", LARGEST_FILE >> 20);
        let why = format!("XFSZ means that the output of a command or another file outgrew its limit, {limit}");
        failure.actual = format!("{why}: {}", failure.actual);
    }
    failure
}

/// Returns the failure of a run that left `leftovers` behind. A command that does so fails even if the scenario passed or
/// was skipped: the same command may be what it was skipped for.
fn with_leftovers(failure: Option<Failure>, leftovers: &[String]) -> Option<Failure> {
    if leftovers.is_empty() {
        return failure;
    }
    let left = format!("left behind: {}", leftovers.join(", "));
    Some(match failure {
        Some(failure) if failure.kind != FailureKind::Missing => {
            Failure { actual: format!("{}; {left}", failure.actual), ..failure }
        }
        _ => Failure::mismatch("nothing left behind by a command that has ended", left),
    })
}

/// Returns a command or program that `scenario` uses and the target or this machine lacks. Whether the machine has the
/// rights shows when the scenario uses them.
fn missing(scenario: &Scenario, commands: &Path) -> Option<Failure> {
    scenario.uses.iter().find_map(|one| match one {
        Use::Command(name) => (!has_command(commands, name)).then(|| Failure::no_command(name)),
        Use::Tool(name) => {
            tool(name).is_none().then(|| Failure::missing(format!("this machine has no program {name}")))
        }
        Use::Need(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_called_one() {
        let explained = |expected: &str| with_flood(Failure::mismatch(expected, "(\"killed by XFSZ\", \"\")")).actual;
        assert!(explained("exit 0").starts_with("XFSZ means that the output of a command"), "{}", explained("exit 0"));
        assert!(explained("exit 0").ends_with(", 16 MiB unless the scenario sets another: (\"killed by XFSZ\", \"\")"));
        // A scenario about that limit needs no explanation.
        assert_eq!(explained("killed by XFSZ"), "(\"killed by XFSZ\", \"\")");
    }

    #[test]
    fn leftovers_fail_a_run_that_passed_or_was_skipped() {
        let left = ["process 7 sleep".to_owned()];
        for failure in [None, Some(Failure::missing("the target has no command svc"))] {
            let failure = with_leftovers(failure, &left).unwrap();
            assert_eq!((failure.kind, &*failure.actual), (FailureKind::Mismatch, "left behind: process 7 sleep"));
        }
        let failure = with_leftovers(Some(Failure::timeout("an end", "none")), &left).unwrap();
        assert_eq!((failure.kind, &*failure.actual), (FailureKind::Timeout, "none; left behind: process 7 sleep"));
        assert_eq!(with_leftovers(None, &[]), None);
    }
}
