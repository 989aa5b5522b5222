//! Commands, run to their end or in the background, with every process attribute set on purpose.

use super::wait::LOOK_EVERY;
use super::{World, broken};
use crate::observe::process::{Process, descriptors};
use crate::observe::{escape, process, unescape};
use crate::outcome::{Failure, Outcome};
use crate::probe::signal_name;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::{self, SigSet, Signal};
use nix::sys::stat::{Mode, umask};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::{CString, OsStr, OsString};
use std::fmt;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Redirections of a shell that make stdout a pipe whose reader is gone; the FIFO `pipe` must exist.
pub(crate) const STDOUT_UNREAD: &str = "3<>pipe 4>pipe 3<&- >&4 4>&-";
/// The same for stderr.
pub(crate) const STDERR_UNREAD: &str = "3<>pipe 4>pipe 3<&- 2>&4 4>&-";
/// How long a command that runs to its end may take.
const LONGEST_COMMAND: Duration = Duration::from_secs(6);
/// How many bytes of an output are read: a command may print without end.
const LONGEST_OUTPUT: u64 = 256 << 10;
/// How many characters of an output a transcript repeats.
const SHOWN_OUTPUT: usize = 2000;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// With this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl fmt::Display for Exit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Code(code) => write!(out, "exit {code}"),
            Exit::Signal(number) => write!(out, "killed by {}", signal_name(*number)),
        }
    }
}

/// A command that has ended.
#[derive(Debug)]
#[must_use]
pub(crate) struct Ran {
    /// How it ended: `exit 0`, `killed by PIPE`.
    pub(crate) exit: String,
    /// Its standard output, [`escape`]d.
    pub(crate) out: String,
    /// Its standard error, [`escape`]d.
    pub(crate) err: String,
}

impl Ran {
    /// Returns how it ended, its standard output and its standard error.
    pub(crate) fn all(&self) -> (&str, &str, &str) {
        (&self.exit, &self.out, &self.err)
    }

    /// Returns the null-terminated strings that its standard output consists of, sorted and each [`escape`]d: what `cat
    /// /proc/self/environ` prints.
    pub(crate) fn strings(&self) -> Vec<String> {
        let bytes = unescape(&self.out);
        let bytes = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
        let mut strings: Vec<String> =
            if bytes.is_empty() { vec![] } else { bytes.split(|&byte| byte == 0).map(escape).collect() };
        strings.sort();
        strings
    }
}

/// A process in the background.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    pub(super) world: World,
    /// Its pid.
    pub(crate) pid: i32,
    name: String,
    out: PathBuf,
    err: PathBuf,
}

impl Running {
    /// Returns what it has written to its standard output so far.
    pub(crate) fn out(&self) -> String {
        escape(&beginning(&self.out))
    }

    /// Returns what it has written to its standard error so far.
    pub(crate) fn err(&self) -> String {
        escape(&beginning(&self.err))
    }

    /// Returns the lines of its standard error so far.
    pub(crate) fn err_lines(&self) -> Vec<String> {
        let bytes = beginning(&self.err);
        bytes.split_inclusive(|&byte| byte == b'\n').map(|line| escape(line.trim_ascii_end())).collect()
    }

    /// Waits until its standard error has `line` at least `count` times, whatever else is there.
    #[track_caller]
    pub(crate) fn until_lines(&self, line: &str, count: usize) -> Outcome {
        self.world.until_some("its standard error", &format!("{count} times {line:?}"), || {
            let lines = self.err_lines();
            let found = lines.iter().filter(|printed| *printed == line).count();
            Ok(if found >= count { Ok(()) } else { Err(format!("{lines:?}")) })
        })
    }

    /// Waits as [`Running::until_lines`] does, and fails if there is any other line.
    #[track_caller]
    pub(crate) fn until_only_lines(&self, line: &str, count: usize) -> Outcome {
        self.until_lines(line, count)?;
        let others: Vec<String> = self.err_lines().into_iter().filter(|printed| printed != line).collect();
        self.world.expect("other lines of its standard error", others, vec![""; 0])
    }

