//! The report as JSON: the source of truth, from which every other format can be made.

use super::{Report, SCHEMA};

/// The bytes of the report, ending in a newline.
pub(crate) fn render(report: &Report) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(report).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// The report in `bytes`.
///
/// # Errors
/// In words: it is no report, or one of another schema.
pub(crate) fn read(bytes: &[u8]) -> Result<Report, String> {
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| format!("no JSON: {error}"))?;
    match value["schema"].as_u64() {
        Some(schema) if schema == u64::from(SCHEMA) => {}
        Some(schema) => return Err(format!("a report of schema {schema}, and this reads {SCHEMA}")),
        None => return Err("no report of svconform".to_owned()),
    }
    serde_json::from_value(value).map_err(|error| format!("no report of svconform: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Verdict, tests::report_with};

    #[test]
    fn what_is_written_can_be_read() {
        let bytes = render(&report_with(Verdict::Fail));
        let report = read(&bytes).unwrap();
        assert_eq!(report.rows[0].results[0].verdict, Some(Verdict::Fail));
        assert_eq!(render(&report), bytes);
    }

    #[test]
    fn what_is_no_report_is_told_apart_from_one_of_another_schema() {
        assert!(read(b"{").unwrap_err().starts_with("no JSON"));
        assert_eq!(read(b"{}").unwrap_err(), "no report of svconform");
        assert_eq!(read(b"{\"schema\": 99}").unwrap_err(), "a report of schema 99, and this reads 1");
    }
}
