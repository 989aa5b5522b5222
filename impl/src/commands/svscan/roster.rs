//! The services that svscan knows, and when each of their supervises must be started. No I/O.
//!
//! Every event carries its time, counted from the start of svscan.

use crate::sys::Pid;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::time::Duration;

/// The time between two scans of the original. Nothing here takes longer than it could take there.
pub(crate) const INTERVAL: Duration = Duration::from_secs(5);

/// The identity of a service: its directory, under whatever name (SCAN-05).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id {
    /// `st_dev`.
    pub(crate) device: u64,
    /// `st_ino`.
    pub(crate) inode: u64,
}

/// What a supervise runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// The service.
    Main,
    /// Its log.
    Log,
}

/// An entry of the directory, as it was just examined.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    /// The directory that it leads to, or `None` if it leads to none.
    pub(crate) id: Option<Id>,
    /// Whether it was complete when it appeared. A directory that is made in place is filled only after that.
    pub(crate) is_complete: bool,
    /// Whether an event will tell when it leads elsewhere.
    pub(crate) is_watched: bool,
}

/// The supervise of one role.
#[derive(Debug, Clone, Copy)]
enum Side {
    Running,
    /// Not running, and not started before this time.
    Due(Duration),
}

#[derive(Debug)]
struct Service<P> {
    /// The entries that lead to it. It is not listed if there are none.
    names: BTreeSet<OsString>,
    /// Whether it has a log is decided right before its first start (SCAN-09).
    is_decided: bool,
    main: Side,
    log: Option<(P, Side)>,
}

impl<P> Service<P> {
    fn sides(&self) -> impl Iterator<Item = (Role, Side)> {
        let log = self.log.as_ref().map(|(_, side)| (Role::Log, *side));
        [(Role::Main, self.main)].into_iter().chain(log)
    }

    fn due_times(&self) -> impl Iterator<Item = Duration> {
        self.sides().filter_map(|(_, side)| match side {
            Side::Running => None,
            Side::Due(at) => Some(at),
        })
    }

    fn is_running(&self) -> bool {
        self.sides().any(|(_, side)| matches!(side, Side::Running))
    }

    fn set(&mut self, role: Role, to: Side) {
        match (role, &mut self.log) {
            (Role::Main, _) => self.main = to,
            (Role::Log, Some((_, side))) => *side = to,
            (Role::Log, None) => {}
        }
    }
}

/// The known services. `P` is the pipe from a service to its log.
#[derive(Debug)]
pub(crate) struct Roster<P> {
    /// The directory that each entry leads to.
    entries: BTreeMap<OsString, Id>,
    /// Entries that can change without an event.
    unwatched: BTreeSet<OsString>,
    services: BTreeMap<Id, Service<P>>,
    running: BTreeMap<Pid, (Id, Role)>,
    /// When something is due for a listed service.
    timers: BTreeSet<(Duration, Id)>,
}

impl<P> Default for Roster<P> {
    fn default() -> Roster<P> {
        let (entries, unwatched, services, running, timers) = Default::default();
        Roster { entries, unwatched, services, running, timers }
    }
}

impl<P> Roster<P> {
    /// Records what the entry `name` is. A service that is new is due at once, or after [`INTERVAL`] if it must be filled
    /// first.
    pub(crate) fn examined(&mut self, name: &OsStr, found: Found, now: Duration) {
        let is_other = self.entries.get(name).copied() != found.id;
        if is_other {
            self.vanished(name);
        }
        if found.is_watched {
            self.unwatched.remove(name);
        } else {
            self.unwatched.insert(name.to_owned());
        }
        let Some(id) = found.id else { return };
        self.entries.insert(name.to_owned(), id);
        let due = if found.is_complete { now } else { now + INTERVAL };
        let new = || Service { names: BTreeSet::new(), is_decided: false, main: Side::Due(due), log: None };
        let service = self.services.entry(id).or_insert_with(new);
        service.names.insert(name.to_owned());
        if let Side::Due(at) = service.main
            && is_other
            && !service.is_decided
        {
            self.timers.remove(&(at, id));
            service.main = Side::Due(at.min(due));
        }
        self.settle(id);
    }

    /// Records that the entry `name` is gone. That stops nothing (SCAN-10).
    pub(crate) fn vanished(&mut self, name: &OsStr) {
        self.unwatched.remove(name);
        let Some(id) = self.entries.remove(name) else { return };
        if let Some(service) = self.services.get_mut(&id) {
            service.names.remove(name);
        }
        self.settle(id);
    }

    /// Records that the directory has no other entries than `names`.
    pub(crate) fn retain(&mut self, names: &BTreeSet<OsString>) {
        let known: BTreeSet<&OsString> = self.entries.keys().chain(&self.unwatched).collect();
        let gone: Vec<OsString> = known.into_iter().filter(|name| !names.contains(*name)).cloned().collect();
        gone.iter().for_each(|name| self.vanished(name));
    }

    /// Returns whether the entry `name` led to a service when it was examined last.
    pub(crate) fn leads_to_service(&self, name: &OsStr) -> bool {
        self.entries.contains_key(name)
    }

