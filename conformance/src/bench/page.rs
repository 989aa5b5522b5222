//! The report of `bench` as a page: a chart per figure, and the table.

use super::chart;
use super::report::BenchReport;
use super::table::{cell, conditions, unit};
use crate::report::html::{escaped, plain};
use std::fmt::Write;

const TITLE: &str = "Speed and size of supervisors";

/// Returns the bytes of the report.
pub(super) fn render(report: &BenchReport) -> Vec<u8> {
    let mut body = String::new();
    let _ = write(report, &mut body);
    plain(TITLE, &body)
}

/// Returns a page with `text`, which lists the differences between two reports.
pub(crate) fn of_changes(text: &str) -> Vec<u8> {
    let mut body = String::from("<header class=\"top\"><h1>What changed in speed and size</h1></header><main><ul>");
    for line in text.lines() {
        let kind = line.split_whitespace().next().unwrap_or_default();
        let class = ["slower", "gone", "new"].into_iter().find(|known| *known == kind).unwrap_or("fixed");
        let _ = write!(body, "<li class=\"{class}\">{}</li>", escaped(line));
    }
    plain("What changed in speed and size", &(body + "</ul></main>"))
}

fn write(report: &BenchReport, out: &mut String) -> std::fmt::Result {
    writeln!(out, "<header class=\"top\"><h1>{TITLE}</h1>")?;
    for line in conditions(report).lines() {
        writeln!(out, "<p>{}</p>", escaped(line))?;
    }
    writeln!(
        out,
        "</header><main><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table of all figures\">"
    )?;
    write!(out, "<table class=\"figures\"><thead><tr><th scope=\"col\">Figure</th>")?;
    for target in &report.targets {
        write!(out, "<th scope=\"col\">{}</th>", escaped(&target.name))?;
    }
    writeln!(out, "</tr></thead><tbody>")?;
    for figure in &report.figures {
        write!(out, "<tr><th scope=\"row\">{} <small>{}</small></th>", escaped(&figure.title), escaped(&unit(figure)))?;
        for result in &figure.results {
            write!(out, "<td>{}</td>", escaped(&cell(result, &report.baseline)))?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></div>")?;
    for (target, reasons) in report.reasons() {
        writeln!(out, "<p><small>{}, not measured: {}</small></p>", escaped(target), escaped(&reasons.join("; ")))?;
    }
    for figure in &report.figures {
        // The drawing repeats the row of the table, which a screen reader reads better.
        let svg = chart::render(figure, &report.baseline).unwrap_or_default();
        writeln!(out, "<figure class=\"figure\" aria-hidden=\"true\">{svg}</figure>")?;
    }
    writeln!(out, "</main>")
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::report_with;
    use super::super::subject::Better;
    use super::*;

    #[test]
    fn a_page_has_the_table_and_a_chart_per_figure() {
        let page = String::from_utf8(render(&report_with(&[600.0, 620.0], &[100.0], Better::Higher))).unwrap();
        assert_eq!(page.matches("<svg").count(), 1, "{page}");
        assert!(page.contains("<td>610 \u{b1} 5.00 (6.10x)</td><td>100 \u{b1} 0.00</td>"), "{page}");
        assert!(page.contains("ratios to reference"), "{page}");
    }

    #[test]
    fn nothing_in_a_report_becomes_markup() {
        let hostile = "</script><img src=x onerror=\"alert(1)\">";
        let mut report = report_with(&[], &[100.0], Better::Higher);
        report.baseline = hostile.to_owned();
        report.machine.directory = hostile.to_owned();
        report.targets[0].name = hostile.to_owned();
        report.figures[0].title = hostile.to_owned();
        report.figures[0].unit = hostile.to_owned();
        report.figures[0].results[0].target = hostile.to_owned();
        report.figures[0].results[0].failure.as_mut().unwrap().actual = hostile.to_owned();
        for page in [render(&report), of_changes(hostile)] {
            let page = String::from_utf8(page).unwrap();
            assert!(!page.contains("<img"), "{page}");
        }
    }
}
