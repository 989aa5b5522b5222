//! The report as TAP version 14: known deviations are TODO, an unexpected pass is plainly not ok.

use super::{Cell, Report, Verdict, promises};
use std::fmt::Write;

/// The bytes of the report.
pub(crate) fn render(report: &Report) -> Vec<u8> {
    let mut text = String::new();
    let _ = write(report, &mut text);
    text.into_bytes()
}

fn write(report: &Report, out: &mut String) -> std::fmt::Result {
    writeln!(out, "TAP version 14")?;
    let run = report.rows.iter().flat_map(|row| &row.results).filter(|result| result.verdict.is_some());
    writeln!(out, "1..{}", run.count())?;
    let mut number = 0;
    for row in &report.rows {
        for result in &row.results {
            // A mix is not concerned by every scenario, and a run may end early: it bails out below.
            let (Some(verdict), Some(cell)) = (result.verdict, &result.cell) else { continue };
            number += 1;
            let name = format!("{number} - {} on {}", escaped(&row.scenario), escaped(&result.target));
            match verdict {
                Verdict::Pass => writeln!(out, "ok {name}")?,
                Verdict::Skip => writeln!(out, "ok {name} # SKIP no {}", escaped(&cell.actual))?,
                Verdict::Known => {
                    let reason = result.deviation.as_ref().map_or("", |deviation| &deviation.reason);
                    writeln!(out, "not ok {name} # TODO {}", escaped(reason))?;
                }
                Verdict::Stale | Verdict::Fail | Verdict::Timeout | Verdict::Error => {
                    writeln!(out, "not ok {name}")?;
                    diagnose(
                        verdict,
                        cell,
                        &promises(&row.requirements),
                        &report.again(&row.scenario, &result.target),
                        out,
                    )?;
                }
            }
        }
    }
    if report.interrupted {
        writeln!(out, "Bail out! interrupted")?;
    }
    Ok(())
}

fn diagnose(verdict: Verdict, cell: &Cell, promises: &[String], again: &str, out: &mut String) -> std::fmt::Result {
    let expected = if verdict == Verdict::Stale { "a failure: it is listed as a deviation" } else { &cell.expected };
    let actual = if verdict == Verdict::Stale { "a pass" } else { &cell.actual };
    writeln!(out, "  ---")?;
    for (key, value) in [("severity", verdict.word()), ("wanted", expected), ("found", actual), ("at", &cell.at)] {
        // A JSON string is a YAML string.
        writeln!(out, "  {key}: {}", serde_json::Value::from(value))?;
    }
    writeln!(out, "  promises: {}", serde_json::Value::from(promises))?;
    writeln!(out, "  again: {}", serde_json::Value::from(again))?;
    writeln!(out, "  duration_ms: {}\n  ...", cell.milliseconds)
}

/// Text for a description: a `#` would begin a directive, and a line is a line.
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
        assert_eq!(lines[2].contains("# SKIP"), verdict == Verdict::Skip);
        assert_eq!(lines[2].contains("# TODO"), verdict == Verdict::Known);
        assert_eq!(lines[3] == "  ---", verdict.is_trouble());
        assert_eq!(text.contains("\n  again: \"svconform run --target "), verdict.is_trouble());
    }

    #[test]
    fn a_hash_begins_no_directive() {
        assert_eq!(escaped("a # TODO\n b\\"), "a \\# TODO  b\\\\");
    }
}
