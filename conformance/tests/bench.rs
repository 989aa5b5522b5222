//! `svconform bench`: its command line, its reports, and that nothing that it starts is left behind.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue must stop")]

mod surroundings;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use surroundings::{left_behind, ours};

fn svconform() -> Command {
    Command::new(assert_cmd::cargo::cargo_bin!("svconform"))
}

/// The `--target` argument, with the name `name`, for the directory `place` with this script as its only command.
fn scripted(name: &str, place: &Path, command: &str, script: &str) -> String {
    let path = place.join(command);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    format!("{name}={}", place.display())
}

#[test]
fn wrong_usage_is_2_and_says_what_is_wrong() {
    let directory = tempfile::tempdir().unwrap();
    let good = scripted("good", directory.path(), "softlimit", "exit 0");
    let empty = tempfile::tempdir().unwrap();
    let empty = format!("empty={}", empty.path().display());
    let other = format!("{}/softlimit", directory.path().display());
    let cases: &[(&[&str], &str)] = &[
        (&[], "--target"),
        (&["--target", "a=/no/such/directory"], "no such directory: /no/such/directory"),
        (&["--target", &empty], "no commands to test in this directory"),
        (&["--target", &good, "--target", &good], "two targets are called good"),
        (&["--target", &good, "--services", "0"], "--services"),
        (&["--target", &good, "--services", "x"], "--services"),
        (&["--target", &good, "--rounds", "0"], "--rounds"),
        (&["--target", &good, "--baseline", "other"], "no target is called other"),
        (&["--target", &good, "--format", "tap"], "--format"),
        (&["--target", &good, "--output", "/no/such/file"], "/no/such/file"),
        (&["--target", &good, "no-such-figure"], "no figure matches no-such-figure; svconform list --figures"),
        (&["--from", "/no/such/report"], "/no/such/report: No such file"),
        (&["--from", &other], "softlimit: not JSON"),
        (&["--from", &other, "--target", &good], "--from"),
    ];
    for (arguments, words) in cases {
        svconform().arg("bench").args(*arguments).assert().code(2).stdout("").stderr(contains(*words));
    }
    svconform().args(["list", "--figures", "no-such-figure"]).assert().code(2).stderr(contains("no figure matches"));
}

#[test]
fn every_figure_is_listed_with_its_unit() {
    let all = svconform().args(["list", "--figures"]).assert().success().get_output().stdout.clone();
    let all = String::from_utf8(all).unwrap();
    assert!(all.lines().count() > 20 && all.contains("throughput/multilog-t "), "{all}");
    let some = svconform().args(["list", "--figures", "clients/svok/one"]).assert().success();
    some.stdout("clients/svok/one  svok of one service, in ms\n");
}

/// One short run, and everything that is made from its report.
#[test]
fn a_real_run_gives_a_report_that_is_rendered_drawn_and_compared() {
    let place = tempfile::tempdir().unwrap();
    let [report, slower, run, charts] =
        ["report.json", "slower.json", "run.json", "charts"].map(|name| place.path().join(name));
    let (one, other) = (ours("one"), ours("other"));
    let mut bench = svconform();
    bench.args(["bench", "--target", &one, "--target", &other, "--rounds", "1", "--services", "2"]);
    bench.args(["--format", "json", "--output"]).arg(&report).args(["tree/up/cpu", "startup/pgrphack"]);
    bench.assert().success().stdout("").stderr("");
    let mut value: Value = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
    assert_eq!(
        (&value["kind"], &value["schema"], &value["services"], &value["rounds"], &value["baseline"]),
        (&json!("bench"), &json!(1), &json!(2), &json!(1), &json!("other"))
    );
    let ids: Vec<&Value> = value["figures"].as_array().unwrap().iter().map(|figure| &figure["id"]).collect();
    assert_eq!(ids, ["tree/up/cpu", "startup/pgrphack"]);
    for result in value["figures"].as_array().unwrap().iter().flat_map(|one| one["results"].as_array().unwrap()) {
        assert!(result["summary"]["median"].as_f64().unwrap() > 0.0 && result["failure"].is_null(), "{result}");
    }

    let rendered = |format: &str| {
        let mut bench = svconform();
        bench.args(["bench", "--format", format, "--charts"]).arg(&charts).arg("--from").arg(&report);
        String::from_utf8(bench.assert().success().get_output().stdout.clone()).unwrap()
    };
    assert_eq!(rendered("json"), fs::read_to_string(&report).unwrap());
    assert!(rendered("markdown").starts_with("| figure | one | other |\n"));
    assert!(rendered("table").contains("ratios to other"));
    for chart in ["tree-up-cpu.svg", "startup-pgrphack.svg"] {
        assert!(fs::read_to_string(charts.join(chart)).unwrap().starts_with("<svg"), "{chart}");
    }

    let compare = |old: &Path, new: &Path| {
        let mut compare = svconform();
        compare.arg("compare").arg(old).arg(new);
        compare.assert()
    };
    compare(&report, &report).success().stdout("0 changes beyond the noise, 0 of them for the worse\n");
    let median = &mut value["figures"][1]["results"][0]["summary"]["median"];
    *median = json!(median.as_f64().unwrap() * 50.0);
    fs::write(&slower, value.to_string()).unwrap();
    compare(&report, &slower).code(1).stdout(contains("slower  startup/pgrphack on one: "));
    compare(&slower, &report).success().stdout(contains("faster  startup/pgrphack on one: "));
    fs::write(&run, "{\"schema\": 2}").unwrap();
    compare(&report, &run).code(2).stderr(contains("one report is of bench and the other is not"));
}

#[test]
fn what_a_target_lacks_is_skipped_with_the_reason() {
    let directory = tempfile::tempdir().unwrap();
    let target = scripted("small", directory.path(), "softlimit", "exit 0");
    let mut bench = svconform();
    bench.args(["bench", "--target", &target, "--rounds", "1", "startup/softlimit", "startup/setlock"]);
    bench.assert().success().stdout(
        contains("startup/softlimit  softlimit running /bin/true (ms, less is better)\n")
            .and(contains("  small  skipped: the target has no command setlock\n"))
            .and(contains("The machine was ")),
    );
}

#[test]
fn a_target_that_fails_is_1_and_says_how() {
    let directory = tempfile::tempdir().unwrap();
    let target = scripted("wrong", directory.path(), "softlimit", "exit 9");
    let mut bench = svconform();
    bench.args(["bench", "--target", &target, "--rounds", "2", "startup/softlimit"]);
    bench.assert().code(1).stdout(contains("expected exit 0 from ").and(contains("exit status: 9")));
}

/// SIGTERM: a report of what was done, exit code 3, and nothing left running.
#[test]
fn an_interrupted_run_reports_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let target = scripted("sleeper", directory.path(), "svscan", "sleep 1013 & sleep 1013");
    let mut bench = std::process::Command::new(assert_cmd::cargo::cargo_bin!("svconform"));
    bench.args(["bench", "--target", &target, "--services", "2", "tree/up/cpu"]).process_group(0);
    let child = bench.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begin = Instant::now();
    while left_behind("sleep 1013") < 2 && begin.elapsed() < Duration::from_secs(20) {
        std::thread::yield_now();
    }
    let sent = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("interrupted"));
    assert!(String::from_utf8_lossy(&ended.stdout).contains("Interrupted: the later rounds are missing."));
    assert_eq!(left_behind("sleep 1013"), 0);
}
