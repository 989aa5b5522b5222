//! daemontools: one executable that is every command, by the name that it is called by or by its first argument.
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
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use sys::argv::Args;
use sys::open::Output;

const DAEMONTOOLS: Program = Program("daemontools");

/// Runs the command that `args` call, and returns the exit code of the process.
#[cfg_attr(test, expect(dead_code, reason = "called by the entry of the process, which a test has of its own"))]
fn run(args: Args) -> u8 {
    let called = args.all().first().copied().and_then(command);
    let ended = match called {
        Some(entry) => (entry.run)(args),
        None => choose(args.shift()),
    };
    ended.map_or_else(Stop::last_words, |()| 0)
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
