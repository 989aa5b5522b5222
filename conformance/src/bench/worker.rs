//! The worker: measures one subject once on one target, in a process of its own, as scenarios run in.

use super::subject::{Samples, Site, Subject};
use super::{startup, subjects};
use crate::commands::has_command;
use crate::outcome::Failure;
use crate::world::{Need, Setting, World};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// The command line of a worker.
#[derive(Debug, clap::Args)]
pub(crate) struct Assignment {
    /// The id of the subject.
    pub(crate) subject: String,
    /// The target's directory of commands.
    pub(crate) commands: PathBuf,
    /// The directory to work in, empty.
    pub(crate) directory: PathBuf,
    /// The number of services.
    pub(crate) services: usize,
    /// The file to write the answer to, as JSON.
    pub(crate) answer: PathBuf,
}

/// What one round on one target came to.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// The samples of each figure of the subject, or why there are none.
    pub(crate) measured: Result<Vec<Samples>, Failure>,
    /// How long a fixed piece of work took just before, in milliseconds: it shows how noisy the machine is.
    pub(crate) yardstick: Option<f64>,
}

/// How often [`startup::TRUE`] is run as the fixed piece of work.
const YARDSTICK: u32 = 20;

/// Measures the subject and writes the answer.
///
/// # Errors
/// If there is no such subject, or the answer cannot be written: the driver takes that for a broken suite.
pub(crate) fn work(assignment: &Assignment) -> io::Result<()> {
    let subject = subjects()
        .find(|subject| subject.id == assignment.subject)
        .ok_or_else(|| io::Error::other(format!("no subject {}", assignment.subject)))?;
    let answer = measure(subject, assignment).unwrap_or_else(|error| Answer {
        measured: Err(Failure::broken(format!("cannot set up a world: {error}"))),
        yardstick: None,
    });
    std::fs::write(&assignment.answer, serde_json::to_vec(&answer)?)
}

fn measure(subject: &'static Subject, assignment: &Assignment) -> io::Result<Answer> {
    let _ = nix::unistd::setsid();
    let world = World::new(&Setting {
        directory: &assignment.directory,
        commands: &assignment.commands,
        next_commands: &assignment.commands,
        deadline: subject.limit(assignment.services),
        scale: Subject::scale(assignment.services),
        id: subject.id,
        may_open_state: false,
        needs: Need::ALL,
    })?;
    let yardstick = startup::time_runs::<&str>(Path::new(startup::TRUE), &[], &assignment.directory, YARDSTICK);
    let missing = subject.commands.iter().find(|name| !has_command(&assignment.commands, name));
    let site = Site { world: world.clone(), services: assignment.services };
    let measured = match missing {
        Some(name) => Err(Failure::missing(format!("the target has no command {name}"))),
        None => (subject.measure)(&site),
    };
    world.end();
    Ok(Answer { measured, yardstick: yardstick.ok().map(|time| time.as_secs_f64() * 1000.0) })
}
