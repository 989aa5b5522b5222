//! svc: what reaches the control FIFO, what it says, and what every option does, alone and together.

use crate::observe::process::Process;
use crate::observe::shown;
use crate::scenario::{Need, Outcome, Scenario, Stopped};
use crate::world::{Decoy, Running, STDERR_UNREAD, STDOUT_UNREAD, Service, World};
use nix::sys::signal::Signal;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

const SVC: &[Need] = &[Need::Command("svc")];
const NEEDS: &[Need] = &[Need::Command("supervise"), Need::Command("svc"), Need::Command("svstat")];
const CONTROL: &[Need] = &[Need::Command("supervise"), Need::Command("svc")];
const STRACE: &[Need] = &[Need::Command("svc"), Need::Tool("strace")];

/// The second line of the answer to a bad option.
const OPTIONS: &str = "svc options: u up, d down, o once, x exit, p pause, c continue, h hup, a alarm, i interrupt, \
                       t term, k kill\\n";

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svc/sends-each-letter-once-in-the-order-typed",
        requirements: &["SVC-02", "OPT-01"],
        needs: SVC,
        does: "Reads the control FIFO itself while svc is called with every letter alone, with the combinations that \
               people type, and with letters that repeat: each comes once, where it first stood.",
        run: sends_each_letter_once_in_the_order_typed,
    },
    Scenario {
        id: "svc/sends-all-letters-in-one-write",
        requirements: &["SVC-03"],
        needs: SVC,
        does: "Fills the control FIFO until it has room for one letter less than svc has to write: none goes in before \
               there is room for all.",
        run: sends_all_letters_in_one_write,
    },
    Scenario {
        id: "svc/waits-while-the-fifo-is-full",
        requirements: &["SVC-09"],
        needs: SVC,
        does: "Fills the control FIFO. svc waits, and writes its letters when the FIFO has been emptied.",
        run: waits_while_the_fifo_is_full,
    },
    Scenario {
        id: "svc/survives-a-reader-that-goes-away",
        requirements: &["SVC-09", "SVC-05", "GEN-06"],
        needs: SVC,
        does: "Lets svc wait on a full FIFO and closes the reading end: svc warns of a broken pipe, goes on with the \
               next directory and exits 0.",
        run: survives_a_reader_that_goes_away,
    },
    Scenario {
        id: "svc/options-end-at-the-first-operand",
        requirements: &["OPT-01", "SVC-06"],
        needs: SVC,
        does: "Puts options after directories, `--` and `-` in all places, and directories called `-x` and `-`. What \
               follows the first operand or `--` is a directory.",
        run: options_end_at_the_first_operand,
    },
    Scenario {
        id: "svc/refuses-unknown-options-and-touches-nothing",
        requirements: &["SVC-01", "OPT-03"],
        needs: SVC,
        does: "Gives svc options that it does not know, among those that it does: a line that names the option, the \
               list, exit 100, and not a byte in the FIFO.",
        run: refuses_unknown_options_and_touches_nothing,
    },
    Scenario {
        id: "svc/is-called-what-argv0-ends-in",
        requirements: &["OPT-03", "GEN-01"],
        needs: SVC,
        does: "Calls svc by a path: the line on a bad option starts with the part after the last slash.",
        run: is_called_what_argv0_ends_in,
    },
    Scenario {
        id: "svc/goes-by-any-name",
        requirements: &["OPT-03", "GEN-01"],
        needs: SVC,
        does: "Calls svc by other names, an empty one too: only the line on a bad option starts with that name, and a \
               warning still starts with `svc: `.",
        run: goes_by_any_name,
    },
    Scenario {
        id: "svc/without-directories-does-nothing",
        requirements: &["SVC-01"],
        needs: SVC,
        does: "Calls svc without directories, with and without options: exit 0, and not a word.",
        run: without_directories_does_nothing,
    },
    Scenario {
        id: "svc/goes-on-past-directories-it-cannot-use",
        requirements: &["SVC-05", "SVC-06", "ERR-01", "GEN-02"],
        needs: SVC,
        does: "Gives svc every kind of directory that it cannot use, with good ones before, between and after: a \
               warning for each bad one, in order, the letter for each good one, and exit 0.",
        run: goes_on_past_directories_it_cannot_use,
    },
    Scenario {
        id: "svc/without-options-looks-and-writes-nothing",
        requirements: &["SVC-04"],
        needs: SVC,
        does: "The same directories without options: the same warnings, and nothing in the FIFOs.",
        run: without_options_looks_and_writes_nothing,
    },
    Scenario {
        id: "svc/takes-names-as-bytes",
        requirements: &["SVC-06"],
        needs: SVC,
        does: "Uses directories with spaces, newlines and bytes that are no UTF-8 in their names, and names of 300 and \
               4000 bytes. The good ones get their letter, the bad ones appear in the warning byte for byte.",
        run: takes_names_as_bytes,
    },
    Scenario {
        id: "svc/names-are-relative-to-where-it-was-called",
        requirements: &["SVC-05", "SVC-10"],
        needs: SVC,
        does: "Names one service in many ways and in one call: relative, with dots, through a link, from below, and \
               from a directory that has been deleted.",
        run: names_are_relative_to_where_it_was_called,
    },
    Scenario {
        id: "svc/overwrites-a-regular-file",
        requirements: &["SVC-07"],
        needs: SVC,
        does: "Has a regular file as control: its first bytes are overwritten and the others stay.",
        run: overwrites_a_regular_file,
    },
    Scenario {
        id: "svc/warns-of-a-write-that-fails",
        requirements: &["SVC-05", "SVC-06"],
        needs: SVC,
        does: "Has a link to /dev/full as control: `error writing commands`, and the next directory gets its letter.",
        run: warns_of_a_write_that_fails,
    },
    Scenario {
        id: "svc/needs-no-stderr",
        requirements: &["SVC-11", "GEN-03", "GEN-06"],
        needs: SVC,
        does: "Closes the standard descriptors, or has stderr full or unread, with SIGPIPE ignored or not: the letters \
               go out past a warning that cannot, and the exit codes stay.",
        run: needs_no_stderr,
    },
    Scenario {
        id: "svc/says-each-thing-in-one-write",
        requirements: &["GEN-03"],
        needs: SVC,
        does: "Has as stderr a FIFO with room for one byte less than a warning: nothing of it goes in before all of it \
               can.",
        run: says_each_thing_in_one_write,
    },
    Scenario {
        id: "svc/permission-denied-is-access-denied",
        requirements: &["SVC-06", "ERR-01"],
        needs: SVC,
        does: "Takes permissions away from the directory, from `supervise` and from the FIFO, one at a time.",
        run: permission_denied_is_access_denied,
    },
    Scenario {
        id: "svc/needs-to-read-the-current-directory",
        requirements: &["SVC-10", "GEN-01"],
        needs: SVC,
        does: "Calls svc in a directory that it may enter and not read: fatal, exit 111, and not a byte in the FIFO.",
        run: needs_to_read_the_current_directory,
    },
    Scenario {
        id: "svc/ends-when-it-cannot-go-back",
        requirements: &["SVC-05", "GEN-01"],
        needs: STRACE,
        does: "Lets the return to the first directory fail after the first of two services: fatal, exit 111.",
        run: ends_when_it_cannot_go_back,
    },
    Scenario {
        id: "svc/options-send-their-signals",
        requirements: &["SUP-43"],
        needs: CONTROL,
        does: "Sends -h, -a, -i, -t, -p, -c, -d and -k to a service that survives what can be survived, and looks at what \
               comes to it.",
        run: options_send_their_signals,
    },
    Scenario {
        id: "svc/up-down-and-once-do-as-they-say",
        requirements: &["SUP-43", "SUP-47"],
        needs: CONTROL,
        does: "Sends -u to a service that is down, which is then started, and started again when it ends; -d, which ends \
               it for good; and -o to another, which is started once.",
        run: up_down_and_once_do_as_they_say,
    },
    Scenario {
        id: "svc/exit-ends-supervise-when-the-service-is-down",
        requirements: &["SUP-51"],
        needs: CONTROL,
        does: "Sends -x to a service that is down: supervise ends. With one that runs, supervise ends when that does, and \
               does not start it again.",
        run: exit_ends_supervise_when_the_service_is_down,
    },
    Scenario {
        id: "svc/applies-its-options-to-each-directory",
        requirements: &["SVC-05", "SUP-43"],
        needs: CONTROL,
        does: "Sends -u to three services in one call: all of them start. Then -dx: all of them and their supervises end.",
        run: applies_its_options_to_each_directory,
    },
    Scenario {
        id: "svc/does-not-wait-for-supervise",
        requirements: &["SVC-08"],
        needs: NEEDS,
        does: "Stops supervise with SIGSTOP: svc returns all the same, and supervise obeys when it is continued.",
        run: does_not_wait_for_supervise,
    },
    Scenario {
        id: "svc/down-sends-term-then-cont",
        requirements: &["SUP-43", "SUP-22", "SUP-45"],
        needs: NEEDS,
        does: "Pauses a service that survives TERM, then sends -d: it gets TERM and CONT, runs on, is wanted down and not \
               paused, and the stamp stays.",
        run: down_sends_term_then_cont,
    },
    Scenario {
        id: "svc/each-option-on-a-running-service",
        requirements: &["SUP-43", "STAT-01"],
        needs: NEEDS,
        does: "Sends every option in turn to a service that survives what can be survived. Each time: what the service \
               got, what the record says, whether the process is stopped, and the line of svstat.",
        run: each_option_on_a_running_service,
    },
    Scenario {
        id: "svc/each-option-on-a-service-that-is-down",
        requirements: &["SUP-43", "SUP-55", "STAT-01"],
        needs: NEEDS,
        does: "Sends every option in turn to a service that is down. Only -u and -o start it, and -x ends supervise.",
        run: each_option_on_a_service_that_is_down,
    },
    Scenario {
        id: "svc/combinations-on-running-services",
        requirements: &["SUP-43", "SUP-50", "SUP-51"],
        needs: NEEDS,
        does: "Sends the combinations that people type, each to a running service of its own, and looks how it ends: \
               down, up again, or without supervise.",
        run: combinations_on_running_services,
    },
    Scenario {
        id: "svc/combinations-on-services-that-are-down",
        requirements: &["SUP-43", "SUP-51", "SUP-52", "SUP-55"],
        needs: NEEDS,
        does: "The same combinations, each to a service of its own that is down and that would run for 1.3 seconds.",
        run: combinations_on_services_that_are_down,
    },
    Scenario {
        id: "svc/kill-then-exit-ends-supervise",
        requirements: &["SUP-51"],
        needs: NEEDS,
        does: "Sends -kx to a running service: supervise exits, with this run or, if that was started before the `x` was \
               read, with the next.",
        run: kill_then_exit_ends_supervise,
    },
];

