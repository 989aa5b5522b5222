//! Rules for commands that run another program, with a line per command. To judge another command by them, add its line.

use crate::outcome::Failure;
use crate::probe::Start;
use crate::scenario::{ROOT, STRACE, Scenario, Use};
use crate::world::{Command, World};
use nix::sys::signal::Signal;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Makes the scenarios `exec/RULE/COMMAND` of each line `"COMMAND": RULE... => LINE;`, and the table where they find the
/// line of their command.
macro_rules! commands {
    ($($command:literal: $($rule:ident)+ => $line:expr;)+) => {
        /// The scenarios of this file.
        pub(crate) const SCENARIOS: &[Scenario] = &[$($(
            $rule(concat!("exec/", stringify!($rule), "/", $command), $command, &[STRACE, Use::Command($command), ROOT], &$line),
        )+)+];

        /// The line of each command.
        const COMMANDS: &[(&str, Line)] = &[$(($command, $line)),+];
    };
}

commands! {
    "envdir": status search errors inheritance signals closed => Line::after(&["env"]).that_promises_its_status();
    "envuidgid": status search errors inheritance signals closed => Line::after(&["root"])
        .that_promises_its_status()
        .that_sets(&["GID=0", "UID=0"]);
    "fghack": status search errors inheritance signals closed => Line::after(&[]).that_opens(31).in_a_child();
    "pgrphack": status search errors inheritance signals closed => Line::after(&[]);
    "setlock": status search errors inheritance signals closed => Line::after(&["lock"]).that_opens(1);
    "setuidgid": status search errors inheritance signals closed => Line::after(&["root"])
        .that_promises_its_status()
        .for_root();
    "softlimit": status search errors inheritance signals closed => Line::after(&[]);
}

/// How a command runs a program.
struct Line {
    /// The arguments before the program.
    arguments: &'static [&'static str],
    /// Whether the manual promises its exit code.
    promises_status: bool,
    /// The variables that it sets.
    sets: &'static [&'static str],
    /// How many descriptors it hands on beside those that it was given.
    opens: usize,
    /// Whether the program is a child.
    in_a_child: bool,
    /// Whether only root can use it.
    for_root: bool,
}

impl Line {
    const fn after(arguments: &'static [&'static str]) -> Line {
        Line { arguments, promises_status: false, sets: &[], opens: 0, in_a_child: false, for_root: false }
    }

    const fn that_promises_its_status(self) -> Line {
        Line { promises_status: true, ..self }
    }

    const fn that_sets(self, sets: &'static [&'static str]) -> Line {
        Line { sets, ..self }
    }

    const fn that_opens(self, opens: usize) -> Line {
        Line { opens, ..self }
    }

    const fn in_a_child(self) -> Line {
        Line { in_a_child: true, ..self }
    }

    const fn for_root(self) -> Line {
        Line { for_root: true, ..self }
    }
}

/// The command of one scenario, with what its arguments name.
struct Judged<'w> {
    world: &'w World,
    name: &'static str,
    line: &'static Line,
}

