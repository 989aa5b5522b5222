//! svc: every option, alone and together; what reaches the service, the record and svstat.

use crate::scenario::{Need, Outcome, Scenario};
use crate::world::World;
use std::time::Duration;

const NEEDS: &[Need] = &[Need::Command("supervise"), Need::Command("svc"), Need::Command("svstat")];

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[Scenario {
    id: "svc/down-sends-term-then-cont",
    requirements: &["SUP-43", "SUP-22"],
    needs: NEEDS,
    does: "Pauses a service that survives TERM, then sends -d: it gets TERM and CONT, runs on, is wanted down and not \
           paused, and the stamp stays.",
    run: down_sends_term_then_cont,
}];

fn down_sends_term_then_cont(world: &World) -> Outcome {
    let web = world.service("web", "survive TERM")?;
    world.supervise(&web)?;
    let before = world.whole_record(&web)?;
    world.svc("-p", &web)?;
    world.until_state(&web, "up, paused 1, want u")?;
    world.svc("-d", &web)?;
    let after = world.until_state(&web, "up, paused 0, want d")?;
    world.expect("stamp and pid", (after.stamp(), after.pid()), (before.stamp(), before.pid()))?;
    world.until("signals", vec!["TERM".to_owned(), "CONT".to_owned()], || Ok(world.signals(&web)))?;
    world.stays("signals", vec!["TERM".to_owned(), "CONT".to_owned()], Duration::from_millis(100), || {
        Ok(world.signals(&web))
    })?;
    world.expect("svstat", world.svstat(&web)?, "web: up (pid N) N seconds, want down")
}
