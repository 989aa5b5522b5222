//! The report as a compatibility table that a project can publish.

use super::{Column, Report, Verdict};
use crate::requirement::Class;
use std::fmt::Write;

/// The bytes of the report.
pub(crate) fn render(report: &Report) -> Vec<u8> {
    let mut text = String::new();
    let _ = write(report, &mut text);
    text.into_bytes()
}

fn write(report: &Report, out: &mut String) -> std::fmt::Result {
    writeln!(out, "# Compatibility with daemontools\n")?;
    writeln!(out, "By svconform {}.\n", report.svconform)?;
    writeln!(out, "| promise | target | pass | known | other |\n|---|---|---|---|---|")?;
    for (class, kind) in [(Class::Doc, "of the manual"), (Class::Obs, "observed")] {
        for Column { name: target, .. } in &report.targets {
            let count = |verdict| report.count(target, class, verdict);
            let all: usize = Verdict::ALL.iter().map(|&verdict| count(verdict)).sum();
            let (pass, known) = (count(Verdict::Pass), count(Verdict::Known));
            writeln!(out, "| {kind} | {} | {pass} | {known} | {} |", cell_text(target), all - pass - known)?;
        }
    }
    writeln!(
        out,
        "\n| scenario | {} |",
        report.targets.iter().map(|target| cell_text(&target.name)).collect::<Vec<_>>().join(" | ")
    )?;
    writeln!(out, "|---|{}", "---|".repeat(report.targets.len()))?;
    for row in &report.rows {
        let words: Vec<String> = row.results.iter().map(super::Judged::words).collect();
        writeln!(out, "| {} | {} |", row.scenario, words.join(" | "))?;
    }
    let mut first = true;
    for row in &report.rows {
        for result in &row.results {
            let Some(deviation) = result.deviation.as_ref().filter(|_| result.verdict == Some(Verdict::Known)) else {
                continue;
            };
            if std::mem::take(&mut first) {
                writeln!(out, "\n## Known differences\n")?;
            }
            let rows = deviation.rows.join(", ");
            let reason = deviation.reason.split_whitespace().collect::<Vec<_>>().join(" ");
            writeln!(out, "- {} on {} ({rows}): {reason}", row.scenario, result.target)?;
        }
    }
    Ok(())
}

/// A `|` would end the cell.
fn cell_text(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deviations::{Deviation, Kind};
    use crate::report::tests::report_with;

    #[test]
    fn each_scenario_is_a_row_and_each_difference_has_its_reason() {
        let mut report = report_with(Verdict::Known);
        report.targets[0].name = "o|urs".to_owned();
        report.rows[0].results[0].deviation = Some(Deviation {
            scenario: report.rows[0].scenario.clone(),
            kind: Kind::Improved,
            reason: "it is\nbetter so".to_owned(),
            rows: vec!["SUP-35".to_owned()],
        });
        let text = String::from_utf8(render(&report)).unwrap();
        assert!(text.contains("| scenario | o\\|urs | reference |\n|---|---|---|\n"), "{text}");
        assert!(text.contains(&format!("| {} | known | pass |", report.rows[0].scenario)), "{text}");
        assert!(text.contains("(SUP-35): it is better so"), "{text}");
    }
}
