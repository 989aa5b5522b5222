//! Scan directories: services listed in them, and svscan at work on them.

use super::{Running, Service, World, broken};
use crate::observe::process;
use crate::outcome::{Failure, Outcome};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

/// The dangling link that [`Scan::until_scans`] counts scans by.
const MARK: &str = "each-scan";

/// A scan directory.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    world: World,
    /// Its name, relative to the world.
    pub(crate) name: String,
}

impl World {
    /// Makes a scan directory.
    pub(crate) fn scan(&self, name: &str) -> Result<Scan, Failure> {
        self.files.make_directory(name)?;
        Ok(Scan { world: self.clone(), name: name.to_owned() })
    }
}

impl Scan {
    /// Returns the name of an entry, relative to the world.
    pub(crate) fn entry(&self, name: &str) -> String {
        format!("{}/{name}", self.name)
    }

    /// Makes a service directory with the probe in it, and lists it under its own name.
    pub(crate) fn service(&self, name: &str, plan: &str) -> Result<Service, Failure> {
        let service = self.world.service(name, plan)?;
        self.list(&service, name)?;
        Ok(service)
    }

    /// Makes and lists a service as [`Scan::service`] does, with a second probe as its log.
    pub(crate) fn service_with_log(
        &self,
        name: &str,
        plan: &str,
        log_plan: &str,
    ) -> Result<(Service, Service), Failure> {
        let log = self.world.service(&format!("{name}/log"), log_plan)?;
        Ok((self.service(name, plan)?, log))
    }

    /// Lists a service: makes the link `entry` to its directory.
    pub(crate) fn list(&self, service: &Service, entry: impl AsRef<std::path::Path>) -> Outcome {
        let entry: PathBuf = self.world.path(&self.name).join(entry);
        self.world.note(format!("list {} as {}", service.name, entry.display()), "");
        symlink(&service.directory, &entry).map_err(|error| broken(&entry, &error))
    }

    /// Removes an entry.
    pub(crate) fn unlist(&self, entry: &str) -> Outcome {
        self.world.files.remove(self.entry(entry))
    }

    /// Starts the target's svscan on this directory.
    #[track_caller]
    pub(crate) fn svscan(&self) -> Result<Running, Failure> {
        self.world.command("svscan").arg(&self.name).start()
    }

    /// Adds an entry that the original's svscan warns about at each scan.
    pub(crate) fn mark_scans(&self) -> Outcome {
        self.world.files.link("nowhere", self.entry(MARK))
    }

    /// Waits until `svscan` has begun `count` scans of this directory, which has a mark.
    #[track_caller]
    pub(crate) fn until_scans(&self, svscan: &Running, count: usize) -> Outcome {
        svscan.until_lines(&format!("svscan: warning: unable to stat {MARK}: file does not exist"), count)
    }
}

impl Service {
    /// Expects the supervise of this service, once the service is up, to be a child of `svscan` with the arguments
    /// `supervise ARGUMENT`.
    #[track_caller]
    pub(crate) fn expect_supervise(&self, svscan: i32, argument: &str) -> Outcome {
        self.until_up()?;
        let supervise = self.supervise_pid()?;
        let seen = (process::arguments(supervise), process::parent(supervise));
        let wanted = (["supervise", argument].map(str::to_owned).to_vec(), Some(svscan));
        self.world.expect(&format!("arguments and parent of the supervise of {}", self.name), seen, wanted)
    }

    /// Returns whether a supervise was ever at work on this service.
    pub(crate) fn was_supervised(&self) -> bool {
        fs::symlink_metadata(self.directory.join("supervise")).is_ok()
    }
}
