//! Running the target's commands, to their end or in the background, with every process attribute set on purpose.

use super::{LOOK_EVERY, World, broken, here};
use crate::observe::{process::Process, shown};
use crate::probe::signal_name;
use crate::scenario::{Outcome, Stopped};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::{self, SigSet, Signal};
use nix::sys::stat::{Mode, umask};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::ffi::{CString, OsStr, OsString};
use std::fmt;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a command that is run to its end may take.
const LONGEST_COMMAND: Duration = Duration::from_secs(6);
/// How much of an output is looked at: a command may print without end, and a file may have none.
const LONGEST_OUTPUT: u64 = 256 << 10;
/// How much of an output a transcript repeats.
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

/// A command that came to its end.
#[derive(Debug)]
#[must_use]
pub(crate) struct Ran {
    /// How it ended: `exit 0`, `killed by PIPE`.
    pub(crate) exit: String,
    /// Its standard output, as [`shown`].
    pub(crate) out: String,
    /// Its standard error, as [`shown`].
    pub(crate) err: String,
}

/// A process in the background.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    /// Its number.
    pub(crate) pid: i32,
    name: String,
    out: PathBuf,
    err: PathBuf,
}

impl Running {
    /// What it has written to its standard output so far.
    pub(crate) fn out(&self) -> String {
        shown(&beginning(&self.out))
    }

    /// What it has written to its standard error so far.
    pub(crate) fn err(&self) -> String {
        shown(&beginning(&self.err))
    }

    /// The lines of its standard error so far.
    pub(crate) fn err_lines(&self) -> Vec<String> {
        let bytes = beginning(&self.err);
        bytes.split_inclusive(|&byte| byte == b'\n').map(|line| shown(line.trim_ascii_end())).collect()
    }
}

/// A command to be run.
#[derive(Debug)]
#[must_use]
pub(crate) struct Command<'w> {
    world: &'w World,
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
    own_group: bool,
}

impl World {
    /// The target's command `name`. It will have: the world's directory as current directory, umask 022, no input, all
    /// signals default and unblocked, and an environment of PATH (the target's commands first), HOME and LC_ALL.
    pub(crate) fn command(&self, name: &str) -> Command<'_> {
        self.program(self.commands.join(name)).argv0(name)
    }

    /// Any other program, by its full name, in the same circumstances.
    pub(crate) fn program(&self, program: impl Into<PathBuf>) -> Command<'_> {
        let program = program.into();
        let path = [self.commands.as_os_str().as_bytes(), b":/usr/local/bin:/usr/bin:/bin"].concat();
        Command {
            world: self,
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
            own_group: false,
        }
        .env("PATH", OsString::from_vec(path))
        .env("HOME", "/")
        .env("LC_ALL", "C")
    }

    /// Where the target's commands are. For search paths and process listings; a scenario does not ask whose they are.
    pub(crate) fn commands(&self) -> &Path {
        &self.commands
    }

    /// Runs the target's `name` with `arguments` to its end.
    #[track_caller]
    pub(crate) fn run(&self, name: &str, arguments: &[&str]) -> Result<Ran, Stopped> {
        self.command(name).args(arguments).run()
    }

    /// Sends a signal to one process.
    pub(crate) fn signal(&self, pid: i32, signal: Signal) -> Outcome {
        self.note(format!("kill -{} {pid}", signal_name(signal as i32)), "");
        send_signal(pid, signal)
    }

    /// Kills `running` as `signal` does, and waits for its end. What it had started is expected to be left behind.
    #[track_caller]
    pub(crate) fn kill(&self, running: &Running, signal: Signal) -> Result<Exit, Stopped> {
        let orphans = Process::descendants(running.pid).into_iter().map(|process| process.pid);
        self.expected.borrow_mut().extend(orphans);
        self.signal(running.pid, signal)?;
        self.wait(running)
    }

    /// Whether `running` has not ended yet.
    pub(crate) fn is_running(&self, running: &Running) -> bool {
        self.reap();
        !self.ended.borrow().contains_key(&running.pid)
    }

    /// Waits for the end of `running`.
    #[track_caller]
    pub(crate) fn wait(&self, running: &Running) -> Result<Exit, Stopped> {
        self.until_some(&running.name, "ended", || {
            self.reap();
            Ok(self.ended.borrow().get(&running.pid).copied().ok_or_else(|| "still running".to_owned()))
        })
    }

    /// Waits for all who are dead and became children of this process.
    pub(super) fn reap(&self) {
        loop {
            let (pid, exit) = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, code)) => (pid, Exit::Code(code)),
                Ok(WaitStatus::Signaled(pid, signal, _)) => (pid, Exit::Signal(signal as i32)),
                Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return,
                // EINVAL: killed by a real-time signal, which nix has no name for. It was an orphan: nothing that is
                // started here is sent one.
                Ok(_) | Err(_) => continue,
            };
            self.ended.borrow_mut().insert(pid.as_raw(), exit);
        }
    }
}

