//! Processes as /proc shows them.

use super::escape;
use nix::sys::signal::Signal;
use std::collections::BTreeMap;
use std::fs;

/// A process at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    /// Its number.
    pub(crate) pid: i32,
    /// Its parent's.
    pub(crate) parent: i32,
    /// `R`, `S`, `T` for stopped, `Z` for dead and not waited for.
    pub(crate) state: char,
    /// Its process group.
    pub(crate) group: i32,
    /// Its session.
    pub(crate) session: i32,
    /// The first bytes of its program's name.
    pub(crate) name: String,
}

impl Process {
    /// The process called `pid`, dead ones included until they are waited for.
    pub(crate) fn look(pid: i32) -> Option<Process> {
        let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
        let stat = escape(&stat);
        // The name stands in parentheses and may hold anything, parentheses too.
        let (front, rest) = stat.rsplit_once(") ")?;
        let mut fields = rest.split(' ');
        let state = fields.next()?.chars().next()?;
        let mut number = || fields.next()?.parse().ok();
        Some(Process {
            pid,
            state,
            parent: number()?,
            group: number()?,
            session: number()?,
            name: front.split_once('(')?.1.to_owned(),
        })
    }

    /// Whether it exists and is not a zombie.
    pub(crate) fn is_alive(pid: i32) -> bool {
        Process::look(pid).is_some_and(|process| process.state != 'Z')
    }

    /// Every process there is.
    pub(crate) fn all() -> Vec<Process> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter_map(Process::look).collect()
    }

    /// All descendants of `ancestor`, children before their own children.
    pub(crate) fn descendants(ancestor: i32) -> Vec<Process> {
        let mut children: BTreeMap<i32, Vec<Process>> = BTreeMap::new();
        for process in Process::all() {
            children.entry(process.parent).or_default().push(process);
        }
        let mut found = children.remove(&ancestor).unwrap_or_default();
        let mut next = 0;
        while let Some(process) = found.get(next) {
            found.extend(children.remove(&process.pid).unwrap_or_default());
            next += 1;
        }
        found
    }

    /// The living children of `parent`, by number.
    pub(crate) fn children(parent: i32) -> Vec<Process> {
        let mut children: Vec<Process> =
            Process::all().into_iter().filter(|process| process.parent == parent && process.state != 'Z').collect();
        children.sort_by_key(|process| process.pid);
        children
    }
}

/// Returns the parent of `pid`.
pub(crate) fn parent(pid: i32) -> Option<i32> {
    Process::look(pid).map(|process| process.parent)
}

/// Returns the current directory of `pid`; empty if it cannot be read.
pub(crate) fn current_directory(pid: i32) -> String {
    fs::read_link(format!("/proc/{pid}/cwd")).map(|path| path.display().to_string()).unwrap_or_default()
}

/// Returns the names and states of the children of `parent`, dead ones included, as `run S`, in the order of their pids.
/// `S` stands for all states of a living process that is not stopped.
pub(crate) fn lives_of_children(parent: i32) -> Vec<String> {
    let mut children: Vec<Process> = Process::all().into_iter().filter(|process| process.parent == parent).collect();
    children.sort_by_key(|process| process.pid);
    let life = |state: char| if "RSDI".contains(state) { 'S' } else { state };
    children.iter().map(|process| format!("{} {}", process.name, life(process.state))).collect()
}

/// When the kernel made `pid`: nanoseconds since boot, rounded down to whole ticks of 10 ms. It does not depend on when
/// the process first got a processor.
pub(crate) fn born(pid: i32) -> Option<u64> {
    const TICK: u64 = 10_000_000;
    let stat = escape(&fs::read(format!("/proc/{pid}/stat")).ok()?);
    let (_, rest) = stat.rsplit_once(") ")?;
    Some(rest.split(' ').nth(19)?.parse::<u64>().ok()? * TICK)
}

/// The arguments of `pid`, each [`escape`]d.
pub(crate) fn arguments(pid: i32) -> Vec<String> {
    strings(pid, "cmdline")
}

/// The environment that `pid` was started with, each variable [`escape`]d.
pub(crate) fn environment(pid: i32) -> Vec<String> {
    strings(pid, "environ")
}

fn strings(pid: i32, file: &str) -> Vec<String> {
    let Ok(bytes) = fs::read(format!("/proc/{pid}/{file}")) else { return vec![] };
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
    if bytes.is_empty() { vec![] } else { bytes.split(|&byte| byte == 0).map(escape).collect() }
}

/// What the descriptors of `pid` are open on, by number.
pub(crate) fn descriptors(pid: i32) -> BTreeMap<i32, String> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.parse().ok()?;
            Some((number, fs::read_link(entry.path()).ok()?.display().to_string()))
        })
        .collect()
}

/// The flags of descriptor `number` of `pid` as open(2) knows them, in octal.
pub(crate) fn flags(pid: i32, number: i32) -> Option<String> {
    line_of(&fs::read_to_string(format!("/proc/{pid}/fdinfo/{number}")).ok()?, "flags")
}

/// The line `NAME:` of `/proc/PID/status`, without its name.
pub(crate) fn status_line(pid: i32, name: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    line_of(&status, name)
}

/// The same from a status that was read before.
pub(crate) fn line_of(status: &str, name: &str) -> Option<String> {
    status.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim().to_owned()))
}

/// The numbers of the signals in a mask as /proc prints it: `SigBlk`, `SigIgn`, `SigCgt`.
pub(crate) fn signals_in(mask: &str) -> Vec<i32> {
    let bits = u64::from_str_radix(mask, 16).unwrap_or(0);
    (1..=64).filter(|number| bits >> (number - 1) & 1 == 1).collect()
}

/// Whether this process ignores `signal`.
pub(crate) fn is_ignored(signal: Signal) -> bool {
    let mask = status_line(std::process::id().cast_signed(), "SigIgn").unwrap_or_default();
    signals_in(&mask).contains(&(signal as i32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_found_with_its_parent() {
        let pid = std::process::id().cast_signed();
        let myself = Process::look(pid).unwrap();
        assert_eq!(myself.parent, std::os::unix::process::parent_id().cast_signed());
        assert!(Process::is_alive(pid));
        assert!(Process::descendants(myself.parent).iter().any(|process| process.pid == pid));
    }

    #[test]
    fn masks_are_read_from_bit_0_for_signal_1() {
        assert_eq!(signals_in("0000000000011001"), [1, 13, 17]);
        assert_eq!(signals_in("8000000000000000"), [64]);
    }
}
