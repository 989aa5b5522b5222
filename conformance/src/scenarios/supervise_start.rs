//! supervise: setting up, locking, starting ./run and starting it again.

use crate::observe::record::Record;
use crate::observe::{process, shown};
use crate::probe::Start;
use crate::scenario::{Need, Outcome, Scenario, Stopped};
use crate::world::{Command, Running, Service, World};
use nix::sys::signal::Signal;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

const SUPERVISE: &[Need] = &[Need::Command("supervise")];
const CONTROLLED: &[Need] = &[Need::Command("supervise"), Need::Command("svc")];
const TRACED: &[Need] = &[Need::Command("supervise"), Need::Tool("strace")];

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    // The command line and the messages.
    Scenario {
        id: "supervise/wants-exactly-one-argument",
        requirements: &["SUP-01", "GEN-01"],
        needs: SUPERVISE,
        does: "Calls supervise with none, two and three arguments, also by another path: each time it prints its usage \
               and exits 100, and no directory is touched.",
        run: wants_exactly_one_argument,
    },
    Scenario {
        id: "supervise/has-no-options",
        requirements: &["SUP-01", "GEN-04"],
        needs: SUPERVISE,
        does: "Calls supervise with -x, --help, --version, -- and more as the one argument: each is a directory that \
               does not exist. One that exists is supervised.",
        run: has_no_options,
    },
    Scenario {
        id: "supervise/names-itself-whatever-it-is-called",
        requirements: &["GEN-01"],
        needs: SUPERVISE,
        does: "Calls supervise by the name `watcher`: its usage line still begins with `supervise: `.",
        run: names_itself_whatever_it_is_called,
    },
    Scenario {
        id: "supervise/says-why-it-cannot-enter-its-directory",
        requirements: &["SUP-01", "GEN-01", "GEN-02"],
        needs: SUPERVISE,
        does: "Names directories that cannot be entered, each in its own way: exit code 111, the name as it was given \
               and the phrase for the error.",
        run: says_why_it_cannot_enter_its_directory,
    },
    Scenario {
        id: "supervise/repeats-the-name-it-was-given",
        requirements: &["SUP-33"],
        needs: SUPERVISE,
        does: "Supervises directories without ./run under names with blanks, newlines, bytes that are no text, slashes \
               and dots, and one of 300 bytes: the message has each name byte for byte.",
        run: repeats_the_name_it_was_given,
    },
    Scenario {
        id: "supervise/says-each-message-in-one-write",
        requirements: &["GEN-03"],
        needs: TRACED,
        does: "Traces the writes of a supervise that cannot start: its message is a single write to descriptor 2.",
        run: says_each_message_in_one_write,
    },
    Scenario {
        id: "supervise/does-not-mind-an-unwritable-stderr",
        requirements: &["GEN-03"],
        needs: SUPERVISE,
        does: "Runs supervise with stderr on /dev/full: the exit codes stay the same, and one that warns goes on.",
        run: does_not_mind_an_unwritable_stderr,
    },
    // Setting up.
    Scenario {
        id: "supervise/sets-up-in-order",
        requirements: &["SUP-02", "SUP-03", "SUP-09", "SUP-26"],
        needs: SUPERVISE,
        does: "Puts an obstacle in the way of each step: supervise exits 111 with the message of that step, has made \
               what comes before and nothing that comes after. The record says pid 0 and what is wanted before `ok` is \
               opened and anything is started.",
        run: sets_up_in_order,
    },
    Scenario {
        id: "supervise/is-set-up-when-svok-says-so",
        requirements: &["SUP-02"],
        needs: &[Need::Command("supervise"), Need::Command("svok"), Need::Command("svc")],
        does: "Starts supervise over an old record: as soon as svok says 0, the record is new and svc reaches it.",
        run: is_set_up_when_svok_says_so,
    },
    Scenario {
        id: "supervise/runs-out-of-descriptors",
        requirements: &["SUP-09"],
        needs: SUPERVISE,
        does: "Starts supervise with ever more descriptors allowed: it exits 111 at ever later steps, each time saying \
               so, until it has enough and runs.",
        run: runs_out_of_descriptors,
    },
    Scenario {
        id: "supervise/makes-private-files",
        requirements: &["SUP-04", "SUP-05"],
        needs: SUPERVISE,
        does: "Starts supervise under four umasks: the modes of supervise, lock, control, ok and status are as told, \
               less the umask, and there is no other file.",
        run: makes_private_files,
    },
    Scenario {
        id: "supervise/leaves-the-modes-of-old-files-alone",
        requirements: &["SUP-04", "SUP-05", "SUP-29"],
        needs: SUPERVISE,
        does: "Starts supervise where directory, lock and FIFOs are there with modes of their own: they are kept, the \
               lock is not emptied, and only the record is a new file, whatever was left in status.new.",
        run: leaves_the_modes_of_old_files_alone,
    },
    Scenario {
        id: "supervise/needs-the-right-to-its-files",
        requirements: &["SUP-08"],
        needs: SUPERVISE,
        does: "Runs supervise as a user whom modes keep out of the directory, of supervise, the lock or a FIFO: \
               exit code 111 and `access denied`, but `file does not exist` where supervise could not be made.",
        run: needs_the_right_to_its_files,
    },
    Scenario {
        id: "supervise/does-not-start-on-a-read-only-disk",
        requirements: &["SUP-08"],
        needs: SUPERVISE,
        does: "Runs supervise on a disk that was made read-only: the lock fails with `read-only file system`, or with \
               `file does not exist` where there is no supervise yet.",
        run: does_not_start_on_a_read_only_disk,
    },
    Scenario {
        id: "supervise/does-not-hang-on-a-fifo-in-the-place-of-a-file",
        requirements: &["GEN-05", "SUP-09", "SUP-29"],
        needs: SUPERVISE,
        does: "Puts a FIFO in the place of the lock, and of status.new: supervise says `device not configured` at \
               once, and exits for the first and goes on for the second.",
        run: does_not_hang_on_a_fifo_in_the_place_of_a_file,
    },
    Scenario {
        id: "supervise/runs-with-other-files-for-fifos",
        requirements: &["SUP-10"],
        needs: SUPERVISE,
        does: "Has ok be a directory or a file, or control a file: supervise says nothing, and the service comes up \
               and is restarted.",
        run: runs_with_other_files_for_fifos,
    },
    Scenario {
        id: "supervise/follows-a-link-to-its-directory",
        requirements: &["SUP-11"],
        needs: CONTROLLED,
        does: "Makes supervise a link to a directory, relative, absolute or over another link: its files are made \
               there.",
        run: follows_a_link_to_its_directory,
    },
    Scenario {
        id: "supervise/makes-the-directory-that-its-link-names",
        requirements: &["SUP-11"],
        needs: SUPERVISE,
        does: "Makes supervise a link to nothing: the directory is made with mode 0700, but not its parent, and not \
               what a second link names.",
        run: makes_the_directory_that_its_link_names,
    },
    Scenario {
        id: "supervise/accepts-a-link-of-255-bytes",
        requirements: &["SUP-12"],
        needs: SUPERVISE,
        does: "Makes supervise a link of 255 bytes, to a directory or to nothing: it works. One to itself makes the \
               lock fail with `symbolic link loop`.",
        run: accepts_a_link_of_255_bytes,
    },
    Scenario {
        id: "supervise/refuses-a-link-of-256-bytes",
        requirements: &["SUP-12"],
        needs: SUPERVISE,
        does: "Makes supervise a good link of 256 bytes: exit code 111, and a message without the name of the program.",
        run: refuses_a_link_of_256_bytes,
    },
    Scenario {
        id: "supervise/says-why-it-cannot-read-a-link",
        requirements: &["SUP-12", "ERR-01"],
        needs: TRACED,
        does: "Lets the look whether `supervise` is a link fail: fatal in the words without a name, exit 111, and nothing \
               is made.",
        run: says_why_it_cannot_read_a_link,
    },
    // The down file.
    Scenario {
        id: "supervise/waits-where-there-is-a-down-file",
        requirements: &["SUP-03"],
        needs: CONTROLLED,
        does: "Starts supervise with a `down` file: ./run is not started until svc -u, and removing the file does not \
               start it either. Without the file it is started.",
        run: waits_where_there_is_a_down_file,
    },
    Scenario {
        id: "supervise/waits-whatever-down-is",
        requirements: &["SUP-03", "SUP-26"],
        needs: &[Need::Command("supervise"), Need::Command("svstat")],
        does: "Makes `down` a directory, a FIFO, an unreadable file, a link to a file or to a directory: the service \
               stays down. A link to nothing is no `down`.",
        run: waits_whatever_down_is,
    },
    Scenario {
        id: "supervise/looks-for-down-only-once",
        requirements: &["SUP-03", "SUP-34"],
        needs: CONTROLLED,
        does: "Makes `down` while the service runs, and kills it: it is started again. The next supervise finds the \
               file and waits.",
        run: looks_for_down_only_once,
    },
    // The lock.
    Scenario {
        id: "supervise/lets-a-second-one-go-at-once",
        requirements: &["SUP-06"],
        needs: SUPERVISE,
        does: "Starts a second supervise beside one that runs: it ends at once with an error, and the first one and \
               its service run on.",
        run: lets_a_second_one_go_at_once,
    },
    Scenario {
        id: "supervise/touches-nothing-that-is-locked",
        requirements: &["SUP-06", "GEN-02"],
        needs: SUPERVISE,
        does: "Starts a second supervise, and one where a stranger holds the lock: exit code 111 and `unable to \
               acquire`, every file is the same as before, and where there was none, none is made.",
        run: touches_nothing_that_is_locked,
    },
    Scenario {
        id: "supervise/locks-by-flock",
        requirements: &["SUP-05"],
        needs: CONTROLLED,
        does: "Tries the lock by flock while supervise runs, and after it was told to exit: it is held, then free.",
        run: locks_by_flock,
    },
    // What ./run is given.
    Scenario {
        id: "supervise/hands-everything-on-to-run",
        requirements: &["SUP-30", "SUP-07"],
        needs: SUPERVISE,
        does: "Starts supervise with an umask, an environment and two more descriptors: ./run has them all, in the \
               service directory, as `./run` alone, with the limits and modes of descriptors that supervise was given, \
               and has no descriptor of supervise's own.",
        run: hands_everything_on_to_run,
    },
    Scenario {
        id: "supervise/hands-on-an-empty-environment",
        requirements: &["SUP-30"],
        needs: SUPERVISE,
        does: "Starts supervise without any variable: ./run has none either.",
        run: hands_on_an_empty_environment,
    },
    Scenario {
        id: "supervise/keeps-run-in-its-own-group-and-session",
        requirements: &["SUP-31"],
        needs: SUPERVISE,
        does: "Starts supervise in its parent's process group and in one of its own: ./run is its child, in its group \
               and session.",
        run: keeps_run_in_its_own_group_and_session,
    },
    Scenario {
        id: "supervise/hands-on-signals-but-not-chld",
        requirements: &["SUP-32"],
        needs: SUPERVISE,
        does: "Starts supervise with CHLD and USR1 blocked and HUP ignored: ./run has USR1 blocked and HUP ignored, \
               and CHLD as it should be. PIPE arrives as supervise was given it.",
        run: hands_on_signals_but_not_chld,
    },
    Scenario {
        id: "supervise/notices-deaths-though-chld-was-ignored",
        requirements: &["SUP-32", "SUP-34"],
        needs: &[Need::Command("supervise"), Need::Tool("env")],
        does: "Starts supervise with CHLD ignored, and with CHLD blocked: ./run does not have it so, and is restarted.",
        run: notices_deaths_though_chld_was_ignored,
    },
    // Starting, and starting again.
    Scenario {
        id: "supervise/restarts-after-any-exit-code",
        requirements: &["SUP-34", "SUP-67"],
        needs: SUPERVISE,
        does: "Has services exit with 0, 1, 111, 255 and others: each is started again as a new process, and no \
               supervise ends or says a word.",
        run: restarts_after_any_exit_code,
    },
    Scenario {
        id: "supervise/restarts-after-any-signal",
        requirements: &["SUP-34", "SUP-67"],
        needs: SUPERVISE,
        does: "Has a service die of each signal that kills, real-time signals too: each is started again as a new \
               process, and no supervise ends or says a word.",
        run: restarts_after_any_signal,
    },
    Scenario {
        id: "supervise/never-starts-twice-within-a-second",
        requirements: &["SUP-35"],
        needs: SUPERVISE,
        does: "Watches services that exit at once, after half a second, or with `u` and `o` sent all the time: no two \
               starts are less than a second apart, by the kernel's own time of each process.",
        run: never_starts_twice_within_a_second,
    },
    Scenario {
        id: "supervise/keeps-its-pace",
        requirements: &["SUP-34", "SUP-36", "SUP-33"],
        needs: SUPERVISE,
        does: "Has a service that exits at once, and one that cannot be run, tried seven times: supervise neither gives up \
               nor lets more than a second pass between one try and the next.",
        run: keeps_its_pace,
    },
    Scenario {
        id: "supervise/counts-the-second-from-the-start",
        requirements: &["SUP-36"],
        needs: SUPERVISE,
        does: "Has one service live for 0.9 and one for 1.5 seconds, and kills one that is settled: the first is \
               started again at the end of the second, the others at once.",
        run: counts_the_second_from_the_start,
    },
    Scenario {
        id: "supervise/says-why-run-cannot-be-started",
        requirements: &["SUP-33", "GEN-02"],
        needs: SUPERVISE,
        does: "Makes ./run unfit in every way: supervise tries again and again, each time with the message for it, \
               hands nothing to a shell, and starts ./run when it is mended.",
        run: says_why_run_cannot_be_started,
    },
    Scenario {
        id: "supervise/runs-the-file-that-has-the-name-at-the-time",
        requirements: &["SUP-34"],
        needs: SUPERVISE,
        does: "Replaces ./run while it runs: nothing happens until it dies, and then the new one is started.",
        run: runs_the_file_that_has_the_name_at_the_time,
    },
    Scenario {
        id: "supervise/announces-a-failed-fork",
        requirements: &["SUP-38"],
        needs: &[Need::Command("supervise"), Need::Command("svstat"), Need::Tool("strace")],
        does: "Has the first fork of supervise fail: it warns that it sleeps 60 seconds, the record says pid 0 and \
               `u`, and nothing is started.",
        run: announces_a_failed_fork,
    },
    Scenario {
        id: "supervise/hears-nothing-after-a-failed-fork",
        requirements: &["SUP-38"],
        needs: TRACED,
        does: "Sends `d` to a supervise whose fork has failed: it does not act.",
        run: hears_nothing_after_a_failed_fork,
    },
];

