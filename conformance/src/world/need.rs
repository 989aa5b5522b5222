//! What a scenario needs of this machine besides programs. Each need is declared in the scenario's `uses`, so that
//! `svconform doctor` knows before a run what will be skipped.

use super::World;
use crate::outcome::{Failure, Outcome};

/// A right or property that a machine can lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// The suite runs as root.
    Root,
    /// As root, a command can run with fewer rights. Anybody else has no need of that.
    FewerRights,
    /// A file system can be mounted where no other process sees it.
    Mounts,
    /// The clock of a process can be stepped.
    Clock,
    /// There are accounts other than root's.
    Accounts,
    /// The C library asks a name service that the suite can play.
    NameService,
}

impl Need {
    /// All needs.
    pub(crate) const ALL: &[Need] =
        &[Need::Root, Need::FewerRights, Need::Mounts, Need::Clock, Need::Accounts, Need::NameService];

    /// Returns what is needed as a noun.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Need::Root => "root's rights",
            Need::FewerRights => "a way for root to run a command with fewer rights",
            Need::Mounts => "a mount namespace",
            Need::Clock => "a process whose clock can be stepped",
            Need::Accounts => "accounts other than root's",
            Need::NameService => "a name service that the suite can play",
        }
    }
}

impl World {
    /// Fails unless the scenario has declared `need`: `svconform doctor` would not know of it.
    pub(super) fn must_declare(&self, need: Need) -> Outcome {
        if self.core.needs.contains(&need) {
            return Ok(());
        }
        Err(Failure::broken(format!("the scenario must list Use::Need(Need::{need:?}) in its `uses`")))
    }
}
