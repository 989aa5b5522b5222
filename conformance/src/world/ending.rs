//! The end of a world: nothing of it is left.

use super::World;
use crate::observe::process::Process;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::fs;
use std::time::Instant;

impl World {
    /// Kills every process that came of this world, and returns those that nothing in the scenario accounts for, as
    /// `PID NAME`: a command that was run to its end and left something running.
    ///
    /// This process is a subreaper, so whatever lost its parent is a child of this one.
    pub(crate) fn end(&self) -> Vec<String> {
        self.reap();
        let probes = self.probe_pids();
        let accounted = |pid: i32| self.expected.borrow().contains(&pid) || probes.contains(&pid);
        let me = std::process::id().cast_signed();
        let mut leaked = BTreeSet::new();
        for child in Process::children(me) {
            if !accounted(child.pid) {
                leaked.insert(format!("{} {}", child.pid, child.name));
            }
        }
        let begin = Instant::now();
        loop {
            let left = Process::descendants(me);
            for process in &left {
                let _ = kill(Pid::from_raw(process.pid), Signal::SIGKILL);
            }
            self.pause();
            if left.is_empty() || begin.elapsed() > self.scaled(super::PATIENCE) {
                break;
            }
        }
        leaked.into_iter().collect()
    }

    /// Every process that was a probe in this world.
    fn probe_pids(&self) -> BTreeSet<i32> {
        let mut directories = vec![self.directory.clone()];
        let mut pids = BTreeSet::new();
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    directories.push(entry.path());
                } else if entry.file_name() == crate::probe::LOG {
                    let directory = directory.clone();
                    let service = super::Service { name: String::new(), directory };
                    pids.extend(self.events(&service).iter().map(|event| event.pid));
                }
            }
        }
        pids
    }
}