fn sends_each_letter_once_in_the_order_typed(world: &World) -> Outcome {
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
        world.expect(&format!("letters of {options}"), world.taken(&web.control)?, letters)?;
    }
    Ok(())
}

fn sends_all_letters_in_one_write(world: &World) -> Outcome {
    let web = world.decoy("web")?;
    let letters = "udopxchaitk";
    world.fill(&web.control, letters.len() - 1)?;
    let svc = world.command("svc").args([&format!("-{letters}"), "web"]).start()?;
    world.until_asleep_on(&svc, "supervise/control")?;
    world.expect("letters behind the filling", world.behind_filling(&web.control)?, "")?;
    world.expect("end of svc", world.wait(&svc)?.to_string(), "exit 0")?;
    world.expect("letters", world.gulp(&web.control)?, letters)?;

    // The same set-up without the want of room, to show that it is the room that svc waits for.
    world.fill(&web.control, letters.len())?;
    let ran = world.run("svc", &[&format!("-{letters}"), "web"])?;
    world.expect("svc with room for all", ran.all(), ("exit 0", "", ""))?;
    world.expect("letters behind the filling", world.behind_filling(&web.control)?, letters)
}

fn waits_while_the_fifo_is_full(world: &World) -> Outcome {
    let web = world.decoy("web")?;
    world.fill(&web.control, 0)?;
    let svc = world.command("svc").args(["-d", "web"]).start()?;
    world.until_asleep_on(&svc, "supervise/control")?;
    world.expect("letters behind the filling", world.behind_filling(&web.control)?, "")?;
    world.expect("end of svc", world.wait(&svc)?.to_string(), "exit 0")?;
    world.expect("letters", world.taken(&web.control)?, "d")?;
    world.expect("stderr", svc.err(), "")
}

