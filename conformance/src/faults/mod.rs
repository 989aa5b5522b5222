//! The fault matrix: the life of a program, once for each system call in it, each with that call failing once.
//!
//! A life is a function that starts a program of the target under strace, uses it for what it is there for, and checks what must
//! hold whatever fails: at its start the program exits 111 with a message, or goes on as if nothing had happened; a service is as
//! wanted, what svstat prints is true, commands are obeyed; no descriptor leaks, no zombie stays, the program is not busy; a
//! client says what it could not do; no byte is lost in silence.
//!
//! `faults/PROGRAM/LIFE` runs the life without a fault, and notes the cells that follow from its system calls.
//! `faults/PROGRAM/LIFE/CALL/NUMBER/ERROR` is a cell: it runs the life with occurrence NUMBER of CALL failing with ERROR. Both are
//! scenarios, which a worker runs as any other. A report has a line for each `faults/PROGRAM/LIFE/CALL`, the cells of one call.
//!
//! Which cells there are depends on the target alone, so nothing here knows which build it tests. System calls before a
//! program's own code are left out: the loader and the runtime fail there, without a way to tell anybody.

mod calls;
mod errno;
mod lives;
mod tracing;

use crate::outcome::{Failure, FailureKind, Outcome, Run};
use crate::scenario::{Scenario, Use};
use crate::transcript::Step;
use crate::verdict::Cells;
use crate::world::World;
use calls::Cell;
use tracing::Tracing;

/// How the ids begin.
const PREFIX: &str = "faults/";
/// How the step begins that notes the cells of a group.
const CELLS_OF: &str = "cells of ";

/// A life of a program.
struct Life {
    /// The id without its prefix: the program and a word.
    id: &'static str,
    requirements: &'static [&'static str],
    uses: &'static [Use],
    does: &'static str,
    run: fn(&World, &Tracing<'_>) -> Outcome,
}

/// A cell of a target, or all cells of a call.
#[derive(Debug)]
pub(crate) struct Group {
    /// The id: `faults/PROGRAM/LIFE/CALL`.
    pub(crate) id: String,
    /// The scenarios of its cells.
    pub(crate) cells: Vec<&'static Scenario>,
}

fn lives() -> impl Iterator<Item = &'static Life> {
    lives::ALL.iter().flat_map(|lives| lives.iter())
}

/// Returns the life that `id` begins with, and the rest of the id.
fn life(id: &str) -> Option<(&'static Life, &str)> {
    let rest = id.strip_prefix(PREFIX)?;
    lives().find_map(|life| {
        let rest = rest.strip_prefix(life.id)?;
        Some((life, rest.strip_prefix('/').or(rest.is_empty().then_some(rest))?))
    })
}

/// Returns the scenario `id` if it is that of a life or a cell, or of all cells of a call, which a deviation may name.
pub(crate) fn find(id: &str) -> Option<&'static Scenario> {
    let (life, rest) = life(id)?;
    let is_call = !rest.contains('/');
    (is_call || rest.parse::<Cell>().is_ok()).then(|| scenario(life, id.to_owned()))
}

fn scenario(life: &'static Life, id: String) -> &'static Scenario {
    Box::leak(Box::new(Scenario {
        id: String::leak(id),
        requirements: life.requirements,
        uses: life.uses,
        does: life.does,
        run,
        program: life.id.split('/').next(),
        // With a pause of a minute before a fork is tried again.
        deadline: Scenario::ORDINARY.deadline * 6,
        ..Scenario::ORDINARY
    }))
}

/// Returns whether `filter` selects lives or calls and not one cell, so that all cells have to be found out first.
pub(crate) fn is_matrix(filter: &str) -> bool {
    filter.starts_with(PREFIX) && life(filter).is_none_or(|(_, rest)| rest.parse::<Cell>().is_err())
}

/// Returns the scenarios of all lives that one of `filters` selects, or of all lives without filters: by a part of the id, by a
/// requirement, or by the beginning of the ids of cells.
pub(crate) fn select(filters: &[String]) -> Vec<&'static Scenario> {
    let all = lives().map(|life| scenario(life, format!("{PREFIX}{}", life.id)));
    all.filter(|life| {
        let is_selected = |filter: &String| life.matches(filter) || filter.starts_with(&format!("{}/", life.id));
        filters.is_empty() || filters.iter().any(is_selected)
    })
    .collect()
}

