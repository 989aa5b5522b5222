//! The scenarios, a file per program or theme. To add one is to add an entry and a function to one of the files.

mod readers;
mod readproctitle;
mod supervise_clock;
mod supervise_control;
mod supervise_lifetime;
mod supervise_start;
mod svc;
mod svok;
mod svscan;
mod svscan_log;
mod svscanboot;
mod svstat;
pub(crate) mod upgrade;

use crate::random;
use crate::scenario::{Need, Scenario};
use std::collections::BTreeSet;

/// Every file's list.
const FILES: &[&[Scenario]] = &[
    readers::SCENARIOS,
    readproctitle::SCENARIOS,
    supervise_clock::SCENARIOS,
    supervise_control::SCENARIOS,
    supervise_lifetime::SCENARIOS,
    supervise_start::SCENARIOS,
    svc::SCENARIOS,
    svok::SCENARIOS,
    svscan::SCENARIOS,
    svscan_log::SCENARIOS,
    svscanboot::SCENARIOS,
    svstat::SCENARIOS,
    upgrade::SCENARIOS,
];

/// All scenarios.
pub(crate) fn all() -> impl Iterator<Item = &'static Scenario> {
    FILES.iter().copied().flatten().chain(random::corpus())
}

/// The scenario called `id`.
pub(crate) fn find(id: &str) -> Option<&'static Scenario> {
    all().find(|scenario| scenario.id == id).or_else(|| random::find(id))
}

/// The commands that scenarios need, each once, in the order of the alphabet.
pub(crate) fn commands() -> impl Iterator<Item = &'static str> {
    let needed = all().flat_map(|scenario| scenario.needs).filter_map(|need| match need {
        Need::Command(name) => Some(*name),
        Need::Tool(_) => None,
    });
    needed.collect::<BTreeSet<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirement;

    #[test]
    fn ids_are_unique_and_a_program_and_words() {
        let mut ids: Vec<&str> = all().map(|scenario| scenario.id).collect();
        for id in &ids {
            let (program, words) = id.split_once('/').unwrap();
            let is_word = |text: &str| {
                !text.is_empty()
                    && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            };
            assert!(is_word(program) && is_word(words), "{id}");
        }
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn each_scenario_proves_requirements_that_are_there_and_no_bugs() {
        for scenario in all() {
            assert!(!scenario.requirements.is_empty(), "{}", scenario.id);
            for id in scenario.requirements {
                let row = requirement::find(id).unwrap_or_else(|| panic!("{}: no {id}", scenario.id));
                assert_ne!(row.class, requirement::Class::Bug, "{} requires the bug {id}", scenario.id);
            }
            assert!(scenario.does.ends_with('.') && scenario.does.len() > 20, "{}", scenario.id);
        }
    }

    #[test]
    fn each_scenario_says_which_commands_it_needs() {
        for scenario in all() {
            assert!(scenario.needs.iter().any(|need| matches!(need, Need::Command(_))), "{}", scenario.id);
        }
    }

    #[test]
    fn each_requirement_is_proved_or_it_is_said_why_not() {
        for row in requirement::ALL.iter().filter(|row| row.class != requirement::Class::Bug) {
            let proved = all().any(|scenario| scenario.requirements.contains(&row.id));
            let explained = requirement::UNPROVEN.iter().any(|(id, _)| *id == row.id);
            assert!(proved != explained, "{}: proved {proved}, explained {explained}", row.id);
        }
    }
}
