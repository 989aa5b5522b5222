//! setuidgid account child...: runs `child` with the user and group of `account`, and no other groups.

use crate::account::Account;
use crate::program::{Exit, Program, parts};
use crate::sys::argv::Args;
use crate::sys::{child, user};

const SETUIDGID: Program = Program("setuidgid");

pub(crate) fn run(args: Args) -> Result<(), Exit> {
    let argv = args.all();
    let [_, name, command @ ..] = &argv[..] else { return Err(SETUIDGID.usage("setuidgid account child")) };
    if command.is_empty() {
        return Err(SETUIDGID.usage("setuidgid account child"));
    }
    let Some(account) = Account::find(name) else {
        return Err(SETUIDGID.fatal_bare(parts!("unknown account ", name)));
    };
    user::set_group(account.gid).map_err(SETUIDGID.fatal(parts!("unable to setgid")))?;
    user::set_user(account.uid).map_err(SETUIDGID.fatal(parts!("unable to setuid")))?;
    Err(SETUIDGID.run(command, &child::environment()))
}
