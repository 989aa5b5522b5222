//! The tester tested: the output and exit codes of svconform, on faulty commands and on our own build.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue must stop")]

mod surroundings;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use surroundings::{left_behind, ours};

/// svconform without a home, where it would keep the last report.
fn svconform() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("svconform"));
    command.env_remove("XDG_STATE_HOME").env_remove("HOME");
    command
}

/// The `--target` argument for a faulty target.
fn wrong(name: &str) -> String {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/targets").join(name);
    format!("{name}={}", directory.display())
}

/// A copy of a faulty target in `place`, whose processes sleep for `seconds`: a test knows its own processes by that.
fn wrong_and_marked(name: &str, seconds: u32, place: &Path) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/targets").join(name).join("svok");
    let text = std::fs::read_to_string(&script).unwrap().replace("sleep 1000", &format!("sleep {seconds}"));
    std::fs::copy(&script, place.join("svok")).unwrap();
    std::fs::write(place.join("svok"), text).unwrap();
    format!("{name}={}", place.display())
}

/// A run of the scenarios for svok's requirement OK-03, which need nothing but svok.
fn svok_run(name: &str) -> Command {
    let mut command = svconform();
    command.args(["run", "--target", &wrong(name), "OK-03"]);
    command
}

#[test]
fn wrong_usage_is_2_and_says_what_is_wrong() {
    let directory = tempfile::tempdir().unwrap();
    let empty = format!("empty={}", directory.path().display());
    let cases: &[(&[&str], &str)] = &[
        (&["run", "--target", "a=/no/such/directory"], "no such directory: /no/such/directory"),
        (&["run", "--target", "nonsense"], "a target is NAME=DIR"),
        (&["run", "--target", "two\nlines=/bin"], "at most 60 bytes"),
        (&["run", "--target", &empty], "no commands to test in this directory"),
        (&["run", "--target", &wrong("liar"), "no-such-scenario"], "no scenario matches no-such-scenario"),
        (&["run", "--target", &wrong("liar"), "--target", &wrong("liar")], "two targets are called liar"),
        (&["run", "--target", &wrong("liar"), "--baseline", "other"], "no target is called other"),
        (&["run", "--target", &wrong("liar"), "--deviations", "/no/such/file"], "/no/such/file"),
        (&["run", "--target", &wrong("liar"), "--output", "/no/such/file"], "/no/such/file"),
        (&["run", "--target", &wrong("liar"), "--time-scale", "0"], "from 1 to 1000"),
        (&["run", "--target", &wrong("liar"), "--jobs", "0"], "--jobs"),
        (&["run", "--target", &wrong("liar"), "--since", "/no/such/file"], "/no/such/file: "),
        (&["run", "--target", &wrong("liar"), "--since", "/dev/null"], "/dev/null: not JSON"),
        (&["explain"], "no report is kept: give an id, or --report FILE"),
        (&["explain", "--report", "/no/such/file", "OK-03"], "/no/such/file: "),
        (&["run", "--target", &wrong("liar"), "--mix", "liar,liar"], "--mix takes the names of two targets"),
        (&["list", "--uncovered", "NO-01"], "no requirement matches NO-01"),
        (&["list", "no-such-scenario"], "no scenario matches"),
        (&["report", "/no/such/file"], "/no/such/file: No such file"),
        (&["explain", "NO-01"], "neither a scenario nor a requirement: NO-01"),
    ];
    for (arguments, words) in cases {
        svconform().args(*arguments).assert().code(2).stdout("").stderr(contains(*words));
    }
}

#[test]
fn without_a_target_the_installed_commands_are_taken() {
    if Path::new("/command/supervise").exists() {
        let _ = writeln!(std::io::stderr(), "not tried without installed commands: there is a /command");
    } else {
        let none = "neither /command nor a directory of PATH has supervise and svscan: give --target NAME=DIR";
        for command in ["run", "bench"] {
            svconform()
                .arg(command)
                .env("PATH", "/no/such/directory")
                .assert()
                .code(2)
                .stdout("")
                .stderr(contains(none));
        }
    }
    let ours = ours("installed");
    let directory = Path::new(ours.split_once('=').unwrap().1).canonicalize().unwrap();
    let mut run = svconform();
    run.args(["run", "--format", "json", "svok/tells"]).env("PATH", std::env::join_paths([&directory]).unwrap());
    let run =
        run.assert().success().stderr(contains("no --target: taking /").and(contains(" under the name installed\n")));
    let report: Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    assert_eq!(report["targets"][0]["name"], "installed");
}

