//! supervise's control FIFO: what each byte does to the service and to the record, and in which order.

use crate::observe::process::{Process, descriptors};
use crate::observe::record::Record;
use crate::scenario::{Need, Outcome, Scenario, Stopped};
use crate::world::{Rewrites, Running, Service, World};
use nix::sys::signal::Signal;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

const SUPERVISE: &[Need] = &[Need::Command("supervise")];
const STRACE: &[Need] = &[Need::Command("supervise"), Need::Tool("strace")];
const PRLIMIT: &[Need] = &[Need::Command("supervise"), Need::Tool("prlimit")];

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    // The record.
    Scenario {
        id: "supervise/records-time-pid-and-want",
        requirements: &["SUP-20", "SUP-26"],
        needs: SUPERVISE,
        does: "Compares the 18 bytes, one by one, with the clock, the pid and what is wanted: down, up, and wanted once.",
        run: records_time_pid_and_want,
    },
    Scenario {
        id: "supervise/records-a-pid-of-any-size",
        requirements: &["SUP-20"],
        needs: STRACE,
        does: "Has the fork of supervise say that ./run is the process 67305985, which is 01 02 03 04 from the lowest byte \
               on: so the record has it.",
        run: records_a_pid_of_any_size,
    },
    Scenario {
        id: "supervise/moves-the-stamp-at-starts-and-ends-only",
        requirements: &["SUP-22", "SUP-20"],
        needs: SUPERVISE,
        does: "Compares the stamp with the clock at the start of supervise and at a start and an end of ./run, and watches \
               that no command moves it while the service is down.",
        run: moves_the_stamp_at_starts_and_ends_only,
    },
    Scenario {
        id: "supervise/rewrites-the-record-for-some-bytes-only",
        requirements: &["SUP-23", "SUP-43", "SUP-22"],
        needs: SUPERVISE,
        does: "Counts how often the record is replaced while a running service gets every byte that it survives: once for \
               each of `d`, `u`, `o`, `p`, `c` and `x`, never for another.",
        run: rewrites_the_record_for_some_bytes_only,
    },
    Scenario {
        id: "supervise/rewrites-the-record-while-down",
        requirements: &["SUP-23", "SUP-55", "SUP-24", "SUP-26"],
        needs: SUPERVISE,
        does: "Counts how often the record is replaced while the service is down, by each byte, and by a start and an end. \
               The exit replaces it as well.",
        run: rewrites_the_record_while_down,
    },
    Scenario {
        id: "supervise/never-shows-part-of-a-record",
        requirements: &["SUP-28"],
        needs: SUPERVISE,
        does: "Reads the record thousands of times while it is being replaced without pause: it is there each time, with \
               18 bytes.",
        run: never_shows_part_of_a_record,
    },
    Scenario {
        id: "supervise/does-not-force-the-record-to-disk",
        requirements: &["SUP-28"],
        needs: STRACE,
        does: "Traces supervise at a start, commands and an end for all calls that wait for the disk: there is none.",
        run: does_not_force_the_record_to_disk,
    },
    Scenario {
        id: "supervise/controls-without-a-record",
        requirements: &["SUP-29"],
        needs: SUPERVISE,
        does: "Puts directories and a FIFO in the way of the record: a warning each time, the old record stays, commands \
               work, and the next write mends it.",
        run: controls_without_a_record,
    },
    Scenario {
        id: "supervise/warns-of-a-record-that-does-not-fit",
        requirements: &["SUP-29"],
        needs: PRLIMIT,
        does: "Limits the size of files to 9 bytes and to none: `partial write`, or `file too big`, and commands work.",
        run: warns_of_a_record_that_does_not_fit,
    },
    Scenario {
        id: "supervise/orders-record-and-signal",
        requirements: &["SUP-27", "SUP-26"],
        needs: STRACE,
        does: "Traces supervise: `p` and `c` replace the record and then signal, `d` signals first, and `u` replaces it \
               before and after the start.",
        run: orders_record_and_signal,
    },
    // Bytes.
    Scenario {
        id: "supervise/drops-unknown-bytes",
        requirements: &["SUP-43", "SUP-23"],
        needs: SUPERVISE,
        does: "Writes all 245 bytes that mean nothing, NUL and newline among them, in one write: nothing happens but what \
               follows them.",
        run: drops_unknown_bytes,
    },
    Scenario {
        id: "supervise/obeys-thousands-of-bytes-in-order",
        requirements: &["SUP-40"],
        needs: SUPERVISE,
        does: "Writes 4000 bytes at once, with signals and other commands far apart: all signals come, in order, the record \
               is replaced for each of the others, and the last one counts.",
        run: obeys_thousands_of_bytes_in_order,
    },
    Scenario {
        id: "supervise/leaves-a-stubborn-service-to-itself",
        requirements: &["SUP-43", "SUP-45"],
        needs: SUPERVISE,
        does: "Sends `d` to a service that survives TERM and watches it for six seconds: nothing else comes to it.",
        run: leaves_a_stubborn_service_to_itself,
    },
    Scenario {
        id: "supervise/hears-a-thousand-clients",
        requirements: &["SUP-40", "SUP-07"],
        needs: SUPERVISE,
        does: "Opens the FIFO a thousand times for a byte each: all are read, commands among them are obeyed, and supervise \
               has no more descriptors than before.",
        run: hears_a_thousand_clients,
    },
    Scenario {
        id: "supervise/obeys-commands-sent-right-after-a-start",
        requirements: &["SUP-40", "SUP-43"],
        needs: SUPERVISE,
        does: "Sends signals and a pause at the moment of the start: none is lost.",
        run: obeys_commands_sent_right_after_a_start,
    },
    Scenario {
        id: "supervise/loses-bytes-pending-at-its-death",
        requirements: &["SUP-54"],
        needs: SUPERVISE,
        does: "Stops supervise, writes `u`, and kills it: a new supervise does not start the service until another `u`.",
        run: loses_bytes_pending_at_its_death,
    },
    // Up, down, once.
    Scenario {
        id: "supervise/can-always-be-stopped",
        requirements: &["SUP-43", "SUP-51", "SUP-47"],
        needs: SUPERVISE,
        does: "Sends `d`, `o`, `x` and `dx`, each to a service that ends as soon as it is started, over and over: the \
               starts come to an end.",
        run: can_always_be_stopped,
    },
    Scenario {
        id: "supervise/once-runs-once",
        requirements: &["SUP-43", "SUP-47", "SUP-20"],
        needs: SUPERVISE,
        does: "Sends `o` to a service that is down: it runs, ends and is not started again.",
        run: once_runs_once,
    },
    Scenario {
        id: "supervise/once-while-up-cancels-the-restart",
        requirements: &["SUP-47", "SUP-46"],
        needs: &[Need::Command("supervise"), Need::Command("svstat")],
        does: "Sends `o` to a running service, which ends and stays down, wanted neither up nor down. After `u` it is \
               restarted as before.",
        run: once_while_up_cancels_the_restart,
    },
    Scenario {
        id: "supervise/repeated-starts-of-a-running-service-do-nothing",
        requirements: &["SUP-46", "SUP-48", "SUP-50"],
        needs: SUPERVISE,
        does: "Sends `uu`, `oo` and `uo` to services that run on, and `do` to one that survives TERM: each has one start.",
        run: repeated_starts_of_a_running_service_do_nothing,
    },
    Scenario {
        id: "supervise/restarts-after-signals",
        requirements: &["SUP-49", "SUP-44"],
        needs: SUPERVISE,
        does: "Sends each of `h`, `a`, `i`, `t` and `k` to a service that has run for a second: it dies of it and is started \
               again at once, wanted up as before.",
        run: restarts_after_signals,
    },
    Scenario {
        id: "supervise/signals-one-process",
        requirements: &["SUP-44"],
        needs: SUPERVISE,
        does: "Sends `t`, `k` and `d` to a script with a child: the child survives each time, and does not become a child \
               of supervise.",
        run: signals_one_process,
    },
    // Pause.
    Scenario {
        id: "supervise/signals-wait-while-paused",
        requirements: &["SUP-45", "SUP-46", "SUP-23"],
        needs: SUPERVISE,
        does: "Sends `thai`, `u` and `o` to a paused service: nothing reaches it and it stays paused. With `c` all signals \
               come.",
        run: signals_wait_while_paused,
    },
    Scenario {
        id: "supervise/kill-and-down-end-a-paused-service",
        requirements: &["SUP-45", "SUP-24", "SUP-49"],
        needs: SUPERVISE,
        does: "Sends `k` to a paused service, which is started afresh and not paused, and `d`, which makes it go on and die.",
        run: kill_and_down_end_a_paused_service,
    },
    Scenario {
        id: "supervise/forgets-a-pause-while-down",
        requirements: &["SUP-24"],
        needs: SUPERVISE,
        does: "Sends `p` and then `pu` to a service that is down: it is not recorded as paused, and it runs.",
        run: forgets_a_pause_while_down,
    },
    Scenario {
        id: "supervise/records-only-its-own-pauses",
        requirements: &["SUP-25"],
        needs: SUPERVISE,
        does: "Stops and continues the service from outside: the paused byte follows `p` and `c` alone.",
        run: records_only_its_own_pauses,
    },
    // Exit.
    Scenario {
        id: "supervise/exit-while-down-is-immediate",
        requirements: &["SUP-51", "SUP-53"],
        needs: &[Need::Command("supervise"), Need::Command("svstat")],
        does: "Sends `xu` to a supervise whose service is down: it exits 0 and starts nothing. Its files stay.",
        run: exit_while_down_is_immediate,
    },
    Scenario {
        id: "supervise/exit-waits-for-the-end-of-run",
        requirements: &["SUP-51", "SUP-53"],
        needs: SUPERVISE,
        does: "Sends `x`, `xx`, `xu` and `xdu` to running services: they get no other signal than those of `d` and run on. \
               When they end, whether by themselves or killed from outside, supervise exits 0 without a restart.",
        run: exit_waits_for_the_end_of_run,
    },
    // What the original does because it rests for a second after each start.
    Scenario {
        id: "supervise/is-deaf-for-a-second-after-a-start",
        requirements: &["SUP-35", "SUP-40"],
        needs: SUPERVISE,
        does: "Sends `h` right after a start: it reaches the service a second after the start and no earlier.",
        run: is_deaf_for_a_second_after_a_start,
    },
    Scenario {
        id: "supervise/does-not-notice-a-death-in-the-first-second",
        requirements: &["SUP-35", "SUP-40"],
        needs: SUPERVISE,
        does: "Lets a service that is wanted once end at once: it is recorded as up for a second.",
        run: does_not_notice_a_death_in_the_first_second,
    },
    Scenario {
        id: "supervise/starts-once-more-before-a-waiting-down",
        requirements: &["SUP-41"],
        needs: SUPERVISE,
        does: "Sends `ud` to a service that ends at once: two starts, a second apart, before it is down.",
        run: starts_once_more_before_a_waiting_down,
    },
    Scenario {
        id: "supervise/gives-a-waiting-signal-to-the-next-run",
        requirements: &["SUP-42"],
        needs: SUPERVISE,
        does: "Sends `uh` to a service whose first run ends at once: the second run gets the HUP.",
        run: gives_a_waiting_signal_to_the_next_run,
    },
    Scenario {
        id: "supervise/each-once-runs-an-instant-service",
        requirements: &["SUP-48"],
        needs: SUPERVISE,
        does: "Sends `ooo` to a service that ends at once: three runs.",
        run: each_once_runs_an_instant_service,
    },
    Scenario {
        id: "supervise/down-then-once-runs-an-instant-service",
        requirements: &["SUP-50"],
        needs: SUPERVISE,
        does: "Sends `udo` to a service that ends at once: a run for `u`, one more before `d` is read, and one for `o`.",
        run: down_then_once_runs_an_instant_service,
    },
    Scenario {
        id: "supervise/once-then-exit-takes-a-second",
        requirements: &["SUP-52"],
        needs: SUPERVISE,
        does: "Sends `ox` to a service that ends at once: one start, and supervise exits a second later.",
        run: once_then_exit_takes_a_second,
    },
    Scenario {
        id: "supervise/exit-waits-for-a-run-that-was-asked-for",
        requirements: &["SUP-52"],
        needs: SUPERVISE,
        does: "Sends `o` to a service that ends at once, and `ox` as soon as it has ended: it is started a second time, a \
               second later, before supervise exits.",
        run: exit_waits_for_a_run_that_was_asked_for,
    },
    Scenario {
        id: "supervise/up-then-exit-starts-twice",
        requirements: &["SUP-52", "SUP-41"],
        needs: SUPERVISE,
        does: "Sends `ux` to a service that ends at once: two starts, and supervise exits a second after the second.",
        run: up_then_exit_starts_twice,
    },
    Scenario {
        id: "supervise/notes-a-death-before-it-reads",
        requirements: &["SUP-40"],
        needs: SUPERVISE,
        does: "Lets a service die and a `d` arrive while supervise is stopped: it starts the service again before it obeys.",
        run: notes_a_death_before_it_reads,
    },
];

