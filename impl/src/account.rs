//! Accounts of the system: /etc/passwd, and what else its name service knows.
#![forbid(unsafe_code)]

use crate::sys::{child, open, stdio};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;

const PASSWD: &str = "/etc/passwd";
/// Asks the name service, for accounts of LDAP or SSSD. A fixed path: a search would run what PATH of an unprivileged
/// caller names.
const GETENT: [&str; 2] = ["/usr/bin/getent", "/bin/getent"];
/// The exit code of a shell that cannot start a program.
const NOT_STARTED: u8 = 127;

/// The ids of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Account {
    /// Returns the account called `name`, or `None` if there is none. A number is not looked up as an id (SUG-01).
    pub(crate) fn find(name: &OsStr) -> Option<Account> {
        let name = name.as_bytes();
        let passwd = fs::read(PASSWD).unwrap_or_default();
        Account::among(&passwd, name).or_else(|| Account::among(&from_name_service(name)?, name))
    }

    /// Returns the account called `name` among the lines of `passwd`, which are in the form of passwd(5). Blanks before a line
    /// do not count, and a line that begins with `#`, `+` or `-` is none, as for the C library.
    fn among(passwd: &[u8], name: &[u8]) -> Option<Account> {
        if name.first().is_some_and(|first| b"#+-".contains(first)) {
            return None;
        }
        let id = |field| std::str::from_utf8(field).ok()?.parse().ok();
        passwd.split(|&byte| byte == b'\n').find_map(|line| {
            let mut fields = line.trim_ascii_start().split(|&byte| byte == b':');
            if fields.next() != Some(name) {
                return None;
            }
            let (_password, uid, gid) = (fields.next()?, id(fields.next()?)?, id(fields.next()?)?);
            Some(Account { uid, gid })
        })
    }
}

/// Returns what the name service knows of `name`: a line of passwd(5), or nothing.
fn from_name_service(name: &[u8]) -> Option<Vec<u8>> {
    let (reader, writer) = open::pipe().ok()?;
    // std's Command asserts that it can wait for a child, which it cannot if SIGCHLD is ignored.
    let getent = child::spawn(|| {
        let null = || File::options().read(true).write(true).open("/dev/null");
        let connect = || stdio::redirect(&[(null()?, 0), (writer.try_clone()?.into(), 1), (null()?, 2)]);
        let connected = connect();
        for path in GETENT.iter().filter(|_| connected.is_ok()) {
            let argv = [path, "passwd", "--"].map(OsStr::new).into_iter().chain([OsStr::from_bytes(name)]);
            child::exec(path.as_ref(), &argv.collect::<Vec<_>>(), &child::environment());
        }
        NOT_STARTED
    });
    let getent = getent.ok()?;
    drop(writer);
    let mut line = vec![];
    File::from(reader).read_to_end(&mut line).ok()?;
    let _ = child::wait_for(getent);
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &[u8] = b"root:x:0:0:root:/root:/bin/sh\n\n#log:x:1:1::/:\nlog:x:12:34:\nbad:x:x:1::/:\nshort:x:1\n\
                            bad:x:5:6::/:\n+:x:8:8::/:\n \tin:x:9:9::/:\nmax::4294967295:4294967294:::\nlog:x:7:7::/:";

    fn found(name: &str) -> Option<(u32, u32)> {
        Account::among(PASSWD, name.as_bytes()).map(|account| (account.uid, account.gid))
    }

    #[test]
    fn an_account_is_the_first_whole_line_of_its_name() {
        assert_eq!(found("root"), Some((0, 0)));
        assert_eq!(found("log"), Some((12, 34)));
        assert_eq!(found("max"), Some((u32::MAX, u32::MAX - 1)));
        assert_eq!(found("bad"), Some((5, 6)));
        assert_eq!(found("in"), Some((9, 9)));
    }

    #[test]
    fn neither_a_number_nor_a_part_of_a_line_is_an_account() {
        for name in ["", "0", "lo", "log:x", "short", "x", "#log", "+", " \tin"] {
            assert_eq!(found(name), None, "{name}");
        }
    }

    /// It is an account for the C library.
    #[test]
    fn a_line_can_have_no_name() {
        assert!(Account::among(b"\n:x:1:2::/:\n", b"").is_some());
    }
}
