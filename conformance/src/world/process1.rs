//! Process 1 of a namespace: a command of the target that inherits every orphan there.

use super::{Running, World, machine_lacks};
use crate::commands::tool;
use crate::observe::process::Process;
use crate::outcome::{Failure, Outcome};
use nix::sys::signal::Signal;
use std::path::Path;

/// A command that runs as process 1. Pids that it or its descendants report are those of their namespace.
#[derive(Debug)]
pub(crate) struct Process1 {
    world: World,
    unshare: Running,
    /// Its pid outside of its namespace.
    pub(crate) pid: i32,
}

impl World {
    /// Starts the target's command `name` as process 1 of a pid namespace with a /proc of its own. Skips if this machine
    /// does not allow it.
    #[track_caller]
    pub(crate) fn start_as_process_1(&self, name: &str, arguments: &[&str]) -> Result<Process1, Failure> {
        let unshare = tool("unshare").ok_or_else(|| machine_lacks("the program unshare"))?;
        let user: &[&str] = if nix::unistd::geteuid().is_root() { &[] } else { &["--user", "--map-root-user"] };
        let command = |program: &Path| {
            self.program(&unshare).args(user).args(["--pid", "--fork", "--mount-proc", "--"]).arg(program)
        };
        let ran = command(Path::new("/bin/true")).run()?;
        if ran.exit != "exit 0" {
            return Err(machine_lacks(&format!("the right to make a pid namespace: {}", ran.err)));
        }
        let unshare = command(&self.commands().join(name)).args(arguments).start()?;
        let pid = self.until_some("process 1", name, || {
            let child = Process::children(unshare.pid).into_iter().next();
            Ok(child.filter(|child| child.name != "unshare").map(|child| child.pid).ok_or_else(|| "not yet".to_owned()))
        })?;
        Ok(Process1 { world: self.clone(), unshare, pid })
    }
}

impl Process1 {
    /// Sends it a signal from outside of its namespace.
    pub(crate) fn signal(&self, signal: Signal) -> Outcome {
        self.world.signal(self.pid, signal)
    }

    /// Returns whether it has not ended yet.
    pub(crate) fn is_running(&self) -> bool {
        self.unshare.is_running()
    }

    /// Waits until it has `count` children called `name`, and returns their pids outside of its namespace.
    #[track_caller]
    pub(crate) fn until_children(&self, name: &str, count: usize) -> Result<Vec<i32>, Failure> {
        self.world.until_some("children of process 1", &format!("{count} times {name}"), || {
            let children = Process::children(self.pid);
            let found: Vec<i32> = children.iter().filter(|child| child.name == name).map(|child| child.pid).collect();
            Ok(if found.len() == count { Ok(found) } else { Err(format!("{children:?}")) })
        })
    }
}