/// How long nothing is to happen, where nothing is to happen.
const QUIET: Duration = Duration::from_millis(150);
/// How long the original rests after a start.
const REST: Duration = Duration::from_secs(1);
/// A service that ends at once and has not been started for so long is not started again.
const OVER: Duration = Duration::from_millis(1500);

/// A service that `u` has started, with its supervise and a watch on its record. One that supervise starts by itself has
/// its record written once more by the original, after the first second.
fn watched_service(world: &World, plan: &str) -> Result<(Service, Running, Rewrites), Stopped> {
    let (web, supervise) = world.down_service("web", plan)?;
    world.send(&web, "u")?;
    world.until_state(&web, "up, paused 0, want u")?;
    world.until_starts(&web, 1)?;
    let watch = world.watch_record(&web, &supervise)?;
    Ok((web, supervise, watch))
}

fn since(begin: u64, end: u64) -> Duration {
    Duration::from_nanos(end.saturating_sub(begin))
}

// The record.

/// Expects the stamp of `record` to lie between two times of day.
fn expect_stamp(world: &World, record: &Record, from: Duration, to: Duration) -> Outcome {
    let seconds = u64::try_from(record.unix_seconds()).unwrap_or_default();
    world.expect_that("nanoseconds", record.nanoseconds() < 1_000_000_000, "less than 10^9", record.nanoseconds())?;
    let stamp = Duration::new(seconds, record.nanoseconds());
    // The clock of the record counts microseconds, and its last three digits are anybody's guess.
    let slack = Duration::from_micros(1);
    world.expect_that("stamp", from <= stamp + slack && stamp <= to + slack, &format!("{from:?} to {to:?}"), stamp)
}

