//! The report of `bench` as data: the source of truth, from which every other format is made.

use super::statistics::Summary;
use super::subject::Better;
use crate::outcome::{Failure, FailureKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The version of the report's shape: raised when a reader of the previous one would go wrong.
pub(crate) const SCHEMA: u32 = 1;
/// What tells the report of `bench` from that of `run`.
pub(crate) const KIND: &str = "bench";

/// How the reason begins that a target lacks a command.
const NO_COMMAND: &str = "skipped: the target has no command ";

/// A run of `svconform bench`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BenchReport {
    /// [`KIND`].
    pub(crate) kind: String,
    /// [`SCHEMA`].
    pub(crate) schema: u32,
    /// The version of svconform.
    pub(crate) svconform: String,
    /// The targets, in the order of the columns.
    pub(crate) targets: Vec<TargetEntry>,
    /// The target that ratios refer to.
    pub(crate) baseline: String,
    /// The number of services.
    pub(crate) services: usize,
    /// The number of rounds.
    pub(crate) rounds: usize,
    /// How long the run took.
    pub(crate) milliseconds: u64,
    /// Whether it was interrupted.
    pub(crate) interrupted: bool,
    /// The machine.
    pub(crate) machine: Machine,
    /// The figures that were selected.
    pub(crate) figures: Vec<FigureEntry>,
}

/// A target of a report.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TargetEntry {
    /// Its name.
    pub(crate) name: String,
    /// The arguments that select it again, quoted for a shell.
    pub(crate) arguments: String,
}

/// The machine, and how noisy it was.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// How many processors the run could use.
    pub(crate) processors: usize,
    /// The release of the kernel.
    pub(crate) kernel: String,
    /// Where the services and logs were.
    pub(crate) directory: String,
    /// Milliseconds that a fixed piece of work took, before each measurement.
    pub(crate) yardstick: Option<Summary>,
}

/// A figure of a report.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FigureEntry {
    /// Its id.
    pub(crate) id: String,
    /// What it is.
    pub(crate) title: String,
    /// The unit of its values.
    pub(crate) unit: String,
    /// Which values are good.
    pub(crate) better: Better,
    /// A result per target, in the order of the targets.
    pub(crate) results: Vec<FigureResult>,
}

/// What a figure came to on a target.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FigureResult {
    /// The name of the target.
    pub(crate) target: String,
    /// All samples, in the order in which they were taken.
    pub(crate) samples: Vec<f64>,
    /// Their median and spread; `None` without samples.
    pub(crate) summary: Option<Summary>,
    /// The median as a multiple of the baseline's.
    pub(crate) ratio: Option<f64>,
    /// Why there are no samples, or fewer than others have.
    pub(crate) failure: Option<Failure>,
}

impl FigureResult {
    /// Returns why there are no samples, or fewer than others have, without a full stop.
    pub(crate) fn reason(&self) -> String {
        let Some(failure) = &self.failure else { return "not measured".to_owned() };
        match failure.kind {
            FailureKind::Missing => format!("skipped: {}", failure.actual),
            FailureKind::Broken => format!("svconform broke: {}", failure.actual),
            FailureKind::Mismatch | FailureKind::Timeout => {
                format!("failed: {}; actual: {}", failure.sentence(), failure.actual)
            }
        }
    }
}

impl Machine {
    /// Returns how noisy the machine was, in words.
    pub(crate) fn noise(&self) -> String {
        let Some(yardstick) = self.yardstick else { return "not known".to_owned() };
        let share = yardstick.noise();
        let word = match share {
            _ if share < 0.03 => "quiet",
            _ if share < 0.1 => "noisy",
            _ => "very noisy: do not trust small differences",
        };
        format!("{word} (running /bin/true took {:.2} ms, give or take {:.0}%)", yardstick.median, share * 100.0)
    }
}

impl BenchReport {
    /// Returns the exit code: 3 if svconform broke or was interrupted, 1 if a target failed, otherwise 0.
    pub(crate) fn exit_code(&self) -> u8 {
        let results = || self.figures.iter().flat_map(|figure| &figure.results);
        let failed = |kind| results().any(|one| one.failure.as_ref().is_some_and(|failure| failure.kind == kind));
        if self.interrupted || failed(FailureKind::Broken) {
            return 3;
        }
        u8::from(failed(FailureKind::Mismatch) || failed(FailureKind::Timeout))
    }

    /// Returns the targets for which figures are missing, each with the reasons.
    pub(crate) fn reasons(&self) -> Vec<(&str, Vec<String>)> {
        let of_target = |target: &TargetEntry| {
            let results = self.figures.iter().flat_map(|figure| &figure.results);
            let mine = results.filter(|result| result.target == target.name);
            let missing = mine.filter(|one| one.failure.is_some() || one.summary.is_none()).map(FigureResult::reason);
            joined(missing.collect::<BTreeSet<_>>())
        };
        let all = self.targets.iter().map(|target| (target.name.as_str(), of_target(target)));
        all.filter(|(_, reasons)| !reasons.is_empty()).collect()
    }

