//! What is required: the rows of the behaviour reference, each in our own words with its source.

use Aspect::{Exit, Files, Processes, Signals, Stderr, Stdout, Timing};

/// How firmly something is promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Class {
    /// A manual page promises it.
    Doc,
    /// The original does it; the manual is silent.
    Obs,
    /// The original does it, and it is a defect: nobody is asked to repeat it.
    Bug,
}

impl Class {
    /// The word for it in lists.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Class::Doc => "doc",
            Class::Obs => "obs",
            Class::Bug => "bug",
        }
    }
}

/// What an observer can hold a requirement to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aspect {
    /// The bytes on standard output.
    Stdout,
    /// The bytes on standard error.
    Stderr,
    /// The exit code, or the signal that ended the program.
    Exit,
    /// Names, modes and contents of files, and the bytes that pass through a FIFO.
    Files,
    /// Which processes there are, and what each was given: parent, ids, directory, arguments, environment, descriptors.
    Processes,
    /// Which signals are sent, and what is done with those received.
    Signals,
    /// When something happens, and in what order.
    Timing,
}

impl Aspect {
    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Aspect::Stdout => "stdout",
            Aspect::Stderr => "stderr",
            Aspect::Exit => "exit code",
            Aspect::Files => "files",
            Aspect::Processes => "processes",
            Aspect::Signals => "signals",
            Aspect::Timing => "timing",
        }
    }
}

/// One promise.
#[derive(Debug)]
pub(crate) struct Requirement {
    /// The row of the reference, such as `SUP-22`.
    pub(crate) id: &'static str,
    /// Who stands behind it.
    pub(crate) class: Class,
    /// The promise in plain words.
    pub(crate) promise: &'static str,
    /// The manual page or the experiment it is taken from.
    pub(crate) source: &'static str,
    /// What it pins down.
    pub(crate) fixes: &'static [Aspect],
}

/// Requirements that no scenario proves, each with the reason.
pub(crate) const UNPROVEN: &[(&str, &str)] = &[
    ("OPT-02", "only softlimit has options with values, and the suite does not judge it yet"),
    ("OPT-04", "only softlimit has options with values, and the suite does not judge it yet"),
    ("SUP-21", "the original does it, and nobody is held to it"),
];

/// The requirement called `id`.
pub(crate) fn find(id: &str) -> Option<&'static Requirement> {
    ALL.iter().find(|requirement| requirement.id == id)
}

/// Seen by running the original.
const OBSERVED: &str = "daemontools 0.76, observed";
/// Seen by running the original as Debian patches it.
const OBSERVED_DEBIAN: &str = "daemontools 0.76, observed, Debian build";

/// A row that the manual page `page` promises.
const fn doc(id: &'static str, page: &'static str, fixes: &'static [Aspect]) -> Requirement {
    Requirement { id, class: Class::Doc, promise: "", source: page, fixes }
}

/// A row that the original keeps without promising it.
const fn obs(id: &'static str, source: &'static str, fixes: &'static [Aspect]) -> Requirement {
    Requirement { id, class: Class::Obs, promise: "", source, fixes }
}

/// A row that tells of a defect.
const fn bug(id: &'static str, source: &'static str, fixes: &'static [Aspect]) -> Requirement {
    Requirement { id, class: Class::Bug, promise: "", source, fixes }
}

impl Requirement {
    /// Puts the promise into words.
    const fn promises(self, promise: &'static str) -> Self {
        Self { promise, ..self }
    }
}