#[test]
fn the_last_table_is_kept_and_explained() {
    let home = tempfile::tempdir().unwrap();
    let kept = home.path().join(".local/state/svconform/last.json");
    let at_home = |command: &mut Command| command.env("HOME", home.path()).assert();
    at_home(svok_run("liar").arg("--forget")).code(1).stderr("");
    at_home(svok_run("liar").args(["--format", "json"])).code(1).stderr("");
    assert!(!kept.exists());
    let said = format!("svconform: kept {} for svconform explain\n", kept.display());
    at_home(&mut svok_run("liar")).code(1).stderr(said);

    let failed = at_home(svconform().arg("explain")).success();
    let line = String::from_utf8(failed.get_output().stdout.clone()).unwrap();
    let id = line.strip_prefix("fail  ").and_then(|rest| rest.split(' ').next()).unwrap_or_else(|| panic!("{line}"));
    for asked in [id, "OK-03"] {
        let explained = at_home(svconform().args(["explain", asked])).success();
        explained.stdout(
            contains("NAME\n")
                .and(contains("\nLAST RUN\n       From /"))
                .and(contains(format!("\nfail  {id} on liar\n")))
                .and(contains("  expected  "))
                .and(contains("  actual    "))
                .and(contains("  files at the end"))
                .and(contains("  again     ")),
        );
    }
    // What that run did not select is explained as ever, unless the report was asked for.
    at_home(svconform().args(["explain", "SUP-01"])).success().stdout(contains("LAST RUN").not());
    let asked = ["explain", "--report", kept.to_str().unwrap(), "SUP-01"];
    svconform().args(asked).assert().code(2).stderr(contains("no scenario for SUP-01 was selected"));
    // Another version's report, or half of one, is no reason to explain nothing.
    std::fs::write(&kept, "{").unwrap();
    at_home(svconform().args(["explain", "OK-03"])).success().stdout(contains("LAST RUN").not());
    at_home(svconform().arg("explain")).code(2).stderr(contains("last.json: not JSON"));
}

#[test]
fn a_report_that_cannot_be_kept_changes_no_verdict() {
    let mut run = svok_run("liar");
    run.env("HOME", "/dev/null").assert().code(1).stderr(contains("the report is not kept for explain: /dev/null"));
}

#[test]
fn a_part_of_several_ids_lists_them() {
    let listed = svconform().args(["explain", "svok/"]).assert().success();
    listed.stdout(contains("svok/looks-at-its-first-argument\n       Runs svok").and(contains("DESCRIPTION").not()));
    let one = svconform().args(["explain", "looks-at-its-first-arg"]).assert().success();
    one.stdout(contains("NAME\n       svok/looks-at-its-first-argument\n"));
}

#[test]
fn a_run_since_a_report_repeats_what_did_not_pass() {
    let directory = tempfile::tempdir().unwrap();
    let report = directory.path().join("report.json");
    let since = |target: &str, more: &[&str]| {
        let mut run = svconform();
        run.args(["run", "--target", target, "--since"]).arg(&report).args(more);
        run
    };
    let to_report = ["--format", "json", "--output", report.to_str().unwrap()];
    svok_run("liar").arg("SUP-01").args(to_report).assert().code(1);
    let before: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    let left: Vec<String> =
        verdicts(&before).into_iter().filter(|(_, verdict)| verdict != "pass").map(|(id, _)| id).collect();
    assert!(left.len() > 1 && left.len() < verdicts(&before).len(), "{before}");
    let failed: Vec<&String> = left.iter().filter(|id| id.starts_with("svok/")).collect();

    since("other=/bin", &[]).assert().code(2);
    let other = ours("other");
    since(&other, &[]).assert().code(2).stderr(contains("no target is called other: this report has liar"));
    since(&wrong("liar"), &["envdir/"]).assert().code(2).stderr(contains("no scenario is selected"));
    // The skip too: what was missing may be there now.
    let again = since(&wrong("liar"), &["--format", "json"]).assert().code(1).get_output().stdout.clone();
    let ids = |report: &Value| verdicts(report).into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    assert_eq!(ids(&serde_json::from_slice(&again).unwrap()), left);
    let again = since(&wrong("liar"), &["--format", "json", "OK-03"]).assert().code(1).get_output().stdout.clone();
    assert_eq!(ids(&serde_json::from_slice(&again).unwrap()).iter().collect::<Vec<_>>(), failed);

    // The target is mended, and the report is replaced by the next until nothing is left.
    let mended = ours("liar");
    since(&mended, &to_report).assert().success();
    let run = since(&mended, &to_report).assert().success().stderr(contains("nothing to run: all passed in /"));
    run.stdout("");
    let after: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    assert_eq!(after["scenarios"].as_array().map(Vec::len), Some(0));
}

