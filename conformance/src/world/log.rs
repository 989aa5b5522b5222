//! Log directories as multilog writes them, read file by file.

use super::{Command, Running, World, broken};
use crate::observe::escape;
use crate::outcome::{Failure, Outcome};
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fs;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// The number of seconds in a label of the second 1970-01-01 00:00:00.
const LABEL_OF_1970: u64 = (1 << 62) + 10;

/// A log directory, which need not exist yet.
#[derive(Debug)]
pub(crate) struct Log {
    world: World,
    /// Its name as scripts have it, such as `./main`.
    pub(crate) name: String,
}

impl World {
    /// Returns the log in the directory `./NAME`.
    pub(crate) fn log(&self, name: &str) -> Log {
        Log { world: self.clone(), name: format!("./{name}") }
    }

    /// Returns multilog with `script`, reading the file `input`, which gets these bytes.
    pub(crate) fn multilog(&self, script: &[&str], input: impl AsRef<[u8]>) -> Result<Command, Failure> {
        self.files.write("input", input)?;
        Ok(self.command("multilog").args(script).input("input"))
    }
}

impl Log {
    /// Returns the names of the old files, the oldest first.
    pub(crate) fn old(&self) -> Vec<String> {
        self.world.files.names(&self.name).into_iter().filter(|name| name.starts_with('@')).collect()
    }

    /// Returns the codes of the old files, the oldest first, such as `s` and `u`.
    pub(crate) fn codes(&self) -> Vec<String> {
        self.old().iter().map(|name| name.rsplit('.').next().unwrap_or_default().to_owned()).collect()
    }

    /// Returns the contents of the file `name` of this log; empty if it does not exist.
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.world.path(&self.name).join(name)).unwrap_or_default()
    }

    /// Returns the contents of `current`, [`escape`]d.
    pub(crate) fn current(&self) -> String {
        escape(&self.bytes("current"))
    }

    /// Returns everything that was logged: the old files, `previous` if a rotation was interrupted, and `current`.
    pub(crate) fn everything(&self) -> Vec<u8> {
        let old = self.old();
        let names = old.iter().map(String::as_str).chain(["previous", "current"]);
        names.flat_map(|name| self.bytes(name)).collect()
    }

    /// Returns the size of each old file, the oldest first.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        self.old().iter().map(|name| self.bytes(name).len()).collect()
    }

    /// Returns the permission bits of the file `name` of this log, such as `0644`, or `-` if it does not exist.
    pub(crate) fn mode(&self, name: &str) -> String {
        self.world.files.mode(format!("{}/{name}", self.name))
    }

    /// Returns the lines of everything that was logged, in alphabetical order and [`escape`]d.
    pub(crate) fn sorted_lines(&self) -> Vec<String> {
        let bytes = self.everything();
        let mut lines: Vec<String> = bytes.split_inclusive(|&byte| byte == b'\n').map(escape).collect();
        lines.sort();
        lines
    }

    /// Returns the time since 1970 in the name of each old file, the oldest first; `None` if it has no time stamp.
    pub(crate) fn stamps(&self) -> Vec<Option<Duration>> {
        self.old().iter().map(|name| stamp(name)).collect()
    }

    /// Makes the directory with a `current` that has these bytes, as multilog leaves it at its end.
    pub(crate) fn prepare(&self, bytes: impl AsRef<[u8]>) -> Outcome {
        let files = &self.world.files;
        files.make_directory(&self.name)?;
        for (name, bytes, mode) in
            [("lock", &b""[..], 0o600), ("state", b"", 0o644), ("current", bytes.as_ref(), 0o744)]
        {
            let name = format!("{}/{name}", self.name);
            files.write(&name, bytes)?;
            files.set_mode(&name, mode)?;
        }
        Ok(())
    }

    /// Waits until there are `count` old files.
    #[track_caller]
    pub(crate) fn until_old(&self, count: usize) -> Outcome {
        self.world.until(&format!("old files of {}", self.name), count, || Ok(self.old().len()))
    }

    /// Waits until `current` has exactly these bytes.
    #[track_caller]
    pub(crate) fn until_current(&self, bytes: &str) -> Outcome {
        self.world.until(&format!("{}/current", self.name), escape(bytes.as_bytes()), || Ok(self.current()))
    }

    /// Returns the inode of `name`, which tells whether it is still the same file.
    pub(crate) fn inode(&self, name: &str) -> Result<u64, Failure> {
        use std::os::unix::fs::MetadataExt;
        let path = self.world.path(&self.name).join(name);
        fs::symlink_metadata(&path).map(|file| file.ino()).map_err(|error| broken(&path, &error))
    }
}

