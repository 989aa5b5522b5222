//! The commands that svc sends to supervise through `supervise/control`. Each is one byte: the letter of the option of
//! svc that sends it (SUP-43).

/// A command to supervise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    /// Start the service if it is down, and restart it whenever it exits.
    Up,
    /// Stop the service with SIGTERM and SIGCONT, and do not restart it.
    Down,
    /// Start the service if it is down, and do not restart it.
    Once,
    /// Exit as soon as the service is down.
    Exit,
    /// Send SIGSTOP.
    Pause,
    /// Send SIGCONT.
    Continue,
    /// Send SIGHUP.
    Hangup,
    /// Send SIGALRM.
    Alarm,
    /// Send SIGINT.
    Interrupt,
    /// Send SIGTERM.
    Terminate,
    /// Send SIGKILL.
    Kill,
}

/// Each command with its letter and its name in the usage of svc, in the order of that text.
const COMMANDS: &[(u8, &str, Command)] = &[
    (b'u', "up", Command::Up),
    (b'd', "down", Command::Down),
    (b'o', "once", Command::Once),
    (b'x', "exit", Command::Exit),
    (b'p', "pause", Command::Pause),
    (b'c', "continue", Command::Continue),
    (b'h', "hup", Command::Hangup),
    (b'a', "alarm", Command::Alarm),
    (b'i', "interrupt", Command::Interrupt),
    (b't', "term", Command::Terminate),
    (b'k', "kill", Command::Kill),
];

impl Command {
    /// Returns the command with this letter, if the byte is one.
    pub(crate) fn from_letter(byte: u8) -> Option<Command> {
        COMMANDS.iter().find(|(letter, ..)| *letter == byte).map(|&(_, _, command)| command)
    }
}

/// Returns the letters of all commands.
pub(crate) fn letters() -> Vec<u8> {
    COMMANDS.iter().map(|&(letter, ..)| letter).collect()
}

/// Returns what svc prints after an option that it does not know (OPT-03).
pub(crate) fn usage() -> String {
    let options: Vec<String> =
        COMMANDS.iter().map(|&(letter, name, _)| format!("{} {name}", char::from(letter))).collect();
    format!("svc options: {}", options.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_letters_of_svc_are_commands() {
        let mut known = letters();
        known.sort_unstable();
        let commands: Vec<u8> = (0..=255).filter(|&byte| Command::from_letter(byte).is_some()).collect();
        assert_eq!(commands, known);
        assert_eq!(commands, b"acdhikoptux");
    }

    /// What the installed original prints.
    #[test]
    fn the_usage_is_that_of_the_original() {
        let original = "svc options: u up, d down, o once, x exit, p pause, c continue, h hup, a alarm, i interrupt, \
                        t term, k kill";
        assert_eq!(usage(), original);
    }
}
