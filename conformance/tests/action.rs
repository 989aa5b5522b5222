//! CI.md followed: the steps of the GitHub action without GitHub, and the lines for GitLab and make as they stand there.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue must stop")]

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The `--target` argument for a faulty target.
fn wrong(name: &str) -> String {
    format!("{name}={}", root().join("fixtures/targets").join(name).display())
}

/// A job of GitHub.
struct Job {
    place: TempDir,
}

/// How a job ended.
struct Ended {
    code: Option<i32>,
    log: String,
    summary: String,
    output: String,
}

impl Job {
    fn new() -> Job {
        Job { place: tempfile::tempdir().unwrap() }
    }

    /// Returns the path of a report that the action made.
    fn report(&self, name: &str) -> PathBuf {
        self.place.path().join("svconform-report").join(name)
    }

    /// Runs the step of the action with `inputs` for OK-03, which needs nothing but svok.
    fn step(&self, inputs: &[(&str, &str)]) -> Ended {
        let [summary, output] = ["summary", "output"].map(|name| self.place.path().join(name));
        let _ = [&summary, &output].map(fs::remove_file);
        let mut step = std::process::Command::new(root().join("ci/action/check"));
        step.env("RUNNER_TEMP", self.place.path()).env("GITHUB_STEP_SUMMARY", &summary).env("GITHUB_OUTPUT", &output);
        step.env("SVCONFORM", assert_cmd::cargo::cargo_bin!("svconform")).env("FILTER", "OK-03");
        step.envs(inputs.iter().copied());
        let ended = step.output().unwrap();
        let text = |path| fs::read_to_string(path).unwrap();
        Ended {
            code: ended.status.code(),
            log: String::from_utf8([ended.stdout, ended.stderr].concat()).unwrap(),
            summary: text(summary),
            output: text(output),
        }
    }
}

impl Ended {
    /// Returns the workflow commands of the log that begin with `start`.
    fn commands(&self, start: &str) -> Vec<&str> {
        self.log.lines().filter(|line| line.starts_with(start)).collect()
    }
}

/// A list that makes the failures of the liar known, for the target `name`.
fn known(name: &str, report: &Path, place: &Path) -> PathBuf {
    let report: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
    let failed = report["scenarios"].as_array().unwrap().iter().filter(|one| one["results"][0]["verdict"] == "fail");
    let entry = |one: &Value| {
        let (id, requirement) = (&one["id"], &one["requirements"][0]);
        format!(
            "[[deviation]]\nscenario = {id}\nkind = \"different\"\nreason = \"lies\"\nrequirements = [{requirement}]\n"
        )
    };
    let list = place.join("known differences.toml");
    fs::write(&list, format!("target = \"{name}\"\n{}", failed.map(entry).collect::<String>())).unwrap();
    list
}

#[test]
fn a_failure_fails_the_job_and_known_differences_do_not() {
    let job = Job::new();
    let failed = job.step(&[("TARGETS", &wrong("liar"))]);
    assert_eq!(failed.code, Some(1), "{}", failed.log);
    let errors = failed.commands("::error ");
    assert!(errors.len() > 1, "{}", failed.log);
    for error in &errors {
        assert!(error.starts_with("::error title=svconform%3A fail::svok/") && error.contains(" on liar: "), "{error}");
    }
    assert!(failed.summary.starts_with("### svconform: failures\n\n    liar\n      svok "), "{}", failed.summary);
    assert!(failed.summary.contains("\n    fail  svok/"), "{}", failed.summary);
    assert!(failed.output.starts_with("result=fail\n"), "{}", failed.output);
    assert!(
        failed.output.contains(&format!("\nreport={}\n", job.report("report.json").display())),
        "{}",
        failed.output
    );
    assert!(job.report("report.txt").is_file() && job.report("summary.md").is_file());

    let list = known("liar", &job.report("report.json"), job.place.path());
    let passed = job.step(&[("TARGETS", &format!("\n{}\n", wrong("liar"))), ("DEVIATIONS", list.to_str().unwrap())]);
    assert_eq!((passed.code, passed.commands("::")), (Some(0), vec![]), "{}", passed.log);
    assert!(passed.summary.starts_with("### svconform: everything is as expected\n"), "{}", passed.summary);
    assert!(!passed.summary.contains("Not as expected"), "{}", passed.summary);
    assert!(passed.output.starts_with("result=pass\n"), "{}", passed.output);
    // A skip is a failure if the job says so.
    let skips = [("TARGETS", &*wrong("liar")), ("FILTER", "SUP-01"), ("OPTIONS", "--require-all")];
    assert_eq!(job.step(&skips[..2]).code, Some(0));
    assert_eq!(job.step(&skips).code, Some(1));
}

