//! Watches the current directory and starts each supervise when it is due.

use super::adopt::{self, Holders, Pipe};
use super::roster::{Found, INTERVAL, Id, Role, Roster};
use crate::program::{Exit, Program, parts};
use crate::sys::errno::Errno;
use crate::sys::signals::{self, Arrivals, ChildExits};
use crate::sys::watch::{Changes, Watch};
use crate::sys::{Pid, Signal, child, directory, fifo, open, ready, stdio};
use crate::wire::files;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io::{self, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub(super) const SVSCAN: Program = Program("svscan");
/// The longest that an orderly end may take.
const GRACE: Duration = Duration::from_secs(10);
/// How often svscan looks whether another one still works on its directory.
const LOCK_INTERVAL: Duration = Duration::from_secs(1);
/// How long after its start svscan looks where a supervise is.
const ENTRY_TIME: Duration = Duration::from_secs(1);
/// How often an orderly end tries again to reach a supervise that has not made its FIFO yet.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The services of the current directory.
#[derive(Debug)]
pub(crate) struct Scan {
    roster: Roster<Pipe>,
    start: Instant,
    /// `None` if they cannot be had, for want of descriptors for example.
    exits: Option<ChildExits>,
    /// TERM and INT, if this is process 1, which nothing else can stop. Any other process dies of them (SCAN-16).
    stops: Option<Arrivals>,
    watch: Option<Watch>,
    /// Whether an event will tell of each new entry.
    is_watched: bool,
    /// When to scan the whole directory next, unless events tell of all changes.
    next_scan: Option<Duration>,
    /// Supervises that this did not start, of services that it keeps running when these exit.
    adopted: BTreeSet<(Id, Role)>,
    /// Supervises of services, not of logs, that may not be in their directories yet, and when to look.
    entering: BTreeMap<(Duration, Pid), Id>,
    /// Read once for all services that are due together.
    holders: Option<Holders>,
    /// Of the directory. `None` where it cannot be locked.
    _lock: Option<open::Lock>,
}

/// A failure that was printed as a warning. svscan tries again later.
struct AlreadyReported;

impl Scan {
    /// Prepares for the first scan. Waits while another svscan works on the current directory.
    pub(crate) fn new() -> Scan {
        let _lock = lock();
        let (roster, start) = (Roster::default(), Instant::now());
        let is_first = std::process::id() == 1;
        let listen = || Arrivals::listen(&[Signal::SIGTERM, Signal::SIGINT]);
        let warn = |error| SVSCAN.warn(parts!("unable to set up signals"), &error);
        let stops = is_first.then(listen).and_then(|stops| stops.map_err(warn).ok());
        let (adopted, entering, holders) = Default::default();
        let (exits, watch, is_watched, next_scan) = Default::default();
        Scan { roster, start, exits, stops, watch, is_watched, next_scan, adopted, entering, holders, _lock }
    }

    /// Keeps the services running until this is told to stop, which only process 1 can be.
    pub(crate) fn run(mut self) {
        let mut changes = Changes { everything: true, ..Changes::default() };
        while !self.is_stopped() {
            self.reap();
            let is_due = self.next_scan.is_some_and(|at| at <= self.now());
            if changes.everything || is_due {
                self.scan(&changes.names, is_due);
            } else {
                let visible = changes.names.iter().filter(|(name, _)| !is_hidden(name));
                visible.for_each(|(name, is_moved)| self.examine(name, Some(*is_moved)));
            }
            while let Some((id, name)) = self.roster.due(self.now()) {
                if self.start_missing(id, &name).is_err() {
                    self.roster.failed(id, self.now());
                }
            }
            self.holders = None;
            self.end_misplaced();
            changes = self.wait();
        }
        self.end();
    }

    /// Reaps all children that have exited. Process 1 is the parent of every orphan too.
    fn reap(&mut self) {
        while let Some((pid, _)) = child::reap() {
            // Where nothing tells of exits, this one may be as old as the last look.
            let at = if self.exits.is_some() { self.now() } else { self.now().saturating_sub(INTERVAL) };
            self.roster.exited(pid, at);
        }
    }

    /// Returns whether a signal to stop has arrived since the last call.
    fn is_stopped(&self) -> bool {
        self.stops.as_ref().is_some_and(|stops| stops.next().is_some())
    }

    /// Ends all services, and each log when its service has ended and it has read its pipe to the end.
    ///
    /// Returns early after [`GRACE`] or at another signal to stop. The kernel then kills what is left, since this is
    /// process 1.
    fn end(mut self) {
        let deadline = self.now() + GRACE;
        let mut told = BTreeSet::new();
        loop {
            self.reap();
            let due = self.roster.due_to_end();
            if due.is_empty() || self.now() >= deadline || self.is_stopped() {
                return;
            }
            for (pid, role, name) in due {
                if !told.contains(&pid) && tell_to_end(pid, role, name.as_deref()).is_ok() {
                    told.insert(pid);
                }
            }
            ready::wait(&self.signal_sources(), Some(POLL_INTERVAL));
            self.exits.iter().for_each(ChildExits::clear);
        }
    }

    /// Returns the descriptors that tell of signals.
    fn signal_sources(&self) -> Vec<BorrowedFd<'_>> {
        let exits = self.exits.iter().map(ChildExits::source);
        exits.chain(self.stops.iter().map(Arrivals::source)).collect()
    }

    /// Waits until something changes or is due.
    fn wait(&mut self) -> Changes {
        let sees_all = self.is_watched && self.exits.is_some() && !self.roster.has_unwatched();
        self.next_scan = if sees_all { None } else { self.next_scan.or(Some(self.now() + INTERVAL)) };
        let next_look = self.entering.first_key_value().map(|((at, _), _)| *at);
        let next = self.next_scan.into_iter().chain(self.roster.next_due()).chain(next_look).min();
        let timeout = next.map(|at| at.saturating_sub(self.now()));
        let signals = self.signal_sources();
        let changes = match &self.watch {
            Some(watch) => watch.wait(&signals, timeout),
            None => {
                ready::wait(&signals, timeout);
                Changes::default()
            }
        };
        self.exits.iter().for_each(ChildExits::clear);
        changes
    }

    /// Scans the whole directory. If it cannot be read to its end, no service is forgotten.
    ///
    /// Entries that can change without an event are left for the scan that `is_due`, as with the original: what they lead to
    /// may be incomplete before.
    fn scan(&mut self, changed: &BTreeMap<OsString, bool>, is_due: bool) {
        if is_due {
            self.next_scan = None;
        }
        self.exits = self.exits.take().or_else(|| ChildExits::listen().ok());
        self.watch = self.watch.take().or_else(|| Watch::new().ok());
        let will_be_watched = self.watch.as_mut().is_some_and(Watch::begin);
        match read_directory() {
            Ok(names) => {
                for name in &names {
                    if is_due || changed.contains_key(name) || !self.roster.is_unwatched(name) {
                        self.examine(name, changed.get(name).copied());
                    }
                }
                self.roster.retain(&names);
                self.watch.iter_mut().for_each(Watch::end);
                self.is_watched = will_be_watched;
            }
            Err(error) => {
                SVSCAN.warn(parts!("unable to read directory"), &error);
                self.is_watched = false;
            }
        }
    }

    /// Examines the entry `name`, which may be gone. `change` is `None` if the entry itself did not change, and tells
    /// otherwise whether it was renamed to this name.
    fn examine(&mut self, name: &OsStr, change: Option<bool>) {
        let is_link = match fs::symlink_metadata(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.roster.vanished(name),
            result => result.is_ok_and(|metadata| metadata.is_symlink()),
        };
        // Watched first, so that a change after the look is an event.
        let is_watched = self.watch.as_mut().is_some_and(|watch| watch.follow(name).unwrap_or_default());
        // Where nothing tells of changes, this one may be five seconds old already. What replaced the directory behind a link
        // may have been made in place there.
        let is_new_link =
            is_link && (change.is_some() || !self.roster.leads_to_service(name) || self.roster.is_unwatched(name));
        let is_complete = is_new_link || change == Some(true) || !self.is_watched;
        let found = match fs::metadata(name) {
            Ok(metadata) => Found { id: directory_id(&metadata), is_complete, is_watched },
            Err(error) => {
                let AlreadyReported = report(parts!("unable to stat ", name), &error);
                Found { id: None, is_complete, is_watched: false }
            }
        };
        self.roster.examined(name, found, self.now());
    }

    /// Starts each supervise that is due for a service, which one of its entries must still lead to.
    fn start_missing(&mut self, id: Id, name: &OsStr) -> Result<(), AlreadyReported> {
        if !fs::metadata(name).is_ok_and(|metadata| directory_id(&metadata) == Some(id)) {
            self.examine(name, None);
            return Ok(());
        }
        if !self.roster.is_decided(id) {
            let pipe = self.pipe_to_log(name)?;
            self.roster.decide(id, pipe);
        }
        for role in self.roster.missing(id, self.now()) {
            if self.is_left(id, name, role) {
                self.roster.postpone(id, role, self.now());
                continue;
            }
            let pid = start(id, name, role, self.roster.pipe(id), self.stops.as_ref())?;
            self.roster.started(id, role, pid);
            if role == Role::Main {
                self.entering.insert((self.now() + ENTRY_TIME, pid), id);
            }
        }
        Ok(())
    }

    /// Ends supervises that are in the directory of another service, so that both services are started as they should be. A
    /// supervise enters its directory by name, and the entry may have changed since svscan looked at it.
    fn end_misplaced(&mut self) {
        let later = self.entering.split_off(&(self.now(), Pid::from_raw(i32::MAX)));
        for ((_, pid), id) in std::mem::replace(&mut self.entering, later) {
            let directory = PathBuf::from(format!("/proc/{pid}/cwd"));
            let leads_to = |path: &Path| fs::metadata(path).ok().and_then(|metadata| directory_id(&metadata));
            let Some(place) = leads_to(&directory) else { continue };
            let is_misplaced = self.roster.is_misplaced(pid, id, place, |name| leads_to(Path::new(name)));
            // Until it enters its directory, it is here.
            let is_here = || leads_to(Path::new(".")) == Some(place);
            if is_misplaced && (is_here() || send(&directory, b"dx").is_err()) {
                self.entering.insert((self.now() + ENTRY_TIME, pid), id);
            }
        }
    }

    /// Returns whether a supervise that this did not start is running for a service. Says so once.
    fn is_left(&mut self, id: Id, name: &OsStr, role: Role) -> bool {
        let full_name = full_name(name, role);
        if !adopt::is_supervised(Path::new(&full_name)) {
            self.adopted.remove(&(id, role));
            return false;
        }
        if self.adopted.insert((id, role)) {
            let words = "another one is running, waiting until that exits";
            SVSCAN.warn_because(parts!("unable to start supervise ", &full_name), words);
        }
        true
    }

    /// Makes the pipe to the log of a new service, if a file of any type called `log` is in it. If an earlier svscan made one
    /// that is in use, it is that one.
    fn pipe_to_log(&mut self, name: &OsStr) -> Result<Option<Pipe>, AlreadyReported> {
        match fs::metadata(Path::new(name).join(files::LOG)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(report(parts!("unable to stat ", name, "/log"), &error)),
            Ok(_) => {}
        }
        let is_left = |role| adopt::is_supervised(Path::new(&full_name(name, role)));
        if is_left(Role::Main) || is_left(Role::Log) {
            match self.holders.get_or_insert_with(Holders::read).pipe(name) {
                Ok(Some(pipe)) => return Ok(Some(pipe)),
                // Both have exited since.
                Ok(None) => {}
                Err(_) => {
                    let log = full_name(name, Role::Log);
                    let remedy = parts!("unable to take over the pipe to ", &log, ": run svc -dx ", name, " ", &log);
                    SVSCAN.warn_bare(remedy);
                }
            }
        }
        match open::pipe() {
            Ok((reader, writer)) => Ok(Some(Pipe { reader, writer })),
            Err(error) => Err(report(parts!("unable to create pipe for ", name), &error)),
        }
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }
}

