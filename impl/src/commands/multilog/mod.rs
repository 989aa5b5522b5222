//! multilog script...: reads lines, and sends each where the script says: to log directories that it keeps small, to
//! status files, to stderr.

mod log;
mod pattern;
mod rotation;
mod script;

use crate::program::{Exit, parts};
use crate::stamp::Stamp;
use crate::sys::argv::Args;
use crate::sys::directory::WorkingDirectory;
use crate::sys::signals::{Arrivals, Signal};
use crate::sys::{memory, open, signals, stdio};
use log::{Log, MULTILOG, pause};
use pattern::{LONGEST, Pattern};
use script::{Action, Script};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind, Seek, Write};

/// How much input is read at once, at most and at least.
const INPUT: usize = 64 << 10;
const LEAST_INPUT: usize = 1 << 10;
/// How many bytes of a line `e` prints.
const ALERT: usize = 200;

pub(crate) fn run(args: Args) -> Result<(), Exit> {
    signals::reset_sigchld().map_err(MULTILOG.fatal(parts!("unable to set up signals")))?;
    open::set_umask(0o022);
    let origin = WorkingDirectory::open().map_err(MULTILOG.fatal(parts!("unable to switch to current directory")))?;
    let signals = Arrivals::listen(&[Signal::SIGTERM, Signal::SIGALRM])
        .map_err(MULTILOG.fatal(parts!("unable to set up signals")))?;
    let argv = args.all();
    let script = Script::new(argv.get(1..).unwrap_or_default());
    let mut multilog = Multilog::open(&script, &origin, signals)?;
    multilog.read_all();
    multilog.close();
    Ok(())
}

/// An action with what it needs to be done.
#[derive(Debug)]
enum Output {
    Deselect(Pattern),
    Select(Pattern),
    Alert,
    Status(OsString, File),
    Log(Log),
}

/// A script at work.
#[derive(Debug)]
struct Multilog {
    outputs: Vec<Output>,
    signals: Arrivals,
    stamp: Option<Stamp>,
    /// Whether every action is a log: then nothing depends on what is in a line.
    is_plain: bool,
    /// The beginning of the line in progress, with its stamp. It goes nowhere before the line has ended or has
    /// [`LONGEST`] bytes.
    head: Vec<u8>,
    /// Where in the line in progress the input is.
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Between two lines.
    Between,
    /// In the first [`LONGEST`] bytes.
    Head,
    /// Behind them: the outputs have been selected.
    Tail,
}

impl Multilog {
    /// Opens the status files, and then the log directories (MLOG-20).
    fn open(script: &Script, origin: &WorkingDirectory, signals: Arrivals) -> Result<Multilog, Exit> {
        let mut files = vec![];
        for action in &script.actions {
            if let Action::Status(name) = action {
                files.push(open::overwrite(name).map_err(MULTILOG.fatal(parts!("unable to create ", name)))?);
            }
        }
        let mut files = files.into_iter();
        let mut outputs = vec![];
        for action in &script.actions {
            outputs.push(match action {
                Action::Deselect(pattern) => Output::Deselect(pattern.clone()),
                Action::Select(pattern) => Output::Select(pattern.clone()),
                Action::Alert => Output::Alert,
                Action::Status(name) => match files.next() {
                    Some(file) => Output::Status(name.clone(), file),
                    None => continue,
                },
                Action::Log(settings) => {
                    origin.enter().map_err(MULTILOG.fatal(parts!("unable to switch to starting directory")))?;
                    Output::Log(Log::open(settings, &signals)?)
                }
            });
        }
        Ok(Multilog {
            is_plain: outputs.iter().all(|output| matches!(output, Output::Log(_))),
            outputs,
            signals,
            stamp: script.stamps.then(Stamp::new),
            head: Vec::new(),
            place: Place::Between,
        })
    }

    /// Reads lines until the end of the input or TERM (MLOG-30, 34, 40, 41).
    fn read_all(&mut self) {
        let mut input = vec![0; memory::UNTOUCHED];
        let mut is_ending = false;
        loop {
            self.flush();
            // What follows the line in progress is left to the next reader.
            if is_ending && self.place == Place::Between {
                return;
            }
            let is_readable = stdio::wait_readable(self.signals.source());
            while let Some(signal) = self.signals.next() {
                match signal == Signal::SIGALRM {
                    true => self.rotate(),
                    false => is_ending = true,
                }
            }
            if !is_readable || is_ending && self.place == Place::Between {
                continue;
            }
            let wanted = if is_ending { 1 } else { self.room() };
            match stdio::read(&mut input[..wanted]) {
                Ok(0) => break,
                Ok(count) => self.feed(&input[..count]),
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
                Err(_) => break,
            }
        }
        if self.place != Place::Between {
            self.end_line();
        }
    }

    /// Returns how much to read at once: not more than what fits into each file, so that a multilog that is killed in the
    /// middle of a rotation has not read much that is in no file yet.
    fn room(&self) -> usize {
        let logs = self
            .outputs
            .iter()
            .filter_map(|output| if let Output::Log(log) = output { Some(log.room()) } else { None });
        // A stamp has 26 bytes, so that lines of eight bytes take four times the room.
        let share = if self.stamp.is_some() { 4 } else { 1 };
        logs.map(|room| room / share).min().unwrap_or(INPUT).clamp(LEAST_INPUT, INPUT)
    }