    /// Returns whether it has not ended yet.
    pub(crate) fn is_running(&self) -> bool {
        self.world.reap();
        !self.world.core.ended.borrow().contains_key(&self.pid)
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn wait(&self) -> Result<Exit, Failure> {
        self.world.until_some(&self.name, "ended", || {
            self.world.reap();
            Ok(self.world.core.ended.borrow().get(&self.pid).copied().ok_or_else(|| "still running".to_owned()))
        })
    }

    /// Waits for its end, which must be `exit`, such as `exit 0`.
    #[track_caller]
    pub(crate) fn expect_exit(&self, exit: &str) -> Outcome {
        let ended = self.wait()?.to_string();
        self.world.expect(&format!("end of {}", self.name), ended.as_str(), exit)
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) -> Outcome {
        self.world.signal(self.pid, signal)
    }

    /// Kills it with `signal` and waits for its end. What it had started may be left behind.
    #[track_caller]
    pub(crate) fn kill(&self, signal: Signal) -> Result<Exit, Failure> {
        self.world.kill(self.pid, signal)?;
        self.wait()
    }

    /// Waits until it sleeps: a supervise with nothing to do. The original still writes the record after it has opened
    /// `ok`, and after others can see that it has started a service.
    #[track_caller]
    pub(crate) fn until_idle(&self) -> Outcome {
        self.world.until_idle(self.pid)
    }

    /// Waits until it sleeps with `file` open, and is not merely about to do something.
    #[track_caller]
    pub(crate) fn until_asleep_on(&self, file: &str) -> Outcome {
        self.world.until_asleep_on(self.pid, file)
    }

    /// Returns its living children: the arguments of each, joined by spaces, and the pid.
    pub(crate) fn children(&self) -> BTreeMap<String, i32> {
        let children = Process::children(self.pid);
        children.iter().map(|child| (process::arguments(child.pid).join(" "), child.pid)).collect()
    }
}

/// A command to run.
#[derive(Debug)]
#[must_use]
pub(crate) struct Command {
    world: World,
    program: PathBuf,
    argv: Vec<OsString>,
    environment: Vec<OsString>,
    directory: Option<PathBuf>,
    umask: Option<u32>,
    input: PathBuf,
    output: Option<PathBuf>,
    errors: Option<PathBuf>,
    closed: Vec<i32>,
    blocked: SigSet,
    ignored: Vec<&'static str>,
    descriptor_limit: Option<u32>,
    first: String,
    shares_group: bool,
}

impl World {
    /// Returns the target's command `name`, with the world's directory as current directory, umask 022, no input, a
    /// process group of its own, all signals default and unblocked, and an environment of PATH (the target's commands
    /// first), HOME and LC_ALL.
    pub(crate) fn command(&self, name: &str) -> Command {
        self.program(self.core.commands.join(name)).argv0(name)
    }

    /// Returns any other program, by its full name, set up in the same way.
    pub(crate) fn program(&self, program: impl Into<PathBuf>) -> Command {
        let program = program.into();
        let path = [self.core.commands.as_os_str().as_bytes(), b":/usr/local/bin:/usr/bin:/bin"].concat();
        Command {
            world: self.clone(),
            argv: vec![program.clone().into()],
            program,
            environment: vec![],
            directory: None,
            umask: None,
            input: "/dev/null".into(),
            output: None,
            errors: None,
            closed: vec![],
            blocked: SigSet::empty(),
            ignored: vec![],
            descriptor_limit: None,
            first: String::new(),
            shares_group: false,
        }
        .env("PATH", OsString::from_vec(path))
        .env("HOME", "/")
        .env("LC_ALL", "C")
    }

    /// Returns the target's command `name` with redirections of a shell, such as `>/dev/full`.
    pub(crate) fn redirected(&self, redirections: &str, name: &str) -> Command {
        let script = format!("exec \"$@\" {redirections}");
        self.program("/bin/sh").args(["-c", &script, "sh"]).arg(self.commands().join(name))
    }

    /// Returns the directory of the target's commands, for search paths. A scenario does not ask whose they are.
    pub(crate) fn commands(&self) -> &Path {
        &self.core.commands
    }

    /// Runs the target's `name` with `arguments` to its end.
    #[track_caller]
    pub(crate) fn run(&self, name: &str, arguments: &[&str]) -> Result<Ran, Failure> {
        self.command(name).args(arguments).run()
    }

    /// Fails unless `ran` ended with `exit`, printed `message` and a newline on stderr, and nothing on stdout.
    #[track_caller]
    pub(crate) fn expect_end(&self, ran: &Ran, exit: &str, message: &str) -> Outcome {
        self.expect("exit, stdout and stderr", ran.all(), (exit, "", &*format!("{message}\\n")))
    }

