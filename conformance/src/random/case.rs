//! Generated input for programs that run once.

use super::{PREFIX, PROGRAMS, explore};
use crate::outcome::{Failure, Outcome};
use crate::scenario::{Scenario, Use};
use crate::world::World;
use proptest::strategy::BoxedStrategy;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

/// How the ids of kept cases begin.
const KEPT: &str = "case/";
/// How many cases follow from one seed, and how often one that fails is shrunk.
const LIMITS: (u32, u32) = (10, 200);

/// Input for a program, which is compared with a model. Its display is the line `case` of an entry of
/// `fixtures/cases.toml`.
pub(super) trait Case: fmt::Debug + fmt::Display + DeserializeOwned + 'static {
    /// Generates cases.
    fn strategy() -> BoxedStrategy<Self>;

    /// Runs the program with this input and compares. `name` is not used by other cases of the world.
    fn play(&self, world: &World, name: &str) -> Outcome;
}

/// Plays one case in a world.
type Play = dyn Fn(&World) -> Outcome;

/// A program that gets generated input.
pub(super) struct Program {
    /// Its name, which is part of the ids.
    pub(super) name: &'static str,
    /// What a case can prove.
    requirements: &'static [&'static str],
    uses: &'static [Use],
    does: &'static str,
    /// Plays the cases that follow from a seed.
    explore: fn(&World, u64) -> Outcome,
    /// Reads a kept case, and returns what plays it.
    read: fn(&toml::Value) -> Result<Box<Play>, String>,
}

impl Program {
    /// Describes the program called `name`, whose input are cases of the type `C`.
    pub(super) const fn new<C: Case>(
        name: &'static str,
        requirements: &'static [&'static str],
        uses: &'static [Use],
        does: &'static str,
    ) -> Program {
        Program {
            name,
            requirements,
            uses,
            does,
            explore: |world, seed| {
                explore(world, seed, LIMITS, &C::strategy(), |name, case: &C| play(case, world, name))
            },
            read: |case| {
                let case: C = case.clone().try_into().map_err(|error| error.to_string())?;
                Ok(Box::new(move |world| play(&case, world, "kept")))
            },
        }
    }

    fn scenario(&self, id: String, does: &'static str, requirements: &'static [&'static str]) -> Scenario {
        Scenario {
            id: String::leak(id),
            requirements,
            uses: self.uses,
            does,
            run,
            program: Some(self.name),
            ..Scenario::ORDINARY
        }
    }
}

fn play<C: Case>(case: &C, world: &World, name: &str) -> Outcome {
    world.note("case", case.to_string());
    case.play(world, name)
}

/// A kept case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// The last part of its id.
    id: String,
    /// The bug that it found, in a sentence.
    found: String,
    /// The requirements that the bug violates.
    requirements: Vec<String>,
    case: toml::Value,
}

/// The kept cases of each program: the contents of `fixtures/cases.toml`.
type Corpus = BTreeMap<String, Vec<Entry>>;

static CORPUS: LazyLock<Result<Corpus, String>> =
    LazyLock::new(|| toml::from_str(include_str!("../../fixtures/cases.toml")).map_err(|error| error.to_string()));

/// Returns the kept cases of `program`.
fn kept(program: &Program) -> &'static [Entry] {
    CORPUS.as_ref().ok().and_then(|corpus| corpus.get(program.name)).map(Vec::as_slice).unwrap_or_default()
}

/// Returns the scenarios of the kept cases.
pub(super) fn corpus() -> &'static [Scenario] {
    static SCENARIOS: LazyLock<Vec<Scenario>> = LazyLock::new(|| {
        let of_program = |program: &'static Program| {
            kept(program).iter().map(|entry| {
                let requirements: Vec<&str> = entry.requirements.iter().map(String::as_str).collect();
                program.scenario(format!("{KEPT}{}/{}", program.name, entry.id), &entry.found, requirements.leak())
            })
        };
        PROGRAMS.iter().flat_map(of_program).collect()
    });
    &SCENARIOS
}

/// Returns the scenario `id` if `rest`, its part behind `random/`, is the name of a program and a seed.
pub(super) fn find(id: &str, rest: &str) -> Option<&'static Scenario> {
    let (name, seed) = rest.split_once('/')?;
    seed.parse::<u64>().ok()?;
    let program = PROGRAMS.iter().find(|program| program.name == name)?;
    let scenario = program.scenario(id.to_owned(), program.does, program.requirements);
    Some(Box::leak(Box::new(Scenario { deadline: Scenario::ORDINARY.deadline * 8, ..scenario })))
}

fn run(world: &World) -> Outcome {
    let parts: Vec<&str> = world.id().split('/').collect();
    let [_, name, last] = parts[..] else { return Err(Failure::broken("an id without a program")) };
    let program = PROGRAMS.iter().find(|program| program.name == name);
    let program = program.ok_or_else(|| Failure::broken(format!("no generated input for {name}")))?;
    if world.id().starts_with(PREFIX) {
        return (program.explore)(world, last.parse().unwrap_or(0));
    }
    let entry = kept(program).iter().find(|entry| entry.id == last);
    let entry = entry.ok_or_else(|| Failure::broken("no such case"))?;
    (program.read)(&entry.case).map_err(Failure::broken)?(world)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kept_case_belongs_to_a_program_and_describes_its_bug() {
        for (name, entries) in CORPUS.as_ref().unwrap() {
            let program = PROGRAMS.iter().find(|program| program.name == *name).unwrap_or_else(|| panic!("{name}"));
            for Entry { id, found, requirements, case } in entries {
                assert_eq!((program.read)(case).err(), None, "{id}");
                assert!(found.ends_with('.'), "{id}");
                let is_known = |one: &String| program.requirements.contains(&one.as_str());
                assert!(!requirements.is_empty() && requirements.iter().all(is_known), "{id}");
            }
        }
    }

    #[test]
    fn programs_have_different_names_that_are_no_seeds() {
        for (index, program) in PROGRAMS.iter().enumerate() {
            assert!(program.name.parse::<u64>().is_err(), "{}", program.name);
            assert!(PROGRAMS[..index].iter().all(|other| other.name != program.name), "{}", program.name);
        }
    }
}
