//! What a model document says, checked: events, modifiers, bounds, the account's rules and tiers.

use indexmap::IndexMap;

use super::condition::Condition;
use sspp_events::{EventType, SignalType, Units};

/// What an event type is worth.
///
/// ```
/// use sspp_core::{ScoringModel, Units};
/// let model = ScoringModel::embedded_default();
/// let rule = model.rule("meeting_booked").unwrap();
/// assert_eq!((rule.base, rule.signal_type.as_str(), rule.group.as_str()), (Units::new(8_000), "intent", "intent"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRule {
    /// The event type.
    pub event_type: EventType,
    /// Its worth before modifiers, -1,000 to 1,000.
    pub base: Units,
    /// What it tells.
    pub signal_type: SignalType,
    /// The account group it counts in.
    pub group: String,
}

/// How signals add up to an account's score.
///
/// ```
/// let model = sspp_core::ScoringModel::embedded_default();
/// let account = model.account();
/// assert_eq!((account.points.to_f64(), account.max.to_f64()), (30.0, 100.0));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRules {
    /// What a fresh signal of 1.00 is worth, above 0.
    pub points: Units,
    /// The highest score an account can have, above 0.
    pub max: Units,
    /// The groups that event types count in, by name, in document order.
    pub groups: IndexMap<String, GroupRule>,
}

/// How the signals of one group count.
///
/// ```
/// let model = sspp_core::ScoringModel::embedded_default();
/// assert_eq!(model.account().groups["intent"].half_life_days.to_f64(), 30.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupRule {
    /// The most a group adds to an account's score, above 0.
    pub cap: Units,
    /// After how many days a signal counts half, above 0.
    pub half_life_days: Units,
}

/// A tier of accounts. It is entered at `enter` and left below `leave`, so it does not flap.
///
/// ```
/// let model = sspp_core::ScoringModel::embedded_default();
/// let names: Vec<_> = model.tiers().iter().map(|tier| tier.name.as_str()).collect();
/// assert_eq!(names, ["very_hot", "hot", "warm", "cold"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TierRule {
    /// Its name.
    pub name: String,
    /// The account score from which the tier begins.
    pub enter: Units,
    /// The account score below which the tier ends; at most `enter`, and `enter` where the document says nothing.
    pub leave: Units,
}

/// The bounds of a signal's score; both are multiples of 0.01, so that rounding cannot leave them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) min: Units,
    pub(super) max: Units,
}

/// What a modifier does to the total.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    /// Adds an amount, which may be negative.
    Add(Units),
    /// Multiplies by a factor in units, rounded half up to a unit.
    Multiply(Units),
    /// Replaces the total.
    Set(Units),
    /// Cuts the total down to an amount.
    Cap(Units),
    /// Makes the score zero and ends the matter.
    Drop,
}

impl Verb {
    /// Totals stay within this many units for any document: far beyond any bound of a signal, exact as
    /// a double, and small enough that no sum of steps overflows.
    const LIMIT: i64 = 1_000_000_000_000_000;

    /// The total after the verb.
    pub(super) fn apply(self, total: Units) -> Units {
        match self {
            Self::Add(amount) => Self::saturate(i128::from(total.get()) + i128::from(amount.get())),
            Self::Multiply(factor) => {
                let product = i128::from(total.get()) * i128::from(factor.get());
                let one = i128::from(Units::PER_ONE);
                Self::saturate((product + one / 2).div_euclid(one))
            }
            Self::Set(amount) => amount,
            Self::Cap(amount) => total.min(amount),
            Self::Drop => Units::ZERO,
        }
    }

    fn saturate(units: i128) -> Units {
        let limit = i128::from(Self::LIMIT);
        Units::new(i64::try_from(units.clamp(-limit, limit)).unwrap_or(Self::LIMIT))
    }
}

/// A modifier: a condition and what follows when it holds.
#[derive(Debug)]
pub(super) struct Modifier {
    pub(super) id: String,
    pub(super) reason: String,
    pub(super) verb: Verb,
    pub(super) condition: Condition,
    /// The paths that the condition reads, by their number in the model's path table.
    pub(super) inputs: Vec<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiply_rounds_half_up_to_a_unit() {
        let half = Verb::Multiply(Units::new(5_000));
        assert_eq!(half.apply(Units::new(3)), Units::new(2));
        assert_eq!(half.apply(Units::new(-3)), Units::new(-1));
        assert_eq!(half.apply(Units::new(4)), Units::new(2));
    }

    #[test]
    fn totals_saturate() {
        let thousandfold = Verb::Multiply(Units::new(10_000_000));
        let huge = (0..64).fold(Units::new(1), |total, _| thousandfold.apply(total));
        assert_eq!(huge, Units::new(Verb::LIMIT));
        assert_eq!(Verb::Add(Units::new(5)).apply(huge), huge);
    }
}
