//! The transcript of a run: what the scenario did and what it saw, in order.

use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// One line of a transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Step {
    /// Milliseconds since the scenario began.
    pub(crate) at: u64,
    /// What the scenario did.
    pub(crate) did: String,
    /// What it saw.
    pub(crate) saw: String,
}

/// The steps of a run so far.
#[derive(Debug)]
pub(crate) struct Transcript {
    began: Instant,
    directory: PathBuf,
    steps: RefCell<Vec<Step>>,
    paused: Cell<bool>,
}

impl Transcript {
    /// Begins the transcript of a scenario that works in `directory`.
    pub(crate) fn new(directory: &Path) -> Transcript {
        Transcript {
            began: Instant::now(),
            directory: directory.to_owned(),
            steps: RefCell::default(),
            paused: Cell::default(),
        }
    }

    /// Returns when the scenario began.
    pub(crate) fn began(&self) -> Instant {
        self.began
    }

    /// Adds a step, unless this is inside [`Transcript::without_notes`].
    pub(crate) fn note(&self, did: impl Into<String>, saw: impl Into<String>) {
        if !self.paused.get() {
            self.note_always(did, saw);
        }
    }

    /// Adds a step, also inside [`Transcript::without_notes`]: for the step that ends the run.
    pub(crate) fn note_always(&self, did: impl Into<String>, saw: impl Into<String>) {
        let at = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.steps.borrow_mut().push(Step { at, did: self.normalised(did), saw: self.normalised(saw) });
    }

    /// Runs `look` without noting what it does: a wait looks hundreds of times.
    pub(crate) fn without_notes<T>(&self, look: impl FnOnce() -> T) -> T {
        let before = self.paused.replace(true);
        let seen = look();
        self.paused.set(before);
        seen
    }

    /// Returns `text` with the scenario's directory, which differs from run to run, replaced by `WORLD`.
    pub(crate) fn normalised(&self, text: impl Into<String>) -> String {
        text.into().replace(&*self.directory.to_string_lossy(), "WORLD")
    }

    /// Returns the steps so far.
    pub(crate) fn steps(&self) -> Vec<Step> {
        self.steps.borrow().clone()
    }

    /// Drops all steps but the first `count`.
    pub(crate) fn truncate(&self, count: usize) {
        self.steps.borrow_mut().truncate(count);
    }

    /// Drops all steps.
    pub(crate) fn clear(&self) {
        self.steps.borrow_mut().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_not_noted_but_the_failure_in_it_is() {
        let transcript = Transcript::new(Path::new("/tmp/here"));
        transcript.note("run svok /tmp/here/web", "exit 0");
        transcript.without_notes(|| {
            transcript.without_notes(|| transcript.note("run svok", "exit 100"));
            transcript.note("run svok", "exit 100");
            transcript.note_always("expect svok", "exit 100");
        });
        let did: Vec<String> = transcript.steps().into_iter().map(|step| step.did).collect();
        assert_eq!(did, ["run svok WORLD/web", "expect svok"]);
    }
}
