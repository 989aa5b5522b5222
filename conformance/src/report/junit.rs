//! The report as JUnit XML: a suite per target, a case per scenario.

use super::{Report, ScenarioEntry, TargetResult};
use crate::requirement::promises;
use crate::verdict::Verdict;
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use std::time::Duration;

/// Returns the bytes of the report.
pub(super) fn render(report: &Report) -> Vec<u8> {
    let mut suites = quick_junit::Report::new("svconform");
    suites.set_time(Duration::from_millis(report.milliseconds));
    for (column, target) in report.targets.iter().enumerate() {
        let mut suite = TestSuite::new(target.name.as_str());
        let cases = report.scenarios.iter().filter_map(|scenario| case(report, scenario, &scenario.results[column]));
        suite.add_test_cases(cases);
        suites.add_test_suite(suite);
    }
    suites.to_string().unwrap_or_default().into_bytes()
}

/// Returns the case of a scenario, or `None` if it was not run on this target.
fn case(report: &Report, scenario: &ScenarioEntry, result: &TargetResult) -> Option<TestCase> {
    let (verdict, run) = (result.judgement.verdict?, result.judgement.run.as_ref()?);
    let (program, name) = scenario.id.split_once('/').unwrap_or(("", &scenario.id));
    let mut case = TestCase::new(name, status(report, scenario, result, verdict));
    case.set_classname(program);
    case.set_time(Duration::from_millis(run.milliseconds));
    let steps = run.steps.iter().map(|step| format!("{} -> {}\n", step.did, step.saw));
    case.set_system_out(steps.chain(run.files.iter().map(|file| file.line() + "\n")).collect::<String>());
    Some(case)
}

fn status(report: &Report, scenario: &ScenarioEntry, result: &TargetResult, verdict: Verdict) -> TestCaseStatus {
    let mut status = match verdict {
        Verdict::Pass => return TestCaseStatus::success(),
        Verdict::Known | Verdict::Skip => TestCaseStatus::skipped(),
        Verdict::Stale | Verdict::Fail | Verdict::Timeout => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Verdict::Error => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    // Most readers of such reports show the message and hide the description.
    status.set_message(format!("{}: {}", verdict.word(), result.sentence()));
    let failure = result.judgement.run.iter().filter_map(|run| run.failure.as_ref());
    let facts = failure.flat_map(|failure| failure.facts()).map(|(label, fact)| format!("{label} {fact}"));
    let mut about: Vec<String> = facts.collect();
    about.extend(promises(&scenario.requirements));
    about.push(format!("again {}", report.again(&scenario.id, &result.target)));
    status.set_description(about.join("\n"));
    status
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report_with;
    use rstest::rstest;

    #[rstest]
    #[case(Verdict::Pass, "")]
    #[case(Verdict::Skip, "<skipped")]
    #[case(Verdict::Known, "<skipped")]
    #[case(Verdict::Stale, "<failure")]
    #[case(Verdict::Fail, "<failure")]
    #[case(Verdict::Timeout, "<failure")]
    #[case(Verdict::Error, "<error")]
    fn each_verdict_has_its_element(#[case] verdict: Verdict, #[case] element: &str) {
        let report = report_with(verdict);
        let text = String::from_utf8(render(&report)).unwrap();
        for other in ["<skipped", "<failure", "<error"] {
            assert_eq!(text.contains(other), other == element, "{text}");
        }
        assert!(text.contains("classname=") && text.contains("time=\"0.012\""), "{text}");
        assert!(text.contains("<testsuite name=\"reference\""), "{text}");
        let promise = format!("\n{}: ", report.scenarios[0].requirements[0]);
        let is_described = text.contains("again svconform run --target ours=/there");
        assert_eq!(is_described, verdict != Verdict::Pass, "{text}");
        assert!(verdict == Verdict::Pass || text.contains(&promise) || text.contains(promise.trim_start()), "{text}");
    }
}
