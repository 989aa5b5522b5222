//! svcheck dir...: prints what is wrong with services, and how to mend it. Exits 1 if anything is, 111 if it could not find out.

use super::svstatus::look;
use crate::account::Account;
use crate::program::{Exit, Program, parts, reason};
use crate::sys::argv::Args;
use crate::sys::errno::{self, Errno};
use crate::sys::open::is_trusted;
use crate::sys::stdio::Stdout;
use crate::sys::{directory, open, ready};
use crate::wire::files;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

const SVCHECK: Program = Program("svcheck");
/// How much of a file `run` is read.
const LONGEST_SCRIPT: u64 = 64 << 10;
/// How long a supervise may take from its lock to its FIFO.
const START: Duration = Duration::from_secs(1);
/// How often the table of locks is read, which loses lines while other processes take and free locks.
const LOOKS: usize = 8;
/// Only the owner of an entry may rename it.
const STICKY: u32 = 0o1000;
const WRITE: u32 = 2;
const SEARCH: u32 = 1;

pub(crate) fn run(args: Args) -> Result<(), Exit> {
    let argv = args.all();
    let directories = argv.get(1..).unwrap_or_default();
    let directories = directories.strip_prefix(&[OsStr::new("--")]).unwrap_or(directories);
    if directories.is_empty() {
        return Err(SVCHECK.usage("svcheck dir ..."));
    }
    let mut check = Check::default();
    directories.iter().for_each(|directory| check.operand(Path::new(directory)));
    Stdout.write_all(&check.findings).map_err(SVCHECK.fatal(parts!("unable to write")))?;
    match (check.is_blind, check.is_wrong) {
        (true, _) => Err(Exit::silent(111)),
        (false, true) => Err(Exit::silent(1)),
        (false, false) => Ok(()),
    }
}

/// What was found so far.
#[derive(Debug, Default)]
struct Check {
    /// A line for each finding.
    findings: Vec<u8>,
    /// Whether one of them is an error.
    is_wrong: bool,
    /// Whether something could not be looked at.
    is_blind: bool,
    /// Directories with services in them whose modes were checked.
    above: Vec<PathBuf>,
}

impl Check {
    fn error(&mut self, path: &Path, what: &[&[u8]]) {
        self.is_wrong = true;
        self.finding(path, b": error: ", what);
    }

    fn hint(&mut self, path: &Path, what: &[&[u8]]) {
        self.finding(path, b": hint: ", what);
    }

    fn finding(&mut self, path: &Path, level: &[u8], what: &[&[u8]]) {
        self.findings.extend_from_slice(&[path.as_os_str().as_bytes(), level, &what.concat(), b"\n"].concat());
    }

    /// Takes the value of `result`. Prints a warning if there is none.
    fn seen<T>(&mut self, path: &Path, result: io::Result<T>) -> Option<T> {
        if let Err(error) = &result {
            self.is_blind = true;
            SVCHECK.warn(parts!("unable to read ", path), error);
        }
        result.ok()
    }

    /// Checks a service, which has one of the files of a service in it, or all services in another directory.
    fn operand(&mut self, path: &Path) {
        let names = self.follow(path).and_then(|_| self.seen(path, directory::names(path)));
        let Some(mut names) = names else { return };
        let has = |file: &str| names.iter().any(|name| name == file);
        // A service may be called `log` or `down`.
        let has_services = || names.iter().any(|name| name != files::LOG && path.join(name).join(files::RUN).exists());
        if has("run") || has(files::SUPERVISE) || (has(files::LOG) || has(files::DOWN)) && !has_services() {
            return self.service(path);
        }
        self.modes(path);
        self.above.extend(fs::canonicalize(path));
        names.sort();
        for name in names.iter().filter(|name| !name.as_bytes().starts_with(b".")) {
            let service = path.join(name);
            if self.follow(&service).is_some_and(|entry| entry.is_dir()) {
                self.service(&service);
            }
        }
    }

    /// Returns what `path` leads to. Reports a link that leads nowhere.
    fn follow(&mut self, path: &Path) -> Option<Metadata> {
        let result = fs::metadata(path);
        let (Err(error), Ok(target)) = (&result, fs::read_link(path)) else { return self.seen(path, result) };
        let errno = errno::of(error);
        if errno == Errno::ENOENT {
            self.error(path, parts!("leads to ", &target, ", which does not exist: make that, or: rm ", path));
        } else if errno == Errno::ELOOP {
            self.error(path, parts!("is a link that leads back to itself: rm ", path));
        } else {
            self.seen(path, result);
        }
        None
    }

