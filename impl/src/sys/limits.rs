//! Resource limits.

use nix::sys::resource::{getrlimit, setrlimit};
use std::io;
use std::sync::OnceLock;

pub(crate) use nix::sys::resource::Resource;

/// Returns the soft and the hard limit of `resource`.
pub(crate) fn get(resource: Resource) -> io::Result<(u64, u64)> {
    Ok(getrlimit(resource)?)
}

/// Sets the soft and the hard limit of `resource`.
pub(crate) fn set(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    Ok(setrlimit(resource, soft, hard)?)
}

/// The limit on descriptors before [`raise_descriptors`].
static INHERITED: OnceLock<u64> = OnceLock::new();

/// Raises the soft limit on descriptors as far as the hard one allows. Children get the old one back.
pub(crate) fn raise_descriptors() -> io::Result<()> {
    let (soft, hard) = get(Resource::RLIMIT_NOFILE)?;
    INHERITED.get_or_init(|| soft);
    set(Resource::RLIMIT_NOFILE, hard, hard)
}

/// Sets the limit as it was before [`raise_descriptors`], unless somebody has lowered the hard one below that.
pub(super) fn restore_inherited() -> io::Result<()> {
    let Some(&soft) = INHERITED.get() else { return Ok(()) };
    let (_, hard) = get(Resource::RLIMIT_NOFILE)?;
    set(Resource::RLIMIT_NOFILE, soft.min(hard), hard)
}
