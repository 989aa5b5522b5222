//! The report as JSON: the source of truth, from which every other format can be made.

use super::Report;

/// The bytes of the report, ending in a newline.
pub(crate) fn render(report: &Report) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(report).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Verdict, tests::report_with};

    #[test]
    fn what_is_written_can_be_read() {
        let bytes = render(&report_with(Verdict::Fail));
        let report: Report = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(report.rows[0].results[0].verdict, Some(Verdict::Fail));
        assert_eq!(render(&report), bytes);
    }
}
