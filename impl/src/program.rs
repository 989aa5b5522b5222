//! How a program ends and what it says: the one shape of message, and exit codes 0, 100 and 111 (GEN-01).

use crate::sys::errno;
use std::io::{self, Write};

/// Why a program stops before its end: its exit code and its last words.
#[derive(Debug)]
pub(crate) struct Stop {
    code: u8,
    words: Vec<u8>,
}

impl Stop {
    /// Without a word.
    pub(crate) fn quiet(code: u8) -> Stop {
        Stop { code, words: Vec::new() }
    }

    /// "You asked wrongly": `words`, which may be several lines, and exit code 100.
    pub(crate) fn misused(words: impl AsRef<[u8]>) -> Stop {
        Stop { code: 100, words: [words.as_ref(), b"\n"].concat() }
    }

    /// `WHAT: REASON`, exit code 111.
    pub(crate) fn nameless(what: &str, why: &io::Error) -> Stop {
        Stop { code: 111, words: format!("{what}: {}\n", reason(why)).into_bytes() }
    }

    /// Says the last words and returns the exit code.
    pub(crate) fn last_words(self) -> u8 {
        say(&self.words);
        self.code
    }
}

/// The name under which a program speaks: a fixed word, whatever it was called by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Program(pub(crate) &'static str);

impl Program {
    /// `PROG: usage: SYNOPSIS`, exit code 100.
    pub(crate) fn usage(self, synopsis: &str) -> Stop {
        Stop::misused(format!("{}: usage: {synopsis}", self.0))
    }

    /// `PROG: fatal: WHAT: REASON`, exit code 111; for `map_err`.
    pub(crate) fn fatal(self, what: &[&[u8]]) -> impl FnOnce(io::Error) -> Stop {
        move |why| Stop { code: 111, words: self.line("fatal", what, reason(&why)) }
    }

    /// The same that says `warning`: how svscan's children, which are lost without svscan being so, die.
    pub(crate) fn lost(self, what: &[&[u8]]) -> impl FnOnce(io::Error) -> Stop {
        move |why| Stop { code: 111, words: self.line("warning", what, reason(&why)) }
    }

    /// `PROG: warning: WHAT: REASON`; the program goes on.
    pub(crate) fn warn(self, what: &[&[u8]], why: &io::Error) {
        self.warn_that(what, reason(why));
    }

    /// The same with a reason of the caller's.
    pub(crate) fn warn_that(self, what: &[&[u8]], why: &str) {
        say(&self.line("warning", what, why));
    }

    fn line(self, level: &str, what: &[&[u8]], why: &str) -> Vec<u8> {
        [self.0.as_bytes(), b": ", level.as_bytes(), b": ", &what.concat(), b": ", why.as_bytes(), b"\n"].concat()
    }
}

/// What `why` is called in a message.
pub(crate) fn reason(why: &io::Error) -> &'static str {
    errno::phrase(why)
}

/// The parts of a message, text or file names, as bytes: names need not be UTF-8 and are told as they are.
macro_rules! parts {
    ($($part:expr),+) => { &[$(::std::os::unix::ffi::OsStrExt::as_bytes(::std::ffi::OsStr::new($part))),+] };
}
pub(crate) use parts;

/// One write to the standard error; whether it arrives is nobody's business (GEN-03).
fn say(words: &[u8]) {
    let _ = io::stderr().write_all(words);
}
