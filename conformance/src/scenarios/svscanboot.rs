//! svscanboot: the tree under it, in a root of its own.

use crate::scenario::Scenario;

/// The scenarios of this file.
pub(crate) const SCENARIOS: &[Scenario] = &[];
