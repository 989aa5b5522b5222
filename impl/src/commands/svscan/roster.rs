//! The services that svscan knows, and which of their supervises are running. No I/O.

use crate::sys::Pid;
use std::collections::BTreeMap;

/// The identity of a service: its directory, under whatever name (SCAN-05).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id {
    /// `st_dev`.
    pub(crate) device: u64,
    /// `st_ino`.
    pub(crate) inode: u64,
}

/// What a supervise runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The service.
    Main,
    /// Its log.
    Log,
}

#[derive(Debug)]
struct Service<P> {
    /// Whether the scan in progress, or else the last one, has come upon the service.
    listed: bool,
    main: Option<Pid>,
    /// Decided when the service is added (SCAN-09).
    log: Option<Log<P>>,
}

#[derive(Debug)]
struct Log<P> {
    pipe: P,
    pid: Option<Pid>,
}

/// The known services. `P` is the pipe from a service to its log.
#[derive(Debug)]
pub(crate) struct Roster<P> {
    services: BTreeMap<Id, Service<P>>,
    running: BTreeMap<Pid, (Id, Role)>,
}

impl<P> Default for Roster<P> {
    fn default() -> Roster<P> {
        Roster { services: BTreeMap::new(), running: BTreeMap::new() }
    }
}

impl<P> Roster<P> {
    /// Begins a scan, which has to list every service anew.
    pub(crate) fn begin_scan(&mut self) {
        for service in self.services.values_mut() {
            service.listed = false;
        }
    }

    /// Returns whether the service is known.
    pub(crate) fn contains(&self, id: Id) -> bool {
        self.services.contains_key(&id)
    }

    /// Adds a service, with the pipe to its log if it has one.
    pub(crate) fn add(&mut self, id: Id, pipe: Option<P>) {
        let log = pipe.map(|pipe| Log { pipe, pid: None });
        self.services.insert(id, Service { listed: true, main: None, log });
    }

    /// Lists a known service, and returns the roles for which no supervise is running, the main one first.
    pub(crate) fn missing(&mut self, id: Id) -> Vec<Role> {
        let Some(service) = self.services.get_mut(&id) else {
            return vec![];
        };
        service.listed = true;
        let main = service.main.is_none().then_some(Role::Main);
        let log = service.log.as_ref().is_some_and(|log| log.pid.is_none()).then_some(Role::Log);
        main.into_iter().chain(log).collect()
    }

    /// Returns the pipe from a service to its log. It lasts as long as the service is known (SCAN-08).
    pub(crate) fn pipe(&self, id: Id) -> Option<&P> {
        self.services.get(&id)?.log.as_ref().map(|log| &log.pipe)
    }

    /// Records that a supervise was started.
    pub(crate) fn started(&mut self, id: Id, role: Role, pid: Pid) {
        self.set(id, role, Some(pid));
        self.running.insert(pid, (id, role));
    }

    /// Records that a child exited. Ignores one that is not a supervise.
    pub(crate) fn exited(&mut self, pid: Pid) {
        if let Some((id, role)) = self.running.remove(&pid) {
            self.set(id, role, None);
        }
    }

    /// Ends a scan: forgets each service that was not listed and has no supervise running (SCAN-10).
    pub(crate) fn end_scan(&mut self) {
        self.services.retain(|_, service| {
            service.listed || service.main.is_some() || service.log.as_ref().is_some_and(|log| log.pid.is_some())
        });
    }

    fn set(&mut self, id: Id, role: Role, pid: Option<Pid>) {
        let Some(service) = self.services.get_mut(&id) else {
            return;
        };
        match (role, &mut service.log) {
            (Role::Main, _) => service.main = pid,
            (Role::Log, Some(log)) => log.pid = pid,
            (Role::Log, None) => {}
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

    /// Returns a roster with `WEB`, which has a log, both supervises running, as 1 and 2.
    fn with_log() -> Roster<&'static str> {
        let mut roster = Roster::default();
        roster.begin_scan();
        roster.add(WEB, Some("pipe"));
        assert_eq!(roster.missing(WEB), [Role::Main, Role::Log]);
        roster.started(WEB, Role::Main, pid(1));
        roster.started(WEB, Role::Log, pid(2));
        roster.end_scan();
        roster
    }

    #[test]
    fn a_service_is_its_device_and_inode() {
        let roster = with_log();
        assert!(roster.contains(WEB));
        assert!(!roster.contains(DNS));
    }

    #[test]
    fn a_running_service_misses_no_supervise() {
        let mut roster = with_log();
        roster.begin_scan();
        assert_eq!(roster.missing(WEB), []);
        assert_eq!(roster.missing(WEB), []);
    }

    #[test]
    fn each_role_is_missed_by_itself() {
        let mut roster = with_log();
        roster.exited(pid(2));
        assert_eq!(roster.missing(WEB), [Role::Log]);
        roster.exited(pid(1));
        assert_eq!(roster.missing(WEB), [Role::Main, Role::Log]);
    }

    #[test]
    fn a_service_without_a_log_has_one_role_and_no_pipe() {
        let mut roster: Roster<()> = Roster::default();
        roster.add(DNS, None);
        assert_eq!(roster.missing(DNS), [Role::Main]);
        assert_eq!(roster.pipe(DNS), None);
    }

    #[test]
    fn the_pipe_outlives_both_supervises_while_the_service_is_listed() {
        let mut roster = with_log();
        roster.exited(pid(1));
        roster.exited(pid(2));
        roster.begin_scan();
        let _ = roster.missing(WEB);
        roster.end_scan();
        assert_eq!(roster.pipe(WEB), Some(&"pipe"));
    }

    #[test]
    fn a_service_is_forgotten_when_it_is_neither_listed_nor_running() {
        let mut roster = with_log();
        for next in [1, 2] {
            roster.begin_scan();
            roster.end_scan();
            assert!(roster.contains(WEB), "a supervise is running");
            roster.exited(pid(next));
        }
        roster.begin_scan();
        roster.end_scan();
        assert!(!roster.contains(WEB));
    }

    #[test]
    fn the_exit_of_another_child_changes_nothing() {
        let mut roster = with_log();
        roster.exited(pid(99));
        assert_eq!(roster.missing(WEB), []);
    }

    #[test]
    fn a_pid_belongs_to_a_supervise_only_once() {
        let mut roster = with_log();
        roster.exited(pid(1));
        roster.started(WEB, Role::Main, pid(3));
        roster.exited(pid(1));
        assert_eq!(roster.missing(WEB), []);
    }
}
