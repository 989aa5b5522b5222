//! Memory: of supervise, of a whole tree, of multilog.

use super::fleet::{Fleet, Life};
use super::subject::{Figure, Samples, Site, Subject};
use crate::observe::process;
use crate::outcome::Failure;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How many lines of 100 bytes make a multilog busy.
const LINES: usize = 100_000;
const DEADLINE: Duration = Duration::from_secs(60);

pub(super) const SUBJECTS: &[Subject] = &[
    Subject {
        id: "memory/tree",
        figures: &[
            Figure::lower("memory/tree/supervise", "kB", "memory of its own (Anonymous) of a supervise"),
            Figure::lower(
                "memory/tree/service",
                "kB",
                "memory (Pss) of svscan and all supervises for each of {N} services",
            ),
        ],
        commands: &["svscan"],
        deadline: DEADLINE,
        measure: tree,
    },
    Subject {
        id: "memory/multilog",
        figures: &[
            Figure::lower(
                "memory/multilog/idle",
                "kB",
                "memory of its own (Anonymous) of a multilog t that got one line",
            ),
            Figure::lower("memory/multilog/busy", "kB", "memory of its own (Anonymous) of a multilog t that got 10 MB"),
        ],
        commands: &["multilog"],
        deadline: DEADLINE,
        measure: multilog,
    },
];

fn tree(site: &Site) -> Result<Vec<Samples>, Failure> {
    let (fleet, tree) = Fleet::up(site, Life::Steady)?;
    fleet.settle()?;
    tree.until_quiet(&site.world)?;
    // Pages of files count as private and dirty until they are written back.
    nix::unistd::sync();
    let own: Result<Samples, Failure> = tree.supervises().iter().map(|&pid| kilobytes(pid, "Anonymous")).collect();
    let total: Result<Samples, Failure> = tree.supervisors().iter().map(|&pid| kilobytes(pid, "Pss")).collect();
    let services = f64::from(u32::try_from(site.services).unwrap_or(u32::MAX));
    Ok(vec![own?, vec![total?.iter().sum::<f64>() / services]])
}

fn multilog(site: &Site) -> Result<Vec<Samples>, Failure> {
    let broken = |error: std::io::Error| Failure::broken(format!("cannot run multilog: {error}"));
    let mut child = Command::new(site.world.commands().join("multilog"))
        .args(["t", "s16777215", "./log"])
        .current_dir(site.world.directory())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(broken)?;
    let pid = child.id().cast_signed();
    let mut input = child.stdin.take().ok_or_else(|| Failure::broken("multilog has no input"))?;
    let line = format!("{:.<99}\n", "web[17]: GET / ");
    let mut sizes = vec![];
    let mut sent = 0;
    for lines in [1, LINES] {
        input.write_all(line.repeat(lines).as_bytes()).map_err(broken)?;
        sent += line.len() * lines;
        let wanted = u64::try_from(sent).unwrap_or(u64::MAX);
        site.world.until("multilog has written all lines", true, || {
            Ok(site.world.files.size("log/current").is_some_and(|size| size >= wanted))
        })?;
        site.world.until_idle(pid)?;
        nix::unistd::sync();
        sizes.push(vec![kilobytes(pid, "Anonymous")?]);
    }
    Ok(sizes)
}

/// Returns the sum of the lines `name` in the memory map of `pid`.
fn kilobytes(pid: i32, name: &str) -> Result<f64, Failure> {
    let path = format!("/proc/{pid}/smaps");
    let text = fs::read_to_string(&path)
        .map_err(|error| Failure::mismatch("a process that runs", format!("{path}: {error}")))?;
    // Not smaps_rollup, which Linux 3.10 lacks.
    let sizes =
        text.lines().filter_map(|line| process::line_of(line, name)?.strip_suffix(" kB")?.trim().parse::<f64>().ok());
    Ok(sizes.sum())
}
