//! svc on its own: what it writes to the control FIFO, its messages and its exit codes.

use crate::observe::escape;
use crate::outcome::{Failure, Outcome};
use crate::scenario::{STRACE, SVC, Scenario};
use crate::world::{Decoy, STDERR_UNREAD, STDOUT_UNREAD, World};
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svc/client/sends-each-letter-once-in-the-order-typed",
        requirements: &["SVC-02", "OPT-01"],
        uses: &[SVC],
        does: "Reads the control FIFO itself while svc is called with every letter alone, with the combinations that \
               people type, and with letters that repeat: each comes once, where it first stood.",
        run: |world| {
            let web = world.decoy("web")?;
            let alone = "udopxchaitk".chars().map(|letter| (format!("-{letter}"), letter.to_string()));
            let together = [
                ("-dx", "dx"),
                ("-xd", "xd"),
                ("-du", "du"),
                ("-ud", "ud"),
                ("-ox", "ox"),
                ("-ux", "ux"),
                ("-pc", "pc"),
                ("-pd", "pd"),
                ("-kx", "kx"),
                ("-tk", "tk"),
                ("-d -x", "dx"),
                ("-x -d", "xd"),
                ("-dd", "d"),
                ("-d -d", "d"),
                ("-udu", "ud"),
                ("-p -c -pd -x", "pcdx"),
                ("-udopxchaitk", "udopxchaitk"),
                ("-uudopxchaitkk", "udopxchaitk"),
                ("-k -tiahcxpodu -k", "ktiahcxpodu"),
            ];
            let together = together.map(|(options, letters)| (options.to_owned(), letters.to_owned()));
            for (options, letters) in alone.chain(together) {
                let ran = world.command("svc").args(options.split(' ')).arg("web").run()?;
                world.expect(&format!("svc {options}"), ran.all(), ("exit 0", "", ""))?;
                world.expect(&format!("letters of {options}"), web.control.taken()?, letters)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/sends-all-letters-in-one-write",
        requirements: &["SVC-03"],
        uses: &[SVC],
        does: "Fills the control FIFO until it has room for one letter less than svc has to write: none goes in before \
               there is room for all.",
        run: |world| {
            let web = world.decoy("web")?;
            let letters = "udopxchaitk";
            web.control.fill(letters.len() - 1)?;
            let svc = world.command("svc").args([&format!("-{letters}"), "web"]).start()?;
            svc.until_asleep_on("supervise/control")?;
            world.expect("letters behind the filling", web.control.behind_filling()?, "")?;
            svc.expect_exit("exit 0")?;
            world.expect("letters", web.control.gulp()?, letters)?;

            // The same set-up without the want of room, to show that it is the room that svc waits for.
            web.control.fill(letters.len())?;
            let ran = world.run("svc", &[&format!("-{letters}"), "web"])?;
            world.expect("svc with room for all", ran.all(), ("exit 0", "", ""))?;
            world.expect("letters behind the filling", web.control.behind_filling()?, letters)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/waits-while-the-fifo-is-full",
        requirements: &["SVC-09"],
        uses: &[SVC],
        does: "Fills the control FIFO. svc waits, and writes its letters when the FIFO has been emptied.",
        run: |world| {
            let web = world.decoy("web")?;
            web.control.fill(0)?;
            let svc = world.command("svc").args(["-d", "web"]).start()?;
            svc.until_asleep_on("supervise/control")?;
            world.expect("letters behind the filling", web.control.behind_filling()?, "")?;
            svc.expect_exit("exit 0")?;
            world.expect("letters", web.control.taken()?, "d")?;
            world.expect("stderr", svc.err(), "")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/survives-a-reader-that-goes-away",
        requirements: &["SVC-09", "SVC-05", "SVC-05b", "GEN-06"],
        uses: &[SVC],
        does: "Lets svc wait on a full FIFO and closes the reading end: svc warns of a broken pipe, goes on with the \
               next directory and exits 0.",
        run: |world| {
            let web = world.decoy("web")?;
            let next = world.decoy("next")?;
            web.control.fill(0)?;
            let svc = world.command("svc").args(["-d", "web", "next"]).start()?;
            svc.until_asleep_on("supervise/control")?;
            drop(web);
            svc.expect_exit("exit 0")?;
            world.expect("stderr", svc.err(), "svc: warning: error writing commands to web: broken pipe\\n")?;
            world.expect("letters for the next", next.control.taken()?, "d")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/options-end-at-the-first-operand",
        requirements: &["OPT-01", "SVC-06"],
        uses: &[SVC],
        does: "Puts options after directories, `--` and `-` in all places, and directories called `-x` and `-`. What \
               follows the first operand or `--` is a directory.",
        run: |world| {
            let web = world.decoy("web")?;
            let missing = |name: &str| format!("svc: warning: unable to chdir to {name}: file does not exist\\n");
            let cases = [
                ("-p web -x", missing("-x"), "p"),
                ("web -d", missing("-d"), ""),
                ("-d web --", missing("--"), "d"),
                ("-d -- web", String::new(), "d"),
                ("-- web", String::new(), ""),
                ("-- -d web", missing("-d"), ""),
                ("-d -- -u web", missing("-u"), "d"),
                ("-d - web", missing("-"), "d"),
                ("- -d web", missing("-") + &missing("-d"), ""),
                ("-d -- -- web", missing("--"), "d"),
                // A word that begins with two dashes is taken for `--`, whatever follows.
                ("--d web", String::new(), ""),
                ("-d --x web", String::new(), "d"),
            ];
            for (arguments, err, letters) in &cases {
                expect_svc(world, &web, arguments, "exit 0", err, letters)?;
            }
            for name in ["-x", "-"] {
                let odd = world.decoy(name)?;
                for arguments in [format!("-d -- {name}"), format!("-d web {name}"), format!("-d ./{name}")] {
                    expect_svc(world, &odd, &arguments, "exit 0", "", "d")?;
                }
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/refuses-unknown-options-and-touches-nothing",
        requirements: &["SVC-01", "OPT-03"],
        uses: &[SVC],
        does: "Gives svc options that it does not know, among those that it does: a line that names the option, the \
               list, exit 100, and not a byte in the FIFO.",
        run: |world| {
            let web = world.decoy("web")?;
            let cases = [
                ("-z", 'z'),
                ("-?", '?'),
                ("-:", ':'),
                ("-U", 'U'),
                ("-1", '1'),
                ("-dz", 'z'),
                ("-zd", 'z'),
                ("-d -z", 'z'),
            ];
            for (options, letter) in cases.into_iter().chain([("-d-", '-'), ("-d-x", '-'), ("-du -qr -z", 'q')]) {
                let err = format!("svc: illegal option -- {letter}\\n{OPTIONS}");
                expect_svc(world, &web, &format!("{options} web"), "exit 100", &err, "")?;
                expect_svc(world, &web, options, "exit 100", &err, "")?;
            }
            let ran = world.command("svc").arg(OsStr::from_bytes(b"-d\xe9")).arg("web").run()?;
            let err = format!("svc: illegal option -- \\xe9\\n{OPTIONS}");
            world.expect("svc with a byte that is no ASCII", ran.all(), ("exit 100", "", err.as_str()))?;
            // The FIFO does take letters.
            expect_svc(world, &web, "-d web", "exit 0", "", "d")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/is-called-what-argv0-ends-in",
        requirements: &["OPT-03", "GEN-01"],
        uses: &[SVC],
        does: "Calls svc by a path: the line on a bad option starts with the part after the last slash.",
        run: |world| {
            for called in ["svc", "/no/such/place/svc", "./svc", "//svc"] {
                illegal_z(world, called)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/goes-by-any-name",
        requirements: &["OPT-03", "GEN-01"],
        uses: &[SVC],
        does: "Calls svc by other names, an empty one too: only the line on a bad option starts with that name, and a \
               warning still starts with `svc: `.",
        run: |world| {
            for called in ["control", "/command/control", "svc/", ""] {
                illegal_z(world, called)?;
                let ran = world.command("svc").argv0(called).args(["-d", "missing"]).run()?;
                let err = "svc: warning: unable to chdir to missing: file does not exist\\n";
                world.expect(&format!("svc, called {called:?}"), ran.all(), ("exit 0", "", err))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/without-directories-does-nothing",
        requirements: &["SVC-01"],
        uses: &[SVC],
        does: "Calls svc without directories, with and without options: exit 0, and not a word.",
        run: |world| {
            for arguments in [&[][..], &["-u"], &["-dx"], &["--"], &["-d", "--"], &["-udopxchaitk"]] {
                world.expect(&format!("svc {arguments:?}"), world.run("svc", arguments)?.all(), ("exit 0", "", ""))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/goes-on-past-directories-it-cannot-use",
        requirements: &["SVC-05", "SVC-05b", "SVC-06", "ERR-01", "GEN-02"],
        uses: &[SVC],
        does: "Gives svc every kind of directory that it cannot use, with good ones before, between and after: a \
               warning for each bad one, in order, the letter for each good one, and exit 0.",
        run: |world| pass_the_unusable(world, &["-du"], "du"),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/without-options-looks-and-writes-nothing",
        requirements: &["SVC-04"],
        uses: &[SVC],
        does: "The same directories without options: the same warnings, and nothing in the FIFOs.",
        run: |world| pass_the_unusable(world, &[], ""),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/takes-names-as-bytes",
        requirements: &["SVC-06"],
        uses: &[SVC],
        does: "Uses directories with spaces, newlines and bytes that are no UTF-8 in their names, and names of 300 and \
               4000 bytes. The good ones get their letter, the bad ones appear in the warning byte for byte.",
        run: |world| {
            let web = world.decoy("web")?;
            for name in [&b"a b"[..], b"a\nb", b"\xff\xfe", b" ", b"%s\\n", "\u{e9}t\u{e9}".as_bytes()] {
                let name = OsStr::from_bytes(name);
                world.files.link("web", name)?;
                let ran = world.command("svc").arg("-h").arg(name).run()?;
                world.expect("svc", ran.all(), ("exit 0", "", ""))?;
                world.expect("letters", web.control.taken()?, "h")?;
            }
            let longer = [&b"n".repeat(150)[..], b"/", &b"n".repeat(149)].concat();
            for name in [&b"no such\nplace\xff"[..], &longer, &b"no/".repeat(1333)] {
                let ran = world.command("svc").arg("-h").arg(OsStr::from_bytes(name)).run()?;
                let shown = escape(name);
                let err = format!("svc: warning: unable to chdir to {shown}: file does not exist\\n");
                world.expect("svc", ran.all(), ("exit 0", "", err.as_str()))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/names-are-relative-to-where-it-was-called",
        requirements: &["SVC-05", "SVC-05b", "SVC-10"],
        uses: &[SVC],
        does: "Names one service in many ways and in one call: relative, with dots, through a link, from below, and \
               from a directory that has been deleted.",
        run: |world| {
            let web = world.decoy("deep/web")?;
            world.files.make_directory("deep/below")?;
            world.files.link("../web", "deep/below/link")?;
            let full = world.path("deep/web").display().to_string();
            let names = ["deep/web", "deep/web/", "./deep/../deep/web", "deep/below/link", &full];
            let ran = world.command("svc").arg("-a").args(names).run()?;
            world.expect("svc", ran.all(), ("exit 0", "", ""))?;
            world.expect("letters", web.control.taken()?, "aaaaa")?;

            let ran = world
                .command("svc")
                .current_directory("deep/below")
                .args(["-i", "../web", "link", ".", "link"])
                .run()?;
            let err = "svc: warning: unable to control .: file does not exist\\n";
            world.expect("svc from another directory", ran.all(), ("exit 0", "", err))?;
            world.expect("letters", web.control.taken()?, "iii")?;

            let ran = world.command("svc").current_directory("deep/web").args(["-c", "."]).run()?;
            world.expect("svc in the service itself", ran.all(), ("exit 0", "", ""))?;
            world.expect("letters", web.control.taken()?, "c")?;

            let script = "mkdir gone && cd gone && rmdir ../gone && exec \"$@\"";
            let svc = world.commands().join("svc");
            let ran =
                world.program("/bin/sh").args(["-c", script, "sh"]).arg(svc).args(["-t", &full, "web", &full]).run()?;
            let err = "svc: warning: unable to chdir to web: file does not exist\\n";
            world.expect("svc from a deleted directory", ran.all(), ("exit 0", "", err))?;
            world.expect("letters", web.control.taken()?, "tt")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/overwrites-a-regular-file",
        requirements: &["SVC-07"],
        uses: &[SVC],
        does: "Has a regular file as control: its first bytes are overwritten and the others stay.",
        run: |world| {
            world.files.make_directory("web/supervise")?;
            let control = "web/supervise/control";
            for (before, options, after) in [("abcdefgh", "-ud", "udcdefgh"), ("", "-t", "t"), ("a", "-x", "x")] {
                world.files.write(control, before)?;
                world.expect("svc", world.run("svc", &[options, "web"])?.all(), ("exit 0", "", ""))?;
                world.expect(&format!("{before:?} after {options}"), world.files.read(control), after)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/warns-of-a-write-that-fails",
        requirements: &["SVC-05", "SVC-05b", "SVC-06"],
        uses: &[SVC],
        does: "Has a link to /dev/full as control: `error writing commands`, and the next directory gets its letter.",
        run: |world| {
            let next = world.decoy("next")?;
            world.files.make_directory("web/supervise")?;
            world.files.link("/dev/full", "web/supervise/control")?;
            let err = "svc: warning: error writing commands to web: out of disk space\\n";
            expect_svc(world, &next, "-d web next", "exit 0", err, "d")?;
            // Nothing to write, nothing to fail.
            expect_svc(world, &next, "web next", "exit 0", "", "")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/needs-no-stderr",
        requirements: &["SVC-11", "GEN-03", "GEN-06"],
        uses: &[SVC],
        does: "Closes the standard descriptors, or has stderr full or unread, with SIGPIPE ignored or not: the letters \
               go out past a warning that cannot, and the exit codes stay.",
        run: |world| {
            let web = world.decoy("web")?;
            world.files.make_fifo("pipe")?;
            for redirections in ["2>&-", "<&- >&- 2>&-", ">&-", "<&-", "2>/dev/full", STDERR_UNREAD, STDOUT_UNREAD] {
                for ignored in [false, true] {
                    let svc = |arguments: &[&str]| {
                        let command = world.redirected(redirections, "svc").args(arguments);
                        if ignored { command.ignored("PIPE").run() } else { command.run() }
                    };
                    let circumstances = format!("with {redirections:?}, SIGPIPE ignored: {ignored}");
                    world.expect(&circumstances, svc(&["-d", "missing", "web", "bad", "web"])?.exit, "exit 0")?;
                    world.expect("letters", web.control.taken()?, "dd")?;
                    world.expect(&circumstances, svc(&["-dz", "web"])?.exit, "exit 100")?;
                    world.expect("letters", web.control.taken()?, "")?;
                }
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/says-each-thing-in-one-write",
        requirements: &["GEN-03"],
        uses: &[SVC],
        does: "Has as stderr a FIFO with room for one byte less than a warning: nothing of it goes in before all of it \
               can.",
        run: |world| {
            let longest = format!("{}/{}", "n".repeat(150), "n".repeat(50));
            let warning = |name: &str| format!("svc: warning: unable to chdir to {name}: file does not exist\n");
            world.expect("length of the longest", warning(&longest).len(), 256)?;
            let stderr = world.fifo("stderr")?;
            for name in ["missing", &longest] {
                stderr.fill(warning(name).len() - 1)?;
                let svc = world.command("svc").args(["-d", name]).errors("stderr").start()?;
                svc.until_asleep_on("/stderr")?;
                world.expect("said behind the filling", stderr.behind_filling()?, "")?;
                svc.expect_exit("exit 0")?;
                world.expect("said", stderr.taken()?, warning(name).replace('\n', "\\n"))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/permission-denied-is-access-denied",
        requirements: &["SVC-06", "ERR-01"],
        uses: &[SVC],
        does: "Takes permissions away from the directory, from `supervise` and from the FIFO, one at a time.",
        run: |world| {
            let web = world.decoy("web")?;
            let svc = || world.bound_by_modes("svc")?.args(["-d", "web"]).run();
            for (file, mode, right, act) in [
                ("web", 0o600, 0o755, "chdir to"),
                ("web/supervise", 0o600, 0o755, "control"),
                ("web/supervise/control", 0o400, 0o600, "control"),
            ] {
                world.files.set_mode(file, mode)?;
                let ran = svc()?;
                world.files.set_mode(file, right)?;
                let err = format!("svc: warning: unable to {act} web: access denied\\n");
                world.expect(&format!("{file} with mode {mode:o}"), ran.all(), ("exit 0", "", err.as_str()))?;
            }
            world.expect("letters", web.control.taken()?, "")?;
            world.expect("all permitted", svc()?.all(), ("exit 0", "", ""))?;
            world.expect("letters", web.control.taken()?, "d")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/needs-to-read-the-current-directory",
        requirements: &["SVC-10", "GEN-01"],
        uses: &[SVC],
        does: "Calls svc in a directory that it may enter and not read: fatal, exit 111, and not a byte in the FIFO.",
        run: |world| {
            let web = world.decoy("web")?;
            world.files.make_directory("dark")?;
            let svc = |mode: u32| {
                world.files.set_mode("dark", mode)?;
                let ran = world.bound_by_modes("svc")?.current_directory("dark").args(["-d", "../web"]).run();
                world.files.set_mode("dark", 0o755)?;
                ran
            };
            let err = "svc: fatal: unable to open current directory: access denied\\n";
            world.expect("svc in a directory of mode 0311", svc(0o311)?.all(), ("exit 111", "", err))?;
            world.expect("letters", web.control.taken()?, "")?;
            world.expect("svc in a directory of mode 0511", svc(0o511)?.all(), ("exit 0", "", ""))?;
            world.expect("letters", web.control.taken()?, "d")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/ends-when-it-cannot-go-back",
        requirements: &["SVC-05", "SVC-05b", "GEN-01"],
        uses: &[SVC, STRACE],
        does: "Lets the return to the first directory fail after the first of two services: fatal, exit 111.",
        run: |world| {
            let web = world.decoy("web")?;
            let options = ["-o", "/dev/null", "-e", "inject=fchdir:error=EIO:when=1"];
            let ran = world.traced(&options, "svc")?.args(["-d", "web", "web"]).run()?;
            let err = "svc: fatal: unable to set directory: input/output error\\n";
            world.expect("svc", ran.all(), ("exit 111", "", err))?;
            world.expect("letters", web.control.taken()?, "d")
        },
        ..Scenario::ORDINARY
    },
];

/// The second line of the answer to a bad option.
const OPTIONS: &str = "svc options: u up, d down, o once, x exit, p pause, c continue, h hup, a alarm, i interrupt, \
                       t term, k kill\\n";

/// Runs svc with `arguments`, which spaces part, and expects how it ends, what it says, and what comes to `web`.
fn expect_svc(world: &World, web: &Decoy, arguments: &str, exit: &str, err: &str, letters: &str) -> Outcome {
    let ran = world.command("svc").args(arguments.split(' ')).run()?;
    world.expect(&format!("svc {arguments}"), ran.all(), (exit, "", err))?;
    world.expect("letters", web.control.taken()?, letters)
}

fn illegal_z(world: &World, called: &str) -> Outcome {
    let ran = world.command("svc").argv0(called).args(["-z", "missing"]).run()?;
    let name = called.rsplit('/').next().unwrap_or_default();
    let err = format!("{name}: illegal option -- z\\n{OPTIONS}");
    world.expect(&format!("svc, called {called:?}, with -z"), ran.all(), ("exit 100", "", err.as_str()))
}

/// Names of directories that svc cannot use, with what it is unable to do and why.
fn unusable(world: &World) -> Result<Vec<(String, &'static str, &'static str)>, Failure> {
    world.make_crooked()?;
    let long = "n".repeat(256);
    let cases = [
        ("", "chdir to", "file does not exist"),
        ("missing", "chdir to", "file does not exist"),
        ("missing/", "chdir to", "file does not exist"),
        ("./missing", "chdir to", "file does not exist"),
        ("file", "chdir to", "not a directory"),
        ("file/", "chdir to", "not a directory"),
        ("circle", "chdir to", "symbolic link loop"),
        ("dangling", "chdir to", "file does not exist"),
        (&long, "chdir to", "file name too long"),
        ("bare", "control", "file does not exist"),
        ("./bare//", "control", "file does not exist"),
        ("unread", "control", "supervise not running"),
        ("directories", "control", "is a directory"),
        ("filed", "control", "not a directory"),
        ("circled", "control", "symbolic link loop"),
        ("circles", "control", "symbolic link loop"),
        ("sockets", "control", "supervise not running"),
    ];
    Ok(cases.map(|(name, act, why)| (name.to_owned(), act, why)).into())
}

/// Runs svc on all unusable directories with usable ones in between, which get `letters`.
fn pass_the_unusable(world: &World, options: &[&str], letters: &str) -> Outcome {
    let cases = unusable(world)?;
    let names = ["first", "between", "last"];
    let decoys: Vec<Decoy> = names.iter().map(|name| world.decoy(name)).collect::<Result<_, _>>()?;
    let mut arguments: Vec<&str> = cases.iter().map(|(name, _, _)| name.as_str()).collect();
    for (at, name) in [0, arguments.len() / 2, arguments.len() + 2].into_iter().zip(names) {
        arguments.insert(at, name);
    }
    let ran = world.command("svc").args(options).args(arguments).run()?;
    let err = |(name, act, why): &(String, &str, &str)| format!("svc: warning: unable to {act} {name}: {why}\\n");
    let err: String = cases.iter().map(err).collect();
    world.expect("warnings", ran.all(), ("exit 0", "", err.as_str()))?;
    for decoy in &decoys {
        world.expect(&format!("letters for {}", decoy.service.name), decoy.control.taken()?, letters)?;
    }
    Ok(())
}