/// Locks the current directory. Waits while another svscan works on it.
fn lock() -> Option<open::Lock> {
    let mut is_reported = false;
    loop {
        let lock = open::lock_directory(".");
        // Only then: the kernel takes some ten milliseconds to show its table of locks.
        if lock.is_some() || !adopt::is_svscan_at_work() {
            return lock.or_else(|| open::lock_directory("."));
        }
        if !std::mem::replace(&mut is_reported, true) {
            let words = "another svscan is at work on it, waiting until that ends";
            SVSCAN.warn_because(parts!("unable to lock directory"), words);
        }
        ready::wait(&[], Some(LOCK_INTERVAL));
    }
}

/// Returns the names in the current directory that do not start with a dot.
fn read_directory() -> io::Result<BTreeSet<OsString>> {
    Ok(directory::names(".")?.into_iter().filter(|name| !is_hidden(name)).collect())
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_bytes().starts_with(b".")
}

/// Returns the identity of a service, or `None` if it is not a directory.
fn directory_id(metadata: &Metadata) -> Option<Id> {
    metadata.is_dir().then(|| Id { device: metadata.dev(), inode: metadata.ino() })
}

/// Returns the directory that the supervise for `role` of the service `name` works in.
fn full_name(name: &OsStr, role: Role) -> OsString {
    match role {
        Role::Main => name.to_owned(),
        Role::Log => [name, OsStr::new("/log")].into_iter().collect(),
    }
}

