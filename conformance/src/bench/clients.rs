//! The clients of supervise, on one service and on many.

use super::fleet::{Fleet, Life};
use super::startup::time_runs;
use super::subject::{Figure, Samples, Site, Subject, millis};
use crate::outcome::Failure;
use std::time::Duration;

/// How often a client is run on one service, and on all.
const RUNS: (u32, u32) = (100, 10);
const DEADLINE: Duration = Duration::from_secs(60);

pub(super) const SUBJECTS: &[Subject] = &[
    Subject {
        id: "clients/svstat",
        figures: &[
            Figure::lower("clients/svstat/one", "ms", "svstat of one service"),
            Figure::lower("clients/svstat/all", "ms", "svstat of {N} services"),
        ],
        commands: &["svscan", "svstat"],
        deadline: DEADLINE,
        measure: |site| on_one_and_all(site, "svstat", &[]),
    },
    Subject {
        id: "clients/svc",
        figures: &[
            Figure::lower("clients/svc/one", "ms", "svc -u of one service"),
            Figure::lower("clients/svc/all", "ms", "svc -u of {N} services"),
        ],
        commands: &["svc", "svscan"],
        deadline: DEADLINE,
        // A command that changes nothing for a service that is up.
        measure: |site| on_one_and_all(site, "svc", &["-u"]),
    },
    Subject {
        id: "clients/svok",
        figures: &[
            Figure::lower("clients/svok/one", "ms", "svok of one service"),
            Figure::lower("clients/svok/all", "ms", "svok of {N} services, one after another"),
        ],
        commands: &["svok", "svscan"],
        deadline: DEADLINE,
        measure: svok,
    },
];

fn on_one_and_all(site: &Site, name: &str, options: &[&str]) -> Result<Vec<Samples>, Failure> {
    let (fleet, tree) = Fleet::up(site, Life::Steady)?;
    fleet.settle()?;
    tree.until_quiet(&site.world)?;
    let time = |directories: &[String], times| {
        let directories = directories.iter().map(String::as_str);
        let arguments: Vec<&str> = options.iter().copied().chain(directories).collect();
        time_runs(&site.world.commands().join(name), &arguments, site.world.directory(), times)
    };
    let directories = fleet.directories();
    let (one, all) = (time(&directories[..1], RUNS.0)?, time(&directories, RUNS.1)?);
    Ok([one, all].map(|time| vec![millis(time)]).into())
}

/// svok takes one directory only.
fn svok(site: &Site) -> Result<Vec<Samples>, Failure> {
    let (fleet, tree) = Fleet::up(site, Life::Steady)?;
    fleet.settle()?;
    tree.until_quiet(&site.world)?;
    let program = site.world.commands().join("svok");
    let time = |directory: &String, times| time_runs(&program, &[directory], site.world.directory(), times);
    let one = time(&fleet.directory(0), RUNS.0)?;
    let all = fleet.directories().iter().map(|directory| time(directory, 1)).sum::<Result<Duration, Failure>>()?;
    Ok([one, all].map(|time| vec![millis(time)]).into())
}
