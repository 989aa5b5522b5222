//! The files of a world.

use super::broken;
use crate::observe::escape;
use crate::outcome::{Failure, Outcome};
use crate::transcript::Transcript;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The files below the directory of a world. Names are relative to it.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    directory: PathBuf,
    transcript: Rc<Transcript>,
}

impl Files {
    pub(super) fn new(directory: &Path, transcript: &Rc<Transcript>) -> Files {
        Files { directory: directory.to_owned(), transcript: Rc::clone(transcript) }
    }

    fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.directory.join(name)
    }

    /// Makes a directory and its parents, and returns its full name.
    pub(crate) fn make_directory(&self, name: impl AsRef<Path>) -> Result<PathBuf, Failure> {
        let path = self.path(name);
        fs::create_dir_all(&path).map_err(|error| broken(&path, &error))?;
        Ok(path)
    }

    /// Writes a file of mode 0644 atomically: it has all of `bytes`, or is as it was.
    pub(crate) fn write(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> Outcome {
        self.write_with_mode(name.as_ref(), bytes.as_ref(), 0o644)
    }

    /// Writes an executable file atomically.
    pub(crate) fn write_script(&self, name: impl AsRef<Path>, text: &str) -> Outcome {
        self.write_with_mode(name.as_ref(), text.as_bytes(), 0o755)
    }

    fn write_with_mode(&self, name: &Path, bytes: &[u8], mode: u32) -> Outcome {
        let path = self.path(name);
        let mut new = path.clone().into_os_string();
        new.push(".making");
        let write = || -> io::Result<()> {
            let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&new)?;
            io::Write::write_all(&mut file, bytes)?;
            drop(file);
            fs::rename(&new, &path)
        };
        write().map_err(|error| broken(&path, &error))
    }

    /// Makes the symbolic link `link` with exactly the text `target`.
    pub(crate) fn link(&self, target: impl AsRef<Path>, link: impl AsRef<Path>) -> Outcome {
        let link = self.path(link);
        self.transcript.note(format!("ln -s {} {}", target.as_ref().display(), link.display()), "");
        std::os::unix::fs::symlink(target, &link).map_err(|error| broken(&link, &error))
    }

    /// Gives the file `from` the second name `to`.
    pub(crate) fn hard_link(&self, from: impl AsRef<Path>, to: impl AsRef<Path>) -> Outcome {
        let to = self.path(to);
        fs::hard_link(self.path(from), &to).map_err(|error| broken(&to, &error))
    }

    /// Makes a FIFO of mode 0600.
    pub(crate) fn make_fifo(&self, name: impl AsRef<Path>) -> Outcome {
        let path = self.path(name);
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::from_bits_truncate(0o600))
            .map_err(|error| broken(&path, &error))
    }

    /// Opens a file for reading without waiting for a writer, as a supervise holds a FIFO open.
    pub(crate) fn open_reader(&self, name: impl AsRef<Path>) -> Result<fs::File, Failure> {
        let path = self.path(name);
        fs::OpenOptions::new()
            .read(true)
            .custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits())
            .open(&path)
            .map_err(|error| broken(&path, &error))
    }

    /// Removes a file, a link or a whole directory.
    pub(crate) fn remove(&self, name: impl AsRef<Path>) -> Outcome {
        let path = self.path(name);
        let is_directory = path.symlink_metadata().map_err(|error| broken(&path, &error))?.is_dir();
        self.transcript.note(format!("rm {}", path.display()), "");
        if is_directory { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }
            .map_err(|error| broken(&path, &error))
    }

    /// Renames a file.
    pub(crate) fn rename(&self, from: impl AsRef<Path>, to: impl AsRef<Path>) -> Outcome {
        let (from, to) = (self.path(from), self.path(to));
        self.transcript.note(format!("mv {} {}", from.display(), to.display()), "");
        fs::rename(&from, to).map_err(|error| broken(&from, &error))
    }

    /// Sets the permission bits of a file.
    pub(crate) fn set_mode(&self, name: impl AsRef<Path>, mode: u32) -> Outcome {
        let path = self.path(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(|error| broken(&path, &error))
    }

    /// Returns the permission bits of a file in octal, such as `0644`, or `-` if it does not exist.
    pub(crate) fn mode(&self, name: impl AsRef<Path>) -> String {
        fs::symlink_metadata(self.path(name))
            .map_or_else(|_| "-".to_owned(), |metadata| format!("{:04o}", metadata.permissions().mode() & 0o7777))
    }

    /// Returns the contents of a file, [`escape`]d; empty if it does not exist.
    pub(crate) fn read(&self, name: impl AsRef<Path>) -> String {
        escape(&fs::read(self.path(name)).unwrap_or_default())
    }

    /// Returns the lines of a file, [`escape`]d.
    pub(crate) fn lines(&self, name: impl AsRef<Path>) -> Vec<String> {
        let bytes = fs::read(self.path(name)).unwrap_or_default();
        let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        if text.is_empty() { vec![] } else { text.split(|&byte| byte == b'\n').map(escape).collect() }
    }

    /// Returns the names in a directory, sorted and [`escape`]d; none if there is no such directory.
    pub(crate) fn names(&self, directory: impl AsRef<Path>) -> Vec<String> {
        let entries = fs::read_dir(self.path(directory)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| escape(entry.file_name().as_bytes())).collect();
        names.sort();
        names
    }

    /// Returns whether there is a file, after following links.
    pub(crate) fn exists(&self, name: impl AsRef<Path>) -> bool {
        self.path(name).exists()
    }

    /// Returns the size of a file in bytes, or `None` if it does not exist.
    pub(crate) fn size(&self, name: impl AsRef<Path>) -> Option<u64> {
        fs::symlink_metadata(self.path(name)).ok().map(|file| file.len())
    }

    /// Returns what changes when somebody replaces or writes a file: inode, size and modification time. `None` if it
    /// does not exist.
    pub(crate) fn identity(&self, name: impl AsRef<Path>) -> Option<(u64, u64, i64, i64)> {
        let file = fs::symlink_metadata(self.path(name)).ok()?;
        Some((file.ino(), file.size(), file.mtime(), file.mtime_nsec()))
    }

    /// Returns the full name of a file with all links followed, as /proc shows it.
    pub(crate) fn real_path(&self, name: impl AsRef<Path>) -> Result<String, Failure> {
        let path = self.path(name);
        fs::canonicalize(&path).map(|path| path.display().to_string()).map_err(|error| broken(&path, &error))
    }
}
