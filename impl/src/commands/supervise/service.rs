//! A service directory: waits for events and performs what the machine decides.

use super::machine::{Effect, Event, FORK_PAUSE, Machine, Now};
use super::record::{RETRY, SUPERVISE, Writer};
use crate::program::{Exit, parts};
use crate::sys::directory::WorkingDirectory;
use crate::sys::open::is_trusted;
use crate::sys::signals::{self, ChildExits};
use crate::sys::{child, fifo, open, ready};
use crate::wire::control::Command;
use crate::wire::files::{self, within};
use crate::wire::status::{self, Status, Want};
use crate::wire::tai::Tai64n;
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::time::{Instant, SystemTime};

/// The files and signals of a service. Its directory is the current directory.
#[derive(Debug)]
pub(crate) struct Service {
    name: OsString,
    start: Instant,
    exits: ChildExits,
    /// The directory of the service.
    home: WorkingDirectory,
    record: Writer,
    control: File,
    /// Held open: the lock, a writer of `control`, so that its reader never sees an end of file, and a reader of `ok`.
    _held: (open::Lock, File, File),
}

impl Service {
    /// Sets up the service directory `name` in the order of SUP-02.
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
        make_directory(name)?;
        // The directory is used for the lock first, and its trouble is reported with it.
        let home = enter_directory().map_err(fatal("unable to acquire ", "/supervise/lock"))?;
        let lock = open::lock(within(files::LOCK)).map_err(fatal("unable to acquire ", "/supervise/lock"))?;
        let control = within(files::CONTROL);
        fifo::make(control, 0o600).map_err(fatal("unable to create ", "/supervise/control"))?;
        let reader = fifo::open_read(control).map_err(fatal("unable to read ", "/supervise/control"))?;
        let writer = fifo::open_write(control).map_err(fatal("unable to write ", "/supervise/control"))?;
        // Until here every message comes before an exit.
        SUPERVISE.outlive_warnings()?;
        if let Some(pid) = orphan(&home).map(|pid| pid.to_string()) {
            let (still_runs, advice) = (" of an earlier supervise still runs in ", "; to end it: kill ");
            SUPERVISE.warn_bare(parts!("process ", &pid, still_runs, name, advice, &pid));
        }

        let start = Instant::now();
        let machine = Machine::new(want, now(start));
        let name = name.to_owned();
        let mut record = Writer::new(name.clone()).map_err(fatal("unable to read ", "/supervise/ok"))?;
        record.announce(machine.status());
        let ok = within(files::OK);
        fifo::make(ok, 0o600).map_err(fatal("unable to create ", "/supervise/ok"))?;
        let ok = fifo::open_read(ok).map_err(fatal("unable to read ", "/supervise/ok"))?;

        home.enter().map_err(fatal("unable to chdir to ", ""))?;
        let held = (lock, writer, ok);
        Ok((Service { name, start, exits, home, record, control: reader, _held: held }, machine))
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

    fn wait(&mut self, machine: &Machine) {
        let start = machine.next_start().map(|at| at.saturating_sub(self.start.elapsed()));
        let retry = self.record.is_behind().then_some(RETRY);
        let timeout = start.into_iter().chain(retry).min();
        let is_over = ready::wait(&[self.exits.source(), self.control.as_fd()], timeout);
        if is_over && self.record.is_behind() {
            self.record.retry(machine.status());
            self.go_home();
        }
    }

    /// Reaps every child that has exited, up to `./run`. The others were inherited by exec (SUP-62).
    fn reap(&mut self, machine: &mut Machine) -> ControlFlow<()> {
        self.exits.clear();
        while let Some((pid, _)) = child::reap() {
            if machine.pid() == Some(pid) {
                return self.handle(machine, Event::Exited);
            }
        }
        ControlFlow::Continue(())
    }

    fn read_command(&self) -> Option<Command> {
        let mut letter = [0];
        let count = open::read_once(&self.control, &mut letter);
        if matches!(count, Ok(1)) { Command::from_letter(letter[0]) } else { None }
    }

    /// Passes `event` to the machine and performs the effects. Breaks if supervise must exit.
    fn handle(&mut self, machine: &mut Machine, event: Event) -> ControlFlow<()> {
        let mut next = Some(event);
        while let Some(event) = next.take() {
            for effect in machine.step(event, now(self.start)) {
                match effect {
                    Effect::Announce(status) => {
                        self.record.announce(status);
                        self.go_home();
                    }
                    Effect::Signal(pid, signal) => signals::send(pid, signal),
                    Effect::Start => next = Some(self.start_run()),
                    Effect::Exit => return ControlFlow::Break(()),
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Goes back to the directory of the service. ./run is not started if that fails.
    fn go_home(&self) {
        let _ = self.home.enter();
    }

    fn start_run(&self) -> Event {
        let run = OsStr::new(files::RUN);
        let started = child::spawn(|| {
            let ready = signals::unblock_sigchld().and_then(|()| self.home.enter());
            let error = ready.map_or_else(|error| error, |()| child::exec(run, &[run], &child::environment()));
            SUPERVISE.fatal(parts!("unable to start ", &self.name, "/run"))(error).report_in_child()
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
/// A link that cannot be read is the only message without the name of a program (GEN-01).
fn make_directory(name: &OsStr) -> Result<(), Exit> {
    let mut directory = DirBuilder::new();
    directory.mode(0o700);
    let make = |path| match directory.create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        result => Ok(result.is_ok()),
    };
    let fatal = |error| SUPERVISE.fatal(parts!("unable to create ", name, "/supervise"))(error);
    if make(files::SUPERVISE.as_ref()).map_err(fatal)? {
        return Ok(());
    }
    match fs::read_link(files::SUPERVISE) {
        Ok(target) if fs::symlink_metadata(files::SUPERVISE).is_ok_and(|link| is_trusted(&link)) => {
            make(target.as_os_str()).map(drop).map_err(fatal)
        }
        // Or it is not a link.
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        Err(error) => Err(Exit::without_name("unable to readlink ./supervise", &error)),
    }
}

/// Changes to `supervise`, and returns the directory that it is in. Another account than that of this process or root may link
/// it only to a directory of its own.
fn enter_directory() -> io::Result<WorkingDirectory> {
    let home = WorkingDirectory::hold()?;
    let entry = fs::symlink_metadata(files::SUPERVISE)?;
    std::env::set_current_dir(files::SUPERVISE)?;
    let here = fs::metadata(".")?;
    let is_same = (entry.dev(), entry.ino()) == (here.dev(), here.ino());
    if is_same || entry.is_symlink() && (is_trusted(&entry) || entry.uid() == here.uid()) {
        return Ok(home);
    }
    Err(open::Refused("supervise is a symbolic link of another account").into())
}

/// Returns the process in the record of an earlier supervise, if it still runs in the directory `home`, or like multilog in a
/// directory there.
fn orphan(home: &WorkingDirectory) -> Option<u32> {
    let mut record = [0; status::LENGTH];
    let file = open::no_link(OpenOptions::new().read(true), within(files::STATUS)).ok()?;
    let pid =
        matches!(open::read_once(file, &mut record), Ok(status::LENGTH)).then(|| Status::from_bytes(record).pid)?;
    let home = home.identity().ok()?;
    let is_home = |path: String| fs::metadata(path).is_ok_and(|directory| (directory.dev(), directory.ino()) == home);
    ["cwd", "cwd/.."].into_iter().any(|directory| is_home(format!("/proc/{pid}/{directory}"))).then_some(pid)
}
