//! What programs agree on, each agreement in one file and in both directions. No I/O.

pub(crate) mod control;
pub(crate) mod place;
pub(crate) mod status;
pub(crate) mod tai;