/// Returns the cells that follow from `run`, a run of the life `id` without a fault, as far as one of `filters` selects them.
pub(crate) fn groups(id: &str, run: &Run, filters: &[String]) -> Vec<Group> {
    let is_selected = |cell: &str| {
        let selects = |filter: &String| cell.contains(filter.as_str()) || !filter.contains('/') || id.contains(filter);
        filters.is_empty() || filters.iter().any(selects)
    };
    let steps = run.steps.iter().filter_map(|step| Some((step.did.strip_prefix(CELLS_OF)?, &step.saw)));
    let groups = steps.map(|(group, cells)| {
        let group = format!("{id}/{group}");
        let ids = cells.split(' ').map(|cell| format!("{group}/{cell}")).filter(|cell| is_selected(cell));
        Group { cells: ids.filter_map(|cell| find(&cell)).collect(), id: group }
    });
    groups.filter(|group| !group.cells.is_empty()).collect()
}

/// Leaves `count` cells in `groups`, chosen by `seed`.
pub(crate) fn sample(groups: &mut Vec<Group>, count: usize, seed: u64) {
    let total = groups.iter().map(|group| group.cells.len()).sum();
    let mut order: Vec<usize> = (0..total).collect();
    // Fisher and Yates, with the generator SplitMix64.
    let mut state = seed;
    for last in (1..total).rev() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        order.swap(last, usize::try_from(mixed % (last as u64 + 1)).unwrap_or(last));
    }
    let mut chosen = vec![false; total];
    order.iter().take(count).for_each(|&index| chosen[index] = true);
    let mut chosen = chosen.into_iter();
    for group in groups.iter_mut() {
        group.cells.retain(|_| chosen.next().unwrap_or(false));
    }
    groups.retain(|group| !group.cells.is_empty());
}

/// Returns one run for all cells of `group`, whose runs are `runs`, and how many of them failed. Its transcript has a step for
/// each cell.
pub(crate) fn merged(group: &Group, runs: &[Option<Run>]) -> (Run, Cells) {
    let mut merged = Run { failure: None, steps: vec![], files: vec![], milliseconds: 0 };
    let mut count = Cells { total: 0, failed: 0 };
    for (cell, run) in group.cells.iter().zip(runs) {
        let Some(run) = run else { continue };
        count.total += 1;
        let tail = cell.id.strip_prefix(&*group.id).unwrap_or(cell.id).trim_start_matches('/');
        let expression = life(cell.id).and_then(|(_, rest)| rest.parse::<Cell>().ok()).map(|cell| cell.expression());
        let saw = match &run.failure {
            None => "as it should be".to_owned(),
            Some(failure) => {
                let expression = expression.unwrap_or_default();
                format!("{}; actual {}; strace -e {expression}; again: {}", failure.sentence(), failure.actual, cell.id)
            }
        };
        merged.steps.push(Step { at: merged.milliseconds, did: tail.to_owned(), saw });
        merged.milliseconds += run.milliseconds;
        if let Some(failure) = &run.failure {
            count.failed += 1;
            if merged.failure.as_ref().is_none_or(|worst| severity(worst) < severity(failure)) {
                merged.failure =
                    Some(Failure { actual: format!("{}, with {tail}", failure.actual), ..failure.clone() });
                merged.files.clone_from(&run.files);
            }
        }
    }
    (merged, count)
}

/// A timeout is a violation as any other. A failure of the suite is more than that.
fn severity(failure: &Failure) -> u8 {
    match failure.kind {
        FailureKind::Missing => 0,
        FailureKind::Mismatch | FailureKind::Timeout => 1,
        FailureKind::Broken => 2,
    }
}

