//! The tables of a page. They are complete without the script.

use super::escape;
use super::model::{Column, Page, Row};
use crate::requirement;
use std::collections::BTreeMap;
use std::fmt::Write;

/// How wide a scenario's name and the cell of a target are, in pixels.
const WIDTHS: (usize, usize) = (420, 92);

/// The classes, each with its heading.
const CLASSES: [(&str, &str); 3] =
    [("doc", "Promised by the manual"), ("obs", "Observed in the original"), ("ext", "Extensions")];

/// Returns the style that depends on the targets: where the table is wider than the window, a row becomes a block in which
/// each cell names its target.
pub(super) fn style(page: &Page) -> String {
    let mut style = String::new();
    for (index, column) in page.columns.iter().enumerate() {
        let _ = write!(style, ".matrix td:nth-child({}){{--target:{}}}", index + 2, escape::css(&column.name));
    }
    let width = WIDTHS.0 + WIDTHS.1 * page.columns.len();
    let _ = write!(style, "@media screen and (max-width:{width}px){{{}}}", include_str!("narrow.css"));
    style
}

/// Returns all between the body's tags.
pub(super) fn body(page: &Page) -> String {
    let mut text = String::new();
    let _ = write_body(page, &mut text);
    text
}

fn write_body(page: &Page, out: &mut String) -> std::fmt::Result {
    writeln!(out, "<header class=\"top\"><h1>{}</h1>", escape::html(&page.title))?;
    for fact in &page.facts {
        writeln!(out, "<p>{}</p>", escape::html(fact))?;
    }
    writeln!(out, "</header>\n<main>")?;
    write_counts(page, out)?;
    writeln!(out, "<details class=\"legend\"><summary>What the words mean</summary><dl>")?;
    for (category, meaning) in &page.legend {
        writeln!(out, "<dt class=\"{category}\">{}</dt><dd>{meaning}</dd>", category.replace('-', " "))?;
    }
    writeln!(out, "</dl></details>")?;
    writeln!(out, "<form id=\"filters\" class=\"filters\" hidden></form>")?;
    writeln!(out, "<section id=\"scenarios\" aria-label=\"Scenarios\">")?;
    for (name, rows) in grouped(page) {
        write_group(page, name, &rows, out)?;
    }
    writeln!(out, "</section>")?;
    if !page.is_comparison {
        writeln!(out, "<section id=\"requirements\" aria-label=\"Requirements\">")?;
        write_requirements(page, out)?;
        writeln!(out, "</section>")?;
    }
    writeln!(out, "<p id=\"nothing\" hidden>Nothing matches these filters. <a href=\"#\">Show everything</a></p>")?;
    write_cases(page, out)?;
    writeln!(out, "</main>\n<dialog id=\"case\" aria-labelledby=\"case-name\"></dialog>")
}

/// Returns the rows by their groups, in the order in which the groups appear.
fn grouped(page: &Page) -> Vec<(&str, Vec<(usize, &Row)>)> {
    let mut groups: Vec<(&str, Vec<(usize, &Row)>)> = vec![];
    for (index, row) in page.rows.iter().enumerate() {
        match groups.iter_mut().find(|(name, _)| *name == row.group) {
            Some((_, rows)) => rows.push((index, row)),
            None => groups.push((&row.group, vec![(index, row)])),
        }
    }
    groups
}

