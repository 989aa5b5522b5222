//! A scenario: data and one function.

use crate::requirement::{self, Class};
use crate::world::World;

/// One thing to try on a target.
#[derive(Debug)]
pub(crate) struct Scenario {
    /// `PROGRAM/WORDS`, unique, never renumbered.
    pub(crate) id: &'static str,
    /// The rows of the reference that it proves.
    pub(crate) requirements: &'static [&'static str],
    /// What it cannot do without.
    pub(crate) needs: &'static [Need],
    /// What it does and what it wants to see, in a sentence or two.
    pub(crate) does: &'static str,
    /// Does it.
    pub(crate) run: fn(&World) -> Outcome,
}

/// What a scenario cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// The target has this command.
    Command(&'static str),
    /// This machine has this program, such as `strace`, in the usual places.
    Tool(&'static str),
}

/// Ok, or why not.
pub(crate) type Outcome = Result<(), Stopped>;

/// Why a scenario did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The target did something else.
    Failed {
        /// Where in the suite.
        at: String,
        /// What was looked at, and what was wanted of it.
        expected: String,
        /// What was there instead: the last thing seen.
        actual: String,
    },
    /// The target did not come to an end, or the scenario's time was over.
    TimedOut {
        /// Where in the suite.
        at: String,
        /// What was waited for.
        expected: String,
        /// The last thing seen.
        actual: String,
    },
    /// This machine lacks something.
    Skipped {
        /// What.
        missing: String,
    },
    /// The suite or its world broke, so nothing was learnt of the target.
    Broken {
        /// How.
        why: String,
    },
}

impl Scenario {
    /// `Doc` if all that it proves is promised by the manual.
    pub(crate) fn class(&self) -> Class {
        let all_promised = self
            .requirements
            .iter()
            .all(|id| requirement::find(id).is_some_and(|requirement| requirement.class == Class::Doc));
        if all_promised { Class::Doc } else { Class::Obs }
    }

    /// Whether `filter` selects it: a prefix of its id, one of its requirements, or any part of its id.
    pub(crate) fn matches(&self, filter: &str) -> bool {
        self.id.contains(filter) || self.requirements.contains(&filter)
    }
}
