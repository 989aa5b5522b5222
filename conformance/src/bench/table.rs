//! The report of `bench` as text for a terminal, and as a Markdown table to publish.

use super::report::{BenchReport, FigureEntry, FigureResult, number, times};
use super::subject::Better;
use std::fmt::Write;

/// Returns the report as text: a block per figure, with a line per target.
pub(crate) fn render(report: &BenchReport) -> Vec<u8> {
    let mut text = String::new();
    let _ = write_table(report, &mut text);
    text.into_bytes()
}

/// Returns the report as a Markdown table: a row per figure, with a column per target.
pub(crate) fn markdown(report: &BenchReport) -> Vec<u8> {
    let mut text = String::new();
    let _ = write_markdown(report, &mut text);
    text.into_bytes()
}

fn write_table(report: &BenchReport, out: &mut String) -> std::fmt::Result {
    let width = report.targets.iter().map(|target| target.name.chars().count()).max().unwrap_or(0);
    for figure in &report.figures {
        writeln!(out, "{}  {} ({})", figure.id, figure.title, unit(figure))?;
        for result in &figure.results {
            write!(out, "  {:width$}  ", result.target)?;
            match &result.summary {
                None => writeln!(out, "{}", result.reason())?,
                Some(summary) => {
                    let ratio = result.ratio.map_or_else(|| "-".to_owned(), times);
                    let (median, spread) = (number(summary.median), number(summary.spread));
                    writeln!(out, "{median:>8} +- {spread:<8} {ratio:>8}  {} samples", result.samples.len())?;
                    if result.failure.is_some() {
                        writeln!(out, "  {:width$}  then {}", "", result.reason())?;
                    }
                }
            }
        }
    }
    writeln!(out, "\n{}", conditions(report))
}

fn write_markdown(report: &BenchReport, out: &mut String) -> std::fmt::Result {
    let names: Vec<String> = report.targets.iter().map(|target| target.name.replace('|', "\\|")).collect();
    writeln!(out, "| figure | {} |", names.join(" | "))?;
    writeln!(out, "|---|{}", "---:|".repeat(names.len()))?;
    for figure in &report.figures {
        let cells: Vec<String> = figure.results.iter().map(|result| cell(result, &report.baseline)).collect();
        writeln!(out, "| {}, {} | {} |", figure.title, figure.unit, cells.join(" | "))?;
    }
    writeln!(out, "\n{}", conditions(report))?;
    for (index, (target, reasons)) in report.reasons().into_iter().enumerate() {
        if index == 0 {
            writeln!(out, "\nNot measured:\n")?;
        }
        writeln!(out, "- {target}: {}", reasons.join("; "))?;
    }
    Ok(())
}

/// Returns the median, its spread and, unless the result is the baseline's, the ratio.
pub(super) fn cell(result: &FigureResult, baseline: &str) -> String {
    let Some(summary) = &result.summary else { return "-".to_owned() };
    let value = format!("{} ± {}", number(summary.median), number(summary.spread));
    match result.ratio {
        Some(ratio) if result.target != baseline => format!("{value} ({})", times(ratio)),
        _ => value,
    }
}

pub(super) fn unit(figure: &FigureEntry) -> String {
    let word = match figure.better {
        Better::Higher => "more is better",
        Better::Lower => "less is better",
    };
    format!("{}, {word}", figure.unit)
}

/// Returns how the figures were measured, and what the numbers mean.
pub(super) fn conditions(report: &BenchReport) -> String {
    let machine = &report.machine;
    let lines = [
        format!(
            "Medians of {} rounds with {} services, give or take half the distance between the quartiles; ratios to {}.",
            report.rounds, report.services, report.baseline
        ),
        format!("Linux {}, {} processors, files in {}.", machine.kernel, machine.processors, machine.directory),
        format!("The machine was {}.", machine.noise()),
    ];
    let interrupted = if report.interrupted { "\nInterrupted: the later rounds are missing." } else { "" };
    lines.join("\n") + interrupted
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::report_with;
    use super::*;

    #[test]
    fn every_target_has_median_spread_and_ratio() {
        let text = String::from_utf8(render(&report_with(&[600.0, 620.0], &[100.0], Better::Higher))).unwrap();
        assert!(text.contains("throughput/multilog  multilog, 100-byte lines (MB/s, more is better)\n"), "{text}");
        assert!(text.contains("  ours            610 +- 5.00        6.10x  2 samples\n"), "{text}");
        assert!(text.contains("The machine was noisy (running /bin/true took 1.00 ms, give or take 5%).\n"), "{text}");
    }

    #[test]
    fn what_was_not_measured_has_a_reason() {
        let report = report_with(&[], &[100.0], Better::Higher);
        let text = String::from_utf8(render(&report)).unwrap();
        assert!(text.contains("  ours       skipped: the target has no command multilog\n"), "{text}");
        let text = String::from_utf8(markdown(&report)).unwrap();
        assert!(text.contains("| multilog, 100-byte lines, MB/s | - | 100 ± 0.00 |\n"), "{text}");
        assert!(text.contains("- ours: skipped: the target has no command multilog\n"), "{text}");
    }
}
