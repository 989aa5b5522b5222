//! Lives of multilog.

use crate::faults::Life;
use crate::faults::tracing::Tracing;
use crate::outcome::Outcome;
use crate::scenario::{MULTILOG, STRACE};
use crate::world::{World, numbered_lines};
use nix::sys::signal::Signal;
use std::ops::Range;

pub(super) const LIVES: &[Life] = &[
    Life {
        id: "multilog/rotation",
        requirements: &["GEN-01", "MLOG-31"],
        uses: &[MULTILOG, STRACE],
        does: "Writes 90 lines into a new log of small files. Each line is there once, or multilog does not exit 0.",
        run: |world, tracing| write(world, tracing, &["s4096"], &[], 0..90),
    },
    Life {
        id: "multilog/processor",
        requirements: &["GEN-01", "MLOG-31"],
        uses: &[MULTILOG, STRACE],
        does: "Writes 25 lines into a log that has 30, with a processor that copies. Each line is there once.",
        run: |world, tracing| {
            write(world, tracing, &["s4096", "!cat; echo state >&5"], &[("current", 0o744, 0..30)], 30..55)
        },
    },
    Life {
        id: "multilog/recovery",
        requirements: &["GEN-01", "MLOG-23", "MLOG-31"],
        uses: &[MULTILOG, STRACE],
        does: "Starts multilog on what a crash in a rotation has left, with an action of each kind. Each line is there once.",
        run: |world, tracing| {
            let files = [("previous", 0o744, 0..20), ("current", 0o644, 20..30)];
            write(world, tracing, &["-*x*", "=status", "s4096"], &files, 30..40)
        },
    },
    Life {
        id: "multilog/signals",
        requirements: &["GEN-01", "MLOG-31"],
        uses: &[MULTILOG, STRACE],
        does: "Sends ALRM, which begins a new file, and TERM after the first half of a line. What was read is in the log, and what \
               was not is left.",
        run: signals,
    },
];

/// Has multilog write the lines `input` to a log with `files`, which have the lines before them.
fn write(
    world: &World,
    tracing: &Tracing<'_>,
    script: &[&str],
    files: &[(&str, u32, Range<usize>)],
    input: Range<usize>,
) -> Outcome {
    let log = world.log("log");
    if !files.is_empty() {
        world.files.make_directory(&log.name)?;
        world.files.write("log/state", "")?;
    }
    for (name, mode, lines) in files {
        let name = format!("log/{name}");
        world.files.write(&name, numbered_lines(lines.clone()))?;
        world.files.set_mode(&name, *mode)?;
    }
    world.files.write("input", numbered_lines(input.clone()))?;
    let traced = tracing.start(tracing.command("multilog")?.args(script).arg(&log.name).input("input"))?;
    let exit = traced.wait()?.to_string();
    let seen = String::from_utf8_lossy(&log.everything()).into_owned();
    let mut seen: Vec<&str> = seen.split_terminator('\n').collect();
    seen.sort_unstable();
    let wanted = if exit == "exit 0" { input.end } else { input.start };
    let wanted = numbered_lines(0..wanted);
    let wanted: Vec<&str> = wanted.split_terminator('\n').collect();
    if exit == "exit 0" {
        world.expect_that("lines in the log", seen == wanted, &format!("{}, each once", wanted.len()), log.sizes())?;
    } else {
        traced.expect_refusal()?;
        // The old lines stay, until the next multilog makes an old file of them.
        seen.dedup();
        world.expect_that("lines in the log", seen.starts_with(&wanted), "all old ones", log.sizes())?;
    }
    tracing.end(None)
}

fn signals(world: &World, tracing: &Tracing<'_>) -> Outcome {
    let (log, feed) = (world.log("log"), world.feed("pipe")?);
    let traced = tracing.start(tracing.command("multilog")?.arg(&log.name).input("pipe"))?;
    let pid = traced.running.pid;
    feed.send("one\n")?;
    let is_over = || !traced.running.is_running();
    world.until("the first line is logged, or multilog has ended", true, || {
        Ok(is_over() || log.everything() == b"one\n")
    })?;
    if is_over() {
        traced.expect_refusal()?;
        world.expect_that("its input", feed.left()? == b"one\n", "untouched", "some of it is gone")?;
        return tracing.end(None);
    }
    world.signal(pid, Signal::SIGALRM)?;
    log.until_old(1)?;
    feed.send("two\n")?;
    log.until_current("two\n")?;
    traced.expect_quiet()?;
    feed.send("thr")?;
    feed.until_read()?;
    world.signal(pid, Signal::SIGTERM)?;
    feed.send("ee\nfour\n")?;
    let exit = traced.wait()?.to_string();
    world.expect("its end", exit.as_str(), "exit 0")?;
    let whole = [log.everything(), feed.left()?].concat();
    world.expect("log and input", String::from_utf8_lossy(&whole).as_ref(), "one\ntwo\nthree\nfour\n")?;
    tracing.end(Some(pid))
}
