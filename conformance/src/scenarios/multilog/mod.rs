//! Scenarios about multilog, a file per part of it.

use crate::outcome::Failure;
use crate::world::World;

pub(super) mod crash;
pub(super) mod directory;
pub(super) mod processor;
pub(super) mod rotation;
pub(super) mod script;
pub(super) mod signals;
pub(super) mod trouble;

/// The system calls that [`deeds`] shows.
const DEEDS: &str = "trace=?fsync,?fdatasync,?rename,?renameat,?renameat2,?link,?linkat,?unlink,?unlinkat,?chmod,?fchmodat,\
                     ?fchmodat2,?fchmod";

/// Runs multilog with `script` on `input` under strace, and returns what it has done to its files, such as `rename current
/// previous` and `chmod current 0744`. Old files are all called `@`, and what failed is left out.
#[track_caller]
fn deeds(world: &World, script: &[&str], input: &str) -> Result<Vec<String>, Failure> {
    world.files.write("input", input)?;
    let ran = world.traced(&["-y", "-o", "deeds", "-e", DEEDS], "multilog")?.args(script).input("input").finish()?;
    world.expect("multilog", ran.all(), ("exit 0", "", ""))?;
    Ok(world.files.lines("deeds").iter().filter_map(|line| deed(line)).collect())
}

/// Returns the name of the system call that does `wanted` for the `when`th time in the last run of [`deeds`], and its number
/// among the calls of that name.
fn call(world: &World, wanted: &str, when: u32) -> Result<(String, usize), Failure> {
    let lines = world.files.lines("deeds");
    let mut found = lines.iter().enumerate().filter(|(_, line)| deed(line).as_deref() == Some(wanted));
    let number = usize::try_from(when.saturating_sub(1)).unwrap_or_default();
    let found = found.nth(number).and_then(|(at, line)| Some((at, line.split_once('(')?.0)));
    let (at, name) = found.ok_or_else(|| Failure::mismatch(wanted, lines.join("\n")))?;
    let begin = format!("{name}(");
    Ok((name.to_owned(), lines[..=at].iter().filter(|line| line.starts_with(&begin)).count()))
}

/// Returns what a line of strace says that a program has done, or `None` if it is about something else.
fn deed(line: &str) -> Option<String> {
    let (name, arguments) = line.split_once('(')?;
    if !arguments.ends_with("= 0") {
        return None;
    }
    let name = name.trim_end_matches('2').trim_end_matches("at").trim_start_matches('f');
    let name = if name.ends_with("sync") { "sync" } else { name };
    // Names are in quotes, and files that are open in angle brackets.
    let is_quoted = arguments.contains('"');
    let between = if is_quoted { ['"', '"'] } else { ['<', '>'] };
    let parts = arguments.split(between);
    let files = parts.skip(1).step_by(2).filter_map(|file| file.rsplit('/').next());
    let mut words: Vec<&str> = std::iter::once(name)
        .chain(files.map(|file| match file.starts_with('@') {
            true => "@",
            false => file,
        }))
        .collect();
    if name == "chmod" {
        words.extend(arguments.split([',', ')']).map(str::trim).find(|word| word.starts_with('0')));
    }
    Some(words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deed_is_the_same_by_whichever_call() {
        for (line, words) in [
            ("fsync(6</x/current>)          = 0", Some("sync current")),
            ("fdatasync(6</x/current>)      = 0", Some("sync current")),
            ("rename(\"current\", \"previous\")     = 0", Some("rename current previous")),
            (
                "renameat2(AT_FDCWD</x>, \"current\", AT_FDCWD</x>, \"previous\", 0) = 0",
                Some("rename current previous"),
            ),
            ("linkat(AT_FDCWD</x>, \"previous\", AT_FDCWD</x>, \"@40.s\", 0) = 0", Some("link previous @")),
            ("fchmod(6</x/current>, 0744)   = 0", Some("chmod current 0744")),
            ("fchmodat(AT_FDCWD</x>, \"previous\", 0744) = 0", Some("chmod previous 0744")),
            ("unlink(\"state\")  = -1 ENOENT (No such file or directory)", None),
            ("+++ exited with 0 +++", None),
        ] {
            assert_eq!(deed(line).as_deref(), words, "{line}");
        }
    }
}
