//! Services: directories with a probe or a script as `./run`, seen through the probe's log and the target's own clients.

use super::{Ran, Running, World, broken};
use crate::observe::svstat::{Status, normalised};
use crate::outcome::{Failure, Outcome};
use crate::probe::{self, Event, Start, What};
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::Duration;

/// A service directory.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(super) world: World,
    /// Its name as commands get it: relative to the world.
    pub(crate) name: String,
    /// Its full name.
    pub(crate) directory: PathBuf,
}

impl World {
    /// Makes a service directory whose `./run` is the probe. It does what `plan` says: see [`crate::probe`].
    pub(crate) fn service(&self, name: &str, plan: &str) -> Result<Service, Failure> {
        let service = self.bare_service(name)?;
        service.plan(plan)?;
        let run = service.directory.join(probe::NAME);
        std::os::unix::fs::symlink(&self.core.probe, &run).map_err(|error| broken(&run, &error))?;
        Ok(service)
    }

    /// Makes a service directory whose `./run` is a script.
    pub(crate) fn scripted(&self, name: &str, script: &str) -> Result<Service, Failure> {
        let service = self.bare_service(name)?;
        self.files.write_script(service.directory.join("run"), script)?;
        Ok(service)
    }

    /// Makes a service directory without a `./run`.
    pub(crate) fn bare_service(&self, name: &str) -> Result<Service, Failure> {
        self.files.make_directory(name)?;
        self.files.make_fifo(format!("{name}/{}", probe::ORDERS))?;
        Ok(self.service_called(name))
    }

    /// Returns the service in the existing directory `name`: one that was renamed, for instance.
    pub(crate) fn service_called(&self, name: &str) -> Service {
        Service { world: self.clone(), name: name.to_owned(), directory: self.path(name) }
    }

    /// Makes a service with a `down` file and starts supervise on it.
    #[track_caller]
    pub(crate) fn down_service(&self, name: &str, plan: &str) -> Result<(Service, Running), Failure> {
        let service = self.service(name, plan)?;
        self.files.write(service.directory.join("down"), "")?;
        let supervise = service.supervise()?;
        Ok((service, supervise))
    }
}

impl Service {
    /// Writes what the probe does from its next start on.
    pub(crate) fn plan(&self, plan: &str) -> Outcome {
        self.world.note(format!("plan for {}", self.name), plan);
        self.world.files.write(self.directory.join(probe::PLAN), format!("{plan}\n"))
    }

