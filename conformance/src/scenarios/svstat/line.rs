//! svstat: every line that it can print.

use crate::observe::escape;
use crate::observe::record::Record;
use crate::observe::svstat::{self, Status};
use crate::outcome::{Failure, Outcome};
use crate::scenario::{FEWER_RIGHTS, STRACE, SUPERVISE, SVC, SVOK, SVSTAT, Scenario};
use crate::world::{Command, Decoy, FORKS, Running, STDOUT_UNREAD, Service, World, send_signal};
use nix::sys::signal::Signal;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

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
        does: "Makes records of 0 to 17 bytes, of 19 and of many, of 18 letters, and puts a FIFO without a writer in \
               the place of the record.",
        run: |world| {
            let web = world.decoy("web")?;
            let good = Record::made(100, 77, 0, b'u').bytes;
            let bad = "unable to read supervise/status: bad format";
            for length in 0..18 {
                web.service.record()?.set(&good[..length])?;
                world.expect(&format!("svstat with {length} bytes"), words(&web.service)?, bad)?;
            }
            for length in [18, 19, 36, 100_000] {
                let long: Vec<u8> = good.iter().copied().chain(std::iter::repeat(b'd')).take(length).collect();
                web.service.record()?.set(long)?;
                world.expect(&format!("svstat with {length} bytes"), words(&web.service)?, "up")?;
            }
            web.service.record()?.set(b"a".repeat(18))?;
            let status = web.service.until_status("up, paused")?;
            let numbers = (status.pid, status.seconds);
            world.expect("svstat with 18 letters", numbers, (Some(i32::from_le_bytes(*b"aaaa")), 0))?;

            world.files.remove("web/supervise/status")?;
            world.files.make_fifo("web/supervise/status")?;
            world.expect("svstat with a FIFO", words(&web.service)?, bad)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstat/line/reports-what-it-cannot-use",
        requirements: &["STAT-03", "STAT-10", "STAT-11", "ERR-01", "GEN-02"],
        uses: &[SVSTAT, SUPERVISE, SVOK],
        does: "Gives svstat every kind of directory that it cannot use, with a good one between them. It prints a line for each \
               on stdout, in order, with the argument as typed.",
        run: |world| {
            world.down_service("web", "")?;
            world.make_crooked()?;
            let long = "n".repeat(256);
            let cases = [
                ("", "unable to chdir: file does not exist"),
                ("missing", "unable to chdir: file does not exist"),
                ("missing/", "unable to chdir: file does not exist"),
                ("./missing", "unable to chdir: file does not exist"),
                ("file", "unable to chdir: not a directory"),
                ("file/", "unable to chdir: not a directory"),
                ("web", "down"),
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
                ("web/", "down"),
            ];
            expect_words(world, world.command("svstat"), &cases)
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
            let expect = |wanted: &str| world.expect("svstat", words(&web)?, wanted);
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
            expect("up")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstat/line/takes-other-files-for-its-own",
        requirements: &["STAT-03", "STAT-07"],
        uses: &[SVSTAT],
        does: "Makes `ok` a regular file and a link to a FIFO, and the record a link to another and to an empty device. svstat \
               uses them all.",
        run: |world| {
            let web = world.decoy("web")?;
            let record = Record::made(100, 77, 0, b'u').bytes;
            web.service.record()?.set(record)?;
            let expect = |wanted: &str| world.expect("svstat", words(&web.service)?, wanted);
            expect("up")?;
            world.files.rename("web/supervise/ok", "ok")?;
            // A regular file can be opened for writing without a reader.
            world.files.write("web/supervise/ok", "")?;
            expect("up")?;
            world.files.remove("web/supervise/ok")?;
            world.files.link("../../ok", "web/supervise/ok")?;
            expect("up")?;
            world.files.remove("web/supervise/ok")?;
            world.files.rename("ok", "web/supervise/ok")?;
            world.files.write("record", record)?;
            for (target, wanted) in
                [("../../record", "up"), ("/dev/null", "unable to read supervise/status: bad format")]
            {
                world.files.remove("web/supervise/status")?;
                world.files.link(target, "web/supervise/status")?;
                expect(wanted)?;
            }
            Ok(())
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
            let expect = |what: &str, wanted: &str| {
                world.expect(&format!("svstat with {what}"), words(&web)?, wanted)?;
                world.files.remove("web/down")
            };
            let (counts, absent) = ("up, normally down", "up");
            world.files.write("web/down", "")?;
            expect("a file", counts)?;
            world.files.make_directory("web/down")?;
            expect("a directory", counts)?;
            world.files.make_fifo("web/down")?;
            expect("a FIFO", counts)?;
            world.files.make_directory("web/directory")?;
            world.files.make_fifo("web/fifo")?;
            for (target, wanted) in [
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
                expect(&format!("a link to {target}"), wanted)?;
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
                let what = format!("svstat {}", escape(name));
                let (line, rest) = ran.out.split_at(ran.out.rfind("missing: ").unwrap_or_default());
                let line = words_of(line.strip_suffix("\\n").unwrap_or(line), &escape(name));
                let wanted = ("down".to_owned(), "missing: unable to chdir: file does not exist\\n");
                world.expect(&what, (line, rest), wanted)?;
                world.expect(&what, (ran.exit.as_str(), ran.err.as_str()), ("exit 0", ""))?;
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
            let unusable = "unable to chdir: file does not exist";
            let svstat = world.command("svstat").current_directory("deep/below");
            let lines = [("../web", "down"), ("web", unusable), (&full, "down"), ("../web/", "down")];
            expect_words(world, svstat, &lines)?;
            let svstat = world.command("svstat").current_directory("deep/web");
            expect_words(world, svstat, &[(".", "down"), ("../web", "down")])?;

            let script = "mkdir gone && cd gone && rmdir ../gone && exec \"$@\"";
            let svstat = world.program("/bin/sh").args(["-c", script, "sh"]).arg(world.commands().join("svstat"));
            expect_words(world, svstat, &[(&full, "down"), ("web", unusable), (&full, "down")])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstat/line/each-directory-stands-for-itself",
        requirements: &["STAT-01", "STAT-02"],
        uses: &[SVSTAT, SUPERVISE, SVC, SVOK],
        does: "Gives svstat services in all states and directories that it cannot use, each before and after each other in one \
               call. The line of a directory is the one that it has alone, whatever comes before it.",
        run: |world| {
            let mut names = vec!["missing", "unknown", "bare", "gone", "short"];
            let mut services = vec![];
            for (name, has_down, options, wanted) in [
                ("up", false, "", "up"),
                ("normally-down", true, "-u", "up, normally down"),
                ("paused", false, "-p", "up, paused"),
                ("want-down", false, "-d", "up, want down"),
                ("normally-up", false, "-dk", "down, normally up"),
                ("down", true, "", "down"),
            ] {
                let service = world.service(name, "survive TERM")?;
                if has_down {
                    world.files.write(service.directory.join("down"), "")?;
                }
                service.supervise()?;
                if !options.is_empty() {
                    service.svc(options)?;
                }
                names.push(name);
                services.push((service, wanted));
            }
            for (service, wanted) in services {
                service.until_status(wanted)?;
            }
            world.down_service("unknown", "")?;
            world.files.remove("unknown/down")?;
            world.files.link("down", "unknown/down")?;
            world.files.make_directory("bare")?;
            let (gone, supervise) = world.down_service("gone", "")?;
            gone.svc("-x")?;
            supervise.wait()?;
            let short = world.decoy("short")?;
            short.service.record()?.set(&Record::made(100, 77, 1, b'd').bytes[..17])?;

            let lines = |names: &[&str]| -> Result<Vec<String>, Failure> {
                let ran = world.command("svstat").args(names).run()?;
                world.expect("svstat", (ran.exit.as_str(), ran.err.as_str()), ("exit 0", ""))?;
                Ok(ran.out.split_terminator("\\n").map(without_seconds).collect())
            };
            let alone: Vec<String> = names.iter().map(|name| lines(&[name])).collect::<Result<Vec<_>, _>>()?.concat();
            world.expect("number of lines", alone.len(), names.len())?;
            let pairs = (0..names.len()).flat_map(|one| (0..names.len()).flat_map(move |other| [one, other]));
            let pairs: Vec<usize> = pairs.collect();
            let together = lines(&pairs.iter().map(|&at| names[at]).collect::<Vec<_>>())?;
            let wanted: Vec<&String> = pairs.iter().map(|&at| &alone[at]).collect();
            for (number, (line, wanted)) in together.iter().zip(&wanted).enumerate() {
                let before = number.checked_sub(1).map_or("nothing", |before| names[pairs[before]]);
                world.expect(&format!("line after that of {before}"), line, *wanted)?;
            }
            world.expect("number of lines", together.len(), wanted.len())
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
        uses: &[SVSTAT, SUPERVISE, SVOK, FEWER_RIGHTS],
        does: "Takes permissions away from the directory, from `supervise`, `ok` and the record, one at a time. Each time svstat \
               reports `access denied`. `ok` need only be writable.",
        run: |world| {
            world.down_service("web", "")?;
            let svstat = |wanted: &str| expect_words(world, world.bound_by_modes("svstat")?, &[("web", wanted)]);
            for (file, mode, right, act) in [
                ("web", 0o600, 0o755, "chdir"),
                ("web/supervise", 0o600, 0o755, "open supervise/ok"),
                ("web/supervise/ok", 0o400, 0o600, "open supervise/ok"),
                ("web/supervise/status", 0o200, 0o644, "open supervise/status"),
            ] {
                world.note(format!("chmod {mode:o} {file}"), "");
                world.files.set_mode(file, mode)?;
                let outcome = svstat(&format!("unable to {act}: access denied"));
                world.files.set_mode(file, right)?;
                outcome?;
            }
            world.files.set_mode("web/supervise/ok", 0o200)?;
            svstat("down")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstat/line/needs-to-read-the-current-directory",
        requirements: &["GEN-01", "GEN-02"],
        uses: &[SVSTAT, FEWER_RIGHTS],
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
            // Each signal is awaited: of two that are pending, the kernel delivers the one with the lower number first.
            web.svc("-h")?;
            web.until_signals(&["HUP"])?;
            for option in ["-p", "-c", "-o", "-u"] {
                web.svc(option)?;
            }
            web.until_signals(&["HUP", "CONT"])?;
            web.svc("-h")?;
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
            let web = world.service("web", "")?;
            // A fork with a signal pending is restarted after the signal, so supervise stops just before it forks.
            let inject = format!("inject={FORKS}:signal=STOP:when=1");
            let strace = world.traced(&["-o", "/dev/null", "-e", &inject], "supervise")?.arg("web").start()?;
            web.until_supervised()?;
            world.expect("svstat", words(&web)?, "down, normally up, want up")?;
            world.expect("svok", web.svok()?, "exit 0")?;
            web.svc("-p")?;
            world.expect("starts", web.starts().len(), 0)?;
            let traced = strace.traced_pid()?;
            world.until("svstat", "up, paused", || {
                send_signal(traced, Signal::SIGCONT)?;
                words(&web)
            })?;
            web.svc("-c")?;
            web.until_starts(1).map(drop)
        },
        ..Scenario::ORDINARY
    },
];

/// 1970-01-01 00:00:00 UTC in the label of a record.
const EPOCH: u64 = (1 << 62) + 10;

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

/// Returns what svstat prints about `service`: see [`words_of`].
#[track_caller]
fn words(service: &Service) -> Result<String, Failure> {
    Ok(words_of(service.svstat_line()?.trim_end_matches("\\n"), &service.name))
}

/// Returns what `line` says about the directory `name`, up to the form that every target keeps: `up, paused`, or what svstat
/// is unable to do.
fn words_of(line: &str, name: &str) -> String {
    match (Status::parse(line, name), line.strip_prefix(name).and_then(|rest| rest.strip_prefix(": "))) {
        (Some(status), _) => status.words(),
        (None, Some(rest)) => rest.to_owned(),
        (None, None) => format!("a line about something else: {line}"),
    }
}

/// Runs `svstat` on the directory of each of `lines`, and expects exit code 0 and, for each, the words beside it.
#[track_caller]
fn expect_words(world: &World, svstat: Command, lines: &[(&str, &str)]) -> Outcome {
    let ran = svstat.args(lines.iter().map(|(name, _)| name)).run()?;
    world.expect("svstat", (ran.exit.as_str(), ran.err.as_str()), ("exit 0", ""))?;
    let printed: Vec<&str> = ran.out.split_terminator("\\n").collect();
    world.expect("number of lines", printed.len(), lines.len())?;
    for (line, (name, wanted)) in printed.into_iter().zip(lines) {
        world.expect(&format!("line of {name:?}"), words_of(line, name).as_str(), *wanted)?;
    }
    Ok(())
}

/// Returns `line` with `N` in place of the seconds.
fn without_seconds(line: &str) -> String {
    match svstat::seconds(line) {
        Some(seconds) => line.replacen(&format!(" {seconds} seconds"), " N seconds", 1),
        None => line.to_owned(),
    }
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
    let before = world.second_of_last_tick();
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
