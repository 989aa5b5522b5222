//! strace: the target's commands traced, or with system calls that fail.

use super::{Command, Running, World, machine_lacks};
use crate::commands::tool;
use crate::observe::process::Process;
use crate::outcome::Failure;
use std::ffi::OsStr;

/// The system calls that make a process. A `?` lets strace pass over those that this machine does not have.
pub(crate) const FORKS: &str = "?clone,?clone3,?fork,?vfork";
/// The system calls that rename a file.
pub(crate) const RENAMES: &str = "?rename,?renameat,?renameat2";
/// The system calls that send a signal.
pub(crate) const SIGNALS: &str = "?kill,?tkill,?tgkill,?pidfd_send_signal";

impl World {
    /// Returns the target's command `name` under strace with `options`. Skips if strace cannot trace with these options
    /// here.
    pub(crate) fn traced<S: AsRef<OsStr>>(&self, options: &[S], name: &str) -> Result<Command, Failure> {
        let strace = tool("strace").ok_or_else(|| machine_lacks("the program strace"))?;
        let ran = self.program(&strace).args(["-o", "/dev/null"]).args(options).arg("/bin/true").run()?;
        if ran.exit != "exit 0" || !ran.err.is_empty() {
            return Err(machine_lacks(&format!("the right to trace, or a strace that knows the options: {}", ran.err)));
        }
        Ok(self.program(strace).args(options).arg(self.commands().join(name)))
    }

    /// Returns the target's command `name` under strace with `options`, without a look at whether strace can trace:
    /// [`World::traced`] has done that before.
    pub(crate) fn traced_as_before<S: AsRef<OsStr>>(&self, options: &[S], name: &str) -> Command {
        let strace = tool("strace").unwrap_or_default();
        self.program(strace).args(options).arg(self.commands().join(name))
    }
}

impl Running {
    /// Returns the process that this strace traces.
    pub(crate) fn traced_pid(&self) -> Result<i32, Failure> {
        let child = Process::children(self.pid).first().map(|child| child.pid);
        child.ok_or_else(|| Failure::broken("strace has no child"))
    }
}
