//! FIFOs: those that a scenario reads, the control FIFO of a service, and decoys, where the scenario plays supervise.

use super::{Service, World, broken};
use crate::observe::escape;
use crate::outcome::{Failure, Outcome};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The letter that [`Fifo::fill`] fills a FIFO with.
const FILLING: char = '.';

/// A FIFO that the scenario reads.
#[derive(Debug)]
pub(crate) struct Fifo {
    world: World,
    name: String,
    reader: fs::File,
}

impl World {
    /// Makes a FIFO and opens it for reading.
    pub(crate) fn fifo(&self, name: &str) -> Result<Fifo, Failure> {
        self.files.make_fifo(name)?;
        Ok(Fifo { world: self.clone(), name: name.to_owned(), reader: self.files.open_reader(name)? })
    }

    fn write_to_fifo(&self, name: &Path, bytes: &[u8]) -> Outcome {
        let path = self.path(name);
        let write = || -> io::Result<usize> {
            let flags = OFlag::O_NONBLOCK.bits();
            fs::OpenOptions::new().write(true).custom_flags(flags).open(&path)?.write(bytes)
        };
        match write() {
            Ok(length) if length == bytes.len() => Ok(()),
            Ok(length) => Err(broken(&path, &format!("took {length} of {} bytes", bytes.len()))),
            Err(error) => Err(broken(&path, &error)),
        }
    }
}

impl Fifo {
    /// Reads everything that is in the FIFO, [`escape`]d. Writers that waited for room go on meanwhile, and their bytes are
    /// read too.
    pub(crate) fn taken(&self) -> Result<String, Failure> {
        let mut text = String::new();
        loop {
            match self.gulp()? {
                piece if piece.is_empty() => return Ok(text),
                piece => text += &piece,
            }
        }
    }

    /// Reads what is in the FIFO in a single read, [`escape`]d.
    pub(crate) fn gulp(&self) -> Result<String, Failure> {
        let mut bytes = vec![0; self.capacity()?];
        match (&self.reader).read(&mut bytes) {
            Ok(length) => Ok(escape(&bytes[..length])),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(String::new()),
            Err(error) => Err(broken(Path::new(&self.name), &error)),
        }
    }

    /// Fills an empty FIFO with dots until it has room for `room` bytes, less than a page. A larger write of less than a
    /// page blocks, and the kernel takes none of it before it can take all.
    pub(crate) fn fill(&self, room: usize) -> Outcome {
        let filling = FILLING.to_string().repeat(self.capacity()? - room);
        self.world.write_to_fifo(Path::new(&self.name), filling.as_bytes())?;
        self.world.note(format!("fill {}", self.name), format!("room for {room} bytes"));
        Ok(())
    }

    /// Reads the FIFO in a single read and returns what is behind the dots.
    pub(crate) fn behind_filling(&self) -> Result<String, Failure> {
        Ok(self.gulp()?.trim_start_matches(FILLING).to_owned())
    }

    fn capacity(&self) -> Result<usize, Failure> {
        fcntl(&self.reader, FcntlArg::F_GETPIPE_SZ)
            .and_then(|size| usize::try_from(size).map_err(|_| Errno::EOVERFLOW))
            .map_err(|error| broken(Path::new(&self.name), &error))
    }
}

/// The control FIFO of a service, `supervise/control`, for bytes that svc cannot send.
#[derive(Debug)]
pub(crate) struct Control<'s> {
    service: &'s Service,
    path: PathBuf,
}

impl Service {
    /// Returns the control FIFO of this service.
    ///
    /// # Errors
    /// If the scenario is not about the files in `supervise/`: it sends commands by [`Service::svc`].
    pub(crate) fn control(&self) -> Result<Control<'_>, Failure> {
        self.world.opens_state()?;
        Ok(Control { service: self, path: self.directory.join("supervise/control") })
    }
}

