//! The report for a person: a line per scenario, a column per target, then what went wrong, then the counts.

use super::{Cell, Column, Judged, Report, Row, Verdict, promises};
use crate::observe::file::Seen;
use crate::requirement::Class;
use crate::world::Step;
use std::collections::BTreeSet;
use std::fmt::Write;

/// The widest left half of two transcripts side by side.
const HALF: usize = 78;

/// The bytes of the report.
pub(crate) fn render(report: &Report) -> Vec<u8> {
    let mut text = String::new();
    let _ = write(report, &mut text);
    text.into_bytes()
}

fn write(report: &Report, out: &mut String) -> std::fmt::Result {
    let width = report.rows.iter().map(|row| row.scenario.len()).max().unwrap_or(0);
    let widest = |column: usize| report.rows.iter().map(|row| row.results[column].words().len()).max().unwrap_or(0);
    let columns: Vec<usize> = report
        .targets
        .iter()
        .enumerate()
        .map(|(column, target)| target.name.len().max(7).max(widest(column)))
        .collect();
    write!(out, "{:width$}", "")?;
    for (target, column) in report.targets.iter().zip(&columns) {
        write!(out, "  {:column$}", target.name)?;
    }
    trim_line(out);
    for row in &report.rows {
        write!(out, "{:width$}", row.scenario)?;
        for (result, column) in row.results.iter().zip(&columns) {
            write!(out, "  {:column$}", result.words())?;
        }
        trim_line(out);
    }
    for row in &report.rows {
        for result in &row.results {
            if let (Some(verdict), Some(cell)) = (result.verdict, &result.cell) {
                match verdict {
                    Verdict::Skip => {
                        writeln!(out, "\nskip  {} on {}: no {}", row.scenario, result.target, cell.actual)?
                    }
                    Verdict::Known => {
                        let reason = result.deviation.as_ref().map_or("", |deviation| &deviation.reason);
                        writeln!(out, "\nknown  {} on {}: {}", row.scenario, result.target, reason.trim())?;
                    }
                    Verdict::Pass => {}
                    Verdict::Stale | Verdict::Fail | Verdict::Timeout | Verdict::Error => {
                        trouble(report, row, result, verdict, cell, out)?;
                    }
                }
            }
        }
    }
    writeln!(out)?;
    for Column { name: target, .. } in &report.targets {
        for class in [Class::Doc, Class::Obs] {
            let counts: Vec<String> = Verdict::ALL
                .iter()
                .map(|&verdict| (report.count(target, class, verdict), verdict.word()))
                .filter(|(count, word)| *count > 0 || *word == "pass")
                .map(|(count, word)| format!("{count} {word}"))
                .collect();
            let kind = if class == Class::Doc { "promised by the manual" } else { "observed" };
            writeln!(out, "{target}, {kind}: {}", counts.join(", "))?;
        }
    }
    let seconds = f64::from(u32::try_from(report.milliseconds).unwrap_or(u32::MAX)) / 1000.0;
    let ended = if report.interrupted { "interrupted after" } else { "took" };
    writeln!(out, "{} scenarios on {} targets {ended} {seconds:.1} s", report.rows.len(), report.targets.len())?;
    if let Some(place) = &report.kept {
        writeln!(out, "worlds kept in {place}")?;
    }
    Ok(())
}

