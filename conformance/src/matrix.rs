//! Runs the fault matrix: the cells that follow from the lives of each target, and their part of a report.

use crate::deviations::{self, Deviations};
use crate::faults::{self, Group};
use crate::outcome;
use crate::report::{ScenarioEntry, TargetResult};
use crate::run::{self, Results, RunOptions};
use crate::scenario::Scenario;
use crate::target::Target;
use crate::verdict::{Cells, Judgement};
use std::io;

/// Which cells to run.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    /// Parts of ids.
    pub(crate) filters: &'a [String],
    /// How many, if not all.
    pub(crate) cells: Option<usize>,
    /// What decides which ones.
    pub(crate) seed: u64,
}

/// The cells that were run.
#[derive(Debug, Default)]
pub(crate) struct Matrix {
    calls: Vec<Call>,
    /// Whether a signal interrupted the run.
    pub(crate) interrupted: bool,
    /// Whether only some cells were run.
    is_sample: bool,
}

/// A system call in a life.
#[derive(Debug)]
struct Call {
    group: Group,
    /// What came of its cells on each target that makes this call, by the index of the target.
    results: Vec<(usize, outcome::Run, Cells)>,
}

/// Runs the cells that follow from `lives`, the runs of `selected` without a fault, on each target. A cell that fails is run
/// once more, with fewer beside it: what does not happen again says more about this machine than about the target.
///
/// # Errors
/// If the suite itself cannot work.
pub(crate) fn run(
    selected: &[&Scenario],
    lives: &Results,
    targets: &[Target],
    options: &RunOptions,
    plan: &Plan<'_>,
) -> io::Result<Matrix> {
    let mut matrix = Matrix { is_sample: plan.cells.is_some(), ..Matrix::default() };
    for (index, target) in targets.iter().enumerate() {
        let good = |runs: &Vec<Vec<outcome::Run>>| runs[index].iter().find(|run| run.failure.is_none()).cloned();
        let lives = selected.iter().zip(&lives.runs).filter_map(|(life, runs)| Some((life.id, good(runs)?)));
        let mut groups: Vec<Group> = lives.flat_map(|(id, run)| faults::groups(id, &run, plan.filters)).collect();
        if let Some(count) = plan.cells {
            faults::sample(&mut groups, count, plan.seed);
        }
        let cells: Vec<&Scenario> = groups.iter().flat_map(|group| group.cells.iter().copied()).collect();
        let mut runs = matrix.run_cells(&cells, target, options)?;
        let has_failed = |run: &Option<outcome::Run>| run.as_ref().is_some_and(|run| run.failure.is_some());
        let failed: Vec<usize> = (0..cells.len()).filter(|&cell| has_failed(&runs[cell])).collect();
        let again: Vec<&Scenario> = failed.iter().map(|&cell| cells[cell]).collect();
        let fewer = RunOptions { jobs: options.jobs.div_ceil(3), ..*options };
        for (cell, second) in failed.into_iter().zip(matrix.run_cells(&again, target, &fewer)?) {
            runs[cell] = second.or(runs[cell].take());
        }
        let mut runs = runs.into_iter();
        for group in groups {
            let (run, cells) = faults::merged(&group, &runs.by_ref().take(group.cells.len()).collect::<Vec<_>>());
            let known = matrix.calls.iter().position(|call| call.group.id == group.id);
            let call = known.unwrap_or_else(|| {
                matrix.calls.push(Call { group, results: vec![] });
                matrix.calls.len() - 1
            });
            matrix.calls[call].results.push((index, run, cells));
        }
    }
    matrix.calls.retain(|call| call.results.iter().any(|(.., cells)| cells.total > 0));
    Ok(matrix)
}

impl Matrix {
    /// Runs `cells` on `target`, none after an interruption. Returns the run of each, with `--repeat` the first that failed.
    fn run_cells(
        &mut self,
        cells: &[&Scenario],
        target: &Target,
        options: &RunOptions,
    ) -> io::Result<Vec<Option<outcome::Run>>> {
        if self.interrupted || cells.is_empty() {
            return Ok(vec![None; cells.len()]);
        }
        let options = RunOptions { shuffle: None, ..*options };
        let results = run::run(cells, std::slice::from_ref(target), &options, &|_, _, run| run.failure.is_none())?;
        self.interrupted |= results.interrupted;
        let worst = |runs: Vec<outcome::Run>| {
            let failed = runs.iter().position(|run| run.failure.is_some()).unwrap_or(0);
            runs.into_iter().nth(failed)
        };
        Ok(results.runs.into_iter().map(|of_targets| worst(of_targets.into_iter().flatten().collect())).collect())
    }

    /// Returns an entry of a report for each call.
    pub(crate) fn entries(self, targets: &[Target], lists: &[Deviations]) -> Vec<ScenarioEntry> {
        let is_sample = self.is_sample;
        let entry = |Call { group, mut results }: Call| {
            let scenario = group.cells[0];
            let result = |(index, target): (usize, &Target)| {
                let found = results.iter().position(|(of, ..)| *of == index).map(|found| results.swap_remove(found));
                let (run, cells) = found.map_or((None, None), |(_, run, cells)| (Some(run), Some(cells)));
                let has_failed = run.as_ref().is_some_and(|run| run.failure.is_some());
                let listed = deviations::entry(lists, target.judged(scenario), &group.id);
                // A sample may lack the cell that shows the difference.
                let listed = listed.filter(|_| has_failed || !is_sample);
                let judgement = Judgement { cells, ..Judgement::of(run.into_iter().collect(), listed.is_some()) };
                TargetResult { target: target.name.clone(), judgement, deviation: listed.cloned() }
            };
            ScenarioEntry {
                results: targets.iter().enumerate().map(result).collect(),
                id: group.id.clone(),
                requirements: scenario.requirements.iter().map(|&id| id.to_owned()).collect(),
                class: scenario.class(),
            }
        };
        self.calls.into_iter().map(entry).collect()
    }
}
