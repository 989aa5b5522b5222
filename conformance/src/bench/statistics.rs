//! What a list of samples comes to: median and spread, and whether two medians differ by more than the noise.

use serde::{Deserialize, Serialize};

/// Median and spread of a list of samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summary {
    /// The median.
    pub(crate) median: f64,
    /// Half the distance between the quartiles: half of the samples are about this far from the median, or nearer.
    pub(crate) spread: f64,
}

impl Summary {
    /// Returns the summary of `samples`, or `None` if there are none.
    pub(crate) fn of(samples: &[f64]) -> Option<Summary> {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let [lower, median, upper] = [0.25, 0.5, 0.75].map(|share| quantile(&sorted, share));
        Some(Summary { median: median?, spread: (upper? - lower?) / 2.0 })
    }

    /// Returns the spread as a share of the median: 0.1 for ten per cent. A median of zero has a share of zero.
    pub(crate) fn noise(&self) -> f64 {
        ratio(self.spread, self.median).unwrap_or(0.0)
    }
}

/// Returns the value below which `share` of the values in `sorted` lie, interpolated between neighbours.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    Some(sorted[below] + (sorted[above] - sorted[below]) * place.fract())
}

/// Returns `value` as a multiple of `base`, or `None` if `base` is zero.
pub(crate) fn ratio(value: f64, base: f64) -> Option<f64> {
    (base.abs() > f64::EPSILON).then(|| value / base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_and_quartiles_are_interpolated() {
        assert_eq!(Summary::of(&[]), None);
        assert_eq!(Summary::of(&[3.0]), Some(Summary { median: 3.0, spread: 0.0 }));
        assert_eq!(Summary::of(&[4.0, 1.0, 3.0, 2.0]), Some(Summary { median: 2.5, spread: 0.75 }));
        assert_eq!(Summary::of(&[5.0, 1.0, 4.0, 2.0, 3.0]), Some(Summary { median: 3.0, spread: 1.0 }));
    }

    #[test]
    fn one_outlier_changes_neither_median_nor_spread_much() {
        let calm = Summary::of(&[10.0, 10.0, 11.0, 10.0, 11.0]).unwrap();
        let stormy = Summary::of(&[10.0, 10.0, 11.0, 10.0, 9000.0]).unwrap();
        assert_eq!(calm, stormy);
    }

    #[test]
    fn noise_is_relative_and_defined_for_zero() {
        assert_eq!(Summary { median: 20.0, spread: 1.0 }.noise(), 0.05);
        assert_eq!(Summary { median: 0.0, spread: 0.0 }.noise(), 0.0);
        assert_eq!(ratio(3.0, 0.0), None);
        assert_eq!(ratio(3.0, 2.0), Some(1.5));
    }
}