fn records_time_pid_and_want(world: &World) -> Outcome {
    let from = world.time_of_day();
    let (web, _) = world.down_service("web", "")?;
    let mut record = world.whole_record(&web)?;
    world.expect("state", record.state(), "down, paused 0, want d")?;
    for (byte, state) in [("o", "up, paused 0, want 0"), ("u", "up, paused 0, want u"), ("d", "down, paused 0, want d")]
    {
        world.send(&web, byte)?;
        record = world.until_state(&web, state)?;
        if record.is_up() {
            let pid = world.until_starts(&web, 1)?[0].0;
            let [.., a, b, c, d, _, _] = record.bytes;
            world.expect("bytes 12 to 15", [a, b, c, d], pid.to_le_bytes())?;
        }
    }
    let [a, b, ..] = record.bytes;
    world.expect("the first bytes of any time in these centuries", [a, b], [0x40, 0])?;
    expect_stamp(world, &record, from, world.time_of_day())
}

fn records_a_pid_of_any_size(world: &World) -> Outcome {
    const PID: [u8; 4] = [1, 2, 3, 4];
    let web = world.service("web", "")?;
    let forks = "?clone,?clone3,?fork,?vfork";
    let inject = format!("inject={forks}:retval={}:when=1", i32::from_le_bytes(PID));
    world
        .traced(&["-o", "/dev/null", "-e", &format!("trace={forks}"), "-e", &inject], "supervise")?
        .arg("web")
        .start()?;
    let record = world.until_state(&web, "up, paused 0, want u")?;
    world.expect("bytes 12 to 15", &record.bytes[12..16], &PID[..])?;
    world.expect("starts", world.starts(&web).len(), 0)
}

fn moves_the_stamp_at_starts_and_ends_only(world: &World) -> Outcome {
    let from = world.time_of_day();
    let (web, supervise) = world.down_service("web", "survive HUP")?;
    let down = world.whole_record(&web)?;
    expect_stamp(world, &down, from, world.time_of_day())?;

    // No byte moves it while the service is down. The record is the same, and yet another file.
    let watch = world.watch_record(&web, &supervise)?;
    world.send(&web, "haitkpcdd")?;
    world.until_rewrites(&watch, 4)?;
    world.expect("record after commands", world.whole_record(&web)?, down)?;

    let from = world.time_of_day();
    world.send(&web, "u")?;
    let up = world.until_state(&web, "up, paused 0, want u")?;
    expect_stamp(world, &up, from, world.time_of_day())?;
    world.until_starts(&web, 1)?;
    world.send(&web, "ohpc")?;
    world.until_signals(&web, &["HUP", "CONT"])?;
    world.expect("stamp after commands", world.whole_record(&web)?.stamp(), up.stamp())?;

    let from = world.time_of_day();
    world.order(&web, "exit 0")?;
    let down = world.until_state(&web, "down, paused 0, want 0")?;
    expect_stamp(world, &down, from, world.time_of_day())
}

fn rewrites_the_record_for_some_bytes_only(world: &World) -> Outcome {
    let (web, supervise, watch) = watched_service(world, "survive HUP ALRM INT TERM")?;
    let before = world.whole_record(&web)?;
    let (mut signals, mut rewrites) = (vec![], 0);
    for (byte, gets, state) in [
        ("h", &["HUP"][..], "up, paused 0, want u"),
        ("a", &["ALRM"], "up, paused 0, want u"),
        ("i", &["INT"], "up, paused 0, want u"),
        ("t", &["TERM"], "up, paused 0, want u"),
        ("u", &[], "up, paused 0, want u"),
        ("p", &[], "up, paused 1, want u"),
        ("p", &[], "up, paused 1, want u"),
        ("c", &["CONT"], "up, paused 0, want u"),
        ("c", &["CONT"], "up, paused 0, want u"),
        ("o", &[], "up, paused 0, want 0"),
        ("o", &[], "up, paused 0, want 0"),
        ("d", &["TERM", "CONT"], "up, paused 0, want d"),
        ("h", &["HUP"], "up, paused 0, want d"),
        ("d", &["TERM", "CONT"], "up, paused 0, want d"),
        ("Z", &[], "up, paused 0, want d"),
        ("x", &[], "up, paused 0, want d"),
        ("i", &["INT"], "up, paused 0, want d"),
    ] {
        world.send(&web, byte)?;
        signals.extend_from_slice(gets);
        rewrites += usize::from("udopcx".contains(byte));
        world.until_signals(&web, &signals)?;
        world.until_rewrites(&watch, rewrites)?;
        let record = world.until_state(&web, state)?;
        world.expect(&format!("stamp and pid after {byte}"), &record.bytes[..16], &before.bytes[..16])?;
        world.until_stopped(record.pid(), state.contains("paused 1"))?;
    }
    world.stays("times that the record was replaced", rewrites, QUIET, || world.rewrites(&watch))?;
    world.send(&web, "k")?;
    world.expect("end of supervise", world.wait(&supervise)?.to_string(), "exit 0")?;
    let times = world.rewrites(&watch)? - rewrites;
    world.expect_that("times that the record was replaced by the end", times > 0, "1 or more", times)?;
    let record = world.whole_record(&web)?;
    world.expect("record at the end", record.state(), "down, paused 0, want d")?;
    world.expect_that("stamp at the end", record.stamp() > before.stamp(), "later", (record, before))
}