impl<'w> Judged<'w> {
    /// Returns the command that the scenario judges. Skips if the suite may not use it.
    fn new(world: &'w World) -> Result<Judged<'w>, Failure> {
        let command = world.id().rsplit('/').next();
        let found = COMMANDS.iter().find(|(name, _)| Some(*name) == command);
        let (name, line) = found.ok_or_else(|| Failure::broken("a command without a line"))?;
        if line.for_root {
            world.as_root()?;
        }
        world.files.make_directory("env")?;
        Ok(Judged { world, name, line })
    }

    /// Returns the command, ready to run the program that is its next argument.
    fn command(&self) -> Command {
        self.world.command(self.name).args(self.line.arguments)
    }

    /// Returns the message that `program` cannot be run.
    fn message(&self, program: &str, why: &str) -> String {
        format!("{}: fatal: unable to run {program}: {why}\\n", self.name)
    }
}

/// The exit code is the program's.
const fn status(id: &'static str, command: &'static str, uses: &'static [Use], line: &Line) -> Scenario {
    Scenario {
        id,
        requirements: if line.promises_status { &["EXEC-06"] } else { &["EXEC-06b"] },
        uses: without_strace(uses, line),
        does: "Runs programs that exit with various codes, and one that does not exist. The command exits with the same codes, \
               and with 111 if there is no program.",
        program: Some(command),
        run: |world| {
            let judged = Judged::new(world)?;
            for code in [0, 1, 99, 100, 127, 255] {
                let ran = judged.command().args(["sh", "-c", &format!("echo out; echo err >&2; exit {code}")]).run()?;
                world.expect("exit, stdout and stderr", ran.all(), (&*format!("exit {code}"), "out\\n", "err\\n"))?;
            }
            for missing in ["no-such-program", "/no/such/program"] {
                let ran = judged.command().args([missing, "argument"]).run()?;
                world.expect("exit without a program", ran.exit, "exit 111")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    }
}

/// How PATH is searched.
const fn search(id: &'static str, command: &'static str, uses: &'static [Use], line: &Line) -> Scenario {
    Scenario {
        id,
        requirements: &["EXEC-01", "EXEC-02", "EXEC-03", "EXEC-04", "EXEC-05", "EXEC-06b", "GEN-02", "ERR-01"],
        uses: without_strace(uses, line),
        does: "Runs a program by names with and without a slash under many a PATH. Missing files, denied ones and directories \
               are passed over, an empty element is the current directory, and other errors end the search with a message.",
        program: Some(command),
        run: |world| {
            let judged = Judged::new(world)?;
            let files = &world.files;
            for (directory, code) in [("one", 1), ("two", 2), ("denied", 3), (".", 9)] {
                files.make_directory(directory)?;
                files.write_script(format!("{directory}/prog"), &format!("#!/bin/sh\nexit {code}\n"))?;
            }
            files.set_mode("denied/prog", 0o644)?;
            for directory in ["none", "directory/prog", "text", "empty", "loop", "dangling", "uninterpreted"] {
                files.make_directory(directory)?;
            }
            files.write_script("text/prog", "exit 4\n")?;
            files.write_script("empty/prog", "")?;
            files.write_script("uninterpreted/prog", "#!/no/such/interpreter\n")?;
            files.link("prog", "loop/prog")?;
            files.link("nowhere", "dangling/prog")?;
            let long = "n".repeat(300);

            let found = |name: &str, path: &str, code: u8| (name.to_owned(), path.to_owned(), Ok(code));
            let refused = |name: &str, path: &str, why: &'static str| (name.to_owned(), path.to_owned(), Err(why));
            let table = [
                found("prog", "one:two", 1),
                found("prog", "two:one", 2),
                found("prog", "none:missing:two", 2),
                found("prog", "dangling:uninterpreted:two", 2),
                found("prog", "denied:two", 2),
                found("prog", "directory:two", 2),
                found("prog", "two:text", 2),
                found("prog", "", 9),
                found("prog", ":two", 9),
                found("prog", "none:", 9),
                found("prog", "none::two", 9),
                found("prog", ".:two", 9),
                found("./prog", "two", 9),
                found("one/prog", "two", 1),
                found("two/../one/prog", "two", 1),
                refused("prog", "none:missing", "file does not exist"),
                refused("prog", "none:dangling:uninterpreted", "file does not exist"),
                refused("prog", "none:denied:none", "access denied"),
                refused("prog", "directory:none", "access denied"),
                refused("prog", "text:two", "exec format error"),
                refused("prog", "empty:two", "exec format error"),
                refused("prog", "prog:two", "not a directory"),
                refused("prog", "denied:loop:two", "symbolic link loop"),
                refused("prog", &format!("{long}:two"), "file name too long"),
                refused("", "one:two", "access denied"),
                refused("none/prog", "one", "file does not exist"),
                refused("denied/prog", "one", "access denied"),
                refused("./none", "one", "access denied"),
                refused("text/prog", "one", "exec format error"),
                refused("prog/prog", "one", "not a directory"),
            ];
            for (name, path, wanted) in &table {
                let ran = judged.command().env("PATH", path).args([name.as_str(), "argument"]).run()?;
                let (exit, err) = match wanted {
                    Ok(code) => (format!("exit {code}"), String::new()),
                    Err(why) => ("exit 111".to_owned(), judged.message(name, why)),
                };
                world.expect(&format!("running {name:?} with PATH={path:?}"), ran.all(), (&*exit, "", &*err))?;
            }
            // Without a PATH: /bin and /usr/bin, and not the current directory.
            let ran = judged.command().env_remove("PATH").args(["sh", "-c", "exit 5"]).run()?;
            world.expect("sh without PATH", ran.all(), ("exit 5", "", ""))?;
            let ran = judged.command().env_remove("PATH").arg("prog").run()?;
            let err = judged.message("prog", "file does not exist");
            world.expect("prog without PATH", ran.all(), ("exit 111", "", &*err))
        },
        ..Scenario::ORDINARY
    }
}

/// Which errors end the search.
const fn errors(id: &'static str, command: &'static str, uses: &'static [Use], line: &Line) -> Scenario {
    Scenario {
        id,
        requirements: &["EXEC-02", "EXEC-03", "EXEC-06b", "ERR-01"],
        uses: for_line(uses, line),
        does: "Lets the execution of the first program in PATH fail with errors that are hard to come by. EPERM and EISDIR let \
               the search go on to the next program, and all others end it with a message.",
        program: Some(command),
        run: |world| {
            let judged = Judged::new(world)?;
            for (directory, code) in [("one", 1), ("two", 2)] {
                world.files.make_directory(directory)?;
                world.files.write_script(format!("{directory}/prog"), &format!("#!/bin/sh\nexit {code}\n"))?;
            }
            world.files.make_directory("none")?;
            let (one, two, none) = (world.path("one"), world.path("two"), world.path("none"));
            let first = one.join("prog").display().to_string();
            let path = format!("{}:{}", one.display(), two.display());
            let only = format!("{}:{}", one.display(), none.display());
            for (error, phrase, goes_on) in [
                ("EPERM", "permission denied", true),
                ("EISDIR", "is a directory", true),
                ("EIO", "input/output error", false),
            ] {
                let inject = format!("inject=execve:error={error}");
                let options = ["-f", "-o", "/dev/null", "-P", &first, "-e", "trace=execve", "-e", &inject];
                let run = |path: &str| {
                    world.traced(&options, judged.name)?.args(judged.line.arguments).arg("prog").env("PATH", path).run()
                };
                let message = judged.message("prog", phrase);
                let (exit, err) = if goes_on { ("exit 2", "") } else { ("exit 111", &*message) };
                world.expect(&format!("{error} with another program"), run(&path)?.all(), (exit, "", err))?;
                if goes_on {
                    let ran = run(&only)?;
                    world.expect(&format!("{error} and no other program"), ran.all(), ("exit 111", "", &*message))?;
                }
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    }
}

/// What the program gets.
const fn inheritance(id: &'static str, command: &'static str, uses: &'static [Use], line: &Line) -> Scenario {
    Scenario {
        id,
        requirements: &["EXEC-05", "EXEC-06b"],
        uses: without_strace(uses, line),
        does: if line.in_a_child {
            "Runs a program that notes down how it finds itself. Beside the process, all is as without the command: name and \
             arguments, directory, umask, environment, signals, process group and open descriptors."
        } else {
            "Runs a program that notes down how it finds itself. It is the same process, and all is as without the command: \
             name and arguments, directory, umask, environment, signals, process group and open descriptors."
        },
        program: Some(command),
        run: |world| {
            let judged = Judged::new(world)?;
            world.files.make_directory("here/env")?;
            world.files.write("seven", "")?;
            let operands =
                [&b"one"[..], b"", b"-x", b"--", b"a b\n", b"\xff"].map(|word| OsString::from_vec(word.into()));
            let start = |command: Command, name: &str| -> Result<(i32, i32, Start), Failure> {
                let probe = world.service(name, "exit 7")?;
                for file in ["out", "err"] {
                    world.files.write(file, "")?;
                }
                let typed = format!("../{name}/run");
                let command = command.arg(&typed).args(&operands).output("out").errors("err");
                let running = command
                    .current_directory("here")
                    .umask(0o027)
                    .env("EMPTY", "")
                    .env("LONG", "x".repeat(100_000))
                    .blocked(Signal::SIGUSR1)
                    .ignored("HUP")
                    .after("exec 7<../seven")
                    .start()?;
                running.expect_exit("exit 7")?;
                let (pid, _, start) = probe.until_starts(1)?.remove(0);
                let typed = [typed.as_bytes()].into_iter().chain(operands.iter().map(|word| word.as_bytes()));
                let typed: Vec<String> = typed.map(crate::observe::escape).collect();
                world.expect("its arguments", &start.argv, &typed)?;
                Ok((running.pid, pid, start))
            };
            // A shell hands everything on.
            let (.., plain) = start(world.program("/bin/sh").args(["-c", "exec \"$@\"", "sh"]), "plain")?;
            let (pid, program, started) = start(judged.command(), "started")?;
            if judged.line.in_a_child {
                world.expect("its parent", started.parent, pid)?;
            } else {
                world.expect("its process", program, pid)?;
            }
            world.expect("its process group", started.group, pid)?;
            world.expect("its session", started.session, plain.session)?;
            world.expect("its directory", &started.cwd, &plain.cwd)?;
            world.expect("its umask", &started.umask, &plain.umask)?;
            world.expect("its blocked signals", &started.blocked, &plain.blocked)?;
            world.expect("its ignored signals", &started.ignored, &plain.ignored)?;
            let mut wanted: Vec<String> = plain.environment.clone();
            wanted.extend(judged.line.sets.iter().map(|&entry| entry.to_owned()));
            world.expect("its environment", sorted(started.environment), sorted(wanted))?;
            let mut descriptors = started.descriptors.clone();
            descriptors.retain(|number, target| plain.descriptors.get(number) != Some(target));
            world.expect("descriptors that it was not given", descriptors.len(), judged.line.opens)?;
            let lost: Vec<_> = plain.descriptors.keys().filter(|key| !started.descriptors.contains_key(key)).collect();
            world.expect("descriptors that it has lost", lost, vec![&0; 0])
        },
        ..Scenario::ORDINARY
    }
}

/// Signals before and after.
const fn signals(id: &'static str, command: &'static str, uses: &'static [Use], line: &Line) -> Scenario {
    Scenario {
        id,
        requirements: if line.in_a_child { &["EXEC-06b", "FGH-02"] } else { &["EXEC-06b", "GEN-06"] },
        uses: without_strace(uses, line),
        does: if line.in_a_child {
            "Runs a program with SIGPIPE ignored and not, which finds it so, and programs that kill themselves by signals, of \
             which the command reports a crash."
        } else {
            "Runs a program with SIGPIPE ignored and not, which finds it so, and programs that kill themselves by signals, as \
             the caller can see."
        },
        program: Some(command),
        run: |world| {
            let judged = Judged::new(world)?;
            let ignored =
                ["sh", "-c", "while read -r name mask; do [ $name != SigIgn: ] || echo $mask; done </proc/$$/status"];
            for signals in [&[][..], &["PIPE"]] {
                let run = |command: Command| {
                    signals.iter().fold(command, |command, signal| command.ignored(signal)).args(ignored).run()
                };
                let plain = run(world.program("/usr/bin/env"))?;
                let ran = run(judged.command())?;
                world.expect(&format!("with {signals:?} ignored"), ran.all(), plain.all())?;
            }
            for signal in ["KILL", "TERM", "PIPE", "SEGV"] {
                let ran = judged.command().args(["sh", "-c", &format!("kill -{signal} $$")]).run()?;
                let killed = format!("killed by {signal}");
                let crashed = format!("{}: fatal: child crashed\\n", judged.name);
                let wanted = if judged.line.in_a_child { ("exit 111", "", &*crashed) } else { (&*killed, "", "") };
                world.expect(&format!("a program killed by {signal}"), ran.all(), wanted)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    }
}

/// A command does without the standard descriptors.
const fn closed(id: &'static str, command: &'static str, uses: &'static [Use], line: &Line) -> Scenario {
    Scenario {
        id,
        requirements: &["EXEC-06b", "GEN-03"],
        uses: without_strace(uses, line),
        does: "Closes the standard descriptors, some or all, and runs a program that finds them closed or taken by what the \
               command hands on, and one that does not exist: exit code 111.",
        program: Some(command),
        run: |world| {
            let judged = Judged::new(world)?;
            for closed in [&[0][..], &[1], &[2], &[0, 2], &[0, 1, 2]] {
                world.files.write("open", "")?;
                let script =
                    "open=; for fd in 0 1 2 3; do [ ! -e /proc/$$/fd/$fd ] || open=$open$fd; done; echo $open >open";
                let ran = judged.command().closed(closed).args(["sh", "-c", script]).finish()?;
                world.expect(&format!("exit with {closed:?} closed"), ran.exit, "exit 0")?;
                let mut free: Vec<i32> = (0..=3).filter(|number| closed.contains(number) || *number == 3).collect();
                free.drain(..judged.line.opens.min(free.len()));
                let wanted = (0..=3).filter(|number| !free.contains(number)).map(|number| number.to_string());
                let wanted = wanted.collect::<String>() + "\\n";
                world.expect(&format!("what is open with {closed:?} closed"), world.files.read("open"), wanted)?;
                let ran = judged.command().closed(closed).arg("/no/such/program").finish()?;
                world.expect(&format!("exit without a program, {closed:?} closed"), ran.exit, "exit 111")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    }
}

/// Returns strace, the command and, if only root can use the command, root's rights, of `uses`, which has these three.
const fn for_line(uses: &'static [Use], line: &Line) -> &'static [Use] {
    if line.for_root { uses } else { uses.split_at(2).0 }
}

/// Returns the same without strace.
const fn without_strace(uses: &'static [Use], line: &Line) -> &'static [Use] {
    for_line(uses, line).split_at(1).1
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}