fn survives_a_reader_that_goes_away(world: &World) -> Outcome {
    let web = world.decoy("web")?;
    let next = world.decoy("next")?;
    world.fill(&web.control, 0)?;
    let svc = world.command("svc").args(["-d", "web", "next"]).start()?;
    world.until_asleep_on(&svc, "supervise/control")?;
    drop(web);
    world.expect("end of svc", world.wait(&svc)?.to_string(), "exit 0")?;
    world.expect("stderr", svc.err(), "svc: warning: error writing commands to web: broken pipe\\n")?;
    world.expect("letters for the next", world.taken(&next.control)?, "d")
}

/// Runs svc with `arguments`, which spaces part, and expects how it ends, what it says, and what comes to `web`.
fn expect_svc(world: &World, web: &Decoy, arguments: &str, exit: &str, err: &str, letters: &str) -> Outcome {
    let ran = world.command("svc").args(arguments.split(' ')).run()?;
    world.expect(&format!("svc {arguments}"), ran.all(), (exit, "", err))?;
    world.expect("letters", world.taken(&web.control)?, letters)
}

fn options_end_at_the_first_operand(world: &World) -> Outcome {
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
}

fn refuses_unknown_options_and_touches_nothing(world: &World) -> Outcome {
    let web = world.decoy("web")?;
    let cases =
        [("-z", 'z'), ("-?", '?'), ("-:", ':'), ("-U", 'U'), ("-1", '1'), ("-dz", 'z'), ("-zd", 'z'), ("-d -z", 'z')];
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
}

