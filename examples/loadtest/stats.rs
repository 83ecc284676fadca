//! Medians, percentiles and spreads.

/// The figures of several rounds in one.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub(crate) struct Summary {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Summary {
    /// Of nothing: not a number.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let median = match values.as_slice() {
            [] => f64::NAN,
            odd if odd.len() % 2 == 1 => odd[middle],
            even => f64::midpoint(even[middle - 1], even[middle]),
        };
        let end = |value: Option<&f64>| value.copied().unwrap_or(f64::NAN);
        Self { median, least: end(values.first()), most: end(values.last()) }
    }
}

/// The value below which so many of a thousand lie; 0 of nothing.
pub(crate) fn per_mille(sorted: &[u32], per_mille: usize) -> u32 {
    let rank = (sorted.len() * per_mille).div_ceil(1_000);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

/// How many a second.
pub(crate) fn rate(count: u64, time: std::time::Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    let count = count as f64;
    count / time.as_secs_f64().max(f64::EPSILON)
}

#[cfg(test)]
mod tests {
    use super::{Summary, per_mille};

    #[test]
    fn medians_and_percentiles() {
        assert_eq!(Summary::of([3.0, 1.0, 2.0]), Summary { median: 2.0, least: 1.0, most: 3.0 });
        assert!((Summary::of([1.0, 2.0]).median - 1.5).abs() < 1e-12);
        let sorted: Vec<u32> = (1..=100).collect();
        assert_eq!((per_mille(&sorted, 500), per_mille(&sorted, 990), per_mille(&[], 500)), (50, 99, 0));
    }
}
