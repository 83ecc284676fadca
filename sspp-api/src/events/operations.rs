//! The operations on events.

use poem::http::Method;

use crate::http::guard::Scopes;
use crate::http::{Feature, Needs, Operation};

use super::accept::{accept_many, accept_one};
use super::lookup::one;
use super::validate::validate;

/// Sales activity on its way in.
pub(crate) fn feature() -> Feature {
    let ingest = Needs(Scopes::INGEST);
    Feature {
        tag: "Events",
        description: "Send events, check them and find them.",
        operations: vec![
            Operation::new(Method::POST, "/events", "acceptEvent", ingest, accept_one)
                .about(
                    "Take an event",
                    "A 202 means that the event is taken: it becomes exactly one signal, or one dead letter that says why. Over Redis \
                     it is in the queue, and a worker scores it; without Redis it is that signal or dead letter already. You may send \
                     it again under the same `eventId` (or `Idempotency-Key`): it counts once.\n\n\
                     A `CloudEvent` 1.0 is taken too: structured (`application/cloudevents+json`), or binary, with its attributes in \
                     headers (`ce-specversion`, `ce-id`, `ce-source`, `ce-type`, `ce-time`, `ce-subject`) and its data as the body, \
                     in JSON, with or without a content type. `id` is the event id, `source` the source, `type` the event type (a \
                     prefix that ends with a dot is left out where only the rest is a known type), `time` the timestamp; `data` has \
                     `userId`, `accountId` (or `subject` is the account) and `metadata`; `data_base64` may hold the same. Other \
                     attributes are passed over.\n\n\
                     A sink of `CloudEvents` has one address: a batch (`application/cloudevents-batch+json`, \
                     `application/x-ndjson`) is taken too, and answered as by `/events/batch`. `OPTIONS` answers the handshake of \
                     webhooks (`WebHook-Request-Origin`).",
                )
                .takes_events(),
            Operation::new(Method::POST, "/events/batch", "acceptEvents", ingest, accept_many)
                .about(
                    "Take many events",
                    "Each event is checked separately: an invalid one does not affect the others. A 202 has a verdict for each: \
                     `accepted` is taken, as by `/events`; `rejected` is invalid, and its errors are listed; `retry` was not taken \
                     this time: send it again after `Retry-After`. If no event can be taken, the answer is a 503. Give events an `eventId` of their own, and a batch that is sent again counts once.",
                )
                .takes_events(),
            // It neither stores events nor shows what is stored.
            Operation::new(Method::POST, "/events/validate", "validateEvents", Needs(Scopes::INGEST_OR_READ), validate).about(
                "Check events",
                "Answers what `/events` or `/events/batch` would say, and stores nothing. JSON with the member `events` is a batch.",
            ),
            Operation::new(Method::GET, "/events/{eventId}", "getEvent", Needs(Scopes::READ), one).about(
                "One event",
                "What it said, where it is on its way, and the signal or dead letter it became. By the `eventId` that the answer to \
                 the event gave; or by the producer's own id together with the event's `accountId`, and its `source` if it had one.",
            ),
        ],
        examples: include_str!("examples.json"),
    }
}
