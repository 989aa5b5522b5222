//! The service under supervision: a `./run` of our own that writes down what happened to it.
//!
//! `svconform`, called as `run`, is the probe. It appends a line of JSON to `probe.log` beside itself for its start, for
//! each signal and for its exit. The file `probe.plan` beside it, if there is one, says what it is to do; the fifo
//! `probe.orders` takes the same words while it runs. Words, a line each:
//!
//! - `exit CODE [after MILLISECONDS]`, `die SIGNAL [after MILLISECONDS]`: ends so, at once or then;
//! - `survive SIGNAL...`: these are written down and change nothing. Any other signal that would have ended a program
//!   without handlers is written down, and then ends it;
//! - `count MILLISECONDS`: prints `PID NUMBER` to the standard output that often, the numbers from 0 on;
//! - `collect FILE`: appends what comes from the standard input to FILE, whole lines only, and exits 0 at its end;
//! - `say WORDS`: prints them to the standard output at its start;
//! - `close`: closes the descriptors from 3 on that it inherited.
//!
//! One thing it cannot tell: whether SIGPIPE was ignored, because the Rust runtime ignores it first. Scenarios that need
//! to know use a script.

use crate::observe::{escape, process};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// The file that [`Event`]s are appended to, in the service directory.
pub(crate) const LOG: &str = "probe.log";
/// What to do, read at each start.
pub(crate) const PLAN: &str = "probe.plan";
/// What to do now.
pub(crate) const ORDERS: &str = "probe.orders";
/// The name under which `svconform` is a probe.
pub(crate) const NAME: &str = "run";

/// Something that happened to a probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Event {
    /// To which process.
    pub(crate) pid: i32,
    /// When: nanoseconds on the monotonic clock.
    pub(crate) at: u64,
    /// What.
    pub(crate) what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum What {
    /// It was started.
    Start(Box<Start>),
    /// It got the signal of this name, such as `TERM`.
    Signal(String),
    /// It is about to end in this way: `exit CODE` or `die SIGNAL`.
    End(String),
}

/// How a probe found itself at its start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Start {
    /// When it was forked, as [`process::born`]: two of these are never less far apart than the forks were.
    pub(crate) born: u64,
    /// The parent process.
    pub(crate) parent: i32,
    /// The process group.
    pub(crate) group: i32,
    /// The session.
    pub(crate) session: i32,
    /// The current directory.
    pub(crate) cwd: String,
    /// The umask in octal, as `0022`.
    pub(crate) umask: String,
    /// All arguments, the name included.
    pub(crate) argv: Vec<String>,
    /// The environment, in its order.
    pub(crate) environment: Vec<String>,
    /// What the open descriptors are open on.
    pub(crate) descriptors: BTreeMap<i32, String>,
    /// The numbers of the blocked signals.
    pub(crate) blocked: Vec<i32>,
    /// The numbers of the ignored signals, less SIGPIPE.
    pub(crate) ignored: Vec<i32>,
}

/// Now, in nanoseconds on the monotonic clock, which all processes share.
pub(crate) fn monotonic() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).map(Duration::from).unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}

/// The name of a signal without `SIG`.
pub(crate) fn signal_name(number: i32) -> String {
    Signal::try_from(number).map_or_else(|_| number.to_string(), |signal| signal.as_str()[3..].to_owned())
}

/// The signal called `name`, without `SIG`.
pub(crate) fn signal_called(name: &str) -> Option<Signal> {
    format!("SIG{name}").parse().ok()
}

/// Returns the events in the log of a probe, `log`; none if there is no log. A line that is not complete yet is left out.
pub(crate) fn read_log(log: &Path) -> Vec<Event> {
    let bytes = std::fs::read(log).unwrap_or_default();
    bytes.split_inclusive(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

/// Runs as the probe.
pub(crate) fn main() -> ExitCode {
    match Probe::new().and_then(Probe::run) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let _ = writeln!(io::stderr(), "probe: {error}");
            ExitCode::from(99)
        }
    }
}

