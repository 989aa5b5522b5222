//! supervise, part by part.

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