fn trouble(
    report: &Report,
    row: &Row,
    result: &Judged,
    verdict: Verdict,
    cell: &Cell,
    out: &mut String,
) -> std::fmt::Result {
    writeln!(out, "\n{}  {} on {}", verdict.word(), row.scenario, result.target)?;
    for promise in promises(&row.requirements) {
        writeln!(out, "  promise   {promise}")?;
    }
    if verdict == Verdict::Stale {
        writeln!(out, "  listed as a deviation, but it passes: take it off the list")?;
    } else {
        writeln!(out, "  expected  {}", cell.expected)?;
        writeln!(out, "  actual    {}", cell.actual)?;
        if !cell.at.is_empty() {
            writeln!(out, "  at        {}", cell.at)?;
        }
        let other = report.baseline.as_deref().filter(|&baseline| baseline != result.target);
        let other = row.results.iter().find(|other_result| Some(other_result.target.as_str()) == other);
        match other.and_then(|other| Some((other, other.cell.as_ref()?))) {
            Some((other, other_cell)) => {
                let lines = |cell: &Cell| cell.steps.iter().map(line).collect::<Vec<_>>();
                side_by_side((&result.target, &lines(cell)), (&other.target, &lines(other_cell)), out)?;
                writeln!(out, "  files at the end")?;
                let (mine, others) = aligned(&cell.files, &other_cell.files);
                side_by_side((&result.target, &mine), (&other.target, &others), out)?;
            }
            None => {
                cell.steps.iter().try_for_each(|step| writeln!(out, "    {}", line(step)))?;
                writeln!(out, "  files at the end")?;
                cell.files.iter().try_for_each(|file| writeln!(out, "    {}", file.line()))?;
            }
        }
        writeln!(out, "  normalised  WORLD: the scenario's directory; N: the pid and seconds of svstat")?;
    }
    writeln!(out, "  again     {}", report.again(&row.scenario, &result.target))
}

/// The lines for the files of both, a file that both have in the same place.
fn aligned(mine: &[Seen], others: &[Seen]) -> (Vec<String>, Vec<String>) {
    let names: BTreeSet<&str> = mine.iter().chain(others).map(|file| file.name.as_str()).collect();
    let lines = |files: &[Seen]| {
        let line = |name: &&str| files.iter().find(|file| file.name == *name).map(Seen::line).unwrap_or_default();
        names.iter().map(line).collect()
    };
    (lines(mine), lines(others))
}

fn side_by_side(
    (left, mine): (&str, &[String]),
    (right, others): (&str, &[String]),
    out: &mut String,
) -> std::fmt::Result {
    let blank = String::new();
    writeln!(out, "    {left:HALF$} | {right}")?;
    for index in 0..mine.len().max(others.len()) {
        let (mut mine, mut other) =
            (mine.get(index).unwrap_or(&blank).as_str(), others.get(index).unwrap_or(&blank).as_str());
        while !mine.is_empty() || !other.is_empty() {
            let (mine_now, mine_later) = cut(mine);
            let (other_now, other_later) = cut(other);
            write!(out, "    {mine_now:HALF$} | {other_now}")?;
            trim_line(out);
            (mine, other) = (mine_later, other_later);
        }
    }
    Ok(())
}

fn cut(text: &str) -> (&str, &str) {
    text.split_at(text.char_indices().nth(HALF).map_or(text.len(), |(at, _)| at))
}

fn line(step: &Step) -> String {
    if step.saw.is_empty() { step.did.clone() } else { format!("{} -> {}", step.did, step.saw) }
}

fn trim_line(out: &mut String) {
    out.truncate(out.trim_end_matches(' ').len());
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report_with;

    fn rendered(verdict: Verdict) -> String {
        String::from_utf8(render(&report_with(verdict))).unwrap()
    }

    #[test]
    fn a_failure_shows_promise_expected_actual_place_both_transcripts_and_how_to_run_it_again() {
        let text = rendered(Verdict::Fail);
        for part in [
            "  promise   ",
            "  expected  signals: TERM",
            "  actual    none",
            "  at        scenarios/svc.rs:7",
            "svc -d web -> exit 0",
            "| reference",
            "0644 file 18 web/supervise/status @",
            "  normalised  ",
            "  again     svconform run --target ours=/there --keep ",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    #[test]
    fn a_pass_is_a_word_and_the_classes_are_counted_apart() {
        let text = rendered(Verdict::Pass);
        assert!(text.contains("  pass     pass\n"), "{text}");
        assert!(text.contains("ours, promised by the manual: ") && text.contains("ours, observed: "), "{text}");
        assert!(!text.contains("promise   "), "{text}");
    }

    #[test]
    fn a_skip_says_what_is_missing() {
        assert!(rendered(Verdict::Skip).contains("on ours: no none"));
    }
}
