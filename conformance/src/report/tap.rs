//! The report as TAP version 14. A known deviation is a TODO, and an unexpected pass is not ok.

use super::{Report, ScenarioEntry, TargetResult};
use crate::requirement::promises;
use crate::verdict::Verdict;
use std::fmt::Write;

/// Returns the bytes of the report.
pub(super) fn render(report: &Report) -> Vec<u8> {
    let mut text = String::new();
    let _ = write(report, &mut text);
    text.into_bytes()
}

fn write(report: &Report, out: &mut String) -> std::fmt::Result {
    writeln!(out, "TAP version 14")?;
    let results = report.scenarios.iter().flat_map(|scenario| scenario.results.iter().map(move |one| (scenario, one)));
    let results: Vec<_> =
        results.filter_map(|(scenario, one)| one.judgement.verdict.map(|verdict| (scenario, one, verdict))).collect();
    writeln!(out, "1..{}", results.len())?;
    for (index, (scenario, result, verdict)) in results.into_iter().enumerate() {
        let name = format!("{} - {} on {}", index + 1, escaped(&scenario.id), escaped(&result.target));
        match verdict {
            Verdict::Pass => writeln!(out, "ok {name}")?,
            Verdict::Skip => writeln!(out, "ok {name} # SKIP {}", escaped(&result.sentence()))?,
            Verdict::Known => writeln!(out, "not ok {name} # TODO {}", escaped(&result.sentence()))?,
            Verdict::Stale | Verdict::Fail | Verdict::Timeout | Verdict::Error => {
                writeln!(out, "not ok {name}")?;
                diagnose(report, scenario, result, verdict, out)?;
            }
        }
    }
    if report.interrupted {
        writeln!(out, "Bail out! interrupted")?;
    }
    Ok(())
}

fn diagnose(
    report: &Report,
    scenario: &ScenarioEntry,
    result: &TargetResult,
    verdict: Verdict,
    out: &mut String,
) -> std::fmt::Result {
    writeln!(out, "  ---")?;
    // A JSON string is a YAML string.
    let mut fact = |label: &str, value: serde_json::Value| writeln!(out, "  {label}: {value}");
    fact("severity", verdict.word().into())?;
    fact("message", result.sentence().into())?;
    let Some(run) = &result.judgement.run else { return Ok(()) };
    for (label, value) in run.failure.iter().flat_map(crate::outcome::Failure::facts) {
        fact(label, value.into())?;
    }
    fact("requires", promises(&scenario.requirements).into())?;
    fact("again", report.again(&scenario.id, &result.target).into())?;
    fact("duration_ms", run.milliseconds.into())?;
    writeln!(out, "  ...")
}

/// Returns `text` for a description: a `#` would begin a directive, and a newline would end the line.
fn escaped(text: &str) -> String {
    text.trim().replace('\\', "\\\\").replace('#', "\\#").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report_with;
    use rstest::rstest;

    #[rstest]
    #[case(Verdict::Pass, "ok 1 - ")]
    #[case(Verdict::Skip, "ok 1 - ")]
    #[case(Verdict::Known, "not ok 1 - ")]
    #[case(Verdict::Stale, "not ok 1 - ")]
    #[case(Verdict::Fail, "not ok 1 - ")]
    #[case(Verdict::Timeout, "not ok 1 - ")]
    #[case(Verdict::Error, "not ok 1 - ")]
    fn each_verdict_is_a_line(#[case] verdict: Verdict, #[case] start: &str) {
        let text = String::from_utf8(render(&report_with(verdict))).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["TAP version 14", "1..2"]);
        assert!(lines[2].starts_with(start), "{text}");
        assert_eq!(lines[2].ends_with("# SKIP the target has no command svok"), verdict == Verdict::Skip, "{text}");
        assert_eq!(lines[2].ends_with("# TODO it is better so"), verdict == Verdict::Known, "{text}");
        assert_eq!(lines[3] == "  ---", verdict.is_trouble());
        assert_eq!(text.contains("\n  again: \"svconform run --target "), verdict.is_trouble());
    }

    #[test]
    fn a_hash_does_not_begin_a_directive() {
        assert_eq!(escaped("a # TODO\n b\\"), "a \\# TODO  b\\\\");
    }
}
