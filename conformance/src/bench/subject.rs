//! A subject: something to measure on a target, as data and one function. It yields one figure or several.

use crate::outcome::Failure;
use crate::world::World;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Something to measure on a target.
#[derive(Debug)]
pub(crate) struct Subject {
    /// Its id: the file that it is in, and a word. The ids of its figures begin with it.
    pub(crate) id: &'static str,
    /// The figures that it yields.
    pub(crate) figures: &'static [Figure],
    /// The commands of the target that it needs.
    pub(crate) commands: &'static [&'static str],
    /// How long one round on one target may take with [`FEW`] services.
    pub(crate) deadline: Duration,
    /// Measures once. Returns the samples of each figure, in the order of `figures`.
    pub(crate) measure: fn(&Site) -> Result<Vec<Samples>, Failure>,
}

/// How many services fit into a subject's deadline. More get more time.
const FEW: usize = 100;

/// The samples that one round yields for one figure.
pub(crate) type Samples = Vec<f64>;

/// A figure.
#[derive(Debug)]
pub(crate) struct Figure {
    /// Its id, unique among all figures.
    pub(crate) id: &'static str,
    /// What it is, in words. `{N}` stands for the number of services.
    pub(crate) title: &'static str,
    /// The unit, such as `ms`.
    pub(crate) unit: &'static str,
    /// Which values are good.
    pub(crate) better: Better,
}

/// Which values of a figure are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Better {
    /// High ones, such as throughput.
    Higher,
    /// Low ones, such as times and sizes.
    Lower,
}

/// Where a subject is measured.
#[derive(Debug)]
pub(crate) struct Site {
    /// The world, with the commands of the target.
    pub(crate) world: World,
    /// The number of services.
    pub(crate) services: usize,
}

impl Figure {
    /// Returns whether `filters` select it: one of them is a part of its id, or there are none.
    pub(crate) fn is_selected(&self, filters: &[String]) -> bool {
        filters.is_empty() || filters.iter().any(|filter| self.id.contains(filter.as_str()))
    }

    /// A figure of which low values are good.
    pub(crate) const fn lower(id: &'static str, unit: &'static str, title: &'static str) -> Figure {
        Figure { id, title, unit, better: Better::Lower }
    }

    /// A figure of which high values are good.
    pub(crate) const fn higher(id: &'static str, unit: &'static str, title: &'static str) -> Figure {
        Figure { id, title, unit, better: Better::Higher }
    }
}

/// Returns `time` in milliseconds.
pub(super) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

impl Subject {
    /// Returns whether `filters` select one of its figures.
    pub(crate) fn is_selected(&self, filters: &[String]) -> bool {
        self.figures.iter().any(|figure| figure.is_selected(filters))
    }

    /// Returns how many times longer than usual its waits may take with `services` services.
    pub(crate) fn scale(services: usize) -> f64 {
        f64::from(u32::try_from(services.div_ceil(FEW)).unwrap_or(u32::MAX)).max(1.0)
    }

    /// Returns how long one round on one target may take with `services` services.
    pub(crate) fn limit(&self, services: usize) -> Duration {
        self.deadline.mul_f64(Subject::scale(services))
    }
}