struct Probe {
    log: File,
    signals: SignalFd,
    inherited: Vec<i32>,
    orders: Option<File>,
    todo: Vec<u8>,
    survive: Vec<String>,
    end: Option<(u64, String)>,
    count: Option<(Duration, u64)>,
    number: u64,
    collect: Option<File>,
    line: Vec<u8>,
}

impl Probe {
    fn new() -> io::Result<Probe> {
        let status = std::fs::read_to_string("/proc/self/status")?;
        let mask = |name: &str| process::signals_in(&process::line_of(&status, name).unwrap_or_default());
        // /proc has the umask only since Linux 4.7, so it is asked for by setting another.
        let mask_bits = nix::sys::stat::umask(nix::sys::stat::Mode::empty());
        nix::sys::stat::umask(mask_bits);
        let umask = format!("{:04o}", mask_bits.bits());
        // Nothing is open yet but what was inherited.
        let mut descriptors = process::descriptors(std::process::id().cast_signed());
        descriptors.retain(|_, target| !target.ends_with(&format!("/proc/{}/fd", std::process::id())));
        let inherited = descriptors.keys().copied().filter(|&number| number > 2).collect();
        let all = SigSet::all();
        all.thread_block()?;
        let signals = SignalFd::with_flags(&all, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;

        let argv: Vec<String> = std::env::args_os().map(|argument| escape(argument.as_encoded_bytes())).collect();
        let called = std::env::args_os().next().unwrap_or_default();
        let home = Path::new(&called).parent().map(PathBuf::from).unwrap_or_default();
        let log = OpenOptions::new().append(true).create(true).open(home.join(LOG))?;
        let pid = std::process::id().cast_signed();
        let me = process::Process::look(pid).ok_or_else(|| io::Error::other("no /proc/self"))?;
        let start = Start {
            born: process::born(pid).unwrap_or_default(),
            parent: me.parent,
            group: me.group,
            session: me.session,
            cwd: std::env::current_dir()?.display().to_string(),
            umask,
            argv,
            environment: process::environment(pid),
            descriptors,
            blocked: mask("SigBlk"),
            ignored: mask("SigIgn").into_iter().filter(|&number| number != Signal::SIGPIPE as i32).collect(),
        };
        let orders = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits())
            .open(home.join(ORDERS))
            .ok();
        let todo = std::fs::read(home.join(PLAN)).unwrap_or_default();
        let mut probe = Probe {
            log,
            signals,
            inherited,
            orders,
            todo,
            survive: vec![],
            end: None,
            count: None,
            number: 0,
            collect: None,
            line: vec![],
        };
        probe.write(What::Start(Box::new(start)))?;
        Ok(probe)
    }

    fn run(mut self) -> io::Result<u8> {
        loop {
            self.obey()?;
            if let Some((at, how)) = self.end.clone()
                && at <= monotonic()
            {
                return self.end(&how);
            }
            self.print_numbers()?;
            self.wait();
            while let Ok(Some(signal)) = self.signals.read_signal() {
                let name = signal_name(signal.ssi_signo.cast_signed());
                self.write(What::Signal(name.clone()))?;
                let harmless = ["CHLD", "CONT", "URG", "WINCH"].contains(&name.as_str());
                if !harmless && !self.survive.contains(&name) {
                    return self.end(&format!("die {name}"));
                }
            }
            if self.collect.is_some() && self.collect_input()? {
                return self.end("exit 0");
            }
            let mut order = [0; 256];
            if let Some(Ok(length)) = self.orders.as_mut().map(|orders| orders.read(&mut order)) {
                self.todo.extend(&order[..length]);
            }
        }
    }