fn rewrites_the_record_while_down(world: &World) -> Outcome {
    let (web, supervise) = world.down_service("web", "")?;
    let watch = world.watch_record(&web, &supervise)?;
    let mut rewrites = 0;
    // Each time, a `d` behind the byte shows that the byte has been dealt with.
    for (byte, times) in
        [("h", 0), ("a", 0), ("i", 0), ("t", 0), ("k", 0), ("\n", 0), ("D", 0), ("p", 1), ("c", 1), ("d", 1)]
    {
        world.send(&web, format!("{byte}d"))?;
        rewrites += times + 1;
        world.until_rewrites(&watch, rewrites)?;
        world.expect(&format!("state after {byte}"), world.whole_record(&web)?.state(), "down, paused 0, want d")?;
    }
    world.expect("starts", world.starts(&web).len(), 0)?;
    // What is wanted, and the start.
    world.send(&web, "u")?;
    world.until_starts(&web, 1)?;
    world.until_rewrites(&watch, rewrites + 2)?;
    // What is wanted, and the end.
    world.send(&web, "d")?;
    world.until_state(&web, "down, paused 0, want d")?;
    world.until_rewrites(&watch, rewrites + 4)?;
    world.stays("times that the record was replaced", rewrites + 4, QUIET, || world.rewrites(&watch))?;
    world.send(&web, "x")?;
    world.expect("end of supervise", world.wait(&supervise)?.to_string(), "exit 0")?;
    let times = world.rewrites(&watch)? - rewrites - 4;
    world.expect_that("times that the record was replaced at the exit", times > 0, "1 or more", times)
}

fn never_shows_part_of_a_record(world: &World) -> Outcome {
    let (web, supervise) = world.down_service("web", "")?;
    let watch = world.watch_record(&web, &supervise)?;
    let status = web.directory.join("supervise/status");
    let (sent, reads, files) = (Cell::new(0), Cell::new(0), RefCell::new(BTreeSet::new()));
    world.until("thousands of reads, and a hundred files read", true, || {
        // Never more in the FIFO than fits, never nothing to do.
        if world.rewrites(&watch)? + 900 > sent.get() {
            world.send(&web, "pcd".repeat(300))?;
            sent.set(sent.get() + 900);
        }
        for _ in 0..500 {
            let seen = std::fs::read(&status).map(|bytes| bytes.len()).map_err(|error| error.to_string());
            if seen != Ok(18) {
                return Err(world.failed("length of the record", "18", format!("{seen:?}")));
            }
            files.borrow_mut().insert(status.metadata().map(|file| (file.ino(), file.mtime_nsec())).ok());
        }
        reads.set(reads.get() + 500);
        Ok(reads.get() >= 6000 && files.borrow().len() >= 100)
    })?;
    world.expect("looks that found no file", files.borrow().contains(&None), false)
}

fn does_not_force_the_record_to_disk(world: &World) -> Outcome {
    let (web, calls) = (world.service("web", "")?, "trace=?fsync,?fdatasync,?sync,?syncfs,?msync");
    let traced = world.traced(&["-o", "calls", "-e", calls], "supervise")?.arg("web").start()?;
    world.until_up(&web)?;
    world.send(&web, "pcdx")?;
    world.expect("end of supervise", world.wait(&traced)?.to_string(), "exit 0")?;
    let calls = world.lines("calls").into_iter().filter(|line| line.contains("sync"));
    world.expect("calls", calls.collect::<Vec<_>>(), vec![""; 0])
}

fn controls_without_a_record(world: &World) -> Outcome {
    let (web, supervise) = world.down_service("web", "")?;
    world.until_idle(supervise.pid)?;
    let before = world.whole_record(&web)?;
    let mut warnings: Vec<String> = vec![];
    let until_warned = |warnings: &[String]| world.until("warnings", warnings.to_vec(), || Ok(supervise.err_lines()));
    let open = |why: &str| format!("supervise: warning: unable to open web/supervise/status.new: {why}");

    world.make_directory("web/supervise/status.new")?;
    world.send(&web, "u")?;
    // For what is wanted and for the start.
    warnings.extend([open("is a directory"), open("is a directory")]);
    until_warned(&warnings)?;
    world.until_starts(&web, 1)?;
    world.expect("record", world.whole_record(&web)?, before)?;
    world.remove("web/supervise/status.new")?;
    world.send(&web, "c")?;
    let up = world.until_state(&web, "up, paused 0, want u")?;
    world.expect("pid in the record", up.pid(), world.starts(&web)[0].0)?;

    world.make_fifo("web/supervise/status.new")?;
    world.send(&web, "p")?;
    warnings.push(open("device not configured"));
    until_warned(&warnings)?;
    world.until_stopped(up.pid(), true)?;
    world.expect("record", world.whole_record(&web)?, up)?;
    world.remove("web/supervise/status.new")?;
    world.send(&web, "c")?;
    world.until_stopped(up.pid(), false)?;

    world.remove("web/supervise/status")?;
    world.make_directory("web/supervise/status")?;
    world.send(&web, "d")?;
    let rename = "supervise: warning: unable to rename web/supervise/status.new to status: is a directory";
    // For what is wanted and for the end.
    warnings.extend([rename.to_owned(), rename.to_owned()]);
    until_warned(&warnings)?;
    let left = world.path("web/supervise/status.new").metadata().map(|file| file.len()).ok();
    world.expect("length of status.new", left, Some(18))?;
    world.remove("web/supervise/status")?;
    world.send(&web, "d")?;
    world.until_state(&web, "down, paused 0, want d")?;
    world.expect("warnings", supervise.err_lines(), warnings)?;
    world.expect("supervise runs", world.is_running(&supervise), true)
}

