//! The report for a person, in 80 columns: a summary per target and program, then everything that did not pass, then the
//! counts. With all lines, a line per scenario comes first, which may be wider.

use super::paragraph::wrapped;
use super::{Report, ScenarioEntry, TargetResult};
use crate::observe::file::FileState;
use crate::outcome::{Failure, Run};
use crate::requirement::promises;
use crate::transcript::Step;
use crate::verdict::Verdict;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The width of each half of two transcripts side by side.
const HALF: usize = 36;
/// Where the text behind a label begins, such as `  expected  `.
const TEXT: usize = 12;
/// Where the text behind the name of a program begins in the summary.
const COUNTS: usize = 17;

/// Returns the bytes of the report.
pub(super) fn render(report: &Report) -> Vec<u8> {
    let mut text = String::new();
    let _ = summary(report, &mut text).and_then(|()| details(report, &mut text));
    text.into_bytes()
}

/// Returns the bytes of the report, with a line per scenario at its start.
pub(super) fn render_all_lines(report: &Report) -> Vec<u8> {
    let mut text = String::new();
    let _ =
        lines(report, &mut text).and_then(|()| summary(report, &mut text)).and_then(|()| details(report, &mut text));
    text.into_bytes()
}

/// Writes a line per scenario with a column per target, and an empty line.
fn lines(report: &Report, out: &mut String) -> std::fmt::Result {
    let width = report.scenarios.iter().map(|scenario| scenario.id.len()).max().unwrap_or(0);
    let widest = |column: usize| {
        let words = report.scenarios.iter().map(|scenario| scenario.results[column].judgement.words().len());
        words.max().unwrap_or(0)
    };
    let names = report.targets.iter().enumerate();
    let columns: Vec<usize> = names.map(|(column, target)| target.name.len().max(7).max(widest(column))).collect();
    write!(out, "{:width$}", "")?;
    for (target, column) in report.targets.iter().zip(&columns) {
        write!(out, "  {:column$}", target.name)?;
    }
    end_line(out);
    for scenario in &report.scenarios {
        write!(out, "{:width$}", scenario.id)?;
        for (result, column) in scenario.results.iter().zip(&columns) {
            write!(out, "  {:column$}", result.judgement.words())?;
        }
        end_line(out);
    }
    writeln!(out)
}

/// Writes for each target a line per program with the counts of its verdicts. Programs without another verdict than pass
/// share a paragraph.
fn summary(report: &Report, out: &mut String) -> std::fmt::Result {
    for (column, target) in report.targets.iter().enumerate() {
        let mut programs: BTreeMap<&str, BTreeMap<Verdict, usize>> = BTreeMap::new();
        for scenario in &report.scenarios {
            if let Some(verdict) = scenario.results[column].judgement.verdict {
                *programs.entry(program(scenario)).or_default().entry(verdict).or_default() += 1;
            }
        }
        writeln!(out, "{}", target.name)?;
        let mut all_pass = vec![];
        for (program, counts) in programs {
            let passes = counts.get(&Verdict::Pass).copied().unwrap_or_default();
            if counts.values().sum::<usize>() == passes {
                all_pass.push(format!("{program} {passes}"));
                continue;
            }
            let counts: Vec<String> =
                counts.into_iter().map(|(verdict, count)| format!("{count} {}", verdict.word())).collect();
            *out += &wrapped(&label(program, COUNTS), COUNTS, &counts.join(", "));
        }
        if !all_pass.is_empty() {
            *out += &wrapped(&label("all pass", COUNTS), COUNTS, &all_pass.join(", "));
        }
    }
    Ok(())
}

fn program(scenario: &ScenarioEntry) -> &str {
    scenario.id.split('/').next().unwrap_or_default()
}

/// Returns `word` with two spaces before and after it, padded so that text behind it begins in column `text`.
fn label(word: &str, text: usize) -> String {
    format!("  {word:width$}  ", width = text.saturating_sub(4))
}

/// Writes what did not pass: the differences that are known and what was skipped, each reason once, and the failures.
fn details(report: &Report, out: &mut String) -> std::fmt::Result {
    let results =
        || report.scenarios.iter().flat_map(|scenario| scenario.results.iter().map(move |one| (scenario, one)));
    for expected in [Verdict::Known, Verdict::Skip] {
        let mut reasons: Vec<(String, Vec<&str>)> = vec![];
        for (scenario, result) in results().filter(|(_, result)| result.judgement.verdict == Some(expected)) {
            let reason = format!("{} on {}: {}", expected.word(), result.target, result.sentence());
            match reasons.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, ids)) => ids.push(&scenario.id),
                None => reasons.push((reason, vec![&scenario.id])),
            }
        }
        for (reason, ids) in reasons {
            *out += &format!("\n{}", wrapped("", 2, &reason));
            ids.iter().try_for_each(|id| writeln!(out, "    {id}"))?;
        }
    }
    for (scenario, result) in results() {
        if let Some(verdict) = result.judgement.verdict.filter(|verdict| verdict.is_trouble()) {
            writeln!(out)?;
            trouble(report, scenario, result, verdict, out)?;
        }
    }
    writeln!(out)?;
    counts(report, out)
}