    fn wait(&self) {
        let next = self.end.iter().map(|(at, _)| *at).chain(self.count.map(|(_, at)| at)).min();
        let mut sources = vec![PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
        sources.extend(self.orders.iter().map(|orders| PollFd::new(orders.as_fd(), PollFlags::POLLIN)));
        let input = io::stdin();
        if self.collect.is_some() {
            sources.push(PollFd::new(input.as_fd(), PollFlags::POLLIN));
        }
        let timeout = next.map_or(PollTimeout::NONE, |at| {
            let millis = Duration::from_nanos(at.saturating_sub(monotonic())).as_millis() + 1;
            PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX)
        });
        let _ = poll(&mut sources, timeout);
    }

    /// Takes all whole lines out of `todo`.
    fn obey(&mut self) -> io::Result<()> {
        while let Some(end) = self.todo.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.todo.drain(..=end).collect();
            let line = escape(&line[..end]);
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                [""] => {}
                ["exit" | "die", _] => self.end = Some((0, line.clone())),
                [how @ ("exit" | "die"), what, "after", millis] => {
                    let after = Duration::from_millis(millis.parse().map_err(io::Error::other)?);
                    let at = monotonic() + u64::try_from(after.as_nanos()).unwrap_or(0);
                    self.end = Some((at, format!("{how} {what}")));
                }
                ["survive", ref names @ ..] => self.survive.extend(names.iter().map(|&name| name.to_owned())),
                ["count", millis] => {
                    let every = Duration::from_millis(millis.parse().map_err(io::Error::other)?);
                    self.count = Some((every, monotonic()));
                }
                ["collect", file] => {
                    self.collect = Some(OpenOptions::new().append(true).create(true).open(file)?);
                }
                ["close"] => {
                    for number in self.inherited.drain(..) {
                        let _ = nix::unistd::close(number);
                    }
                }
                ["say", ..] => io::stdout().write_all(format!("{}\n", &line[4..]).as_bytes())?,
                _ => return Err(io::Error::other(format!("no such order: {line}"))),
            }
        }
        Ok(())
    }

    fn print_numbers(&mut self) -> io::Result<()> {
        if let Some((every, at)) = self.count
            && at <= monotonic()
        {
            let line = format!("{} {}\n", std::process::id(), self.number);
            // One write: a line is printed whole or, when this process is killed, not at all.
            nix::unistd::write(io::stdout(), line.as_bytes())?;
            self.number += 1;
            self.count = Some((every, at + u64::try_from(every.as_nanos()).unwrap_or(0)));
        }
        Ok(())
    }

    /// Moves input that is there to the file, in whole lines. True at its end.
    fn collect_input(&mut self) -> io::Result<bool> {
        let input = io::stdin();
        let mut ready = [PollFd::new(input.as_fd(), PollFlags::POLLIN)];
        if poll(&mut ready, PollTimeout::ZERO)? == 0 {
            return Ok(false);
        }
        let mut bytes = [0; 4096];
        let length = nix::unistd::read(&input, &mut bytes)?;
        self.line.extend(&bytes[..length]);
        if let Some(end) = self.line.iter().rposition(|&byte| byte == b'\n')
            && let Some(file) = &mut self.collect
        {
            let lines: Vec<u8> = self.line.drain(..=end).collect();
            file.write_all(&lines)?;
        }
        Ok(length == 0)
    }

    fn end(&mut self, how: &str) -> io::Result<u8> {
        // What is half a line would be lost with this process.
        if let Some(file) = &mut self.collect {
            file.write_all(&self.line)?;
        }
        self.write(What::End(how.to_owned()))?;
        if let Some(signal) = how.strip_prefix("die ").and_then(signal_called) {
            SigSet::from(signal).thread_unblock()?;
            raise(signal)?;
        }
        Ok(how.strip_prefix("exit ").and_then(|code| code.parse().ok()).unwrap_or(99))
    }

    fn write(&mut self, what: What) -> io::Result<()> {
        let event = Event { pid: std::process::id().cast_signed(), at: monotonic(), what };
        let mut line = serde_json::to_vec(&event)?;
        line.push(b'\n');
        self.log.write_all(&line)
    }
}
