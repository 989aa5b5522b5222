//! Accounts of the system: /etc/passwd, and what else its name service knows.
#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

const PASSWD: &str = "/etc/passwd";
/// Asks the name service, for accounts of LDAP or SSSD. A fixed path: a search would run what PATH of an unprivileged
/// caller names.
const GETENT: [&str; 2] = ["/usr/bin/getent", "/bin/getent"];

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

    /// Returns the account called `name` among the lines of `passwd`, which are in the form of passwd(5). A line that
    /// begins with `#`, `+` or `-` is none, as for the C library.
    fn among(passwd: &[u8], name: &[u8]) -> Option<Account> {
        if name.first().is_none_or(|first| b"#+-".contains(first)) {
            return None;
        }
        let id = |field| std::str::from_utf8(field).ok()?.parse().ok();
        passwd.split(|&byte| byte == b'\n').find_map(|line| {
            let mut fields = line.split(|&byte| byte == b':');
            if fields.next() != Some(name) {
                return None;
            }
            let (_password, uid, gid) = (fields.next()?, id(fields.next()?)?, id(fields.next()?)?);
            Some(Account { uid, gid })
        })
    }
}

/// Returns what the name service knows of `name`: a line of passwd(5), or nothing.
#[expect(clippy::disallowed_methods, reason = "a child that is read from, not one that a message comes from")]
fn from_name_service(name: &[u8]) -> Option<Vec<u8>> {
    let mut getent = GETENT.iter().find_map(|path| {
        let arguments = [OsStr::new("passwd"), OsStr::new("--"), OsStr::from_bytes(name)];
        Command::new(path)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()
    })?;
    let mut line = vec![];
    getent.stdout.take()?.read_to_end(&mut line).ok()?;
    // Fails if SIGCHLD is ignored: then the kernel waits.
    let _ = getent.wait();
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &[u8] = b"root:x:0:0:root:/root:/bin/sh\n\n#log:x:1:1::/:\nlog:x:12:34:\nbad:x:x:1::/:\nshort:x:1\n\
                            bad:x:5:6::/:\n+:x:8:8::/:\nmax::4294967295:4294967294:::\nlog:x:7:7::/:";

    fn found(name: &str) -> Option<(u32, u32)> {
        Account::among(PASSWD, name.as_bytes()).map(|account| (account.uid, account.gid))
    }

    #[test]
    fn an_account_is_the_first_whole_line_of_its_name() {
        assert_eq!(found("root"), Some((0, 0)));
        assert_eq!(found("log"), Some((12, 34)));
        assert_eq!(found("max"), Some((u32::MAX, u32::MAX - 1)));
        assert_eq!(found("bad"), Some((5, 6)));
    }

    #[test]
    fn neither_a_number_nor_a_part_of_a_line_is_an_account() {
        for name in ["", "0", "lo", "log:x", "short", "x", "#log", "+"] {
            assert_eq!(found(name), None, "{name}");
        }
    }

    #[test]
    fn the_name_service_knows_root_too() {
        let knows = from_name_service(b"root").is_none_or(|line| Account::among(&line, b"root").is_some());
        assert!(knows, "getent without a line for root");
    }
}