    /// Sends a signal to one process.
    pub(crate) fn signal(&self, pid: i32, signal: Signal) -> Outcome {
        self.note(format!("kill -{} {pid}", signal_name(signal as i32)), "");
        send_signal(pid, signal)
    }

    /// Kills one process with `signal`. What it had started may be left behind.
    pub(crate) fn kill(&self, pid: i32, signal: Signal) -> Outcome {
        self.expect_orphans_of(pid);
        self.signal(pid, signal)
    }

    /// Accounts for what `pid` has started: it may be left behind.
    pub(crate) fn expect_orphans_of(&self, pid: i32) {
        let orphans = Process::descendants(pid).into_iter().map(|process| process.pid);
        self.core.expected.borrow_mut().extend(orphans);
    }

    /// Accounts for the process `pid`: it may be left behind.
    pub(crate) fn disown(&self, pid: i32) {
        self.core.expected.borrow_mut().insert(pid);
    }

    /// Waits until the process `pid` sleeps.
    #[track_caller]
    pub(crate) fn until_idle(&self, pid: i32) -> Outcome {
        let state = || Process::look(pid).map(|process| process.state);
        self.until(&format!("state of {pid}"), Some('S'), || Ok(state()))
    }

    /// Waits until the process `pid` sleeps with `file` open, and is not merely about to do something.
    #[track_caller]
    pub(crate) fn until_asleep_on(&self, pid: i32, file: &str) -> Outcome {
        let is_asleep = || {
            Process::look(pid).is_some_and(|process| process.state == 'S')
                && descriptors(pid).values().any(|target| target.ends_with(file))
        };
        // It may have slept for another reason before, such as for a child that it asks.
        let since = Cell::new(None);
        self.until(&format!("asleep with {file} open for 100 ms"), true, || {
            since.set(is_asleep().then(|| since.get().unwrap_or_else(Instant::now)));
            Ok(since.get().is_some_and(|since| since.elapsed() >= Duration::from_millis(100)))
        })
    }

    /// Waits until no process is left that this world has started, or that was left behind by one.
    #[track_caller]
    pub(crate) fn until_alone(&self) -> Outcome {
        let me = std::process::id().cast_signed();
        self.until("processes of this world", 0, || Ok(Process::children(me).len()))
    }

    /// Waits until the process `pid` is stopped by a signal, or is not.
    #[track_caller]
    pub(crate) fn until_stopped(&self, pid: i32, is_stopped: bool) -> Outcome {
        let state = || Process::look(pid).is_some_and(|process| process.state == 'T');
        self.until(&format!("{pid} is stopped"), is_stopped, || Ok(state()))
    }

    /// Waits until the process `pid` is gone, or a zombie.
    #[track_caller]
    pub(crate) fn until_dead(&self, pid: i32) -> Outcome {
        self.until(&format!("{pid} is alive"), false, || Ok(Process::is_alive(pid)))
    }

    /// Reaps all dead children of this process.
    pub(super) fn reap(&self) {
        loop {
            let (pid, exit) = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, code)) => (pid, Exit::Code(code)),
                Ok(WaitStatus::Signaled(pid, signal, _)) => (pid, Exit::Signal(signal as i32)),
                Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return,
                // EINVAL: killed by a real-time signal, which nix has no name for. That was an orphan: no scenario sends
                // one to what it starts.
                Ok(_) | Err(_) => continue,
            };
            self.core.ended.borrow_mut().insert(pid.as_raw(), exit);
        }
    }
}

impl Command {
    /// Adds an argument.
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.argv.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.argv.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Sets `argv[0]`.
    pub(crate) fn argv0(mut self, name: impl AsRef<OsStr>) -> Self {
        self.argv[0] = name.as_ref().to_owned();
        self
    }

