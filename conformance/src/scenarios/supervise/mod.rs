//! supervise, part by part.

pub(super) mod clock;
pub(super) mod control;
pub(super) mod lifetime;
pub(super) mod pause;
pub(super) mod record;
pub(super) mod setup;
pub(super) mod start;
