//! What is on a page: columns, rows and cells, and the cases behind the cells. The script reads it as JSON.

use super::super::compare::{Change, Kind};
use super::super::{Report, ScenarioEntry, TargetResult};
use super::group;
use crate::outcome::Run;
use crate::requirement::{self, Class};
use crate::scenarios;
use crate::verdict::{Judgement, Verdict};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How many characters of a text are on a page. The report has up to 4,000, of which nobody reads the last.
const LONGEST_TEXT: usize = 1000;
/// How many steps of a transcript are on a page.
const MOST_STEPS: usize = 300;

/// A page.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    /// The heading.
    #[serde(skip)]
    pub(super) title: String,
    /// What one has to know about the reports, a sentence each.
    #[serde(skip)]
    pub(super) facts: Vec<String>,
    /// Whether the page compares two reports.
    #[serde(skip)]
    pub(super) is_comparison: bool,
    /// What the words in the cells mean.
    #[serde(skip)]
    pub(super) legend: Vec<(&'static str, &'static str)>,
    /// What a cell can be, in the order of the filter.
    pub(super) categories: Vec<&'static str>,
    /// The targets.
    pub(super) columns: Vec<Column>,
    /// The requirements that the rows prove.
    pub(super) requirements: BTreeMap<String, Promise>,
    /// The scenarios.
    pub(super) rows: Vec<Row>,
}

/// A target.
#[derive(Debug, Serialize)]
pub(super) struct Column {
    /// Its name.
    pub(super) name: String,
    /// Whether others are compared with it.
    pub(super) is_baseline: bool,
    /// The command that runs a scenario again, except for the scenario's id.
    again: String,
}

/// A requirement.
#[derive(Debug, Serialize)]
pub(super) struct Promise {
    /// `doc` or `obs`; empty if this svconform does not know the requirement.
    pub(super) class: &'static str,
    /// The requirement in words.
    pub(super) promise: &'static str,
    /// Where it is from.
    pub(super) source: &'static str,
}

/// A scenario.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// Its id.
    pub(super) id: String,
    /// The program, or the subject, that it is filed under.
    pub(super) group: String,
    /// `doc` or `obs`.
    pub(super) class: &'static str,
    /// What it does; empty if this svconform does not know it.
    pub(super) does: &'static str,
    /// The requirements that it proves.
    pub(super) requirements: Vec<String>,
    /// A cell per column.
    pub(super) cells: Vec<Cell>,
}

/// What a scenario came to on a target, or how that changed.
#[derive(Debug, Serialize)]
pub(super) struct Cell {
    /// One of the categories, or `none` if the scenario did not run.
    pub(super) category: &'static str,
    /// The verdict in words, or those before and after.
    pub(super) words: String,
    /// The kind of the known deviation, the reason, and the requirements that are not met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deviation: Option<(String, String, Vec<String>)>,
    /// The run, if there is something to tell of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Shown>,
    /// The run in the older report.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Shown>,
}

