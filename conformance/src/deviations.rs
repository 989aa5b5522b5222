//! Known differences of a target, as data with a reason. They cut both ways: a listed scenario that passes is stale.

use crate::report::{Cell, Verdict};
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
    /// What kind it is of.
    pub(crate) kind: Kind,
    /// Why it is so, in a sentence.
    pub(crate) reason: String,
    /// The rows of the reference that it leaves.
    pub(crate) rows: Vec<String>,
}

/// Kinds of differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// Better on purpose.
    Improved,
    /// A defect of the original, not repeated.
    BugFixed,
    /// More than the original has.
    Extension,
    /// Makes no sense there.
    NotApplicable,
}

impl Deviations {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// In words, with the file's name: it cannot be read, is no such file, names a scenario or row that does not exist,
    /// names one twice, or gives no reason.
    pub(crate) fn read(path: &Path) -> Result<Deviations, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let deviations = Deviations::parse(&text).map_err(|problem| format!("{}: {problem}", path.display()))?;
        Ok(deviations)
    }

    fn parse(text: &str) -> Result<Deviations, String> {
        let deviations: Deviations = toml::from_str(text).map_err(|error| error.to_string())?;
        for (index, entry) in deviations.entries.iter().enumerate() {
            let id = &entry.scenario;
            let scenario = scenarios::find(id).ok_or_else(|| format!("no scenario {id}"))?;
            if deviations.entries[..index].iter().any(|earlier| earlier.scenario == *id) {
                return Err(format!("{id} is listed twice"));
            }
            if entry.reason.trim().is_empty() {
                return Err(format!("{id} has no reason"));
            }
            if entry.rows.is_empty() {
                return Err(format!("{id} names no rows"));
            }
            if let Some(row) = entry.rows.iter().find(|row| requirement::find(row).is_none()) {
                return Err(format!("{id}: no requirement {row}"));
            }
            if let Some(row) = entry.rows.iter().find(|row| !scenario.requirements.contains(&row.as_str())) {
                return Err(format!("{id} does not prove {row}: svconform explain {id}"));
            }
        }
        Ok(deviations)
    }
}

/// The entry for `scenario` on `target`, if one of `lists` has it.
pub(crate) fn entry<'d>(lists: &'d [Deviations], target: &str, scenario: &str) -> Option<&'d Deviation> {
    let mut entries = lists.iter().filter(|list| list.target == target).flat_map(|list| &list.entries);
    entries.find(|entry| entry.scenario == scenario)
}

/// The verdict on `cell` in the light of the list: a listed failure is known, a listed pass is stale.
pub(crate) fn judged(cell: &Cell, entry: Option<&Deviation>) -> Verdict {
    match (entry, cell.verdict) {
        (Some(_), Verdict::Fail) => Verdict::Known,
        (Some(_), Verdict::Pass) => Verdict::Stale,
        (_, verdict) => verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Stopped;
    use rstest::rstest;

    fn entry_for(scenario: &str, reason: &str, row: &str) -> String {
        format!("[[deviation]]\nscenario = {scenario:?}\nkind = \"improved\"\nreason = {reason:?}\nrows = [{row:?}]\n")
    }

    /// A scenario, which does not prove SUP-01, and a row that it proves.
    fn first() -> (&'static str, &'static str) {
        let scenario = scenarios::all().find(|one| !one.requirements.contains(&"SUP-01")).unwrap();
        (scenario.id, scenario.requirements[0])
    }

    #[test]
    fn a_whole_entry_is_read() {
        let (id, row) = first();
        let text = format!("target = \"ours\"\n{}", entry_for(id, "better", row));
        let list = Deviations::parse(&text).unwrap();
        assert!(entry(std::slice::from_ref(&list), "ours", id).is_some());
        assert!(entry(&[list], "theirs", id).is_none());
    }

    #[test]
    fn what_is_wrong_is_told() {
        let (id, row) = first();
        let twice = entry_for(id, "better", row).repeat(2);
        for (entries, problem) in [
            (entry_for("no/such", "better", row), "no scenario no/such"),
            (entry_for(id, " ", row), "has no reason"),
            (entry_for(id, "better", "SUP-99"), "no requirement SUP-99"),
            (entry_for(id, "better", "SUP-01"), "does not prove SUP-01"),
            (twice, "is listed twice"),
            ("[[deviation]]\nscenario = \"x\"\n".to_owned(), "missing field"),
        ] {
            let told = Deviations::parse(&format!("target = \"ours\"\n{entries}")).unwrap_err();
            assert!(told.contains(problem), "{told}");
        }
    }

    #[rstest]
    #[case(Ok(()), Verdict::Pass, Verdict::Stale)]
    #[case(Err(Stopped::Failed { at: String::new(), expected: String::new(), actual: String::new() }), Verdict::Fail, Verdict::Known)]
    #[case(Err(Stopped::TimedOut { at: String::new(), expected: String::new(), actual: String::new() }), Verdict::Timeout, Verdict::Timeout)]
    #[case(Err(Stopped::Skipped { missing: String::new() }), Verdict::Skip, Verdict::Skip)]
    #[case(Err(Stopped::Broken { why: String::new() }), Verdict::Error, Verdict::Error)]
    fn a_list_excuses_failures_only_and_passes_not_at_all(
        #[case] outcome: crate::scenario::Outcome,
        #[case] unlisted: Verdict,
        #[case] listed: Verdict,
    ) {
        let cell = Cell::of(outcome, vec![], vec![], 0);
        let entry = Deviation { scenario: String::new(), kind: Kind::Improved, reason: String::new(), rows: vec![] };
        assert_eq!(judged(&cell, None), unlisted);
        assert_eq!(judged(&cell, Some(&entry)), listed);
    }
}
