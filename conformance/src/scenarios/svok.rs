//! svok: is supervise running?

use crate::scenario::{SUPERVISE, SVOK, Scenario};
use crate::world::STDERR_UNREAD;
use nix::sys::signal::Signal;
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svok/tells-whether-supervise-runs",
        requirements: &["OK-01"],
        uses: &[SVOK, SUPERVISE],
        does: "Asks svok before, during and after the life of a supervise, and again for one that was killed: 100, 0, \
               100, and never a word.",
        run: |world| {
            let web = world.service("web", "")?;
            world.files.write("web/down", "")?;
            let expect = |exit: &str| world.expect("svok", world.run("svok", &["web"])?.all(), (exit, "", ""));
            expect("exit 100")?;
            for signal in [None, Some(Signal::SIGKILL)] {
                let supervise = web.supervise()?;
                expect("exit 0")?;
                match signal {
                    Some(signal) => drop(supervise.kill(signal)?),
                    None => {
                        web.control()?.send("x")?;
                        supervise.expect_exit("exit 0")?;
                    }
                }
                expect("exit 100")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svok/looks-for-a-reader-of-ok",
        requirements: &["OK-01", "OK-01b", "OK-02", "OK-03", "ERR-01", "GEN-02"],
        uses: &[SVOK],
        does: "Has every kind of directory and `ok`: 0 with a reader or a file, 100 without `ok` or reader, 111 with a \
               message for all else.",
        run: |world| {
            let web = world.decoy("web")?;
            world.make_crooked()?;
            let long = "n".repeat(256);
            for (name, exit, err) in [
                ("web", "exit 0", ""),
                ("web/", "exit 0", ""),
                ("files", "exit 0", ""),
                ("unread", "exit 100", ""),
                ("sockets", "exit 100", ""),
                ("bare", "exit 100", ""),
                ("", "exit 111", "unable to chdir to : file does not exist"),
                ("missing", "exit 111", "unable to chdir to missing: file does not exist"),
                ("./missing/", "exit 111", "unable to chdir to ./missing/: file does not exist"),
                ("dangling", "exit 111", "unable to chdir to dangling: file does not exist"),
                ("file", "exit 111", "unable to chdir to file: not a directory"),
                ("circle", "exit 111", "unable to chdir to circle: symbolic link loop"),
                (&long, "exit 111", &format!("unable to chdir to {long}: file name too long")),
                ("directories", "exit 111", "unable to open directories/supervise/ok: is a directory"),
                ("filed", "exit 111", "unable to open filed/supervise/ok: not a directory"),
                ("circled", "exit 111", "unable to open circled/supervise/ok: symbolic link loop"),
                ("circles/", "exit 111", "unable to open circles//supervise/ok: symbolic link loop"),
            ] {
                let err = if err.is_empty() { String::new() } else { format!("svok: fatal: {err}\\n") };
                let ran = world.run("svok", &[name])?;
                world.expect(&format!("svok {name}"), ran.all(), (exit, "", err.as_str()))?;
            }
            // It writes nothing into what it opens.
            world.expect("bytes in ok", web.ok.taken()?, "")?;
            world.expect("bytes in control", web.control.taken()?, "")?;
            world.expect("a regular ok", world.files.read("files/supervise/ok"), "abcdefgh")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svok/takes-one-argument-as-it-is",
        requirements: &["OK-03", "GEN-04", "GEN-01"],
        uses: &[SVOK],
        does: "Calls svok without arguments, with too many, and with names that look like options or are no UTF-8.",
        run: |world| {
            let _web = world.decoy("web")?;
            let usage = ("exit 100", "", "svok: usage: svok dir\\n");
            world.expect("svok", world.run("svok", &[])?.all(), usage)?;
            for called in ["/no/such/place/svok", "./svok"] {
                let ran = world.command("svok").argv0(called).run()?;
                world.expect(&format!("svok called {called}"), ran.all(), usage)?;
            }
            let missing = ("exit 111", "", "svok: fatal: unable to chdir to missing: file does not exist\\n");
            for (arguments, wanted) in [
                (&["web", "missing"][..], ("exit 0", "", "")),
                (&["web", "", "-x"], ("exit 0", "", "")),
                (&["missing", "web"], missing),
                (&["--", "web"], ("exit 111", "", "svok: fatal: unable to chdir to --: file does not exist\\n")),
                (&["--help"], ("exit 111", "", "svok: fatal: unable to chdir to --help: file does not exist\\n")),
                (&["-x", "web"], ("exit 111", "", "svok: fatal: unable to chdir to -x: file does not exist\\n")),
            ] {
                world.expect(&format!("svok {arguments:?}"), world.run("svok", arguments)?.all(), wanted)?;
            }
            for name in [&b"-x"[..], b"--", b"--version", b"a b", b"a\nb", b"\xff"] {
                let name = OsStr::from_bytes(name);
                world.files.link("web", name)?;
                world.expect("svok", world.command("svok").arg(name).run()?.all(), ("exit 0", "", ""))?;
            }
            let ran = world.command("svok").arg(OsStr::from_bytes(b"no\n\xfe")).run()?;
            let err = "svok: fatal: unable to chdir to no\\n\\xfe: file does not exist\\n";
            world.expect("svok", ran.all(), ("exit 111", "", err))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svok/permission-denied-is-access-denied",
        requirements: &["OK-02", "ERR-01"],
        uses: &[SVOK],
        does: "Takes permissions away from the directory, `supervise` and `ok`, one at a time: exit 111.",
        run: |world| {
            let _web = world.decoy("web")?;
            let svok = || world.bound_by_modes("svok")?.arg("web").run();
            for (file, mode, right, what) in [
                ("web", 0o600, 0o755, "chdir to web"),
                ("web/supervise", 0o600, 0o755, "open web/supervise/ok"),
                ("web/supervise/ok", 0o400, 0o600, "open web/supervise/ok"),
            ] {
                world.files.set_mode(file, mode)?;
                let ran = svok()?;
                world.files.set_mode(file, right)?;
                let err = format!("svok: fatal: unable to {what}: access denied\\n");
                world.expect(&format!("{file} with mode {mode:o}"), ran.all(), ("exit 111", "", err.as_str()))?;
            }
            world.expect("all permitted", svok()?.all(), ("exit 0", "", ""))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svok/needs-no-readable-current-directory",
        requirements: &["OK-01", "OK-01b", "OK-02"],
        uses: &[SVOK],
        does: "Calls svok in a directory that it may enter and not read: it does its work, unlike svc and svstat.",
        run: |world| {
            let _web = world.decoy("web")?;
            world.files.make_directory("bare")?;
            world.files.make_directory("dark")?;
            let missing = "svok: fatal: unable to chdir to ../missing: file does not exist\\n";
            for (name, exit, err) in
                [("../web", "exit 0", ""), ("../bare", "exit 100", ""), ("../missing", "exit 111", missing)]
            {
                world.files.set_mode("dark", 0o311)?;
                let ran = world.bound_by_modes("svok")?.current_directory("dark").arg(name).run();
                world.files.set_mode("dark", 0o755)?;
                world.expect("svok in a directory of mode 0311", ran?.all(), (exit, "", err))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svok/cannot-fail-to-complain",
        requirements: &["GEN-03", "GEN-06", "OK-01", "OK-01b", "OK-02"],
        uses: &[SVOK],
        does: "Has stderr closed, full or unread: the exit code stays, except that SIGPIPE kills a svok that has something \
               to say.",
        run: |world| {
            let _web = world.decoy("web")?;
            world.files.make_directory("bare")?;
            world.files.make_fifo("pipe")?;
            let unread = "killed by PIPE";
            for (redirections, is_ignored, usage, fatal) in [
                ("2>&-", false, "exit 100", "exit 111"),
                ("<&- >&- 2>&-", false, "exit 100", "exit 111"),
                ("2>/dev/full", false, "exit 100", "exit 111"),
                (STDERR_UNREAD, true, "exit 100", "exit 111"),
                (STDERR_UNREAD, false, unread, unread),
            ] {
                let cases = [
                    (&[][..], usage),
                    (&["missing"], fatal),
                    (&["web/supervise/ok"], fatal),
                    (&["web"], "exit 0"),
                    (&["bare"], "exit 100"),
                ];
                for (arguments, exit) in cases {
                    let svok = world.redirected(redirections, "svok").args(arguments);
                    let ran = if is_ignored { svok.ignored("PIPE") } else { svok }.run()?;
                    let what = format!("svok {arguments:?} with {redirections:?}, SIGPIPE ignored: {is_ignored}");
                    world.expect(&what, ran.exit, exit)?;
                }
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svok/says-each-thing-in-one-write",
        requirements: &["GEN-03"],
        uses: &[SVOK],
        does: "Has as stderr a FIFO with room for one byte less than the message: nothing of it goes in before all can.",
        run: |world| {
            let stderr = world.fifo("stderr")?;
            let fatal = "svok: fatal: unable to chdir to missing: file does not exist\n";
            for (arguments, message) in [(&[][..], "svok: usage: svok dir\n"), (&["missing"], fatal)] {
                stderr.fill(message.len() - 1)?;
                let svok = world.command("svok").args(arguments).errors("stderr").start()?;
                svok.until_asleep_on("/stderr")?;
                world.expect("said behind the filling", stderr.behind_filling()?, "")?;
                svok.wait()?;
                world.expect("said", stderr.taken()?, message.replace('\n', "\\n"))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
];
