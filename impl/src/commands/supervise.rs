//! supervise dir: keeps the service in `dir` running.

use crate::program::{Program, Stop};
use crate::supervise::service::Service;
use crate::sys::argv::Args;
use crate::sys::open;

pub(crate) fn run(args: Args) -> Result<(), Stop> {
    let [_, dir] = args.all()[..] else {
        return Err(Program("supervise").usage("supervise dir"));
    };
    open::fill_standard_descriptors();
    let (service, machine) = Service::open(dir)?;
    // From here on it may only warn.
    service.supervise(machine);
    Ok(())
}
