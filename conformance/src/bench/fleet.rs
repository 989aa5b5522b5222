//! Many services under one svscan, each of which writes a line to a FIFO when it starts: that costs less than a probe does,
//! and needs nothing but a shell.

use super::subject::Site;
use crate::observe::escape;
use crate::observe::process::{self, Process};
use crate::outcome::{Failure, Outcome};
use crate::world::{Running, World};
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::time::{Duration, Instant};

/// The FIFO.
const ARRIVALS: &str = "arrivals";
/// How long the next arrival may take with few services.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long after its start a supervise may be deaf, and somewhat more.
const SETTLING: Duration = Duration::from_millis(1300);

/// A service that was started.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    /// The name of the service. That of a log ends in `/log`.
    pub(super) name: String,
    /// Its pid.
    pub(super) pid: i32,
    /// When this process heard of it.
    pub(super) at: Instant,
}

/// Services, and the scan directory that they are or will be listed in.
#[derive(Debug)]
pub(super) struct Fleet {
    world: World,
    count: usize,
    fifo: fs::File,
    unread: RefCell<Vec<u8>>,
}

/// What the services do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// Sleep.
    Steady,
    /// Sleep, and have a log that reads what they print.
    Logged,
    /// Exit at once.
    Crashing,
}

/// A tree of svscan and supervises that is up.
#[derive(Debug)]
pub(super) struct Tree {
    /// When svscan was started.
    pub(super) begin: Instant,
    /// The starts of all services and logs.
    pub(super) arrivals: Vec<Arrival>,
    svscan: Running,
}

impl Fleet {
    /// Makes `count` services and an empty scan directory.
    pub(super) fn new(site: &Site, count: usize, life: Life) -> Result<Fleet, Failure> {
        let world = site.world.clone();
        world.files.make_fifo(ARRIVALS)?;
        world.files.make_directory("scan")?;
        let path = world.path(ARRIVALS);
        // Open for writing too, so that it never reports that the last writer has closed it.
        let fifo = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(OFlag::O_NONBLOCK.bits())
            .open(&path)
            .map_err(|error| Failure::broken(format!("{}: {error}", path.display())))?;
        let run = |name: &str, rest: &str| format!("#!/bin/sh\necho {name} $$ >{}\n{rest}\n", path.display());
        for name in (0..count).map(name) {
            let directory = format!("sv/{name}");
            world.files.make_directory(&directory)?;
            let rest = if life == Life::Crashing { "exit 1" } else { "exec sleep 1000000" };
            world.files.write_script(format!("{directory}/run"), &run(&name, rest))?;
            if life == Life::Logged {
                world.files.make_directory(format!("{directory}/log"))?;
                let script = run(&format!("{name}/log"), "exec cat >/dev/null");
                world.files.write_script(format!("{directory}/log/run"), &script)?;
            }
        }
        Ok(Fleet { world, count, fifo, unread: RefCell::default() })
    }

    /// Makes as many services as the run asks for, starts svscan on them and waits until all are up.
    pub(super) fn up(site: &Site, life: Life) -> Result<(Fleet, Tree), Failure> {
        let fleet = Fleet::new(site, site.services, life)?;
        (0..site.services).try_for_each(|index| fleet.list(index))?;
        let (begin, svscan) = fleet.svscan()?;
        let count = if life == Life::Logged { 2 * site.services } else { site.services };
        let arrivals = fleet.distinct_arrivals(count)?;
        Ok((fleet, Tree { begin, arrivals, svscan }))
    }

    /// Starts svscan.
    pub(super) fn svscan(&self) -> Result<(Instant, Running), Failure> {
        let begin = Instant::now();
        // The commands print what they have to say into files, and services without a log into /dev/null.
        let svscan = self.world.command("svscan").arg("scan").output("/dev/null").start()?;
        Ok((begin, svscan))
    }

    /// Lists service number `index`.
    pub(super) fn list(&self, index: usize) -> Outcome {
        let (directory, entry) = (self.directory(index), self.world.path(format!("scan/{}", name(index))));
        symlink(&directory, &entry).map_err(|error| Failure::broken(format!("{}: {error}", entry.display())))
    }

    /// Removes all services from the scan directory.
    pub(super) fn unlist_all(&self) -> Outcome {
        (0..self.count).try_for_each(|index| self.world.files.remove(format!("scan/{}", name(index))))
    }

    /// Returns the directory of service number `index`.
    pub(super) fn directory(&self, index: usize) -> String {
        self.world.path(format!("sv/{}", name(index))).display().to_string()
    }

    /// Returns the directories of all services.
    pub(super) fn directories(&self) -> Vec<String> {
        (0..self.count).map(|index| self.directory(index)).collect()
    }

    /// Waits for `count` arrivals.
    pub(super) fn arrivals(&self, count: usize) -> Result<Vec<Arrival>, Failure> {
        let mut arrivals = vec![];
        while arrivals.len() < count {
            arrivals.extend(self.more(arrivals.len(), count)?);
        }
        Ok(arrivals)
    }

    /// Waits for arrivals until `count` different services have started, and returns the first start of each.
    pub(super) fn distinct_arrivals(&self, count: usize) -> Result<Vec<Arrival>, Failure> {
        let mut known = BTreeSet::new();
        let mut arrivals = vec![];
        while arrivals.len() < count {
            let more = self.more(arrivals.len(), count)?;
            arrivals.extend(more.into_iter().filter(|arrival| known.insert(arrival.name.clone())));
        }
        Ok(arrivals)
    }

