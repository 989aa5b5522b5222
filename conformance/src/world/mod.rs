//! What a scenario may do: set up services, run the target's commands, wait for what it can name, and expect.
//!
//! The world is one directory, which is the current directory of the scenario's process; file names are relative to it.
//! Whatever is started here, or by what is started here, ends with the scenario. [`World`] itself has directory,
//! transcript and waits; everything else is a handle with one subject, in a file of its own.

mod accounts;
mod clock;
mod command;
mod disk;
mod fifo;
mod files;
mod input;
mod installed;
mod limits;
mod lock;
mod log;
mod need;
mod private_root;
mod privileges;
mod process1;
mod record;
mod scan;
mod service;
mod trace;
mod wait;

pub(crate) use accounts::Account;
pub(crate) use clock::Clock;
pub(crate) use command::{Command, Exit, Ran, Running, STDERR_UNREAD, STDOUT_UNREAD, send_signal};
pub(crate) use fifo::{Decoy, Fifo};
pub(crate) use files::Files;
pub(crate) use input::Input;
pub(crate) use installed::Installed;
pub(crate) use log::{Feed, Log, numbered_lines};
pub(crate) use need::Need;
pub(crate) use process1::Process1;
pub(crate) use record::Rewrites;
pub(crate) use scan::Scan;
pub(crate) use service::Service;
pub(crate) use trace::{FORKS, RENAMES, SIGNALS};

use crate::observe::escape;
use crate::observe::process::{self, Process};
use crate::outcome::{Failure, Outcome};
use crate::probe;
use crate::transcript::{Step, Transcript};
use nix::fcntl::OFlag;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::Pid;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};
use wait::{LOOK_EVERY, PATIENCE};

/// What a world is made of.
#[derive(Debug)]
pub(crate) struct Setting<'s> {
    /// The directory to work in, empty.
    pub(crate) directory: &'s Path,
    /// The directory of the target's commands.
    pub(crate) commands: &'s Path,
    /// The directory of the commands that replace them in an upgrade.
    pub(crate) next_commands: &'s Path,
    /// How long the scenario may take before its waits give up.
    pub(crate) deadline: Duration,
    /// How many times longer than usual waits may take.
    pub(crate) scale: f64,
    /// The id of the scenario.
    pub(crate) id: &'static str,
    /// Whether the scenario may look at the files in `supervise/`.
    pub(crate) may_open_state: bool,
    /// What the scenario has declared to need of this machine.
    pub(crate) needs: &'s [Need],
}

/// The world of one scenario on one target. A clone is the same world.
#[derive(Debug, Clone)]
pub(crate) struct World {
    core: Rc<Core>,
    /// The files of this world.
    pub(crate) files: Files,
}

#[derive(Debug)]
struct Core {
    directory: PathBuf,
    commands: PathBuf,
    next_commands: PathBuf,
    probe: PathBuf,
    deadline: Duration,
    scale: Cell<f64>,
    id: &'static str,
    may_open_state: bool,
    needs: Vec<Need>,
    transcript: Rc<Transcript>,
    /// How processes that were reaped have ended.
    ended: RefCell<BTreeMap<i32, Exit>>,
    /// Processes that may outlive what started them.
    expected: RefCell<BTreeSet<i32>>,
    /// How many commands were started: each has output files of its own.
    outputs: Cell<u32>,
    signals: SignalFd,
}

