//! svc itself: its options, what it writes to the control FIFO, its messages and its exit codes.

use crate::observe::escape;
use crate::outcome::{Failure, Outcome};
use crate::scenario::{FEWER_RIGHTS, STRACE, SUPERVISE, SVC, SVOK, SVSTAT, Scenario};
use crate::world::{Decoy, STDERR_UNREAD, STDOUT_UNREAD, Service, World};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svc/client/sends-each-letter-once-in-the-order-typed",
        requirements: &["SVC-02", "OPT-01"],
        uses: &[SVC],
        does: "Calls svc with every letter alone, with the combinations that people type, and with letters that repeat. Each \
               letter arrives in the control FIFO once, in the order of its first occurrence.",
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
        does: "Fills the control FIFO until it has room for one letter less than svc has to write. No letter goes in before \
               all of them fit.",
        run: |world| {
            let web = world.decoy("web")?;
            let letters = "udopxchaitk";
            web.control.fill(letters.len() - 1)?;
            let svc = world.command("svc").args([&format!("-{letters}"), "web"]).start()?;
            svc.until_asleep_on("supervise/control")?;
            world.expect("letters behind the filling", web.control.behind_filling()?, "")?;
            svc.expect_exit("exit 0")?;
            world.expect("letters", web.control.gulp()?, letters)?;

            // With room for one letter more svc does not wait, so it was the room that it waited for.
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
        does: "Fills the control FIFO. svc waits, and writes its letters once the FIFO has been emptied.",
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
        requirements: &["SVC-09", "SVC-05b", "GEN-06"],
        uses: &[SVC],
        does: "Lets svc wait on a full FIFO and closes the reading end. svc warns of a broken pipe, goes on with the next \
               directory and exits 0.",
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
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Puts options after directories, `--` and `-` in all places, and gives a service the names `-x` and `-`. Whatever \
               follows the first operand or `--` is a directory, and only the options before it reach the service.",
        run: |world| {
            let web = surviving_service(world)?;
            let missing = |name: &str| format!("svc: warning: unable to chdir to {name}: file does not exist\\n");
            let mut signals = vec![];
            for (arguments, err, gets) in [
                ("-h web -x", missing("-x"), "HUP"),
                ("web -a", missing("-a"), ""),
                ("-i web --", missing("--"), "INT"),
                ("-h -- web", String::new(), "HUP"),
                ("-- web", String::new(), ""),
                ("-- -a web", missing("-a"), ""),
                ("-i -- -a web", missing("-a"), "INT"),
                ("-h - web", missing("-"), "HUP"),
                ("- -a web", missing("-") + &missing("-a"), ""),
                ("-i -- -- web", missing("--"), "INT"),
                // A word that begins with two dashes is taken for `--`, whatever follows.
                ("--a web", String::new(), ""),
                ("-h --a web", String::new(), "HUP"),
            ] {
                expect_signal(world, &web, arguments, &err, gets, &mut signals)?;
            }
            for name in ["-x", "-"] {
                world.files.link("web", name)?;
                for (arguments, gets) in
                    [(format!("-a -- {name}"), "ALRM"), (format!("-h ./{name}"), "HUP"), (format!("./web {name}"), "")]
                {
                    expect_signal(world, &web, &arguments, "", gets, &mut signals)?;
                }
            }
            // Nothing else arrives before this.
            expect_signal(world, &web, "-a web", "", "ALRM", &mut signals)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/refuses-unknown-options-and-touches-nothing",
        requirements: &["SVC-01", "OPT-03"],
        uses: &[SVC],
        does: "Gives svc unknown options among known ones. It prints a line that names the option and the list of options, \
               exits 100, and writes nothing to the FIFO.",
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
            world.expect("svc with an option that is not ASCII", ran.all(), ("exit 100", "", err.as_str()))?;
            // The FIFO accepts letters, so nothing but svc kept it empty.
            expect_svc(world, &web, "-d web", "exit 0", "", "d")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/without-directories-does-nothing",
        requirements: &["SVC-01"],
        uses: &[SVC],
        does: "Calls svc without directories, with and without options. It exits 0 and prints nothing.",
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
        requirements: &["SVC-05b", "SVC-06", "ERR-01", "GEN-02"],
        uses: &[SVC],
        does: "Gives svc every kind of directory that it cannot use, each followed by a good one. It warns of each bad one, in \
               order, sends all letters to each good one, and exits 0.",
        run: |world| pass_the_unusable(world, &["-du"], "du"),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/without-options-looks-and-writes-nothing",
        requirements: &["SVC-04"],
        uses: &[SVC],
        does: "Gives svc the same directories without options. It prints the same warnings and writes nothing to the FIFOs.",
        run: |world| pass_the_unusable(world, &[], ""),
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/takes-names-as-bytes",
        requirements: &["SVC-06"],
        uses: &[SVC],
        does: "Names directories with blanks, newlines and bytes that are not UTF-8, and in 300 and 4000 bytes. A good one gets \
               its letter, and the warning of a bad one repeats the name byte for byte.",
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
        requirements: &["SVC-05b", "SVC-10"],
        uses: &[SVC],
        does: "Names one service in many ways in one call: relative, with dots, through a link, from below, and from a \
               directory that has been deleted.",
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
            world.expect("svc in the service directory", ran.all(), ("exit 0", "", ""))?;
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
        does: "Puts a regular file in the place of the control FIFO. svc overwrites its first bytes and leaves the rest.",
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
        requirements: &["SVC-05b", "GEN-02", "ERR-01"],
        uses: &[SVC],
        does: "Puts a link to /dev/full in the place of the control FIFO. svc warns of an error in writing, and the next \
               directory gets its letter.",
        run: |world| {
            let next = world.decoy("next")?;
            world.files.make_directory("web/supervise")?;
            world.files.link("/dev/full", "web/supervise/control")?;
            let err = "svc: warning: error writing commands to web: out of disk space\\n";
            expect_svc(world, &next, "-d web next", "exit 0", err, "d")?;
            // Without letters nothing is written, so nothing fails.
            expect_svc(world, &next, "web next", "exit 0", "", "")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/sends-past-a-warning-that-it-cannot-print",
        requirements: &["SVC-11", "GEN-03", "GEN-06"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Closes the standard descriptors of svc, or makes stderr full or unread, with SIGPIPE ignored or not. The service \
               behind a directory that fails gets its signals all the same, and the exit codes stay as they are.",
        run: |world| {
            let web = surviving_service(world)?;
            let mut signals = vec![];
            world.files.make_fifo("pipe")?;
            for redirections in ["2>&-", "<&- >&- 2>&-", ">&-", "<&-", "2>/dev/full", STDERR_UNREAD, STDOUT_UNREAD] {
                for is_ignored in [false, true] {
                    let svc = |arguments: &[&str]| {
                        let command = world.redirected(redirections, "svc").args(arguments);
                        if is_ignored { command.ignored("PIPE").run() } else { command.run() }
                    };
                    let circumstances = format!("with {redirections:?}, SIGPIPE ignored: {is_ignored}");
                    world.expect(&circumstances, svc(&["-az", "web"])?.exit, "exit 100")?;
                    world.expect(&circumstances, svc(&["-h", "missing", "web", "bad"])?.exit, "exit 0")?;
                    signals.push("HUP");
                    web.until_signals(&signals)?;
                }
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/permission-denied-is-access-denied",
        requirements: &["SVC-06", "ERR-01"],
        uses: &[SVC, FEWER_RIGHTS],
        does: "Takes permissions away from the directory, from `supervise` and from the FIFO, one at a time. Each time svc \
               warns `access denied`.",
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
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT, FEWER_RIGHTS],
        does: "Calls svc in a directory that it may enter but not read. That is fatal with exit code 111, and the service gets \
               no signal.",
        run: |world| {
            let web = surviving_service(world)?;
            world.files.make_directory("dark")?;
            let svc = |mode: u32, option: &str| {
                world.files.set_mode("dark", mode)?;
                let ran = world.bound_by_modes("svc")?.current_directory("dark").args([option, "../web"]).run();
                world.files.set_mode("dark", 0o755)?;
                ran
            };
            let err = "svc: fatal: unable to open current directory: access denied\\n";
            world.expect("svc in a directory of mode 0311", svc(0o311, "-a")?.all(), ("exit 111", "", err))?;
            world.expect("svc in a directory of mode 0511", svc(0o511, "-h")?.all(), ("exit 0", "", ""))?;
            web.until_signals(&["HUP"])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svc/client/ends-when-it-cannot-go-back",
        requirements: &["SVC-05b", "GEN-01"],
        uses: &[SVC, STRACE],
        does: "Makes the return to the first directory fail after a directory without `supervise`. That is fatal with exit \
               code 111, and the service after it gets no letter.",
        run: |world| {
            let web = world.decoy("web")?;
            world.files.make_directory("bare")?;
            let options = ["-o", "/dev/null", "-e", "inject=fchdir:error=EIO:when=1"];
            let ran = world.traced(&options, "svc")?.args(["-d", "bare", "web"]).run()?;
            let err = "svc: warning: unable to control bare: file does not exist\\n\
                       svc: fatal: unable to set directory: input/output error\\n";
            world.expect("svc", ran.all(), ("exit 111", "", err))?;
            world.expect("letters", web.control.taken()?, "")
        },
        ..Scenario::ORDINARY
    },
];

/// What svc prints below the line about an unknown option.
const OPTIONS: &str = "svc options: u up, d down, o once, x exit, p pause, c continue, h hup, a alarm, i interrupt, \
                       t term, k kill\\n";

/// Runs svc with `arguments`, separated by spaces, and expects its exit, its stderr, and the letters that reach `web`.
#[track_caller]
fn expect_svc(world: &World, web: &Decoy, arguments: &str, exit: &str, err: &str, letters: &str) -> Outcome {
    let ran = world.command("svc").args(arguments.split(' ')).run()?;
    world.expect(&format!("svc {arguments}"), ran.all(), (exit, "", err))?;
    world.expect("letters", web.control.taken()?, letters)
}

/// Starts a service that survives HUP, ALRM and INT.
fn surviving_service(world: &World) -> Result<Service, Failure> {
    let web = world.service("web", "survive HUP ALRM INT")?;
    web.supervise()?;
    Ok(web)
}

/// Runs svc with `arguments`, separated by spaces, and expects exit code 0, its stderr, and that `web` gets the signal
/// `gets`, if it is not empty, after `signals`.
#[track_caller]
fn expect_signal<'s>(
    world: &World,
    web: &Service,
    arguments: &str,
    err: &str,
    gets: &'s str,
    signals: &mut Vec<&'s str>,
) -> Outcome {
    let ran = world.command("svc").args(arguments.split(' ')).run()?;
    world.expect(&format!("svc {arguments}"), ran.all(), ("exit 0", "", err))?;
    if !gets.is_empty() {
        signals.push(gets);
    }
    web.until_signals(signals)
}

/// Directories that svc cannot use, each with what it fails to do and why. For those that [`World::make_crooked`] makes.
const UNUSABLE: &[(&str, &str, &str)] = &[
    ("", "unable to chdir to", "file does not exist"),
    ("missing", "unable to chdir to", "file does not exist"),
    ("missing/", "unable to chdir to", "file does not exist"),
    ("./missing", "unable to chdir to", "file does not exist"),
    ("file", "unable to chdir to", "not a directory"),
    ("file/", "unable to chdir to", "not a directory"),
    ("circle", "unable to chdir to", "symbolic link loop"),
    ("dangling", "unable to chdir to", "file does not exist"),
    (TOO_LONG, "unable to chdir to", "file name too long"),
    ("bare", "unable to control", "file does not exist"),
    ("./bare//", "unable to control", "file does not exist"),
    ("unread", "unable to control", "supervise not running"),
    ("directories", "unable to control", "is a directory"),
    ("filed", "unable to control", "not a directory"),
    ("circled", "unable to control", "symbolic link loop"),
    ("circles", "unable to control", "symbolic link loop"),
    ("sockets", "unable to control", "supervise not running"),
];

/// A name one byte longer than a file can have.
const TOO_LONG: &str = match str::from_utf8(&[b'n'; 256]) {
    Ok(name) => name,
    Err(_) => "",
};

/// Runs svc on all unusable directories, first each followed by a usable one, then one after the other, and expects the
/// usable ones to get `letters` each time: no directory has an effect on the next.
fn pass_the_unusable(world: &World, options: &[&str], letters: &str) -> Outcome {
    world.make_crooked()?;
    let (good, other) = (world.decoy("good")?, world.decoy("other")?);
    let mut arguments = vec!["good", "other", "good"];
    for (name, ..) in UNUSABLE {
        arguments.extend([name, "other"]);
    }
    arguments.extend(UNUSABLE.iter().map(|(name, ..)| name));
    arguments.push("good");
    let ran = world.command("svc").args(options).args(&arguments).run()?;
    let err = |(name, act, why): &(&str, &str, &str)| format!("svc: warning: {act} {name}: {why}\\n");
    let err = UNUSABLE.iter().map(err).collect::<String>().repeat(2);
    world.expect("svc", ran.all(), ("exit 0", "", err.as_str()))?;
    for (name, decoy) in [("good", &good), ("other", &other)] {
        let count = arguments.iter().filter(|argument| **argument == name).count();
        world.expect(&format!("letters for {name}"), decoy.control.taken()?, letters.repeat(count))?;
    }
    Ok(())
}