// The command line and the messages.

fn wants_exactly_one_argument(world: &World) -> Outcome {
    world.service("web", "")?;
    world.service("db", "")?;
    const LISTS: &[&[&str]] =
        &[&[], &["web", "db"], &["web", "web", "web"], &["--", "web"], &["-x", "web"], &["web", ""]];
    for arguments in LISTS {
        for name in ["supervise", "/no/such/place/supervise"] {
            let ran = world.command("supervise").argv0(name).args(*arguments).run()?;
            world.expect_end(&ran, "exit 100", "supervise: usage: supervise dir")?;
        }
    }
    for service in ["web", "db"] {
        world.expect("the files of the service", world.names(service), vec!["probe.orders", "probe.plan", "run"])?;
    }
    Ok(())
}

fn has_no_options(world: &World) -> Outcome {
    for argument in ["-x", "-", "--", "-h", "--help", "--version", "-V"] {
        let message = format!("supervise: fatal: unable to chdir to {argument}: file does not exist");
        world.refuses(argument, &message)?;
        let service = world.service(argument, "")?;
        world.supervise(&service)?;
    }
    Ok(())
}

fn names_itself_whatever_it_is_called(world: &World) -> Outcome {
    let ran = world.command("supervise").argv0("watcher").run()?;
    world.expect_end(&ran, "exit 100", "supervise: usage: supervise dir")
}

