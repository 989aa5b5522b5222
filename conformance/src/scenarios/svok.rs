//! svok: whether supervise runs in a directory.

use crate::scenario::{FEWER_RIGHTS, SUPERVISE, SVC, SVOK, Scenario};
use crate::world::{STDERR_UNREAD, STDOUT_UNREAD};
use nix::sys::signal::Signal;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svok/tells-whether-supervise-runs",
        requirements: &["OK-01"],
        uses: &[SVOK, SUPERVISE, SVC],
        does: "Runs svok before, during and after the life of a supervise that is asked to exit, and of one that is killed. It \
               exits 100, 0 and 100, and prints nothing.",
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
                        web.svc("-x")?;
                        supervise.wait()?;
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
        requirements: &["OK-01b", "OK-02", "OK-03", "ERR-01", "GEN-02"],
        uses: &[SVOK],
        does: "Runs svok on every kind of directory and `ok`. It exits 0 if `ok` has a reader, 100 if there is no \
               `ok` or no reader, and 111 with a message for everything else.",
        run: |world| {
            let web = world.decoy("web")?;
            world.make_crooked()?;
            let long = "n".repeat(256);
            for (name, exit, err) in [
                ("web", "exit 0", ""),
                ("web/", "exit 0", ""),
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
            // svok opens these for writing, and writes nothing.
            world.expect("bytes in ok", web.ok.taken()?, "")?;
            world.expect("bytes in control", web.control.taken()?, "")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svok/takes-other-files-for-ok",
        requirements: &["OK-03", "OK-01b"],
        uses: &[SVOK],
        does: "Makes `ok` a regular file, and a link to a FIFO with a reader. svok exits 0 for both, and writes nothing.",
        run: |world| {
            let _web = world.decoy("web")?;
            for name in ["file", "link"] {
                world.files.make_directory(format!("{name}/supervise"))?;
            }
            world.files.write("file/supervise/ok", "abcdefgh")?;
            world.files.link("../../web/supervise/ok", "link/supervise/ok")?;
            for name in ["file", "link"] {
                world.expect(&format!("svok {name}"), world.run("svok", &[name])?.all(), ("exit 0", "", ""))?;
            }
            world.expect("the regular file", world.files.read("file/supervise/ok"), "abcdefgh")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svok/looks-at-its-first-argument",
        requirements: &["OK-03", "OK-02"],
        uses: &[SVOK],
        does: "Runs svok with none, one and several arguments, and with names that look like options or are not UTF-8. Only \
               the first argument counts, byte for byte.",
        run: |world| {
            let _web = world.decoy("web")?;
            world.files.make_directory("bare")?;
            let missing = ("exit 111", "", "svok: fatal: unable to chdir to missing: file does not exist\\n");
            for (arguments, wanted) in [
                (&[][..], ("exit 100", "", "svok: usage: svok dir\\n")),
                (&["web", "missing"], ("exit 0", "", "")),
                (&["web", "", "-x"], ("exit 0", "", "")),
                (&["bare", "web"], ("exit 100", "", "")),
                (&["missing", "web"], missing),
                (&["-x", "web"], ("exit 111", "", "svok: fatal: unable to chdir to -x: file does not exist\\n")),
            ] {
                world.expect(&format!("svok {arguments:?}"), world.run("svok", arguments)?.all(), wanted)?;
            }
            for name in [&b"-x"[..], b"--", b"a b", b"a\nb", b"\xff"] {
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
        uses: &[SVOK, FEWER_RIGHTS],
        does: "Takes permissions away from the directory, from `supervise` and from `ok`, one at a time. Each time svok \
               prints `access denied` and exits 111.",
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
        requirements: &["OK-01b", "OK-02"],
        uses: &[SVOK, FEWER_RIGHTS],
        does: "Calls svok in a directory that it may enter but not read. It works there, unlike svc and svstat.",
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
        id: "svok/answers-without-standard-descriptors",
        requirements: &["OK-01b", "OK-02", "GEN-03", "GEN-06"],
        uses: &[SVOK],
        does: "Closes the standard descriptors of svok, or makes them full or unread. It exits 0, 100 and 111 as ever, since it \
               prints nothing with the first two.",
        run: |world| {
            let _web = world.decoy("web")?;
            world.files.make_directory("bare")?;
            world.files.make_fifo("pipe")?;
            for redirections in ["2>&-", "<&- >&- 2>&-", "2>/dev/full", STDERR_UNREAD, STDOUT_UNREAD] {
                for is_ignored in [false, true] {
                    let not_a_directory = match (redirections, is_ignored) {
                        (STDERR_UNREAD, false) => "killed by PIPE",
                        _ => "exit 111",
                    };
                    for (name, exit) in [("web", "exit 0"), ("bare", "exit 100"), ("web/supervise/ok", not_a_directory)]
                    {
                        let svok = world.redirected(redirections, "svok").arg(name);
                        let ran = if is_ignored { svok.ignored("PIPE") } else { svok }.run()?;
                        let what = format!("svok {name} with {redirections}, SIGPIPE ignored: {is_ignored}");
                        world.expect(&what, ran.exit, exit)?;
                    }
                }
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
];
