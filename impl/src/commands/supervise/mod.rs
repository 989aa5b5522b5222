//! supervise dir: starts the service in `dir` and restarts it when it exits.
//!
//! [`machine`] decides what to do, [`service`] does it, and [`record`] writes down what was done.

mod machine;
mod record;
mod service;

use crate::program::{Exit, Program};
use crate::sys::argv::Args;
use crate::sys::stdio;
use service::Service;

pub(crate) fn run(args: Args) -> Result<(), Exit> {
    let [_, dir] = args.all()[..] else {
        return Err(Program("supervise").usage("supervise dir"));
    };
    stdio::open_closed();
    let (service, machine) = Service::open(dir)?;
    service.supervise(machine);
    Ok(())
}
