//! What a run has to say. The report is data; each format is a function that makes bytes of it.

pub(crate) mod compare;
pub(crate) mod json;
pub(crate) mod junit;
pub(crate) mod markdown;
pub(crate) mod table;
pub(crate) mod tap;

use crate::deviations::{self, Deviation};
use crate::observe::file::Seen;
use crate::requirement::{self, Class};
use crate::scenario::{Outcome, Stopped};
use crate::world::Step;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// The version of the JSON report's shape: raised when a reader of the old one would go wrong.
pub(crate) const SCHEMA: u32 = 1;

/// How many characters of what was expected, or seen, a report has at most.
const LONGEST_TEXT: usize = 4000;

/// What is to be thought of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// As required.
    Pass,
    /// Not as required.
    Fail,
    /// Fails, and is listed as a deviation.
    Known,
    /// Listed as a deviation, and passes.
    Stale,
    /// Not tried, because something is missing.
    Skip,
    /// Did not come to an end.
    Timeout,
    /// The harness or its world broke.
    Error,
}

impl Verdict {
    /// All of them, best first.
    pub(crate) const ALL: [Verdict; 7] =
        [Verdict::Pass, Verdict::Known, Verdict::Skip, Verdict::Stale, Verdict::Fail, Verdict::Timeout, Verdict::Error];

    /// The word for it in reports.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Known => "known",
            Verdict::Stale => "stale",
            Verdict::Skip => "skip",
            Verdict::Timeout => "timeout",
            Verdict::Error => "error",
        }
    }

    /// Whether a report has to say more about it than the word.
    pub(crate) fn is_trouble(self) -> bool {
        match self {
            Verdict::Fail | Verdict::Stale | Verdict::Timeout | Verdict::Error => true,
            Verdict::Pass | Verdict::Known | Verdict::Skip => false,
        }
    }
}

/// One scenario on one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cell {
    /// What came of it; a list of deviations may see it in another light.
    pub(crate) verdict: Verdict,
    /// The place in the suite where it stopped; empty if it did not.
    pub(crate) at: String,
    /// What was expected there.
    pub(crate) expected: String,
    /// What was there instead: for a skip what is missing, for an error what broke.
    pub(crate) actual: String,
    /// The transcript.
    pub(crate) steps: Vec<Step>,
    /// The files at the end; left out of reports where no target is in trouble.
    #[serde(default)]
    pub(crate) files: Vec<Seen>,
    /// How long it took.
    pub(crate) milliseconds: u64,
}

impl Cell {
    /// The cell of a scenario that came to `outcome`.
    pub(crate) fn of(outcome: Outcome, steps: Vec<Step>, files: Vec<Seen>, milliseconds: u64) -> Cell {
        let (verdict, at, expected, actual) = match outcome {
            Ok(()) => (Verdict::Pass, String::new(), String::new(), String::new()),
            Err(Stopped::Failed { at, expected, actual }) => (Verdict::Fail, at, expected, actual),
            Err(Stopped::TimedOut { at, expected, actual }) => (Verdict::Timeout, at, expected, actual),
            Err(Stopped::Skipped { missing }) => (Verdict::Skip, String::new(), String::new(), missing),
            Err(Stopped::Broken { why }) => (Verdict::Error, String::new(), String::new(), why),
        };
        Cell { verdict, at, expected: cut(expected), actual: cut(actual), steps, files, milliseconds }
    }

    /// The cell of a scenario of which nothing was learnt, and why.
    pub(crate) fn broken(why: String) -> Cell {
        Cell::of(Err(Stopped::Broken { why }), vec![], vec![], 0)
    }
}

/// A text that is too long to be read, cut.
fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LONGEST_TEXT) {
        let bytes = text.len();
        text.truncate(end);
        text += &format!("... ({bytes} bytes in all)");
    }
    text
}

/// The requirements called `ids`, as lines.
pub(crate) fn promises(ids: &[String]) -> Vec<String> {
    ids.iter().filter_map(|id| requirement::find(id)).map(|one| format!("{}: {}", one.id, one.promise)).collect()
}

