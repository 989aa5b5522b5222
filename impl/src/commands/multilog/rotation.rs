//! What happens to the files of a log directory, as lists of steps. No I/O: the driver takes the steps one by one, and a
//! unit test can stop after any of them.

/// The files that a log directory has besides old logs.
pub(crate) const CURRENT: &str = "current";
/// The file that is being rotated.
pub(crate) const PREVIOUS: &str = "previous";
/// What the processor has made of [`PREVIOUS`].
pub(crate) const PROCESSED: &str = "processed";
/// What the processor remembers from one file to the next.
pub(crate) const STATE: &str = "state";
/// What the processor wants to remember.
pub(crate) const NEW_STATE: &str = "newstate";
/// Locked by flock(2) while a multilog is at work.
pub(crate) const LOCK: &str = "lock";

/// The mode of a file that is complete: the owner's execute bit tells it from one that a crash left behind.
pub(crate) const COMPLETE: u32 = 0o744;
/// The mode of a file that is being written.
pub(crate) const INCOMPLETE: u32 = 0o644;
/// The owner's execute bit.
const EXECUTE: u32 = 0o100;

/// The last letter of the name of an old log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// `s`: everything in it was processed and is on disk.
    Safe,
    /// `u`: a crash left it behind, so its end may be missing.
    Unfinished,
}

impl Code {
    /// Returns the end of the name: a dot and the letter.
    pub(crate) fn suffix(self) -> &'static [u8] {
        match self {
            Code::Safe => b".s",
            Code::Unfinished => b".u",
        }
    }
}

