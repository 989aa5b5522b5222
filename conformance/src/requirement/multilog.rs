//! Requirements on multilog.

use super::Aspect::{Exit, Files, Processes, Signals, Stderr, Timing};
use super::{OBSERVED, Requirement, bug, doc, obs};

const PAGE: &str = "multilog(8)";

/// In the order of their numbers.
pub(super) const ALL: &[Requirement] = &[
    doc("MLOG-01", PAGE, &[Files]).promises(
        "Each argument of multilog is an action, and the actions are carried out in order for each line of the standard input.",
    ),
    obs("MLOG-01b", OBSERVED, &[Files, Stderr]).promises(
        "Only the first byte of an argument tells its action: `eXX` is `e`, and `tfoo` is `t`.",
    ),
    obs("MLOG-02", OBSERVED, &[Files, Stderr, Exit]).promises(
        "Unknown actions and empty arguments are ignored without a message. Without arguments multilog reads its input and exits 0.",
    ),
    doc("MLOG-03", PAGE, &[Files]).promises("`t` stamps lines if it is the first action."),
    obs("MLOG-03b", OBSERVED, &[Files]).promises("Anywhere else `t` is ignored."),
    doc("MLOG-04", PAGE, &[Files]).promises(
        "Each line is selected at first. `-PATTERN` deselects it if the pattern matches, `+PATTERN` selects it. What follows in \
         the script applies to selected lines.",
    ),
    doc("MLOG-05", PAGE, &[Files]).promises(
        "A pattern must match the whole line. A star before the end matches any string that does not contain the character \
         behind the star; a star at the end matches any string; any other character matches itself.",
    ),
    obs("MLOG-06", OBSERVED, &[Files]).promises(
        "In `**` the first star stops at the first literal `*` of the line, and the second matches the rest: `**` matches `*` and \
         `ab*cd`, and neither `x` nor an empty line.",
    ),
    doc("MLOG-07", PAGE, &[Stderr]).promises("`e` prints the first 200 bytes of each selected line on stderr."),
    obs("MLOG-07b", OBSERVED, &[Stderr]).promises(
        "`e` prints a line of up to 200 bytes with a newline. Of a longer line it prints 200 bytes, `...` and a newline. A time \
         stamp is part of the line.",
    ),
    doc("MLOG-08", PAGE, &[Files]).promises(
        "`=FILE` replaces the contents of the file by the first 1000 bytes of each selected line, padded with newlines to 1001 \
         bytes.",
    ),
    obs("MLOG-08b", OBSERVED, &[Files, Stderr, Exit]).promises(
        "Status files are created empty at start, with mode 0600, before any log directory is touched. What a file has stays until \
         the first selected line, and what is behind 1001 bytes stays for good. The file is opened once. A failure is fatal: \
         `unable to create FILE: `.",
    ),
    doc("MLOG-09", PAGE, &[Files, Stderr]).promises(
        "`t` inserts `@`, a time stamp as tai64n writes it, and a space before each line. Patterns apply to the line with its \
         stamp.",
    ),
    obs("MLOG-09b", OBSERVED, &[Files, Timing]).promises(
        "The stamp is of the moment in which the first byte of the line was read. An empty line gets a stamp, too. `e` and `=` \
         apply to the line with its stamp.",
    ),
    doc("MLOG-10", PAGE, &[Files]).promises(
        "Patterns are checked against the first 1000 bytes of a line only, and the whole line goes to a log.",
    ),
    obs("MLOG-10b", OBSERVED, &[Files]).promises("A time stamp counts as part of the 1000 bytes."),
    doc("MLOG-11", PAGE, &[Files, Exit]).promises("A last line without a newline gets one."),
    obs("MLOG-11b", OBSERVED, &[Files, Exit]).promises(
        "Empty input writes nothing. A line may contain any bytes, also NUL.",
    ),
    doc("MLOG-12", PAGE, &[Files]).promises(
        "`sSIZE` sets the maximum size of the files of the directories behind it, between 4096 and 16777215; the default is 99999.",
    ),
    obs("MLOG-12b", OBSERVED, &[Files]).promises(
        "Sizes out of range are brought into it. Digits are read up to the first other character, none is 0, and numbers wrap \
         around at 2^64.",
    ),
    doc("MLOG-13", PAGE, &[Files]).promises(
        "`nNUM` sets the number of log files for the directories behind it: after a rotation at most NUM - 1 old ones are left, and \
         those with the smallest stamps are removed. The default is 10.",
    ),
    obs("MLOG-13b", OBSERVED, &[Files]).promises(
        "Numbers below 2, and what is not a number, count as 2. The files whose names come first byte by byte are removed, \
         those of `@` and less than 24 bytes not counted, when a file becomes an old one. A start that finds nothing to recover \
         removes none.",
    ),
    doc("MLOG-14", PAGE, &[Files]).promises(
        "`s`, `n` and `!` apply to the directories behind them in the script, up to the next action of the same kind.",
    ),
    obs("MLOG-14b", OBSERVED, &[Files]).promises("`!` alone is a processor that prints nothing, so its old files are empty."),
    doc("MLOG-15", PAGE, &[Files]).promises(
        "An action that begins with a dot or a slash appends each selected line to the log in the directory of that name, which is \
         created if it does not exist.",
    ),
    doc("MLOG-20", PAGE, &[Exit, Stderr]).promises(
        "If it runs out of memory, or another multilog writes to one of the logs, multilog prints a message and exits 111 without \
         reading any input.",
    ),
    obs("MLOG-20b", OBSERVED, &[Files, Stderr, Exit]).promises(
        "A directory is created with mode 0700, and its parent must exist. `lock` in it is locked by flock(2). A directory that is \
         locked, also by the same script: `unable to lock directory DIR: temporary failure`. The umask is 022. Directories are \
         opened from left to right, and whatever prevents it is fatal, with the message of the original and exit code 111.",
    ),
    obs("MLOG-21", OBSERVED, &[Files]).promises(
        "If a directory cannot be opened, those to its left are left with a `current` of mode 0644.",
    ),
    doc("MLOG-22", PAGE, &[Files]).promises(
        "A `current` of mode 0744 is complete: multilog sets its mode to 0644 and goes on writing to it.",
    ),
    obs("MLOG-22b", OBSERVED, &[Files]).promises(
        "Any `current` that its owner may execute is complete. Its size counts, and state, previous, processed and newstate are \
         left alone.",
    ),
    doc("MLOG-23", PAGE, &[Files]).promises(
        "A `current` that was being written at the moment of an outage becomes an old file with the code `.u`.",
    ),
    obs("MLOG-23b", OBSERVED, &[Files]).promises(
        "If `current` is not complete, state and newstate are removed. A complete `processed` becomes an `.s`, and previous is \
         removed; otherwise processed is removed, and previous becomes a `.u`. Then current becomes a `.u`, even if it is empty, \
         and state and current are created empty with mode 0644. Each old file gets the time of the recovery.",
    ),
    obs("MLOG-24", OBSERVED, &[Files]).promises(
        "A file gets its old name by a link, and then loses its first name. A file that has two names is only removed.",
    ),
    obs("MLOG-25", OBSERVED, &[Files]).promises(
        "`current` has mode 0644, and 0744 after the end; `lock` has 0600, `state` 0644, and an old file `@STAMP.s` 0744.",
    ),
    bug("MLOG-26", OBSERVED, &[Files]).promises(
        "Pruning counts and removes any file whose name begins with `@` and has 25 bytes or more, and does not end if all of them \
         come after `@z`.",
    ),
    obs("MLOG-27", OBSERVED, &[Files]).promises(
        "A status file, and a `current` that its owner may execute, can be links. What they lead to is written, whoever made the \
         link.",
    ),
    obs("MLOG-30", OBSERVED, &[Files, Timing]).promises(
        "A finished line is in `current` before multilog waits for more input. An unfinished line of less than 1000 bytes is not.",
    ),
    doc("MLOG-31", PAGE, &[Files]).promises(
        "A file is big enough when it has the maximum size, or ends with a newline within 2000 bytes of it. It then becomes an old \
         file, whose name is `@`, a stamp of the time at which it was finished, and `.s`. No line is lost.",
    ),
    doc("MLOG-32", PAGE, &[Files]).promises("No file is larger than the maximum size, also if there is no newline."),
    obs("MLOG-32b", OBSERVED, &[Files]).promises("Without a newline in its last 2000 bytes a file ends at exactly the maximum size."),
    obs("MLOG-33", OBSERVED, &[Files, Timing]).promises(
        "A rotation writes `current` to disk, renames it to `previous`, creates `current`, sets the mode of `previous` to 0744, \
         links it to `@STAMP.s`, removes it, and prunes. A `current` that is big enough at start is rotated before the first \
         write.",
    ),
    doc("MLOG-34", PAGE, &[Files, Exit]).promises(
        "At the end of its input multilog writes `current` to disk, sets its mode to 0744, and exits 0.",
    ),
    obs("MLOG-34b", OBSERVED, &[Exit, Stderr]).promises("Input that cannot be read, such as a directory, has ended."),
    doc("MLOG-35", PAGE, &[Files, Stderr, Timing]).promises(
        "If writing fails, multilog prints a message, pauses and tries again, without losing any data.",
    ),
    obs("MLOG-35b", OBSERVED, &[Stderr, Timing]).promises(
        "The message is that of the original, the pause takes five seconds, and neither input nor TERM ends it.",
    ),
    obs("MLOG-36", OBSERVED, &[Files, Stderr]).promises(
        "If a directory is removed, lines go to the removed `current`, and a rotation fails with a message until multilog is killed.",
    ),
    doc("MLOG-40", PAGE, &[Exit, Signals]).promises(
        "At TERM multilog processes its input up to the next newline and exits, and leaves what follows to the next reader.",
    ),
    obs("MLOG-40b", OBSERVED, &[Exit, Files, Signals]).promises(
        "If no line is unfinished, multilog reads nothing more after TERM. It ends as at the end of its input: exit code 0, and \
         `current` has mode 0744.",
    ),
    doc("MLOG-41", PAGE, &[Files, Signals]).promises(
        "At ALRM each log whose `current` is not empty is rotated at once.",
    ),
    obs("MLOG-41b", OBSERVED, &[Files, Signals]).promises(
        "ALRM leaves an empty `current` alone. An unfinished line of less than 1000 bytes goes to the new file.",
    ),
    obs("MLOG-42", OBSERVED, &[Exit, Signals]).promises(
        "HUP, INT, USR1 and other signals kill multilog, and `current` becomes a `.u` at the next start. TERM and ALRM work also if \
         they were blocked when multilog was started.",
    ),
    bug("MLOG-43", OBSERVED, &[Signals, Timing]).promises(
        "A TERM or ALRM that arrives while multilog is not reading is noticed only after the next read.",
    ),
    doc("MLOG-50", PAGE, &[Files, Processes]).promises(
        "With `!PROCESSOR` the file is fed through the processor, and the output becomes the old file. What the processor writes to \
         descriptor 5 can be read on descriptor 4 when it runs on the next file.",
    ),
    obs("MLOG-50b", OBSERVED, &[Processes, Signals]).promises(
        "`/bin/sh -c PROCESSOR` runs in the directory with descriptors 0, 1, 2, 4 and 5, the environment of multilog, and TERM and \
         ALRM as by default.",
    ),
    obs("MLOG-51", OBSERVED, &[Files, Processes]).promises(
        "The old file has mode 0744, and `state` has what the processor wrote to descriptor 5. The processor runs on rotations only, \
         not at the end.",
    ),
    doc("MLOG-52", PAGE, &[Files, Processes]).promises("A processor that exits nonzero is run again."),
    obs("MLOG-52b", OBSERVED, &[Files, Processes, Stderr, Timing]).promises(
        "The message is `multilog: warning: processor failed in DIR, pausing`, the pause takes five seconds, and the outputs are \
         emptied before the processor runs again.",
    ),
    obs("MLOG-53", OBSERVED, &[Files, Processes]).promises(
        "A processor that a signal kills is run again on the same file, with empty outputs.",
    ),
    obs("MLOG-54", OBSERVED, &[Files, Stderr]).promises(
        "If `state` does not exist when a processor is to run: `multilog: fatal: unable to run PROCESSOR: file does not exist`, and \
         `processor failed`, again and again.",
    ),
];
