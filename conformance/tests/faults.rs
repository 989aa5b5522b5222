//! The fault matrix notices a command that hides its failures, and passes over nothing.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue must stop")]

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;

/// A target whose pgrphack is the shell script `script`. Its svok, which prints a usage line, shows how a shell starts.
fn target(script: &str) -> (TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    for (name, script) in [("pgrphack", script), ("svok", "echo usage >&2; exit 100")] {
        let path = directory.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let argument = format!("fake={}", directory.path().display());
    (directory, argument)
}

/// Returns whether strace is here. A machine of CI has it.
fn can_trace() -> bool {
    let is_there = Path::new("/usr/bin/strace").exists();
    if !is_there {
        assert_eq!(std::env::var_os("CI"), None, "no strace");
        let _ = writeln!(std::io::stderr(), "not tested: no strace");
    }
    is_there
}

fn svconform(arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("svconform"));
    command.arg("run").args(arguments);
    command
}

/// A pgrphack that exits 0 in silence if it cannot run the program.
const SILENT: &str = "setsid \"$@\" 2>/dev/null || exit 0";
#[test]
fn a_failed_fork_that_is_hidden_fails_a_cell() {
    if !can_trace() {
        return;
    }
    let (_directory, target) = target(SILENT);
    let run =
        svconform(&["--target", &target, "--level", "faults", "--format", "json", "faults/pgrphack/"]).assert().code(1);
    let report: Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    let scenarios = report["scenarios"].as_array().unwrap();
    assert_eq!(scenarios[0]["results"][0]["verdict"], "pass", "{report}");
    let forks = ["clone", "clone3", "fork", "vfork"].map(|call| format!("faults/pgrphack/run/{call}"));
    let fork = scenarios.iter().find(|scenario| forks.iter().any(|id| scenario["id"] == **id)).unwrap();
    let result = &fork["results"][0];
    assert_eq!(
        (&result["verdict"], &result["cells"]["failed"]),
        (&Value::from("fail"), &result["cells"]["total"]),
        "{fork}"
    );
    let step = &result["run"]["steps"][0];
    assert_eq!(step["did"], "1/EAGAIN", "{fork}");
    let saw = step["saw"].as_str().unwrap();
    let id = format!("{}/1/EAGAIN", fork["id"].as_str().unwrap());
    assert!(saw.contains(":error=EAGAIN:when=1") && saw.ends_with(&format!("again: {id}")), "{saw}");

    // The same cell alone, and a sample of none.
    let alone = svconform(&["--target", &target, &id]).assert().code(1);
    alone.stdout(contains(format!("fail  {id} on fake")).and(contains("inject=")));
    let mut none = svconform(&["--target", &target, "--level", "faults", "--cells", "0", "faults/pgrphack/"]);
    none.assert().success().stdout(contains("1 scenarios on 1 targets"));
}

#[test]
fn a_listed_call_is_known_and_a_life_that_fails_has_no_cells() {
    if !can_trace() {
        return;
    }
    let (directory, target_argument) = target(SILENT);
    let list = directory.path().join("list.toml");
    let entries: String = ["clone", "clone3", "fork", "vfork"]
        .map(|call| {
            format!(
                "[[deviation]]\nscenario = \"faults/pgrphack/run/{call}\"\nkind = \"different\"\nreason = \"hides it\"\n\
                 requirements = [\"PGH-01\"]\n"
            )
        })
        .concat();
    std::fs::write(&list, format!("target = \"fake\"\n{entries}")).unwrap();
    let run = svconform(&["--target", &target_argument, "--deviations"])
        .arg(&list)
        .args(["--format", "json", "faults/pgrphack"])
        .assert();
    let report: Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    let verdicts: Vec<&str> = report["scenarios"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["results"][0]["verdict"].as_str())
        .collect();
    assert!(verdicts.contains(&"known"), "{report}");

    let (_directory, broken) = target("exit 7");
    let run = svconform(&["--target", &broken, "faults/pgrphack"]).assert().code(1);
    run.stdout(contains("fail  faults/pgrphack/run on fake").and(contains("1 scenarios on 1 targets")));
}

#[test]
fn a_filter_that_selects_no_life_is_wrong_usage() {
    let (_directory, target) = target(SILENT);
    svconform(&["--target", &target, "faults/no-such-program"])
        .assert()
        .code(2)
        .stderr(contains("no life is selected"));
}