/// A whole run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    /// [`SCHEMA`].
    pub(crate) schema: u32,
    /// The version of svconform.
    pub(crate) svconform: String,
    /// The targets, in the order of the columns.
    pub(crate) targets: Vec<Column>,
    /// The name by which svconform can be run again.
    #[serde(default)]
    pub(crate) program: String,
    /// The target that the others are compared with when one fails.
    pub(crate) baseline: Option<String>,
    /// How long the run took.
    pub(crate) milliseconds: u64,
    /// Whether it was stopped before its end.
    pub(crate) interrupted: bool,
    /// Where the worlds of the scenarios were kept.
    pub(crate) kept: Option<String>,
    /// The scenarios.
    pub(crate) rows: Vec<Row>,
}

/// A target of a run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Column {
    /// Its name.
    pub(crate) name: String,
    /// The arguments of `svconform run` that make it a target again, in the words of a shell.
    pub(crate) arguments: String,
    /// Whether it is made of other targets of this run.
    #[serde(default)]
    pub(crate) mixed: bool,
}

/// One scenario on all targets.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    /// Its id.
    pub(crate) scenario: String,
    /// The rows of the reference that it proves.
    pub(crate) requirements: Vec<String>,
    /// Whether the manual promises all of it.
    pub(crate) class: Class,
    /// A result per target, in their order.
    pub(crate) results: Vec<Judged>,
}

/// A cell and what is to be thought of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Judged {
    /// The target.
    pub(crate) target: String,
    /// The worst of `runs`; none if it was not run.
    pub(crate) verdict: Option<Verdict>,
    /// The verdict on each run, in the light of the deviations.
    pub(crate) runs: Vec<Verdict>,
    /// The entry that the verdict rests on, if it rests on one.
    pub(crate) deviation: Option<Deviation>,
    /// The run with the worst verdict.
    pub(crate) cell: Option<Cell>,
}

impl Judged {
    /// What is to be thought of `cells`, the runs of one scenario on `target`.
    pub(crate) fn of(target: &str, cells: Vec<Cell>, deviation: Option<&Deviation>) -> Judged {
        let runs: Vec<Verdict> = cells.iter().map(|cell| deviations::judged(cell, deviation)).collect();
        let rank = |verdict: Verdict| Verdict::ALL.iter().position(|&one| one == verdict);
        let worst = runs.iter().enumerate().max_by_key(|&(index, &verdict)| (rank(verdict), Reverse(index)));
        let worst = worst.map(|(index, _)| index);
        Judged {
            target: target.to_owned(),
            verdict: worst.map(|index| runs[index]),
            cell: worst.and_then(|index| cells.into_iter().nth(index)),
            runs,
            deviation: deviation.cloned(),
        }
    }

    /// Whether the runs did not agree.
    pub(crate) fn is_flaky(&self) -> bool {
        self.runs.iter().any(|&verdict| Some(verdict) != self.verdict)
    }

    /// What is said of it in one word, and with many runs how many came out so: `fail 1/20`.
    pub(crate) fn words(&self) -> String {
        match self.verdict {
            None => "-".to_owned(),
            Some(verdict) if self.runs.len() < 2 => verdict.word().to_owned(),
            Some(verdict) => {
                let same = self.runs.iter().filter(|&&one| one == verdict).count();
                format!("{} {same}/{}", verdict.word(), self.runs.len())
            }
        }
    }
}

impl Report {
    /// The command that runs a scenario on a target again, alone, and keeps its files.
    pub(crate) fn again(&self, scenario: &str, target: &str) -> String {
        let column = self.targets.iter().find(|column| column.name == target);
        let arguments = column.map_or("", |column| &column.arguments);
        format!("{} run {arguments} --keep {scenario}", self.program)
    }

    /// How often `verdict` was given to `target` in scenarios of `class`.
    pub(crate) fn count(&self, target: &str, class: Class, verdict: Verdict) -> usize {
        let rows = self.rows.iter().filter(|row| row.class == class);
        rows.flat_map(|row| &row.results)
            .filter(|result| result.target == target && result.verdict == Some(verdict))
            .count()
    }

