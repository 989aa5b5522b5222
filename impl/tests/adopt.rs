//! What svscan promises when an earlier one was killed, or when two work on one directory. With the original, supervises
//! meet locks for ever and logs lose their pipes.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "whatever the machine refuses fails the test")]
#![expect(clippy::disallowed_methods, reason = "the subject of these tests is a process, and they wait for it")]

use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Prints lines with its pid and a number.
const COUNTING: &str = "#!/bin/sh
echo $$ >>starts
i=0
while :; do echo $$ $i; i=$((i + 1)); sleep 0.02; done
";
/// A shell would lose the line that it has read when TERM arrives.
const LOG: &str = "#!/bin/sh
echo $$ >>starts
exec multilog ./main
";

/// A directory with services and a scan directory, and the processes that were started there.
struct Tree {
    root: PathBuf,
    children: RefCell<Vec<Child>>,
}

impl Tree {
    fn new(name: &str) -> Tree {
        let root = std::env::temp_dir().join(format!("daemontools-{name}-{}", std::process::id()));
        for directory in ["commands", "scan", "web/log"] {
            fs::create_dir_all(root.join(directory)).unwrap();
        }
        for command in ["svscan", "supervise", "multilog"] {
            symlink(env!("CARGO_BIN_EXE_daemontools"), root.join("commands").join(command)).unwrap();
        }
        for (file, text) in [("web/run", COUNTING), ("web/log/run", LOG)] {
            fs::write(root.join(file), text).unwrap();
            fs::set_permissions(root.join(file), PermissionsExt::from_mode(0o755)).unwrap();
        }
        symlink("../web", root.join("scan/web")).unwrap();
        Tree { root, children: RefCell::default() }
    }

