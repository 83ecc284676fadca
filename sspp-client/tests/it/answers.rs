//! Answers that an SSPP server does not give: statuses of proxies and CDNs, dates, redirects, pages, halves of answers.

use std::time::Duration;

use serde_json::json;
use sspp_client::{Backoff, DropReason, Verdict};

use crate::server::{Reply, Server};
use crate::{LONG, event, not_sent, quick, run};

#[test]
fn statuses_that_can_pass_are_tried_again() {
    for status in [408, 425, 429, 500, 502, 503, 504, 507, 509, 511, 520, 522, 524, 526, 530, 598, 599] {
        let first = move |number| if number == 0 { Reply::Page(status) } else { Reply::Judge };
        let server = Server::start(move |_, number| first(number));
        let client = quick(&server.url).build().unwrap();
        let sent = run(client.send([event(1)])).unwrap();
        assert!(sent[0].is_accepted(), "{status}: {sent:?}");
        client.emit(event(2)).unwrap();
        run(client.flush(LONG)).unwrap();
        assert_eq!((server.requests().len(), client.stats().accepted), (3, 2), "{status}");
    }
}

#[test]
fn statuses_that_cannot_pass_are_final() {
    for status in [302, 307, 404, 405, 501, 505] {
        let server = Server::start(move |_, _| Reply::Page(status));
        let client = quick(&server.url).build().unwrap();
        let error = not_sent(&client, event(1)).0;
        assert!(!error.is_retryable() && error.status() == Some(status), "{status}: {error}");
        assert_eq!(server.requests().len(), 1, "{status}");
        let reading = run(client.signal_stats()).unwrap_err();
        assert_eq!((reading.status(), reading.is_retryable()), (Some(status), false));
    }
}

#[test]
fn a_page_with_success_accepts_nothing_and_says_what_it_is() {
    for status in [200, 202] {
        let server = Server::start(move |_, _| Reply::Page(status));
        let client = quick(&server.url).build().unwrap();
        let error = not_sent(&client, event(1)).0.to_string();
        assert!(error.contains("text/html") && error.contains("check the URL"), "{error}");
        let error = run(client.signal_stats()).unwrap_err().to_string();
        assert!(error.contains("text/html"), "{error}");
        let stats = client.stats();
        assert_eq!((stats.accepted, stats.dropped_by(DropReason::RetriesSpent)), (0, 1));
    }
}

#[test]
fn answers_that_end_early_or_leave_events_out_accept_nothing() {
    let replies = || {
        vec![Reply::Half, Reply::Cut, Reply::Body(202, json!({"results": []})), Reply::Body(200, json!({}))]
    };
    for first in replies() {
        let shown = format!("{first:?}");
        let server = Server::start(move |_, number| if number == 0 { first.clone() } else { Reply::Judge });
        let client = quick(&server.url).build().unwrap();
        let sent = run(client.send((0..3).map(event))).unwrap();
        assert!(sent.iter().all(sspp_client::Outcome::is_accepted), "{shown}: {sent:?}");
        assert_eq!(server.look(|ledger| ledger.accepted.len()), 3, "{shown}");
    }
}

/// The server's clock stands in 1994: the date is later than its own by a second, and long ago for this machine.
#[test]
fn a_date_to_wait_until_is_read_by_the_servers_clock() {
    let headers = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nretry-after: Sun, 06 Nov 1994 08:49:38 GMT\r\n";
    let reply = move |number| if number == 0 { Reply::Status(503, headers) } else { Reply::Judge };
    let server = Server::start(move |_, number| reply(number));
    let client = quick(&server.url).build().unwrap();
    run(client.send([event(1)])).unwrap();
    let requests = server.requests();
    assert!(requests[1].at.duration_since(requests[0].at) >= Duration::from_secs(1));
}

/// Without a date of the server, by the clock that the client was given. The year 2094 is capped.
#[test]
fn a_date_far_away_is_capped() {
    let headers = "retry-after: Sat, 06 Nov 2094 08:49:38 GMT\r\n";
    let reply = move |number| if number == 0 { Reply::Status(503, headers) } else { Reply::Judge };
    let server = Server::start(move |_, number| reply(number));
    let backoff = Backoff {
        base: Duration::from_millis(1),
        retry_after_cap: Duration::from_millis(200),
        ..Backoff::default()
    };
    let client = quick(&server.url).backoff(backoff).build().unwrap();
    run(client.send([event(1)])).unwrap();
    let requests = server.requests();
    let pause = requests[1].at.duration_since(requests[0].at);
    assert!(pause >= Duration::from_millis(200) && pause < LONG, "{pause:?}");
}

/// A batch that the server itself calls malformed costs only the event that makes it so.
#[test]
fn a_batch_refused_for_its_contents_is_split_until_the_event_is_alone() {
    let server = Server::start(|request, _| {
        if request.events().iter().any(|event| event["metadata"]["number"] == 5) {
            Reply::Body(400, json!({"type": "urn:sspp:problem:malformed-body", "detail": "number 5"}))
        } else {
            Reply::Judge
        }
    });
    let client = quick(&server.url).build().unwrap();
    let sent = run(client.send((0..10).map(event))).unwrap();
    for (number, outcome) in sent.iter().enumerate() {
        match &outcome.verdict {
            Verdict::Rejected { errors } => {
                assert_eq!((number, errors[0].code.as_ref()), (5, "refused"));
                assert!(errors[0].detail.contains("number 5"), "{errors:?}");
            }
            other => assert!(matches!(other, Verdict::Accepted), "{number}: {other:?}"),
        }
    }
    assert!(server.look(|ledger| ledger.again.is_empty()));
}
