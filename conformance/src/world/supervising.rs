//! What scenarios of supervise need besides: a start that is refused, raw commands, the lock, and circumstances that
//! only a shell, another user, a tracer or a file system of their own can make.

use super::{Command, Ran, Running, Service, World, broken};
use crate::observe::process::Process;
use crate::scenario::{Outcome, Stopped};
use crate::target::tool;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::mount::{MsFlags, mount};
use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The user and group that are nobody's, as whom root runs what root must not.
const NOBODY: u32 = 65_534;

impl World {
    // Starting supervise.

    /// Starts the target's supervise on `service` and waits for nothing.
    pub(crate) fn start_supervise(&self, service: &Service) -> Result<Running, Stopped> {
        self.command("supervise").arg(&service.name).start()
    }

    /// Fails unless `ran` ended with `exit`, said `words` and a newline on stderr, and printed nothing.
    #[track_caller]
    pub(crate) fn expect_end(&self, ran: &Ran, exit: &str, words: &str) -> Outcome {
        let ended = (ran.exit.clone(), ran.err.clone(), ran.out.clone());
        self.expect("exit, stderr and stdout", ended, (exit.to_owned(), format!("{words}\\n"), String::new()))
    }

    /// The target's supervise, told the directory `name`, must exit 111 with `message` and no other word.
    #[track_caller]
    pub(crate) fn refuses(&self, name: impl AsRef<OsStr>, message: &str) -> Outcome {
        self.expect_end(&self.end_of(self.command("supervise").arg(name))?, "exit 111", message)
    }

    /// What [`Command::run`] returns, for a command that may go on for ever where it should have ended: that is a
    /// failure.
    #[track_caller]
    pub(crate) fn end_of(&self, command: Command<'_>) -> Result<Ran, Stopped> {
        let running = command.start()?;
        let exit = self.wait(&running)?.to_string();
        Ok(Ran { exit, out: running.out(), err: running.err() })
    }

    /// Waits until `who` has said `line` on its standard error `times` times, and fails if it says anything else.
    #[track_caller]
    pub(crate) fn until_says(&self, who: &Running, times: usize, line: &str) -> Outcome {
        self.until_some("the words on stderr", &format!("{times} times {line:?}"), || {
            let lines = who.err_lines();
            let said = lines.len() >= times && lines.iter().all(|said| said == line);
            Ok(if said { Ok(()) } else { Err(format!("{lines:?}")) })
        })
    }

    /// Waits for the end of `running`, of which `orphan` is left, and says how it ended.
    #[track_caller]
    pub(crate) fn wait_and_disown(&self, running: &Running, orphan: i32) -> Result<String, Stopped> {
        self.expected.borrow_mut().insert(orphan);
        Ok(self.wait(running)?.to_string())
    }

    // The lock and the other files.

    /// Takes the lock of `service`, which is held as long as the answer lives; `None` when another holds it.
    pub(crate) fn lock(&self, service: &Service) -> Result<Option<Flock<fs::File>>, Stopped> {
        let path = service.directory.join("supervise/lock");
        let file = fs::OpenOptions::new().append(true).create(true).open(&path);
        match Flock::lock(file.map_err(|error| broken(&path, &error))?, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Ok(Some(lock)),
            Err((_, Errno::EAGAIN)) => Ok(None),
            Err((_, error)) => Err(broken(&path, &error)),
        }
    }

    /// Waits until nobody holds the lock of `service`.
    #[track_caller]
    pub(crate) fn until_unlocked(&self, service: &Service) -> Outcome {
        self.until(&format!("the lock of {}", service.name), "free", || {
            Ok(if self.lock(service)?.is_some() { "free" } else { "held" })
        })
    }

    /// The names in a directory, sorted; none when there is no such directory.
    pub(crate) fn names(&self, directory: impl AsRef<Path>) -> Vec<String> {
        let entries = fs::read_dir(self.path(directory)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| crate::observe::shown(entry.file_name().as_bytes())).collect();
        names.sort();
        names
    }

    /// What tells whether somebody replaced or wrote to a file: inode, size and time of change. `None` when it is
    /// absent.
    pub(crate) fn identity(&self, name: impl AsRef<Path>) -> Option<(u64, u64, i64, i64)> {
        let file = fs::symlink_metadata(self.path(name)).ok()?;
        Some((file.ino(), file.size(), file.mtime(), file.mtime_nsec()))
    }

