//! Processes: fork, exec and wait.

use super::{errno, limits, signals};
use nix::errno::Errno;
use nix::libc;
use nix::unistd::{self, ForkResult};
use std::ffi::{CStr, CString, OsStr, OsString, c_char};
use std::io;
use std::os::unix::ffi::OsStrExt;

pub(crate) use nix::unistd::Pid;

/// The search path if PATH is not set (EXEC-01).
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// Starts a child that runs `body` and exits with the code that `body` returns. It has the dispositions of signals and the
/// limit on descriptors that this process inherited.
///
/// `std::process::Command` does not fit: it reports a failed exec in the parent, and the original reports it in the
/// child.
pub(crate) fn spawn(body: impl FnOnce() -> u8) -> io::Result<Pid> {
    if cfg!(test) {
        panic!("the threads of the test runner make fork unsafe");
    }
    // SAFETY: The process has one thread. The kernel starts it with one, and no code here creates another: nothing in
    // std or nix that is used does, `.clippy.toml` refuses `std::thread`, and `tests/house.rs` looks for it. Unit tests
    // run in threads, and are turned away above.
    unsafe { fork(body) }
}

/// Forks. The child runs `body` and exits with the code that `body` returns, without running exit handlers.
///
/// # Safety
/// The process must have a single thread: another one could hold a lock, that of the allocator for example, which is
/// never released in the child. With a single thread, `body` may do whatever the parent may.
unsafe fn fork(body: impl FnOnce() -> u8) -> io::Result<Pid> {
    // SAFETY: The caller vouches for a single thread.
    match unsafe { unistd::fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let restored = signals::restore_inherited().and_then(|()| limits::restore_inherited());
            let code = if restored.is_ok() { body() } else { 111 };
            // SAFETY: _exit only ends the process. It never returns, so the child cannot run into the parent's code.
            unsafe { libc::_exit(code.into()) }
        }
    }
}

/// Replaces this process by the file `program`: no search, no shell (SUP-33). Returns only on failure.
pub(crate) fn exec(program: &OsStr, argv: &[&OsStr], environment: &[&OsStr]) -> io::Error {
    match (c_strings(argv), c_strings(environment)) {
        (Ok(argv), Ok(environment)) => execve(program, &argv, &environment),
        (Err(error), _) | (_, Err(error)) => error.into(),
    }
}

/// Replaces this process by the program `argv[0]`, looked up in `path` (EXEC-01 to 05). Returns only on failure.
///
/// `path` is not taken from `environment`: a program that changes PATH for its child still searches its own (ENV-06).
pub(crate) fn exec_search(argv: &[&OsStr], path: &OsStr, environment: &[&OsStr]) -> io::Error {
    search(argv[0], path, |program| exec(program, argv, environment))
}

/// Returns the PATH of this process, or the default if it has none (EXEC-01).
pub(crate) fn search_path() -> OsString {
    std::env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into())
}

/// Returns the environment of this process as it was inherited: std's `vars_os` would drop entries without `=`.
pub(crate) fn environment() -> Vec<&'static OsStr> {
    unsafe extern "C" {
        static environ: *const *const c_char;
    }
    let mut entries = Vec::new();
    // SAFETY: The C library points `environ` at the vector that the kernel made. Nothing here changes the environment:
    // all functions of std that do are unsafe, and none is called.
    let mut entry = unsafe { environ };
    loop {
        // SAFETY: `entry` is within the vector, since no null pointer, its end, came before.
        let string = unsafe { *entry };
        if string.is_null() {
            return entries;
        }
        // SAFETY: A pointer before the end of the vector is a NUL-terminated string that stays in place.
        entries.push(OsStr::from_bytes(unsafe { CStr::from_ptr(string) }.to_bytes()));
        // SAFETY: The vector has another element, since this one is not its end.
        entry = unsafe { entry.add(1) };
    }
}

/// Calls `attempt` with each candidate for `name` in `path` until an error ends the search. Returns the error to report
/// (EXEC-01 to 05).
#[expect(clippy::wildcard_enum_match_arm, reason = "every other errno ends the search")]
fn search(name: &OsStr, path: &OsStr, mut attempt: impl FnMut(&OsStr) -> io::Error) -> io::Error {
    if name.is_empty() {
        return Errno::EACCES.into();
    }
    if name.as_bytes().contains(&b'/') {
        return attempt(name);
    }
    let mut reported = Errno::ENOENT;
    for directory in path.as_bytes().split(|&byte| byte == b':') {
        let directory = if directory.is_empty() { b"." } else { directory };
        let candidate = [directory, b"/", name.as_bytes()].concat();
        let error = attempt(OsStr::from_bytes(&candidate));
        match errno::of(&error) {
            Errno::ENOENT => {}
            skipped @ (Errno::EACCES | Errno::EPERM | Errno::EISDIR) => reported = skipped,
            _ => return error,
        }
    }
    reported.into()
}

