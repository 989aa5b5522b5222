//! Scripts: which lines go where, and what they look like there.

use crate::observe::tai64n::Label;
use crate::observe::{escape, unescape};
use crate::outcome::{Failure, Outcome};
use crate::scenario::{ACCOUNTS, MULTILOG, ROOT, Scenario};
use crate::world::{STDERR_UNREAD, World};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "multilog/script/selects-lines-from-left-to-right",
        requirements: &["MLOG-01", "MLOG-04", "MLOG-15"],
        uses: &[MULTILOG],
        does: "Logs three lines to four directories, between which patterns deselect and select. Each directory gets the lines \
               that are selected at its place in the script.",
        run: |world| {
            let script = ["./s1", "-bb", "./s2", "+bb", "./s3", "-*", "./s4"];
            let ran = world.multilog(&script, "aa\nbb\ncc\n")?.finish()?;
            world.expect("exit", &*ran.exit, "exit 0")?;
            let logged = ["s1", "s2", "s3", "s4"].map(|name| world.log(name).current());
            world.expect("logs", logged, ["aa\\nbb\\ncc\\n", "aa\\ncc\\n", "aa\\nbb\\ncc\\n", ""])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/selects-selected-lines-again",
        requirements: &["MLOG-04", "MLOG-01"],
        uses: &[MULTILOG],
        does: "Selects lines that are selected, deselects lines that are deselected, and changes its mind about a line again and \
               again. The last pattern that matches a line decides, and each line is selected at first.",
        run: |world| {
            let script =
                ["+a*", "./s1", "-a*", "-ab", "./s2", "+ab", "+ab", "./s3", "-ab", "./s4", "+*", "./s5", "-b", "./s6"];
            ends_well(world, &script, "a\nab\nb\nac\n")?;
            let logged = ["s1", "s2", "s3", "s4", "s5", "s6"].map(|name| world.log(name).current());
            let wanted = ["a\\nab\\nb\\nac\\n", "b\\n", "ab\\nb\\n", "b\\n", "a\\nab\\nb\\nac\\n", "a\\nab\\nac\\n"];
            world.expect("logs", logged, wanted)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/matches-whole-lines",
        requirements: &["MLOG-05"],
        uses: &[MULTILOG],
        does: "Selects lines by patterns with and without stars: a star takes everything before the first place of the character \
               behind it and never more, and a star at the end takes everything.",
        run: |world| {
            expect_matches(
                world,
                &[
                    (b"hello", &[b"hello"]),
                    (b"", &[b""]),
                    (b"*", LINES),
                    (b"hell*", &[b"hello", b"hello world", b"hell"]),
                    (b"*hello", &[b"hello"]),
                    (b"*ab", &[b"ab", b"xab"]),
                    (b"*o", &[b"hello"]),
                    (b"*o*", &[b"hello", b"hello world", b"named[135]: Cleaned cache of 3121 RRs"]),
                    (b"*o*o*", &[b"hello world"]),
                    (b"*a*b", &[b"ab", b"aab", b"xab", b"xaxb", b"a\\b", b"a*b", b"a**b"]),
                    (b"a*b*c", &[b"abc", b"abxc"]),
                    (b"a*bc", &[b"abc"]),
                    (b"named[*]: Cleaned cache *", &[b"named[135]: Cleaned cache of 3121 RRs"]),
                    (b"* Cleaned*", &[b"named[135]: Cleaned cache of 3121 RRs"]),
                    (b"[a-z]", &[b"[a-z]"]),
                    (b"?", &[b"?"]),
                    (b"a\\*", &[b"a\\b"]),
                    (b".", &[b"."]),
                    (b"-", &[b"-"]),
                    (b" ", &[b" "]),
                    (b"\xff*\xfe", &[b"\xff-\xfe", b"\xff\xfe"]),
                    (b"HELLO", &[]),
                    (b"hello\n", &[]),
                ],
            )
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/stops-a-star-at-a-literal-star",
        requirements: &["MLOG-06"],
        uses: &[MULTILOG],
        does: "Selects lines by patterns with two stars in a row: the first takes what is before the first literal star of the \
               line, and the second takes the rest.",
        run: |world| {
            expect_matches(
                world,
                &[
                    (b"**", &[b"*", b"ab*cd", b"a*b", b"a*", b"x*cb", b"a**b"]),
                    (b"a**", &[b"ab*cd", b"a*b", b"a*", b"a**b"]),
                    (b"**b", &[b"a*b", b"x*cb", b"a**b"]),
                    (b"***", &[b"*", b"ab*cd", b"a*b", b"a*", b"x*cb", b"a**b"]),
                    (b"***b", &[b"a*b", b"x*cb", b"a**b"]),
                    (b"*b**", &[b"ab*cd"]),
                ],
            )
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/compares-the-first-1000-bytes",
        requirements: &["MLOG-10"],
        uses: &[MULTILOG],
        does: "Selects lines of 999 to 5000 bytes by patterns that end at the 999th, the 1000th and the 1001st byte. What follows \
               the 1000th does not count, and goes to the log with the rest of the line.",
        run: |world| {
            let of = |length: usize, end: &str| "a".repeat(length - end.len()) + end;
            let lines = [of(999, "b"), of(1000, "b"), of(1001, "b"), of(1001, "bb"), of(5000, "b")];
            let (short, full, over) = (format!("+{}", of(999, "b")), format!("+{}", of(1000, "b")), of(1001, "b"));
            let (all, over) = (format!("+{}", of(1000, "a")), format!("+{over}"));
            #[rustfmt::skip]
            let script = [
                "-*", &short, "./short", "-*", &full, "./full", "-*", &over, "./over", "-*", &all, "./all", "-*", "+*b", "./end",
            ];
            ends_well(world, &script, lines.join("\n") + "\n")?;
            for (name, wanted) in [
                ("short", &[&lines[0]][..]),
                ("full", &[&lines[1], &lines[3]]),
                ("over", &[]),
                ("all", &[&lines[2], &lines[4]]),
                ("end", &[&lines[0], &lines[1], &lines[3]]),
            ] {
                let wanted: String = wanted.iter().map(|line| format!("{line}\\n")).collect();
                world.expect(&format!("the log {name}"), world.log(name).current(), wanted)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/knows-an-action-by-its-first-byte",
        requirements: &["MLOG-01b"],
        uses: &[MULTILOG],
        does: "Calls multilog with the actions `tfoo` and `eXX`: it stamps lines, and prints them on stderr.",
        run: |world| {
            let err = ends_well(world, &["tfoo", "eXX", "./main"], "line\n")?;
            let line = world.log("main").current();
            world.expect_that(
                "the log",
                line.starts_with("@4") && line.ends_with(" line\\n"),
                "a stamped line",
                &line,
            )?;
            world.expect("stderr", err, line)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/ignores-unknown-actions",
        requirements: &["MLOG-02", "GEN-04"],
        uses: &[MULTILOG],
        does: "Calls multilog with empty arguments, with an argument for each byte that begins no action, and with none at all. \
               It exits 0 without a word and makes no files.",
        run: |world| {
            world.files.make_directory("here")?;
            world.files.write("input", "line\n")?;
            let unknown = (1..=255_u8).filter(|byte| !b"-+e=sn!./t".contains(byte));
            let unknown: Vec<OsString> = unknown.map(|byte| OsString::from_vec(vec![byte, b'x'])).collect();
            let words = ["", "", "plain", "log/main", "foo", "~/log", "x"].map(OsString::from);
            for script in [&[][..], &words, &unknown, &unknown[..1]] {
                let multilog = world.command("multilog").args(script).input("input").current_directory("here");
                world.expect("multilog", multilog.finish()?.all(), ("exit 0", "", ""))?;
            }
            world.expect("files", world.files.names("here"), vec![""; 0])?;
            let script = words.into_iter().chain(["./main".into()]).chain(unknown);
            let ran = world.command("multilog").args(script).input("input").finish()?;
            world.expect("with a log among them", ran.all(), ("exit 0", "", ""))?;
            world.expect("the log", world.log("main").current(), "line\\n")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/stamps-lines",
        requirements: &["MLOG-09", "MLOG-03", "MLOG-11"],
        uses: &[MULTILOG],
        does: "Logs lines with `t` as the first action: each begins with `@`, 24 hexadecimal digits of the present time and a \
               space. Patterns apply to the line with its stamp, so that one without a star for the stamp matches nothing.",
        run: |world| {
            let before = world.time_of_day();
            let script = ["t", "./all", "-*", "+fatal: *", "./none", "+* fatal: *", "./fatal", "+@4*", "./at"];
            ends_well(world, &script, "fatal: out of memory\n\nwarning: none\nlast")?;
            let after = world.time_of_day() + LEAP_SECONDS;
            let lines = stamped(world, "all", before, after)?;
            world.expect(
                "lines",
                lines,
                ["fatal: out of memory", "", "warning: none", "last"].map(str::to_owned).to_vec(),
            )?;
            world.expect("fatal", stamped(world, "fatal", before, after)?, vec!["fatal: out of memory"])?;
            world.expect(
                "logs",
                [world.log("none").current(), world.log("at").current()],
                [String::new(), world.log("all").current()],
            )
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/stamps-nothing-unless-that-comes-first",
        requirements: &["MLOG-03b"],
        uses: &[MULTILOG],
        does: "Puts `t` behind other actions, behind an empty one and behind an unknown one: lines have no stamps.",
        run: |world| {
            for (number, first) in ["", "x", "e", "-none", "s5000", "./other"].into_iter().enumerate() {
                let name = format!("./log{number}");
                ends_well(world, &[first, "t", &name, "t"], "line\n")?;
                let log = world.log(&format!("log{number}")).current();
                world.expect(&format!("the log with {first:?} before t"), log, "line\\n")?;
            }
            ends_well(world, &["t", "t", "./twice"], "line\n")?;
            let log = world.log("twice").current();
            world.expect_that("the log with t twice", log.len() == 26 + 6, "one stamp", &log)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/stamps-the-first-byte-of-a-line",
        requirements: &["MLOG-09b"],
        uses: &[MULTILOG],
        does: "Feeds multilog the beginning of a line, and its end only when multilog waits for it. The stamp is of the time when \
               the beginning was read.",
        run: |world| {
            world.files.make_fifo("feed")?;
            let feed = fs::OpenOptions::new().read(true).write(true).open("feed");
            let feed = feed.map_err(|error| Failure::broken(format!("feed: {error}")))?;
            let write = |bytes: &[u8]| {
                let written = std::io::Write::write_all(&mut &feed, bytes);
                written.map_err(|error| Failure::broken(format!("feed: {error}")))
            };
            let multilog = world.command("multilog").args(["t", "./main"]).input("feed").start()?;
            world.until("the log", "0644".to_owned(), || Ok(world.log("main").mode("current")))?;
            multilog.until_idle()?;
            let before = world.time_of_day();
            write(b"beg")?;
            // It sleeps with an empty FIFO: the beginning was read.
            world.until("the beginning is read", true, || {
                use std::os::fd::AsFd;
                let mut waiting = [nix::poll::PollFd::new(feed.as_fd(), nix::poll::PollFlags::POLLIN)];
                Ok(nix::poll::poll(&mut waiting, nix::poll::PollTimeout::ZERO) == Ok(0))
            })?;
            multilog.until_idle()?;
            let after = world.time_of_day();
            write(b"in\n")?;
            world.until("length of the log", 32, || Ok(world.log("main").bytes("current").len()))?;
            world.expect("lines", stamped(world, "main", before, after)?, vec!["begin"])?;
            drop(feed);
            multilog.expect_exit("exit 0")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/counts-stamps-as-part-of-the-line",
        requirements: &["MLOG-09b", "MLOG-10b", "MLOG-07b", "MLOG-08"],
        uses: &[MULTILOG],
        does: "Stamps lines of 974 and 975 bytes, which have 1000 and 1001 bytes then: patterns and status files get the first \
               1000. An alert has 174 bytes of a line.",
        run: |world| {
            let lines = ["a".repeat(973) + "y", "a".repeat(973) + "zy", "q".repeat(174), "q".repeat(174) + "e"];
            let script = ["t", "./all", "-*", "+*y", "./y", "-*", "+*z", "./z", "=last", "-*", "+* q*", "e"];
            let err = ends_well(world, &script, lines.join("\n") + "\n")?;
            let all = world.files.lines("all/current");
            world.expect("lines", all.len(), 4)?;
            let logs = ["y", "z"].map(|name| world.log(name).current());
            world.expect("logs", logs, [format!("{}\\n", all[0]), format!("{}\\n", all[1])])?;
            world.expect("the status file", world.files.read("last"), format!("{}\\n", &all[1][..1000]))?;
            world.expect("stderr", err, format!("{}\\n{}...\\n", all[2], &all[3][..200]))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/prints-selected-lines",
        requirements: &["MLOG-07"],
        uses: &[MULTILOG],
        does: "Prints lines that are selected, on stderr, and no others. Of a line of 300 bytes it prints the first 200.",
        run: |world| {
            let long = "a".repeat(200) + &"b".repeat(100);
            let err = ends_well(world, &["-no*", "e"], format!("yes\nno\n{long}\nlast\n"))?;
            let lines: Vec<&str> = err.split("\\n").collect();
            let are_whole = lines.first() == Some(&"yes") && lines.contains(&"last");
            world.expect_that("the short lines", are_whole, "whole", &err)?;
            let is_there = lines.iter().any(|line| line.starts_with(&long[..200]));
            world.expect_that("the long line", is_there && !err.contains('b'), "its first 200 bytes", &err)?;
            world.expect_that("others", !err.contains("no"), "not printed", &err)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/prints-dots-behind-200-bytes",
        requirements: &["MLOG-07b"],
        uses: &[MULTILOG],
        does: "Prints lines of 0 to 5000 bytes on stderr: up to 200 bytes with a newline, and of longer ones 200 bytes, three dots \
               and a newline. Null bytes and others are printed as they are.",
        run: |world| {
            let lengths = [0, 1, 199, 200, 201, 202, 203, 204, 999, 1000, 1001, 5000];
            let input: String = lengths.map(|length| "a".repeat(length) + "\n").concat();
            let shown = lengths.map(|length| "a".repeat(length.min(200)) + if length > 200 { "...\\n" } else { "\\n" });
            world.expect("stderr", ends_well(world, &["e"], input)?, shown.concat())?;
            let all: Vec<u8> = (0..=255).filter(|byte| *byte != b'\n').take(200).chain([b'\n']).collect();
            world.expect("all bytes", ends_well(world, &["e"], &all)?, escape(&all))?;
            let err = ends_well(world, &["e", "-a", "e", "+*", "eagain"], "a\nlast")?;
            world.expect("three alerts", err, "a\\na\\nlast\\nlast\\nlast\\n")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/prints-to-nobody",
        requirements: &["MLOG-07b", "GEN-06", "GEN-03"],
        uses: &[MULTILOG],
        does: "Prints lines on a stderr that is full, which multilog ignores, and on one that nobody reads: SIGPIPE kills it unless \
               it is ignored.",
        run: |world| {
            world.files.make_fifo("pipe")?;
            world.files.write("input", "one\ntwo\n")?;
            for (redirections, is_ignored, exit, logged) in [
                ("2>/dev/full", false, "exit 0", "one\\ntwo\\n"),
                (STDERR_UNREAD, true, "exit 0", "one\\ntwo\\n"),
                (STDERR_UNREAD, false, "killed by PIPE", ""),
            ] {
                let multilog = world.redirected(redirections, "multilog").args(["e", "./main"]).input("input");
                let multilog = if is_ignored { multilog.ignored("PIPE") } else { multilog };
                let ran = multilog.finish()?;
                world.expect(&format!("end with {redirections}, SIGPIPE ignored: {is_ignored}"), &*ran.exit, exit)?;
                world.expect("the log", world.log("main").current(), logged)?;
                world.files.remove("main")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/keeps-the-last-line-in-a-status-file",
        requirements: &["MLOG-08", "MLOG-01"],
        uses: &[MULTILOG],
        does: "Keeps selected lines of 0 to 3000 bytes in a status file, each as the last: it has their first 1000 bytes, and 1001 \
               with the newlines behind them.",
        run: |world| {
            for length in [5, 0, 999, 1000, 1001, 3000, 1] {
                let line = "a".repeat(length);
                let padded = format!("{:\n<1001}", &line[..length.min(1000)]);
                let err = ends_well(world, &["-no", "=status", "-*", "=other"], format!("bbbbb\n{line}\nno\n"))?;
                world.expect("stderr", err, "")?;
                world.expect(
                    &format!("status of {length} bytes"),
                    world.files.read("status"),
                    escape(padded.as_bytes()),
                )?;
            }
            world.expect("a file without a line", world.files.read("other"), "")?;
            ends_well(world, &["=a", "-*", "+STAT*", "=b"], "STAT 1\nother\nSTAT 2\nlast")?;
            let files = ["a", "b"].map(|name| world.files.read(name).replace("\\n", ""));
            world.expect("two status files", files, ["last", "STAT 2"])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/overwrites-status-files-in-place",
        requirements: &["MLOG-08b"],
        uses: &[MULTILOG],
        does: "Gives multilog status files that exist. Their contents stay until a line is selected, what is behind 1001 bytes \
               stays for good, and so do their modes. A new one gets mode 0600.",
        run: |world| {
            let old = "o".repeat(3000);
            for (name, mode) in [("long", 0o640), ("unused", 0o444)] {
                world.files.write(name, &old)?;
                world.files.set_mode(name, mode)?;
            }
            let script = ["=long", "=new", "=long", "-*", "=unused", "=empty"];
            world.files.write("input", "line\n")?;
            let ran = world.command("multilog").args(script).umask(0).input("input").finish()?;
            world.expect("multilog", ran.all(), ("exit 0", "", ""))?;
            let line = format!("{:\n<1001}", "line");
            let files = ["long", "new", "unused", "empty"].map(|name| (world.files.read(name), world.files.mode(name)));
            world.expect(
                "files",
                files,
                [
                    (escape(format!("{line}{}", &old[1001..]).as_bytes()), "0640".to_owned()),
                    (escape(line.as_bytes()), "0600".to_owned()),
                    (old.clone(), "0444".to_owned()),
                    (String::new(), "0600".to_owned()),
                ],
            )?;
            world.files.link("target", "link")?;
            ends_well(world, &["=link"], "line\n")?;
            world.expect("a linked file", world.files.read("target"), escape(line.as_bytes()))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/opens-status-files-once",
        requirements: &["MLOG-08b"],
        uses: &[MULTILOG],
        does: "Renames a status file between two lines: multilog goes on writing to the renamed file.",
        run: |world| {
            world.files.make_fifo("feed")?;
            let feed = fs::OpenOptions::new().read(true).write(true).open("feed");
            let feed = feed.map_err(|error| Failure::broken(format!("feed: {error}")))?;
            let write = |bytes: &[u8]| {
                let written = std::io::Write::write_all(&mut &feed, bytes);
                written.map_err(|error| Failure::broken(format!("feed: {error}")))
            };
            let multilog = world.command("multilog").arg("=status").input("feed").start()?;
            world.until("size of the new file", Some(0), || Ok(world.files.size("status")))?;
            write(b"first\n")?;
            let begin = |name: &str| world.files.read(name).chars().take(8).collect::<String>();
            world.until("status", "first\\n\\", || Ok(begin("status")))?;
            world.files.rename("status", "renamed")?;
            write(b"again\n")?;
            world.until("the renamed file", "again\\n\\", || Ok(begin("renamed")))?;
            world.expect("there is a new file", world.files.exists("status"), false)?;
            drop(feed);
            multilog.expect_exit("exit 0")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/writes-status-files-behind-links",
        requirements: &["MLOG-08", "MLOG-08b"],
        uses: &[MULTILOG],
        does: "Has status files that are links, one of them to a link in another directory, and one to a file that does not exist. \
               multilog writes what they lead to.",
        run: |world| {
            world.files.make_directory("sub")?;
            world.files.write("target", "")?;
            for (target, name) in [("target", "direct"), ("sub/link", "indirect"), ("../made", "sub/link")] {
                world.files.link(target, name)?;
            }
            let ran = world.multilog(&["=direct", "=indirect"], "line\n")?.finish()?;
            world.expect("multilog", ran.all(), ("exit 0", "", ""))?;
            for name in ["target", "made"] {
                let text = world.files.read(name);
                world.expect_that(name, text.starts_with("line\\n\\n"), "the line", &text)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/writes-status-files-behind-links-of-others",
        requirements: &["MLOG-27"],
        uses: &[MULTILOG, ROOT, ACCOUNTS],
        does: "Has a status file that is a link of another account. multilog writes what it leads to.",
        run: |world| {
            world.as_root()?;
            let account = world.accounts()?.remove(0);
            world.files.write("target", "")?;
            world.files.link("target", "status")?;
            std::os::unix::fs::lchown(world.path("status"), Some(account.uid), Some(account.gid))
                .map_err(|error| Failure::broken(format!("cannot give a link away: {error}")))?;
            let ran = world.multilog(&["=status"], "line\n")?.finish()?;
            world.expect("multilog", ran.all(), ("exit 0", "", ""))?;
            let text = world.files.read("target");
            world.expect_that("the target", text.starts_with("line\\n\\n"), "the line", &text)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/reports-status-files-that-it-cannot-open",
        requirements: &["MLOG-08b", "GEN-01", "GEN-02", "ERR-01"],
        uses: &[MULTILOG],
        does: "Gives multilog status files that are directories, FIFOs, sockets, links to themselves, in no directory or without a \
               name. It exits 111, and touches no log directory.",
        run: |world| {
            world.files.make_directory("sub")?;
            world.files.write("file", "")?;
            world.files.link("loop", "loop")?;
            world.files.make_fifo("fifo")?;
            let _socket = std::os::unix::net::UnixListener::bind("socket")
                .map_err(|error| Failure::broken(format!("cannot make a socket: {error}")))?;
            let long = "n".repeat(256);
            for (file, why) in [
                ("sub", "is a directory"),
                ("fifo", "device not configured"),
                ("socket", "device not configured"),
                ("loop", "symbolic link loop"),
                ("missing/file", "file does not exist"),
                ("file/x", "not a directory"),
                ("new/", "is a directory"),
                ("", "file does not exist"),
                (&long, "file name too long"),
            ] {
                let word = format!("={file}");
                let ran = world.multilog(&["./main", "=first", &word, "=later"], "line\n")?.finish()?;
                world.expect_end(&ran, "exit 111", &format!("multilog: fatal: unable to create {file}: {why}"))?;
            }
            let made = ["main", "first", "later"].map(|name| world.files.exists(name));
            world.expect("files that were made", made, [false, true, false])?;
            let word = OsStr::from_bytes(b"=missing/\xff\xfe");
            let ran = world.command("multilog").arg(word).finish()?;
            let message = "multilog: fatal: unable to create missing/\\xff\\xfe: file does not exist";
            world.expect_end(&ran, "exit 111", message)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/finishes-the-last-line",
        requirements: &["MLOG-11", "MLOG-15"],
        uses: &[MULTILOG],
        does: "Ends the input within a line of one byte and within one of 3000 bytes: the line gets a newline.",
        run: |world| {
            for (number, length) in [1, 3000].into_iter().enumerate() {
                let line = "a".repeat(length);
                let name = format!("log{number}");
                ends_well(world, &[&*format!("./{name}")], format!("first\n{line}"))?;
                world.expect("the log", world.log(&name).current(), format!("first\\n{line}\\n"))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/passes-all-bytes-through",
        requirements: &["MLOG-11b"],
        uses: &[MULTILOG],
        does: "Logs empty input, empty lines, null bytes and all other bytes, and lines around 1000 and 1024 bytes, with and \
               without patterns. The logs have exactly these bytes.",
        run: |world| {
            let all: Vec<u8> = (0..=255).collect();
            let long: [String; 10] =
                [998, 999, 1000, 1001, 1002, 1023, 1024, 1025, 2048, 4000].map(|length| "x".repeat(length) + "\n");
            let (all, long) = (all.repeat(20), long.concat());
            let pieces: [&[u8]; 6] = [b"", b"\n", b"\n\n\0\n", b"\0\0", &all, long.as_bytes()];
            for (number, &input) in pieces.iter().enumerate() {
                let [plain, picky] = ["plain", "picky"].map(|name| format!("{name}{number}"));
                ends_well(world, &[&*format!("./{plain}"), "-none", &*format!("./{picky}")], input)?;
                let mut wanted = input.to_vec();
                if input.last().is_some_and(|last| *last != b'\n') {
                    wanted.push(b'\n');
                }
                for name in [plain, picky] {
                    world.expect(&format!("the log {name}"), world.log(&name).current(), escape(&wanted))?;
                }
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/sets-sizes-and-numbers-for-what-follows",
        requirements: &["MLOG-12", "MLOG-13", "MLOG-14"],
        uses: &[MULTILOG],
        does: "Logs 300 kB with no settings and with several. `s` and `n` apply to the directories behind them, the last one \
               counts, and without any a file has at most 99999 bytes and there are at most 9 old ones.",
        run: |world| {
            #[rustfmt::skip]
            let script = [
                "./usual", "s4096", "./small", "n5", "./few", "n50", "s9000", "s30000", "./middle", "s16777215", "./large", "n3",
                "s20000", "./last",
            ];
            let input: String = (0..3000).map(|number| format!("{number:099}\n")).collect();
            ends_well(world, &script, &input)?;
            for (name, size, most) in [
                ("usual", 99_999, 9),
                ("small", 4096, 9),
                ("few", 4096, 4),
                ("middle", 30_000, 49),
                ("large", 16_777_215, 49),
                ("last", 20_000, 2),
            ] {
                let log = world.log(name);
                let sizes = log.sizes();
                let are_full = sizes.iter().all(|length| (size - 2000..=size).contains(length));
                world.expect_that(
                    &format!("sizes of the old files of {name}"),
                    are_full,
                    &format!("{size} or a little less"),
                    &sizes,
                )?;
                let fits = input.len() / size;
                let is_right = sizes.len() >= fits.min(most) && sizes.len() <= most;
                world.expect_that(
                    &format!("number of old files of {name}"),
                    is_right,
                    &format!("up to {most}"),
                    sizes.len(),
                )?;
                let logged = log.everything();
                world.expect(&format!("{name} has the last lines"), input.as_bytes().ends_with(&logged), true)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/brings-sizes-into-range",
        requirements: &["MLOG-12b"],
        uses: &[MULTILOG],
        does: "Sets sizes that are too small, too large, no numbers, or beyond 64 bits, and logs as much as shows what they mean: \
               at most 4096 bytes for small ones, and 16777215 for large ones.",
        run: |world| {
            let small = [
                "s4096",
                "s0",
                "s1",
                "s4095",
                "s",
                "sabc",
                "s-5000",
                "s+9000",
                "s 9000",
                "s0x9000",
                "s18446744073709551616",
            ];
            let larger = [
                "s5000",
                "s5000x",
                "s05000",
                "s5000.9",
                "s5000s9999",
                "s18446744073709556616",
                "s92233720368547763080",
            ];
            let words: Vec<(&str, usize)> =
                small.into_iter().map(|word| (word, 4096)).chain(larger.into_iter().map(|word| (word, 5000))).collect();
            let names: Vec<String> = (0..words.len()).map(|number| format!("./d{number}")).collect();
            let script: Vec<&str> = words.iter().zip(&names).flat_map(|((word, _), name)| [word, &**name]).collect();
            // Without a newline, a file ends at exactly its size.
            ends_well(world, &script, "x".repeat(6000))?;
            for ((word, size), name) in words.iter().zip(&names) {
                world.expect(&format!("sizes with {word}"), world.log(&name[2..]).sizes(), vec![*size])?;
            }
            // A line ends a file within 2000 bytes of the size.
            let largest = ["s16777215", "s16777216", "s99999999", "s18446744073709551615"];
            for (number, word) in largest.into_iter().enumerate() {
                for (length, rotates) in [(16_775_000, false), (16_775_150, true)] {
                    let log = world.log(&format!("l{number}-{length}"));
                    world.files.make_directory(&log.name)?;
                    let path = world.path(&log.name).join("current");
                    let made = fs::File::create(&path).and_then(|file| file.set_len(length));
                    made.map_err(|error| Failure::broken(format!("current: {error}")))?;
                    world.files.set_mode(&path, 0o744)?;
                    ends_well(world, &[word, &*log.name], format!("{:099}\n", 0))?;
                    let found = log.old().len();
                    world.expect(
                        &format!("old files with {word} behind {length} bytes"),
                        found,
                        usize::from(rotates),
                    )?;
                }
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/brings-numbers-into-range",
        requirements: &["MLOG-13b"],
        uses: &[MULTILOG],
        does: "Sets numbers of files that are too small, no numbers, or beyond 64 bits. One old file is left with those below 2 and \
               those that are none.",
        run: |world| {
            let least =
                ["n2", "n0", "n1", "n", "nabc", "n-5", "n+5", "n 5", "n18446744073709551616", "n18446744073709551617"];
            let more = ["n4", "n4x", "n04", "n4.5", "n18446744073709551620"];
            let all = ["n999", "n18446744073709551615"];
            let counted =
                |words: &[&'static str], count: usize| words.iter().map(|word| (*word, count)).collect::<Vec<_>>();
            let words = [counted(&least, 1), counted(&more, 3), counted(&all, 5)].concat();
            let names: Vec<String> = (0..words.len()).map(|number| format!("./d{number}")).collect();
            let settings = words.iter().zip(&names).flat_map(|((word, _), name)| [word, &**name]);
            let script: Vec<&str> = ["s4096"].into_iter().chain(settings).collect();
            ends_well(world, &script, "x".repeat(4096 * 5 + 10))?;
            for ((word, count), name) in words.iter().zip(&names) {
                world.expect(&format!("old files with {word}"), world.log(&name[2..]).old().len(), *count)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/removes-the-oldest-files",
        requirements: &["MLOG-13"],
        uses: &[MULTILOG],
        does: "Fills a log twice whose directory has five old files. Those with the smallest stamps are removed.",
        run: |world| {
            let log = world.log("main");
            world.files.make_directory(&log.name)?;
            for number in [3, 1, 5, 2, 4] {
                world.files.write(format!("main/@40000000{number:016x}.s"), format!("{number}\n"))?;
            }
            let input = "x".repeat(4096) + &"y".repeat(4096) + "z";
            ends_well(world, &["n6", "s4096", "./main"], &input)?;
            let beginnings: String = log.old().iter().map(|name| char::from(log.bytes(name)[0])).collect();
            world.expect("beginnings of the old files", beginnings, "345xy")?;
            world.expect("current", log.current(), "z\\n")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/sets-processors-for-what-follows",
        requirements: &["MLOG-14"],
        uses: &[MULTILOG],
        does: "Fills four logs with processors between them: each applies to the directories behind it, up to the next.",
        run: |world| {
            let script = ["s4096", "./none", "!tr x a", "./a", "./too", "!tr x b", "./b"];
            ends_well(world, &script, "x".repeat(4100))?;
            for (name, letter) in [("none", "x"), ("a", "a"), ("too", "a"), ("b", "b")] {
                let log = world.log(name);
                let old: Vec<u8> = log.old().iter().flat_map(|old| log.bytes(old)).collect();
                world.expect(&format!("old file of {name}"), escape(&old), letter.repeat(4096))?;
                world.expect(&format!("current of {name}"), log.current(), "xxxx\\n")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/takes-an-empty-processor-for-one",
        requirements: &["MLOG-14b"],
        uses: &[MULTILOG],
        does: "Fills a log with the processor ``: the old file is empty.",
        run: |world| {
            ends_well(world, &["s4096", "!tr x a", "!", "./main"], "x".repeat(4100))?;
            let log = world.log("main");
            world.expect("sizes of old files", log.sizes(), vec![0])?;
            world.expect("current", log.current(), "xxxx\\n")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/takes-names-with-a-dot-or-a-slash-for-logs",
        requirements: &["MLOG-15", "MLOG-14"],
        uses: &[MULTILOG],
        does: "Logs to directories that exist and that do not, by relative and absolute names, hidden ones, ones with odd bytes, \
               and the current directory.",
        run: |world| {
            world.files.make_directory("there")?;
            world.files.make_directory("here/sub")?;
            world.files.link("there", "link")?;
            world.files.write("input", "line\n")?;
            let absolute = world.path("absolute").into_os_string();
            let odd = OsStr::from_bytes(b"./\xff\xfe \n'$x");
            let relative = [".", "./new", "../up", ".hidden", "./sub/..//in", "../link", "./sub/"].map(OsString::from);
            let script: Vec<OsString> = relative.into_iter().chain([absolute, odd.to_owned()]).collect();
            let ran = world.command("multilog").args(&script).current_directory("here").input("input").finish()?;
            world.expect("multilog", ran.all(), ("exit 0", "", ""))?;
            for name in ["here", "here/new", "up", "here/.hidden", "here/in", "there", "here/sub", "absolute"] {
                world.expect(&format!("the log {name}"), world.log(name).current(), "line\\n")?;
            }
            let odd = fs::read(world.path("here").join(odd).join("current")).unwrap_or_default();
            world.expect("the log with an odd name", escape(&odd), "line\\n")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/takes-a-long-script",
        requirements: &["MLOG-01", "MLOG-04"],
        uses: &[MULTILOG],
        does: "Calls multilog with ten thousand patterns, one of 100 kB among them, and a hundred logs. It obeys all of them.",
        run: |world| {
            let mut script: Vec<String> = (0..10_000).map(|number| format!("-{number}")).collect();
            script.push(format!("-{}*", "*x".repeat(50_000)));
            script.extend((0..100).map(|number| format!("./d{number}")));
            let script: Vec<&str> = script.iter().map(String::as_str).collect();
            ends_well(world, &script, "0\n9999\n10000\n5000\nlast\n")?;
            for number in 0..100 {
                let log = world.log(&format!("d{number}")).current();
                if log != "10000\\nlast\\n" {
                    return world.expect(&format!("log {number}"), log, "10000\\nlast\\n");
                }
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "multilog/script/does-without-descriptors",
        requirements: &["MLOG-34b", "GEN-03"],
        uses: &[MULTILOG],
        does: "Closes stdin, which is an end of the input, and stdout and stderr, which multilog does not need for logs. No \
               message gets into a log.",
        run: |world| {
            world.files.write("input", "line\n")?;
            for (number, (closed, wanted)) in
                [(&[0][..], ""), (&[1], "line\\n"), (&[1, 2], "line\\n"), (&[0, 1, 2], "")].into_iter().enumerate()
            {
                let name = format!("log{number}");
                let multilog =
                    world.command("multilog").args(["e", &*format!("./{name}")]).input("input").closed(closed);
                let ran = multilog.finish()?;
                world.expect(&format!("end without {closed:?}"), &*ran.exit, "exit 0")?;
                let log = world.log(&name);
                world.expect("the log", log.current(), wanted)?;
                world.expect("other files", (log.bytes("lock").len(), log.bytes("state").len()), (0, 0))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
];

/// How much later a stamp is if leap seconds are counted, as the manual allows.
const LEAP_SECONDS: Duration = Duration::from_secs(27);

/// The lines that patterns are tried on.
const LINES: &[&[u8]] = &[
    b"hello",
    b"hello world",
    b"hell",
    b"",
    b"ab",
    b"aab",
    b"xab",
    b"xaxb",
    b"abc",
    b"abxc",
    b"named[135]: Cleaned cache of 3121 RRs",
    b"[a-z]",
    b"?",
    b"a\\b",
    b".",
    b"-",
    b" ",
    b"\xff-\xfe",
    b"\xff\xfe",
    b"*",
    b"ab*cd",
    b"a*b",
    b"a*",
    b"x*cb",
    b"a**b",
];

/// Fails unless each pattern matches exactly these of [`LINES`].
#[track_caller]
fn expect_matches(world: &World, patterns: &[(&[u8], &[&[u8]])]) -> Outcome {
    let lines = |lines: &[&[u8]]| lines.iter().flat_map(|line| [*line, b"\n"].concat()).collect::<Vec<u8>>();
    world.files.write("input", lines(LINES))?;
    let script = patterns.iter().enumerate().flat_map(|(number, (pattern, _))| {
        [b"-*".to_vec(), [b"+", *pattern].concat(), format!("./p{number}").into_bytes()].map(OsString::from_vec)
    });
    let ran = world.command("multilog").args(script).input("input").finish()?;
    world.expect("multilog", ran.all(), ("exit 0", "", ""))?;
    for (number, (pattern, matches)) in patterns.iter().enumerate() {
        // In the order of the input.
        let matches: Vec<&[u8]> = LINES.iter().copied().filter(|line| matches.contains(line)).collect();
        let found = world.log(&format!("p{number}")).current();
        world.expect(&format!("lines that match {}", escape(pattern)), found, escape(&lines(&matches)))?;
    }
    Ok(())
}

/// Runs multilog with `script` on `input`, and fails unless it exits 0 and prints nothing on stdout. Returns its stderr.
#[track_caller]
fn ends_well(world: &World, script: &[&str], input: impl AsRef<[u8]>) -> Result<String, Failure> {
    let ran = world.multilog(script, input)?.finish()?;
    world.expect("exit and stdout", (&*ran.exit, &*ran.out), ("exit 0", ""))?;
    Ok(ran.err)
}

/// Returns the lines of `current` in the log `name`, [`escape`]d and without their stamps, which must be of a time between
/// `before` and `after`.
#[track_caller]
fn stamped(world: &World, name: &str, before: Duration, after: Duration) -> Result<Vec<String>, Failure> {
    let mut lines = vec![];
    for line in world.files.lines(format!("{name}/current")) {
        let bytes = unescape(&line);
        let parts = Label::split(&bytes).and_then(|(label, rest)| Some((label, rest.strip_prefix(b" ")?)));
        let time = parts.map(|(label, _)| label.since_1970());
        let is_right = time.is_some_and(|time| before <= time && time <= after);
        world.expect_that(&format!("stamp of {line:?}"), is_right, &format!("{before:?} to {after:?}"), time)?;
        lines.extend(parts.map(|(_, rest)| escape(rest)));
    }
    Ok(lines)
}
