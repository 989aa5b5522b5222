//! supervise: how long it lives, and what becomes of its files and its service on bad days.

use crate::observe::process::{self, Process};
use crate::observe::record::Record;
use crate::probe::What;
use crate::scenario::{Need, Outcome, Scenario, Stopped};
use crate::world::{Running, Service, World};
use nix::sys::signal::Signal;
use std::cell::RefCell;
use std::fs;
use std::io::Read;
use std::time::Duration;

const SUPERVISE: &[Need] = &[Need::Command("supervise")];
const CONTROLLED: &[Need] = &[Need::Command("supervise"), Need::Command("svc")];

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    // Killed, stopped, told nothing.
    Scenario {
        id: "supervise/dies-of-a-signal-and-leaves-run-alone",
        requirements: &["SUP-60"],
        needs: &[Need::Command("supervise"), Need::Command("svok")],
        does: "Kills supervises by nine signals: each dies of its own, ./run gets no signal and lives on, the record \
               and all other files stay as they are, the lock is free, and svok says 100.",
        run: dies_of_a_signal_and_leaves_run_alone,
    },
    Scenario {
        id: "supervise/starts-a-second-run-beside-an-orphan",
        requirements: &["SUP-61"],
        needs: CONTROLLED,
        does: "Kills supervise and starts another: there are two ./run then, the record and svc -d concern the second, \
               and the first lives on.",
        run: starts_a_second_run_beside_an_orphan,
    },
    Scenario {
        id: "supervise/is-not-moved-by-harmless-signals",
        requirements: &["SUP-60"],
        needs: CONTROLLED,
        does: "Sends CHLD, CONT, WINCH and URG to supervise: it goes on, and so does its service.",
        run: is_not_moved_by_harmless_signals,
    },
    Scenario {
        id: "supervise/can-be-stopped-and-continued",
        requirements: &["SUP-60"],
        needs: SUPERVISE,
        does: "Stops supervise by TSTP and has ./run exit: nothing happens until CONT, and then it is started again.",
        run: can_be_stopped_and_continued,
    },
    Scenario {
        id: "supervise/dies-of-a-warning-that-nobody-reads",
        requirements: &["GEN-06"],
        needs: CONTROLLED,
        does: "Has supervise warn into a pipe without a reader: it is killed by PIPE, or goes on if PIPE was ignored \
               when it started.",
        run: dies_of_a_warning_that_nobody_reads,
    },
    Scenario {
        id: "supervise/sleeps-while-nothing-happens",
        requirements: &["SUP-66", "SUP-07"],
        needs: CONTROLLED,
        does: "Watches supervises of a running and of a waiting service for a second after a command: no wake-up, no \
               processor time, and no file changes.",
        run: sleeps_while_nothing_happens,
    },
    // Children.
    Scenario {
        id: "supervise/reaps-children-that-it-did-not-start",
        requirements: &["SUP-62"],
        needs: CONTROLLED,
        does: "Lets a shell with children become supervise: they are reaped when they end, without a word, a change of \
               the record or a start of ./run.",
        run: reaps_children_that_it_did_not_start,
    },
    Scenario {
        id: "supervise/takes-no-orphans",
        requirements: &["SUP-62"],
        needs: SUPERVISE,
        does: "Kills a ./run that has a child: the child does not become supervise's.",
        run: takes_no_orphans,
    },
    Scenario {
        id: "supervise/outlives-whatever-run-does",
        requirements: &["SUP-67"],
        needs: SUPERVISE,
        does: "Has ./run send harmless signals to supervise, write nonsense to control, close its descriptors, stop \
               itself and remove itself: supervise goes on.",
        run: outlives_whatever_run_does,
    },
    Scenario {
        id: "supervise/keeps-nothing-of-what-is-over",
        requirements: &["SUP-07", "SUP-30"],
        needs: CONTROLLED,
        does: "Sends two hundred commands and restarts the service three times: supervise has the descriptors and \
               children that it had before, and the last ./run finds what the first found.",
        run: keeps_nothing_of_what_is_over,
    },
    // Files.
    Scenario {
        id: "supervise/outlives-its-directory",
        requirements: &["SUP-63"],
        needs: &[Need::Command("supervise"), Need::Command("svstat")],
        does: "Removes supervise/ under a running supervise: it restarts its service and warns at each write of the \
               record; svstat finds none, and another supervise can start there.",
        run: outlives_its_directory,
    },
    Scenario {
        id: "supervise/outlives-the-service-directory",
        requirements: &["SUP-67", "SUP-63"],
        needs: SUPERVISE,
        does: "Removes the whole service directory and kills ./run: supervise goes on, and says what it cannot do.",
        run: outlives_the_service_directory,
    },
    Scenario {
        id: "supervise/writes-a-removed-record-again",
        requirements: &["SUP-63"],
        needs: CONTROLLED,
        does: "Removes the record: it stays away until the next command writes it.",
        run: writes_a_removed_record_again,
    },
    Scenario {
        id: "supervise/does-not-hear-another-fifo",
        requirements: &["SUP-63"],
        needs: CONTROLLED,
        does: "Puts a new FIFO in the place of control: svc says `supervise not running`, and nothing reaches the \
               service.",
        run: does_not_hear_another_fifo,
    },
    Scenario {
        id: "supervise/follows-its-directory-to-a-new-name",
        requirements: &["SUP-64"],
        needs: &[Need::Command("supervise"), Need::Command("svc"), Need::Command("svstat")],
        does: "Renames the service directory and makes another of the old name: commands, record, svstat and restarts work \
               in the renamed one, a message has the old name, and the other one is left alone.",
        run: follows_its_directory_to_a_new_name,
    },
    Scenario {
        id: "supervise/goes-on-without-a-record",
        requirements: &["SUP-29"],
        needs: CONTROLLED,
        does: "Has the record's new file not be opened, or not be renamed: supervise warns, obeys, leaves the old \
               record, and the next write that can be done mends it.",
        run: goes_on_without_a_record,
    },
    Scenario {
        id: "supervise/goes-on-with-a-full-disk",
        requirements: &["SUP-29"],
        needs: CONTROLLED,
        does: "Fills the disk and pauses the service: it is paused, supervise warns, the old record is still whole, \
               and the next command with room writes a new one.",
        run: goes_on_with_a_full_disk,
    },
    Scenario {
        id: "supervise/goes-on-after-half-a-record",
        requirements: &["SUP-29"],
        needs: &[Need::Command("supervise"), Need::Tool("prlimit")],
        does: "Runs supervise where no file can have more than ten bytes: it warns of a partial write, leaves the old \
               record, and starts its service.",
        run: goes_on_after_half_a_record,
    },
    Scenario {
        id: "supervise/writes-the-record-at-its-place-in-the-order",
        requirements: &["SUP-27", "SUP-26"],
        needs: &[Need::Command("supervise"), Need::Tool("strace")],
        does: "Traces signals, forks and renames: the start, p, c, d, a death, u and o each do theirs in the order of \
               the original.",
        run: writes_the_record_at_its_place_in_the_order,
    },
    // Closed descriptors.
    Scenario {
        id: "supervise/works-without-standard-descriptors",
        requirements: &["SUP-34", "SUP-53"],
        needs: CONTROLLED,
        does: "Starts supervise with some or all of descriptors 0 to 2 closed: the service comes up, is restarted and \
               obeys, and the lock is held.",
        run: works_without_standard_descriptors,
    },
    Scenario {
        id: "supervise/takes-closed-descriptors-for-its-own-files",
        requirements: &["SUP-65"],
        needs: CONTROLLED,
        does: "Starts supervise with descriptors 0 to 2 closed: a warning ends up in the lock file.",
        run: takes_closed_descriptors_for_its_own_files,
    },
    Scenario {
        id: "supervise/hands-no-closed-descriptors-on",
        requirements: &["SUP-65"],
        needs: CONTROLLED,
        does: "Starts supervise with descriptors 0 to 2 closed: ./run has none of them.",
        run: hands_no_closed_descriptors_on,
    },
    Scenario {
        id: "supervise/its-child-becomes-run-or-ends-with-111",
        requirements: &["EXEC-06"],
        needs: &[Need::Command("supervise"), Need::Tool("strace")],
        does: "Traces the children of supervise: the process that is ./run ends with the exit code of ./run, and one that \
               could not become it with 111.",
        run: its_child_becomes_run_or_ends_with_111,
    },
];