fn warns_of_a_record_that_does_not_fit(world: &World) -> Outcome {
    let web = world.scripted("web", "#!/bin/sh\nexec sleep 1000\n")?;
    world.write_file("web/down", "")?;
    let prlimit =
        crate::target::tool("prlimit").ok_or_else(|| Stopped::Skipped { missing: "program prlimit".to_owned() })?;
    for (size, left, why) in [(9, 9, "partial write"), (0, 0, "file too big")] {
        // A file could not take the warnings either.
        let name = format!("said-{size}");
        let stderr = world.fifo(&name)?;
        let limited = world.program(&prlimit).arg(format!("--fsize={size}")).arg(world.commands().join("supervise"));
        let supervise = limited.arg("web").ignored("XFSZ").errors(&name).start()?;
        world.until_supervised(&web)?;
        world.send(&web, "o")?;
        world.until("children of supervise", 1, || Ok(Process::children(supervise.pid).len()))?;
        world.send(&web, "xk")?;
        world.expect("end of supervise", world.wait(&supervise)?.to_string(), "exit 0")?;
        // At its start; `o`, the start of ./run, `x`, and the end of ./run.
        let warning = format!("supervise: warning: unable to write web/supervise/status.new: {why}\\n");
        let said = world.taken(&stderr)?;
        let times = said.matches(&warning).count();
        world.expect("messages", &said, &warning.repeat(times))?;
        world.expect_that("times that it warned", times >= 5, "5 or more", times)?;
        world.expect("record", world.record(&web), None)?;
        let new = world.path("web/supervise/status.new").metadata().map(|file| file.len()).ok();
        world.expect("length of status.new", new, Some(left))?;
    }
    Ok(())
}

fn orders_record_and_signal(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    world.write_file("web/down", "")?;
    let calls = "trace=?rename,?renameat,?renameat2,kill,?tkill,?tgkill,?pidfd_send_signal,clone,?clone3,?fork,?vfork";
    let traced = world.traced(&["-o", "calls", "-e", calls], "supervise")?.arg("web").start()?;
    world.until_supervised(&web)?;
    // What is done, in order, in words.
    let done = || -> Vec<String> {
        let word = |line: String| match line.split('(').next()? {
            "rename" | "renameat" | "renameat2" => Some("record".to_owned()),
            "kill" | "tkill" | "tgkill" | "pidfd_send_signal" => {
                let signal = line.split("SIG").nth(1)?;
                Some(signal.chars().take_while(char::is_ascii_uppercase).collect())
            }
            "clone" | "clone3" | "fork" | "vfork" => Some("start".to_owned()),
            _ => None,
        };
        world.lines("calls").into_iter().filter_map(word).collect()
    };
    let traced_pid = world.traced_by(&traced)?;
    world.until_idle(traced_pid)?;
    let mut wanted: Vec<String> = done();
    world.expect("done at the start", wanted.iter().all(|word| word == "record"), true)?;
    for (byte, does) in [
        ("u", &["record", "start", "record"][..]),
        ("p", &["record", "STOP"]),
        ("c", &["record", "CONT"]),
        // The rest since the start is over by then, so the death and the next start are one after the other.
        ("t", &["TERM", "record", "start", "record"]),
        ("d", &["TERM", "CONT", "record", "record"]),
        ("o", &["record", "start", "record"]),
        ("k", &["KILL", "record"]),
    ] {
        if byte == "t" {
            world.until_settled(&web)?;
        }
        world.send(&web, byte)?;
        wanted.extend(does.iter().map(|&word| word.to_owned()));
        world.until(&format!("done by {byte}"), wanted.clone(), || Ok(done()))?;
    }
    world.send(&web, "x")?;
    world.expect("end of supervise", world.wait(&traced)?.to_string(), "exit 0")
}

// Bytes.

fn drops_unknown_bytes(world: &World) -> Outcome {
    let (web, supervise, watch) = watched_service(world, "survive HUP")?;
    let before = world.whole_record(&web)?;
    let unknown: Vec<u8> = (0..=255).filter(|byte| !b"udopchaitkx".contains(byte)).collect();
    world.send(&web, &unknown)?;
    world.send(&web, "h")?;
    world.until_signals(&web, &["HUP"])?;
    world.send(&web, [&unknown[..], b"h"].concat())?;
    world.until_signals(&web, &["HUP", "HUP"])?;
    world.expect("times that the record was replaced", world.rewrites(&watch)?, 0)?;
    world.expect("record", world.whole_record(&web)?, before)?;
    world.expect("messages", supervise.err(), "")?;
    world.expect("starts", world.starts(&web).len(), 1)
}

fn obeys_thousands_of_bytes_in_order(world: &World) -> Outcome {
    let (web, _, watch) = watched_service(world, "survive HUP INT ALRM TERM")?;
    let (job, _) = world.down_service("job", "")?;
    // The numbers of these signals rise, so that even a probe that gets several at once sees them in this order.
    let many = "Z".repeat(994);
    let commands = format!("h{many}uoi{many}uoa{many}uot{many}poc12345678901");
    world.expect("commands", commands.len(), 4000)?;
    world.send(&web, &commands)?;
    world.until_signals(&web, &["HUP", "INT", "ALRM", "TERM", "CONT"])?;
    world.until_rewrites(&watch, 9)?;
    world.expect("record", world.whole_record(&web)?.state(), "up, paused 0, want 0")?;

    // No `k` comes before the start, and all do.
    world.send(&job, "k".repeat(2000) + "o" + &"Z".repeat(1998) + "u")?;
    world.until_state(&job, "up, paused 0, want u")?;
    world.until_starts(&job, 1)?;
    world.send(&job, "Z".repeat(3998) + "od")?;
    world.until_state(&job, "down, paused 0, want d")?;
    world.expect("starts", world.starts(&job).len(), 1)
}

fn leaves_a_stubborn_service_to_itself(world: &World) -> Outcome {
    let (web, _, _) = watched_service(world, "survive TERM")?;
    world.send(&web, "d")?;
    world.until_signals(&web, &["TERM", "CONT"])?;
    let record = world.until_state(&web, "up, paused 0, want d")?;
    let seen = || Ok((world.events(&web).len(), Process::is_alive(record.pid()), world.record(&web)));
    world.stays("events, life and record of the service", (3, true, Some(record)), Duration::from_secs(6), seen)
}

fn hears_a_thousand_clients(world: &World) -> Outcome {
    let (web, supervise, watch) = watched_service(world, "survive HUP INT")?;
    let before = descriptors(supervise.pid);
    // A write of the record can take milliseconds: not every client has one written.
    let commands = format!("h{}oi{}", ("Z".repeat(48) + "u").repeat(20), "Z".repeat(17));
    world.expect("commands", commands.len(), 1000)?;
    world.send_each(&web, commands.as_bytes())?;
    world.until_rewrites(&watch, 21)?;
    world.until_signals(&web, &["HUP", "INT"])?;
    world.expect("record", world.whole_record(&web)?.state(), "up, paused 0, want 0")?;
    world.until_idle(supervise.pid)?;
    world.expect("descriptors", descriptors(supervise.pid), before)
}

