//! The texts of an explanation that depend on the model alone.

use super::rules::{Bounds, EventRule};

/// The texts that steps need and that do not depend on the event, made once a model.
#[derive(Debug)]
pub(super) struct Wording {
    /// By the rules' numbers.
    pub(super) bases: Vec<String>,
    pub(super) raised: String,
    pub(super) cut: String,
    pub(super) within: String,
}

impl Wording {
    pub(super) fn of(rules: &[EventRule], bounds: &Bounds) -> Self {
        let Bounds { min, max } = bounds;
        Self {
            bases: rules.iter().map(|rule| format!("{} is worth {}", rule.event_type, rule.base)).collect(),
            raised: format!("raised to the least a signal can be worth, {min}"),
            cut: format!("cut to the most a signal can be worth, {max}"),
            within: format!("within {min} and {max}"),
        }
    }
}
