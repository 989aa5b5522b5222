//! A build to judge: a name and a directory of commands.

use std::path::{Path, PathBuf};
use std::str::FromStr;

/// `NAME=DIR`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// What reports call it.
    pub(crate) name: String,
    /// Where its commands are.
    pub(crate) directory: PathBuf,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Target, String> {
        let (name, directory) = text.split_once('=').ok_or("a target is NAME=DIR")?;
        if name.is_empty() || directory.is_empty() {
            return Err("a target is NAME=DIR, neither of them empty".to_owned());
        }
        let directory = Path::new(directory);
        if !directory.is_dir() {
            return Err(format!("no such directory: {}", directory.display()));
        }
        let directory = directory.canonicalize().map_err(|error| format!("{}: {error}", directory.display()))?;
        Ok(Target { name: name.to_owned(), directory })
    }
}

/// Whether `directory` has the command `name`: a file that may be executed.
pub(crate) fn has_command(directory: &Path, name: &str) -> bool {
    let path = directory.join(name);
    path.is_file() && nix::unistd::access(&path, nix::unistd::AccessFlags::X_OK).is_ok()
}

/// Where this machine has the program `name`, which is no part of any target.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let places = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"].map(Path::new);
    places.into_iter().find(|place| has_command(place, name)).map(|place| place.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_name_and_a_directory_that_is_there() {
        assert_eq!("a=/".parse(), Ok(Target { name: "a".to_owned(), directory: PathBuf::from("/") }));
        for wrong in ["a", "=/", "a=", "a=/no/such/directory", "a=/dev/null"] {
            assert!(wrong.parse::<Target>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_command_is_a_file_that_may_be_executed() {
        assert!(has_command(Path::new("/bin"), "sh"));
        assert!(!has_command(Path::new("/"), "bin"));
        assert!(!has_command(Path::new("/etc"), "passwd"));
    }
}
