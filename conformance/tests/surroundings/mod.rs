//! What more than one file of tests needs: our own build, and a look at the processes of this machine.

use serde_json::Value;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::OnceLock;
use tempfile::TempDir;

/// The `--target` argument, with the name `name`, for our own build in a directory of links.
pub(crate) fn ours(name: &str) -> String {
    static DIRECTORY: OnceLock<TempDir> = OnceLock::new();
    let directory = DIRECTORY.get_or_init(|| {
        let built = std::process::Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked", "--offline", "--package", "daemontools", "--message-format", "json"])
            .output()
            .unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let messages = String::from_utf8(built.stdout).unwrap();
        let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let executable =
            messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next_back().unwrap();
        let list = std::process::Command::new(&executable).arg("--list").output().unwrap();
        let directory = tempfile::tempdir().unwrap();
        for command in String::from_utf8(list.stdout).unwrap().lines() {
            symlink(&executable, directory.path().join(command)).unwrap();
        }
        directory
    });
    format!("{name}={}", directory.path().display())
}

/// How many processes have exactly these `arguments`.
pub(crate) fn left_behind(arguments: &str) -> usize {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .filter(|line| String::from_utf8_lossy(line).trim_end_matches('\0').replace('\0', " ") == arguments)
        .count()
}
