//! The house: the sources keep to the import tables of CONTRIBUTING.md, and to the rules that go with them.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue must stop")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

type Imports = BTreeMap<String, BTreeSet<String>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns every source file below `directory`, by its path relative to it, without its unit tests and comments.
fn sources(directory: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(next) = directories.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(directory).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                directories.push(path);
            } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
                let code = code.split("#[cfg(test)]\npub(crate) mod tests").next().unwrap();
                let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
                found.insert(name, lines.collect::<Vec<_>>().join("\n"));
            }
        }
    }
    assert!(found.len() > 10, "{directory:?}");
    found
}

/// Returns the module at the top of the crate that a source file belongs to: `world` for `world/disk.rs`.
fn module(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// Returns the names behind each `crate::` in `code`, also those in braces, as far as the first `::`.
fn named_modules(code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let list = match rest.strip_prefix('{') {
            Some(list) => top_level(list),
            None => vec![rest],
        };
        let word = |text: &str| text.trim().chars().take_while(|one| one.is_alphanumeric() || *one == '_').collect();
        names.extend(list.into_iter().map(word));
    }
    names
}

/// Splits what stands between braces, the first of which is gone, at the commas outside of further braces.
fn top_level(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, vec![]);
    for (at, letter) in list.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => {
                parts.push(&list[start..at]);
                return parts;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts
}

/// Returns which modules each module of a crate imports. `main.rs` is left out: it may import everything.
fn imports(directory: &Path) -> Imports {
    let sources = sources(directory);
    let modules: BTreeSet<&str> = sources.keys().map(|file| module(file)).collect();
    let mut imports = Imports::new();
    for (file, code) in sources.iter().filter(|(file, _)| *file != "main.rs") {
        let used = imports.entry(module(file).to_owned()).or_default();
        used.extend(named_modules(code).into_iter().filter(|name| modules.contains(&**name) && name != module(file)));
    }
    imports
}

/// Returns the import table of CONTRIBUTING.md behind the comment `imports: CRATE`.
fn table(name: &str) -> Imports {
    let text = std::fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let (_, rest) = text.split_once(&format!("<!-- imports: {name} -->")).unwrap();
    let rows = rest.lines().skip_while(|line| !line.starts_with("| `")).take_while(|line| line.starts_with("| `"));
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        (names(cells[1]).remove(0), names(cells[2]).into_iter().collect())
    })
    .collect()
}

/// Fails if modules import each other in a circle.
fn assert_no_cycle(mut imports: Imports) {
    loop {
        let leaves: BTreeSet<String> =
            imports.iter().filter(|(_, used)| used.is_empty()).map(|(name, _)| name.clone()).collect();
        if leaves.is_empty() {
            assert!(imports.is_empty(), "these import each other: {imports:?}");
            return;
        }
        imports.retain(|name, _| !leaves.contains(name));
        imports.values_mut().for_each(|used| used.retain(|name| !leaves.contains(name)));
    }
}

#[test]
fn modules_import_what_the_table_of_contributing_says() {
    for name in ["impl", "conformance"] {
        let (real, table) = (imports(&root().join(name).join("src")), table(name));
        for (module, used) in &real {
            let allowed = table.get(module).unwrap_or_else(|| panic!("{name}: {module} is not in the table"));
            assert_eq!(used, allowed, "{name}: imports of {module}, and the table");
        }
        assert_eq!(table.len(), real.len(), "{name}: the table has modules that do not exist");
        assert_no_cycle(real);
    }
}

/// Files in one folder may import each other, but not in a circle.
#[test]
fn files_of_a_folder_import_each_other_in_no_circle() {
    for name in ["impl", "conformance"] {
        let mut folders: BTreeMap<String, Imports> = BTreeMap::new();
        for (file, code) in sources(&root().join(name).join("src")) {
            let Some((folder, file)) = file.rsplit_once('/').filter(|(_, file)| *file != "mod.rs") else { continue };
            let siblings = code.split("super::").skip(1).map(|rest| {
                rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect::<String>()
            });
            let siblings: BTreeSet<String> = siblings.collect();
            folders.entry(folder.to_owned()).or_default().insert(file.trim_end_matches(".rs").to_owned(), siblings);
        }
        for mut imports in folders.into_values() {
            let names: BTreeSet<String> = imports.keys().cloned().collect();
            imports.values_mut().for_each(|used| used.retain(|name| names.contains(name)));
            assert_no_cycle(imports);
        }
    }
}

#[test]
fn the_suite_forbids_unsafe_code_and_knows_nothing_of_our_build() {
    let sources = sources(&root().join("conformance/src"));
    assert!(sources["main.rs"].contains("#![forbid(unsafe_code)]"));
    let manifest = std::fs::read_to_string(root().join("conformance/Cargo.toml")).unwrap();
    assert!(!manifest.contains("path ="), "a dependency by path");
    for (file, code) in &sources {
        assert!(!code.contains("daemontools::"), "{file}");
        // Clippy disallows the call, except where an attribute gives a reason: in the one wait of the world.
        assert!(!code.contains("thread::sleep") || file == "world/wait.rs", "{file} sleeps");
    }
}

#[test]
fn circles_are_found() {
    let circle = [("a", vec!["b"]), ("b", vec!["c"]), ("c", vec!["a"]), ("d", vec![])];
    let imports: Imports = circle
        .into_iter()
        .map(|(name, used)| (name.to_owned(), used.into_iter().map(str::to_owned).collect()))
        .collect();
    assert!(std::panic::catch_unwind(|| assert_no_cycle(imports)).is_err());
    let names = named_modules("use crate::{a, b::{c, d}, e};\nuse crate::f::g;");
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["a", "b", "e", "f"]);
}
