//! How a program reports errors and exits: the shape of every message, and exit codes 0, 100 and 111 (GEN-01).
#![forbid(unsafe_code)]

mod error_str;

use crate::sys::open::Refused;
use crate::sys::{child, signals, stdio};
use std::ffi::OsStr;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// An early exit: the exit code, and the message to print first.
#[derive(Debug)]
pub(crate) struct Exit {
    code: u8,
    message: Vec<u8>,
}

impl Exit {
    /// Exits with `code` and prints nothing.
    pub(crate) fn silent(code: u8) -> Exit {
        Exit { code, message: Vec::new() }
    }

    /// Prints `message`, which may have several lines, and exits 100: the program was called in a wrong way.
    pub(crate) fn misuse(message: impl AsRef<[u8]>) -> Exit {
        Exit { code: 100, message: [message.as_ref(), b"\n"].concat() }
    }

    /// Prints `WHAT: REASON`, without the name of a program, and exits 111.
    pub(crate) fn without_name(what: &str, error: &io::Error) -> Exit {
        Exit { code: 111, message: format!("{what}: {}\n", reason(error)).into_bytes() }
    }

    /// Exits with `code` instead.
    pub(crate) fn with_code(self, code: u8) -> Exit {
        Exit { code, ..self }
    }

    /// Prints the message and returns the exit code.
    pub(crate) fn report(self) -> u8 {
        print(&self.message);
        self.code
    }

    /// Prints the message and returns the exit code, in a child that could not become a service. It holds the locks of its
    /// parent, so it does not wait for a standard error that is full longer than [`PATIENCE`] seconds.
    pub(crate) fn report_in_child(self) -> u8 {
        signals::die_after(PATIENCE);
        self.report()
    }
}

/// How many seconds the last message of a child waits to be written.
const PATIENCE: u32 = 5;

/// The name that a program puts before its messages. It does not depend on how the program was called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Program(pub(crate) &'static str);

impl Program {
    /// Prints `PROG: usage: SYNOPSIS` and exits 100.
    pub(crate) fn usage(self, synopsis: &str) -> Exit {
        Exit::misuse(format!("{}: usage: {synopsis}", self.0))
    }

    /// Makes sure that a warning never stops or ends the program, because others depend on it: nobody need read standard
    /// error. Children get the dispositions of signals that this process inherited.
    pub(crate) fn outlive_warnings(self) -> Result<(), Exit> {
        NEVER_WAITS.store(true, Ordering::Relaxed);
        signals::survive_writes().map_err(self.fatal(parts!("unable to ignore signals")))
    }

    /// Prints `PROG: fatal: WHAT: REASON` and exits 111. For `map_err`.
    pub(crate) fn fatal(self, what: &[&[u8]]) -> impl FnOnce(io::Error) -> Exit {
        move |error| Exit { code: 111, message: self.message("fatal", what, reason(&error)) }
    }

    /// Prints `PROG: fatal: WHAT` and exits 111.
    pub(crate) fn fatal_bare(self, what: &[&[u8]]) -> Exit {
        Exit { code: 111, message: [self.0.as_bytes(), b": fatal: ", &what.concat(), b"\n"].concat() }
    }

    /// Becomes `command`, looked up in the PATH of this process, with the given environment. Returns only on failure
    /// (EXEC-01 to 05).
    pub(crate) fn run(self, command: &[&OsStr], environment: &[&OsStr]) -> Exit {
        let error = child::exec_search(command, &child::search_path(), environment);
        self.fatal(parts!("unable to run ", command[0]))(error)
    }

    /// Prints `PROG: warning: WHAT: REASON` and exits 111. For a child of svscan, whose end svscan survives.
    pub(crate) fn fatal_in_child(self, what: &[&[u8]]) -> impl FnOnce(io::Error) -> Exit {
        move |error| Exit { code: 111, message: self.message("warning", what, reason(&error)) }
    }

    /// Prints `PROG: warning: WHAT: REASON`.
    pub(crate) fn warn(self, what: &[&[u8]], error: &io::Error) {
        self.warn_because(what, reason(error));
    }

    /// Prints a warning whose reason is not an error number.
    pub(crate) fn warn_because(self, what: &[&[u8]], reason: &str) {
        self.print_warning(&self.message("warning", what, reason));
    }

    /// Prints `PROG: warning: WHAT`.
    pub(crate) fn warn_bare(self, what: &[&[u8]]) {
        self.print_warning(&[self.0.as_bytes(), b": warning: ", &what.concat(), b"\n"].concat());
    }

    /// Prints a warning. A program that never waits drops it if it cannot be written at once, and reports the number of
    /// those with the next one that can.
    fn print_warning(self, message: &[u8]) {
        static DROPPED: AtomicUsize = AtomicUsize::new(0);
        if !NEVER_WAITS.load(Ordering::Relaxed) {
            return print(message);
        }
        let dropped = DROPPED.load(Ordering::Relaxed);
        let report = match dropped {
            0 => String::new(),
            _ => format!("{}: warning: dropped {dropped} earlier warnings: standard error was full\n", self.0),
        };
        let is_printed = stdio::error_at_once(&[report.as_bytes(), message].concat());
        DROPPED.store(if is_printed { 0 } else { dropped.saturating_add(1) }, Ordering::Relaxed);
    }

    fn message(self, level: &str, what: &[&[u8]], reason: &str) -> Vec<u8> {
        [self.0.as_bytes(), b": ", level.as_bytes(), b": ", &what.concat(), b": ", reason.as_bytes(), b"\n"].concat()
    }
}

/// Whether warnings may not make the program wait.
static NEVER_WAITS: AtomicBool = AtomicBool::new(false);

/// Returns the words for `error` in a message.
pub(crate) fn reason(error: &io::Error) -> &'static str {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(&Refused(why)) => why,
        None => error_str::error_str(error),
    }
}

/// Makes the parts of a message, text or file names, bytes: names are printed as they are, and need not be UTF-8.
macro_rules! parts {
    ($($part:expr),+) => { &[$(::std::os::unix::ffi::OsStrExt::as_bytes(::std::ffi::OsStr::new($part))),+] };
}
pub(crate) use parts;

/// Writes `message` to standard error with one write(2). A failure is ignored (GEN-03).
fn print(message: &[u8]) {
    let _ = io::stderr().write_all(message);
}
