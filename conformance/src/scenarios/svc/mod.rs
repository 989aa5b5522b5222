//! svc, part by part.

pub(super) mod client;
pub(super) mod effects;