fn obeys_commands_sent_right_after_a_start(world: &World) -> Outcome {
    let web = world.service("web", "survive HUP INT ALRM TERM")?;
    let supervise = world.command("supervise").arg("web").start()?;
    let starts = world.until_starts(&web, 1)?;
    for byte in ["h", "i", "a", "t", "p"] {
        world.send(&web, byte)?;
    }
    world.until_state(&web, "up, paused 1, want u")?;
    world.send(&web, "cd")?;
    world.until_state(&web, "up, paused 0, want d")?;
    world.until("signals", true, || {
        let signals = world.signals(&web);
        Ok(["HUP", "INT", "ALRM", "TERM", "CONT"].iter().all(|&name| signals.iter().any(|signal| signal == name)))
    })?;
    world.expect("starts", world.starts(&web), starts)?;
    world.expect("supervise runs", world.is_running(&supervise), true)
}

fn loses_bytes_pending_at_its_death(world: &World) -> Outcome {
    let (web, supervise) = world.down_service("web", "")?;
    world.signal(supervise.pid, Signal::SIGSTOP)?;
    world.until_stopped(supervise.pid, true)?;
    world.send(&web, "u")?;
    world.kill(&supervise, Signal::SIGKILL)?;
    world.supervise(&web)?;
    world.stays("starts", 0, Duration::from_millis(300), || Ok(world.starts(&web).len()))?;
    world.expect("record", world.whole_record(&web)?.state(), "down, paused 0, want d")?;
    world.send(&web, "u")?;
    world.until_starts(&web, 1).map(drop)
}

// Up, down, once.

fn can_always_be_stopped(world: &World) -> Outcome {
    let mut loops = vec![];
    for bytes in ["d", "o", "x", "dx", "tkd"] {
        let service = world.service(&format!("loop-{bytes}"), "exit 1")?;
        loops.push((bytes, world.command("supervise").arg(&service.name).start()?, service));
    }
    for (_, _, service) in &loops {
        world.until_starts(service, 2)?;
    }
    for (bytes, _, service) in &loops {
        world.send(service, bytes)?;
    }
    for (bytes, supervise, service) in &loops {
        world.until_no_start(service, OVER)?;
        world.until("supervise runs", !bytes.ends_with('x'), || Ok(world.is_running(supervise)))?;
    }
    Ok(())
}

fn once_runs_once(world: &World) -> Outcome {
    let (web, _) = world.down_service("web", "exit 0 after 1100")?;
    world.send(&web, "o")?;
    let up = world.until_state(&web, "up, paused 0, want 0")?;
    let down = world.until_state(&web, "down, paused 0, want 0")?;
    world.expect_that("stamp", down.stamp() > up.stamp(), "later", (down, up))?;
    world.stays("starts", 1, QUIET, || Ok(world.starts(&web).len()))
}

fn once_while_up_cancels_the_restart(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    world.supervise(&web)?;
    let up = world.whole_record(&web)?;
    world.send(&web, "o")?;
    let once = world.until_state(&web, "up, paused 0, want 0")?;
    world.expect("stamp and pid", &once.bytes[..16], &up.bytes[..16])?;
    world.order(&web, "exit 0")?;
    world.until_state(&web, "down, paused 0, want 0")?;
    world.expect("svstat", world.svstat(&web)?, "web: down N seconds, normally up")?;
    world.stays("starts", 1, QUIET, || Ok(world.starts(&web).len()))?;
    world.send(&web, "u")?;
    world.until_starts(&web, 2)?;
    world.until_settled(&web)?;
    world.order(&web, "exit 0")?;
    world.until_starts(&web, 3)?;
    world.until_state(&web, "up, paused 0, want u").map(drop)
}

fn repeated_starts_of_a_running_service_do_nothing(world: &World) -> Outcome {
    let mut services = vec![];
    for (bytes, state) in [
        ("uu", "up, paused 0, want u"),
        ("oo", "up, paused 0, want 0"),
        ("ooo", "up, paused 0, want 0"),
        ("uo", "up, paused 0, want 0"),
        ("ou", "up, paused 0, want u"),
    ] {
        let (service, _) = world.down_service(bytes, "")?;
        world.send(&service, bytes)?;
        services.push((service, state, vec![]));
    }
    let stubborn = world.service("do", "survive TERM")?;
    world.supervise(&stubborn)?;
    world.send(&stubborn, "do")?;
    services.push((stubborn, "up, paused 0, want 0", vec!["TERM", "CONT"]));
    for (service, state, signals) in &services {
        world.until_state(service, state)?;
        world.until_starts(service, 1)?;
        world.until_signals(service, signals)?;
    }
    world.stays("starts", vec![1; services.len()], QUIET, || {
        Ok(services.iter().map(|(service, _, _)| world.starts(service).len()).collect::<Vec<_>>())
    })
}

fn restarts_after_signals(world: &World) -> Outcome {
    let mut services = vec![];
    for byte in ["h", "a", "i", "t", "k"] {
        let service = world.service(&format!("gets-{byte}"), "")?;
        world.supervise(&service)?;
        services.push((byte, service));
    }
    for (_, service) in &services {
        world.until_settled(service)?;
    }
    for (byte, service) in &services {
        let sent = world.monotonic();
        world.send(service, byte)?;
        let starts = world.until_starts(service, 2)?;
        // Well below the second that a service which had just been started would have to wait.
        world.expect_between("time to the new start", since(sent, starts[1].1), Duration::ZERO, REST.mul_f64(0.7))?;
        let record = world.until_state(service, "up, paused 0, want u")?;
        world.expect("pid in the record", record.pid(), starts[1].0)?;
    }
    let names: Vec<_> = services.iter().flat_map(|(_, service)| world.signals(service)).collect();
    world.expect("signals", names, vec!["HUP", "ALRM", "INT", "TERM"])
}

fn signals_one_process(world: &World) -> Outcome {
    let script = "#!/bin/sh\nsleep 1000 &\necho $! >child.new\nmv child.new child-$$\nwait\n";
    let mut services = vec![];
    for byte in ["t", "k", "d"] {
        let service = world.scripted(&format!("gets-{byte}"), script)?;
        let supervise = world.supervise(&service)?;
        services.push((byte, supervise, service));
    }
    let mut children = vec![];
    for (byte, supervise, service) in &services {
        let pid = world.until_up(service)?;
        let file = service.directory.join(format!("child-{pid}"));
        let child = world.until_some("the child of the script", "there", || {
            Ok(world.lines(&file).first().and_then(|line| line.parse().ok()).ok_or_else(|| "not there".to_owned()))
        })?;
        world.send(service, byte)?;
        world.until(&format!("{pid} is there"), false, || Ok(Process::look(pid).is_some()))?;
        if *byte != "d" {
            world.until_other_pid(service, pid)?;
        }
        children.push(child);
        world.expect("supervise runs", world.is_running(supervise), true)?;
    }
    let mine = std::process::id().cast_signed();
    let parents = || -> Vec<_> { children.iter().map(|&pid| Process::look(pid).map(|child| child.parent)).collect() };
    world.stays("parents of the children", vec![Some(mine); 3], QUIET, || Ok(parents()))?;
    for child in &children {
        world.signal(*child, Signal::SIGKILL)?;
    }
    world.until("parents of the children", vec![None; 3], || Ok(parents()))
}

