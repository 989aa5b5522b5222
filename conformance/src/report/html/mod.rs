//! The report as a page: one file without anything from elsewhere, which works without JavaScript as a plain table.
//!
//! `model` decides what is on the page, `markup` writes the tables, `script.js` filters them and opens the cases, from the
//! data that stands beside the tables.

mod escape;
mod markup;
mod model;

pub(crate) use escape::html as escaped;

use super::compare::Change;
use super::{Report, ScenarioEntry};
use std::hash::{DefaultHasher, Hasher};

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Returns the bytes of the report.
pub(super) fn render(report: &Report) -> Vec<u8> {
    page(&model::of_run(report))
}

/// Returns a page with the differences from `old` to `new`.
pub(crate) fn compare(old: &Report, new: &Report, changes: &[Change]) -> Vec<u8> {
    page(&model::of_changes(old, new, changes))
}

fn page(page: &model::Page) -> Vec<u8> {
    let data = serde_json::to_string(page).unwrap_or_default();
    document(&page.title, &markup::style(page), &markup::body(page), &data, SCRIPT)
}

/// Returns a page without a script.
pub(crate) fn plain(title: &str, body: &str) -> Vec<u8> {
    document(title, "", body, "{}", "")
}

/// Fills the template. `style` comes after the common style, and `data` is JSON.
fn document(title: &str, style: &str, body: &str, data: &str, script: &str) -> Vec<u8> {
    // Whoever writes a text into a report cannot know the nonce, so a script in it would not run. The same report gives
    // the same page.
    let mut hasher = DefaultHasher::new();
    hasher.write(body.as_bytes());
    hasher.write(data.as_bytes());
    let nonce = format!("{:016x}", hasher.finish());
    let (title, style, data) = (escape::html(title), format!("{STYLE}{style}"), escape::json(data));
    let values = [&nonce, &title, &style, body, &data, &nonce, script];
    let mut parts = TEMPLATE.split("{{");
    let mut text = parts.next().unwrap_or_default().to_owned();
    // A value may contain the marks of the template, so the template alone is split at them.
    for (part, value) in parts.zip(values) {
        text += value;
        text += part.split_once("}}").map_or("", |(_, rest)| rest);
    }
    text.into_bytes()
}

