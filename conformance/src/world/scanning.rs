//! Scan directories: services listed in them, and the processes under a svscan.

use super::command::Command;
use super::{Running, Service, World, broken};
use crate::observe::process::{self, Process};
use crate::scenario::{Outcome, Stopped};
use crate::target;
use nix::sys::signal::Signal;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// The scan directory of scenarios that need only one.
pub(crate) const SCAN: &str = "scan";
/// The dangling link that [`World::until_scans`] counts scans by.
const MARK: &str = "each-scan";
/// The user that [`World::ordinary`] runs commands as: `nobody` on most systems, an account or not.
const NOBODY: &str = "65534";

impl World {
    /// Makes a service directory with the probe in it, and lists it in [`SCAN`] under its own name.
    pub(crate) fn listed(&self, name: &str, plan: &str) -> Result<Service, Stopped> {
        let service = self.service(name, plan)?;
        self.list(&service, format!("{SCAN}/{name}"))?;
        Ok(service)
    }

    /// The same with a second probe as its log.
    pub(crate) fn listed_with_log(
        &self,
        name: &str,
        plan: &str,
        log_plan: &str,
    ) -> Result<(Service, Service), Stopped> {
        let log = self.service(&format!("{name}/log"), log_plan)?;
        Ok((self.listed(name, plan)?, log))
    }

    /// Lists a service: makes the link `entry` to its directory.
    pub(crate) fn list(&self, service: &Service, entry: impl AsRef<Path>) -> Outcome {
        let entry = self.path(entry);
        if let Some(directory) = entry.parent() {
            fs::create_dir_all(directory).map_err(|error| broken(directory, &error))?;
        }
        self.note(format!("list {} as {}", service.name, entry.display()), "");
        symlink(&service.directory, &entry).map_err(|error| broken(&entry, &error))
    }

    /// Starts the target's svscan on `directory`.
    pub(crate) fn svscan(&self, directory: &str) -> Result<Running, Stopped> {
        self.command("svscan").arg(directory).start()
    }

    /// Waits until the probe of each service has written down its first start: from then on it hears signals.
    #[track_caller]
    pub(crate) fn until_started(&self, services: &[&Service]) -> Outcome {
        services.iter().try_for_each(|service| self.until_starts(service, 1).map(|_| ()))
    }

    /// Whether a supervise was ever at work on a service.
    pub(crate) fn was_supervised(&self, service: &Service) -> bool {
        service.directory.join("supervise").exists()
    }

