//! What strace wrote about a life: its system calls, and the cells of the matrix that follow from them.

use super::errno::errors;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// A system call in a log of strace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Call<'l> {
    /// The process that made it; 0 in a log of one process.
    pub(super) pid: i32,
    pub(super) name: &'l str,
    /// Its arguments as strace prints them, and what follows them in the line.
    pub(super) arguments: &'l str,
}

impl Call<'_> {
    /// Reads a line. `None` if no call begins in it: the second half of a call, a signal, or the end of a process.
    pub(super) fn parse(line: &str) -> Option<Call<'_>> {
        let (pid, rest) = match line.split_once(' ') {
            Some((pid, rest)) if pid.bytes().all(|byte| byte.is_ascii_digit()) => {
                (pid.parse().ok()?, rest.trim_start())
            }
            _ => (0, line),
        };
        let (name, arguments) = rest.split_once('(')?;
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_name.then_some(Call { pid, name, arguments })
    }
}

/// Who makes a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Maker {
    /// The program.
    Program,
    /// A child of the program, before it executes another program.
    Child,
}

/// One cell of the matrix: a system call that fails once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) maker: Maker,
    /// The name of the system call.
    pub(super) call: String,
    /// The number of the occurrence, from 1.
    pub(super) number: usize,
    /// The name of the error.
    pub(super) error: String,
}

/// How the name of a group of a child's calls begins.
const CHILD: &str = "child-";

impl Cell {
    /// Returns the name of the group of cells that this one belongs to: the system call, and whether a child makes it.
    pub(super) fn group(&self) -> String {
        let prefix = if self.maker == Maker::Child { CHILD } else { "" };
        format!("{prefix}{}", self.call)
    }

    /// Returns the expression for the option `-e` of strace.
    pub(super) fn expression(&self) -> String {
        format!("inject={}:error={}:when={}", self.call, self.error, self.number)
    }
}

/// Writes `CALL/NUMBER/ERROR`, which is the end of the id.
impl fmt::Display for Cell {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}/{}", self.group(), self.number, self.error)
    }
}

impl FromStr for Cell {
    type Err = ();

    fn from_str(text: &str) -> Result<Cell, ()> {
        let parts: Vec<&str> = text.split('/').collect();
        let [group, number, error] = parts[..] else { return Err(()) };
        let (maker, call) = match group.strip_prefix(CHILD) {
            Some(call) => (Maker::Child, call),
            None => (Maker::Program, group),
        };
        let is_word =
            |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let number = number.parse().map_err(drop)?;
        if !is_word(call) || !is_word(error) || number == 0 {
            return Err(());
        }
        Ok(Cell { maker, call: call.to_owned(), number, error: error.to_owned() })
    }
}

/// Returns how many calls two lives have in common at their beginning. `other` is the life of another command that is called
/// wrongly, so this is what happens before a program's own code: it is loaded, and its runtime set up.
pub(super) fn start_up(log: &str, other: &str) -> usize {
    let names = |log: &str| log.lines().filter_map(Call::parse).map(|call| call.name.to_owned()).collect::<Vec<_>>();
    names(log).iter().zip(names(other)).take_while(|(one, other)| *one == other).count()
}

/// Returns the process that made the first call.
pub(super) fn first_process(log: &str) -> Option<i32> {
    log.lines().find_map(Call::parse).map(|call| call.pid)
}

/// Returns the cells of a life: every occurrence of every call of `program` after the first `skipped`, with each error, in the
/// order of the log; then those of its children.
///
/// strace counts the calls of each process separately, and fails the call of that number in each. So only those of a child can
/// be tried that the program itself does not make as often.
pub(super) fn cells(log: &str, program: i32, skipped: usize) -> Vec<Cell> {
    let calls: Vec<Call<'_>> = log.lines().filter_map(Call::parse).collect();
    let mut cells = vec![];
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, call) in calls.iter().filter(|call| call.pid == program).enumerate() {
        // strace does not count the call that executes the program.
        if index == 0 && call.name == "execve" {
            continue;
        }
        let count = counts.entry(call.name).or_default();
        *count += 1;
        if index >= skipped {
            cells.extend(of_call(Maker::Program, call, *count));
        }
    }
    let mut of_children: BTreeMap<(i32, &str), usize> = BTreeMap::new();
    let mut known = vec![];
    for call in calls.iter().filter(|call| call.pid != program) {
        let count = of_children.entry((call.pid, call.name)).or_default();
        *count += 1;
        // The children of a life are alike.
        if *count > counts.get(call.name).copied().unwrap_or(0) && !known.contains(&(call.name, *count)) {
            known.push((call.name, *count));
            cells.extend(of_call(Maker::Child, call, *count));
        }
    }
    cells
}

fn of_call(maker: Maker, call: &Call<'_>, number: usize) -> impl Iterator<Item = Cell> {
    let name = call.name.to_owned();
    errors(call.name, call.arguments).iter().map(move |error| Cell {
        maker,
        call: name.clone(),
        number,
        error: (*error).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
        7 execve(\"/a/supervise\", [\"supervise\"], 0x7 /* 1 vars */) = 0\n\
        7 openat(AT_FDCWD, \"/lib/libc.so.6\", O_RDONLY) = 3\n\
        7 chdir(\"web\") = 0\n\
        7 flock(3, LOCK_EX <unfinished ...>\n\
        8 fchdir(4) = 0\n\
        7 <... flock resumed>) = 0\n\
        8 chdir(\"x\") = 0\n\
        8 execve(\"./run\", [\"./run\"], 0x7 /* 1 vars */ <detached ...>\n\
        7 --- SIGCHLD {si_signo=SIGCHLD} ---\n\
        9 fchdir(4) = 0\n\
        7 +++ exited with 0 +++\n";

    #[test]
    fn each_occurrence_has_a_cell_for_each_error() {
        let cells: Vec<String> = cells(LOG, 7, 2).iter().map(Cell::to_string).collect();
        let wanted = [
            "chdir/1/EACCES",
            "chdir/1/ENOMEM",
            "chdir/1/EIO",
            "flock/1/ENOLCK",
            "flock/1/EINTR",
            "child-fchdir/1/EACCES",
            "child-fchdir/1/EIO",
            "child-execve/1/ENOMEM",
            "child-execve/1/EACCES",
            "child-execve/1/EIO",
        ];
        assert_eq!(cells, wanted);
    }

    #[test]
    fn what_every_command_does_first_is_its_start() {
        let other = "execve(\"/a/svok\") = 0\nopenat(AT_FDCWD, \"/lib/libc.so.6\") = 3\nwrite(2, \"usage\", 5) = 5\n";
        assert_eq!(start_up(LOG, other), 2);
    }

    #[test]
    fn a_cell_is_written_as_it_is_read() {
        for text in ["openat/3/EIO", "child-execve/1/ENOMEM"] {
            let cell: Cell = text.parse().unwrap();
            assert_eq!(cell.to_string(), text);
        }
        let cell: Cell = "child-dup2/2/EMFILE".parse().unwrap();
        assert_eq!(cell.expression(), "inject=dup2:error=EMFILE:when=2");
        for wrong in ["openat", "openat/0/EIO", "openat/x/EIO", "openat/1/", "a b/1/EIO", "openat/1/EIO/2"] {
            assert!(wrong.parse::<Cell>().is_err(), "{wrong}");
        }
    }
}