fn illegal_z(world: &World, called: &str) -> Outcome {
    let ran = world.command("svc").argv0(called).args(["-z", "missing"]).run()?;
    let name = called.rsplit('/').next().unwrap_or_default();
    let err = format!("{name}: illegal option -- z\\n{OPTIONS}");
    world.expect(&format!("svc, called {called:?}, with -z"), ran.all(), ("exit 100", "", err.as_str()))
}

fn is_called_what_argv0_ends_in(world: &World) -> Outcome {
    for called in ["svc", "/no/such/place/svc", "./svc", "//svc"] {
        illegal_z(world, called)?;
    }
    Ok(())
}

fn goes_by_any_name(world: &World) -> Outcome {
    for called in ["control", "/command/control", "svc/", ""] {
        illegal_z(world, called)?;
        let ran = world.command("svc").argv0(called).args(["-d", "missing"]).run()?;
        let err = "svc: warning: unable to chdir to missing: file does not exist\\n";
        world.expect(&format!("svc, called {called:?}"), ran.all(), ("exit 0", "", err))?;
    }
    Ok(())
}

fn without_directories_does_nothing(world: &World) -> Outcome {
    for arguments in [&[][..], &["-u"], &["-dx"], &["--"], &["-d", "--"], &["-udopxchaitk"]] {
        world.expect(&format!("svc {arguments:?}"), world.run("svc", arguments)?.all(), ("exit 0", "", ""))?;
    }
    Ok(())
}

/// Names of directories that svc cannot use, with what it is unable to do and why.
fn unusable(world: &World) -> Result<Vec<(String, &'static str, &'static str)>, Stopped> {
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
        world.expect(&format!("letters for {}", decoy.service.name), world.taken(&decoy.control)?, letters)?;
    }
    Ok(())
}

fn goes_on_past_directories_it_cannot_use(world: &World) -> Outcome {
    pass_the_unusable(world, &["-du"], "du")
}

fn without_options_looks_and_writes_nothing(world: &World) -> Outcome {
    pass_the_unusable(world, &[], "")
}

fn takes_names_as_bytes(world: &World) -> Outcome {
    let web = world.decoy("web")?;
    for name in [&b"a b"[..], b"a\nb", b"\xff\xfe", b" ", b"%s\\n", "\u{e9}t\u{e9}".as_bytes()] {
        let name = OsStr::from_bytes(name);
        world.link("web", name)?;
        let ran = world.command("svc").arg("-h").arg(name).run()?;
        world.expect("svc", ran.all(), ("exit 0", "", ""))?;
        world.expect("letters", world.taken(&web.control)?, "h")?;
    }
    let longer = [&b"n".repeat(150)[..], b"/", &b"n".repeat(149)].concat();
    for name in [&b"no such\nplace\xff"[..], &longer, &b"no/".repeat(1333)] {
        let ran = world.command("svc").arg("-h").arg(OsStr::from_bytes(name)).run()?;
        let shown = shown(name);
        let err = format!("svc: warning: unable to chdir to {shown}: file does not exist\\n");
        world.expect("svc", ran.all(), ("exit 0", "", err.as_str()))?;
    }
    Ok(())
}

fn names_are_relative_to_where_it_was_called(world: &World) -> Outcome {
    let web = world.decoy("deep/web")?;
    world.make_directory("deep/below")?;
    world.link("../web", "deep/below/link")?;
    let full = world.path("deep/web").display().to_string();
    let names = ["deep/web", "deep/web/", "./deep/../deep/web", "deep/below/link", &full];
    let ran = world.command("svc").arg("-a").args(names).run()?;
    world.expect("svc", ran.all(), ("exit 0", "", ""))?;
    world.expect("letters", world.taken(&web.control)?, "aaaaa")?;

    let ran = world.command("svc").current_directory("deep/below").args(["-i", "../web", "link", ".", "link"]).run()?;
    let err = "svc: warning: unable to control .: file does not exist\\n";
    world.expect("svc from another directory", ran.all(), ("exit 0", "", err))?;
    world.expect("letters", world.taken(&web.control)?, "iii")?;

    let ran = world.command("svc").current_directory("deep/web").args(["-c", "."]).run()?;
    world.expect("svc in the service itself", ran.all(), ("exit 0", "", ""))?;
    world.expect("letters", world.taken(&web.control)?, "c")?;

    let script = "mkdir gone && cd gone && rmdir ../gone && exec \"$@\"";
    let svc = world.commands().join("svc");
    let ran = world.program("/bin/sh").args(["-c", script, "sh"]).arg(svc).args(["-t", &full, "web", &full]).run()?;
    let err = "svc: warning: unable to chdir to web: file does not exist\\n";
    world.expect("svc from a deleted directory", ran.all(), ("exit 0", "", err))?;
    world.expect("letters", world.taken(&web.control)?, "tt")
}