fn says_why_it_cannot_enter_its_directory(world: &World) -> Outcome {
    world.write_file("file", "")?;
    world.link("loop", "loop")?;
    world.link("nothing", "dangling")?;
    let (long, missing) = ("n".repeat(256), format!("missing{}", "/".repeat(300)));
    for (name, why) in [
        ("", "file does not exist"),
        ("missing", "file does not exist"),
        (&missing, "file does not exist"),
        ("./missing/../file/", "file does not exist"),
        ("dangling", "file does not exist"),
        ("file", "not a directory"),
        ("file/below", "not a directory"),
        ("loop", "symbolic link loop"),
        (&long, "file name too long"),
    ] {
        world.refuses(name, &format!("supervise: fatal: unable to chdir to {name}: {why}"))?;
    }
    Ok(())
}

fn repeats_the_name_it_was_given(world: &World) -> Outcome {
    let mut supervises: Vec<(Running, OsString)> = vec![];
    let mut start = |home: &str, name: &OsStr| -> Outcome {
        let supervise = world.command("supervise").arg(name).current_directory(home).start()?;
        supervises.push((supervise, name.to_owned()));
        Ok(())
    };
    let strange: [&[u8]; 6] = [b"a b", b"-a", b"a\nb\n", b"\xff\xfe\x80", b"\x1b[1m", b"%s\\n"];
    for (number, name) in strange.into_iter().enumerate() {
        let name = OsStr::from_bytes(name);
        let directory = world.make_directory(&format!("strange{number}"))?;
        world.link(directory, name)?;
        start(".", name)?;
    }
    let long = format!("{}long", "./".repeat(148));
    for (home, name, directory) in [
        (".", "./relative", "relative"),
        (".", "slash/", "slash"),
        (".", "slashes//", "slashes"),
        (".", &long, "long"),
        ("here", ".", "here"),
        ("there/below", "..", "there/below"),
        (".", &*world.path("full").to_string_lossy(), "full"),
    ] {
        world.make_directory(directory)?;
        start(home, OsStr::new(name))?;
    }
    for (supervise, name) in &supervises {
        let name = shown(name.as_bytes());
        let message = format!("supervise: fatal: unable to start {name}/run: file does not exist\\n");
        world.until_some("the words on stderr", &message, || {
            let words = supervise.err();
            Ok(if words.starts_with(&message) { Ok(()) } else { Err(words) })
        })?;
    }
    Ok(())
}

fn says_each_message_in_one_write(world: &World) -> Outcome {
    let options = ["-s", "500", "-o", "trace", "-e", "trace=?write,?writev"];
    let name = "n".repeat(190);
    let ran = world.traced(&options, "supervise")?.arg(&name).run()?;
    let message = format!("supervise: fatal: unable to chdir to {name}: file does not exist");
    world.expect_end(&ran, "exit 111", &message)?;
    let writes: Vec<String> = world.lines("trace").into_iter().filter(|line| line.contains("(2, ")).collect();
    world.expect_that("writes to stderr", writes.len() == 1, "one", writes)
}

fn does_not_mind_an_unwritable_stderr(world: &World) -> Outcome {
    let unwritable = || world.command("supervise").after("exec 2>/dev/full");
    for (arguments, exit) in [(&[] as &[&str], "exit 100"), (&["missing"], "exit 111")] {
        world.expect("exit", unwritable().args(arguments).run()?.exit, exit)?;
    }
    let web = world.service("web", "exit 0 after 100")?;
    world.make_directory("web/supervise/status.new")?;
    let supervise = unwritable().arg("web").start()?;
    world.until_starts(&web, 2)?;
    world.expect("supervise runs", world.is_running(&supervise), true)
}

// Setting up.

fn sets_up_in_order(world: &World) -> Outcome {
    const ALL: &[&str] = &["control", "lock", "ok", "status"];
    type Obstacle = fn(&World) -> Outcome;
    let steps: [(&str, Obstacle, &str, &[&str]); 10] = [
        ("down to itself", |w| w.link("down", "web/down"), "stat W/down: symbolic link loop", &[]),
        ("down below a file", |w| w.link("run.not/x", "web/down"), "stat W/down: not a directory", &[]),
        ("a lock to itself", |w| w.link("lock", "web/supervise/lock"), "acquire W/lock: symbolic link loop", &["lock"]),
        (
            "a directory for lock",
            |w| w.make_directory("web/supervise/lock").map(drop),
            "acquire W/lock: is a directory",
            &["lock"],
        ),
        (
            "control to itself",
            |w| w.link("control", "web/supervise/control"),
            "read W/control: symbolic link loop",
            &["control", "lock"],
        ),
        (
            "control to nothing",
            |w| w.link("nothing", "web/supervise/control"),
            "read W/control: file does not exist",
            &["control", "lock"],
        ),
        (
            "a directory for control",
            |w| w.make_directory("web/supervise/control").map(drop),
            "write W/control: is a directory",
            &["control", "lock"],
        ),
        ("ok to itself", |w| w.link("ok", "web/supervise/ok"), "read W/ok: symbolic link loop", ALL),
        ("ok to nothing", |w| w.link("nothing", "web/supervise/ok"), "read W/ok: file does not exist", ALL),
        (
            "ok to nothing, and a down file",
            |w| {
                w.write_file("web/down", "")?;
                w.link("nothing", "web/supervise/ok")
            },
            "read W/ok: file does not exist",
            ALL,
        ),
    ];
    for (what, obstacle, message, made) in steps {
        let web = world.service("web", "")?;
        world.write_file("web/run.not", "")?;
        world.make_directory("web/supervise")?;
        world.note("obstacle", what);
        obstacle(world)?;
        let place = if message.contains("/down") { "web" } else { "web/supervise" };
        world.refuses("web", &format!("supervise: fatal: unable to {}", message.replace('W', place)))?;
        world.expect("the files in supervise", world.names("web/supervise"), made.to_vec())?;
        if made == ALL {
            let want = if what.contains("down") { "d" } else { "u" };
            world.expect(
                "the record",
                world.whole_record(&web)?.to_string(),
                format!("pid 0, paused 0, want {want}"),
            )?;
        }
        world.expect("starts", world.starts(&web).len(), 0)?;
        world.remove("web")?;
    }
    // Where nothing can be entered or looked at, nothing is made.
    let web = world.service("web", "")?;
    world.link("down", "web/down")?;
    world.refuses("web", "supervise: fatal: unable to stat web/down: symbolic link loop")?;
    world.expect("supervise", world.mode("web/supervise"), "-")?;
    world.remove("web/down")?;
    world.write_file("web/supervise", "")?;
    world.refuses("web", "supervise: fatal: unable to acquire web/supervise/lock: not a directory")?;
    world.remove("web/supervise")?;
    world.supervise(&web).map(drop)
}

