//! What svscan promises as process 1 of a container, and svscanboot in one: to end in order, and to survive kills.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "whatever the machine refuses fails the test")]
#![expect(clippy::print_stderr, reason = "a test that this machine does not allow says so")]
#![expect(clippy::disallowed_methods, reason = "the subject of these tests is a process, and they wait for it")]

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long an orderly end may take.
const GRACE: Duration = Duration::from_secs(10);

/// A service that prints ten lines when it gets TERM, and then ends. No process that it leaves can write to its log.
const WELL_BEHAVED: &str = "#!/bin/sh
trap 'echo TERM >>signals; for i in 1 2 3 4 5 6 7 8 9 10; do echo $i; done; exit' TERM
sleep 1000 >/dev/null &
: >started
wait
";
/// A log that takes a while for each line.
const SLOW_LOG: &str = "#!/bin/sh
echo start >>lines
while read -r line; do echo \"$line\" >>lines; sleep 0.1; done
echo end >>lines
";
/// A service that prints all the time.
const CHATTY: &str = "#!/bin/sh
echo >>starts
: >started
i=0
while :; do i=$((i + 1)); echo line $i; sleep 0.05; done
";
/// A service that survives TERM.
const STUBBORN: &str = "#!/bin/sh
trap 'echo TERM >>signals' TERM
sleep 1000 &
: >started
while :; do wait; done
";

