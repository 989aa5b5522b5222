//! One log directory: takes the steps that [`super::rotation`] lists, and writes lines.

use super::rotation::{self, COMPLETE, CURRENT, INCOMPLETE, LOCK, NEW_STATE, PREVIOUS, PROCESSED, STATE, Step};
use super::script::Settings;
use crate::program::{Exit, Program, parts};
use crate::sys::child::{self, Ended};
use crate::sys::directory::{self, WorkingDirectory};
use crate::sys::signals::Arrivals;
use crate::sys::{open, ready, stdio};
use crate::wire::tai::Tai64n;
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::time::{Duration, SystemTime};

/// The name in multilog's messages.
pub(super) const MULTILOG: Program = Program("multilog");
/// How long multilog waits before it tries again what failed.
const PAUSE: Duration = Duration::from_secs(5);

/// The shell that runs a processor.
const SHELL: &str = "/bin/sh";

/// A log directory that is open and locked.
#[derive(Debug)]
pub(super) struct Log {
    settings: Settings,
    directory: WorkingDirectory,
    /// Held open.
    _lock: open::Lock,
    /// `current`; `None` only between two steps.
    current: Option<File>,
    /// The size of `current`.
    written: u64,
    /// Bytes to append to `current`.
    pending: Vec<u8>,
    /// Whether the line in progress goes to this log.
    pub(super) is_selected: bool,
}

/// Why a step failed: what multilog was unable to do, and the error if there is one.
#[derive(Debug)]
struct Trouble(Vec<u8>, Option<io::Error>);

impl Log {
    /// Makes the directory if it does not exist, locks it, and puts aside what a crash left behind (MLOG-20 to 23). The
    /// directory becomes the current one.
    ///
    /// # Errors
    /// The directory cannot be opened or locked, or its files cannot be examined or opened.
    pub(super) fn open(settings: &Settings, signals: &Arrivals) -> Result<Log, Exit> {
        let name = settings.directory.as_os_str();
        let unable_to_open = |error| MULTILOG.fatal(parts!("unable to open directory ", name))(error);
        // If it cannot be made, it cannot be opened either.
        let _ = DirBuilder::new().mode(0o700).create(name);
        let directory = WorkingDirectory::open_at(name).map_err(unable_to_open)?;
        directory.enter().map_err(unable_to_open)?;
        let lock = open::lock(LOCK).map_err(MULTILOG.fatal(parts!("unable to lock directory ", name)))?;
        let mut log = Log {
            settings: settings.clone(),
            directory,
            _lock: lock,
            current: None,
            written: 0,
            pending: Vec::new(),
            is_selected: false,
        };
        let current = log.mode(CURRENT)?;
        let processed = if rotation::is_complete(current) { None } else { log.mode(PROCESSED)? };
        for step in rotation::start(current, processed) {
            log.start(step, signals)?;
        }
        Ok(log)
    }

    /// Returns the permission bits of `file`, or `None` if it does not exist. A symbolic link, which is not multilog's, counts
    /// as left behind by a crash, so that it is put aside.
    fn mode(&self, file: &str) -> Result<Option<u32>, Exit> {
        match fs::metadata(file) {
            Ok(_) if fs::read_link(file).is_ok() => Ok(Some(0)),
            Ok(metadata) => Ok(Some(metadata.mode())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.fatal("unable to stat ", file)(error)),
        }
    }

    /// Makes an error fatal: `unable to DOING DIRECTORY/FILE`. For `map_err`.
    fn fatal(&self, doing: &str, file: &str) -> impl FnOnce(io::Error) -> Exit {
        move |error| MULTILOG.fatal(parts!(doing, &self.settings.directory, "/", file))(error)
    }

    /// Takes a step before any input is read. It is fatal if a file cannot be opened.
    fn start(&mut self, step: Step, signals: &Arrivals) -> Result<(), Exit> {
        match step {
            Step::Resume => {
                let current = append(CURRENT).map_err(self.fatal("unable to append to ", CURRENT))?;
                let mode = Permissions::from_mode(INCOMPLETE);
                current.set_permissions(mode).map_err(self.fatal("unable to set mode of ", CURRENT))?;
                self.written = current.metadata().map_err(self.fatal("unable to stat ", CURRENT))?.size();
                self.current = Some(current);
            }
            Step::Create(CURRENT) => {
                let current = append(CURRENT).map_err(self.fatal("unable to write to ", CURRENT))?;
                let mode = Permissions::from_mode(INCOMPLETE);
                current.set_permissions(mode).map_err(self.fatal("unable to set mode of ", CURRENT))?;
                self.current = Some(current);
            }
            Step::Create(file) => {
                let emptied = open::own(open::appending().mode(0o644), file).and_then(|file| file.set_len(0));
                emptied.map_err(self.fatal("unable to write to ", file))?;
            }
            // What cannot be removed is replaced by a rename later, or that fails and says so.
            Step::Remove(file) => drop(fs::remove_file(file)),
            Step::Close | Step::Rename(..) | Step::Complete(_) | Step::Process | Step::Sync(_) | Step::Archive(..) => {
                self.take(step, signals)
            }
        }
        Ok(())
    }