fn is_set_up_when_svok_says_so(world: &World) -> Outcome {
    // An old record of a paused process, which is not to be taken for a new one.
    let old = Record::made(1000, 12_345, 1, b'd');
    let mut services = vec![];
    for number in 0..8 {
        let service = world.service(&format!("web{number}"), "")?;
        world.make_directory(&format!("web{number}/supervise"))?;
        world.write_file(format!("web{number}/supervise/status"), old.bytes)?;
        services.push(service);
    }
    for service in &services {
        world.start_supervise(service)?;
        // The tightest look: svok itself, again and again.
        world.until("svok", "exit 0".to_owned(), || Ok(world.run("svok", &[&service.name])?.exit))?;
        let record = world.whole_record(service)?;
        world.expect_that("the record", record.want() == "u" && record.paused() == 0, "a new one", record)?;
        world.expect_that("its stamp", record.unix_seconds() > old.unix_seconds(), "a new one", record)?;
        world.svc("-o", service)?;
    }
    for service in &services {
        world.until_state(service, "up, paused 0, want 0")?;
    }
    Ok(())
}

fn runs_out_of_descriptors(world: &World) -> Outcome {
    const STEPS: &[&str] = &[
        "create pipe for web",
        "acquire web/supervise/lock",
        "read web/supervise/control",
        "write web/supervise/control",
        "read web/supervise/ok",
    ];
    let mut last = 0;
    for (refused, limit) in (4..=16).enumerate() {
        let web = world.service("web", "")?;
        let supervise = world.command("supervise").arg("web").descriptor_limit(limit).start()?;
        world.until("supervise has started ./run or ended", true, || {
            Ok(!world.is_running(&supervise) || !world.starts(&web).is_empty())
        })?;
        if world.is_running(&supervise) {
            world.expect_that("failed starts", refused >= 3, "three at least before it runs", refused)?;
            world.expect("the last step that failed", STEPS[last], STEPS[4])?;
            return Ok(());
        }
        world.expect("its end", world.wait(&supervise)?.to_string(), "exit 111")?;
        // Where the record cannot be opened, that is a warning; what follows is fatal for the same reason.
        let lines = supervise.err_lines();
        let step = STEPS.iter().position(|step| {
            lines.last() == Some(&format!("supervise: fatal: unable to {step}: process cannot open more files"))
        });
        world.expect_that("the step that failed", step >= Some(last), "known, and not before the last one", &lines)?;
        last = step.unwrap_or_default();
        world.expect("starts", world.starts(&web).len(), 0)?;
        world.remove("web")?;
    }
    world.expect("sixteen descriptors", "too few", "enough")
}

fn makes_private_files(world: &World) -> Outcome {
    for (mask, directory, private, record) in [
        (0o022, "0700", "0600", "0644"),
        (0o077, "0700", "0600", "0600"),
        (0o000, "0700", "0600", "0644"),
        (0o037, "0700", "0600", "0640"),
    ] {
        let web = world.service(&format!("web{mask:o}"), "")?;
        world.command("supervise").arg(&web.name).umask(mask).start()?;
        world.until_starts(&web, 1)?;
        // The record of the start may be just being written: its new file is renamed at once.
        let names = ["control", "lock", "ok", "status"];
        world.until("the files in supervise", names, || Ok(world.names(format!("{}/supervise", web.name))))?;
        let mode = |file: &str| world.mode(&format!("{}/supervise{file}", web.name));
        let modes = ["", "/lock", "/control", "/ok", "/status"].map(mode);
        world.expect(&format!("modes under {mask:03o}"), modes, [directory, private, private, private, record])?;
        for fifo in ["control", "ok"] {
            let path = web.directory.join("supervise").join(fifo);
            let is_fifo =
                fs::metadata(path).is_ok_and(|file| std::os::unix::fs::FileTypeExt::is_fifo(&file.file_type()));
            world.expect(&format!("{fifo} is a FIFO"), is_fifo, true)?;
        }
        world.expect("bytes in the lock", world.read(format!("{}/supervise/lock", web.name)), "")?;
    }
    Ok(())
}

fn leaves_the_modes_of_old_files_alone(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    world.make_directory("web/supervise")?;
    world.write_file("web/supervise/lock", "kept\n")?;
    for file in ["status", "status.new"] {
        world.write_file(format!("web/supervise/{file}"), "not a record, and longer than one")?;
    }
    for fifo in ["control", "ok"] {
        world.make_fifo(&format!("web/supervise/{fifo}"))?;
    }
    let modes = [("", 0o751), ("/lock", 0o640), ("/control", 0o622), ("/ok", 0o606), ("/status", 0o666)];
    for (file, mode) in modes {
        world.set_mode(&format!("web/supervise{file}"), mode)?;
    }
    let identities = || ["lock", "control", "ok"].map(|file| world.identity(format!("web/supervise/{file}")));
    let before = identities();
    world.supervise(&web)?;
    world.expect("lock and FIFOs", identities(), before)?;
    let found = modes.map(|(file, _)| world.mode(&format!("web/supervise{file}")));
    world.expect("modes", found, ["0751", "0640", "0622", "0606", "0644"])?;
    world.expect("bytes in the lock", world.read("web/supervise/lock"), "kept\\n")?;
    world.expect(
        "bytes of the record",
        fs::read(world.path("web/supervise/status")).map(|bytes| bytes.len()).ok(),
        Some(18),
    )
}

fn needs_the_right_to_its_files(world: &World) -> Outcome {
    // (what is closed to the user, its mode, and what comes of it)
    for (number, (file, mode, message)) in [
        ("", 0o000, "chdir to W: access denied"),
        ("", 0o555, "acquire W/supervise/lock: file does not exist"),
        ("/supervise", 0o000, "acquire W/supervise/lock: access denied"),
        ("/supervise", 0o555, "acquire W/supervise/lock: access denied"),
        ("/supervise/lock", 0o444, "acquire W/supervise/lock: access denied"),
        ("/supervise/control", 0o222, "read W/supervise/control: access denied"),
        ("/supervise/control", 0o444, "write W/supervise/control: access denied"),
        ("/supervise/ok", 0o222, "read W/supervise/ok: access denied"),
    ]
    .into_iter()
    .enumerate()
    {
        let web = world.scripted(&format!("web{number}"), "#!/bin/sh\nexec sleep 1000\n")?;
        if file.starts_with("/supervise") {
            world.make_directory(&format!("{}/supervise", web.name))?;
            world.set_mode(&format!("{}/supervise", web.name), 0o777)?;
        }
        match file {
            "/supervise/lock" => world.write_file(format!("{}{file}", web.name), "")?,
            "/supervise/control" | "/supervise/ok" => world.make_fifo(&format!("{}{file}", web.name))?,
            _ => {}
        }
        world.set_mode(&format!("{}{file}", web.name), mode)?;
        let ran = world.end_of(world.as_nobody("supervise")?.arg(&web.name))?;
        let message = format!("supervise: fatal: unable to {}", message.replace('W', &web.name));
        world.expect_end(&ran, "exit 111", &message)?;
        // Nothing else was in the way.
        world.set_mode(&format!("{}{file}", web.name), 0o777)?;
        world.as_nobody("supervise")?.arg(&web.name).start()?;
        world.until_up(&web)?;
    }
    Ok(())
}

