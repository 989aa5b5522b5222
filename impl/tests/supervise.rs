//! What supervise, svc and svstat promise beyond the original, which svconform therefore does not require.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "whatever the machine refuses fails the test")]
#![expect(clippy::disallowed_methods, reason = "the subject of these tests is a process, and they wait for it")]

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);
const O_NONBLOCK: i32 = 0o4000;
/// An account that owns service directories here.
const NOBODY: u32 = 65534;

/// A directory with the commands, removed at the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let place = Place(std::env::temp_dir().join(format!("daemontools-{name}-{}", std::process::id())));
        fs::create_dir_all(place.path("commands")).unwrap();
        for command in ["supervise", "svc", "svok", "svstat"] {
            symlink(env!("CARGO_BIN_EXE_daemontools"), place.path("commands").join(command)).unwrap();
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.path("commands").join(name));
        command.current_dir(&self.0);
        command
    }

    /// Runs a command and returns its exit code and what it prints.
    fn run(&self, name: &str, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.command(name).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    }

    /// Makes a service that records the pid of each start in the file `starts`.
    fn service(&self, name: &str) -> Service<'_> {
        fs::create_dir_all(self.path(name)).unwrap();
        script(&self.path(name).join("run"), "echo $$ >>starts; exec sleep 1000");
        Service { place: self, name: name.to_owned(), supervise: None }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Service<'p> {
    place: &'p Place,
    name: String,
    supervise: Option<Child>,
}

impl Service<'_> {
    fn file(&self, name: &str) -> PathBuf {
        self.place.path(&self.name).join(name)
    }

    /// Starts supervise with `errors` as standard error.
    fn start(&mut self, errors: impl Into<Stdio>) {
        self.supervise = Some(self.place.command("supervise").arg(&self.name).stderr(errors).spawn().unwrap());
    }

    fn svc(&self, options: &str) {
        assert_eq!(self.place.run("svc", &[options, &self.name]), (Some(0), String::new()));
    }

    fn starts(&self) -> Vec<String> {
        fs::read_to_string(self.file("starts")).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    fn until_starts(&self, count: usize) {
        until(&format!("{} is started {count} times", self.name), || self.starts().len() == count);
    }

    fn line(&self) -> String {
        self.place.run("svstat", &[&self.name]).1
    }

    fn until_line(&self, end: &str) {
        until(&format!("svstat prints {end}"), || self.line().contains(end));
    }

    fn is_running(&mut self) -> bool {
        self.supervise.as_mut().is_some_and(|supervise| supervise.try_wait().unwrap().is_none())
    }
}

impl Drop for Service<'_> {
    fn drop(&mut self) {
        if let Some(mut supervise) = self.supervise.take() {
            supervise.kill().unwrap();
            supervise.wait().unwrap();
        }
        for pid in self.starts() {
            kill("KILL", &pid);
        }
    }
}

fn kill(signal: &str, pid: &str) {
    Command::new("kill").arg(format!("-{signal}")).arg(pid).stderr(Stdio::null()).status().unwrap();
}

fn script(path: &Path, text: &str) {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o755).open(path).unwrap();
    file.write_all(format!("#!/bin/sh\n{text}\n").as_bytes()).unwrap();
}

fn make_fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Makes a FIFO, and returns a reader, which does not wait, and a writer.
fn fifo(path: &Path) -> (File, File) {
    make_fifo(path);
    let reader = OpenOptions::new().read(true).custom_flags(O_NONBLOCK).open(path).unwrap();
    (reader, OpenOptions::new().write(true).open(path).unwrap())
}

/// Fills the FIFO `path` with lines.
fn fill(path: &Path) {
    let mut writer = OpenOptions::new().write(true).custom_flags(O_NONBLOCK).open(path).unwrap();
    while writer.write(b"\n").is_ok() {}
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < PATIENCE, "not seen: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_full_standard_error_stops_nothing_and_the_next_warning_has_the_number() {
    let place = Place::new("full-stderr");
    let mut web = place.service("web");
    let (mut reader, writer) = fifo(&place.path("errors"));
    web.start(writer);
    web.until_starts(1);
    web.until_line(": up");
    fs::create_dir(web.file("supervise/status.new")).unwrap();
    fill(&place.path("errors"));
    // Its end and the start after it are two records that cannot be written.
    kill("KILL", &web.starts()[0]);
    web.until_starts(2);
    let mut text = String::new();
    let _ = reader.read_to_string(&mut text);
    web.svc("-p");
    let text = std::cell::RefCell::new(String::new());
    until("a warning", || {
        let _ = (&reader).read_to_string(&mut text.borrow_mut());
        text.borrow().ends_with("directory\n")
    });
    let expected = "supervise: warning: dropped 2 earlier warnings: standard error was full\n\
                    supervise: warning: unable to open web/supervise/status.new: is a directory\n";
    assert_eq!(text.into_inner(), expected);
}

