//! Dropping privileges: permission bits that bind even if the suite runs as root, other users, and fewer capabilities.

use super::{Account, Command, Need, World, machine_lacks};
use crate::commands::tool;
use crate::outcome::Failure;

/// The options of setpriv(1) that take from root the right to pass over permission bits.
const WITHOUT_OVERRIDE: &[&str] =
    &["--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"];

impl World {
    /// Returns the target's command `name`, bound by the permission bits of its files even if the suite runs as root.
    /// The files stay its own, so the bits of the owner apply. Skips if this machine cannot do that.
    pub(crate) fn bound_by_modes(&self, name: &str) -> Result<Command, Failure> {
        self.must_declare(Need::FewerRights)?;
        if !nix::unistd::geteuid().is_root() {
            return Ok(self.command(name));
        }
        self.with_setpriv(WITHOUT_OVERRIDE, name)
    }

    /// Returns the target's command `name`, run by root without the capability `capability`, such as `setuid`. Skips if this
    /// machine cannot do that.
    pub(crate) fn without_capability(&self, capability: &str, name: &str) -> Result<Command, Failure> {
        self.as_root()?;
        self.with_setpriv(&[&format!("--bounding-set=-{capability}"), &format!("--inh-caps=-{capability}")], name)
    }

    /// Returns the target's command `name`, run by `account`. Only for root. Skips if this machine cannot do that.
    pub(crate) fn run_by(&self, account: &Account, name: &str) -> Result<Command, Failure> {
        let (uid, gid) = (account.uid.to_string(), account.gid.to_string());
        self.with_setpriv(&["--reuid", &uid, "--regid", &gid, "--clear-groups"], name)
    }

    /// Returns the target's command `name` behind setpriv(1) with `options`.
    fn with_setpriv(&self, options: &[&str], name: &str) -> Result<Command, Failure> {
        self.must_declare(Need::FewerRights)?;
        let command = self.commands().join(name);
        let setpriv = tool("setpriv").ok_or_else(|| machine_lacks("the program setpriv"))?;
        let bound = || self.program(&setpriv).args(options);
        if bound().arg("test").arg("-x").arg(&command).run()?.exit != "exit 0" {
            return Err(machine_lacks("a way to the target's commands without privileges"));
        }
        Ok(bound().arg(command))
    }
}
