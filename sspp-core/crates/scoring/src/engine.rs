//! Scores one event: one walk over the modifiers, with or without writing it down.

use super::explanation::{Explanation, Scored, UnknownEventType};
use super::ledger::{Ledger, Nowhere};
use super::model::ScoringModel;
use super::reading::Reading;
use super::rules::{EventRule, Modifier, Verb};
use sspp_events::{Event, Score, Units};

impl ScoringModel {
    /// Scores an event. The same score as [`explain`](Self::explain) gives, in less time.
    pub fn score(&self, event: &Event) -> Result<Scored<'_>, UnknownEventType> {
        let (number, rule) = self.numbered_rule(event)?;
        let score = walk(&Reading::new(self, event, &self.needed), number, &mut Nowhere);
        Ok(Scored { signal_type: &rule.signal_type, score })
    }

    /// Scores an event and tells how the score came about.
    pub fn explain(&self, event: &Event) -> Result<Explanation<'_>, UnknownEventType> {
        let (number, rule) = self.numbered_rule(event)?;
        let mut steps = Vec::with_capacity(self.modifiers.len() + 3);
        let score = walk(&Reading::new(self, event, &self.shown), number, &mut steps);
        Ok(Explanation { event_type: &rule.event_type, signal_type: &rule.signal_type, score, steps })
    }

    fn numbered_rule(&self, event: &Event) -> Result<(usize, &EventRule), UnknownEventType> {
        let number = self.by_type.get(event.event_type.as_str());
        number
            .and_then(|&number| Some((number, self.rules.get(number)?)))
            .ok_or_else(|| UnknownEventType { event_type: event.event_type.clone() })
    }
}

/// Walks from the base through the modifiers to the score and tells the ledger every step.
fn walk<'m>(reading: &Reading<'m, '_>, rule: usize, ledger: &mut impl Ledger<'m>) -> Score {
    let model = reading.model;
    let mut total = model.rules.get(rule).map_or(Units::ZERO, |rule| rule.base);
    ledger.base(model, rule, total);
    let mut dropped_by: Option<&Modifier> = None;
    for modifier in &model.modifiers {
        if let Some(by) = dropped_by {
            ledger.skipped(modifier, by, total);
            continue;
        }
        let held = reading.holds(&modifier.condition);
        let before = total;
        if held == Ok(true) {
            total = modifier.verb.apply(total);
            dropped_by = (modifier.verb == Verb::Drop).then_some(modifier);
        }
        ledger.modifier(modifier, held, reading, total - before, total);
    }
    let capped = if dropped_by.is_some() { total } else { total.clamp(model.bounds.min, model.bounds.max) };
    ledger.cap(model, dropped_by.is_some(), capped - total, capped);
    let score = Score::rounded(capped);
    ledger.round(score.units() - capped, score.units());
    score
}