#[test]
fn neither_a_closed_pipe_nor_a_small_limit_ends_supervise_and_run_inherits_the_signals() {
    let place = Place::new("signals");
    let mut web = place.service("web");
    script(&web.file("run"), "grep SigIgn /proc/self/status >ignored; echo $$ >>starts; exec sleep 1000");
    let (reader, writer) = fifo(&place.path("errors"));
    web.start(writer);
    web.until_starts(1);
    web.until_line(": up");
    drop(reader);
    fs::create_dir(web.file("supervise/status.new")).unwrap();
    web.svc("-p");
    fs::remove_dir(web.file("supervise/status.new")).unwrap();
    let pid = web.supervise.as_ref().unwrap().id().to_string();
    assert!(Command::new("prlimit").args(["--fsize=9:", "--pid", &pid]).status().unwrap().success());
    web.svc("-c");
    web.svc("-p");
    assert!(Command::new("prlimit").args(["--fsize=unlimited:", "--pid", &pid]).status().unwrap().success());
    // Nothing is sent any more: the record is tried again.
    web.until_line("paused");
    assert!(web.is_running());
    // SIGPIPE is 13, and SIGXFSZ 25. The test runner ignores the first, as all programs of Rust do.
    let inherited = fs::read_to_string("/proc/self/status").unwrap();
    let of = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("SigIgn")).unwrap().to_owned();
        u64::from_str_radix(line.split_whitespace().nth(1).unwrap(), 16).unwrap() & (1 << 24 | 1 << 12)
    };
    // std resets SIGPIPE in children.
    assert_eq!(of(&fs::read_to_string(web.file("ignored")).unwrap()), of(&inherited) & !(1 << 12));
}

#[test]
fn a_child_without_run_does_not_wait_for_ever_for_a_full_standard_error() {
    let place = Place::new("full-child");
    let mut web = place.service("web");
    fs::remove_file(web.file("run")).unwrap();
    let (_reader, writer) = fifo(&place.path("errors"));
    fill(&place.path("errors"));
    web.start(writer);
    web.until_line(": up");
    // Its child has the lock too.
    let mut supervise = web.supervise.take().unwrap();
    supervise.kill().unwrap();
    supervise.wait().unwrap();
    let lock = File::open(web.file("supervise/lock")).unwrap();
    until("the lock is free", || lock.try_lock().is_ok());
}

#[test]
fn an_orphan_is_named_with_the_command_that_ends_it() {
    let place = Place::new("orphan");
    let mut web = place.service("web");
    web.start(Stdio::null());
    web.until_starts(1);
    web.until_line(": up");
    let mut first = web.supervise.take().unwrap();
    first.kill().unwrap();
    first.wait().unwrap();
    web.start(File::create(place.path("errors")).unwrap());
    web.until_starts(2);
    let pid = web.starts()[0].clone();
    let expected =
        format!("supervise: warning: process {pid} of an earlier supervise still runs in web; to end it: kill {pid}\n");
    assert_eq!(fs::read_to_string(place.path("errors")).unwrap(), expected);
}

#[test]
fn svc_waits_for_a_full_fifo_after_all_others() {
    let place = Place::new("full-control");
    let mut other = place.service("other");
    other.start(Stdio::null());
    other.until_line(": up");
    fs::create_dir_all(place.path("full/supervise")).unwrap();
    let (mut reader, _writer) = fifo(&place.path("full/supervise/control"));
    fill(&place.path("full/supervise/control"));
    let mut svc = place.command("svc").args(["-p", "full", "other"]).spawn().unwrap();
    other.until_line("paused");
    assert!(svc.try_wait().unwrap().is_none());
    let mut text = vec![0; 1 << 20];
    let length = reader.read(&mut text).unwrap();
    assert!(!text[..length].contains(&b'p'));
    assert!(svc.wait().unwrap().success());
    assert_eq!((reader.read(&mut text).unwrap(), text[0]), (1, b'p'));
}

#[test]
fn what_cannot_be_made_is_reported_as_itself() {
    let place = Place::new("cannot-make");
    place.service("web");
    symlink("missing/place", place.path("web/supervise")).unwrap();
    let expected = "supervise: fatal: unable to create web/supervise: file does not exist\n";
    assert_eq!(place.run("supervise", &["web"]), (Some(111), expected.to_owned()));
}

/// What an unprivileged owner of a service directory puts in the place of a file of supervise.
type Trick = fn(&Place, &Path);

