//! All that a scenario may do: make services, run the target's commands, wait for what it can name, and expect.
//!
//! The world is one directory, which is the current directory of the scenario's process; names of files are relative to
//! it. Whatever is started here, or by what is started here, ends with the scenario.

mod clock;
mod command;
mod control;
mod ending;
mod installed;
mod private_root;
mod scanning;
mod service;
mod supervising;

pub(crate) use clock::Clock;
pub(crate) use command::{Command, Exit, Ran, Running, send_signal};
pub(crate) use control::{Decoy, Rewrites, STDERR_UNREAD, STDOUT_UNREAD};
pub(crate) use installed::Installed;
pub(crate) use scanning::{SCAN, directory_of, parent_of};
pub(crate) use service::Service;

use crate::observe::shown;
use crate::probe;
use crate::scenario::{Outcome, Stopped};
use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, io};

/// How long [`World::until`] waits for something that a healthy target does at once, or after the second of its rest.
const PATIENCE: Duration = Duration::from_secs(8);
/// How often a wait looks.
const LOOK_EVERY: Duration = Duration::from_millis(4);

/// What a scenario did and saw, in order: the transcript that a failure prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Step {
    /// Milliseconds since the scenario began.
    pub(crate) at: u64,
    /// What was done.
    pub(crate) did: String,
    /// What came of it.
    pub(crate) saw: String,
}

/// The world of one scenario on one target.
#[derive(Debug)]
pub(crate) struct World {
    directory: PathBuf,
    commands: PathBuf,
    next_commands: PathBuf,
    probe: PathBuf,
    began: Instant,
    deadline: Duration,
    scale: f64,
    id: &'static str,
    steps: RefCell<Vec<Step>>,
    ended: RefCell<BTreeMap<i32, Exit>>,
    expected: RefCell<BTreeSet<i32>>,
    outputs: Cell<u32>,
}

impl World {
    /// A world in `directory`, which becomes the current directory, for the target whose commands are in
    /// `commands`, and are replaced in an upgrade by those in `next_commands`.
    ///
    /// # Errors
    /// When this process cannot be made fit for it.
    pub(crate) fn new(
        directory: &Path,
        (commands, next_commands): (&Path, &Path),
        deadline: Duration,
        scale: f64,
        id: &'static str,
    ) -> io::Result<World> {
        std::env::set_current_dir(directory)?;
        nix::sys::prctl::set_child_subreaper(true)?;
        nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
        Ok(World {
            directory: directory.to_owned(),
            commands: commands.to_owned(),
            next_commands: next_commands.to_owned(),
            probe: std::env::current_exe()?,
            began: Instant::now(),
            deadline,
            scale,
            id,
            steps: RefCell::default(),
            ended: RefCell::default(),
            expected: RefCell::default(),
            outputs: Cell::default(),
        })
    }