fn overwrites_a_regular_file(world: &World) -> Outcome {
    world.make_directory("web/supervise")?;
    let control = "web/supervise/control";
    for (before, options, after) in [("abcdefgh", "-ud", "udcdefgh"), ("", "-t", "t"), ("a", "-x", "x")] {
        world.write_file(control, before)?;
        world.expect("svc", world.run("svc", &[options, "web"])?.all(), ("exit 0", "", ""))?;
        world.expect(&format!("{before:?} after {options}"), world.read(control), after)?;
    }
    Ok(())
}

fn warns_of_a_write_that_fails(world: &World) -> Outcome {
    let next = world.decoy("next")?;
    world.make_directory("web/supervise")?;
    world.link("/dev/full", "web/supervise/control")?;
    let err = "svc: warning: error writing commands to web: out of disk space\\n";
    expect_svc(world, &next, "-d web next", "exit 0", err, "d")?;
    // Nothing to write, nothing to fail.
    expect_svc(world, &next, "web next", "exit 0", "", "")
}

fn needs_no_stderr(world: &World) -> Outcome {
    let web = world.decoy("web")?;
    world.make_fifo("pipe")?;
    for redirections in ["2>&-", "<&- >&- 2>&-", ">&-", "<&-", "2>/dev/full", STDERR_UNREAD, STDOUT_UNREAD] {
        for ignored in [false, true] {
            let svc = |arguments: &[&str]| {
                let command = world.redirected(redirections, "svc").args(arguments);
                if ignored { command.ignored("PIPE").run() } else { command.run() }
            };
            let circumstances = format!("with {redirections:?}, SIGPIPE ignored: {ignored}");
            world.expect(&circumstances, svc(&["-d", "missing", "web", "bad", "web"])?.exit, "exit 0")?;
            world.expect("letters", world.taken(&web.control)?, "dd")?;
            world.expect(&circumstances, svc(&["-dz", "web"])?.exit, "exit 100")?;
            world.expect("letters", world.taken(&web.control)?, "")?;
        }
    }
    Ok(())
}

fn says_each_thing_in_one_write(world: &World) -> Outcome {
    let longest = format!("{}/{}", "n".repeat(150), "n".repeat(50));
    let warning = |name: &str| format!("svc: warning: unable to chdir to {name}: file does not exist\n");
    world.expect("length of the longest", warning(&longest).len(), 256)?;
    let stderr = world.fifo("stderr")?;
    for name in ["missing", &longest] {
        world.fill(&stderr, warning(name).len() - 1)?;
        let svc = world.command("svc").args(["-d", name]).errors("stderr").start()?;
        world.until_asleep_on(&svc, "/stderr")?;
        world.expect("said behind the filling", world.behind_filling(&stderr)?, "")?;
        world.expect("end of svc", world.wait(&svc)?.to_string(), "exit 0")?;
        world.expect("said", world.taken(&stderr)?, warning(name).replace('\n', "\\n"))?;
    }
    Ok(())
}

fn permission_denied_is_access_denied(world: &World) -> Outcome {
    let web = world.decoy("web")?;
    let svc = || world.bound_by_modes("svc")?.args(["-d", "web"]).run();
    for (file, mode, right, act) in [
        ("web", 0o600, 0o755, "chdir to"),
        ("web/supervise", 0o600, 0o755, "control"),
        ("web/supervise/control", 0o400, 0o600, "control"),
    ] {
        world.set_mode(file, mode)?;
        let ran = svc()?;
        world.set_mode(file, right)?;
        let err = format!("svc: warning: unable to {act} web: access denied\\n");
        world.expect(&format!("{file} with mode {mode:o}"), ran.all(), ("exit 0", "", err.as_str()))?;
    }
    world.expect("letters", world.taken(&web.control)?, "")?;
    world.expect("all permitted", svc()?.all(), ("exit 0", "", ""))?;
    world.expect("letters", world.taken(&web.control)?, "d")
}

fn needs_to_read_the_current_directory(world: &World) -> Outcome {
    let web = world.decoy("web")?;
    world.make_directory("dark")?;
    let svc = |mode: u32| {
        world.set_mode("dark", mode)?;
        let ran = world.bound_by_modes("svc")?.current_directory("dark").args(["-d", "../web"]).run();
        world.set_mode("dark", 0o755)?;
        ran
    };
    let err = "svc: fatal: unable to open current directory: access denied\\n";
    world.expect("svc in a directory of mode 0311", svc(0o311)?.all(), ("exit 111", "", err))?;
    world.expect("letters", world.taken(&web.control)?, "")?;
    world.expect("svc in a directory of mode 0511", svc(0o511)?.all(), ("exit 0", "", ""))?;
    world.expect("letters", world.taken(&web.control)?, "d")
}