/// All of them, in the order of the reference.
pub(crate) const ALL: &[Requirement] = &[
    // All programs.
    obs("GEN-01", OBSERVED, &[Stderr, Exit]).promises(
        "A diagnostic goes to stderr under the program's own name, whatever argv[0] is: `PROG: fatal: ` with exit \
         code 111, `PROG: warning: ` when the program goes on. A usage line comes with exit code 100, or 111 from \
         envdir. Only OPT-03, OPT-04 and SUP-12 name lines that begin otherwise.",
    ),
    obs("GEN-02", OBSERVED, &[Stderr]).promises(
        "A diagnostic that tells of a failed system call closes with a colon, a space, the phrase for the error and a \
         newline.",
    ),
    obs("GEN-03", OBSERVED, &[Stdout, Stderr]).promises(
        "A diagnostic of at most 256 bytes reaches stderr in a single write, and a failure of that write is ignored. \
         Only svstat, tai64n and tai64nlocal ever write to stdout.",
    ),
    obs("GEN-04", OBSERVED, &[Stdout, Stderr, Exit]).promises(
        "There is no `--help`, no `--version`, no long option and no translation. Only svc, softlimit and setlock \
         take options; to the others a first argument such as `-x` or `--` is an operand like any other.",
    ),
    obs("GEN-05", OBSERVED, &[Processes]).promises(
        "Every file is opened in non-blocking mode. Descriptors become close-on-exec afterwards, and only where \
         another row says so.",
    ),
    obs("GEN-06", OBSERVED, &[Exit, Signals]).promises(
        "svc ignores SIGPIPE; the other programs leave it alone. Unless the caller had it ignored, they are therefore \
         killed by it when they write to a pipe that nobody reads.",
    ),
    // Option parsing.
    obs("OPT-01", OBSERVED, &[Stderr, Files]).promises(
        "Option letters can share one dash, as in `-dx`. Options end at the first operand or at `--`, and a lone `-` \
         is an operand.",
    ),
    obs("OPT-02", OBSERVED, &[Stderr, Exit]).promises(
        "The value of an option is the rest of its word or the next word. A next word that is empty is a value as \
         well.",
    ),
    obs("OPT-03", OBSERVED, &[Stderr, Exit]).promises(
        "An unknown option is answered with `NAME: illegal option -- C`, the usage line and exit code 100. NAME is \
         whatever follows the last slash of argv[0], even if that is nothing. `-?` and `-:` are unknown options too.",
    ),
    obs("OPT-04", OBSERVED, &[Stderr, Exit]).promises(
        "An option that lacks its value is answered with `NAME: option requires an argument -- C`, the usage line and \
         exit code 100.",
    ),
    // Running another program.
    obs("EXEC-01", OBSERVED, &[Processes]).promises(
        "A program name with a slash in it is used as it stands; any other is looked for in the caller's own PATH. \
         Without a PATH that is `/bin:/usr/bin`, and an empty element stands for the current directory.",
    ),
    obs("EXEC-02", OBSERVED, &[Stderr, Processes]).promises(
        "The search passes over ENOENT, EACCES, EPERM and EISDIR. If nothing is found, the last error other than \
         ENOENT is the one reported: a file that lacks its execute bit gives `access denied`, though later elements \
         have no such file.",
    ),
    obs("EXEC-03", OBSERVED, &[Stderr, Processes]).promises(
        "Any other error ends the search, even with a good program further along PATH. So come `exec format error` \
         for a file without `#!`, `not a directory` for a file as an element of PATH, and `symbolic link loop`.",
    ),
    obs("EXEC-04", OBSERVED, &[Stderr, Processes])
        .promises("A file without a `#!` line is not handed to a shell; it does not run."),
    obs("EXEC-05", OBSERVED, &[Stderr, Processes]).promises(
        "The program sees as argv[0] the name that was typed, not the path where it was found. An empty name gives \
         `access denied`.",
    ),
    doc("EXEC-06", "envdir(8), envuidgid(8), setuidgid(8)", &[Stderr, Exit, Processes]).promises(
        "A tool that runs another program takes its exit code, in the original by becoming that program. If it cannot \
         run it, the exit code is 111, and the original says `PROG: fatal: unable to run NAME: ` with the phrase for \
         the error. The child that supervise makes for ./run does the same, but says `unable to start`.",
    ),
    // Error phrases.
    obs("ERR-01", OBSERVED, &[Stdout, Stderr]).promises(
        "Errors have phrases of their own, not those of the C library: ENOENT is `file does not exist`, EPERM \
         `permission denied`, EACCES `access denied`, EAGAIN `temporary failure`, ENXIO `device not configured`. A \
         number without a phrase is `unknown error`.",
    ),
    // supervise: getting started.
    obs("SUP-01", OBSERVED, &[Stderr, Exit]).promises(
        "Called with no argument or more than one, supervise prints `supervise: usage: supervise dir` and exits 100. \
         An empty argument is a directory that does not exist, with exit code 111, and `-x` is the name of a \
         directory.",
    ),
    obs("SUP-02", OBSERVED, &[Files, Processes, Timing]).promises(
        "supervise enters its directory, looks for `down`, makes `supervise`, takes the lock, opens `control`, writes \
         the record, opens `ok`, and only then starts anything. Whoever gets 0 from svok can therefore send commands \
         and read a record.",
    ),
    doc("SUP-03", "supervise(8)", &[Stderr, Files, Processes]).promises(
        "If there is a `down` when supervise starts, ./run is not started until a command asks for it. In the \
         original `down` is looked at this once, its type does not matter, a dangling link counts as none, and other \
         trouble with it is fatal.",
    ),
    obs("SUP-04", OBSERVED, &[Files]).promises(
        "A `supervise` directory that has to be made gets mode 0700 less the umask. One that is there keeps its mode, \
         and so do the lock and the FIFOs in it.",
    ),
    obs("SUP-05", OBSERVED, &[Files]).promises(
        "The lock is an flock on `lock` (mode 0600), a file that is not truncated or written to. `control` and `ok` \
         are FIFOs of mode 0600, and the 18 bytes of `status` come as a `status.new` of mode 0644 that is renamed. \
         The umask applies to all.",
    ),
    doc("SUP-06", "supervise(8)", &[Stderr, Exit, Files, Timing]).promises(
        "A supervise that meets another one in its directory exits at once. The original says `supervise: fatal: \
         unable to acquire D/supervise/lock: temporary failure` with exit code 111, makes no FIFO or record, and \
         leaves alone what is there.",
    ),
    obs("SUP-07", OBSERVED, &[Processes]).promises(
        "./run receives none of the descriptors that supervise opens for itself. supervise reads `ok` as long as it \
         lives, and holds both ends of `control`, so it never sees an end of file there.",
    ),
    obs("SUP-08", OBSERVED, &[Stderr, Exit]).promises(
        "If `supervise` cannot be made, for whatever reason, the lock is what fails, with `file does not exist`. If \
         it is there, the lock fails with `access denied` for one who may not enter it, or with `read-only file \
         system`.",
    ),
    obs("SUP-09", OBSERVED, &[Stderr, Exit]).promises(
        "The lock fails with `not a directory` if `supervise` is a file, `is a directory` if `lock` is one, and \
         `device not configured` if `lock` is a FIFO; opening `control` for writing fails if that is a directory. All \
         of these are fatal, and so is running out of descriptors at any step.",
    ),
    obs("SUP-10", OBSERVED, &[Processes]).promises(
        "supervise runs even if `ok` is a directory or a regular file, or if `control` is a regular file. In the last \
         case the original keeps a processor busy.",
    ),
    obs("SUP-11", OBSERVED_DEBIAN, &[Stderr, Files]).promises(
        "`supervise` can be a link to a directory. If the target is missing, it is made as a directory of mode 0700; \
         if its parent is missing as well, the lock fails with `file does not exist`.",
    ),
    obs("SUP-12", OBSERVED_DEBIAN, &[Stderr, Exit]).promises(
        "A `supervise` link of 256 bytes or more, good or not, is fatal with the bare message `unable to readlink \
         ./supervise: unknown error` and exit code 111; 255 bytes are accepted. A link that cannot be read is fatal in \
         the same way, with its error. A link to itself makes the lock fail with `symbolic link loop`.",
    ),
    // supervise: the record.
    obs("SUP-20", OBSERVED, &[Files]).promises(
        "The record has 18 bytes: the time, big-endian, as 8 of seconds (Unix time plus 10 plus 2^62) and 4 of \
         nanoseconds; the pid in 4, little-endian, 0 when down; 1 or 0 for paused; and `u`, `d` or (after `o`) NUL \
         for what is wanted.",
    ),
    obs("SUP-21", OBSERVED, &[Files]).promises(
        "The nanoseconds in the record are a number of whole microseconds and 500 more. Nobody is held to that.",
    ),
    obs("SUP-22", OBSERVED, &[Files]).promises(
        "The time stamp and the pid in the record change at three moments only: when supervise starts, when ./run is \
         started, and when its death is noticed. No command moves the stamp by itself.",
    ),
    obs("SUP-23", OBSERVED, &[Files]).promises(
        "A new file replaces the record at the moments of SUP-22 and for each `d`, `u`, `o`, `p`, `c` and `x`, even \
         if the bytes stay the same. `a`, `h`, `i`, `t`, `k` and unknown commands do not touch it.",
    ),
    obs("SUP-24", OBSERVED, &[Files]).promises(
        "The record says paused only of a service that is up, and no longer once it is started afresh. A `p` sent to \
         a service that is down is forgotten when it starts.",
    ),
    obs("SUP-25", OBSERVED, &[Files]).promises(
        "The paused byte follows the commands `p`, `c` and `d` alone. A STOP or CONT that comes from elsewhere does \
         not change it.",
    ),
    obs("SUP-26", OBSERVED, &[Stdout, Files, Timing]).promises(
        "supervise first records pid 0 and what is wanted, and the pid when ./run has been forked. For a moment after \
         svok first says 0, svstat can print `down 0 seconds, normally up, want up`.",
    ),
    obs("SUP-27", OBSERVED, &[Files, Signals, Timing]).promises(
        "`p` and `c` change the record before they send their signal, `d` after it has sent both of its own. `u` and \
         `o` record what is wanted, then start a service that is down, then record the pid.",
    ),
    obs("SUP-28", OBSERVED, &[Files]).promises(
        "Whoever opens the record finds a whole one at any time, never part of one and never none. Nothing forces it \
         to the disk.",
    ),
    obs("SUP-29", OBSERVED, &[Stderr, Files, Processes]).promises(
        "If the record cannot be written, supervise warns and controls its service as before, while the old record \
         stays. A `status.new` can be left over, and the next write that succeeds mends everything.",
    ),
    // supervise: starting ./run.
    obs("SUP-30", OBSERVED, &[Processes]).promises(
        "./run is started in the service directory with the single argument `./run`. Environment, umask, limits, \
         standard descriptors and any others that supervise was given arrive unchanged.",
    ),
    obs("SUP-31", OBSERVED, &[Processes])
        .promises("./run is a child of supervise, in the same process group and session."),
    obs("SUP-32", OBSERVED, &[Signals]).promises(
        "./run finds SIGCHLD at its default and unblocked, however supervise itself was started. All other ignored \
         and blocked signals are those that supervise was given.",
    ),
    obs("SUP-33", OBSERVED, &[Stderr, Processes, Timing]).promises(
        "The kernel runs ./run directly; a file without `#!` is not handed to a shell. Each attempt that fails prints \
         `supervise: fatal: unable to start D/run: ` with the phrase for the error, and the next follows about a \
         second later as long as the service is wanted up.",
    ),
    doc("SUP-34", "supervise(8)", &[Processes]).promises(
        "A ./run that ends, with whatever exit code or signal, is started again while the service is wanted up. Each \
         start in the original runs the file that has the name at that time.",
    ),
    doc("SUP-35", "supervise(8)", &[Stdout, Processes, Timing]).promises(
        "supervise pauses for a second after each start of ./run, so a ./run that fails at once is not started more \
         often than that. The original is deaf for this second: it reads no command, and a dead ./run stays a zombie \
         that svstat calls up.",
    ),
    obs("SUP-36", OBSERVED, &[Timing]).promises(
        "The pause counts from the start of ./run and not from its end. A ./run that lived for a second or more is \
         started again at once.",
    ),
    obs("SUP-37", OBSERVED, &[Timing])
        .promises("The pause goes by the wall clock. Setting the clock back makes it longer."),
    obs("SUP-38", OBSERVED_DEBIAN, &[Stdout, Stderr, Files, Processes, Timing]).promises(
        "A failed fork gives `supervise: warning: unable to fork for D, sleeping 60 seconds: ` and the phrase, then \
         60 seconds in which supervise does nothing, then another attempt if the service is wanted up. The record \
         shows pid 0 and `u` meanwhile, and a command is read only after the new start and its pause.",
    ),
    bug("SUP-39", OBSERVED_DEBIAN, &[Processes]).promises(
        "When a fork for `o` fails, the original makes no second attempt but does not forget it either. A later `u` \
         then ends in two copies of ./run, the first of them out of control.",
    ),
    // supervise: commands.
    obs("SUP-40", OBSERVED, &[Processes, Timing]).promises(
        "In each turn supervise first takes note of a death, with the restart and pause that follow from it, and then \
         reads and obeys a single command. Commands are obeyed in the order written, thousands in one write included.",
    ),
    obs("SUP-41", OBSERVED, &[Processes, Timing]).promises(
        "A ./run that dies in its first second is started a second time before a command that waits is obeyed. If \
         ./run exits at once, `ud` makes two starts, a second apart, before the service is down, and `ux` makes two \
         before supervise exits.",
    ),
    obs("SUP-42", OBSERVED, &[Signals, Timing]).promises(
        "A signal asked for in the first second of ./run goes to the process that exists when the command is read. If \
         the first ./run died at once, that is the second.",
    ),
    doc("SUP-43", "svc(8)", &[Files, Processes, Signals]).promises(
        "`u`, `o` and `d` want the service up, up once and down; `u` and `o` start one that is down; `x` makes \
         supervise exit when it is down. One that is up gets TERM and CONT for `d`, STOP for `p`, CONT for `c`, and \
         HUP, ALRM, INT, TERM, KILL for `h`, `a`, `i`, `t`, `k`. In the original `p` marks it paused, `d` and `c` \
         unmark it, these and `u`, `o`, `x` rewrite the record, and any other byte is dropped without a word.",
    ),
    obs("SUP-44", OBSERVED, &[Processes, Signals]).promises(
        "Signals go to the one process that supervise started, never to its group. Children of ./run survive and go \
         to whoever adopts orphans, which supervise does not.",
    ),
    obs("SUP-45", OBSERVED, &[Files, Signals]).promises(
        "A paused service receives `t`, `h`, `a` and `i` only after a `c`, and `k` kills it at once. `d` continues it \
         so that TERM takes effect, and clears the paused byte at once, even if TERM is ignored.",
    ),
    obs("SUP-46", OBSERVED, &[Files, Processes, Signals]).promises(
        "`u` or `o` for a service that is up changes what is wanted and nothing else. It gets no signal, is not \
         restarted, and stays paused if it was.",
    ),
    doc("SUP-47", "svc(8)", &[Stdout, Files, Processes]).promises(
        "A service that gets `o` while it is up is not restarted when it stops. In the original the record then wants \
         neither up nor down, so svstat says nothing of a want, and a later `u` brings restarts back.",
    ),
    obs("SUP-48", OBSERVED, &[Processes, Timing]).promises(
        "Each `o` read while the service is down starts it. If ./run exits at once, `oo` makes two runs and `ooo` \
         three; if it lives on, `oo` makes one.",
    ),
    obs("SUP-49", OBSERVED, &[Processes, Signals]).promises(
        "`t`, `k`, `i` and `h` leave alone what is wanted. A service that is wanted up and dies of one is started \
         again, at once if it ran for a second or more.",
    ),
    obs("SUP-50", OBSERVED, &[Processes, Timing]).promises(
        "`du` ends a running service and starts it again. `do` runs it once more only if it is dead by the time the \
         `o` is read.",
    ),
    doc("SUP-51", "svc(8)", &[Exit, Processes, Signals]).promises(
        "`x` makes supervise exit as soon as the service is down: at once, or else when ./run dies from any cause, \
         without a restart even if one is wanted. In the original `x` sends no signal, `u` does not take it back, \
         commands not yet read are lost, and the exit code is 0.",
    ),
    obs("SUP-52", OBSERVED, &[Exit, Processes, Timing]).promises(
        "`ox` or `ux` for a service that is down starts it and lets supervise exit when ./run has ended, after a \
         second at least. If ./run exits at once, `ox` makes one start and `ux` two.",
    ),
    obs("SUP-53", OBSERVED, &[Stdout, Files]).promises(
        "After `x` the lock, the FIFOs and the record are still there. The record has pid 0 and what was last wanted, \
         and svstat says `supervise not running`.",
    ),
    obs("SUP-54", OBSERVED, &[Files, Processes])
        .promises("Commands that supervise has not read when it dies are lost. A new supervise does not get them."),
    obs("SUP-55", OBSERVED, &[Files, Processes, Signals]).promises(
        "While the service is down, `p`, `c` and `d` rewrite the record and start or signal nothing. `h`, `a`, `i`, \
         `t` and `k` do nothing at all.",
    ),
    // supervise: how it lives and ends.
    obs("SUP-60", OBSERVED, &[Exit, Files, Processes, Signals]).promises(
        "TERM, INT, HUP, PIPE, ALRM, USR1, USR2 and QUIT kill supervise there and then: ./run stays alive and in the \
         record, the lock is free, and svok says 100. CHLD, CONT and WINCH have no effect, and TSTP stops it.",
    ),
    obs("SUP-61", OBSERVED, &[Processes])
        .promises("When supervise has been killed, a new one starts a ./run of its own next to the one that was left."),
    obs("SUP-62", OBSERVED, &[Processes]).promises(
        "A child that supervise did not start is reaped without a word and never taken for ./run. Orphans of the \
         service do not become its children.",
    ),
    obs("SUP-63", OBSERVED, &[Stderr, Files, Processes]).promises(
        "If `supervise` is removed, supervise still runs and restarts its service, warns at each write of the record, \
         and does not keep a second supervise out. A record that is removed comes back with the next write. If \
         another FIFO takes the place of `control`, svc says `supervise not running`.",
    ),
    obs("SUP-64", OBSERVED, &[Stderr, Files, Processes]).promises(
        "The service directory can be renamed under a running supervise and everything works as before. Messages keep \
         the old name.",
    ),
    obs("SUP-65", OBSERVED, &[Files, Processes]).promises(
        "If descriptors 0 to 2 are closed at the start, supervise's own files take those numbers, and ./run has none \
         of them. A later warning is then appended to the lock file.",
    ),
    obs("SUP-66", OBSERVED, &[Files, Timing]).promises(
        "A supervise with nothing to do sleeps for up to 1000 seconds at a time and writes nothing to the disk.",
    ),
    doc("SUP-67", "supervise(8)", &[Processes])
        .promises("Whatever ./run does, supervise goes on running. It ends only when it is killed or asked to exit."),
    // svc.
    obs("SVC-01", OBSERVED, &[Stderr, Exit, Files]).promises(
        "Without a directory svc does nothing, says nothing and exits 0. A bad option gives a line of its own, the \
         list of options and exit code 100, and no directory is touched.",
    ),
    obs("SVC-02", OBSERVED, &[Files]).promises(
        "Letters are sent in the order in which they first occur on the command line, and each only once: `-p -c -pd \
         -x` sends `pcdx`.",
    ),
    obs("SVC-03", OBSERVED, &[Files])
        .promises("All letters for a directory go into its FIFO in a single write, in blocking mode."),
    obs("SVC-04", OBSERVED, &[Stderr, Files]).promises(
        "With directories but without options, svc opens each control FIFO, warns where it must, and writes nothing.",
    ),
    doc("SVC-05", "svc(8)", &[Stderr, Files]).promises(
        "Every option is applied to each directory in turn. In the original one that fails costs a warning and does \
         not keep the next from its turn, and all relative names start from where svc was called.",
    ),
    obs("SVC-06", OBSERVED, &[Stderr, Exit]).promises(
        "A directory that cannot be used gives `svc: warning: unable to chdir to D: ` or `svc: warning: unable to \
         control D: ` with the phrase for the error, D being the argument as typed, and the exit code is still 0. A \
         FIFO that nobody reads gives `supervise not running` in place of the phrase.",
    ),
    obs("SVC-07", OBSERVED, &[Exit, Files]).promises(
        "If `control` is a regular file, the letters overwrite its beginning and the rest stays. The exit code is 0.",
    ),
    obs("SVC-08", OBSERVED, &[Timing]).promises(
        "svc returns when its letters are in the FIFO. It does not wait for a supervise that is stopped or pausing.",
    ),
    obs("SVC-09", OBSERVED, &[Stderr, Exit, Signals, Timing]).promises(
        "svc waits while the FIFO is full. If the reader goes away, it warns `error writing commands to D: broken \
         pipe`, is not killed by SIGPIPE, and exits 0.",
    ),
    obs("SVC-10", OBSERVED, &[Stderr, Exit]).promises(
        "A current directory without read permission is fatal before any other is tried: `svc: fatal: unable to open \
         current directory: access denied`, exit code 111. One that has been deleted does no harm.",
    ),
    obs("SVC-11", OBSERVED, &[Exit]).promises("The exit codes are the same when stderr is closed."),
    // svstat.
    obs("STAT-01", OBSERVED, &[Stdout]).promises(
        "`D: up (pid P) N seconds` can be followed by `, normally down`, `, paused` and `, want down`, in this order, \
         and `D: down N seconds` by `, normally up` and `, want up`. Each is there exactly when the file `down`, a \
         paused byte other than 0, or the want byte (`d` if up, `u` if down) calls for it. The word is `seconds` for \
         1 as well.",
    ),
    obs("STAT-02", OBSERVED, &[Stdout, Exit]).promises(
        "svstat enters the directory, looks for `down`, opens `ok` for writing, opens the record and reads it; the \
         first step to fail makes the line, and the exit code is still 0. Without permission to write to `ok` the \
         line is `D: unable to open supervise/ok: access denied`.",
    ),
    obs("STAT-03", OBSERVED, &[Stdout]).promises(
        "An `ok` that nobody reads gives `D: supervise not running`, and a missing one `D: unable to open \
         supervise/ok: file does not exist`. A regular file in its place passes for a running supervise; a directory \
         does not.",
    ),
    obs("STAT-04", OBSERVED, &[Stdout]).promises(
        "The number is the current second less the second in the record, with no regard to fractions. It is 0 if the \
         record lies in the future.",
    ),
    obs("STAT-05", OBSERVED, &[Stdout]).promises(
        "Enormous numbers of seconds are rounded to double precision: 2^53 + 1 is printed as 9007199254740992. A \
         label of 2^63 counts as the future and gives 0.",
    ),
    obs("STAT-06", OBSERVED, &[Stdout])
        .promises("The pid is printed as an unsigned number of 32 bits, up to 4294967295."),
    obs("STAT-07", OBSERVED, &[Stdout]).promises(
        "A record of fewer than 18 bytes gives `D: unable to read supervise/status: bad format`. In a longer one the \
         first 18 count.",
    ),
    bug("STAT-08", OBSERVED, &[Stdout]).promises(
        "If reading the record fails with an error, such as for a directory in its place, the original says nothing \
         of it and prints the numbers of the previous argument, or of a record of zeros.",
    ),
    obs("STAT-09", OBSERVED, &[Stdout]).promises(
        "A `down` of any type counts, a dangling link counts as none, and a link to itself gives `D: unable to stat \
         down: symbolic link loop`.",
    ),
    obs("STAT-10", OBSERVED, &[Stdout]).promises(
        "Each line starts with the argument exactly as typed, so an empty one gives `: unable to chdir: file does not \
         exist`. `-x` and `--` are names of directories.",
    ),
    obs("STAT-11", OBSERVED, &[Stdout, Exit]).promises(
        "Without arguments svstat prints nothing and exits 0. With several, each relative name starts from where \
         svstat was called.",
    ),
    obs("STAT-12", OBSERVED, &[Stdout, Exit, Signals]).promises(
        "Lines are collected in a buffer of 1024 bytes. A failure to write them is ignored and the exit code is 0, \
         except that SIGPIPE kills. A fatal error on the way loses what is still in the buffer.",
    ),
    obs("STAT-13", OBSERVED, &[Stdout]).promises(
        "The seconds count from the latest of three events: ./run was started, it ended, or supervise started. \
         Commands do not reset them.",
    ),
    obs("STAT-14", OBSERVED, &[Stdout, Timing]).promises(
        "`want up` appears, in practice, only for an instant around a start and during the wait after a failed fork.",
    ),
    // svok.
    doc("OK-01", "svok(8)", &[Stdout, Stderr, Exit]).promises(
        "svok exits 0 if supervise is running in the directory and 100 if it is not, and prints nothing. What counts \
         in the original is whether there is a `supervise/ok` and somebody who reads it.",
    ),
    obs("OK-02", OBSERVED, &[Stderr, Exit]).promises(
        "A directory that cannot be entered gives a message and exit code 111, not 100. So does an error in opening \
         `supervise/ok`, unless it is missing or without a reader.",
    ),
    obs("OK-03", OBSERVED, &[Stderr, Exit]).promises(
        "Without an argument svok prints `svok: usage: svok dir` and exits 100; arguments after the first are \
         ignored. `-x` is the name of a directory, and a regular file as `ok` gives 0.",
    ),
    // svscan.
    doc("SCAN-01", "svscan(8)", &[Processes]).promises(
        "svscan works in the current directory, or in the one named by its argument, to which it changes when it \
         starts. The original ignores further arguments and stays where it is if the directory is deleted and made \
         again.",
    ),
    doc("SCAN-02", "svscan(8)", &[Processes, Timing]).promises(
        "svscan looks for subdirectories every five seconds, first when it starts. Each time it starts supervise for \
         those that are new and for those whose supervise has exited.",
    ),
    doc("SCAN-03", "svscan(8)", &[Stderr, Processes]).promises(
        "Names that start with a dot are skipped. The original also passes over whatever is not a directory, without \
         a word, and takes a link to a directory as a service.",
    ),
    obs("SCAN-04", OBSERVED, &[Stderr, Timing]).promises(
        "A dangling link gives `svscan: warning: unable to stat N: file does not exist` at each scan. A link to \
         itself gives `symbolic link loop` in the same way, and an entry that may not be examined `access denied`.",
    ),
    obs("SCAN-05", OBSERVED, &[Processes]).promises(
        "A service is known by device and inode, not by name. Two names for one directory get one supervise, and a \
         renamed directory keeps the one it has.",
    ),
    obs("SCAN-06", OBSERVED, &[Processes]).promises(
        "supervise is found through svscan's PATH and run as `supervise N` in the scanned directory, or as `supervise \
         log` in N. It inherits environment, umask, limits, group, session and standard descriptors; pipes reach it only \
         as stdin or stdout.",
    ),
    doc("SCAN-07", "svscan(8)", &[Stderr, Processes]).promises(
        "If `N/log` exists, N and N/log each get a supervise, the stdout of the first piped into the stdin of the \
         second. In the original any type of `log` will do, a dangling link is none, stderr is not piped, and N is \
         not started at all while `log` cannot be examined.",
    ),
    doc("SCAN-08", "svscan(8)", &[Files, Processes]).promises(
        "The same pipe serves again when either supervise is restarted, so no data is lost. In the original the \
         logger sees no end of input while svscan lives.",
    ),
    obs("SCAN-09", OBSERVED, &[Stderr, Processes]).promises(
        "Whether a service has a log is decided when it is first seen. A `log` made later is not noticed, and for one \
         that is removed later the supervise fails at each scan.",
    ),
    obs("SCAN-10", OBSERVED, &[Processes]).promises(
        "Nothing stops because a service is removed from the directory or hidden behind a dot. It is forgotten, pipe \
         and all, once its name is gone and both of its supervises have exited.",
    ),
    obs("SCAN-11", OBSERVED, &[Processes, Timing]).promises(
        "`svc -dx` for a service that is still listed ends its supervise only until the next scan. The new one starts \
         ./run again unless there is a `down`.",
    ),
    doc("SCAN-12", "svscan(8)", &[Stderr, Processes]).promises(
        "Up to 1000 subdirectories are served. In the original each further one gets `svscan: warning: unable to \
         start N: running too many services` at every scan.",
    ),
    doc("SCAN-13", "svscan(8)", &[Stderr, Processes, Timing]).promises(
        "If a pipe cannot be made or supervise cannot be run, svscan says so on stderr and tries again five seconds \
         later. A pipe takes two free descriptors. In the original a failed fork for the service puts off its log \
         too.",
    ),
    obs("SCAN-14", OBSERVED, &[Stderr, Processes]).promises(
        "If supervise cannot be run, the forked child prints `svscan: warning: unable to start supervise N: ` with \
         the phrase for the error and exits 111. If N cannot be entered for its log, that is `unable to switch to N: `. \
         The search in PATH follows EXEC-02 and EXEC-03.",
    ),
    obs("SCAN-15", OBSERVED, &[Stderr, Processes, Timing]).promises(
        "A directory that cannot be read gives `svscan: warning: unable to read directory: access denied` every five \
         seconds. One that has been removed gives no message; svscan keeps running either way.",
    ),
    obs("SCAN-16", OBSERVED, &[Exit, Processes, Signals]).promises(
        "TERM, HUP, INT, USR1 and ALRM kill svscan, while its supervises and their pipes live on. CHLD, CONT and \
         WINCH do not bring on an early scan.",
    ),
    obs("SCAN-17", OBSERVED, &[Stderr, Timing]).promises(
        "Under a second svscan for the same services, each supervise ends with `supervise: fatal: unable to acquire \
         N/supervise/lock: temporary failure`, once every five seconds.",
    ),
    obs("SCAN-18", OBSERVED, &[Processes, Signals]).promises(
        "svscan works with descriptors 0 and 1 closed. If it is started with SIGCHLD ignored, the original never \
         notices that a supervise died, which is a defect that nobody is asked to repeat.",
    ),
    obs("SCAN-19", OBSERVED, &[Stderr, Processes]).promises(
        "A directory without ./run gets a supervise all the same, which keeps saying that it is unable to start it.",
    ),
    // svscanboot.
    doc("BOOT-01", "svscanboot(8)", &[Processes]).promises(
        "svscanboot runs svscan on /service (/etc/service in the Debian build), with stdout and stderr piped into \
         `readproctitle service errors: ` and an argument of 400 dots.",
    ),
    doc("BOOT-02", "svscanboot(8)", &[Processes]).promises(
        "svscan and readproctitle get one variable as their whole environment: \
         `PATH=/command:/usr/local/bin:/usr/local/sbin:/bin:/sbin:/usr/bin:/usr/sbin:/usr/X11R6/bin`.",
    ),
    obs("BOOT-03", OBSERVED, &[Stdout, Stderr, Processes]).promises(
        "svscanboot begins by turning its stdin, stdout and stderr to /dev/null, and so never prints anything.",
    ),
    obs("BOOT-04", OBSERVED, &[Stderr, Processes, Timing]).promises(
        "Before it runs svscan, it sends `svc -dx` to all services and logs in the service directory and does not \
         wait. Where an old supervise still holds its lock, the new one fails once and is tried again five seconds \
         later.",
    ),
    obs("BOOT-05", OBSERVED, &[Processes]).promises(
        "Arguments are ignored. readproctitle stays in the directory where svscanboot was called, and svscan works in \
         the service directory.",
    ),
    obs("BOOT-06", OBSERVED, &[Processes])
        .promises("svscanboot remains as a shell with two children, svscan and readproctitle, and nothing in between."),
    obs("BOOT-07", OBSERVED, &[Processes]).promises(
        "The stdout of services without a log, and the stderr of everything that svscan started, end up in the \
         arguments of readproctitle.",
    ),
    obs("BOOT-08", OBSERVED, &[Exit, Processes, Signals]).promises(
        "svscanboot exits as readproctitle does, which is with 0 when nobody holds the pipe any more, and at once if \
         there is no service directory. TERM kills the shell and nothing else. Without readproctitle, whoever writes \
         into the pipe is killed by SIGPIPE.",
    ),
    // readproctitle.
    obs("RPT-01", OBSERVED, &[Processes]).promises(
        "At the start every byte of the last argument becomes a dot, whatever it was, as `/proc/PID/cmdline` shows.",
    ),
    doc("RPT-02", "readproctitle(8)", &[Processes]).promises(
        "Input enters the last argument at its right end and pushes the rest to the left, and three dots always stay \
         at the left of it. With the shortest argument, five bytes, two bytes of input are seen.",
    ),
    obs("RPT-03", OBSERVED, &[Processes]).promises(
        "NUL bytes are left out; newlines and all other bytes are shown as they are. The arguments keep their total \
         length, and those before the last do not change.",
    ),
    obs("RPT-04", OBSERVED, &[Exit, Processes]).promises(
        "Input is taken a byte at a time and an interrupted read is repeated. Any other error in reading, such as for \
         a directory, a closed descriptor or an empty one in non-blocking mode, gives exit code 111. End of input \
         gives 0, and a last argument that is missing or shorter than five bytes 100.",
    ),
    obs("RPT-05", OBSERVED, &[Processes]).promises(
        "The bytes change in the memory that the kernel shows as the arguments of the process, which is where `ps` \
         looks. A copy kept by a language runtime does not count.",
    ),
];