    /// Like [`Check::follow`] for a file that need not exist.
    fn follow_any(&mut self, path: &Path) -> Option<Metadata> {
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            _ => self.follow(path),
        }
    }

    /// Reports that others than root and this user may write to `path`.
    fn modes(&mut self, path: &Path) {
        let Some(file) = self.follow_any(path) else { return };
        let (mode, owner) = (file.mode(), file.uid().to_string());
        if !is_trusted(&file) {
            self.hint(path, parts!("belongs to uid ", &owner, ", which decides what runs: chown root ", path));
        }
        if mode & WRITE != 0 {
            self.error(path, parts!("anybody may write to it: chmod o-w ", path));
        }
        if mode & WRITE << 3 != 0 {
            self.hint(path, parts!("its group may write to it: chmod g-w ", path));
        }
    }

    /// Checks the modes of the directory that a service lies in, whose writers can put another in its place.
    fn above(&mut self, path: &Path) {
        let Some(above) = fs::canonicalize(path).ok().and_then(|path| path.parent().map(Path::to_owned)) else {
            return;
        };
        if self.above.contains(&above) {
            return;
        }
        if fs::metadata(&above).is_ok_and(|above| above.mode() & STICKY == 0) {
            self.modes(&above);
        }
        self.above.push(above);
    }

    fn service(&mut self, path: &Path) {
        self.above(path);
        self.side(path);
        if self.follow_any(&path.join(files::DOWN)).is_some() {
            let down = path.join(files::DOWN);
            self.hint(&down, parts!("keeps supervise from starting the service: rm ", &down, "; svc -u ", path));
        }
        let log = path.join(files::LOG);
        match self.follow_any(&log) {
            Some(file) if file.is_dir() => self.side(&log).into_iter().for_each(|run| self.log(&log, &run)),
            Some(_) => self.error(&log, parts!("is not a directory with a run in it, for the logger: rm ", &log)),
            None => {}
        }
    }

    /// Checks a directory that a supervise is for. Returns the beginning of its `run`.
    fn side(&mut self, path: &Path) -> Option<Vec<u8>> {
        self.modes(path);
        self.supervise(path);
        let run = path.join("run");
        let Some(file) = self.follow_any(&run) else {
            if fs::symlink_metadata(&run).is_err() {
                self.error(
                    path,
                    parts!("there is no run: write the program to start into ", &run, "; chmod 755 ", &run),
                );
            }
            return None;
        };
        if !file.is_file() {
            self.error(&run, parts!("is not a file: put the program to start in its place"));
            return None;
        }
        self.modes(&run);
        if file.mode() & 0o111 == 0 {
            self.error(&run, parts!("is not executable: chmod +x ", &run));
        }
        let mut text = vec![];
        let read = open::read(&run).and_then(|file| file.take(LONGEST_SCRIPT).read_to_end(&mut text));
        self.seen(&run, read)?;
        self.script(path, &run, &text);
        Some(text)
    }

    /// Checks what is in `run` of the service in `path`.
    fn script(&mut self, path: &Path, run: &Path, text: &[u8]) {
        let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let Some(words) = line.strip_prefix(b"#!") else {
            if !text.starts_with(b"\x7fELF") {
                self.error(run, parts!("is neither a program nor starts with #!: begin it with a line #!/bin/sh"));
            }
            return;
        };
        if line.ends_with(b"\r") {
            return self.error(run, parts!("has lines that end with a carriage return: sed -i 's/\\r$//' ", run));
        }
        let words: Vec<&[u8]> = words.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
        let interpreter = Path::new(OsStr::from_bytes(words.first().copied().unwrap_or_default()));
        if words.is_empty() {
            return self.error(run, parts!("names no interpreter after #!: begin it with a line #!/bin/sh"));
        }
        // The kernel looks for a relative one from the directory of the service.
        match fs::metadata(path.join(interpreter)) {
            Ok(file) if file.is_file() && file.mode() & 0o111 != 0 => {}
            Ok(_) => {
                self.error(run, parts!("its interpreter ", interpreter, " cannot be executed: mend its first line"))
            }
            Err(error) => {
                let why = reason(&error);
                let mend = "): install it, or mend the first line";
                self.error(run, parts!("its interpreter ", interpreter, " is not there (", why, mend));
            }
        }
        let names: Vec<&[u8]> = words.iter().map(|word| base_name(word)).collect();
        let shell = if names.first() == Some(&&b"env"[..]) { names.get(1) } else { names.first() };
        let is_shell =
            shell.is_some_and(|shell| [&b"sh"[..], b"ash", b"bash", b"dash", b"ksh", b"zsh"].contains(shell));
        if is_shell && !commands(text).iter().any(|words| has_exec(words)) {
            self.hint(
                run,
                parts!("has no exec, so that signals reach only the shell: put exec before its last command"),
            );
        }
    }

    /// Checks what the supervise of `path` has made.
    fn supervise(&mut self, path: &Path) {
        let directory = path.join(files::SUPERVISE);
        let is_missing = fs::metadata(&directory).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        let target = fs::read_link(&directory).map(|target| path.join(target));
        // supervise makes the directory that a link leads to.
        let can_be_made = target.is_ok_and(|target| target.parent().is_some_and(Path::is_dir));
        if is_missing && can_be_made {
            return;
        }
        let Some(file) = self.follow_any(&directory) else { return };
        if !file.is_dir() {
            return self.error(&directory, parts!("is not a directory, which supervise would make: rm ", &directory));
        }
        for (name, is_fifo) in [(files::LOCK, false), (files::CONTROL, true), (files::OK, true)] {
            let path = path.join(name);
            let Ok(file) = fs::symlink_metadata(&path) else { continue };
            let kind = file.file_type();
            if kind.is_symlink() && (is_fifo || !is_trusted(&file)) {
                self.error(&path, parts!("is a symbolic link, which supervise does not follow: rm ", &path));
            } else if is_fifo && !kind.is_fifo() {
                self.error(&path, parts!("is not a FIFO, which supervise would make: rm -r ", &path));
            } else if !is_fifo && !kind.is_file() && !kind.is_symlink() {
                self.error(&path, parts!("is not a file, which supervise would make: rm -r ", &path));
            }
        }
        [directory, path.join(files::CONTROL)].iter().for_each(|file| self.modes(file));
        if let Some(holder) = stray_holder(path) {
            let lock = path.join(files::LOCK);
            let (mend, holder) = (", so that no other can start: end that process, or: kill ", &holder);
            self.error(&lock, parts!("process ", holder, " has locked it but is no supervise that runs", mend, holder));
        }
    }

    /// Checks whether the account of multilog can write to its directories, as far as the script `run` in `log` says both in
    /// plain words.
    fn log(&mut self, log: &Path, run: &[u8]) {
        let commands = commands(run);
        let named = |words: &Vec<&[u8]>, name: &[u8]| words.iter().position(|word| base_name(word) == name);
        if commands.iter().any(|words| named(words, b"cd").is_some()) {
            return;
        }
        for words in &commands {
            let (Some(setuidgid), Some(multilog)) = (named(words, b"setuidgid"), named(words, b"multilog")) else {
                continue;
            };
            let Some(&name) = words.get(setuidgid + 1).filter(|name| setuidgid < multilog && is_plain(name)) else {
                continue;
            };
            let name = OsStr::from_bytes(name);
            let Some(account) = Account::find(name) else {
                self.error(&log.join("run"), parts!("there is no account ", name, ": make it, or name another"));
                continue;
            };
            let directories = words.get(multilog + 1..).unwrap_or_default().iter();
            for directory in directories.filter(|word| b"./".contains(&word[0]) && is_plain(word)) {
                self.log_directory(log, &log.join(OsStr::from_bytes(directory)), name, account);
            }
        }
    }

    fn log_directory(&mut self, log: &Path, directory: &Path, name: &OsStr, account: Account) {
        let is_relative = directory.starts_with(log);
        if is_relative && self.follow_any(log).is_some_and(|log| !may(account, &log, SEARCH)) {
            return self.error(log, parts!("the account ", name, " cannot enter it: chmod a+x ", log));
        }
        let make = || {
            directory
                .parent()
                .is_some_and(|above| fs::metadata(above).is_ok_and(|above| may(account, &above, WRITE | SEARCH)))
        };
        match fs::symlink_metadata(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if !make() {
                    let mend = " cannot make it: mkdir ";
                    self.error(
                        directory,
                        parts!("the account ", name, mend, directory, "; chown ", name, " ", directory),
                    );
                }
            }
            _ => {
                let Some(found) = self.follow(directory) else { return };
                if !may(account, &found, WRITE | SEARCH) {
                    return self.cannot_write(directory, name);
                }
                for (file, follows) in [("lock", true), ("current", false)] {
                    let file = directory.join(file);
                    let Ok(found) = fs::symlink_metadata(&file) else { continue };
                    if found.is_symlink() && !follows {
                        self.error(&file, parts!("is a symbolic link, which multilog does not follow: rm ", &file));
                    } else if !may(account, &found, WRITE) {
                        self.cannot_write(&file, name);
                    }
                }
            }
        }
    }

    fn cannot_write(&mut self, path: &Path, name: &OsStr) {
        self.error(path, parts!("the account ", name, " cannot write to it: chown ", name, " ", path));
    }
}

