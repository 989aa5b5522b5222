//! The status record of a service, `supervise/status`. Only scenarios about the files in `supervise/` look at it.

use super::{Running, Service, broken};
use crate::observe::record::Record as Bytes;
use crate::outcome::{Failure, Outcome};
use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent};
use std::cell::Cell;
use std::path::{Path, PathBuf};

/// The record of one service.
#[derive(Debug)]
pub(crate) struct Record<'s> {
    service: &'s Service,
    directory: PathBuf,
}

impl Service {
    /// Returns the record of this service.
    ///
    /// # Errors
    /// If the scenario is not about the files in `supervise/`.
    pub(crate) fn record(&self) -> Result<Record<'_>, Failure> {
        self.world.opens_state()?;
        Ok(Record { service: self, directory: self.directory.join("supervise") })
    }
}

impl Record<'_> {
    /// Returns the record, or `None` unless there is a file of exactly 18 bytes.
    pub(crate) fn read(&self) -> Option<Bytes> {
        Bytes::read(&self.service.directory)
    }

    /// Returns the record, which must have 18 bytes.
    #[track_caller]
    pub(crate) fn whole(&self) -> Result<Bytes, Failure> {
        let world = &self.service.world;
        let seen = world.files.read(self.directory.join("status"));
        self.read().ok_or_else(|| world.failed("supervise/status", "18 bytes", seen))
    }

    /// Replaces the record by `bytes`.
    pub(crate) fn set(&self, bytes: impl AsRef<[u8]>) -> Outcome {
        self.service.world.files.write(self.directory.join("status"), bytes)
    }

    /// Waits until the record's state is `wanted`, such as `up, paused 0, want u`, and returns the record.
    #[track_caller]
    pub(crate) fn until(&self, wanted: &str) -> Result<Bytes, Failure> {
        self.service.world.until_some(&format!("the record of {}", self.service.name), wanted, || {
            Ok(match self.read() {
                Some(record) if record.state() == wanted => Ok(record),
                Some(record) => Err(record.to_string()),
                None => Err("no record".to_owned()),
            })
        })
    }

    /// Begins to count how often the record is replaced, at a moment when `supervise` has nothing to do.
    #[track_caller]
    pub(crate) fn watch(&self, supervise: &Running) -> Result<Rewrites, Failure> {
        supervise.until_idle()?;
        let watch = || -> nix::Result<Inotify> {
            let events = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
            // A rename is two events. Two of the same kind in a row would be counted as one.
            events.add_watch(&self.directory, AddWatchFlags::IN_MOVE)?;
            Ok(events)
        };
        let events = watch().map_err(|error| broken(&self.directory, &error))?;
        Ok(Rewrites { service: self.service.clone(), events, seen: Cell::new(0) })
    }
}

/// Counts how often another file takes the place of a record.
#[derive(Debug)]
pub(crate) struct Rewrites {
    service: Service,
    events: Inotify,
    seen: Cell<usize>,
}

impl Rewrites {
    /// Returns how often the record was replaced since the watch began.
    pub(crate) fn count(&self) -> Result<usize, Failure> {
        let is_record = |event: &&InotifyEvent| {
            event.mask.contains(AddWatchFlags::IN_MOVED_TO) && event.name.as_ref().is_some_and(|name| name == "status")
        };
        loop {
            match self.events.read_events() {
                Ok(events) => self.seen.set(self.seen.get() + events.iter().filter(is_record).count()),
                Err(Errno::EAGAIN) => return Ok(self.seen.get()),
                Err(error) => return Err(broken(Path::new("inotify"), &error)),
            }
        }
    }

    /// Waits until the record was replaced `count` times since the watch began.
    #[track_caller]
    pub(crate) fn until(&self, count: usize) -> Outcome {
        self.service.world.until("times that the record was replaced", count, || self.count())
    }
}