/// A run as a page shows it.
#[derive(Debug, Serialize)]
struct Shown {
    /// The verdict.
    words: String,
    /// The facts of the failure, each with its label.
    facts: Vec<(&'static str, String)>,
    /// The transcript: when, what was done, what was seen.
    steps: Vec<(u64, String, String)>,
    /// How many steps are left out.
    #[serde(skip_serializing_if = "is_zero")]
    left_out: usize,
    /// The files at the end: name and line.
    files: Vec<(String, String)>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Column {
    /// Returns the command that runs `scenario` again on this target.
    pub(super) fn again(&self, scenario: &str) -> String {
        format!("{}{scenario}", self.again)
    }
}

impl Cell {
    /// Returns why the target did not pass, each fact with its label.
    pub(super) fn sentences(&self) -> Vec<(&str, &str)> {
        let deviation = self.deviation.iter().map(|(kind, reason, _)| (kind.as_str(), reason.as_str()));
        let facts = self.run.iter().flat_map(|run| &run.facts).map(|(label, fact)| (*label, fact.as_str()));
        deviation.chain(facts).collect()
    }
}

impl Row {
    /// Returns the requirements that the cell in `column` says something about: a known deviation names those that the
    /// target does not meet, and nothing is known of the others.
    pub(super) fn concerned(&self, column: usize) -> impl Iterator<Item = &str> {
        let cell = &self.cells[column];
        let listed = cell.deviation.as_ref().filter(|_| cell.category == "known").map(|(_, _, ids)| ids);
        listed.unwrap_or(&self.requirements).iter().map(String::as_str)
    }
}

/// Returns the page of a run.
pub(super) fn of_run(report: &Report) -> Page {
    let row = |scenario: &ScenarioEntry| {
        let beside = column_beside(report, scenario);
        let differs = scenario.results.iter().any(|result| is_different(&result.judgement));
        let cells = scenario.results.iter().enumerate().map(|(column, result)| {
            let Judgement { verdict, run, .. } = &result.judgement;
            let is_shown = match verdict {
                None => false,
                Some(Verdict::Pass) => differs && beside == Some(column),
                Some(_) => true,
            };
            Cell {
                category: verdict.map_or("none", Verdict::word),
                words: result.judgement.words(),
                deviation: deviation(result),
                run: run.as_ref().filter(|_| is_shown).map(|run| shown(&result.judgement, run)),
                before: None,
            }
        });
        row(scenario, cells.collect())
    };
    Page {
        title: "Conformance with daemontools".to_owned(),
        facts: facts(report),
        is_comparison: false,
        legend: Verdict::ALL.map(|verdict| (verdict.word(), meaning(verdict))).to_vec(),
        categories: Verdict::ALL.map(Verdict::word).to_vec(),
        columns: report.targets.iter().map(|target| column(report, &target.name)).collect(),
        requirements: promises(report),
        rows: report.scenarios.iter().map(row).collect(),
    }
}

/// Returns the page of the differences between two runs.
pub(super) fn of_changes(old: &Report, new: &Report, changes: &[Change]) -> Page {
    let mut names: Vec<&str> = vec![];
    for target in new.targets.iter().chain(&old.targets) {
        if !names.contains(&target.name.as_str()) {
            names.push(&target.name);
        }
    }
    let changed: BTreeSet<&str> = changes.iter().map(|change| change.scenario.as_str()).collect();
    let is_in_new = |id: &str| new.scenarios.iter().any(|scenario| scenario.id == id);
    let gone = old.scenarios.iter().filter(|scenario| !is_in_new(&scenario.id));
    let rows = new.scenarios.iter().chain(gone).filter(|scenario| changed.contains(scenario.id.as_str()));
    let rows = rows.map(|scenario| {
        let cells = names.iter().map(|name| {
            let change = changes.iter().find(|change| change.scenario == scenario.id && change.target == *name);
            changed_cell(find(old, &scenario.id, name), find(new, &scenario.id, name), change)
        });
        row(scenario, cells.collect())
    });
    let bad = changes.iter().filter(|change| change.kind.is_bad()).count();
    let mut sentences = vec![match changes.len() {
        0 => "Nothing changed.".to_owned(),
        all => format!("{all} changes, {bad} of them for the worse."),
    }];
    for (which, report) in [("Before", old), ("After", new)] {
        sentences.push(format!("{which}: {}", facts(report).join(" ")));
    }
    let mut requirements = promises(old);
    requirements.append(&mut promises(new));
    let rows: Vec<Row> = rows.collect();
    requirements.retain(|id, _| rows.iter().any(|row| row.requirements.contains(id)));
    Page {
        title: "What changed in conformance with daemontools".to_owned(),
        facts: sentences,
        is_comparison: true,
        legend: Kind::ALL.map(|kind| (slug(kind), meaning_of_change(kind))).to_vec(),
        categories: Kind::ALL.map(slug).into_iter().chain(["same"]).collect(),
        columns: names.iter().map(|name| column(new, name)).collect(),
        requirements,
        rows,
    }
}

fn find<'r>(report: &'r Report, scenario: &str, target: &str) -> Option<&'r TargetResult> {
    let results = &report.scenarios.iter().find(|entry| entry.id == scenario)?.results;
    results.iter().find(|result| result.target == target && result.judgement.verdict.is_some())
}

fn changed_cell(old: Option<&TargetResult>, new: Option<&TargetResult>, change: Option<&Change>) -> Cell {
    let of = |result: Option<&TargetResult>| {
        let judgement = &result?.judgement;
        judgement.run.as_ref().map(|run| shown(judgement, run))
    };
    let words = |result: Option<&TargetResult>| result.map_or_else(|| "-".to_owned(), |one| one.judgement.words());
    match change {
        Some(change) => Cell {
            category: slug(change.kind),
            words: format!("{} \u{2192} {}", change.verdicts.0, change.verdicts.1),
            deviation: new.or(old).and_then(deviation),
            run: of(new),
            before: of(old),
        },
        None => Cell {
            category: if old.or(new).is_some() { "same" } else { "none" },
            words: words(new),
            deviation: new.and_then(deviation),
            run: None,
            before: None,
        },
    }
}

/// Returns the word for a kind of change, in one piece.
fn slug(kind: Kind) -> &'static str {
    match kind {
        Kind::NewlySkipped => "newly-skipped",
        Kind::Regressed | Kind::Flaky | Kind::Gone | Kind::Fixed | Kind::New => kind.word(),
    }
}

