//! The report as JSON: the source of truth, from which every other format can be made.

use super::{Report, SCHEMA};

/// Returns the bytes of the report, ending in a newline.
pub(crate) fn render(report: &Report) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(report).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// Returns the report in `bytes`.
///
/// # Errors
/// In words: it is not a report, or it has another schema.
pub(crate) fn read(bytes: &[u8]) -> Result<Report, String> {
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| format!("not JSON: {error}"))?;
    match value["schema"].as_u64() {
        Some(schema) if schema == u64::from(SCHEMA) => {}
        Some(schema) => return Err(format!("a report of schema {schema}; this svconform reads schema {SCHEMA}")),
        None => return Err("not a report of svconform".to_owned()),
    }
    serde_json::from_value(value).map_err(|error| format!("not a report of svconform: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report_with;
    use crate::verdict::Verdict;

    #[test]
    fn a_report_survives_the_round_trip() {
        let bytes = render(&report_with(Verdict::Fail));
        let report = read(&bytes).unwrap();
        assert_eq!(report.scenarios[0].results[0].judgement.verdict, Some(Verdict::Fail));
        assert_eq!(render(&report), bytes);
    }

    #[test]
    fn other_files_and_other_schemas_are_refused() {
        assert!(read(b"{").unwrap_err().starts_with("not JSON"));
        assert_eq!(read(b"{}").unwrap_err(), "not a report of svconform");
        let other = read(b"{\"schema\": 99}").unwrap_err();
        assert_eq!(other, format!("a report of schema 99; this svconform reads schema {SCHEMA}"));
    }
}
