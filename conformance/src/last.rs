//! The last report, kept for `svconform explain`.

use crate::output;
use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Returns where the last report is kept: `$XDG_STATE_HOME/svconform/last.json`, by default below `~/.local/state`. `None`
/// if neither XDG_STATE_HOME nor HOME has an absolute path.
pub(crate) fn path() -> Option<PathBuf> {
    path_for(std::env::var_os("XDG_STATE_HOME"), std::env::var_os("HOME"))
}

fn path_for(state: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    // The XDG specification demands that relative paths are ignored.
    let absolute = |path: Option<OsString>| path.map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute(state).or_else(|| absolute(home).map(|home| home.join(".local/state")))?;
    Some(state.join("svconform/last.json"))
}

/// Keeps `report` as the last one at `path`, readable for its owner alone: it names directories and shows output of the
/// targets.
///
/// # Errors
/// In words, with a path: it cannot be written, or the directory belongs to another user, to whom `sudo` left HOME.
pub(crate) fn keep(path: &Path, report: &[u8]) -> Result<(), String> {
    let directory = path.parent().unwrap_or(path);
    let existing = directory.ancestors().find_map(|one| fs::metadata(one).ok().map(|found| (one, found.uid())));
    if let Some((one, _)) = existing.filter(|(_, owner)| *owner != nix::unistd::geteuid().as_raw()) {
        return Err(format!("{} belongs to another user", one.display()));
    }
    let write = || -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        output::write_new(tempfile::Builder::new().prefix(".last-").tempfile_in(directory)?, path, report)
    };
    write().map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_place_follows_the_xdg_specification() {
        let path = |state: Option<&str>, home: Option<&str>| path_for(state.map(Into::into), home.map(Into::into));
        assert_eq!(path(Some("/state"), Some("/home/one")), Some("/state/svconform/last.json".into()));
        for state in [None, Some(""), Some("relative")] {
            let wanted = Some("/home/one/.local/state/svconform/last.json".into());
            assert_eq!(path(state, Some("/home/one")), wanted, "{state:?}");
        }
        assert_eq!(path(None, None), None);
    }

    #[test]
    fn a_kept_report_is_private_and_replaces_the_one_before() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("state/svconform/last.json");
        keep(&path, b"one").unwrap();
        keep(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn nothing_is_kept_in_another_user_s_home() {
        // Whoever runs this test owns one of the two at most.
        let [own, other] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        if nix::unistd::geteuid().is_root() {
            std::os::unix::fs::chown(other.path(), Some(65534), Some(65534)).unwrap();
            let refused = keep(&other.path().join("state/last.json"), b"report").unwrap_err();
            assert_eq!(refused, format!("{} belongs to another user", other.path().display()));
        } else {
            assert!(keep(Path::new("/svconform/last.json"), b"report").unwrap_err().contains("another user"));
        }
        keep(&own.path().join("state/last.json"), b"report").unwrap();
    }
}
