//! supervise: the file `down`, which keeps it from starting ./run.

use super::QUIET;
use crate::outcome::Outcome;
use crate::scenario::{SUPERVISE, SVC, SVOK, SVSTAT, Scenario};
use crate::world::World;
use nix::sys::signal::Signal;
use std::path::Path;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "supervise/down/waits-for-a-command",
        requirements: &["SUP-03"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Starts supervise with and without a `down` file: with it, ./run is not started before `svc -u`.",
        run: |world| {
            let (web, _) = world.down_service("web", "")?;
            let other = world.service("other", "")?;
            other.supervise()?;
            web.until_down()?;
            world.stays("starts of web", 0, QUIET, || Ok(web.starts().len()))?;
            web.svc("-u")?;
            web.until_up().map(drop)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/down/may-have-any-type",
        requirements: &["SUP-03b"],
        uses: &[SUPERVISE, SVOK, SVSTAT],
        does: "Makes `down` a directory, a FIFO, an unreadable file, or a link to a file, directory or device: the \
               service stays down. A dangling link does not keep it down.",
        run: |world| {
            type Make = fn(&World, &Path) -> Outcome;
            let kinds: [(&str, Make); 6] = [
                ("directory", |w, down| w.files.make_directory(down).map(drop)),
                ("fifo", |w, down| w.files.make_fifo(down)),
                ("unreadable", |w, down| {
                    w.files.write(down, "")?;
                    w.files.set_mode(down, 0)
                }),
                ("link-to-file", |w, down| w.files.link("run", down)),
                ("link-to-directory", |w, down| w.files.link("..", down)),
                ("link-to-device", |w, down| w.files.link("/dev/null", down)),
            ];
            let mut waiting = vec![];
            for (name, make) in kinds {
                let service = world.service(name, "")?;
                make(world, &service.directory.join("down"))?;
                waiting.push((service.supervise()?, service));
            }
            let dangling = world.service("dangling", "")?;
            world.files.link("nothing", "dangling/down")?;
            dangling.start_supervise()?;
            dangling.until_started()?;
            world.stays("starts of the others", 0, QUIET, || {
                Ok(waiting.iter().map(|(_, service)| service.starts().len()).sum::<usize>())
            })?;
            for (supervise, service) in &waiting {
                service.until_status("down")?;
                world.expect("stderr of supervise", supervise.err(), "")?;
            }
            Ok(())
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "supervise/down/is-looked-for-once",
        requirements: &["SUP-03b"],
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Creates `down` under a running service, and removes it from one that is down: the first is still \
               restarted, the second still not started. The next supervise of the first finds the file and waits.",
        run: |world| {
            let web = world.service("web", "")?;
            let supervise = web.supervise()?;
            let (removed, _) = world.down_service("removed", "")?;
            world.files.write("web/down", "")?;
            world.files.remove("removed/down")?;
            let first = web.until_up()?;
            web.until_settled()?;
            world.signal(first, Signal::SIGKILL)?;
            web.until_starts(2)?;
            web.until_status("up, normally down")?;
            removed.until_status("down, normally up")?;
            world.expect("starts of removed", removed.starts().len(), 0)?;
            web.svc("-dx")?;
            supervise.wait()?;
            web.supervise()?;
            web.until_status("down")?;
            world.stays("starts of web", 2, QUIET, || Ok(web.starts().len()))
        },
        ..Scenario::ORDINARY
    },
];
