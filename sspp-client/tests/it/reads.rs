//! Reading: the shapes that the server answers with, page by page.

use futures_util::TryStreamExt as _;
use serde_json::{Value, json};
use sspp_client::{DeadLetterQuery, Signal, SignalQuery};

use crate::server::{Reply, Server};
use crate::{quick, run};

fn signal(id: i64) -> Value {
    json!({"id": id, "account_id": "a", "user_id": "u", "event_type": "call_made", "signal_type": "outreach",
        "signal_score": 0.5, "timestamp": "2026-01-01T00:00:00.000Z", "processed_at": "2026-01-01T00:00:01.000Z",
        "metadata": {"x": 1}, "event_id": "e", "model": "m"})
}

#[test]
fn signals_are_followed_page_by_page() {
    let server = Server::start(|request, number| {
        assert!(request.line.starts_with("GET /api/v1/signals?accountId=a%20b&limit=2"), "{}", request.line);
        assert_eq!(request.line.contains("cursor=c%2B1"), number == 1);
        let cursor = if number == 0 { json!("c+1") } else { Value::Null };
        let data = if number == 0 { vec![signal(2), signal(1)] } else { vec![signal(0)] };
        Reply::Body(200, json!({"data": data, "pagination": {"limit": 2, "total": 3, "nextCursor": cursor}}))
    });
    let client = quick(&server.url).build().unwrap();
    let query = SignalQuery::default().account("a b").page_size(2);
    let signals: Vec<Signal> = run(client.signals(&query).try_collect()).unwrap();
    assert_eq!(signals.iter().map(|signal| signal.id).collect::<Vec<_>>(), [2, 1, 0]);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_list_ends_after_an_error() {
    let server = Server::start(|_, _| Reply::Status(503, "retry-after: 2\r\n"));
    let client = quick(&server.url).build().unwrap();
    let error = run(client.signals(&SignalQuery::default()).try_collect::<Vec<_>>()).unwrap_err();
    assert_eq!(error.retry_after(), Some(std::time::Duration::from_secs(2)));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn what_is_not_there_is_none_and_what_is_no_server_is_an_error() {
    let not_found = json!({"type": "urn:sspp:problem:not-found", "status": 404, "detail": "no"});
    let server = Server::start(move |request, _| {
        Reply::Body(404, if request.line.contains("/signals/7 ") { not_found.clone() } else { json!(null) })
    });
    let client = quick(&server.url).build().unwrap();
    assert_eq!(run(client.signal(7)).unwrap(), None);
    assert_eq!(run(client.signal(8)).unwrap_err().status(), Some(404));
}

#[test]
fn dead_letters_are_listed_and_replayed() {
    let letter = json!({"id": "l/1", "eventId": "e", "reason": "unknown_event_type", "detail": "d", "attempts": 0,
        "enqueuedAt": "2026-01-01T00:00:00.000Z", "diedAt": "2026-01-01T00:00:00.000Z", "replayable": true,
        "event": {"accountId": "a", "userId": "u", "eventType": "t", "timestamp": "2026-01-01T00:00:00.000Z",
            "receivedAt": "2026-01-01T00:00:00.000Z", "metadata": {}}});
    let server = Server::start(move |request, number| match number {
        0 => Reply::Body(
            200,
            json!({"data": [letter], "pagination": {"limit": 20, "total": 1, "nextCursor": null}}),
        ),
        1 => Reply::Body(202, json!({"status": "queued", "jobId": "j", "eventId": "e", "message": "m"})),
        _ => {
            assert_eq!(request.body, json!({"reason": "rejected", "dryRun": true}));
            Reply::Body(
                202,
                json!({"dryRun": true, "replayed": 0, "skipped": [], "remaining": 3,
                "remainingIsExact": true, "nextCursor": null}),
            )
        }
    });
    let client = quick(&server.url).build().unwrap();
    let letters: Vec<_> = run(client.dead_letters(&DeadLetterQuery::default()).try_collect()).unwrap();
    assert_eq!(letters[0].event.as_ref().unwrap().event_type, "t");
    assert_eq!(run(client.replay_dead_letter(&letters[0].id)).unwrap().status, "queued");
    assert_eq!(server.requests()[1].line, "POST /api/v1/dead-letters/l%2F1/replay HTTP/1.1");
    let query = DeadLetterQuery::default().reason("rejected");
    assert_eq!(run(client.replay_dead_letters(&query, true, None)).unwrap().remaining, 3);
}
