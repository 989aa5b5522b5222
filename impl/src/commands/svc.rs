//! svc [-udopchaitkx] dir...: sends commands to the supervise of each service directory.

use crate::options::Options;
use crate::program::{Exit, Program, parts};
use crate::sys::argv::Args;
use crate::sys::directory::WorkingDirectory;
use crate::sys::{fifo, ready, signals};
use crate::wire::{control, files};
use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::Path;

const SVC: Program = Program("svc");

pub(crate) fn run(args: Args) -> Result<(), Exit> {
    signals::ignore_sigpipe().map_err(SVC.fatal(parts!("unable to ignore signals")))?;
    let argv = args.all();
    let known = control::letters();
    let mut options = Options::new(&argv, &known);
    let mut commands = Vec::new();
    for option in options.by_ref() {
        let (letter, _) = option.map_err(|bad| bad.exit(&control::usage()))?;
        add(&mut commands, letter);
    }
    let origin = WorkingDirectory::open().map_err(SVC.fatal(parts!("unable to open current directory")))?;
    let mut waiting = Vec::new();
    for directory in options.operands() {
        waiting.extend(send(&commands, directory, &origin)?);
    }
    while !waiting.is_empty() {
        ready::wait_writable(&waiting.iter().map(|(fifo, _)| fifo.as_fd()).collect::<Vec<_>>());
        waiting = waiting.into_iter().filter_map(|(fifo, directory)| write(&commands, fifo, directory)).collect();
    }
    Ok(())
}

/// Adds `letter` unless it is there already: each command is sent once, in the order of the command line (SVC-02).
fn add(commands: &mut Vec<u8>, letter: u8) {
    if !commands.contains(&letter) {
        commands.push(letter);
    }
}

/// A FIFO that is full, and the directory of its service.
type Waiting<'a> = (File, &'a OsStr);

/// Writes all `commands` to the FIFO of the service in `directory`. Returns a FIFO that is full. Other failures are warnings
/// (SVC-05).
fn send<'a>(commands: &[u8], directory: &'a OsStr, origin: &WorkingDirectory) -> Result<Option<Waiting<'a>>, Exit> {
    match fifo::open_write(Path::new(directory).join(files::CONTROL)) {
        Ok(fifo) if !directory.is_empty() => return Ok(write(commands, fifo, directory)),
        // Which step failed shows when they are made one by one. A long name may then not be too long.
        _ => {}
    }
    let full = enter_and_open(directory).and_then(|fifo| write(commands, fifo, directory));
    origin.enter().map_err(SVC.fatal(parts!("unable to set directory")))?;
    Ok(full)
}

/// Changes to `directory` and opens the FIFO there. Failures are warnings.
fn enter_and_open(directory: &OsStr) -> Option<File> {
    if let Err(error) = env::set_current_dir(directory) {
        SVC.warn(parts!("unable to chdir to ", directory), &error);
        return None;
    }
    match fifo::open_write(files::CONTROL) {
        Ok(fifo) => return Some(fifo),
        Err(error) if fifo::has_no_reader(&error) => {
            SVC.warn_because(parts!("unable to control ", directory), "supervise not running");
        }
        Err(error) => SVC.warn(parts!("unable to control ", directory), &error),
    }
    None
}

/// Writes all `commands` to `fifo` with one write(2). Returns the FIFO if it is full.
fn write<'a>(commands: &[u8], mut fifo: File, directory: &'a OsStr) -> Option<Waiting<'a>> {
    match fifo.write_all(commands) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Some((fifo, directory)),
        Err(error) => SVC.warn(parts!("error writing commands to ", directory), &error),
        Ok(()) => {}
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(letters: &[u8]) -> Vec<u8> {
        letters.iter().fold(Vec::new(), |mut commands, &letter| {
            add(&mut commands, letter);
            commands
        })
    }

    /// What the installed original sends for these options (SVC-02).
    #[test]
    fn each_letter_is_sent_once_in_the_order_of_the_command_line() {
        assert_eq!(added(b"uudopxchaitkk"), b"udopxchaitk");
        assert_eq!(added(b"pcpdx"), b"pcdx");
        assert_eq!(added(b""), b"");
    }
}
