//! The report as JUnit XML: a suite per target, a case per scenario.

use super::{Cell, Judged, Report, Row, Verdict, promises};
use crate::deviations::Deviation;
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use std::time::Duration;

/// The bytes of the report.
pub(crate) fn render(report: &Report) -> Vec<u8> {
    let mut suites = quick_junit::Report::new("svconform");
    suites.set_time(Duration::from_millis(report.milliseconds));
    for (column, target) in report.targets.iter().enumerate() {
        let mut suite = TestSuite::new(target.name.as_str());
        // A mix is not concerned by every scenario, and a run may end early.
        suite.add_test_cases(report.rows.iter().filter_map(|row| case(report, row, &row.results[column])));
        suites.add_test_suite(suite);
    }
    // quick-junit counts what was skipped here too, in an attribute that the common schema does not have.
    let skipped: usize = suites.test_suites.iter().map(|suite| suite.skipped).sum();
    let text = suites.to_string().unwrap_or_default();
    text.replacen(&format!(" skipped=\"{skipped}\""), "", 1).into_bytes()
}

fn case(report: &Report, row: &Row, result: &Judged) -> Option<TestCase> {
    let (verdict, cell) = (result.verdict?, result.cell.as_ref()?);
    let (program, words) = row.scenario.split_once('/').unwrap_or(("", &row.scenario));
    let again = format!("again {}", report.again(&row.scenario, &result.target));
    let mut about = promises(&row.requirements);
    about.push(again);
    let mut case = TestCase::new(words, status(verdict, cell, result.deviation.as_ref(), &about.join("\n")));
    case.set_classname(program);
    case.set_time(Duration::from_millis(cell.milliseconds));
    let steps = cell.steps.iter().map(|step| format!("{} -> {}\n", step.did, step.saw));
    case.set_system_out(steps.chain(cell.files.iter().map(|file| file.line() + "\n")).collect::<String>());
    Some(case)
}

fn status(verdict: Verdict, cell: &Cell, deviation: Option<&Deviation>, about: &str) -> TestCaseStatus {
    let compared = format!("expected {}\nactual {}\nat {}\n{about}", cell.expected, cell.actual, cell.at);
    let non_success = TestCaseStatus::non_success;
    match verdict {
        Verdict::Pass => TestCaseStatus::success(),
        Verdict::Skip => said(TestCaseStatus::skipped(), &format!("no {}", cell.actual), ""),
        Verdict::Known => {
            let reason = deviation.map_or("", |deviation| &deviation.reason);
            said(TestCaseStatus::skipped(), &format!("known deviation: {reason}"), &compared)
        }
        Verdict::Stale => said(non_success(NonSuccessKind::Failure), "listed as a deviation, but it passes", about),
        Verdict::Fail | Verdict::Timeout => {
            // Most readers of such reports show this and hide the rest.
            let message = format!("{}: expected {}", verdict.word(), cell.expected);
            said(non_success(NonSuccessKind::Failure), &message, &compared)
        }
        Verdict::Error => said(non_success(NonSuccessKind::Error), "the harness broke", &compared),
    }
}

fn said(mut status: TestCaseStatus, message: &str, text: &str) -> TestCaseStatus {
    status.set_message(message);
    if !text.is_empty() {
        status.set_description(text);
    }
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
    fn failures_errors_and_skips_are_told_apart(#[case] verdict: Verdict, #[case] element: &str) {
        let text = String::from_utf8(render(&report_with(verdict))).unwrap();
        for other in ["<skipped", "<failure", "<error"] {
            assert_eq!(text.contains(other), other == element, "{text}");
        }
        assert!(text.contains("classname=") && text.contains("time=\"0.012\""), "{text}");
        assert!(text.contains("<testsuite name=\"reference\""), "{text}");
        let told = verdict != Verdict::Pass && verdict != Verdict::Skip;
        assert_eq!(text.contains("STAT-01: ") && text.contains("\nagain svconform run --target "), told, "{text}");
    }
}
