//! svscanboot: starts svscan on the service directory, and readproctitle to show the errors of everything below it.

use crate::program::Exit;
use crate::sys::argv::Args;
use crate::sys::directory::names;
use crate::sys::{Pid, child, open, ready, signals, stdio};
use crate::wire::files;
use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{io, iter};

/// The search path, and the whole environment, of everything that svscanboot starts (BOOT-02).
const PATH: &str = "/command:/usr/local/bin:/usr/local/sbin:/bin:/sbin:/usr/bin:/usr/sbin:/usr/X11R6/bin";
/// The service directory.
const SERVICE: &str = "/service";
/// The service directory where [`SERVICE`] is not a directory and this is.
const ETC_SERVICE: &str = "/etc/service";
/// The length of readproctitle's title (BOOT-01).
const DOTS: usize = 400;
/// The time between the end of a killed child and its next start. Whoever kills everything reaches this process within it.
const PAUSE: Duration = Duration::from_secs(1);
/// The exit code of a shell that cannot start a program.
const NOT_STARTED: u8 = 127;

/// Ignores its arguments, since unit files pass some (BOOT-05). Exits with the code that a shell would make of
/// readproctitle's end (BOOT-08).
pub(crate) fn run(_: Args) -> Result<(), Exit> {
    Err(Exit::silent(boot().unwrap_or(111)))
}

/// Returns readproctitle's exit code. Prints nothing: standard error is /dev/null from the start (BOOT-03).
fn boot() -> io::Result<u8> {
    // Otherwise /dev/null itself could get number 0, 1 or 2, and be closed on exec.
    stdio::open_closed();
    let null = OwnedFd::from(File::options().read(true).write(true).open("/dev/null")?);
    stdio::redirect_stdin(&null)?;
    stdio::redirect_stdout(&null)?;
    stdio::redirect_stderr(&null)?;
    signals::reset_sigchld()?;
    let directory = service_directory(Path::is_dir);

    let leftovers = services(Path::new(directory));
    if !leftovers.is_empty() {
        let argv = ["svc", "-dx"].map(OsStr::new).into_iter().chain(leftovers.iter().map(AsRef::as_ref));
        let svc = child::spawn(|| exec(&argv.collect::<Vec<_>>()))?;
        let _ = wait_for(svc);
    }

    let (reader, writer) = open::pipe()?;
    let become_svscan = || match stdio::redirect_stdout(&writer).and_then(|()| stdio::redirect_stderr(&writer)) {
        Ok(()) => exec(&["svscan", directory].map(OsStr::new)),
        Err(_) => 111,
    };
    let become_readproctitle = || match stdio::redirect_stdin(&reader) {
        Ok(()) => exec(&["readproctitle", "service", "errors:", &".".repeat(DOTS)].map(OsStr::new)),
        Err(_) => 111,
    };
    // Process 1 becomes svscan, which reaps orphans and ends in order.
    if std::process::id() == 1 {
        child::spawn(become_readproctitle)?;
        return Ok(become_svscan());
    }
    // In this order: readproctitle ends with this process if svscan cannot be started, and svscan would stay.
    let mut readproctitle = child::spawn(become_readproctitle)?;
    let mut svscan = child::spawn(become_svscan)?;
    // While both ends are open here, neither is missed by what has the other one.
    while let Some((pid, status)) = child::wait_for_exit() {
        let is_killed = child::Ended::of(status) == child::Ended::Killed;
        if is_killed && pid == svscan {
            svscan = start_again(become_svscan);
        } else if is_killed && pid == readproctitle {
            readproctitle = start_again(become_readproctitle);
        } else if pid == svscan || pid == readproctitle {
            // It has ended by itself, and would again.
            drop((reader, writer));
            let last = if pid == svscan { wait_for(readproctitle) } else { Some(status) };
            // A shell waits for every process of a pipeline.
            while child::wait_for_exit().is_some() {}
            return Ok(last.map_or(111, child::shell_code));
        }
    }
    Ok(111)
}

/// Starts a child in the place of one that was killed, after [`PAUSE`]. Tries again until it can.
fn start_again(body: impl Fn() -> u8) -> Pid {
    loop {
        ready::wait(&[], Some(PAUSE));
        if let Ok(pid) = child::spawn(&body) {
            return pid;
        }
    }
}

fn service_directory(is_directory: impl Fn(&Path) -> bool) -> &'static str {
    let is_directory = |name| is_directory(Path::new(name));
    if !is_directory(SERVICE) && is_directory(ETC_SERVICE) { ETC_SERVICE } else { SERVICE }
}

/// Waits until the child `pid` exits, and returns its wait status.
fn wait_for(pid: Pid) -> Option<i32> {
    iter::from_fn(child::wait_for_exit).find(|&(exited, _)| exited == pid).map(|(_, status)| status)
}

/// Returns the service directories that supervises of an earlier svscan may still run in: the entries of `directory`,
/// then their logs (BOOT-04).
fn services(directory: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = names(directory)
        .unwrap_or_default()
        .into_iter()
        .filter(|name| !name.as_encoded_bytes().starts_with(b"."))
        .map(|name| directory.join(name))
        .collect();
    entries.sort();
    let logs: Vec<PathBuf> = entries.iter().map(|entry| entry.join(files::LOG)).filter(|log| log.exists()).collect();
    entries.into_iter().chain(logs).collect()
}

/// Replaces this process by `argv[0]` in an environment of PATH alone. Returns the exit code if that fails.
fn exec(argv: &[&OsStr]) -> u8 {
    let _ = child::exec_search(argv, OsStr::new(PATH), &[OsStr::new(&format!("PATH={PATH}"))]);
    NOT_STARTED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etc_service_is_used_only_if_service_is_not_a_directory() {
        let chosen = |present: &[&str]| service_directory(|path| present.iter().any(|&name| path == Path::new(name)));
        assert_eq!(chosen(&[ETC_SERVICE]), "/etc/service");
        assert_eq!(chosen(&[SERVICE]), "/service");
        assert_eq!(chosen(&[SERVICE, ETC_SERVICE]), "/service");
        assert_eq!(chosen(&[]), "/service");
    }
}
