//! svscan's roster, compared with a scan every five seconds over random histories. The roster is included as it is, without
//! the executable around it.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "what cannot be parsed fails the test")]

use proptest::prelude::*;
use roster::{Found, INTERVAL, Id, Role, Roster};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::time::Duration;

#[path = "../src/commands/svscan/roster.rs"]
mod roster;

/// What the roster imports from the crate.
mod sys {
    /// Any number serves as a process.
    pub(crate) type Pid = i32;
}
use sys::Pid;

const WEB: Id = Id { device: 1, inode: 10 };
const SECOND: Duration = Duration::from_secs(1);

fn found(id: Id, is_complete: bool) -> Found {
    Found { id: Some(id), is_complete, is_watched: true }
}

/// A roster as its driver uses it, and the promises that hold at any time.
#[derive(Default)]
struct History {
    roster: Roster<()>,
    now: Duration,
    pids: i32,
    listed: BTreeMap<usize, Id>,
    running: BTreeMap<(Id, bool), Pid>,
    /// Since when a listed side has not been running.
    missing: BTreeMap<(Id, bool), Duration>,
    deaths: BTreeMap<(Id, bool), Duration>,
}

impl History {
    /// Every second directory has a log.
    fn sides(id: Id) -> impl Iterator<Item = (Id, bool)> {
        [(id, false), (id, true)].into_iter().take(1 + id.inode as usize % 2)
    }

    fn set(&mut self, name: usize, to: Option<Found>) {
        let old = self.listed.remove(&name);
        match to {
            Some(found) => {
                self.listed.extend(found.id.map(|id| (name, id)));
                self.roster.examined(OsStr::new(&name.to_string()), found, self.now);
            }
            None => self.roster.vanished(OsStr::new(&name.to_string())),
        }
        old.into_iter().for_each(|id| self.forget(id));
        self.look();
    }

    fn forget(&mut self, id: Id) {
        let is_running = Self::sides(id).any(|side| self.running.contains_key(&side));
        if !is_running && !self.listed.values().any(|listed| *listed == id) {
            self.deaths.retain(|(dead, _), _| *dead != id);
        }
    }

    fn kill(&mut self, side: (Id, bool)) {
        if let Some(pid) = self.running.remove(&side) {
            self.deaths.insert(side, self.now);
            self.roster.exited(pid, self.now);
            self.forget(side.0);
        }
        self.look();
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.roster.next_due().filter(|at| *at <= end) {
            self.now = at;
            self.look();
        }
        self.now = end;
        self.look();
    }

