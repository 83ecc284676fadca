//! The end of a client.

use std::time::{Duration, Instant};

use sspp_client::{Backoff, Error};

use crate::server::{Reply, Server, closed_port};
use crate::{LONG, Reported, event, eventually, quick, run};

#[test]
fn close_delivers_everything_and_is_the_same_however_often_it_is_called() {
    let server = Server::start(|_, _| Reply::Judge);
    let client = quick(&server.url).flush_interval(LONG).build().unwrap();
    for number in 0..250 {
        client.emit(event(number)).unwrap();
    }
    let (first, second) = run(async { tokio::join!(client.close(LONG), client.close(LONG)) });
    assert!(first.is_clean());
    assert_eq!((&first, first.stats.accepted), (&second, 250));
    assert_eq!(run(client.close(LONG)), first);
    assert!(matches!(client.emit(event(1)), Err(Error::Closed)));
    assert!(matches!(run(client.send([event(1)])), Err(Error::Closed)));
    run(client.flush(LONG)).unwrap();
}

#[test]
fn with_the_server_gone_close_ends_in_time_and_names_what_it_left() {
    let client = quick(&format!("http://{}", closed_port())).backoff(Backoff::default()).build().unwrap();
    let ids: Vec<_> = (0..10).map(|number| client.emit(event(number)).unwrap()).collect();
    let began = Instant::now();
    let report = run(client.close(Duration::from_millis(300)));
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!(report.undelivered, ids, "in the order in which they were emitted");
}

#[test]
fn a_long_pause_is_cut_short_for_a_last_try() {
    let server = Server::start(|_, number| if number == 0 { Reply::Status(503, "") } else { Reply::Judge });
    let (base, max) = (Duration::from_mins(50), Duration::from_mins(50));
    let budget = Duration::from_secs(80_000);
    let backoff = Backoff { base, max, budget, ..Backoff::default() };
    let client = quick(&server.url).backoff(backoff).build().unwrap();
    client.emit(event(1)).unwrap();
    eventually("the first try", || server.requests().len() == 1);
    let report = run(client.close(Duration::from_secs(4)));
    assert!(report.is_clean());
    assert_eq!(report.stats.accepted, 1);
}

#[test]
fn a_dropped_client_waits_for_nothing_and_still_sends() {
    let server = Server::start(|_, _| Reply::Judge);
    let client = quick(&server.url).flush_interval(LONG).build().unwrap();
    client.emit(event(1)).unwrap();
    let began = Instant::now();
    drop(client);
    assert!(began.elapsed() < Duration::from_millis(500));
    eventually("it is sent all the same", || server.look(|ledger| ledger.accepted.len() == 1));
}

#[test]
fn callbacks_may_flush_close_emit_and_panic() {
    let server = Server::start(|_, _| Reply::Judge);
    let slot: Reported<sspp_client::Client> = Reported::default();
    let done: Reported<&str> = Reported::default();
    let (inside, reported) = (slot.clone(), done.clone());
    let client = quick(&server.url)
        .on_rejected(move |event| {
            let client = inside.lock().unwrap()[0].clone();
            if event.json.windows(5).any(|part| part == b"first") {
                client.emit(crate::event(2)).unwrap();
                run(client.flush(LONG)).unwrap();
                reported.lock().unwrap().push("flushed");
                panic!("a callback may");
            }
            assert!(run(client.close(LONG)).undelivered.is_empty());
            reported.lock().unwrap().push("closed");
        })
        .build()
        .unwrap();
    slot.lock().unwrap().push(client.clone());
    client.emit(event(1).with("bad", true).with("first", 1)).unwrap();
    client.emit(event(3).with("bad", true)).unwrap();
    eventually("both callbacks", || *done.lock().unwrap() == ["flushed", "closed"]);
    assert_eq!(client.stats().accepted, 1);
}
