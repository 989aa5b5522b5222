//! Verdicts: the only place that decides what a run, a scenario on a target, and a scenario on all targets come to.

use crate::outcome::{Failure, FailureKind, Run};
use serde::{Deserialize, Serialize};

/// The verdict on a scenario on a target. The order is from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// The target does what is required.
    Pass,
    /// It does not, and the deviations file says why.
    Known,
    /// Nothing was tried, because something is missing.
    Skip,
    /// The deviations file lists a difference that is not there.
    Stale,
    /// The target does not do what is required.
    Fail,
    /// The run did not come to an end.
    Timeout,
    /// The suite or its surroundings broke.
    Error,
}

impl Verdict {
    /// All verdicts, best first.
    pub(crate) const ALL: [Verdict; 7] =
        [Verdict::Pass, Verdict::Known, Verdict::Skip, Verdict::Stale, Verdict::Fail, Verdict::Timeout, Verdict::Error];

    /// Returns the verdict on a run that ended with `failure`, if any. `is_listed` says whether a deviations file lists
    /// the scenario for this target: it excuses a mismatch, and nothing else.
    pub(crate) fn of(failure: Option<&Failure>, is_listed: bool) -> Verdict {
        match (failure.map(|failure| failure.kind), is_listed) {
            (None, false) => Verdict::Pass,
            (None, true) => Verdict::Stale,
            (Some(FailureKind::Mismatch), false) => Verdict::Fail,
            (Some(FailureKind::Mismatch), true) => Verdict::Known,
            (Some(FailureKind::Timeout), _) => Verdict::Timeout,
            (Some(FailureKind::Missing), _) => Verdict::Skip,
            (Some(FailureKind::Broken), _) => Verdict::Error,
        }
    }

    /// Returns the word that reports print.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Known => "known",
            Verdict::Skip => "skip",
            Verdict::Stale => "stale",
            Verdict::Fail => "fail",
            Verdict::Timeout => "timeout",
            Verdict::Error => "error",
        }
    }

    /// Returns whether somebody has to look at it.
    pub(crate) fn is_trouble(self) -> bool {
        self >= Verdict::Stale
    }

    /// Returns the exit code of svconform if this is its worst verdict. With `require_all` a skip is a failure.
    pub(crate) fn exit_code(self, require_all: bool) -> u8 {
        match self {
            Verdict::Pass | Verdict::Known => 0,
            Verdict::Skip => u8::from(require_all),
            Verdict::Stale | Verdict::Fail | Verdict::Timeout => 1,
            Verdict::Error => 3,
        }
    }
}

/// How many cells of the fault matrix a result stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cells {
    /// How many were run.
    pub(crate) total: usize,
    /// In how many of them the target did not do what is required.
    pub(crate) failed: usize,
}

/// All runs of one scenario on one target, and the verdict on them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Judgement {
    /// The worst of `verdicts`; `None` if the scenario was not run on this target.
    pub(crate) verdict: Option<Verdict>,
    /// The verdict on each run.
    pub(crate) verdicts: Vec<Verdict>,
    /// The first run with the worst verdict.
    pub(crate) run: Option<Run>,
    /// If the run stands for cells of the fault matrix: how many they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cells: Option<Cells>,
}

impl Judgement {
    /// Returns the verdict on `runs`. `is_listed` says whether a deviations file lists the scenario for this target.
    pub(crate) fn of(runs: Vec<Run>, is_listed: bool) -> Judgement {
        let verdicts: Vec<Verdict> = runs.iter().map(|run| Verdict::of(run.failure.as_ref(), is_listed)).collect();
        let verdict = verdicts.iter().copied().max();
        let worst = verdicts.iter().position(|&one| Some(one) == verdict);
        Judgement { verdict, run: worst.and_then(|worst| runs.into_iter().nth(worst)), verdicts, cells: None }
    }

    /// Returns whether the runs differ in their verdicts.
    pub(crate) fn is_flaky(&self) -> bool {
        self.verdicts.iter().any(|&verdict| Some(verdict) != self.verdict)
    }

    /// Returns the verdict as a word, or `-` without one. With many runs or cells it says how many came out so: `fail 1/20`.
    pub(crate) fn words(&self) -> String {
        match self.verdict {
            None => "-".to_owned(),
            Some(Verdict::Pass) if let Some(Cells { total, .. }) = self.cells => format!("pass {total}"),
            Some(verdict) if let Some(Cells { total, failed }) = self.cells => {
                format!("{} {failed}/{total}", verdict.word())
            }
            Some(verdict) if self.verdicts.len() < 2 => verdict.word().to_owned(),
            Some(verdict) => {
                let same = self.verdicts.iter().filter(|&&one| one == verdict).count();
                format!("{} {same}/{}", verdict.word(), self.verdicts.len())
            }
        }
    }

    fn has_passed(&self) -> bool {
        self.verdicts.iter().any(|verdict| matches!(verdict, Verdict::Pass | Verdict::Stale))
    }

    fn mismatch(&self) -> Option<&Failure> {
        self.run.as_ref()?.failure.as_ref().filter(|failure| failure.kind == FailureKind::Mismatch)
    }

