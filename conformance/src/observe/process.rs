//! Processes as /proc shows them.

use super::escape;
use nix::sys::signal::Signal;
use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// A process at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    /// Its pid.
    pub(crate) pid: i32,
    /// The pid of its parent.
    pub(crate) parent: i32,
    /// The letter of its state as in proc(5): `R` or `S` for a living process, `T` for a stopped one, `Z` for a zombie.
    pub(crate) state: char,
    /// Its process group.
    pub(crate) group: i32,
    /// Its session.
    pub(crate) session: i32,
    /// Its name as the kernel has it: the first 15 bytes of the program's file name, [`escape`]d.
    pub(crate) name: String,
}

impl Process {
    /// Returns the process `pid`, which may be a zombie, or `None` if there is no such process.
    pub(crate) fn look(pid: i32) -> Option<Process> {
        let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
        let stat = escape(&stat);
        // The name is in parentheses and can contain anything, even parentheses.
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

    /// Returns whether the process `pid` exists and is not a zombie.
    pub(crate) fn is_alive(pid: i32) -> bool {
        Process::look(pid).is_some_and(|process| process.state != 'Z')
    }

    /// Returns all processes of this machine.
    pub(crate) fn all() -> Vec<Process> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter_map(Process::look).collect()
    }

    /// Returns all descendants of `ancestor`, parents before their children.
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

    /// Returns the living children of `parent`, sorted by pid.
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

/// Returns the names and states of the children of `parent`, such as `run S`, sorted by pid. Zombies (`Z`) are included.
/// `S` stands for all states of a living process that is not stopped.
pub(crate) fn lives_of_children(parent: i32) -> Vec<String> {
    let mut children: Vec<Process> = Process::all().into_iter().filter(|process| process.parent == parent).collect();
    children.sort_by_key(|process| process.pid);
    let life = |state: char| if "RSDI".contains(state) { 'S' } else { state };
    children.iter().map(|process| format!("{} {}", process.name, life(process.state))).collect()
}

/// Returns when `pid` was forked, in nanoseconds since boot, rounded down to whole ticks of 10 ms. Unlike a time that the
/// process takes itself, it does not depend on when the process first gets a processor.
pub(crate) fn born(pid: i32) -> Option<u64> {
    const TICK: u64 = 10_000_000;
    let stat = escape(&fs::read(format!("/proc/{pid}/stat")).ok()?);
    let (_, rest) = stat.rsplit_once(") ")?;
    Some(rest.split(' ').nth(19)?.parse::<u64>().ok()? * TICK)
}

/// Returns the arguments of `pid`, each [`escape`]d.
pub(crate) fn arguments(pid: i32) -> Vec<String> {
    strings(pid, "cmdline")
}

/// Returns the environment that `pid` was started with, each variable [`escape`]d.
pub(crate) fn environment(pid: i32) -> Vec<String> {
    strings(pid, "environ")
}

fn strings(pid: i32, file: &str) -> Vec<String> {
    let Ok(bytes) = fs::read(format!("/proc/{pid}/{file}")) else { return vec![] };
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
    if bytes.is_empty() { vec![] } else { bytes.split(|&byte| byte == 0).map(escape).collect() }
}

/// Returns the open descriptors of `pid` by number, each with the file that it refers to.
pub(crate) fn descriptors(pid: i32) -> BTreeMap<i32, String> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.parse().ok()?;
            Some((number, fs::read_link(entry.path()).ok()?.display().to_string()))
        })
        .collect()
}

/// Returns the flags of descriptor `number` of `pid`, those of open(2), in octal.
pub(crate) fn flags(pid: i32, number: i32) -> Option<String> {
    line_of(&fs::read_to_string(format!("/proc/{pid}/fdinfo/{number}")).ok()?, "flags")
}

/// Returns how long a process has been on a processor.
pub(crate) fn processor_time(pid: i32) -> Duration {
    let times = fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap_or_default();
    Duration::from_nanos(times.split(' ').next().and_then(|time| time.parse().ok()).unwrap_or(0))
}

/// Returns what changes when a process wakes up: its context switches, and its time on a processor.
pub(crate) fn activity(pid: i32) -> [String; 3] {
    let switches = ["voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"];
    let [voluntary, involuntary] = switches.map(|name| status_line(pid, name).unwrap_or_default());
    [voluntary, involuntary, fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap_or_default()]
}

/// Returns the value of the line `NAME:` in `/proc/PID/status`.
pub(crate) fn status_line(pid: i32, name: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    line_of(&status, name)
}

/// Returns the value of the line `NAME:` in `status`, the contents of a file of /proc.
pub(crate) fn line_of(status: &str, name: &str) -> Option<String> {
    status.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim().to_owned()))
}

/// Returns the numbers of the signals in `mask`, which is in hexadecimal as in the lines `SigBlk` and `SigIgn` of /proc.
pub(crate) fn signals_in(mask: &str) -> Vec<i32> {
    let bits = u64::from_str_radix(mask, 16).unwrap_or(0);
    (1..=64).filter(|number| bits >> (number - 1) & 1 == 1).collect()
}

/// Returns whether this process ignores `signal`.
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
