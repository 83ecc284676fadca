//! Events that no server takes, because they are not valid or too large: rejected, counted, and in no other's way.

use sspp_client::{Error, Event, MemoryEmitter, Outcome, SalesEvent, SignalEmitter, Stats, Verdict};

use crate::server::{Reply, Server};
use crate::{LONG, event, quick, run};

fn large() -> SalesEvent {
    event(2).with("blob", "y".repeat(300_000)).at("2026-01-15").id("large-1")
}

/// Good ones, with what cannot be sent between them.
fn mixed() -> Vec<SalesEvent> {
    vec![event(0), SalesEvent::call_made("", "ada"), large(), event(3)]
}

fn check(outcomes: &[Outcome], stats: Stats) {
    assert!(outcomes[0].is_accepted() && outcomes[3].is_accepted(), "{outcomes:?}");
    let errors = |place: usize| match &outcomes[place].verdict {
        Verdict::Rejected { errors } => errors.clone(),
        _ => Vec::new(),
    };
    assert_eq!((errors(1).len(), errors(2).len()), (1, 1), "{outcomes:?}");
    assert_eq!(errors(1)[0].pointer, "/accountId");
    let too_large = &errors(2)[0];
    assert_eq!((too_large.pointer.as_str(), too_large.code.as_ref()), ("", "too_large"));
    assert!(
        too_large.detail.contains("the event has 300") && too_large.detail.contains("262144"),
        "{too_large:?}"
    );
    assert_eq!(
        (stats.emitted, stats.accepted, stats.rejected, stats.dropped(), stats.depth),
        (4, 2, 2, 0, 0)
    );
}

#[test]
fn send_rejects_them_in_their_places_and_sends_the_rest() {
    let server = Server::start(|_, _| Reply::Judge);
    let client = quick(&server.url).build().unwrap();
    let outcomes = run(client.send(mixed())).unwrap();
    check(&outcomes, client.stats());
    assert_eq!(server.look(|ledger| ledger.accepted.len()), 2);
    // The id is the one that the event has wherever it is sent.
    let again = run(client.send([large()])).unwrap();
    assert_eq!(again[0].event_id, outcomes[2].event_id);
    assert_eq!(server.requests().len(), 1, "nothing is left to be sent");
}

#[cfg(feature = "blocking")]
#[test]
fn so_does_send_without_async() {
    let server = Server::start(|_, _| Reply::Judge);
    let client = sspp_client::blocking::Client::from(quick(&server.url).build().unwrap());
    check(&client.send(mixed()).unwrap(), client.stats());
}

#[test]
fn so_does_the_emitter_in_memory() {
    let emitter = MemoryEmitter::new();
    check(&run(emitter.send(mixed())).unwrap(), emitter.stats());
    assert_eq!(emitter.events().len(), 2);
    assert!(matches!(emitter.emit(large()), Err(Error::TooLarge { limit: Event::MAX_BYTES, .. })));
    assert_eq!((emitter.stats().emitted, emitter.stats().rejected), (5, 3));
}

#[cfg(feature = "local-scoring")]
#[test]
fn score_local_refuses_them_too() {
    let client = quick("http://127.0.0.1:9").source("crm").build().unwrap();
    assert!(matches!(client.score_local(&large()), Err(Error::TooLarge { .. })));
    assert!(matches!(client.score_local(&SalesEvent::call_made("", "ada")), Err(Error::Invalid(_))));
    client.score_local(&event(1)).unwrap();
}

#[test]
fn emit_returns_them_as_errors_and_counts_them() {
    let server = Server::start(|_, _| Reply::Judge);
    let client = quick(&server.url).build().unwrap();
    let emitted: Vec<_> = mixed().into_iter().map(|event| client.emit(event)).collect();
    assert!(matches!(&emitted[1], Err(Error::Invalid(_))), "{emitted:?}");
    assert!(matches!(&emitted[2], Err(Error::TooLarge { .. })), "{emitted:?}");
    assert!(emitted[0].is_ok() && emitted[3].is_ok(), "{emitted:?}");
    run(client.flush(LONG)).unwrap();
    let stats = client.stats();
    assert_eq!((stats.emitted, stats.accepted, stats.rejected, stats.depth), (4, 2, 2, 0));
}

/// Events of nearly the largest size: no batch has more bytes than was set, and each event is sent.
#[test]
fn batches_keep_within_their_bytes_whatever_the_events_have() {
    let server = Server::start(|_, _| Reply::Judge);
    let client = quick(&server.url).build().unwrap();
    let sizes = [10, 250_000, 240_000, 200, 261_000, 5, 100_000, 200_000, 180_000];
    let events = sizes.iter().enumerate().map(|(number, size)| event(number).with("blob", "z".repeat(*size)));
    let outcomes = run(client.send(events.clone())).unwrap();
    assert!(outcomes.iter().all(Outcome::is_accepted), "{outcomes:?}");
    for event in events {
        client.emit(event).unwrap();
    }
    run(client.flush(LONG)).unwrap();
    assert_eq!(client.stats().accepted, 18);
    for request in server.requests() {
        let bytes: usize = request.events().iter().map(|event| event.to_string().len()).sum();
        assert!(bytes <= 475_000, "{bytes} in a batch");
    }
}