    /// Takes back a mismatch: it says nothing about the target.
    fn doubt(&mut self) {
        if let Some(failure) = self.run.as_mut().and_then(|run| run.failure.as_mut()) {
            failure.kind = FailureKind::Broken;
            failure.actual +=
                "; another target failed the same way, and none passed: suspect the suite or this machine";
        }
        for verdict in self.verdicts.iter_mut().filter(|one| matches!(one, Verdict::Fail | Verdict::Known)) {
            *verdict = Verdict::Error;
        }
        self.verdict = self.verdicts.iter().copied().max();
    }
}

/// Turns mismatches of one scenario into errors if nothing shows that the scenario can be passed here: no target passed,
/// and two independent targets failed at the same line in the same way.
///
/// `judgements` has one entry per target; the second half of each pair says whether the target is independent, that is,
/// not a mix of others.
pub(crate) fn reclassify_identical_failures(judgements: &mut [(&mut Judgement, bool)]) {
    let independent = || judgements.iter().filter(|(_, is_independent)| *is_independent).map(|(one, _)| &**one);
    if independent().any(Judgement::has_passed) {
        return;
    }
    let failures: Vec<Failure> = independent().filter_map(Judgement::mismatch).cloned().collect();
    let is_shared = |failure: &Failure| failures.iter().filter(|one| one.is_like(failure)).count() > 1;
    for (judgement, _) in judgements {
        if judgement.mismatch().is_some_and(is_shared) {
            judgement.doubt();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn run(failure: Option<Failure>) -> Run {
        Run { failure, steps: vec![], files: vec![], milliseconds: 0 }
    }

    /// The same mismatch each time: one line of this file.
    fn mismatch() -> Run {
        run(Some(Failure::mismatch("TERM", "nothing")))
    }

    #[rstest]
    #[case(None, Verdict::Pass, Verdict::Stale)]
    #[case(Some(Failure::mismatch("", "")), Verdict::Fail, Verdict::Known)]
    #[case(Some(Failure::timeout("", "")), Verdict::Timeout, Verdict::Timeout)]
    #[case(Some(Failure::missing("")), Verdict::Skip, Verdict::Skip)]
    #[case(Some(Failure::broken("")), Verdict::Error, Verdict::Error)]
    fn a_deviation_excuses_mismatches_and_no_pass(
        #[case] failure: Option<Failure>,
        #[case] unlisted: Verdict,
        #[case] listed: Verdict,
    ) {
        assert_eq!(Verdict::of(failure.as_ref(), false), unlisted);
        assert_eq!(Verdict::of(failure.as_ref(), true), listed);
    }

    #[test]
    fn the_order_is_the_one_of_the_list() {
        assert!(Verdict::ALL.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[rstest]
    #[case(Verdict::Pass, 0, 0)]
    #[case(Verdict::Known, 0, 0)]
    #[case(Verdict::Skip, 0, 1)]
    #[case(Verdict::Stale, 1, 1)]
    #[case(Verdict::Fail, 1, 1)]
    #[case(Verdict::Timeout, 1, 1)]
    #[case(Verdict::Error, 3, 3)]
    fn each_verdict_has_an_exit_code(#[case] verdict: Verdict, #[case] code: u8, #[case] require_all: u8) {
        assert_eq!((verdict.exit_code(false), verdict.exit_code(true)), (code, require_all));
    }

    #[test]
    fn the_worst_run_counts_and_is_kept() {
        let judgement = Judgement::of(vec![run(None), mismatch(), run(None)], false);
        assert_eq!((judgement.verdict, judgement.is_flaky()), (Some(Verdict::Fail), true));
        assert_eq!(judgement.words(), "fail 1/3");
        assert!(judgement.run.unwrap().failure.is_some());
        let none = Judgement::of(vec![], false);
        assert_eq!((none.verdict, none.is_flaky(), &*none.words()), (None, false, "-"));
    }

    /// The verdicts after [`reclassify_identical_failures`] on these runs, one per target.
    fn reclassified(runs: [(Run, bool); 3]) -> Vec<Verdict> {
        let mut judgements = runs.map(|(run, is_independent)| (Judgement::of(vec![run], false), is_independent));
        reclassify_identical_failures(
            &mut judgements.each_mut().map(|(judgement, independent)| (judgement, *independent)),
        );
        judgements.into_iter().filter_map(|(judgement, _)| judgement.verdict).collect()
    }

    #[test]
    fn identical_failures_are_errors_unless_an_independent_target_passes() {
        use Verdict::{Error, Fail, Pass};
        let other = || run(Some(Failure::mismatch("TERM", "nothing")));
        assert_eq!(reclassified([(mismatch(), true), (mismatch(), true), (run(None), true)]), [Fail, Fail, Pass]);
        assert_eq!(reclassified([(mismatch(), true), (mismatch(), true), (other(), true)]), [Error, Error, Fail]);
        assert_eq!(reclassified([(mismatch(), true), (mismatch(), true), (run(None), false)]), [Error, Error, Pass]);
    }

    #[test]
    fn a_target_is_no_witness_for_a_mix_that_contains_it() {
        let other = run(Some(Failure::mismatch("TERM", "nothing")));
        let verdicts = reclassified([(mismatch(), true), (mismatch(), false), (other, true)]);
        assert_eq!(verdicts, [Verdict::Fail; 3]);
    }
}
