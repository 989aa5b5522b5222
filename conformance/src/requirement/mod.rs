//! Requirements: what a target must do, each in our own words with its source, a file per program.

mod envdir;
mod envuidgid;
mod fghack;
mod multilog;
mod pgrphack;
mod readproctitle;
mod setlock;
mod setuidgid;
mod shared;
mod softlimit;
mod supervise;
mod svc;
mod svcheck;
mod svok;
mod svscan;
mod svscanboot;
mod svstat;
mod svstatus;
mod svwait;
mod tai64n;
mod tai64nlocal;

/// How firmly something is promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Class {
    /// A manual page promises it.
    Doc,
    /// The original does it, but no manual page promises it.
    Obs,
    /// The original does it, but it is a defect, and no target has to repeat it.
    Bug,
    /// A manual page of this project promises it, of a command that the original lacks.
    Ext,
}

impl Class {
    /// The classes of scenarios, each with the words for its counts.
    pub(crate) const COUNTED: [(Class, &'static str); 3] =
        [(Class::Doc, "promised by the manual"), (Class::Obs, "observed"), (Class::Ext, "extensions")];

    /// Returns the word that lists print.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Class::Doc => "doc",
            Class::Obs => "obs",
            Class::Bug => "bug",
            Class::Ext => "ext",
        }
    }
}

/// What a requirement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aspect {
    /// The bytes on standard output.
    Stdout,
    /// The bytes on standard error.
    Stderr,
    /// The exit code, or the signal that ended the program.
    Exit,
    /// Names, modes and contents of files other than those in `supervise/`.
    Files,
    /// The record, the lock and the FIFOs in `supervise/`, and the bytes that pass through them. Only scenarios for such
    /// requirements may look there.
    State,
    /// Which processes exist and what each was given: parent, ids, directory, arguments, environment, descriptors.
    Processes,
    /// Which signals are sent, and what happens to those received.
    Signals,
    /// When something happens, and in what order.
    Timing,
}

impl Aspect {
    /// Returns the words that `svconform explain` prints.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Aspect::Stdout => "stdout",
            Aspect::Stderr => "stderr",
            Aspect::Exit => "exit code",
            Aspect::Files => "files",
            Aspect::State => "files in supervise/",
            Aspect::Processes => "processes",
            Aspect::Signals => "signals",
            Aspect::Timing => "timing",
        }
    }
}

/// One requirement.
#[derive(Debug)]
pub(crate) struct Requirement {
    /// The row of the behaviour reference, such as `SUP-22`. Where a row mixes a promise of the manual with what the
    /// original was seen to do, the promise keeps the id and the observation has a `b`, such as `SUP-35b`.
    pub(crate) id: &'static str,
    /// How firmly it is promised.
    pub(crate) class: Class,
    /// The requirement in plain words.
    pub(crate) promise: &'static str,
    /// The manual page or the experiment that it is taken from.
    pub(crate) source: &'static str,
    /// What it is about.
    pub(crate) aspects: &'static [Aspect],
}

/// Requirements that no scenario proves, each with the reason.
pub(crate) const UNPROVEN: &[(&str, &str)] = &[
    ("EUG-02", "a program that depends on the order of its environment is broken"),
    ("SUP-21", "the original does it, but no target has to repeat it"),
    ("TAI-04", "the original does it, but no target has to repeat it"),
];

/// Returns all requirements, program by program.
pub(crate) fn all() -> impl Iterator<Item = &'static Requirement> {
    let files = [
        shared::ALL,
        supervise::ALL,
        svc::ALL,
        svstat::ALL,
        svok::ALL,
        svscan::ALL,
        svscanboot::ALL,
        readproctitle::ALL,
        multilog::ALL,
        tai64n::ALL,
        tai64nlocal::ALL,
        setuidgid::ALL,
        envuidgid::ALL,
        envdir::ALL,
        softlimit::ALL,
        setlock::ALL,
        fghack::ALL,
        pgrphack::ALL,
        svstatus::ALL,
        svwait::ALL,
        svcheck::ALL,
    ];
    files.into_iter().flatten()
}

/// Returns the requirement called `id`.
pub(crate) fn find(id: &str) -> Option<&'static Requirement> {
    all().find(|requirement| requirement.id == id)
}

/// Returns what the requirement called `id` is about: a command, or something that several commands have in common.
pub(crate) fn subject(id: &str) -> &str {
    let prefix = id.split('-').next().unwrap_or_default();
    let subjects = [
        ("GEN", "All commands"),
        ("OPT", "Options of all commands"),
        ("EXEC", "Commands that run a program"),
        ("ERR", "Error messages"),
        ("SUP", "supervise"),
        ("SVC", "svc"),
        ("STAT", "svstat"),
        ("OK", "svok"),
        ("SCAN", "svscan"),
        ("BOOT", "svscanboot"),
        ("RPT", "readproctitle"),
        ("MLOG", "multilog"),
        ("TAI", "tai64n"),
        ("TLOC", "tai64nlocal"),
        ("SUG", "setuidgid"),
        ("EUG", "envuidgid"),
        ("ENV", "envdir"),
        ("LIM", "softlimit"),
        ("LOCK", "setlock"),
        ("FGH", "fghack"),
        ("PGH", "pgrphack"),
        ("EXT", "svstatus, svwait and svcheck"),
    ];
    subjects.iter().find(|(known, _)| *known == prefix).map_or(prefix, |(_, subject)| subject)
}

