//! A model of supervise: it takes commands and deaths, and predicts what svok, svstat and the service show.
//!
//! It is written from the requirements and not from any implementation. It holds for a service that does not die within a
//! second of its start. What follows such a death differs from build to build and has scenarios of its own.

use crate::probe::signal_called;
use std::collections::BTreeSet;

/// What is wanted of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Want {
    Up,
    Down,
    Once,
}

/// A service with or without a supervise.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    /// Whether a supervise runs.
    pub(crate) supervised: bool,
    /// Whether the file `down` exists now.
    pub(crate) down_file: bool,
    /// Whether the service runs.
    pub(crate) up: bool,
    /// Whether STOP has stopped the service, so that signals wait.
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
    /// Returns the model of a service that has not had a supervise yet and that survives the signals called `survives`.
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

    /// Starts a supervise. It exits at once if one runs already (SUP-06), and starts the service unless there is a file
    /// `down` (SUP-03).
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

    /// Obeys a command (SUP-43).
    pub(crate) fn obey(&mut self, letter: char) {
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

    /// Ends the service, which exits or dies of a signal. It is restarted if it is wanted up (SUP-34, SUP-47, SUP-51).
    pub(crate) fn die(&mut self) {
        (self.up, self.stopped) = (false, false);
        self.pending.clear();
        if self.leaving {
            self.supervised = false;
        } else if self.want == Want::Up {
            self.start();
        }
    }

    /// Returns whether one of `letters` may kill the service. Then it must have lived for a second before.
    pub(crate) fn may_die_of(&self, letters: &str) -> bool {
        self.up
            && (letters.contains(['d', 'h', 'a', 'i', 't', 'k']) || letters.contains('c') && !self.pending.is_empty())
    }

    /// Returns the beginning of `letters` whose outcome is certain. A signal right behind a start may come before the
    /// service can handle it. After `x`, supervise may be gone by the time that it would read what stands behind a `d`.
    pub(crate) fn predictable<'a>(&self, letters: &'a str) -> &'a str {
        if let Some(down) = letters.find('d').filter(|_| self.leaving) {
            return &letters[..=down];
        }
        let start = letters.find(['u', 'o']).filter(|_| !self.up);
        let signal =
            start.and_then(|start| letters[start..].find(|letter| !"uox".contains(letter)).map(|at| start + at));
        &letters[..signal.unwrap_or(letters.len())]
    }

    /// Returns the line of svstat without name and numbers, for a service with a supervise.
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

    /// Continues the service. It handles the pending signals, and CONT itself if it survives those before it.
    fn resume(&mut self) {
        if self.up {
            self.stopped = false;
            self.pending.insert(number("CONT"));
            self.handle_pending();
        }
    }

    /// Delivers the pending signals as the kernel does, by number. The first that the service does not survive ends it.
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
        letters.chars().for_each(|letter| model.obey(letter));
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
    fn x_waits_for_the_service_to_go_down_and_then_nothing_is_obeyed() {
        assert!(after(&[], "x").supervised);
        assert!(after(&["HUP"], "xhu").supervised);
        assert!(!after(&[], "xk").supervised);
        assert_eq!(after(&[], "dxu").starts, 1);
    }

    #[test]
    fn letters_that_race_are_not_predictable() {
        assert_eq!(after(&[], "d").predictable("puoxc"), "puox");
        assert_eq!(after(&[], "").predictable("puoxc"), "puoxc");
        assert_eq!(after(&[], "d").predictable("pc"), "pc");
        assert_eq!(after(&[], "x").predictable("du"), "d");
    }

    #[test]
    fn signals_to_a_paused_service_wait() {
        let mut model = after(&["HUP"], "pht");
        assert_eq!((model.signals.len(), model.stopped), (0, true));
        model.obey('c');
        assert_eq!(model.signals, ["HUP", "TERM"]);
        assert_eq!((model.starts, &*model.status()), (2, "up"));
    }
}
