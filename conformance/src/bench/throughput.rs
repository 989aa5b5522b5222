//! Throughput of the commands that lines of a log go through, next to `cat`.

use super::subject::{Figure, Samples, Site, Subject};
use crate::observe::escape;
use crate::outcome::Failure;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The length of a line, with its newline.
const LINE: usize = 100;
/// How many different lines there are. They are repeated.
const LINES: usize = 64_000;
/// How often [`LINES`] are sent: about 100 MB in all.
const TIMES: usize = 16;
/// How much is written to the pipe at once.
const CHUNK: usize = 64 << 10;
/// Ten patterns, of which the last decides about each line: it is printed.
const PATTERNS: [&str; 10] = [
    "-web[17]: GET /health *",
    "-web[17]: HEAD *",
    "-web[17]: OPTIONS *",
    "-kernel: *",
    "-*: 304 *",
    "-* kept alive",
    "-* 127.0.0.1 *",
    "-web[17]: debug *",
    "-cron[*]: *",
    "+web[17]: GET *",
];
const DEADLINE: Duration = Duration::from_secs(60);

pub(super) const SUBJECTS: &[Subject] = &[
    Subject {
        id: "throughput/multilog",
        figures: &[
            Figure::higher("throughput/multilog", "MB/s", "multilog, 100-byte lines"),
            Figure::lower("throughput/multilog/cat", "x", "multilog, time as a multiple of cat's"),
        ],
        commands: &["multilog"],
        deadline: DEADLINE,
        measure: |site| multilog(site, &[]),
    },
    Subject {
        id: "throughput/multilog-t",
        figures: &[
            Figure::higher("throughput/multilog-t", "MB/s", "multilog with t, 100-byte lines"),
            Figure::lower("throughput/multilog-t/cat", "x", "multilog with t, time as a multiple of cat's"),
        ],
        commands: &["multilog"],
        deadline: DEADLINE,
        measure: |site| multilog(site, &["t"]),
    },
    Subject {
        id: "throughput/multilog-patterns",
        figures: &[
            Figure::higher("throughput/multilog-patterns", "MB/s", "multilog with ten patterns, 100-byte lines"),
            Figure::lower(
                "throughput/multilog-patterns/cat",
                "x",
                "multilog with ten patterns, time as a multiple of cat's",
            ),
        ],
        commands: &["multilog"],
        deadline: DEADLINE,
        measure: |site| multilog(site, &PATTERNS),
    },
    Subject {
        id: "throughput/tai64n",
        figures: &[
            Figure::higher("throughput/tai64n", "MB/s", "tai64n, 100-byte lines"),
            Figure::lower("throughput/tai64n/cat", "x", "tai64n, time as a multiple of cat's"),
        ],
        commands: &["tai64n"],
        deadline: DEADLINE,
        measure: |site| filter(site, "tai64n", &plain_lines()),
    },
    Subject {
        id: "throughput/tai64nlocal",
        figures: &[
            Figure::higher("throughput/tai64nlocal", "MB/s", "tai64nlocal, 100-byte lines"),
            Figure::lower("throughput/tai64nlocal/cat", "x", "tai64nlocal, time as a multiple of cat's"),
        ],
        commands: &["tai64nlocal"],
        deadline: DEADLINE,
        measure: |site| filter(site, "tai64nlocal", &stamped_lines()),
    },
];

/// Measures multilog with `script` and a directory whose files rotate at the largest size.
fn multilog(site: &Site, script: &[&str]) -> Result<Vec<Samples>, Failure> {
    let lines = plain_lines();
    let mut command = command(site, "multilog");
    command.args(script).args(["s16777215", "./log"]).stdout(Stdio::null());
    let time = feed(site, command, &lines)?;
    let files = fs::read_dir(site.world.path("log")).into_iter().flatten().flatten();
    let written = files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum();
    check_written("multilog", written)?;
    fs::remove_dir_all(site.world.path("log")).map_err(|error| broken("remove the log", &error))?;
    figures(site, time, &lines)
}

/// Measures the filter `name`, which prints a line for each of `lines`.
fn filter(site: &Site, name: &str, lines: &[u8]) -> Result<Vec<Samples>, Failure> {
    let time = feed_into_file(site, command(site, name), lines, name)?;
    figures(site, time, lines)
}