/// Tricks with the file that they are about, and what supervise says. Empty if it runs.
const TRICKS: &[(&str, Trick, &str)] = &[
    ("lock", |place, file| symlink(place.path("new"), file).unwrap(), "acquire D/supervise/lock: is a symbolic link"),
    (
        "lock",
        |place, file| symlink(place.path("victim"), file).unwrap(),
        "acquire D/supervise/lock: is a symbolic link",
    ),
    ("lock", |_, file| make_fifo(file), "acquire D/supervise/lock: device not configured"),
    ("lock", |_, file| fs::create_dir(file).unwrap(), "acquire D/supervise/lock: is a directory"),
    (
        "control",
        |place, file| symlink(place.path("victim"), file).unwrap(),
        "read D/supervise/control: is a symbolic link",
    ),
    (
        "control",
        |place, file| symlink(place.path("new"), file).unwrap(),
        "read D/supervise/control: is a symbolic link",
    ),
    (
        "control",
        |place, file| symlink(place.path("pipe"), file).unwrap(),
        "read D/supervise/control: is a symbolic link",
    ),
    ("control", |_, file| symlink("/dev/null", file).unwrap(), "read D/supervise/control: is a symbolic link"),
    ("control", |_, file| fs::write(file, "kkkkkkkk").unwrap(), "read D/supervise/control: not a FIFO"),
    ("control", |_, file| fs::create_dir(file).unwrap(), "read D/supervise/control: not a FIFO"),
    ("ok", |place, file| symlink(place.path("victim"), file).unwrap(), "read D/supervise/ok: is a symbolic link"),
    ("ok", |place, file| symlink(place.path("pipe"), file).unwrap(), "read D/supervise/ok: is a symbolic link"),
    ("ok", |_, file| fs::write(file, "").unwrap(), "read D/supervise/ok: not a FIFO"),
    ("status.new", |place, file| symlink(place.path("victim"), file).unwrap(), ""),
    ("status.new", |place, file| symlink(place.path("new"), file).unwrap(), ""),
    ("status.new", |place, file| fs::hard_link(place.path("victim"), file).unwrap(), ""),
    ("status.new", |_, file| make_fifo(file), ""),
    ("status", |place, file| symlink(place.path("victim"), file).unwrap(), ""),
    ("status", |place, file| fs::hard_link(place.path("victim"), file).unwrap(), ""),
    ("", |place, file| symlink(place.path("private"), file).unwrap(), REFUSED),
    ("", |place, file| symlink(place.path("nowhere"), file).unwrap(), "acquire D/supervise/lock: file does not exist"),
    ("", |_, file| symlink("/etc", file).unwrap(), REFUSED),
];
const REFUSED: &str = "acquire D/supervise/lock: supervise is a symbolic link of another account";

#[test]
fn no_owner_of_a_service_leads_supervise_or_a_client_to_another_file() {
    if !is_root() {
        // The kernel and not supervise would refuse.
        return;
    }
    let place = Place::new("tricks");
    fs::write(place.path("victim"), "root's").unwrap();
    fs::create_dir(place.path("private")).unwrap();
    make_fifo(&place.path("pipe"));
    let etc = || fs::read_dir("/etc").unwrap().count();
    let before = etc();
    for (number, (file, trick, problem)) in TRICKS.iter().enumerate() {
        let mut web = place.service(&format!("web{number}"));
        let supervise = web.file("supervise");
        if !file.is_empty() {
            fs::create_dir(&supervise).unwrap();
        }
        let path = if file.is_empty() { supervise.clone() } else { supervise.join(file) };
        trick(&place, &path);
        for path in [web.file(""), supervise, path] {
            // Not the file of root that a hard link shares.
            if fs::symlink_metadata(&path).unwrap().nlink() == 1 || path.is_dir() {
                lchown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        if problem.is_empty() {
            web.start(Stdio::null());
            web.until_starts(1);
            web.until_line(": up");
            assert!(fs::symlink_metadata(web.file("supervise/status")).unwrap().is_file());
        } else {
            let expected = format!("supervise: fatal: unable to {}\n", problem.replace('D', &web.name));
            assert_eq!(place.run("supervise", &[&web.name]), (Some(111), expected), "{file} {number}");
        }
        // None of the clients writes anywhere either.
        place.run("svc", &["-p", &web.name]);
        place.run("svok", &[&web.name]);
        place.run("svstat", &[&web.name]);
        assert_eq!(fs::read_to_string(place.path("victim")).unwrap(), "root's", "{file} {number}");
        assert!(
            fs::symlink_metadata(place.path("new")).is_err() && fs::symlink_metadata(place.path("nowhere")).is_err()
        );
        assert_eq!((fs::read_dir(place.path("private")).unwrap().count(), etc()), (0, before), "{file} {number}");
    }
    assert!(fs::metadata(place.path("pipe")).unwrap().file_type().is_fifo());
}

/// The owner puts another directory, or a link to one, in the place of `supervise` while supervise runs.
#[test]
fn a_directory_that_is_replaced_later_leads_nowhere_else() {
    let place = Place::new("replaced");
    fs::create_dir(place.path("private")).unwrap();
    let mut web = place.service("web");
    web.start(Stdio::null());
    web.until_starts(1);
    web.until_line(": up");
    fs::rename(web.file("supervise"), web.file("old")).unwrap();
    symlink(place.path("private"), web.file("supervise")).unwrap();
    let record = || fs::read(web.file("old/status")).unwrap();
    let before = record();
    kill("KILL", &web.starts()[0]);
    web.until_starts(2);
    until("the record is written", || record() != before);
    assert_eq!(fs::read_dir(place.path("private")).unwrap().count(), 0);
}
