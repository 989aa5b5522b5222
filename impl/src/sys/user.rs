//! The user and groups of this process.

use nix::unistd::{self, Gid, Uid};
use std::io;

/// Sets the real, effective and saved group to `gid`, and the supplementary groups to it alone (SUG-01).
pub(crate) fn set_group(gid: u32) -> io::Result<()> {
    let gid = Gid::from_raw(gid);
    unistd::setgroups(&[gid])?;
    Ok(unistd::setgid(gid)?)
}

/// Sets the real, effective and saved user to `uid`, if this process may.
pub(crate) fn set_user(uid: u32) -> io::Result<()> {
    Ok(unistd::setuid(Uid::from_raw(uid))?)
}
