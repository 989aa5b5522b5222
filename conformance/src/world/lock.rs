//! Locks of flock(2): on any file of a world, and on `supervise/lock`, which only scenarios about the files in `supervise/`
//! look at.

use super::{Service, World, broken};
use crate::outcome::{Failure, Outcome};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use std::fs;
use std::path::Path;

impl World {
    /// Takes the lock of a file, which is created if it does not exist. The lock is held as long as the returned value
    /// lives. `None` if another process has it.
    pub(crate) fn lock_file(&self, name: impl AsRef<Path>) -> Result<Option<Flock<fs::File>>, Failure> {
        let path = self.path(name);
        let file = fs::OpenOptions::new().append(true).create(true).open(&path);
        match Flock::lock(file.map_err(|error| broken(&path, &error))?, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Ok(Some(lock)),
            Err((_, Errno::EAGAIN)) => Ok(None),
            Err((_, error)) => Err(broken(&path, &error)),
        }
    }
}

impl Service {
    /// Takes the lock of this service. It is held as long as the returned value lives. `None` if another process has it.
    pub(crate) fn lock(&self) -> Result<Option<Flock<fs::File>>, Failure> {
        self.world.opens_state()?;
        self.world.lock_file(self.directory.join("supervise/lock"))
    }

    /// Waits until no process holds the lock of this service.
    #[track_caller]
    pub(crate) fn until_unlocked(&self) -> Outcome {
        self.world.until(&format!("the lock of {}", self.name), "free", || {
            Ok(if self.lock()?.is_some() { "free" } else { "held" })
        })
    }
}
