//! softlimit options child...: runs `child` with other soft resource limits.

use crate::options::Options;
use crate::program::{Exit, Program, parts};
use crate::sys::argv::Args;
use crate::sys::child;
use crate::sys::limits::{self, Resource};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

const SOFTLIMIT: Program = Program("softlimit");
const OPTIONS: &[u8] = b"a:c:d:f:l:m:o:p:r:s:t:";
const SYNOPSIS: &str = "softlimit [-a allbytes] [-c corebytes] [-d databytes] [-f filebytes] [-l lockbytes] \
                        [-m membytes] [-o openfiles] [-p processes] [-r residentbytes] [-s stackbytes] [-t cpusecs] child";

pub(crate) fn run(args: Args) -> Result<(), Exit> {
    let argv = args.all();
    let usage = format!("softlimit: usage: {SYNOPSIS}");
    let mut options = Options::new(&argv, OPTIONS);
    for option in options.by_ref() {
        let (letter, value) = option.map_err(|bad| bad.exit(&usage))?;
        let Some(limit) = Limit::parse(value.unwrap_or_default()) else { return Err(Exit::misuse(&usage)) };
        for &resource in resources(letter) {
            set(resource, limit)?;
        }
    }
    match options.operands() {
        [] => Err(Exit::misuse(&usage)),
        command => Err(SOFTLIMIT.run(command, &child::environment())),
    }
}

/// A limit on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    /// `=`: the hard limit.
    Hard,
    /// This much, or the hard limit if that is lower.
    AtMost(u64),
}

impl Limit {
    /// Returns the limit that `text` stands for: `=`, or digits alone, which wrap around at 2^64 (LIM-02, 03).
    fn parse(text: &OsStr) -> Option<Limit> {
        if text == "=" {
            return Some(Limit::Hard);
        }
        let add = |number: u64, digit: &u8| {
            digit.is_ascii_digit().then(|| number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')))
        };
        text.as_bytes().iter().try_fold(0, add).map(Limit::AtMost)
    }

    /// Returns the soft limit under a hard limit of `hard`.
    fn under(self, hard: u64) -> u64 {
        match self {
            Limit::Hard => hard,
            Limit::AtMost(limit) => limit.min(hard),
        }
    }
}

/// Returns the resources that an option limits (LIM-01).
fn resources(letter: u8) -> &'static [Resource] {
    use Resource::{
        RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_MEMLOCK, RLIMIT_NOFILE, RLIMIT_NPROC,
        RLIMIT_RSS, RLIMIT_STACK,
    };
    match letter {
        b'a' => &[RLIMIT_AS],
        b'c' => &[RLIMIT_CORE],
        b'd' => &[RLIMIT_DATA],
        b'f' => &[RLIMIT_FSIZE],
        b'l' => &[RLIMIT_MEMLOCK],
        b'm' => &[RLIMIT_DATA, RLIMIT_STACK, RLIMIT_MEMLOCK, RLIMIT_AS],
        b'o' => &[RLIMIT_NOFILE],
        b'p' => &[RLIMIT_NPROC],
        b'r' => &[RLIMIT_RSS],
        b's' => &[RLIMIT_STACK],
        b't' => &[RLIMIT_CPU],
        _ => &[],
    }
}

/// Sets a soft limit and leaves the hard one alone.
fn set(resource: Resource, limit: Limit) -> Result<(), Exit> {
    let (_, hard) = limits::get(resource).map_err(SOFTLIMIT.fatal(parts!("getrlimit failed")))?;
    limits::set(resource, limit.under(hard), hard).map_err(SOFTLIMIT.fatal(parts!("setrlimit failed")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the original makes of these values (LIM-02, 03).
    #[test]
    fn a_limit_is_digits_or_the_hard_limit() {
        for (text, limit) in [
            ("=", Some(Limit::Hard)),
            ("", Some(Limit::AtMost(0))),
            ("0100", Some(Limit::AtMost(100))),
            ("18446744073709551615", Some(Limit::AtMost(u64::MAX))),
            ("18446744073709551617", Some(Limit::AtMost(1))),
            ("5x", None),
            ("x", None),
            ("-1", None),
            ("=5", None),
        ] {
            assert_eq!(Limit::parse(OsStr::new(text)), limit, "{text}");
        }
    }

    #[test]
    fn a_soft_limit_is_never_above_the_hard_one() {
        assert_eq!(Limit::AtMost(5).under(7), 5);
        assert_eq!(Limit::AtMost(9).under(7), 7);
        assert_eq!(Limit::Hard.under(7), 7);
    }

    #[test]
    fn each_option_limits_something() {
        for letter in OPTIONS.iter().filter(|letter| **letter != b':') {
            assert!(!resources(*letter).is_empty(), "{}", char::from(*letter));
        }
    }
}
