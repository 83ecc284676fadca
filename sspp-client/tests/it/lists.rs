//! Reading: the shapes that the server answers with, page by page.

use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use sspp_client::{DeadLetterQuery, DeadLetterReason, Signal, SignalId, SignalQuery};

use crate::server::{Reply, Server};
use crate::{quick, run};

const EVENT: &str = "0197d3c5-5c00-7000-8000-000000000001";

fn signal(id: i64) -> Value {
    json!({"id": id, "account_id": "a", "user_id": "u", "event_type": "call_made", "signal_type": "outreach",
        "signal_score": 0.5, "timestamp": "2026-01-01T00:00:00.000Z", "processed_at": "2026-01-01T00:00:01.000Z",
        "metadata": {"x": 1}, "event_id": EVENT, "model": "ab".repeat(32)})
}

#[test]
fn signals_are_followed_page_by_page() {
    let server = Server::start(|request, number| {
        assert!(request.line.starts_with("GET /api/v1/signals?accountId=a%20b&limit=2"), "{}", request.line);
        assert_eq!(request.line.contains("cursor=c%2B1"), number == 1);
        let cursor = if number == 0 { json!("c+1") } else { Value::Null };
        let data = if number == 0 { vec![signal(2), signal(1)] } else { vec![signal(0)] };
        Reply::Body(
            200,
            json!({"data": data, "pagination": {"limit": 2, "total": 3, "nextCursor": cursor, "totalIsExact": true}}),
        )
    });
    let client = quick(&server.url).build().unwrap();
    let query = SignalQuery::default().account("a b").page_size(2);
    let mut pages = client.signals(&query);
    assert_eq!(pages.total(), None);
    let signals: Vec<Signal> = run(pages.by_ref().try_collect()).unwrap();
    assert_eq!(pages.total().map(|total| (total.count, total.is_exact)), Some((3, true)));
    assert_eq!(signals.iter().map(|signal| signal.id.get()).collect::<Vec<_>>(), [2, 1, 0]);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_list_goes_on_where_it_was_left() {
    let server = Server::start(|request, _| {
        let (rows, next) = match request.line.split(' ').nth(1).unwrap().split_once("cursor=") {
            None => ([5, 4], json!("four")),
            Some((_, cursor)) if cursor.starts_with("four") => ([3, 2], json!("two")),
            Some(_) => ([1, 0], Value::Null),
        };
        let pagination = json!({"limit": 2, "total": 6, "nextCursor": next, "totalIsExact": true});
        Reply::Body(200, json!({"data": rows.map(signal), "pagination": pagination}))
    });
    let client = quick(&server.url).build().unwrap();
    run(async {
        let ids = |signals: &[Signal]| signals.iter().map(|signal| signal.id.get()).collect::<Vec<_>>();
        let query = SignalQuery::default().page_size(2);
        let mut pages = client.signals(&query);
        assert_eq!(pages.try_next().await.unwrap().unwrap().id.get(), 5);
        let rest = pages.next_page().await.unwrap().unwrap();
        assert_eq!(
            (ids(&rest.items), rest.next_cursor.as_deref(), rest.total.count),
            (vec![4], Some("four"), 6)
        );
        drop(pages);
        assert_eq!(server.requests().len(), 1, "no page is asked for before it is needed");

        let mut pages = client.signals(&query.clone().cursor(rest.next_cursor.unwrap()));
        assert_eq!(ids(&pages.next_page().await.unwrap().unwrap().items), [3, 2]);
        let last = pages.next_page().await.unwrap().unwrap();
        assert_eq!((ids(&last.items), last.next_cursor), (vec![1, 0], None));
        assert_eq!(pages.next_page().await.unwrap(), None);
        assert_eq!(ids(&client.signals(&query).limit(3).collect().await.unwrap()), [5, 4, 3]);
        assert_eq!(server.requests().len(), 5);
    });
}

#[test]
fn a_list_goes_on_after_an_error_where_it_was() {
    let server = Server::start(|request, number| match number {
        0 | 2 => Reply::Status(503, "retry-after: 2\r\n"),
        _ => {
            let first = !request.line.contains("cursor=");
            let (rows, next) =
                if first { (vec![signal(2)], json!("one")) } else { (vec![signal(1)], Value::Null) };
            let pagination = json!({"limit": 1, "total": 2, "nextCursor": next, "totalIsExact": true});
            Reply::Body(200, json!({"data": rows, "pagination": pagination}))
        }
    });
    let client = quick(&server.url).build().unwrap();
    run(async {
        let mut signals = client.signals(&SignalQuery::default());
        let mut seen = Vec::new();
        loop {
            match signals.try_next().await {
                Ok(Some(signal)) => seen.push(signal.id.get()),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(error.retry_after(), Some(std::time::Duration::from_secs(2)));
                    seen.push(0);
                }
            }
        }
        assert_eq!(seen, [0, 2, 0, 1]);
        assert_eq!(signals.next_page().await.unwrap(), None);
        assert_eq!(server.requests().len(), 4);
    });
}