    /// The target's command `name` as a user to whom permissions mean something: as this one or, where this is root, as
    /// nobody. `wrapper` is what runs it, such as `prlimit` with its options. Skips where nobody cannot get to it.
    pub(crate) fn ordinary(&self, wrapper: &[&str], name: &str) -> Result<Command<'_>, Stopped> {
        let become_nobody = ["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"];
        let program = self.commands().join(name);
        let mut words: Vec<OsString> = vec![];
        if nix::unistd::geteuid().is_root() {
            words.extend(become_nobody.map(OsString::from));
            let reaches =
                self.words(&words)?.args(["test", "-x"]).arg(&program).arg("-a").arg("-x").arg(self.directory());
            if reaches.run()?.exit != "exit 0" {
                return Err(Stopped::Skipped { missing: "way to the commands for an ordinary user".to_owned() });
            }
        }
        words.extend(wrapper.iter().map(OsString::from));
        words.push(program.into());
        self.words(&words)
    }

    /// The program `words[0]` of this machine, or the one that is this file, with the other words as arguments.
    fn words(&self, words: &[OsString]) -> Result<Command<'_>, Stopped> {
        let name = words[0].to_string_lossy();
        let program = target::tool(&name).ok_or_else(|| Stopped::Skipped { missing: format!("program {name}") })?;
        Ok(self.program(program).args(&words[1..]))
    }

    /// Puts an entry into `directory` that svscan warns of each time that it scans.
    pub(crate) fn mark_scans(&self, directory: &str) -> Outcome {
        self.link("nowhere", format!("{directory}/{MARK}"))
    }

    /// Waits until `svscan` has begun `count` scans of a directory that was given to [`World::mark_scans`].
    #[track_caller]
    pub(crate) fn until_scans(&self, svscan: &Running, count: usize) -> Outcome {
        let line = format!("svscan: warning: unable to stat {MARK}: file does not exist");
        self.until_lines(svscan, &line, count)
    }

    /// Waits until `running` has said `line` on its standard error `count` times or more.
    #[track_caller]
    pub(crate) fn until_lines(&self, running: &Running, line: &str, count: usize) -> Outcome {
        self.until_some("its standard error", &format!("{count} times {line:?}"), || {
            let lines = running.err_lines();
            let found = lines.iter().filter(|said| *said == line).count();
            Ok(if found >= count { Ok(()) } else { Err(format!("{lines:?}")) })
        })
    }

    /// The supervise of a service, once that runs: the parent of its `./run`.
    #[track_caller]
    pub(crate) fn supervise_of(&self, service: &Service) -> Result<i32, Stopped> {
        self.until_some(&format!("the supervise of {}", service.name), "there, with its service up", || {
            Ok(self.supervise_seen(service).ok_or_else(|| format!("{:?}", self.record(service))))
        })
    }

    /// Expects the supervise of a service, once that runs, to be a child of `svscan`, called with `argument`.
    #[track_caller]
    pub(crate) fn expect_supervise(&self, service: &Service, svscan: i32, argument: &str) -> Outcome {
        let supervise = self.supervise_of(service)?;
        let seen = (process::arguments(supervise), parent_of(supervise));
        let wanted = (["supervise", argument].map(str::to_owned).to_vec(), Some(svscan));
        self.expect(&format!("arguments and parent of the supervise of {}", service.name), seen, wanted)
    }

    /// The same if it is so now.
    pub(crate) fn supervise_seen(&self, service: &Service) -> Option<i32> {
        parent_of(self.pid_seen(service)?)
    }

    /// The pid in the record of a service that is up now.
    pub(crate) fn pid_seen(&self, service: &Service) -> Option<i32> {
        self.record(service).map(|record| record.pid()).filter(|pid| *pid != 0)
    }

    /// The living children of `parent`: the arguments of each, with spaces between, in the order of the alphabet, and
    /// the pid.
    pub(crate) fn children_of(&self, parent: i32) -> BTreeMap<String, i32> {
        Process::children(parent).iter().map(|child| (process::arguments(child.pid).join(" "), child.pid)).collect()
    }

    /// Kills one process as [`World::kill`] does with one that was started here: what it leaves is expected.
    pub(crate) fn kill_child(&self, pid: i32, signal: Signal) -> Outcome {
        self.expect_orphans_of(pid);
        self.signal(pid, signal)
    }

    /// What `pid` has started is expected to be left behind.
    pub(crate) fn expect_orphans_of(&self, pid: i32) {
        let orphans = Process::descendants(pid).into_iter().map(|process| process.pid);
        self.expected.borrow_mut().extend(orphans);
    }

    /// The full name of a file of this world, with all links on the way followed, as /proc shows it.
    pub(crate) fn real_path(&self, name: &str) -> Result<String, Stopped> {
        let path = self.path(name);
        fs::canonicalize(&path).map(|path| path.display().to_string()).map_err(|error| broken(&path, &error))
    }
}

/// The parent of `pid`.
pub(crate) fn parent_of(pid: i32) -> Option<i32> {
    Process::look(pid).map(|process| process.parent)
}

/// The current directory of `pid`.
pub(crate) fn directory_of(pid: i32) -> String {
    fs::read_link(format!("/proc/{pid}/cwd")).map(|path| path.display().to_string()).unwrap_or_default()
}
