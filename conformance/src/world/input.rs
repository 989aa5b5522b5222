//! A pipe that a command reads as its standard input, written piece by piece.

use super::{World, broken};
use crate::observe::escape;
use crate::outcome::{Failure, Outcome};
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::cell::Cell;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// How many bytes of a piece a transcript repeats.
const SHOWN: usize = 200;

/// The writing end of a FIFO. Dropping it ends the input.
#[derive(Debug)]
pub(crate) struct Input {
    world: World,
    path: PathBuf,
    file: File,
}

impl World {
    /// Makes the FIFO `name` and opens it for writing, for a command with [`Command::input`].
    ///
    /// [`Command::input`]: super::Command::input
    pub(crate) fn input(&self, name: &str) -> Result<Input, Failure> {
        self.files.make_fifo(name)?;
        let path = self.path(name);
        // Opened for reading too, so that neither this nor the command waits for the other end.
        let options = OpenOptions::new().read(true).write(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(&path);
        Ok(Input { world: self.clone(), file: options.map_err(|error| broken(&path, &error))?, path })
    }
}

impl Input {
    /// Writes `bytes`: as one write, unless the FIFO has not enough room.
    #[track_caller]
    pub(crate) fn send(&self, bytes: impl AsRef<[u8]>) -> Outcome {
        let bytes = bytes.as_ref();
        let sent = Cell::new(0);
        let what = format!("{} is written to the input", escape(&bytes[..bytes.len().min(SHOWN)]));
        self.world.until(&what, bytes.len(), || {
            loop {
                match (&self.file).write(&bytes[sent.get()..]) {
                    Ok(0) => return Ok(sent.get()),
                    Ok(count) => sent.set(sent.get() + count),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(sent.get()),
                    Err(error) => return Err(broken(&self.path, &error)),
                }
            }
        })
    }

    /// Waits until the command has read all that was written.
    #[track_caller]
    pub(crate) fn until_read(&self) -> Outcome {
        self.world.until("the input is read", true, || {
            let mut waiting = [PollFd::new(self.file.as_fd(), PollFlags::POLLIN)];
            Ok(poll(&mut waiting, PollTimeout::ZERO) == Ok(0))
        })
    }
}