    /// Returns how many bytes `current` still takes.
    pub(super) fn room(&self) -> usize {
        usize::try_from(self.settings.size.saturating_sub(self.written)).unwrap_or(usize::MAX)
    }

    /// Appends `bytes` to what is pending.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    /// Writes what is pending to `current`, and rotates it whenever it is full.
    pub(super) fn flush(&mut self, signals: &Arrivals) {
        let pending = std::mem::take(&mut self.pending);
        let mut rest = &pending[..];
        while !rest.is_empty() {
            let (count, is_full) = rotation::room(self.written, self.settings.size, rest);
            let written = if count > 0 { self.write(&rest[..count]) } else { 0 };
            self.written += written as u64;
            rest = &rest[written..];
            if is_full && written == count {
                self.rotate(signals);
            }
        }
        // Its memory serves again.
        self.pending = pending;
        self.pending.clear();
    }

    /// Writes some of `bytes`, however long it takes (MLOG-35). Returns how many.
    fn write(&mut self, bytes: &[u8]) -> usize {
        loop {
            let written = match &mut self.current {
                Some(current) => current.write(bytes),
                None => Err(io::Error::from(io::ErrorKind::NotFound)),
            };
            match written {
                Ok(0) => {}
                Ok(written) => return written,
                Err(error) => {
                    let name = &self.settings.directory;
                    MULTILOG.warn(parts!("unable to write to ", name, "/", CURRENT, ", pausing"), &error);
                    pause();
                }
            }
        }
    }

    /// Rotates `current`, unless it is empty.
    pub(super) fn rotate_unless_empty(&mut self, signals: &Arrivals) {
        if self.written > 0 {
            self.rotate(signals);
        }
    }

    fn rotate(&mut self, signals: &Arrivals) {
        let name = self.settings.directory.as_os_str();
        while let Err(error) = self.directory.enter() {
            MULTILOG.warn(parts!("unable to switch to ", name, ", pausing"), &error);
            pause();
        }
        for step in rotation::rotate(self.settings.processor.is_some()) {
            self.take(step, signals);
        }
    }

    /// Writes `current` to disk and marks it as complete, when no more lines come (MLOG-34).
    pub(super) fn close(&mut self) {
        self.insist(|log| {
            let Some(current) = &log.current else { return Ok(()) };
            current.sync_all().map_err(log.unable("write ", CURRENT, " to disk"))?;
            current.set_permissions(Permissions::from_mode(COMPLETE)).map_err(log.unable("set mode of ", CURRENT, ""))
        });
    }

    /// Takes a step of a rotation, again every five seconds until it succeeds.
    fn take(&mut self, step: Step, signals: &Arrivals) {
        self.insist(|log| log.attempt(step, signals));
    }

    fn insist(&mut self, mut attempt: impl FnMut(&mut Log) -> Result<(), Trouble>) {
        while let Err(Trouble(message, error)) = attempt(self) {
            match error {
                Some(error) => MULTILOG.warn(&[&message, b", pausing"], &error),
                None => MULTILOG.warn_bare(&[&message, b", pausing"]),
            }
            pause();
        }
    }

    /// Makes an error a trouble: `unable to DOING DIRECTORY/FILE REST`. For `map_err`.
    fn unable(&self, doing: &str, file: &str, rest: &str) -> impl FnOnce(io::Error) -> Trouble {
        let name = self.settings.directory.as_bytes();
        let message = [b"unable to ", doing.as_bytes(), name, b"/", file.as_bytes(), rest.as_bytes()].concat();
        move |error| Trouble(message, Some(error))
    }

