//! A life under strace: what is started, and what must hold of a program whatever fails.

use super::calls::{self, Cell, Maker};
use crate::commands;
use crate::observe::process::{self, Process};
use crate::outcome::{Failure, Outcome};
use crate::world::{Command, Exit, Ran, Running, Service, World};
use nix::sys::signal::Signal;
use std::time::{Duration, Instant};

/// The log of strace.
const LOG: &str = "calls";
/// How long a program is watched for a busy loop.
const WATCHED: Duration = Duration::from_millis(200);
/// How much processor time it may use meanwhile.
const MOST_TIME: Duration = Duration::from_millis(80);
/// By how much the log may grow meanwhile: some fifty calls.
const MOST_BYTES: u64 = 5000;
/// How long a child may take to make the call that fails.
const UNTIL_CALLED: Duration = Duration::from_secs(3);
/// How many times longer than usual a program may take that pauses because of a fault: multilog and svscan pause for five
/// seconds, and supervise for sixty if it cannot fork.
const PAUSE: f64 = 2.0;
const FORK_PAUSE: f64 = 9.0;
/// Commands that print a usage line if they are called without arguments.
const PRINT_USAGE: &[&str] = &["svok", "setlock", "setuidgid", "pgrphack", "supervise"];

/// How a life is traced: with a system call that fails, or none.
#[derive(Debug)]
pub(super) struct Tracing<'w> {
    world: &'w World,
    cell: Option<Cell>,
}

/// How a program came out of its start.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// It does what it was started for.
    Works,
    /// It has said why it does not, and has ended.
    Refused,
}

impl<'w> Tracing<'w> {
    pub(super) fn new(world: &'w World, cell: Option<Cell>) -> Tracing<'w> {
        if let Some(cell) = &cell {
            let is_fork = ["clone", "clone3", "fork", "vfork"].contains(&cell.call.as_str());
            world.wait_longer(if is_fork { FORK_PAUSE } else { PAUSE });
            world.note("fault", cell.expression());
        }
        Tracing { world, cell }
    }

    /// Returns the target's command `name`, traced.
    pub(super) fn command(&self, name: &str) -> Result<Command, Failure> {
        let log = self.world.path(LOG);
        let log = log.to_string_lossy();
        // The program stays a child of the scenario (-D), and what it executes is not traced (-b).
        let mut options = vec!["-D", "-o", &log];
        let following = ["-f", "-b", "execve"];
        let expression = self.cell.as_ref().map(Cell::expression);
        match &self.cell {
            None => {
                options.extend(following);
                return self.world.traced(&options, name);
            }
            Some(cell) if cell.maker == Maker::Child => options.extend(following),
            Some(_) => {}
        }
        options.extend(expression.iter().flat_map(|expression| ["-e", expression.as_str()]));
        Ok(self.world.traced_as_before(&options, name))
    }

    /// Starts what [`Tracing::command`] returned.
    #[track_caller]
    pub(super) fn start(&self, command: Command) -> Result<Traced<'_>, Failure> {
        let running = command.start()?;
        let tracer = self.world.until_some("the tracer", "there", || {
            let tracer = process::status_line(running.pid, "TracerPid").and_then(|pid| pid.parse::<i32>().ok());
            // It may have executed another program already, which is not traced.
            let is_over = !running.is_running() || Process::look(running.pid).is_some_and(|one| one.name != "strace");
            Ok(tracer.filter(|pid| *pid > 0).or(is_over.then_some(0)).ok_or_else(|| "none".to_owned()))
        })?;
        self.world.disown(tracer);
        let traced = Traced { tracing: self, running };
        if self.cell.as_ref().is_some_and(|cell| cell.maker == Maker::Child) {
            // strace would fail this call of every child. Without strace, the next child lives.
            let begin = Instant::now();
            let limit = self.world.scaled(UNTIL_CALLED);
            self.world.until("the call has failed, or time is up", true, || {
                Ok(self.has_failed() || !traced.running.is_running() || begin.elapsed() > limit)
            })?;
            if tracer > 0 && Process::is_alive(tracer) {
                self.world.kill(tracer, Signal::SIGKILL)?;
            }
        }
        Ok(traced)
    }

