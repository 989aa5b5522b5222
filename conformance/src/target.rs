//! A build to judge: a name and a directory of commands. Two builds can be mixed into one.

use crate::scenario::{Need, Scenario};
use crate::scenarios::upgrade;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// `NAME=DIR`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// What reports call it.
    pub(crate) name: String,
    /// Where its commands are.
    pub(crate) directory: PathBuf,
    mixed: Option<Mixed>,
}

/// What a mix is of.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mixed {
    how: How,
    /// The name of the build that comes into another, or after it.
    guest: String,
    /// The name of the other.
    host: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum How {
    /// These commands are the guest's.
    Beside(&'static [&'static str]),
    /// The guest's commands, which are in this directory, replace those of the host under a running tree.
    After(PathBuf),
}

/// What one build may bring into another: the clients of supervise, or svscan, which runs supervise.
const GUESTS: [(&str, &[&str]); 2] = [("clients", &["svc", "svok", "svstat"]), ("svscan", &["svscan", "svscanboot"])];

impl Target {
    /// The mixes of two builds, both ways: the clients, or svscan, of the one with all else of the other, as directories
    /// of links below `place`, and the one after the other.
    ///
    /// # Errors
    /// When the links cannot be made.
    pub(crate) fn mixes(one: &Target, other: &Target, place: &Path) -> io::Result<Vec<Target>> {
        let mut mixes = vec![];
        for (guest, host) in [(one, other), (other, one)] {
            for (what, guests) in GUESTS {
                let name = format!("{} {what}, {}", guest.name, host.name);
                let directory = place.join(mixes.len().to_string());
                std::fs::create_dir_all(&directory)?;
                for entry in std::fs::read_dir(&host.directory)? {
                    let command = entry?.file_name();
                    let owner = if guests.iter().any(|guest| command == *guest) { guest } else { host };
                    std::os::unix::fs::symlink(owner.directory.join(&command), directory.join(&command))?;
                }
                let mixed = Mixed { how: How::Beside(guests), guest: guest.name.clone(), host: host.name.clone() };
                mixes.push(Target { name, directory, mixed: Some(mixed) });
            }
            let how = How::After(guest.directory.clone());
            let mixed = Mixed { how, guest: guest.name.clone(), host: host.name.clone() };
            let name = format!("{}, then {}", host.name, guest.name);
            mixes.push(Target { name, directory: host.directory.clone(), mixed: Some(mixed) });
        }
        Ok(mixes)
    }

    /// The build whose program `scenario` is about: the first word of its id.
    pub(crate) fn judged(&self, scenario: &Scenario) -> &str {
        let program = scenario.id.split('/').next().unwrap_or_default();
        match &self.mixed {
            None => &self.name,
            Some(Mixed { how: How::Beside(guests), guest, .. }) if guests.contains(&program) => guest,
            Some(Mixed { host, .. }) => host,
        }
    }

    /// The directory of the commands that replace this target's in an upgrade.
    pub(crate) fn next_directory(&self) -> &PathBuf {
        match &self.mixed {
            Some(Mixed { how: How::After(next), .. }) => next,
            _ => &self.directory,
        }
    }

    /// The arguments of `svconform run` that make it a target.
    pub(crate) fn arguments(&self, all: &[Target]) -> String {
        let plain = |name: &str| {
            let target = all.iter().find(|target| target.name == *name);
            let named = target.map(|target| quoted(&format!("{name}={}", target.directory.display())));
            named.map(|named| format!("--target {named}")).unwrap_or_default()
        };
        match &self.mixed {
            None => plain(&self.name),
            Some(Mixed { guest, host, .. }) => {
                format!("{} {} --mix {}", plain(guest), plain(host), quoted(&format!("{guest},{host}")))
            }
        }
    }

    /// Whether it is made of two others.
    pub(crate) fn is_mixed(&self) -> bool {
        self.mixed.is_some()
    }

    /// Whether `scenario` says anything of this target that it does not say of one that is not mixed.
    pub(crate) fn concerns(&self, scenario: &Scenario) -> bool {
        let upgrades = scenario.id.starts_with(upgrade::PREFIX);
        match self.mixed.as_ref().map(|mixed| &mixed.how) {
            None => true,
            Some(How::After(_)) => upgrades,
            Some(How::Beside(guests)) => {
                let is_guest = |need: &Need| matches!(need, Need::Command(name) if guests.contains(name));
                let is_host = |need: &Need| matches!(need, Need::Command(name) if !guests.contains(name));
                !upgrades && scenario.needs.iter().any(is_guest) && scenario.needs.iter().any(is_host)
            }
        }
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Target, String> {
        let (name, directory) = text.split_once('=').ok_or("a target is NAME=DIR")?;
        if name.is_empty() || directory.is_empty() {
            return Err("a target is NAME=DIR, neither of them empty".to_owned());
        }
        // It is a part of a file's name, and of reports.
        if name.len() > 60 || name.contains(char::is_control) {
            return Err("the name of a target has at most 60 letters, all of which can be printed".to_owned());
        }
        let directory = Path::new(directory);
        if !directory.is_dir() {
            return Err(format!("no such directory: {}", directory.display()));
        }
        let directory = directory.canonicalize().map_err(|error| format!("{}: {error}", directory.display()))?;
        Ok(Target { name: name.to_owned(), directory, mixed: None })
    }
}

/// `word` so that a shell takes it for one word.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-+=./,:@%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Whether `directory` has the command `name`: a file that may be executed.
pub(crate) fn has_command(directory: &Path, name: &str) -> bool {
    let path = directory.join(name);
    path.is_file() && nix::unistd::access(&path, nix::unistd::AccessFlags::X_OK).is_ok()
}

/// Whether `directory` has something by the name of the command `name` that cannot be one: left out is something else.
pub(crate) fn has_no_command_but_its_name(directory: &Path, name: &str) -> bool {
    directory.join(name).symlink_metadata().is_ok() && !has_command(directory, name)
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
        assert_eq!("a=/".parse(), Ok(Target { name: "a".to_owned(), directory: PathBuf::from("/"), mixed: None }));
        for wrong in ["a", "=/", "a=", "a=/no/such/directory", "a=/dev/null"] {
            assert!(wrong.parse::<Target>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_word_is_quoted_for_a_shell_where_it_has_to_be() {
        assert_eq!(quoted("a=/usr/bin"), "a=/usr/bin");
        assert_eq!(quoted("a=/it's here"), "'a=/it'\\''s here'");
    }

    #[test]
    fn a_command_is_a_file_that_may_be_executed() {
        assert!(has_command(Path::new("/bin"), "sh"));
        assert!(!has_command(Path::new("/"), "bin"));
        assert!(!has_command(Path::new("/etc"), "passwd"));
    }
}
