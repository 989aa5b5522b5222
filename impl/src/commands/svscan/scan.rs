//! Scans the current directory every five seconds and starts each supervise that is not running.

use super::roster::{Id, Role, Roster};
use crate::program::{Exit, Program, parts};
use crate::sys::{Pid, child, open, ready, stdio};
use crate::wire::files;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

const SVSCAN: Program = Program("svscan");
const INTERVAL: Duration = Duration::from_secs(5);

/// The pipe from a service to its log. svscan keeps both ends open: if either supervise dies, the other service gets
/// neither SIGPIPE nor an end of file, and what is in the pipe stays there (SCAN-08).
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

/// A failure that was printed as a warning. The next scan tries again.
struct AlreadyReported;

impl Scan {
    /// Scans for ever.
    pub(crate) fn run(mut self) -> ! {
        loop {
            while let Some((pid, _)) = child::reap() {
                self.roster.exited(pid);
            }
            self.scan();
            ready::wait(&[], Some(INTERVAL));
        }
    }

    /// Scans once. If the directory cannot be read to its end, no service is forgotten.
    fn scan(&mut self) {
        self.roster.begin_scan();
        if let Err(error) = self.read_directory() {
            return SVSCAN.warn(parts!("unable to read directory"), &error);
        }
        self.roster.end_scan();
    }

    fn read_directory(&mut self) -> io::Result<()> {
        for entry in fs::read_dir(".")? {
            let name = entry?.file_name();
            if !name.as_bytes().starts_with(b".") {
                // One service that cannot be started does not stop the scan.
                let _ = self.start_missing(&name);
            }
        }
        Ok(())
    }

    /// Starts each supervise that the service `name` lacks.
    fn start_missing(&mut self, name: &OsStr) -> Result<(), AlreadyReported> {
        let metadata = fs::metadata(name).map_err(|error| report(parts!("unable to stat ", name), &error))?;
        if !metadata.is_dir() {
            return Ok(());
        }
        let id = Id { device: metadata.dev(), inode: metadata.ino() };
        if !self.roster.contains(id) {
            self.roster.add(id, pipe_to_log(name)?);
        }
        for role in self.roster.missing(id) {
            let pid = start(name, role, self.roster.pipe(id))?;
            self.roster.started(id, role, pid);
        }
        Ok(())
    }
}

/// Makes the pipe to the log of a new service, if a file of any type called `log` is in it.
fn pipe_to_log(name: &OsStr) -> Result<Option<Pipe>, AlreadyReported> {
    match fs::metadata(Path::new(name).join(files::LOG)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(report(parts!("unable to stat ", name, "/log"), &error)),
        Ok(_) => match open::pipe() {
            Ok((reader, writer)) => Ok(Some(Pipe { reader, writer })),
            Err(error) => Err(report(parts!("unable to create pipe for ", name), &error)),
        },
    }
}

/// Starts the supervise for `role` of the service `name`, with its end of `pipe` as standard output or input (SCAN-06,
/// SCAN-07).
fn start(name: &OsStr, role: Role, pipe: Option<&Pipe>) -> Result<Pid, AlreadyReported> {
    let full_name = match role {
        Role::Main => name.to_owned(),
        Role::Log => [name, OsStr::new("/log")].into_iter().collect::<OsString>(),
    };
    child::spawn(|| exec_supervise(name, &full_name, role, pipe).report())
        .map_err(|error| report(parts!("unable to fork for ", &full_name), &error))
}

/// Replaces this process by supervise. Returns only on failure.
fn exec_supervise(name: &OsStr, full_name: &OsStr, role: Role, pipe: Option<&Pipe>) -> Exit {
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
        && let Err(error) = std::env::set_current_dir(name)
    {
        return SVSCAN.fatal_in_child(parts!("unable to switch to ", name))(error);
    }
    let argv = [OsStr::new("supervise"), argument];
    let error = child::exec_search(&argv, &child::search_path(), &child::environment());
    SVSCAN.fatal_in_child(parts!("unable to start supervise ", full_name))(error)
}

fn report(what: &[&[u8]], error: &io::Error) -> AlreadyReported {
    SVSCAN.warn(what, error);
    AlreadyReported
}