    /// Makes the running probe do something now.
    pub(crate) fn order(&self, order: &str) -> Outcome {
        let path = self.directory.join(probe::ORDERS);
        self.world.note(format!("order {} to {order}", self.name), "");
        fs::OpenOptions::new()
            .write(true)
            .custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits())
            .open(&path)
            .and_then(|mut orders| orders.write_all(format!("{order}\n").as_bytes()))
            .map_err(|error| broken(&path, &error))
    }

    // What the probe recorded.

    /// Returns all events of the probe so far.
    pub(crate) fn events(&self) -> Vec<Event> {
        probe::read_log(&self.directory.join(probe::LOG))
    }

    /// Returns the starts so far, each with its pid and time.
    pub(crate) fn starts(&self) -> Vec<(i32, u64, Start)> {
        let starts = self.events().into_iter().filter_map(|event| match event.what {
            What::Start(start) => Some((event.pid, event.at, *start)),
            What::Signal(_) | What::End(_) => None,
        });
        starts.collect()
    }

    /// Returns the names of the signals that the probe got so far, all its runs together.
    pub(crate) fn signals(&self) -> Vec<String> {
        let signals = self.events().into_iter().filter_map(|event| match event.what {
            What::Signal(name) => Some(name),
            What::Start(_) | What::End(_) => None,
        });
        signals.collect()
    }

    /// Returns how the runs of the probe have ended so far, such as `exit 0`.
    pub(crate) fn ends(&self) -> Vec<String> {
        let ends = self.events().into_iter().filter_map(|event| match event.what {
            What::End(how) => Some(how),
            What::Start(_) | What::Signal(_) => None,
        });
        ends.collect()
    }

    /// Waits until the probe was started `count` times or more, and returns the starts.
    #[track_caller]
    pub(crate) fn until_starts(&self, count: usize) -> Result<Vec<(i32, u64, Start)>, Failure> {
        self.world.until_some(&format!("starts of {}", self.name), &format!("{count} or more"), || {
            let starts = self.starts();
            Ok(if starts.len() >= count { Ok(starts) } else { Err(starts.len().to_string()) })
        })
    }

    /// Waits until the probe has recorded its first start: from then on it hears signals.
    #[track_caller]
    pub(crate) fn until_started(&self) -> Outcome {
        self.until_starts(1).map(drop)
    }

    /// Waits until the probe got exactly these signals.
    #[track_caller]
    pub(crate) fn until_signals(&self, names: &[&str]) -> Outcome {
        self.world.until(&format!("signals of {}", self.name), names.to_vec(), || Ok(self.signals()))
    }

    /// Waits until the latest run of the probe is older than the second in which a supervise may be deaf.
    #[track_caller]
    pub(crate) fn until_settled(&self) -> Outcome {
        self.until_started()?;
        self.until_no_start(Duration::from_millis(1200))
    }

    /// Waits until the probe has not been started for `time`, beginning now or with its latest start.
    #[track_caller]
    pub(crate) fn until_no_start(&self, time: Duration) -> Outcome {
        let begin = if self.starts().is_empty() { self.world.monotonic() } else { 0 };
        let quiet = || {
            let last = self.starts().last().map_or(begin, |(_, at, _)| *at);
            Duration::from_nanos(self.world.monotonic().saturating_sub(last))
        };
        self.world.until(&format!("{} was not started for {time:?}", self.name), true, || Ok(quiet() > time))
    }

    /// Returns the supervise of the latest run: the parent that the probe recorded.
    #[track_caller]
    pub(crate) fn supervise_pid(&self) -> Result<i32, Failure> {
        let starts = self.until_starts(1)?;
        starts.last().map(|(_, _, start)| start.parent).ok_or_else(|| Failure::broken("no start"))
    }

    // supervise and the target's clients.

    /// Starts the target's supervise on this service, and waits until svok succeeds and, unless there is a `down` file,
    /// the service is up. A probe is up when it has recorded its start: before that, a signal that it should survive
    /// would end it.
    #[track_caller]
    pub(crate) fn supervise(&self) -> Result<Running, Failure> {
        let running = self.start_supervise()?;
        self.until_supervised()?;
        if !self.directory.join("down").exists() {
            self.until_up()?;
        }
        Ok(running)
    }

    /// Starts the target's supervise on this service and waits for nothing.
    #[track_caller]
    pub(crate) fn start_supervise(&self) -> Result<Running, Failure> {
        self.world.command("supervise").arg(&self.name).start()
    }

    /// Runs the target's svc with `options`, such as `-dx`. It must exit 0. What it prints is not looked at.
    #[track_caller]
    pub(crate) fn svc(&self, options: &str) -> Outcome {
        let ran = self.world.run("svc", &[options, &self.name])?;
        self.world.expect(&format!("svc {options}"), ran.exit, "exit 0")
    }

    /// Returns how the target's svok ends, such as `exit 0`.
    #[track_caller]
    pub(crate) fn svok(&self) -> Result<String, Failure> {
        Ok(self.world.run("svok", &[&self.name])?.exit)
    }

    /// Returns whether svok says that a supervise runs here.
    #[track_caller]
    pub(crate) fn is_supervised(&self) -> Result<bool, Failure> {
        Ok(self.svok()? == "exit 0")
    }

    /// Waits until svok says that a supervise runs here.
    #[track_caller]
    pub(crate) fn until_supervised(&self) -> Outcome {
        self.world.until(&format!("svok {}", self.name), "exit 0", || self.svok())
    }

    /// Waits until svok says that no supervise runs here.
    #[track_caller]
    pub(crate) fn until_unsupervised(&self) -> Outcome {
        self.world.until(&format!("svok {}", self.name), "exit 100", || self.svok())
    }

    /// Returns what the target's svstat prints on stdout, as it is. Its messages and its exit code are not looked at.
    #[track_caller]
    pub(crate) fn svstat_line(&self) -> Result<String, Failure> {
        Ok(self.world.run("svstat", &[&self.name])?.out)
    }

    /// Returns the line of the target's svstat, [`normalised`]. For scenarios about the line itself: svstat must exit 0 and
    /// print nothing on stderr.
    #[track_caller]
    pub(crate) fn svstat(&self) -> Result<String, Failure> {
        let Ran { exit, out, err } = self.world.run("svstat", &[&self.name])?;
        self.world.expect("svstat", (exit.as_str(), err.as_str()), ("exit 0", ""))?;
        Ok(normalised(out.trim_end_matches("\\n")))
    }

    /// Returns what svstat says, up to the form that every target keeps; `None` if it does not say `up` or `down`.
    #[track_caller]
    pub(crate) fn status(&self) -> Result<Option<Status>, Failure> {
        Ok(Status::parse(&self.svstat_line()?, &self.name))
    }

    /// Returns the pid that svstat prints for a service that is up.
    #[track_caller]
    pub(crate) fn pid(&self) -> Result<Option<i32>, Failure> {
        Ok(self.status()?.and_then(|status| status.pid))
    }

    /// Waits until svstat says `wanted`, without pid and seconds: `up`, `down`, `up, paused`, `down, normally up`,
    /// `up, want down`. Suffixes that daemontools does not have are ignored. Returns the status.
    #[track_caller]
    pub(crate) fn until_status(&self, wanted: &str) -> Result<Status, Failure> {
        self.world.until_some(&format!("svstat {}", self.name), wanted, || {
            let line = self.svstat_line()?;
            Ok(Status::parse(&line, &self.name).filter(|status| status.words() == wanted).ok_or(line))
        })
    }

    /// Waits until svstat says that the service is down.
    #[track_caller]
    pub(crate) fn until_down(&self) -> Outcome {
        self.world.until_some(&format!("svstat {}", self.name), "down", || {
            let line = self.svstat_line()?;
            Ok(Status::parse(&line, &self.name).filter(|status| status.pid.is_none()).map(drop).ok_or(line))
        })
    }

    /// Waits until the service is up, and returns its pid.
    #[track_caller]
    pub(crate) fn until_up(&self) -> Result<i32, Failure> {
        self.until_other_pid(0)
    }

    /// Waits until the service is up as another process than `old`, and returns its pid.
    #[track_caller]
    pub(crate) fn until_other_pid(&self, old: i32) -> Result<i32, Failure> {
        let wanted = if old == 0 { "up".to_owned() } else { format!("up, and not as {old}") };
        // A probe does not hear signals until it has recorded its start. That is also cheaper to look at than svstat.
        let is_probe =
            fs::read_link(self.directory.join(probe::NAME)).is_ok_and(|target| target == self.world.core.probe);
        if is_probe {
            self.world.until(&format!("{} was started", self.name), true, || {
                Ok(self.starts().iter().any(|(pid, ..)| *pid != old))
            })?;
        }
        let is_ready = |pid| pid != old && (!is_probe || self.starts().iter().any(|(started, ..)| *started == pid));
        self.world.until_some(&format!("svstat {}", self.name), &wanted, || {
            let line = self.svstat_line()?;
            let pid = Status::parse(&line, &self.name).and_then(|status| status.pid);
            Ok(pid.filter(|&pid| is_ready(pid)).ok_or(line))
        })
    }

    /// Sends each of `letters` by a call of svc of its own: within one call svc sends each letter only once.
    #[track_caller]
    pub(crate) fn svc_each(&self, letters: &str) -> Outcome {
        letters.chars().try_for_each(|letter| self.svc(&format!("-{letter}")))
    }
}

impl World {
    /// Returns for each service whether svok says that a supervise runs there.
    #[track_caller]
    pub(crate) fn supervised(&self, services: &[&Service]) -> Result<Vec<bool>, Failure> {
        services.iter().map(|service| service.is_supervised()).collect()
    }

    /// Returns for each service the pid that svstat prints.
    #[track_caller]
    pub(crate) fn pids(&self, services: &[&Service]) -> Result<Vec<Option<i32>>, Failure> {
        services.iter().map(|service| service.pid()).collect()
    }

    /// Runs the target's supervise on the directory `name`. It must exit 111 with `supervise: fatal: ` and `message` as
    /// its only output.
    #[track_caller]
    pub(crate) fn expect_refusal(&self, name: impl AsRef<OsStr>, message: &str) -> Outcome {
        let ran = self.command("supervise").arg(name).finish()?;
        self.expect_end(&ran, "exit 111", &format!("supervise: fatal: {message}"))
    }
}