/// A list of commands that a shell understands, and no command that is not for people.
#[test]
fn completions_are_scripts_of_their_shells() {
    for (shell, words) in
        [("bash", "complete -F _svconform"), ("zsh", "#compdef svconform"), ("fish", "complete -c svconform")]
    {
        let script = svconform().args(["completions", shell]).assert().success();
        let script = String::from_utf8(script.get_output().stdout.clone()).unwrap();
        assert!(script.contains(words) && script.contains("deviations") && script.contains("junit"), "{script}");
        assert!(!script.contains("worker"), "{script}");
        if std::process::Command::new(shell).args(["-c", "exit"]).status().is_ok_and(|status| status.success()) {
            Command::new(shell).arg("-n").write_stdin(script).assert().success().stderr("");
        }
    }
    let complete = "eval \"$(\"$0\" completions bash)\"; COMP_WORDS=(svconform e) COMP_CWORD=1; _svconform svconform e svconform; echo \"${COMPREPLY[*]}\"";
    let program = assert_cmd::cargo::cargo_bin!("svconform");
    Command::new("bash").args(["-c", complete]).arg(program).assert().success().stdout(contains("explain"));
}

/// What the doctor finds missing is what a run skips, and nothing else.
#[test]
fn the_doctor_knows_what_a_run_skips() {
    let doctor = |filter: &str| svconform().args(["doctor", "--verbose", filter]).assert();
    doctor("svok/tells").code(0).stdout("nothing is missing: this machine can run 1 of 1 scenarios\n");
    doctor("no-such-scenario").code(2);
    let filter = "setuidgid/";
    let examined = doctor(filter);
    let text = String::from_utf8(examined.get_output().stdout.clone()).unwrap();
    let lacking: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    assert_eq!(examined.get_output().status.code(), Some(i32::from(!lacking.is_empty())), "{text}");
    let mut run = svconform();
    let run = run.args(["run", "--target", &ours("ours"), "--format", "json", filter]).assert();
    let report: Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    let verdicts = verdicts(&report);
    let skipped: BTreeSet<&str> =
        verdicts.iter().filter(|(_, verdict)| verdict == "skip").map(|(id, _)| id.as_str()).collect();
    assert_eq!(skipped, lacking, "{text}");
}

#[test]
fn the_doctor_knows_a_directory_where_nothing_can_run() {
    let directory = tempfile::tempdir().unwrap();
    let unprintable = directory.path().join("two\nlines");
    std::fs::create_dir(&unprintable).unwrap();
    let mut doctor = svconform();
    doctor.args(["doctor", "setuidgid/"]).env("TMPDIR", &unprintable);
    doctor.assert().code(3).stderr(contains("has a name that cannot be printed: set TMPDIR"));
}

#[test]
fn every_listed_scenario_can_be_explained_and_names_its_requirements() {
    let list = svconform().arg("list").assert().success().get_output().stdout.clone();
    let list = String::from_utf8(list).unwrap();
    assert!(list.lines().count() > 1);
    for line in list.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert!(words.len() > 2, "{line}");
        let explained = svconform().args(["explain", words[0]]).assert().success();
        for requirement in &words[2..] {
            assert!(contains(*requirement).eval(&String::from_utf8_lossy(&explained.get_output().stdout)), "{line}");
        }
    }
}

