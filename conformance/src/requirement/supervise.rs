//! Requirements on supervise.

use super::Aspect::{Exit, Processes, Signals, State, Stderr, Stdout, Timing};
use super::{OBSERVED, OBSERVED_DEBIAN, Requirement, bug, doc, obs};

/// In the order of their numbers.
pub(super) const ALL: &[Requirement] = &[
    // supervise: getting started.
    obs("SUP-01", OBSERVED, &[Stderr, Exit]).promises(
        "Called with no argument or more than one, supervise prints `supervise: usage: supervise dir` and \
         exits 100. An empty argument is a directory that does not exist, with exit code 111, and `-x` is the \
         name of a directory.",
    ),
    obs("SUP-02", OBSERVED, &[Processes, Timing, State]).promises(
        "supervise enters its directory, looks for `down`, makes `supervise`, takes the lock, opens \
         `control`, writes the record, opens `ok`, and only then starts anything. Whoever gets 0 from svok \
         can therefore send commands and read a record.",
    ),
    doc("SUP-03", "supervise(8)", &[Processes])
        .promises("If there is a file `down` when supervise starts, ./run is not started until a command asks for it."),
    obs("SUP-03b", OBSERVED, &[Stderr, Processes]).promises(
        "supervise checks for `down` only once, when it starts. The type of the file does not matter, a \
         dangling link counts as a missing file, and any other error from the check is fatal.",
    ),
    obs("SUP-04", OBSERVED, &[State]).promises(
        "A `supervise` directory that has to be made gets mode 0700 less the umask. One that is there keeps \
         its mode, and so do the lock and the FIFOs in it.",
    ),
    obs("SUP-05", OBSERVED, &[State]).promises(
        "The lock is an flock on `lock` (mode 0600), a file that is not truncated or written to. `control` \
         and `ok` are FIFOs of mode 0600, and the 18 bytes of `status` come as a `status.new` of mode 0644 \
         that is renamed. The umask applies to all.",
    ),
    doc("SUP-06", "supervise(8)", &[Exit, Processes, Timing]).promises(
        "If another supervise is running in the directory, a second one exits at once, and the first one and \
         its service continue to run.",
    ),
    obs("SUP-06b", OBSERVED, &[Stderr, Exit, State]).promises(
        "The second supervise prints `supervise: fatal: unable to acquire D/supervise/lock: temporary \
         failure` and exits 111. It makes no FIFO or record and leaves alone what is there.",
    ),
    obs("SUP-07", OBSERVED, &[Processes, State]).promises(
        "./run receives none of the descriptors that supervise opens for itself. supervise reads `ok` as long \
         as it lives, and holds both ends of `control`, so it never sees an end of file there.",
    ),
    obs("SUP-08", OBSERVED, &[Stderr, Exit, State]).promises(
        "If `supervise` cannot be made, for whatever reason, the lock is what fails, with `file does not \
         exist`. If it is there, the lock fails with `access denied` for one who may not enter it, or with \
         `read-only file system`.",
    ),
    obs("SUP-09", OBSERVED, &[Stderr, Exit, State]).promises(
        "The lock fails with `not a directory` if `supervise` is a file, `is a directory` if `lock` is one, \
         and `device not configured` if `lock` is a FIFO; opening `control` for writing fails if that is a \
         directory. All of these are fatal, and so is running out of descriptors at any step.",
    ),
    obs("SUP-10", OBSERVED, &[Processes, State]).promises(
        "supervise runs even if `ok` is a directory or a regular file, or if `control` is a regular file. In \
         the last case the original keeps a processor busy.",
    ),
    obs("SUP-11", OBSERVED_DEBIAN, &[Stderr, State]).promises(
        "`supervise` can be a link to a directory. If the target is missing, it is made as a directory of \
         mode 0700; if its parent is missing as well, the lock fails with `file does not exist`.",
    ),
    obs("SUP-12", OBSERVED_DEBIAN, &[Stderr, Exit, State]).promises(
        "A `supervise` link of 256 bytes or more, good or not, is fatal with the bare message `unable to \
         readlink ./supervise: unknown error` and exit code 111; 255 bytes are accepted. A link that cannot \
         be read is fatal in the same way, with its error. A link to itself makes the lock fail with \
         `symbolic link loop`.",
    ),
    // supervise: the record.
    obs("SUP-20", OBSERVED, &[State]).promises(
        "The record has 18 bytes: the time, big-endian, as 8 of seconds (Unix time plus 10 plus 2^62) and 4 \
         of nanoseconds; the pid in 4, little-endian, 0 when down; 1 or 0 for paused; and `u`, `d` or (after \
         `o`) NUL for what is wanted.",
    ),
    obs("SUP-21", OBSERVED, &[State]).promises(
        "The nanoseconds in the record are a whole number of microseconds plus 500. No target is held to \
         that.",
    ),
    obs("SUP-22", OBSERVED, &[State]).promises(
        "The time stamp and the pid in the record change at three moments only: when supervise starts, when \
         ./run is started, and when its death is noticed. No command moves the stamp by itself.",
    ),
    obs("SUP-23", OBSERVED, &[State]).promises(
        "A new file replaces the record at the moments of SUP-22 and for each `d`, `u`, `o`, `p`, `c` and \
         `x`, even if the bytes stay the same. `a`, `h`, `i`, `t`, `k` and unknown commands do not touch it.",
    ),
    obs("SUP-24", OBSERVED, &[State]).promises(
        "The record says paused only of a service that is up, and no longer once it is started afresh. A `p` \
         sent to a service that is down is forgotten when it starts.",
    ),
    obs("SUP-25", OBSERVED, &[State]).promises(
        "The paused byte follows the commands `p`, `c` and `d` alone. A STOP or CONT that comes from \
         elsewhere does not change it.",
    ),
    obs("SUP-26", OBSERVED, &[Stdout, Timing, State]).promises(
        "supervise first records pid 0 and what is wanted, and the pid when ./run has been forked. For a \
         moment after svok first says 0, svstat can print `down 0 seconds, normally up, want up`.",
    ),
    obs("SUP-27", OBSERVED, &[Signals, Timing, State]).promises(
        "`p` and `c` change the record before they send their signal, `d` after it has sent both of its own. \
         `u` and `o` record what is wanted, then start a service that is down, then record the pid.",
    ),
    obs("SUP-28", OBSERVED, &[State]).promises(
        "Whoever opens the record finds a whole one at any time, never part of one and never none. Nothing \
         forces it to the disk.",
    ),
    obs("SUP-29", OBSERVED, &[Stderr, Processes, State]).promises(
        "If the record cannot be written, supervise warns and controls its service as before, while the old \
         record stays. A `status.new` can be left over, and the next write that succeeds mends everything.",
    ),
    // supervise: starting ./run.
    obs("SUP-30", OBSERVED, &[Processes]).promises(
        "./run is started in the service directory with the single argument `./run`. Environment, umask, \
         limits, standard descriptors and any others that supervise was given arrive unchanged.",
    ),
    obs("SUP-31", OBSERVED, &[Processes])
        .promises("./run is a child of supervise, in the same process group and session."),
    obs("SUP-32", OBSERVED, &[Signals]).promises(
        "./run finds SIGCHLD at its default and unblocked, however supervise itself was started. All other \
         ignored and blocked signals are those that supervise was given.",
    ),
    obs("SUP-33", OBSERVED, &[Stderr, Processes, Timing]).promises(
        "The kernel runs ./run directly; a file without `#!` is not handed to a shell. Each attempt that \
         fails prints `supervise: fatal: unable to start D/run: ` with the phrase for the error, and the next \
         follows about a second later as long as the service is wanted up.",
    ),
    doc("SUP-34", "supervise(8)", &[Processes]).promises(
        "A ./run that ends, with whatever exit code or signal, is started again while the service is wanted \
         up.",
    ),
    obs("SUP-34b", OBSERVED, &[Stdout, Stderr, Processes]).promises(
        "Each start runs the file that has the name `run` at that time. supervise prints nothing when ./run ends or \
         is started again.",
    ),
    doc("SUP-35", "supervise(8)", &[Processes, Timing]).promises(
        "supervise pauses for a second after each start of ./run, so a ./run that fails at once is not \
         started more often than that.",
    ),
    obs("SUP-35b", OBSERVED, &[Stdout, Processes, Timing]).promises(
        "supervise is deaf for this second: it reads no command, and a ./run that died stays a zombie that \
         svstat calls up.",
    ),
    obs("SUP-36", OBSERVED, &[Timing]).promises(
        "The pause counts from the start of ./run and not from its end. A ./run that lived for a second or \
         more is started again at once.",
    ),
    obs("SUP-37", OBSERVED, &[Timing])
        .promises("The pause goes by the wall clock. Setting the clock back makes it longer."),
    obs("SUP-38", OBSERVED_DEBIAN, &[Stdout, Stderr, Processes, Timing]).promises(
        "A failed fork gives `supervise: warning: unable to fork for D, sleeping 60 seconds: ` and the \
         phrase, then 60 seconds in which supervise does nothing, then another attempt if the service is \
         wanted up. Meanwhile svstat prints `down`, `normally up` and `want up`, and a command is read only \
         after the new start and its pause.",
    ),
    bug("SUP-39", OBSERVED_DEBIAN, &[Processes]).promises(
        "When a fork for `o` fails, the original makes no second attempt but does not forget it either. A \
         later `u` then ends in two copies of ./run, the first of them out of control.",
    ),
    // supervise: commands.
    obs("SUP-40", OBSERVED, &[Processes, Timing, State]).promises(
        "In each turn supervise first takes note of a death, with the restart and pause that follow from it, \
         and then reads and obeys a single command. Commands are obeyed in the order written, thousands in \
         one write included.",
    ),
    obs("SUP-41", OBSERVED, &[Processes, Timing]).promises(
        "A ./run that dies in its first second is started a second time before a command that waits is \
         obeyed. If ./run exits at once, `ud` makes two starts, a second apart, before the service is down, \
         and `ux` makes two before supervise exits.",
    ),
    obs("SUP-42", OBSERVED, &[Signals, Timing]).promises(
        "A signal asked for in the first second of ./run goes to the process that exists when the command is \
         read. If the first ./run died at once, that is the second.",
    ),
    doc("SUP-43", "svc(8)", &[Processes, Signals]).promises(
        "`u`, `o` and `d` want the service up, up once and down; `u` and `o` start one that is down; `x` \
         makes supervise exit when it is down. One that is up gets TERM and CONT for `d`, STOP for `p`, CONT \
         for `c`, and HUP, ALRM, INT, TERM, KILL for `h`, `a`, `i`, `t`, `k`.",
    ),
    obs("SUP-43b", OBSERVED, &[Stdout, State]).promises(
        "`p` marks the service paused, and `d` and `c` unmark it. These and `u`, `o`, `x` rewrite the record. \
         Any other byte is dropped without a message.",
    ),
    obs("SUP-44", OBSERVED, &[Processes, Signals]).promises(
        "Signals go to the one process that supervise started, never to its group. Children of ./run survive \
         and go to whoever adopts orphans, which supervise does not.",
    ),
    obs("SUP-45", OBSERVED, &[Signals]).promises(
        "A paused service receives `t`, `h`, `a` and `i` only after a `c`, and `k` kills it at once. `d` \
         continues it so that TERM takes effect, and it no longer counts as paused, even if it survives TERM.",
    ),
    obs("SUP-46", OBSERVED, &[Processes, Signals]).promises(
        "`u` or `o` for a service that is up changes what is wanted and nothing else. It gets no signal, is \
         not restarted, and stays paused if it was.",
    ),
    doc("SUP-47", "svc(8)", &[Processes])
        .promises("A service that gets `o` while it is up is not restarted when it ends."),
    obs("SUP-47b", OBSERVED, &[Stdout, Processes]).promises(
        "After `o` the service is wanted neither up nor down, so svstat prints no want. A later `u` brings \
         restarts back.",
    ),
    obs("SUP-48", OBSERVED, &[Processes, Timing]).promises(
        "Each `o` read while the service is down starts it. If ./run exits at once, `oo` makes two runs and \
         `ooo` three; if it lives on, `oo` makes one.",
    ),
    obs("SUP-49", OBSERVED, &[Processes, Signals]).promises(
        "`t`, `k`, `i` and `h` leave alone what is wanted. A service that is wanted up and dies of one is \
         started again, at once if it ran for a second or more.",
    ),
    obs("SUP-50", OBSERVED, &[Processes, Timing]).promises(
        "`du` ends a running service and starts it again. `do` runs it once more only if it is dead by the \
         time the `o` is read.",
    ),
    doc("SUP-51", "svc(8)", &[Processes]).promises(
        "`x` makes supervise exit as soon as the service is down: at once, or when ./run dies from any cause, \
         without a restart even if one is wanted.",
    ),
    obs("SUP-51b", OBSERVED, &[Exit, Processes, Signals]).promises(
        "`x` sends no signal, a later `u` does not take it back, commands that have not been read are lost, \
         and the exit code is 0.",
    ),
    obs("SUP-52", OBSERVED, &[Exit, Processes, Timing]).promises(
        "`ox` or `ux` for a service that is down starts it and lets supervise exit when ./run has ended, \
         after a second at least. If ./run exits at once, `ox` makes one start and `ux` two.",
    ),
    obs("SUP-53", OBSERVED, &[Stdout, State]).promises(
        "After `x` the lock, the FIFOs and the record are still there. The record has pid 0 and what was last \
         wanted, and svstat says `supervise not running`.",
    ),
    obs("SUP-54", OBSERVED, &[Processes])
        .promises("Commands that supervise has not read when it dies are lost. A new supervise does not get them."),
    obs("SUP-55", OBSERVED, &[Processes, Signals, State]).promises(
        "While the service is down, `p`, `c` and `d` rewrite the record and start or signal nothing. `h`, \
         `a`, `i`, `t` and `k` do nothing at all.",
    ),
    // supervise: how it lives and ends.
    obs("SUP-60", OBSERVED, &[Exit, Processes, Signals, State]).promises(
        "TERM, INT, HUP, PIPE, ALRM, USR1, USR2 and QUIT kill supervise there and then: ./run stays alive and \
         in the record, the lock is free, and svok says 100. CHLD, CONT and WINCH have no effect, and TSTP \
         stops it.",
    ),
    obs("SUP-61", OBSERVED, &[Processes])
        .promises("When supervise has been killed, a new one starts a ./run of its own next to the one that was left."),
    obs("SUP-62", OBSERVED, &[Processes]).promises(
        "A child that supervise did not start is reaped without a word and never taken for ./run. Orphans of \
         the service do not become its children.",
    ),
    obs("SUP-63", OBSERVED, &[Stderr, Processes, State]).promises(
        "If `supervise` is removed, supervise still runs and restarts its service, warns at each write of the \
         record, and does not keep a second supervise out. A record that is removed comes back with the next \
         write. If another FIFO takes the place of `control`, svc says `supervise not running`.",
    ),
    obs("SUP-64", OBSERVED, &[Stderr, Processes]).promises(
        "The service directory can be renamed under a running supervise and everything works as before. \
         Messages keep the old name.",
    ),
    obs("SUP-65", OBSERVED, &[Processes, State]).promises(
        "If descriptors 0 to 2 are closed at the start, supervise's own files take those numbers, and ./run \
         has none of them. A later warning is then appended to the lock file.",
    ),
    obs("SUP-66", OBSERVED, &[Timing, State]).promises(
        "A supervise with nothing to do sleeps for up to 1000 seconds at a time and writes nothing to the \
         disk.",
    ),
    doc("SUP-67", "supervise(8)", &[Processes])
        .promises("Whatever ./run does, supervise goes on running. It ends only when it is killed or asked to exit."),
];
