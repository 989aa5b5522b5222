//! Resource limits.

use nix::sys::resource::{getrlimit, setrlimit};
use std::io;

pub(crate) use nix::sys::resource::Resource;

/// Returns the soft and the hard limit of `resource`.
pub(crate) fn get(resource: Resource) -> io::Result<(u64, u64)> {
    Ok(getrlimit(resource)?)
}

/// Sets the soft and the hard limit of `resource`.
pub(crate) fn set(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    Ok(setrlimit(resource, soft, hard)?)
}
