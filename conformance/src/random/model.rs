//! What supervise promises, as a model: commands and deaths in, and what can then be seen of the service.
//!
//! Written from the requirements and not from any implementation. It speaks of a service that is not killed within a
//! second of its start: what happens then is where builds may differ, and has scenarios of its own.

use crate::probe::signal_called;
use std::collections::BTreeSet;

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Want {
    Up,
    Down,
    Once,
}

/// A service with or without a supervise.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    /// Whether a supervise is there.
    pub(crate) supervised: bool,
    /// Whether there is a file `down` now.
    pub(crate) down_file: bool,
    /// Whether the service runs.
    pub(crate) up: bool,
    /// Whether it is stopped, by STOP, and not only recorded so.
    pub(crate) stopped: bool,
    /// How often it was started.
    pub(crate) starts: usize,
    /// The names of the signals that it has handled.
    pub(crate) signals: Vec<String>,
    want: Want,
    leaving: bool,
    survives: BTreeSet<String>,
    pending: BTreeSet<i32>,
}

impl Model {
    /// A service directory where no supervise has been yet. The service survives signals of these names.
    pub(crate) fn new<S: AsRef<str>>(survives: &[S]) -> Model {
        Model {
            supervised: false,
            down_file: false,
            up: false,
            stopped: false,
            starts: 0,
            signals: vec![],
            want: Want::Up,
            leaving: false,
            survives: survives.iter().map(|name| name.as_ref().to_owned()).collect(),
            pending: BTreeSet::new(),
        }
    }

    /// A supervise is started. Where one is already, the new one goes away again (SUP-06).
    pub(crate) fn supervise(&mut self) {
        if self.supervised {
            return;
        }
        (self.supervised, self.leaving) = (true, false);
        self.want = if self.down_file { Want::Down } else { Want::Up };
        if self.want == Want::Up {
            self.start();
        }
    }

    /// supervise reads a command (SUP-43).
    pub(crate) fn ask(&mut self, letter: char) {
        if !self.supervised {
            return;
        }
        match letter {
            'u' => self.want_running(Want::Up),
            'o' => self.want_running(Want::Once),
            'd' => {
                self.want = Want::Down;
                if self.up {
                    self.pending.insert(number("TERM"));
                    self.resume();
                }
            }
            'x' => {
                self.leaving = true;
                self.supervised = self.up;
            }
            'p' => self.stopped = self.up,
            'c' => self.resume(),
            'h' => self.signal("HUP"),
            'a' => self.signal("ALRM"),
            'i' => self.signal("INT"),
            't' => self.signal("TERM"),
            'k' if self.up => self.die(),
            _ => {}
        }
    }

    /// The service ends by itself, or by a signal (SUP-34, SUP-47, SUP-51).
    pub(crate) fn die(&mut self) {
        (self.up, self.stopped) = (false, false);
        self.pending.clear();
        if self.leaving {
            self.supervised = false;
        } else if self.want == Want::Up {
            self.start();
        }
    }

    /// Whether one of `letters` may kill the service, so that it must have lived for a second first.
    pub(crate) fn may_die_of(&self, letters: &str) -> bool {
        self.up
            && (letters.contains(['d', 'h', 'a', 'i', 't', 'k']) || letters.contains('c') && !self.pending.is_empty())
    }

    /// The part of `letters` of which it is clear what comes. A signal right behind the start of a service may come before
    /// the service is ready to handle it, and what stands behind `d` may come after a supervise that is leaving is gone.
    pub(crate) fn what_can_be_foretold<'a>(&self, letters: &'a str) -> &'a str {
        if let Some(down) = letters.find('d').filter(|_| self.leaving) {
            return &letters[..=down];
        }
        let start = letters.find(['u', 'o']).filter(|_| !self.up);
        let signal =
            start.and_then(|start| letters[start..].find(|letter| !"uox".contains(letter)).map(|at| start + at));
        &letters[..signal.unwrap_or(letters.len())]
    }

    /// Returns what svstat says, without name and numbers. For a service with a supervise.
    pub(crate) fn status(&self) -> String {
        let is_normal = self.up != self.down_file;
        let suffixes = [
            (self.up && !is_normal, ", normally down"),
            (!self.up && !is_normal, ", normally up"),
            (self.stopped, ", paused"),
            (self.up && self.want == Want::Down, ", want down"),
        ];
        let state = if self.up { "up" } else { "down" };
        let suffixes = suffixes.into_iter().filter(|(applies, _)| *applies).map(|(_, suffix)| suffix);
        std::iter::once(state).chain(suffixes).collect()
    }

    fn want_running(&mut self, want: Want) {
        self.want = want;
        if !self.up {
            self.start();
        }
    }

    fn start(&mut self) {
        (self.up, self.stopped) = (true, false);
        self.starts += 1;
    }

    fn signal(&mut self, name: &'static str) {
        if self.up {
            self.pending.insert(number(name));
            if !self.stopped {
                self.handle_pending();
            }
        }
    }

    /// CONT: what has waited is handled, and CONT itself if the service is still there.
    fn resume(&mut self) {
        if self.up {
            self.stopped = false;
            self.pending.insert(number("CONT"));
            self.handle_pending();
        }
    }

    /// The kernel hands out signals by number. The first that the service does not survive ends it.
    fn handle_pending(&mut self) {
        while let Some(number) = self.pending.pop_first() {
            let name = crate::probe::signal_name(number);
            let harmless = name == "CONT" || self.survives.contains(name.as_str());
            self.signals.push(name);
            if !harmless {
                return self.die();
            }
        }
    }
}

fn number(name: &str) -> i32 {
    signal_called(name).map_or(0, |signal| signal as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(survives: &[&'static str], letters: &str) -> Model {
        let mut model = Model::new(survives);
        model.supervise();
        letters.chars().for_each(|letter| model.ask(letter));
        model
    }

    #[test]
    fn the_table_of_commands() {
        assert_eq!(after(&[], "").status(), "up");
        assert_eq!(after(&[], "d").status(), "down, normally up");
        assert_eq!(after(&["TERM"], "pd").status(), "up, want down");
        assert_eq!(after(&[], "p").status(), "up, paused");
        assert_eq!(after(&[], "o").status(), "up");
        assert_eq!(after(&[], "ok").status(), "down, normally up");
        assert_eq!(after(&[], "kkk").starts, 4);
        assert_eq!(after(&[], "du").starts, 2);
        let mut model = after(&[], "");
        model.down_file = true;
        assert_eq!(model.status(), "up, normally down");
    }

    #[test]
    fn x_waits_for_the_service_to_go_down_and_then_nothing_is_heard() {
        assert!(after(&[], "x").supervised);
        assert!(after(&["HUP"], "xhu").supervised);
        assert!(!after(&[], "xk").supervised);
        assert_eq!(after(&[], "dxu").starts, 1);
    }

    #[test]
    fn what_is_a_race_is_left_out() {
        assert_eq!(after(&[], "d").what_can_be_foretold("puoxc"), "puox");
        assert_eq!(after(&[], "").what_can_be_foretold("puoxc"), "puoxc");
        assert_eq!(after(&[], "d").what_can_be_foretold("pc"), "pc");
        assert_eq!(after(&[], "x").what_can_be_foretold("du"), "d");
    }

    #[test]
    fn signals_to_a_paused_service_wait() {
        let mut model = after(&["HUP"], "pht");
        assert_eq!((model.signals.len(), model.stopped), (0, true));
        model.ask('c');
        assert_eq!(model.signals, ["HUP", "TERM"]);
        assert_eq!((model.starts, &*model.status()), (2, "up"));
    }
}