#[test]
fn a_requirement_is_explained_with_its_source_and_its_proofs() {
    svconform().args(["explain", "OK-03"]).assert().success().stdout(contains("SEE ALSO").and(contains("svok/")));
}

#[test]
fn a_liar_fails_with_what_was_expected_and_what_was_there() {
    svok_run("liar").assert().code(1).stdout(
        contains("fail  svok/")
            .and(contains("  requires  OK-03: "))
            .and(contains("  expected  "))
            .and(contains("  actual    "))
            .and(contains("  files at the end"))
            .and(contains("  normalised  "))
            .and(contains("svconform run --target liar=/")),
    );
}

/// Two that fail in the same way may be the fault of the suite or the machine: no agreement.
#[test]
fn two_targets_that_fail_alike_are_an_error() {
    let other = wrong("liar").replacen("liar=", "other=", 1);
    let mut run = svok_run("liar");
    run.args(["--target", &other])
        .assert()
        .code(3)
        .stdout(contains("error  svok/").and(contains("another target failed the same way")));
}

#[test]
fn a_command_that_cannot_be_executed_fails() {
    svok_run("garbage").assert().code(1).stdout(contains("fail  svok/").and(contains("svok web: can be executed")));
}

#[test]
fn a_list_for_a_target_that_is_not_there_is_wrong_usage() {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/deviations/ours.toml");
    svok_run("liar").arg("--deviations").arg(ours).assert().code(2).stderr(contains("no target is called ours"));
}

#[test]
fn a_caller_that_ignores_the_deaths_of_children_is_told() {
    let program = assert_cmd::cargo::cargo_bin!("svconform");
    let mut run = Command::new("env");
    run.arg("--ignore-signal=CHLD").arg(program).args(["run", "--target", &wrong("liar"), "OK-03"]);
    run.assert().code(3).stderr(contains("SIGCHLD is ignored, so child exits cannot be detected"));
}

#[test]
fn a_reader_that_went_away_changes_no_verdict() {
    let program = assert_cmd::cargo::cargo_bin!("svconform").display();
    let script = format!("{{ {program} run --target {} OK-03; echo $? >&2; }} | true", wrong("liar"));
    Command::new("sh").args(["-c", &script]).env_remove("XDG_STATE_HOME").env_remove("HOME").assert().stderr("1\n");
}

#[test]
fn a_command_that_never_ends_is_a_timeout_and_leaves_nothing() {
    let place = tempfile::tempdir().unwrap();
    let target = wrong_and_marked("sleeper", 1001, place.path());
    let run = svconform().args(["run", "--target", &target, "OK-03"]).assert().code(1);
    run.stdout(contains("timeout  svok/").and(contains("still running after")));
    assert_eq!(left_behind("sleep 1001"), 0);
}

#[test]
fn a_command_that_prints_without_end_is_stopped() {
    svok_run("flooder").assert().code(1).stdout(
        contains("\nfail  svok/")
            .and(contains("killed by XFSZ"))
            .and(contains("XFSZ means that the output of a command")),
    );
    assert_eq!(left_behind("yes all is well"), 0);
}

#[test]
fn a_command_that_leaves_a_process_behind_fails_and_the_process_is_gone() {
    let place = tempfile::tempdir().unwrap();
    let target = wrong_and_marked("litterer", 1002, place.path());
    let run = svconform().args(["run", "--target", &target, "OK-03"]).assert().code(1);
    run.stdout(contains("left behind: ").and(contains(" sleep")));
    assert_eq!(left_behind("sleep 1002"), 0);
}

#[test]
fn what_a_target_lacks_is_a_skip_and_with_require_all_a_failure() {
    let mut command = svconform();
    command.args(["run", "--target", &wrong("liar"), "SUP-01"]);
    command.assert().success().stdout(contains("skip").and(contains("the target has no command supervise")));
    command.arg("--require-all").assert().code(1);
}

