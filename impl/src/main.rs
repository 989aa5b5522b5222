//! daemontools: one executable that is every command: by the name of the file that is executed, or of what that links to,
//! or by the name that it is called by, or by its first argument.
#![cfg_attr(not(test), no_main)]

mod commands;
mod options;
mod program;
mod supervise;
mod svscan;
mod sys;
mod wire;

use commands::Entry;
use program::{Program, Stop};
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use sys::argv::{self, Args};
use sys::open::Output;

const DAEMONTOOLS: Program = Program("daemontools");
/// How many links the kernel follows, too.
const MOST_LINKS: usize = 40;

/// Runs the command that is called, and returns the exit code of the process.
#[cfg_attr(test, expect(dead_code, reason = "called by the entry of the process, which a test has of its own"))]
fn run(args: Args) -> u8 {
    let by_file = || argv::file().and_then(|file| behind(Path::new(file)));
    let by_call = || args.all().first().copied().and_then(command);
    let ended = match by_file().or_else(by_call) {
        Some(entry) => (entry.run)(args),
        None => choose(args.shift()),
    };
    ended.map_or_else(Stop::last_words, |()| 0)
}

/// The command that `file` is named for, or what it links to: to the original, which has a file for each, the name of a
/// link is nothing.
fn behind(file: &Path) -> Option<&'static Entry> {
    let mut file = file.to_owned();
    for _ in 0..MOST_LINKS {
        if let Some(entry) = command(file.as_os_str()) {
            return Some(entry);
        }
        file = file.parent()?.join(fs::read_link(&file).ok()?);
    }
    None
}

/// Called by a name that is no command's: the first argument says what is wanted.
fn choose(args: Args) -> Result<(), Stop> {
    let wanted = args.all().first().map(|word| word.to_os_string());
    let Some(wanted) = wanted else {
        return Err(DAEMONTOOLS.usage("daemontools command [arg ...] | --list | --version"));
    };
    match wanted.as_bytes() {
        b"--list" => print(&commands::ALL.iter().map(|entry| format!("{}\n", entry.name)).collect::<String>()),
        b"--version" => print(concat!("daemontools ", env!("CARGO_PKG_VERSION"), "\n")),
        name => match command(&wanted) {
            Some(entry) => return (entry.run)(args),
            None => {
                return Err(Stop::misused([b"daemontools: fatal: unknown command: ", name].concat()));
            }
        },
    }
    Ok(())
}

fn command(called: &OsStr) -> Option<&'static Entry> {
    let name = called.as_bytes().rsplit(|&byte| byte == b'/').next()?;
    commands::ALL.iter().find(|entry| entry.name.as_bytes() == name)
}

fn print(text: &str) {
    let _ = Output.write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_link_by_any_name_is_what_it_links_to() {
        let place = std::env::temp_dir().join(format!("daemontools-{}", std::process::id()));
        fs::create_dir(&place).unwrap();
        symlink("daemontools", place.join("svc")).unwrap();
        symlink("svc", place.join("control")).unwrap();
        symlink("round", place.join("round")).unwrap();
        let found = |name: &str| behind(&place.join(name)).map(|entry| entry.name);
        let all = (found("svc"), found("control"), found("round"), found("daemontools"));
        fs::remove_dir_all(&place).unwrap();
        assert_eq!(all, (Some("svc"), Some("svc"), None, None));
    }
}