    /// Runs what [`Tracing::command`] returned to its end.
    #[track_caller]
    pub(super) fn finish(&self, command: Command) -> Result<Ran, Failure> {
        let traced = self.start(command)?;
        let exit = traced.running.wait()?;
        let ran = Ran { exit: exit.to_string(), out: traced.running.out(), err: traced.running.err() };
        self.world.note("it has ended", format!("{:?}", ran.all()));
        Ok(ran)
    }

    /// Runs a command that must end with `exit` and print `out`, or say on stderr why not and exit 100 or 111.
    #[track_caller]
    pub(super) fn expect_ran(&self, command: Command, exit: &str, out: &str) -> Result<Start, Failure> {
        let ran = self.finish(command)?;
        let is_refusal = ["exit 100", "exit 111"].contains(&&*ran.exit) && !ran.err.is_empty() && ran.out.is_empty();
        if self.cell.is_some() && is_refusal {
            return Ok(Start::Refused);
        }
        self.world.expect("exit and stdout", (&*ran.exit, &*ran.out), (exit, out))?;
        Ok(Start::Works)
    }

    /// Returns whether a call fails in this life.
    pub(super) fn is_faulty(&self) -> bool {
        self.cell.is_some()
    }

    /// Returns whether the call has failed.
    fn has_failed(&self) -> bool {
        self.log().contains("(INJECTED)")
    }

    /// Ends a life. Without a fault, notes the cells that follow from it, a step for each group.
    pub(super) fn end(&self, program: Option<i32>) -> Outcome {
        let me = std::process::id().cast_signed();
        let tracers = || Process::children(me).into_iter().filter(|child| child.name == "strace").count();
        self.world.until("tracers", 0, || Ok(tracers()))?;
        if self.cell.is_some() {
            self.world.note("the call", if self.has_failed() { "has failed" } else { "was not made" });
            return Ok(());
        }
        let log = self.log();
        let program = program.or_else(|| calls::first_process(&log)).unwrap_or(0);
        let cells = calls::cells(&log, program, self.start_up(&log)?);
        let mut groups: Vec<(String, Vec<String>)> = vec![];
        for cell in &cells {
            let entry = format!("{}/{}", cell.number, cell.error);
            match groups.iter_mut().find(|(group, _)| *group == cell.group()) {
                Some((_, entries)) => entries.push(entry),
                None => groups.push((cell.group(), vec![entry])),
            }
        }
        for (group, entries) in groups {
            self.world.note(format!("{}{group}", super::CELLS_OF), entries.join(" "));
        }
        Ok(())
    }

    /// Returns with how many calls every program of the target begins.
    fn start_up(&self, log: &str) -> Result<usize, Failure> {
        let usable = |name: &&&str| commands::has_command(self.world.commands(), name);
        let Some(name) = PRINT_USAGE.iter().find(usable) else { return Ok(0) };
        let ran = self.world.traced_as_before(&["-o", "usage"], name).run()?;
        self.world.note(format!("{name} without arguments"), ran.exit);
        Ok(calls::start_up(log, &self.world.files.lines("usage").join("\n")))
    }

    fn log(&self) -> String {
        self.world.files.lines(LOG).join("\n")
    }
}

/// A program under strace.
#[derive(Debug)]
pub(super) struct Traced<'t> {
    tracing: &'t Tracing<'t>,
    pub(super) running: Running,
}

