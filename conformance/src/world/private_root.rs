//! A root file system of the scenario's own, for the one program that has fixed names: svscanboot.

use super::{Need, World, broken, machine_lacks};
use crate::outcome::{Failure, Outcome};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use std::path::Path;
use std::{fs, io};

const NOTHING: Option<&str> = None;

impl World {
    /// Gives this scenario a root where `/command` has the target's commands, `/service` is a link to an empty
    /// `/etc/service`, and everything else is as it was. Skips if this machine does not allow it.
    pub(crate) fn private_root(&self) -> Outcome {
        self.private_mounts()?;
        let root = self.files.make_directory(".root")?;
        mount(Some("tmpfs"), &root, Some("tmpfs"), MsFlags::empty(), NOTHING).map_err(|error| skipped(&error))?;
        mirror(Path::new("/"), &root, &["etc", "service", "command"]).map_err(|error| broken(&root, &error))?;
        let made = || -> io::Result<()> {
            fs::create_dir_all(root.join("etc/service"))?;
            mirror(Path::new("/etc"), &root.join("etc"), &["service"])?;
            std::os::unix::fs::symlink("/etc/service", root.join("service"))?;
            fs::create_dir(root.join("command"))?;
            bind(self.commands(), &root.join("command"))
        };
        made().map_err(|error| broken(&root, &error))?;
        nix::unistd::chroot(&root).map_err(|error| skipped(&error))?;
        std::env::set_current_dir(self.directory()).map_err(|error| broken(self.directory(), &error))
    }

    /// Lets this scenario mount what no other process sees. Skips if this machine does not allow it.
    pub(super) fn private_mounts(&self) -> Outcome {
        self.must_declare(Need::Mounts)?;
        let (uid, gid) = (nix::unistd::getuid(), nix::unistd::getgid());
        let unshared = if uid.is_root() {
            unshare(CloneFlags::CLONE_NEWNS)
        } else {
            // A user namespace gives the right to mount; its one user is this one.
            unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS).and_then(|()| {
                let map = |file: &str, line: String| fs::write(file, line).map_err(|_| nix::errno::Errno::EPERM);
                map("/proc/self/setgroups", "deny".to_owned())?;
                map("/proc/self/uid_map", format!("{uid} {uid} 1"))?;
                map("/proc/self/gid_map", format!("{gid} {gid} 1"))
            })
        };
        unshared.map_err(|error| skipped(&error))?;
        // Kernels and policies differ in what they let a new namespace do: the first mount tells.
        mount(NOTHING, "/", NOTHING, MsFlags::MS_PRIVATE | MsFlags::MS_REC, NOTHING).map_err(|error| skipped(&error))
    }

    /// Gives this scenario a [`World::private_root`] where `/bin` has nothing but links: the names and targets in
    /// `entries`. Skips unless `/bin` is a link to another directory, where all programs stay within reach.
    pub(crate) fn private_bin(&self, entries: &[(&str, &str)]) -> Outcome {
        self.private_root()?;
        let bin = Path::new("/bin");
        if !bin.is_symlink() {
            return Err(machine_lacks("a /bin that is a link"));
        }
        self.files.remove(bin)?;
        self.files.make_directory("/bin")?;
        entries.iter().try_for_each(|(name, target)| self.files.link(target, bin.join(name)))
    }
}

/// Makes each entry of `from`, other than `but`, appear in `to`.
fn mirror(from: &Path, to: &Path, but: &[&str]) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, place) = (entry.path(), to.join(entry.file_name()));
        if but.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&source)?, &place)?;
        } else if kind.is_dir() {
            fs::create_dir(&place)?;
            bind(&source, &place)?;
        } else if kind.is_file() {
            fs::write(&place, "")?;
            bind(&source, &place)?;
        }
    }
    Ok(())
}

fn bind(source: &Path, place: &Path) -> io::Result<()> {
    Ok(mount(Some(source), place, NOTHING, MsFlags::MS_BIND | MsFlags::MS_REC, NOTHING)?)
}

fn skipped(error: &nix::errno::Errno) -> Failure {
    machine_lacks(&format!("the right to make a mount namespace ({error})"))
}