#[test]
fn a_limit_makes_the_last_page_smaller() {
    let server = Server::start(|request, _| {
        let limit = request
            .line
            .split("limit=")
            .nth(1)
            .map_or(20, |rest| rest.split(['&', ' ']).next().unwrap().parse::<i64>().unwrap());
        let pagination =
            json!({"limit": limit, "total": 100, "nextCursor": format!("c{limit}"), "totalIsExact": true});
        Reply::Body(
            200,
            json!({"data": (0..limit).map(signal).collect::<Vec<_>>(), "pagination": pagination}),
        )
    });
    let client = quick(&server.url).build().unwrap();
    run(async {
        for (query, limit, pages) in [
            (SignalQuery::default().page_size(4), 10, vec![4, 4, 2]),
            (SignalQuery::default(), 30, vec![20, 10]),
            (SignalQuery::default(), 0, vec![]),
        ] {
            let mut signals = client.signals(&query).limit(limit);
            let mut seen = Vec::new();
            assert_eq!(signals.cursor(), None);
            while let Some(page) = signals.next_page().await.unwrap() {
                assert_eq!(page.next_cursor.as_deref(), Some(&*format!("c{}", page.items.len())));
                assert_eq!(signals.cursor(), page.next_cursor.as_deref());
                seen.push(page.items.len());
            }
            assert_eq!(seen, pages);
        }
    });
}

#[test]
fn a_replay_of_many_goes_on_after_an_error_where_it_was() {
    let server = Server::start(|request, number| {
        if number == 1 {
            return Reply::Status(503, "");
        }
        assert_eq!(request.body["cursor"] == "c", number == 2);
        let next = if number == 0 { json!("c") } else { Value::Null };
        Reply::Body(
            202,
            json!({"dryRun": false, "replayed": 1, "skipped": [], "remaining": 1, "remainingIsExact": true, "nextCursor": next}),
        )
    });
    let client = quick(&server.url).build().unwrap();
    run(async {
        let mut replays = client.replay_all_dead_letters(&DeadLetterQuery::default());
        assert!(replays.try_next().await.unwrap().is_some());
        assert_eq!(replays.try_next().await.unwrap_err().status(), Some(503));
        assert!(replays.try_next().await.unwrap().is_some());
        assert_eq!(replays.try_next().await.unwrap(), None);
    });
}

#[test]
fn who_waits_for_an_event_does_not_wait_for_a_fuller_batch() {
    let server = Server::start(|request, _| {
        if request.line.starts_with("POST") {
            return Reply::Judge;
        }
        let id = request.line.split(['/', ' ']).find(|part| part.len() == 36).unwrap();
        let at = "2026-01-01T00:00:00.000Z";
        Reply::Body(200, json!({"eventId": id, "state": "completed", "receivedAt": at, "signal": signal(1)}))
    });
    let client = quick(&server.url).flush_interval(std::time::Duration::from_hours(1)).build().unwrap();
    let id = client.emit(crate::event(1)).unwrap();
    assert!(run(client.wait_for_signal(id, crate::LONG)).is_ok());
    crate::eventually("the event is sent", || client.stats().accepted == 1);
}

