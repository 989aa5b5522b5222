//! Rules that many programs share, with a line per command. To judge another command by them, add its line to the table.

use crate::observe::escape;
use crate::outcome::{Failure, Outcome};
use crate::scenario::{Scenario, Use};
use crate::world::{Command, STDERR_UNREAD, STDOUT_UNREAD, World};
use nix::sys::signal::Signal;
use std::time::Duration;

/// Makes the scenarios `shared/RULE/COMMAND` of each line `"COMMAND": RULE... => EXAMPLES;`, and the table where they find
/// the examples of their command.
macro_rules! commands {
    ($($command:literal: $($rule:ident)+ => $examples:expr;)+) => {
        /// The scenarios of this file.
        pub(crate) const SCENARIOS: &[Scenario] = &[$($(
            $rule(concat!("shared/", stringify!($rule), "/", $command), $command, &[Use::Command($command)], &$examples),
        )+)+];

        /// The examples of each command.
        const COMMANDS: &[(&str, Examples)] = &[$(($command, $examples)),+];
    };
}

// `{}` stands for a name that the rule chooses. Nothing has that name unless the case makes it. svstat reports errors on
// stdout (`svstat/line`), and readproctitle, svscanboot, tai64n and tai64nlocal report
// none.
commands! {
    "envdir": write name options descriptors => Examples::of(&[
            exits(111, &[], "envdir: usage: envdir dir child"),
            exits(111, &["{}", "true"], "envdir: fatal: unable to switch to directory {}: file does not exist"),
            exits(111, &["env", "{}"], "envdir: fatal: unable to run {}: file does not exist")
                .after(|world, _| make_directory(world, "env")),
        ])
        .with_operand(exits(111, &["{}", "true"], "envdir: fatal: unable to switch to directory {}: file does not exist"))
        .with_directory(exits(0, &["{}", "true"], ""));
    "envuidgid": write name options descriptors => Examples::of(&[
            exits(100, &[], "envuidgid: usage: envuidgid account child"),
            exits(111, &["{}", "true"], "envuidgid: fatal: unknown account {}"),
            exits(111, &["root", "{}"], "envuidgid: fatal: unable to run {}: file does not exist"),
        ])
        .with_operand(exits(111, &["{}", "true"], "envuidgid: fatal: unknown account {}"));
    "fghack": write name options descriptors => Examples::of(&[
            exits(100, &[], "fghack: usage: fghack child"),
            exits(111, &["{}"], "fghack: fatal: unable to run {}: file does not exist").in_a_child(),
        ])
        .with_operand(exits(111, &["{}", "true"], "fghack: fatal: unable to run {}: file does not exist"));
    "multilog": write name options descriptors => Examples::of(&[
            exits(111, &["./{}/x"], "multilog: fatal: unable to open directory ./{}/x: file does not exist"),
            exits(111, &["={}/x"], "multilog: fatal: unable to create {}/x: file does not exist"),
        ])
        .with_operand(exits(0, &["{}"], ""));
    "pgrphack": write name options descriptors => Examples::of(&[
            exits(100, &[], "pgrphack: usage: pgrphack child"),
            exits(111, &["{}"], "pgrphack: fatal: unable to run {}: file does not exist"),
        ])
        .with_operand(exits(111, &["{}", "true"], "pgrphack: fatal: unable to run {}: file does not exist"));
    "readproctitle": options => Examples::of(&[])
        .with_operand(exits(0, &["{}", "....."], ""));
    "setlock": write name options descriptors => Examples::of(&[
            exits(100, &[], "setlock: usage: setlock [ -nNxX ] file program [ arg ... ]"),
            exits(100, &["-z"], "{called}: illegal option -- z\nsetlock: usage: setlock [ -nNxX ] file program [ arg ... ]"),
            exits(111, &["{}/lock", "true"], "setlock: fatal: unable to open {}/lock: file does not exist"),
            exits(111, &["lock", "{}"], "setlock: fatal: unable to run {}: file does not exist"),
        ])
        .with_options()
        .with_operand(exits(111, &["{}", "missing/lock", "true"], "setlock: fatal: unable to open missing/lock: file \
            does not exist"));
    "setuidgid": write name options descriptors => Examples::of(&[
            exits(100, &[], "setuidgid: usage: setuidgid account child"),
            exits(111, &["{}", "true"], "setuidgid: fatal: unknown account {}"),
        ])
        .with_operand(exits(111, &["{}", "true"], "setuidgid: fatal: unknown account {}"));
    "softlimit": write name options descriptors => Examples::of(&[
            exits(100, &[], "softlimit: usage: softlimit [-a allbytes] [-c corebytes] [-d databytes] [-f filebytes] \
                [-l lockbytes] [-m membytes] [-o openfiles] [-p processes] [-r residentbytes] [-s stackbytes] [-t cpusecs] \
                child"),
            exits(100, &["-z"], "{called}: illegal option -- z\nsoftlimit: usage: softlimit [-a allbytes] [-c corebytes] \
                [-d databytes] [-f filebytes] [-l lockbytes] [-m membytes] [-o openfiles] [-p processes] [-r residentbytes] \
                [-s stackbytes] [-t cpusecs] child"),
            exits(100, &["-c"], "{called}: option requires an argument -- c\nsoftlimit: usage: softlimit [-a allbytes] \
                [-c corebytes] [-d databytes] [-f filebytes] [-l lockbytes] [-m membytes] [-o openfiles] [-p processes] \
                [-r residentbytes] [-s stackbytes] [-t cpusecs] child"),
            exits(111, &["{}"], "softlimit: fatal: unable to run {}: file does not exist"),
        ])
        .with_options()
        .with_operand(exits(111, &["{}", "missing"], "softlimit: fatal: unable to run missing: file does not exist"));
    "supervise": write name options descriptors => Examples::of(&[
            exits(100, &[], "supervise: usage: supervise dir"),
            exits(111, &["{}"], "supervise: fatal: unable to chdir to {}: file does not exist"),
            runs(&["{}"], "supervise: fatal: unable to start {}/run: file does not exist").in_a_child().after(make_directory),
        ])
        .with_operand(exits(111, &["{}"], "supervise: fatal: unable to chdir to {}: file does not exist"))
        .with_directory(runs(&["{}"], "supervise: fatal: unable to start {}/run: file does not exist"));
    "svc": write name options descriptors => Examples::of(&[
            exits(0, &["-d", "{}"], "svc: warning: unable to chdir to {}: file does not exist"),
            exits(100, &["-z"], "{called}: illegal option -- z\nsvc options: u up, d down, o once, x exit, p pause, \
                c continue, h hup, a alarm, i interrupt, t term, k kill"),
        ])
        .with_options()
        .that_ignore_pipe()
        .with_operand(exits(0, &["{}", "missing"], "svc: warning: unable to chdir to missing: file does not exist"));
    "svok": write name options descriptors => Examples::of(&[
            exits(100, &[], "svok: usage: svok dir"),
            exits(111, &["{}"], "svok: fatal: unable to chdir to {}: file does not exist"),
        ])
        .with_operand(exits(111, &["{}"], "svok: fatal: unable to chdir to {}: file does not exist"))
        .with_directory(exits(100, &["{}"], ""));
    "svscan": write name options descriptors => Examples::of(&[
            exits(111, &["{}"], "svscan: fatal: unable to chdir to {}: file does not exist"),
            runs(&["in-{}"], "svscan: warning: unable to stat {}: file does not exist")
                .after(|world, name| {
                    world.files.make_directory(format!("in-{name}"))?;
                    world.files.link("nowhere", format!("in-{name}/{name}"))
                }),
            runs(&["of-{}"], "svscan: warning: unable to start supervise {}: file does not exist")
                .in_a_child()
                .without_path()
                .after(|world, name| make_directory(world, &format!("of-{name}/{name}"))),
        ])
        .with_operand(exits(111, &["{}"], "svscan: fatal: unable to chdir to {}: file does not exist"))
        .with_directory(runs(&["{}"], ""));
    "svstat": options => Examples::of(&[])
        .with_operand(exits(0, &["{}"], "").and_prints("{}: unable to chdir: file does not exist"))
        .with_directory(exits(0, &["{}"], "").and_prints("{}: unable to open supervise/ok: file does not exist"));
    "tai64n": options => Examples::of(&[])
        .with_operand(exits(0, &["{}"], ""))
        .with_directory(exits(0, &["{}"], ""));
    "tai64nlocal": options => Examples::of(&[])
        .with_operand(exits(0, &["{}"], ""))
        .with_directory(exits(0, &["{}"], ""));
}

