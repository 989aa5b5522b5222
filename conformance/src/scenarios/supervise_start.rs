//! supervise: setting up, locking, starting ./run and starting it again.

use crate::scenario::Scenario;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[];
