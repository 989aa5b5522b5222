//! The scenarios, a file per program or theme. To add one is to add an entry and a function to one of the files.

mod readproctitle;
mod supervise_control;
mod supervise_lifetime;
mod supervise_start;
mod svc;
mod svok;
mod svscan;
mod svscan_log;
mod svscanboot;
mod svstat;

use crate::scenario::{Need, Scenario};

/// Every file's list.
const FILES: &[&[Scenario]] = &[
    readproctitle::SCENARIOS,
    supervise_control::SCENARIOS,
    supervise_lifetime::SCENARIOS,
    supervise_start::SCENARIOS,
    svc::SCENARIOS,
    svok::SCENARIOS,
    svscan::SCENARIOS,
    svscan_log::SCENARIOS,
    svscanboot::SCENARIOS,
    svstat::SCENARIOS,
];

/// All scenarios.
pub(crate) fn all() -> impl Iterator<Item = &'static Scenario> {
    FILES.iter().copied().flatten()
}

/// The scenario called `id`.
pub(crate) fn find(id: &str) -> Option<&'static Scenario> {
    all().find(|scenario| scenario.id == id)
}

/// The commands that scenarios need.
pub(crate) fn commands() -> impl Iterator<Item = &'static str> {
    all().flat_map(|scenario| scenario.needs).filter_map(|need| match need {
        Need::Command(name) => Some(*name),
        Need::Tool(_) | Need::Root | Need::Unprivileged => None,
    })
}
