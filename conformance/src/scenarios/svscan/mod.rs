//! svscan, part by part.

pub(super) mod changes;
pub(super) mod limits;
pub(super) mod log;
pub(super) mod process1;
pub(super) mod scan;