    /// Takes a step once.
    fn attempt(&mut self, step: Step, signals: &Arrivals) -> Result<(), Trouble> {
        match step {
            Step::Close => {
                if let Some(current) = &self.current {
                    current.sync_all().map_err(self.unable("write ", CURRENT, " to disk"))?;
                }
                self.current = None;
            }
            Step::Rename(from, to) => {
                let name = self.settings.directory.as_bytes();
                let message = [b"unable to rename ", from.as_bytes(), b" to ", to.as_bytes(), b" in directory ", name];
                fs::rename(from, to).map_err(|error| Trouble(message.concat(), Some(error)))?;
            }
            // Only the start has a log to resume, which it does by itself.
            Step::Resume => {}
            Step::Create(file) => {
                let current = append(file).map_err(self.unable("create ", file, ""))?;
                let mode = Permissions::from_mode(INCOMPLETE);
                current.set_permissions(mode).map_err(self.unable("set mode of ", file, ""))?;
                (self.current, self.written) = (Some(current), 0);
            }
            Step::Complete(file) => {
                let mode = Permissions::from_mode(COMPLETE);
                let complete = read(file).and_then(|file| file.set_permissions(mode));
                complete.map_err(self.unable("set mode of ", file, ""))?;
            }
            Step::Process => self.process(signals)?,
            Step::Sync(file) => {
                let opened = append(file).map_err(self.unable("create ", file, ""))?;
                opened.sync_all().map_err(self.unable("write ", file, " to disk"))?;
            }
            Step::Remove(file) => self.remove(file)?,
            Step::Archive(file, code) => self.archive(file, code)?,
        }
        Ok(())
    }

    /// Removes `file`, which need not exist.
    fn remove(&self, file: &str) -> Result<(), Trouble> {
        match fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.unable("remove ", file, "")(error)),
            _ => Ok(()),
        }
    }

    /// Gives `file` the name of an old log and removes surplus ones (MLOG-24). A file with two names was on its way when
    /// multilog crashed, and loses the first of them.
    fn archive(&self, file: &str, code: rotation::Code) -> Result<(), Trouble> {
        let links = match fs::symlink_metadata(file) {
            Ok(metadata) => metadata.nlink(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(self.unable("stat ", file, "")(error)),
        };
        if links == 1 {
            let mut stamp = Tai64n::of(SystemTime::now());
            loop {
                let name = [&stamp.external()[..], code.suffix()].concat();
                match fs::hard_link(file, OsStr::from_bytes(&name)) {
                    Ok(()) => break,
                    // Another file was archived within the same tick of the clock.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => stamp = stamp.next(),
                    Err(error) => return Err(self.unable("link to ", &String::from_utf8_lossy(&name), "")(error)),
                }
            }
        }
        self.remove(file)?;
        self.prune()
    }

    /// Removes the oldest logs, so that one less than the script's number is left (MLOG-13).
    fn prune(&self) -> Result<(), Trouble> {
        let unable_to_read =
            |error| Trouble([b"unable to read ", self.settings.directory.as_bytes()].concat(), Some(error));
        let names: Vec<_> =
            directory::names(".").map_err(unable_to_read)?.into_iter().map(OsString::into_vec).collect();
        for name in rotation::surplus(names, self.settings.number) {
            self.remove(&String::from_utf8_lossy(&name))?;
        }
        Ok(())
    }

    /// Runs the processor on `previous` and waits for its end (MLOG-50 to 54).
    fn process(&self, signals: &Arrivals) -> Result<(), Trouble> {
        let Some(processor) = &self.settings.processor else { return Ok(()) };
        let name = self.settings.directory.as_bytes();
        let trouble = |what: &[u8], error| Trouble([what, name].concat(), error);
        let child = child::spawn(|| {
            let ready = signals.release().and_then(|()| connect());
            let argv = ["sh", "-c"].map(OsStr::new).into_iter().chain([processor.as_os_str()]).collect::<Vec<_>>();
            let error = ready.err().unwrap_or_else(|| child::exec(OsStr::new(SHELL), &argv, &child::environment()));
            MULTILOG.fatal(parts!("unable to run ", processor))(error).report()
        });
        let child = child.map_err(|error| trouble(b"unable to fork for processor in ", Some(error)))?;
        let status = child::wait_for(child).map_err(|error| trouble(b"wait failed for processor in ", Some(error)))?;
        match Ended::of(status) {
            Ended::Code(0) => Ok(()),
            Ended::Code(_) => Err(trouble(b"processor failed in ", None)),
            Ended::Killed => Err(trouble(b"processor crashed in ", None)),
        }
    }
}

fn append(file: &str) -> io::Result<File> {
    open::own(&mut open::appending(), file)
}

fn read(file: &str) -> io::Result<File> {
    open::own(open::nonblocking().read(true), file)
}

/// Opens the files of a processor as its descriptors 0, 1, 4 and 5.
fn connect() -> io::Result<()> {
    stdio::redirect(&[
        (read(PREVIOUS)?, 0),
        (open::replace(PROCESSED)?, 1),
        (read(STATE)?, 4),
        (open::replace(NEW_STATE)?, 5),
    ])
}

/// Waits before a step is tried again.
pub(super) fn pause() {
    ready::wait(&[], Some(PAUSE));
}