/// Returns the process that has locked the service in `path` without running it. The kernel's table tells, since to try the lock
/// would keep a supervise from starting.
fn stray_holder(path: &Path) -> Option<String> {
    let is_supervised = || look(path).map_or(true, |look| look.is_supervised);
    let holder = || if is_supervised() { None } else { (0..LOOKS).find_map(|_| holder(&path.join(files::LOCK))) };
    holder()?;
    ready::wait(&[], Some(START));
    holder()
}

/// Returns the process that has locked a file.
fn holder(file: &Path) -> Option<String> {
    let file = fs::metadata(file).ok()?;
    let (major, minor) = (file.dev() >> 8 & 0xfff, file.dev() & 0xff | file.dev() >> 12 & 0xfff00);
    let file = format!("{major:02x}:{minor:02x}:{}", file.ino());
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let mut held = locks.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let held = held.find(|words| words.get(5) == Some(&file.as_str()) && words.get(3) == Some(&"WRITE"))?;
    held.get(4).map(|&pid| pid.to_owned())
}

/// Returns whether `account` has the rights `bits` to `file`, as setuidgid leaves it: with one group.
fn may(account: Account, file: &Metadata, bits: u32) -> bool {
    let shift = if account.uid == file.uid() { 6 } else { 3 * u32::from(account.gid == file.gid()) };
    account.uid == 0 || file.mode() >> shift & bits == bits
}