    /// Takes back what failures say where their positive control did not hold: no target passed the scenario, and two
    /// that are not made of each other failed at the same place in the same way. Such failures are errors: they tell of
    /// the suite or the machine, or of nothing.
    pub(crate) fn doubt_failures_alike(&mut self) {
        let plain: Vec<&str> = self.targets.iter().filter(|one| !one.mixed).map(|one| one.name.as_str()).collect();
        for row in &mut self.rows {
            let witnesses = || row.results.iter().filter(|result| plain.contains(&result.target.as_str()));
            let passes = |run: &Verdict| matches!(run, Verdict::Pass | Verdict::Stale);
            if witnesses().any(|result| result.runs.iter().any(passes)) {
                continue;
            }
            let witnesses: Vec<&Cell> = witnesses().filter_map(|result| result.cell.as_ref()).collect();
            let failures = || witnesses.iter().filter(|cell| cell.verdict == Verdict::Fail);
            let place = |cell: &Cell| (cell.at.clone(), cell.expected.clone());
            let alike: Vec<_> = failures()
                .map(|cell| place(cell))
                .filter(|one| failures().filter(|cell| place(cell) == *one).count() > 1)
                .collect();
            for result in &mut row.results {
                if let Some(cell) =
                    result.cell.as_mut().filter(|cell| cell.verdict == Verdict::Fail && alike.contains(&place(cell)))
                {
                    cell.verdict = Verdict::Error;
                    cell.actual = format!(
                        "{}; so it is on every target that was tried, so that nothing shows that the scenario can be passed here",
                        cell.actual
                    );
                    result.verdict = Some(Verdict::Error);
                    result
                        .runs
                        .iter_mut()
                        .filter(|run| matches!(run, Verdict::Fail | Verdict::Known))
                        .for_each(|run| *run = Verdict::Error);
                }
            }
        }
    }

    /// Leaves out the files of rows where no target is in trouble: nobody looks at them.
    pub(crate) fn forget_files_that_nobody_needs(&mut self) {
        let quiet = |row: &&mut Row| !row.results.iter().any(|result| result.verdict.is_some_and(Verdict::is_trouble));
        for row in self.rows.iter_mut().filter(quiet) {
            row.results.iter_mut().filter_map(|result| result.cell.as_mut()).for_each(|cell| cell.files.clear());
        }
    }

    fn verdicts(&self) -> impl Iterator<Item = Verdict> {
        self.rows.iter().flat_map(|row| &row.results).filter_map(|result| result.verdict)
    }