fn ends_when_it_cannot_go_back(world: &World) -> Outcome {
    let web = world.decoy("web")?;
    let options = ["-o", "/dev/null", "-e", "inject=fchdir:error=EIO:when=1"];
    let ran = world.traced(&options, "svc")?.args(["-d", "web", "web"]).run()?;
    let err = "svc: fatal: unable to set directory: input/output error\\n";
    world.expect("svc", ran.all(), ("exit 111", "", err))?;
    world.expect("letters", world.taken(&web.control)?, "d")
}

fn options_send_their_signals(world: &World) -> Outcome {
    let web = world.service("web", "survive HUP ALRM INT TERM")?;
    world.supervise(&web)?;
    let pid = world.until_starts(&web, 1)?[0].0;
    let mut signals = vec![];
    for (option, gets) in [
        ("-h", &["HUP"][..]),
        ("-a", &["ALRM"]),
        ("-i", &["INT"]),
        ("-t", &["TERM"]),
        ("-p", &[]),
        ("-c", &["CONT"]),
        ("-d", &["TERM", "CONT"]),
    ] {
        world.svc(option, &web)?;
        signals.extend_from_slice(gets);
        world.until_signals(&web, &signals)?;
        world.until_stopped(pid, option == "-p")?;
    }
    world.svc("-k", &web)?;
    world.until("the process is there", false, || Ok(Process::look(pid).is_some()))?;
    world.until_signals(&web, &signals)
}

fn up_down_and_once_do_as_they_say(world: &World) -> Outcome {
    let (web, _) = world.down_service("web", "")?;
    let (job, _) = world.down_service("job", "")?;
    world.stays("starts", (0, 0), QUIET, || Ok((world.starts(&web).len(), world.starts(&job).len())))?;
    for (option, service) in [("-u", &web), ("-o", &job)] {
        world.svc(option, service)?;
        world.until_starts(service, 1)?;
        world.order(service, "exit 0")?;
    }
    let again = world.until_starts(&web, 2)?[1].0;
    world.svc("-d", &web)?;
    world.until("the process is there", false, || Ok(Process::look(again).is_some()))?;
    // Longer than the second that may lie between two starts.
    for (service, starts) in [(&web, 2), (&job, 1)] {
        world.until_no_start(service, Duration::from_millis(1500))?;
        world.expect("starts", world.starts(service).len(), starts)?;
    }
    Ok(())
}

fn exit_ends_supervise_when_the_service_is_down(world: &World) -> Outcome {
    let (_, down) = world.down_service("down", "")?;
    world.run("svc", &["-x", "down"]).map(drop)?;
    world.wait(&down)?;
    let web = world.service("web", "survive TERM")?;
    let up = world.supervise(&web)?;
    world.until_settled(&web)?;
    world.svc("-x", &web)?;
    world.stays("supervise runs", true, QUIET, || Ok(world.is_running(&up)))?;
    world.order(&web, "exit 0")?;
    world.wait(&up)?;
    world.stays("starts", 1, QUIET, || Ok(world.starts(&web).len()))?;
    world.until_signals(&web, &[])
}

fn applies_its_options_to_each_directory(world: &World) -> Outcome {
    let names = ["a", "b", "c"];
    let services: Vec<_> = names.iter().map(|name| world.down_service(name, "")).collect::<Result<_, _>>()?;
    let svc = |option: &str| -> Outcome {
        let ran = world.command("svc").arg(option).args(names).run()?;
        world.expect(&format!("svc {option} a b c"), ran.all(), ("exit 0", "", ""))
    };
    svc("-u")?;
    for (service, _) in &services {
        world.until_starts(service, 1)?;
    }
    svc("-dx")?;
    for (service, supervise) in &services {
        world.wait(supervise)?;
        let pid = world.starts(service)[0].0;
        world.expect("the process is there", Process::look(pid), None)?;
    }
    Ok(())
}

fn does_not_wait_for_supervise(world: &World) -> Outcome {
    let (web, supervise) = world.down_service("web", "")?;
    world.signal(supervise.pid, Signal::SIGSTOP)?;
    let stopped = || Ok(Process::look(supervise.pid).map(|process| process.state));
    world.until("state of supervise", Some('T'), stopped)?;
    world.svc("-u", &web)?;
    world.expect("state of supervise", stopped()?, Some('T'))?;
    world.expect("starts", world.starts(&web).len(), 0)?;
    world.signal(supervise.pid, Signal::SIGCONT)?;
    world.until_starts(&web, 1).map(drop)
}

fn down_sends_term_then_cont(world: &World) -> Outcome {
    let web = world.service("web", "survive TERM")?;
    world.supervise(&web)?;
    let before = world.whole_record(&web)?;
    world.svc("-p", &web)?;
    world.until_state(&web, "up, paused 1, want u")?;
    world.svc("-d", &web)?;
    let after = world.until_state(&web, "up, paused 0, want d")?;
    world.expect("stamp and pid", (after.stamp(), after.pid()), (before.stamp(), before.pid()))?;
    world.until_signals(&web, &["TERM", "CONT"])?;
    world.stays("signals", vec!["TERM", "CONT"], QUIET, || Ok(world.signals(&web)))?;
    world.expect("svstat", world.svstat(&web)?, "web: up (pid N) N seconds, want down")
}

