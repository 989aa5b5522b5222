//! Reports: a run of svconform as data, and its formats. Adding a format touches this file and the format's own.

pub(crate) mod compare;
pub(crate) mod explain;
pub(crate) mod html;
pub(crate) mod json;
mod junit;
mod markdown;
mod paragraph;
pub(crate) mod since;
mod table;
mod tap;

use crate::deviations::Deviation;
use crate::outcome::Failure;
use crate::requirement::Class;
use crate::verdict::{Judgement, Verdict, reclassify_identical_failures};
use serde::{Deserialize, Serialize};

/// The version of the JSON report's shape: raised when a reader of the previous one would go wrong.
pub(crate) const SCHEMA: u32 = 2;

/// The formats of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A summary per program, the failures in full, and the counts, in 80 columns
    Table,
    /// The whole report, from which every other format can be made
    Json,
    /// JUnit XML
    Junit,
    /// TAP version 14
    Tap,
    /// A compatibility table to publish
    Markdown,
    /// A page to filter and to look at failures in, in one file
    Html,
}

impl Format {
    /// Returns the bytes of `report` in this format.
    pub(crate) fn render(self, report: &Report) -> Vec<u8> {
        match self {
            Format::Table => table::render(report),
            Format::Json => json::render(report),
            Format::Junit => junit::render(report),
            Format::Tap => tap::render(report),
            Format::Markdown => markdown::render(report),
            Format::Html => html::render(report),
        }
    }

    /// Returns the bytes of `report` in this format, with a line per scenario in a format that summarizes passes.
    pub(crate) fn render_all_lines(self, report: &Report) -> Vec<u8> {
        if self == Format::Table { table::render_all_lines(report) } else { self.render(report) }
    }
}

/// The formats of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ChangesFormat {
    /// A line per change, and the counts
    Table,
    /// A page with the transcripts of both runs
    Html,
}

impl ChangesFormat {
    /// Returns the bytes of `changes`, which lead from `old` to `new`, in this format.
    pub(crate) fn render(self, old: &Report, new: &Report, changes: &[compare::Change]) -> Vec<u8> {
        let older = "the older run was interrupted; scenarios listed as new may not be new\n";
        let newer = "the newer run was interrupted; scenarios listed as gone were not run\n";
        let note = |is_interrupted, note| if is_interrupted { note } else { "" };
        match self {
            ChangesFormat::Table => {
                let notes = [note(old.interrupted, older), note(new.interrupted, newer), &compare::render(changes)];
                notes.concat().into_bytes()
            }
            ChangesFormat::Html => html::compare(old, new, changes),
        }
    }
}

/// A run of svconform.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    /// [`SCHEMA`].
    pub(crate) schema: u32,
    /// The version of svconform.
    pub(crate) svconform: String,
    /// The path of svconform, quoted for a shell.
    pub(crate) program: String,
    /// The targets, in the order of the columns.
    pub(crate) targets: Vec<TargetEntry>,
    /// The target that others are compared with when they fail.
    pub(crate) baseline: Option<String>,
    /// How long the run took.
    pub(crate) milliseconds: u64,
    /// Whether it was interrupted.
    pub(crate) interrupted: bool,
    /// Where the directories of the scenarios were kept.
    pub(crate) kept: Option<String>,
    /// The scenarios that were selected.
    pub(crate) scenarios: Vec<ScenarioEntry>,
}

/// A target of a report.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TargetEntry {
    /// Its name.
    pub(crate) name: String,
    /// The arguments of `svconform run` that make it again, quoted for a shell.
    pub(crate) arguments: String,
    /// Whether it is a mix of other targets of this report.
    pub(crate) mixed: bool,
}

/// A scenario of a report.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ScenarioEntry {
    /// Its id.
    pub(crate) id: String,
    /// The requirements that it proves.
    pub(crate) requirements: Vec<String>,
    /// Whether the manual promises all of them.
    pub(crate) class: Class,
    /// A result per target, in the order of the targets.
    pub(crate) results: Vec<TargetResult>,
}

/// What a scenario came to on a target.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TargetResult {
    /// The name of the target.
    pub(crate) target: String,
    /// The runs and the verdict on them.
    #[serde(flatten)]
    pub(crate) judgement: Judgement,
    /// The entry of a deviations file that was applied.
    pub(crate) deviation: Option<Deviation>,
}

impl TargetResult {
    /// Returns the failure that the verdict rests on in one sentence: for a known deviation its reason.
    fn sentence(&self) -> String {
        match (self.judgement.verdict, &self.deviation) {
            (Some(Verdict::Known), Some(deviation)) => {
                deviation.reason.split_whitespace().collect::<Vec<_>>().join(" ")
            }
            (Some(Verdict::Stale), _) => "passes although it is listed as a deviation: remove the entry".to_owned(),
            _ => {
                let failure = self.judgement.run.as_ref().and_then(|run| run.failure.as_ref());
                failure.map(crate::outcome::Failure::sentence).unwrap_or_default()
            }
        }
    }
}

impl Report {
    /// Settles the verdicts when all runs are known, and drops the files of scenarios without trouble.
    pub(crate) fn settle(&mut self) {
        let independent: Vec<bool> = self.targets.iter().map(|target| !target.mixed).collect();
        for scenario in &mut self.scenarios {
            // That two targets do not bear the same fault is no reason to doubt it: without the fault they pass.
            if scenario.results.iter().all(|result| result.judgement.cells.is_none()) {
                let results = scenario.results.iter_mut().map(|result| &mut result.judgement);
                reclassify_identical_failures(&mut results.zip(independent.iter().copied()).collect::<Vec<_>>());
            }
            let is_trouble = |result: &TargetResult| result.judgement.verdict.is_some_and(Verdict::is_trouble);
            if !scenario.results.iter().any(is_trouble) {
                let runs = scenario.results.iter_mut().filter_map(|result| result.judgement.run.as_mut());
                runs.for_each(|run| run.files.clear());
            }
        }
    }

