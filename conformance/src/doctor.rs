//! What this machine lacks, and for how many scenarios: known before a run, from what scenarios say that they use.

use crate::commands::tool;
use crate::outcome::FailureKind;
use crate::run::{self, RunOptions};
use crate::scenario::{Scenario, Use};
use crate::scenarios::needs::{TRIALS, Trial};
use crate::target::Target;
use std::io;

/// Something that this machine lacks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lack {
    /// What it is, in a word or two.
    name: &'static str,
    /// What to do about it.
    remedy: &'static str,
    /// What the trial found.
    reason: String,
    /// The scenarios that will be skipped.
    scenarios: Vec<&'static str>,
}

/// Tries everything that `scenarios` use of this machine, and returns what it lacks.
///
/// # Errors
/// If nothing can be tried, such as without a usable directory for temporary files.
pub(crate) fn examine(scenarios: &[&'static Scenario]) -> io::Result<Vec<Lack>> {
    let uses = |trial: &&Trial| scenarios.iter().any(|scenario| scenario.uses.contains(&trial.of));
    let trials: Vec<&Trial> = TRIALS.iter().filter(uses).collect();
    let tried: Vec<&Scenario> = trials.iter().map(|trial| &trial.scenario).collect();
    // The trials run programs that every system has.
    let machine: Target = "machine=/bin".parse().map_err(io::Error::other)?;
    let options = RunOptions { jobs: 1, scale: 1.0, fail_fast: false, keep: false, repeat: 1, shuffle: None };
    let results = run::run(&tried, &[machine], &options, &|_, _, _| true)?;
    if results.interrupted {
        return Err(io::Error::from(io::ErrorKind::Interrupted));
    }
    let lacks = trials.into_iter().zip(results.runs).filter_map(|(trial, mut runs)| {
        let failure = runs.pop()?.pop()?.failure?;
        // Processes that a trial leaves behind say nothing about the machine.
        let is_lack = failure.kind != FailureKind::Mismatch;
        is_lack.then(|| lack(trial, failure.actual, scenarios))
    });
    Ok(lacks.collect())
}

fn lack(trial: &'static Trial, reason: String, scenarios: &[&'static Scenario]) -> Lack {
    let is_program_missing = matches!(trial.of, Use::Tool(name) if tool(name).is_none());
    let remedy = if is_program_missing || trial.remedy.is_empty() { trial.package } else { trial.remedy };
    let users = scenarios.iter().filter(|scenario| scenario.uses.contains(&trial.of));
    Lack { name: trial.name, remedy, reason, scenarios: users.map(|scenario| scenario.id).collect() }
}

/// Returns a line for each of `lacks`; with `is_verbose` also the reason and the scenarios. `count` scenarios were asked
/// about.
pub(crate) fn render(lacks: &[Lack], count: usize, is_verbose: bool) -> String {
    if lacks.is_empty() {
        return format!("nothing is missing: this machine can run {count} of {count} scenarios\n");
    }
    let mut text = String::new();
    for Lack { name, remedy, reason, scenarios } in lacks {
        text += &format!("{name:14}  {:3} scenarios  {remedy}\n", scenarios.len());
        if is_verbose {
            text += &format!("  {}\n", reason.trim_end());
            scenarios.iter().for_each(|id| text += &format!("    {id}\n"));
        }
    }
    let mut skipped: Vec<&str> = lacks.iter().flat_map(|lack| lack.scenarios.iter().copied()).collect();
    skipped.sort_unstable();
    skipped.dedup();
    text + &format!("this machine can run {} of {count} scenarios\n", count - skipped.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenarios;

    #[test]
    fn a_lack_is_a_line_with_its_remedy_and_scenarios_are_counted_once() {
        let all: Vec<&Scenario> = scenarios::all().collect();
        let lacks: Vec<Lack> =
            TRIALS.iter().map(|trial| lack(trial, "this machine lacks it".to_owned(), &all)).collect();
        let text = render(&lacks, all.len(), false);
        assert_eq!(text.lines().count(), TRIALS.len() + 1, "{text}");
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        let without: usize =
            all.iter().filter(|one| one.uses.iter().all(|used| matches!(used, Use::Command(_)))).count();
        assert!(text.ends_with(&format!("this machine can run {without} of {} scenarios\n", all.len())), "{text}");
        let verbose = render(&lacks, all.len(), true);
        assert!(verbose.contains("  this machine lacks it\n    "), "{verbose}");
        assert!(verbose.contains("\n    svscanboot/"), "{verbose}");
    }

    #[test]
    fn nothing_missing_is_said() {
        assert_eq!(render(&[], 5, true), "nothing is missing: this machine can run 5 of 5 scenarios\n");
    }
}
