//! The report for a person: a line per scenario, a column per target, then the failures, then the counts.

use super::{Report, ScenarioEntry, TargetResult};
use crate::observe::file::FileState;
use crate::outcome::Run;
use crate::requirement::{Class, promises};
use crate::transcript::Step;
use crate::verdict::Verdict;
use std::collections::BTreeSet;
use std::fmt::Write;

/// The widest left half of two transcripts side by side.
const HALF: usize = 78;

/// Returns the bytes of the report.
pub(super) fn render(report: &Report) -> Vec<u8> {
    let mut text = String::new();
    let _ = write(report, &mut text);
    text.into_bytes()
}

fn write(report: &Report, out: &mut String) -> std::fmt::Result {
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
    for scenario in &report.scenarios {
        for result in &scenario.results {
            match result.judgement.verdict {
                None | Some(Verdict::Pass) => {}
                Some(verdict @ (Verdict::Skip | Verdict::Known)) => {
                    let (word, sentence) = (verdict.word(), result.sentence());
                    writeln!(out, "\n{word}  {} on {}: {sentence}", scenario.id, result.target)?;
                }
                Some(verdict) => trouble(report, scenario, result, verdict, out)?,
            }
        }
    }
    writeln!(out)?;
    counts(report, out)
}

fn counts(report: &Report, out: &mut String) -> std::fmt::Result {
    for target in &report.targets {
        for (class, kind) in [(Class::Doc, "promised by the manual"), (Class::Obs, "observed")] {
            let counts = Verdict::ALL.map(|verdict| (report.count(&target.name, class, verdict), verdict));
            let counts: Vec<String> = counts
                .into_iter()
                .filter(|(count, verdict)| *count > 0 || *verdict == Verdict::Pass)
                .map(|(count, verdict)| format!("{count} {}", verdict.word()))
                .collect();
            writeln!(out, "{}, {kind}: {}", target.name, counts.join(", "))?;
        }
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

fn trouble(
    report: &Report,
    scenario: &ScenarioEntry,
    result: &TargetResult,
    verdict: Verdict,
    out: &mut String,
) -> std::fmt::Result {
    writeln!(out, "\n{}  {} on {}: {}", verdict.word(), scenario.id, result.target, result.sentence())?;
    for promise in promises(&scenario.requirements) {
        writeln!(out, "  requires  {promise}")?;
    }
    if let Some(run) = result.judgement.run.as_ref().filter(|run| run.failure.is_some()) {
        for (label, fact) in run.failure.iter().flat_map(crate::outcome::Failure::facts) {
            writeln!(out, "  {label:8}  {fact}")?;
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
                run.steps.iter().try_for_each(|step| writeln!(out, "    {}", line(step)))?;
                writeln!(out, "  files at the end")?;
                run.files.iter().try_for_each(|file| writeln!(out, "    {}", file.line()))?;
            }
        }
        writeln!(out, "  normalised  WORLD: the scenario's directory; N: the pid and seconds of svstat")?;
    }
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
    writeln!(out, "    {left_name:HALF$} | {right_name}")?;
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
            "on ours: expected signals: TERM\n",
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
    fn a_pass_is_a_word_and_the_classes_are_counted_apart() {
        let text = rendered(Verdict::Pass);
        assert!(text.contains("  pass     pass\n"), "{text}");
        assert!(text.contains("ours, promised by the manual: ") && text.contains("ours, observed: "), "{text}");
        assert!(!text.contains("requires  "), "{text}");
    }

    #[test]
    fn skips_known_and_stale_entries_have_a_sentence() {
        assert!(rendered(Verdict::Skip).contains("on ours: the target has no command svok\n"));
        assert!(rendered(Verdict::Known).contains("on ours: it is better so\n"));
        assert!(rendered(Verdict::Stale).contains("on ours: passes although it is listed as a deviation"));
    }
}
