//! Two reports of `bench` compared: what became slower by more than the noise.

use super::report::{BenchReport, FigureEntry, FigureResult, number};
use super::statistics::{Summary, ratio};
use super::subject::Better;
use std::fmt::Write;

/// Differences smaller than this share of the old median are never called a change: so much comes from where the linker
/// puts code and where the kernel puts pages.
const SMALLEST: f64 = 0.05;

/// How a figure of a target changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Slower,
    Gone,
    Faster,
    New,
}

/// Returns a line per change, the worst first, and whether anything became slower or is gone.
///
/// # Errors
/// In words: the two cannot be compared.
pub(crate) fn compare(old: &BenchReport, new: &BenchReport) -> Result<(String, bool), String> {
    if old.services != new.services {
        let (old, new) = (old.services, new.services);
        return Err(format!("one report is of {old} services and the other of {new}, so they cannot be compared"));
    }
    let machine = [old, new].map(|report| report.machine.yardstick.map_or(0.0, |yardstick| yardstick.noise()));
    let machine = machine[0].max(machine[1]);
    let (before, after) = (results(old), results(new));
    let find = |list: &[(&FigureEntry, &FigureResult)], figure: &FigureEntry, result: &FigureResult| {
        let found = list.iter().find(|(other, one)| other.id == figure.id && one.target == result.target);
        found.and_then(|(_, one)| one.summary)
    };
    let mut changes: Vec<(Change, String)> = vec![];
    for (figure, result) in &before {
        let Some(was) = result.summary else { continue };
        let place = format!("{} on {}", figure.id, result.target);
        match find(&after, figure, result) {
            None => changes.push((Change::Gone, place)),
            Some(is) => {
                let Some(change) = change(was, is, figure.better, machine) else { continue };
                let times = ratio(is.median, was.median).map_or_else(String::new, |times| format!(" ({times:.2}x)"));
                let (was, is) = (number(was.median), number(is.median));
                changes.push((change, format!("{place}: {was} -> {is} {}{times}", figure.unit)));
            }
        }
    }
    for (figure, result) in &after {
        if result.summary.is_some() && find(&before, figure, result).is_none() {
            changes.push((Change::New, format!("{} on {}", figure.id, result.target)));
        }
    }
    changes.sort();
    let bad = changes.iter().filter(|(change, _)| matches!(change, Change::Slower | Change::Gone)).count();
    let mut text = String::new();
    for (change, words) in &changes {
        let _ = writeln!(text, "{:6}  {words}", change.word());
    }
    let _ = writeln!(text, "{} changes beyond the noise, {bad} of them for the worse", changes.len());
    Ok((text, bad > 0))
}

impl Change {
    fn word(self) -> &'static str {
        match self {
            Change::Slower => "slower",
            Change::Gone => "gone",
            Change::Faster => "faster",
            Change::New => "new",
        }
    }
}

/// Returns all results, each with its figure.
fn results(report: &BenchReport) -> Vec<(&FigureEntry, &FigureResult)> {
    report.figures.iter().flat_map(|figure| figure.results.iter().map(move |result| (figure, result))).collect()
}

/// Returns how `is` differs from `was`, or `None` if the noise explains the difference: the spreads of both, and `machine`,
/// the noise of the machine as a share.
fn change(was: Summary, is: Summary, better: Better, machine: f64) -> Option<Change> {
    let noise = was.spread + is.spread + machine.max(SMALLEST) * was.median;
    let worse = match better {
        Better::Lower => is.median - was.median,
        Better::Higher => was.median - is.median,
    };
    match worse {
        _ if worse > noise => Some(Change::Slower),
        _ if worse < -noise => Some(Change::Faster),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::report_with;
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(100.0, 120.0, Better::Lower, 0.0, Some(Change::Slower))]
    #[case(100.0, 120.0, Better::Higher, 0.0, Some(Change::Faster))]
    #[case(100.0, 80.0, Better::Higher, 0.0, Some(Change::Slower))]
    #[case(100.0, 120.0, Better::Lower, 0.3, None)]
    #[case(100.0, 104.0, Better::Lower, 0.0, None)]
    #[case(0.0, 4.0, Better::Lower, 0.1, Some(Change::Slower))]
    #[case(0.0, 0.0, Better::Lower, 0.1, None)]
    fn a_change_is_larger_than_the_noise(
        #[case] was: f64,
        #[case] is: f64,
        #[case] better: Better,
        #[case] machine: f64,
        #[case] expected: Option<Change>,
    ) {
        let [was, is] = [was, is].map(|median| Summary { median, spread: 0.0 });
        assert_eq!(change(was, is, better, machine), expected);
        let wide = Summary { spread: 1000.0, ..is };
        assert_eq!(change(was, wide, better, machine), None);
    }

    #[test]
    fn what_became_slower_or_is_gone_is_bad() {
        let report = |ours: &[f64]| report_with(ours, &[100.0], Better::Higher);
        let (text, bad) = compare(&report(&[600.0]), &report(&[300.0])).unwrap();
        assert!(bad && text.starts_with("slower  throughput/multilog on ours: 600 -> 300 MB/s (0.50x)\n"), "{text}");
        assert!(compare(&report(&[600.0]), &report(&[])).unwrap().1);
        assert!(!compare(&report(&[]), &report(&[600.0])).unwrap().1);
        let (text, bad) = compare(&report(&[600.0]), &report(&[605.0])).unwrap();
        assert_eq!((&*text, bad), ("0 changes beyond the noise, 0 of them for the worse\n", false));
    }

    #[test]
    fn different_numbers_of_services_cannot_be_compared() {
        let old = report_with(&[1.0], &[1.0], Better::Lower);
        let new = BenchReport { services: 7, ..report_with(&[1.0], &[1.0], Better::Lower) };
        assert!(compare(&old, &new).unwrap_err().starts_with("one report is of 100 services and the other of 7"));
    }
}
