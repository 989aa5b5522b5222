//! What programs agree on: each format in one file, written and read. No I/O, and nothing but std.
#![forbid(unsafe_code)]

pub(crate) mod control;
pub(crate) mod files;
pub(crate) mod status;
pub(crate) mod tai;