/// Returns the first part of a scenario's id: the program, or the subject, that it is filed under.
fn group(scenario: &ScenarioEntry) -> &str {
    scenario.id.split('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::compare::changes;
    use crate::report::tests::report_with;
    use crate::report::{Format, ScenarioEntry};
    use crate::requirement::Class;
    use crate::verdict::Verdict;

    const HOSTILE: &str = "</script><img src=x onerror=\"alert(1)\">{{nonce}}";

    fn rendered(report: &Report) -> String {
        String::from_utf8(render(report)).unwrap()
    }

    /// Returns the text of the element that begins with `start`, without marks and with single spaces.
    fn text_of(page: &str, start: &str, end: &str) -> String {
        let (_, rest) = page.split_once(start).unwrap_or_else(|| panic!("no {start} in {page}"));
        let part = rest.split_once(end).map_or(rest, |(part, _)| part);
        let without_marks = part.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
        without_marks.collect::<Vec<_>>().concat().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// A report with every verdict, some of them twice, in all classes.
    fn mixed() -> Report {
        let mut report = report_with(Verdict::Pass);
        report.scenarios.clear();
        for (index, verdict) in Verdict::ALL.into_iter().chain([Verdict::Fail, Verdict::Known]).enumerate() {
            for class in [Class::Doc, Class::Obs, Class::Ext] {
                let one = report_with(verdict).scenarios.remove(0);
                let id = format!("{}/{index}-{}", if index % 2 == 0 { "svc" } else { "multilog" }, class.word());
                report.scenarios.push(ScenarioEntry { id, class, ..one });
            }
        }
        report
    }

    #[test]
    fn the_counts_are_those_of_the_table() {
        let report = mixed();
        let (page, table) = (rendered(&report), String::from_utf8(Format::Table.render(&report)).unwrap());
        let table = table.split_whitespace().collect::<Vec<_>>().join(" ");
        for target in ["ours", "reference"] {
            for (class, kind) in [("doc", "promised by the manual"), ("obs", "observed"), ("ext", "extensions")] {
                let counts = text_of(&page, &format!("<td class=\"sum\" data-sum=\"{target} {class}\">"), "</td>");
                assert!(table.contains(&format!("{target}, {kind}: {counts}")), "{counts} is not in {table}");
            }
        }
    }

    #[test]
    fn each_result_is_a_cell() {
        let report = mixed();
        let page = rendered(&report);
        let (_, scenarios) = page.split_once("id=\"scenarios\"").unwrap();
        let (scenarios, _) = scenarios.split_once("id=\"requirements\"").unwrap();
        for verdict in Verdict::ALL {
            let all: usize = ["ours", "reference"]
                .into_iter()
                .flat_map(|target| {
                    [Class::Doc, Class::Obs, Class::Ext].map(|class| report.count(target, class, verdict))
                })
                .sum();
            assert_eq!(scenarios.matches(&format!("<td class={}>", verdict.word())).count(), all, "{verdict:?}");
        }
    }

    #[test]
    fn nothing_in_a_report_becomes_markup() {
        let mut report = report_with(Verdict::Fail);
        for target in &mut report.targets {
            target.name += HOSTILE;
            target.arguments += HOSTILE;
        }
        report.program = HOSTILE.to_owned();
        report.svconform = HOSTILE.to_owned();
        report.kept = Some(HOSTILE.to_owned());
        report.baseline = Some(format!("reference{HOSTILE}"));
        for result in &mut report.scenarios[0].results {
            result.target += HOSTILE;
            let run = result.judgement.run.as_mut().unwrap();
            run.steps[0].did = HOSTILE.to_owned();
            run.steps[0].saw = HOSTILE.to_owned();
            run.files[0].name = HOSTILE.to_owned();
            if let Some(failure) = &mut run.failure {
                failure.expected = HOSTILE.to_owned();
                failure.actual = HOSTILE.to_owned();
            }
        }
        report.scenarios[0].id += HOSTILE;
        report.scenarios[0].requirements.push(HOSTILE.to_owned());
        let known = Report { scenarios: report_with(Verdict::Known).scenarios, ..report_with(Verdict::Pass) };
        let changed = changes(&known, &report);
        for page in [rendered(&report), String::from_utf8(compare(&known, &report, &changed)).unwrap()] {
            assert!(!page.contains("<img"), "{page}");
            assert_eq!(page.matches("</script").count(), 2, "{page}");
            assert!(page.contains("{{nonce}}"), "{page}");
        }
    }

    #[test]
    fn a_page_needs_nothing_from_elsewhere() {
        let page = rendered(&mixed());
        for word in ["http://", "https://", "@import", "url("] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(page.contains("default-src 'none'"));
        assert_eq!(page, rendered(&mixed()));
    }

    #[test]
    fn a_page_of_changes_shows_what_changed_and_nothing_else() {
        let (old, new) = (report_with(Verdict::Pass), report_with(Verdict::Fail));
        let page = String::from_utf8(compare(&old, &new, &changes(&old, &new))).unwrap();
        assert!(page.contains("<td class=regressed>pass \u{2192} fail"), "{page}");
        assert!(page.contains("<td class=same>"), "{page}");
        let same = String::from_utf8(compare(&old, &old, &[])).unwrap();
        assert!(same.contains("Nothing changed"), "{same}");
    }

    /// The transcripts of passes fill most of a report, and nobody compares them.
    #[test]
    fn transcripts_are_there_where_something_differs() {
        assert!(!rendered(&report_with(Verdict::Pass)).contains("svc -d web"));
        let page = rendered(&report_with(Verdict::Fail));
        assert_eq!(page.matches("svc -d web").count(), 2, "{page}");
    }
}
