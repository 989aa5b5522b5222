//! A target: a name and a directory of commands to test. Two targets can be mixed into one.

use crate::commands::has_command;
use crate::scenario::{Kind, Scenario, Use};
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// `NAME=DIR`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// The name that reports use.
    pub(crate) name: String,
    /// The directory of its commands.
    pub(crate) directory: PathBuf,
    mix: Option<Mix>,
}

/// How a target is made of two others.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mix {
    how: How,
    /// The name of the build that comes into the other, or after it.
    guest: String,
    /// The name of the other build.
    host: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum How {
    /// These commands are the guest's, all others the host's.
    Beside(&'static [&'static str]),
    /// The guest's commands, in this directory, replace those of the host under a running tree.
    After(PathBuf),
}

/// The commands that one build may bring into another: the clients of supervise, or svscan, which runs supervise.
const GUESTS: [(&str, &[&str]); 2] = [("clients", &["svc", "svok", "svstat"]), ("svscan", &["svscan", "svscanboot"])];

/// The name of the target that [`Target::installed`] finds.
const INSTALLED: &str = "installed";

impl Target {
    /// Returns the daemontools of this machine: `/command`, or else the first directory of `path`, a list as in PATH, that
    /// holds supervise and svscan. `None` if there is none.
    pub(crate) fn installed(path: Option<&OsStr>) -> Option<Target> {
        let directories = path.map(std::env::split_paths).into_iter().flatten();
        // Nobody means to test what happens to be in the current directory.
        let directories = directories.filter(|directory| directory.is_absolute());
        let holds = |directory: &PathBuf| ["supervise", "svscan"].iter().all(|name| has_command(directory, name));
        let directory = std::iter::once(PathBuf::from("/command")).chain(directories).find(holds)?;
        Some(Target { name: INSTALLED.to_owned(), directory: directory.canonicalize().ok()?, mix: None })
    }

    /// Returns the mixes of two builds, both ways: the clients, or svscan, of one with everything else of the other, as
    /// directories of links below `directory`, and an upgrade from one to the other.
    ///
    /// # Errors
    /// If the links cannot be made.
    pub(crate) fn mixes(one: &Target, other: &Target, directory: &Path) -> io::Result<Vec<Target>> {
        let mut mixes = vec![];
        for (guest, host) in [(one, other), (other, one)] {
            let mix = |how| Some(Mix { how, guest: guest.name.clone(), host: host.name.clone() });
            for (what, guests) in GUESTS {
                let name = format!("{} {what}, {}", guest.name, host.name);
                let directory = directory.join(mixes.len().to_string());
                std::fs::create_dir_all(&directory)?;
                for entry in std::fs::read_dir(&host.directory)? {
                    let command = entry?.file_name();
                    let owner = if guests.iter().any(|guest| command == *guest) { guest } else { host };
                    std::os::unix::fs::symlink(owner.directory.join(&command), directory.join(&command))?;
                }
                mixes.push(Target { name, directory, mix: mix(How::Beside(guests)) });
            }
            let name = format!("{}, then {}", host.name, guest.name);
            let directory = host.directory.clone();
            mixes.push(Target { name, directory, mix: mix(How::After(guest.directory.clone())) });
        }
        Ok(mixes)
    }

    /// Returns the name of the build whose program `scenario` is about.
    pub(crate) fn judged(&self, scenario: &Scenario) -> &str {
        match &self.mix {
            None => &self.name,
            Some(Mix { how: How::Beside(guests), guest, .. }) if guests.contains(&scenario.program()) => guest,
            Some(Mix { host, .. }) => host,
        }
    }

    /// Returns the directory of the commands that replace this target's in an upgrade.
    pub(crate) fn next_directory(&self) -> &Path {
        match &self.mix {
            Some(Mix { how: How::After(next), .. }) => next,
            _ => &self.directory,
        }
    }