// Pause.

fn signals_wait_while_paused(world: &World) -> Outcome {
    let (web, _, watch) = watched_service(world, "survive HUP ALRM INT TERM")?;
    world.send(&web, "p")?;
    let paused = world.until_state(&web, "up, paused 1, want u")?;
    world.until_stopped(paused.pid(), true)?;
    world.send(&web, "thaiu")?;
    world.until_rewrites(&watch, 2)?;
    world.expect("record after thaiu", world.whole_record(&web)?, paused)?;
    world.send(&web, "o")?;
    let once = world.until_state(&web, "up, paused 1, want 0")?;
    world.expect("stamp and pid", &once.bytes[..16], &paused.bytes[..16])?;
    world.stays("stopped, without a signal", (Some('T'), vec![]), QUIET, || {
        Ok((Process::look(paused.pid()).map(|process| process.state), world.signals(&web)))
    })?;
    world.send(&web, "c")?;
    world.until_state(&web, "up, paused 0, want 0")?;
    world.until("signals", vec!["ALRM", "CONT", "HUP", "INT", "TERM"], || {
        let mut signals = world.signals(&web);
        signals.sort();
        Ok(signals)
    })?;
    world.expect("times that the record was replaced", world.rewrites(&watch)?, 4)
}

fn kill_and_down_end_a_paused_service(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    world.supervise(&web)?;
    world.send(&web, "p")?;
    let first = world.until_state(&web, "up, paused 1, want u")?;
    world.until_stopped(first.pid(), true)?;
    world.send(&web, "k")?;
    let second = world.until_other_pid(&web, first.pid())?;
    world.expect("record of the next run", world.whole_record(&web)?.state(), "up, paused 0, want u")?;
    world.until_starts(&web, 2)?;
    world.until_stopped(second, false)?;
    world.send(&web, "p")?;
    world.until_state(&web, "up, paused 1, want u")?;
    world.until_stopped(second, true)?;
    world.send(&web, "d")?;
    world.until_state(&web, "down, paused 0, want d")?;
    // A dying process gets TERM and CONT in either order, and need not live to tell of both.
    world.expect("ends of the probe", world.signals(&web).contains(&"TERM".to_owned()), true)?;
    world.expect("starts", world.starts(&web).len(), 2)
}

fn forgets_a_pause_while_down(world: &World) -> Outcome {
    let (web, supervise) = world.down_service("web", "survive HUP")?;
    let watch = world.watch_record(&web, &supervise)?;
    world.send(&web, "p")?;
    world.until_rewrites(&watch, 1)?;
    world.expect("record", world.whole_record(&web)?.state(), "down, paused 0, want d")?;
    world.send(&web, "pu")?;
    let up = world.until_state(&web, "up, paused 0, want u")?;
    world.until_starts(&web, 1)?;
    world.send(&web, "h")?;
    world.until_signals(&web, &["HUP"])?;
    world.until_stopped(up.pid(), false)?;
    world.expect("record", world.whole_record(&web)?, up)
}

fn records_only_its_own_pauses(world: &World) -> Outcome {
    let (web, _, watch) = watched_service(world, "")?;
    let up = world.whole_record(&web)?;
    world.signal(up.pid(), Signal::SIGSTOP)?;
    world.until_stopped(up.pid(), true)?;
    // `u` has the record written afresh, by a supervise that could have looked.
    world.send(&web, "u")?;
    world.until_rewrites(&watch, 1)?;
    world.expect("record of a stopped process", world.whole_record(&web)?, up)?;
    world.send(&web, "p")?;
    world.until_state(&web, "up, paused 1, want u")?;
    world.signal(up.pid(), Signal::SIGCONT)?;
    world.until_stopped(up.pid(), false)?;
    world.send(&web, "u")?;
    world.until_rewrites(&watch, 3)?;
    world.expect("record of a running process", world.whole_record(&web)?.state(), "up, paused 1, want u")?;
    world.send(&web, "c")?;
    world.until_state(&web, "up, paused 0, want u").map(drop)
}

// Exit.

fn exit_while_down_is_immediate(world: &World) -> Outcome {
    for (name, down, bytes, want) in [("web", true, "xu", "d"), ("api", false, "dx", "d"), ("job", true, "xdo", "d")] {
        let service = world.service(name, "")?;
        if down {
            world.write_file(format!("{name}/down"), "")?;
        }
        let supervise = world.supervise(&service)?;
        if !down {
            world.send(&service, "d")?;
            world.until_state(&service, "down, paused 0, want d")?;
        }
        let (starts, before) = (world.starts(&service), world.whole_record(&service)?);
        world.send(&service, bytes)?;
        world.expect("end of supervise", world.wait(&supervise)?.to_string(), "exit 0")?;
        world.stays("starts", starts, QUIET, || Ok(world.starts(&service)))?;
        let after = world.whole_record(&service)?;
        world.expect("record", (after, after.state()), (before, format!("down, paused 0, want {want}")))?;
        let files = ["control", "lock", "ok", "status"];
        let left = files.map(|file| service.directory.join("supervise").join(file).exists());
        world.expect(&format!("{files:?} are there"), left, [true; 4])?;
        world.expect("svstat", world.svstat(&service)?, format!("{name}: supervise not running"))?;
        world.expect("messages", supervise.err(), "")?;
    }
    Ok(())
}

