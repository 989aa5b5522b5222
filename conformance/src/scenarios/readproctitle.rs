//! readproctitle: the end of its input in its command line.

use crate::scenario::Scenario;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[];
