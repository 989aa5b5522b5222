//! A scenario or a requirement explained, laid out as a manual page.

use super::paragraph::wrapped;
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

fn of_scenario(scenario: &Scenario) -> Vec<(&'static str, Vec<String>)> {
    let promises = scenario.requirements.iter().filter_map(|id| requirement::find(id)).map(promise);
    let used = |one: &Use| match one {
        Use::Command(name) => format!("{name} of the target"),
        Use::Tool(name) => format!("the program {name}"),
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
