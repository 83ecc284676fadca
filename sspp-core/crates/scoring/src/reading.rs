//! What a walk reads of one event.

use std::cell::OnceCell;

use super::cel_host::Variables;
use super::condition::Condition;
use super::extraction::{Extraction, Found, Slots};
use super::model::ScoringModel;
use super::paths::{Path, Root};
use sspp_events::{Event, Source};

/// What conditions read of one event; each form is made at most once, and only when something needs it.
pub(super) struct Reading<'m, 'a> {
    pub(super) model: &'m ScoringModel,
    event: &'a Event,
    extraction: &'m Extraction,
    slots: OnceCell<Result<Slots<'a>, String>>,
    variables: OnceCell<Result<Variables<'a>, String>>,
}

impl<'m, 'a> Reading<'m, 'a> {
    pub(super) fn new(model: &'m ScoringModel, event: &'a Event, extraction: &'m Extraction) -> Self {
        Self { model, event, extraction, slots: OnceCell::new(), variables: OnceCell::new() }
    }

    fn slots(&self) -> Result<&Slots<'a>, &String> {
        let read = || self.extraction.read(self.event.metadata.as_str()).map_err(|error| unreadable(&error));
        self.slots.get_or_init(read).as_ref()
    }

    fn variables(&self) -> Result<&Variables<'a>, &String> {
        let read = || Variables::of(self.event).map_err(|error| unreadable(&error));
        self.variables.get_or_init(read).as_ref()
    }

    pub(super) fn holds(&self, condition: &Condition) -> Result<bool, String> {
        match condition {
            Condition::Native(native) => self.slots().map(|slots| native.holds(slots)).map_err(Clone::clone),
            Condition::Cel(expression) => {
                self.model.cel.holds(expression, self.variables().map_err(Clone::clone)?)
            }
        }
    }

    /// The path of a number and the value that the event has there.
    pub(super) fn input(&self, number: usize) -> Option<(&'m Path, Option<Found<'_>>)> {
        let path = self.model.paths.get(number)?;
        let text = match path.root {
            Root::Metadata => {
                return Some((path, self.slots().ok().and_then(|slots| slots.get(number)?.clone())));
            }
            // Only metadata has members.
            _ if !path.members.is_empty() => return Some((path, None)),
            Root::EventType => self.event.event_type.as_str(),
            Root::AccountId => self.event.account_id.as_str(),
            Root::UserId => self.event.user_id.as_str(),
            Root::Source => self.event.source.as_ref().map_or("", Source::as_str),
        };
        Some((path, Some(Found::Text(text.into()))))
    }
}

/// Metadata was checked when the event was accepted, so this is not expected to be seen.
fn unreadable(error: &serde_json::Error) -> String {
    format!("the metadata could not be read: {error}")
}
