//! What lies between a supervise and its clients, the control FIFO and the record, with either side played by the
//! scenario.

use super::command::Command;
use super::{Ran, Running, Service, World, broken};
use crate::observe::process::{Process, descriptors};
use crate::observe::shown;
use crate::scenario::{Outcome, Stopped};
use crate::target::tool;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use std::cell::Cell;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What a FIFO is filled with.
const FILLING: char = '.';
/// Redirections that make stdout a pipe whose reader is gone; the FIFO `pipe` must be there.
pub(crate) const STDOUT_UNREAD: &str = "3<>pipe 4>pipe 3<&- >&4 4>&-";
/// The same for stderr.
pub(crate) const STDERR_UNREAD: &str = "3<>pipe 4>pipe 3<&- 2>&4 4>&-";
/// What takes from root the right to pass over permission bits.
const WITHOUT_OVERRIDE: [&str; 2] =
    ["--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"];

/// A FIFO that the scenario reads.
#[derive(Debug)]
pub(crate) struct Fifo {
    name: String,
    reader: fs::File,
}

/// A service directory that clients take for supervised: the scenario holds its FIFOs open.
#[derive(Debug)]
pub(crate) struct Decoy {
    /// The directory.
    pub(crate) service: Service,
    /// Its `supervise/control`.
    pub(crate) control: Fifo,
    /// Its `supervise/ok`.
    pub(crate) ok: Fifo,
}

/// Counts how often another file takes the place of a record.
#[derive(Debug)]
pub(crate) struct Rewrites {
    events: Inotify,
    seen: Cell<usize>,
}

impl Ran {
    /// All of it: how it ended, its standard output, its standard error.
    pub(crate) fn all(&self) -> (&str, &str, &str) {
        (&self.exit, &self.out, &self.err)
    }
}

impl World {
    /// Makes a FIFO and opens it for reading.
    pub(crate) fn fifo(&self, name: &str) -> Result<Fifo, Stopped> {
        self.make_fifo(name)?;
        Ok(Fifo { name: name.to_owned(), reader: self.open_reader(name)? })
    }

    /// Makes a service directory whose FIFOs the scenario holds open.
    pub(crate) fn decoy(&self, name: &str) -> Result<Decoy, Stopped> {
        let directory = self.make_directory(name)?;
        self.make_directory(&format!("{name}/supervise"))?;
        let fifo = |file: &str| self.fifo(&format!("{name}/supervise/{file}"));
        let service = Service { name: name.to_owned(), directory };
        Ok(Decoy { service, control: fifo("control")?, ok: fifo("ok")? })
    }

    /// Puts `bytes` in the place of the record.
    pub(crate) fn set_record(&self, service: &Service, bytes: impl AsRef<[u8]>) -> Outcome {
        self.write_file(service.directory.join("supervise/status"), bytes)
    }

    /// Everything that has come through the FIFO since the last look, as [`shown`].
    pub(crate) fn taken(&self, fifo: &Fifo) -> Result<String, Stopped> {
        let mut text = String::new();
        loop {
            match self.gulp(fifo)? {
                piece if piece.is_empty() => return Ok(text),
                piece => text += &piece,
            }
        }
    }

    /// What a single read takes out of the FIFO, which is all that is in it.
    pub(crate) fn gulp(&self, fifo: &Fifo) -> Result<String, Stopped> {
        let mut bytes = vec![0; capacity(fifo)?];
        match (&fifo.reader).read(&mut bytes) {
            Ok(length) => Ok(shown(&bytes[..length])),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(String::new()),
            Err(error) => Err(broken(Path::new(&fifo.name), &error)),
        }
    }

    /// Fills an empty FIFO with dots until it has room for `room` bytes, less than a page. A write of more waits, and
    /// nothing of it goes in before all of it does.
    pub(crate) fn fill(&self, fifo: &Fifo, room: usize) -> Outcome {
        let filling = FILLING.to_string().repeat(capacity(fifo)? - room);
        self.write_to_fifo(Path::new(&fifo.name), filling.as_bytes())?;
        self.note(format!("fill {}", fifo.name), format!("room for {room} bytes"));
        Ok(())
    }

    /// What a single read finds behind the dots.
    pub(crate) fn behind_filling(&self, fifo: &Fifo) -> Result<String, Stopped> {
        Ok(self.gulp(fifo)?.trim_start_matches(FILLING).to_owned())
    }

    /// Waits until `running` sleeps with `file` open, and is not merely about to do something.
    #[track_caller]
    pub(crate) fn until_asleep_on(&self, running: &Running, file: &str) -> Outcome {
        let asleep = || {
            Process::look(running.pid).is_some_and(|process| process.state == 'S')
                && descriptors(running.pid).values().any(|target| target.ends_with(file))
        };
        self.until(&format!("asleep with {file} open"), true, || Ok(asleep()))?;
        self.stays(&format!("asleep with {file} open"), true, Duration::from_millis(100), || Ok(asleep()))
    }

