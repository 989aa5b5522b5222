//! svstat, part by part.

pub(super) mod line;
pub(super) mod readers;