fn each_option_on_a_running_service(world: &World) -> Outcome {
    let web = world.service("web", "survive HUP ALRM INT TERM")?;
    let supervise = world.supervise(&web)?;
    let before = world.whole_record(&web)?;
    let mut signals = vec![];
    for (option, gets, state, words) in [
        ("-h", &["HUP"][..], "up, paused 0, want u", ""),
        ("-a", &["ALRM"], "up, paused 0, want u", ""),
        ("-i", &["INT"], "up, paused 0, want u", ""),
        ("-t", &["TERM"], "up, paused 0, want u", ""),
        ("-p", &[], "up, paused 1, want u", ", paused"),
        ("-c", &["CONT"], "up, paused 0, want u", ""),
        ("-o", &[], "up, paused 0, want 0", ""),
        ("-u", &[], "up, paused 0, want u", ""),
        ("-d", &["TERM", "CONT"], "up, paused 0, want d", ", want down"),
        ("-p", &[], "up, paused 1, want d", ", paused, want down"),
        ("-c", &["CONT"], "up, paused 0, want d", ", want down"),
    ] {
        world.svc(option, &web)?;
        signals.extend_from_slice(gets);
        world.until_signals(&web, &signals)?;
        let record = world.until_state(&web, state)?;
        world.until_stopped(record.pid(), state.contains("paused 1"))?;
        world.expect("stamp and pid", (record.stamp(), record.pid()), (before.stamp(), before.pid()))?;
        world.expect("svstat", world.svstat(&web)?, format!("web: up (pid N) N seconds{words}"))?;
    }
    world.svc("-k", &web)?;
    let record = world.until_state(&web, "down, paused 0, want d")?;
    world.expect_that("stamp", record.stamp() > before.stamp(), "later", (record, before))?;
    world.expect("svstat", world.svstat(&web)?, "web: down N seconds, normally up")?;
    world.expect("signals", world.signals(&web), signals)?;
    world.expect("starts", world.starts(&web).len(), 1)?;
    world.expect("supervise runs", world.is_running(&supervise), true)
}

fn each_option_on_a_service_that_is_down(world: &World) -> Outcome {
    let (web, supervise) = world.down_service("web", "")?;
    let before = world.whole_record(&web)?;
    for option in ["-h", "-a", "-i", "-t", "-k", "-p", "-c", "-d"] {
        world.svc(option, &web)?;
    }
    world.stays("record", Some(before), QUIET, || Ok(world.record(&web)))?;
    world.expect("starts", world.starts(&web).len(), 0)?;
    world.expect("svstat", world.svstat(&web)?, "web: down N seconds")?;

    world.svc("-o", &web)?;
    world.until_state(&web, "up, paused 0, want 0")?;
    world.until_starts(&web, 1)?;
    world.expect("svstat", world.svstat(&web)?, "web: up (pid N) N seconds, normally down")?;
    world.order(&web, "exit 0")?;
    world.until_state(&web, "down, paused 0, want 0")?;
    world.expect("svstat", world.svstat(&web)?, "web: down N seconds")?;
    world.svc("-u", &web)?;
    let record = world.until_state(&web, "up, paused 0, want u")?;
    let starts = world.until_starts(&web, 2)?;
    world.expect("pid in the record", record.pid(), starts[1].0)?;
    world.svc("-d", &web)?;
    world.until_state(&web, "down, paused 0, want d")?;
    world.svc("-x", &web)?;
    world.expect("end of supervise", world.wait(&supervise)?.to_string(), "exit 0")?;
    world.expect("starts", world.starts(&web).len(), 2)?;
    world.expect("svstat", world.svstat(&web)?, "web: supervise not running")
}

/// How long nothing is to happen, where nothing is to happen.
const QUIET: Duration = Duration::from_millis(150);

/// One combination of options on a service of its own.
struct Combination {
    options: &'static str,
    /// What the service does.
    plan: &'static str,
    /// The state that follows, the number of starts by then, and whether supervise ends.
    state: &'static str,
    starts: usize,
    ends: bool,
}

impl Combination {
    const fn leads(options: &'static str, state: &'static str, starts: usize) -> Combination {
        Combination { options, plan: "", state, starts, ends: false }
    }

    const fn ends(options: &'static str, state: &'static str, starts: usize) -> Combination {
        Combination { ends: true, ..Combination::leads(options, state, starts) }
    }

    const fn with(self, plan: &'static str) -> Combination {
        Combination { plan, ..self }
    }
}

