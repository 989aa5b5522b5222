//! One service directory: performs what the machine decided.

use super::machine::{Effect, Event, FORK_PAUSE, Machine, Now};
use crate::program::{Program, Stop, parts, reason};
use crate::sys::signals::{self, Deaths};
use crate::sys::{child, fifo, open, ready};
use crate::wire::control::Command;
use crate::wire::status::{self, Status, Want};
use crate::wire::{place, tai::Tai64n};
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::os::unix::fs::DirBuilderExt;
use std::time::{Duration, Instant, SystemTime};

const SUPERVISE: Program = Program("supervise");

/// How often a control that is no fifo is read again: such a file is always ready, so waiting for it is of no use.
const NO_FIFO: Duration = Duration::from_millis(100);

/// The files and signals of one service. Its current directory is the service directory.
#[derive(Debug)]
pub(crate) struct Service {
    name: OsString,
    start: Instant,
    deaths: Deaths,
    control: File,
    control_is_at_its_end: bool,
    /// Held open: the lock, a writer of the control fifo so that its reader sees no end, and the reader of ok.
    _held: (open::Lock, File, File),
}

impl Service {
    /// Sets up the service directory `name` in the order of SUP-02.
    ///
    /// # Errors
    /// All that can go wrong at start is fatal. From then on supervise only warns.
    pub(crate) fn open(name: &OsStr) -> Result<(Service, Machine), Stop> {
        let fatal = |doing: &'static str, file: &'static str| {
            move |why: io::Error| SUPERVISE.fatal(parts!(doing, name, file))(why)
        };
        let deaths = Deaths::listen().map_err(fatal("unable to create pipe for ", ""))?;
        std::env::set_current_dir(name).map_err(fatal("unable to chdir to ", ""))?;
        let want = match fs::metadata(place::DOWN) {
            Ok(_) => Want::Down,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Want::Up,
            Err(error) => return Err(fatal("unable to stat ", "/down")(error)),
        };
        make_directory()?;
        let lock = open::lock(place::LOCK).map_err(fatal("unable to acquire ", "/supervise/lock"))?;
        fifo::make(place::CONTROL, 0o600);
        let control = open::read(place::CONTROL).map_err(fatal("unable to read ", "/supervise/control"))?;
        let writer = fifo::open_write(place::CONTROL).map_err(fatal("unable to write ", "/supervise/control"))?;

        let start = Instant::now();
        let machine = Machine::new(want, now(start));
        announce(name, machine.status());
        fifo::make(place::OK, 0o600);
        let ok = open::read(place::OK).map_err(fatal("unable to read ", "/supervise/ok"))?;

        let name = name.to_owned();
        let held = (lock, writer, ok);
        Ok((Service { name, start, deaths, control, control_is_at_its_end: false, _held: held }, machine))
    }

    /// Runs the service until it is down and supervise was told to exit.
    pub(crate) fn supervise(mut self, mut machine: Machine) {
        let mut turn = self.feed(&mut machine, Event::Ready);
        while turn.is_continue() {
            self.wait(&machine);
            turn = self.turn(&mut machine);
        }
    }

    /// One wake is at most one death, then at most one command: a service that dies all the time can still be stopped.
    fn turn(&mut self, machine: &mut Machine) -> ControlFlow<()> {
        self.death(machine)?;
        if let Some(command) = self.command() {
            self.feed(machine, Event::Asked(command))?;
        }
        self.feed(machine, Event::Tick)
    }

    fn wait(&self, machine: &Machine) {
        let until_due = machine.due().map(|due| due.saturating_sub(self.start.elapsed()));
        if self.control_is_at_its_end {
            ready::wait(&[self.deaths.source()], Some(until_due.map_or(NO_FIFO, |due| due.min(NO_FIFO))));
        } else {
            ready::wait(&[self.deaths.source(), self.control.as_fd()], until_due);
        }
    }

    /// Reaps all the dead, of which one may be `./run`: others came with supervise's own process (SUP-62).
    fn death(&self, machine: &mut Machine) -> ControlFlow<()> {
        self.deaths.clear();
        while let Some((pid, _)) = child::reap() {
            if machine.pid() == Some(pid) {
                return self.feed(machine, Event::Died);
            }
        }
        ControlFlow::Continue(())
    }

    fn command(&mut self) -> Option<Command> {
        let mut letter = [0];
        let read = open::read_some(&self.control, &mut letter);
        self.control_is_at_its_end = matches!(read, Ok(0));
        if matches!(read, Ok(1)) { Command::from_letter(letter[0]) } else { None }
    }

    /// Tells the machine of `event` and does all that follows from it. Breaks when supervise is to go away.
    fn feed(&self, machine: &mut Machine, event: Event) -> ControlFlow<()> {
        let mut next = Some(event);
        while let Some(event) = next.take() {
            for effect in machine.step(event, now(self.start)) {
                match effect {
                    Effect::Announce(status) => announce(&self.name, status),
                    Effect::Signal(pid, signal) => signals::send(pid, signal),
                    Effect::Start => next = Some(self.start()),
                    Effect::Quit => return ControlFlow::Break(()),
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn start(&self) -> Event {
        let run = OsStr::new(place::RUN);
        let forked = child::fork(|| {
            signals::unblock_child();
            SUPERVISE.fatal(parts!("unable to start ", &self.name, "/run"))(child::exec(run, &[run]))
        });
        match forked {
            Ok(pid) => Event::Started(pid),
            Err(error) => {
                let pause = format!(", sleeping {} seconds", FORK_PAUSE.as_secs());
                SUPERVISE.warn(parts!("unable to fork for ", &self.name, &pause), &error);
                Event::NotStarted
            }
        }
    }
}

fn now(start: Instant) -> Now {
    Now { label: Tai64n::of(SystemTime::now()), elapsed: start.elapsed() }
}

/// Makes `supervise`, or the directory that it links to. That it cannot be made is told when the lock cannot be had
/// (SUP-08, 11); that a link cannot be read is told here, in the one message without a name (GEN-01).
fn make_directory() -> Result<(), Stop> {
    let mut directory = DirBuilder::new();
    directory.mode(0o700);
    if let Err(error) = directory.create(place::SUPERVISE)
        && error.kind() == io::ErrorKind::AlreadyExists
    {
        match fs::read_link(place::SUPERVISE) {
            Ok(target) => drop(directory.create(target)),
            // It is no link.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
            Err(error) => return Err(Stop::nameless("unable to readlink ./supervise", &error)),
        }
    }
    Ok(())
}

/// Replaces the record by rename, so that no reader sees half of one (SUP-28). If it cannot, the old one stays.
fn announce(name: &OsStr, status: Status) {
    let warn = |doing: &str, file: &str, why: &str| SUPERVISE.warn_that(parts!(doing, name, file), why);
    let mut record = match open::truncate(place::STATUS_NEW) {
        Ok(record) => record,
        Err(error) => return warn("unable to open ", "/supervise/status.new", reason(&error)),
    };
    match record.write(&status.to_bytes()) {
        Ok(status::LENGTH) => {}
        Ok(_) => return warn("unable to write ", "/supervise/status.new", "partial write"),
        Err(error) => return warn("unable to write ", "/supervise/status.new", reason(&error)),
    }
    if let Err(error) = fs::rename(place::STATUS_NEW, place::STATUS) {
        warn("unable to rename ", "/supervise/status.new to status", reason(&error));
    }
}