    /// The exit code of the run: 0 all as expected, 1 a fail, timeout or stale entry, 3 the harness broke.
    /// With `require_all`, a skip is a failure too.
    pub(crate) fn exit_code(&self, require_all: bool) -> u8 {
        let has = |wanted: Verdict| self.verdicts().any(|verdict| verdict == wanted);
        if self.interrupted || has(Verdict::Error) {
            3
        } else if has(Verdict::Fail)
            || has(Verdict::Timeout)
            || has(Verdict::Stale)
            || require_all && has(Verdict::Skip)
        {
            1
        } else {
            0
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use rstest::rstest;

    /// A report of one scenario on one target with `verdict`.
    pub(crate) fn report_with(verdict: Verdict) -> Report {
        let steps = vec![Step { at: 5, did: "svc -d web".to_owned(), saw: "exit 0".to_owned() }];
        let cell = Cell {
            verdict,
            at: "scenarios/svc.rs:7".to_owned(),
            expected: "signals: TERM".to_owned(),
            actual: "none".to_owned(),
            steps,
            files: vec![Seen {
                name: "web/supervise/status".to_owned(),
                kind: "file".to_owned(),
                mode: "0644".to_owned(),
                size: 18,
                bytes: "@".to_owned(),
            }],
            milliseconds: 12,
        };
        let result = |target: &str, verdict| Judged {
            target: target.to_owned(),
            verdict: Some(verdict),
            runs: vec![verdict],
            deviation: None,
            cell: Some(Cell { verdict, ..cell.clone() }),
        };
        let first = crate::scenarios::all().next().unwrap();
        Report {
            schema: SCHEMA,
            svconform: "0".to_owned(),
            targets: ["ours", "reference"]
                .map(|name| Column {
                    name: name.to_owned(),
                    arguments: format!("--target {name}=/there"),
                    mixed: false,
                })
                .into(),
            program: "svconform".to_owned(),
            baseline: Some("reference".to_owned()),
            milliseconds: 20,
            interrupted: false,
            kept: None,
            rows: vec![Row {
                scenario: first.id.to_owned(),
                requirements: first.requirements.iter().map(|&id| id.to_owned()).collect(),
                class: first.class(),
                results: vec![result("ours", verdict), result("reference", Verdict::Pass)],
            }],
        }
    }

    #[rstest]
    #[case(Verdict::Pass, 0, 0)]
    #[case(Verdict::Known, 0, 0)]
    #[case(Verdict::Skip, 0, 1)]
    #[case(Verdict::Fail, 1, 1)]
    #[case(Verdict::Stale, 1, 1)]
    #[case(Verdict::Timeout, 1, 1)]
    #[case(Verdict::Error, 3, 3)]
    fn the_exit_code_tells_the_worst(#[case] verdict: Verdict, #[case] code: u8, #[case] code_require_all: u8) {
        let report = report_with(verdict);
        assert_eq!((report.exit_code(false), report.exit_code(true)), (code, code_require_all));
    }

    #[test]
    fn the_worst_of_many_runs_counts_and_is_shown() {
        let cell = |verdict| report_with(verdict).rows[0].results[0].cell.clone().unwrap();
        let runs = [Verdict::Pass, Verdict::Fail, Verdict::Pass].map(cell).to_vec();
        let judged = Judged::of("ours", runs, None);
        assert_eq!((judged.verdict, judged.is_flaky(), &*judged.words()), (Some(Verdict::Fail), true, "fail 1/3"));
        assert_eq!(judged.cell.unwrap().verdict, Verdict::Fail);
        let none = Judged::of("ours", vec![], None);
        assert_eq!((none.verdict, none.is_flaky(), &*none.words()), (None, false, "-"));
    }

    #[test]
    fn two_targets_that_fail_alike_are_an_error_unless_a_third_passes() {
        let mut report = report_with(Verdict::Fail);
        let fails = report.rows[0].results[0].cell.clone().unwrap();
        let (code, verdicts) = (
            |report: &Report| report.exit_code(false),
            |report: &Report| report.rows[0].results.iter().map(|result| result.verdict.unwrap()).collect::<Vec<_>>(),
        );
        report.doubt_failures_alike();
        assert_eq!((code(&report), verdicts(&report)), (1, vec![Verdict::Fail, Verdict::Pass]));

        report.rows[0].results[1] = Judged::of("reference", vec![fails.clone()], None);
        let mut otherwise = report_with(Verdict::Fail);
        let elsewhere = Cell { at: "elsewhere".to_owned(), ..fails };
        otherwise.rows[0].results[1] = Judged::of("reference", vec![elsewhere], None);
        report.doubt_failures_alike();
        assert_eq!((code(&report), verdicts(&report)), (3, vec![Verdict::Error; 2]));
        otherwise.doubt_failures_alike();
        assert_eq!((code(&otherwise), verdicts(&otherwise)), (1, vec![Verdict::Fail; 2]));
    }

    #[test]
    fn a_target_is_no_witness_for_another_that_is_made_of_it() {
        let mut report = report_with(Verdict::Fail);
        let fails = report.rows[0].results[0].cell.clone().unwrap();
        report.rows[0].results[1] = Judged::of("reference", vec![fails], None);
        report.targets[1].mixed = true;
        report.doubt_failures_alike();
        assert_eq!(report.exit_code(false), 1);
    }

    #[test]
    fn a_text_without_end_is_cut() {
        let why = "\u{e9}".repeat(LONGEST_TEXT + 1);
        let cell = Cell::broken(why);
        assert_eq!(cell.actual.chars().filter(|&one| one == '\u{e9}').count(), LONGEST_TEXT);
        assert!(cell.actual.ends_with("... (8002 bytes in all)"), "{}", &cell.actual[7990..]);
    }

    #[test]
    fn a_run_that_was_interrupted_has_not_passed() {
        assert_eq!(Report { interrupted: true, ..report_with(Verdict::Pass) }.exit_code(false), 3);
    }
}
