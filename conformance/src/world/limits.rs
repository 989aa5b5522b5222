//! Limits on the resources of a process.

use super::{Ran, World};
use crate::observe::limits::{self, Limits};
use crate::observe::unescape;
use crate::outcome::{Failure, Outcome};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Limits that leave room below and above: the soft one is less than the hard one, and the hard one less than no limit.
/// Programs need little of any of these.
const ROOMY: [(Resource, u64, u64); 9] = [
    (Resource::RLIMIT_AS, 1 << 32, 1 << 40),
    (Resource::RLIMIT_CORE, 1000, 1 << 20),
    (Resource::RLIMIT_CPU, 5000, 10_000),
    (Resource::RLIMIT_DATA, 1 << 32, 1 << 40),
    (Resource::RLIMIT_FSIZE, 1 << 20, 1 << 23),
    (Resource::RLIMIT_MEMLOCK, 4096, 1 << 30),
    (Resource::RLIMIT_NOFILE, 200, 500),
    (Resource::RLIMIT_RSS, 1 << 30, 1 << 40),
    (Resource::RLIMIT_STACK, 1 << 26, 1 << 28),
];

impl World {
    /// Gives this process, and what it starts, limits with room below the soft ones and above the hard ones, as far as its
    /// present hard limits allow it.
    pub(crate) fn limit_resources(&self) -> Outcome {
        let fail = |error| Failure::broken(format!("cannot set a limit: {error}"));
        for (resource, soft, hard) in ROOMY {
            let (_, present) = getrlimit(resource).map_err(fail)?;
            // Only a privileged process can raise a hard limit.
            if setrlimit(resource, soft, hard).is_err() {
                let hard = hard.min(present);
                setrlimit(resource, soft.min(hard), hard).map_err(fail)?;
            }
        }
        self.note("set limits", "");
        Ok(())
    }
}

impl Ran {
    /// Returns the limits in its standard output: what `cat /proc/self/limits` prints.
    pub(crate) fn limits(&self) -> Limits {
        limits::parse(&String::from_utf8_lossy(&unescape(&self.out)))
    }
}