/// Makes a place for svscanboot where the service directory and the search path have nothing but ours.
const BOOT: &str = "set -e
mount -t tmpfs tmpfs /etc
mkdir /etc/service
mount -t tmpfs tmpfs /usr/local/bin
[ ! -d /service ] || mount --bind /etc/service /service
[ ! -d /command ] || mount --bind /usr/local/bin /command
cp -P commands/* /usr/local/bin
cp -P scan/* /etc/service
";

/// A process 1 and its directory.
struct Container {
    root: PathBuf,
    unshare: Option<Child>,
}

impl Container {
    /// Makes the directory. Returns `None`, and says so, if this machine does not allow new namespaces.
    fn new(name: &str) -> Option<Container> {
        if !unshare().arg("true").stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
            eprintln!("skipped: this machine lacks unshare, or the right to make a pid namespace");
            return None;
        }
        let root = std::env::temp_dir().join(format!("daemontools-{name}-{}", std::process::id()));
        for directory in ["commands", "scan"] {
            fs::create_dir_all(root.join(directory)).unwrap();
        }
        for command in ["svscan", "supervise", "svscanboot", "readproctitle", "svc"] {
            symlink(env!("CARGO_BIN_EXE_daemontools"), root.join("commands").join(command)).unwrap();
        }
        Some(Container { root, unshare: None })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Makes a service directory with this `./run`.
    fn service(&self, name: &str, run: &str) {
        fs::create_dir_all(self.path(name)).unwrap();
        let file = self.path(name).join("run");
        fs::write(&file, run).unwrap();
        fs::set_permissions(file, PermissionsExt::from_mode(0o755)).unwrap();
    }

    fn list(&self, service: &str) {
        symlink(self.path(service), self.path("scan").join(service)).unwrap();
    }

    /// Starts svscan as process 1.
    fn start(&mut self) {
        self.run(&["svscan", "scan"]);
    }

    fn run(&mut self, command: &[&str]) {
        let path = format!("{}:/usr/bin:/bin", self.path("commands").display());
        let errors = fs::File::create(self.path("errors")).unwrap();
        let mut unshare = unshare();
        unshare.args(command).current_dir(&self.root).env("PATH", path).stdout(Stdio::null()).stderr(errors);
        self.unshare = unshare.spawn().ok();
        until("process 1 runs", || self.process1().is_some());
    }

    /// Returns the pid of process 1 as this process sees it.
    fn process1(&self) -> Option<i32> {
        children(self.unshare.as_ref()?.id().cast_signed()).first().copied()
    }

    /// Returns the pids of all processes called `name` below process 1.
    fn find(&self, name: &str) -> Vec<i32> {
        let mut found = vec![];
        let mut left: Vec<i32> = self.process1().into_iter().collect();
        while let Some(pid) = left.pop() {
            left.extend(children(pid));
            if fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name) {
                found.push(pid);
            }
        }
        found
    }

    /// Returns what readproctitle shows.
    fn title(&self) -> String {
        let arguments = self.find("readproctitle").first().map(|pid| fs::read(format!("/proc/{pid}/cmdline")));
        String::from_utf8_lossy(&arguments.map(Result::unwrap_or_default).unwrap_or_default()).into_owned()
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.process1().unwrap()), signal).unwrap();
    }

    /// Returns the exit code once svscan has ended.
    fn exit_code(&mut self) -> Option<i32> {
        self.unshare.as_mut()?.try_wait().unwrap()?.code()
    }

    fn until_exit(&mut self, code: i32) {
        let begin = Instant::now();
        while self.exit_code().is_none() {
            assert!(begin.elapsed() < Duration::from_secs(30), "svscan does not end");
            thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(self.exit_code(), Some(code));
    }

    fn until_started(&self, service: &str) {
        until("the service is started", || self.path(service).join("started").exists());
    }

    /// Returns the lines of a file of a service.
    fn lines(&self, service: &str, file: &str) -> Vec<String> {
        let text = fs::read_to_string(self.path(service).join(file)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // With process 1, all of its namespace ends.
        let _ = self.process1().map(|pid| kill(Pid::from_raw(pid), Signal::SIGKILL));
        self.unshare.iter_mut().for_each(|unshare| drop(unshare.wait()));
        let _ = fs::remove_dir_all(&self.root);
    }
}

fn unshare() -> Command {
    let mut unshare = Command::new("unshare");
    let user: &[&str] = if nix::unistd::geteuid().is_root() { &[] } else { &["--user", "--map-root-user"] };
    unshare.args(user).args(["--pid", "--fork", "--mount-proc"]);
    unshare
}

fn children(parent: i32) -> Vec<i32> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    children.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(30), "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn stays(what: &str, time: Duration, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while begin.elapsed() < time {
        assert!(holds(), "no longer: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

fn ends_services_and_then_logs(signal: Signal) {
    let Some(mut container) = Container::new(&format!("orderly-{signal}")) else { return };
    for service in ["web", "plain", "gone"] {
        container.service(service, WELL_BEHAVED);
        container.list(service);
    }
    for log in ["web/log", "gone/log"] {
        container.service(log, SLOW_LOG);
    }
    container.start();
    for service in ["web", "plain", "gone"] {
        container.until_started(service);
    }
    // svscan leaves it running, and learns of this before the signal.
    fs::remove_file(container.path("scan/gone")).unwrap();
    container.service("late", WELL_BEHAVED);
    container.list("late");
    container.until_started("late");
    container.signal(signal);
    container.until_exit(0);
    for service in ["web", "plain", "gone", "late"] {
        assert_eq!(container.lines(service, "signals"), ["TERM"], "{service}");
    }
    for log in ["web/log", "gone/log"] {
        let whole = ["start", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "end"];
        assert_eq!(container.lines(log, "lines"), whole, "{log}");
    }
}

#[test]
fn term_ends_services_and_then_logs() {
    ends_services_and_then_logs(Signal::SIGTERM);
}

#[test]
fn int_ends_services_and_then_logs() {
    ends_services_and_then_logs(Signal::SIGINT);
}

#[test]
fn a_second_signal_ends_what_is_left() {
    let Some(mut container) = Container::new("second") else { return };
    container.service("web", STUBBORN);
    container.list("web");
    container.start();
    container.until_started("web");
    let begin = Instant::now();
    container.signal(Signal::SIGTERM);
    until("the service gets TERM", || container.lines("web", "signals") == ["TERM"]);
    stays("svscan waits", Duration::from_secs(1), || container.exit_code().is_none());
    container.signal(Signal::SIGTERM);
    container.until_exit(0);
    assert!(begin.elapsed() < GRACE, "the second signal was ignored");
    assert_eq!(container.lines("web", "signals"), ["TERM"]);
}

#[test]
fn ten_seconds_end_what_is_left() {
    let Some(mut container) = Container::new("grace") else { return };
    container.service("web", STUBBORN);
    container.list("web");
    container.start();
    container.until_started("web");
    let begin = Instant::now();
    container.signal(Signal::SIGTERM);
    container.until_exit(0);
    assert!(begin.elapsed() >= GRACE, "after {:?}", begin.elapsed());
    assert_eq!(container.lines("web", "signals"), ["TERM"]);
}

#[test]
fn svscanboot_ends_in_order_too() {
    let Some(mut container) = Container::new("boot") else { return };
    container.service("web", WELL_BEHAVED);
    container.service("web/log", SLOW_LOG);
    container.list("web");
    container.run(&["sh", "-c", &format!("{BOOT} exec svscanboot")]);
    container.until_started("web");
    container.signal(Signal::SIGTERM);
    container.until_exit(0);
    assert_eq!(container.lines("web", "signals"), ["TERM"]);
    assert_eq!(container.lines("web/log", "lines").last().map(String::as_str), Some("end"));
}

#[test]
fn svscanboot_starts_again_what_is_killed() {
    let Some(mut container) = Container::new("killed") else { return };
    container.service("web", CHATTY);
    container.list("web");
    // Not as process 1.
    container.run(&["sh", "-c", &format!("{BOOT} svscanboot; exit $?")]);
    container.until_started("web");
    for name in ["svscan", "readproctitle", "svscan"] {
        let only = |old: i32| {
            until(&format!("another {name} runs"), || matches!(container.find(name)[..], [pid] if pid != old));
            container.find(name)[0]
        };
        let old = only(0);
        kill(Pid::from_raw(old), Signal::SIGKILL).unwrap();
        only(old);
        until("the title changes", || container.title().contains("line"));
        let before = container.title();
        until("the title changes", || container.title().contains("line") && container.title() != before);
    }
    // A new svscan keeps the service running, too.
    let supervise = container.find("supervise");
    assert_eq!((supervise.len(), container.lines("web", "starts").len()), (1, 1));
    kill(Pid::from_raw(supervise[0]), Signal::SIGKILL).unwrap();
    until("the service is started again", || container.lines("web", "starts").len() == 2);
}

#[test]
fn orphans_are_reaped_at_once() {
    let Some(mut container) = Container::new("orphans") else { return };
    container.service("web", "#!/bin/sh\nfor i in 1 2 3; do sh -c 'sleep 1000 &'; done\n: >started\nexec sleep 1001\n");
    container.list("web");
    container.start();
    container.until_started("web");
    let svscan = container.process1().unwrap();
    // supervise, and three orphans.
    until("the orphans are svscan's", || children(svscan).len() == 4);
    let is_orphan =
        |pid: &i32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "sleep");
    let orphans: Vec<i32> = children(svscan).into_iter().filter(is_orphan).collect();
    assert_eq!(orphans.len(), 3);
    let begin = Instant::now();
    for orphan in orphans {
        kill(Pid::from_raw(orphan), Signal::SIGKILL).unwrap();
        until("it is reaped", || !fs::exists(format!("/proc/{orphan}")).unwrap());
    }
    // The second and third would each take a whole scan of the original.
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}
