//! Start-up of the commands that run another program: each of them runs at every start of a service.

use super::subject::{Figure, Samples, Site, Subject, millis};
use crate::outcome::Failure;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The program that the commands run.
pub(super) const TRUE: &str = "/bin/true";
/// How many starts one round measures.
const STARTS: u32 = 200;
const DEADLINE: Duration = Duration::from_secs(60);

macro_rules! startup {
    ($name:literal, $measure:expr) => {
        Subject {
            id: concat!("startup/", $name),
            figures: &[Figure::lower(concat!("startup/", $name), "ms", concat!($name, " running /bin/true"))],
            commands: &[$name],
            deadline: DEADLINE,
            measure: $measure,
        }
    };
}

pub(super) const SUBJECTS: &[Subject] = &[
    startup!("setuidgid", |site| {
        site.world.as_root()?;
        run(site, "setuidgid", &[&account(site)?])
    }),
    startup!("envuidgid", |site| run(site, "envuidgid", &[&account(site)?])),
    startup!("envdir", |site| {
        site.world.files.make_directory("env")?;
        ["A", "B", "C", "D", "E"]
            .into_iter()
            .try_for_each(|name| site.world.files.write(format!("env/{name}"), "some value\n"))?;
        run(site, "envdir", &["env"])
    }),
    startup!("softlimit", |site| run(site, "softlimit", &["-o", "100", "-c", "0"])),
    startup!("setlock", |site| run(site, "setlock", &["lock"])),
    startup!("fghack", |site| run(site, "fghack", &[])),
    startup!("pgrphack", |site| run(site, "pgrphack", &[])),
];

/// Returns the name of an account.
fn account(site: &Site) -> Result<String, Failure> {
    let accounts = site.world.accounts()?;
    accounts.first().map(|account| account.name.clone()).ok_or_else(|| Failure::missing("this machine has no accounts"))
}

/// Measures the target's command `name` with `arguments`, running [`TRUE`].
fn run(site: &Site, name: &str, arguments: &[&str]) -> Result<Vec<Samples>, Failure> {
    let program = site.world.commands().join(name);
    let time = time_runs(&program, &[arguments, &[TRUE]].concat(), site.world.directory(), STARTS)?;
    Ok(vec![vec![millis(time)]])
}

/// Runs `program` `times` times, one after another, and returns how long one run takes on average.
pub(super) fn time_runs<A: AsRef<OsStr>>(
    program: &Path,
    arguments: &[A],
    directory: &Path,
    times: u32,
) -> Result<Duration, Failure> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(directory).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let begin = Instant::now();
    for _ in 0..times {
        let ended = command.status().map_err(|error| Failure::broken(format!("{}: {error}", program.display())))?;
        if !ended.success() {
            return Err(Failure::mismatch(format!("exit 0 from {}", program.display()), ended.to_string()));
        }
    }
    Ok(begin.elapsed() / times)
}
