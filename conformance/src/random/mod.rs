//! Sequences of events, generated at random, run on the target and compared with [`model`] after each event.
//!
//! `svconform run --random N --seed S` runs N of them; the scenario `random/S` follows from seed S. A sequence that fails
//! is shrunk to a shorter one that still fails. Sequences that found a bug are kept in `fixtures/sequences.toml` and are
//! part of every run, as the scenarios `sequence/WORDS`.
//!
//! Programs that run once get generated input instead, as [`case::Case`]s in a file per program: `random/PROGRAM/S` follows from
//! seed S, and what found a bug is kept in `fixtures/cases.toml` as `case/PROGRAM/WORDS`.

mod case;
mod chain;
mod directories;
mod envdir;
mod model;
mod multilog;
mod setlock;
mod softlimit;
mod svc;
mod svok;
mod svstat;
mod tai64n;
mod tai64nlocal;

use crate::outcome::{Failure, FailureKind, Outcome};
use crate::scenario::{SUPERVISE, SVC, SVOK, SVSTAT, Scenario};
use crate::world::{Running, Service, World};
use model::Model;
use nix::sys::signal::Signal;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use serde::Deserialize;
use std::cell::RefCell;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

/// The programs that get generated input, each a file of its own.
const PROGRAMS: &[case::Program] = &[
    chain::ENVDIR_PROGRAM,
    chain::ENVUIDGID_PROGRAM,
    chain::FGHACK_PROGRAM,
    chain::PGRPHACK_PROGRAM,
    chain::SETUIDGID_PROGRAM,
    envdir::PROGRAM,
    multilog::PROGRAM,
    setlock::PROGRAM,
    softlimit::PROGRAM,
    svc::PROGRAM,
    svok::PROGRAM,
    svstat::PROGRAM,
    tai64n::PROGRAM,
    tai64nlocal::PROGRAM,
];
/// How the ids of generated sequences begin.
const PREFIX: &str = "random/";
/// How the ids of kept sequences begin.
const KEPT: &str = "sequence/";
/// How many times a failing sequence is shrunk and run again.
const SHRINKS: u32 = 40;

/// What a generated sequence can prove. svok, svstat, the starts and the signals are what it looks at.
const REQUIREMENTS: &[&str] = &[
    "SUP-03", "SUP-03b", "SUP-06", "SUP-24", "SUP-34", "SUP-43", "SUP-43b", "SUP-45", "SUP-46", "SUP-47", "SUP-47b",
    "SUP-49", "SUP-51", "SUP-51b", "STAT-01", "OK-01",
];

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Event {
    /// A call of svc with these letters, which are one write.
    Svc(String),
    /// The service exits with this code.
    Exit(u8),
    /// The file `down` is created (true) or removed.
    Down(bool),
    /// A supervise is started, perhaps a second one.
    Supervise,
}

/// A sequence of events.
#[derive(Debug, Clone)]
struct Sequence {
    /// The names of the signals that the service survives.
    survives: Vec<String>,
    events: Vec<Event>,
}

impl fmt::Display for Event {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Svc(letters) => write!(out, "svc -{letters}"),
            Event::Exit(code) => write!(out, "exit {code}"),
            Event::Down(true) => write!(out, "touch down"),
            Event::Down(false) => write!(out, "rm down"),
            Event::Supervise => write!(out, "supervise"),
        }
    }
}

impl FromStr for Event {
    type Err = String;

    fn from_str(text: &str) -> Result<Event, String> {
        let unknown = || format!("unknown event: {text}");
        Ok(match text.split_once(' ') {
            None if text == "supervise" => Event::Supervise,
            Some(("touch", "down")) => Event::Down(true),
            Some(("rm", "down")) => Event::Down(false),
            Some(("exit", code)) => Event::Exit(code.parse().map_err(|_| unknown())?),
            Some(("svc", letters)) => Event::Svc(letters.strip_prefix('-').ok_or_else(unknown)?.to_owned()),
            _ => return Err(unknown()),
        })
    }
}

/// Writes the lines `survives` and `events` of an entry of `fixtures/sequences.toml`.
impl fmt::Display for Sequence {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events: Vec<String> = self.events.iter().map(Event::to_string).collect();
        write!(out, "survives = {:?}, events = {events:?}", self.survives)
    }
}

/// The kept sequences: the contents of `fixtures/sequences.toml`.
#[derive(Debug, Deserialize)]
struct Corpus {
    sequence: Vec<Entry>,
}

/// A kept sequence.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// The second part of its id.
    id: String,
    /// The bug that it found, in a sentence.
    found: String,
    /// The requirements that the bug violates.
    requirements: Vec<String>,
    survives: Vec<String>,
    events: Vec<String>,
}

static CORPUS: LazyLock<Result<Corpus, String>> =
    LazyLock::new(|| toml::from_str(include_str!("../../fixtures/sequences.toml")).map_err(|error| error.to_string()));

/// Returns the scenarios of the kept sequences and cases.
pub(crate) fn corpus() -> impl Iterator<Item = &'static Scenario> {
    kept_sequences().iter().chain(case::corpus())
}

