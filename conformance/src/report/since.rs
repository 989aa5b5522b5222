//! What is left to do after a run: the scenarios that did not come out as expected.

use super::Report;
use crate::verdict::Verdict;

/// Returns the ids of the scenarios of `report` that did not pass on one of `targets`: those that failed, timed out, broke,
/// are stale, were skipped, or were not run because the run was interrupted or stopped at its first failure. Known
/// differences are as expected. With `mixes`, results of mixes count too.
///
/// # Errors
/// In words: the report has none of the targets.
pub(crate) fn unsettled<'r>(report: &'r Report, targets: &[&str], mixes: bool) -> Result<Vec<&'r str>, String> {
    let counts: Vec<bool> =
        report.targets.iter().map(|one| targets.contains(&&*one.name) || (mixes && one.mixed)).collect();
    if !counts.contains(&true) {
        let known: Vec<&str> = report.targets.iter().map(|one| one.name.as_str()).collect();
        return Err(format!("no target is called {}: this report has {}", targets.join(" or "), known.join(", ")));
    }
    // Nobody asked a mix about a scenario that has no verdict on it, unless it has none on any target.
    let is_left = |(verdict, mixed): (Option<Verdict>, bool)| match verdict {
        Some(verdict) => !matches!(verdict, Verdict::Pass | Verdict::Known),
        None => !mixed,
    };
    let scenarios = report.scenarios.iter().filter(|scenario| {
        let columns = report.targets.iter().zip(&scenario.results).zip(&counts);
        columns
            .filter(|(_, counts)| **counts)
            .any(|((target, result), _)| is_left((result.judgement.verdict, target.mixed)))
    });
    Ok(scenarios.map(|scenario| scenario.id.as_str()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report_with;
    use crate::verdict::Judgement;
    use rstest::rstest;

    #[rstest]
    #[case(Verdict::Pass, 0)]
    #[case(Verdict::Known, 0)]
    #[case(Verdict::Skip, 1)]
    #[case(Verdict::Stale, 1)]
    #[case(Verdict::Fail, 1)]
    #[case(Verdict::Timeout, 1)]
    #[case(Verdict::Error, 1)]
    fn what_did_not_come_out_as_expected_is_left(#[case] verdict: Verdict, #[case] count: usize) {
        let report = report_with(verdict);
        assert_eq!(unsettled(&report, &["ours"], false).unwrap().len(), count);
        assert_eq!(unsettled(&report, &["ours", "reference"], false).unwrap().len(), count);
        // The other target passed.
        assert_eq!(unsettled(&report, &["reference"], false).unwrap().len(), 0);
    }

    #[test]
    fn what_was_not_run_is_left_and_on_a_mix_it_is_not() {
        let mut report = report_with(Verdict::Pass);
        report.scenarios[0].results[0].judgement = Judgement::of(vec![], false);
        assert_eq!(unsettled(&report, &["ours"], true).unwrap().len(), 1);
        report.targets[0].mixed = true;
        assert_eq!(unsettled(&report, &["reference"], true).unwrap().len(), 0);
    }

    #[test]
    fn a_report_of_other_targets_is_refused() {
        let error = unsettled(&report_with(Verdict::Fail), &["mine"], false).unwrap_err();
        assert_eq!(error, "no target is called mine: this report has ours, reference");
    }
}