/// Starts a service for each combination, sends the options to all, and waits for what is to become of them.
fn try_combinations(
    world: &World,
    combinations: &[Combination],
    is_down: bool,
) -> Result<Vec<(Service, Running)>, Stopped> {
    let mut services = vec![];
    for Combination { options, plan, .. } in combinations {
        let name = options.replace('-', "with-");
        services.push(if is_down {
            world.down_service(&name, plan)?
        } else {
            let service = world.service(&name, plan)?;
            let supervise = world.supervise(&service)?;
            (service, supervise)
        });
    }
    if !is_down {
        for (service, _) in &services {
            world.until_settled(service)?;
        }
    }
    for (Combination { options, .. }, (service, _)) in combinations.iter().zip(&services) {
        world.svc(options, service)?;
    }
    for (combination, (service, supervise)) in combinations.iter().zip(&services) {
        if combination.ends {
            world.expect("end of supervise", world.wait(supervise)?.to_string(), "exit 0")?;
        }
        world.until(
            &format!("outcome of {}", service.name),
            (combination.state.to_owned(), combination.starts),
            || {
                let state = world.record(service).map_or_else(|| "no record".to_owned(), |record| record.state());
                Ok((state, world.starts(service).len()))
            },
        )?;
        world.expect("supervise runs", world.is_running(supervise), !combination.ends)?;
    }
    // What was to happen has happened; nothing more does.
    world.stays(
        "starts",
        combinations.iter().map(|combination| combination.starts).collect::<Vec<_>>(),
        QUIET,
        || Ok(services.iter().map(|(service, _)| world.starts(service).len()).collect::<Vec<_>>()),
    )?;
    Ok(services)
}

fn combinations_on_running_services(world: &World) -> Outcome {
    let combinations = [
        Combination::leads("-ox", "up, paused 0, want 0", 1),
        Combination::leads("-ux", "up, paused 0, want u", 1),
        Combination::leads("-xu", "up, paused 0, want u", 1),
        Combination::ends("-dx", "down, paused 0, want d", 1),
        Combination::ends("-xd", "down, paused 0, want d", 1),
        Combination::ends("-xk", "down, paused 0, want u", 1),
        Combination::ends("-okx", "down, paused 0, want 0", 1),
        Combination::leads("-du", "up, paused 0, want u", 2),
        Combination::leads("-ud", "down, paused 0, want d", 1),
        Combination::leads("-ot", "down, paused 0, want 0", 1),
        Combination::leads("-pc", "up, paused 0, want u", 1),
        Combination::leads("-pd", "down, paused 0, want d", 1),
        // Without surviving TERM it could be dead, and its successor be there, before the `k` is read.
        Combination::leads("-tk", "up, paused 0, want u", 2).with("survive TERM"),
    ];
    let services = try_combinations(world, &combinations, false)?;
    // The first three wait for an end of the service, whatever it comes from, and do not start it again.
    for (service, supervise) in &services[..3] {
        world.order(service, "exit 0")?;
        world.expect("end of supervise", world.wait(supervise)?.to_string(), "exit 0")?;
        world.expect("starts", world.starts(service).len(), 1)?;
    }
    Ok(())
}

fn combinations_on_services_that_are_down(world: &World) -> Outcome {
    // Longer than the second in which a supervise may be deaf.
    let run = "exit 0 after 1300";
    let combinations = [
        Combination::ends("-dx", "down, paused 0, want d", 0),
        Combination::ends("-xu", "down, paused 0, want d", 0),
        Combination::ends("-kx", "down, paused 0, want d", 0),
        Combination::leads("-pc", "down, paused 0, want d", 0),
        Combination::leads("-pd", "down, paused 0, want d", 0),
        Combination::leads("-tk", "down, paused 0, want d", 0),
        Combination::leads("-hai", "down, paused 0, want d", 0),
        Combination::leads("-du", "up, paused 0, want u", 1),
        Combination::leads("-pu", "up, paused 0, want u", 1),
        Combination::leads("-o", "down, paused 0, want 0", 1).with(run),
        Combination::ends("-ox", "down, paused 0, want 0", 1).with(run),
        Combination::ends("-ux", "down, paused 0, want u", 1).with(run),
    ];
    try_combinations(world, &combinations, true).map(drop)
}

fn kill_then_exit_ends_supervise(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    let supervise = world.supervise(&web)?;
    world.until_settled(&web)?;
    world.svc("-kx", &web)?;
    let told = std::cell::Cell::new(false);
    world.until("supervise runs", false, || {
        // The death can be noticed, and the service started again, before the `x` is read.
        if world.starts(&web).len() == 2 && !told.replace(true) {
            world.order(&web, "exit 0")?;
        }
        Ok(world.is_running(&supervise))
    })?;
    let starts = world.starts(&web).len();
    world.expect_that("starts", starts <= 2, "1, or 2", starts)
}
