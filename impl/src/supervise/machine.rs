//! The decisions of supervise, with no I/O and no clock: events carry the time.

use crate::sys::{Pid, Signal};
use crate::wire::control::Command;
use crate::wire::status::{Status, Want};
use crate::wire::tai::Tai64n;
use std::time::Duration;

/// `./run` is not started again within this time of its previous start (SUP-35).
const REST: Duration = Duration::from_secs(1);
/// How long supervise waits after a fork that failed (SUP-38).
pub(crate) const FORK_PAUSE: Duration = Duration::from_secs(60);

/// A moment on both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    /// What the record says.
    pub(crate) label: Tai64n,
    /// What waits are measured by: time since some fixed moment, never set back.
    pub(crate) elapsed: Duration,
}

/// What has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// supervise is set up, and may start `./run`.
    Ready,
    /// The answer to [`Effect::Start`]: this process.
    Started(Pid),
    /// The answer to [`Effect::Start`]: no process.
    NotStarted,
    /// `./run` is dead.
    Died,
    /// A command came.
    Asked(Command),
    /// The moment that [`Machine::due`] names may have come.
    Tick,
}

/// What is to be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Write the record.
    Announce(Status),
    /// Send this signal.
    Signal(Pid, Signal),
    /// Start `./run`. Always the last effect: its answer is the next event.
    Start,
    /// Go away. Always the last effect.
    Quit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Child {
    Down,
    Up { pid: Pid, paused: bool },
}

/// A start that waits for its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Due {
    at: Duration,
    /// Asked for by `u` or `o`: `x` waits for the run that it leads to, and not for one that supervise starts by itself.
    asked: bool,
}

/// The state of one service.
#[derive(Debug)]
pub(crate) struct Machine {
    child: Child,
    want: Want,
    leaving: bool,
    since: Tai64n,
    rested: Duration,
    due: Option<Due>,
}

impl Machine {
    /// A service that is down, as supervise finds it when it starts.
    pub(crate) fn new(want: Want, now: Now) -> Machine {
        Machine { child: Child::Down, want, leaving: false, since: now.label, rested: now.elapsed, due: None }
    }

    /// What the record is to say.
    pub(crate) fn status(&self) -> Status {
        let (pid, paused) = match self.child {
            Child::Down => (0, false),
            Child::Up { pid, paused } => (pid.as_raw().cast_unsigned(), paused),
        };
        Status { since: self.since, pid, paused, want: self.want }
    }

    /// The process that runs, if one does.
    pub(crate) fn pid(&self) -> Option<Pid> {
        match self.child {
            Child::Down => None,
            Child::Up { pid, .. } => Some(pid),
        }
    }

    /// When the next [`Event::Tick`] is needed.
    pub(crate) fn due(&self) -> Option<Duration> {
        self.due.map(|due| due.at)
    }

    /// What to do about `event`, in order.
    #[must_use]
    pub(crate) fn step(&mut self, event: Event, now: Now) -> Vec<Effect> {
        let mut effects = match event {
            Event::Ready => self.start_if_wanted(now),
            Event::Started(pid) => {
                self.child = Child::Up { pid, paused: false };
                self.since = now.label;
                self.rested = now.elapsed + REST;
                vec![self.announce()]
            }
            Event::NotStarted => {
                self.due = Some(Due { at: now.elapsed + FORK_PAUSE, asked: false });
                vec![]
            }
            Event::Died => {
                self.child = Child::Down;
                self.since = now.label;
                let mut effects = vec![self.announce()];
                if !self.leaving {
                    effects.extend(self.start_if_wanted(now));
                }
                effects
            }
            Event::Asked(command) => self.obey(command, now),
            Event::Tick => match self.due {
                Some(due) if due.at <= now.elapsed => self.start(now, due.asked),
                _ => vec![],
            },
        };
        if self.leaving && self.child == Child::Down && !effects.contains(&Effect::Start) && !self.asked_to_start() {
            effects.push(Effect::Quit);
        }
        effects
    }

    /// One row of the table of SUP-43, in the order of SUP-27.
    fn obey(&mut self, command: Command, now: Now) -> Vec<Effect> {
        match command {
            Command::Up => self.want_running(Want::Up, now),
            Command::Once => self.want_running(Want::Once, now),
            Command::Down => {
                self.want = Want::Down;
                self.due = None;
                let mut effects = self.signal(Signal::SIGTERM);
                effects.extend(self.signal(Signal::SIGCONT));
                self.pause(false);
                effects.push(self.announce());
                effects
            }
            Command::Exit => {
                self.leaving = true;
                vec![self.announce()]
            }
            Command::Pause => {
                self.pause(true);
                [vec![self.announce()], self.signal(Signal::SIGSTOP)].concat()
            }
            Command::Continue => {
                self.pause(false);
                [vec![self.announce()], self.signal(Signal::SIGCONT)].concat()
            }
            Command::Send(signal) => self.signal(signal),
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

    /// Starts `./run` if a second has passed since it was started last; else that is due when it has.
    fn start(&mut self, now: Now, asked: bool) -> Vec<Effect> {
        if now.elapsed < self.rested {
            self.due = Some(Due { at: self.rested, asked });
            return vec![];
        }
        self.due = None;
        vec![Effect::Start]
    }

    fn asked_to_start(&self) -> bool {
        self.due.is_some_and(|due| due.asked)
    }

    fn announce(&self) -> Effect {
        Effect::Announce(self.status())
    }

    fn signal(&self, signal: Signal) -> Vec<Effect> {
        self.pid().map(|pid| Effect::Signal(pid, signal)).into_iter().collect()
    }

    /// A pause while down is forgotten: the record says 0 then and after the next start (SUP-24).
    fn pause(&mut self, on: bool) {
        if let Child::Up { paused, .. } = &mut self.child {
            *paused = on;
        }
    }
}

#[cfg(test)]
mod tests;
