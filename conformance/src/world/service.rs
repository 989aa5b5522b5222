//! Services: directories with a probe or a script as `./run`, and what supervise and svstat say of them.

use super::{Ran, Running, World, broken};
use crate::observe::record::Record;
use crate::observe::svstat::normalised;
use crate::probe::{self, Event, Start, What};
use crate::scenario::{Outcome, Stopped};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fs;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// A service directory.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    /// Its name as commands are told it: relative to the world.
    pub(crate) name: String,
    /// Its full name.
    pub(crate) directory: PathBuf,
}

impl World {
    /// Makes a service directory whose `./run` is the probe. It does what `plan` says: see [`crate::probe`].
    pub(crate) fn service(&self, name: &str, plan: &str) -> Result<Service, Stopped> {
        let service = self.bare_service(name)?;
        self.plan(&service, plan)?;
        let run = service.directory.join(probe::NAME);
        std::os::unix::fs::symlink(&self.probe, &run).map_err(|error| broken(&run, &error))?;
        Ok(service)
    }

    /// Makes a service directory whose `./run` is a script.
    pub(crate) fn scripted(&self, name: &str, script: &str) -> Result<Service, Stopped> {
        let service = self.bare_service(name)?;
        self.write_script(service.directory.join("run"), script)?;
        Ok(service)
    }

    /// Makes a service directory without a `./run`.
    pub(crate) fn bare_service(&self, name: &str) -> Result<Service, Stopped> {
        let directory = self.make_directory(name)?;
        self.make_orders(&directory.join(probe::ORDERS))?;
        Ok(Service { name: name.to_owned(), directory })
    }

    fn make_orders(&self, path: &std::path::Path) -> Outcome {
        let mode = nix::sys::stat::Mode::from_bits_truncate(0o600);
        nix::unistd::mkfifo(path, mode).map_err(|error| broken(path, &error))
    }

    /// What the probe does from its next start on.
    pub(crate) fn plan(&self, service: &Service, plan: &str) -> Outcome {
        self.note(format!("plan for {}", service.name), plan);
        self.write_file(service.directory.join(probe::PLAN), format!("{plan}\n"))
    }

