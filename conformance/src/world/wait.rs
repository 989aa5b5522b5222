//! Waits: for a condition, or for a while in which nothing may happen.

use super::World;
use crate::outcome::{Failure, Outcome};
use std::fmt::Debug;
use std::time::{Duration, Instant};

/// How long [`World::until`] waits for what a healthy target does at once, or within the second after a start.
pub(super) const PATIENCE: Duration = Duration::from_secs(8);
/// The shortest time between two looks of a wait.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(4);
/// A look that runs a command costs processor time, which the target needs too: the time between two looks is at least
/// this many times what a look takes.
const REST_PER_LOOK: u32 = 4;

impl World {
    /// Waits until `look` finds `wanted`. Fails with the last look if it does not.
    #[track_caller]
    pub(crate) fn until<T: PartialEq<W> + Debug, W: Debug>(
        &self,
        what: &str,
        wanted: W,
        look: impl Fn() -> Result<T, Failure>,
    ) -> Outcome {
        self.until_some(what, &format!("{wanted:?}"), || {
            let seen = look()?;
            Ok(if seen == wanted { Ok(()) } else { Err(format!("{seen:?}")) })
        })
    }

    /// Waits until `look` finds something, and returns it. Until then `look` returns in `Err` what it sees instead.
    #[track_caller]
    pub(crate) fn until_some<T>(
        &self,
        what: &str,
        wanted: &str,
        look: impl Fn() -> Result<Result<T, String>, Failure>,
    ) -> Result<T, Failure> {
        let begin = Instant::now();
        let patience = self.scaled(PATIENCE);
        loop {
            let look_began = Instant::now();
            match self.core.transcript.without_notes(&look)? {
                Ok(found) => {
                    self.note(format!("wait until {what} is {wanted}"), "it is");
                    return Ok(found);
                }
                Err(seen) if self.core.transcript.began().elapsed() > self.core.deadline => {
                    return Err(Failure::timeout(format!("{what}: {wanted}"), seen));
                }
                Err(seen) if begin.elapsed() > patience => return Err(self.failed(what, wanted, seen)),
                Err(_) => self.pause_after(look_began.elapsed()),
            }
        }
    }

    /// Fails if `look` finds anything but `wanted` within `time`.
    #[track_caller]
    pub(crate) fn stays<T: PartialEq<W> + Debug, W: Debug>(
        &self,
        what: &str,
        wanted: W,
        time: Duration,
        look: impl Fn() -> Result<T, Failure>,
    ) -> Outcome {
        let begin = Instant::now();
        loop {
            let look_began = Instant::now();
            let seen = self.core.transcript.without_notes(&look)?;
            if seen != wanted {
                return Err(self.failed(&format!("{what}, for {time:?}"), &format!("{wanted:?}"), format!("{seen:?}")));
            }
            if begin.elapsed() > time {
                self.note(format!("watch {what} for {time:?}"), format!("stays {wanted:?}"));
                return Ok(());
            }
            self.pause_after(look_began.elapsed());
        }
    }

    /// Pauses between two looks, of which the last took `time`.
    fn pause_after(&self, time: Duration) {
        self.pause(LOOK_EVERY.max(time * REST_PER_LOOK));
    }

    #[expect(clippy::disallowed_methods, reason = "every wait of the suite comes here, with a look before and after")]
    pub(super) fn pause(&self, time: Duration) {
        std::thread::sleep(time);
        self.reap();
    }
}