fn kept_sequences() -> &'static [Scenario] {
    static SCENARIOS: LazyLock<Vec<Scenario>> = LazyLock::new(|| {
        let entries = CORPUS.as_ref().map(|corpus| &*corpus.sequence).unwrap_or_default();
        entries
            .iter()
            .map(|entry| {
                let requirements: Vec<&str> = entry.requirements.iter().map(String::as_str).collect();
                scenario(format!("{KEPT}{}", entry.id), &entry.found, requirements.leak())
            })
            .collect()
    });
    &SCENARIOS
}

/// Returns the sequence of the scenario `id` if it is a kept one.
fn kept(id: &str) -> Option<Result<Sequence, String>> {
    let words = id.strip_prefix(KEPT)?;
    let entry = CORPUS.as_ref().ok()?.sequence.iter().find(|entry| entry.id == words)?;
    let events = entry.events.iter().map(|event| event.parse()).collect::<Result<_, _>>();
    Some(events.map(|events| Sequence { survives: entry.survives.clone(), events }))
}

fn scenario(id: String, does: &'static str, requirements: &'static [&'static str]) -> Scenario {
    Scenario {
        id: String::leak(id),
        requirements,
        uses: &[SUPERVISE, SVC, SVOK, SVSTAT],
        does,
        run,
        program: Some("supervise"),
        ..Scenario::ORDINARY
    }
}

/// Returns the scenario that follows from the seed in `id` if `id` is `random/SEED` or `random/PROGRAM/SEED`. Its deadline
/// leaves time for shrinking, which runs a sequence again and again.
pub(crate) fn find(id: &str) -> Option<&'static Scenario> {
    let seed = id.strip_prefix(PREFIX)?;
    if seed.parse::<u64>().is_err() {
        return case::find(id, seed);
    }
    let does = "Runs a sequence of commands, exits of the service, new supervises and changes to the file `down` that \
                follows from the seed. After each event, svok, svstat, the starts and the signals must be as the model \
                predicts.";
    let scenario = scenario(id.to_owned(), does, REQUIREMENTS);
    Some(Box::leak(Box::new(Scenario { deadline: Scenario::ORDINARY.deadline * 8, ..scenario })))
}

/// Returns the scenarios of `--random count --seed seed`: a sequence for supervise, and cases for each other program.
pub(crate) fn scenarios(count: u64, seed: u64) -> impl Iterator<Item = &'static Scenario> {
    (0..count).map(move |index| seed.wrapping_add(index)).flat_map(|seed| {
        let cases = PROGRAMS.iter().map(move |program| format!("{PREFIX}{}/{seed}", program.name));
        std::iter::once(format!("{PREFIX}{seed}")).chain(cases).filter_map(|id| find(&id))
    })
}

/// Returns calls of svc whose outcome does not depend on how fast the service handles a signal or dies of it. svc sends
/// each letter once, no two letters send the same signal, and `c` comes last: a STOP behind it would cancel a pending CONT.
fn svc() -> impl Strategy<Value = Event> {
    let one = select("udopchaitkx".chars().collect::<Vec<_>>()).prop_map(String::from);
    let harmless = (subsequence(vec!['o', 'p', 'u'], 1..4).prop_shuffle(), select(vec!["", "c"]))
        .prop_map(|(letters, last)| String::from_iter(letters) + last);
    let typed = select(vec!["du", "dx", "pc", "pd", "pt", "ph", "ox", "ux", "px", "xh"]);
    prop_oneof![6 => one, 2 => harmless, 3 => typed.prop_map(str::to_owned)].prop_map(Event::Svc)
}

fn sequence() -> impl Strategy<Value = Sequence> {
    let event = prop_oneof![
        8 => svc(),
        2 => any::<u8>().prop_map(Event::Exit),
        1 => any::<bool>().prop_map(Event::Down),
        2 => Just(Event::Supervise),
    ];
    let survives = select(vec![vec![], vec!["HUP", "ALRM", "INT"], vec!["TERM"], vec!["HUP", "ALRM", "INT", "TERM"]]);
    (survives, vec(event, 1..9)).prop_map(|(survives, events)| {
        let survives = survives.into_iter().map(str::to_owned).collect();
        Sequence { survives, events }
    })
}

fn run(world: &World) -> Outcome {
    if let Some(sequence) = kept(world.id()) {
        let sequence = sequence.map_err(Failure::broken)?;
        return play(world, "web", &sequence);
    }
    let number = world.id().strip_prefix(PREFIX).and_then(|number| number.parse::<u64>().ok()).unwrap_or(0);
    explore(world, number, (1, SHRINKS), &sequence(), |name, sequence| play(world, name, sequence))
}

