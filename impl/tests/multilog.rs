//! What multilog promises beyond the original: nobody who may write to a log directory leads it to another file.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "whatever the machine refuses fails the test")]
#![expect(clippy::disallowed_methods, reason = "the subject of these tests is a process, and they wait for it")]

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An account that owns log directories here.
const NOBODY: u32 = 65534;

/// A directory for one test, removed at the end.
struct Place(PathBuf);

impl Place {
    /// Returns `None` if this is not root: the kernel and not multilog would refuse.
    fn new(name: &str) -> Option<Place> {
        let place = Place(std::env::temp_dir().join(format!("daemontools-{name}-{}", std::process::id())));
        fs::create_dir_all(&place.0).unwrap();
        place.write("victim", "root's", 0o744);
        place.write("input", &"123456789\n".repeat(600), 0o600);
        symlink(env!("CARGO_BIN_EXE_daemontools"), place.path("multilog")).unwrap();
        (fs::metadata("/proc/self").unwrap().uid() == 0).then_some(place)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Runs multilog on the input until it ends or prints a line, which this returns.
    fn first_line(&self, script: &[&str]) -> String {
        let mut multilog = Command::new(self.path("multilog"));
        multilog.args(script).current_dir(&self.0).stdin(File::open(self.path("input")).unwrap());
        let mut multilog = multilog.stderr(Stdio::piped()).spawn().unwrap();
        let bytes = BufReader::new(multilog.stderr.take().unwrap()).bytes().map(Result::unwrap);
        let line: Vec<u8> = bytes.take_while(|&byte| byte != b'\n').collect();
        let _ = multilog.kill();
        let status = multilog.wait().unwrap();
        assert!(!line.is_empty() || status.success(), "{script:?}: {status}");
        String::from_utf8(line).unwrap()
    }

    /// Fails if a file outside the log directories is not as it was.
    fn expect_untouched(&self, what: &str) {
        assert_eq!(fs::read_to_string(self.path("victim")).unwrap(), "root's", "{what}");
        assert_eq!(fs::metadata(self.path("victim")).unwrap().mode() & 0o777, 0o744, "{what}");
        assert!(fs::symlink_metadata(self.path("new")).is_err(), "{what}");
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What the owner of a log directory puts there before the start, with the path of a file outside.
type Trick = fn(&Path, &Path);

/// Tricks with the file that they are about, and what multilog says, empty if it writes its log.
const TRICKS: &[(&str, Trick, &str)] = &[
    ("lock", |file, victim| symlink(victim, file).unwrap(), "fatal: unable to lock directory ./D: is a symbolic link"),
    ("current", |file, victim| symlink(victim, file).unwrap(), ""),
    ("current", |file, victim| symlink(victim.with_file_name("new"), file).unwrap(), ""),
    (
        "current",
        |file, victim| fs::hard_link(victim, file).unwrap(),
        "fatal: unable to append to ./D/current: has several names",
    ),
    ("previous", |file, victim| symlink(victim, file).unwrap(), ""),
    ("previous", |file, victim| fs::hard_link(victim, file).unwrap(), ""),
    ("processed", |file, victim| symlink(victim, file).unwrap(), ""),
    ("processed", |file, victim| symlink(victim.with_file_name("new"), file).unwrap(), ""),
    ("newstate", |file, victim| symlink(victim, file).unwrap(), ""),
    ("newstate", |file, victim| fs::hard_link(victim, file).unwrap(), ""),
    ("state", |file, victim| symlink(victim, file).unwrap(), ""),
    ("state", |file, victim| fs::hard_link(victim, file).unwrap(), ""),
    ("@400000000000000000000000.s", |file, victim| symlink(victim, file).unwrap(), ""),
];

#[test]
fn no_owner_of_a_log_leads_multilog_to_another_file() {
    let Some(place) = Place::new("multilog-tricks") else { return };
    for (number, (file, trick, problem)) in TRICKS.iter().enumerate() {
        let log = format!("log{number}");
        fs::create_dir(place.path(&log)).unwrap();
        lchown(place.path(&log), Some(NOBODY), Some(NOBODY)).unwrap();
        trick(&place.path(&log).join(file), &place.path("victim"));
        let script = ["s4096", "n2", "!cat", &format!("./{log}")];
        let expected = if problem.is_empty() { String::new() } else { format!("multilog: {problem}") };
        assert_eq!(place.first_line(&script), expected.replace('D', &log), "{file} {number}");
        place.expect_untouched(&format!("{file} {number}"));
        assert!(
            problem.is_empty()
                == fs::symlink_metadata(place.path(&log).join("state")).is_ok_and(|state| state.is_file())
        );
    }
}

/// What the owner does in the middle of a rotation, here by the processor, and the warning that it leads to.
const RACES: &[(&str, &str)] = &[
    ("ln -sf ../victim processed; cat", "unable to create ./D/processed, pausing: is a symbolic link"),
    ("ln -sf ../new processed; cat", "unable to create ./D/processed, pausing: is a symbolic link"),
    ("ln -f ../victim processed; cat", "unable to create ./D/processed, pausing: has several names"),
    ("ln -sf ../victim newstate; cat", "unable to create ./D/newstate, pausing: is a symbolic link"),
    (
        "rm processed; mkfifo processed; cat <processed & cat",
        "unable to create ./D/processed, pausing: not a regular file",
    ),
];

#[test]
fn no_owner_of_a_log_leads_a_rotation_to_another_file() {
    let Some(place) = Place::new("multilog-races") else { return };
    for (number, (processor, warning)) in RACES.iter().enumerate() {
        let log = format!("log{number}");
        fs::create_dir(place.path(&log)).unwrap();
        lchown(place.path(&log), Some(NOBODY), Some(NOBODY)).unwrap();
        let line = place.first_line(&["s4096", &format!("!{processor}"), &format!("./{log}")]);
        assert_eq!(line, format!("multilog: warning: {warning}").replace('D', &log), "{processor}");
        place.expect_untouched(processor);
    }
}

#[test]
fn a_status_file_is_reached_through_links_of_root_alone() {
    let Some(place) = Place::new("multilog-status") else { return };
    place.write("status", "old", 0o600);
    symlink("status", place.path("second")).unwrap();
    symlink("second", place.path("first")).unwrap();
    symlink("circle", place.path("circle")).unwrap();
    for (name, target) in [("foreign", "victim"), ("absent", "new")] {
        symlink(target, place.path(name)).unwrap();
        lchown(place.path(name), Some(NOBODY), Some(NOBODY)).unwrap();
        let expected = format!("multilog: fatal: unable to create {name}: is a symbolic link");
        assert_eq!(place.first_line(&[&format!("={name}")]), expected);
        place.expect_untouched(name);
    }
    assert_eq!(place.first_line(&["=circle"]), "multilog: fatal: unable to create circle: symbolic link loop");
    assert_eq!(place.first_line(&["=first"]), "");
    assert!(fs::read_to_string(place.path("status")).unwrap().starts_with("123456789\n"));
}
