//! Scan directories: services listed in them, svscan at work on them, and a way to see that it has scanned.

use super::{Running, Service, World, broken};
use crate::observe::process;
use crate::outcome::{Failure, Outcome};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long [`World::expect_untouched`] watches.
const A_WHILE: Duration = Duration::from_millis(250);

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
    fn entry(&self, name: impl AsRef<Path>) -> PathBuf {
        Path::new(&self.name).join(name)
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
    pub(crate) fn list(&self, service: &Service, entry: impl AsRef<Path>) -> Outcome {
        let entry = self.world.path(self.entry(entry));
        self.world.note(format!("list {} as {}", service.name, entry.display()), "");
        symlink(&service.directory, &entry).map_err(|error| broken(&entry, &error))
    }

    /// Removes an entry.
    pub(crate) fn unlist(&self, entry: &str) -> Outcome {
        self.world.files.remove(self.entry(entry))
    }

    /// Adds an entry that svscan cannot examine: a link that leads nowhere.
    pub(crate) fn list_dangling(&self, entry: impl AsRef<Path>) -> Outcome {
        self.world.files.link("nowhere", self.entry(entry))
    }

    /// Lists a service that shows when svscan scans.
    pub(crate) fn mark(&self) -> Result<ScanMark, Failure> {
        self.service("scan-mark", "").map(|service| ScanMark { service })
    }

    /// Starts the target's svscan on this directory.
    #[track_caller]
    pub(crate) fn svscan(&self) -> Result<Running, Failure> {
        self.world.command("svscan").arg(&self.name).start()
    }
}

/// A listed service that shows when svscan scans: a supervise that has exited is started again at the next scan.
#[derive(Debug)]
pub(crate) struct ScanMark {
    service: Service,
}

impl ScanMark {
    /// Waits until svscan has scanned. The scan began after this call.
    #[track_caller]
    pub(crate) fn until_scan(&self) -> Outcome {
        let starts = self.service.until_starts(1)?.len();
        self.service.svc("-dx")?;
        self.service.until_starts(starts + 1).map(drop)
    }
}

impl Service {
    /// Waits for the start number `count`, and returns how long after `from`, a time of [`World::monotonic`], it was. A
    /// start before that counts as 0.
    #[track_caller]
    pub(crate) fn start_after(&self, count: usize, from: u64) -> Result<Duration, Failure> {
        let at = self.until_starts(count)?.get(count - 1).map_or(0, |(_, at, _)| *at);
        Ok(Duration::from_nanos(at.saturating_sub(from)))
    }

    /// Expects the supervise of the latest run to be a child of `svscan` with the arguments `supervise ARGUMENT`. For
    /// scenarios about processes.
    #[track_caller]
    pub(crate) fn expect_supervise(&self, svscan: i32, argument: &str) -> Outcome {
        let supervise = self.supervise_pid()?;
        let seen = (process::arguments(supervise), process::parent(supervise));
        let wanted = (["supervise", argument].map(str::to_owned).to_vec(), Some(svscan));
        self.world.expect(&format!("arguments and parent of the supervise of {}", self.name), seen, wanted)
    }

    /// Returns what descriptor `number` was open on when the probe was started last.
    #[track_caller]
    pub(crate) fn inherited(&self, number: i32) -> Result<Option<String>, Failure> {
        let mut starts = self.until_starts(1)?;
        Ok(starts.pop().and_then(|(_, _, mut start)| start.descriptors.remove(&number)))
    }
}

impl World {
    /// Watches `services` for a while. Fails if a probe is started, or if svok finds a supervise.
    #[track_caller]
    pub(crate) fn expect_untouched(&self, services: &[&Service]) -> Outcome {
        let names: Vec<&str> = services.iter().map(|service| service.name.as_str()).collect();
        let starts = || Ok(services.iter().map(|service| service.starts().len()).collect::<Vec<_>>());
        self.stays(&format!("starts of {}", names.join(", ")), vec![0; services.len()], A_WHILE, starts)?;
        let what = format!("supervise runs for {}", names.join(", "));
        self.expect(&what, self.supervised(services)?, vec![false; services.len()])
    }

    /// Makes `DIRECTORY/supervise` a script, to run in the place of the target's supervise.
    pub(crate) fn stub_supervise(&self, directory: &str, script: &str) -> Outcome {
        self.files.make_directory(directory)?;
        self.files.write_script(format!("{directory}/supervise"), script)
    }

    /// Returns a search path of directories of this world. An element that is empty or starts with a dot stays as it is.
    pub(crate) fn search_path(&self, elements: &[&str]) -> String {
        let element = |element: &&str| match element {
            &"" => String::new(),
            relative if relative.starts_with('.') => (*relative).to_owned(),
            name => self.path(name).display().to_string(),
        };
        elements.iter().map(element).collect::<Vec<_>>().join(":")
    }
}
