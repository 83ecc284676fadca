//! The operations of the service about itself.

use poem::http::Method;

use crate::http::guard::Scopes;
use crate::http::{Direct, Feature, Needs, Open, Operation};

use super::report::{event_types, health, live, metrics, ready};

/// Health, metrics and event types of the service.
pub(crate) fn feature() -> Feature {
    Feature {
        tag: "System",
        description: "Health, metrics and event types of the service.",
        operations: vec![
            Operation::new(
                Method::GET,
                "/event-types",
                "listEventTypes",
                Needs(Scopes::INGEST_OR_READ),
                event_types,
            )
            .about("Accepted event types", "Those of the active scoring model, with the base score of each."),
            Operation::new(Method::GET, "/health", "health", Open, health)
                .about(
                    "Health of the service and its dependencies",
                    "Checks each dependency. A 503 has the same body.",
                )
                .bare(),
            Operation::new(Method::GET, "/ready", "ready", Open, ready)
                .about(
                    "Whether the service can take events",
                    "A 503 while no event can be taken (the queue, or the store where there is none, does not answer or is not set up), or the \
                     service stops.",
                )
                .bare(),
            Operation::new(Method::GET, "/livez", "livez", Open, live)
                .about(
                    "Whether the process runs",
                    "Checks nothing else: a restart would not repair a dependency.",
                )
                .bare(),
            Operation::new(Method::GET, "/metrics", "metrics", Direct, metrics)
                .about(
                    "Metrics in Prometheus' text format",
                    "For Prometheus, which asks each process directly. A request that a proxy passed on (with `X-Forwarded-For` or `Forwarded`) \
                     gets a 404. The guide lists the metrics.",
                )
                .bare(),
        ],
        examples: include_str!("examples.json"),
    }
}