fn execve(program: &OsStr, argv: &[CString], environment: &[CString]) -> io::Error {
    let Err(error) = c_string(program).and_then(|program| unistd::execve(&program, argv, environment));
    error.into()
}

fn c_string(text: &OsStr) -> nix::Result<CString> {
    CString::new(text.as_bytes()).map_err(|_| Errno::EINVAL)
}

fn c_strings(texts: &[&OsStr]) -> nix::Result<Vec<CString>> {
    texts.iter().map(|text| c_string(text)).collect()
}

/// Makes this process the leader of a session and process group of its own, unless it already leads a group.
pub(crate) fn lead_session() {
    let _ = unistd::setsid();
}

/// Returns a child that has exited and was not waited for yet, with its wait status; `None` if there is none.
///
/// nix's `waitpid` fails if the child died of a real-time signal, which nix's `Signal` does not include.
pub(crate) fn reap() -> Option<(Pid, i32)> {
    waitpid(libc::WNOHANG)
}

/// Waits until a child exits. Returns `None` if there are no children.
pub(crate) fn wait_for_exit() -> Option<(Pid, i32)> {
    waitpid(0)
}

/// Waits until the child `pid` exits, and returns its wait status.
///
/// # Errors
/// ECHILD if there is no such child, as when SIGCHLD is ignored.
pub(crate) fn wait_for(pid: Pid) -> io::Result<i32> {
    Ok(wait(pid.as_raw(), 0)?.1)
}

/// How a child has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With this exit code.
    Code(u8),
    /// By a signal.
    Killed,
}

impl Ended {
    /// Decodes a wait status.
    pub(crate) fn of(status: i32) -> Ended {
        if libc::WIFEXITED(status) {
            return Ended::Code(u8::try_from(libc::WEXITSTATUS(status)).unwrap_or(u8::MAX));
        }
        Ended::Killed
    }
}

fn waitpid(options: i32) -> Option<(Pid, i32)> {
    let (pid, status) = wait(-1, options).ok()?;
    (pid != 0).then(|| (Pid::from_raw(pid), status))
}

/// Calls waitpid(2) until no signal interrupts it.
fn wait(pid: i32, options: i32) -> nix::Result<(i32, i32)> {
    loop {
        let mut status = 0;
        // SAFETY: waitpid writes the status to `status`, which lives until it returns.
        match Errno::result(unsafe { libc::waitpid(pid, &raw mut status, options) }) {
            Err(Errno::EINTR) => {}
            result => return result.map(|pid| (pid, status)),
        }
    }
}

/// Converts a wait status as a shell does: the exit code, or 128 plus the number of the signal.
pub(crate) fn shell_code(status: i32) -> u8 {
    let code = if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 128 + libc::WTERMSIG(status) };
    u8::try_from(code).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches `path` for `prog` while attempt N fails with `errors[N]`. Returns the candidates and the error.
    fn searched(path: &str, errors: &[Errno]) -> (Vec<String>, Errno) {
        let mut tried = Vec::new();
        let error = search(OsStr::new("prog"), OsStr::new(path), |program| {
            tried.push(program.to_string_lossy().into_owned());
            errors[tried.len() - 1].into()
        });
        (tried, errno::of(&error))
    }

    #[test]
    fn an_empty_element_of_path_is_the_current_directory() {
        let (tried, _) = searched(":/bin::", &[Errno::ENOENT; 4]);
        assert_eq!(tried, ["./prog", "/bin/prog", "./prog", "./prog"]);
    }

    #[test]
    fn the_last_error_other_than_enoent_is_reported() {
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

    #[test]
    fn the_environment_is_that_of_the_process() {
        let of_std: Vec<OsString> =
            std::env::vars_os().map(|(name, value)| [name, "=".into(), value].into_iter().collect()).collect();
        assert_eq!(environment(), of_std);
    }

    #[test]
    fn an_argument_with_a_nul_cannot_be_passed() {
        let error = exec(OsStr::new("/no/such"), &[OsStr::new("a\0b")], &[]);
        assert_eq!(errno::of(&error), Errno::EINVAL);
    }
}