    /// Returns the arguments of `svconform run` that make this target, quoted for a shell. `all` has the targets that it
    /// may be a mix of.
    pub(crate) fn arguments(&self, all: &[Target]) -> String {
        let plain = |name: &str| {
            let target = all.iter().find(|target| target.name == *name);
            let named = target.map(|target| quoted(&format!("{name}={}", target.directory.display())));
            named.map(|named| format!("--target {named}")).unwrap_or_default()
        };
        match &self.mix {
            None => plain(&self.name),
            Some(Mix { guest, host, .. }) => {
                format!("{} {} --mix {}", plain(guest), plain(host), quoted(&format!("{guest},{host}")))
            }
        }
    }

    /// Returns whether it is the target called `name`, or a mix with that one.
    pub(crate) fn is_made_of(&self, name: &str) -> bool {
        self.name == name || self.mix.as_ref().is_some_and(|mix| mix.guest == name || mix.host == name)
    }

    /// Returns whether it is made of two others.
    pub(crate) fn is_mixed(&self) -> bool {
        self.mix.is_some()
    }

    /// Returns whether `scenario` can say something about this target that it does not say about one that is not mixed.
    pub(crate) fn concerns(&self, scenario: &Scenario) -> bool {
        let is_upgrade = scenario.kind == Kind::Upgrade;
        match self.mix.as_ref().map(|mix| &mix.how) {
            None => true,
            Some(How::After(_)) => is_upgrade,
            Some(How::Beside(guests)) => {
                let is_guest = |one: &Use| matches!(one, Use::Command(name) if guests.contains(name));
                let is_host = |one: &Use| matches!(one, Use::Command(name) if !guests.contains(name));
                !is_upgrade && scenario.uses.iter().any(is_guest) && scenario.uses.iter().any(is_host)
            }
        }
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Target, String> {
        let (name, directory) = text.split_once('=').ok_or("a target is NAME=DIR")?;
        if name.is_empty() || directory.is_empty() {
            return Err("a target is NAME=DIR, and neither part may be empty".to_owned());
        }
        if name.len() > 60 || name.contains(char::is_control) {
            return Err("the name of a target must be printable and have at most 60 bytes".to_owned());
        }
        let directory = Path::new(directory);
        if !directory.is_dir() {
            return Err(format!("no such directory: {}", directory.display()));
        }
        let directory = directory.canonicalize().map_err(|error| format!("{}: {error}", directory.display()))?;
        Ok(Target { name: name.to_owned(), directory, mix: None })
    }
}

/// Returns `word` quoted so that a shell takes it for one word.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-+=./,:@%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_name_and_an_existing_directory() {
        assert_eq!("a=/".parse(), Ok(Target { name: "a".to_owned(), directory: PathBuf::from("/"), mix: None }));
        for wrong in ["a", "=/", "a=", "a=/no/such/directory", "a=/dev/null"] {
            assert!(wrong.parse::<Target>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_installed_target_is_the_first_directory_with_supervise_and_svscan() {
        let place = tempfile::tempdir().unwrap();
        let place = place.path().canonicalize().unwrap();
        for (directory, commands) in
            [("half", &["supervise"][..]), ("one", &["supervise", "svscan"]), ("two", &["svscan"])]
        {
            std::fs::create_dir(place.join(directory)).unwrap();
            for command in commands {
                std::os::unix::fs::symlink("/bin/true", place.join(directory).join(command)).unwrap();
            }
        }
        let path = std::env::join_paths(["relative".into(), place.join("half"), place.join("one"), place.join("two")]);
        // A machine with /command has that one.
        let expected = if Path::new("/command").exists() {
            Path::new("/command").canonicalize().unwrap()
        } else {
            place.join("one")
        };
        let found = Target::installed(Some(&path.unwrap())).unwrap();
        assert_eq!((found.name.as_str(), found.directory), ("installed", expected));
        if !Path::new("/command").exists() {
            assert_eq!(Target::installed(Some(place.join("half").as_os_str())), None);
            assert_eq!(Target::installed(None), None);
        }
    }

    #[test]
    fn a_word_is_quoted_only_where_a_shell_needs_it() {
        assert_eq!(quoted("a=/usr/bin"), "a=/usr/bin");
        assert_eq!(quoted("a=/it's here"), "'a=/it'\\''s here'");
    }
}