fn does_not_start_on_a_read_only_disk(world: &World) -> Outcome {
    let disk = world.small_disk("disk", 1 << 20)?;
    let known = world.service("disk/known", "exit 0")?;
    world.service("disk/new", "exit 0")?;
    let supervise = world.start_supervise(&known)?;
    world.until_starts(&known, 1)?;
    world.kill(&supervise, Signal::SIGTERM)?;
    // The disk is busy as long as the probe has its log open.
    world.until_some("the disk", "read-only", || Ok(world.write_protect(&disk).map_err(|busy| format!("{busy:?}"))))?;
    for (name, why) in [("disk/known", "read-only file system"), ("disk/new", "file does not exist")] {
        world.refuses(name, &format!("supervise: fatal: unable to acquire {name}/supervise/lock: {why}"))?;
    }
    Ok(())
}

fn does_not_hang_on_a_fifo_in_the_place_of_a_file(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    world.make_directory("web/supervise")?;
    world.make_fifo("web/supervise/lock")?;
    world.refuses("web", "supervise: fatal: unable to acquire web/supervise/lock: device not configured")?;
    world.remove("web/supervise/lock")?;
    world.make_fifo("web/supervise/status.new")?;
    let supervise = world.start_supervise(&web)?;
    world.until_starts(&web, 1)?;
    let warning = "supervise: warning: unable to open web/supervise/status.new: device not configured";
    world.until_says(&supervise, 2, warning)?;
    world.expect("the record", world.record(&web), None::<Record>)
}

fn runs_with_other_files_for_fifos(world: &World) -> Outcome {
    let mut supervises = vec![];
    for (name, file, is_directory) in [
        ("ok-directory", "supervise/ok", true),
        ("ok-file", "supervise/ok", false),
        ("control-file", "supervise/control", false),
    ] {
        let service = world.service(name, "exit 0 after 100")?;
        world.make_directory(&format!("{name}/supervise"))?;
        if is_directory {
            world.make_directory(&format!("{name}/{file}"))?;
        } else {
            world.write_file(format!("{name}/{file}"), "")?;
        }
        supervises.push((world.start_supervise(&service)?, service));
    }
    for (supervise, service) in &supervises {
        world.until_starts(service, 2)?;
        world.expect("supervise runs", world.is_running(supervise), true)?;
        world.expect("its words", supervise.err(), "")?;
    }
    Ok(())
}

fn follows_a_link_to_its_directory(world: &World) -> Outcome {
    let full = world.path("full-place").to_string_lossy().into_owned();
    if full.len() > 255 {
        // SUP-12: the original takes no longer ones.
        return Err(Stopped::Skipped { missing: "TMPDIR short enough for a link of 255 bytes".to_owned() });
    }
    for (name, link, place) in [
        ("relative", "../relative-place", "relative-place"),
        ("full", &full, "full-place"),
        ("inside", "place", "inside/place"),
        ("twice", "../second", "twice-place"),
    ] {
        let service = world.service(name, "")?;
        world.make_directory(place)?;
        world.set_mode(place, 0o755)?;
        if link == "../second" {
            world.link("twice-place", "second")?;
        }
        world.link(link, format!("{name}/supervise"))?;
        let supervise = world.supervise(&service)?;
        world.until("files in its place", ["control", "lock", "ok", "status"], || Ok(world.names(place)))?;
        world.expect("the mode of its place", world.mode(place), "0755")?;
        world.svc("-o", &service)?;
        world.expect("its words", supervise.err(), "")?;
    }
    for name in ["relative", "full", "inside", "twice"] {
        let service = Service { name: name.to_owned(), directory: world.path(name) };
        world.until_state(&service, "up, paused 0, want 0")?;
    }
    Ok(())
}

fn makes_the_directory_that_its_link_names(world: &World) -> Outcome {
    for (number, mask) in [0o022, 0o000, 0o077].into_iter().enumerate() {
        let name = format!("web{number}");
        let service = world.service(&name, "")?;
        let place = format!("place{number}");
        world.link(format!("../{place}"), format!("{name}/supervise"))?;
        let supervise = world.command("supervise").arg(&name).umask(mask).start()?;
        world.until_supervised(&service)?;
        world.expect("the mode of its place", world.mode(&place), "0700")?;
        world.expect("the record is there", world.names(&place).contains(&"status".to_owned()), true)?;
        world.expect("its words", supervise.err(), "")?;
    }
    let parentless = world.service("parentless", "")?;
    world.link("../missing/place", "parentless/supervise")?;
    let over = world.service("over", "")?;
    world.link("second", "over/supervise")?;
    world.link("missing", "over/second")?;
    for service in [parentless, over] {
        let name = &service.name;
        let message = format!("supervise: fatal: unable to acquire {name}/supervise/lock: file does not exist");
        world.refuses(name, &message)?;
    }
    let made = [world.mode("missing"), world.mode("over/missing")];
    world.expect("what the links name", made, ["-", "-"])
}

/// A name of `length` bytes for `place` in the same directory.
fn long_link(place: &str, length: usize) -> String {
    let missing = length - place.len();
    let slash = if missing.is_multiple_of(2) { "" } else { "/" };
    format!("{}{slash}{place}", "./".repeat(missing / 2))
}

fn accepts_a_link_of_255_bytes(world: &World) -> Outcome {
    for place in ["there", "not-yet-there"] {
        let name = format!("link-to-{place}");
        let service = world.service(&name, "")?;
        if place == "there" {
            world.make_directory(&format!("{name}/{place}"))?;
        }
        world.link(long_link(place, 255), format!("{name}/supervise"))?;
        world.supervise(&service)?;
        world.expect(
            "the record is there",
            world.names(format!("{name}/{place}")).contains(&"status".to_owned()),
            true,
        )?;
    }
    world.service("web", "")?;
    world.link("supervise", "web/supervise")?;
    world.refuses("web", "supervise: fatal: unable to acquire web/supervise/lock: symbolic link loop")
}

fn refuses_a_link_of_256_bytes(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    world.make_directory("web/place")?;
    world.link(long_link("place", 256), "web/supervise")?;
    let supervise = world.start_supervise(&web)?;
    world.until("supervise has ended or is set up", true, || {
        Ok(!world.is_running(&supervise) || world.is_supervised(&web))
    })?;
    world.expect("its words", supervise.err(), "unable to readlink ./supervise: unknown error\\n")?;
    world.expect("its end", world.wait(&supervise)?.to_string(), "exit 111")
}

fn says_why_it_cannot_read_a_link(world: &World) -> Outcome {
    world.service("web", "")?;
    world.make_directory("web/supervise")?;
    let options = ["-o", "/dev/null", "-e", "inject=?readlink,?readlinkat:error=EIO"];
    let ran = world.traced(&options, "supervise")?.arg("web").run()?;
    let seen = (ran.exit.as_str(), ran.out.as_str(), ran.err.as_str());
    world.expect("supervise", seen, ("exit 111", "", "unable to readlink ./supervise: input/output error\\n"))?;
    world.expect("its files", world.names("web/supervise").len(), 0)
}

// The down file.

fn waits_where_there_is_a_down_file(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    let other = world.service("other", "")?;
    world.write_file("web/down", "")?;
    world.supervise(&web)?;
    world.supervise(&other)?;
    world.until_state(&web, "down, paused 0, want d")?;
    let none = || Ok(world.starts(&web).len());
    world.stays("starts", 0, Duration::from_millis(150), none)?;
    world.remove("web/down")?;
    world.stays("starts without the file", 0, Duration::from_millis(150), none)?;
    world.svc("-u", &web)?;
    world.until_state(&web, "up, paused 0, want u")?;
    world.until_starts(&web, 1).map(drop)
}

