//! svstat: every line that it can print.

use crate::observe::escape;
use crate::observe::record::Record;
use crate::observe::svstat::{self, Status};
use crate::outcome::{Failure, Outcome};
use crate::scenario::{STRACE, SUPERVISE, SVC, SVOK, SVSTAT, Scenario};
use crate::world::{Decoy, FORKS, Ran, Running, STDOUT_UNREAD, World, send_signal};
use nix::sys::signal::Signal;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svstat/line/words-follow-from-the-record-and-the-down-file",
        requirements: &["STAT-01", "STAT-06", "SUP-20"],
        uses: &[SVSTAT],
        does: "Makes records of all combinations of pid, paused byte and want byte, with and without a file `down`, and \
               compares each line as a whole.",
        run: |world| {
            let mut decoys = vec![];
            for (pid, past) in [(0, 0), (1, 1), (256, 2), (70_000, 59), (u32::MAX, 90_000)] {
                for (paused, want) in
                    [0, 1, 255].into_iter().flat_map(|paused| b"ud\0xU\xff".map(|want| (paused, want)))
                {
                    let label = EPOCH + world.time_of_day().as_secs() - past;
                    let decoy = world.decoy(&format!("{pid}-{paused}-{want}"))?;
                    decoy.service.record()?.set(Record::labelled(label, 0, pid, paused, want).bytes)?;
                    decoys.push((decoy, label, pid, paused, want));
                }
            }
            for is_normally_down in [false, true] {
                let mut cases = vec![];
                for (decoy, label, pid, paused, want) in &decoys {
                    if is_normally_down {
                        world.files.write(decoy.service.directory.join("down"), "")?;
                    }
                    let (state, ends) = if *pid == 0 {
                        let ends = [("normally up", !is_normally_down), ("want up", *want == b'u'), ("", false)];
                        ("down".to_owned(), ends)
                    } else {
                        let ends = [
                            ("normally down", is_normally_down),
                            ("paused", *paused != 0),
                            ("want down", *want == b'd'),
                        ];
                        (format!("up (pid {pid})"), ends)
                    };
                    let ends =
                        ends.into_iter().filter(|(_, shows)| *shows).map(|(words, _)| format!(", {words}")).collect();
                    cases.push(Case { name: decoy.service.name.clone(), label: *label, state, ends });
                }
                expect_lines(world, &cases)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstat/line/seconds-are-whole-and-never-negative",
        requirements: &["STAT-04", "STAT-01", "SUP-20"],
        uses: &[SVSTAT],
        does: "Makes records of the present, the past and the future, with all sorts of nanoseconds. svstat prints the seconds \
               of the clock less those of the record, or 0.",
        run: |world| {
            let web = world.decoy("web")?;
            for past in [0, 1, 2, 10, 59, 60, 3600, 86_400, 1 << 31, (1 << 32) + 1, -1, -2, -1000, -(1 << 31)] {
                for nanoseconds in [0, 500, 999_999_999, u32::MAX] {
                    let label = (EPOCH + world.time_of_day().as_secs()).wrapping_add_signed(-past);
                    expect_seconds(world, &web, label, nanoseconds)?;
                }
            }
            for label in [EPOCH, EPOCH - 10, 1 << 63, (1 << 63) + 1, u64::MAX] {
                expect_seconds(world, &web, label, 0)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstat/line/huge-seconds-are-rounded-to-a-double",
        requirements: &["STAT-05"],
        uses: &[SVSTAT],
        does: "Makes records so old that a double cannot hold the seconds exactly. svstat prints them rounded.",
        run: |world| {
            let web = world.decoy("web")?;
            let now = EPOCH + world.time_of_day().as_secs();
            for label in [0, 1, 513, now - (1 << 53) - 1, now - (1 << 53), now - (1 << 54) - 3, now - (1 << 60) - 1] {
                expect_seconds(world, &web, label, 0)?;
            }
            // The clock moves on, so a record of 2^53 + 1 seconds is soon one of 2^53 + 2, which needs no rounding.
            world.expect("the rule itself", age(0, EPOCH - (1 << 53) - 1), 9_007_199_254_740_992)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstat/line/a-short-record-is-bad-format",
        requirements: &["STAT-07", "GEN-05"],
        uses: &[SVSTAT],
        does: "Makes records of 0 to 17 bytes, of 19 and of many, of 18 letters, and puts a FIFO without a writer and an empty \
               device in the place of the record.",
        run: |world| {
            let web = world.decoy("web")?;
            let good = Record::made(100, 77, 0, b'u').bytes;
            let bad = "web: unable to read supervise/status: bad format".to_owned();
            for length in 0..18 {
                web.service.record()?.set(&good[..length])?;
                world.expect(&format!("svstat with {length} bytes"), web.service.svstat()?, bad.as_str())?;
            }
            for length in [18, 19, 36, 100_000] {
                let long: Vec<u8> = good.iter().copied().chain(std::iter::repeat(b'd')).take(length).collect();
                web.service.record()?.set(long)?;
                let line = web.service.svstat()?;
                world.expect(&format!("svstat with {length} bytes"), line, "web: up (pid N) N seconds")?;
            }
            web.service.record()?.set(b"a".repeat(18))?;
            let line = web.service.svstat_line()?;
            world.expect("svstat with 18 letters", line, "web: up (pid 1633771873) 0 seconds, paused\\n")?;

            world.files.remove("web/supervise/status")?;
            world.files.make_fifo("web/supervise/status")?;
            world.expect("svstat with a FIFO", web.service.svstat()?, bad.as_str())?;
            world.files.remove("web/supervise/status")?;
            world.files.link("/dev/null", "web/supervise/status")?;
            world.expect("svstat with an empty device", web.service.svstat()?, bad.as_str())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstat/line/reports-what-it-cannot-use",
        requirements: &["STAT-03", "STAT-10", "STAT-11", "ERR-01", "GEN-02"],
        uses: &[SVSTAT],
        does: "Gives svstat every kind of directory that it cannot use, with a good one between them. It prints a line for each \
               on stdout, in order, with the argument as typed.",
        run: |world| {
            let web = world.decoy("web")?;
            web.service.record()?.set(Record::made(100, 0, 0, b'd').bytes)?;
            world.make_crooked()?;
            let long = "n".repeat(256);
            let cases = [
                ("", "unable to chdir: file does not exist"),
                ("missing", "unable to chdir: file does not exist"),
                ("missing/", "unable to chdir: file does not exist"),
                ("./missing", "unable to chdir: file does not exist"),
                ("file", "unable to chdir: not a directory"),
                ("file/", "unable to chdir: not a directory"),
                ("web", "down N seconds, normally up"),
                ("circle", "unable to chdir: symbolic link loop"),
                ("dangling", "unable to chdir: file does not exist"),
                (&long, "unable to chdir: file name too long"),
                ("bare", "unable to open supervise/ok: file does not exist"),
                ("bare/", "unable to open supervise/ok: file does not exist"),
                ("unread", "supervise not running"),
                ("directories", "unable to open supervise/ok: is a directory"),
                ("filed", "unable to open supervise/ok: not a directory"),
                ("circled", "unable to open supervise/ok: symbolic link loop"),
                ("circles", "unable to open supervise/ok: symbolic link loop"),
                ("sockets", "supervise not running"),
                ("files", "unable to read supervise/status: bad format"),
                ("web/", "down N seconds, normally up"),
            ];
            let ran = world.command("svstat").args(cases.map(|(name, _)| name)).run()?;
            world.expect("svstat", (ran.exit.as_str(), ran.err.as_str()), ("exit 0", ""))?;
            let lines: Vec<String> = ran.out.split_terminator("\\n").map(svstat::normalised).collect();
            world.expect("lines", lines, cases.map(|(name, words)| format!("{name}: {words}")).to_vec())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstat/line/looks-in-a-fixed-order",
        requirements: &["STAT-02", "STAT-03"],
        uses: &[SVSTAT],
        does: "Makes a directory with several faults and mends one after another. svstat reports the fault of `down` before that \
               of `ok`, and that before the fault of the record.",
        run: |world| {
            let web = world.bare_service("web")?;
            let expect = |words: &str| world.expect("svstat", web.svstat()?, format!("web: {words}"));
            let to_itself =
                |file: &str| world.files.link(file.rsplit('/').next().unwrap_or_default(), format!("web/{file}"));
            to_itself("down")?;
            expect("unable to stat down: symbolic link loop")?;
            world.files.make_directory("web/supervise")?;
            to_itself("supervise/ok")?;
            to_itself("supervise/status")?;
            expect("unable to stat down: symbolic link loop")?;
            world.files.remove("web/down")?;
            expect("unable to open supervise/ok: symbolic link loop")?;
            world.files.remove("web/supervise/ok")?;
            expect("unable to open supervise/ok: file does not exist")?;
            world.files.make_fifo("web/supervise/ok")?;
            expect("supervise not running")?;
            let _ok = world.files.open_reader("web/supervise/ok")?;
            expect("unable to open supervise/status: symbolic link loop")?;
            world.files.remove("web/supervise/status")?;
            expect("unable to open supervise/status: file does not exist")?;
            web.record()?.set(Record::made(100, 77, 0, b'u').bytes)?;
            expect("up (pid N) N seconds")?;
            // A regular file can be opened for writing without a reader.
            world.files.remove("web/supervise/ok")?;
            world.files.write("web/supervise/ok", "")?;
            expect("up (pid N) N seconds")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstat/line/down-counts-whatever-it-is",
        requirements: &["STAT-09"],
        uses: &[SVSTAT, SUPERVISE, SVOK],
        does: "Makes `down` a file, a directory, a FIFO, links to these, a dangling link, and links that cannot be followed, each \
               for a service that is up.",
        run: |world| {
            let web = world.service("web", "")?;
            web.supervise()?;
            let expect = |what: &str, words: &str| {
                world.expect(&format!("svstat with {what}"), web.svstat()?, format!("web: {words}"))?;
                world.files.remove("web/down")
            };
            let (counts, absent) = ("up (pid N) N seconds, normally down", "up (pid N) N seconds");
            world.files.write("web/down", "")?;
            expect("a file", counts)?;
            world.files.make_directory("web/down")?;
            expect("a directory", counts)?;
            world.files.make_fifo("web/down")?;
            expect("a FIFO", counts)?;
            world.files.make_directory("web/directory")?;
            world.files.make_fifo("web/fifo")?;
            for (target, words) in [
                ("directory", counts),
                ("fifo", counts),
                ("run", counts),
                ("/dev/null", counts),
                ("nothing", absent),
                ("directory/nothing/down", absent),
                ("down", "unable to stat down: symbolic link loop"),
                ("run/down", "unable to stat down: not a directory"),
            ] {
                world.files.link(target, "web/down")?;
                expect(&format!("a link to {target}"), words)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstat/line/prints-names-as-typed",
        requirements: &["STAT-10", "STAT-11"],
        uses: &[SVSTAT, SUPERVISE, SVOK],
        does: "Names one service in many ways: some look like options, some are not UTF-8, one is very long.",
        run: |world| {
            world.down_service("web", "")?;
            let world_name = world.directory().file_name().unwrap_or_default().as_bytes();
            let long = [&b"./".repeat(700)[..], b"web"].concat();
            let aliases =
                [&b"-x"[..], b"--", b"-", b"--help", b"--version", b"a b", b"a\nb", b"\xff\xfe", b"a: down", b"%s"];
            for alias in aliases {
                world.files.link("web", OsStr::from_bytes(alias))?;
            }
            let above = [b"../", world_name, b"/web//"].concat();
            for name in aliases.into_iter().chain([&b"web/"[..], b"./web", b"web/.", b"web/../web", &above, &long]) {
                let ran = world.command("svstat").arg(OsStr::from_bytes(name)).arg("missing").run()?;
                let out = ran.out.strip_prefix(&escape(name)).map(svstat::normalised).unwrap_or(ran.out);
                let rest = ": down N seconds\\nmissing: unable to chdir: file does not exist\\n";
                let what = format!("svstat {}", escape(name));
                world.expect(&what, (ran.exit.as_str(), out.as_str()), ("exit 0", rest))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstat/line/without-arguments-prints-nothing",
        requirements: &["STAT-11"],
        uses: &[SVSTAT],
        does: "Calls svstat without arguments, by its name and by others. It prints nothing and exits 0.",
        run: |world| {
            for called in ["svstat", "/no/such/place/svstat", "status", ""] {
                let ran = world.command("svstat").argv0(called).run()?;
                world.expect(&format!("svstat, called {called:?}"), ran.all(), ("exit 0", "", ""))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstat/line/names-are-relative-to-where-it-was-called",
        requirements: &["STAT-11", "STAT-10"],
        uses: &[SVSTAT, SUPERVISE, SVOK],
        does: "Calls svstat beside the service, in the service directory and in a deleted directory, with several names.",
        run: |world| {
            world.down_service("deep/web", "")?;
            world.files.make_directory("deep/below")?;
            let full = world.path("deep/web").display().to_string();
            let lines = |ran: Ran| -> Result<Vec<String>, Failure> {
                world.expect("svstat", (ran.exit.as_str(), ran.err.as_str()), ("exit 0", ""))?;
                Ok(ran.out.split_terminator("\\n").map(svstat::normalised).collect())
            };
            let is_down = |name: &str| format!("{name}: down N seconds");
            let unusable = |name: &str| format!("{name}: unable to chdir: file does not exist");

            let names = ["../web", "web", &full, "../web/"];
            let ran = world.command("svstat").current_directory("deep/below").args(names).run()?;
            let wanted = vec![is_down("../web"), unusable("web"), is_down(&full), is_down("../web/")];
            world.expect("lines beside the service", lines(ran)?, wanted)?;
            let ran = world.command("svstat").current_directory("deep/web").args([".", "../web"]).run()?;
            world.expect("lines in the service directory", lines(ran)?, vec![is_down("."), is_down("../web")])?;

            let script = "mkdir gone && cd gone && rmdir ../gone && exec \"$@\"";
            let svstat = world.commands().join("svstat");
            let ran =
                world.program("/bin/sh").args(["-c", script, "sh"]).arg(svstat).args([&full, "web", &full]).run()?;
            let wanted = vec![is_down(&full), unusable("web"), is_down(&full)];
            world.expect("lines in a deleted directory", lines(ran)?, wanted)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstat/line/each-directory-stands-for-itself",
        requirements: &["STAT-01", "STAT-02"],
        uses: &[SVSTAT],
        does: "Gives svstat services in all states and directories that it cannot use, each before and after each other in one \
               call. The line of a directory is the same whatever comes before it.",
        run: |world| {
            let mut directories = vec![];
            for (number, (pid, paused, want, is_normally_down, words)) in STATES.into_iter().enumerate() {
                let decoy = world.decoy(&format!("state-{number}"))?;
                decoy.service.record()?.set(Record::made(100, pid, paused, want).bytes)?;
                if is_normally_down {
                    world.files.write(decoy.service.directory.join("down"), "")?;
                }
                directories.push((decoy.service.name.clone(), words, Some(decoy)));
            }
            world.make_crooked()?;
            let short = world.decoy("short")?;
            short.service.record()?.set(&Record::made(100, 77, 1, b'd').bytes[..17])?;
            world.decoy("unknown")?;
            world.files.link("down", "unknown/down")?;
            for (name, words) in [
                ("missing", "unable to chdir: file does not exist"),
                ("unknown", "unable to stat down: symbolic link loop"),
                ("bare", "unable to open supervise/ok: file does not exist"),
                ("unread", "supervise not running"),
                ("short", "unable to read supervise/status: bad format"),
            ] {
                directories.push((name.to_owned(), words, None));
            }
            let pairs = directories.iter().flat_map(|one| directories.iter().flat_map(move |other| [one, other]));
            let pairs: Vec<_> = pairs.collect();
            let ran = world.command("svstat").args(pairs.iter().map(|(name, ..)| name)).run()?;
            world.expect("svstat", (ran.exit.as_str(), ran.err.as_str()), ("exit 0", ""))?;
            // The pids differ, so they are compared as they are.
            let without_seconds = |line: &str| match svstat::seconds(line) {
                Some(seconds) => line.replacen(&format!(" {seconds} seconds"), " N seconds", 1),
                None => line.to_owned(),
            };
            let lines: Vec<String> = ran.out.split_terminator("\\n").map(without_seconds).collect();
            let wanted: Vec<String> = pairs.iter().map(|(name, words, _)| format!("{name}: {words}")).collect();
            for (line, wanted) in lines.iter().zip(&wanted) {
                world.expect("line", line, wanted)?;
            }
            world.expect("number of lines", lines.len(), wanted.len())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstat/line/prints-at-the-end-in-one-write",
        requirements: &["STAT-12"],
        uses: &[SVSTAT],
        does: "Gives svstat a stdout FIFO that is one byte too small for its two lines. Nothing is written until both fit. Then \
               prints much more than a buffer holds.",
        run: |world| {
            let line = "missing: unable to chdir: file does not exist\n";
            let stdout = world.fifo("stdout")?;
            stdout.fill(2 * line.len() - 1)?;
            let svstat = world.command("svstat").args(["missing", "missing"]).output("stdout").start()?;
            svstat.until_asleep_on("/stdout")?;
            world.expect("stdout behind the filling", stdout.behind_filling()?, "")?;
            svstat.expect_exit("exit 0")?;
            world.expect("stdout", stdout.taken()?, escape(line.repeat(2).as_bytes()))?;

            for (name, count) in [("missing".to_owned(), 400), ("n".repeat(1100), 3)] {
                let why = if count == 3 { "file name too long" } else { "file does not exist" };
                let line = format!("{name}: unable to chdir: {why}\\n");
                let ran = world.command("svstat").args(vec![&name; count]).run()?;
                world.expect("much", ran.all(), ("exit 0", line.repeat(count).as_str(), ""))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstat/line/cannot-fail-to-write",
        requirements: &["STAT-12", "GEN-06"],
        uses: &[SVSTAT],
        does: "Makes stdout full, closed, or unread with SIGPIPE ignored, and svstat exits 0. If it is unread and SIGPIPE is not \
               ignored, svstat is killed.",
        run: |world| {
            world.files.make_fifo("pipe")?;
            for (redirections, ignored, exit) in [
                (">/dev/full", false, "exit 0"),
                (">&-", false, "exit 0"),
                ("<&- >&- 2>&-", false, "exit 0"),
                ("2>&-", false, "exit 0"),
                (STDOUT_UNREAD, true, "exit 0"),
                (STDOUT_UNREAD, false, "killed by PIPE"),
            ] {
                // The second count fills the buffer several times.
                for count in [1, 100] {
                    let svstat = world.redirected(redirections, "svstat").args(vec!["missing"; count]);
                    let ran = if ignored { svstat.ignored("PIPE") } else { svstat }.run()?;
                    let what = format!("svstat with {redirections:?}, SIGPIPE ignored: {ignored}");
                    world.expect(&what, (ran.exit.as_str(), ran.err.as_str()), (exit, ""))?;
                }
            }
            // With nothing to print, nothing is written.
            let ran = world.redirected(STDOUT_UNREAD, "svstat").run()?;
            world.expect("svstat without arguments", ran.exit, "exit 0")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstat/line/loses-what-it-held-when-it-cannot-go-back",
        requirements: &["STAT-12", "GEN-01"],
        uses: &[SVSTAT, STRACE],
        does: "Makes the return to the first directory fail after the second of three services. That is fatal with exit code \
               111, and svstat prints no line.",
        run: |world| {
            let options = ["-o", "/dev/null", "-e", "inject=fchdir:error=EIO:when=2"];
            world.files.make_directory("web")?;
            let ran = world.traced(&options, "svstat")?.args(["web", "web", "web"]).run()?;
            let err = "svstat: fatal: unable to set directory: input/output error\\n";
            world.expect("svstat", ran.all(), ("exit 111", "", err))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstat/line/permission-denied-is-access-denied",
        requirements: &["STAT-02", "ERR-01"],
        uses: &[SVSTAT],
        does: "Takes permissions away from the directory, from `supervise`, `ok` and the record, one at a time. Each time svstat \
               reports `access denied`. `ok` need only be writable.",
        run: |world| {
            let web = world.decoy("web")?;
            web.service.record()?.set(Record::made(100, 0, 0, b'd').bytes)?;
            let line = || -> Result<String, Failure> {
                let ran = world.bound_by_modes("svstat")?.arg("web").run()?;
                world.expect("svstat", (ran.exit.as_str(), ran.err.as_str()), ("exit 0", ""))?;
                Ok(svstat::normalised(ran.out.trim_end_matches("\\n")))
            };
            for (file, mode, right, act) in [
                ("web", 0o600, 0o755, "chdir"),
                ("web/supervise", 0o600, 0o755, "open supervise/ok"),
                ("web/supervise/ok", 0o400, 0o600, "open supervise/ok"),
                ("web/supervise/status", 0o200, 0o644, "open supervise/status"),
            ] {
                world.files.set_mode(file, mode)?;
                let line = line();
                world.files.set_mode(file, right)?;
                world.expect(
                    &format!("{file} with mode {mode:o}"),
                    line?,
                    format!("web: unable to {act}: access denied"),
                )?;
            }
            world.files.set_mode("web/supervise/ok", 0o200)?;
            world.expect("ok with mode 200", line()?, "web: down N seconds, normally up")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstat/line/needs-to-read-the-current-directory",
        requirements: &["GEN-01", "GEN-02"],
        uses: &[SVSTAT],
        does: "Calls svstat in a directory that it may enter but not read. That is fatal with exit code 111, and svstat prints \
               no line.",
        run: |world| {
            world.files.make_directory("dark")?;
            let svstat = |mode: u32| {
                world.files.set_mode("dark", mode)?;
                let ran = world.bound_by_modes("svstat")?.current_directory("dark").arg("missing").run();
                world.files.set_mode("dark", 0o755)?;
                ran
            };
            let err = "svstat: fatal: unable to open current directory: access denied\\n";
            world.expect("svstat in a directory of mode 0311", svstat(0o311)?.all(), ("exit 111", "", err))?;
            let out = "missing: unable to chdir: file does not exist\\n";
            world.expect("svstat in a directory of mode 0511", svstat(0o511)?.all(), ("exit 0", out, ""))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstat/line/every-errno-has-its-phrase",
        requirements: &["ERR-01", "GEN-02"],
        uses: &[SVSTAT, STRACE],
        does: "Makes svstat fail to enter a directory with each of the errors 1 to 133, and compares the phrases.",
        run: |world| {
            let all: Vec<i32> = (1..=133).collect();
            for some in all.chunks(AT_ONCE) {
                let start = |number: &i32| {
                    let inject = format!("inject=chdir:error={number}");
                    world.traced(&["-o", "/dev/null", "-e", &inject], "svstat")?.arg(number.to_string()).start()
                };
                let running: Vec<Running> = some.iter().map(start).collect::<Result<_, _>>()?;
                for (number, svstat) in some.iter().zip(running) {
                    let phrase =
                        PHRASES.iter().find(|(known, _)| known == number).map_or("unknown error", |(_, phrase)| phrase);
                    world.expect(&format!("end of svstat {number}"), svstat.wait()?.to_string(), "exit 0")?;
                    world.expect("line", svstat.out(), format!("{number}: unable to chdir: {phrase}\\n"))?;
                }
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstat/line/seconds-count-from-starts-and-ends",
        requirements: &["STAT-13"],
        uses: &[SVSTAT, SUPERVISE, SVC, SVOK],
        does: "Waits until svstat prints two seconds for a service and sends commands that it survives: the seconds go on. When \
               the service ends, they begin anew.",
        run: |world| {
            let web = world.service("web", "survive HUP")?;
            web.supervise()?;
            let has_aged = |status: Option<Status>| status.is_some_and(|status| status.seconds >= 2);
            world.until("two seconds or more", true, || Ok(has_aged(web.status()?)))?;
            for option in ["-h", "-p", "-c", "-o", "-u", "-h"] {
                web.svc(option)?;
            }
            web.until_signals(&["HUP", "CONT", "HUP"])?;
            let status = web.status()?;
            world.expect_that("svstat after commands", has_aged(status.clone()), "two seconds or more", status)?;
            let before = world.time_of_day().as_secs();
            web.svc("-d")?;
            web.until_down()?;
            let status = web.status()?;
            let most = world.time_of_day().as_secs() - before;
            let is_new = status.as_ref().is_some_and(|status| status.seconds <= most);
            world.expect_that("svstat after the end", is_new, &format!("down {most} seconds or less"), status)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstat/line/want-up-shows-before-run-is-started",
        requirements: &["STAT-14", "SUP-26", "SUP-02"],
        uses: &[SVSTAT, SUPERVISE, SVC, SVOK, STRACE],
        does: "Stops supervise at the fork of ./run. svok succeeds already, svstat prints `want up`, and a command sent now is \
               obeyed later.",
        run: |world| {
            let web = world.service("web", "survive HUP")?;
            // A fork with a signal pending is restarted after the signal, so supervise stops just before it forks.
            let inject = format!("inject={FORKS}:signal=STOP:when=1");
            let strace = world.traced(&["-o", "/dev/null", "-e", &inject], "supervise")?.arg("web").start()?;
            web.until_supervised()?;
            world.expect("svstat", web.svstat()?, "web: down N seconds, normally up, want up")?;
            world.expect("svok", web.svok()?, "exit 0")?;
            web.svc("-h")?;
            world.expect("starts", web.starts().len(), 0)?;
            let traced = strace.traced_pid()?;
            world.until("starts", 1, || {
                send_signal(traced, Signal::SIGCONT)?;
                Ok(web.starts().len())
            })?;
            web.until_signals(&["HUP"])?;
            world.expect("svstat", web.svstat()?, "web: up (pid N) N seconds")
        },
        ..Scenario::ORDINARY
    },
];

/// States with what svstat prints for each: pid, paused byte, want byte, whether there is a file `down`, and the words.
const STATES: [(u32, u8, u8, bool, &str); 8] = [
    (101, 0, b'u', false, "up (pid 101) N seconds"),
    (102, 0, b'u', true, "up (pid 102) N seconds, normally down"),
    (103, 1, 0, false, "up (pid 103) N seconds, paused"),
    (104, 0, b'd', false, "up (pid 104) N seconds, want down"),
    (0, 0, b'd', false, "down N seconds, normally up"),
    (0, 0, b'd', true, "down N seconds"),
    (0, 0, b'u', true, "down N seconds, want up"),
    (105, 1, b'd', true, "up (pid 105) N seconds, normally down, paused, want down"),
];

/// 1970-01-01 00:00:00 UTC in the label of a record.
const EPOCH: u64 = (1 << 62) + 10;

/// The longest tick that the kernel's clock can have.
const TICK: Duration = Duration::from_millis(10);

/// Returns the seconds that svstat prints at `now` for a record labelled `label` (STAT-04, STAT-05).
fn age(now: u64, label: u64) -> u64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "STAT-05: rounded to a double"
    )]
    let rounded = (EPOCH + now).saturating_sub(label) as f64 as u64;
    rounded
}

/// A service with the label of its record, and the words of svstat before and after the seconds.
struct Case {
    name: String,
    label: u64,
    state: String,
    ends: String,
}

/// Runs svstat on all `cases` and expects the line of each, at a time of day within the run.
fn expect_lines(world: &World, cases: &[Case]) -> Outcome {
    // time(2) returns the second of the last tick of the clock.
    let before = (world.time_of_day() - TICK).as_secs();
    let ran = world.command("svstat").args(cases.iter().map(|case| &case.name)).run()?;
    let after = world.time_of_day().as_secs();
    world.expect("svstat", (ran.exit.as_str(), ran.err.as_str()), ("exit 0", ""))?;
    let actual: Vec<&str> = ran.out.split_terminator("\\n").collect();
    world.expect("number of lines", actual.len(), cases.len())?;
    for (actual, Case { name, label, state, ends }) in actual.into_iter().zip(cases) {
        let line = |now| format!("{name}: {state} {} seconds{ends}", age(now, *label));
        let is_right = (before..=after).any(|now| line(now) == actual);
        world.expect_that("line", is_right, &line(before), actual)?;
    }
    Ok(())
}

fn expect_seconds(world: &World, web: &Decoy, label: u64, nanoseconds: u32) -> Outcome {
    web.service.record()?.set(Record::labelled(label, nanoseconds, 77, 0, b'u').bytes)?;
    let state = "up (pid 77)".to_owned();
    expect_lines(world, &[Case { name: web.service.name.clone(), label, state, ends: String::new() }])
}

/// The original's phrase for each error. Any other error is an `unknown error`.
const PHRASES: &[(i32, &str)] = &[
    (1, "permission denied"),
    (2, "file does not exist"),
    (3, "no such process"),
    (4, "interrupted system call"),
    (5, "input/output error"),
    (6, "device not configured"),
    (7, "argument list too long"),
    (8, "exec format error"),
    (9, "file descriptor not open"),
    (10, "no child processes"),
    (11, "temporary failure"),
    (12, "out of memory"),
    (13, "access denied"),
    (14, "bad address"),
    (15, "not a block device"),
    (16, "device busy"),
    (17, "file already exists"),
    (18, "cross-device link"),
    (19, "device does not support operation"),
    (20, "not a directory"),
    (21, "is a directory"),
    (22, "invalid argument"),
    (23, "system cannot open more files"),
    (24, "process cannot open more files"),
    (25, "not a tty"),
    (26, "text busy"),
    (27, "file too big"),
    (28, "out of disk space"),
    (29, "unseekable descriptor"),
    (30, "read-only file system"),
    (31, "too many links"),
    (32, "broken pipe"),
    (33, "input out of range"),
    (34, "output out of range"),
    (35, "operation would cause deadlock"),
    (36, "file name too long"),
    (37, "no locks available"),
    (38, "system call not available"),
    (39, "directory not empty"),
    (40, "symbolic link loop"),
    (42, "no message of desired type"),
    (43, "identifier removed"),
    (60, "not a stream device"),
    (62, "timer expired"),
    (63, "out of stream resources"),
    (64, "machine not on network"),
    (66, "too many levels of remote in path"),
    (67, "link severed"),
    (68, "advertise error"),
    (69, "srmount error"),
    (70, "communication error"),
    (71, "protocol error"),
    (72, "multihop attempted"),
    (74, "bad message type"),
    (78, "remote address changed"),
    (87, "too many users"),
    (88, "not a socket"),
    (89, "destination address required"),
    (90, "message too long"),
    (91, "incorrect protocol type"),
    (92, "protocol not available"),
    (93, "protocol not supported"),
    (94, "socket type not supported"),
    (95, "operation not supported"),
    (96, "protocol family not supported"),
    (97, "address family not supported"),
    (98, "address already used"),
    (99, "address not available"),
    (100, "network down"),
    (101, "network unreachable"),
    (102, "network reset"),
    (103, "connection aborted"),
    (104, "connection reset"),
    (105, "out of buffer space"),
    (106, "already connected"),
    (107, "not connected"),
    (108, "socket shut down"),
    (109, "too many references"),
    (110, "timed out"),
    (111, "connection refused"),
    (112, "host down"),
    (113, "host unreachable"),
    (114, "operation already in progress"),
    (115, "operation in progress"),
    (116, "stale NFS file handle"),
    (122, "disk quota exceeded"),
];

/// How many errors are tried at once.
const AT_ONCE: usize = 12;
