//! svc [-udopchaitkx] dir...: sends commands to the supervise of each service directory.

use crate::options::Options;
use crate::program::{Exit, Program, parts};
use crate::sys::argv::Args;
use crate::sys::directory::WorkingDirectory;
use crate::sys::{fifo, open, signals};
use crate::wire::{control, files};
use std::env;
use std::ffi::OsStr;
use std::io::Write;

const SVC: Program = Program("svc");

pub(crate) fn run(args: Args) -> Result<(), Exit> {
    signals::ignore_sigpipe();
    let argv = args.all();
    let known = control::letters();
    let mut options = Options::new(&argv, &known);
    let mut commands = Vec::new();
    for option in options.by_ref() {
        let (letter, _) = option.map_err(|bad| bad.exit(&control::usage()))?;
        add(&mut commands, letter);
    }
    let origin = WorkingDirectory::open().map_err(SVC.fatal(parts!("unable to open current directory")))?;
    for directory in options.operands() {
        send(&commands, directory);
        origin.enter().map_err(SVC.fatal(parts!("unable to set directory")))?;
    }
    Ok(())
}

/// Adds `letter` unless it is there already: each command is sent once, in the order of the command line (SVC-02).
fn add(commands: &mut Vec<u8>, letter: u8) {
    if !commands.contains(&letter) {
        commands.push(letter);
    }
}

/// Changes to `directory` and writes all `commands` to its FIFO with one write(2). Failures are warnings (SVC-05).
fn send(commands: &[u8], directory: &OsStr) {
    if let Err(error) = env::set_current_dir(directory) {
        return SVC.warn(parts!("unable to chdir to ", directory), &error);
    }
    let mut fifo = match fifo::open_write(files::CONTROL) {
        Ok(fifo) => fifo,
        Err(error) if fifo::has_no_reader(&error) => {
            return SVC.warn_because(parts!("unable to control ", directory), "supervise not running");
        }
        Err(error) => return SVC.warn(parts!("unable to control ", directory), &error),
    };
    open::set_blocking(&fifo);
    if let Err(error) = fifo.write_all(commands) {
        SVC.warn(parts!("error writing commands to ", directory), &error);
    }
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