    /// Starts what is due. What a scan every five seconds would have started at the latest must be running then.
    fn look(&mut self) {
        while let Some((id, name)) = self.roster.due(self.now) {
            assert_eq!(self.listed.get(&name.to_string_lossy().parse().unwrap()), Some(&id));
            if !self.roster.is_decided(id) {
                self.roster.decide(id, (id.inode % 2 == 1).then_some(()));
            }
            for role in self.roster.missing(id, self.now) {
                let side = (id, role == Role::Log);
                self.pids += 1;
                self.roster.started(id, role, self.pids);
                assert_eq!(self.running.insert(side, self.pids), None, "started twice");
                let death = self.deaths.remove(&side);
                assert!(death.is_none_or(|at| self.now >= at + INTERVAL), "{side:?} came back early");
            }
        }
        let is_missing = |side: &(Id, bool)| !self.running.contains_key(side);
        let missing: BTreeSet<_> = self.listed.values().flat_map(|id| Self::sides(*id)).filter(is_missing).collect();
        self.missing.retain(|side, _| missing.contains(side));
        for side in missing {
            let since = *self.missing.entry(side).or_insert(self.now);
            assert!(self.now <= since + INTERVAL, "{side:?} is missing since {since:?}");
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    List(usize, u64, bool),
    Remove(usize),
    Kill(u64, bool),
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..3_usize, 0..4_u64, any::<bool>()).prop_map(|(name, inode, link)| Step::List(name, inode, link)),
        (0..3_usize).prop_map(Step::Remove),
        (0..4_u64, any::<bool>()).prop_map(|(inode, log)| Step::Kill(inode, log)),
        (0..6000_u64).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    #[test]
    fn nothing_starts_later_than_with_a_scan_every_five_seconds(steps in steps()) {
        let mut history = History::default();
        let id = |inode| Id { device: 1, inode };
        for step in steps {
            match step {
                Step::List(name, inode, is_link) => history.set(name, Some(found(id(inode), is_link))),
                Step::Remove(name) => history.set(name, None),
                Step::Kill(inode, log) => history.kill((id(inode), log)),
                Step::Pass(milliseconds) => history.pass(Duration::from_millis(milliseconds)),
            }
        }
        history.pass(INTERVAL);
        // What a scan now would start, and what there is left to wake up for.
        prop_assert_eq!(&history.missing, &BTreeMap::new());
        prop_assert_eq!(history.roster.next_due(), None);
    }
}

#[test]
fn a_directory_made_in_place_has_time_to_be_filled() {
    let mut history = History::default();
    history.set(0, Some(found(WEB, false)));
    history.pass(4 * SECOND);
    // A scan must not prolong it.
    history.set(0, Some(found(WEB, false)));
    assert!(history.running.is_empty());
    history.pass(SECOND);
    assert!(!history.running.is_empty());
    let other = Id { device: 2, ..WEB };
    history.set(1, Some(found(other, false)));
    history.set(2, Some(found(other, true)));
    assert!(history.running.contains_key(&(other, false)), "a link to it says that it is complete");
}

#[test]
fn a_failure_is_tried_again_after_five_seconds_whatever_is_examined_meanwhile() {
    let mut roster: Roster<()> = Roster::default();
    roster.examined(OsStr::new("web"), found(WEB, true), SECOND);
    assert_eq!(roster.due(SECOND), Some((WEB, "web".into())));
    roster.failed(WEB, SECOND);
    roster.examined(OsStr::new("web"), found(WEB, true), 2 * SECOND);
    assert_eq!(roster.next_due(), Some(6 * SECOND));
    assert_eq!(roster.due(5 * SECOND), None);
    assert_eq!(roster.due(6 * SECOND), Some((WEB, "web".into())));
}

#[test]
fn a_supervise_is_misplaced_where_another_service_is_or_its_own_still_is() {
    const OTHER: Id = Id { device: 1, inode: 20 };
    const UNKNOWN: Id = Id { device: 1, inode: 30 };
    let mut roster: Roster<()> = Roster::default();
    roster.examined(OsStr::new("web"), found(WEB, true), Duration::ZERO);
    roster.started(WEB, Role::Main, 1);
    let is_misplaced = |roster: &Roster<()>, pid, place, now| {
        roster.is_misplaced(pid, WEB, place, |name| {
            assert_eq!(name, "web");
            Some(now)
        })
    };
    assert!(!is_misplaced(&roster, 1, WEB, WEB));
    assert!(!is_misplaced(&roster, 1, UNKNOWN, UNKNOWN), "the directory has another identity");
    assert!(is_misplaced(&roster, 1, UNKNOWN, WEB));
    assert!(!is_misplaced(&roster, 2, UNKNOWN, WEB), "it did not start this one");
    assert!(!is_misplaced(&roster, 1, OTHER, OTHER));
    roster.examined(OsStr::new("other"), found(OTHER, true), Duration::ZERO);
    assert!(is_misplaced(&roster, 1, OTHER, OTHER));
    roster.vanished(OsStr::new("web"));
    assert!(is_misplaced(&roster, 1, OTHER, OTHER), "no entry leads to its own");
    assert!(!is_misplaced(&roster, 1, UNKNOWN, WEB));
}

#[test]
fn a_service_is_forgotten_with_its_pipe_when_it_is_neither_listed_nor_running() {
    let mut history = History::default();
    let web = Id { device: 1, inode: 11 };
    history.set(0, Some(found(web, true)));
    history.kill((web, false));
    history.pass(INTERVAL);
    history.set(0, None);
    history.kill((web, true));
    assert!(history.roster.pipe(web).is_some(), "its main side is running");
    history.kill((web, false));
    assert!(history.roster.pipe(web).is_none());
}

#[test]
fn an_entry_that_is_not_watched_is_known_until_it_is_gone() {
    let mut roster: Roster<()> = Roster::default();
    roster.examined(OsStr::new("web"), Found { id: None, is_complete: true, is_watched: false }, SECOND);
    assert!(roster.has_unwatched() && roster.is_unwatched(OsStr::new("web")));
    roster.examined(OsStr::new("dns"), found(WEB, true), SECOND);
    assert!(roster.leads_to_service(OsStr::new("dns")) && !roster.is_unwatched(OsStr::new("dns")));
    roster.retain(&BTreeSet::new());
    assert!(!roster.has_unwatched() && !roster.leads_to_service(OsStr::new("dns")));
    roster.exited(99, SECOND);
}

#[test]
fn services_end_before_their_logs() {
    let mut history = History::default();
    let (web, gone) = (Id { device: 1, inode: 11 }, Id { device: 1, inode: 13 });
    for (name, id) in [(0, web), (1, gone)] {
        history.set(name, Some(found(id, true)));
    }
    history.set(1, None);
    let pid = |side| history.running[&side];
    let mains = [(pid((web, false)), Role::Main, Some("0".into())), (pid((gone, false)), Role::Main, None)];
    let logs = [(pid((web, true)), Role::Log, Some("0".into())), (pid((gone, true)), Role::Log, None)];
    let mut due = history.roster.due_to_end();
    due.sort_by_key(|(_, _, name)| name.is_none());
    assert_eq!(due, mains);
    assert!(history.roster.pipe(web).is_some());
    for (pid, ..) in mains {
        history.roster.exited(pid, history.now);
    }
    let mut due = history.roster.due_to_end();
    due.sort_by_key(|(_, _, name)| name.is_none());
    assert_eq!(due, logs);
    assert!(history.roster.pipe(web).is_none(), "it would keep the log from reading to an end");
    for (pid, ..) in logs {
        history.roster.exited(pid, history.now);
    }
    assert!(history.roster.due_to_end().is_empty());
}