    /// The directory of this world.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// A file of this world, by its full name.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.directory.join(name)
    }

    /// `time`, made longer where `--time-scale` says that the machine is slow. For the upper ends of waits only.
    pub(crate) fn scaled(&self, time: Duration) -> Duration {
        time.mul_f64(self.scale)
    }

    /// The id of the scenario.
    pub(crate) fn id(&self) -> &str {
        self.id
    }

    /// The transcript.
    pub(crate) fn steps(&self) -> Vec<Step> {
        self.steps.borrow().clone()
    }

    /// Begins the transcript anew.
    pub(crate) fn forget_steps(&self) {
        self.steps.borrow_mut().clear();
    }

    /// Adds to the transcript.
    pub(crate) fn note(&self, did: impl Into<String>, saw: impl Into<String>) {
        let at = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.steps.borrow_mut().push(Step { at, did: self.normalised(did), saw: self.normalised(saw) });
    }

    /// `text` with this world's directory, which is another in each run, as `WORLD`: so that runs can be compared.
    fn normalised(&self, text: impl Into<String>) -> String {
        text.into().replace(&*self.directory.to_string_lossy(), "WORLD")
    }

    // Expecting.

    /// Fails unless `actual` is `expected`.
    #[track_caller]
    pub(crate) fn expect<A: PartialEq<E> + Debug, E: Debug>(&self, what: &str, actual: A, expected: E) -> Outcome {
        if actual == expected {
            self.note(format!("expect {what}"), format!("{actual:?}"));
            return Ok(());
        }
        Err(self.failed(what, &format!("{expected:?}"), format!("{actual:?}")))
    }

    /// Fails unless `holds`; `expected` and `actual` say it in words.
    #[track_caller]
    pub(crate) fn expect_that(&self, what: &str, holds: bool, expected: &str, actual: impl Debug) -> Outcome {
        if holds {
            self.note(format!("expect {what}: {expected}"), format!("{actual:?}"));
            return Ok(());
        }
        Err(self.failed(what, expected, format!("{actual:?}")))
    }

    /// Fails unless `actual` lies between `least` and `most`; a slow machine may take `--time-scale` times longer.
    #[track_caller]
    pub(crate) fn expect_between(&self, what: &str, actual: Duration, least: Duration, most: Duration) -> Outcome {
        let most = self.scaled(most);
        self.expect_that(what, least <= actual && actual <= most, &format!("{least:?} to {most:?}"), actual)
    }

    /// Waits until `look` finds `wanted`. Fails with the last look when it does not.
    #[track_caller]
    pub(crate) fn until<T: PartialEq<W> + Debug, W: Debug>(
        &self,
        what: &str,
        wanted: W,
        look: impl Fn() -> Result<T, Stopped>,
    ) -> Outcome {
        self.until_some(what, &format!("{wanted:?}"), || {
            let seen = look()?;
            Ok(if seen == wanted { Ok(()) } else { Err(format!("{seen:?}")) })
        })
    }

    /// Waits until `look` finds something, and returns it. `look` says `Err` with what it sees instead.
    #[track_caller]
    pub(crate) fn until_some<T>(
        &self,
        what: &str,
        wanted: &str,
        look: impl Fn() -> Result<Result<T, String>, Stopped>,
    ) -> Result<T, Stopped> {
        let begin = Instant::now();
        let patience = self.scaled(PATIENCE);
        loop {
            match look()? {
                Ok(found) => {
                    self.note(format!("wait until {what} is {wanted}"), "so it is");
                    return Ok(found);
                }
                Err(seen) if self.began.elapsed() > self.deadline => {
                    return Err(Stopped::TimedOut { at: here(), expected: format!("{what}: {wanted}"), actual: seen });
                }
                Err(seen) if begin.elapsed() > patience => return Err(self.failed(what, wanted, seen)),
                Err(_) => self.pause(),
            }
        }
    }

    /// Fails if `look` finds anything but `wanted` within `time`.
    #[track_caller]
    pub(crate) fn stays<T: PartialEq<W> + Debug, W: Debug>(
        &self,
        what: &str,
        wanted: W,
        time: Duration,
        look: impl Fn() -> Result<T, Stopped>,
    ) -> Outcome {
        let begin = Instant::now();
        loop {
            let seen = look()?;
            if seen != wanted {
                return Err(self.failed(&format!("{what}, for {time:?}"), &format!("{wanted:?}"), format!("{seen:?}")));
            }
            if begin.elapsed() > time {
                self.note(format!("watch {what} for {time:?}"), format!("stays {wanted:?}"));
                return Ok(());
            }
            self.pause();
        }
    }

    /// The only sleep in the suite: between two looks.
    fn pause(&self) {
        self.pause_at_most(LOOK_EVERY);
    }

    #[expect(clippy::disallowed_methods, reason = "every wait of the suite comes here, with a look before and after")]
    fn pause_at_most(&self, time: Duration) {
        std::thread::sleep(time);
        self.reap();
    }

    /// What a look of [`World::until`] says when it has found something that must never be.
    #[track_caller]
    pub(crate) fn failed(&self, what: &str, expected: &str, actual: String) -> Stopped {
        self.note(format!("expect {what}: {expected}"), actual.clone());
        let (expected, actual) = (self.normalised(format!("{what}: {expected}")), self.normalised(actual));
        Stopped::Failed { at: here(), expected, actual }
    }

    // Files.

    /// Makes a directory and its parents.
    pub(crate) fn make_directory(&self, name: &str) -> Result<PathBuf, Stopped> {
        let path = self.path(name);
        fs::create_dir_all(&path).map_err(|error| broken(&path, &error))?;
        Ok(path)
    }

    /// Writes a file whole: it is there with all of `bytes` or as it was.
    pub(crate) fn write_file(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> Outcome {
        self.write_mode(name.as_ref(), bytes.as_ref(), 0o644)
    }

    /// The same for a script that may be executed.
    pub(crate) fn write_script(&self, name: impl AsRef<Path>, text: &str) -> Outcome {
        self.write_mode(name.as_ref(), text.as_bytes(), 0o755)
    }

    fn write_mode(&self, name: &Path, bytes: &[u8], mode: u32) -> Outcome {
        let path = self.path(name);
        let mut new = path.clone().into_os_string();
        new.push(".making");
        let write = || -> io::Result<()> {
            let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&new)?;
            io::Write::write_all(&mut file, bytes)?;
            drop(file);
            fs::rename(&new, &path)
        };
        write().map_err(|error| broken(&path, &error))
    }

    /// Makes the symbolic link `link` to `target`, which is kept as it is told.
    pub(crate) fn link(&self, target: impl AsRef<Path>, link: impl AsRef<Path>) -> Outcome {
        let link = self.path(link);
        self.note(format!("ln -s {} {}", target.as_ref().display(), link.display()), "");
        std::os::unix::fs::symlink(target, &link).map_err(|error| broken(&link, &error))
    }

    /// Makes a fifo of mode 0600.
    pub(crate) fn make_fifo(&self, name: &str) -> Outcome {
        let path = self.path(name);
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::from_bits_truncate(0o600))
            .map_err(|error| broken(&path, &error))
    }

    /// Opens for reading without waiting for a writer: what holds a fifo open as a supervise would.
    pub(crate) fn open_reader(&self, name: impl AsRef<Path>) -> Result<fs::File, Stopped> {
        let path = self.path(name);
        fs::OpenOptions::new()
            .read(true)
            .custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits())
            .open(&path)
            .map_err(|error| broken(&path, &error))
    }

    /// Removes a file, a link or a whole directory.
    pub(crate) fn remove(&self, name: impl AsRef<Path>) -> Outcome {
        let path = self.path(name);
        let is_directory = path.symlink_metadata().map_err(|error| broken(&path, &error))?.is_dir();
        self.note(format!("rm {}", path.display()), "");
        if is_directory { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }
            .map_err(|error| broken(&path, &error))
    }

    /// Renames a file.
    pub(crate) fn rename(&self, from: &str, to: &str) -> Outcome {
        self.note(format!("mv {from} {to}"), "");
        fs::rename(self.path(from), self.path(to)).map_err(|error| broken(&self.path(from), &error))
    }

    /// Sets the permission bits of a file.
    pub(crate) fn set_mode(&self, name: &str, mode: u32) -> Outcome {
        let path = self.path(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(|error| broken(&path, &error))
    }

    /// The permission bits of a file in octal, such as `0644`, or `-` when it is not there.
    pub(crate) fn mode(&self, name: &str) -> String {
        fs::symlink_metadata(self.path(name))
            .map_or_else(|_| "-".to_owned(), |metadata| format!("{:04o}", metadata.permissions().mode() & 0o7777))
    }

    /// What is in a file, as [`shown`]; empty when it is not there.
    pub(crate) fn read(&self, name: impl AsRef<Path>) -> String {
        shown(&fs::read(self.path(name)).unwrap_or_default())
    }

    /// The lines of a file.
    pub(crate) fn lines(&self, name: impl AsRef<Path>) -> Vec<String> {
        let bytes = fs::read(self.path(name)).unwrap_or_default();
        let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        if text.is_empty() { vec![] } else { text.split(|&byte| byte == b'\n').map(shown).collect() }
    }

    /// Nanoseconds on the clock that probes stamp their events with.
    pub(crate) fn monotonic(&self) -> u64 {
        probe::monotonic()
    }
}

/// The suite or the world broke at `path`.
pub(crate) fn broken(path: &Path, error: &dyn std::fmt::Display) -> Stopped {
    Stopped::Broken { why: format!("{}: {error}", shown(path.as_os_str().as_bytes())) }
}

#[track_caller]
fn here() -> String {
    let place = Location::caller();
    format!("{}:{}", place.file(), place.line())
}
