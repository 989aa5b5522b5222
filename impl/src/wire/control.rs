//! The commands that svc writes and supervise reads: one byte each, the letter of svc's option (SUP-43).

use crate::sys::Signal;

/// The letters of [`Command`], in the order of svc's usage line.
pub(crate) const LETTERS: &str = "udoxpchaitk";

/// A command to supervise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    /// `u`: start it if it is down, and again whenever it dies.
    Up,
    /// `d`: end it if it is up, and do not start it again.
    Down,
    /// `o`: start it if it is down, and not again when it dies.
    Once,
    /// `x`: go away as soon as it is down.
    Exit,
    /// `p`: stop it.
    Pause,
    /// `c`: let it continue.
    Continue,
    /// `h a i t k`: send it this signal.
    Send(Signal),
}

impl Command {
    /// The command that `letter` stands for. Any other byte is none (SUP-43).
    pub(crate) fn from_letter(letter: u8) -> Option<Command> {
        Some(match letter {
            b'u' => Command::Up,
            b'd' => Command::Down,
            b'o' => Command::Once,
            b'x' => Command::Exit,
            b'p' => Command::Pause,
            b'c' => Command::Continue,
            b'h' => Command::Send(Signal::SIGHUP),
            b'a' => Command::Send(Signal::SIGALRM),
            b'i' => Command::Send(Signal::SIGINT),
            b't' => Command::Send(Signal::SIGTERM),
            b'k' => Command::Send(Signal::SIGKILL),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letters_of_svc_and_no_other_bytes_are_commands() {
        let known: Vec<u8> = (0..=255).filter(|&byte| Command::from_letter(byte).is_some()).collect();
        let mut letters = LETTERS.as_bytes().to_vec();
        letters.sort_unstable();
        assert_eq!(known, letters);
    }
}
