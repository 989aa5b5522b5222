//! Requirements on all programs: messages, options, and how a program runs another.

use super::Aspect::{Exit, Processes, Signals, Stderr, Stdout};
use super::{OBSERVED, Requirement, doc, obs};

/// In the order of their numbers.
pub(super) const ALL: &[Requirement] = &[
    // All programs.
    obs("GEN-01", OBSERVED, &[Stderr, Exit]).promises(
        "A diagnostic goes to stderr under the program's own name, whatever argv[0] is: `PROG: fatal: ` with \
         exit code 111, `PROG: warning: ` when the program goes on. A usage line comes with exit code 100, or \
         111 from envdir. Only OPT-03, OPT-04 and SUP-12 name lines that begin otherwise.",
    ),
    obs("GEN-02", OBSERVED, &[Stderr]).promises(
        "A diagnostic about a failed system call ends with a colon, a space, the phrase for the error and a \
         newline.",
    ),
    obs("GEN-03", OBSERVED, &[Stdout, Stderr]).promises(
        "A diagnostic of at most 256 bytes reaches stderr in a single write, and a failure of that write is \
         ignored. Only svstat, tai64n and tai64nlocal ever write to stdout.",
    ),
    obs("GEN-04", OBSERVED, &[Stdout, Stderr, Exit]).promises(
        "There is no `--help`, no `--version`, no long option and no translation. Only svc, softlimit and \
         setlock take options; to the others a first argument such as `-x` or `--` is an operand like any \
         other.",
    ),
    obs("GEN-05", OBSERVED, &[Processes]).promises(
        "Every file is opened in non-blocking mode. Descriptors become close-on-exec afterwards, and only \
         where another requirement says so.",
    ),
    obs("GEN-06", OBSERVED, &[Exit, Signals]).promises(
        "svc ignores SIGPIPE; the other programs leave it alone. Unless the caller had it ignored, they are \
         therefore killed by it when they write to a pipe that nobody reads.",
    ),
    // Option parsing.
    obs("OPT-01", OBSERVED, &[Stderr, Signals]).promises(
        "Option letters can share one dash, as in `-dx`. Options end at the first operand or at `--`, and a \
         lone `-` is an operand.",
    ),
    obs("OPT-02", OBSERVED, &[Stderr, Exit]).promises(
        "The value of an option is the rest of its word or the next word. A next word that is empty is a \
         value as well.",
    ),
    obs("OPT-03", OBSERVED, &[Stderr, Exit]).promises(
        "An unknown option is answered with `NAME: illegal option -- C`, the usage line and exit code 100. \
         NAME is whatever follows the last slash of argv[0], even if that is nothing. `-?` and `-:` are \
         unknown options too.",
    ),
    obs("OPT-04", OBSERVED, &[Stderr, Exit]).promises(
        "An option that lacks its value is answered with `NAME: option requires an argument -- C`, the usage \
         line and exit code 100.",
    ),
    // Running another program.
    obs("EXEC-01", OBSERVED, &[Processes]).promises(
        "A program name with a slash in it is used as it stands; any other is looked for in the caller's own \
         PATH. Without a PATH that is `/bin:/usr/bin`, and an empty element stands for the current directory.",
    ),
    obs("EXEC-02", OBSERVED, &[Stderr, Processes]).promises(
        "The search passes over ENOENT, EACCES, EPERM and EISDIR. If nothing is found, the last error other \
         than ENOENT is the one reported: a file that lacks its execute bit gives `access denied`, though \
         later elements have no such file.",
    ),
    obs("EXEC-03", OBSERVED, &[Stderr, Processes]).promises(
        "Any other error ends the search, even with a good program further along PATH. So come `exec format \
         error` for a file without `#!`, `not a directory` for a file as an element of PATH, and `symbolic \
         link loop`.",
    ),
    obs("EXEC-04", OBSERVED, &[Stderr, Processes])
        .promises("A file without a `#!` line is not handed to a shell; it does not run."),
    obs("EXEC-05", OBSERVED, &[Stderr, Processes]).promises(
        "The program sees as argv[0] the name that was typed, not the path where it was found. An empty name \
         gives `access denied`.",
    ),
    doc("EXEC-06", "envdir(8), envuidgid(8), setuidgid(8)", &[Exit]).promises(
        "envdir, envuidgid and setuidgid exit with the exit code of the program that they run, and with 111 if they cannot run \
         it.",
    ),
    obs("EXEC-06b", OBSERVED, &[Stderr, Exit, Processes]).promises(
        "So do fghack, pgrphack, setlock and softlimit. All but fghack become the program that they run, with the process, the \
         signals and the descriptors that they were given. If it cannot be run, the message is `PROG: fatal: unable to run \
         NAME: ` with the phrase for the error. The child that supervise makes for ./run does the same, but prints `unable to \
         start`.",
    ),
    // Error phrases.
    obs("ERR-01", OBSERVED, &[Stdout, Stderr]).promises(
        "Errors have phrases of their own, not those of the C library: ENOENT is `file does not exist`, EPERM \
         `permission denied`, EACCES `access denied`, EAGAIN `temporary failure`, ENXIO `device not \
         configured`. A number without a phrase is `unknown error`.",
    ),
];