impl World {
    /// Makes this process fit to be the world of a scenario: it moves to the directory, adopts orphans, and survives
    /// signals that commands send to their parent.
    ///
    /// # Errors
    /// If the system refuses one of these.
    pub(crate) fn new(setting: &Setting<'_>) -> io::Result<World> {
        std::env::set_current_dir(setting.directory)?;
        close_inherited();
        nix::sys::prctl::set_child_subreaper(true)?;
        nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
        let all = SigSet::all();
        all.thread_block()?;
        let transcript = Rc::new(Transcript::new(setting.directory));
        let files = Files::new(setting.directory, &transcript);
        let core = Core {
            directory: setting.directory.to_owned(),
            commands: setting.commands.to_owned(),
            next_commands: setting.next_commands.to_owned(),
            probe: std::env::current_exe()?,
            deadline: setting.deadline,
            scale: Cell::new(setting.scale),
            id: setting.id,
            may_open_state: setting.may_open_state,
            needs: setting.needs.to_vec(),
            transcript,
            ended: RefCell::default(),
            expected: RefCell::default(),
            outputs: Cell::default(),
            signals: SignalFd::with_flags(&all, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?,
        };
        Ok(World { core: Rc::new(core), files })
    }

    /// Returns the directory of this world.
    pub(crate) fn directory(&self) -> &Path {
        &self.core.directory
    }

    /// Returns the full name of a file of this world.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.core.directory.join(name)
    }

    /// Returns `time`, made longer by `--time-scale` for slow machines. For the upper ends of waits only.
    pub(crate) fn scaled(&self, time: Duration) -> Duration {
        time.mul_f64(self.core.scale.get())
    }

    /// Makes all waits of this world `factor` times longer, for a target that has reason to pause.
    pub(crate) fn wait_longer(&self, factor: f64) {
        self.core.scale.set(self.core.scale.get() * factor);
    }

