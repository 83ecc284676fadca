//! Events on their way in, and what became of one event.
//!
//! - `operations`: the routes
//! - `accept`, `validate`: intake, and what it would say
//! - `body`, `event`, `batch_schema`, `cloud_event`: the forms in which events are sent; `parse` reads them
//! - `taken`, `verdict`: what is answered
//! - `lookup`, `state`: one event by its id
//! - `stated`: what a producer said

mod accept;
mod batch_schema;
mod body;
mod cloud_event;
mod event;
mod lookup;
mod operations;
mod parse;
mod state;
mod stated;
mod taken;
mod validate;
mod verdict;

pub(crate) use event::EventSchema;
pub(crate) use operations::feature;
pub(crate) use stated::{EventFacts, StatedEvent, event_of};