impl Control<'_> {
    /// Writes `bytes` in a single write, as a client other than svc.
    #[track_caller]
    pub(crate) fn send(&self, bytes: impl AsRef<[u8]>) -> Outcome {
        let bytes = bytes.as_ref();
        let text = escape(bytes);
        let head: String = text.chars().take(60).collect();
        let rest = if head.len() < text.len() { format!("... ({} bytes)", bytes.len()) } else { String::new() };
        self.service.world.note(format!("write {head}{rest} to the control of {}", self.service.name), "");
        self.service.world.write_to_fifo(&self.path, bytes)
    }

    /// Writes each of `bytes` as a client of its own, one after the other.
    #[track_caller]
    pub(crate) fn send_each(&self, bytes: &[u8]) -> Outcome {
        let world = &self.service.world;
        world.note(format!("{} clients of {} send a byte each", bytes.len(), self.service.name), "");
        bytes.chunks(1).try_for_each(|byte| world.write_to_fifo(&self.path, byte))
    }

    /// Waits until supervise has read all commands. The original reads none for a second after a start.
    #[track_caller]
    pub(crate) fn until_read(&self) -> Outcome {
        let reader = self.service.world.files.open_reader(&self.path)?;
        self.service.world.until("the commands are read", true, || {
            let mut waiting = [PollFd::new(reader.as_fd(), PollFlags::POLLIN)];
            Ok(poll(&mut waiting, PollTimeout::ZERO) == Ok(0))
        })
    }
}

/// A service directory that clients take for supervised, because the scenario holds its FIFOs open.
#[derive(Debug)]
pub(crate) struct Decoy {
    /// The directory.
    pub(crate) service: Service,
    /// Its `supervise/control`.
    pub(crate) control: Fifo,
    /// Its `supervise/ok`.
    pub(crate) ok: Fifo,
}

impl World {
    /// Makes a service directory whose FIFOs the scenario holds open.
    ///
    /// # Errors
    /// If the scenario is not about the files in `supervise/`.
    pub(crate) fn decoy(&self, name: &str) -> Result<Decoy, Failure> {
        self.opens_state()?;
        self.files.make_directory(format!("{name}/supervise"))?;
        let fifo = |file: &str| self.fifo(&format!("{name}/supervise/{file}"));
        Ok(Decoy { service: self.service_called(name), control: fifo("control")?, ok: fifo("ok")? })
    }

    /// Makes directories for clients that are not as they should be. `bare` has no `supervise`. In `unread` nobody reads
    /// the FIFOs. In `directories`, `files`, `circles` and `sockets` the FIFOs and the record are what the name says, and
    /// in `filed` and `circled` it is `supervise` itself. `file`, `circle` and `dangling` are not directories at all.
    ///
    /// # Errors
    /// If the scenario is not about the files in `supervise/`.
    pub(crate) fn make_crooked(&self) -> Outcome {
        self.opens_state()?;
        let files = &self.files;
        files.make_directory("bare")?;
        files.write("file", "")?;
        files.make_directory("circled")?;
        for (target, link) in [("circle", "circle"), ("supervise", "circled/supervise"), ("nothing", "dangling")] {
            files.link(target, link)?;
        }
        files.make_directory("filed")?;
        files.write("filed/supervise", "")?;
        for kind in ["unread", "directories", "files", "circles", "sockets"] {
            files.make_directory(format!("{kind}/supervise"))?;
            for file in ["control", "ok", "status"] {
                let name = format!("{kind}/supervise/{file}");
                match kind {
                    "unread" => files.make_fifo(&name)?,
                    "directories" => drop(files.make_directory(&name)?),
                    "files" => files.write(&name, "abcdefgh")?,
                    "circles" => files.link(file, &name)?,
                    _ => drop(
                        // The name is relative, because the path of a socket is limited to 108 bytes.
                        std::os::unix::net::UnixListener::bind(&name)
                            .map_err(|error| broken(Path::new(&name), &error))?,
                    ),
                }
            }
        }
        Ok(())
    }
}
