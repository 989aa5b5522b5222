//! Accounts: those of this machine, those in files that only the scenario sees, and one that only a name service knows.

use super::{Command, Need, Ran, World, broken, machine_lacks};
use crate::commands::tool;
use crate::outcome::{Failure, Outcome};
use nix::mount::{MsFlags, mount};
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

const NOTHING: Option<&str> = None;
/// Accounts that nearly every system has.
const USUAL: [&str; 3] = ["nobody", "daemon", "bin"];
/// The socket where glibc asks before it reads any file.
const SOCKET: &str = "/var/run/nscd/socket";
/// The version of the protocol of that socket, and the requests for a whole database and for an account by its name.
const VERSION: i32 = 2;
const BY_NAME: i32 = 0;
/// A request is three numbers and a key of so many bytes at most.
const LONGEST_REQUEST: usize = 1024;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// Its name.
    pub(crate) name: String,
    /// Its user id.
    pub(crate) uid: u32,
    /// The id of its group.
    pub(crate) gid: u32,
}

impl World {
    /// Returns accounts of this machine that are not root's: the usual ones, and one whose uid and gid differ if there is
    /// one.
    ///
    /// # Errors
    /// Skips if there is none.
    pub(crate) fn accounts(&self) -> Result<Vec<Account>, Failure> {
        self.must_declare(Need::Accounts)?;
        let text = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let mut all: Vec<Account> = vec![];
        for account in text.lines().filter_map(parse) {
            let is_new = all.iter().all(|other| other.name != account.name);
            if is_new && account.uid != 0 && account.gid != 0 {
                all.push(account);
            }
        }
        let unequal = all.iter().find(|account| account.uid != account.gid).map(|account| account.name.clone());
        all.retain(|account| USUAL.contains(&&*account.name) || unequal.as_ref() == Some(&account.name));
        if all.is_empty() { Err(machine_lacks("an account nobody, daemon or bin in /etc/passwd")) } else { Ok(all) }
    }

    /// Skips unless the suite runs as root.
    pub(crate) fn as_root(&self) -> Outcome {
        self.must_declare(Need::Root)?;
        if nix::unistd::geteuid().is_root() { Ok(()) } else { Err(Failure::missing("the suite does not run as root")) }
    }

    /// Makes this process, and what it starts, a member of `groups`. Skips if this machine does not allow it.
    pub(crate) fn join_groups(&self, groups: &[u32]) -> Outcome {
        let groups: Vec<nix::unistd::Gid> = groups.iter().map(|&gid| nix::unistd::Gid::from_raw(gid)).collect();
        self.note(format!("join {} groups", groups.len()), "");
        nix::unistd::setgroups(&groups).map_err(|error| machine_lacks(&format!("the right to join groups ({error})")))
    }

    /// Gives this scenario an /etc/passwd and an /etc/group of its own, which are the only source of accounts. Skips if this
    /// machine does not allow it.
    pub(crate) fn private_accounts(&self, passwd: impl AsRef<[u8]>, group: impl AsRef<[u8]>) -> Outcome {
        self.private_mounts()?;
        let sources = &b"passwd: files\ngroup: files\n"[..];
        for (name, bytes) in [("passwd", passwd.as_ref()), ("group", group.as_ref()), ("nsswitch.conf", sources)] {
            let path = Path::new("/etc").join(name);
            self.files.write(name, bytes)?;
            if path.exists() {
                mount(Some(&self.path(name)), &path, NOTHING, MsFlags::MS_BIND, NOTHING)
                    .map_err(|error| broken(&path, &error))?;
            }
        }
        self.hide_name_service().map(drop)
    }

