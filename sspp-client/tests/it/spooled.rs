//! A client with a spool: events that the server never takes are rejected alone, and the client's end leaves the rest on disk.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sspp_client::spool::{Spool, SpoolConfig};
use sspp_client::{Error, SalesEvent};

use crate::server::{Reply, Request, Server, no_server};
use crate::{LONG, event, quick, run};

/// As `sspp-api` does: what is no JSON is a 400 of its own, and a body may have so many bytes.
fn server() -> Server {
    Server::start(|request: &Request, _| {
        if request.body == Value::Null {
            return Reply::Body(400, json!({"type": "urn:sspp:problem:malformed-body", "detail": "no JSON"}));
        }
        let large = request.events().iter().any(|event| event.to_string().len() > 256 * 1024);
        if large { Reply::Page(413) } else { Reply::Judge }
    })
}

#[test]
fn records_that_the_server_never_takes_do_not_stop_the_spool() {
    let folder = tempfile::tempdir().unwrap();
    let good = |number: usize| {
        format!(r#"{{"eventId":"e-{number}","accountId":"a","userId":"u","eventType":"call_made"}}"#)
    };
    let large = good(9).replace('}', &format!(r#","metadata":{{"blob":"{}"}}}}"#, "x".repeat(300_000)));
    {
        let spool = Spool::open(SpoolConfig::new(folder.path())).unwrap();
        for record in [&*good(0), "not json", &*good(1), &*large, &*good(2), "{\"eventId\":", &*good(3)] {
            spool.append(record.as_bytes()).unwrap();
        }
    }
    let server = server();
    let client = quick(&server.url).spool(SpoolConfig::new(folder.path())).build().unwrap();
    client.emit(event(1)).unwrap();
    client.emit(SalesEvent::call_made("a", "u").with("blob", "x".repeat(300_000))).unwrap_err();
    run(client.flush(LONG)).unwrap();
    let stats = client.stats();
    assert_eq!((stats.accepted, stats.rejected, stats.depth), (5, 4, 0), "{stats:?}");
    assert!(server.look(|ledger| ledger.again.is_empty()));
    assert_eq!(server.look(|ledger| ledger.accepted.len()), 5);
}

#[test]
fn a_flush_after_the_end_does_not_wait_for_events_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let builder = quick(&format!("http://{}", no_server())).spool(SpoolConfig::new(folder.path()));
    let client = builder.build().unwrap();
    client.emit(event(1)).unwrap();
    run(client.close(Duration::ZERO));
    let began = Instant::now();
    assert!(matches!(run(client.flush(LONG)), Err(Error::Unsettled { unsettled: 1, .. })));
    assert!(began.elapsed() < LONG / 2);
}