/// Returns the time since 1970 that the name of an old file has: `@`, 24 hexadecimal digits, a dot and a code.
fn stamp(name: &str) -> Option<Duration> {
    let digits = name.strip_prefix('@')?.get(..24)?;
    let seconds = u64::from_str_radix(&digits[..16], 16).ok()?.checked_sub(LABEL_OF_1970)?;
    Some(Duration::new(seconds, u32::from_str_radix(&digits[16..], 16).ok()?))
}

/// Returns lines of 100 bytes, each its number with zeros in front.
pub(crate) fn numbered_lines(numbers: Range<usize>) -> String {
    numbers.map(|number| format!("{number:099}\n")).collect()
}

/// A FIFO that multilog reads, fed by the scenario. What multilog leaves in it can be read.
#[derive(Debug)]
pub(crate) struct Feed {
    world: World,
    name: String,
    end: fs::File,
}

impl World {
    /// Makes the FIFO `name`.
    pub(crate) fn feed(&self, name: &str) -> Result<Feed, Failure> {
        self.files.make_fifo(name)?;
        let path = self.path(name);
        // Open for reading too, so that what a multilog leaves in it outlives the multilog.
        let end = fs::OpenOptions::new().read(true).write(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(&path);
        Ok(Feed { world: self.clone(), name: name.to_owned(), end: end.map_err(|error| broken(&path, &error))? })
    }
}

impl Feed {
    /// Starts multilog with `script`, reading this FIFO.
    #[track_caller]
    pub(crate) fn multilog(&self, script: &[&str]) -> Result<Running, Failure> {
        self.world.command("multilog").args(script).input(&self.name).start()
    }

    /// Writes `bytes` at once.
    pub(crate) fn send(&self, bytes: impl AsRef<[u8]>) -> Outcome {
        let bytes = bytes.as_ref();
        self.world.note(format!("feed {} bytes to {}", bytes.len(), self.name), "");
        match (&self.end).write(bytes) {
            Ok(count) if count == bytes.len() => Ok(()),
            Ok(count) => Err(self.broken(&format!("took {count} of {} bytes", bytes.len()))),
            Err(error) => Err(self.broken(&error)),
        }
    }

    /// Waits until everything in it was read.
    #[track_caller]
    pub(crate) fn until_read(&self) -> Outcome {
        self.world.until(&format!("{} is read", self.name), true, || {
            let mut waiting = [PollFd::new(self.end.as_fd(), PollFlags::POLLIN)];
            Ok(poll(&mut waiting, PollTimeout::ZERO) == Ok(0))
        })
    }

    /// Reads what is left in it.
    pub(crate) fn left(&self) -> Result<Vec<u8>, Failure> {
        let mut bytes = vec![];
        match (&self.end).read_to_end(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(bytes),
            Ok(_) => Ok(bytes),
            Err(error) => Err(self.broken(&error)),
        }
    }

    /// Closes it: readers see its end once they have read everything.
    pub(crate) fn close(self) {
        self.world.note(format!("close {}", self.name), "");
    }

    fn broken(&self, error: &dyn std::fmt::Display) -> Failure {
        broken(Path::new(&self.name), error)
    }
}
