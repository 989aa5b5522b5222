//! Requirements on envdir.

use super::Aspect::{Exit, Files, Processes, Stderr};
use super::{OBSERVED, Requirement, bug, doc, obs};

/// In the order of their numbers.
pub(super) const ALL: &[Requirement] = &[
    doc("ENV-01", "envdir(8)", &[Processes]).promises(
        "Each file of the directory is a variable of its name. Its value is the first line, less the spaces and tabs at the \
         end, with null bytes changed to newlines, and replaces an old value. A file of 0 bytes removes the variable.",
    ),
    obs("ENV-02", OBSERVED, &[Processes]).promises(
        "A first line that is empty or has only spaces and tabs sets the variable to nothing. The line needs no newline, and \
         keeps spaces at its beginning and carriage returns. Null bytes are changed after the spaces are removed, and a null \
         byte protects the spaces before it.",
    ),
    obs("ENV-03", OBSERVED, &[Processes]).promises(
        "Files whose names begin with a dot are skipped. Any other name is the name of a variable; a file `J=K` that has `v` \
         makes the entry `J=K=v`.",
    ),
    doc("ENV-04", "envdir(8)", &[Exit, Processes])
        .promises("envdir exits 111, and does not run the program, if it has trouble reading the directory."),
    obs("ENV-04b", OBSERVED, &[Stderr, Exit]).promises(
        "A file that cannot be read is trouble: `unable to read DIR/FILE: ` with the reason, `is a directory` for a \
         directory in it. A FIFO that nobody writes to counts as a file of 0 bytes.",
    ),
    bug("ENV-05", OBSERVED, &[Processes]).promises(
        "A dangling link removes the variable if it is read first, and otherwise sets it to the value of the file that was \
         read before it, with a newline added.",
    ),
    obs("ENV-06", OBSERVED, &[Processes])
        .promises("The program is looked for in the PATH that envdir was given, and gets the PATH that the directory sets."),
    obs("ENV-07", OBSERVED, &[Stderr, Exit, Processes]).promises(
        "Of several entries for one variable only the first is replaced or removed. Entries without `=` stay. A file `J=K` \
         replaces an entry for `J`, and one of 0 bytes makes the entry `J=K`. An environment \
         too large to hand on gives `unable to run NAME: argument list too long`.",
    ),
    obs("ENV-08", OBSERVED, &[Processes, Files]).promises(
        "The program gets the current directory and the open descriptors that envdir was given, and nothing is left open. \
         The directory and a program name with a slash are both relative to that current directory.",
    ),
    obs("ENV-09", OBSERVED, &[Stderr, Exit]).promises(
        "The messages are `unable to switch to current directory: `, `unable to switch to directory DIR: `, `unable to read \
         directory DIR: `, `unable to switch to starting directory: ` and `out of memory`, which is also the reason why a large \
         file cannot be read. The exit code is 111, also with the usage line, `envdir: usage: envdir dir child`. The current \
         directory must be readable.",
    ),
];