fn waits_whatever_down_is(world: &World) -> Outcome {
    let down = |name: &str| -> Result<Service, Stopped> { world.service(name, "") };
    let mut waiting = vec![];
    for name in ["directory", "fifo", "unreadable", "link-to-file", "link-to-directory", "link-to-device"] {
        let service = down(name)?;
        let file = format!("{name}/down");
        match name {
            "directory" => world.make_directory(&file).map(drop),
            "fifo" => world.make_fifo(&file),
            "unreadable" => {
                world.write_file(&file, "")?;
                world.set_mode(&file, 0)
            }
            "link-to-file" => world.link("run", &file),
            "link-to-directory" => world.link("..", &file),
            _ => world.link("/dev/null", &file),
        }?;
        let supervise = world.supervise(&service)?;
        waiting.push((service, supervise));
    }
    let dangling = down("link-to-nothing")?;
    world.link("nothing", "link-to-nothing/down")?;
    world.supervise(&dangling)?;
    world.until_starts(&dangling, 1)?;
    world.stays("starts", 0, Duration::from_millis(150), || {
        Ok(waiting.iter().map(|(service, _)| world.starts(service).len()).sum::<usize>())
    })?;
    for (service, supervise) in &waiting {
        world.until_state(service, "down, paused 0, want d")?;
        world.expect("svstat", world.svstat(service)?, format!("{}: down N seconds", service.name))?;
        world.expect("the words of supervise", supervise.err(), "")?;
    }
    Ok(())
}

fn looks_for_down_only_once(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    let supervise = world.supervise(&web)?;
    let first = world.until_up(&web)?;
    world.write_file("web/down", "")?;
    world.until_settled(&web)?;
    world.signal(first, Signal::SIGKILL)?;
    world.until_starts(&web, 2)?;
    world.until_state(&web, "up, paused 0, want u")?;
    world.svc("-dx", &web)?;
    world.expect("the end of supervise", world.wait(&supervise)?.to_string(), "exit 0")?;
    world.supervise(&web)?;
    world.until_state(&web, "down, paused 0, want d")?;
    world.stays("starts", 2, Duration::from_millis(150), || Ok(world.starts(&web).len()))
}

// The lock.

fn lets_a_second_one_go_at_once(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    let first = world.supervise(&web)?;
    let pid = world.until_up(&web)?;
    world.until_starts(&web, 1)?;
    for _ in 0..2 {
        let begin = world.monotonic();
        let ran = world.end_of(world.command("supervise").arg("web"))?;
        let took = Duration::from_nanos(world.monotonic() - begin);
        world.expect_that("its end", ran.exit.starts_with("exit ") && ran.exit != "exit 0", "an error", &ran.exit)?;
        world.expect_between("its time", took, Duration::ZERO, Duration::from_millis(900))?;
    }
    world.expect("the first runs", world.is_running(&first), true)?;
    world.stays("the service", (Some(pid), 1), Duration::from_millis(100), || {
        Ok((world.record(&web).map(|record| record.pid()), world.starts(&web).len()))
    })
}

fn touches_nothing_that_is_locked(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    world.supervise(&web)?;
    let files = ["", "/control", "/lock", "/ok", "/status"];
    let identities = || files.map(|file| world.identity(format!("web/supervise{file}")));
    let full = web.directory.to_string_lossy().into_owned();
    // The original writes the record once more, the same, when its first second is over.
    world.until_settled(&web)?;
    let before = identities();
    for name in ["web", "./web/", &full] {
        let message = format!("supervise: fatal: unable to acquire {name}/supervise/lock: temporary failure");
        world.refuses(name, &message)?;
        world.expect("the files", identities(), before)?;
    }
    let locked = world.service("locked", "")?;
    let message = "supervise: fatal: unable to acquire locked/supervise/lock: temporary failure";
    for directory in ["locked/supervise", "locked/down"] {
        world.make_directory(directory)?;
        let lock = world.lock(&locked)?;
        world.expect("the stranger has the lock", lock.is_some(), true)?;
        world.refuses("locked", message)?;
        world.expect("the files in supervise", world.names("locked/supervise"), ["lock"])?;
        drop(lock);
    }
    world.remove("locked/down")?;
    world.supervise(&locked).map(drop)
}

fn locks_by_flock(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    world.write_file("web/down", "")?;
    let supervise = world.supervise(&web)?;
    world.expect("the lock is free", world.lock(&web)?.is_some(), false)?;
    // Whoever opens and closes the file takes nothing from the holder, as with another kind of lock.
    world.expect("the lock is free after a look at it", world.lock(&web)?.is_some(), false)?;
    world.svc("-x", &web)?;
    world.expect("its end", world.wait(&supervise)?.to_string(), "exit 0")?;
    world.expect("the lock is free", world.lock(&web)?.is_some(), true)
}

// What ./run is given.

/// The first start of the probe of `service`.
fn first_start(world: &World, service: &Service) -> Result<Start, Stopped> {
    let first = world.until_starts(service, 1)?.into_iter().next();
    first.map(|(_, _, start)| start).ok_or_else(|| Stopped::Broken { why: "no start".to_owned() })
}

/// What ./run finds under a supervise that was started in some circumstances, and what it finds when it is itself
/// started in them. The suite may have been given signals and descriptors of its own, and hands them on.
struct Found {
    supervise: Running,
    itself: Start,
    supervised: Start,
}

