//! supervise: the control fifo, byte by byte, and what each byte does to the record.

use crate::scenario::Scenario;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[];
