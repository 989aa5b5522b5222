//! Looks at the scan directory every five seconds and starts what is missing.

use super::roster::{Id, Roster, Side};
use crate::program::{Program, Stop, parts};
use crate::sys::{child, open, ready};
use crate::wire::place;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

const SVSCAN: Program = Program("svscan");
const INTERVAL: Duration = Duration::from_secs(5);

/// A pipe from a service to its log. Both ends stay open here, so neither side ever notices that the other is gone.
#[derive(Debug)]
struct Pipe {
    reader: OwnedFd,
    writer: OwnedFd,
}

/// The services of the current directory.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    roster: Roster<Pipe>,
}

/// The reason has been told; the service has to wait for the next scan.
struct Told;

impl Scan {
    /// Scans for ever.
    pub(crate) fn keep_running(mut self) -> ! {
        loop {
            while let Some((pid, _)) = child::reap() {
                self.roster.died(pid);
            }
            self.scan();
            ready::wait(&[], Some(INTERVAL));
        }
    }

    /// One look at the directory. If it cannot be read to its end, nothing is forgotten.
    fn scan(&mut self) {
        self.roster.begin();
        if let Err(error) = self.start_all() {
            return SVSCAN.warn(parts!("unable to read directory"), &error);
        }
        self.roster.end();
    }

    fn start_all(&mut self) -> io::Result<()> {
        for entry in fs::read_dir(".")? {
            let name = entry?.file_name();
            if !name.as_bytes().starts_with(b".") {
                // What went wrong is told, and tried again by the next scan.
                let _ = self.look_at(&name);
            }
        }
        Ok(())
    }

    fn look_at(&mut self, name: &OsStr) -> Result<(), Told> {
        let directory = fs::metadata(name).map_err(|error| tell(parts!("unable to stat ", name), &error))?;
        if !directory.is_dir() {
            return Ok(());
        }
        let id = Id { device: directory.dev(), inode: directory.ino() };
        if !self.roster.knows(id) {
            self.roster.add(id, pipe_to_log(name)?);
        }
        for side in self.roster.see(id) {
            let pid = start(name, side, self.roster.pipe(id))?;
            self.roster.started(id, side, pid);
        }
        Ok(())
    }
}

/// The pipe to the log of a new service, if there is anything called `log` in it.
fn pipe_to_log(name: &OsStr) -> Result<Option<Pipe>, Told> {
    match stat_log(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(tell(parts!("unable to stat ", name, "/log"), &error)),
        Ok(_) => match open::pipe() {
            Ok((reader, writer)) => Ok(Some(Pipe { reader, writer })),
            Err(error) => Err(tell(parts!("unable to create pipe for ", name), &error)),
        },
    }
}

fn stat_log(name: &OsStr) -> io::Result<Metadata> {
    fs::metadata([name, OsStr::new(place::LOG)].iter().collect::<std::path::PathBuf>())
}

/// Forks a supervise for one side of `name`, its standard output or input being its end of `pipe` (SCAN-06, 07).
fn start(name: &OsStr, side: Side, pipe: Option<&Pipe>) -> Result<child::Pid, Told> {
    let full_name = match side {
        Side::Main => name.to_owned(),
        Side::Log => [name, OsStr::new("/log")].into_iter().collect::<OsString>(),
    };
    child::fork(|| run(name, &full_name, side, pipe))
        .map_err(|error| tell(parts!("unable to fork for ", &full_name), &error))
}

/// Becomes a supervise. Returns why it could not.
fn run(name: &OsStr, full_name: &OsStr, side: Side, pipe: Option<&Pipe>) -> Stop {
    let connected = match (side, pipe) {
        (_, None) => Ok(()),
        (Side::Main, Some(pipe)) => open::become_output(&pipe.writer),
        (Side::Log, Some(pipe)) => open::become_input(&pipe.reader),
    };
    if let Err(error) = connected {
        return SVSCAN.lost(parts!("unable to set up descriptors for ", full_name))(error);
    }
    let argument = match side {
        Side::Main => name,
        Side::Log => OsStr::new(place::LOG),
    };
    if side == Side::Log
        && let Err(error) = std::env::set_current_dir(name)
    {
        return SVSCAN.lost(parts!("unable to switch to ", name))(error);
    }
    let error = child::exec_search(&[OsStr::new("supervise"), argument]);
    SVSCAN.lost(parts!("unable to start supervise ", full_name))(error)
}

fn tell(what: &[&[u8]], why: &io::Error) -> Told {
    SVSCAN.warn(what, why);
    Told
}