fn run(world: &World) -> Outcome {
    let (life, rest) = life(world.id()).ok_or_else(|| Failure::broken("an id without a life"))?;
    let cell = match rest.parse() {
        _ if rest.is_empty() => None,
        Ok(cell) => Some(cell),
        Err(()) => return Err(Failure::broken("the cells of a call are run one by one")),
    };
    (life.run)(world, &Tracing::new(world, cell))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirement;

    #[test]
    fn a_life_has_requirements_and_a_program_that_it_uses() {
        for life in lives() {
            assert!(life.requirements.iter().all(|id| requirement::find(id).is_some()), "{}", life.id);
            let program = life.id.split('/').next().unwrap();
            assert!(scenario(life, String::new()).uses_command(program), "{}", life.id);
            assert!(life.does.ends_with('.'), "{}", life.id);
            assert!(select(&[]).iter().filter(|one| one.id == format!("{PREFIX}{}", life.id)).count() == 1);
        }
        for command in crate::commands::ALL {
            assert!(lives().any(|life| life.id.split('/').next() == Some(command)), "no life of {command}");
        }
    }

    #[test]
    fn ids_lead_to_lives_and_cells() {
        assert!(find("faults/svok/up").is_some());
        assert!(find("faults/svok/up/openat/1/EIO").is_some());
        for wrong in ["faults/svok", "faults/svok/upper", "svok/up", "faults/svok/up/x y/1/EIO"] {
            assert!(find(wrong).is_none(), "{wrong}");
        }
        assert!(is_matrix("faults/svok") && is_matrix("faults/svok/up/openat"));
        assert!(!is_matrix("faults/svok/up/openat/1/EIO") && !is_matrix("svok"));
    }

    fn run_of(failure: Option<Failure>, steps: &[(&str, &str)]) -> Run {
        let steps = steps.iter().map(|(did, saw)| Step { at: 0, did: (*did).to_owned(), saw: (*saw).to_owned() });
        Run { failure, steps: steps.collect(), files: vec![], milliseconds: 1 }
    }

    fn groups_of(filters: &[&str]) -> Vec<Group> {
        let run = run_of(None, &[("other", "x"), ("cells of openat", "1/EIO 2/EIO"), ("cells of chdir", "1/EIO")]);
        let filters: Vec<String> = filters.iter().map(|&filter| filter.to_owned()).collect();
        groups("faults/svok/up", &run, &filters)
    }

    #[test]
    fn cells_are_selected_by_the_beginning_of_their_ids() {
        let count = |filters: &[&str]| groups_of(filters).iter().map(|group| group.cells.len()).sum::<usize>();
        assert_eq!((count(&[]), count(&["faults/svok"]), count(&["GEN-01"])), (3, 3, 3));
        assert_eq!((count(&["faults/svok/up/openat"]), count(&["faults/svok/up/chdir/1/EIO"])), (2, 1));
    }

    #[test]
    fn a_sample_follows_from_its_seed() {
        let ids = |seed| {
            let mut groups = groups_of(&[]);
            sample(&mut groups, 2, seed);
            groups.iter().flat_map(|group| group.cells.iter().map(|cell| cell.id)).collect::<Vec<_>>()
        };
        assert_eq!(ids(1).len(), 2);
        assert_eq!(ids(1), ids(1));
        assert!((2..20).any(|seed| ids(seed) != ids(1)));
    }

    #[test]
    fn violations_are_counted_and_the_first_is_the_failure() {
        let group = &groups_of(&["faults/svok/up/openat"])[0];
        let violation = Failure::mismatch("up", "down");
        let runs = [Some(run_of(None, &[])), Some(run_of(Some(violation), &[]))];
        let (merged, cells) = merged(group, &runs);
        assert_eq!((cells.total, cells.failed, merged.steps.len()), (2, 1, 2));
        assert_eq!(merged.failure.unwrap().actual, "down, with 2/EIO");
        assert!(
            merged.steps[1]
                .saw
                .ends_with("strace -e inject=openat:error=EIO:when=2; again: faults/svok/up/openat/2/EIO")
        );
    }
}