    /// Tells the running probe to do something now.
    pub(crate) fn order(&self, service: &Service, order: &str) -> Outcome {
        let path = service.directory.join(probe::ORDERS);
        self.note(format!("tell {} to {order}", service.name), "");
        fs::OpenOptions::new()
            .write(true)
            .custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits())
            .open(&path)
            .and_then(|mut orders| orders.write_all(format!("{order}\n").as_bytes()))
            .map_err(|error| broken(&path, &error))
    }

    // Running supervise and its clients.

    /// Starts the target's supervise on `service`, and waits until it listens and, unless there is a `down` file, runs.
    /// A probe runs when it has said so: before that, a signal that it is told to survive would end it.
    #[track_caller]
    pub(crate) fn supervise(&self, service: &Service) -> Result<Running, Stopped> {
        let running = self.command("supervise").arg(&service.name).start()?;
        self.until_supervised(service)?;
        if !service.directory.join("down").exists() {
            self.until_up(service)?;
        }
        Ok(running)
    }

    /// The target's svc with `options`, such as `-dx`. It must end with 0 and say nothing.
    #[track_caller]
    pub(crate) fn svc(&self, options: &str, service: &Service) -> Outcome {
        let ran = self.run("svc", &[options, &service.name])?;
        self.expect(
            &format!("svc {options}"),
            (ran.exit.as_str(), ran.err.as_str(), ran.out.as_str()),
            ("exit 0", "", ""),
        )
    }

    /// The line of the target's svstat, [`normalised`].
    #[track_caller]
    pub(crate) fn svstat(&self, service: &Service) -> Result<String, Stopped> {
        Ok(normalised(self.svstat_raw(service)?.trim_end_matches("\\n")))
    }

    /// The line of the target's svstat as it is, with its `\n`.
    #[track_caller]
    pub(crate) fn svstat_raw(&self, service: &Service) -> Result<String, Stopped> {
        let Ran { exit, out, err } = self.run("svstat", &[&service.name])?;
        self.expect("svstat", (exit.as_str(), err.as_str()), ("exit 0", ""))?;
        Ok(out)
    }

    // Waiting for states that the record tells.

    /// The record, if there is a whole one.
    pub(crate) fn record(&self, service: &Service) -> Option<Record> {
        Record::read(&service.directory)
    }

    /// The record, which must be there.
    #[track_caller]
    pub(crate) fn whole_record(&self, service: &Service) -> Result<Record, Stopped> {
        let record = self.record(service);
        self.expect_that(
            "supervise/status",
            record.is_some(),
            "18 bytes",
            self.read(service.directory.join("supervise/status")),
        )?;
        record.ok_or_else(|| Stopped::Broken { why: "the record is gone".to_owned() })
    }

    /// Waits until the record's state is `wanted`, such as `up, paused 0, want u`, and returns it.
    #[track_caller]
    pub(crate) fn until_state(&self, service: &Service, wanted: &str) -> Result<Record, Stopped> {
        self.until_some(&format!("the record of {}", service.name), wanted, || {
            Ok(match self.record(service) {
                Some(record) if record.state() == wanted => Ok(record),
                Some(record) => Err(record.to_string()),
                None => Err("no record".to_owned()),
            })
        })
    }

    /// Waits until the service runs, and returns its pid.
    #[track_caller]
    pub(crate) fn until_up(&self, service: &Service) -> Result<i32, Stopped> {
        self.until_other_pid(service, 0)
    }

    /// Waits until the service runs as another process than `old`, and returns its pid.
    #[track_caller]
    pub(crate) fn until_other_pid(&self, service: &Service, old: i32) -> Result<i32, Stopped> {
        let wanted = if old == 0 { "up".to_owned() } else { format!("up, and not as {old}") };
        // A probe is not there yet when it is forked: a signal would kill it before it could write it down.
        let is_probe = fs::read_link(service.directory.join(probe::NAME)).is_ok_and(|target| target == self.probe);
        let is_ready = |pid| !is_probe || self.starts(service).iter().any(|(started, ..)| *started == pid);
        self.until_some(&format!("the record of {}", service.name), &wanted, || {
            Ok(match self.record(service) {
                Some(record) if record.is_up() && record.pid() != old && is_ready(record.pid()) => Ok(record.pid()),
                Some(record) => Err(record.to_string()),
                None => Err("no record".to_owned()),
            })
        })
    }

    /// Whether a supervise holds `supervise/ok` open: seen as svok sees it, without svok.
    pub(crate) fn is_supervised(&self, service: &Service) -> bool {
        fs::OpenOptions::new()
            .write(true)
            .custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits())
            .open(service.directory.join("supervise/ok"))
            .is_ok()
    }

    /// Waits until a supervise holds `supervise/ok` open.
    #[track_caller]
    pub(crate) fn until_supervised(&self, service: &Service) -> Outcome {
        self.until(&format!("a supervise in {}", service.name), true, || Ok(self.is_supervised(service)))
    }

    /// Waits until supervise has read all commands that were sent. The original reads none for a second after a start.
    #[track_caller]
    pub(crate) fn until_heard(&self, service: &Service) -> Outcome {
        let control = self.open_reader(service.directory.join("supervise/control"))?;
        self.until("the commands are read", true, || {
            let mut waiting = [PollFd::new(control.as_fd(), PollFlags::POLLIN)];
            Ok(poll(&mut waiting, PollTimeout::ZERO) == Ok(0))
        })
    }

    /// Waits until no supervise does.
    #[track_caller]
    pub(crate) fn until_unsupervised(&self, service: &Service) -> Outcome {
        self.until(&format!("a supervise in {}", service.name), false, || Ok(self.is_supervised(service)))
    }

    // What the probe wrote down.

    /// All that happened to the probe so far.
    pub(crate) fn events(&self, service: &Service) -> Vec<Event> {
        let log = fs::read(service.directory.join(probe::LOG)).unwrap_or_default();
        log.split_inclusive(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }

    /// The starts so far, each with its pid and time.
    pub(crate) fn starts(&self, service: &Service) -> Vec<(i32, u64, Start)> {
        let events = self.events(service).into_iter();
        events
            .filter_map(|event| match event.what {
                What::Start(start) => Some((event.pid, event.at, *start)),
                What::Signal(_) | What::End(_) => None,
            })
            .collect()
    }

    /// Waits until the probe was started `count` times or more, and returns the starts.
    #[track_caller]
    pub(crate) fn until_starts(&self, service: &Service, count: usize) -> Result<Vec<(i32, u64, Start)>, Stopped> {
        self.until_some(&format!("starts of {}", service.name), &format!("{count} or more"), || {
            let starts = self.starts(service);
            Ok(if starts.len() >= count { Ok(starts) } else { Err(starts.len().to_string()) })
        })
    }

    /// The names of the signals that the probe got so far, all runs together.
    pub(crate) fn signals(&self, service: &Service) -> Vec<String> {
        let events = self.events(service).into_iter();
        events
            .filter_map(|event| match event.what {
                What::Signal(name) => Some(name),
                What::Start(_) | What::End(_) => None,
            })
            .collect()
    }
}
