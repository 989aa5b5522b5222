//! Small file systems that only the scenario sees, to fill up or make read-only.

use super::{World, broken};
use crate::outcome::{Failure, Outcome};
use nix::mount::{MsFlags, mount};
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

const NOTHING: Option<&str> = None;
/// More writes of a page than the largest disk takes.
const MOST_PAGES: usize = 1 << 12;

/// A file system in memory.
#[derive(Debug)]
pub(crate) struct Disk {
    world: World,
    path: PathBuf,
}

impl World {
    /// Makes `directory` an empty file system of at most `size` bytes. Skips if this machine does not allow it.
    pub(crate) fn disk(&self, directory: &str, size: usize) -> Result<Disk, Failure> {
        self.private_mounts()?;
        let path = self.files.make_directory(directory)?;
        let options = format!("size={size}");
        mount(Some("tmpfs"), &path, Some("tmpfs"), MsFlags::empty(), Some(options.as_str()))
            .map_err(|error| broken(&path, &error))?;
        Ok(Disk { world: self.clone(), path })
    }
}

impl Disk {
    /// Mounts it over another directory too.
    pub(crate) fn mount_over(&self, directory: &str) -> Outcome {
        let path = self.world.path(directory);
        self.world.note(format!("mount {} over {}", self.path.display(), path.display()), "");
        mount(Some(&self.path), &path, NOTHING, MsFlags::MS_BIND, NOTHING).map_err(|error| broken(&path, &error))
    }

    /// Makes it read-only.
    pub(crate) fn write_protect(&self) -> Outcome {
        let flags = MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
        mount(NOTHING, &self.path, NOTHING, flags, NOTHING).map_err(|error| broken(&self.path, &error))
    }

    /// Fills it by writing to the file `name` on it until no more goes in.
    pub(crate) fn fill(&self, name: &str) -> Outcome {
        let path = self.path.join(name);
        let mut file = fs::File::create(&path).map_err(|error| broken(&path, &error))?;
        for _ in 0..MOST_PAGES {
            match file.write(&[b'x'; 4096]) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                    self.world.note(format!("fill the disk with {}", path.display()), "");
                    return Ok(());
                }
                Err(error) => return Err(broken(&path, &error)),
            }
        }
        Err(broken(&path, &"the disk does not fill up"))
    }
}
