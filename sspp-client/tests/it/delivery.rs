//! Delivery: which events are sent, sent again, or dropped.

use std::time::Duration;

use serde_json::json;
use sspp_client::{Backoff, DropReason, Error, Verdict};

use crate::server::{Reply, Server, closed_port};
use crate::{LONG, Reported, event, eventually, not_sent, quick, run};

#[test]
fn events_are_gathered_compressed_and_sent_with_the_key() {
    let server = Server::start(|_, _| Reply::Judge);
    let client = quick(&server.url).api_key("sspp_key").flush_interval(LONG).build().unwrap();
    let ids: Vec<String> = (0..50).map(|number| client.emit(event(number)).unwrap().to_string()).collect();
    run(client.flush(LONG)).unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 1, "a batch");
    let request = &requests[0];
    assert_eq!(request.line, "POST /api/v1/events/batch HTTP/1.1");
    assert_eq!(request.headers["authorization"], "Bearer sspp_key");
    assert_eq!(request.headers["content-encoding"], "gzip");
    let sent: Vec<&str> = request.events().iter().map(|event| event["eventId"].as_str().unwrap()).collect();
    assert_eq!(sent, ids, "in the order in which they were emitted");
    assert_eq!(client.stats().accepted, 50);
}

#[test]
fn small_requests_are_not_compressed_and_full_batches_do_not_wait() {
    let server = Server::start(|_, _| Reply::Judge);
    let client = quick(&server.url).flush_interval(LONG).batch_events(2).build().unwrap();
    client.emit(event(1)).unwrap();
    client.emit(event(2)).unwrap();
    eventually("the full batch is sent", || client.stats().accepted == 2);
    assert!(!server.requests()[0].headers.contains_key("content-encoding"));
}

#[test]
fn only_what_the_server_wants_again_is_sent_again() {
    let server = Server::start(|_, number| if number == 0 { Reply::JudgeHalf } else { Reply::Judge });
    let client = quick(&server.url).build().unwrap();
    let outcomes = run(client.send((0..5).map(event))).unwrap();
    assert!(outcomes.iter().all(sspp_client::Outcome::is_accepted));
    let requests = server.requests();
    let accounts: Vec<&str> =
        requests[1].events().iter().map(|event| event["accountId"].as_str().unwrap()).collect();
    assert_eq!(accounts, ["acc_0", "acc_2", "acc_4"]);
    assert_eq!(client.stats().retried, 3);
}

#[test]
fn each_event_of_a_send_gets_its_verdict_in_its_place() {
    let server = Server::start(|_, _| Reply::Judge);
    let client = quick(&server.url).batch_events(2).build().unwrap();
    let events = (0..5).map(|number| event(number).with("bad", number == 3));
    let outcomes = run(client.send(events)).unwrap();
    for (number, outcome) in outcomes.iter().enumerate() {
        match &outcome.verdict {
            Verdict::Accepted => assert_ne!(number, 3),
            Verdict::Rejected { errors } => {
                assert_eq!((number, errors[0].pointer.as_str()), (3, "/metadata/bad"));
            }
            other => panic!("{other:?}"),
        }
    }
    let stats = client.stats();
    assert_eq!((stats.emitted, stats.accepted, stats.rejected), (5, 4, 1));
}

#[test]
fn a_pause_that_the_server_asks_for_is_kept() {
    let reply = |number| if number == 0 { Reply::Status(429, "retry-after: 1\r\n") } else { Reply::Judge };
    let server = Server::start(move |_, number| reply(number));
    // Outside the budget: it is the server's wish.
    let backoff =
        Backoff { base: Duration::from_millis(1), budget: Duration::from_millis(500), ..Backoff::default() };
    let client = quick(&server.url).backoff(backoff).build().unwrap();
    run(client.send([event(1)])).unwrap();
    let requests = server.requests();
    assert!(requests[1].at.duration_since(requests[0].at) >= Duration::from_secs(1));
}

