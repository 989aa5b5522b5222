//! How soon things happen: a new service starts, a killed one restarts, a command is obeyed.

use super::fleet::{Fleet, Life};
use super::subject::{Figure, Samples, Site, Subject, millis};
use crate::outcome::Failure;
use crate::probe::{Event, What};
use crate::world::send_signal;
use nix::sys::signal::Signal;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How many new services one round lists.
const LINKS: u32 = 8;
/// The time in which they are listed, at moments that are spread evenly: svscan of the original scans every five seconds.
const SPAN: Duration = Duration::from_secs(5);
/// How many services one round kills, and to how many it sends a command.
const TRIES: usize = 4;
const DEADLINE: Duration = Duration::from_secs(60);

pub(super) const SUBJECTS: &[Subject] = &[
    Subject {
        id: "latency/symlink",
        figures: &[Figure::lower("latency/symlink", "ms", "a new symlink to the start of its service")],
        commands: &["svscan"],
        deadline: DEADLINE,
        measure: symlink,
    },
    Subject {
        id: "latency/restart",
        figures: &[Figure::lower("latency/restart", "ms", "kill -9 of a settled service to its restart")],
        commands: &["svscan"],
        deadline: DEADLINE,
        measure: restart,
    },
    Subject {
        id: "latency/command",
        figures: &[Figure::lower("latency/command", "ms", "svc -t right after a start to the TERM in the service")],
        commands: &["supervise", "svc"],
        deadline: DEADLINE,
        measure: command,
    },
];

fn symlink(site: &Site) -> Result<Vec<Samples>, Failure> {
    let fleet = Fleet::new(site, LINKS as usize + 1, Life::Steady)?;
    let (last, others) = (LINKS as usize, 0..LINKS as usize);
    fleet.list(last)?;
    fleet.svscan()?;
    // svscan has scanned once when this service is up.
    fleet.arrivals(1)?;
    let begin = Instant::now();
    let mut arrived = BTreeMap::new();
    let mut listed = vec![];
    for index in others {
        let step = u32::try_from(index).unwrap_or(0) + 1;
        let arrivals = fleet.arrivals_until(begin + SPAN * step / LINKS)?;
        arrived.extend(arrivals.into_iter().map(|arrival| (arrival.name, arrival.at)));
        listed.push(Instant::now());
        fleet.list(index)?;
    }
    let missing = listed.len() - arrived.len();
    arrived.extend(fleet.arrivals(missing)?.into_iter().map(|arrival| (arrival.name, arrival.at)));
    let times = listed.iter().enumerate().filter_map(|(index, listed)| {
        arrived.get(&format!("service-{index}")).map(|at| millis(at.saturating_duration_since(*listed)))
    });
    Ok(vec![times.collect()])
}

fn restart(site: &Site) -> Result<Vec<Samples>, Failure> {
    let fleet = Fleet::new(site, TRIES, Life::Steady)?;
    (0..TRIES).try_for_each(|index| fleet.list(index))?;
    fleet.svscan()?;
    let arrivals = fleet.distinct_arrivals(TRIES)?;
    fleet.settle()?;
    let mut times = vec![];
    for arrival in arrivals {
        let begin = Instant::now();
        send_signal(arrival.pid, Signal::SIGKILL)?;
        let back = fleet.arrivals(1)?;
        times.extend(back.first().map(|back| millis(back.at - begin)));
    }
    Ok(vec![times])
}

/// Only a probe can tell when a signal reached it.
fn command(site: &Site) -> Result<Vec<Samples>, Failure> {
    let mut times = vec![];
    for index in 0..TRIES {
        let service = site.world.service(&format!("service-{index}"), "survive TERM")?;
        service.start_supervise()?;
        service.until_started()?;
        let begin = site.world.monotonic();
        service.svc("-t")?;
        service.until_signals(&["TERM"])?;
        let is_signal = |event: &Event| matches!(event.what, What::Signal(_));
        let at = service.events().into_iter().find(is_signal).map_or(begin, |event| event.at);
        times.push(millis(Duration::from_nanos(at.saturating_sub(begin))));
    }
    Ok(vec![times])
}