/// Returns the requirements called `ids`, each as `ID: PROMISE`.
pub(crate) fn promises(ids: &[String]) -> Vec<String> {
    ids.iter().filter_map(|id| find(id)).map(|one| format!("{}: {}", one.id, one.promise)).collect()
}

/// Seen by running the original.
const OBSERVED: &str = "daemontools 0.76, observed";
/// Seen by running the original as Debian patches it.
const OBSERVED_DEBIAN: &str = "daemontools 0.76, observed, Debian build";

/// A requirement that the manual page `page` states.
const fn doc(id: &'static str, page: &'static str, aspects: &'static [Aspect]) -> Requirement {
    Requirement { id, class: Class::Doc, promise: "", source: page, aspects }
}

/// A requirement that the original keeps without promising it.
const fn obs(id: &'static str, source: &'static str, aspects: &'static [Aspect]) -> Requirement {
    Requirement { id, class: Class::Obs, promise: "", source, aspects }
}

/// A defect of the original.
const fn bug(id: &'static str, source: &'static str, aspects: &'static [Aspect]) -> Requirement {
    Requirement { id, class: Class::Bug, promise: "", source, aspects }
}

/// A promise of this project's page `page`, about a command that the original lacks.
const fn ext(id: &'static str, page: &'static str, aspects: &'static [Aspect]) -> Requirement {
    Requirement { id, class: Class::Ext, promise: "", source: page, aspects }
}

impl Requirement {
    /// Puts the requirement into words.
    const fn promises(self, promise: &'static str) -> Self {
        Self { promise, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIXES: [&str; 22] = [
        "GEN", "OPT", "EXEC", "ERR", "SUP", "SVC", "STAT", "OK", "SCAN", "BOOT", "RPT", "MLOG", "TAI", "TLOC", "SUG",
        "EUG", "ENV", "LIM", "LOCK", "FGH", "PGH", "EXT",
    ];

    /// The position of an id: its prefix, its number, and the letter behind it.
    fn position(id: &str) -> (usize, u32, &str) {
        let (prefix, rest) = id.split_once('-').unwrap();
        let number = rest.trim_end_matches('b');
        (PREFIXES.iter().position(|known| *known == prefix).unwrap(), number.parse().unwrap(), &rest[number.len()..])
    }

    #[test]
    fn ids_follow_the_reference_and_none_is_there_twice() {
        let ids: Vec<&str> = all().map(|requirement| requirement.id).collect();
        for pair in ids.windows(2) {
            assert!(position(pair[0]) < position(pair[1]), "{} before {}", pair[0], pair[1]);
        }
        for (index, prefix) in PREFIXES.iter().enumerate() {
            assert!(ids.iter().any(|id| position(id).0 == index), "{prefix}");
            assert_ne!(subject(prefix), *prefix);
        }
        assert_eq!(find("SUP-35b").map(|found| found.id), Some("SUP-35b"));
        assert!(find("SUP-99").is_none());
    }

    #[test]
    fn an_observation_beside_a_promise_is_not_promised() {
        for observation in all().filter(|one| one.id.ends_with('b')) {
            assert_eq!(observation.class, Class::Obs, "{}", observation.id);
            assert_eq!(find(observation.id.trim_end_matches('b')).unwrap().class, Class::Doc, "{}", observation.id);
        }
    }

    #[test]
    fn promises_are_sentences() {
        for requirement in all() {
            assert!(requirement.promise.ends_with('.'), "{}", requirement.id);
            assert!(requirement.promise.len() >= 20, "{}", requirement.id);
            assert!(!requirement.promise.contains("  "), "{}", requirement.id);
        }
    }

    #[test]
    fn promises_of_the_manual_name_a_page_and_others_do_not() {
        for requirement in all() {
            let page = requirement.source.contains("(8)");
            assert_eq!(page, [Class::Doc, Class::Ext].contains(&requirement.class), "{}", requirement.id);
        }
    }

    #[test]
    fn no_promise_of_the_manual_is_about_the_files_of_supervise() {
        let about_state = |one: &&Requirement| one.class == Class::Doc && one.aspects.contains(&Aspect::State);
        assert_eq!(all().find(about_state).map(|one| one.id), None);
    }

    #[test]
    fn each_requirement_has_aspects_and_none_twice() {
        for requirement in all() {
            assert!(!requirement.aspects.is_empty(), "{}", requirement.id);
            for (index, aspect) in requirement.aspects.iter().enumerate() {
                assert!(!requirement.aspects[..index].contains(aspect), "{} {aspect:?}", requirement.id);
            }
        }
    }
}