/// Starts the supervise for `role` of the service `name`, with its end of `pipe` as standard output or input (SCAN-06,
/// SCAN-07).
fn start(
    id: Id,
    name: &OsStr,
    role: Role,
    pipe: Option<&Pipe>,
    stops: Option<&Arrivals>,
) -> Result<Pid, AlreadyReported> {
    let full_name = full_name(name, role);
    child::spawn(|| {
        let released = stops.map_or(Ok(()), Arrivals::release);
        if let Err(error) = released.and_then(|()| signals::unblock_sigchld()) {
            return SVSCAN.fatal_in_child(parts!("unable to set up signals for ", &full_name))(error).report_in_child();
        }
        exec_supervise(id, name, &full_name, role, pipe).report_in_child()
    })
    .map_err(|error| report(parts!("unable to fork for ", &full_name), &error))
}

/// Replaces this process by supervise. Returns only on failure.
fn exec_supervise(id: Id, name: &OsStr, full_name: &OsStr, role: Role, pipe: Option<&Pipe>) -> Exit {
    let connected = match (role, pipe) {
        (_, None) => Ok(()),
        (Role::Main, Some(pipe)) => stdio::redirect_stdout(&pipe.writer),
        (Role::Log, Some(pipe)) => stdio::redirect_stdin(&pipe.reader),
    };
    if let Err(error) = connected {
        return SVSCAN.fatal_in_child(parts!("unable to set up descriptors for ", full_name))(error);
    }
    let argument = match role {
        Role::Main => name,
        Role::Log => OsStr::new(files::LOG),
    };
    if role == Role::Log
        && let Err(error) = enter(name, id)
    {
        return SVSCAN.fatal_in_child(parts!("unable to switch to ", name))(error);
    }
    let argv = [OsStr::new("supervise"), argument];
    let error = child::exec_search(&argv, &child::search_path(), &child::environment());
    SVSCAN.fatal_in_child(parts!("unable to start supervise ", full_name))(error)
}

