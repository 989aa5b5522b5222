//! The rules of the house: which module may import which, and where unsafe code, exits and threads may be. They are
//! checked in the source text, with comments, strings and unit tests left out.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "whatever cannot be read or parsed fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What each module of the first level may import from the others.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("main", &["commands", "program", "sys"]),
    ("account", &["sys"]),
    ("commands", &["account", "environment", "options", "program", "stamp", "sys", "wire"]),
    ("environment", &["sys"]),
    ("options", &["program"]),
    ("program", &["sys"]),
    ("stamp", &["wire"]),
    ("sys", &[]),
    ("wire", &[]),
];

/// A source file.
struct Source {
    /// Its path below `src`.
    file: String,
    /// The path of its module: empty for `main.rs`, `["commands", "svc"]` for `commands/svc.rs`.
    module: Vec<String>,
    /// Its text without comments, strings and unit tests, cut into words and single other characters.
    tokens: Vec<String>,
    /// The text as it is.
    text: String,
}

impl Source {
    fn load(root: &Path, path: &Path) -> Source {
        let file = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(path).unwrap();
        let module = file
            .trim_end_matches(".rs")
            .split('/')
            .filter(|part| !["main", "mod"].contains(part))
            .map(str::to_owned)
            .collect();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        Source { file, module, tokens: tokens(code), text }
    }

    /// Returns the module of the first level that the file is in.
    fn top(&self) -> &str {
        self.module.first().map_or("main", String::as_str)
    }

    fn contains(&self, word: &str) -> bool {
        self.tokens.iter().any(|token| token == word)
    }

    /// Returns each path that the file names, in imports and elsewhere, with `crate`, `super`, `self` and `use` of a child
    /// made absolute. Paths into other crates start with the name of the crate.
    fn paths(&self) -> Vec<Vec<String>> {
        let mut paths = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            let follows_path = at >= 2 && self.tokens[at - 1] == ":" && self.tokens[at - 2] == ":";
            if is_word(&self.tokens[at]) && !follows_path {
                let mut found = Vec::new();
                at = path_tree(&self.tokens, at, Vec::new(), &mut found);
                paths.extend(found.into_iter().filter(|path| path.len() > 1));
            } else {
                at += 1;
            }
        }
        paths.into_iter().map(|path| self.absolute(path)).collect()
    }

    fn absolute(&self, path: Vec<String>) -> Vec<String> {
        let mut base = self.module.clone();
        let mut rest = path.as_slice();
        match rest[0].as_str() {
            "crate" => {
                base.clear();
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|first| first == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            _ => return path,
        }
        ["crate".to_owned()].into_iter().chain(base).chain(rest.iter().cloned()).collect()
    }
}

fn is_word(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphanumeric() || first == '_')
}

/// Reads the path, or the tree of paths in braces, at `at`. Returns the position after it.
fn path_tree(tokens: &[String], mut at: usize, mut path: Vec<String>, found: &mut Vec<Vec<String>>) -> usize {
    let token = |at: usize| tokens.get(at).map_or("", String::as_str);
    loop {
        if token(at) == "{" {
            at += 1;
            while token(at) != "}" {
                at = if token(at) == "," { at + 1 } else { path_tree(tokens, at, path.clone(), found) };
            }
            return at + 1;
        }
        path.push(token(at).to_owned());
        at += 1;
        let continues =
            token(at) == ":" && token(at + 1) == ":" && (is_word(token(at + 2)) || "{*".contains(token(at + 2)));
        if !continues {
            found.push(path);
            // The rest of `a as b`.
            return if token(at) == "as" { at + 2 } else { at };
        }
        at += 2;
    }
}

/// Cuts `code` into words and single other characters. Comments and the contents of strings are left out.
fn tokens(code: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if first == '"' {
            string_length(rest)
        } else if first == '\'' && rest[1..].starts_with(['"', '\\']) {
            // A character that could be taken for the start of a string.
            2 + rest[2..].find('\'').unwrap() + 1
        } else {
            let word = rest.find(|next: char| !next.is_alphanumeric() && next != '_').unwrap_or(rest.len());
            let length = if word > 0 { word } else { first.len_utf8() };
            if !first.is_whitespace() {
                tokens.push(rest[..length].to_owned());
            }
            length
        };
        rest = &rest[length..];
    }
    tokens
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, next) in text.char_indices().skip(1) {
        match next {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    panic!("a string without an end");
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut directories = vec![root.clone()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            match path.is_dir() {
                true => directories.push(path),
                false if path.ends_with("tests.rs") => {}
                false => files.push(path),
            }
        }
    }
    files.sort();
    files.iter().map(|file| Source::load(&root, file)).collect()
}

/// Returns the files that `breaks` the rule.
fn offenders(breaks: impl Fn(&Source) -> bool) -> Vec<String> {
    sources().into_iter().filter(|source| breaks(source)).map(|source| source.file).collect()
}

const NONE: [&str; 0] = [];

#[test]
fn every_module_is_in_the_import_table() {
    let modules: BTreeSet<String> = sources().iter().map(|source| source.top().to_owned()).collect();
    let listed: BTreeSet<String> = MAY_IMPORT.iter().map(|(module, _)| (*module).to_owned()).collect();
    assert_eq!(modules, listed);
}

