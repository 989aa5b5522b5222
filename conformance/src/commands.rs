//! The commands of daemontools by name, and where programs are found on disk.

use std::path::{Path, PathBuf};

/// The commands of the original, in alphabetical order.
pub(crate) const ALL: &[&str] = &[
    "envdir",
    "envuidgid",
    "fghack",
    "multilog",
    "pgrphack",
    "readproctitle",
    "setlock",
    "setuidgid",
    "softlimit",
    "supervise",
    "svc",
    "svok",
    "svscan",
    "svscanboot",
    "svstat",
    "tai64n",
    "tai64nlocal",
];

/// Commands of this project that the original lacks. Scenarios for them are skipped on targets without them.
pub(crate) const EXTENSIONS: &[&str] = &["svcheck", "svstatus", "svwait"];

/// Returns whether `directory` has the command `name`: a file that this process may execute.
pub(crate) fn has_command(directory: &Path, name: &str) -> bool {
    let path = directory.join(name);
    path.is_file() && nix::unistd::access(&path, nix::unistd::AccessFlags::X_OK).is_ok()
}

/// Returns whether `directory` has an entry called `name` that cannot be executed, such as a dangling link.
pub(crate) fn is_unusable(directory: &Path, name: &str) -> bool {
    directory.join(name).symlink_metadata().is_ok() && !has_command(directory, name)
}

/// Returns the path of the program `name` of this machine, such as `strace`, or `None` if it is not installed.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let directories = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"].map(Path::new);
    directories.into_iter().find(|directory| has_command(directory, name)).map(|directory| directory.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_a_file_that_may_be_executed() {
        assert!(has_command(Path::new("/bin"), "sh"));
        assert!(!has_command(Path::new("/"), "bin"));
        assert!(!has_command(Path::new("/etc"), "passwd"));
    }

    #[test]
    fn an_entry_that_cannot_be_executed_is_unusable() {
        assert!(is_unusable(Path::new("/etc"), "passwd"));
        assert!(!is_unusable(Path::new("/bin"), "sh"));
        assert!(!is_unusable(Path::new("/etc"), "no-such-entry"));
    }
}