/// Returns the commands of a shell script, each as its words. Comments are left out, and lines joined that a backslash splits.
fn commands(script: &[u8]) -> Vec<Vec<&[u8]>> {
    let mut commands = vec![vec![]];
    let mut continues = false;
    for line in script.split(|&byte| byte == b'\n') {
        let (line, is_split) = line.strip_suffix(b"\\").map_or((line, false), |line| (line, true));
        if !continues {
            commands.push(vec![]);
        }
        continues = is_split;
        for (index, part) in line.split(|byte| b";|(){}".contains(byte)).enumerate() {
            if index > 0 {
                commands.push(vec![]);
            }
            let words = part.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            let before_comment = words.take_while(|word| !word.starts_with(b"#"));
            commands.last_mut().into_iter().for_each(|last| last.extend(before_comment.clone()));
        }
    }
    commands
}

/// Returns whether a command runs a program by exec. Without one, exec only redirects.
fn has_exec(words: &[&[u8]]) -> bool {
    let mut rest = words.iter().skip_while(|word| **word != b"exec").skip(1);
    while let Some(word) = rest.next() {
        let operator = word.trim_ascii_start();
        let digits = operator.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let Some(target) = operator.get(digits..).filter(|rest| rest.starts_with(b"<") || rest.starts_with(b">"))
        else {
            return true;
        };
        if target.iter().all(|byte| b"<>&|".contains(byte)) {
            rest.next();
        }
    }
    false
}

/// Returns whether the shell takes a word as it is.
fn is_plain(word: &[u8]) -> bool {
    !word.iter().any(|byte| b"$`'\"\\*?[~<>&".contains(byte))
}

fn base_name(word: &[u8]) -> &[u8] {
    word.rsplit(|&byte| byte == b'/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exec_counts_if_it_runs_a_program() {
        for (script, expected) in [
            ("exec sleep 1", true),
            ("exec 2>&1 sleep 1", true),
            ("cd / && exec env sleep 1", true),
            ("exec \\\n  sleep 1", true),
            ("{ exec sleep 1; }", true),
            ("exec 2>&1\nsleep 1", false),
            ("exec >> log 2>&1; sleep 1", false),
            ("exec </dev/null 2> errors", false),
            ("# exec sleep 1\nsleep 1 # exec", false),
            ("executable", false),
            ("", false),
        ] {
            assert_eq!(commands(script.as_bytes()).iter().any(|words| has_exec(words)), expected, "{script:?}");
        }
    }

    #[test]
    fn rights_are_those_of_the_first_class_that_fits() {
        // Root's directory, with mode 0755 on any system.
        let file = fs::metadata("/").unwrap();
        let account = |uid, gid| Account { uid, gid };
        assert!(may(account(0, 0), &file, WRITE) && may(account(1, 1), &file, SEARCH));
        assert!(!may(account(1, 1), &file, WRITE | SEARCH));
    }
}