#[test]
fn imports_keep_to_the_table() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    let mut checked = 0;
    for source in sources() {
        let top = source.top();
        for path in source.paths() {
            // `main.rs` names its children without `crate`.
            let first = if path[0] == "crate" { path.get(1) } else { Some(&path[0]).filter(|_| top == "main") };
            let Some(first) = first.filter(|first| allowed.contains_key(first.as_str()) && *first != top) else {
                continue;
            };
            checked += 1;
            assert!(allowed[top].contains(&first.as_str()), "{}: {}", source.file, path.join("::"));
        }
    }
    assert!(checked > 50, "only {checked} imports were found");
}

#[test]
fn nix_is_the_only_dependency_and_sys_its_only_user() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let section = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    let dependencies = section.take_while(|line| !line.starts_with('[')).filter_map(|line| line.split_once(" = "));
    assert_eq!(dependencies.map(|(name, _)| name).collect::<Vec<_>>(), ["nix"]);

    let uses_nix = |source: &Source| source.paths().iter().any(|path| ["nix", "libc"].contains(&path[0].as_str()));
    assert_eq!(offenders(|source| source.top() != "sys" && uses_nix(source)), NONE);
}

/// A module that declares another counts as importing it, so a child must not import what its parent defines.
#[test]
fn no_import_cycle() {
    let sources = sources();
    let modules: BTreeSet<&[String]> = sources.iter().map(|source| source.module.as_slice()).collect();
    let mut imports: BTreeMap<&[String], BTreeSet<&[String]>> = BTreeMap::new();
    for source in &sources {
        let imported = imports.entry(&source.module).or_default();
        for path in source.paths().iter().filter(|path| path[0] == "crate") {
            let deepest = (0..path.len()).rev().find_map(|length| modules.get(&path[1..=length])).unwrap();
            imported.insert(deepest);
        }
        let parent = source.module.split_last().map(|(_, parent)| parent);
        if let Some(parent) = parent {
            imports.entry(*modules.get(parent).unwrap()).or_default().insert(&source.module);
        }
    }
    // Removes modules that import nothing that is left, until none is left or each is in or above a cycle.
    for (module, imported) in &mut imports {
        imported.remove(module);
    }
    while let Some(leaf) = imports.iter().find(|(_, imported)| imported.is_empty()).map(|(module, _)| *module) {
        imports.remove(leaf);
        imports.values_mut().for_each(|imported| {
            imported.remove(leaf);
        });
    }
    let left: Vec<String> = imports
        .iter()
        .map(|(module, imported)| {
            let imported: Vec<String> = imported.iter().map(|module| module.join("::")).collect();
            format!("{} -> {}", module.join("::"), imported.join(", "))
        })
        .collect();
    assert_eq!(left, NONE);
}

#[test]
fn unsafe_code_is_in_sys_alone() {
    assert_eq!(offenders(|source| source.top() != "sys" && source.contains("unsafe")), NONE);
    let forbids = |source: &Source| source.text.contains("\n#![forbid(unsafe_code)]\n");
    let is_root = |source: &Source| source.module.len() == 1 && source.top() != "sys";
    assert_eq!(offenders(|source| is_root(source) && !forbids(source)), NONE);
    // main.rs cannot forbid what `sys`, below it, needs.
    let denies = |source: &Source| source.text.contains("\n#![deny(unsafe_code)]\n");
    assert_eq!(offenders(|source| source.module.is_empty() && !denies(source)), NONE);
}

#[test]
fn exits_are_in_program_the_forked_child_and_the_allocator_alone() {
    let exits = |source: &Source| {
        let named = |path: &Vec<String>| {
            path.last().is_some_and(|last| ["exit", "_exit", "abort"].contains(&last.as_str())) && path[0] != "crate"
        };
        source.paths().iter().any(named)
    };
    let allowed = ["program.rs", "sys/allocator.rs", "sys/child.rs"];
    assert_eq!(offenders(|source| !allowed.contains(&source.file.as_str()) && exits(source)), NONE);
}

#[test]
fn no_threads_and_no_async() {
    let threads = |path: &Vec<String>| path.iter().any(|part| part == "thread");
    assert_eq!(offenders(|source| source.paths().iter().any(threads)), NONE);
    assert_eq!(offenders(|source| source.contains("async") || source.contains("await")), NONE);
}

/// The rules above are only as good as the reader of paths.
#[test]
fn paths_are_read_in_imports_and_in_code() {
    let code = r#"
        use super::{machine::{Event, Now as Moment}, service};
        // use crate::comment::Line;
        fn f() -> std::io::Result<()> { crate::sys::open::read("crate::string::Text"); '"'; self::g::<u8>() }
    "#;
    let module = ["commands", "supervise", "x"].map(str::to_owned).to_vec();
    let source = Source { file: String::new(), module, tokens: tokens(code), text: String::new() };
    let paths: Vec<String> = source.paths().iter().map(|path| path.join("::")).collect();
    let expected = [
        "crate::commands::supervise::machine::Event",
        "crate::commands::supervise::machine::Now",
        "crate::commands::supervise::service",
        "std::io::Result",
        "crate::sys::open::read",
        "crate::commands::supervise::x::g",
    ];
    assert_eq!(paths, expected);
}