/// See [`Found`]. The service is called `name`, and supervise is told `alias`, a link to it.
fn found(world: &World, name: &str, given: impl Fn(Command<'_>) -> Command<'_>) -> Result<Found, Stopped> {
    let (alone, service) = (world.service(&format!("{name}-alone"), "")?, world.service(name, "")?);
    given(world.program(alone.directory.join("run"))).start()?;
    let itself = first_start(world, &alone)?;
    let alias = format!("{name}-alias");
    world.link(name, &alias)?;
    let supervise = given(world.command("supervise").arg(alias)).start()?;
    Ok(Found { supervise, itself, supervised: first_start(world, &service)? })
}

fn hands_everything_on_to_run(world: &World) -> Outcome {
    world.write_file("out", "")?;
    world.write_file("err", "")?;
    let Found { itself, supervised, .. } = found(world, "web", |command| {
        command
            .after("exec 5</dev/zero 7>>/dev/full; ulimit -S -n 64")
            .umask(0o027)
            .env("EMPTY", "")
            .env("STRANGE", OsStr::from_bytes(b"a=b \n\xff"))
            .input("/dev/zero")
            .output("out")
            .errors("err")
    })?;
    world.expect("arguments", &supervised.argv, &["./run".to_owned()])?;
    let directory = fs::canonicalize(world.path("web")).unwrap_or_default();
    world.expect("current directory", &supervised.cwd, &directory.display().to_string())?;
    for variable in ["EMPTY=", "STRANGE=a=b \\n\\xff"] {
        world.expect(&format!("{variable} is given"), itself.environment.contains(&variable.to_owned()), true)?;
    }
    world.expect("environment", &supervised.environment, &itself.environment)?;
    world.expect("given umask", itself.umask.as_str(), "0027")?;
    world.expect("umask", &supervised.umask, &itself.umask)?;
    let names = [0, 1, 2, 5, 7].map(|number| itself.descriptors.get(&number).map_or("closed", String::as_str));
    let file = |name: &str| world.path(name).display().to_string();
    world.expect("given descriptors", names, ["/dev/zero", &file("out"), &file("err"), "/dev/zero", "/dev/full"])?;
    world.expect("descriptors", &supervised.descriptors, &itself.descriptors)?;
    let mut given = vec![];
    for name in ["web-alone", "web"] {
        let service = Service { name: name.to_owned(), directory: world.path(name) };
        let pid = world.until_starts(&service, 1)?[0].0;
        let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
        given.push((limits, [0, 1, 2, 5, 7].map(|number| process::flags(pid, number))));
    }
    world.expect("limits, and flags of descriptors", &given[1], &given[0])
}

fn hands_on_an_empty_environment(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    ["PATH", "HOME", "LC_ALL"]
        .iter()
        .fold(world.command("supervise").arg("web"), |command, name| command.env_remove(name))
        .start()?;
    world.expect("environment", first_start(world, &web)?.environment, Vec::<String>::new())
}

fn keeps_run_in_its_own_group_and_session(world: &World) -> Outcome {
    for own in [false, true] {
        let name = if own { "own" } else { "shared" };
        let Found { supervise, supervised, .. } =
            found(world, name, |command| if own { command.own_group() } else { command })?;
        let parent = process::Process::look(supervise.pid);
        let parent = parent.ok_or_else(|| Stopped::Broken { why: "no supervise".to_owned() })?;
        world.expect("it leads its group", parent.group == supervise.pid, own)?;
        world.expect(
            "parent, group and session of ./run",
            (supervised.parent, supervised.group, supervised.session),
            (parent.pid, parent.group, parent.session),
        )?;
    }
    Ok(())
}

/// The signals in the mask `name` that the service's ./run, which printed its own status, had.
fn printed_mask(world: &World, service: &Service, name: &str) -> Result<Vec<i32>, Stopped> {
    let printed = service.directory.join("printed");
    world.until_some("the status that ./run printed", "whole", || {
        let text = fs::read_to_string(&printed).unwrap_or_default();
        let mask = process::line_of(&text, name).filter(|_| text.contains("\nnonvoluntary"));
        Ok(mask.map(|mask| process::signals_in(&mask)).ok_or(text))
    })
}

fn hands_on_signals_but_not_chld(world: &World) -> Outcome {
    let (chld, usr1, hup) = (Signal::SIGCHLD as i32, Signal::SIGUSR1 as i32, Signal::SIGHUP as i32);
    let plain = found(world, "plain", |command| command)?;
    let signals = |start: &Start| (start.blocked.clone(), start.ignored.clone());
    world.expect("blocked and ignored", signals(&plain.supervised), signals(&plain.itself))?;
    let masked =
        found(world, "masked", |command| command.blocked(Signal::SIGCHLD).blocked(Signal::SIGUSR1).ignored("HUP"))?;
    let (blocked, ignored) = signals(&masked.itself);
    let given = [blocked.contains(&chld), blocked.contains(&usr1), ignored.contains(&hup)];
    world.expect("given masks", given, [true; 3])?;
    let blocked: Vec<i32> = blocked.into_iter().filter(|&number| number != chld).collect();
    world.expect("blocked and ignored", signals(&masked.supervised), (blocked, ignored))?;

    for given in [false, true] {
        let name = if given { "ignored-pipe" } else { "default-pipe" };
        let service = world.scripted(name, "#!/bin/sh\nexec cat /proc/self/status >>printed\n")?;
        let command = world.command("supervise").arg(name);
        if given { command.ignored("PIPE") } else { command }.start()?;
        let ignored = printed_mask(world, &service, "SigIgn")?.contains(&(Signal::SIGPIPE as i32));
        world.expect("PIPE is ignored", ignored, given)?;
        world.expect("blocked", printed_mask(world, &service, "SigBlk")?, [0; 0])?;
    }
    Ok(())
}

fn notices_deaths_though_chld_was_ignored(world: &World) -> Outcome {
    let chld = Signal::SIGCHLD as i32;
    let has_it = |start: &Start| start.ignored.contains(&chld) || start.blocked.contains(&chld);
    let env = world.program("/usr/bin/env").args(["--ignore-signal=CHLD", "true"]).run()?;
    for name in ["blocked", "ignored"] {
        if name == "ignored" && env.exit != "exit 0" {
            return Err(Stopped::Skipped { missing: "env that knows --ignore-signal".to_owned() });
        }
        let Found { supervise, itself, supervised } = found(world, name, |command| match name {
            "blocked" => command.blocked(Signal::SIGCHLD),
            _ => command.ignored("CHLD"),
        })?;
        let service = Service { name: name.to_owned(), directory: world.path(name) };
        world.order(&service, "exit 0")?;
        let again = &world.until_starts(&service, 2)?[1].2;
        let have_it = [&itself, &supervised, again].map(has_it);
        world.expect("this suite, ./run and the next ./run have it", have_it, [true, false, false])?;
        world.expect("supervise runs", world.is_running(&supervise), true)?;
    }
    Ok(())
}

// Starting, and starting again.

/// Has one service end by each of `deaths`, which are commands of a shell, and wants each to be started once more.
fn restarts_after(world: &World, deaths: &[String]) -> Outcome {
    let mut services = vec![];
    // All at once, as each takes a second.
    for death in deaths {
        let name = death.replace([' ', '$'], "-");
        let script = format!("#!/bin/sh\necho $$ >>pids\nmkdir died 2>&- && {death}\nexec sleep 1000\n");
        let service = world.scripted(&name, &script)?;
        services.push((world.start_supervise(&service)?, service));
    }
    for (supervise, service) in &services {
        let pids = world.until_some(&format!("runs of {}", service.name), "two", || {
            let pids = world.lines(service.directory.join("pids"));
            Ok(if pids.len() == 2 { Ok(pids) } else { Err(format!("{pids:?}")) })
        })?;
        world.expect_that("their pids", pids[0] != pids[1], "two", &pids)?;
        world.until("the pid in the record", Some(pids[1].clone()), || {
            Ok(world.record(service).map(|record| record.pid().to_string()))
        })?;
        world.expect("supervise runs", world.is_running(supervise), true)?;
        world.expect("its words", supervise.err(), "")?;
    }
    Ok(())
}

fn restarts_after_any_exit_code(world: &World) -> Outcome {
    let codes = [0, 1, 2, 99, 100, 110, 111, 126, 127, 128, 143, 254, 255];
    restarts_after(world, &codes.map(|code| format!("exit {code}")))
}

fn restarts_after_any_signal(world: &World) -> Outcome {
    // The others stop or are ignored: CHLD, CONT, STOP, TSTP, TTIN, TTOU, URG, WINCH.
    // What the C library keeps for itself is ignored by whatever it has spawned: 32 and 33.
    let harmless = [17, 18, 19, 20, 21, 22, 23, 28, 32, 33];
    let deaths: Vec<String> =
        (1..=64).filter(|number| !harmless.contains(number)).map(|number| format!("kill -{number} $$")).collect();
    restarts_after(world, &deaths)
}

/// The times between the forks of a probe's runs.
fn gaps(starts: &[(i32, u64, Start)]) -> Vec<Duration> {
    starts.windows(2).map(|pair| Duration::from_nanos(pair[1].2.born - pair[0].2.born)).collect()
}

fn never_starts_twice_within_a_second(world: &World) -> Outcome {
    const PLANS: &[(&str, &str)] = &[
        ("at-once", "exit 0"),
        ("with-an-error", "exit 111"),
        ("after-half-a-second", "exit 0 after 500"),
        ("nagged", "exit 0"),
    ];
    let mut services = vec![];
    for (name, plan) in PLANS {
        let service = world.service(name, plan)?;
        world.start_supervise(&service)?;
        services.push(service);
    }
    let nagged = &services[3];
    world.until_supervised(nagged)?;
    world.until("starts of nagged while it gets u and o", true, || {
        world.send(nagged, "uou")?;
        Ok(world.starts(nagged).len() >= 3)
    })?;
    for service in &services {
        let gaps = gaps(&world.until_starts(service, 3)?);
        let least = gaps.iter().min().copied().unwrap_or_default();
        world.expect_that("times between starts", least >= Duration::from_secs(1), "a second or more", gaps)?;
    }
    Ok(())
}

fn keeps_its_pace(world: &World) -> Outcome {
    let (web, bare) = (world.service("web", "exit 1")?, world.bare_service("bare")?);
    world.start_supervise(&web)?;
    let supervise = world.start_supervise(&bare)?;
    let message = "supervise: fatal: unable to start bare/run: file does not exist";
    for tries in [3, 5, 7] {
        world.until_starts(&web, tries)?;
        world.until_says(&supervise, tries, message)?;
    }
    // On a busy machine, one of the last three may be late.
    let gap = gaps(&world.starts(&web)).into_iter().skip(3).min().unwrap_or_default();
    world.expect_between(
        "the least time between starts, in the end",
        gap,
        Duration::from_millis(990),
        Duration::from_millis(1500),
    )
}

fn counts_the_second_from_the_start(world: &World) -> Outcome {
    let (short, long) = (world.service("short", "exit 0 after 900")?, world.service("long", "exit 0 after 1500")?);
    let killed = world.service("killed", "")?;
    for service in [&short, &long, &killed] {
        world.start_supervise(service)?;
    }
    world.until_settled(&killed)?;
    let pid = world.until_up(&killed)?;
    let kill = world.monotonic();
    world.signal(pid, Signal::SIGKILL)?;
    let again = world.until_starts(&killed, 2)?[1].1;
    let at_once = Duration::from_millis(400);
    world.expect_between(
        "from a kill to the next start",
        Duration::from_nanos(again - kill),
        Duration::ZERO,
        at_once,
    )?;
    let millis = Duration::from_millis;
    for (service, least, most) in [(short, millis(1000), millis(1500)), (long, millis(1500), millis(2000))] {
        let gap = gaps(&world.until_starts(&service, 2)?)[0];
        world.expect_between(&format!("between the starts of {}", service.name), gap, least, most)?;
    }
    Ok(())
}

fn says_why_run_cannot_be_started(world: &World) -> Outcome {
    type Unfit = fn(&World, &Path) -> Outcome;
    fn name(path: &Path) -> &str {
        path.to_str().unwrap_or_default()
    }
    const DENIED: &str = "access denied";
    const FORMAT: &str = "exec format error";
    const MISSING: &str = "file does not exist";
    const LOOP: &str = "symbolic link loop";
    let table: &[(&str, Unfit, &str)] = &[
        ("missing", |_, _| Ok(()), MISSING),
        ("not-executable", |w, run| w.write_file(run, "#!/bin/sh\n"), DENIED),
        ("directory", |w, run| w.make_directory(name(run)).map(drop), DENIED),
        ("fifo", |w, run| w.make_fifo(name(run)), DENIED),
        ("device", |w, run| w.link("/dev/null", run), DENIED),
        ("empty", |w, run| w.write_script(run, ""), FORMAT),
        ("no-interpreter", |w, run| w.write_script(run, "echo ran >ran\n"), FORMAT),
        ("blank-interpreter", |w, run| w.write_script(run, "#! \necho ran >ran\n"), FORMAT),
        ("not-a-program", |w, run| w.write_script(run, "\x7fELF"), FORMAT),
        ("interpreter-missing", |w, run| w.write_script(run, "#!/no/such/interpreter\n"), MISSING),
        ("interpreter-not-executable", |w, run| w.write_script(run, "#!/etc/passwd\n"), DENIED),
        ("interpreter-a-directory", |w, run| w.write_script(run, "#!/\n"), DENIED),
        ("interpreter-itself", |w, run| w.write_script(run, "#!./run\n"), LOOP),
        ("dangling", |w, run| w.link("nothing", run), MISSING),
        ("link-to-itself", |w, run| w.link("run", run), LOOP),
        ("below-a-file", |w, run| w.link("run.good/run", run), "not a directory"),
        ("being-written", |w, run| w.write_script(run, "#!/bin/sh\necho ran >ran\n"), "text busy"),
    ];
    let mut services = vec![];
    for (name, make, why) in table {
        let service = world.service(name, "")?;
        world.rename(&format!("{name}/run"), &format!("{name}/run.good"))?;
        let run = service.directory.join("run");
        make(world, &run)?;
        let writer = if *why == "text busy" { fs::OpenOptions::new().write(true).open(&run).ok() } else { None };
        services.push((world.start_supervise(&service)?, service, writer));
    }
    for ((supervise, service, _), (name, _, why)) in services.iter().zip(table) {
        world.until_says(supervise, 2, &format!("supervise: fatal: unable to start {name}/run: {why}"))?;
        let ran = (world.starts(service).len(), world.read(format!("{name}/ran")));
        world.expect("starts, and what a shell did", ran, (0, String::new()))?;
    }
    for ((_, _, writer), (name, ..)) in services.iter_mut().zip(table) {
        drop(writer.take());
        if *name != "missing" {
            world.remove(format!("{name}/run"))?;
        }
        world.rename(&format!("{name}/run.good"), &format!("{name}/run"))?;
    }
    for (supervise, service, _) in &services {
        world.until_starts(service, 1)?;
        world.expect("supervise runs", world.is_running(supervise), true)?;
    }
    Ok(())
}

fn runs_the_file_that_has_the_name_at_the_time(world: &World) -> Outcome {
    let script = |word: &str| format!("#!/bin/sh\necho {word} >>ran\nexec sleep 1000\n");
    let web = world.bare_service("web")?;
    for word in ["one", "two"] {
        world.write_script(format!("web/{word}"), &script(word))?;
    }
    world.link("one", "web/run")?;
    world.supervise(&web)?;
    let ran = || Ok(world.lines("web/ran"));
    world.until("what ran", ["one"], ran)?;
    world.link("two", "web/run.new")?;
    world.rename("web/run.new", "web/run")?;
    world.stays("what ran", ["one"], Duration::from_millis(150), ran)?;
    let first = world.until_up(&web)?;
    world.signal(first, Signal::SIGKILL)?;
    world.until("what ran", ["one", "two"], ran)?;
    let second = world.until_other_pid(&web, first)?;
    world.remove("web/run")?;
    world.write_script("web/run", &script("three"))?;
    world.signal(second, Signal::SIGKILL)?;
    world.until("what ran", ["one", "two", "three"], ran)
}

/// A supervise whose first fork fails, and the service, which is not started.
fn failed_fork(world: &World) -> Result<(Running, Service), Stopped> {
    let web = world.service("web", "")?;
    let calls = "?clone,?clone3,?fork,?vfork";
    let (trace, inject) = (format!("trace={calls}"), format!("inject={calls}:error=EAGAIN:when=1"));
    let supervise = world.traced(&["-o", "/dev/null", "-e", &trace, "-e", &inject], "supervise")?.arg("web").start()?;
    let warning = "supervise: warning: unable to fork for web, sleeping 60 seconds: temporary failure";
    world.until_says(&supervise, 1, warning)?;
    Ok((supervise, web))
}

fn announces_a_failed_fork(world: &World) -> Outcome {
    let (supervise, web) = failed_fork(world)?;
    world.until_state(&web, "down, paused 0, want u")?;
    world.expect("svstat", world.svstat(&web)?, "web: down N seconds, normally up, want up")?;
    world.stays("starts", 0, Duration::from_millis(300), || Ok(world.starts(&web).len()))?;
    world.expect("words on stderr", supervise.err_lines().len(), 1)
}

fn hears_nothing_after_a_failed_fork(world: &World) -> Outcome {
    let (_, web) = failed_fork(world)?;
    world.until_supervised(&web)?;
    world.send(&web, "d")?;
    world.stays("the record", Some("down, paused 0, want u".to_owned()), Duration::from_millis(300), || {
        Ok(world.record(&web).map(|record| record.state()))
    })
}