impl Traced<'_> {
    /// Waits until all of `services` were started, or the program has refused to start them: it exits 111 with a message,
    /// before any of them was started.
    #[track_caller]
    pub(super) fn until_works(&self, services: &[&Service]) -> Result<Start, Failure> {
        let world = self.tracing.world;
        let started = || services.iter().filter(|service| !service.starts().is_empty()).count();
        let running = &self.running;
        world.until_some("services started, or the program's end", &services.len().to_string(), || {
            let (is_over, count) = (!running.is_running(), started());
            Ok(if count == services.len() || is_over { Ok(()) } else { Err(format!("{count}; {}", running.err())) })
        })?;
        if running.is_running() {
            return Ok(Start::Works);
        }
        self.expect_refusal()?;
        world.expect("services that were started", started(), 0)?;
        Ok(Start::Refused)
    }

    /// Expects that the program has ended because of the fault, has said why, and has exited 111.
    #[track_caller]
    pub(super) fn expect_refusal(&self) -> Outcome {
        let world = self.tracing.world;
        let seen = (self.running.wait()?.to_string(), self.running.err());
        world.expect("a fault", self.tracing.is_faulty(), true)?;
        world.expect_that("its end", seen.0 == "exit 111" && !seen.1.is_empty(), "exit 111 with a message", &seen)
    }

    /// Expects that the program is not busy: it uses little processor time, and makes few system calls.
    #[track_caller]
    pub(super) fn expect_quiet(&self) -> Outcome {
        let world = self.tracing.world;
        let size = || world.files.size(LOG).unwrap_or(0);
        let used = || process::processor_time(self.running.pid);
        // It may still be busy with what it was asked to do last.
        world.until_some("the program", "at rest", || {
            let before = (used(), size());
            world.stays("the program is watched", (), WATCHED, || Ok(()))?;
            let (time, bytes) = (used().saturating_sub(before.0), size() - before.1);
            let seen = format!("{time:?} of processor time and {bytes} bytes of calls in {WATCHED:?}");
            Ok(if time < MOST_TIME && bytes < MOST_BYTES { Ok(()) } else { Err(seen) })
        })
    }

    /// Waits until no child of the program is a zombie.
    #[track_caller]
    pub(super) fn expect_no_zombie(&self) -> Outcome {
        let zombies = || {
            let children = process::lives_of_children(self.running.pid);
            children.into_iter().filter(|child| child.ends_with(" Z")).collect::<Vec<_>>()
        };
        self.tracing.world.until("zombies", vec![""; 0], || Ok(zombies()))
    }

    /// Waits until it has no more descriptors open than the process `twin`, which is in the same state and met no fault.
    #[track_caller]
    pub(super) fn expect_descriptors(&self, twin: i32) -> Outcome {
        let open = |pid| process::descriptors(pid).into_values().collect::<Vec<_>>();
        self.tracing.world.until_some("open descriptors", "no more than without a fault", || {
            let (mine, others) = (open(self.running.pid), open(twin));
            Ok(if mine.len() <= others.len() { Ok(()) } else { Err(format!("{mine:?} instead of {others:?}")) })
        })
    }

    /// Waits for its end.
    #[track_caller]
    pub(super) fn wait(&self) -> Result<Exit, Failure> {
        self.running.wait()
    }
}

/// Waits until svstat says that `service` runs as the process of its start number `count`, which is true.
#[track_caller]
pub(super) fn until_up(world: &World, service: &Service, count: usize) -> Result<i32, Failure> {
    service.until_starts(count)?;
    world.until_some(&format!("svstat {}", service.name), &format!("up as start {count}"), || {
        let starts = service.starts();
        let Some(&(pid, ..)) = starts.last().filter(|_| starts.len() == count) else {
            return Ok(Err(format!("{} starts", starts.len())));
        };
        let line = service.svstat_line()?;
        let shown = crate::observe::svstat::Status::parse(&line, &service.name).and_then(|status| status.pid);
        Ok(if shown == Some(pid) && Process::is_alive(pid) { Ok(pid) } else { Err(format!("{line}, and it is {pid}")) })
    })
}

/// Waits until svstat says that `service` is down, and expects that to be true.
#[track_caller]
pub(super) fn until_down(world: &World, service: &Service) -> Outcome {
    service.until_down()?;
    let alive = service.starts().iter().filter(|(pid, ..)| Process::is_alive(*pid)).count();
    world.expect(&format!("processes of {}", service.name), alive, 0)
}
