//! Disks that are full, directories that cannot be written, and other trouble after the start.

use crate::outcome::Failure;
use crate::scenario::{FEWER_RIGHTS, MOUNTS, MULTILOG, STRACE, Scenario};
use crate::world::{FORKS, RENAMES, World, numbered_lines};
use nix::sys::signal::Signal;
use std::time::Duration;

/// How long multilog pauses before it tries again.
const PAUSE: Duration = Duration::from_secs(5);
/// How long a scenario watches that nothing happens.
const A_WHILE: Duration = Duration::from_millis(250);
/// How large the file system is that fills up.
const DISK: usize = 1 << 16;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "multilog/trouble/loses-no-line-on-a-full-disk",
        requirements: &["MLOG-35"],
        uses: &[MULTILOG, MOUNTS],
        does: "Fills the disk of a log while lines come, until multilog complains, sends more lines, and makes room. Every line is \
               there once, in order.",
        run: |world| full_disk(world, false),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/trouble/waits-five-seconds-for-room",
        requirements: &["MLOG-35b"],
        uses: &[MULTILOG, MOUNTS],
        does: "Fills the disk of a log, and sends TERM while multilog waits for room. It stays, prints the message of the original \
               again after five seconds, writes all that it has when there is room, and goes on.",
        run: |world| full_disk(world, true),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/trouble/loses-no-line-in-a-read-only-directory",
        requirements: &["MLOG-35", "MLOG-41"],
        uses: &[MULTILOG, FEWER_RIGHTS],
        does: "Takes away the right to write to the directory of a log, and has it rotated. multilog complains, and rotates when it \
               can. Every line is there once.",
        run: |world| {
            let (log, feed) = (world.log("log"), world.feed("pipe")?);
            log.prepare(numbered_lines(0..1))?;
            let multilog = world.bound_by_modes("multilog")?.args(["s4096", "./log"]).input("pipe").start()?;
            feed.send(numbered_lines(1..2))?;
            log.until_current(&numbered_lines(0..2))?;
            world.files.set_mode("log", 0o500)?;
            feed.send(numbered_lines(2..60))?;
            world.until("a complaint", true, || Ok(!multilog.err().is_empty()))?;
            feed.send(numbered_lines(60..61))?;
            let seen = log.everything();
            world.expect_that("the lines until then", seen.len() >= 2100, "a full file", seen.len())?;
            world.files.set_mode("log", 0o700)?;
            feed.close();
            multilog.expect_exit("exit 0")?;
            world.expect_that("lines", log.everything() == numbered_lines(0..61).as_bytes(), "all", log.sizes())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/trouble/tries-each-step-again",
        requirements: &["MLOG-35b"],
        uses: &[MULTILOG, STRACE],
        does: "Lets each system call of a rotation fail once, with and without a processor. Each gets the message of the original, \
               is tried again after five seconds, and no line is lost.",
        run: |world| {
            let input = numbered_lines(20..25);
            world.log("traced").prepare(numbered_lines(0..20))?;
            super::deeds(world, &["s4096", "./traced"], &input)?;
            let mut running = vec![];
            for (number, (call, error, when, processor, message)) in FAILURES.iter().enumerate() {
                let name = format!("log-{number}");
                world.log(&name).prepare(numbered_lines(0..20))?;
                let (call, when) = if call.contains(' ') {
                    super::call(world, call, *when)?
                } else {
                    (call.to_string(), usize::try_from(*when).unwrap_or_default())
                };
                let inject = format!("inject={call}:error={error}:when={when}");
                let options = ["-o", "/dev/null", "-e", &inject];
                let script = ["s4096", if *processor { "!cat" } else { "" }, &format!("./{name}")];
                let begin = world.monotonic();
                let multilog = world.traced(&options, "multilog")?.args(script).input("input").start()?;
                running.push((name, message, multilog, begin));
            }
            for (name, message, multilog, begin) in running {
                let log = world.log(&name);
                multilog.expect_exit("exit 0")?;
                let took = Duration::from_nanos(world.monotonic() - begin);
                let message = format!("multilog: warning: {}\\n", message.replace("LOG", &log.name));
                let stamp = log.old().concat();
                let err = multilog.err();
                // The name that could not be linked is of another moment than the one that could be.
                let err = match err.find("/@").filter(|_| !stamp.is_empty()) {
                    Some(at) => format!("{}@STAMP.s{}", &err[..=at], &err[at + 1 + stamp.len()..]),
                    None => err,
                };
                world.expect(&name, err, message)?;
                world.expect_that(
                    &name,
                    log.everything() == (numbered_lines(0..20) + &input).as_bytes(),
                    "all lines",
                    log.sizes(),
                )?;
                world.expect(&name, (log.codes(), log.mode("current")), (vec!["s".to_owned()], "0744".to_owned()))?;
                world.expect_that("the pause", took >= PAUSE, "five seconds", took)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/trouble/complains-of-status-files",
        requirements: &["MLOG-35b"],
        uses: &[MULTILOG],
        does: "Has `=` write to a full device and to one that has no beginning. multilog complains, and tries again until it is \
               killed.",
        run: |world| {
            let full = world.multilog(&["=/dev/full"], "line\n")?.start()?;
            full.until_lines("multilog: warning: unable to write /dev/full, pausing: out of disk space", 1)?;
            world.stays("it tries again", true, A_WHILE, || Ok(full.is_running()))?;
            world.expect("lines", full.err_lines().len(), 1)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/trouble/goes-on-in-a-removed-directory",
        requirements: &["MLOG-36"],
        uses: &[MULTILOG],
        does: "Removes the directory of a running multilog. Lines are taken without a message until a rotation is due, which fails \
               with the message of the original.",
        run: |world| {
            let (log, feed) = (world.log("log"), world.feed("pipe")?);
            let multilog = feed.multilog(&["./log"])?;
            feed.send("one\n")?;
            log.until_current("one\n")?;
            multilog.until_idle()?;
            world.files.remove("log")?;
            feed.send("two\n")?;
            feed.until_read()?;
            world.stays("stderr", String::new(), A_WHILE, || Ok(multilog.err()))?;
            multilog.until_idle()?;
            multilog.signal(Signal::SIGALRM)?;
            let message = "multilog: warning: unable to rename current to previous in directory ./log, pausing: file does not exist";
            multilog.until_lines(message, 1)?;
            multilog.signal(Signal::SIGTERM)?;
            world.stays("it tries again", true, A_WHILE, || Ok(multilog.is_running()))?;
            world.expect("directory", world.files.exists("log"), false)
        },
        ..Scenario::ORDINARY
    },
];

/// A system call, or what it does, with its error and its occurrence, whether there is a processor, and the message without its beginning.
type Case = (&'static str, &'static str, u32, bool, &'static str);

const FAILURES: &[Case] = &[
    ("write", "ENOSPC", 1, false, "unable to write to LOG/current, pausing: out of disk space"),
    ("write", "EDQUOT", 1, false, "unable to write to LOG/current, pausing: disk quota exceeded"),
    ("?fsync,?fdatasync", "EIO", 1, false, "unable to write LOG/current to disk, pausing: input/output error"),
    (RENAMES, "EACCES", 1, false, "unable to rename current to previous in directory LOG, pausing: access denied"),
    ("chmod current 0644", "EPERM", 2, false, "unable to set mode of LOG/current, pausing: permission denied"),
    ("chmod previous 0744", "EPERM", 1, false, "unable to set mode of LOG/previous, pausing: permission denied"),
    ("?link,?linkat", "ENOSPC", 1, false, "unable to link to LOG/@STAMP.s, pausing: out of disk space"),
    ("?unlink,?unlinkat", "EPERM", 1, false, "unable to remove LOG/previous, pausing: permission denied"),
    ("fchdir", "EIO", 3, false, "unable to switch to LOG, pausing: input/output error"),
    (FORKS, "EAGAIN", 1, true, "unable to fork for processor in LOG, pausing: temporary failure"),
    ("?fsync,?fdatasync", "EIO", 2, true, "unable to write LOG/processed to disk, pausing: input/output error"),
    ("?fsync,?fdatasync", "EIO", 3, true, "unable to write LOG/newstate to disk, pausing: input/output error"),
    ("?unlink,?unlinkat", "EIO", 1, true, "unable to remove LOG/previous, pausing: input/output error"),
    (RENAMES, "EIO", 2, true, "unable to rename newstate to state in directory LOG, pausing: input/output error"),
    ("?link,?linkat", "EDQUOT", 1, true, "unable to link to LOG/@STAMP.s, pausing: disk quota exceeded"),
    ("?unlink,?unlinkat", "EIO", 2, true, "unable to remove LOG/processed, pausing: input/output error"),
    // At the end.
    ("?fsync,?fdatasync", "EIO", 2, false, "unable to write LOG/current to disk, pausing: input/output error"),
    ("chmod current 0744", "EIO", 1, false, "unable to set mode of LOG/current, pausing: input/output error"),
];

/// Fills the disk of a log, and makes room. Expects what the manual promises; if `is_exact`, also what the original does.
fn full_disk(world: &World, is_exact: bool) -> Result<(), Failure> {
    let disk = world.disk("disk", DISK)?;
    let (log, feed) = (world.log("disk/log"), world.feed("pipe")?);
    let multilog = feed.multilog(&["s16384", "./disk/log"])?;
    feed.send(numbered_lines(0..1))?;
    log.until_current(&numbered_lines(0..1))?;
    disk.fill("filling")?;
    let begin = world.monotonic();
    feed.send(numbered_lines(1..90))?;
    world.until("a complaint", true, || Ok(!multilog.err().is_empty()))?;
    let message = "multilog: warning: unable to write to ./disk/log/current, pausing: out of disk space";
    if is_exact {
        multilog.signal(Signal::SIGTERM)?;
        multilog.until_only_lines(message, 2)?;
        let pause = Duration::from_nanos(world.monotonic() - begin);
        world.expect_between("the pause", pause, PAUSE, PAUSE + Duration::from_millis(1500))?;
        world.expect("it is running", multilog.is_running(), true)?;
    }
    feed.send(numbered_lines(90..100))?;
    let whole = numbered_lines(0..100);
    let seen = log.everything();
    world.expect_that("what is there", whole.as_bytes().starts_with(&seen), "the first lines", seen.len())?;
    world.files.remove("disk/filling")?;
    let mut left = vec![];
    if is_exact {
        // It ends because of TERM, perhaps before it has read everything.
        multilog.expect_exit("exit 0")?;
        left = feed.left()?;
    } else {
        feed.close();
        multilog.expect_exit("exit 0")?;
    }
    let logged = [log.everything(), left].concat();
    world.expect_that("lines, and what was not read", logged == whole.as_bytes(), "all, each once", logged.len())?;
    world.expect("mode of current", log.mode("current"), "0744")
}
