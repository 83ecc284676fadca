//! Scores as integers, so that sums are exact everywhere.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount in units of 0.0001: what scoring constants, steps and sums are made of.
///
/// ```
/// use sspp_core::Units;
/// let base = Units::from_f64(0.6).unwrap();
/// assert_eq!(base.get(), 6_000);
/// assert_eq!(base + Units::new(1_500), Units::new(7_500));
/// assert_eq!(Units::from_f64(0.00001), None); // finer than a unit
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Units(i64);

impl Units {
    /// How many units make 1.00.
    pub const PER_ONE: i64 = 10_000;
    /// No amount.
    pub const ZERO: Self = Self(0);

    /// Wraps a number of units.
    pub const fn new(units: i64) -> Self {
        Self(units)
    }

    /// The number of units.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The amount that a decimal number of at most four places stands for; `None` when it is finer, not finite,
    /// or beyond ±100,000,000.
    pub fn from_f64(value: f64) -> Option<Self> {
        let scaled = (value * 10_000.0).round();
        // Division is correctly rounded, so it gives back exactly the double that the decimal parses to.
        #[expect(clippy::float_cmp, reason = "exactly equal is what is asked")]
        let exact = scaled.abs() <= 1e12 && scaled / 10_000.0 == value;
        #[expect(clippy::cast_possible_truncation, reason = "bounded by the line above")]
        exact.then_some(Self(scaled as i64))
    }

    /// The amount as a decimal number.
    #[expect(clippy::cast_precision_loss, reason = "amounts stay far below 2^53 units")]
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / 10_000.0
    }
}

impl std::ops::Add for Units {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::ops::Sub for Units {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl std::iter::Sum for Units {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, |sum, amount| sum + amount)
    }
}

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) = (self.0.abs() / Self::PER_ONE, self.0.abs() % Self::PER_ONE);
        if rest % 100 == 0 {
            write!(f, "{sign}{whole}.{:02}", rest / 100)
        } else {
            write!(f, "{sign}{whole}.{rest:04}")
        }
    }
}

/// What one signal is worth: an amount rounded half up to 0.01, never negative.
///
/// ```
/// use sspp_core::{Score, Units};
/// assert_eq!(Score::rounded(Units::new(3_550)).to_string(), "0.36");
/// assert_eq!(Score::rounded(Units::new(3_549)).to_f64(), 0.35);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Score(Units);

impl Score {
    /// Nothing.
    pub const ZERO: Self = Self(Units::ZERO);

    /// Rounds an amount half up to 0.01; an amount below zero becomes zero.
    pub const fn rounded(amount: Units) -> Self {
        let units = if amount.0 < 0 { 0 } else { amount.0 };
        Self(Units((units + 50) / 100 * 100))
    }

    /// The score in units of 0.0001, always a multiple of 100.
    pub const fn units(self) -> Units {
        self.0
    }

    /// The score as a decimal number.
    pub fn to_f64(self) -> f64 {
        self.0.to_f64()
    }
}

/// Why a number is not a score.
///
/// ```
/// use sspp_core::{Score, ScoreFault};
/// assert_eq!(Score::try_from(-0.5), Err(ScoreFault));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a number from 0 to 1,000 with at most two decimals")]
pub struct ScoreFault;

/// ```
/// use sspp_core::Score;
/// assert_eq!(Score::try_from(0.7).unwrap().to_string(), "0.70");
/// assert!(Score::try_from(0.705).is_err());
/// ```
impl TryFrom<f64> for Score {
    type Error = ScoreFault;
    fn try_from(value: f64) -> Result<Self, ScoreFault> {
        let units = Units::from_f64(value).ok_or(ScoreFault)?;
        let exact = (0..=1_000 * Units::PER_ONE).contains(&units.0) && units.0 % 100 == 0;
        exact.then_some(Self(units)).ok_or(ScoreFault)
    }
}

/// ```
/// assert_eq!(sspp_core::Score::try_from(1).unwrap().to_string(), "1.00");
/// ```
impl TryFrom<i32> for Score {
    type Error = ScoreFault;
    fn try_from(value: i32) -> Result<Self, ScoreFault> {
        f64::from(value).try_into()
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_score_is_refused() {
        for value in [-0.01, 1_000.01, 0.001, 0.705, 1e300, f64::NAN, f64::INFINITY] {
            assert_eq!(Score::try_from(value), Err(ScoreFault), "{value}");
        }
    }

    proptest! {
        /// Every score converts into the number that it is written as, and back.
        #[test]
        fn scores_and_numbers_convert_both_ways(cents in 0_i64..=100_000) {
            let score = Score::rounded(Units::new(cents * 100));
            prop_assert_eq!(Score::try_from(score.to_f64()), Ok(score));
            prop_assert_eq!(score.to_string().parse::<f64>().map(Score::try_from), Ok(Ok(score)));
        }
    }
}