    /// Sets a variable of its environment.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self = self.env_remove(name);
        let mut variable = OsString::from(format!("{name}="));
        variable.push(value);
        self.environment.push(variable);
        self
    }

    /// Removes a variable from its environment.
    pub(crate) fn env_remove(mut self, name: &str) -> Self {
        let start = format!("{name}=");
        self.environment.retain(|variable| !variable.as_bytes().starts_with(start.as_bytes()));
        self
    }

    /// Sets its whole environment, for entries that [`Command::env`] cannot make.
    pub(crate) fn environment<E: AsRef<OsStr>>(mut self, entries: impl IntoIterator<Item = E>) -> Self {
        self.environment = entries.into_iter().map(|entry| entry.as_ref().to_owned()).collect();
        self
    }

    /// Sets its current directory.
    pub(crate) fn current_directory(mut self, directory: impl AsRef<Path>) -> Self {
        self.directory = Some(self.world.path(directory));
        self
    }

    /// Sets its umask.
    pub(crate) fn umask(mut self, mask: u32) -> Self {
        self.umask = Some(mask);
        self
    }

    /// Sets the file that is its standard input.
    pub(crate) fn input(mut self, file: impl AsRef<Path>) -> Self {
        self.input = self.world.path(file);
        self
    }

    /// Sets the file that its standard output is appended to. It must exist.
    pub(crate) fn output(mut self, file: impl AsRef<Path>) -> Self {
        self.output = Some(self.world.path(file));
        self
    }

    /// Sets the file that its standard error is appended to. It must exist.
    pub(crate) fn errors(mut self, file: impl AsRef<Path>) -> Self {
        self.errors = Some(self.world.path(file));
        self
    }

    /// Closes some of descriptors 0 to 2.
    pub(crate) fn closed(mut self, descriptors: &[i32]) -> Self {
        self.closed.extend(descriptors);
        self
    }

    /// Blocks a signal.
    pub(crate) fn blocked(mut self, signal: Signal) -> Self {
        self.blocked.add(signal);
        self
    }

    /// Ignores a signal, by its name without `SIG`.
    pub(crate) fn ignored(mut self, signal: &'static str) -> Self {
        self.ignored.push(signal);
        self
    }

    /// Limits how many descriptors it may have open (`ulimit -n`).
    pub(crate) fn descriptor_limit(mut self, limit: u32) -> Self {
        self.descriptor_limit = Some(limit);
        self
    }

    /// Adds commands for the shell that becomes it: redirections of further descriptors, children that it inherits.
    pub(crate) fn after(mut self, commands: &str) -> Self {
        self.first += &format!("{commands}\n");
        self
    }

    /// Leaves it in the process group of the suite, which TSTP does not stop: it is an orphaned one. Otherwise it leads
    /// a group of its own.
    pub(crate) fn shares_group(mut self) -> Self {
        self.shares_group = true;
        self
    }

    /// Runs it to its end.
    #[track_caller]
    pub(crate) fn run(self) -> Result<Ran, Failure> {
        let world = self.world.clone();
        let line = self.line();
        let running = self.launch()?;
        let begin = Instant::now();
        let limit = world.scaled(LONGEST_COMMAND);
        let exit = loop {
            world.reap();
            if let Some(exit) = world.core.ended.borrow().get(&running.pid) {
                break *exit;
            }
            if begin.elapsed() > limit {
                let actual =
                    format!("still running after {limit:?}; it printed {:?} {:?}", running.out(), running.err());
                world.core.transcript.note_always(line.clone(), &actual);
                return Err(Failure::timeout(format!("{line}: ends"), actual));
            }
            world.pause(LOOK_EVERY / 4);
        };
        let ran = Ran { exit: exit.to_string(), out: running.out(), err: running.err() };
        world.note(line, summary(&ran));
        Ok(ran)
    }

    /// Starts it in the background. It is killed at the end of the scenario, with all that it started.
    #[track_caller]
    pub(crate) fn start(self) -> Result<Running, Failure> {
        let world = self.world.clone();
        let line = self.line();
        let running = self.launch()?;
        world.note(format!("{line} &"), format!("pid {}", running.pid));
        world.core.expected.borrow_mut().insert(running.pid);
        Ok(running)
    }

    /// Runs it to its end, for a command that may run for ever where it should have ended: that is a mismatch.
    #[track_caller]
    pub(crate) fn finish(self) -> Result<Ran, Failure> {
        let running = self.start()?;
        let exit = running.wait()?.to_string();
        Ok(Ran { exit, out: running.out(), err: running.err() })
    }

    fn line(&self) -> String {
        let words: Vec<String> = self.argv.iter().map(|word| escape(word.as_bytes())).collect();
        words.join(" ")
    }

    #[track_caller]
    fn launch(mut self) -> Result<Running, Failure> {
        let world = self.world.clone();
        let number = world.core.outputs.get();
        world.core.outputs.set(number + 1);
        let file = |stream: &str| world.path(format!(".{number}.{stream}"));
        let out = self.output.clone().unwrap_or_else(|| file("out"));
        let err = self.errors.clone().unwrap_or_else(|| file("err"));
        let name = self.line();
        self.wrap_in_shell();

        let launch = || -> nix::Result<Pid> {
            let mut files = PosixSpawnFileActions::init()?;
            files.add_open(0, self.input.as_path(), OFlag::O_RDONLY, Mode::empty())?;
            let write = OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_CREAT;
            files.add_open(1, out.as_path(), write, Mode::from_bits_truncate(0o644))?;
            files.add_open(2, err.as_path(), write, Mode::from_bits_truncate(0o644))?;
            for &descriptor in &self.closed {
                files.add_close(descriptor)?;
            }
            let mut attributes = PosixSpawnAttr::init()?;
            let mut flags = PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF;
            flags.set(PosixSpawnFlags::POSIX_SPAWN_SETPGROUP, !self.shares_group);
            attributes.set_flags(flags)?;
            attributes.set_pgroup(Pid::from_raw(0))?;
            attributes.set_sigmask(&self.blocked)?;
            attributes.set_sigdefault(&SigSet::all())?;
            let strings = |texts: &[OsString]| -> nix::Result<Vec<CString>> {
                texts.iter().map(|text| CString::new(text.as_bytes()).map_err(|_| Errno::EINVAL)).collect()
            };
            posix_spawn(
                self.program.as_path(),
                &files,
                &attributes,
                &strings(&self.argv)?,
                &strings(&self.environment)?,
            )
        };
        let home = self.directory.as_deref().unwrap_or(&world.core.directory);
        std::env::set_current_dir(home).map_err(|error| broken(home, &error))?;
        let before = self.umask.map(|mask| umask(Mode::from_bits_truncate(mask as libc::mode_t)));
        let launched = launch();
        if let Some(before) = before {
            umask(before);
        }
        std::env::set_current_dir(world.directory()).map_err(|error| broken(world.directory(), &error))?;
        match launched {
            Ok(pid) => Ok(Running { world, pid: pid.as_raw(), name, out, err }),
            // The machine is at fault. Anything else is the command's fault.
            Err(error @ (Errno::EAGAIN | Errno::ENOMEM | Errno::EMFILE | Errno::ENFILE)) => {
                Err(broken(&self.program, &error))
            }
            Err(error) if self.program.starts_with(world.commands()) => {
                Err(world.failed(&name, "can be executed", error.to_string()))
            }
            Err(error) => Err(broken(&self.program, &error)),
        }
    }

    /// Has a shell set what posix_spawn cannot, ignored signals and limits, before it becomes the program.
    fn wrap_in_shell(&mut self) {
        let mut script = self.first.clone();
        // A shell may watch its own children despite the trap, and then hands on CHLD at its default.
        let (chld, others): (Vec<&str>, Vec<&str>) = self.ignored.iter().partition(|&&signal| signal == "CHLD");
        for signal in others {
            script += &format!("trap '' {signal}; ");
        }
        if let Some(limit) = self.descriptor_limit {
            script += &format!("ulimit -n {limit}; ");
        }
        if script.is_empty() && chld.is_empty() {
            return;
        }
        script += if chld.is_empty() { "exec \"$@\"" } else { "exec env --ignore-signal=CHLD \"$@\"" };
        let mut argv: Vec<OsString> = ["sh", "-c", &script, "sh"].map(OsString::from).into();
        argv.push(std::mem::replace(&mut self.program, "/bin/sh".into()).into());
        argv.extend(self.argv.drain(1..));
        self.argv = argv;
    }
}

/// Returns the contents of `file`, up to [`LONGEST_OUTPUT`].
fn beginning(file: &Path) -> Vec<u8> {
    let mut bytes = vec![];
    let _ = fs::File::open(file).and_then(|file| file.take(LONGEST_OUTPUT).read_to_end(&mut bytes));
    bytes
}

fn summary(ran: &Ran) -> String {
    let cut = |text: &str| match text.char_indices().nth(SHOWN_OUTPUT) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    };
    let mut summary = ran.exit.clone();
    for (name, text) in [("stdout", &ran.out), ("stderr", &ran.err)] {
        if !text.is_empty() {
            summary += &format!("; {name} {}", cut(text));
        }
    }
    summary
}

/// Sends `signal` to `pid` without a note, for use within a look.
pub(crate) fn send_signal(pid: i32, signal: Signal) -> Outcome {
    signal::kill(Pid::from_raw(pid), signal).map_err(|error| Failure::broken(format!("kill {pid}: {error}")))
}
