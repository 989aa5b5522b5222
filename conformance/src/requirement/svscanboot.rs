//! Requirements on svscanboot.

use super::Aspect::{Exit, Processes, Signals, Stderr, Stdout, Timing};
use super::{OBSERVED, Requirement, doc, obs};

/// In the order of their numbers.
pub(super) const ALL: &[Requirement] = &[
    doc("BOOT-01", "svscanboot(8)", &[Processes]).promises(
        "svscanboot runs svscan on /service (/etc/service in the Debian build), with stdout and stderr piped \
         into `readproctitle service errors: ` and an argument of 400 dots.",
    ),
    doc("BOOT-02", "svscanboot(8)", &[Processes]).promises(
        "svscan and readproctitle get one variable as their whole environment: \
         `PATH=/command:/usr/local/bin:/usr/local/sbin:/bin:/sbin:/usr/bin:/usr/sbin:/usr/X11R6/bin`.",
    ),
    obs("BOOT-03", OBSERVED, &[Stdout, Stderr, Processes]).promises(
        "svscanboot begins by turning its stdin, stdout and stderr to /dev/null, and so never prints \
         anything.",
    ),
    obs("BOOT-04", OBSERVED, &[Stderr, Processes, Timing]).promises(
        "Before it runs svscan, it sends `svc -dx` to all services and logs in the service directory and does \
         not wait. Where an old supervise still holds its lock, the new one runs within five seconds after its end.",
    ),
    obs("BOOT-05", OBSERVED, &[Processes]).promises(
        "Arguments are ignored. readproctitle stays in the directory where svscanboot was called, and svscan \
         works in the service directory.",
    ),
    obs("BOOT-06", OBSERVED, &[Processes])
        .promises("svscanboot remains as a shell with two children, svscan and readproctitle, and nothing in between."),
    obs("BOOT-07", OBSERVED, &[Processes]).promises(
        "The stdout of services without a log, and the stderr of everything that svscan started, end up in \
         the arguments of readproctitle.",
    ),
    obs("BOOT-08", OBSERVED, &[Exit, Processes, Signals]).promises(
        "svscanboot exits as readproctitle does, which is with 0 and at once if there is no service directory. TERM \
         kills the shell and nothing else.",
    ),
    obs("BOOT-09", OBSERVED, &[Processes, Signals])
        .promises("svscanboot works as process 1 as well, and keeps running when it gets a HUP there."),
    obs("BOOT-10", OBSERVED, &[Stderr, Timing]).promises(
        "Where an old supervise still holds its lock, the new one fails, and is tried again five seconds later.",
    ),
    obs("BOOT-11", OBSERVED, &[Exit, Processes, Signals]).promises(
        "svscan and readproctitle are not started again when they are killed. Without svscan, svscanboot exits 0 when \
         nobody holds the pipe any more. Without readproctitle, whoever writes into the pipe is killed by SIGPIPE.",
    ),
];
