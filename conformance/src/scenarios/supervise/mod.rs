//! supervise, part by part, and what several parts measure by.

pub(super) mod clock;
pub(super) mod control;
pub(super) mod down;
pub(super) mod lifetime;
pub(super) mod link;
pub(super) mod lock;
pub(super) mod pause;
pub(super) mod record;
pub(super) mod restart;
pub(super) mod setup;
pub(super) mod start;

use crate::outcome::Failure;
use crate::world::{Rewrites, Running, Service, World};
use nix::sys::signal::Signal;
use std::time::Duration;

/// How long a scenario watches that nothing happens.
const QUIET: Duration = Duration::from_millis(150);

/// The pause after each start of `./run` (SUP-35).
const REST: Duration = Duration::from_secs(1);

/// Longer than [`REST`]: a service that ended and has not been started for so long is not started again.
const OVER: Duration = Duration::from_millis(1500);

/// A ./run that does nothing, and neither handles signals nor prints anything.
const SLEEPER: &str = "#!/bin/sh\nexec sleep 1000\n";

/// The signals that kill supervise, apart from PIPE.
const DEADLY: [Signal; 8] = {
    use Signal::{SIGALRM, SIGHUP, SIGINT, SIGKILL, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
    [SIGTERM, SIGINT, SIGHUP, SIGALRM, SIGUSR1, SIGUSR2, SIGQUIT, SIGKILL]
};

/// Standard descriptors that supervise is started without, each set with a name for the service.
const CLOSED: [(&str, &[i32]); 4] = [("input", &[0]), ("output", &[1]), ("errors", &[2]), ("all", &[0, 1, 2])];

/// Returns the time between two stamps of the probe.
fn since(begin: u64, end: u64) -> Duration {
    Duration::from_nanos(end.saturating_sub(begin))
}

/// Starts a service with `u` and returns it with its supervise and a watch on its record. When supervise starts a service
/// without being asked, the original writes the record once more after the first second, which the watch would count.
fn watched_service(world: &World, plan: &str) -> Result<(Service, Running, Rewrites), Failure> {
    let (web, supervise) = world.down_service("web", plan)?;
    web.svc("-u")?;
    web.until_up()?;
    let watch = web.record()?.watch(&supervise)?;
    Ok((web, supervise, watch))
}
