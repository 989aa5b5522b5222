//! The report as a compatibility table that a project can publish.

use super::Report;
use crate::verdict::Verdict;
use std::fmt::Write;

/// Returns the bytes of the report.
pub(super) fn render(report: &Report) -> Vec<u8> {
    let mut text = String::new();
    let _ = write(report, &mut text);
    text.into_bytes()
}

fn write(report: &Report, out: &mut String) -> std::fmt::Result {
    writeln!(out, "# Compatibility with daemontools\n")?;
    writeln!(out, "By svconform {}.\n", report.svconform)?;
    writeln!(out, "| requirements | target | pass | known | other |\n|---|---|---|---|---|")?;
    for (class, kind) in report.counted_classes() {
        for target in &report.targets {
            let count = |verdict| report.count(&target.name, class, verdict);
            let all: usize = Verdict::ALL.iter().map(|&verdict| count(verdict)).sum();
            let (pass, known) = (count(Verdict::Pass), count(Verdict::Known));
            writeln!(out, "| {kind} | {} | {pass} | {known} | {} |", cell_text(&target.name), all - pass - known)?;
        }
    }
    let names: Vec<String> = report.targets.iter().map(|target| cell_text(&target.name)).collect();
    writeln!(out, "\n| scenario | {} |", names.join(" | "))?;
    writeln!(out, "|---|{}", "---|".repeat(report.targets.len()))?;
    for scenario in &report.scenarios {
        let words: Vec<String> = scenario.results.iter().map(|result| result.judgement.words()).collect();
        writeln!(out, "| {} | {} |", scenario.id, words.join(" | "))?;
    }
    let results = report.scenarios.iter().flat_map(|scenario| scenario.results.iter().map(move |one| (scenario, one)));
    let known = results.filter(|(_, result)| result.judgement.verdict == Some(Verdict::Known));
    for (index, (scenario, result)) in known.enumerate() {
        if index == 0 {
            writeln!(out, "\n## Known differences\n")?;
        }
        let requirements = result.deviation.as_ref().map(|entry| entry.requirements.join(", ")).unwrap_or_default();
        writeln!(out, "- {} on {} ({requirements}): {}", scenario.id, result.target, result.sentence())?;
    }
    Ok(())
}

/// Returns `text` with each `|`, which would end the cell, escaped.
fn cell_text(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report_with;

    #[test]
    fn each_scenario_is_a_line_and_each_difference_has_its_reason() {
        let mut report = report_with(Verdict::Known);
        report.targets[0].name = "o|urs".to_owned();
        let text = String::from_utf8(render(&report)).unwrap();
        assert!(text.contains("| scenario | o\\|urs | reference |\n|---|---|---|\n"), "{text}");
        assert!(text.contains(&format!("| {} | known | pass |", report.scenarios[0].id)), "{text}");
        assert!(text.contains("): it is better so"), "{text}");
    }
}
