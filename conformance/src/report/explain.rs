//! A scenario or a requirement explained, laid out as a manual page, and what a report knows of it.

use super::paragraph::wrapped;
use super::{Report, ScenarioEntry, TargetResult, table};
use crate::requirement::{self, Class, Requirement};
use crate::scenario::{Scenario, Use};
use crate::scenarios;

const INDENT: usize = 7;

/// Returns the page for the scenario or requirement `id`, or `None` if there is neither.
pub(crate) fn page(id: &str) -> Option<String> {
    let sections = match (scenarios::find(id), requirement::find(id)) {
        (Some(scenario), _) => of_scenario(scenario),
        (None, Some(requirement)) => of_requirement(requirement),
        (None, None) => return None,
    };
    let text = |(title, paragraphs): (&str, Vec<String>)| {
        let paragraphs: Vec<String> = paragraphs.iter().map(|text| filled(text)).collect();
        format!("{title}\n{}", paragraphs.join("\n"))
    };
    Some(sections.into_iter().map(text).collect::<Vec<_>>().join("\n"))
}

/// Returns the ids of all scenarios that `part` is a part of, and of all requirements that begin with it.
pub(crate) fn ids(part: &str) -> Vec<&'static str> {
    let scenarios = scenarios::all().map(|scenario| scenario.id).filter(|id| id.contains(part));
    let requirements = requirement::all().map(|requirement| requirement.id).filter(|id| id.starts_with(part));
    scenarios.chain(requirements).collect()
}

/// Returns a paragraph for each of `ids`, with what the scenario does or what the requirement promises.
pub(crate) fn list(ids: &[&str]) -> String {
    let about = |id: &&str| {
        let scenario = scenarios::find(id).map(|scenario| scenario.does);
        scenario.or_else(|| requirement::find(id).map(|requirement| requirement.promise)).unwrap_or_default()
    };
    ids.iter().map(|id| format!("{id}\n{}", filled(about(id)))).collect()
}

/// Returns what `report`, read from the file `name`, knows of `id`, a scenario or a requirement. `None` if it has no
/// scenario for it.
pub(crate) fn last_run(report: &Report, name: &str, id: &str) -> Option<String> {
    let is_meant = |scenario: &&ScenarioEntry| scenario.id == id || scenario.requirements.iter().any(|one| one == id);
    let scenarios: Vec<&ScenarioEntry> = report.scenarios.iter().filter(is_meant).collect();
    if scenarios.is_empty() {
        return None;
    }
    let mut text = format!("LAST RUN\n{}", filled(&format!("From {name}.")));
    for scenario in scenarios {
        for result in &scenario.results {
            text.push('\n');
            text += &table::of_trouble(report, scenario, result).unwrap_or_else(|| in_short(scenario, result));
        }
    }
    Some(text)
}

/// Returns a line for each scenario and target of `report` that somebody has to look at.
pub(crate) fn troubles(report: &Report) -> String {
    let results = report.scenarios.iter().flat_map(|scenario| scenario.results.iter().map(move |one| (scenario, one)));
    let troubles =
        results.filter(|(_, result)| result.judgement.verdict.is_some_and(crate::verdict::Verdict::is_trouble));
    troubles.map(|(scenario, result)| in_short(scenario, result)).collect()
}

/// Returns the verdict with its reason.
fn in_short(scenario: &ScenarioEntry, result: &TargetResult) -> String {
    let verdict = match result.judgement.verdict {
        None => "not run".to_owned(),
        Some(_) => result.judgement.words(),
    };
    let sentence = result.sentence();
    let colon = if sentence.is_empty() { "" } else { ": " };
    wrapped("", 2, &format!("{verdict}  {} on {}{colon}{sentence}", scenario.id, result.target))
}

fn of_scenario(scenario: &Scenario) -> Vec<(&'static str, Vec<String>)> {
    let promises = scenario.requirements.iter().filter_map(|id| requirement::find(id)).map(promise);
    let used = |one: &Use| match one {
        Use::Command(name) => format!("{name} of the target"),
        Use::Tool(name) => format!("the program {name}"),
        Use::Need(need) => need.words().to_owned(),
    };
    let uses: Vec<String> = scenario.uses.iter().map(used).collect();
    vec![
        ("NAME", vec![scenario.id.to_owned()]),
        ("DESCRIPTION", vec![scenario.does.to_owned()]),
        ("PROVES", promises.collect()),
        ("USES", vec![uses.join(", ")]),
        ("EXAMPLE", vec![format!("svconform run --target NAME=DIR {}", scenario.id)]),
    ]
}