fn counts(report: &Report, out: &mut String) -> std::fmt::Result {
    for target in &report.targets {
        for (class, kind) in report.counted_classes() {
            let counts = Verdict::ALL.map(|verdict| (report.count(&target.name, class, verdict), verdict));
            let counts: Vec<String> = counts
                .into_iter()
                .filter(|(count, verdict)| *count > 0 || *verdict == Verdict::Pass)
                .map(|(count, verdict)| format!("{count} {}", verdict.word()))
                .collect();
            *out += &wrapped("", 2, &format!("{}, {kind}: {}", target.name, counts.join(", ")));
        }
        cells(report, &target.name, out)?;
    }
    let seconds = f64::from(u32::try_from(report.milliseconds).unwrap_or(u32::MAX)) / 1000.0;
    let ended = if report.interrupted { "interrupted after" } else { "took" };
    let (scenarios, targets) = (report.scenarios.len(), report.targets.len());
    writeln!(out, "{scenarios} scenarios on {targets} targets {ended} {seconds:.1} s")?;
    if let Some(kept) = &report.kept {
        writeln!(out, "directories kept in {kept}")?;
    }
    Ok(())
}

/// Returns everything that is known of a result that somebody has to look at.
pub(super) fn of_trouble(report: &Report, scenario: &ScenarioEntry, result: &TargetResult) -> Option<String> {
    let verdict = result.judgement.verdict.filter(|verdict| verdict.is_trouble())?;
    let mut text = String::new();
    trouble(report, scenario, result, verdict, &mut text).ok()?;
    Some(text)
}

/// Writes for each program how many cells of the fault matrix were run, and how many failed.
fn cells(report: &Report, target: &str, out: &mut String) -> std::fmt::Result {
    let mut programs: Vec<(&str, usize, usize)> = vec![];
    for scenario in &report.scenarios {
        let results = scenario.results.iter().filter(|result| result.target == target);
        let program = scenario.id.split('/').nth(1).unwrap_or_default();
        for cells in results.filter_map(|result| result.judgement.cells) {
            match programs.iter_mut().find(|(known, ..)| *known == program) {
                Some((_, total, failed)) => (*total, *failed) = (*total + cells.total, *failed + cells.failed),
                None => programs.push((program, cells.total, cells.failed)),
            }
        }
    }
    programs.iter().try_for_each(|(program, total, failed)| {
        writeln!(out, "{target}, cells of {program}: {total}, {failed} failed")
    })
}

fn trouble(
    report: &Report,
    scenario: &ScenarioEntry,
    result: &TargetResult,
    verdict: Verdict,
    out: &mut String,
) -> std::fmt::Result {
    let fact = |word: &str, text: &str| wrapped(&label(word, TEXT), TEXT, text);
    *out += &wrapped("", 2, &format!("{}  {} on {}", result.judgement.words(), scenario.id, result.target));
    if verdict == Verdict::Stale {
        *out += &fact("because", &result.sentence());
    }
    for promise in promises(&scenario.requirements) {
        *out += &fact("requires", &promise);
    }
    if let Some(run) = result.judgement.run.as_ref().filter(|run| run.failure.is_some()) {
        for (label, text) in run.failure.iter().flat_map(Failure::facts) {
            *out += &fact(label, text);
        }
        let baseline = report.baseline.as_deref().filter(|&baseline| baseline != result.target);
        let baseline = scenario.results.iter().find(|other| Some(other.target.as_str()) == baseline);
        match baseline.and_then(|other| Some((other, other.judgement.run.as_ref()?))) {
            Some((other, other_run)) => {
                let lines = |run: &Run| run.steps.iter().map(line).collect::<Vec<_>>();
                side_by_side((&result.target, &lines(run)), (&other.target, &lines(other_run)), out)?;
                writeln!(out, "  files at the end")?;
                let (left, right) = aligned(&run.files, &other_run.files);
                side_by_side((&result.target, &left), (&other.target, &right), out)?;
            }
            None => {
                run.steps.iter().for_each(|step| *out += &wrapped("    ", 6, &line(step)));
                writeln!(out, "  files at the end")?;
                run.files.iter().for_each(|file| *out += &wrapped("    ", 6, &file.line()));
            }
        }
        writeln!(out, "  normalised  WORLD: the scenario's directory; N: the pid and seconds of svstat")?;
    }
    // In one line, so that it can be copied.
    writeln!(out, "  again     {}", report.again(&scenario.id, &result.target))
}

