//! Lives of tai64n, tai64nlocal and readproctitle.

use crate::faults::Life;
use crate::faults::tracing::Tracing;
use crate::observe::process;
use crate::outcome::Outcome;
use crate::scenario::{READPROCTITLE, STRACE, TAI64N, TAI64NLOCAL};
use crate::world::World;

pub(super) const LIVES: &[Life] = &[
    Life {
        id: "tai64n/copy",
        requirements: &["TAI-01", "TAI-02"],
        uses: &[TAI64N, STRACE],
        does: "Copies 200 lines. All of them arrive, or tai64n does not exit 0.",
        run: |world, tracing| copy(world, tracing, "tai64n", "", 26),
    },
    Life {
        id: "tai64nlocal/copy",
        requirements: &["TLOC-01"],
        uses: &[TAI64NLOCAL, STRACE],
        does: "Copies 200 lines with labels. All of them arrive, or tai64nlocal does not exit 0.",
        run: |world, tracing| copy(world, tracing, "tai64nlocal", "@4000000037c219bf2ef02e94 ", 30),
    },
    Life {
        id: "readproctitle/title",
        requirements: &["RPT-02", "RPT-04"],
        uses: &[READPROCTITLE, STRACE],
        does: "Shows what it reads in its title until the end of its input, or exits 111.",
        run: title,
    },
];

/// Copies lines that begin with `label`, of which the copies have `width` more bytes in front.
fn copy(world: &World, tracing: &Tracing<'_>, name: &str, label: &str, width: usize) -> Outcome {
    let lines: Vec<String> = (0..200).map(|number| format!("line number {number}")).collect();
    let input: String = lines.iter().map(|line| format!("{label}{line}\n")).collect();
    world.files.write("lines", input)?;
    let ran = tracing.finish(tracing.command(name)?.env("TZ", "UTC0").input("lines"))?;
    if tracing.is_faulty() && ran.exit != "exit 0" {
        world.expect_that("its end", ran.exit.starts_with("exit "), "an exit", &ran.exit)?;
        return tracing.end(None);
    }
    world.expect("its end", &*ran.exit, "exit 0")?;
    let copied: Vec<&str> = ran.out.split_terminator("\\n").map(|line| line.get(width..).unwrap_or(line)).collect();
    world.expect_that("lines", copied == lines, "all 200 of them", copied.len())?;
    tracing.end(None)
}

fn title(world: &World, tracing: &Tracing<'_>) -> Outcome {
    let input = world.input("messages")?;
    let command = tracing.command("readproctitle")?.args(["errors:", "................"]).input("messages");
    let shown = tracing.start(command)?;
    input.send("one\ntwo\n")?;
    let is_over = || !shown.running.is_running();
    world.until("the title, or the end", true, || {
        let last = process::arguments(shown.running.pid).pop().unwrap_or_default();
        Ok(is_over() || last == "........one\\ntwo\\n")
    })?;
    if is_over() {
        world.expect("a fault", tracing.is_faulty(), true)?;
        let exit = shown.wait()?.to_string();
        world.expect("its end", exit.as_str(), "exit 111")?;
        return tracing.end(None);
    }
    shown.expect_quiet()?;
    drop(input);
    let exit = shown.wait()?.to_string();
    let is_expected = exit == "exit 0" || tracing.is_faulty() && exit == "exit 111";
    world.expect_that("its end", is_expected, "exit 0, or 111 with a fault", &exit)?;
    tracing.end(None)
}