fn of_requirement(requirement: &Requirement) -> Vec<(&'static str, Vec<String>)> {
    let aspects: Vec<&str> = requirement.aspects.iter().map(|aspect| aspect.words()).collect();
    let class = match requirement.class {
        Class::Doc => "Promised by the manual.",
        Class::Obs => "Observed in the original; no manual promises it.",
        Class::Bug => "A defect of the original; no target has to repeat it.",
        Class::Ext => "Promised by a command that the original lacks; targets without that command are skipped.",
    };
    let proofs = scenarios::all().filter(|scenario| scenario.requirements.contains(&requirement.id));
    let mut proofs: Vec<String> = proofs.map(|scenario| format!("{}: {}", scenario.id, scenario.does)).collect();
    if proofs.is_empty() {
        let why = requirement::UNPROVEN.iter().find(|(id, _)| *id == requirement.id).map(|(_, why)| *why);
        proofs.push(format!("No scenario: {}.", why.unwrap_or("it is a defect")));
    }
    vec![
        ("NAME", vec![requirement.id.to_owned()]),
        ("DESCRIPTION", vec![requirement.promise.to_owned()]),
        ("CLASS", vec![class.to_owned()]),
        ("ASPECTS", vec![aspects.join(", ")]),
        ("PROVED BY", proofs),
        ("SEE ALSO", vec![requirement.source.to_owned()]),
        ("EXAMPLE", vec![format!("svconform run --target NAME=DIR {}", requirement.id)]),
    ]
}

fn promise(requirement: &Requirement) -> String {
    format!("{} ({}): {}", requirement.id, requirement.class.word(), requirement.promise)
}

/// Returns `text` as a paragraph of indented lines, each ending in a newline.
fn filled(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    wrapped(&" ".repeat(INDENT), INDENT, &words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report_with;
    use crate::verdict::Verdict;

    #[test]
    fn a_failure_of_a_report_is_explained_in_full_and_a_pass_in_short() {
        let report = report_with(Verdict::Fail);
        let scenario = &report.scenarios[0];
        for id in [&scenario.id, &scenario.requirements[0]] {
            let text = last_run(&report, "/last.json", id).unwrap();
            assert!(text.starts_with("LAST RUN\n       From /last.json.\n\nfail  "), "{text}");
            for part in
                ["  expected  signals: TERM", "  actual    none", "svc -d web -> exit 0", "  again     svconform"]
            {
                assert!(text.contains(part), "{text}");
            }
            assert!(text.ends_with(&format!("\npass  {} on reference\n", scenario.id)), "{text}");
        }
        assert_eq!(last_run(&report, "/last.json", "svok/none"), None);
        assert_eq!(troubles(&report), format!("fail  {} on ours: expected signals: TERM\n", scenario.id));
        assert_eq!(troubles(&report_with(Verdict::Known)), "");
    }

    #[test]
    fn a_part_of_an_id_names_all_that_contain_it() {
        let several = ids("svok/");
        assert!(several.len() > 1 && several.iter().all(|id| id.starts_with("svok/")), "{several:?}");
        assert!(ids("OK-0").contains(&"OK-03") && !ids("OK-0").contains(&"LOCK-01"));
        assert!(list(&["OK-03"]).starts_with("OK-03\n       Without an argument"), "{}", list(&["OK-03"]));
        assert!(ids("nothing-such").is_empty());
    }

    #[test]
    fn a_page_has_the_sections_of_a_manual_page() {
        let page = page("OK-03").unwrap();
        for section in
            ["NAME\n       OK-03\n", "\nDESCRIPTION\n", "\nASPECTS\n", "\nPROVED BY\n       svok/", "\nSEE ALSO\n"]
        {
            assert!(page.contains(section), "{page}");
        }
        assert!(super::page("svok/nothing-such").is_none());
    }
}