/// Returns the throughput, and the ratio to the time that `cat` needs to copy the same lines to a file.
fn figures(site: &Site, time: Duration, lines: &[u8]) -> Result<Vec<Samples>, Failure> {
    let cat = feed_into_file(site, Command::new("/bin/cat"), lines, "cat")?;
    let megabytes = f64::from(u32::try_from(lines.len() * TIMES / 1000).unwrap_or(u32::MAX)) / 1000.0;
    Ok(vec![vec![megabytes / time.as_secs_f64()], vec![time.as_secs_f64() / cat.as_secs_f64()]])
}

fn command(site: &Site, name: &str) -> Command {
    Command::new(site.world.commands().join(name))
}

/// Sends `lines` through `command` into a file, and returns how long that takes.
fn feed_into_file(site: &Site, mut command: Command, lines: &[u8], name: &str) -> Result<Duration, Failure> {
    let path = site.world.path("printed");
    command.stdout(File::create(&path).map_err(|error| broken("create a file", &error))?);
    let time = feed(site, command, lines)?;
    check_written(name, fs::metadata(&path).map_or(0, |file| file.len()))?;
    fs::remove_file(&path).map_err(|error| broken("remove a file", &error))?;
    Ok(time)
}

/// Sends `lines` through a pipe to `command`, [`TIMES`] times, and returns how long it takes until `command` has ended.
fn feed(site: &Site, mut command: Command, lines: &[u8]) -> Result<Duration, Failure> {
    let errors = site.world.path("errors");
    let stderr = File::create(&errors).map_err(|error| broken("create a file", &error))?;
    let begin = Instant::now();
    let mut child = command
        .current_dir(site.world.directory())
        .stdin(Stdio::piped())
        .stderr(stderr)
        .spawn()
        .map_err(|error| broken("start a command", &error))?;
    let mut written = Ok(());
    if let Some(mut input) = child.stdin.take() {
        let mut chunks = (0..TIMES).flat_map(|_| lines.chunks(CHUNK));
        written = chunks.try_for_each(|chunk| input.write_all(chunk));
    }
    let ended = child.wait().map_err(|error| broken("wait for a command", &error))?;
    let time = begin.elapsed();
    if ended.success() && written.is_ok() {
        return Ok(time);
    }
    Err(Failure::mismatch("exit 0 after all lines were read", format!("{ended}: {}", tail(&errors))))
}

/// Fails if `name` wrote fewer bytes than it read: a target that drops lines is not fast. tai64nlocal may make each line a
/// little shorter.
fn check_written(name: &str, written: u64) -> Result<(), Failure> {
    let least = u64::try_from((LINE - 10) * LINES * TIMES).unwrap_or(u64::MAX);
    if written >= least {
        return Ok(());
    }
    Err(Failure::mismatch(format!("{name} writes at least {least} bytes"), format!("{written} bytes")))
}

/// Returns the end of the file `path`, for a message.
fn tail(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    escape(&bytes[bytes.len().saturating_sub(200)..])
}

fn broken(what: &str, error: &dyn Display) -> Failure {
    Failure::broken(format!("cannot {what}: {error}"))
}

/// Returns [`LINES`] lines as a web server might log them.
fn plain_lines() -> Vec<u8> {
    let line = |number| format!("web[17]: GET /articles/{number:08} 200 from 192.0.2.{} by Mozilla/5.0", number % 256);
    (0..LINES).flat_map(|number| padded(line(number))).collect()
}

/// Returns [`LINES`] lines with time stamps, 100 to the second.
fn stamped_lines() -> Vec<u8> {
    // The first second is one of November 2023.
    let stamp = |number: usize| format!("@40000000{:08x}{:08x}", 0x6553_f100 + number / 100, number % 100 * 10_000_000);
    (0..LINES).flat_map(|number| padded(format!("{} web[17]: GET /articles/{number:08}", stamp(number)))).collect()
}

/// Returns `line` with dots added up to a length of [`LINE`], newline included.
fn padded(line: String) -> Vec<u8> {
    let mut bytes = line.into_bytes();
    bytes.resize(LINE - 1, b'.');
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_the_length_that_the_figures_name() {
        for lines in [plain_lines(), stamped_lines()] {
            assert_eq!(lines.len(), LINE * LINES);
            assert!(lines.chunks(LINE).all(|line| line.iter().position(|&byte| byte == b'\n') == Some(LINE - 1)));
        }
    }
}
