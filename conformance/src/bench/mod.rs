//! Measures how fast targets are: the same services and the same lines on each of them, in turns.

mod chart;
mod clients;
mod compare;
mod drive;
mod fleet;
mod latency;
mod memory;
mod page;
pub(crate) mod report;
mod startup;
mod statistics;
mod subject;
pub(crate) mod table;
mod throughput;
mod trees;
pub(crate) mod worker;

pub(crate) use compare::compare;
pub(crate) use drive::{Plan, measure};
pub(crate) use page::of_changes as changes_page;
pub(crate) use report::BenchReport;

use std::fs;
use std::io;
use std::path::Path;
use subject::{Figure, Subject};

/// The formats of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Median, spread and ratio of each figure on each target
    Table,
    /// The whole report, from which every other format can be made
    Json,
    /// A table to publish
    Markdown,
    /// A page with the charts and the table, in one file
    Html,
}

impl Format {
    /// Returns the bytes of `report` in this format.
    pub(crate) fn render(self, report: &BenchReport) -> Vec<u8> {
        match self {
            Format::Table => table::render(report),
            Format::Json => report.to_json(),
            Format::Markdown => table::markdown(report),
            Format::Html => page::render(report),
        }
    }
}

/// Returns all subjects, in the order of the report.
fn subjects() -> impl Iterator<Item = &'static Subject> {
    let lists = [
        trees::SUBJECTS,
        latency::SUBJECTS,
        memory::SUBJECTS,
        clients::SUBJECTS,
        throughput::SUBJECTS,
        startup::SUBJECTS,
    ];
    lists.into_iter().flatten()
}

/// Returns the subjects that `filters` select, or all without filters.
///
/// # Errors
/// In words: a filter selects nothing.
pub(crate) fn select(filters: &[String]) -> Result<Vec<&'static Subject>, String> {
    let selects = |filter: &String| subjects().any(|subject| subject.is_selected(std::slice::from_ref(filter)));
    if let Some(filter) = filters.iter().find(|filter| !selects(filter)) {
        return Err(format!("no figure matches {filter}; svconform list --figures prints all"));
    }
    Ok(subjects().filter(|subject| subject.is_selected(filters)).collect())
}

/// Returns a line for each figure that `filters` select: its id, its unit and what it is.
///
/// # Errors
/// In words: a filter selects nothing.
pub(crate) fn list(filters: &[String]) -> Result<String, String> {
    let subjects = select(filters)?;
    let figures = || subjects.iter().flat_map(|subject| subject.figures).filter(|figure| figure.is_selected(filters));
    let width = figures().map(|figure| figure.id.len()).max().unwrap_or(0);
    let line =
        |figure: &Figure| format!("{:width$}  {}, in {}\n", figure.id, figure.title.replace("{N}", "N"), figure.unit);
    Ok(figures().map(line).collect())
}

/// Returns the commands that figures are about.
pub(crate) fn commands() -> Vec<&'static str> {
    subjects().flat_map(|subject| subject.commands).copied().collect()
}

/// Writes the charts of `report`, a file per figure, to `directory`, which is made if it does not exist.
///
/// # Errors
/// If a file cannot be written.
pub(crate) fn write_charts(report: &BenchReport, directory: &Path) -> io::Result<()> {
    let in_place = |path: &Path, error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    fs::create_dir_all(directory).map_err(|error| in_place(directory, error))?;
    for figure in &report.figures {
        let path = directory.join(chart::file_name(figure));
        fs::write(&path, chart::render(figure, &report.baseline)?).map_err(|error| in_place(&path, error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_unique_and_those_of_figures_begin_with_the_subject_s() {
        let ids: Vec<&str> = subjects().flat_map(|subject| subject.figures).map(|figure| figure.id).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        for subject in subjects() {
            assert!(subject.figures.iter().all(|figure| figure.id.starts_with(subject.id)), "{}", subject.id);
        }
    }

    #[test]
    fn a_filter_is_a_part_of_an_id() {
        let ids =
            |filter: &str| select(&[filter.to_owned()]).map(|all| all.iter().map(|one| one.id).collect::<Vec<_>>());
        assert_eq!(ids("tai64n").unwrap(), ["throughput/tai64n", "throughput/tai64nlocal"]);
        assert_eq!(
            ids("no-such-thing").unwrap_err(),
            "no figure matches no-such-thing; svconform list --figures prints all"
        );
        assert_eq!(select(&[]).unwrap().len(), subjects().count());
        let lines = list(&["tree/up/cpu".to_owned()]).unwrap();
        assert_eq!(lines, "tree/up/cpu  processor time to start one of N services, shell and sleep included, in ms\n");
    }
}
