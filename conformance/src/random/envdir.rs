//! Directories of variables, generated, and what envdir promises to make of them.

use super::case::{Case, Program};
use crate::observe::{escape, unescape};
use crate::outcome::Outcome;
use crate::scenario::ENVDIR;
use crate::world::World;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::BoxedStrategy;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// Directories for envdir.
pub(super) const PROGRAM: Program = Program::new::<Directory>(
    "envdir",
    &["ENV-01", "ENV-02", "ENV-03", "ENV-07"],
    &[ENVDIR],
    "Runs a program with a directory of files that follow from the seed: odd names, and contents with blanks, null bytes and \
     newlines. Its environment must be as the model predicts.",
);

/// A directory and the environment that envdir has. All texts are escaped.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Directory {
    /// Names and contents.
    files: BTreeMap<String, String>,
    /// Entries, which need not be variables.
    old: Vec<String>,
}

impl fmt::Display for Directory {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<String> = self.files.iter().map(|(name, contents)| format!("{name:?} = {contents:?}")).collect();
        write!(out, "case = {{ files = {{ {} }}, old = {:?} }}", files.join(", "), self.old)
    }
}

impl Case for Directory {
    fn strategy() -> BoxedStrategy<Directory> {
        let file = (name(), contents());
        let files = vec(file, 0..6).prop_map(|files| files.into_iter().collect());
        // Each entry once or twice: which of two different ones goes first is not promised.
        let variables = btree_map(name(), vec(select(b"v =\t".to_vec()), 0..4), 0..5).prop_flat_map(|variables| {
            let entries: Vec<String> =
                variables.into_iter().map(|(name, value)| name + "=" + &escape(&value)).collect();
            let count = entries.len();
            (Just(entries), vec(any::<prop::sample::Index>(), 0..2), Just(count))
        });
        let old = (variables, vec(name(), 0..2)).prop_map(|((mut entries, again, count), others)| {
            let again: Vec<String> =
                again.iter().filter(|_| count > 0).map(|index| entries[index.index(count)].clone()).collect();
            entries.extend(again);
            entries.extend(others);
            entries
        });
        (files, old).prop_map(|(files, old)| Directory { files, old }).boxed()
    }

    fn play(&self, world: &World, name: &str) -> Outcome {
        world.files.make_directory(name)?;
        for (file, contents) in &self.files {
            let file = OsString::from_vec(unescape(file));
            world.files.write(Path::new(name).join(file), unescape(contents))?;
        }
        let old: Vec<Vec<u8>> = self.old.iter().map(|entry| unescape(entry)).collect();
        let envdir = world.command("envdir").environment(old.iter().map(|entry| OsStr::from_bytes(entry)));
        let ran = envdir.args([name, "/bin/cat", "/proc/self/environ"]).run()?;
        world.expect("exit and stderr", (&*ran.exit, &*ran.err), ("exit 0", ""))?;
        let files = self.files.iter().map(|(file, contents)| (unescape(file), unescape(contents)));
        let mut wanted: Vec<String> = environment(files.collect(), old).iter().map(|entry| escape(entry)).collect();
        wanted.sort();
        world.expect("the environment", ran.strings(), wanted)
    }
}

/// Names of variables and files, which are neither empty nor `.` nor `..`, and have no `=`.
fn name() -> impl Strategy<Value = String> {
    let letters = vec(select(b"AAABB.- \xff\n".to_vec()), 1..4);
    let odd = letters.prop_filter("a directory", |name| name[..] != *b"." && name[..] != *b"..");
    let plain =
        select(vec!["A", "B", "AB", "a", "UID", "PATH", "HOME", ".A", "A."]).prop_map(|name| name.as_bytes().to_vec());
    prop_oneof![plain, odd].prop_map(|name| escape(&name))
}

fn contents() -> impl Strategy<Value = String> {
    let byte = prop_oneof![
        3 => select(b" \t".to_vec()),
        2 => Just(b'\n'),
        2 => Just(0),
        4 => select(b"vw=.\\".to_vec()),
        1 => select(b"\r\x0b\x7f\xff".to_vec()),
    ];
    let short = vec(byte, 0..10);
    // The original reads 256 bytes at once.
    let long = (short.clone(), 240_usize..530, short.clone())
        .prop_map(|(begin, length, end)| [begin, vec![b'x'; length], end].concat());
    prop_oneof![6 => short, 1 => long].prop_map(|contents| escape(&contents))
}

/// What envdir promises: the environment of the program, in no particular order.
fn environment(files: BTreeMap<Vec<u8>, Vec<u8>>, old: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut environment = old;
    for (name, contents) in files {
        if name[0] == b'.' {
            continue;
        }
        let start = [&name[..], b"="].concat();
        if let Some(first) = environment.iter().position(|entry| entry.starts_with(&start)) {
            environment.remove(first);
        }
        if contents.is_empty() {
            continue;
        }
        let line = contents.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let end = line.iter().rposition(|byte| ![b' ', b'\t'].contains(byte)).map_or(0, |last| last + 1);
        let value = line[..end].iter().map(|&byte| if byte == 0 { b'\n' } else { byte });
        environment.push(start.iter().copied().chain(value).collect());
    }
    environment
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(contents: &[u8]) -> Vec<Vec<u8>> {
        let files = BTreeMap::from([(b"A".to_vec(), contents.to_vec()), (b".B".to_vec(), b"hidden".to_vec())]);
        environment(files, vec![b"A=1".to_vec(), b"AA=2".to_vec(), b"A".to_vec(), b"A=1".to_vec()])
    }

    #[test]
    fn a_file_replaces_or_removes_the_first_of_its_name() {
        assert_eq!(after(b""), [&b"AA=2"[..], b"A", b"A=1"]);
        assert_eq!(after(b"v w \t \nrest"), [&b"AA=2"[..], b"A", b"A=1", b"A=v w"]);
        assert_eq!(after(b"\n").last().unwrap(), b"A=");
        assert_eq!(after(b" \0 \n").last().unwrap(), b"A= \n");
    }

    proptest! {
        #[test]
        fn a_case_is_written_as_it_is_read(case in Directory::strategy()) {
            let text = case.to_string();
            let table: toml::Table = text.parse().map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
            let again: Directory = table["case"].clone().try_into().unwrap();
            prop_assert_eq!(again.to_string(), text);
        }
    }
}