fn write_counts(page: &Page, out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "<table class=\"counts\"><caption>Results per target</caption><thead><tr><th scope=\"col\">Target</th>"
    )?;
    // Most reports have no extensions.
    let counted =
        CLASSES.into_iter().filter(|(class, _)| *class != "ext" || page.rows.iter().any(|row| row.class == *class));
    for (_, heading) in counted.clone() {
        writeln!(out, "<th scope=\"col\">{heading}</th>")?;
    }
    writeln!(out, "</tr></thead><tbody>")?;
    for (index, column) in page.columns.iter().enumerate() {
        let name = escape::html(&column.name);
        let mark = if column.is_baseline { " <small>baseline</small>" } else { "" };
        write!(out, "<tr><th scope=\"row\">{name}{mark}</th>")?;
        for (class, _) in counted.clone() {
            let count = |category: &str| {
                let mine = page.rows.iter().filter(|row| row.class == class);
                mine.filter(|row| row.cells[index].category == category).count()
            };
            let all: usize = page.categories.iter().map(|category| count(category)).sum();
            let bar = |category: &&str| match count(category) {
                0 => String::new(),
                some => format!("<i class=\"{category}\" style=\"flex:{some}\"></i>"),
            };
            let bar: String = page.categories.iter().map(bar).collect();
            let shown = page.categories.iter().filter(|category| count(category) > 0 || **category == "pass");
            let shown = shown.map(|category| {
                let (n, target) = (count(category), escape::fragment(&column.name));
                let link = format!("#verdict={category}&amp;target={target}&amp;class={class}");
                format!("<a class=\"{category}\" href=\"{link}\">{n} {}</a>", category.replace('-', " "))
            });
            let shown = shown.collect::<Vec<_>>().join(", ");
            write!(
                out,
                "<td class=\"sum\" data-sum=\"{name} {class}\"><span class=\"bar\" aria-hidden=\"true\">{bar}</span>"
            )?;
            write!(out, "{}</td>", if all == 0 && page.is_comparison { "no change".to_owned() } else { shown })?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table>")
}

fn write_head(first: &str, columns: &[Column], out: &mut String) -> std::fmt::Result {
    write!(out, "<thead><tr><th scope=\"col\">{}</th>", escape::html(first))?;
    for column in columns {
        write!(out, "<th scope=\"col\">{}</th>", escape::html(&column.name))?;
    }
    writeln!(out, "</tr></thead>")
}

fn write_group(page: &Page, name: &str, rows: &[(usize, &Row)], out: &mut String) -> std::fmt::Result {
    let name = escape::html(name);
    writeln!(out, "<section class=\"group\" data-group=\"{name}\"><h2>{name}</h2>")?;
    writeln!(out, "<table class=\"matrix\" aria-label=\"{name}: scenarios by target\">")?;
    write_head("Scenario", &page.columns, out)?;
    for (class, heading) in CLASSES {
        let rows: Vec<_> = rows.iter().filter(|(_, row)| row.class == class).collect();
        if rows.is_empty() {
            continue;
        }
        writeln!(out, "<tbody class=\"{class}\">{}", class_heading(heading, page.columns.len()))?;
        for (index, row) in rows {
            write!(out, "<tr data-row=\"{index}\"><th scope=\"row\">{} <small>", escape::html(&row.id))?;
            write!(out, "{}</small></th>", escape::html(&row.requirements.join(" ")))?;
            for cell in &row.cells {
                write!(out, "<td class={}>{}", cell.category, escape::html(&cell.words))?;
            }
            writeln!(out, "</tr>")?;
        }
        writeln!(out, "</tbody>")?;
    }
    writeln!(out, "</table></section>")
}

fn class_heading(heading: &str, columns: usize) -> String {
    format!("<tr class=\"class\"><th colspan=\"{}\" scope=\"rowgroup\">{heading}</th></tr>", columns + 1)
}

/// Returns `text` with the parts in backticks as code.
fn prose(text: &str) -> String {
    let part = |(index, part): (usize, &str)| match (index % 2, escape::html(part)) {
        (1, part) => format!("<code>{part}</code>"),
        (_, part) => part,
    };
    text.split('`').enumerate().map(part).collect()
}

/// Writes a row per requirement. A cell has the worst result of the scenarios that prove it.
fn write_requirements(page: &Page, out: &mut String) -> std::fmt::Result {
    let known = |id: &str| requirement::all().position(|one| one.id == id).unwrap_or(usize::MAX);
    let mut ids: Vec<&str> = page.requirements.keys().map(String::as_str).collect();
    ids.sort_by_key(|id| (known(id), *id));
    let mut subjects: Vec<(&str, Vec<&str>)> = vec![];
    for id in ids {
        let subject = requirement::subject(id);
        match subjects.iter_mut().find(|(known, _)| *known == subject) {
            Some((_, ids)) => ids.push(id),
            None => subjects.push((subject, vec![id])),
        }
    }
    for (subject, ids) in subjects {
        let subject = escape::html(subject);
        writeln!(out, "<section class=\"group\"><h2>{subject}</h2>")?;
        writeln!(out, "<table class=\"matrix\" aria-label=\"Requirements by target: {subject}\">")?;
        write_head("Requirement", &page.columns, out)?;
        for (class, heading) in CLASSES {
            let ids: Vec<&&str> =
                ids.iter().filter(|id| page.requirements[**id].class.replace("bug", "obs") == class).collect();
            if ids.is_empty() {
                continue;
            }
            writeln!(out, "<tbody class=\"{class}\">{}", class_heading(heading, page.columns.len()))?;
            for id in ids {
                write_requirement(page, id, out)?;
            }
            writeln!(out, "</tbody>")?;
        }
        writeln!(out, "</table></section>")?;
    }
    Ok(())
}

fn write_requirement(page: &Page, id: &str, out: &mut String) -> std::fmt::Result {
    let requirement = &page.requirements[id];
    let name = escape::html(id);
    write!(
        out,
        "<tr data-requirement=\"{name}\"><th scope=\"row\"><a href=\"#text={}\">{name}</a> ",
        escape::fragment(id)
    )?;
    write!(
        out,
        "<span>{}</span> <small>{}</small></th>",
        prose(requirement.promise),
        escape::html(requirement.source)
    )?;
    for column in 0..page.columns.len() {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for row in page.rows.iter().filter(|row| row.concerned(column).any(|one| one == id)) {
            let category = row.cells[column].category;
            if let Some(order) = page.categories.iter().position(|one| *one == category) {
                *counts.entry(order).or_default() += 1;
            }
        }
        let all: usize = counts.values().sum();
        match counts.last_key_value().map(|(order, count)| (page.categories[*order], *count)) {
            None => write!(out, "<td class=none>-")?,
            Some((category, count)) if count == all => write!(out, "<td class={category}>{category}")?,
            Some((category, count)) => write!(out, "<td class={category}>{category} {count}/{all}")?,
        }
    }
    writeln!(out, "</tr>")
}

/// Writes what did not pass as a list, for those without the script.
fn write_cases(page: &Page, out: &mut String) -> std::fmt::Result {
    writeln!(out, "<noscript><section class=\"cases\"><h2>What did not pass, and why</h2><dl>")?;
    for row in &page.rows {
        for (column, cell) in page.columns.iter().zip(&row.cells) {
            let facts = cell.sentences();
            if facts.is_empty() {
                continue;
            }
            let (id, name, words) = (escape::html(&row.id), escape::html(&column.name), escape::html(&cell.words));
            writeln!(out, "<dt>{id} on {name}: {words}</dt>")?;
            facts.iter().try_for_each(|(label, fact)| writeln!(out, "<dd>{label}: {}</dd>", escape::html(fact)))?;
            writeln!(out, "<dd>again: <code>{}</code></dd>", escape::html(&column.again(&row.id)))?;
        }
    }
    writeln!(out, "</dl></section></noscript>")
}
