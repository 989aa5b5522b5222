//! Requirements on svscan.

use super::Aspect::{Exit, Files, Processes, Signals, Stderr, Timing};
use super::{OBSERVED, Requirement, doc, obs};

/// In the order of their numbers.
pub(super) const ALL: &[Requirement] = &[
    doc("SCAN-01", "svscan(8)", &[Processes])
        .promises("svscan works in the current directory, or in the directory named by its argument."),
    obs("SCAN-01b", OBSERVED, &[Stderr, Exit, Processes]).promises(
        "svscan changes to its directory once, when it starts, and exits 111 with a message if it cannot. It \
         ignores further arguments and stays where it is if the directory is deleted and made again.",
    ),
    doc("SCAN-02", "svscan(8)", &[Processes, Timing]).promises(
        "svscan looks for subdirectories when it starts, and every five seconds or sooner from then on. Each \
         time it starts supervise for those that are new and for those whose supervise has exited.",
    ),
    obs("SCAN-02b", OBSERVED, &[Processes, Timing])
        .promises("Scans are five seconds apart, and nothing is started between two scans."),
    doc("SCAN-03", "svscan(8)", &[Processes]).promises(
        "Each subdirectory gets a supervise, and so does each link to a directory. Names that start with a \
         dot are skipped.",
    ),
    obs("SCAN-03b", OBSERVED, &[Stderr, Processes])
        .promises("Whatever is not a directory is passed over without a message."),
    obs("SCAN-04", OBSERVED, &[Stderr, Timing]).promises(
        "A dangling link gives `svscan: warning: unable to stat N: file does not exist` at each scan. A link \
         to itself gives `symbolic link loop` in the same way, and an entry that may not be examined `access \
         denied`.",
    ),
    obs("SCAN-05", OBSERVED, &[Processes]).promises(
        "A service is known by device and inode, not by name. Two names for one directory get one supervise, \
         and a renamed directory keeps the one it has.",
    ),
    obs("SCAN-06", OBSERVED, &[Processes]).promises(
        "supervise is found through svscan's PATH and run as `supervise N` in the scanned directory, or as \
         `supervise log` in N. It inherits environment, umask, limits, group, session and standard \
         descriptors; pipes reach it only as stdin or stdout.",
    ),
    doc("SCAN-07", "svscan(8)", &[Processes]).promises(
        "If `N/log` exists, N and N/log each get a supervise, and the stdout of the first is piped into the \
         stdin of the second.",
    ),
    obs("SCAN-07b", OBSERVED, &[Stderr, Processes]).promises(
        "`log` can be a file of any type, and a dangling link counts as a missing file. stderr is not piped. N \
         is not started while `log` cannot be examined.",
    ),
    doc("SCAN-08", "svscan(8)", &[Files, Processes])
        .promises("The same pipe serves again when either supervise is restarted, so no data is lost."),
    obs("SCAN-08b", OBSERVED, &[Processes]).promises("The logger sees no end of input while svscan lives."),
    obs("SCAN-09", OBSERVED, &[Stderr, Processes]).promises(
        "Whether a service has a log is decided when it is first seen. A `log` made later is not noticed, and \
         for one that is removed later the supervise fails at each scan.",
    ),
    obs("SCAN-10", OBSERVED, &[Processes]).promises(
        "Nothing stops because a service is removed from the directory or hidden behind a dot. It is \
         forgotten, pipe and all, once its name is gone and both of its supervises have exited.",
    ),
    obs("SCAN-11", OBSERVED, &[Processes, Timing]).promises(
        "`svc -dx` for a service that is still listed ends its supervise only until the next scan. The new \
         one starts ./run again unless there is a `down`.",
    ),
    doc("SCAN-12", "svscan(8)", &[Processes]).promises("Up to 1000 subdirectories are served."),
    obs("SCAN-12b", OBSERVED, &[Stderr, Processes]).promises(
        "Each subdirectory beyond 1000 gets `svscan: warning: unable to start N: running too many services` \
         at every scan.",
    ),
    doc("SCAN-13", "svscan(8)", &[Stderr, Processes, Timing]).promises(
        "If a pipe cannot be made or supervise cannot be run, svscan prints a message on stderr and tries \
         again five seconds later.",
    ),
    obs("SCAN-13b", OBSERVED, &[Stderr, Processes, Timing]).promises(
        "The message is `svscan: warning: unable to ` with what failed and the phrase for the error: `create \
         pipe for N`, `fork for N`, `fork for N/log`. A pipe takes two free descriptors. A failed fork for \
         the service puts off its log too.",
    ),
    obs("SCAN-14", OBSERVED, &[Stderr, Processes]).promises(
        "If supervise cannot be run, the forked child prints `svscan: warning: unable to start supervise N: ` \
         with the phrase for the error and exits 111. If N cannot be entered for its log, that is `unable to \
         switch to N: `, and if the pipe cannot become stdin or stdout, `unable to set up descriptors for N: \
         `. N is `N/log` for a log, except in `unable to switch`. The search in PATH follows EXEC-02 and \
         EXEC-03.",
    ),
    obs("SCAN-15", OBSERVED, &[Stderr, Processes, Timing]).promises(
        "A directory that cannot be read gives `svscan: warning: unable to read directory: access denied` \
         every five seconds. One that has been removed gives no message; svscan keeps running either way.",
    ),
    obs("SCAN-16", OBSERVED, &[Exit, Processes, Signals]).promises(
        "TERM, HUP, INT, USR1 and ALRM kill svscan, while its supervises and their pipes live on. CHLD, CONT \
         and WINCH do not bring on an early scan.",
    ),
    obs("SCAN-17", OBSERVED, &[Stderr, Timing]).promises(
        "Under a second svscan for the same services, each supervise ends with `supervise: fatal: unable to \
         acquire N/supervise/lock: temporary failure`, once every five seconds.",
    ),
    obs("SCAN-18", OBSERVED, &[Processes, Signals]).promises(
        "svscan works with descriptors 0 and 1 closed. If it is started with SIGCHLD ignored, the original \
         never notices that a supervise died, which is a defect that nobody is asked to repeat.",
    ),
    obs("SCAN-19", OBSERVED, &[Stderr, Processes]).promises(
        "A directory without ./run gets a supervise all the same, which keeps saying that it is unable to \
         start it.",
    ),
    obs("SCAN-20", OBSERVED, &[Timing])
        .promises("svscan sleeps between two scans. It does not wake up while there is nothing to start."),
    obs("SCAN-21", OBSERVED, &[Processes, Signals])
        .promises("As process 1, svscan and its services are not disturbed by HUP, QUIT, USR1, USR2 and ALRM."),
    obs("SCAN-22", OBSERVED, &[Processes, Signals])
        .promises("As process 1, svscan and its services are not disturbed by TERM and INT."),
    obs("SCAN-23", OBSERVED, &[Processes]).promises("As process 1, svscan reaps every orphan."),
    obs("SCAN-24", OBSERVED, &[Processes, Timing])
        .promises("As process 1, svscan reaps orphans when it scans, and not before."),
    obs("SCAN-25", OBSERVED, &[Processes]).promises(
        "A second svscan on a directory disturbs no service. When the first one has ended, the second starts what is \
         new, and each service whose supervise has exited.",
    ),
];