#[test]
fn a_directory_for_scenarios_that_would_fail_the_original_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let unprintable = directory.path().join("two\nlines");
    std::fs::create_dir(&unprintable).unwrap();
    std::os::unix::fs::symlink("/bin/true", directory.path().join("svok")).unwrap();
    let target = format!("a={}", directory.path().display());
    let mut run = svconform();
    run.args(["run", "--target", &target, "OK-03"]).env("TMPDIR", &unprintable);
    run.assert().code(3).stderr(contains("two\\nlines has a name that cannot be printed: set TMPDIR"));
}

#[test]
fn what_has_a_command_s_name_and_cannot_be_executed_is_wrong_usage() {
    let directory = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/bin/true", directory.path().join("svstat")).unwrap();
    let (path, target) = (directory.path().join("svok"), format!("a={}", directory.path().display()));
    let mut run = svconform();
    run.args(["run", "--target", &target, "OK-03"]);
    run.assert().success().stdout(contains("the target has no command svok"));
    std::fs::write(&path, "#!/bin/sh\n").unwrap();
    run.assert().code(2).stderr(contains("svok: not an executable file"));
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/no/such/svok", &path).unwrap();
    run.assert().code(2).stderr(contains("svok: not an executable file"));
}

#[test]
fn a_listed_failure_is_known_and_a_listed_pass_is_stale() {
    let directory = tempfile::tempdir().unwrap();
    let list = directory.path().join("deviations.toml");
    let report = run_json("liar", &[]);
    let entries: String = verdicts(&report)
        .iter()
        .filter(|(_, verdict)| *verdict == "fail")
        .map(|(id, _)| {
            format!(
                "[[deviation]]\nscenario = \"{id}\"\nkind = \"not-applicable\"\nreason = \"lies\"\nrequirements = [\"OK-03\"]\n"
            )
        })
        .collect();
    std::fs::write(&list, format!("target = \"liar\"\n{entries}")).unwrap();
    svok_run("liar")
        .arg("--deviations")
        .arg(&list)
        .assert()
        .success()
        .stdout(contains("known").and(contains(": lies")));
    let mut twice = svok_run("liar");
    twice.arg("--deviations").arg(&list).arg("--deviations").arg(&list);
    twice.assert().code(2).stderr(contains("an earlier file also lists svok/"));
    // The same list for a target that passes.
    std::fs::write(&list, format!("target = \"ours\"\n{entries}")).unwrap();
    let mut other = svconform();
    other.args(["run", "--target", &ours("ours"), "OK-03", "--deviations"]).arg(&list);
    let again = format!(" --deviations {} --keep svok/", list.canonicalize().unwrap().display());
    other.assert().code(1).stdout(contains("stale  svok/").and(contains("remove the entry")).and(contains(again)));
}

#[test]
fn the_json_report_goes_to_a_file_with_steps_and_a_schema() {
    let report = run_json("liar", &[]);
    assert_eq!(report["schema"], 2);
    assert_eq!(report["targets"][0]["name"], "liar");
    let result = &report["scenarios"][0]["results"][0];
    assert_eq!((&result["verdict"], &result["verdicts"][0]), (&Value::from("fail"), &Value::from("fail")), "{report}");
    let run = &result["run"];
    assert!(run["steps"].as_array().is_some_and(|steps| !steps.is_empty()), "{report}");
    assert_eq!(run["failure"]["kind"], "mismatch");
    assert!(run["failure"]["source_line"].as_str().is_some_and(|line| line.contains("/scenarios/")), "{report}");
}

/// With what a report can hold: passes, failures, an error and skips.
/// JSON is the source of every other format, so a saved report gives the same page as the run.
#[test]
fn a_saved_report_becomes_a_page_and_so_does_a_comparison() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    let (json, html) = (path("run.json"), path("run.html"));
    svok_run("liar").args(["--format", "json", "--output", &json]).assert().code(1);
    svconform().args(["report", &json, "--format", "html", "--output", &html]).assert().success().stdout("");
    let page = std::fs::read_to_string(&html).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("<td class=fail>fail"), "{page}");
    svconform()
        .args(["compare", &json, &json, "--format", "html"])
        .assert()
        .success()
        .stdout(contains("Nothing changed."));
    std::fs::write(path("bench.json"), "{\"kind\": \"bench\"}").unwrap();
    svconform().args(["report", &path("bench.json")]).assert().code(2).stderr(contains("use svconform bench --from"));
}

