//! Two reports compared: what is different in the newer one.

use super::Report;
use crate::verdict::{Judgement, Verdict};
use std::collections::BTreeMap;

/// Kinds of changes to a scenario on a target from one report to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// It was as expected, and no longer is.
    Regressed,
    /// Its runs in the new report differ in their verdicts.
    Flaky,
    /// It was run, and is now skipped.
    NewlySkipped,
    /// It is not in the new report, or was not run.
    Gone,
    /// It was not as expected, and now is.
    Fixed,
    /// It was not in the old report.
    New,
}

impl Kind {
    /// All kinds, worst first.
    pub(crate) const ALL: [Kind; 6] =
        [Kind::Regressed, Kind::Flaky, Kind::NewlySkipped, Kind::Gone, Kind::Fixed, Kind::New];

    /// Returns whether it fails the comparison.
    pub(crate) fn is_bad(self) -> bool {
        match self {
            Kind::Regressed | Kind::Flaky | Kind::NewlySkipped | Kind::Gone => true,
            Kind::Fixed | Kind::New => false,
        }
    }

    /// Returns the words that reports print.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Kind::Regressed => "regressed",
            Kind::Flaky => "flaky",
            Kind::NewlySkipped => "newly skipped",
            Kind::Gone => "gone",
            Kind::Fixed => "fixed",
            Kind::New => "new",
        }
    }
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change {
    /// What kind of change it is.
    pub(crate) kind: Kind,
    /// The scenario.
    pub(crate) scenario: String,
    /// The target.
    pub(crate) target: String,
    /// The verdict in words, before and after.
    pub(crate) verdicts: (String, String),
}

/// Returns all differences from `old` to `new`, the worst first.
pub(crate) fn changes(old: &Report, new: &Report) -> Vec<Change> {
    let (before, after) = (by_scenario_and_target(old), by_scenario_and_target(new));
    let mut keys: Vec<_> = before.keys().chain(after.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut changes: Vec<Change> = keys
        .into_iter()
        .filter_map(|&(scenario, target)| {
            let (was, is) = (before.get(&(scenario, target)).copied(), after.get(&(scenario, target)).copied());
            let words = |judged: Option<&Judgement>| judged.map_or_else(|| "-".to_owned(), Judgement::words);
            Some(Change {
                kind: kind(was, is)?,
                scenario: scenario.to_owned(),
                target: target.to_owned(),
                verdicts: (words(was), words(is)),
            })
        })
        .collect();
    changes.sort();
    changes
}

fn kind(was: Option<&Judgement>, is: Option<&Judgement>) -> Option<Kind> {
    let (was, is) = match (was, is) {
        (None, None) => return None,
        (Some(_), None) => return Some(Kind::Gone),
        (_, Some(is)) if is.is_flaky() => return Some(Kind::Flaky),
        (None, Some(_)) => return Some(Kind::New),
        (Some(was), Some(is)) => (was.verdict?, is.verdict?),
    };
    match (was.is_trouble(), is.is_trouble()) {
        (false, true) => Some(Kind::Regressed),
        _ if is == Verdict::Skip && was != Verdict::Skip => Some(Kind::NewlySkipped),
        (true, false) => Some(Kind::Fixed),
        _ => None,
    }
}

/// Returns what was run, by scenario and target.
fn by_scenario_and_target(report: &Report) -> BTreeMap<(&str, &str), &Judgement> {
    let results =
        report.scenarios.iter().flat_map(|scenario| scenario.results.iter().map(move |result| (scenario, result)));
    results
        .filter(|(_, result)| result.judgement.verdict.is_some())
        .map(|(scenario, result)| ((scenario.id.as_str(), result.target.as_str()), &result.judgement))
        .collect()
}

/// Returns a line per change, then the counts.
pub(crate) fn render(changes: &[Change]) -> String {
    let mut text = String::new();
    for change in changes {
        let (was, is) = &change.verdicts;
        text += &format!("{:13}  {} on {}: {was} -> {is}\n", change.kind.word(), change.scenario, change.target);
    }
    let bad = changes.iter().filter(|change| change.kind.is_bad()).count();
    text + &format!("{} changes, {bad} of them for the worse\n", changes.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report_with;
    use rstest::rstest;

    #[rstest]
    #[case(Verdict::Pass, Verdict::Pass, None)]
    #[case(Verdict::Pass, Verdict::Fail, Some(Kind::Regressed))]
    #[case(Verdict::Known, Verdict::Stale, Some(Kind::Regressed))]
    #[case(Verdict::Skip, Verdict::Error, Some(Kind::Regressed))]
    #[case(Verdict::Fail, Verdict::Timeout, None)]
    #[case(Verdict::Fail, Verdict::Pass, Some(Kind::Fixed))]
    #[case(Verdict::Pass, Verdict::Skip, Some(Kind::NewlySkipped))]
    #[case(Verdict::Fail, Verdict::Skip, Some(Kind::NewlySkipped))]
    #[case(Verdict::Pass, Verdict::Known, None)]
    fn a_change_has_a_kind(#[case] was: Verdict, #[case] is: Verdict, #[case] kind: Option<Kind>) {
        let changes = changes(&report_with(was), &report_with(is));
        assert_eq!(changes.first().map(|change| change.kind), kind);
    }

    #[test]
    fn what_is_in_one_report_only_is_new_or_gone() {
        let whole = report_with(Verdict::Pass);
        let mut empty = report_with(Verdict::Pass);
        empty.scenarios.clear();
        assert!(changes(&empty, &whole).iter().all(|change| change.kind == Kind::New));
        assert!(changes(&whole, &empty).iter().all(|change| change.kind == Kind::Gone));
        assert_eq!(changes(&whole, &empty).len(), 2);
    }

    #[test]
    fn runs_that_do_not_agree_are_flaky() {
        let mut new = report_with(Verdict::Fail);
        new.scenarios[0].results[0].judgement.verdicts = vec![Verdict::Pass, Verdict::Fail];
        let changes = changes(&report_with(Verdict::Pass), &new);
        assert_eq!(changes[0].kind, Kind::Flaky);
        assert!(render(&changes).contains("flaky          "), "{}", render(&changes));
    }
}