#[cfg(test)]
mod tests {
    use super::{ALL, Class, find};

    const PREFIXES: [&str; 11] = ["GEN", "OPT", "EXEC", "ERR", "SUP", "SVC", "STAT", "OK", "SCAN", "BOOT", "RPT"];

    /// Where an id belongs: the place of its prefix, then its number.
    fn place(id: &str) -> (usize, u32) {
        let (prefix, number) = id.split_once('-').unwrap();
        (PREFIXES.iter().position(|known| *known == prefix).unwrap(), number.parse().unwrap())
    }

    #[test]
    fn ids_are_unique_and_found() {
        for (index, requirement) in ALL.iter().enumerate() {
            assert!(ALL[..index].iter().all(|other| other.id != requirement.id), "{} twice", requirement.id);
            assert_eq!(find(requirement.id).unwrap().id, requirement.id);
        }
        assert!(find("SUP-99").is_none());
    }

    #[test]
    fn ids_follow_the_reference() {
        for pair in ALL.windows(2) {
            assert!(place(pair[0].id) < place(pair[1].id), "{} before {}", pair[0].id, pair[1].id);
        }
    }

    #[test]
    fn no_prefix_is_missing() {
        for (index, prefix) in PREFIXES.iter().enumerate() {
            assert!(ALL.iter().any(|requirement| place(requirement.id).0 == index), "{prefix}");
        }
    }

    #[test]
    fn promises_are_sentences() {
        for requirement in ALL {
            assert!(requirement.promise.ends_with('.'), "{}", requirement.id);
            assert!(requirement.promise.len() >= 20, "{}", requirement.id);
            assert!(!requirement.promise.contains("  "), "{}", requirement.id);
        }
    }

    #[test]
    fn documented_rows_name_a_manual_page_and_no_other_does() {
        for requirement in ALL {
            let page = requirement.source.contains("(8)");
            assert_eq!(page, requirement.class == Class::Doc, "{}", requirement.id);
        }
    }

    #[test]
    fn every_row_fixes_something_once() {
        for requirement in ALL {
            assert!(!requirement.fixes.is_empty(), "{}", requirement.id);
            for (index, aspect) in requirement.fixes.iter().enumerate() {
                assert!(!requirement.fixes[..index].contains(aspect), "{} {aspect:?}", requirement.id);
            }
        }
    }
}
