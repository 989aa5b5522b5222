//! Processes: fork, exec and reap.

use super::errno;
use crate::program::Stop;
use nix::errno::Errno;
use nix::libc;
use nix::unistd::{self, ForkResult};
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;

pub(crate) use nix::unistd::Pid;

/// The search path where PATH is not set (EXEC-01).
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// Starts a process that does `body` and ends with what `body` says when it returns.
///
/// `std::process::Command` would not do: it tells the parent of a failed exec, and the original's parent never knows.
pub(crate) fn fork(body: impl FnOnce() -> Stop) -> io::Result<Pid> {
    // SAFETY: these programs have one thread, so the child may do whatever the parent might.
    match unsafe { unistd::fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let code = body().last_words();
            // SAFETY: ends the process at once; what the parent registered for its own exit is not for the child to do.
            unsafe { libc::_exit(code.into()) }
        }
    }
}

/// Replaces this process by `program`, exactly that file: no search, no shell (SUP-33). Returns why it could not.
pub(crate) fn exec(program: &OsStr, argv: &[&OsStr]) -> io::Error {
    let run = || -> nix::Result<_> { unistd::execv(&c_string(program)?, &c_strings(argv)?) };
    failure(run())
}

/// Replaces this process by `argv[0]`, looked up in PATH (EXEC-01 to 03). Returns why it could not.
pub(crate) fn exec_search(argv: &[&OsStr]) -> io::Error {
    let path = std::env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
    search(argv[0], &path, |program| exec(program, argv))
}

/// The same in an environment that is `path` alone.
pub(crate) fn exec_search_in(path: &str, argv: &[&OsStr]) -> io::Error {
    let environment = [OsString::from(format!("PATH={path}"))];
    search(argv[0], OsStr::new(path), |program| {
        let run =
            || -> nix::Result<_> { unistd::execve(&c_string(program)?, &c_strings(argv)?, &c_strings(&environment)?) };
        failure(run())
    })
}

/// Tries each place of `path` until an error says that the search is over; returns the error to tell (EXEC-01 to 05).
#[expect(clippy::wildcard_enum_match_arm, reason = "an errno that is not named ends the search")]
fn search(name: &OsStr, path: &OsStr, mut attempt: impl FnMut(&OsStr) -> io::Error) -> io::Error {
    if name.is_empty() {
        return Errno::EACCES.into();
    }
    if name.as_bytes().contains(&b'/') {
        return attempt(name);
    }
    let mut told = Errno::ENOENT;
    for directory in path.as_bytes().split(|&byte| byte == b':') {
        let directory = if directory.is_empty() { b"." } else { directory };
        let candidate = [directory, b"/", name.as_bytes()].concat();
        let error = attempt(OsStr::from_bytes(&candidate));
        match errno::of(&error) {
            Errno::ENOENT => {}
            passed @ (Errno::EACCES | Errno::EPERM | Errno::EISDIR) => told = passed,
            _ => return error,
        }
    }
    told.into()
}

/// The next dead child that nobody waited for yet, and its wait status; `None` when there is none.
///
/// nix's own `waitpid` would lose the death of a child by a real-time signal, which its `Signal` does not know.
pub(crate) fn reap() -> Option<(Pid, i32)> {
    wait(libc::WNOHANG)
}

/// Waits until a child dies. `None` when there are no children.
pub(crate) fn wait_for_death() -> Option<(Pid, i32)> {
    wait(0)
}

/// No signal interrupts it: there are no handlers.
fn wait(options: i32) -> Option<(Pid, i32)> {
    let mut status = 0;
    // SAFETY: `status` is a valid place for the answer.
    match unsafe { libc::waitpid(-1, &raw mut status, options) } {
        -1 | 0 => None,
        pid => Some((Pid::from_raw(pid), status)),
    }
}

/// What a shell makes of a wait status: the exit code, or 128 and the number of the signal.
pub(crate) fn shell_code(status: i32) -> u8 {
    let code = if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 128 + libc::WTERMSIG(status) };
    u8::try_from(code).unwrap_or(u8::MAX)
}

fn failure<T>(ran: nix::Result<T>) -> io::Error {
    ran.err().unwrap_or(Errno::UnknownErrno).into()
}

fn c_string(text: &OsStr) -> nix::Result<CString> {
    CString::new(text.as_bytes()).map_err(|_| Errno::EINVAL)
}

fn c_strings<S: AsRef<OsStr>>(texts: &[S]) -> nix::Result<Vec<CString>> {
    texts.iter().map(|text| c_string(text.as_ref())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches `path` for `prog` where each attempt answers with the next of `answers`; what was tried, what was told.
    fn searched(path: &str, answers: &[Errno]) -> (Vec<String>, Errno) {
        let mut tried = Vec::new();
        let error = search(OsStr::new("prog"), OsStr::new(path), |program| {
            tried.push(program.to_string_lossy().into_owned());
            answers[tried.len() - 1].into()
        });
        (tried, errno::of(&error))
    }

    #[test]
    fn an_empty_element_of_path_is_the_current_directory() {
        let (tried, _) = searched(":/bin::", &[Errno::ENOENT; 4]);
        assert_eq!(tried, ["./prog", "/bin/prog", "./prog", "./prog"]);
    }

    #[test]
    fn the_last_error_that_is_not_absence_is_told() {
        assert_eq!(searched("/a:/b:/c", &[Errno::EACCES, Errno::ENOENT, Errno::ENOENT]).1, Errno::EACCES);
        assert_eq!(searched("/a:/b", &[Errno::EACCES, Errno::EISDIR]).1, Errno::EISDIR);
        assert_eq!(searched("/a", &[Errno::ENOENT]).1, Errno::ENOENT);
    }

    #[test]
    fn a_hard_error_ends_the_search() {
        for hard in [Errno::ENOEXEC, Errno::ENOTDIR, Errno::ELOOP] {
            assert_eq!(searched("/a:/b", &[hard]), (vec!["/a/prog".to_owned()], hard));
        }
    }

    #[test]
    fn a_name_with_a_slash_is_not_searched_and_an_empty_one_is_denied() {
        let error = search(OsStr::new("./x"), OsStr::new("/a"), |program| {
            assert_eq!(program, "./x");
            Errno::ENOEXEC.into()
        });
        assert_eq!(errno::of(&error), Errno::ENOEXEC);
        assert_eq!(errno::of(&search(OsStr::new(""), OsStr::new("/a"), |_| unreachable!())), Errno::EACCES);
    }
}