/// What a command does in examples.
struct Examples {
    /// Arguments that it complains about.
    complaints: &'static [Case],
    /// A call with the operand `{}`, which may look like an option.
    operand: Option<Case>,
    /// The same call when a directory has that name.
    directory: Option<Case>,
    /// Whether it has options of a letter. A message about one begins with the last part of `argv[0]`, here `{called}`.
    has_options: bool,
    /// Whether it ignores SIGPIPE.
    ignores_pipe: bool,
}

/// One call of a command.
struct Case {
    arguments: &'static [&'static str],
    /// Its exit code, or `None` for a command that goes on running.
    exit: Option<u8>,
    /// What it prints on stdout and stderr, without the last newline.
    out: &'static str,
    err: &'static str,
    /// Whether a child prints it.
    in_a_child: bool,
    /// Whether PATH leads nowhere.
    without_path: bool,
    /// What must be there before. It gets the name.
    before: fn(&World, &str) -> Outcome,
}

impl Examples {
    const fn of(complaints: &'static [Case]) -> Examples {
        Examples { complaints, operand: None, directory: None, has_options: false, ignores_pipe: false }
    }

    const fn with_operand(self, case: Case) -> Examples {
        Examples { operand: Some(case), ..self }
    }

    const fn with_directory(self, case: Case) -> Examples {
        Examples { directory: Some(case), ..self }
    }