#[test]
fn with_a_baseline_only_what_is_worse_fails_the_job() {
    let job = Job::new();
    let target = wrong("liar");
    job.step(&[("TARGETS", &target)]);
    let baseline = job.place.path().join("baseline.json");
    fs::copy(job.report("report.json"), &baseline).unwrap();
    let inputs = [("TARGETS", &*target), ("BASELINE", baseline.to_str().unwrap())];
    let same = job.step(&inputs);
    assert_eq!((same.code, same.commands("::error ")), (Some(0), vec![]), "{}", same.log);
    assert!(same.commands("::warning title=svconform%3A fail::svok/").len() > 1, "{}", same.log);
    assert!(same.summary.starts_with("### svconform: nothing is worse than the baseline\n"), "{}", same.summary);

    // A regression, played by a baseline in which one failure passed.
    let mut report: Value = serde_json::from_slice(&fs::read(&baseline).unwrap()).unwrap();
    let scenarios = report["scenarios"].as_array_mut().unwrap();
    let failed = scenarios.iter_mut().find(|one| one["results"][0]["verdict"] == "fail").unwrap();
    let id = failed["id"].as_str().unwrap().to_owned();
    failed["results"][0]["verdict"] = "pass".into();
    failed["results"][0]["verdicts"][0] = "pass".into();
    fs::write(&baseline, report.to_string()).unwrap();
    let worse = job.step(&inputs);
    assert_eq!(worse.code, Some(1), "{}", worse.log);
    let expected = format!("::error title=svconform%3A regressed::{id} on liar: pass -> fail");
    assert_eq!(worse.commands("::error "), [expected], "{}", worse.log);
    assert!(worse.summary.contains(&format!("    regressed      {id} on liar: pass -> fail\n")), "{}", worse.summary);
    assert!(worse.output.starts_with("result=regressed\n"), "{}", worse.output);
    assert!(fs::read_to_string(job.report("changes.txt")).unwrap().contains("regressed"));
}

#[test]
fn no_input_is_emptied_with_the_directory_of_reports() {
    let job = Job::new();
    let target = wrong("liar");
    job.step(&[("TARGETS", &target)]);
    let report = job.report("report.json");
    let broken = job.step(&[("TARGETS", &target), ("BASELINE", report.to_str().unwrap())]);
    assert_eq!(broken.code, Some(2), "{}", broken.log);
    assert!(broken.log.contains("keep the file elsewhere") && report.is_file(), "{}", broken.log);
    let unkept = job.step(&[("TARGETS", &target), ("OPTIONS", "--forget")]);
    assert_eq!(unkept.code, Some(3), "{}", unkept.log);
    assert!(unkept.log.contains("svconform kept no report"), "{}", unkept.log);
}

#[test]
fn what_cannot_be_run_fails_the_job_with_the_reason() {
    let job = Job::new();
    let target = wrong("liar");
    let empty = format!("empty={}", tempfile::tempdir().unwrap().path().display());
    fs::write(job.place.path().join("list.json"), "{}").unwrap();
    let list = job.place.path().join("list.json").display().to_string();
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("TARGETS", "broken=/no/such/directory")], "no such directory: /no/such/directory%0A"),
        (&[("TARGETS", "broken=/etc")], "/etc: no commands to test in this directory"),
        (&[("TARGETS", &empty)], "no such directory: /"),
        (&[("TARGETS", &target), ("FILTER", "50%")], "no scenario matches 50%25"),
        (&[("TARGETS", &target), ("BASELINE", "/no/such/report")], "/no/such/report: no such report"),
        (&[("TARGETS", &target), ("BASELINE", &list)], "not a report of svconform"),
        (&[("TARGETS", &target), ("SVCONFORM", "/no/such/svconform")], "/no/such/svconform: no such program"),
    ];
    for (inputs, words) in cases {
        let broken = job.step(inputs);
        assert_eq!(broken.code, Some(2), "{}", broken.log);
        let errors = broken.commands("::error title=svconform did not run::");
        assert!(errors.len() == 1 && errors[0].contains(words), "{words} is not in\n{}", broken.log);
        assert!(broken.summary.starts_with("### svconform did not run\n\n    "), "{}", broken.summary);
        // Without a report, nothing is uploaded.
        assert_eq!(broken.output, "result=broken\n");
    }
}