/// Returns the lines for the files of two runs, with files of the same name at the same index.
fn aligned(left: &[FileState], right: &[FileState]) -> (Vec<String>, Vec<String>) {
    let names: BTreeSet<&str> = left.iter().chain(right).map(|file| file.name.as_str()).collect();
    let lines = |files: &[FileState]| {
        let line = |name: &&str| files.iter().find(|file| file.name == *name).map(FileState::line).unwrap_or_default();
        names.iter().map(line).collect()
    };
    (lines(left), lines(right))
}

fn side_by_side(
    (left_name, left): (&str, &[String]),
    (right_name, right): (&str, &[String]),
    out: &mut String,
) -> std::fmt::Result {
    writeln!(out, "    {:HALF$} | {}", cut(left_name).0, cut(right_name).0)?;
    for index in 0..left.len().max(right.len()) {
        let line = |lines: &'_ [String]| lines.get(index).cloned().unwrap_or_default();
        let (left, right) = (line(left), line(right));
        let (mut left, mut right) = (left.as_str(), right.as_str());
        while !left.is_empty() || !right.is_empty() {
            let ((left_now, left_later), (right_now, right_later)) = (cut(left), cut(right));
            write!(out, "    {left_now:HALF$} | {right_now}")?;
            end_line(out);
            (left, right) = (left_later, right_later);
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

fn end_line(out: &mut String) {
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
    fn a_failure_shows_all_that_is_known() {
        let text = rendered(Verdict::Fail);
        for part in [
            " on ours\n",
            "  requires  ",
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
    fn a_pass_is_counted_by_program_and_the_classes_are_counted_apart() {
        let text = rendered(Verdict::Pass);
        assert!(text.starts_with("ours\n  all pass       supervise 1\nreference\n  all pass "), "{text}");
        assert!(text.contains("ours, promised by the manual: ") && text.contains("ours, observed: "), "{text}");
        assert!(!text.contains("requires  "), "{text}");
    }

    #[test]
    fn all_lines_are_before_the_summary() {
        let report = report_with(Verdict::Pass);
        let text = String::from_utf8(render_all_lines(&report)).unwrap();
        let (lines, rest) = text.split_once("\n\n").unwrap();
        assert!(lines.contains(&report.scenarios[0].id) && lines.ends_with("  pass     pass"), "{text}");
        assert_eq!(rest, rendered(Verdict::Pass));
    }

    #[test]
    fn skips_known_and_stale_entries_have_a_sentence() {
        let id = report_with(Verdict::Pass).scenarios[0].id.clone();
        for (verdict, said) in [
            (Verdict::Skip, "\nskip on ours: the target has no command svok\n"),
            (Verdict::Known, "\nknown on ours: it is better so\n"),
        ] {
            assert!(rendered(verdict).contains(&format!("{said}    {id}\n")), "{}", rendered(verdict));
        }
        let text = rendered(Verdict::Stale);
        assert!(text.contains(&format!("\nstale  {id} on ours\n  because   passes although it is listed")), "{text}");
        assert!(rendered(Verdict::Stale).contains("  supervise      1 stale\n"), "{text}");
    }

    /// A reason is not repeated for each of hundreds of scenarios.
    #[test]
    fn scenarios_that_are_skipped_for_one_reason_share_it() {
        let mut report = report_with(Verdict::Skip);
        let mut second = report_with(Verdict::Skip);
        second.scenarios[0].id = "svc/second".to_owned();
        report.scenarios.append(&mut second.scenarios);
        let text = String::from_utf8(render(&report)).unwrap();
        assert_eq!(text.matches("skip on ours: ").count(), 1, "{text}");
        assert!(text.contains("\n    svc/second\n"), "{text}");
    }

    #[test]
    fn only_the_command_to_copy_is_wider_than_a_terminal() {
        let words = "a value of 60 bytes that nobody would want to read, and more ".repeat(9);
        for baseline in [None, Some("reference".to_owned())] {
            for verdict in Verdict::ALL {
                let mut report = report_with(verdict);
                report.baseline.clone_from(&baseline);
                report.targets[0].name = "n".repeat(60);
                for result in &mut report.scenarios[0].results {
                    if result.target == "ours" {
                        result.target = "n".repeat(60);
                    }
                    let run = result.judgement.run.as_mut().unwrap();
                    run.steps[0].saw.clone_from(&words);
                    run.files[0].bytes.clone_from(&words);
                    run.failure.iter_mut().for_each(|failure| failure.actual.clone_from(&words));
                }
                let text = String::from_utf8(render(&report)).unwrap();
                let wide = |line: &&str| line.chars().count() > 80 && !line.starts_with("  again  ");
                assert_eq!(text.lines().find(wide), None, "{text}");
            }
        }
    }
}
