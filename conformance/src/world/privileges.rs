//! Dropping privileges: permission bits that bind even if the suite runs as root.

use super::{Command, World, machine_lacks};
use crate::commands::tool;
use crate::outcome::Failure;
use std::ffi::OsStr;

/// The options of setpriv(1) that take from root the right to pass over permission bits.
const WITHOUT_OVERRIDE: [&str; 2] =
    ["--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"];

impl World {
    /// Returns the target's command `name`, bound by the permission bits of its files even if the suite runs as root.
    /// The files stay its own, so the bits of the owner apply. Skips if this machine cannot do that.
    pub(crate) fn bound_by_modes(&self, name: &str) -> Result<Command, Failure> {
        if !nix::unistd::geteuid().is_root() {
            return Ok(self.command(name));
        }
        let command = self.commands().join(name);
        let setpriv = tool("setpriv").ok_or_else(|| machine_lacks("the program setpriv"))?;
        let bound = |program: &OsStr| self.program(&setpriv).args(WITHOUT_OVERRIDE).arg(program);
        if bound("test".as_ref()).arg("-x").arg(&command).run()?.exit != "exit 0" {
            return Err(machine_lacks("a way for a root without capabilities to the target's commands"));
        }
        Ok(bound(command.as_os_str()))
    }
}
