//! The scenarios, a file per program or part of it. To add one, add an entry to the list of a file.

mod envdir;
mod envuidgid;
mod exec;
mod fghack;
mod multilog;
pub(crate) mod needs;
mod pgrphack;
mod readproctitle;
mod setlock;
mod setuidgid;
mod shared;
mod softlimit;
mod supervise;
mod svc;
mod svcheck;
mod svok;
mod svscan;
mod svscanboot;
mod svstat;
mod svstatus;
mod svwait;
mod tai64n;
mod tai64nlocal;
mod upgrade;

use crate::faults;
use crate::random;
use crate::scenario::Scenario;

/// The list of each file, with the file's path below this folder, with which the ids in it begin.
const FILES: &[(&str, &[Scenario])] = &[
    ("supervise/setup", supervise::setup::SCENARIOS),
    ("supervise/link", supervise::link::SCENARIOS),
    ("supervise/lock", supervise::lock::SCENARIOS),
    ("supervise/down", supervise::down::SCENARIOS),
    ("supervise/start", supervise::start::SCENARIOS),
    ("supervise/restart", supervise::restart::SCENARIOS),
    ("supervise/record", supervise::record::SCENARIOS),
    ("supervise/control", supervise::control::SCENARIOS),
    ("supervise/pause", supervise::pause::SCENARIOS),
    ("supervise/lifetime", supervise::lifetime::SCENARIOS),
    ("supervise/clock", supervise::clock::SCENARIOS),
    ("svscan/scan", svscan::scan::SCENARIOS),
    ("svscan/changes", svscan::changes::SCENARIOS),
    ("svscan/limits", svscan::limits::SCENARIOS),
    ("svscan/log", svscan::log::SCENARIOS),
    ("svscan/process1", svscan::process1::SCENARIOS),
    ("svc/client", svc::client::SCENARIOS),
    ("svc/effects", svc::effects::SCENARIOS),
    ("svstat/line", svstat::line::SCENARIOS),
    ("svstat/readers", svstat::readers::SCENARIOS),
    ("svok", svok::SCENARIOS),
    ("svscanboot", svscanboot::SCENARIOS),
    ("readproctitle", readproctitle::SCENARIOS),
    ("multilog/script", multilog::script::SCENARIOS),
    ("multilog/directory", multilog::directory::SCENARIOS),
    ("multilog/rotation", multilog::rotation::SCENARIOS),
    ("multilog/signals", multilog::signals::SCENARIOS),
    ("multilog/processor", multilog::processor::SCENARIOS),
    ("multilog/trouble", multilog::trouble::SCENARIOS),
    ("multilog/crash", multilog::crash::SCENARIOS),
    ("tai64n", tai64n::SCENARIOS),
    ("tai64nlocal", tai64nlocal::SCENARIOS),
    ("setuidgid", setuidgid::SCENARIOS),
    ("envuidgid", envuidgid::SCENARIOS),
    ("envdir", envdir::SCENARIOS),
    ("softlimit", softlimit::SCENARIOS),
    ("setlock", setlock::SCENARIOS),
    ("fghack", fghack::SCENARIOS),
    ("pgrphack", pgrphack::SCENARIOS),
    ("shared", shared::SCENARIOS),
    ("exec", exec::SCENARIOS),
    ("svstatus", svstatus::SCENARIOS),
    ("svwait", svwait::SCENARIOS),
    ("svcheck", svcheck::SCENARIOS),
    ("upgrade", upgrade::SCENARIOS),
];

/// Returns all scenarios.
pub(crate) fn all() -> impl Iterator<Item = &'static Scenario> {
    FILES.iter().flat_map(|(_, scenarios)| *scenarios).chain(random::corpus())
}

/// Returns the scenario called `id`.
pub(crate) fn find(id: &str) -> Option<&'static Scenario> {
    all().find(|scenario| scenario.id == id).or_else(|| random::find(id)).or_else(|| faults::find(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands;
    use crate::requirement::{self, Class};
    use std::path::Path;

    #[test]
    fn an_id_is_unique_and_leads_to_its_file() {
        for (file, scenarios) in FILES {
            let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/scenarios").join(file).with_extension("rs");
            assert!(source.is_file(), "{}", source.display());
            for scenario in *scenarios {
                let rest = scenario.id.strip_prefix(file).and_then(|rest| rest.strip_prefix('/')).unwrap_or_default();
                // Scenarios that are made from a table say which rule and which command.
                let parts: Vec<&str> = rest.split('/').collect();
                assert_eq!(
                    parts.len(),
                    if ["shared", "exec"].contains(file) { 2 } else { 1 },
                    "{} in {file}",
                    scenario.id
                );
                let in_words = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
                let is_in_words = |part: &&str| !part.is_empty() && part.bytes().all(in_words);
                assert!(parts.iter().all(is_in_words), "{} in {file}", scenario.id);
            }
        }
        let mut ids: Vec<&str> = all().map(|scenario| scenario.id).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn each_scenario_proves_requirements_that_exist_and_are_no_bugs() {
        for scenario in all() {
            assert!(!scenario.requirements.is_empty(), "{}", scenario.id);
            for id in scenario.requirements {
                let requirement = requirement::find(id).unwrap_or_else(|| panic!("{}: no {id}", scenario.id));
                assert_ne!(requirement.class, Class::Bug, "{} requires the bug {id}", scenario.id);
            }
            assert!(scenario.does.ends_with('.') && scenario.does.len() > 20, "{}", scenario.id);
        }
    }

    #[test]
    fn each_scenario_uses_a_command_and_judges_one() {
        for scenario in all() {
            let mut names = commands::ALL.iter().chain(commands::EXTENSIONS);
            assert!(names.any(|name| scenario.uses_command(name)), "{}", scenario.id);
            let judges = scenario.program();
            assert!(judges == "upgrade" || scenario.uses_command(judges), "{} judges {judges}", scenario.id);
        }
    }

    #[test]
    fn each_requirement_is_proved_or_has_a_reason_why_not() {
        for requirement in requirement::all().filter(|requirement| requirement.class != Class::Bug) {
            let is_proved = all().any(|scenario| scenario.requirements.contains(&requirement.id));
            let is_explained = requirement::UNPROVEN.iter().any(|(id, _)| *id == requirement.id);
            assert!(is_proved != is_explained, "{}: proved {is_proved}, explained {is_explained}", requirement.id);
        }
    }
}