/// Makes the service `name` the current directory, unless that has another identity by now.
fn enter(name: &OsStr, id: Id) -> io::Result<()> {
    std::env::set_current_dir(name)?;
    let is_same = directory_id(&fs::metadata(".")?) == Some(id);
    if is_same { Ok(()) } else { Err(Errno::ENOENT.into()) }
}

/// Sends what `svc -dx` sends to the supervise `pid` of a service, or makes that of a log exit when the log does.
///
/// A service that is no longer listed is found through /proc, if that shows this process as process 1.
fn tell_to_end(pid: Pid, role: Role, name: Option<&OsStr>) -> io::Result<()> {
    let directory = match name {
        Some(name) => PathBuf::from(full_name(name, role)),
        None if fs::read_link("/proc/self")? == Path::new("1") => PathBuf::from(format!("/proc/{pid}/cwd")),
        None => return Err(io::ErrorKind::NotFound.into()),
    };
    let letters: &[u8] = match role {
        Role::Main => b"dx",
        // A log that is paused must read to the end too.
        Role::Log => b"cx",
    };
    send(&directory, letters)
}

/// Sends `letters` to the supervise that is running in `directory`.
fn send(directory: &Path, letters: &[u8]) -> io::Result<()> {
    fifo::open_write(directory.join(files::CONTROL))?.write_all(letters)
}

fn report(what: &[&[u8]], error: &io::Error) -> AlreadyReported {
    SVSCAN.warn(what, error);
    AlreadyReported
}