fn meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "The target meets the requirements.",
        Verdict::Known => "The target does not meet them. A list of known differences says so and gives the reason.",
        Verdict::Skip => "Nothing was tried, because the target lacks a command or the machine lacks something.",
        Verdict::Stale => {
            "The target meets the requirements, although a list of known differences says that it does not."
        }
        Verdict::Fail => "The target does not meet the requirements.",
        Verdict::Timeout => "The target did not finish in time.",
        Verdict::Error => "svconform or the machine failed. This says nothing about the target.",
    }
}

fn meaning_of_change(kind: Kind) -> &'static str {
    match kind {
        Kind::Regressed => "It was as expected before, and is not now.",
        Kind::Flaky => "Its runs differ in their verdicts.",
        Kind::NewlySkipped => "It ran before, and was skipped now.",
        Kind::Gone => "It ran before, and did not run now.",
        Kind::Fixed => "It was not as expected before, and is now.",
        Kind::New => "It did not run before.",
    }
}

fn row(scenario: &ScenarioEntry, cells: Vec<Cell>) -> Row {
    Row {
        id: scenario.id.clone(),
        group: group(scenario).to_owned(),
        class: scenario.class.word(),
        does: scenarios::find(&scenario.id).map_or("", |scenario| scenario.does),
        requirements: scenario.requirements.clone(),
        cells,
    }
}

fn column(report: &Report, name: &str) -> Column {
    Column {
        name: name.to_owned(),
        is_baseline: report.baseline.as_deref() == Some(name),
        again: report.again("", name),
    }
}

/// Returns the column whose transcript stands beside those of others: the baseline's, or that of the first target that passed.
fn column_beside(report: &Report, scenario: &ScenarioEntry) -> Option<usize> {
    let baseline = scenario.results.iter().position(|result| Some(&result.target) == report.baseline.as_ref());
    let passed = |result: &TargetResult| result.judgement.verdict == Some(Verdict::Pass);
    baseline.or_else(|| scenario.results.iter().position(passed))
}

/// Returns whether a transcript is worth comparing with another.
fn is_different(judgement: &Judgement) -> bool {
    judgement.verdict.is_some_and(|verdict| !matches!(verdict, Verdict::Pass | Verdict::Skip))
}

fn deviation(result: &TargetResult) -> Option<(String, String, Vec<String>)> {
    let entry = result.deviation.as_ref()?;
    let kind = serde_json::to_value(entry.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned));
    let reason = entry.reason.split_whitespace().collect::<Vec<_>>().join(" ");
    Some((kind.unwrap_or_default(), reason, entry.requirements.clone()))
}

fn shown(judgement: &Judgement, run: &Run) -> Shown {
    let facts = run.failure.iter().flat_map(crate::outcome::Failure::facts);
    let steps = run.steps.iter().take(MOST_STEPS);
    Shown {
        words: judgement.words(),
        facts: facts.map(|(label, fact)| (label, cut(fact))).collect(),
        steps: steps.map(|step| (step.at, cut(&step.did), cut(&step.saw))).collect(),
        left_out: run.steps.len().saturating_sub(MOST_STEPS),
        files: run.files.iter().map(|file| (file.name.clone(), file.line())).collect(),
    }
}

/// Returns the beginning of `text`, with its length if that is not all.
fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}\u{2026} ({} bytes in all)", &text[..end], text.len()),
    }
}

fn promises(report: &Report) -> BTreeMap<String, Promise> {
    let ids = report.scenarios.iter().flat_map(|scenario| &scenario.requirements);
    let promise = |id: &String| {
        let found = requirement::find(id);
        let promise = Promise {
            class: found.map_or("", |one| one.class.word()),
            promise: found.map_or("", |one| one.promise),
            source: found.map_or("", |one| one.source),
        };
        (id.clone(), promise)
    };
    ids.map(promise).collect()
}

fn facts(report: &Report) -> Vec<String> {
    let seconds = std::time::Duration::from_millis(report.milliseconds).as_secs_f64();
    let (scenarios, targets) = (report.scenarios.len(), report.targets.len());
    let level = match report.scenarios.iter().all(|scenario| scenario.class == Class::Doc) {
        true => ", only those for promises of the manual,",
        false => "",
    };
    let mut facts = vec![format!(
        "{scenarios} scenarios{level} on {targets} targets in {seconds:.1} s, svconform {}.",
        report.svconform
    )];
    if let Some(baseline) = &report.baseline {
        facts.push(format!("Compared with {baseline}."));
    }
    if report.interrupted {
        facts.push("Interrupted: only the scenarios that finished have a verdict.".to_owned());
    }
    if let Some(kept) = &report.kept {
        facts.push(format!("Directories kept in {kept}."));
    }
    facts
}