/// Generates as many inputs from a seed as `limits` says first, and plays each under a name of its own. One that fails is
/// shrunk, as often as `limits` says second.
fn explore<T: fmt::Debug + fmt::Display>(
    world: &World,
    number: u64,
    (cases, max_shrink_iters): (u32, u32),
    strategy: &impl Strategy<Value = T>,
    play: impl Fn(&str, &T) -> Outcome,
) -> Outcome {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    let config = Config { cases, max_shrink_iters, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    // A failure that is not a mismatch, such as a timeout. Shrinking cannot tell anything about it, so it ends.
    let stopped = RefCell::new(None);
    let names = RefCell::new(0..);
    let play_again = |input: &T| {
        let name = format!("s{}", names.borrow_mut().next().unwrap_or(0));
        play(&name, input)
    };
    let result = runner.run(strategy, |input| {
        if stopped.borrow().is_some() {
            return Ok(());
        }
        match play_again(&input) {
            Ok(()) => Ok(()),
            Err(failure) if failure.kind == FailureKind::Mismatch => Err(TestCaseError::fail(failure.sentence())),
            Err(other) => {
                *stopped.borrow_mut() = Some(other);
                Ok(())
            }
        }
    });
    match (result, stopped.into_inner()) {
        (_, Some(stopped)) => Err(stopped),
        (Ok(()), None) => Ok(()),
        (Err(TestError::Fail(reason, shortest)), None) => {
            // Run it once more, so that the transcript shows the shortest input and no other.
            world.forget_steps();
            Err(match play_again(&shortest) {
                Err(failure) if failure.kind == FailureKind::Mismatch => {
                    Failure { actual: format!("{}; in the shortest input, {shortest}", failure.actual), ..failure }
                }
                _ => Failure::mismatch(
                    format!("the behaviour of the model in {shortest}"),
                    format!("it failed once and passed when it was run again: {reason}"),
                ),
            })
        }
        (Err(TestError::Abort(reason)), None) => Err(Failure::broken(reason.to_string())),
    }
}

/// Runs a sequence on a new service and compares with the model after each event. Kills what the sequence started.
fn play(world: &World, name: &str, sequence: &Sequence) -> Outcome {
    world.note("sequence", sequence.to_string());
    let plan = format!("survive {}", sequence.survives.join(" "));
    let service = world.service(name, plan.trim_end())?;
    let mut model = Model::new(&sequence.survives);
    let mut supervise = None;
    let outcome = std::iter::once(&Event::Supervise).chain(&sequence.events).try_for_each(|event| {
        act(world, &service, &mut model, &mut supervise, event)?;
        compare(world, &service, &model)
    });
    if let Some(supervise) = supervise.filter(Running::is_running) {
        supervise.kill(Signal::SIGKILL)?;
    }
    for (pid, ..) in service.starts() {
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), Signal::SIGKILL);
    }
    outcome
}

fn act(world: &World, service: &Service, model: &mut Model, supervise: &mut Option<Running>, event: &Event) -> Outcome {
    match event {
        Event::Svc(letters) => {
            let letters = model.predictable(letters);
            if model.may_die_of(letters) {
                service.until_settled()?;
            }
            // Without a supervise, svc prints a warning.
            world.run("svc", &[&*format!("-{letters}"), &service.name]).map(drop)?;
            letters.chars().for_each(|letter| model.obey(letter));
        }
        Event::Exit(code) => {
            if model.up && !model.stopped {
                service.until_settled()?;
                service.order(&format!("exit {code}"))?;
                model.die();
            }
        }
        Event::Down(exists) => {
            if *exists != model.down_file {
                let down = service.directory.join("down");
                if *exists {
                    world.files.write(down, "")?
                } else {
                    world.files.remove(down)?
                }
                model.down_file = *exists;
            }
        }
        Event::Supervise => {
            let started = service.start_supervise()?;
            if model.supervised {
                world.until("the second supervise runs", false, || Ok(started.is_running()))?;
            } else {
                *supervise = Some(started);
            }
            model.supervise();
        }
    }
    Ok(())
}

/// Waits until the service is as the model predicts.
fn compare(world: &World, service: &Service, model: &Model) -> Outcome {
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    world.until("svok finds a supervise", model.supervised, || service.is_supervised())?;
    if model.supervised {
        // Many commands change nothing that svstat prints, so a look before they are read would prove nothing. STAT-01
        // allows this look at the FIFO.
        service.control()?.until_read()?;
    }
    world.until("starts", model.starts, || Ok(service.starts().len()))?;
    if model.supervised {
        service.until_status(&model.status())?;
    }
    world.until("signals", sorted(model.signals.clone()), || Ok(sorted(service.signals())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kept_sequence_can_be_run_and_describes_its_bug() {
        let corpus = CORPUS.as_ref().unwrap();
        assert!(!corpus.sequence.is_empty());
        for entry in &corpus.sequence {
            assert!(kept(&format!("{KEPT}{}", entry.id)).unwrap().is_ok(), "{}", entry.id);
            assert!(entry.found.ends_with('.'), "{}", entry.id);
        }
    }

    proptest! {
        #[test]
        fn an_event_is_parsed_as_it_is_printed(sequence in sequence()) {
            for event in sequence.events {
                prop_assert_eq!(event.to_string().parse::<Event>(), Ok(event));
            }
        }
    }

    #[test]
    fn other_texts_are_not_events() {
        for text in ["", "svc", "svc d", "exit x", "touch up", "supervise web"] {
            assert!(text.parse::<Event>().is_err(), "{text}");
        }
    }
}
