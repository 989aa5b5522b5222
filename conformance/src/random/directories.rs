//! Service directories as a client may find them, for the cases of svc, svok and svstat.

use crate::outcome::{Failure, Outcome};
use crate::world::{Fifo, World};
use proptest::prelude::*;
use proptest::sample::select;

/// Names of directories: two that are supervised, one whose FIFOs nobody reads, one without `supervise`, a file, and nothing.
/// What a name begins with, such as `./`, and ends with, such as a slash, is free.
pub(super) const GOOD: [&str; 2] = ["good", "other"];
const UNREAD: &str = "unread";
const BARE: &str = "bare";
const FILE: &str = "file";

/// The FIFOs of the directories that are supervised, held open.
pub(super) struct Held {
    /// `supervise/control` of each of [`GOOD`].
    pub(super) controls: Vec<Fifo>,
    /// `supervise/ok` of each.
    _oks: Vec<Fifo>,
}

/// Makes the directories below `name`.
pub(super) fn made(world: &World, name: &str) -> Result<Held, Failure> {
    let files = &world.files;
    let mut held = Held { controls: vec![], _oks: vec![] };
    for directory in GOOD.into_iter().chain([UNREAD]) {
        files.make_directory(format!("{name}/{directory}/supervise"))?;
        let fifo = |file: &str| format!("{name}/{directory}/supervise/{file}");
        if directory == UNREAD {
            ["control", "ok"].into_iter().try_for_each(|file| files.make_fifo(fifo(file)))?;
        } else {
            held.controls.push(world.fifo(&fifo("control"))?);
            held._oks.push(world.fifo(&fifo("ok"))?);
        }
    }
    files.make_directory(format!("{name}/{BARE}"))?;
    files.write(format!("{name}/{FILE}"), "").map(|()| held)
}

/// Generates an argument.
pub(super) fn argument() -> impl Strategy<Value = String> {
    let name = select(vec![GOOD[0], GOOD[0], GOOD[1], GOOD[1], UNREAD, BARE, FILE, "missing", "", "-", "."]);
    (name, 0_u8..12).prop_map(|(name, form)| match form {
        _ if ["", "-", "."].contains(&name) => name.to_owned(),
        0 => format!("./{name}"),
        1 => format!("{name}/"),
        2 => format!(".//{name}//"),
        3 => format!("{BARE}/../{name}"),
        _ => name.to_owned(),
    })
}

/// What a client finds in the place of a directory.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A supervise: the number in [`GOOD`].
    Supervised(usize),
    /// FIFOs without a reader.
    Unread,
    /// No `supervise`.
    Bare,
    /// Nothing that can be entered, and the phrase for the error.
    Nothing(&'static str),
}

/// Returns what is in the place that `argument` names.
pub(super) fn found(argument: &str) -> Found {
    let inner = argument.strip_prefix(&format!("{BARE}/../")).unwrap_or(argument);
    let name = inner.trim_start_matches("./").trim_matches('/');
    match name {
        UNREAD => Found::Unread,
        BARE => Found::Bare,
        FILE => Found::Nothing("not a directory"),
        // The current directory has no `supervise` either.
        "." if inner == "." => Found::Bare,
        "" if inner == "." => Found::Bare,
        name => {
            GOOD.iter().position(|good| *good == name).map_or(Found::Nothing("file does not exist"), Found::Supervised)
        }
    }
}

/// Fails unless every FIFO of `held` is empty or has what `wanted` says.
pub(super) fn expect_written(world: &World, held: &Held, wanted: &[String; 2]) -> Outcome {
    for (index, control) in held.controls.iter().enumerate() {
        world.expect(&format!("letters for {}", GOOD[index]), control.taken()?, wanted[index].clone())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_be_written_in_several_ways() {
        for argument in ["other", "./other", "other/", ".//other//", "bare/../other"] {
            assert_eq!(found(argument), Found::Supervised(1), "{argument}");
        }
        assert_eq!((found("."), found("bare/")), (Found::Bare, Found::Bare));
        assert_eq!(found("file/"), Found::Nothing("not a directory"));
        for argument in ["", "-", "missing", "-d"] {
            assert_eq!(found(argument), Found::Nothing("file does not exist"), "{argument}");
        }
    }
}
