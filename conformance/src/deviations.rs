//! Known differences of a target, as data with reasons. They cut both ways: a listed scenario that passes is stale.

use crate::{requirement, scenarios};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A deviations file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deviations {
    /// The name of the target that differs.
    pub(crate) target: String,
    /// Its differences.
    #[serde(default, rename = "deviation")]
    pub(crate) entries: Vec<Deviation>,
}

/// One known difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deviation {
    /// The scenario that shows it.
    pub(crate) scenario: String,
    /// What kind of difference it is.
    pub(crate) kind: Kind,
    /// The reason, in a sentence or two.
    pub(crate) reason: String,
    /// The requirements that the target does not meet.
    pub(crate) requirements: Vec<String>,
}

/// Kinds of differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// Better on purpose.
    Improved,
    /// A defect of the original that the target does not repeat.
    BugFixed,
    /// More than the original has.
    Extension,
    /// The requirement makes no sense for the target.
    NotApplicable,
    /// The target behaves differently, by its own design.
    Different,
}

impl Deviations {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// In words, with the name of the file: it cannot be read or parsed, names a scenario or requirement that does not
    /// exist, lists a scenario or requirement twice, or gives no reason.
    pub(crate) fn read(path: &Path) -> Result<Deviations, String> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
        text.and_then(|text| Deviations::parse(&text)).map_err(|problem| format!("{}: {problem}", path.display()))
    }

    fn parse(text: &str) -> Result<Deviations, String> {
        let deviations: Deviations = toml::from_str(text).map_err(|error| explained(&error, text))?;
        for (index, entry) in deviations.entries.iter().enumerate() {
            let id = &entry.scenario;
            let scenario = scenarios::find(id).ok_or_else(|| format!("no scenario {id}"))?;
            if deviations.entries[..index].iter().any(|earlier| earlier.scenario == *id) {
                return Err(format!("{id} is listed twice"));
            }
            if entry.reason.trim().is_empty() {
                return Err(format!("{id} has no reason"));
            }
            if entry.requirements.is_empty() {
                return Err(format!("{id} names no requirements"));
            }
            if let Some(unknown) = entry.requirements.iter().find(|one| requirement::find(one).is_none()) {
                return Err(format!("{id}: no requirement {unknown}"));
            }
            if let Some(other) = entry.requirements.iter().find(|one| !scenario.requirements.contains(&one.as_str())) {
                return Err(format!("{id} does not prove {other}: see svconform explain {id}"));
            }
            let mut requirements = entry.requirements.iter().enumerate();
            if let Some((_, twice)) = requirements.find(|(index, one)| entry.requirements[..*index].contains(one)) {
                return Err(format!("{id} lists the requirement {twice} twice"));
            }
        }
        Ok(deviations)
    }

    /// Returns a scenario of this file that one of `lists` contains too, for the same target.
    pub(crate) fn repeated(&self, lists: &[Deviations]) -> Option<&str> {
        let mut scenarios = self.entries.iter().map(|one| one.scenario.as_str());
        scenarios.find(|scenario| entry(lists, &self.target, scenario).is_some())
    }
}

/// Returns the message for `error` in `text`, with the new name of a member that used to be called `rows`.
fn explained(error: &toml::de::Error, text: &str) -> String {
    if !error.message().starts_with("unknown field `rows`") {
        return error.to_string();
    }
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    format!("line {}: the member `rows` is now called `requirements`", before.matches('\n').count() + 1)
}

/// Returns the entry for `scenario` on `target`, if one of `lists` has it.
pub(crate) fn entry<'d>(lists: &'d [Deviations], target: &str, scenario: &str) -> Option<&'d Deviation> {
    let mut entries = lists.iter().filter(|list| list.target == target).flat_map(|list| &list.entries);
    entries.find(|entry| entry.scenario == scenario)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry_for(scenario: &str, reason: &str, requirement: &str) -> String {
        format!(
            "[[deviation]]\nscenario = {scenario:?}\nkind = \"improved\"\nreason = {reason:?}\n\
             requirements = [{requirement:?}]\n"
        )
    }

    /// A scenario that does not prove SUP-01, and a requirement that it proves.
    fn first() -> (&'static str, &'static str) {
        let scenario = scenarios::all().find(|one| !one.requirements.contains(&"SUP-01")).unwrap();
        (scenario.id, scenario.requirements[0])
    }

    #[test]
    fn a_complete_entry_is_accepted() {
        let (id, requirement) = first();
        let text = format!("target = \"ours\"\n{}", entry_for(id, "better", requirement));
        let list = Deviations::parse(&text).unwrap();
        assert!(entry(std::slice::from_ref(&list), "ours", id).is_some());
        assert!(entry(&[list], "theirs", id).is_none());
    }

    #[test]
    fn a_scenario_in_two_files_for_one_target_is_found() {
        let (id, requirement) = first();
        let list = |target: &str| {
            Deviations::parse(&format!("target = {target:?}\n{}", entry_for(id, "better", requirement))).unwrap()
        };
        assert_eq!(list("ours").repeated(&[list("ours")]), Some(id));
        assert_eq!(list("ours").repeated(&[list("theirs")]), None);
    }

    /// Only the entries count, so that a page can leave out the line `target =`.
    #[test]
    fn every_example_in_the_documentation_is_accepted() {
        let manual = include_str!("../man/svconform.8");
        let manual = examples(manual, ".Bd -literal -offset indent\n", "\n.Ed\n");
        // The package of the crate does not contain this page.
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../CONTRIBUTING.md")).unwrap();
        let page = examples(&page, "```toml\n", "\n```\n");
        assert_eq!((manual.len(), page.len()), (1, 1));
        for example in manual.into_iter().chain(page) {
            let text = if example.starts_with("target") { example } else { format!("target = \"mine\"\n{example}") };
            assert_eq!(Deviations::parse(&text).map(|list| list.entries.len()), Ok(1), "{text}");
        }
    }

    /// Returns the blocks of `page` between the lines `begin` and `end` that contain a deviation.
    fn examples(page: &str, begin: &str, end: &str) -> Vec<String> {
        let blocks = page.split(begin).skip(1).filter_map(|rest| rest.split(end).next());
        blocks.filter(|block| block.contains("[[deviation]]")).map(str::to_owned).collect()
    }

    #[test]
    fn mistakes_are_reported() {
        let (id, requirement) = first();
        let twice = entry_for(id, "better", requirement).repeat(2);
        let complete = entry_for(id, "better", requirement);
        for (entries, problem) in [
            (entry_for("no/such", "better", requirement), "no scenario no/such"),
            (entry_for(id, " ", requirement), "has no reason"),
            (entry_for(id, "better", "SUP-99"), "no requirement SUP-99"),
            (entry_for(id, "better", "SUP-01"), "does not prove SUP-01"),
            (twice, "is listed twice"),
            (
                complete.replace(&format!("[{requirement:?}]"), &format!("[{requirement:?}, {requirement:?}]")),
                "lists the requirement",
            ),
            (complete.replace("requirements =", "rows ="), "line 6: the member `rows` is now called `requirements`"),
            ("[[deviation]]\nscenario = \"x\"\n".to_owned(), "missing field"),
        ] {
            let reported = Deviations::parse(&format!("target = \"ours\"\n{entries}")).unwrap_err();
            assert!(reported.contains(problem), "{reported}");
        }
    }
}
