//! The operations, one file a resource. Every signature is also the operation's documentation.
//!
//! - `events`, `batches`: intake
//! - `event_lookup`: one event, wherever it is
//! - `signals`, `signal_query`: lists, single signals, explanations, figures
//! - `jobs`: events on their way
//! - `scoring`: the model, previews
//! - `system`: event types, health, readiness, metrics

mod batches;
mod event_lookup;
mod events;
mod jobs;
mod scoring;
mod signal_query;
mod signals;
mod system;

use std::sync::Arc;

use poem_openapi::Tags;

use crate::state::Inner;

pub(crate) use batches::Batches;
pub(crate) use event_lookup::EventLookup;
pub(crate) use events::Events;
pub(crate) use jobs::Jobs;
pub(crate) use scoring::Scoring;
pub(crate) use signals::Signals;
pub(crate) use system::System;

/// Every operation of the service.
pub(crate) type Api = (Events, Batches, EventLookup, Signals, Jobs, Scoring, System);

/// The operations over a state.
pub(crate) fn api(state: &Arc<Inner>) -> Api {
    let shared = || Arc::clone(state);
    (
        Events(shared()),
        Batches(shared()),
        EventLookup(shared()),
        Signals(shared()),
        Jobs(shared()),
        Scoring(shared()),
        System(shared()),
    )
}

#[derive(Tags)]
enum Tag {
    /// Sales activity on its way in.
    Events,
    /// Scored events.
    Signals,
    /// Events on their way through the queue, and what became of them.
    Jobs,
    /// The scoring model.
    Scoring,
    /// The service about itself.
    System,
}

/// The statuses by which operations fail.
macro_rules! statuses {
    ($($name:ident = $list:expr;)*) => {
        $(#[derive(Debug)]
        pub(crate) struct $name;

        impl crate::dto::Statuses for $name {
            const LIST: &'static [u16] = &$list;
        })*
    };
}

statuses! {
    Intake = [400, 408, 413, 415, 500, 503];
    Lookup = [400, 404, 500, 503];
    JobLookup = [404, 500, 503];
    List = [400, 500, 503];
    Asking = [500, 503];
}