    // Processes.

    /// The names and states of the children of `parent`, dead ones too, as `run S`, in the order of their pids.
    pub(crate) fn lives_of_children(&self, parent: i32) -> Vec<String> {
        let mut children: Vec<Process> =
            Process::all().into_iter().filter(|process| process.parent == parent).collect();
        children.sort_by_key(|process| process.pid);
        // R, S and D are all the same life.
        let life = |state: char| if "RSDI".contains(state) { 'S' } else { state };
        children.iter().map(|process| format!("{} {}", process.name, life(process.state))).collect()
    }

    // Circumstances.

    /// The target's command `name` as a user whom modes keep out: nobody, if this one is root. It is a copy, since the
    /// target may be where only root can get. Skips where that user cannot come as far as this world.
    pub(crate) fn as_nobody(&self, name: &str) -> Result<Command<'_>, Stopped> {
        if !nix::unistd::geteuid().is_root() {
            return Ok(self.command(name));
        }
        let copy = self.make_directory(".nobody")?.join(name);
        if !copy.exists() {
            fs::copy(self.commands().join(name), &copy).map_err(|error| broken(&copy, &error))?;
        }
        let setpriv = found("setpriv")?;
        let ids = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".to_owned()];
        let as_nobody = || self.program(&setpriv).args(&ids);
        if as_nobody().args(["test", "-x"]).arg(&copy).run()?.exit != "exit 0" {
            return Err(Stopped::Skipped { missing: "way to this directory for another user".to_owned() });
        }
        Ok(as_nobody().arg(copy))
    }

    /// The target's command `name` under strace with `options`. Skips where strace cannot trace.
    pub(crate) fn traced(&self, options: &[&str], name: &str) -> Result<Command<'_>, Stopped> {
        let strace = found("strace")?;
        let ran = self.program(&strace).args(["-o", "/dev/null"]).args(options).arg("/bin/true").run()?;
        if ran.exit != "exit 0" || !ran.err.is_empty() {
            return Err(Stopped::Skipped {
                missing: format!("right to trace, or no strace that knows how: {}", ran.err),
            });
        }
        Ok(self.program(strace).args(options).arg(self.commands().join(name)))
    }

    /// The program that `strace` runs.
    pub(crate) fn traced_by(&self, strace: &Running) -> Result<i32, Stopped> {
        let child = Process::children(strace.pid).first().map(|child| child.pid);
        child.ok_or_else(|| Stopped::Broken { why: "strace has no child".to_owned() })
    }

    /// Makes `directory` an empty file system in memory, of `size` bytes at most. Skips where this machine does not let
    /// us.
    pub(crate) fn small_disk(&self, directory: &str, size: usize) -> Result<PathBuf, Stopped> {
        self.private_mounts()?;
        let path = self.make_directory(directory)?;
        let options = format!("size={size}");
        mount(Some("tmpfs"), &path, Some("tmpfs"), MsFlags::empty(), Some(options.as_str()))
            .map_err(|error| broken(&path, &error))?;
        Ok(path)
    }

    /// Makes a file system of this scenario read-only.
    pub(crate) fn write_protect(&self, disk: &Path) -> Outcome {
        const NOTHING: Option<&str> = None;
        let flags = MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
        mount(NOTHING, disk, NOTHING, flags, NOTHING).map_err(|error| broken(disk, &error))
    }

    /// Fills the file system that `name` is on by writing to `name` until no more goes in.
    pub(crate) fn fill_disk(&self, name: &str) -> Outcome {
        let path = self.path(name);
        let mut file = fs::File::create(&path).map_err(|error| broken(&path, &error))?;
        for _ in 0..1 << 12 {
            match file.write(&[b'x'; 4096]) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                    self.note(format!("fill the disk with {name}"), "");
                    return Ok(());
                }
                Err(error) => return Err(broken(&path, &error)),
            }
        }
        Err(broken(&path, &"the disk does not fill up"))
    }
}

fn found(name: &str) -> Result<PathBuf, Stopped> {
    tool(name).ok_or_else(|| Stopped::Skipped { missing: format!("program {name}") })
}