    /// Returns the arrivals up to `moment`.
    pub(super) fn arrivals_until(&self, moment: Instant) -> Result<Vec<Arrival>, Failure> {
        let mut arrivals = vec![];
        loop {
            let left = moment.saturating_duration_since(Instant::now());
            arrivals.extend(self.wait(left)?);
            if left.is_zero() {
                return Ok(arrivals);
            }
        }
    }

    /// Waits until no service has started for [`SETTLING`]: then all supervises listen, and none owes a restart.
    pub(super) fn settle(&self) -> Result<Vec<Arrival>, Failure> {
        let begin = Instant::now();
        let mut arrivals = vec![];
        loop {
            let more = self.arrivals_until(Instant::now() + SETTLING)?;
            if more.is_empty() {
                return Ok(arrivals);
            }
            arrivals.extend(more);
            if begin.elapsed() > self.world.scaled(PATIENCE) {
                return Err(Failure::mismatch(
                    "services that keep running",
                    "services that are started again and again",
                ));
            }
        }
    }

    /// Waits for at least one arrival.
    fn more(&self, known: usize, wanted: usize) -> Result<Vec<Arrival>, Failure> {
        let limit = Instant::now() + self.world.scaled(PATIENCE);
        loop {
            let left = limit.saturating_duration_since(Instant::now());
            let arrivals = self.wait(left)?;
            if !arrivals.is_empty() {
                return Ok(arrivals);
            }
            if left.is_zero() {
                return Err(Failure::timeout(format!("starts of {wanted} services"), format!("{known} starts")));
            }
        }
    }

    /// Waits for arrivals, for `time` at most, and returns those that are there.
    fn wait(&self, time: Duration) -> Result<Vec<Arrival>, Failure> {
        let millis = time.as_millis() + u128::from(!time.is_zero());
        let timeout = PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX);
        let _ = poll(&mut [PollFd::new(self.fifo.as_fd(), PollFlags::POLLIN)], timeout);
        let at = Instant::now();
        let mut unread = self.unread.borrow_mut();
        let mut bytes = [0; 64 << 10];
        while let Ok(length @ 1..) = (&self.fifo).read(&mut bytes) {
            unread.extend(&bytes[..length]);
        }
        let end = unread.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let lines: Vec<u8> = unread.drain(..end).collect();
        let arrival = |line: &[u8]| -> Result<Arrival, Failure> {
            let line = escape(line);
            let parsed = line.split_once(' ').and_then(|(name, pid)| Some((name.to_owned(), pid.parse().ok()?)));
            let (name, pid) = parsed.ok_or_else(|| Failure::broken(format!("a service wrote {line}")))?;
            Ok(Arrival { name, pid, at })
        };
        lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).map(arrival).collect()
    }
}

impl Tree {
    /// Returns how long it took from the start of svscan until all services were up.
    pub(super) fn time(&self) -> Duration {
        let last = self.arrivals.iter().map(|arrival| arrival.at).max().unwrap_or(self.begin);
        last.saturating_duration_since(self.begin)
    }

    /// Returns the pids of svscan and everything that it started, services included.
    pub(super) fn pids(&self) -> Vec<i32> {
        let started = Process::descendants(self.svscan.pid).into_iter().map(|process| process.pid);
        std::iter::once(self.svscan.pid).chain(started).collect()
    }

    /// Returns the pids of svscan and everything that it started, without the services themselves.
    pub(super) fn supervisors(&self) -> Vec<i32> {
        let services: BTreeSet<i32> = self.arrivals.iter().map(|arrival| arrival.pid).collect();
        self.pids().into_iter().filter(|pid| !services.contains(pid)).collect()
    }

    /// Returns the parent of each service, each once: its supervise.
    pub(super) fn supervises(&self) -> Vec<i32> {
        let parents: BTreeSet<i32> = self.arrivals.iter().filter_map(|arrival| process::parent(arrival.pid)).collect();
        parents.into_iter().collect()
    }

    /// Waits until none of its processes uses processor time any more, and returns how much they have used.
    pub(super) fn until_quiet(&self, world: &World) -> Result<Duration, Failure> {
        let (last, quiet) = (Cell::new(Duration::ZERO), Cell::new(0));
        world.until("the tree is quiet", true, || {
            let now = processor_time(&self.pids())?;
            quiet.set(if last.replace(now) == now { quiet.get() + 1 } else { 0 });
            Ok(quiet.get() > 2)
        })?;
        Ok(last.get())
    }
}

/// Returns the processor time that the living processes `pids` have used, their dead children left out.
pub(super) fn processor_time(pids: &[i32]) -> Result<Duration, Failure> {
    // To the nanosecond; /proc/PID/stat has ticks of 10 ms.
    let schedstat = |pid: &i32| fs::read_to_string(format!("/proc/{pid}/schedstat")).ok();
    let times: Vec<u64> =
        pids.iter().filter_map(schedstat).filter_map(|text| text.split(' ').next()?.parse().ok()).collect();
    if times.is_empty() {
        return Err(Failure::missing("the kernel has no /proc/PID/schedstat"));
    }
    Ok(Duration::from_nanos(times.into_iter().sum()))
}

/// Returns the name of service number `index`.
fn name(index: usize) -> String {
    format!("service-{index}")
}
