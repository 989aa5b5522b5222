//! Trials of this machine: for each program and right that scenarios use, a scenario that needs nothing else of a target.
//! They say something about the machine only, so no run selects them; `svconform doctor` runs them.

use crate::outcome::Failure;
use crate::scenario::{
    ACCOUNTS, CLOCK, FEWER_RIGHTS, GETENT, MOUNTS, NAME_SERVICE, PRLIMIT, ROOT, STRACE, Scenario, UNSHARE, Use,
};
use crate::world::Account;

/// A trial, and what to do if it fails.
#[derive(Debug)]
pub(crate) struct Trial {
    /// What scenarios list in their `uses`.
    pub(crate) of: Use,
    /// What it is, in a word or two.
    pub(crate) name: &'static str,
    /// Which package has the program.
    pub(crate) package: &'static str,
    /// What to do if that is not it.
    pub(crate) remedy: &'static str,
    /// The trial.
    pub(crate) scenario: Scenario,
}

/// All trials. The target may be any directory with the usual programs of a system.
pub(crate) const TRIALS: &[Trial] = &[
    Trial {
        of: STRACE,
        name: "strace",
        package: "install strace (Debian, RHEL)",
        remedy: "allow tracing (container: --cap-add SYS_PTRACE)",
        scenario: Scenario {
            id: "needs/strace",
            uses: &[STRACE],
            run: |world| world.traced(&["-f"], "true").map(drop),
            ..Scenario::ORDINARY
        },
    },
    Trial {
        of: PRLIMIT,
        name: "prlimit",
        package: "install util-linux (Debian, RHEL)",
        remedy: "",
        scenario: Scenario { id: "needs/prlimit", uses: &[PRLIMIT], ..Scenario::ORDINARY },
    },
    Trial {
        of: UNSHARE,
        name: "pid namespaces",
        package: "install util-linux (Debian, RHEL)",
        remedy: "run as root; in a container --privileged",
        scenario: Scenario {
            id: "needs/unshare",
            uses: &[UNSHARE],
            run: |world| world.start_as_process_1("sleep", &["1000"]).map(drop),
            ..Scenario::ORDINARY
        },
    },
    Trial {
        of: GETENT,
        name: "getent",
        package: "install libc-bin (Debian), glibc-common (RHEL)",
        remedy: "",
        scenario: Scenario { id: "needs/getent", uses: &[GETENT], ..Scenario::ORDINARY },
    },
    Trial {
        of: Use::Tool("env"),
        name: "env",
        package: "install coreutils (Debian, RHEL)",
        remedy: "coreutils 8.31 or newer (Debian 11, RHEL 9)",
        scenario: Scenario {
            id: "needs/env",
            uses: &[Use::Tool("env")],
            run: |world| match &*world.program("/usr/bin/env").args(["--ignore-signal=CHLD", "true"]).run()?.exit {
                "exit 0" => Ok(()),
                _ => Err(Failure::missing("the program env does not know --ignore-signal")),
            },
            ..Scenario::ORDINARY
        },
    },
    Trial {
        of: ROOT,
        name: "root",
        package: "",
        remedy: "run svconform as root",
        scenario: Scenario { id: "needs/root", uses: &[ROOT], run: |world| world.as_root(), ..Scenario::ORDINARY },
    },
    Trial {
        of: FEWER_RIGHTS,
        name: "setpriv",
        package: "",
        remedy: "install util-linux (Debian, RHEL)",
        scenario: Scenario {
            id: "needs/fewer-rights",
            uses: &[FEWER_RIGHTS],
            run: |world| world.bound_by_modes("true").map(drop),
            ..Scenario::ORDINARY
        },
    },
    Trial {
        of: MOUNTS,
        name: "mounts",
        package: "",
        remedy: "run as root; in a container --privileged",
        scenario: Scenario {
            id: "needs/mounts",
            uses: &[MOUNTS],
            run: |world| world.disk("disk", 1 << 16).map(drop),
            ..Scenario::ORDINARY
        },
    },
    Trial {
        of: CLOCK,
        name: "clock steps",
        package: "",
        remedy: "x86-64, and tracing allowed (SYS_PTRACE)",
        scenario: Scenario {
            id: "needs/clock",
            uses: &[CLOCK],
            run: |world| {
                let sleep = world.command("sleep").arg("1000").start()?;
                sleep.until_idle()?;
                sleep.clock().map(drop)
            },
            ..Scenario::ORDINARY
        },
    },
    Trial {
        of: ACCOUNTS,
        name: "accounts",
        package: "",
        remedy: "add an account nobody to /etc/passwd",
        scenario: Scenario {
            id: "needs/accounts",
            uses: &[ACCOUNTS],
            run: |world| world.accounts().map(drop),
            ..Scenario::ORDINARY
        },
    },
    Trial {
        of: NAME_SERVICE,
        name: "name service",
        package: "",
        remedy: "needs mounts, and a glibc that asks nscd",
        scenario: Scenario {
            id: "needs/name-service",
            uses: &[GETENT, MOUNTS, NAME_SERVICE],
            run: |world| world.name_service(Account { name: "trial".to_owned(), uid: 54_321, gid: 54_321 }).map(drop),
            ..Scenario::ORDINARY
        },
    },
];

/// Returns the trial scenario called `id`.
pub(crate) fn find(id: &str) -> Option<&'static Scenario> {
    TRIALS.iter().map(|trial| &trial.scenario).find(|scenario| scenario.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_scenario_uses_of_a_machine_has_a_trial() {
        for scenario in crate::scenarios::all() {
            for one in scenario.uses.iter().filter(|one| !matches!(one, Use::Command(_))) {
                assert!(TRIALS.iter().any(|trial| trial.of == *one), "{}: no trial of {one:?}", scenario.id);
            }
        }
    }

    #[test]
    fn each_trial_is_of_something_that_scenarios_use_and_has_a_remedy_that_fits_in_a_line() {
        for trial in TRIALS {
            assert!(crate::scenarios::all().any(|scenario| scenario.uses.contains(&trial.of)), "{}", trial.name);
            assert!(!trial.package.is_empty() || !trial.remedy.is_empty(), "{}", trial.name);
            assert!(trial.name.len() <= 14 && trial.package.len().max(trial.remedy.len()) <= 49, "{}", trial.name);
        }
    }
}
