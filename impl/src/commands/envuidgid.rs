//! envuidgid account child...: runs `child` with the ids of `account` in the variables UID and GID.

use crate::account::Account;
use crate::environment::Environment;
use crate::program::{Exit, Program, parts};
use crate::sys::argv::Args;

const ENVUIDGID: Program = Program("envuidgid");

pub(crate) fn run(args: Args) -> Result<(), Exit> {
    let argv = args.all();
    let [_, name, command @ ..] = &argv[..] else { return Err(ENVUIDGID.usage("envuidgid account child")) };
    if command.is_empty() {
        return Err(ENVUIDGID.usage("envuidgid account child"));
    }
    let Some(account) = Account::find(name) else {
        return Err(ENVUIDGID.fatal_bare(parts!("unknown account ", name)));
    };
    let mut environment = Environment::inherited();
    for (variable, id) in [("GID", account.gid), ("UID", account.uid)] {
        environment.set(variable.as_bytes(), Some(id.to_string().as_bytes()));
    }
    Err(ENVUIDGID.run(command, &environment.entries()))
}
