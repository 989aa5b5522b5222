//! The one executable, called by its own name.
#![expect(clippy::disallowed_methods, reason = "what is tested here is a process")]

use std::process::Command;

/// Exit code, standard output and standard error of `daemontools` with `arguments`.
fn ran(arguments: &[&str]) -> (Option<i32>, String, String) {
    let ran = Command::new(env!("CARGO_BIN_EXE_daemontools")).args(arguments).output().expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (ran.status.code(), text(ran.stdout), text(ran.stderr))
}

fn told(code: i32, errors: &str) -> (Option<i32>, String, String) {
    (Some(code), String::new(), errors.to_owned())
}

#[test]
fn it_tells_its_commands_and_its_version() {
    let (code, list, errors) = ran(&["--list"]);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert!(list.starts_with("readproctitle\n") && list.contains("\nsvc\n"), "{list}");
    let version = format!("daemontools {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(ran(&["--version"]), (Some(0), version, String::new()));
}

#[test]
fn its_first_argument_is_a_command() {
    let errors = "svok: fatal: unable to chdir to /no/such: file does not exist\n";
    assert_eq!(ran(&["svok", "/no/such"]), told(111, errors));
    assert_eq!(ran(&["/any/where/svok", "/no/such"]), told(111, errors));
}

#[test]
fn it_wants_a_command_that_it_knows() {
    assert_eq!(ran(&["svko"]), told(100, "daemontools: fatal: unknown command: svko\n"));
    assert_eq!(ran(&[]), told(100, "daemontools: usage: daemontools command [arg ...] | --list | --version\n"));
}
