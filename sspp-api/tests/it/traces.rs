//! A request's trace travels with what it queues.

use std::time::Duration;

use sspp_core::Envelope;

use crate::harness::{Harness, event};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn an_event_carries_the_trace_of_its_request() {
    let harness = Harness::queued();
    for (parent, state, carried) in [
        (PARENT, "vendor=7", Some((PARENT, Some("vendor=7")))),
        (PARENT, "no state", Some((PARENT, None))),
        ("00-not-a-trace-01", "vendor=7", None),
        ("", "", None),
    ] {
        let headers = [("content-type", "application/json"), ("traceparent", parent), ("tracestate", state)];
        let reply = harness.send("POST", "/api/v1/events", &headers, event("a", "call_made", "{}")).await;
        assert_eq!(reply.status, 202, "a bad trace is no fault of the event: {reply:?}");
        let mut taken = harness.queue().receive(1, Duration::ZERO).await.unwrap();
        let delivery = taken.pop().unwrap();
        let (_, trace) = Envelope::decode_traced(&delivery.payload).unwrap();
        let found = trace.as_ref().map(|trace| (trace.traceparent(), trace.tracestate()));
        assert_eq!(found, carried);
        harness.queue().settle(vec![delivery.done()]).await.unwrap();
    }
}