/// One step on the files of a log directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Go on writing to [`CURRENT`], and mark it as incomplete.
    Resume,
    /// Remove this file, if it exists.
    Remove(&'static str),
    /// Create this file empty, or empty it.
    Create(&'static str),
    /// Write [`CURRENT`] to disk and close it.
    Close,
    /// Rename the first file to the second.
    Rename(&'static str, &'static str),
    /// Mark this file as complete.
    Complete(&'static str),
    /// Run the processor on [`PREVIOUS`], until it succeeds.
    Process,
    /// Write this file to disk.
    Sync(&'static str),
    /// Link this file, if it exists, to a name with a time stamp and this code, remove the old name, and prune.
    Archive(&'static str, Code),
}

/// Returns whether a file with these permission bits is complete: it has the owner's execute bit.
pub(crate) fn is_complete(mode: Option<u32>) -> bool {
    mode.is_some_and(|mode| mode & EXECUTE != 0)
}

/// Returns the steps at start, from the modes of [`CURRENT`] and [`PROCESSED`], which are `None` for files that do not
/// exist (MLOG-22, 23).
pub(crate) fn start(current: Option<u32>, processed: Option<u32>) -> Vec<Step> {
    if is_complete(current) {
        return vec![Step::Resume];
    }
    let mut steps = vec![Step::Remove(STATE), Step::Remove(NEW_STATE)];
    if is_complete(processed) {
        steps.extend([Step::Remove(PREVIOUS), Step::Archive(PROCESSED, Code::Safe)]);
    } else {
        steps.extend([Step::Remove(PROCESSED), Step::Archive(PREVIOUS, Code::Unfinished)]);
    }
    steps.extend([Step::Archive(CURRENT, Code::Unfinished), Step::Create(STATE), Step::Create(CURRENT)]);
    steps
}

/// Returns the steps of a rotation (MLOG-33, 51).
pub(crate) fn rotate(has_processor: bool) -> Vec<Step> {
    let mut steps = vec![Step::Close, Step::Rename(CURRENT, PREVIOUS), Step::Create(CURRENT), Step::Complete(PREVIOUS)];
    if has_processor {
        steps.extend([
            Step::Process,
            Step::Sync(PROCESSED),
            Step::Complete(PROCESSED),
            Step::Sync(NEW_STATE),
            Step::Remove(PREVIOUS),
            Step::Rename(NEW_STATE, STATE),
            Step::Archive(PROCESSED, Code::Safe),
        ]);
    } else {
        steps.push(Step::Archive(PREVIOUS, Code::Safe));
    }
    steps
}

/// Returns how many of `bytes` go into a file that has `written` of at most `size` bytes, and whether the file is full
/// then. It is full at its size, or at a newline in its last 2000 bytes (MLOG-31, 32).
pub(crate) fn room(written: u64, size: u64, bytes: &[u8]) -> (usize, bool) {
    const WINDOW: u64 = 2000;
    let left = usize::try_from(size.saturating_sub(written)).unwrap_or(usize::MAX);
    let mut count = left.min(bytes.len());
    if written + count as u64 >= size - WINDOW
        && let Some(newline) = bytes[..count].iter().rposition(|&byte| byte == b'\n')
    {
        count = newline + 1;
    }
    let written = written + count as u64;
    let ends_line = bytes[..count].last() == Some(&b'\n');
    (count, written >= size || written >= size - WINDOW && ends_line)
}

/// Returns whether `name` is that of an old log: `@`, 24 hexadecimal digits, a dot and a letter.
fn is_old(name: &[u8]) -> bool {
    let [b'@', stamp @ .., b'.', b's' | b'u'] = name else { return false };
    stamp.len() == 24 && stamp.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Returns those of `names` to remove so that fewer than `number` old logs are left, the oldest first (MLOG-13, 26).
pub(crate) fn surplus(names: impl IntoIterator<Item = Vec<u8>>, number: u64) -> Vec<Vec<u8>> {
    let mut old: Vec<Vec<u8>> = names.into_iter().filter(|name| is_old(name)).collect();
    old.sort_unstable();
    let most = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
    old.truncate(old.len().saturating_sub(most));
    old
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[derive(Debug, Clone, PartialEq)]
    struct File {
        mode: u32,
        lines: Vec<u32>,
    }

    /// A log directory in memory. `Archive` makes a hard link first, so a crash between its two halves leaves two names.
    #[derive(Debug, Clone, Default)]
    struct Directory {
        files: BTreeMap<String, File>,
        archived: usize,
    }

    impl Directory {
        fn mode(&self, name: &str) -> Option<u32> {
            self.files.get(name).map(|file| file.mode)
        }

        /// Takes a step; half of it if it has two halves and `whole` is false.
        fn take(&mut self, step: Step, whole: bool) {
            let new = || File { mode: INCOMPLETE, lines: vec![] };
            match step {
                Step::Resume => self.files.get_mut(CURRENT).unwrap().mode = INCOMPLETE,
                Step::Remove(name) => drop(self.files.remove(name)),
                Step::Create(name) => {
                    // `current` is opened for appending: what is in it stays.
                    let file = self.files.entry(name.to_owned()).or_insert_with(new);
                    if name != CURRENT {
                        file.lines.clear();
                    }
                }
                Step::Close | Step::Sync(_) => {}
                Step::Rename(from, to) => {
                    let file = self.files.remove(from).unwrap();
                    self.files.insert(to.to_owned(), file);
                }
                Step::Complete(name) => self.files.get_mut(name).unwrap().mode = COMPLETE,
                Step::Process => {
                    let lines = self.files[PREVIOUS].lines.clone();
                    let half = lines[..lines.len() / 2].to_vec();
                    let lines = if whole { lines } else { half };
                    self.files.insert(PROCESSED.to_owned(), File { mode: INCOMPLETE, lines });
                    self.files.insert(NEW_STATE.to_owned(), new());
                }
                Step::Archive(name, _) => {
                    if let Some(file) = self.files.get(name).cloned() {
                        let is_linked = self.files.iter().any(|(other, same)| other.starts_with('@') && *same == file);
                        if !is_linked {
                            self.archived += 1;
                            self.files.insert(format!("@{:024x}.s", self.archived), file);
                        }
                        if whole {
                            self.files.remove(name);
                        }
                    }
                }
            }
        }

        fn start(&mut self) {
            for step in start(self.mode(CURRENT), self.mode(PROCESSED)) {
                self.take(step, true);
            }
        }

        /// All lines in `current` and in old logs.
        fn lines(&self) -> Vec<u32> {
            let logs = self.files.iter().filter(|(name, _)| name.starts_with('@') || *name == CURRENT);
            let mut lines: Vec<u32> = logs.flat_map(|(_, file)| file.lines.clone()).collect();
            lines.sort_unstable();
            lines
        }
    }

    /// A crash after any step, or in the middle of one, of a rotation or of the recovery from an earlier crash, loses no
    /// line and doubles none.
    #[test]
    fn no_crash_loses_a_line_or_doubles_one() {
        for has_processor in [false, true] {
            let steps = rotate(has_processor);
            for (crash, whole) in (0..=steps.len()).flat_map(|crash| [(crash, true), (crash, false)]) {
                let mut directory = Directory::default();
                directory.start();
                directory.files.get_mut(CURRENT).unwrap().lines = vec![1, 2, 3, 4];
                steps[..crash].iter().for_each(|&step| directory.take(step, true));
                if let Some(&step) = steps.get(crash).filter(|_| !whole) {
                    directory.take(step, false);
                }
                let recovery = start(directory.mode(CURRENT), directory.mode(PROCESSED));
                for again in 0..=recovery.len() {
                    let mut directory = directory.clone();
                    recovery[..again].iter().for_each(|&step| directory.take(step, true));
                    directory.start();
                    assert_eq!(
                        directory.lines(),
                        [1, 2, 3, 4],
                        "{has_processor} {crash} {whole} {again}: {directory:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_complete_current_is_resumed_and_any_other_is_put_aside() {
        assert_eq!(start(Some(0o744), None), [Step::Resume]);
        assert_eq!(start(Some(0o100), Some(0o744)), [Step::Resume]);
        let steps = start(Some(0o644), Some(0o744));
        assert!(steps.contains(&Step::Archive(PROCESSED, Code::Safe)) && steps.contains(&Step::Remove(PREVIOUS)));
        assert!(start(None, Some(0o644)).contains(&Step::Archive(PREVIOUS, Code::Unfinished)));
    }

    #[test]
    fn a_file_is_full_at_its_size_or_at_a_newline_near_it() {
        let line = [&b"x".repeat(99)[..], b"\n"].concat();
        assert_eq!(room(0, 4096, &line), (100, false));
        assert_eq!(room(2000, 4096, &line), (100, true));
        assert_eq!(room(0, 4096, &line.repeat(50)), (4000, true));
        assert_eq!(room(0, 4096, &b"x".repeat(5000)), (4096, true));
        assert_eq!(room(4096, 4096, b"x"), (0, true));
        assert_eq!(room(4000, 4096, b"xx\nyy"), (3, true));
        assert_eq!(room(4000, 4096, b"xx"), (2, false));
    }

    #[test]
    fn the_oldest_logs_are_surplus_and_nothing_else_is() {
        let name = |number: u8| format!("@{number:024x}.s").into_bytes();
        let foreign = [b"current".to_vec(), b"@4000.s".to_vec(), b"@zzzzzzzzzzzzzzzzzzzzzzzz.s".to_vec()];
        let names = || (1..=5).rev().map(name).chain(foreign.clone());
        assert_eq!(surplus(names(), 10), Vec::<Vec<u8>>::new());
        assert_eq!(surplus(names(), 5), [name(1)]);
        assert_eq!(surplus(names(), 2), [name(1), name(2), name(3), name(4)]);
    }

    proptest! {
        #[test]
        fn a_file_is_never_larger_than_its_size(
            written in 0_u64..5000, size in 4096_u64..6000, bytes in proptest::collection::vec(0_u8..20, 1..9000)
        ) {
            let (count, full) = room(written, size, &bytes);
            prop_assert!(written + count as u64 <= size.max(written));
            prop_assert!(count > 0 || full);
        }
    }
}
