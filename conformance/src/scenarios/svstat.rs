//! svstat: the line for every record, and for what cannot be read.

use crate::scenario::Scenario;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[];
