//! envdir dir child...: runs `child` with variables from the files in `dir`.

use crate::environment::Environment;
use crate::program::{Exit, Program, parts};
use crate::sys::argv::Args;
use crate::sys::directory::{self, WorkingDirectory};
use crate::sys::open;
use std::env;
use std::ffi::OsStr;
use std::io::{self, ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;

const ENVDIR: Program = Program("envdir");
/// The exit code of a usage error: only that of envdir is not 100.
const USAGE: u8 = 111;

pub(crate) fn run(args: Args) -> Result<(), Exit> {
    let argv = args.all();
    let usage = || ENVDIR.usage("envdir dir child").with_code(USAGE);
    let [_, directory, command @ ..] = &argv[..] else { return Err(usage()) };
    if command.is_empty() {
        return Err(usage());
    }
    let origin = WorkingDirectory::open().map_err(ENVDIR.fatal(parts!("unable to switch to current directory")))?;
    env::set_current_dir(directory).map_err(ENVDIR.fatal(parts!("unable to switch to directory ", directory)))?;
    let mut environment = Environment::inherited();
    add_variables(&mut environment, directory)?;
    origin.enter().map_err(ENVDIR.fatal(parts!("unable to switch to starting directory")))?;
    // The child is looked for with the old PATH (ENV-06).
    Err(ENVDIR.run(command, &environment.entries()))
}

/// Sets or removes a variable for each file in the current directory, which messages call `directory` (ENV-01 to 04).
fn add_variables(environment: &mut Environment, directory: &OsStr) -> Result<(), Exit> {
    let unable_to_read = |error| ENVDIR.fatal(parts!("unable to read directory ", directory))(error);
    for name in directory::names(".").map_err(unable_to_read)? {
        if name.as_bytes().starts_with(b".") {
            continue;
        }
        let contents = contents(&name).map_err(ENVDIR.fatal(parts!("unable to read ", directory, "/", &name)))?;
        environment.set(name.as_bytes(), value(&contents).as_deref());
    }
    Ok(())
}

/// Returns the contents of a file. A link that leads nowhere is empty.
fn contents(name: &OsStr) -> io::Result<Vec<u8>> {
    let mut contents = vec![];
    match open::read(name) {
        Ok(mut file) => file.read_to_end(&mut contents)?,
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    Ok(contents)
}

/// Returns the value in a file: its first line without blanks at the end, and with a newline for each NUL. `None` if the
/// file is empty: the variable is removed (ENV-01, 02).
fn value(contents: &[u8]) -> Option<Vec<u8>> {
    if contents.is_empty() {
        return None;
    }
    let line = contents.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let end = line.iter().rposition(|byte| !b" \t".contains(byte)).map_or(0, |last| last + 1);
    Some(line[..end].iter().map(|&byte| if byte == 0 { b'\n' } else { byte }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the original makes of these files (ENV-01, 02).
    #[test]
    fn a_value_is_the_first_line_without_blanks_at_its_end() {
        for (contents, expected) in [
            (&b""[..], None),
            (b"\n", Some(&b""[..])),
            (b" \t \n", Some(b"")),
            (b"\nsecond", Some(b"")),
            (b"value", Some(b"value")),
            (b"  two words \t\nsecond\n", Some(b"  two words")),
            (b"a\r\n", Some(b"a\r")),
            (b"a \0 \n", Some(b"a \n")),
            (b"\0", Some(b"\n")),
        ] {
            assert_eq!(value(contents).as_deref(), expected, "{}", contents.escape_ascii());
        }
    }
}