impl Command<'_> {
    /// One more argument.
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.argv.push(argument.as_ref().to_owned());
        self
    }

    /// More arguments.
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.argv.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// The name it is called by, whatever its file is.
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

    /// Takes a variable out of its environment.
    pub(crate) fn env_remove(mut self, name: &str) -> Self {
        let start = format!("{name}=");
        self.environment.retain(|variable| !variable.as_bytes().starts_with(start.as_bytes()));
        self
    }

    /// Its current directory.
    pub(crate) fn current_directory(mut self, directory: impl AsRef<Path>) -> Self {
        self.directory = Some(self.world.path(directory));
        self
    }

    /// Its umask.
    pub(crate) fn umask(mut self, mask: u32) -> Self {
        self.umask = Some(mask);
        self
    }

    /// The file that is its standard input.
    pub(crate) fn input(mut self, file: impl AsRef<Path>) -> Self {
        self.input = self.world.path(file);
        self
    }

    /// The file that its standard output is appended to; it must be there.
    pub(crate) fn output(mut self, file: impl AsRef<Path>) -> Self {
        self.output = Some(self.world.path(file));
        self
    }

    /// The file that its standard error is appended to; it must be there.
    pub(crate) fn errors(mut self, file: impl AsRef<Path>) -> Self {
        self.errors = Some(self.world.path(file));
        self
    }

    /// Descriptors of 0 to 2 that are closed.
    pub(crate) fn closed(mut self, descriptors: &[i32]) -> Self {
        self.closed.extend(descriptors);
        self
    }

    /// Blocks a signal.
    pub(crate) fn blocked(mut self, signal: Signal) -> Self {
        self.blocked.add(signal);
        self
    }

    /// Has a signal ignored, by its name without `SIG`.
    pub(crate) fn ignored(mut self, signal: &'static str) -> Self {
        self.ignored.push(signal);
        self
    }

    /// How many descriptors it may have open (`ulimit -n`).
    pub(crate) fn descriptor_limit(mut self, limit: u32) -> Self {
        self.descriptor_limit = Some(limit);
        self
    }

    /// Commands for the shell that becomes it: redirections of further descriptors, children that it inherits.
    pub(crate) fn after(mut self, commands: &str) -> Self {
        self.first += &format!("{commands}\n");
        self
    }

    /// Makes it the leader of a process group of its own. Only such a one can be stopped by TSTP: the group of this
    /// process is an orphaned one, in which the kernel ignores it.
    pub(crate) fn own_group(mut self) -> Self {
        self.own_group = true;
        self
    }

    /// Runs it to its end.
    #[track_caller]
    pub(crate) fn run(self) -> Result<Ran, Stopped> {
        let world = self.world;
        let line = self.line();
        let running = self.launch()?;
        let begin = Instant::now();
        let limit = world.scaled(LONGEST_COMMAND);
        let exit = loop {
            world.reap();
            if let Some(exit) = world.ended.borrow().get(&running.pid) {
                break *exit;
            }
            if begin.elapsed() > limit {
                let actual =
                    format!("still running after {limit:?}; it printed {:?} {:?}", running.out(), running.err());
                world.note(line.clone(), &actual);
                return Err(Stopped::TimedOut { at: here(), expected: format!("{line}: ends"), actual });
            }
            world.pause_at_most(LOOK_EVERY / 4);
        };
        let ran = Ran { exit: exit.to_string(), out: running.out(), err: running.err() };
        world.note(line, summary(&ran));
        Ok(ran)
    }

    /// Starts it in the background. It is killed at the end of the scenario, with all that it started.
    pub(crate) fn start(self) -> Result<Running, Stopped> {
        let world = self.world;
        let line = self.line();
        let running = self.launch()?;
        world.note(format!("{line} &"), format!("pid {}", running.pid));
        world.expected.borrow_mut().insert(running.pid);
        Ok(running)
    }

    fn line(&self) -> String {
        let words: Vec<String> = self.argv.iter().map(|word| shown(word.as_bytes())).collect();
        words.join(" ")
    }

    #[track_caller]
    fn launch(mut self) -> Result<Running, Stopped> {
        let world = self.world;
        let number = world.outputs.get();
        world.outputs.set(number + 1);
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
            flags.set(PosixSpawnFlags::POSIX_SPAWN_SETPGROUP, self.own_group);
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
        let home = self.directory.as_deref().unwrap_or(&world.directory);
        std::env::set_current_dir(home).map_err(|error| broken(home, &error))?;
        let before = self.umask.map(|mask| umask(Mode::from_bits_truncate(mask as libc::mode_t)));
        let launched = launch();
        if let Some(before) = before {
            umask(before);
        }
        std::env::set_current_dir(&world.directory).map_err(|error| broken(&world.directory, &error))?;
        match launched {
            Ok(pid) => Ok(Running { pid: pid.as_raw(), name, out, err }),
            // The machine's fault; anything else is the command's.
            Err(error @ (Errno::EAGAIN | Errno::ENOMEM | Errno::EMFILE | Errno::ENFILE)) => {
                Err(broken(&self.program, &error))
            }
            Err(error) if self.program.starts_with(&world.commands) => {
                Err(world.failed(&name, "can be executed", error.to_string()))
            }
            Err(error) => Err(broken(&self.program, &error)),
        }
    }

    /// What posix_spawn cannot set, a shell can: ignored signals and limits. The shell then becomes the program.
    fn wrap_in_shell(&mut self) {
        let mut script = self.first.clone();
        // A shell may watch its own children whatever it is told, and then hands on CHLD at its default.
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

/// What a file holds, or as much of it as a command that behaves could have written.
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

/// Sends `signal` to `pid`. A scenario that does it as a part of a look has no note of it.
pub(crate) fn send_signal(pid: i32, signal: Signal) -> Outcome {
    signal::kill(Pid::from_raw(pid), signal).map_err(|error| Stopped::Broken { why: format!("kill {pid}: {error}") })
}
