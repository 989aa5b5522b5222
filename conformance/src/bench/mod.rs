//! Measures how fast targets are: the same services and the same lines on each of them, in turns.

mod clients;
mod compare;
mod drive;
mod fleet;
mod latency;
mod memory;
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
pub(crate) use report::BenchReport;

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
}

impl Format {
    /// Returns the bytes of `report` in this format.
    pub(crate) fn render(self, report: &BenchReport) -> Vec<u8> {
        match self {
            Format::Table => table::render(report),
            Format::Json => report.to_json(),
            Format::Markdown => table::markdown(report),
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
    if let Some(filter) = filters.iter().find(|filter| !subjects().any(|subject| subject.matches(filter))) {
        return Err(format!("no figure matches {filter}"));
    }
    let is_selected = |subject: &&Subject| filters.is_empty() || filters.iter().any(|filter| subject.matches(filter));
    Ok(subjects().filter(is_selected).collect())
}

/// Returns whether `filters` select `figure` of a subject that was measured.
pub(crate) fn wants(figure: &Figure, filters: &[String]) -> bool {
    filters.is_empty() || filters.iter().any(|filter| figure.id.contains(filter.as_str()))
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
        assert_eq!(ids("no-such-thing").unwrap_err(), "no figure matches no-such-thing");
        assert_eq!(select(&[]).unwrap().len(), subjects().count());
    }
}
