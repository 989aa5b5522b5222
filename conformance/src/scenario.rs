//! A scenario: one thing to try on a target, as data and one function.

use crate::outcome::Outcome;
use crate::requirement::{self, Aspect, Class};
use crate::world::{Need, World};
use std::time::Duration;

/// One thing to try on a target.
#[derive(Debug)]
pub(crate) struct Scenario {
    /// The path that leads to it: `supervise/control/once-runs-once` is in `scenarios/supervise/control.rs`.
    pub(crate) id: &'static str,
    /// The requirements that it proves.
    pub(crate) requirements: &'static [&'static str],
    /// The commands of the target that it uses, and what it needs of this machine.
    pub(crate) uses: &'static [Use],
    /// What it does and what it expects, in a sentence or two.
    pub(crate) does: &'static str,
    /// Tries it.
    pub(crate) run: fn(&World) -> Outcome,
    /// The command whose requirements these are, if that is not the first word of the id. In a mix of two builds it
    /// decides whose deviations apply.
    pub(crate) program: Option<&'static str>,
    /// How long it may take before its waits give up. `--time-scale` makes it longer.
    pub(crate) deadline: Duration,
    /// Which targets it is for.
    pub(crate) kind: Kind,
}

/// Something that a scenario uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// This command of the target.
    Command(&'static str),
    /// This program of the machine, such as `strace`.
    Tool(&'static str),
    /// This right or property of the machine.
    Need(Need),
}

pub(crate) const ENVDIR: Use = Use::Command("envdir");
pub(crate) const ENVUIDGID: Use = Use::Command("envuidgid");
pub(crate) const FGHACK: Use = Use::Command("fghack");
pub(crate) const MULTILOG: Use = Use::Command("multilog");
pub(crate) const PGRPHACK: Use = Use::Command("pgrphack");
pub(crate) const READPROCTITLE: Use = Use::Command("readproctitle");
pub(crate) const SETLOCK: Use = Use::Command("setlock");
pub(crate) const SETUIDGID: Use = Use::Command("setuidgid");
pub(crate) const SOFTLIMIT: Use = Use::Command("softlimit");
pub(crate) const SUPERVISE: Use = Use::Command("supervise");
pub(crate) const SVC: Use = Use::Command("svc");
pub(crate) const SVCHECK: Use = Use::Command("svcheck");
pub(crate) const SVOK: Use = Use::Command("svok");
pub(crate) const SVSCAN: Use = Use::Command("svscan");
pub(crate) const SVSCANBOOT: Use = Use::Command("svscanboot");
pub(crate) const SVSTAT: Use = Use::Command("svstat");
pub(crate) const SVSTATUS: Use = Use::Command("svstatus");
pub(crate) const SVWAIT: Use = Use::Command("svwait");
pub(crate) const TAI64N: Use = Use::Command("tai64n");
pub(crate) const TAI64NLOCAL: Use = Use::Command("tai64nlocal");
pub(crate) const STRACE: Use = Use::Tool("strace");
pub(crate) const PRLIMIT: Use = Use::Tool("prlimit");
pub(crate) const UNSHARE: Use = Use::Tool("unshare");
pub(crate) const GETENT: Use = Use::Tool("getent");
pub(crate) const ROOT: Use = Use::Need(Need::Root);
pub(crate) const FEWER_RIGHTS: Use = Use::Need(Need::FewerRights);
pub(crate) const MOUNTS: Use = Use::Need(Need::Mounts);
pub(crate) const CLOCK: Use = Use::Need(Need::Clock);
pub(crate) const ACCOUNTS: Use = Use::Need(Need::Accounts);
pub(crate) const NAME_SERVICE: Use = Use::Need(Need::NameService);

/// Kinds of scenarios.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Tests one target, or two targets together.
    Ordinary,
    /// Replaces the commands under a running tree by those of another build.
    Upgrade,
}

impl Scenario {
    /// What most scenarios have in common: `Scenario { id, ..., ..Scenario::ORDINARY }`.
    pub(crate) const ORDINARY: Scenario = Scenario {
        id: "",
        requirements: &[],
        uses: &[],
        does: "",
        run: |_| Ok(()),
        program: None,
        deadline: Duration::from_secs(40),
        kind: Kind::Ordinary,
    };

    /// Returns the command whose requirements it proves.
    pub(crate) fn program(&self) -> &'static str {
        self.program.unwrap_or_else(|| self.id.split('/').next().unwrap_or_default())
    }

    /// Returns `Doc` if the manual promises all that it proves, and `Ext` if it proves what a command promises that the
    /// original lacks.
    pub(crate) fn class(&self) -> Class {
        let classes = || self.requirements.iter().map(|id| requirement::find(id).map(|requirement| requirement.class));
        if classes().all(|class| class == Some(Class::Doc)) {
            Class::Doc
        } else if classes().any(|class| class == Some(Class::Ext)) {
            Class::Ext
        } else {
            Class::Obs
        }
    }

    /// Returns whether one of its requirements is about the files in `supervise/`. Only such a scenario looks at them;
    /// all others observe the service and the target's own clients.
    pub(crate) fn is_about_state(&self) -> bool {
        let mut requirements = self.requirements.iter().filter_map(|id| requirement::find(id));
        requirements.any(|requirement| requirement.aspects.contains(&Aspect::State))
    }

    /// Returns what it needs of this machine besides programs.
    pub(crate) fn needs(&self) -> Vec<Need> {
        let need = |one: &Use| if let Use::Need(need) = one { Some(*need) } else { None };
        self.uses.iter().filter_map(need).collect()
    }

    /// Returns whether it uses the target's command `name`.
    #[cfg(test)]
    pub(crate) fn uses_command(&self, name: &str) -> bool {
        self.uses.iter().any(|one| matches!(one, Use::Command(used) if *used == name))
    }

    /// Returns whether `filter` selects it: a part of its id, or one of its requirements.
    pub(crate) fn matches(&self, filter: &str) -> bool {
        self.id.contains(filter) || self.requirements.contains(&filter)
    }
}
