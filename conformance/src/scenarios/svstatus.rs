//! svstatus, a command of this project: its lines, its JSON, and records of other supervisors.

use crate::observe::record::Record;
use crate::observe::unescape;
use crate::outcome::{Failure, Outcome};
use crate::scenario::{SUPERVISE, SVC, SVOK, SVSTAT, SVSTATUS, Scenario};
use crate::world::{Service, World};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "svstatus/follows-a-service-through-its-states",
        requirements: &["EXT-01", "EXT-02"],
        uses: &[SVSTATUS, SVSTAT, SUPERVISE, SVC, SVOK],
        does: "Looks at a service before it has a supervise, then in each state. The line is that of svstat, the object says the \
               same, and the exit code is 0 only while the service is up.",
        run: |world| {
            let web = world.service("web", "survive TERM")?;
            let expect = |exit: &str, up: bool, want: Value, paused: Value, normally: &str, supervised: bool| {
                let (ended, objects) = objects(world, &["web"])?;
                world.expect("exit code", ended.as_str(), exit)?;
                let object = objects.first().cloned().unwrap_or_default();
                let is_pid = object["pid"].as_i64().is_some_and(|pid| pid > 0);
                world.expect("it has a pid", is_pid, up)?;
                world.expect(
                    "it has times",
                    (object["seconds"].is_u64(), object["since"].is_string()),
                    (supervised, supervised),
                )?;
                let expected = json!({"name": "web", "up": up, "pid": object["pid"], "seconds": object["seconds"],
                    "since": object["since"], "want": want, "paused": paused, "normally": normally,
                    "supervised": supervised, "error": null});
                world.expect("object", object, expected)?;
                if !supervised {
                    return world.expect(
                        "line",
                        world.run("svstatus", &["web"])?.all(),
                        (exit, "web: supervise not running\\n", ""),
                    );
                }
                // A second may pass between the two.
                world.until("the lines of svstat and svstatus are equal", true, || {
                    let ran = world.run("svstatus", &["web"])?;
                    world.expect("exit code without --json", ran.exit.as_str(), exit)?;
                    Ok(ran.out == world.run("svstat", &["web"])?.out)
                })
            };
            let null = || Value::Null;
            expect("exit 1", false, null(), null(), "up", false)?;
            let supervise = web.supervise()?;
            expect("exit 0", true, json!("up"), json!(false), "up", true)?;
            world.files.write("web/down", "")?;
            expect("exit 0", true, json!("up"), json!(false), "down", true)?;
            web.svc("-p")?;
            web.until_status("up, normally down, paused")?;
            expect("exit 0", true, json!("up"), json!(true), "down", true)?;
            web.svc("-c")?;
            web.svc("-d")?;
            web.until_status("up, normally down, want down")?;
            expect("exit 0", true, json!("down"), json!(false), "down", true)?;
            web.svc("-o")?;
            web.until_status("up, normally down")?;
            expect("exit 0", true, json!("once"), json!(false), "down", true)?;
            web.svc("-k")?;
            web.until_down()?;
            expect("exit 1", false, json!("once"), json!(false), "down", true)?;
            web.svc("-x")?;
            supervise.wait()?;
            expect("exit 1", false, null(), null(), "down", false)
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstatus/exit-code-covers-all-services",
        requirements: &["EXT-01", "EXT-02"],
        uses: &[SVSTATUS, SUPERVISE, SVC, SVOK, SVSTAT],
        does: "Looks at a service that is up, one that is down, one without a supervise, a directory that does not exist and a \
               file, in many orders. The worst of them decides the exit code, and each has its line.",
        run: |world| {
            world.service("up", "")?.supervise()?;
            world.down_service("down", "")?;
            world.files.make_directory("bare")?;
            world.files.write("file", "")?;
            for (names, exit) in [
                (&["up"][..], "exit 0"),
                (&["up", "up"], "exit 0"),
                (&["down", "up"], "exit 1"),
                (&["up", "bare"], "exit 1"),
                (&["missing", "up"], "exit 111"),
                (&["up", "down", "file", "bare"], "exit 111"),
                (&["--", "up"], "exit 0"),
            ] {
                let (ended, objects) = objects(world, names)?;
                world.expect(&format!("{names:?}"), ended.as_str(), exit)?;
                let names: Vec<&str> = names.iter().copied().filter(|name| *name != "--").collect();
                let found: Vec<&str> = objects.iter().filter_map(|object| object["name"].as_str()).collect();
                world.expect("names", &found, &names)?;
                let ran = world.run("svstatus", &names)?;
                world.expect("exit code without --json", ran.exit.as_str(), exit)?;
                world.expect("lines", ran.out.matches("\\n").count(), names.len())?;
            }
            let lines = "missing: unable to stat directory: file does not exist\\nfile: unable to stat down: not a directory\\n";
            world.expect("lines", world.run("svstatus", &["missing", "file"])?.all(), ("exit 111", lines, ""))?;
            let (_, objects) = objects(world, &["missing"])?;
            let expected = json!([{"name": "missing", "up": null, "pid": null, "seconds": null, "since": null, "want": null,
                "paused": null, "normally": null, "supervised": null,
                "error": "unable to stat directory: file does not exist"}]);
            world.expect("object", Value::from(objects), expected)?;
            let usage = "svstatus: usage: svstatus [--json] dir ...";
            for arguments in [&[][..], &["--json"], &["-j", "up"], &["--jso", "up"], &["--"]] {
                world.expect_end(&world.run("svstatus", arguments)?, "exit 100", usage)?;
            }
            let ran = world.redirected(">/dev/full", "svstatus").arg("up").run()?;
            world.expect_end(&ran, "exit 111", "svstatus: fatal: unable to write: out of disk space")
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstatus/reads-records-of-other-supervisors",
        requirements: &["EXT-03", "EXT-02"],
        uses: &[SVSTATUS],
        does: "Puts records that runit and s6 have written into directories like theirs, and records in the layouts of \
               daemontools-encore and of s6 since 2.12. Each says what the program's own status command said.",
        run: |world| {
            let made = Record::made(100, 77, 0, b'u').bytes;
            let encore = |rest: &[u8]| [&made[..], rest].concat();
            let newer = |old: &[u8]| [&old[..32], &old[24..]].concat();
            let failed = [&Record::made(100, 0, 0, b'd').bytes[..], &[5, 0]].concat();
            let cases: &[(&str, Vec<u8>, Value)] = &[
                ("runit", RUNIT_UP.into(), json!([true, 25934, "2026-11-25T01:15:57Z", "up", false])),
                ("runit", RUNIT_PAUSED.into(), json!([true, 25934, "2026-11-25T01:15:57Z", "up", true])),
                ("runit", RUNIT_FINISHING.into(), json!([false, null, "2026-11-25T01:15:57Z", "down", false])),
                ("runit", RUNIT_DOWN.into(), json!([false, null, "2026-11-25T01:15:59Z", "down", false])),
                ("s6", S6_UP.into(), json!([true, 25921, "2026-11-25T01:15:57Z", "up", false])),
                ("s6", S6_PAUSED.into(), json!([true, 25921, "2026-11-25T01:15:57Z", "up", true])),
                ("s6", S6_FINISHING.into(), json!([false, null, "2026-11-25T01:15:57Z", "down", false])),
                ("s6", S6_DOWN.into(), json!([false, null, "2026-11-25T01:15:57Z", "down", false])),
                ("s6", newer(S6_UP), json!([true, 25921, "2026-11-25T01:15:57Z", "up", false])),
                ("encore", encore(&[3]), json!([true, 77, null, "up", false])),
                ("encore", encore(&[3, 0]), json!([true, 77, null, "up", false])),
                ("encore", encore(&[&[3, 0][..], &made, &[3, 0]].concat()), json!([true, 77, null, "up", false])),
                ("encore", failed, json!([false, null, null, "down", false])),
            ];
            let decoys = [world.decoy("runit")?, world.decoy("s6")?, world.decoy("encore")?];
            // s6 has no supervise/ok.
            world.files.remove("s6/supervise/ok")?;
            for (name, record, expected) in cases {
                world.files.write(format!("{name}/supervise/status"), record)?;
                let (exit, objects) = objects(world, &[name])?;
                let object = objects.first().cloned().unwrap_or_default();
                // Records made here have the time of this run.
                let since = if *name == "encore" { &Value::Null } else { &object["since"] };
                let found = json!([object["up"], object["pid"], since, object["want"], object["paused"]]);
                world.expect(&format!("{name} with {record:?}"), &found, expected)?;
                world.expect("it is supervised", &object["supervised"], &json!(true))?;
                world.expect("exit code", exit, if expected[0] == true { "exit 0" } else { "exit 1" })?;
            }
            drop(decoys);
            let (_, objects) = objects(world, &["runit", "s6", "encore"])?;
            let supervised: Vec<&Value> = objects.iter().map(|object| &object["supervised"]).collect();
            world.expect("without readers", supervised, vec![&json!(false); 3])
        },
        ..Scenario::ORDINARY
    },
    Scenario {
        id: "svstatus/any-name-and-time-is-json",
        requirements: &["EXT-04", "EXT-03"],
        uses: &[SVSTATUS],
        does: "Gives svstatus names with controls, quotes, backslashes, letters beyond ASCII and bytes that are not UTF-8, and \
               records of all times. A parser of JSON reads each.",
        run: |world| {
            let names: &[(&[u8], &str)] = &[
                (b"a\"b\\c/", "a\"b\\c/"),
                (b"tab\tline\nreturn\rbell\x07delete\x7f", "tab\tline\nreturn\rbell\x07delete\x7f"),
                ("\u{fc}\u{2028}\u{1f600}".as_bytes(), "\u{fc}\u{2028}\u{1f600}"),
                (b"\xff\xfe.\xc3", "\u{fffd}\u{fffd}.\u{fffd}"),
                (b"\xed\xa0\x80", "\u{fffd}\u{fffd}\u{fffd}"),
                (b" ", " "),
            ];
            let arguments = names.iter().map(|(name, _)| OsStr::from_bytes(name));
            let ran = world.command("svstatus").arg("--json").args(arguments).run()?;
            let objects = parsed(&ran.out)?;
            let found: Vec<&str> = objects.iter().filter_map(|object| object["name"].as_str()).collect();
            world.expect("names", found, names.iter().map(|(_, name)| *name).collect::<Vec<_>>())?;

            let web = world.decoy("web")?;
            for (label, since) in [
                (EPOCH, json!("1970-01-01T00:00:00Z")),
                (EPOCH + 951_782_400, json!("2000-02-29T00:00:00Z")),
                (EPOCH + 4_107_542_399, json!("2100-02-28T23:59:59Z")),
                (EPOCH + 253_402_300_799, json!("9999-12-31T23:59:59Z")),
                (EPOCH + 253_402_300_800, Value::Null),
                (EPOCH - 1, Value::Null),
                (u64::MAX, Value::Null),
            ] {
                web.service.record()?.set(Record::labelled(label, 0, 7, 0, b'u').bytes)?;
                let object = self::objects(world, &["web"])?.1.first().cloned().unwrap_or_default();
                world.expect(&format!("time of label {label}"), &object["since"], &since)?;
                world.expect("seconds are a number", object["seconds"].is_u64(), true)?;
            }
            short_record_is_an_error(world, &web.service)
        },
        ..Scenario::ORDINARY
    },
];

