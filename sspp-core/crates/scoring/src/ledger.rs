//! Where the walk over a model writes its steps: into an explanation, or nowhere.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::explanation::{Step, StepInput, StepKind, presented};
use super::model::ScoringModel;
use super::reading::Reading;
use super::rules::Modifier;
use sspp_events::Units;

/// Takes down every step of a walk.
pub(super) trait Ledger<'m> {
    /// The base of the rule with this number.
    fn base(&mut self, model: &'m ScoringModel, rule: usize, total: Units);
    /// A modifier, whether its condition holds, and what that changed.
    fn modifier(
        &mut self,
        modifier: &'m Modifier,
        held: Result<bool, String>,
        reading: &Reading<'m, '_>,
        delta: Units,
        total: Units,
    );
    /// A modifier that was not looked at because another dropped the signal.
    fn skipped(&mut self, modifier: &'m Modifier, dropped_by: &'m Modifier, total: Units);
    /// The bounds of a signal; they do not apply to a dropped one.
    fn cap(&mut self, model: &'m ScoringModel, dropped: bool, delta: Units, total: Units);
    /// Rounding.
    fn round(&mut self, delta: Units, total: Units);
}

/// For the score alone.
pub(super) struct Nowhere;

impl<'m> Ledger<'m> for Nowhere {
    fn base(&mut self, _: &'m ScoringModel, _: usize, _: Units) {}
    fn modifier(
        &mut self,
        _: &'m Modifier,
        _: Result<bool, String>,
        _: &Reading<'m, '_>,
        _: Units,
        _: Units,
    ) {
    }
    fn skipped(&mut self, _: &'m Modifier, _: &'m Modifier, _: Units) {}
    fn cap(&mut self, _: &'m ScoringModel, _: bool, _: Units, _: Units) {}
    fn round(&mut self, _: Units, _: Units) {}
}

fn step<'m>(kind: StepKind, reason: impl Into<Cow<'m, str>>, delta: Units, total: Units) -> Step<'m> {
    Step { kind, id: None, fired: None, inputs: Vec::new(), reason: reason.into(), error: None, delta, total }
}

impl<'m> Ledger<'m> for Vec<Step<'m>> {
    fn base(&mut self, model: &'m ScoringModel, rule: usize, total: Units) {
        let reason = model.wording.bases.get(rule).map_or("", String::as_str);
        self.push(step(StepKind::Base, reason, total, total));
    }

    fn modifier(
        &mut self,
        modifier: &'m Modifier,
        held: Result<bool, String>,
        reading: &Reading<'m, '_>,
        delta: Units,
        total: Units,
    ) {
        let (fired, reason, error) = match held {
            Ok(true) => (true, modifier.reason.as_str(), None),
            Ok(false) => (false, "the condition does not hold", None),
            Err(error) => (false, "the condition could not be evaluated", Some(error)),
        };
        let input = |&number: &usize| {
            let (path, found) = reading.input(number)?;
            Some(StepInput { path: path.as_str(), value: found.as_ref().map(presented) })
        };
        let inputs = modifier.inputs.iter().filter_map(input).collect();
        let id = Some(modifier.id.as_str());
        let plain = step(StepKind::Modifier, reason, delta, total);
        self.push(Step { id, fired: Some(fired), inputs, error, ..plain });
    }

    fn skipped(&mut self, modifier: &'m Modifier, dropped_by: &'m Modifier, total: Units) {
        let reason = format!("skipped: '{}' dropped the signal", dropped_by.id);
        let plain = step(StepKind::Modifier, reason, Units::ZERO, total);
        self.push(Step { id: Some(&modifier.id), fired: Some(false), ..plain });
    }

    fn cap(&mut self, model: &'m ScoringModel, dropped: bool, delta: Units, total: Units) {
        let wording = &model.wording;
        let reason = match delta.cmp(&Units::ZERO) {
            _ if dropped => "the signal was dropped: bounds do not apply",
            Ordering::Greater => &wording.raised,
            Ordering::Less => &wording.cut,
            Ordering::Equal => &wording.within,
        };
        self.push(step(StepKind::Cap, reason, delta, total));
    }

    fn round(&mut self, delta: Units, total: Units) {
        self.push(step(StepKind::Round, "rounded half up to 0.01", delta, total));
    }
}
