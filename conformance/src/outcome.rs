//! What one run of a scenario came to, and why it did not pass.

use crate::observe::file::FileState;
use crate::observe::without_numbers;
use crate::transcript::Step;
use serde::{Deserialize, Serialize};
use std::panic::Location;

/// What a scenario returns: `Ok` if the target did all that is required.
pub(crate) type Outcome = Result<(), Failure>;

/// Why a run did not pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// What kind of failure it is.
    pub(crate) kind: FailureKind,
    /// The line of the suite that noticed it, as `FILE:LINE`; empty if no line did.
    pub(crate) source_line: String,
    /// What was expected; empty if nothing was compared.
    pub(crate) expected: String,
    /// What was there instead, what is missing, or what broke.
    pub(crate) actual: String,
}

/// Kinds of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FailureKind {
    /// The target did something other than what was expected.
    Mismatch,
    /// The target did not come to an end, or the scenario used up its time.
    Timeout,
    /// The target or this machine lacks something that the scenario needs. Nothing was learnt about the target.
    Missing,
    /// The suite or its surroundings broke. Nothing was learnt about the target.
    Broken,
}

impl Failure {
    /// The target did something else: `actual` instead of `expected`.
    #[track_caller]
    pub(crate) fn mismatch(expected: impl Into<String>, actual: impl Into<String>) -> Failure {
        Failure::at(FailureKind::Mismatch, Location::caller(), expected.into(), actual.into())
    }

    /// `expected` did not come in time; `actual` was seen last.
    #[track_caller]
    pub(crate) fn timeout(expected: impl Into<String>, actual: impl Into<String>) -> Failure {
        Failure::at(FailureKind::Timeout, Location::caller(), expected.into(), actual.into())
    }

    /// `what` is missing, in a clause such as `the target has no command svok`.
    pub(crate) fn missing(what: impl Into<String>) -> Failure {
        Failure::nowhere(FailureKind::Missing, what.into())
    }

    /// The target has no command `name`.
    pub(crate) fn no_command(name: &str) -> Failure {
        Failure::missing(format!("{NO_COMMAND} {name}"))
    }

    /// Returns whether the target has no command that the scenario uses.
    pub(crate) fn is_no_command(&self) -> bool {
        self.kind == FailureKind::Missing && self.actual.starts_with(NO_COMMAND)
    }

    /// The suite or its surroundings broke, `why` in words.
    pub(crate) fn broken(why: impl Into<String>) -> Failure {
        Failure::nowhere(FailureKind::Broken, why.into())
    }

    fn at(kind: FailureKind, location: &Location<'_>, expected: String, actual: String) -> Failure {
        let source_line = format!("{}:{}", location.file(), location.line());
        Failure { kind, source_line, expected: cut(expected), actual: cut(actual) }
    }

    fn nowhere(kind: FailureKind, actual: String) -> Failure {
        Failure { kind, source_line: String::new(), expected: String::new(), actual: cut(actual) }
    }

    /// Returns the failure as one sentence without a full stop.
    pub(crate) fn sentence(&self) -> String {
        let Failure { kind, expected, actual, .. } = self;
        match kind {
            FailureKind::Mismatch => format!("expected {expected}"),
            FailureKind::Timeout => format!("timed out waiting for {expected}"),
            FailureKind::Missing | FailureKind::Broken => actual.clone(),
        }
    }

    /// Returns the facts that every report prints, each with its label. Facts that are empty are left out.
    pub(crate) fn facts(&self) -> Vec<(&'static str, &str)> {
        let facts = [("expected", &self.expected), ("actual", &self.actual), ("at", &self.source_line)];
        facts.into_iter().filter(|(_, fact)| !fact.is_empty()).map(|(label, fact)| (label, fact.as_str())).collect()
    }

    /// Returns whether `other` noticed the same thing at the same line. Numbers may differ, such as pids.
    pub(crate) fn is_like(&self, other: &Failure) -> bool {
        let noticed = |failure: &Failure| {
            let actual = without_numbers(&failure.actual);
            (failure.kind, failure.source_line.clone(), failure.expected.clone(), actual)
        };
        noticed(self) == noticed(other)
    }
}

const NO_COMMAND: &str = "the target has no command";

/// How many characters of a text a report has at most.
const LONGEST_TEXT: usize = 4000;

/// Returns `text`, cut if it is too long for anybody to read.
fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LONGEST_TEXT) {
        let bytes = text.len();
        text.truncate(end);
        text += &format!("... ({bytes} bytes in all)");
    }
    text
}

/// One execution of a scenario on a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// Why it did not pass; `None` if it did.
    pub(crate) failure: Option<Failure>,
    /// The transcript.
    pub(crate) steps: Vec<Step>,
    /// The files at the end. Reports leave them out of scenarios without trouble.
    #[serde(default)]
    pub(crate) files: Vec<FileState>,
    /// How long it took.
    pub(crate) milliseconds: u64,
}

impl Run {
    /// A run from which nothing was learnt, with the reason.
    pub(crate) fn broken(why: impl Into<String>) -> Run {
        Run { failure: Some(Failure::broken(why)), steps: vec![], files: vec![], milliseconds: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_knows_the_line_that_noticed_it() {
        let failure = Failure::mismatch("TERM", "HUP");
        assert!(failure.source_line.contains("outcome.rs:"), "{failure:?}");
        assert_eq!(failure.facts()[..2], [("expected", "TERM"), ("actual", "HUP")]);
        assert_eq!(failure.sentence(), "expected TERM");
        assert_eq!(Failure::missing("the target has no command svok").facts().len(), 1);
    }

    #[test]
    fn failures_are_alike_if_the_same_line_expected_and_saw_the_same() {
        let [one, other, third] = ["pid 7", "pid 4711", "pid"].map(|actual| Failure::mismatch("TERM", actual));
        assert!(one.is_like(&other) && !one.is_like(&third));
        assert!(!one.is_like(&Failure::mismatch("KILL", "HUP")));
    }

    #[test]
    fn an_endless_text_is_cut() {
        let failure = Failure::broken("\u{e9}".repeat(LONGEST_TEXT + 1));
        assert_eq!(failure.actual.chars().filter(|&one| one == '\u{e9}').count(), LONGEST_TEXT);
        assert!(failure.actual.ends_with("... (8002 bytes in all)"), "{}", &failure.actual[7990..]);
    }
}