    /// Returns the bytes of the report as JSON, ending in a newline.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

/// Returns whether `bytes` look like a report of `bench`, whatever its schema.
pub(crate) fn is_bench(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(bytes).is_ok_and(|value| value["kind"] == KIND)
}

/// Returns the report in `bytes`.
///
/// # Errors
/// In words: it is not a report of `bench`, or it has another schema.
pub(crate) fn read(bytes: &[u8]) -> Result<BenchReport, String> {
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| format!("not JSON: {error}"))?;
    if value["kind"] != KIND {
        return Err("not a report of svconform bench".to_owned());
    }
    if value["schema"] != SCHEMA {
        return Err(format!("a report of schema {}; this svconform reads schema {SCHEMA}", value["schema"]));
    }
    serde_json::from_value(value).map_err(|error| format!("not a report of svconform bench: {error}"))
}

/// Joins the reasons that a command is missing into one, and leaves the others as they are.
fn joined(reasons: BTreeSet<String>) -> Vec<String> {
    let (mut others, mut missing) = (vec![], vec![]);
    for reason in reasons {
        match reason.strip_prefix(NO_COMMAND) {
            Some(name) => missing.push(name.to_owned()),
            None => others.push(reason),
        }
    }
    if !missing.is_empty() {
        others.push(format!("{NO_COMMAND}{}", missing.join(", ")));
    }
    others
}

/// Returns `value` with three significant digits.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 || size == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// Returns `ratio` with at least two digits that count, and an `x`.
pub(crate) fn times(ratio: f64) -> String {
    match ratio {
        _ if ratio >= 9.995 => format!("{}x", number(ratio)),
        _ if ratio >= 0.0995 => format!("{ratio:.2}x"),
        _ => format!("{ratio:.4}x"),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A report of one figure on `ours` and `reference`, with these samples.
    pub(crate) fn report_with(ours: &[f64], reference: &[f64], better: Better) -> BenchReport {
        let base = Summary::of(reference);
        let result = |target: &str, samples: &[f64]| FigureResult {
            target: target.to_owned(),
            samples: samples.to_vec(),
            summary: Summary::of(samples),
            ratio: Summary::of(samples).zip(base).map(|(one, base)| one.median / base.median),
            failure: samples.is_empty().then(|| Failure::missing("the target has no command multilog")),
        };
        let entry = |name: &str| TargetEntry { name: name.to_owned(), arguments: format!("--target {name}=/there") };
        BenchReport {
            kind: KIND.to_owned(),
            schema: SCHEMA,
            svconform: "0".to_owned(),
            targets: ["ours", "reference"].map(entry).into(),
            baseline: "reference".to_owned(),
            services: 100,
            rounds: 3,
            milliseconds: 20,
            interrupted: false,
            machine: Machine {
                processors: 2,
                kernel: "3.10".to_owned(),
                directory: "/dev/shm".to_owned(),
                yardstick: Summary::of(&[1.0, 1.0, 1.2]),
            },
            figures: vec![FigureEntry {
                id: "throughput/multilog".to_owned(),
                title: "multilog, 100-byte lines".to_owned(),
                unit: "MB/s".to_owned(),
                better,
                results: vec![result("ours", ours), result("reference", reference)],
            }],
        }
    }

    #[test]
    fn a_report_survives_the_round_trip() {
        let bytes = report_with(&[600.0, 610.0], &[100.0], Better::Higher).to_json();
        assert!(is_bench(&bytes));
        assert_eq!(read(&bytes).unwrap().to_json(), bytes);
    }

    #[test]
    fn other_files_and_other_schemas_are_refused() {
        assert!(read(b"{").unwrap_err().starts_with("not JSON"));
        assert_eq!(read(b"{\"schema\": 2}").unwrap_err(), "not a report of svconform bench");
        let other = read(b"{\"kind\": \"bench\", \"schema\": 99}").unwrap_err();
        assert_eq!(other, format!("a report of schema 99; this svconform reads schema {SCHEMA}"));
    }

    #[test]
    fn a_missing_command_is_no_failure_but_a_wrong_end_is() {
        let mut report = report_with(&[], &[100.0], Better::Higher);
        assert_eq!(report.exit_code(), 0);
        assert_eq!(report.reasons(), [("ours", vec!["skipped: the target has no command multilog".to_owned()])]);
        report.figures[0].results[0].failure = Some(Failure::mismatch("exit 0", "exit 111"));
        assert_eq!(report.exit_code(), 1);
        report.figures[0].results[0].failure = Some(Failure::broken("no space"));
        assert_eq!(report.exit_code(), 3);
        assert_eq!(BenchReport { interrupted: true, ..report_with(&[1.0], &[1.0], Better::Higher) }.exit_code(), 3);
    }

    #[test]
    fn missing_commands_are_one_reason() {
        let reasons = [
            "failed: expected exit 0",
            "skipped: the target has no command svc",
            "skipped: the target has no command svok",
        ];
        let reasons = joined(reasons.into_iter().map(str::to_owned).collect());
        assert_eq!(reasons, ["failed: expected exit 0", "skipped: the target has no command svc, svok"]);
    }

    #[test]
    fn numbers_have_three_digits() {
        assert_eq!([1234.5, 99.94, 1.234, 0.01234, 0.0].map(number), ["1234", "99.9", "1.23", "0.012", "0.00"]);
        assert_eq!([922.0, 12.34, 0.9996, 0.547, 0.0012].map(times), ["922x", "12.3x", "1.00x", "0.55x", "0.0012x"]);
    }
}
