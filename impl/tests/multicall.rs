//! The multi-call binary under its own name.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "the subject of these tests is a process")]

use std::process::Command;

/// Exit code, standard output and standard error of a process.
type Outcome = (Option<i32>, String, String);

/// Runs `daemontools` with `arguments`.
fn daemontools(arguments: &[&str]) -> Outcome {
    let output = Command::new(env!("CARGO_BIN_EXE_daemontools")).args(arguments).output().expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn success(stdout: &str) -> Outcome {
    (Some(0), stdout.to_owned(), String::new())
}

fn failure(code: i32, stderr: &str) -> Outcome {
    (Some(code), String::new(), stderr.to_owned())
}

#[test]
fn list_prints_the_name_of_each_command() {
    let names = "envdir\nenvuidgid\nfghack\nmultilog\npgrphack\nreadproctitle\nsetlock\nsetuidgid\nsoftlimit\nsupervise\nsvc\nsvcheck\nsvok\n\
                    svscan\nsvscanboot\nsvstat\nsvstatus\nsvwait\ntai64n\ntai64nlocal\n";
    assert_eq!(daemontools(&["--list"]), success(names));
}

#[test]
fn version_prints_name_and_version() {
    let version = format!("daemontools {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(daemontools(&["--version"]), success(&version));
}

#[test]
fn help_prints_the_usage_and_a_line_for_each_command_and_option() {
    let (code, help, stderr) = daemontools(&["--help"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(help.starts_with("usage: daemontools command [arg ...]\n"), "{help}");
    let (_, names, _) = daemontools(&["--list"]);
    for name in names.lines().chain(["--help", "--list", "--version"]) {
        let described = help.lines().any(|line| {
            line.strip_prefix("  ").and_then(|line| line.split_once(' ')).is_some_and(|(first, _)| first == name)
        });
        assert!(described, "no line for {name}:\n{help}");
    }
}

#[test]
fn the_first_argument_is_a_command() {
    let stderr = "svok: fatal: unable to chdir to /no/such: file does not exist\n";
    assert_eq!(daemontools(&["svok", "/no/such"]), failure(111, stderr));
    assert_eq!(daemontools(&["/any/where/svok", "/no/such"]), failure(111, stderr));
}

#[test]
fn an_unknown_command_is_wrong_usage() {
    assert_eq!(daemontools(&["svko"]), failure(100, "daemontools: fatal: unknown command: svko\n"));
    assert_eq!(daemontools(&["--hlep"]), failure(100, "daemontools: fatal: unknown command: --hlep\n"));
}

#[test]
fn without_arguments_the_usage_is_an_error() {
    let usage = "daemontools: usage: daemontools command [arg ...] | --help | --list | --version\n";
    assert_eq!(daemontools(&[]), failure(100, usage));
}