#[test]
fn attempts_end() {
    let server = Server::start(|_, _| Reply::Status(503, ""));
    let dropped: Reported<(DropReason, Option<u16>)> = Reported::default();
    let reported = dropped.clone();
    let client = quick(&server.url)
        .on_dropped(move |event| {
            reported
                .lock()
                .unwrap()
                .push((event.reason, event.error.as_ref().and_then(|error| error.status())));
        })
        .build()
        .unwrap();
    client.emit(event(1)).unwrap();
    run(client.flush(LONG)).unwrap();
    assert_eq!(server.requests().len(), 5);
    eventually("the callback", || *dropped.lock().unwrap() == [(DropReason::RetriesSpent, Some(503))]);
    assert_eq!(client.stats().dropped_by(DropReason::RetriesSpent), 1);
}

#[test]
fn a_wrong_key_is_said_at_once_and_loudly() {
    let server = Server::start(|_, _| Reply::Status(401, ""));
    let client = quick(&server.url).build().unwrap();
    let error = not_sent(&client, event(1)).0;
    assert!(!error.is_retryable());
    assert_eq!((error.status(), error.request_id()), (Some(401), Some("r-1")));
    assert!(error.to_string().contains("SSPP_API_KEY"), "{error}");
    client.emit(event(2)).unwrap();
    run(client.flush(LONG)).unwrap();
    assert_eq!(server.requests().len(), 2, "neither was tried twice");
    assert_eq!(client.stats().dropped_by(DropReason::Refused), 2);
}

#[test]
fn a_batch_that_is_too_large_is_split_until_it_fits() {
    let too_large = |request: &crate::server::Request, _| {
        let big = request.events().iter().any(|event| event["metadata"]["number"] == 7);
        if request.events().len() > 3 || big { Reply::Status(413, "") } else { Reply::Judge }
    };
    let server = Server::start(too_large);
    let client = quick(&server.url).build().unwrap();
    let outcomes = run(client.send((0..10).map(event))).unwrap();
    for (number, outcome) in outcomes.iter().enumerate() {
        match &outcome.verdict {
            Verdict::Rejected { errors } => assert_eq!((number, errors[0].code.as_ref()), (7, "too_large")),
            other => assert!(matches!(other, Verdict::Accepted), "{number}: {other:?}"),
        }
    }
    assert!(server.look(|ledger| ledger.again.is_empty()));
}

#[test]
fn a_server_in_trouble_sees_one_batch_and_the_rest_waits() {
    let server = Server::start(|_, _| Reply::Status(503, "retry-after: 60\r\n"));
    let client = quick(&server.url).batch_events(10).in_flight(1).build().unwrap();
    let ids: Vec<_> = (0..100).map(|number| client.emit(event(number)).unwrap()).collect();
    eventually("the first batch fails", || !server.requests().is_empty());
    let report = run(client.close(Duration::from_millis(200)));
    assert_eq!(server.requests().len(), 1);
    assert_eq!(report.undelivered, ids, "nothing was given up before the end");
}

#[test]
fn a_refused_connection_is_retryable_and_says_so() {
    let client = quick(&format!("http://{}", closed_port())).build().unwrap();
    let error = not_sent(&client, event(1)).0;
    assert!(error.is_retryable() && matches!(*error, Error::Transport(_)), "{error:?}");
    assert!(error.to_string().contains("refused"), "{error}");
}

#[test]
fn an_answer_of_another_server_is_reported() {
    let server = Server::start(|_, _| Reply::Body(404, json!("<html>")));
    let client = quick(&server.url).build().unwrap();
    let error = not_sent(&client, event(1)).0;
    assert!(error.to_string().contains("check the URL"), "{error}");
}

#[test]
fn an_answer_that_does_not_come_in_time_is_asked_for_again() {
    let server = Server::start(|_, number| if number == 0 { Reply::Hang(LONG) } else { Reply::Judge });
    let client = quick(&server.url).request_timeout(Duration::from_secs(1)).build().unwrap();
    assert!(run(client.send([event(1)])).unwrap()[0].is_accepted());
    assert_eq!(server.requests().len(), 2);
}
