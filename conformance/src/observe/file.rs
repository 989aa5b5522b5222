//! Files as a report prints them: kind, mode, size and first bytes.

use super::escape;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;

/// How many bytes of a file a report has at most.
const BEGINNING: u64 = 64;
/// How many files a report has at most, whatever a scenario leaves in its directory.
const MOST: usize = 200;

/// A file at the end of a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileState {
    /// Its name, relative to the world's directory, [`escape`]d.
    pub(crate) name: String,
    /// `file`, `directory`, `link`, `fifo` or `other`.
    pub(crate) kind: String,
    /// Its permission bits in octal.
    pub(crate) mode: String,
    /// Its length in bytes; of a directory 0.
    pub(crate) size: u64,
    /// The first [`BEGINNING`] bytes of a file, or the text of a link, [`escape`]d.
    pub(crate) bytes: String,
}

/// Returns the files below `world`, sorted by name. Leaves out those of the suite, whose names begin with a dot, and all
/// beyond [`MOST`].
pub(crate) fn below(world: &Path) -> Vec<FileState> {
    let mut found = vec![];
    let mut directories = vec![world.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            let (path, Ok(metadata)) = (entry.path(), entry.metadata()) else { continue };
            let name = path.strip_prefix(world).unwrap_or(&path);
            if name.as_os_str().as_bytes().starts_with(b".") || found.len() == MOST {
                continue;
            }
            found.push(state(name, &path, &metadata));
            if metadata.is_dir() {
                directories.push(path);
            }
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

fn state(name: &Path, path: &Path, metadata: &Metadata) -> FileState {
    let kind = metadata.file_type();
    let (kind, bytes) = if kind.is_symlink() {
        ("link", fs::read_link(path).map(|target| target.as_os_str().as_bytes().to_vec()).unwrap_or_default())
    } else if kind.is_file() {
        let mut bytes = vec![];
        let _ = File::open(path).and_then(|file| file.take(BEGINNING).read_to_end(&mut bytes));
        ("file", bytes)
    } else if kind.is_dir() {
        ("directory", vec![])
    } else {
        (if kind.is_fifo() { "fifo" } else { "other" }, vec![])
    };
    FileState {
        name: escape(name.as_os_str().as_bytes()),
        kind: kind.to_owned(),
        mode: format!("{:04o}", metadata.permissions().mode() & 0o7777),
        size: if metadata.is_dir() { 0 } else { metadata.len() },
        bytes: escape(&bytes),
    }
}

impl FileState {
    /// Returns the line of a report: `0644 file 18 web/supervise/status BYTES`.
    pub(crate) fn line(&self) -> String {
        let FileState { name, kind, mode, size, bytes } = self;
        let more = if kind == "file" && *size > BEGINNING { "..." } else { "" };
        format!("{mode} {kind} {size} {name} {bytes}{more}").trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_file_is_listed_except_those_of_the_suite() {
        let world = tempfile::tempdir().unwrap();
        fs::create_dir(world.path().join("web")).unwrap();
        fs::write(world.path().join("web/status"), [0, b'x', b'\n']).unwrap();
        fs::write(world.path().join("web/long"), vec![b'y'; 100]).unwrap();
        fs::write(world.path().join(".0.out"), "z").unwrap();
        std::os::unix::fs::symlink("/there", world.path().join("link")).unwrap();
        let mode = nix::sys::stat::Mode::from_bits_truncate(0o600);
        nix::unistd::mkfifo(&world.path().join("web/control"), mode).unwrap();
        let lines: Vec<String> = below(world.path()).iter().map(FileState::line).collect();
        assert!(lines[0].ends_with(" link 6 link /there"), "{lines:?}");
        assert!(lines[1].ends_with(" directory 0 web"), "{lines:?}");
        assert_eq!(lines[2], "0600 fifo 0 web/control");
        assert!(lines[3].ends_with(&format!(" file 100 web/long {}...", "y".repeat(64))), "{lines:?}");
        assert!(lines[4].ends_with(" file 3 web/status \\x00x\\n"), "{lines:?}");
        assert_eq!(lines.len(), 5);
    }
}
