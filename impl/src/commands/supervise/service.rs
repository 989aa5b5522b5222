//! A service directory: waits for events and performs what the machine decides.

use super::machine::{Effect, Event, FORK_PAUSE, Machine, Now};
use crate::program::{Exit, Program, parts, reason};
use crate::sys::signals::{self, ChildExits};
use crate::sys::{child, fifo, open, ready};
use crate::wire::control::Command;
use crate::wire::status::{self, Status, Want};
use crate::wire::{files, tai::Tai64n};
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::os::unix::fs::DirBuilderExt;
use std::time::{Duration, Instant, SystemTime};

const SUPERVISE: Program = Program("supervise");
/// How often `control` is read if it is not a FIFO. Other files are always ready, so supervise cannot wait for them.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The files and signals of a service. Its directory is the current directory.
#[derive(Debug)]
pub(crate) struct Service {
    name: OsString,
    start: Instant,
    exits: ChildExits,
    control: File,
    control_at_eof: bool,
    /// Held open: the lock, a writer of `control`, so that its reader never sees an end of file, and a reader of `ok`.
    _held: (open::Lock, File, File),
}

impl Service {
    /// Sets up the service directory `name` in the order of SUP-02, and makes it the current directory.
    ///
    /// # Errors
    /// Every failure during setup is fatal. Later ones are warnings.
    pub(crate) fn open(name: &OsStr) -> Result<(Service, Machine), Exit> {
        let fatal = |action: &'static str, file: &'static str| {
            move |error: io::Error| SUPERVISE.fatal(parts!(action, name, file))(error)
        };
        let exits = ChildExits::listen().map_err(fatal("unable to create pipe for ", ""))?;
        std::env::set_current_dir(name).map_err(fatal("unable to chdir to ", ""))?;
        let want = match fs::metadata(files::DOWN) {
            Ok(_) => Want::Down,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Want::Up,
            Err(error) => return Err(fatal("unable to stat ", "/down")(error)),
        };
        make_directory()?;
        let lock = open::lock(files::LOCK).map_err(fatal("unable to acquire ", "/supervise/lock"))?;
        fifo::make(files::CONTROL, 0o600);
        let control = open::read(files::CONTROL).map_err(fatal("unable to read ", "/supervise/control"))?;
        let writer = fifo::open_write(files::CONTROL).map_err(fatal("unable to write ", "/supervise/control"))?;

        let start = Instant::now();
        let machine = Machine::new(want, now(start));
        announce(name, machine.status());
        fifo::make(files::OK, 0o600);
        let ok = open::read(files::OK).map_err(fatal("unable to read ", "/supervise/ok"))?;

        let name = name.to_owned();
        let held = (lock, writer, ok);
        Ok((Service { name, start, exits, control, control_at_eof: false, _held: held }, machine))
    }

    /// Runs the service until `x` has arrived and it is down.
    pub(crate) fn supervise(mut self, mut machine: Machine) {
        let mut turn = self.handle(&mut machine, Event::Ready);
        while turn.is_continue() {
            self.wait(&machine);
            turn = self.turn(&mut machine);
        }
    }

    /// Handles at most one exit of `./run`, then at most one command, so that a service that keeps dying can be stopped.
    fn turn(&mut self, machine: &mut Machine) -> ControlFlow<()> {
        self.reap(machine)?;
        if let Some(command) = self.read_command() {
            self.handle(machine, Event::Received(command))?;
        }
        self.handle(machine, Event::Tick)
    }

    fn wait(&self, machine: &Machine) {
        let timeout = machine.next_start().map(|at| at.saturating_sub(self.start.elapsed()));
        if self.control_at_eof {
            ready::wait(&[self.exits.source()], Some(timeout.map_or(POLL_INTERVAL, |time| time.min(POLL_INTERVAL))));
        } else {
            ready::wait(&[self.exits.source(), self.control.as_fd()], timeout);
        }
    }

    /// Reaps every child that has exited, up to `./run`. The others were inherited by exec (SUP-62).
    fn reap(&self, machine: &mut Machine) -> ControlFlow<()> {
        self.exits.clear();
        while let Some((pid, _)) = child::reap() {
            if machine.pid() == Some(pid) {
                return self.handle(machine, Event::Exited);
            }
        }
        ControlFlow::Continue(())
    }

    fn read_command(&mut self) -> Option<Command> {
        let mut letter = [0];
        let count = open::read_once(&self.control, &mut letter);
        self.control_at_eof = matches!(count, Ok(0));
        if matches!(count, Ok(1)) { Command::from_letter(letter[0]) } else { None }
    }

    /// Passes `event` to the machine and performs the effects. Breaks if supervise must exit.
    fn handle(&self, machine: &mut Machine, event: Event) -> ControlFlow<()> {
        let mut next = Some(event);
        while let Some(event) = next.take() {
            for effect in machine.step(event, now(self.start)) {
                match effect {
                    Effect::Announce(status) => announce(&self.name, status),
                    Effect::Signal(pid, signal) => signals::send(pid, signal),
                    Effect::Start => next = Some(self.start_run()),
                    Effect::Exit => return ControlFlow::Break(()),
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn start_run(&self) -> Event {
        let run = OsStr::new(files::RUN);
        let started = child::spawn(|| {
            signals::unblock_sigchld();
            let error = child::exec(run, &[run], &child::environment());
            SUPERVISE.fatal(parts!("unable to start ", &self.name, "/run"))(error).report()
        });
        match started {
            Ok(pid) => Event::Started(pid),
            Err(error) => {
                let pause = format!(", sleeping {} seconds", FORK_PAUSE.as_secs());
                SUPERVISE.warn(parts!("unable to fork for ", &self.name, &pause), &error);
                Event::ForkFailed
            }
        }
    }
}

fn now(start: Instant) -> Now {
    Now { label: Tai64n::of(SystemTime::now()), elapsed: start.elapsed() }
}

/// Makes `supervise`, or the directory that it links to.
///
/// Other failures show when the lock is acquired (SUP-08, SUP-11). A link that cannot be read is the only message without
/// the name of a program (GEN-01).
fn make_directory() -> Result<(), Exit> {
    let mut directory = DirBuilder::new();
    directory.mode(0o700);
    if let Err(error) = directory.create(files::SUPERVISE)
        && error.kind() == io::ErrorKind::AlreadyExists
    {
        match fs::read_link(files::SUPERVISE) {
            Ok(target) => drop(directory.create(target)),
            // It is not a link.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
            Err(error) => return Err(Exit::without_name("unable to readlink ./supervise", &error)),
        }
    }
    Ok(())
}

/// Writes a new record and renames it over the old one, so that no reader sees a partial record (SUP-28). On failure,
/// warns and leaves the old record.
fn announce(name: &OsStr, status: Status) {
    let warn = |action: &str, file: &str, reason: &str| SUPERVISE.warn_because(parts!(action, name, file), reason);
    let mut record = match open::truncate(files::STATUS_NEW) {
        Ok(record) => record,
        Err(error) => return warn("unable to open ", "/supervise/status.new", reason(&error)),
    };
    match record.write(&status.to_bytes()) {
        Ok(status::LENGTH) => {}
        Ok(_) => return warn("unable to write ", "/supervise/status.new", "partial write"),
        Err(error) => return warn("unable to write ", "/supervise/status.new", reason(&error)),
    }
    if let Err(error) = fs::rename(files::STATUS_NEW, files::STATUS) {
        warn("unable to rename ", "/supervise/status.new to status", reason(&error));
    }
}
