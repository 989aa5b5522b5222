//! readproctitle: the title, byte by byte, and its ends.

use crate::observe::escape;
use crate::observe::process;
use crate::outcome::{Failure, Outcome};
use crate::scenario::{READPROCTITLE, STRACE, Scenario};
use crate::world::{Exit, Running, World, broken};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::Signal;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "readproctitle/shows-the-end-of-its-input-behind-three-dots",
        requirements: &["RPT-02"],
        uses: &[READPROCTITLE],
        does: "Writes to readproctitle and compares its last argument, as ps shows it: titles of 20, 5 and 400 dots, filled in \
               part, whole, and many times over.",
        run: |world| {
            let long: Vec<u8> = (b'0'..=b'9').cycle().take(1003).collect();
            let table: [(usize, &[u8], &str); 6] = [
                (20, b"abc", ".................abc"),
                (20, b"fatal error xyz, warning abc.", "...xyz, warning abc."),
                (20, b"12345678901234567", "...12345678901234567"),
                (5, b"abc", "...bc"),
                (5, b"a", "....a"),
                (400, &long, &format!("...{}", String::from_utf8_lossy(&long[1003 - 397..]))),
            ];
            for (length, input, title) in table {
                let (running, to) = fed(world, &["errors:", &".".repeat(length)])?;
                feed(&to, input)?;
                until_arguments(world, &running, &["errors:".to_owned(), escape(title.as_bytes())])?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "readproctitle/turns-the-last-argument-into-dots",
        requirements: &["RPT-01", "RPT-03", "RPT-05"],
        uses: &[READPROCTITLE],
        does: "Starts readproctitle with words for dots, alone and after other arguments, and without input. The last argument \
               becomes as many dots as it has bytes, and the others stay.",
        run: |world| {
            let table: [&[&str]; 4] = [
                &["nondots!!"],
                &["service", "errors:", "nondots!!"],
                &["", "two words", ".....", ".a.b."],
                &["words", "words"],
            ];
            for arguments in table {
                let mut wanted: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
                if let Some(last) = wanted.last_mut() {
                    *last = ".".repeat(last.len());
                }
                let (running, _to) = fed(world, arguments)?;
                until_arguments(world, &running, &wanted)?;
                world.stays("readproctitle's arguments", wanted, A_WHILE / 5, || Ok(shown_arguments(&running)))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "readproctitle/shows-every-byte-but-nul",
        requirements: &["RPT-03", "RPT-05"],
        uses: &[READPROCTITLE],
        does: "Writes all 256 bytes to readproctitle, one at a time. The title shows all but the NUL, the other arguments stay, \
               and all of them together keep their length.",
        run: |world| {
            let others = ["service", "", "errors: two words"];
            let length = 300;
            let (running, to) = fed(world, &[&others[..], &[&"x".repeat(length)]].concat())?;
            let mut wanted: Vec<String> = others.map(str::to_owned).into();
            let mut title = vec![b'.'; length];
            wanted.push(escape(&title));
            until_arguments(world, &running, &wanted)?;
            let whole =
                || fs::read(format!("/proc/{}/cmdline", running.pid)).map(|bytes| bytes.len()).unwrap_or_default();
            let before = whole();
            for byte in 0..=u8::MAX {
                feed(&to, &[byte])?;
                if byte != 0 {
                    title.remove(3);
                    title.push(byte);
                }
                if byte % 16 == 0 {
                    wanted[others.len()] = escape(&title);
                    until_arguments(world, &running, &wanted)?;
                    world.expect("length of all arguments", whole(), before)?;
                }
            }
            feed(&to, b"\0\0end\0")?;
            title.splice(3..6, []);
            title.extend(b"end");
            wanted[others.len()] = escape(&title);
            until_arguments(world, &running, &wanted)?;
            world.expect("length of all arguments", whole(), before)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "readproctitle/wants-five-bytes-of-title",
        requirements: &["RPT-04"],
        uses: &[READPROCTITLE],
        does: "Runs readproctitle on an empty input with no argument, an empty last one, and last ones of four and five bytes. \
               It exits 0 with five bytes, 100 with fewer, and prints nothing.",
        run: |world| {
            let table: [(&[&str], &str); 7] = [
                (&[], "exit 100"),
                (&[""], "exit 100"),
                (&["...."], "exit 100"),
                (&["long enough", "...."], "exit 100"),
                (&["long enough", ""], "exit 100"),
                (&["....."], "exit 0"),
                (&["", "word!"], "exit 0"),
            ];
            for (arguments, exit) in table {
                let ran = world.run("readproctitle", arguments)?;
                let seen = (ran.exit.as_str(), ran.out.as_str(), ran.err.as_str());
                world.expect(&format!("readproctitle {arguments:?}"), seen, (exit, "", ""))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "readproctitle/tells-the-end-of-input-from-an-error",
        requirements: &["RPT-04"],
        uses: &[READPROCTITLE],
        does: "Runs readproctitle on a file, a directory, a closed descriptor, and an empty FIFO that does not block. It exits 0 \
               after the file, 111 for the others, and prints nothing.",
        run: |world| {
            world.files.write("messages", "one\ntwo\n")?;
            world.files.make_fifo("empty")?;
            let path = world.path("empty");
            let empty = OpenOptions::new().read(true).write(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(&path);
            let empty = empty.map_err(|error| broken(&path, &error))?;
            // O_NONBLOCK belongs to the open file, not to its name, so the descriptor itself must be inherited. Not every shell
            // can redirect a descriptor of two digits.
            let number = fcntl(&empty, FcntlArg::F_DUPFD(3)).map_err(|error| broken(&path, &error))?;
            if number > 9 {
                return Err(Failure::broken(format!("no free descriptor below 10, only {number}")));
            }
            let script = format!("exec \"$@\" <&{number}");
            let program = world.commands().join("readproctitle");
            let arguments = ["service", "errors:", "....."];
            let plain = || world.command("readproctitle").args(arguments);
            let table = [
                ("a file", plain().input("messages"), "exit 0"),
                ("a directory", plain().input("."), "exit 111"),
                ("closed", plain().closed(&[0]), "exit 111"),
                (
                    "empty, not blocking",
                    world.program("/bin/sh").args(["-c", &script, "sh"]).arg(program).args(arguments),
                    "exit 111",
                ),
            ];
            for (input, command, exit) in table {
                let ran = command.run()?;
                let seen = (ran.exit.as_str(), ran.out.as_str(), ran.err.as_str());
                world.expect(&format!("readproctitle on an input that is {input}"), seen, (exit, "", ""))?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "readproctitle/repeats-an-interrupted-read",
        requirements: &["RPT-04"],
        uses: &[READPROCTITLE, STRACE],
        does: "Interrupts the first two reads. readproctitle reads on to the end of its input and exits 0.",
        run: |world| {
            world.files.write("messages", "ab")?;
            let (path, trace) = (world.path("messages"), world.path("trace"));
            let (path, trace) = (path.to_string_lossy(), trace.to_string_lossy());
            // Only reads of the input: the loader of a dynamic executable reads files too.
            let options = ["-o", &trace, "-P", &path, "-e", "trace=read", "-e", "inject=read:error=EINTR:when=1..2"];
            let ran = world.traced(&options, "readproctitle")?.args(["errors:", "........"]).input("messages").run()?;
            world.expect(
                "readproctitle",
                (ran.exit.as_str(), ran.out.as_str(), ran.err.as_str()),
                ("exit 0", "", ""),
            )?;
            let interrupted = world.files.lines("trace").iter().filter(|line| line.contains("EINTR")).count();
            world.expect("reads interrupted", interrupted, 2)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "readproctitle/waits-for-its-last-writer",
        requirements: &["RPT-04"],
        uses: &[READPROCTITLE],
        does: "Stops and continues readproctitle while its pipe is open and empty. It waits and reads on, and exits 0 when the \
               last writer has closed the pipe.",
        run: |world| {
            let (running, to) = fed(world, &["errors:", "........"])?;
            feed(&to, b"a")?;
            until_arguments(world, &running, &["errors:", ".......a"].map(str::to_owned))?;
            for signal in [Signal::SIGSTOP, Signal::SIGCONT, Signal::SIGWINCH] {
                world.signal(running.pid, signal)?;
            }
            world.stays("readproctitle is running", true, A_WHILE, || Ok(running.is_running()))?;
            let second = to.try_clone().map_err(|error| Failure::broken(error.to_string()))?;
            drop(to);
            feed(&second, b"b")?;
            until_arguments(world, &running, &["errors:", "......ab"].map(str::to_owned))?;
            world.stays("readproctitle is running", true, A_WHILE, || Ok(running.is_running()))?;
            drop(second);
            world.expect("readproctitle", running.wait()?, Exit::Code(0))?;
            world.expect("its output", (running.out(), running.err()), (String::new(), String::new()))
        },
        ..Scenario::ORDINARY
    },
];

/// How long a scenario watches that nothing happens.
const A_WHILE: Duration = Duration::from_millis(150);

/// Starts readproctitle on a FIFO, and returns the writer of the FIFO.
fn fed(world: &World, arguments: &[&str]) -> Result<(Running, File), Failure> {
    let name = format!("input-{}", world.monotonic());
    world.files.make_fifo(&name)?;
    let path = world.path(&name);
    // Opened for reading too, so that neither this nor readproctitle waits for the other end.
    let feed = OpenOptions::new().read(true).write(true).open(&path).map_err(|error| broken(&path, &error))?;
    let running = world.command("readproctitle").args(arguments).input(name).start()?;
    Ok((running, feed))
}

fn feed(mut to: &File, bytes: &[u8]) -> Outcome {
    to.write_all(bytes).map_err(|error| Failure::broken(format!("the FIFO: {error}")))
}

/// Returns the arguments after the name. A process that has just been started has none.
fn shown_arguments(running: &Running) -> Vec<String> {
    process::arguments(running.pid).into_iter().skip(1).collect()
}

/// Waits until the arguments after the name are `wanted`.
#[track_caller]
fn until_arguments(world: &World, running: &Running, wanted: &[String]) -> Outcome {
    world.until("readproctitle's arguments", wanted, || Ok(shown_arguments(running)))
}