    /// Returns whether the entry `name` can change without an event.
    pub(crate) fn is_unwatched(&self, name: &OsStr) -> bool {
        self.unwatched.contains(name)
    }

    /// Returns whether an entry can change without an event.
    pub(crate) fn has_unwatched(&self) -> bool {
        !self.unwatched.is_empty()
    }

    /// Returns a service that is due, with one of its names. Each call returns another one.
    pub(crate) fn due(&mut self, now: Duration) -> Option<(Id, OsString)> {
        while self.next_due()? <= now {
            let (_, id) = self.timers.pop_first()?;
            if !self.missing(id, now).is_empty() {
                let name = self.services.get(&id)?.names.first()?.clone();
                return Some((id, name));
            }
        }
        None
    }

    /// Returns when something is due next.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Returns the roles of a listed service for which a supervise is due, the main one first.
    pub(crate) fn missing(&self, id: Id, now: Duration) -> Vec<Role> {
        let listed = self.services.get(&id).filter(|service| !service.names.is_empty());
        let sides = listed.into_iter().flat_map(Service::sides);
        sides.filter(|(_, side)| matches!(side, Side::Due(at) if *at <= now)).map(|(role, _)| role).collect()
    }

    /// Returns whether it is decided that the service has a log or has none.
    pub(crate) fn is_decided(&self, id: Id) -> bool {
        self.services.get(&id).is_some_and(|service| service.is_decided)
    }

    /// Decides that a service has a log at the end of `pipe`, or has none.
    pub(crate) fn decide(&mut self, id: Id, pipe: Option<P>) {
        if let Some(service) = self.services.get_mut(&id) {
            service.is_decided = true;
            service.log = pipe.map(|pipe| (pipe, service.main));
        }
    }

    /// Returns whether a supervise that was started for the service `id` is in `place`, the directory of another service, or
    /// in any other directory while its service is where it was. `leads_to` looks at an entry.
    ///
    /// The identity of a directory can change, on overlayfs for example. Its entry then leads to the new one.
    pub(crate) fn is_misplaced(
        &self,
        pid: Pid,
        id: Id,
        place: Id,
        leads_to: impl FnOnce(&OsStr) -> Option<Id>,
    ) -> bool {
        let runs = self.running.get(&pid).is_some_and(|(started, _)| *started == id);
        let name = self.services.get(&id).and_then(|service| service.names.first());
        runs && place != id
            && (self.services.contains_key(&place) || name.is_some_and(|name| leads_to(name) == Some(id)))
    }

    /// Returns the pipe from a service to its log. It lasts as long as the service is known (SCAN-08).
    pub(crate) fn pipe(&self, id: Id) -> Option<&P> {
        self.services.get(&id)?.log.as_ref().map(|(pipe, _)| pipe)
    }

    /// Records that a supervise was started.
    pub(crate) fn started(&mut self, id: Id, role: Role, pid: Pid) {
        self.running.insert(pid, (id, role));
        if let Some(service) = self.services.get_mut(&id) {
            service.set(role, Side::Running);
        }
    }

    /// Records that what is due for a service cannot be started now.
    pub(crate) fn failed(&mut self, id: Id, now: Duration) {
        self.missing(id, now).into_iter().for_each(|role| self.postpone(id, role, now));
    }

    /// Records that a child exited. Ignores one that is not a supervise.
    pub(crate) fn exited(&mut self, pid: Pid, now: Duration) {
        if let Some((id, role)) = self.running.remove(&pid) {
            self.postpone(id, role, now);
        }
    }

    /// Returns the supervises whose turn to end has come, each with a name of its service if that is listed: those of all
    /// services, and those of logs whose service has none any more. Closes the pipes of these logs, which end when no other
    /// process can write to them.
    pub(crate) fn due_to_end(&mut self) -> Vec<(Pid, Role, Option<OsString>)> {
        let mains: BTreeSet<Id> =
            self.running.values().filter(|(_, role)| *role == Role::Main).map(|(id, _)| *id).collect();
        let mut due = Vec::new();
        for (&pid, &(id, role)) in &self.running {
            if role == Role::Main || !mains.contains(&id) {
                let service = self.services.get_mut(&id);
                let name = service.as_ref().and_then(|service| service.names.first().cloned());
                service.filter(|_| role == Role::Log).into_iter().for_each(|service| service.log = None);
                due.push((pid, role, name));
            }
        }
        due
    }

    /// Records that a supervise cannot be started before another [`INTERVAL`] has passed.
    pub(crate) fn postpone(&mut self, id: Id, role: Role, now: Duration) {
        if let Some(service) = self.services.get_mut(&id) {
            service.set(role, Side::Due(now + INTERVAL));
        }
        self.settle(id);
    }

    /// Sets the timers of a listed service. Drops those of one that is not listed, and forgets it if no supervise is
    /// running either.
    fn settle(&mut self, id: Id) {
        let Some(service) = self.services.get(&id) else { return };
        let timers = service.due_times().map(|at| (at, id));
        if !service.names.is_empty() {
            return self.timers.extend(timers);
        }
        for timer in timers {
            self.timers.remove(&timer);
        }
        if !service.is_running() {
            self.services.remove(&id);
        }
    }
}
