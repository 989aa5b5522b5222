//! supervise: how long it lives, and what becomes of its files and its service on bad days.

use crate::scenario::Scenario;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[];