    /// Plays the name service of this machine, for this scenario only: it knows `account`, which no file has. Skips unless
    /// programs of this machine ask it.
    pub(crate) fn name_service(&self, account: Account) -> Result<NameService, Failure> {
        self.must_declare(Need::NameService)?;
        self.private_mounts()?;
        let listener = self.hide_name_service()?.and_then(|()| {
            fs::create_dir_all(Path::new(SOCKET).parent()?).ok()?;
            UnixListener::bind(SOCKET).ok()
        });
        let lacks = || machine_lacks("a name service that the suite can play");
        let listener = listener.ok_or_else(lacks)?;
        listener.set_nonblocking(true).map_err(|error| broken(Path::new(SOCKET), &error))?;
        let service = NameService { world: self.clone(), listener, account };
        let getent = tool("getent").ok_or_else(|| machine_lacks("the program getent"))?;
        let ran = service.run(self.program(getent).args(["passwd", &service.account.name]))?;
        let Account { name, uid, gid } = &service.account;
        if ran.out.starts_with(&format!("{name}:x:{uid}:{gid}:")) { Ok(service) } else { Err(lacks()) }
    }

    /// Mounts an empty file system over the directory where a daemon that caches accounts has its socket. `None` if there is
    /// no such directory.
    fn hide_name_service(&self) -> Result<Option<()>, Failure> {
        let Ok(run) = fs::canonicalize("/var/run") else { return Ok(None) };
        mount(Some("tmpfs"), &run, Some("tmpfs"), MsFlags::empty(), NOTHING).map_err(|error| broken(&run, &error))?;
        Ok(Some(()))
    }
}

/// Reads a line of /etc/passwd.
fn parse(line: &str) -> Option<Account> {
    let mut fields = line.split(':');
    let (name, _, uid, gid) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    Some(Account { name: name.to_owned(), uid: uid.parse().ok()?, gid: gid.parse().ok()? })
}

/// A name service: the daemon that glibc asks before it reads files, in the place of LDAP or SSSD.
#[derive(Debug)]
pub(crate) struct NameService {
    world: World,
    listener: UnixListener,
    account: Account,
}

impl NameService {
    /// Runs `command` to its end and answers its questions.
    #[track_caller]
    pub(crate) fn run(&self, command: Command) -> Result<Ran, Failure> {
        let running = command.start()?;
        self.world.until("the command that asks the name service is running", false, || {
            self.answer();
            Ok(running.is_running())
        })?;
        Ok(Ran { exit: running.wait()?.to_string(), out: running.out(), err: running.err() })
    }

    /// Answers everybody who asks now. One who breaks off the connection is of no interest.
    fn answer(&self) {
        while let Ok((client, _)) = self.listener.accept() {
            let _ = self.answer_one(client);
        }
    }

    fn answer_one(&self, mut client: UnixStream) -> io::Result<()> {
        client.set_nonblocking(false)?;
        client.set_read_timeout(Some(Duration::from_secs(1)))?;
        let mut request = [0; LONGEST_REQUEST];
        let length = client.read(&mut request)?;
        let Some((header, key)) = request[..length].split_at_checked(12) else { return Ok(()) };
        let asks_for_account = header[..8] == [VERSION.to_ne_bytes(), BY_NAME.to_ne_bytes()].concat();
        let Account { name, uid, gid } = &self.account;
        if !asks_for_account {
            // Glibc then asks one question at a time.
            return Ok(());
        }
        // The lengths of name, password, comment, home and shell, each with its null byte.
        let (found, lengths) = if key == [name.as_bytes(), b"\0"].concat() {
            (1, [name.len() + 1, 2, 1, 2, 8])
        } else {
            // "Not cached, look for yourself."
            (-1, [0; 5])
        };
        let [name_length, password, comment, home, shell] = lengths.map(|length| i32::try_from(length).unwrap_or(0));
        let (uid, gid) = (uid.cast_signed(), gid.cast_signed());
        let header = [VERSION, found, name_length, password, uid, gid, comment, home, shell];
        let mut answer: Vec<u8> = header.into_iter().flat_map(i32::to_ne_bytes).collect();
        if found == 1 {
            answer.extend([name.as_bytes(), b"\0x\0\0/\0/bin/sh\0"].concat());
        }
        client.write_all(&answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_passwd_has_a_name_and_two_ids() {
        let account = parse("games:x:5:60:games:/usr/games:/usr/sbin/nologin").unwrap();
        assert_eq!(account, Account { name: "games".to_owned(), uid: 5, gid: 60 });
        assert_eq!(parse("games:x:5"), None);
        assert_eq!(parse("+::::::"), None);
    }
}
