//! svscanboot: starts svscan on the service directory, and readproctitle to show what goes wrong under it.

use crate::program::Stop;
use crate::sys::argv::Args;
use crate::sys::{Pid, child, open, signals};
use crate::wire::place;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::{io, iter};

/// The whole environment of everything below (BOOT-02).
const PATH: &str = "/command:/usr/local/bin:/usr/local/sbin:/bin:/sbin:/usr/bin:/usr/sbin:/usr/X11R6/bin";
/// The service directory, and the one that is taken where only that exists.
const SERVICE: &str = "/service";
const ETC_SERVICE: &str = "/etc/service";
/// How much of the messages readproctitle shows.
const DOTS: usize = 400;

/// Arguments are ignored: unit files pass a terminal. Ends with readproctitle's exit code, as a shell tells it.
pub(crate) fn run(_: Args) -> Result<(), Stop> {
    boot().map_or_else(|_| Err(Stop::quiet(111)), |code| Err(Stop::quiet(code)))
}

/// Nothing is ever said: the standard error is /dev/null first of all (BOOT-03).
fn boot() -> io::Result<u8> {
    // Else /dev/null itself could be descriptor 0, 1 or 2, and closed in what is started here.
    open::fill_standard_descriptors();
    let null = OwnedFd::from(File::options().read(true).write(true).open("/dev/null")?);
    open::become_input(&null)?;
    open::become_output(&null)?;
    open::become_errors(&null)?;
    signals::default_child();
    let directory = service_directory(Path::is_dir);

    let leftovers = services(Path::new(directory));
    if !leftovers.is_empty() {
        let argv = ["svc", "-dx"].map(OsStr::new).into_iter().chain(leftovers.iter().map(AsRef::as_ref));
        let ending = child::fork(|| become_program(&argv.collect::<Vec<_>>()))?;
        let _ = await_death_of(ending);
    }

    let (reader, writer) = open::pipe()?;
    child::fork(|| {
        if open::become_output(&writer).and_then(|()| open::become_errors(&writer)).is_err() {
            return Stop::quiet(111);
        }
        become_program(&["svscan", directory].map(OsStr::new))
    })?;
    let reading = child::fork(|| {
        if open::become_input(&reader).is_err() {
            return Stop::quiet(111);
        }
        become_program(&["readproctitle", "service", "errors:", &".".repeat(DOTS)].map(OsStr::new))
    })?;
    drop((reader, writer));
    let code = await_death_of(reading).map_or(111, child::shell_code);
    // A shell waits for the whole pipeline.
    while child::wait_for_death().is_some() {}
    Ok(code)
}

fn service_directory(is_directory: impl Fn(&Path) -> bool) -> &'static str {
    let is_directory = |name| is_directory(Path::new(name));
    if !is_directory(SERVICE) && is_directory(ETC_SERVICE) { ETC_SERVICE } else { SERVICE }
}

/// Waits until `child` is dead; its wait status.
fn await_death_of(child: Pid) -> Option<i32> {
    iter::from_fn(child::wait_for_death).find(|&(pid, _)| pid == child).map(|(_, status)| status)
}

/// What an earlier svscan may have left supervises in: each entry of `directory`, then the log of each (BOOT-04).
fn services(directory: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."))
        .map(|entry| entry.path())
        .collect();
    entries.sort();
    let logs: Vec<PathBuf> = entries.iter().map(|entry| entry.join(place::LOG)).filter(|log| log.exists()).collect();
    entries.into_iter().chain(logs).collect()
}

fn become_program(argv: &[&OsStr]) -> Stop {
    let _ = child::exec_search_in(PATH, argv);
    // A shell that could not start a program says so with 127, to a standard error that is /dev/null here.
    Stop::quiet(127)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etc_service_is_taken_where_only_that_is_a_directory() {
        let taken = |present: &[&str]| service_directory(|path| present.iter().any(|&name| path == Path::new(name)));
        assert_eq!(taken(&[ETC_SERVICE]), "/etc/service");
        assert_eq!(taken(&[SERVICE]), "/service");
        assert_eq!(taken(&[SERVICE, ETC_SERVICE]), "/service");
        assert_eq!(taken(&[]), "/service");
    }
}
