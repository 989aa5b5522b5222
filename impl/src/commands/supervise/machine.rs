//! The decisions of supervise: what to do after each event. No I/O, and no clock: the caller passes the time.

use crate::sys::{Pid, Signal};
use crate::wire::control::Command;
use crate::wire::status::{Status, Want};
use crate::wire::tai::Tai64n;
use std::time::Duration;

/// The minimum time between two starts of `./run` (SUP-35).
const START_INTERVAL: Duration = Duration::from_secs(1);
/// The time between a failed fork and the next attempt (SUP-38).
pub(crate) const FORK_PAUSE: Duration = Duration::from_secs(60);

/// A moment on two clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    /// The time of day, for the record.
    pub(crate) label: Tai64n,
    /// The time since supervise started, on a clock that is never set. Delays are measured with it.
    pub(crate) elapsed: Duration,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// supervise has set up its files.
    Ready,
    /// [`Effect::Start`] started this process.
    Started(Pid),
    /// [`Effect::Start`] failed to fork.
    ForkFailed,
    /// `./run` exited.
    Exited,
    /// A command arrived.
    Received(Command),
    /// The time of [`Machine::next_start`] may have come.
    Tick,
}

/// What the caller must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Write the record.
    Announce(Status),
    /// Send a signal.
    Signal(Pid, Signal),
    /// Start `./run`, and pass the outcome to [`Machine::step`] next. Always the last effect.
    Start,
    /// Exit. Always the last effect.
    Exit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Child {
    Down,
    Up { pid: Pid, paused: bool },
}

/// A start that has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PendingStart {
    at: Duration,
    /// Set if `u` or `o` asked for this start. `x` waits for a requested run, never for an automatic restart.
    requested: bool,
}

/// The state of a service.
#[derive(Debug)]
pub(crate) struct Machine {
    child: Child,
    want: Want,
    /// Set by `x`.
    exiting: bool,
    since: Tai64n,
    /// `./run` may not be started before.
    earliest_start: Duration,
    pending: Option<PendingStart>,
}

impl Machine {
    /// Returns the state at the start of supervise: the service is down and may be started.
    pub(crate) fn new(want: Want, now: Now) -> Machine {
        Machine {
            child: Child::Down,
            want,
            exiting: false,
            since: now.label,
            earliest_start: now.elapsed,
            pending: None,
        }
    }

    /// Returns the contents of the record.
    pub(crate) fn status(&self) -> Status {
        let (pid, paused) = match self.child {
            Child::Down => (0, false),
            Child::Up { pid, paused } => (pid.as_raw().cast_unsigned(), paused),
        };
        Status { since: self.since, pid, paused, want: self.want }
    }

    /// Returns the process of the service, if it is up.
    pub(crate) fn pid(&self) -> Option<Pid> {
        match self.child {
            Child::Down => None,
            Child::Up { pid, .. } => Some(pid),
        }
    }

    /// Returns when the machine needs an [`Event::Tick`], if it does.
    pub(crate) fn next_start(&self) -> Option<Duration> {
        self.pending.map(|pending| pending.at)
    }

    /// Changes the state for `event` and returns what to do, in order.
    #[must_use]
    pub(crate) fn step(&mut self, event: Event, now: Now) -> Vec<Effect> {
        let mut effects = match event {
            Event::Ready => self.start_if_wanted(now),
            Event::Started(pid) => {
                self.child = Child::Up { pid, paused: false };
                self.since = now.label;
                self.earliest_start = now.elapsed + START_INTERVAL;
                vec![self.announce()]
            }
            Event::ForkFailed => {
                self.pending = Some(PendingStart { at: now.elapsed + FORK_PAUSE, requested: false });
                vec![]
            }
            Event::Exited => {
                self.child = Child::Down;
                self.since = now.label;
                let mut effects = vec![self.announce()];
                if !self.exiting {
                    effects.extend(self.start_if_wanted(now));
                }
                effects
            }
            Event::Received(command) => self.obey(command, now),
            Event::Tick => match self.pending {
                Some(pending) if pending.at <= now.elapsed => self.start(now, pending.requested),
                _ => vec![],
            },
        };
        if self.exiting && self.child == Child::Down && !effects.contains(&Effect::Start) && !self.awaits_request() {
            effects.push(Effect::Exit);
        }
        effects
    }

    /// Obeys a command as the table of SUP-43 says, with record and signals in the order of SUP-27.
    fn obey(&mut self, command: Command, now: Now) -> Vec<Effect> {
        match command {
            Command::Up => self.want_running(Want::Up, now),
            Command::Once => self.want_running(Want::Once, now),
            Command::Down => {
                self.want = Want::Down;
                self.pending = None;
                let mut effects = self.signal(Signal::SIGTERM);
                effects.extend(self.signal(Signal::SIGCONT));
                self.set_paused(false);
                effects.push(self.announce());
                effects
            }
            Command::Exit => {
                self.exiting = true;
                vec![self.announce()]
            }
            Command::Pause => {
                self.set_paused(true);
                [vec![self.announce()], self.signal(Signal::SIGSTOP)].concat()
            }
            Command::Continue => {
                self.set_paused(false);
                [vec![self.announce()], self.signal(Signal::SIGCONT)].concat()
            }
            Command::Hangup => self.signal(Signal::SIGHUP),
            Command::Alarm => self.signal(Signal::SIGALRM),
            Command::Interrupt => self.signal(Signal::SIGINT),
            Command::Terminate => self.signal(Signal::SIGTERM),
            Command::Kill => self.signal(Signal::SIGKILL),
        }
    }

    fn want_running(&mut self, want: Want, now: Now) -> Vec<Effect> {
        self.want = want;
        let mut effects = vec![self.announce()];
        if self.child == Child::Down {
            effects.extend(self.start(now, true));
        }
        effects
    }

    fn start_if_wanted(&mut self, now: Now) -> Vec<Effect> {
        if self.want == Want::Up { self.start(now, false) } else { vec![] }
    }

    /// Starts `./run`, or schedules the start if the previous one is less than a second ago.
    fn start(&mut self, now: Now, requested: bool) -> Vec<Effect> {
        if now.elapsed < self.earliest_start {
            self.pending = Some(PendingStart { at: self.earliest_start, requested });
            return vec![];
        }
        self.pending = None;
        vec![Effect::Start]
    }

    fn awaits_request(&self) -> bool {
        self.pending.is_some_and(|pending| pending.requested)
    }

    fn announce(&self) -> Effect {
        Effect::Announce(self.status())
    }

    fn signal(&self, signal: Signal) -> Vec<Effect> {
        self.pid().map(|pid| Effect::Signal(pid, signal)).into_iter().collect()
    }

    /// Does nothing while the service is down: the record then says 0, and so it does after the next start (SUP-24).
    fn set_paused(&mut self, on: bool) {
        if let Child::Up { paused, .. } = &mut self.child {
            *paused = on;
        }
    }
}

#[cfg(test)]
mod tests;
