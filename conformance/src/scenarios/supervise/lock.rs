//! supervise: the lock, which keeps a second supervise out of the directory.

use crate::scenario::{SUPERVISE, SVC, SVOK, SVSTAT, Scenario};
use std::time::Duration;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "supervise/lock/ends-a-second-supervise-at-once",
        requirements: &["SUP-06"],
        uses: &[SUPERVISE, SVOK, SVSTAT],
        does: "Starts a second supervise in the directory of a running one: it exits at once. The first and its \
               service run on.",
        run: |world| {
            let web = world.service("web", "")?;
            let first = web.supervise()?;
            let pid = web.until_up()?;
            for _ in 0..2 {
                let begin = world.monotonic();
                let second = web.start_supervise()?;
                second.wait()?;
                let took = Duration::from_nanos(world.monotonic() - begin);
                world.expect_between("time until the second ends", took, Duration::ZERO, Duration::from_millis(900))?;
            }
            world.stays("starts", 1, Duration::from_millis(100), || Ok(web.starts().len()))?;
            world.expect("the first runs", first.is_running(), true)?;
            world.expect("pid of the service", web.pid()?, Some(pid))
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lock/touches-nothing-that-is-locked",
        requirements: &["SUP-06b", "GEN-02"],
        uses: &[SUPERVISE, SVOK, SVSTAT],
        does: "Starts supervise where another one runs, and where another process holds the lock: it exits 111 with \
               `unable to acquire`. Every file stays as it was, and none is made.",
        run: |world| {
            let web = world.service("web", "")?;
            web.supervise()?;
            let files = ["", "/control", "/lock", "/ok", "/status"];
            let identities = || files.map(|file| world.files.identity(format!("web/supervise{file}")));
            let full = web.directory.to_string_lossy().into_owned();
            // The original writes the same record once more when the first second is over.
            web.until_settled()?;
            let before = identities();
            for name in ["web", "./web/", &full] {
                let message = format!("unable to acquire {name}/supervise/lock: temporary failure");
                world.expect_refusal(name, &message)?;
                world.expect("the files", identities(), before)?;
            }
            let locked = world.service("locked", "")?;
            for directory in ["locked/supervise", "locked/down"] {
                world.files.make_directory(directory)?;
                let lock = locked.lock()?;
                world.expect("the scenario has the lock", lock.is_some(), true)?;
                world.expect_refusal("locked", "unable to acquire locked/supervise/lock: temporary failure")?;
                world.expect("the files in supervise", world.files.names("locked/supervise"), ["lock"])?;
                drop(lock);
            }
            world.files.remove("locked/down")?;
            locked.start_supervise()?;
            locked.until_started()
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/lock/is-an-flock",
        requirements: &["SUP-05"],
        uses: &[SUPERVISE, SVC, SVOK],
        does: "Tries to take the lock by flock while supervise runs, and when it has exited: it is held, then free.",
        run: |world| {
            let (web, supervise) = world.down_service("web", "")?;
            world.expect("the lock is free", web.lock()?.is_some(), false)?;
            // The attempt opened and closed the file, which must not release the lock.
            world.expect("the lock is free after an attempt", web.lock()?.is_some(), false)?;
            web.svc("-x")?;
            supervise.wait()?;
            world.expect("the lock is free when supervise has exited", web.lock()?.is_some(), true)
        },
        ..Scenario::ORDINARY
    },
];