    /// Takes a piece of input.
    fn feed(&mut self, input: &[u8]) {
        if let Some(stamp) = &mut self.stamp {
            stamp.look_at_clock();
        }
        let mut rest = input;
        while !rest.is_empty() {
            let end = memory::find(b'\n', rest).map(|newline| newline + 1);
            let (piece, later) = rest.split_at(end.unwrap_or(rest.len()));
            rest = later;
            match end {
                Some(_) if self.place == Place::Between => self.take_line(piece),
                Some(end) => {
                    self.add(&piece[..end - 1]);
                    self.end_line();
                }
                None => {
                    if self.place == Place::Between {
                        self.place = Place::Head;
                        self.head.extend_from_slice(self.stamp.as_mut().map(Stamp::next).unwrap_or_default());
                    }
                    self.add(piece);
                }
            }
        }
    }

    /// Takes a whole line with its newline. Most lines come this way, without a copy of their beginning.
    fn take_line(&mut self, line: &[u8]) {
        let stamp = self.stamp.as_mut().map(Stamp::next).unwrap_or_default();
        if self.is_plain {
            for output in &mut self.outputs {
                if let Output::Log(log) = output {
                    log.append(stamp);
                    log.append(line);
                }
            }
        } else if stamp.is_empty() && line.len() <= LONGEST {
            select(&mut self.outputs, &line[..line.len() - 1], line);
        } else {
            self.place = Place::Head;
            self.head.extend_from_slice(stamp);
            self.add(&line[..line.len() - 1]);
            self.end_line();
        }
    }

    /// Adds `piece` to the line in progress.
    fn add(&mut self, piece: &[u8]) {
        let mut piece = piece;
        if self.place == Place::Head {
            let (head, tail) = piece.split_at(piece.len().min(LONGEST.saturating_sub(self.head.len())));
            self.head.extend_from_slice(head);
            piece = tail;
            if self.head.len() >= LONGEST {
                self.place = Place::Tail;
                select(&mut self.outputs, &self.head, &self.head);
            }
        }
        if !piece.is_empty() {
            self.append(piece);
        }
    }

    fn end_line(&mut self) {
        if self.place == Place::Head {
            self.head.push(b'\n');
            select(&mut self.outputs, &self.head[..self.head.len() - 1], &self.head);
        } else {
            self.append(b"\n");
        }
        self.place = Place::Between;
        self.head.clear();
    }

    /// Appends `bytes` to the logs that the line in progress goes to.
    fn append(&mut self, bytes: &[u8]) {
        for output in &mut self.outputs {
            if let Output::Log(log) = output
                && log.is_selected
            {
                log.append(bytes);
            }
        }
    }

    fn flush(&mut self) {
        for output in &mut self.outputs {
            if let Output::Log(log) = output {
                log.flush(&self.signals);
            }
        }
    }

    /// Rotates every log that is not empty. The line in progress goes to the new files (MLOG-41).
    fn rotate(&mut self) {
        for output in &mut self.outputs {
            if let Output::Log(log) = output {
                log.rotate_unless_empty(&self.signals);
            }
        }
    }

    fn close(&mut self) {
        self.flush();
        for output in &mut self.outputs {
            if let Output::Log(log) = output {
                log.close();
            }
        }
    }
}

/// Does the actions of a script for the beginning of a line, `head` (MLOG-04 to 10). Logs get `text`, which is more than
/// that if the line ends there.
fn select(outputs: &mut [Output], head: &[u8], text: &[u8]) {
    let mut is_selected = true;
    for output in outputs {
        match output {
            Output::Deselect(pattern) => is_selected = is_selected && !pattern.matches(head),
            Output::Select(pattern) => is_selected = is_selected || pattern.matches(head),
            Output::Alert if is_selected => alert(head),
            Output::Status(name, file) if is_selected => write_status(name, file, head),
            Output::Log(log) => {
                log.is_selected = is_selected;
                if is_selected {
                    log.append(text);
                }
            }
            Output::Alert | Output::Status(..) => {}
        }
    }
}

/// Prints the beginning of a line on stderr (MLOG-07).
fn alert(line: &[u8]) {
    let (text, end) = if line.len() > ALERT { (&line[..ALERT], "...\n") } else { (line, "\n") };
    let _ = io::stderr().write_all(&[text, end.as_bytes()].concat());
}

/// Replaces the first bytes of a status file by the beginning of a line, padded with newlines (MLOG-08).
fn write_status(name: &OsStr, file: &mut File, line: &[u8]) {
    let mut bytes = [b'\n'; LONGEST + 1];
    bytes[..line.len()].copy_from_slice(line);
    while let Err(error) = file.rewind() {
        MULTILOG.warn(parts!("unable to move to beginning of ", name, ", pausing"), &error);
        pause();
    }
    while let Err(error) = file.write_all(&bytes) {
        MULTILOG.warn(parts!("unable to write ", name, ", pausing"), &error);
        pause();
    }
}
