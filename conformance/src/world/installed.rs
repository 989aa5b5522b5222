//! Commands as an operator installs them: a directory of links, each of which can be pointed at another build while a tree
//! is running.

use super::{Command, Service, World, broken};
use crate::commands::{self, has_command};
use crate::outcome::{Failure, Outcome};
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The links.
#[derive(Debug)]
pub(crate) struct Installed {
    world: World,
    directory: PathBuf,
}

impl World {
    /// Makes a directory with a link to each of the target's commands.
    pub(crate) fn installed(&self) -> Result<Installed, Failure> {
        let installed = Installed { world: self.clone(), directory: self.files.make_directory("command")? };
        let mut present = commands::ALL.iter().filter(|name| has_command(self.commands(), name));
        present.try_for_each(|name| installed.go_back(name))?;
        Ok(installed)
    }
}

impl Installed {
    /// Returns the names of the commands that both builds have, in alphabetical order.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        let both = |name: &str| {
            has_command(&self.world.core.commands, name) && has_command(&self.world.core.next_commands, name)
        };
        commands::ALL.iter().copied().filter(|name| both(name)).collect()
    }

    /// Returns the command `name` by way of its link, set up as by [`World::command`]. In its PATH it finds the links
    /// first, and behind them whatever else the target has beside its commands.
    pub(crate) fn command(&self, name: &str) -> Command {
        let (links, commands) = (self.directory.as_os_str(), self.world.commands().as_os_str());
        let path = [links.as_bytes(), b":", commands.as_bytes(), b":/usr/local/bin:/usr/bin:/bin"].concat();
        self.world.program(self.directory.join(name)).argv0(name).env("PATH", OsString::from_vec(path))
    }

    /// Runs svc with `options` on `services`, as [`Service::svc`] does on one.
    #[track_caller]
    pub(crate) fn svc(&self, options: &str, services: &[&Service]) -> Outcome {
        let ran = self.command("svc").arg(options).args(services.iter().map(|service| &service.name)).run()?;
        self.world.expect(&format!("svc {options}"), ran.all(), ("exit 0", "", ""))
    }

    /// Points the link at the other build, or at the target itself if there is no other.
    pub(crate) fn replace(&self, name: &str) -> Outcome {
        self.point(name, &self.world.core.next_commands)
    }

    /// Points the link back at the target.
    pub(crate) fn go_back(&self, name: &str) -> Outcome {
        self.point(name, &self.world.core.commands)
    }

    /// Replaces the link by rename, so that the command exists at all times.
    fn point(&self, name: &str, build: &Path) -> Outcome {
        let (link, new) = (self.directory.join(name), self.directory.join(".new"));
        self.world.note(format!("ln -sfn {}/{name} {}", build.display(), link.display()), "");
        symlink(build.join(name), &new).and_then(|()| fs::rename(&new, &link)).map_err(|error| broken(&link, &error))
    }
}
