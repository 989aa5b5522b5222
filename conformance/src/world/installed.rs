//! A directory of commands as an operator has it: links, each of which can be led to another build under a running tree.

use super::{Command, Service, World, broken};
use crate::scenario::{Outcome, Stopped};
use crate::target;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Commands that are installed in a world.
#[derive(Debug)]
pub(crate) struct Installed<'w> {
    world: &'w World,
    directory: PathBuf,
}

impl World {
    /// Makes a directory with a link to each of the target's commands.
    pub(crate) fn installed(&self) -> Result<Installed<'_>, Stopped> {
        let installed = Installed { world: self, directory: self.make_directory("command")? };
        crate::scenarios::commands().try_for_each(|name| installed.go_back(name))?;
        Ok(installed)
    }
}

impl Installed<'_> {
    /// The names of the commands that both builds have, in the order of the alphabet.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        let both = |name: &str| {
            target::has_command(&self.world.commands, name) && target::has_command(&self.world.next_commands, name)
        };
        crate::scenarios::commands().filter(|name| both(name)).collect()
    }

    /// The command `name` by way of its link, in the circumstances of [`World::command`]. It finds the others there.
    pub(crate) fn command(&self, name: &str) -> Command<'_> {
        let path = [self.directory.as_os_str().as_bytes(), b":/usr/local/bin:/usr/bin:/bin"].concat();
        self.world.program(self.directory.join(name)).argv0(name).env("PATH", OsString::from_vec(path))
    }

    /// svc with `options` on `services`, as [`World::svc`].
    #[track_caller]
    pub(crate) fn svc(&self, options: &str, services: &[&Service]) -> Outcome {
        let ran = self.command("svc").arg(options).args(services.iter().map(|service| &service.name)).run()?;
        let ended = (ran.exit.as_str(), ran.err.as_str(), ran.out.as_str());
        self.world.expect(&format!("svc {options}"), ended, ("exit 0", "", ""))
    }

    /// Leads the link to the build that comes after: the target's own where there is no other.
    pub(crate) fn replace(&self, name: &str) -> Outcome {
        self.lead(name, &self.world.next_commands)
    }

    /// Leads the link back to the build that was there before.
    pub(crate) fn go_back(&self, name: &str) -> Outcome {
        self.lead(name, &self.world.commands)
    }

    /// At no time there is no link.
    fn lead(&self, name: &str, build: &Path) -> Outcome {
        let (link, new) = (self.directory.join(name), self.directory.join(".new"));
        self.world.note(format!("ln -sfn {}/{name} {}", build.display(), link.display()), "");
        symlink(build.join(name), &new).and_then(|()| fs::rename(&new, &link)).map_err(|error| broken(&link, &error))
    }
}