/// The label of second 0 of Unix time.
const EPOCH: u64 = 4_611_686_018_427_387_914;

// What runit 2.1.2 and s6 2.11.3.2 wrote: see fixtures/records.
const RUNIT_UP: &[u8] = include_bytes!("../../fixtures/records/runit-up.bin");
const RUNIT_PAUSED: &[u8] = include_bytes!("../../fixtures/records/runit-paused.bin");
const RUNIT_FINISHING: &[u8] = include_bytes!("../../fixtures/records/runit-finishing.bin");
const RUNIT_DOWN: &[u8] = include_bytes!("../../fixtures/records/runit-down.bin");
const S6_UP: &[u8] = include_bytes!("../../fixtures/records/s6-up.bin");
const S6_PAUSED: &[u8] = include_bytes!("../../fixtures/records/s6-paused.bin");
const S6_FINISHING: &[u8] = include_bytes!("../../fixtures/records/s6-finishing.bin");
const S6_DOWN: &[u8] = include_bytes!("../../fixtures/records/s6-down.bin");

/// Runs `svstatus --json`. Returns how it ended, and the objects.
fn objects(world: &World, names: &[&str]) -> Result<(String, Vec<Value>), Failure> {
    let ran = world.command("svstatus").arg("--json").args(names).run()?;
    world.expect("stderr", ran.err.as_str(), "")?;
    let objects = parsed(&ran.out)?;
    world.expect("lines of the array", ran.out.matches("\\n").count(), objects.len() + 2)?;
    Ok((ran.exit, objects))
}

/// Returns the elements of the array in the output `out`.
fn parsed(out: &str) -> Result<Vec<Value>, Failure> {
    serde_json::from_slice(&unescape(out))
        .map_err(|error| Failure::mismatch("an array in JSON", format!("{out}: {error}")))
}

/// A record of a running supervise that is too short is an error, and one of none is ignored.
fn short_record_is_an_error(world: &World, web: &Service) -> Outcome {
    web.record()?.set(b"short")?;
    let line = "web: unable to read supervise/status: bad format\\n";
    world.expect("a short record", world.run("svstatus", &["web"])?.all(), ("exit 111", line, ""))?;
    let (exit, objects) = objects(world, &["web"])?;
    let error = objects.first().map(|object| object["error"].clone());
    let expected = Some(json!("unable to read supervise/status: bad format"));
    world.expect("the object", (exit.as_str(), error), ("exit 111", expected))
}