/// A ./run that does nothing, and neither handles nor prints anything.
const SLEEPER: &str = "#!/bin/sh\nexec sleep 1000\n";

// Killed, stopped, told nothing.

fn dies_of_a_signal_and_leaves_run_alone(world: &World) -> Outcome {
    use Signal::{SIGALRM, SIGHUP, SIGINT, SIGKILL, SIGPIPE, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
    const FILES: [&str; 3] = ["/control", "/lock", "/ok"];
    let identities = |service: &Service| FILES.map(|file| world.identity(format!("{}/supervise{file}", service.name)));
    let mut orphans = vec![];
    for signal in [SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2, SIGQUIT, SIGKILL] {
        let service = world.service(signal.as_str(), "")?;
        let supervise = world.supervise(&service)?;
        world.until_starts(&service, 1)?;
        world.expect("the lock is free", world.lock(&service)?.is_some(), false)?;
        let before = (world.whole_record(&service)?, identities(&service));
        let end = world.kill(&supervise, signal)?;
        world.expect("its end", end.to_string(), format!("killed by {}", &signal.as_str()[3..]))?;
        orphans.push((service, before));
    }
    let alive = |record: &Record| Process::is_alive(record.pid());
    world.stays("every ./run is alive", true, Duration::from_millis(150), || {
        Ok(orphans.iter().all(|(_, (record, _))| alive(record)))
    })?;
    for (service, (record, files)) in &orphans {
        world.expect("signals that ./run got", world.signals(service), Vec::<String>::new())?;
        world.expect("record and files", (world.whole_record(service)?, identities(service)), (*record, *files))?;
        world.until_unlocked(service)?;
        world.expect("svok", world.run("svok", &[&service.name])?.exit, "exit 100")?;
    }
    Ok(())
}

fn starts_a_second_run_beside_an_orphan(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    let supervise = world.supervise(&web)?;
    let orphan = world.until_starts(&web, 1)?[0].0;
    world.kill(&supervise, Signal::SIGKILL)?;
    world.supervise(&web)?;
    let second = world.until_starts(&web, 2)?[1].0;
    world.until("the pid in the record", Some(second), || Ok(world.record(&web).map(|record| record.pid())))?;
    let lives = || Ok([orphan, second].map(Process::is_alive));
    world.expect("the first and the second live", lives()?, [true, true])?;
    world.svc("-d", &web)?;
    world.until_state(&web, "down, paused 0, want d")?;
    world.expect("the first and the second live", lives()?, [true, false])?;
    let to_orphan = world.events(&web).into_iter().filter(|event| event.pid == orphan);
    let signals = to_orphan.filter(|event| matches!(event.what, What::Signal(_))).count();
    world.expect("signals that the first got", signals, 0)
}

fn is_not_moved_by_harmless_signals(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    let supervise = world.supervise(&web)?;
    let before = world.whole_record(&web)?;
    for signal in [Signal::SIGCHLD, Signal::SIGCONT, Signal::SIGWINCH, Signal::SIGURG].repeat(3) {
        world.signal(supervise.pid, signal)?;
    }
    world.stays("supervise, and the record", (true, Some(before)), Duration::from_millis(150), || {
        Ok((world.is_running(&supervise), world.record(&web)))
    })?;
    world.svc("-o", &web)?;
    world.until_state(&web, "up, paused 0, want 0")?;
    world.expect("signals that ./run got", world.signals(&web), Vec::<String>::new())?;
    world.expect("words", supervise.err(), "")
}

fn can_be_stopped_and_continued(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    let supervise = world.command("supervise").arg("web").own_group().start()?;
    let first = world.until_starts(&web, 1)?[0].0;
    world.until_settled(&web)?;
    let state = |pid| Ok(Process::look(pid).map(|process| process.state));
    world.signal(supervise.pid, Signal::SIGTSTP)?;
    world.until("supervise", Some('T'), || state(supervise.pid))?;
    let before = world.whole_record(&web)?;
    world.order(&web, "exit 0")?;
    world.until("./run", Some('Z'), || state(first))?;
    world.stays("starts, and the record", (1, Some(before)), Duration::from_millis(150), || {
        Ok((world.starts(&web).len(), world.record(&web)))
    })?;
    world.signal(supervise.pid, Signal::SIGCONT)?;
    world.until_starts(&web, 2)?;
    world.until_other_pid(&web, first).map(drop)
}

fn dies_of_a_warning_that_nobody_reads(world: &World) -> Outcome {
    for ignored in [false, true] {
        let name = if ignored { "ignored" } else { "default" };
        let service = world.scripted(name, SLEEPER)?;
        let pipe = format!("{name}.err");
        world.make_fifo(&pipe)?;
        let reader = world.open_reader(&pipe)?;
        let command = world.command("supervise").arg(name).after(&format!("exec 2>{pipe}"));
        let supervise = if ignored { command.ignored("PIPE") } else { command }.start()?;
        let pid = world.until_up(&service)?;
        drop(reader);
        world.make_directory(&format!("{name}/supervise/status.new"))?;
        world.svc("-p", &service)?;
        if ignored {
            world.until("the paused ./run", Some('T'), || Ok(Process::look(pid).map(|process| process.state)))?;
            world.expect("supervise runs", world.is_running(&supervise), true)?;
        } else {
            world.expect("its end", world.wait_and_disown(&supervise, pid)?, "killed by PIPE")?;
        }
    }
    Ok(())
}

/// What changes when a process wakes up: switches, and time on a processor.
fn activity(pid: i32) -> [String; 3] {
    let switches = ["voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"];
    let [voluntary, involuntary] = switches.map(|name| process::status_line(pid, name).unwrap_or_default());
    [voluntary, involuntary, fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap_or_default()]
}

fn sleeps_while_nothing_happens(world: &World) -> Outcome {
    let (up, down) = (world.service("up", "")?, world.service("down", "")?);
    world.write_file("down/down", "")?;
    let supervises = [world.supervise(&up)?, world.supervise(&down)?];
    world.until_settled(&up)?;
    for service in [&up, &down] {
        // A client that comes and goes leaves an end of file behind where nobody else holds the FIFO open.
        world.svc("-p", service)?;
        world.svc("-c", service)?;
        world.svc("-o", service)?;
        world.until_state(service, "up, paused 0, want 0")?;
        world.until_starts(service, 1)?;
    }
    world.svc("-d", &down)?;
    world.until_state(&down, "down, paused 0, want d")?;
    // The start of the one that was down has its second too.
    world.until_settled(&down)?;
    let look = || {
        let files = ["up", "up/supervise", "down", "down/supervise"].map(|directory| {
            world
                .names(directory)
                .into_iter()
                .map(|name| world.identity(format!("{directory}/{name}")))
                .collect::<Vec<_>>()
        });
        Ok((supervises.each_ref().map(|supervise| activity(supervise.pid)), files))
    };
    let last = RefCell::new(look()?);
    world.until("two looks agree", true, || Ok(last.replace(look()?) == *last.borrow()))?;
    world.stays("both", look()?, Duration::from_secs(1), look)
}

// Children.

/// The children of `parent` by name and state, sorted.
fn family(world: &World, parent: &Running) -> Vec<String> {
    let mut children = world.lives_of_children(parent.pid);
    children.sort();
    children
}

fn reaps_children_that_it_did_not_start(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    let foreign = "for child in 1 2 3 4; do sleep 1000 & echo $! >>foreign; done; sh -c 'exit 7' &";
    let supervise = world.command("supervise").after(foreign).arg("web").start()?;
    world.until_starts(&web, 1)?;
    world.until_up(&web)?;
    let foreign: Vec<i32> = world.lines("foreign").iter().filter_map(|pid| pid.parse().ok()).collect();
    let children = || Ok(family(world, &supervise));
    let is_child = |&pid: &i32| Process::look(pid).is_some_and(|process| process.parent == supervise.pid);
    world.expect("children that it did not start", foreign.iter().filter(|pid| is_child(pid)).count(), 4)?;
    // The fifth may have ended before supervise listened: it is reaped with the next that does.
    let before = world.whole_record(&web)?;
    for (&child, signal) in foreign[1..].iter().zip([Signal::SIGKILL, Signal::SIGTERM, Signal::SIGSEGV]) {
        world.signal(child, signal)?;
    }
    world.until("children", ["run S", "sleep S"], children)?;
    world.expect("the record", world.whole_record(&web)?, before)?;
    world.svc("-d", &web)?;
    let down = world.until_state(&web, "down, paused 0, want d")?;
    world.signal(foreign[0], Signal::SIGKILL)?;
    world.until("children", [""; 0], children)?;
    world.stays("record and starts", (Some(down), 1), Duration::from_millis(100), || {
        Ok((world.record(&web), world.starts(&web).len()))
    })?;
    world.expect("words", supervise.err(), "")
}

fn takes_no_orphans(world: &World) -> Outcome {
    let web = world.scripted("web", "#!/bin/sh\nsleep 1000 &\necho $! >>orphans\nexec sleep 1000\n")?;
    let supervise = world.supervise(&web)?;
    let orphans = || Ok(world.lines("web/orphans").len());
    world.until("orphans to be", 1, orphans)?;
    let orphan: i32 = world.lines("web/orphans")[0].parse().unwrap_or_default();
    world.signal(world.until_up(&web)?, Signal::SIGKILL)?;
    world.until("orphans to be", 2, orphans)?;
    world.expect("the orphan lives", Process::is_alive(orphan), true)?;
    world.until("children", ["sleep S"], || Ok(family(world, &supervise)))?;
    world.signal(orphan, Signal::SIGKILL)?;
    world.until("the orphan lives", false, || Ok(Process::is_alive(orphan)))
}

fn outlives_whatever_run_does(world: &World) -> Outcome {
    let deeds = [
        ("signals-supervise", "kill -CHLD $PPID; kill -CONT $PPID; kill -WINCH $PPID; exit 0"),
        ("talks-nonsense", "printf 'DU\\n0\\0zz?' >supervise/control; exit 1"),
        ("closes-everything", "exec <&- >&- 2>&-; exit 0"),
        ("stops-itself", "kill -STOP $$; exit 0"),
        ("removes-itself", "rm run; exit 0"),
    ];
    let mut services = vec![];
    for (name, deed) in deeds {
        let service = world.scripted(name, &format!("#!/bin/sh\necho $$ >>pids\n{deed}\n"))?;
        services.push((world.start_supervise(&service)?, service));
    }
    for (supervise, service) in &services {
        let pids = || world.lines(service.directory.join("pids"));
        world.until(&format!("{} was started", service.name), true, || Ok(!pids().is_empty()))?;
        if service.name == "stops-itself" {
            let pid = pids()[0].parse().unwrap_or_default();
            world.until("it is stopped", Some('T'), || Ok(Process::look(pid).map(|process| process.state)))?;
            world.signal(pid, Signal::SIGKILL)?;
        }
        if service.name == "removes-itself" {
            world.until_says(
                supervise,
                1,
                "supervise: fatal: unable to start removes-itself/run: file does not exist",
            )?;
            world.write_script("removes-itself/run", "#!/bin/sh\necho $$ >>pids\nexec sleep 1000\n")?;
        }
        world.until("starts", true, || Ok(pids().len() >= 2))?;
        world.expect("supervise runs", world.is_running(supervise), true)?;
    }
    Ok(())
}

fn keeps_nothing_of_what_is_over(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    let supervise = world.supervise(&web)?;
    world.until_settled(&web)?;
    let holds = || (process::descriptors(supervise.pid), family(world, &supervise));
    let before = holds();
    world.send(&web, "pc".repeat(100))?;
    world.svc("-o", &web)?;
    world.until_state(&web, "up, paused 0, want 0")?;
    world.until("descriptors and children", before.clone(), || Ok(holds()))?;
    world.svc("-u", &web)?;
    for restart in 2..=4 {
        world.svc("-k", &web)?;
        world.until_starts(&web, restart)?;
    }
    world.until("descriptors and children", before, || Ok(holds()))?;
    let starts = world.starts(&web);
    let [first, .., last] = &starts[..] else {
        return Err(Stopped::Broken { why: "no starts".to_owned() });
    };
    let found = |(.., start): &(i32, u64, crate::probe::Start)| crate::probe::Start { born: 0, ..start.clone() };
    world.expect("what the last ./run found", found(last), found(first))
}

// Files.

fn outlives_its_directory(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    let supervise = world.supervise(&web)?;
    world.until_settled(&web)?;
    let first = world.until_up(&web)?;
    world.remove("web/supervise")?;
    world.signal(first, Signal::SIGKILL)?;
    let second = world.until_starts(&web, 2)?[1].0;
    // For the death, and for the start.
    world.until_says(
        &supervise,
        2,
        "supervise: warning: unable to open web/supervise/status.new: file does not exist",
    )?;
    world.expect("svstat", world.svstat(&web)?, "web: unable to open supervise/ok: file does not exist")?;
    let other = world.supervise(&web)?;
    let third = world.until_starts(&web, 3)?[2].0;
    world.until("the pid in the record", Some(third), || Ok(world.record(&web).map(|record| record.pid())))?;
    let alive = [supervise.pid, second, other.pid, third].map(Process::is_alive);
    world.expect("both supervises and their services live", alive, [true; 4])
}

fn outlives_the_service_directory(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    let supervise = world.supervise(&web)?;
    world.until_settled(&web)?;
    let pid = world.until_up(&web)?;
    world.remove("web")?;
    world.signal(pid, Signal::SIGKILL)?;
    for words in ["fatal: unable to start web/run", "warning: unable to open web/supervise/status.new"] {
        let line = format!("supervise: {words}: file does not exist");
        world.until(&format!("{line} is said twice"), true, || {
            Ok(supervise.err_lines().iter().filter(|said| **said == line).count() >= 2)
        })?;
    }
    world.expect("supervise runs", world.is_running(&supervise), true)
}

fn writes_a_removed_record_again(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    let supervise = world.supervise(&web)?;
    world.until_settled(&web)?;
    let before = world.whole_record(&web)?;
    world.remove("web/supervise/status")?;
    world.stays("the record", None::<Record>, Duration::from_millis(100), || Ok(world.record(&web)))?;
    world.svc("-p", &web)?;
    let after = world.until_state(&web, "up, paused 1, want u")?;
    world.expect("stamp and pid", (after.stamp(), after.pid()), (before.stamp(), before.pid()))?;
    world.expect("words", supervise.err(), "")
}

fn does_not_hear_another_fifo(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    let supervise = world.supervise(&web)?;
    world.until_settled(&web)?;
    let before = world.whole_record(&web)?;
    world.remove("web/supervise/control")?;
    world.make_fifo("web/supervise/control")?;
    let ran = world.run("svc", &["-dx", "web"])?;
    world.expect_end(&ran, "exit 0", "svc: warning: unable to control web: supervise not running")?;
    world.stays("supervise, and the record", (true, Some(before)), Duration::from_millis(150), || {
        Ok((world.is_running(&supervise), world.record(&web)))
    })
}

fn follows_its_directory_to_a_new_name(world: &World) -> Outcome {
    let web = world.service("web", "")?;
    let supervise = world.supervise(&web)?;
    world.until_settled(&web)?;
    world.rename("web", "moved")?;
    world.make_directory("web/supervise")?;
    let moved = Service { name: "moved".to_owned(), directory: world.path("moved") };
    world.svc("-p", &moved)?;
    let first = world.until_state(&moved, "up, paused 1, want u")?.pid();
    world.expect("svstat", world.svstat(&moved)?, "moved: up (pid N) N seconds, paused")?;
    world.signal(first, Signal::SIGKILL)?;
    let (second, _, start) = world.until_starts(&moved, 2)?[1].clone();
    world.expect_that("current directory", start.cwd.ends_with("/moved"), "the new one", &start.cwd)?;
    world.until("the pid in the record", Some(second), || Ok(world.record(&moved).map(|record| record.pid())))?;
    world.expect("words", supervise.err(), "")?;
    world.remove("moved/run")?;
    world.signal(second, Signal::SIGKILL)?;
    world.until_says(&supervise, 1, "supervise: fatal: unable to start web/run: file does not exist")?;
    world.expect("files of the other directory", world.names("web/supervise"), vec![""; 0])
}

fn its_child_becomes_run_or_ends_with_111(world: &World) -> Outcome {
    let web = world.service("web", "exit 7")?;
    world.make_directory("bare")?;
    for (service, code) in [("web", "exited with 7"), ("bare", "exited with 111")] {
        let trace = format!("trace-{service}");
        world.traced(&["-f", "-e", "trace=none", "-o", &trace], "supervise")?.arg(service).start()?;
        world.until(&format!("first end under {service}"), Some(code.to_owned()), || {
            let ends = world.lines(&trace).into_iter().filter(|line| line.ends_with(" +++"));
            Ok(ends.map(|line| line.split(" +++").nth(1).unwrap_or_default().trim().to_owned()).next())
        })?;
    }
    let run = world.until_starts(&web, 1)?[0].0;
    let first = world.lines("trace-web").into_iter().next().unwrap_or_default();
    world.expect("process that ended", first.split(' ').next(), Some(run.to_string().as_str()))
}

fn goes_on_without_a_record(world: &World) -> Outcome {
    // A fifo without a reader, a directory, and a directory that the new file is to replace.
    let new = "unable to open W/supervise/status.new";
    let obstacles = [
        ("fifo", "status.new", format!("{new}: device not configured")),
        ("new", "status.new", format!("{new}: is a directory")),
        ("old", "status", "unable to rename W/supervise/status.new to status: is a directory".to_owned()),
    ];
    let mut supervises = vec![];
    for (name, ..) in &obstacles {
        let service = world.service(name, "")?;
        supervises.push((world.supervise(&service)?, service));
    }
    for ((supervise, service), (name, file, message)) in supervises.into_iter().zip(obstacles) {
        world.until_settled(&service)?;
        let before = world.whole_record(&service)?;
        let obstacle = format!("{name}/supervise/{file}");
        if file == "status" {
            world.remove(&obstacle)?;
        }
        if name == "fifo" { world.make_fifo(&obstacle) } else { world.make_directory(&obstacle).map(drop) }?;
        world.svc("-p", &service)?;
        let state = || Ok(Process::look(before.pid()).map(|process| process.state));
        world.until("the state of ./run", Some('T'), state)?;
        world.until_says(&supervise, 1, &format!("supervise: warning: {}", message.replace('W', name)))?;
        if file == "status" {
            let new = world.identity(format!("{name}/supervise/status.new"));
            world.expect("bytes of the new file", new.map(|(_, size, ..)| size), Some(18))?;
        } else {
            world.expect("the record", world.whole_record(&service)?, before)?;
        }
        world.remove(&obstacle)?;
        world.svc("-p", &service)?;
        let after = world.until_state(&service, "up, paused 1, want u")?;
        world.expect("stamp and pid", (after.stamp(), after.pid()), (before.stamp(), before.pid()))?;
        world.expect(
            "the files in supervise",
            world.names(format!("{name}/supervise")),
            ["control", "lock", "ok", "status"],
        )?;
        world.expect("words", supervise.err_lines().len(), 1)?;
    }
    Ok(())
}

fn goes_on_with_a_full_disk(world: &World) -> Outcome {
    world.small_disk("disk", 1 << 16)?;
    let web = world.service("disk/web", "")?;
    let supervise = world.supervise(&web)?;
    world.until_settled(&web)?;
    let pid = world.until_up(&web)?;
    let before = world.whole_record(&web)?;
    world.fill_disk("disk/filler")?;
    world.svc("-p", &web)?;
    world.until("it is stopped", Some('T'), || Ok(Process::look(pid).map(|process| process.state)))?;
    world.until_says(
        &supervise,
        1,
        "supervise: warning: unable to write disk/web/supervise/status.new: out of disk space",
    )?;
    world.expect("the record", world.whole_record(&web)?, before)?;
    world.remove("disk/filler")?;
    world.svc("-p", &web)?;
    world.until_state(&web, "up, paused 1, want u")?;
    world.expect("words", supervise.err_lines().len(), 1)
}

fn goes_on_after_half_a_record(world: &World) -> Outcome {
    let web = world.scripted("web", SLEEPER)?;
    let old = Record::made(1000, 12_345, 1, b'd');
    world.make_directory("web/supervise")?;
    world.write_file("web/supervise/status", old.bytes)?;
    // The limit is one for files, and not for pipes: the words have to come through.
    world.make_fifo("err")?;
    let reader = RefCell::new(world.open_reader("err")?);
    let supervise = world.commands().join("supervise");
    let limited = world.program("/bin/sh").args(["-c", "exec 2>err; exec prlimit --fsize=10 \"$0\" \"$@\""]);
    let supervise = limited.arg(supervise).arg("web").start()?;
    world.until("./run", ["sleep S"], || Ok(family(world, &supervise)))?;
    let words = RefCell::new(vec![]);
    let warning = "supervise: warning: unable to write web/supervise/status.new: partial write\n".repeat(2);
    world.until_some("words on stderr", &warning, || {
        // Where there is nothing to read yet, that is an error, and what was read before it counts.
        let _ = reader.borrow_mut().read_to_end(&mut words.borrow_mut());
        let words = String::from_utf8_lossy(&words.borrow()).into_owned();
        Ok(if words.starts_with(&warning) { Ok(()) } else { Err(words) })
    })?;
    let record = world.whole_record(&web)?;
    // Before the reader goes: the next warning would kill it, and leave its service.
    world.kill(&supervise, Signal::SIGKILL)?;
    world.expect("the record", record, old)
}

/// What a traced supervise did: `fork`, `record` for its renaming, and the signals it sent.
fn deeds(world: &World) -> Vec<String> {
    let deed = |line: String| -> Option<String> {
        let (call, arguments) = line.split_once('(')?;
        Some(match call {
            "rename" | "renameat" | "renameat2" => "record".to_owned(),
            "clone" | "clone3" | "fork" | "vfork" => "fork".to_owned(),
            "kill" | "tkill" | "tgkill" | "pidfd_send_signal" => {
                let (_, name) = arguments.split_once("SIG")?;
                name.chars().take_while(char::is_ascii_alphanumeric).collect()
            }
            _ => return None,
        })
    };
    world.lines("trace").into_iter().filter_map(deed).collect()
}

fn writes_the_record_at_its_place_in_the_order(world: &World) -> Outcome {
    const CALLS: &str =
        "trace=?rename,?renameat,?renameat2,?clone,?clone3,?fork,?vfork,?kill,?tkill,?tgkill,?pidfd_send_signal";
    let web = world.service("web", "survive TERM")?;
    world.traced(&["-o", "trace", "-e", CALLS], "supervise")?.arg("web").start()?;
    let start = ["record", "fork", "record"];
    world.until_starts(&web, 1)?;
    world.until("deeds", true, || Ok(deeds(world).starts_with(&start.map(str::to_owned))))?;
    // The original writes the record once more, the same, when its first second is over.
    world.until_settled(&web)?;
    let before = deeds(world);
    let mut sum: Vec<&str> = before.iter().map(String::as_str).collect();
    let mut then = |what: &str, deeds_of_it: &[&'static str]| {
        sum.extend(deeds_of_it);
        world.until(&format!("deeds, with those of {what}"), &sum[..], || Ok(deeds(world)))
    };
    for (command, deeds_of_it) in
        [("p", &["record", "STOP"][..]), ("c", &["record", "CONT"]), ("d", &["TERM", "CONT", "record"])]
    {
        world.send(&web, command)?;
        then(command, deeds_of_it)?;
    }
    world.plan(&web, "")?;
    world.signal(world.until_up(&web)?, Signal::SIGKILL)?;
    then("a death", &["record"])?;
    for (number, command) in ["u", "o"].into_iter().enumerate() {
        world.send(&web, command)?;
        then(command, &start)?;
        world.until_starts(&web, number + 2)?;
        world.send(&web, "d")?;
        then("d and a death", &["TERM", "CONT", "record", "record"])?;
    }
    Ok(())
}

// Closed descriptors.

fn works_without_standard_descriptors(world: &World) -> Outcome {
    let mut services = vec![];
    for (name, closed) in [("input", &[0][..]), ("output", &[1]), ("errors", &[2]), ("all", &[0, 1, 2])] {
        let service = world.scripted(name, SLEEPER)?;
        services.push((world.command("supervise").closed(closed).arg(name).start()?, service));
    }
    let mut restarted = vec![];
    for (_, service) in &services {
        world.until_supervised(service)?;
        let first = world.until_up(service)?;
        world.expect("the lock is free", world.lock(service)?.is_some(), false)?;
        world.signal(first, Signal::SIGKILL)?;
        restarted.push((service, first));
    }
    for (service, first) in restarted {
        world.until_other_pid(service, first)?;
        world.svc("-dx", service)?;
    }
    for (supervise, service) in &services {
        world.expect("its end", world.wait(supervise)?.to_string(), "exit 0")?;
        world.expect("the record", world.whole_record(service)?.to_string(), "pid 0, paused 0, want d")?;
    }
    Ok(())
}

/// A service whose supervise was started with descriptors 0 to 2 closed, and its process.
fn without_descriptors(world: &World) -> Result<(Service, i32), Stopped> {
    let web = world.scripted("web", SLEEPER)?;
    let supervise = world.command("supervise").closed(&[0, 1, 2]).arg("web").start()?;
    world.until("./run", ["sleep S"], || Ok(family(world, &supervise)))?;
    let pid = world.until_up(&web)?;
    Ok((web, pid))
}

fn takes_closed_descriptors_for_its_own_files(world: &World) -> Outcome {
    let (web, _) = without_descriptors(world)?;
    world.make_directory("web/supervise/status.new")?;
    world.svc("-p", &web)?;
    let warning = "supervise: warning: unable to open web/supervise/status.new: is a directory";
    world.until("the first line in the lock file", Some(warning.to_owned()), || {
        Ok(world.lines("web/supervise/lock").into_iter().next())
    })
}

fn hands_no_closed_descriptors_on(world: &World) -> Outcome {
    let (_, pid) = without_descriptors(world)?;
    // A program that has just begun opens its libraries.
    world.until("standard descriptors of ./run", [0; 0], || {
        Ok(process::descriptors(pid).into_keys().filter(|number| *number < 3).collect::<Vec<i32>>())
    })
}
