//! The operations on signals.

use poem::http::Method;

use crate::http::guard::Scopes;
use crate::http::{Feature, Needs, Operation};

use super::explain::explain;
use super::export::export;
use super::read::{list, one, stats};

/// Scored events.
pub(crate) fn feature() -> Feature {
    let read = Needs(Scopes::READ);
    Feature {
        tag: "Signals",
        description: "Scored events.",
        operations: vec![
            Operation::new(Method::GET, "/signals", "listSignals", read, list).about(
                "List signals",
                "Page by `page`, or follow `nextCursor` with `cursor`: its cost does not grow with depth, and no row is missed or \
                 repeated while others are added. Every violation is reported at once; unknown parameters are violations.",
            ),
            Operation::new(Method::GET, "/signals/stats", "signalStats", read, stats)
                .about("Statistics of all signals", "Exact, and fast at any number of signals."),
            Operation::new(Method::GET, "/signals/{id}", "getSignal", read, one)
                .about("One signal", "By its number, as lists give it."),
            Operation::new(Method::GET, "/signals/{id}/explanation", "explainSignal", read, explain).about(
                "Explain a signal's score",
                "Recomputed from the stored event with the model that scored it; `consistent` says whether the result is the \
                 stored score.",
            ),
            Operation::new(Method::GET, "/signals/export", "exportSignals", read, export).about(
                "Export signals",
                "All of them, or those of the filters of the list, as they were stored when the request came, each once. NDJSON \
                 imports again under the same event ids with `sspp-api import`: a line with `\"kind\":\"signal\"` for each signal, \
                 before it one with `\"kind\":\"model\"` for the scoring model, where that is the first of its signals. CSV is for \
                 spreadsheets: RFC 4180, and a text that a spreadsheet would take for a formula begins with an apostrophe. The \
                 order is that of storing, or by an index that serves the filter.",
            ),
        ],
        examples: include_str!("examples.json"),
    }
}