#[test]
fn the_junit_report_is_valid() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("report.xml");
    let mut run = svconform();
    // The liars fail alike, which is an error, and the flooder in another way.
    let other = wrong("liar").replacen("liar=", "other=", 1);
    run.args(["run", "--target", &wrong("liar"), "--target", &other, "--target", &wrong("flooder")]);
    run.args(["--format", "junit", "--output"]).arg(&output).args(["OK-03", "SUP-01"]).assert().code(3);
    let text = std::fs::read_to_string(&output).unwrap();
    assert!(["<skipped", "<failure", "<error"].iter().all(|element| text.contains(element)), "{text}");
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/reports/junit.rng");
    if std::process::Command::new("xmllint").arg("--version").output().is_err() {
        assert_eq!(std::env::var_os("CI"), None, "no xmllint");
        let _ = writeln!(std::io::stderr(), "not validated: no xmllint");
        return;
    }
    Command::new("xmllint").args(["--noout", "--relaxng"]).args([&schema, &output]).assert().success();
}

#[test]
fn kept_worlds_are_there_and_others_are_not() {
    let place = |report: &Value| report["kept"].as_str().map(PathBuf::from);
    assert_eq!(place(&run_json("liar", &[])), None);
    let kept = place(&run_json("liar", &["--keep"])).unwrap();
    assert!(kept.read_dir().unwrap().next().is_some());
    std::fs::remove_dir_all(kept).unwrap();
}

/// A command that kills the suite's own process is at fault, and not the suite.
#[test]
fn a_command_that_kills_its_parent_or_its_group_fails() {
    for name in ["parent-killer", "group-killer"] {
        let run = svok_run(name).assert().code(1);
        run.stdout(contains("\nfail  svok/").and(contains("\nerror  ").not()));
    }
}

/// Both names are `a.b` with every unusual letter replaced.
#[test]
fn targets_with_similar_names_do_not_meet() {
    let (one, other) = (ours("a/b"), wrong("liar").replacen("liar=", "a.b=", 1));
    let mut run = svconform();
    run.args(["run", "--target", &one, "--target", &other, "svok/looks"]);
    run.assert().code(1).stdout(contains(" on a.b\n").and(contains(" on a/b\n").not()));
}

/// The table of a run on our own build, with a line per scenario.
fn table_of(arguments: &[&str]) -> String {
    let mut run = svconform();
    let run = run.args(["run", "--verbose", "--target", &ours("ours")]).args(arguments).assert().success();
    String::from_utf8(run.get_output().stdout.clone()).unwrap()
}

#[test]
fn repeats_are_counted_and_a_seed_decides_their_order() {
    let table = table_of(&["--repeat", "3", "--shuffle", "7", "RPT-04"]);
    let lines: Vec<&str> = table.lines().filter(|line| line.starts_with("readproctitle/")).collect();
    assert!(lines.len() > 1 && lines.iter().all(|line| line.ends_with(" pass 3/3")), "{table}");
}

#[test]
fn a_mix_has_columns_for_clients_svscan_and_upgrades_both_ways() {
    let mut run = svconform();
    run.args(["run", "--target", &ours("one"), "--target", &ours("two"), "--mix", "one,two"]);
    run.args(["--verbose", "svok/tells-whether-supervise-runs", "upgrade/supervise-gives-way-with-its-service"]);
    let run = run.assert().success();
    let table = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    for column in ["one clients, two", "one svscan, two", "two, then one", "two clients, one", "one, then two"] {
        assert!(table.lines().next().unwrap().contains(column), "{column} is not in\n{table}");
    }
    let passes = |id: &str| table.lines().find(|line| line.starts_with(id)).unwrap().matches("pass").count();
    // The two targets, and the two mixes that it says something about.
    assert_eq!((passes("svok/"), passes("upgrade/")), (4, 4), "{table}");
}