    /// Returns the command that runs a scenario on a target again, alone, and keeps its files.
    pub(crate) fn again(&self, scenario: &str, target: &str) -> String {
        let entry = self.targets.iter().find(|entry| entry.name == target);
        let arguments = entry.map_or("", |entry| &entry.arguments);
        format!("{} run {arguments} --keep {scenario}", self.program)
    }

    /// Returns the classes to count, each with its words: all but the extensions, if there are none of these.
    pub(crate) fn counted_classes(&self) -> impl Iterator<Item = (Class, &'static str)> {
        let has_extensions = self.scenarios.iter().any(|scenario| scenario.class == Class::Ext);
        Class::COUNTED.into_iter().filter(move |(class, _)| *class != Class::Ext || has_extensions)
    }

    /// Returns how many scenarios of `class` have `verdict` on `target`.
    pub(crate) fn count(&self, target: &str, class: Class, verdict: Verdict) -> usize {
        let scenarios = self.scenarios.iter().filter(|scenario| scenario.class == class);
        let results = scenarios.flat_map(|scenario| &scenario.results);
        results.filter(|result| result.target == target && result.judgement.verdict == Some(verdict)).count()
    }

    /// Returns the exit code of the run. With `require_all` a skip is a failure, unless the target has no such extension.
    pub(crate) fn exit_code(&self, require_all: bool) -> u8 {
        if self.interrupted {
            return 3;
        }
        let codes = self.scenarios.iter().flat_map(|scenario| {
            let code = |result: &TargetResult| {
                let failure = result.judgement.run.as_ref().and_then(|run| run.failure.as_ref());
                let lacks_extension = scenario.class == Class::Ext && failure.is_some_and(Failure::is_no_command);
                result.judgement.verdict.map(|verdict| verdict.exit_code(require_all && !lacks_extension))
            };
            scenario.results.iter().filter_map(code)
        });
        codes.max().unwrap_or(0)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::observe::file::FileState;
    use crate::outcome::{FailureKind, Run};
    use crate::transcript::Step;

    /// A report of one scenario on two targets: `ours` with `verdict`, `reference` with a pass.
    pub(crate) fn report_with(verdict: Verdict) -> Report {
        let failed = |kind| Failure {
            kind,
            source_line: "scenarios/svc.rs:7".to_owned(),
            expected: "signals: TERM".to_owned(),
            actual: "none".to_owned(),
        };
        let failure = match verdict {
            Verdict::Pass | Verdict::Stale => None,
            Verdict::Known | Verdict::Fail => Some(failed(FailureKind::Mismatch)),
            Verdict::Skip => Some(Failure::missing("the target has no command svok")),
            Verdict::Timeout => Some(failed(FailureKind::Timeout)),
            Verdict::Error => Some(failed(FailureKind::Broken)),
        };
        let first = crate::scenarios::all().next().unwrap();
        let run = |failure| Run {
            failure,
            steps: vec![Step { at: 5, did: "svc -d web".to_owned(), saw: "exit 0".to_owned() }],
            files: vec![FileState {
                name: "web/supervise/status".to_owned(),
                kind: "file".to_owned(),
                mode: "0644".to_owned(),
                size: 18,
                bytes: "@".to_owned(),
            }],
            milliseconds: 12,
        };
        let is_listed = matches!(verdict, Verdict::Known | Verdict::Stale);
        let deviation = Deviation {
            scenario: first.id.to_owned(),
            kind: crate::deviations::Kind::Improved,
            reason: "it is\nbetter so".to_owned(),
            requirements: first.requirements.iter().map(|&id| id.to_owned()).collect(),
        };
        let result = |target: &str, failure, is_listed| TargetResult {
            target: target.to_owned(),
            judgement: Judgement::of(vec![run(failure)], is_listed),
            deviation: is_listed.then(|| deviation.clone()),
        };
        let entry = |name: &str| TargetEntry {
            name: name.to_owned(),
            arguments: format!("--target {name}=/there"),
            mixed: false,
        };
        Report {
            schema: SCHEMA,
            svconform: "0".to_owned(),
            program: "svconform".to_owned(),
            targets: ["ours", "reference"].map(entry).into(),
            baseline: Some("reference".to_owned()),
            milliseconds: 20,
            interrupted: false,
            kept: None,
            scenarios: vec![ScenarioEntry {
                id: first.id.to_owned(),
                requirements: first.requirements.iter().map(|&id| id.to_owned()).collect(),
                class: first.class(),
                results: vec![result("ours", failure, is_listed), result("reference", None, false)],
            }],
        }
    }

    #[test]
    fn the_worst_verdict_decides_the_exit_code() {
        assert_eq!(report_with(Verdict::Known).exit_code(false), 0);
        assert_eq!(report_with(Verdict::Skip).exit_code(true), 1);
        assert_eq!(report_with(Verdict::Fail).exit_code(false), 1);
        assert_eq!(Report { interrupted: true, ..report_with(Verdict::Pass) }.exit_code(false), 3);
    }

    #[test]
    fn files_are_kept_where_there_is_trouble() {
        for (verdict, count) in [(Verdict::Pass, 0), (Verdict::Known, 0), (Verdict::Fail, 1), (Verdict::Stale, 1)] {
            let mut report = report_with(verdict);
            report.settle();
            let files = report.scenarios[0].results[1].judgement.run.as_ref().map(|run| run.files.len());
            assert_eq!(files, Some(count), "{verdict:?}");
        }
    }
}
