//! The operations, one file a resource. Every signature is also the operation's documentation.
//!
//! - `events`, `batches`: intake
//! - `event_lookup`: one event, wherever it is
//! - `signals`, `signal_query`: lists, single signals, explanations, figures
//! - `export`: all signals of a filter, streamed
//! - `jobs`: events on their way
//! - `scoring`: the model, previews
//! - `dead_letters`, `letter_query`, `edit`: events that could not become signals
//! - `erasure`: accounts and users whose events go
//! - `query_reader`: reads query strings
//! - `system`: event types, health, readiness, metrics

mod batches;
mod dead_letters;
mod edit;
mod erasure;
mod event_lookup;
mod events;
mod export;
mod jobs;
mod letter_query;
mod query_reader;
mod scoring;
mod signal_query;
mod signals;
mod system;

use std::sync::Arc;

use poem::http::Method;
use poem_openapi::Tags;

use crate::guard::Access;
use crate::state::Inner;

pub(crate) use batches::Batches;
pub(crate) use dead_letters::DeadLetters;
pub(crate) use erasure::Erasures;
pub(crate) use event_lookup::EventLookup;
pub(crate) use events::Events;
pub(crate) use export::Exports;
pub(crate) use jobs::Jobs;
pub(crate) use scoring::Scoring;
pub(crate) use signals::Signals;
pub(crate) use system::System;

/// Every operation of the service, in the order in which the documentation shows their tags.
pub(crate) type Api =
    (Events, Batches, EventLookup, Signals, Exports, Jobs, DeadLetters, Scoring, System, Erasures);

/// The operations over a state.
pub(crate) fn api(state: &Arc<Inner>) -> Api {
    let shared = || Arc::clone(state);
    (
        Events(shared()),
        Batches(shared()),
        EventLookup(shared()),
        Signals(shared()),
        Exports(shared()),
        Jobs(shared()),
        DeadLetters(shared()),
        Scoring(shared()),
        System(shared()),
        Erasures(shared()),
    )
}

/// Who may use an operation.
pub(crate) fn access(method: &Method, operation_id: Option<&str>) -> Access {
    let mut declared =
        [events::ACCESS, batches::ACCESS, scoring::ACCESS, system::ACCESS].into_iter().flatten();
    let declared = declared.find(|(id, _)| Some(*id) == operation_id).map(|(_, access)| *access);
    Access::of(declared, method)
}

#[derive(Tags)]
enum Tag {
    /// Sales activity on its way in.
    Events,
    /// Scored events.
    Signals,
    /// Events on their way through the queue, and what became of them.
    Jobs,
    /// Events that could not become signals: to be edited and replayed.
    DeadLetters,
    /// Accounts and users whose events are to go.
    Erasure,
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
    Change = [400, 404, 408, 409, 413, 415, 500, 503];
    Act = [404, 409, 500, 503];
    Wipe = [400, 500, 503];
    ActOnMany = [400, 408, 413, 415, 500, 503];
    List = [400, 500, 503];
    Asking = [500, 503];
}

#[cfg(test)]
mod tests {
    use poem_openapi::OpenApi as _;

    use super::*;

    #[test]
    fn what_is_declared_is_declared_of_an_operation() {
        let meta = Api::meta();
        let operations = || meta.iter().flat_map(|api| &api.paths).flat_map(|path| &path.operations);
        for (id, access) in [events::ACCESS, batches::ACCESS, scoring::ACCESS, system::ACCESS].concat() {
            let operation = operations().find(|operation| operation.operation_id == Some(id));
            let operation = operation.unwrap_or_else(|| panic!("there is no operation {id}"));
            assert_eq!(super::access(&operation.method, operation.operation_id), access);
        }
        assert!(operations().all(|operation| operation.operation_id.is_some()));
    }
}