    /// Writes `bytes` to the control FIFO of a service in a single write: a client other than svc.
    #[track_caller]
    pub(crate) fn send(&self, service: &Service, bytes: impl AsRef<[u8]>) -> Outcome {
        let bytes = bytes.as_ref();
        let text = shown(bytes);
        let head: String = text.chars().take(60).collect();
        let rest = if head.len() < text.len() { format!("... ({} bytes)", bytes.len()) } else { String::new() };
        self.note(format!("write {head}{rest} to the control of {}", service.name), "");
        self.write_to_fifo(&service.directory.join("supervise/control"), bytes)
    }

    /// Sends each of `bytes` as a client of its own, one after the other.
    #[track_caller]
    pub(crate) fn send_each(&self, service: &Service, bytes: &[u8]) -> Outcome {
        self.note(format!("{} clients of {} send a byte each", bytes.len(), service.name), "");
        let control = service.directory.join("supervise/control");
        bytes.chunks(1).try_for_each(|byte| self.write_to_fifo(&control, byte))
    }

    fn write_to_fifo(&self, name: &Path, bytes: &[u8]) -> Outcome {
        let path = self.path(name);
        let write = || -> io::Result<usize> {
            let flags = OFlag::O_NONBLOCK.bits();
            fs::OpenOptions::new().write(true).custom_flags(flags).open(&path)?.write(bytes)
        };
        match write() {
            Ok(length) if length == bytes.len() => Ok(()),
            Ok(length) => Err(broken(&path, &format!("took {length} of {} bytes", bytes.len()))),
            Err(error) => Err(broken(&path, &error)),
        }
    }

    /// Waits until the process `pid` sleeps: a supervise that has nothing to do. The original still writes the record when
    /// it has opened `ok`, and when others can see that it has started a service.
    #[track_caller]
    pub(crate) fn until_idle(&self, pid: i32) -> Outcome {
        let state = || Process::look(pid).map(|process| process.state);
        self.until(&format!("state of {pid}"), Some('S'), || Ok(state()))
    }

    /// Watches the record of a service from a moment on when its supervise has nothing to do.
    #[track_caller]
    pub(crate) fn watch_record(&self, service: &Service, supervise: &Running) -> Result<Rewrites, Stopped> {
        self.until_idle(supervise.pid)?;
        let place = service.directory.join("supervise");
        let watch = || -> nix::Result<Inotify> {
            let events = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
            // A rename is two events. Two of the same kind in a row would be counted as one.
            events.add_watch(&place, AddWatchFlags::IN_MOVE)?;
            Ok(events)
        };
        let events = watch().map_err(|error| broken(&place, &error))?;
        Ok(Rewrites { events, seen: Cell::new(0) })
    }

    /// How often the record was replaced since the watch began.
    pub(crate) fn rewrites(&self, rewrites: &Rewrites) -> Result<usize, Stopped> {
        loop {
            match rewrites.events.read_events() {
                Ok(events) => {
                    let status = |event: &&nix::sys::inotify::InotifyEvent| {
                        event.mask.contains(AddWatchFlags::IN_MOVED_TO)
                            && event.name.as_ref().is_some_and(|name| name == "status")
                    };
                    rewrites.seen.set(rewrites.seen.get() + events.iter().filter(status).count());
                }
                Err(Errno::EAGAIN) => return Ok(rewrites.seen.get()),
                Err(error) => return Err(broken(Path::new("inotify"), &error)),
            }
        }
    }

    /// Waits until the record was replaced `count` times since the watch began.
    #[track_caller]
    pub(crate) fn until_rewrites(&self, rewrites: &Rewrites, count: usize) -> Outcome {
        self.until("times that the record was replaced", count, || self.rewrites(rewrites))
    }

    /// The time of day, since 1970.
    pub(crate) fn time_of_day(&self) -> Duration {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }

    /// Makes a service with a file `down` and starts supervise on it.
    #[track_caller]
    pub(crate) fn down_service(&self, name: &str, plan: &str) -> Result<(Service, Running), Stopped> {
        let service = self.service(name, plan)?;
        self.write_file(service.directory.join("down"), "")?;
        let supervise = self.supervise(&service)?;
        Ok((service, supervise))
    }

    /// Waits until the probe got exactly these signals.
    #[track_caller]
    pub(crate) fn until_signals(&self, service: &Service, names: &[&str]) -> Outcome {
        self.until(&format!("signals of {}", service.name), names.to_vec(), || Ok(self.signals(service)))
    }

