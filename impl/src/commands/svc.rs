//! svc [-udopchaitkx] dir...: sends commands to the supervise of each service directory.

use crate::options;
use crate::program::{Program, Stop, parts};
use crate::sys::argv::Args;
use crate::sys::{fifo, open, signals};
use crate::wire::{control, place};
use std::env;
use std::ffi::OsStr;
use std::io::Write;

const SVC: Program = Program("svc");
const USAGE: &str = "svc options: u up, d down, o once, x exit, p pause, c continue, h hup, a alarm, i interrupt, \
                     t term, k kill";

pub(crate) fn run(args: Args) -> Result<(), Stop> {
    signals::ignore_pipe();
    let argv = args.all();
    let (letters, directories) = options::split(&argv, control::LETTERS, USAGE)?;
    let origin = super::working_directory(SVC)?;
    let commands = in_order_first_seen(&letters);
    for directory in directories {
        send(&commands, directory);
        super::back_to(&origin, SVC)?;
    }
    Ok(())
}

/// Writes `commands` at once to the fifo in `directory`, which becomes the current directory. Failures only warn (SVC-05).
fn send(commands: &[u8], directory: &OsStr) {
    if let Err(error) = env::set_current_dir(directory) {
        return SVC.warn(parts!("unable to chdir to ", directory), &error);
    }
    let mut fifo = match fifo::open_write(place::CONTROL) {
        Ok(fifo) => fifo,
        Err(error) if fifo::nobody_listens(&error) => {
            return SVC.warn_that(parts!("unable to control ", directory), "supervise not running");
        }
        Err(error) => return SVC.warn(parts!("unable to control ", directory), &error),
    };
    open::blocking(&fifo);
    if let Err(error) = fifo.write_all(commands) {
        SVC.warn(parts!("error writing commands to ", directory), &error);
    }
}

fn in_order_first_seen(letters: &[u8]) -> Vec<u8> {
    let mut seen = Vec::new();
    for letter in letters {
        if !seen.contains(letter) {
            seen.push(*letter);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples that the installed original was seen to send (SVC-02).
    #[test]
    fn each_letter_is_sent_once_in_the_order_first_seen() {
        assert_eq!(in_order_first_seen(b"uudopxchaitkk"), b"udopxchaitk");
        assert_eq!(in_order_first_seen(b"pcpdx"), b"pcdx");
        assert_eq!(in_order_first_seen(b""), b"");
    }
}