    /// Returns the id of the scenario.
    pub(crate) fn id(&self) -> &'static str {
        self.core.id
    }

    /// Returns the transcript.
    pub(crate) fn steps(&self) -> Vec<Step> {
        self.core.transcript.steps()
    }

    /// Begins the transcript anew.
    pub(crate) fn forget_steps(&self) {
        self.core.transcript.clear();
    }

    /// Tries one of many cases. Its steps are in the transcript only if it fails; otherwise `what` is one step.
    pub(crate) fn try_case(&self, what: &str, case: impl FnOnce() -> Outcome) -> Outcome {
        let before = self.steps().len();
        case()?;
        self.core.transcript.truncate(before);
        self.note(what, "as expected");
        Ok(())
    }

    /// Adds a step to the transcript.
    pub(crate) fn note(&self, did: impl Into<String>, saw: impl Into<String>) {
        self.core.transcript.note(did, saw);
    }

    /// Returns nanoseconds on the clock that probes stamp their events with.
    pub(crate) fn monotonic(&self) -> u64 {
        probe::monotonic()
    }

    /// Returns the time of day, since 1970.
    pub(crate) fn time_of_day(&self) -> Duration {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }

    /// Returns the seconds since 1970 as time(2) tells them: those of the last tick of the clock. For up to 10 ms after a
    /// second has begun they are one less than those of `time_of_day`.
    pub(crate) fn second_of_last_tick(&self) -> u64 {
        let clock = nix::time::ClockId::CLOCK_REALTIME_COARSE;
        nix::time::clock_gettime(clock).map_or(0, |time| u64::try_from(time.tv_sec()).unwrap_or_default())
    }

    /// Allows a look at the files in `supervise/` if the scenario is about them.
    ///
    /// # Errors
    /// For any other scenario: it must observe the service and the target's own clients.
    fn opens_state(&self) -> Outcome {
        if self.core.may_open_state {
            return Ok(());
        }
        Err(Failure::broken("only a scenario whose requirement is about the files in supervise/ may look at them"))
    }

    // Expecting.

    /// Fails unless `actual` is `expected`.
    #[track_caller]
    pub(crate) fn expect<A: PartialEq<E> + Debug, E: Debug>(&self, what: &str, actual: A, expected: E) -> Outcome {
        if actual == expected {
            self.note(format!("expect {what}"), format!("{actual:?}"));
            return Ok(());
        }
        Err(self.failed(what, &format!("{expected:?}"), format!("{actual:?}")))
    }

    /// Fails unless `holds`; `expected` and `actual` describe it in words.
    #[track_caller]
    pub(crate) fn expect_that(&self, what: &str, holds: bool, expected: &str, actual: impl Debug) -> Outcome {
        if holds {
            self.note(format!("expect {what}: {expected}"), format!("{actual:?}"));
            return Ok(());
        }
        Err(self.failed(what, expected, format!("{actual:?}")))
    }

    /// Fails unless `actual` lies between `least` and `most`; `--time-scale` makes `most` longer.
    #[track_caller]
    pub(crate) fn expect_between(&self, what: &str, actual: Duration, least: Duration, most: Duration) -> Outcome {
        let most = self.scaled(most);
        self.expect_that(what, least <= actual && actual <= most, &format!("{least:?} to {most:?}"), actual)
    }

    /// Returns the failure of an expectation, and notes it.
    #[track_caller]
    pub(crate) fn failed(&self, what: &str, expected: &str, actual: String) -> Failure {
        let transcript = &self.core.transcript;
        transcript.note_always(format!("expect {what}: {expected}"), actual.clone());
        Failure::mismatch(transcript.normalised(format!("{what}: {expected}")), transcript.normalised(actual))
    }

    // The end.

    /// Kills every process that this world started. Returns what no scenario accounts for: a process that a command left
    /// behind when it ended, as `PID NAME`, and signals that were sent to this process.
    ///
    /// This process is a subreaper, so whatever lost its parent is a child of this one.
    pub(crate) fn end(&self) -> Vec<String> {
        self.reap();
        let probes = self.probe_pids();
        let accounted = |pid: i32| self.core.expected.borrow().contains(&pid) || probes.contains(&pid);
        let me = std::process::id().cast_signed();
        let mut left = BTreeSet::new();
        for child in Process::children(me).into_iter().filter(|child| !accounted(child.pid)) {
            left.insert(format!("process {} {}", child.pid, child.name));
        }
        left.extend(self.signals_from_commands());
        let begin = Instant::now();
        loop {
            let running = Process::descendants(me);
            for process in &running {
                let _ = kill(Pid::from_raw(process.pid), Signal::SIGKILL);
            }
            self.pause(LOOK_EVERY);
            if running.is_empty() || begin.elapsed() > self.scaled(PATIENCE) {
                break;
            }
        }
        left.into_iter().collect()
    }

    /// Returns the signals that this process was sent, which started the commands and must be left alone by them.
    fn signals_from_commands(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        while let Ok(Some(signal)) = self.core.signals.read_signal() {
            let number = signal.ssi_signo.cast_signed();
            // A child that ends, and the limit on the size of files, are this process's own.
            if ![Signal::SIGCHLD, Signal::SIGXFSZ, Signal::SIGPIPE]
                .contains(&Signal::try_from(number).unwrap_or(Signal::SIGCHLD))
            {
                found.insert(format!("signal {} to its parent", probe::signal_name(number)));
            }
        }
        found
    }

    /// Returns every process that was a probe in this world.
    fn probe_pids(&self) -> BTreeSet<i32> {
        let mut directories = vec![self.core.directory.clone()];
        let mut pids = BTreeSet::new();
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    directories.push(entry.path());
                } else if entry.file_name() == probe::LOG {
                    pids.extend(probe::read_log(&entry.path()).iter().map(|event| event.pid));
                }
            }
        }
        pids
    }
}

/// Closes the descriptors from 3 on that this process inherited and would hand on to commands. Those that it opened itself
/// are close-on-exec.
fn close_inherited() {
    let me = std::process::id().cast_signed();
    for number in process::descriptors(me).into_keys().filter(|&number| number > 2) {
        let flags = process::flags(me, number).and_then(|flags| i32::from_str_radix(&flags, 8).ok());
        if flags.is_some_and(|flags| flags & OFlag::O_CLOEXEC.bits() == 0) {
            let _ = nix::unistd::close(number);
        }
    }
}

/// Returns the failure of the suite or the machine at `path`.
pub(crate) fn broken(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::broken(format!("{}: {error}", escape(path.as_os_str().as_bytes())))
}

/// Returns a skip: this machine lacks `what`.
fn machine_lacks(what: &str) -> Failure {
    Failure::missing(format!("this machine lacks {what}"))
}