#[test]
fn a_preview_tells_of_each_event() {
    let server = Server::start(|_, _| {
        let model = json!({"name": "m", "version": 1, "digest": "ab".repeat(32)});
        Reply::Body(200, json!({"model": model, "results": [{"index": 1, "status": "scored"}]}))
    });
    let client = quick(&server.url).build().unwrap();
    let error = run(client.preview([crate::event(0), crate::event(1)])).unwrap_err();
    assert!(error.to_string().contains("it has verdicts for 1 of 2 events"), "{error}");
}

#[test]
fn what_is_not_there_is_none_and_what_is_no_server_is_an_error() {
    let not_found = json!({"type": "urn:sspp:problem:not-found", "status": 404, "detail": "no"});
    let server = Server::start(move |request, _| {
        Reply::Body(404, if request.line.contains("/signals/7 ") { not_found.clone() } else { json!(null) })
    });
    let client = quick(&server.url).build().unwrap();
    assert_eq!(run(client.signal(SignalId::new(7))).unwrap(), None);
    assert_eq!(run(client.signal(SignalId::new(8))).unwrap_err().status(), Some(404));
}

#[test]
fn words_of_a_newer_server_are_kept() {
    let letter = json!({"id": EVENT, "eventId": EVENT, "reason": "quota_spent", "detail": "d", "attempts": 0,
        "enqueuedAt": "2026-01-01T00:00:00.000Z", "diedAt": "2026-01-01T00:00:00.000Z", "replayable": true, "more": 1});
    let server = Server::start(move |request, _| {
        if request.line.contains("/replay") {
            let skipped = json!([{"id": EVENT, "detail": "d", "code": "new"}]);
            let body = json!({"dryRun": false, "replayed": 0, "skipped": skipped, "remaining": 3, "remainingIsExact": true, "nextCursor": null});
            return Reply::Body(202, body);
        }
        let pagination = json!({"limit": 20, "total": 1, "nextCursor": null, "totalIsExact": true});
        Reply::Body(200, json!({"data": [letter], "pagination": pagination}))
    });
    let client = quick(&server.url).build().unwrap();
    run(async {
        let letters = client.dead_letters(&DeadLetterQuery::default()).collect().await.unwrap();
        assert_eq!(letters[0].reason, DeadLetterReason::Other("quota_spent".into()));
        let query = DeadLetterQuery::default().reason(&letters[0].reason).page_size(7).cursor("c");
        assert_eq!(client.replay_dead_letters(&query, false).await.unwrap().skipped[0].id, letters[0].id);
    });
    let body = json!({"reason": "quota_spent", "limit": 7, "cursor": "c", "dryRun": false});
    assert_eq!(server.requests()[1].body, body);
}

#[test]
fn a_health_that_is_not_well_is_an_answer() {
    let body = json!({"status": "unhealthy", "timestamp": "2026-01-01T00:00:00.000Z", "intake": "direct", "durability": "unknown", "warnings": [],
        "services": {"redis": {"status": "unhealthy", "responseTime": 3_000, "reason": "unavailable"}}});
    let server = Server::start(move |_, number| {
        if number == 0 { Reply::Body(503, body.clone()) } else { Reply::Status(503, "retry-after: 1\r\n") }
    });
    let client = quick(&server.url).build().unwrap();
    let health = run(client.health()).unwrap();
    assert!(!health.is_healthy() && health.services["redis"].reason.as_deref() == Some("unavailable"));
    // A proxy's 503 is no health.
    assert_eq!(run(client.health()).unwrap_err().status(), Some(503));
}