    const fn with_options(self) -> Examples {
        Examples { has_options: true, ..self }
    }

    const fn that_ignore_pipe(self) -> Examples {
        Examples { ignores_pipe: true, ..self }
    }
}

/// A call with `arguments` that exits with `code` and prints `err`.
const fn exits(code: u8, arguments: &'static [&'static str], err: &'static str) -> Case {
    Case { exit: Some(code), ..runs(arguments, err) }
}

/// A call with `arguments` that prints `err` and goes on running.
const fn runs(arguments: &'static [&'static str], err: &'static str) -> Case {
    let before = |_: &World, _: &str| Ok(());
    Case { arguments, exit: None, out: "", err, in_a_child: false, without_path: false, before }
}

impl Case {
    const fn and_prints(self, out: &'static str) -> Case {
        Case { out, ..self }
    }

    const fn in_a_child(self) -> Case {
        Case { in_a_child: true, ..self }
    }

    const fn without_path(self) -> Case {
        Case { without_path: true, ..self }
    }

    const fn after(self, before: fn(&World, &str) -> Outcome) -> Case {
        Case { before, ..self }
    }
}

/// A message is one write, up to 256 bytes.
const fn write(id: &'static str, command: &'static str, uses: &'static [Use], _: &Examples) -> Scenario {
    Scenario {
        id,
        requirements: &["GEN-03"],
        uses,
        does: "Gives the command a stderr FIFO that is one byte too small for its message. Nothing is written until the whole \
               message fits, up to a length of 256 bytes.",
        program: Some(command),
        run: |world| {
            // Each line is a message of its own. A warning that svscan prints itself has its own scenario, in svscan/scan.
            let (command, examples) = judged(world)?;
            let is_last = |case: &&Case| case.exit.is_some() || case.in_a_child;
            for case in examples.complaints.iter().filter(is_last).filter(|case| !case.err.contains('\n')) {
                writes_at_once(world, command, case, MISSING)?;
                if case.err.contains(NAME) {
                    let rest = case.err_line("").len();
                    writes_at_once(world, command, case, &"n".repeat(LONGEST - rest))?;
                }
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    }
}

#[track_caller]
fn writes_at_once(world: &World, command: &str, case: &Case, name: &str) -> Outcome {
    let message = case.err_line(name);
    let fifo = format!("stderr-{}", world.monotonic());
    let stderr = world.fifo(&fifo)?;
    (case.before)(world, name)?;
    stderr.fill(message.len() - 1)?;
    let running = case.set_up(world.command(command), name).errors(&fifo).start()?;
    if case.in_a_child {
        let child = world.until_some("a child", "there", || {
            Ok(running.children().into_values().next().ok_or_else(|| "none".to_owned()))
        })?;
        world.until_asleep_on(child, &fifo)?;
    } else {
        running.until_asleep_on(&fifo)?;
    }
    world.expect("stderr behind the filling", stderr.behind_filling()?, "")?;
    // One read, which finds no more than one write.
    world.until("stderr", escape(message.as_bytes()), || stderr.gulp())?;
    let Some(code) = case.exit else {
        return running.kill(Signal::SIGKILL).map(drop);
    };
    running.expect_exit(&format!("exit {code}"))?;
    world.expect("stderr after the message", stderr.taken()?, "")
}

/// A command goes by its own name in messages, whatever `argv[0]` is.
const fn name(id: &'static str, command: &'static str, uses: &'static [Use], line: &Examples) -> Scenario {
    Scenario {
        id,
        requirements: if line.has_options { &["GEN-01", "OPT-03"] } else { &["GEN-01"] },
        uses,
        does: if line.has_options {
            "Calls the command by paths, by other names and by none. A message about an option begins with what follows the \
             last slash, and every other message with the command's own name."
        } else {
            "Calls the command by paths, by other names and by none. Its messages begin with its own name all the same."
        },
        program: Some(command),
        run: |world| {
            let (own, examples) = judged(world)?;
            let ways = ["OWN", "/no/such/place/OWN", "./OWN", "//OWN", "watcher", "/command/watcher", "OWN/", ""];
            for called in ways.map(|way| way.replace("OWN", own)) {
                for case in examples.complaints.iter().filter(|case| case.exit.is_some()) {
                    (case.before)(world, MISSING)?;
                    case.expect(world, world.command(own).argv0(&called), MISSING, &called)?;
                }
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    }
}

/// No command has long options, and most have none at all.
const fn options(id: &'static str, command: &'static str, uses: &'static [Use], line: &Examples) -> Scenario {
    Scenario {
        id,
        requirements: &["GEN-04"],
        uses,
        does: if line.has_options {
            "Calls the command with --help and --version. It takes each for the end of its options."
        } else {
            "Calls the command with -x, --help, --version, -- and the like. It takes each for an operand, for one that does not \
             exist and, where operands are directories, for one that does."
        },
        program: Some(command),
        run: |world| {
            let (command, examples) = judged(world)?;
            let all = ["--help", "--version", "-", "--", "-h", "-x", "-V"];
            let words = if examples.has_options { &all[..2] } else { &all[..] };
            for word in words {
                if let Some(case) = &examples.operand {
                    case.expect(world, world.command(command), word, "")?;
                }
                if let Some(case) = &examples.directory {
                    make_directory(world, word)?;
                    case.expect(world, world.command(command), word, "")?;
                }
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    }
}

/// A command does without standard descriptors, and only SIGPIPE can keep it from going on.
const fn descriptors(id: &'static str, command: &'static str, uses: &'static [Use], line: &Examples) -> Scenario {
    Scenario {
        id,
        requirements: &["GEN-03", "GEN-06"],
        uses,
        does: if line.ignores_pipe {
            "Closes the standard descriptors of the command, or makes its output full or unread, with SIGPIPE ignored or not. \
             Its exit codes stay the same."
        } else {
            "Closes the standard descriptors of the command, or makes its output full or unread, with SIGPIPE ignored or not. \
             Its exit codes stay the same, except that SIGPIPE kills it."
        },
        program: Some(command),
        run: |world| {
            let (command, examples) = judged(world)?;
            world.files.make_fifo("pipe")?;
            for case in examples.complaints.iter().filter(|case| !case.in_a_child) {
                (case.before)(world, MISSING)?;
                let mut lasting = vec![];
                for redirections in REDIRECTIONS {
                    for is_ignored in [false, true] {
                        // svscan/scan has a scenario for that.
                        if *redirections == STDERR_UNREAD && !is_ignored && case.exit.is_none() {
                            continue;
                        }
                        let started = case.set_up(world.redirected(redirections, command), MISSING);
                        let started = if is_ignored { started.ignored("PIPE") } else { started }.start()?;
                        let is_killed = *redirections == STDERR_UNREAD && !is_ignored && !examples.ignores_pipe;
                        let exit = match case.exit {
                            _ if is_killed => "killed by PIPE".to_owned(),
                            Some(code) => format!("exit {code}"),
                            None => {
                                started.until_idle()?;
                                lasting.push((*redirections, started));
                                continue;
                            }
                        };
                        let ended = started.wait()?.to_string();
                        world.expect(
                            &format!("end with {redirections}, SIGPIPE ignored: {is_ignored}"),
                            ended,
                            exit,
                        )?;
                        if !redirections.contains("2>") {
                            let err = case.err_line(MISSING).replace(CALLED, command);
                            world.expect("stderr", started.err(), escape(err.as_bytes()))?;
                        }
                    }
                }
                let ended = || lasting.iter().filter(|(_, running)| !running.is_running());
                let ended = || Ok(ended().map(|(redirections, _)| *redirections).collect::<Vec<_>>());
                world.stays("redirections with which it ended", vec![""; 0], A_WHILE, ended)?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    }
}

/// The length of the longest message that is a single write.
const LONGEST: usize = 256;
/// What happens to descriptors 0 to 2.
const REDIRECTIONS: &[&str] =
    &["2>&-", ">&-", "<&-", "<&- >&- 2>&-", "2>/dev/full", ">/dev/full", STDERR_UNREAD, STDOUT_UNREAD];
/// How long a scenario watches that a command goes on running.
const A_WHILE: Duration = Duration::from_millis(150);
/// The name that `{}` stands for in most rules.
const MISSING: &str = "missing";
/// The placeholder for a name.
const NAME: &str = "{}";
/// The placeholder for the last part of `argv[0]`.
const CALLED: &str = "{called}";

/// Returns the command that the scenario judges, and its examples.
fn judged(world: &World) -> Result<(&'static str, &'static Examples), Failure> {
    let command = world.id().rsplit('/').next();
    let found = COMMANDS.iter().find(|(name, _)| Some(*name) == command);
    found.map(|(name, examples)| (*name, examples)).ok_or_else(|| Failure::broken("a command without a line"))
}

fn make_directory(world: &World, name: &str) -> Outcome {
    world.files.make_directory(name).map(drop)
}

impl Case {
    /// Returns what it prints on stderr for `name`, with a newline, or nothing.
    fn err_line(&self, name: &str) -> String {
        line(self.err, name)
    }

    /// Adds the arguments for `name` to `command`.
    fn set_up(&self, command: Command, name: &str) -> Command {
        let command = command.args(self.arguments.iter().map(|argument| argument.replace(NAME, name)));
        if self.without_path { command.env("PATH", "/no/such/directory") } else { command }
    }

    /// Runs `command` with the arguments for `name`, and expects what it prints and how it ends. One that goes on running
    /// is killed.
    #[track_caller]
    fn expect(&self, world: &World, command: Command, name: &str, called: &str) -> Outcome {
        let called = called.rsplit('/').next().unwrap_or_default();
        let [out, err] = [self.out, self.err].map(|text| escape(line(text, name).replace(CALLED, called).as_bytes()));
        let command = self.set_up(command, name);
        if let Some(code) = self.exit {
            let ran = command.run()?;
            return world.expect("exit, stdout and stderr", ran.all(), (&*format!("exit {code}"), &*out, &*err));
        }
        let running = command.start()?;
        running.until_idle()?;
        world.until("stderr", true, || Ok(running.err().starts_with(&err)))?;
        world.expect("it runs", running.is_running(), true)?;
        running.kill(Signal::SIGKILL).map(drop)
    }
}

/// Returns `text` as a line with `name` in it, or nothing.
fn line(text: &str, name: &str) -> String {
    if text.is_empty() { String::new() } else { text.replace(NAME, name) + "\n" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands;

    #[test]
    fn each_command_but_svscanboot_has_a_line() {
        let lines: Vec<&str> = COMMANDS.iter().map(|(command, _)| *command).collect();
        let others = |command: &&str| *command != "svscanboot";
        assert_eq!(lines, commands::ALL.iter().copied().filter(others).collect::<Vec<_>>());
    }
}
