//! Multi-call binary. Picks the command from the executable's file name (following symlinks), then from `argv[0]`, then
//! from the first argument.
#![cfg_attr(not(test), no_main)]
#![deny(unsafe_code)]

mod account;
mod commands;
mod environment;
mod options;
mod program;
mod stamp;
mod sys;
mod wire;

use commands::{ALL, Entry};
use program::{Exit, Program};
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use sys::argv::{self, Args};
use sys::stdio::Stdout;

const DAEMONTOOLS: Program = Program("daemontools");
/// The number of symlinks that the kernel follows in one path.
const MAX_LINKS: usize = 40;

argv::entry!(run);

/// Runs the command that was called, and returns the exit code of the process.
fn run(args: Args) -> u8 {
    let by_file = || argv::executable().and_then(command_behind);
    let by_argv0 = || args.all().first().copied().and_then(command);
    let result = match by_file().or_else(by_argv0) {
        Some(entry) => entry.call(args),
        None => run_first_argument(args.shift()),
    };
    result.map_or_else(Exit::report, |()| 0)
}

/// Returns the command that `file` is named after, or the first link to it from there. The original has a file for each
/// command, so a link to `svc` by any other name runs svc.
fn command_behind(file: &Path) -> Option<&'static Entry> {
    let mut file = file.to_owned();
    for _ in 0..MAX_LINKS {
        if let Some(entry) = command(file.as_os_str()) {
            return Some(entry);
        }
        file = file.parent()?.join(fs::read_link(&file).ok()?);
    }
    None
}

/// Runs the command or follows the option that is the first of `args`.
fn run_first_argument(args: Args) -> Result<(), Exit> {
    let Some(first) = args.all().first().map(|first| first.to_os_string()) else {
        return Err(DAEMONTOOLS.usage("daemontools command [arg ...] | --help | --list | --version"));
    };
    match first.as_bytes() {
        b"--help" => print(&help()),
        b"--list" => print(&ALL.iter().map(|entry| format!("{}\n", entry.name)).collect::<String>()),
        b"--version" => print(concat!("daemontools ", env!("CARGO_PKG_VERSION"), "\n")),
        name => match command(&first) {
            Some(entry) => return entry.call(args),
            None => return Err(Exit::misuse([b"daemontools: fatal: unknown command: ", name].concat())),
        },
    }
    Ok(())
}

/// Returns the command called `path`, whatever its directory.
fn command(path: &OsStr) -> Option<&'static Entry> {
    let name = path.as_bytes().rsplit(|&byte| byte == b'/').next()?;
    ALL.iter().find(|entry| entry.name.as_bytes() == name)
}

fn help() -> String {
    let commands: String = ALL.iter().map(|entry| format!("  {:<15}{}\n", entry.name, entry.summary)).collect();
    format!(
        "usage: daemontools command [arg ...]\n       daemontools --help | --list | --version\n\n\
         Runs a command of daemontools. A link to this executable that is named after a command runs that command.\n\n\
         commands:\n{commands}\n\
         options:\n  --help         print this text\n  --list         print the names of the commands\n  \
         --version      print the version\n"
    )
}

/// Prints `text` to standard output. A failure is ignored, as in the commands.
fn print(text: &str) {
    let _ = Stdout.write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_link_runs_the_command_that_it_leads_to() {
        let directory = std::env::temp_dir().join(format!("daemontools-{}", std::process::id()));
        fs::create_dir(&directory).unwrap();
        symlink("daemontools", directory.join("svc")).unwrap();
        symlink("svc", directory.join("control")).unwrap();
        symlink("loop", directory.join("loop")).unwrap();
        let found = |name: &str| command_behind(&directory.join(name)).map(|entry| entry.name);
        let all = (found("svc"), found("control"), found("loop"), found("daemontools"));
        fs::remove_dir_all(&directory).unwrap();
        assert_eq!(all, (Some("svc"), Some("svc"), None, None));
    }
}
