//! envdir: runs a program with variables from the files of a directory.

use crate::observe::escape;
use crate::outcome::{Failure, Outcome};
use crate::scenario::{ENVDIR, FEWER_RIGHTS, STRACE, Scenario};
use crate::world::{Command, World};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A program that prints its environment.
const SHOW: [&str; 2] = ["/bin/cat", "/proc/self/environ"];
/// The PATH of an environment that a scenario sets as a whole.
const PATH: &str = "PATH=/usr/bin:/bin";

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "envdir/sets-and-removes-variables",
        requirements: &["ENV-01"],
        uses: &[ENVDIR],
        does: "Runs a program with a directory of files that set new variables, replace old ones and remove one. Values are the \
               first lines, less the spaces at their end, with null bytes changed to newlines. Other variables stay.",
        run: |world| {
            write(
                world,
                &[
                    ("NEW", b"value\n"),
                    ("WORDS", b"two words\n"),
                    ("SPACES", b"trailing \t \t\n"),
                    ("TAB", b"a\tb\t\n"),
                    ("LINES", b"first\nsecond\nthird\n"),
                    ("NULLS", b"one\0two\0\0three\n"),
                    ("EQUAL", b"a=b=c\n"),
                    ("OLD", b"new\n"),
                    ("SAME", b"same\n"),
                    ("GONE", b""),
                    ("NEVER", b""),
                ],
            )?;
            let old = [PATH, "KEPT=kept", "OLD=old", "SAME=same", "GONE=gone", "OLDER=older", "EMPTY="];
            let entries = [
                "EMPTY=",
                "EQUAL=a=b=c",
                "KEPT=kept",
                "LINES=first",
                "NEW=value",
                "NULLS=one\\ntwo\\n\\nthree",
                "OLD=new",
                "OLDER=older",
                PATH,
                "SAME=same",
                "SPACES=trailing",
                "TAB=a\\x09b",
                "WORDS=two words",
            ];
            world.expect("the environment", environment(world, &old)?, entries.map(str::to_owned).to_vec())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "envdir/reads-first-lines",
        requirements: &["ENV-02", "ENV-01"],
        uses: &[ENVDIR],
        does: "Gives a variable first lines that are empty, blank or unfinished, with spaces, carriage returns and null bytes in \
               all places, and of great length.",
        run: |world| {
            let long = [&b"x".repeat(100_000)[..], b" \n"].concat();
            let all: Vec<u8> = (1..=255).filter(|byte| *byte != b'\n').collect();
            let many_spaces = [&b"v"[..], &b" \t".repeat(3000), b"\nrest"].concat();
            for (contents, value) in [
                (&b"\n"[..], &b""[..]),
                (b" ", b""),
                (b"\t\t \n", b""),
                (b"\nsecond\n", b""),
                (b" \nsecond", b""),
                (b"v", b"v"),
                (b"v  ", b"v"),
                (b"  v\n", b"  v"),
                (b"\tv w\tx\n", b"\tv w\tx"),
                (b"v\r\n", b"v\r"),
                (b"v \r\n", b"v \r"),
                (b"v\x0b\x0c\n", b"v\x0b\x0c"),
                (b"\0", b"\n"),
                (b"\0\n", b"\n"),
                (b"\0\0\n", b"\n\n"),
                (b"a \0 \n", b"a \n"),
                (b"a\0 \t\n", b"a\n"),
                (b"a\0b \nc\0", b"a\nb"),
                (b" \0\n", b" \n"),
                (b"=\n", b"="),
                (b"$HOME `true` \\n '\"\n", b"$HOME `true` \\n '\""),
                (&long, &long[..100_000]),
                (&many_spaces, b"v"),
                (&all, &all),
            ] {
                write(world, &[("V", contents)])?;
                let wanted = [&b"V="[..], value].concat();
                let wanted = vec![PATH.to_owned(), escape(&wanted)];
                let begin = escape(&contents[..contents.len().min(40)]);
                world.expect(&format!("the environment for {begin}"), environment(world, &[PATH, "V=old"])?, wanted)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "envdir/takes-names-as-they-are",
        requirements: &["ENV-03"],
        uses: &[ENVDIR],
        does: "Gives files odd names: those that begin with a dot are skipped, and others are variables, with spaces, digits, \
               bytes that are no letters, and `=`.",
        run: |world| {
            let long = "N".repeat(240);
            let names =
                ["lower", "0", "1st", "a b", " ", "dots.in.it", "-x", "--", "J=K", "~", "a\nb", &long].map(OsStr::new);
            let names = names.into_iter().chain([OsStr::from_bytes(b"\xff\xfe")]);
            world.files.make_directory("env")?;
            for name in [".hidden", "..twice", ".PATH", ".env"].map(OsStr::new).into_iter().chain(names.clone()) {
                world.files.write(Path::new("env").join(name), "v\n")?;
            }
            let mut wanted: Vec<String> = names.map(|name| escape(name.as_bytes()) + "=v").collect();
            wanted.extend([PATH, ".hidden=old"].map(str::to_owned));
            wanted.sort();
            world.expect("the environment", environment(world, &[PATH, ".hidden=old", "1st=old", "0=old"])?, wanted)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "envdir/exits-111-without-a-directory",
        requirements: &["ENV-04", "EXEC-06"],
        uses: &[ENVDIR],
        does: "Calls envdir with directories that are missing, files, empty names and dangling links. It exits 111 and does not \
               run the program.",
        run: |world| {
            world.files.write("file", "")?;
            world.files.link("nowhere", "dangling")?;
            world.files.link("loop", "loop")?;
            for directory in ["missing", "file", "file/", "dangling", "loop", "", "missing/env"] {
                let ran = world.command("envdir").args([directory, "sh", "-c", "echo ran >ran"]).run()?;
                world.expect(&format!("envdir {directory:?}"), ran.exit, "exit 111")?;
            }
            world.expect("the program has run", world.files.exists("ran"), false)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "envdir/reports-files-that-it-cannot-read",
        requirements: &["ENV-04b", "GEN-02", "ERR-01"],
        uses: &[ENVDIR],
        does: "Puts a directory, a socket and a link to itself among the files: `unable to read` with the reason. A FIFO that \
               nobody writes to and an empty device remove the variable, and a link to a file counts as the file.",
        run: |world| {
            write(world, &[("A", b"a\n")])?;
            let refused = |name: &str, why: &str, directory: &str| -> Outcome {
                let ran = world.command("envdir").args([directory, "sh", "-c", "echo ran >ran"]).run()?;
                let err = format!("envdir: fatal: unable to read {directory}/{name}: {why}\\n");
                world.expect(&format!("envdir {directory} with {name}"), ran.all(), ("exit 111", "", &*err))?;
                world.files.remove(format!("env/{name}"))
            };
            world.files.make_directory("env/sub")?;
            refused("sub", "is a directory", "env")?;
            world.files.make_directory("env/sub")?;
            refused("sub", "is a directory", "./env/")?;
            world.files.link(".", "env/here")?;
            refused("here", "is a directory", "env")?;
            world.files.link("loop", "env/loop")?;
            refused("loop", "symbolic link loop", "env")?;
            world.files.link("A/b", "env/in-a-file")?;
            refused("in-a-file", "not a directory", "env")?;
            let _socket = std::os::unix::net::UnixListener::bind("env/socket")
                .map_err(|error| Failure::broken(format!("cannot make a socket: {error}")))?;
            refused("socket", "device not configured", "env")?;
            world.files.make_fifo("env/fifo")?;
            let writer = std::fs::OpenOptions::new().read(true).write(true).open("env/fifo");
            refused("fifo", "temporary failure", "env")?;
            drop(writer);

            world.files.make_fifo("env/FIFO")?;
            world.files.link("/dev/null", "env/NULL")?;
            world.files.write("file", "linked \n")?;
            world.files.link("../file", "env/LINK")?;
            world.files.link(world.path("file"), "env/FAR")?;
            let found = environment(world, &[PATH, "FIFO=old", "NULL=old", "LINK=old", "KEPT=kept"])?;
            let wanted = ["A=a", "FAR=linked", "KEPT=kept", "LINK=linked", PATH];
            world.expect("the environment", found, wanted.map(str::to_owned).to_vec())?;
            world.expect("the program has run", world.files.exists("ran"), false)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "envdir/reports-what-it-may-not-read",
        requirements: &["ENV-04b", "ENV-09", "ERR-01"],
        uses: &[ENVDIR, FEWER_RIGHTS],
        does: "Takes permissions away from the current directory, from the directory and from a file: `access denied`, each with \
               words of its own.",
        run: |world| {
            write(world, &[("A", b"a\n")])?;
            world.files.make_directory("here")?;
            for (file, mode, right, what) in [
                ("env", 0o600, 0o755, "switch to directory ../env"),
                ("env", 0o300, 0o755, "read directory ../env"),
                ("env/A", 0o200, 0o644, "read ../env/A"),
                ("here", 0o300, 0o755, "switch to current directory"),
            ] {
                world.files.set_mode(file, mode)?;
                let envdir = world.bound_by_modes("envdir")?.args(["../env", "sh", "-c", "echo ran >../ran"]);
                let ran = envdir.current_directory("here").run();
                world.files.set_mode(file, right)?;
                let err = format!("envdir: fatal: unable to {what}: access denied\\n");
                world.expect(&format!("{file} with mode {mode:o}"), ran?.all(), ("exit 111", "", &*err))?;
            }
            world.expect("the program has run", world.files.exists("ran"), false)?;
            let ran = world.bound_by_modes("envdir")?.args(["env", "sh", "-c", "exit 3"]).run()?;
            world.expect("with all permissions", ran.all(), ("exit 3", "", ""))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "envdir/reports-directories-that-it-cannot-enter",
        requirements: &["ENV-09", "GEN-01", "GEN-02", "ERR-01"],
        uses: &[ENVDIR],
        does: "Calls envdir with directories that are missing, files and the like, and without operands: the words and the exit \
               code 111, also for the usage line.",
        run: |world| {
            world.files.write("file", "")?;
            world.files.link("loop", "loop")?;
            let long = "n".repeat(256);
            for (directory, why) in [
                ("missing", "file does not exist"),
                ("", "file does not exist"),
                ("file", "not a directory"),
                ("loop", "symbolic link loop"),
                (&long, "file name too long"),
                ("-x", "file does not exist"),
            ] {
                let ran = world.run("envdir", &[directory, "true"])?;
                world.expect_end(
                    &ran,
                    "exit 111",
                    &format!("envdir: fatal: unable to switch to directory {directory}: {why}"),
                )?;
            }
            world.files.make_directory("env")?;
            for arguments in [&[][..], &["env"], &["missing"], &[""]] {
                world.expect_end(&world.run("envdir", arguments)?, "exit 111", "envdir: usage: envdir dir child")?;
            }
            let message = "envdir: fatal: unable to run ./missing: file does not exist";
            world.expect_end(&world.run("envdir", &["env", "./missing"])?, "exit 111", message)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "envdir/reports-system-calls-that-fail",
        requirements: &["ENV-09", "ENV-04b", "GEN-02", "ERR-01"],
        uses: &[ENVDIR, STRACE],
        does: "Lets the system calls fail that list the directory, read a file and return to the first directory: a message each \
               and exit code 111.",
        run: |world| {
            write(world, &[("A", b"a\n")])?;
            let file = world.path("env/A").display().to_string();
            for (calls, path, err) in [
                ("?getdents,?getdents64", None, "unable to read directory env: input/output error"),
                ("read", Some(&file), "unable to read env/A: input/output error"),
                ("fchdir", None, "unable to switch to starting directory: input/output error"),
            ] {
                let (trace, inject) = (format!("trace={calls}"), format!("inject={calls}:error=EIO"));
                let mut options = vec!["-o", "/dev/null", "-e", &trace, "-e", &inject];
                options.extend(path.iter().flat_map(|path| ["-P", path.as_str()]));
                let ran = world.traced(&options, "envdir")?.args(["env", "sh", "-c", "exit 3"]).run()?;
                let err = format!("envdir: fatal: {err}\\n");
                world.expect(&format!("EIO of {calls}"), ran.all(), ("exit 111", "", &*err))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "envdir/looks-for-the-program-in-the-old-path",
        requirements: &["ENV-06"],
        uses: &[ENVDIR],
        does: "Sets and removes PATH: the program is found in the old PATH, and has the new one.",
        run: |world| {
            for (directory, code) in [("old", 1), ("new", 2)] {
                world.files.make_directory(directory)?;
                let script = format!("#!/bin/sh\n[ \"$PATH\" = \"$1\" ] && exit {code}\necho \"$PATH\"\n");
                world.files.write_script(format!("{directory}/prog"), &script)?;
            }
            for (contents, path) in [("new\n", "new"), ("/nowhere\n", "/nowhere"), ("\n", "")] {
                write(world, &[("PATH", contents.as_bytes())])?;
                let ran = world.command("envdir").env("PATH", "old").args(["env", "prog", path]).run()?;
                world.expect(&format!("with PATH={path} in the directory"), ran.all(), ("exit 1", "", ""))?;
            }
            write(world, &[("PATH", b"")])?;
            let ran = world.command("envdir").env("PATH", "old").args(["env", "prog"]).run()?;
            // Without a PATH, a shell sets one that it does not hand on.
            world.expect("with an empty file PATH", ran.exit == "exit 1" || ran.exit == "exit 0", true)?;
            let ran = world.command("envdir").env_remove("PATH").args(["env", "prog"]).run()?;
            let message = "envdir: fatal: unable to run prog: file does not exist\\n";
            world.expect("without a PATH", ran.all(), ("exit 111", "", message))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "envdir/changes-the-first-of-several-entries",
        requirements: &["ENV-07"],
        uses: &[ENVDIR],
        does: "Starts envdir with several entries of one name and with entries without `=`: it replaces or removes the first of \
               that name, and leaves the others. A file `A=B` replaces that of `A`, even if it has 0 bytes.",
        run: |world| {
            let old = [PATH, "A=1", "X", "A=2", "=empty", "A=3", "AB=4", "", "A"];
            let kept = |first: &[&str]| {
                let others = [PATH, "X", "A=2", "=empty", "A=3", "AB=4", "", "A"];
                let mut all: Vec<String> = first.iter().chain(&others).map(|&entry| entry.to_owned()).collect();
                all.sort();
                all
            };
            write(world, &[("A", b"new\n")])?;
            world.expect("after a replacement", environment(world, &old)?, kept(&["A=new"]))?;
            write(world, &[("A", b"")])?;
            world.expect("after a removal", environment(world, &old)?, kept(&[]))?;
            write(world, &[("X", b"")])?;
            world.expect("after the removal of what is not there", environment(world, &old)?, kept(&["A=1"]))?;
            write(world, &[("A=B", b"new\n")])?;
            world.expect("after a replacement by `A=B`", environment(world, &old)?, kept(&["A=B=new"]))?;
            write(world, &[("A=B", b"")])?;
            world.expect("after an empty `A=B`", environment(world, &old)?, kept(&["A=B"]))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "envdir/hands-on-large-environments",
        requirements: &["ENV-07", "ENV-01", "EXEC-06b"],
        uses: &[ENVDIR],
        does: "Reads files of a megabyte altogether and three hundred small ones, and hands them on. More than the kernel takes, at \
               once or in one value, gives `argument list too long`.",
        run: |world| {
            let value = "x".repeat(100_000);
            let write_ten = |names: std::ops::Range<i32>| {
                names.into_iter().try_for_each(|number| world.files.write(format!("env/LARGE{number}"), &value))
            };
            world.files.make_directory("env")?;
            for number in 0..300 {
                world.files.write(format!("env/SMALL{number}"), format!("{number}\n"))?;
            }
            write_ten(0..10)?;
            let script = "[ ${#LARGE0}${#LARGE9} = 100000100000 ] && [ $SMALL0$SMALL299 = 0299 ] && exit 3";
            let envdir = || world.command("envdir").args(["env", "sh", "-c", script]);
            world.expect("a megabyte", envdir().run()?.all(), ("exit 3", "", ""))?;
            let message = "envdir: fatal: unable to run sh: argument list too long\\n";
            world.files.write("env/HUGE", "x".repeat(200_000))?;
            world.expect("a value of 200 kB", envdir().run()?.all(), ("exit 111", "", message))?;
            world.files.remove("env/HUGE")?;
            world.expect("without that value", envdir().run()?.all(), ("exit 3", "", ""))?;
            write_ten(10..70)?;
            world.expect("seven megabytes", envdir().run()?.all(), ("exit 111", "", message))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "envdir/runs-out-of-memory",
        requirements: &["ENV-09"],
        uses: &[ENVDIR],
        does: "Limits the memory of envdir to less than the first line of a file needs: `out of memory` and exit code 111.",
        run: |world| {
            write(world, &[("LARGE", b"")])?;
            let file = std::fs::OpenOptions::new().write(true).open("env/LARGE");
            let extended = file.and_then(|file| file.set_len(14 << 20));
            extended.map_err(|error| Failure::broken(format!("cannot extend a file: {error}")))?;
            let envdir = world.command("envdir").after("ulimit -v 12000").args(["env", "sh", "-c", "exit 3"]);
            let ran = envdir.run()?;
            world.expect_that("its end", ran.exit == "exit 111", "exit 111", ran.all())?;
            // The original reads a file into one piece of memory, and does not tell this error from those of reading.
            let messages = ["out of memory", "unable to read env/LARGE: out of memory"];
            let messages = messages.map(|message| format!("envdir: fatal: {message}\\n"));
            world.expect_that("its message", messages.contains(&ran.err), "out of memory", &ran.err)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "envdir/returns-to-the-current-directory",
        requirements: &["ENV-08", "GEN-05"],
        uses: &[ENVDIR],
        does: "Runs programs by relative names, with relative, absolute and linked directories. Each runs in the directory where \
               envdir was called, with the descriptors that envdir was given and no others.",
        run: |world| {
            write(world, &[("A", b"a\n")])?;
            world.files.link("env", "link")?;
            world.files.make_directory("here")?;
            let absolute = world.path("env").display().to_string();
            let here = world.files.real_path("here")?;
            let program = world.service("program", "exit 0")?;
            for (number, directory) in ["../env", &absolute, "../link", "../here/../env/"].into_iter().enumerate() {
                let envdir = world.command("envdir").args([directory, "../program/run"]).current_directory("here");
                envdir.run().and_then(|ran| world.expect("envdir", ran.all(), ("exit 0", "", "")).map(drop))?;
                let (.., start) = program.until_starts(number + 1)?.remove(number);
                world.expect(&format!("the directory with {directory}"), &start.cwd, &here)?;
                world.expect("descriptors", start.descriptors.keys().copied().collect::<Vec<_>>(), vec![0, 1, 2])?;
                let is_set = start.environment.iter().any(|entry| entry == "A=a");
                world.expect("the variable is set", is_set, true)?;
            }
            // "." is a directory of variables like any other.
            write(world, &[("B", b"b\n")])?;
            let ran = world.command("envdir").current_directory("env").args([".", "sh", "-c", "echo $B"]).run()?;
            world.expect("with the current directory", ran.all(), ("exit 0", "b\\n", ""))
        },
        ..Scenario::ORDINARY
    },
];

/// Makes the directory `env` have these files and no others.
fn write(world: &World, files: &[(&str, &[u8])]) -> Outcome {
    if world.files.exists("env") {
        world.files.remove("env")?;
    }
    world.files.make_directory("env")?;
    files.iter().try_for_each(|(name, contents)| world.files.write(format!("env/{name}"), contents))
}

/// Returns the environment of a program that envdir runs with the directory `env`, sorted. `old` is envdir's own.
#[track_caller]
fn environment(world: &World, old: &[&str]) -> Result<Vec<String>, Failure> {
    let command: Command = world.command("envdir").environment(old.iter().map(OsString::from));
    let ran = command.arg("env").args(SHOW).run()?;
    world.expect("envdir", (&*ran.exit, &*ran.err), ("exit 0", ""))?;
    Ok(ran.strings())
}