/// Output of a target is not a command to GitHub, whatever it contains.
#[test]
fn the_output_of_a_command_is_no_workflow_command() {
    let job = Job::new();
    let target = tempfile::tempdir().unwrap();
    let svok = target.path().join("svok");
    fs::write(&svok, "#!/bin/sh\necho '::error::100% mine'\necho '::warning title=a,b::mine'\nexit 7\n").unwrap();
    fs::set_permissions(&svok, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let ended = job.step(&[("TARGETS", &format!("odd={}", target.path().display()))]);
    assert_eq!(ended.code, Some(1), "{}", ended.log);
    let commands = ended.log.lines().filter(|line| line.trim_start().starts_with("::"));
    assert!(commands.clone().count() > 0, "{}", ended.log);
    for line in commands {
        assert!(line.starts_with("::error title=svconform%3A fail::svok/"), "{line}");
    }
}

/// Every input of the action reaches the script, and the script reads no other.
#[test]
fn the_action_hands_its_inputs_to_the_script() {
    let action = fs::read_to_string(root().join("ci/action/action.yml")).unwrap();
    let page = fs::read_to_string(root().join("conformance/CI.md")).unwrap();
    let inputs = action.split("\ninputs:\n").nth(1).unwrap().split("\noutputs:\n").next().unwrap();
    let names = inputs.lines().filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
    let names: Vec<&str> = names.map(|line| line.trim_end_matches(':')).collect();
    assert_eq!(names.len(), 8, "{names:?}");
    for name in names {
        assert!(page.contains(&format!("| `{name}` | ")), "{name} is not in CI.md");
        let handed = format!("        {}: ${{{{ inputs.{name} }}}}\n", name.to_uppercase());
        assert!(action.contains(&handed) || name == "artifact", "{handed}");
    }
}

/// Returns the first block of CI.md in `language` below the heading `title`.
fn block(title: &str, language: &str) -> String {
    let page = fs::read_to_string(root().join("conformance/CI.md")).unwrap();
    let (_, section) = page.split_once(&format!("\n## {title}\n")).unwrap();
    let (_, block) = section.split_once(&format!("```{language}\n")).unwrap();
    block.split("```").next().unwrap().to_owned()
}

/// A project whose build is the liar, with svconform in it.
fn project() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root().join("fixtures/targets/liar"), place.path().join("command")).unwrap();
    std::os::unix::fs::symlink(assert_cmd::cargo::cargo_bin!("svconform"), place.path().join("svconform")).unwrap();
    place
}

#[test]
fn the_lines_for_make_work() {
    let place = project();
    // The scenarios for one requirement are enough here, whatever their class.
    let rules = block("Make", "make").replace("--level doc", "OK-03");
    fs::write(place.path().join("Makefile"), format!("{rules}\nall:\n")).unwrap();
    let path = format!("{}:{}", place.path().display(), std::env::var("PATH").unwrap());
    let make = |target: &str| {
        let mut make = Command::new("make");
        make.arg(target)
            .current_dir(place.path())
            .env("PATH", &path)
            .env("HOME", place.path())
            .env_remove("XDG_STATE_HOME");
        make.assert()
    };
    make("conformance").code(2).stdout(contains("\nfail  svok/"));
    // Without a baseline, the first run is made, and what to compare it with is missing.
    make("regressions").code(2).stderr(contains("baseline.json: No such file"));
    fs::copy(place.path().join("report.json"), place.path().join("baseline.json")).unwrap();
    make("regressions").success().stdout(contains("0 changes, 0 of them for the worse"));
    let baseline = fs::read_to_string(place.path().join("baseline.json")).unwrap();
    fs::write(place.path().join("baseline.json"), baseline.replace("\"fail\"", "\"pass\"")).unwrap();
    make("regressions").code(2).stdout(contains("regressed      svok/"));
    // A target that is not there is no report to compare.
    fs::remove_file(place.path().join("command")).unwrap();
    make("regressions").code(2).stdout(contains("compare").not());
}

#[test]
fn the_lines_for_gitlab_work() {
    let place = project();
    let job = block("GitLab", "yaml");
    let script: Vec<&str> = job.lines().filter_map(|line| line.strip_prefix("    - ")).collect();
    assert_eq!(script.len(), 1, "{job}");
    let script = script[0].replace("--level doc", "OK-03");
    Command::new("sh").args(["-ec", &script]).current_dir(place.path()).assert().code(1).stdout("");
    let junit = fs::read_to_string(place.path().join("junit.xml")).unwrap();
    assert!(job.contains("junit: junit.xml\n") && junit.contains("<failure message=\"fail: expected svok"), "{junit}");
}