    /// Waits until a process is stopped, or is not.
    #[track_caller]
    pub(crate) fn until_stopped(&self, pid: i32, is_stopped: bool) -> Outcome {
        let state = || Process::look(pid).is_some_and(|process| process.state == 'T');
        self.until(&format!("{pid} is stopped"), is_stopped, || Ok(state()))
    }

    /// Waits until the latest run of the probe is older than the second in which a supervise may be deaf.
    #[track_caller]
    pub(crate) fn until_settled(&self, service: &Service) -> Outcome {
        self.until_starts(service, 1)?;
        self.until_no_start(service, Duration::from_millis(1200))
    }

    /// Waits until the probe has not been started for `time`, beginning now or with its latest start.
    #[track_caller]
    pub(crate) fn until_no_start(&self, service: &Service, time: Duration) -> Outcome {
        let begin = if self.starts(service).is_empty() { self.monotonic() } else { 0 };
        let quiet = || {
            let last = self.starts(service).last().map_or(begin, |(_, at, _)| *at);
            Duration::from_nanos(self.monotonic().saturating_sub(last))
        };
        self.until(&format!("{} was not started for {time:?}", service.name), true, || Ok(quiet() > time))
    }

    /// Directories that a client cannot use or that are odd, by their names: `bare` has no `supervise`; in `unread`
    /// nobody reads the FIFOs; in `directories`, `files`, `circles` and `sockets` those are something else; in `filed`
    /// and `circled` it is `supervise` itself. `file`, `circle` and `dangling` are not even directories.
    pub(crate) fn make_crooked(&self) -> Outcome {
        self.make_directory("bare")?;
        self.write_file("file", "")?;
        self.make_directory("circled")?;
        for (target, link) in [("circle", "circle"), ("supervise", "circled/supervise"), ("nothing", "dangling")] {
            self.link(target, link)?;
        }
        self.make_directory("filed")?;
        self.write_file("filed/supervise", "")?;
        for kind in ["unread", "directories", "files", "circles", "sockets"] {
            self.make_directory(&format!("{kind}/supervise"))?;
            for file in ["control", "ok", "status"] {
                let name = format!("{kind}/supervise/{file}");
                match kind {
                    "unread" => self.make_fifo(&name)?,
                    "directories" => drop(self.make_directory(&name)?),
                    "files" => self.write_file(&name, "abcdefgh")?,
                    "circles" => self.link(file, &name)?,
                    _ => drop(
                        // A short name: there is a limit to those of sockets.
                        std::os::unix::net::UnixListener::bind(&name)
                            .map_err(|error| broken(Path::new(&name), &error))?,
                    ),
                }
            }
        }
        Ok(())
    }

    // The target's commands in unusual circumstances.

    /// The target's command `name` with redirections of a shell, such as `>/dev/full`.
    pub(crate) fn redirected(&self, redirections: &str, name: &str) -> Command<'_> {
        let script = format!("exec \"$@\" {redirections}");
        self.program("/bin/sh").args(["-c", &script, "sh"]).arg(self.commands().join(name))
    }

    /// The target's command `name`, bound by permission bits even if the suite runs as root. Skips where that cannot be.
    pub(crate) fn bound_by_modes(&self, name: &str) -> Result<Command<'_>, Stopped> {
        if !nix::unistd::geteuid().is_root() {
            return Ok(self.command(name));
        }
        let command = self.commands().join(name);
        let setpriv = tool("setpriv").ok_or_else(|| Stopped::Skipped { missing: "program setpriv".to_owned() })?;
        let bound = || self.program(&setpriv).args(WITHOUT_OVERRIDE);
        if bound().args(["test", "-x"]).arg(&command).run()?.exit != "exit 0" {
            return Err(Stopped::Skipped { missing: "way to the commands for a root without capabilities".to_owned() });
        }
        Ok(bound().arg(command))
    }

    /// Where strace is. Skips where it may not trace.
    pub(crate) fn strace(&self) -> Result<PathBuf, Stopped> {
        let missing = || Stopped::Skipped { missing: "right to trace with strace".to_owned() };
        let strace = tool("strace").ok_or_else(missing)?;
        let ran = self.program(&strace).args(["-o", "/dev/null", "true"]).run()?;
        if ran.exit == "exit 0" { Ok(strace) } else { Err(missing()) }
    }
}

fn capacity(fifo: &Fifo) -> Result<usize, Stopped> {
    fcntl(&fifo.reader, FcntlArg::F_GETPIPE_SZ)
        .and_then(|size| usize::try_from(size).map_err(|_| Errno::EOVERFLOW))
        .map_err(|error| broken(Path::new(&fifo.name), &error))
}
