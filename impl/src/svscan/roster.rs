//! Which services are known and which of their supervises are alive. No I/O.

use crate::sys::Pid;
use std::collections::BTreeMap;

/// What makes a service one and the same, whatever it is called: the device and inode of its directory (SCAN-05).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id {
    /// `st_dev`.
    pub(crate) device: u64,
    /// `st_ino`.
    pub(crate) inode: u64,
}

/// The two supervises that a service may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// That of the directory itself.
    Main,
    /// That of its `log`.
    Log,
}

#[derive(Debug)]
struct Service<P> {
    seen: bool,
    main: Option<Pid>,
    /// Decided when the service is first seen (SCAN-09).
    log: Option<Log<P>>,
}

#[derive(Debug)]
struct Log<P> {
    pipe: P,
    pid: Option<Pid>,
}

/// All known services. `P` is the pipe from a service to its log.
#[derive(Debug)]
pub(crate) struct Roster<P> {
    services: BTreeMap<Id, Service<P>>,
    alive: BTreeMap<Pid, (Id, Side)>,
}

impl<P> Default for Roster<P> {
    fn default() -> Roster<P> {
        Roster { services: BTreeMap::new(), alive: BTreeMap::new() }
    }
}

impl<P> Roster<P> {
    /// A scan begins: nothing is seen yet.
    pub(crate) fn begin(&mut self) {
        for service in self.services.values_mut() {
            service.seen = false;
        }
    }

    /// Whether this service is known.
    pub(crate) fn knows(&self, id: Id) -> bool {
        self.services.contains_key(&id)
    }

    /// Makes a service known, with the pipe to its log if it has one.
    pub(crate) fn add(&mut self, id: Id, pipe: Option<P>) {
        let log = pipe.map(|pipe| Log { pipe, pid: None });
        self.services.insert(id, Service { seen: true, main: None, log });
    }

    /// A known service is seen: which of its sides have no supervise, the main one first.
    pub(crate) fn see(&mut self, id: Id) -> Vec<Side> {
        let Some(service) = self.services.get_mut(&id) else {
            return vec![];
        };
        service.seen = true;
        let main = service.main.is_none().then_some(Side::Main);
        let log = service.log.as_ref().is_some_and(|log| log.pid.is_none()).then_some(Side::Log);
        main.into_iter().chain(log).collect()
    }

    /// The pipe from a service to its log. It stays as long as the service is known (SCAN-08).
    pub(crate) fn pipe(&self, id: Id) -> Option<&P> {
        self.services.get(&id)?.log.as_ref().map(|log| &log.pipe)
    }

    /// A supervise was started.
    pub(crate) fn started(&mut self, id: Id, side: Side, pid: Pid) {
        self.set(id, side, Some(pid));
        self.alive.insert(pid, (id, side));
    }

    /// A process died. If it was no supervise of ours, nothing changes.
    pub(crate) fn died(&mut self, pid: Pid) {
        if let Some((id, side)) = self.alive.remove(&pid) {
            self.set(id, side, None);
        }
    }

    /// A scan is complete: forgets each service that was not seen and of which no supervise is left (SCAN-10).
    pub(crate) fn end(&mut self) {
        self.services.retain(|_, service| {
            service.seen || service.main.is_some() || service.log.as_ref().is_some_and(|log| log.pid.is_some())
        });
    }

    fn set(&mut self, id: Id, side: Side, pid: Option<Pid>) {
        let Some(service) = self.services.get_mut(&id) else {
            return;
        };
        match (side, &mut service.log) {
            (Side::Main, _) => service.main = pid,
            (Side::Log, Some(log)) => log.pid = pid,
            (Side::Log, None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEB: Id = Id { device: 1, inode: 10 };
    const DNS: Id = Id { device: 2, inode: 10 };

    fn pid(number: i32) -> Pid {
        Pid::from_raw(number)
    }

    /// A roster with `WEB`, which has a log, both sides running as 1 and 2.
    fn with_log() -> Roster<&'static str> {
        let mut roster = Roster::default();
        roster.begin();
        roster.add(WEB, Some("pipe"));
        assert_eq!(roster.see(WEB), [Side::Main, Side::Log]);
        roster.started(WEB, Side::Main, pid(1));
        roster.started(WEB, Side::Log, pid(2));
        roster.end();
        roster
    }

    #[test]
    fn a_service_is_its_device_and_inode() {
        let roster = with_log();
        assert!(roster.knows(WEB));
        assert!(!roster.knows(DNS));
    }

    #[test]
    fn a_service_that_runs_lacks_nothing_under_any_name() {
        let mut roster = with_log();
        roster.begin();
        assert_eq!(roster.see(WEB), []);
        assert_eq!(roster.see(WEB), []);
    }

    #[test]
    fn each_side_is_missed_by_itself() {
        let mut roster = with_log();
        roster.died(pid(2));
        assert_eq!(roster.see(WEB), [Side::Log]);
        roster.died(pid(1));
        assert_eq!(roster.see(WEB), [Side::Main, Side::Log]);
    }

    #[test]
    fn a_service_without_a_log_has_one_side_and_no_pipe() {
        let mut roster: Roster<()> = Roster::default();
        roster.add(DNS, None);
        assert_eq!(roster.see(DNS), [Side::Main]);
        assert_eq!(roster.pipe(DNS), None);
    }

    #[test]
    fn the_pipe_outlives_both_supervises_while_the_service_is_listed() {
        let mut roster = with_log();
        roster.died(pid(1));
        roster.died(pid(2));
        roster.begin();
        let _ = roster.see(WEB);
        roster.end();
        assert_eq!(roster.pipe(WEB), Some(&"pipe"));
    }

    #[test]
    fn a_service_is_forgotten_when_it_is_neither_listed_nor_alive() {
        let mut roster = with_log();
        for dead in [1, 2] {
            roster.begin();
            roster.end();
            assert!(roster.knows(WEB), "a supervise is left");
            roster.died(pid(dead));
        }
        roster.begin();
        roster.end();
        assert!(!roster.knows(WEB));
    }

    #[test]
    fn the_death_of_a_stranger_changes_nothing() {
        let mut roster = with_log();
        roster.died(pid(99));
        assert_eq!(roster.see(WEB), []);
    }

    #[test]
    fn a_second_death_of_a_number_is_a_stranger() {
        let mut roster = with_log();
        roster.died(pid(1));
        roster.started(WEB, Side::Main, pid(3));
        roster.died(pid(1));
        assert_eq!(roster.see(WEB), []);
    }
}
