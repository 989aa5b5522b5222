//! The lives, a file for each kind of program.

mod chain;
mod clients;
mod filters;
mod multilog;
mod supervise;
mod svscan;

use super::Life;

/// All lives.
pub(super) const ALL: &[&[Life]] =
    &[supervise::LIVES, svscan::LIVES, clients::LIVES, multilog::LIVES, filters::LIVES, chain::LIVES];