    /// Starts a command in the scan directory, which appends its errors to the file `errors`.
    fn start(&self, command: &[&str], errors: &str) -> Pid {
        let path = format!("{}:/usr/bin:/bin", self.root.join("commands").display());
        let errors = OpenOptions::new().append(true).create(true).open(self.root.join(errors)).unwrap();
        let mut started = Command::new(self.root.join("commands").join(command[0]));
        started.args(&command[1..]).current_dir(self.root.join("scan")).env("PATH", path);
        let child = started.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors).spawn().unwrap();
        let pid = Pid::from_raw(child.id().cast_signed());
        self.children.borrow_mut().push(child);
        pid
    }

    /// Kills a process that this started.
    fn kill(&self, pid: Pid) {
        kill(pid, Signal::SIGKILL).unwrap();
        let mut children = self.children.borrow_mut();
        children.iter_mut().filter(|child| child.id().cast_signed() == pid.as_raw()).for_each(|child| {
            child.wait().unwrap();
        });
    }

    fn lines(&self, file: &str) -> Vec<String> {
        let text = fs::read_to_string(self.root.join(file)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn until_starts(&self, service: &str, count: usize) {
        until(&format!("start {count} of {service}"), || self.lines(&format!("{service}/starts")).len() >= count);
    }

    fn starts(&self) -> [usize; 2] {
        ["web/starts", "web/log/starts"].map(|file| self.lines(file).len())
    }

    /// Waits until the log has read a line of the latest run of the service that was printed after this call.
    fn until_logged(&self) {
        let pid = self.lines("web/starts").pop().unwrap();
        let count =
            || self.lines("web/log/main/current").iter().filter(|line| line.starts_with(&format!("{pid} "))).count();
        let before = count();
        until("the log reads the service", || count() > before + 10);
    }

    /// Sends what `svc -dx` sends.
    fn end(&self, service: &str) {
        let mut options = OpenOptions::new();
        options.write(true).custom_flags(nix::libc::O_NONBLOCK);
        options.open(self.root.join(service).join("supervise/control")).unwrap().write_all(b"dx").unwrap();
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        for child in self.children.get_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
        // Whatever works in its directories: the supervises first, so that they start nothing.
        for name in ["supervise", ""] {
            for process in fs::read_dir("/proc").unwrap().flatten() {
                let path = process.path();
                let is_here = fs::read_link(path.join("cwd")).is_ok_and(|cwd| cwd.starts_with(&self.root));
                let arguments = fs::read_to_string(path.join("cmdline")).unwrap_or_default();
                if is_here && arguments.starts_with(name) {
                    let pid = process.file_name().to_str().unwrap().parse().unwrap();
                    let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
                }
            }
        }
        let _ = fs::remove_dir_all(&self.root);
    }
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(30), "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Watches for longer than svscan takes to look again.
fn stays(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(6) {
        assert!(holds(), "no longer: {what}");
        thread::sleep(Duration::from_millis(100));
    }
}

/// The lines of one svscan that finds the service and its log running.
const ADOPTS: [&str; 2] = [
    "svscan: warning: unable to start supervise web: another one is running, waiting until that exits",
    "svscan: warning: unable to start supervise web/log: another one is running, waiting until that exits",
];

#[test]
fn a_new_svscan_takes_over_services_and_pipes() {
    let tree = Tree::new("adopt");
    let first = tree.start(&["svscan"], "first");
    tree.until_starts("web", 1);
    tree.until_logged();
    tree.kill(first);
    tree.start(&["svscan"], "second");
    until("the new svscan finds both", || tree.lines("second") == ADOPTS);
    stays("neither is started nor reported again", || (tree.starts(), tree.lines("second").len()) == ([1, 1], 2));
    tree.until_logged();
    // Each side in turn: the other one keeps the same pipe.
    tree.end("web");
    tree.until_starts("web", 2);
    tree.until_logged();
    assert_eq!(tree.starts(), [2, 1]);
    tree.end("web/log");
    tree.until_starts("web/log", 2);
    tree.until_logged();
    tree.end("web");
    tree.until_starts("web", 3);
    tree.until_logged();
    assert_eq!((tree.starts(), tree.lines("second").len()), ([3, 2], 2));
    // The second run printed into the pipe all the time.
    let pid = tree.lines("web/starts")[1].clone();
    let lines = tree.lines("web/log/main/current");
    let numbers = lines.iter().filter_map(|line| line.strip_prefix(&format!("{pid} "))?.parse::<usize>().ok());
    assert!(numbers.eq(0..lines.iter().filter(|line| line.starts_with(&format!("{pid} "))).count()), "{lines:?}");
    assert_eq!(tree.lines("first"), [""; 0]);
}

#[test]
fn a_second_svscan_waits_for_the_first() {
    let tree = Tree::new("second");
    let first = tree.start(&["svscan"], "first");
    tree.until_starts("web", 1);
    tree.start(&["svscan"], "second");
    let waits = "svscan: warning: unable to lock directory: another svscan is at work on it, waiting until that ends";
    until("the second says that it waits", || tree.lines("second") == [waits]);
    stays("it says so once", || tree.lines("second") == [waits]);
    tree.kill(first);
    until("it takes over", || tree.lines("second") == [&[waits], &ADOPTS[..]].concat());
    tree.end("web");
    tree.until_starts("web", 2);
    tree.until_logged();
    assert_eq!(tree.starts(), [2, 1]);
}

#[test]
fn a_lock_of_another_program_keeps_no_svscan_from_its_work() {
    let tree = Tree::new("locked");
    let directory = File::open(tree.root.join("scan")).unwrap();
    let _lock = Flock::lock(directory, FlockArg::LockExclusive).unwrap();
    tree.start(&["svscan"], "errors");
    tree.until_starts("web", 1);
    assert_eq!(tree.lines("errors"), [""; 0]);
}

#[test]
fn a_pipe_that_cannot_be_taken_over_is_reported() {
    let tree = Tree::new("pipe");
    // Its standard output is no pipe.
    tree.start(&["supervise", "web"], "supervise");
    tree.until_starts("web", 1);
    tree.start(&["svscan"], "svscan");
    let warning = "svscan: warning: unable to take over the pipe to web/log: run svc -dx web web/log";
    until("svscan warns", || tree.lines("svscan") == [warning, ADOPTS[0]]);
    tree.until_starts("web/log", 1);
    for service in ["web", "web/log"] {
        tree.end(service);
        tree.until_starts(service, 2);
    }
    tree.until_logged();
    assert_eq!(tree.lines("svscan").len(), 2);
}