#[test]
fn nothing_is_started_after_the_first_failure() {
    let mut run = svconform();
    run.args(["run", "--target", &wrong("liar"), "--jobs", "1", "--fail-fast", "--format", "json", "OK-03", "OK-02"]);
    let run = run.assert().code(1);
    let report: Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    let verdicts = verdicts(&report);
    let ran = verdicts.iter().filter(|(_, verdict)| !verdict.is_empty()).count();
    assert!(
        ran < verdicts.len() && verdicts.iter().filter(|(_, verdict)| verdict == "fail").count() == 1,
        "{verdicts:?}"
    );
}

#[test]
fn a_random_sequence_runs_alone_and_follows_from_its_seed() {
    let table = table_of(&["--random", "2", "--seed", "40"]);
    let ids: Vec<&str> = table.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(ids.contains(&"random/40") && ids.contains(&"random/41"), "{table}");
    assert!(ids.contains(&"random/envdir/41") && ids.contains(&"random/softlimit/40"), "{table}");
    assert!(table.contains("30 scenarios on 1 targets"), "{table}");
}

#[test]
fn the_level_doc_leaves_out_what_was_only_observed() {
    let all = table_of(&["svok/tells", "svok/looks-at"]);
    let doc = table_of(&["--level", "doc", "svok/tells", "svok/looks-at"]);
    assert!(all.contains("svok/looks-at-its-first-argument") && !doc.contains("svok/looks-at"), "{all}{doc}");
    assert!(doc.contains("svok/tells-whether-supervise-runs"), "{doc}");
    assert!(doc.contains("ours, observed: 0 pass\n"), "{doc}");
}

/// ^C: a report of what was done, exit code 3, and nothing left running.
#[test]
fn an_interrupted_run_reports_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("report.json");
    let mut run = std::process::Command::new(assert_cmd::cargo::cargo_bin!("svconform"));
    let target = wrong_and_marked("sleeper", 1003, directory.path());
    run.args(["run", "--target", &target, "--format", "json", "--output"]).arg(&output).arg("OK-03");
    // A process group of its own, as a shell gives it: ^C goes to all of the group.
    let child = run.process_group(0).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let group = i32::try_from(child.id()).unwrap();
    let begin = Instant::now();
    while left_behind("sleep 1003") == 0 && begin.elapsed() < Duration::from_secs(20) {
        std::thread::yield_now();
    }
    let interrupted = std::process::Command::new("kill").args(["-INT", "--", &format!("-{group}")]).status().unwrap();
    assert!(interrupted.success());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("interrupted"));
    let report: Value = serde_json::from_slice(&std::fs::read(output).unwrap()).unwrap();
    assert_eq!(report["interrupted"], true);
    assert_eq!(left_behind("sleep 1003"), 0);
}

#[test]
fn compare_says_which_report_is_of_an_interrupted_run() {
    let directory = tempfile::tempdir().unwrap();
    let [whole, interrupted] = ["whole", "interrupted"].map(|name| directory.path().join(name));
    let mut report = run_json("liar", &[]);
    std::fs::write(&whole, report.to_string()).unwrap();
    report["interrupted"] = true.into();
    std::fs::write(&interrupted, report.to_string()).unwrap();
    let compare = |old: &Path, new: &Path| svconform().arg("compare").args([old, new]).assert().success();
    compare(&interrupted, &whole)
        .stdout(contains("the older run was interrupted; scenarios listed as new").and(contains("newer").not()));
    compare(&whole, &interrupted)
        .stdout(contains("the newer run was interrupted; scenarios listed as gone").and(contains("older").not()));
}

/// Runs OK-03 on a wrong target and returns the JSON report.
fn run_json(name: &str, more: &[&str]) -> Value {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("report.json");
    svok_run(name).args(more).args(["--format", "json", "--output"]).arg(&output).assert().code(1).stdout("");
    serde_json::from_slice(&std::fs::read(output).unwrap()).unwrap()
}

/// Each scenario of a report with the verdict on its first target.
fn verdicts(report: &Value) -> Vec<(String, String)> {
    let scenarios = report["scenarios"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    scenarios.iter().map(|one| (text(&one["id"]), text(&one["results"][0]["verdict"]))).collect()
}