fn exit_waits_for_the_end_of_run(world: &World) -> Outcome {
    let mut services = vec![];
    for (name, bytes) in [("by-itself", "x"), ("killed", "xu"), ("not-taken-back", "xdu"), ("twice", "xx")] {
        let service = world.service(name, "survive TERM")?;
        let supervise = world.supervise(&service)?;
        world.send(&service, bytes)?;
        services.push((supervise, service));
    }
    for (_, service) in &services {
        world.until_settled(service)?;
    }
    let all_run = || {
        services.iter().all(|(supervise, service)| {
            world.is_running(supervise)
                && world.record(service).is_some_and(|record| record.state() == "up, paused 0, want u")
        })
    };
    world.stays("all run", true, QUIET, || Ok(all_run()))?;
    world.expect("signals", world.signals(&services[0].1), Vec::<String>::new())?;
    let mut befores = vec![];
    for (supervise, service) in &services {
        let before = world.whole_record(service)?;
        if service.name == "killed" {
            world.signal(before.pid(), Signal::SIGKILL)?;
        } else {
            world.order(service, "exit 3")?;
        }
        world.expect("end of supervise", world.wait(supervise)?.to_string(), "exit 0")?;
        befores.push(before);
    }
    for ((_, service), before) in services.iter().zip(befores) {
        let record = world.whole_record(service)?;
        world.expect("record", record.state(), "down, paused 0, want u")?;
        world.expect_that("stamp", record.stamp() > before.stamp(), "later", (record, before))?;
        world.expect("starts", world.starts(service).len(), 1)?;
    }
    Ok(())
}

// What the original does because it rests for a second after each start.

fn is_deaf_for_a_second_after_a_start(world: &World) -> Outcome {
    let (web, _) = world.down_service("web", "survive HUP")?;
    world.send(&web, "u")?;
    let start = world.until_starts(&web, 1)?[0].1;
    world.send(&web, "h")?;
    world.until_signals(&web, &["HUP"])?;
    let heard = world.events(&web).last().map_or(0, |event| event.at);
    // The probe says that it was started a little after supervise began to count.
    let (least, most) = (REST.mul_f64(0.9), REST * 3);
    world.expect_between("time from the start to the signal", since(start, heard), least, most)
}

fn does_not_notice_a_death_in_the_first_second(world: &World) -> Outcome {
    let (web, _) = world.down_service("web", "exit 0")?;
    let before = world.whole_record(&web)?;
    world.send(&web, "o")?;
    let start = world.until_starts(&web, 1)?[0].1;
    // `o` is recorded before the start, so down alone is not the end yet: that has a stamp of its own.
    world.until("the service is recorded as down since another time", true, || {
        Ok(world.record(&web).is_some_and(|record| !record.is_up() && record.stamp() != before.stamp()))
    })?;
    let took = since(start, world.monotonic());
    world.expect_between("time from the start to the record of the end", took, REST.mul_f64(0.9), REST * 3)
}

/// Sends `bytes` to a service that is down and that ends as soon as it is started, and waits until it is over: then it has
/// had `starts` starts, each at least a second before the next, and before the end of supervise if there is an `x`.
fn expect_starts(world: &World, bytes: &str, state: &str, starts: usize) -> Outcome {
    let (web, supervise) = world.down_service("web", "exit 0")?;
    world.send(&web, bytes)?;
    if bytes.contains('x') {
        world.expect("end of supervise", world.wait(&supervise)?.to_string(), "exit 0")?;
    } else {
        // On a busy machine two starts can be further apart than the time after which there are no more.
        world.until_starts(&web, starts)?;
        world.until_no_start(&web, OVER)?;
    }
    let ended = world.monotonic();
    world.until_state(&web, state)?;
    let times: Vec<u64> = world.starts(&web).iter().map(|(_, at, _)| *at).collect();
    world.expect("starts", times.len(), starts)?;
    for pair in times.windows(2) {
        world.expect_between("time between two starts", since(pair[0], pair[1]), REST.mul_f64(0.9), REST * 3)?;
    }
    if bytes.contains('x') {
        let took = since(times.last().copied().unwrap_or_default(), ended);
        world.expect_between("time from the last start to the exit", took, REST.mul_f64(0.9), REST * 3)?;
    }
    Ok(())
}

fn starts_once_more_before_a_waiting_down(world: &World) -> Outcome {
    expect_starts(world, "ud", "down, paused 0, want d", 2)
}

fn gives_a_waiting_signal_to_the_next_run(world: &World) -> Outcome {
    let (web, _) = world.down_service("web", "exit 0")?;
    world.send(&web, "u")?;
    let first = world.until_starts(&web, 1)?[0].1;
    world.plan(&web, "survive HUP")?;
    world.send(&web, "h")?;
    let took = since(first, world.monotonic());
    if took > REST.mul_f64(0.8) {
        return Err(Stopped::Broken { why: format!("the signal was sent {took:?} after the start") });
    }
    world.until_starts(&web, 2)?;
    world.until_no_start(&web, OVER)?;
    world.expect("signals", world.signals(&web), vec!["HUP"])?;
    let (to, second) = (world.events(&web).last().map(|event| event.pid), world.starts(&web)[1].0);
    world.expect("the run that got the signal", to, Some(second))
}

fn each_once_runs_an_instant_service(world: &World) -> Outcome {
    expect_starts(world, "ooo", "down, paused 0, want 0", 3)
}

fn down_then_once_runs_an_instant_service(world: &World) -> Outcome {
    expect_starts(world, "udo", "down, paused 0, want 0", 3)
}

fn once_then_exit_takes_a_second(world: &World) -> Outcome {
    expect_starts(world, "ox", "down, paused 0, want 0", 1)
}

fn exit_waits_for_a_run_that_was_asked_for(world: &World) -> Outcome {
    let (web, supervise) = world.down_service("web", "exit 0")?;
    world.send(&web, "o")?;
    let (first, started, _) = world.until_starts(&web, 1)?.swap_remove(0);
    let ended = || Ok(Process::look(first).is_none_or(|process| process.state == 'Z'));
    world.until("the first run has ended", true, ended)?;
    world.send(&web, "ox")?;
    world.expect("end of supervise", world.wait(&supervise)?.to_string(), "exit 0")?;
    let starts = world.starts(&web);
    world.expect("starts", starts.len(), 2)?;
    world.expect_between("time between two starts", since(started, starts[1].1), REST.mul_f64(0.9), REST * 3)
}

fn up_then_exit_starts_twice(world: &World) -> Outcome {
    expect_starts(world, "ux", "down, paused 0, want u", 2)
}

fn notes_a_death_before_it_reads(world: &World) -> Outcome {
    let (web, supervise, watch) = watched_service(world, "")?;
    world.until_settled(&web)?;
    world.signal(supervise.pid, Signal::SIGSTOP)?;
    world.until_stopped(supervise.pid, true)?;
    world.order(&web, "exit 0")?;
    let pid = world.whole_record(&web)?.pid();
    world.until("state of the run", Some('Z'), || Ok(Process::look(pid).map(|process| process.state)))?;
    world.send(&web, "d")?;
    world.signal(supervise.pid, Signal::SIGCONT)?;
    world.until_state(&web, "down, paused 0, want d")?;
    // The end, the start, `d`, and the end. The second run may be gone before it can say that it was there.
    world.until_rewrites(&watch, 4)
}
