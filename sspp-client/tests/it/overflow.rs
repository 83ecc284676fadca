//! A full queue: what is dropped, what is refused, what waits.

use std::time::Duration;

use sspp_client::{Client, ClientBuilder, DropReason, Error, EventId, Overflow};

use crate::server::{Reply, Server};
use crate::{LONG, Reported, event, eventually, quick, run};

/// A queue of three behind a server that does not answer yet.
fn full(overflow: Overflow, builder: impl FnOnce(ClientBuilder) -> ClientBuilder) -> (Client, Vec<EventId>) {
    let server = Server::start(|_, _| Reply::Hang(LONG));
    let client =
        builder(quick(&server.url).queue_events(3).overflow(overflow).flush_interval(LONG)).build().unwrap();
    let ids = (0..3).map(|number| client.emit(event(number)).unwrap()).collect();
    (client, ids)
}

#[test]
fn the_newest_is_dropped_and_counted() {
    let dropped: Reported<EventId> = Reported::default();
    let reported = dropped.clone();
    let (client, _) = full(Overflow::Newest, |builder| {
        builder.on_dropped(move |event| reported.lock().unwrap().push(event.event_id))
    });
    let id = client.emit(event(4)).unwrap();
    assert_eq!((client.stats().depth, client.stats().dropped_by(DropReason::QueueFull)), (3, 1));
    eventually("the callback", || *dropped.lock().unwrap() == [id]);
}

#[test]
fn the_oldest_makes_room() {
    let (client, ids) = full(Overflow::Oldest, |builder| builder);
    let id = client.emit(event(4)).unwrap();
    assert_eq!(client.stats().dropped_by(DropReason::QueueFull), 1);
    let report = run(client.close(Duration::from_millis(10)));
    assert_eq!(report.undelivered, [ids[1], ids[2], id]);
}

#[test]
fn an_error_gives_the_event_back() {
    let (client, _) = full(Overflow::Error, |builder| builder);
    let error = client.emit(event(4)).unwrap_err();
    assert!(matches!(error, Error::QueueFull { events: 3, .. }) && error.is_retryable());
    assert_eq!((client.stats().emitted, client.stats().dropped()), (3, 0));
}

#[test]
fn bytes_are_bounded_too() {
    let server = Server::start(|_, _| Reply::Hang(LONG));
    let builder = quick(&server.url).queue_bytes(1_024).overflow(Overflow::Error).flush_interval(LONG);
    let client = builder.build().unwrap();
    client.emit(event(1).with("x", "x".repeat(600))).unwrap();
    assert!(client.emit(event(2).with("x", "x".repeat(600))).is_err());
    client.emit(event(3)).unwrap();
}

#[test]
fn who_waits_for_room_goes_on_when_there_is_some_and_when_the_client_closes() {
    let server = Server::start(|_, number| if number == 0 { Reply::Judge } else { Reply::Hang(LONG) });
    let client = quick(&server.url)
        .queue_events(2)
        .batch_events(2)
        .in_flight(1)
        .overflow(Overflow::Wait)
        .build()
        .unwrap();
    // The first two are taken by the server; the third finds room once they are.
    for number in 0..3 {
        client.emit(event(number)).unwrap();
    }
    eventually("the first two are taken", || client.stats().accepted == 2);
    client.emit(event(4)).unwrap();
    let waiting = client.clone();
    let waits = std::thread::spawn(move || waiting.emit(event(5)));
    let report = run(client.close(Duration::from_millis(50)));
    assert!(matches!(waits.join().unwrap(), Err(Error::Closed)));
    assert_eq!(report.stats.emitted, report.stats.accepted + report.stats.dropped());
}

#[test]
fn nothing_goes_for_an_event_that_finds_no_room_all_the_same() {
    let server = Server::start(|_, _| Reply::Hang(LONG));
    let builder = quick(&server.url).queue_events(3).batch_events(2).in_flight(1).overflow(Overflow::Oldest);
    let client = builder.queue_bytes(1_024).flush_interval(LONG).build().unwrap();
    for number in 0..2 {
        client.emit(event(number).with("x", "x".repeat(150))).unwrap();
    }
    eventually("two are on their way", || server.requests().len() == 1);
    client.emit(event(3)).unwrap();
    // More than what the two on their way leave, even once the third has gone.
    client.emit(event(4).with("x", "x".repeat(700))).unwrap();
    let stats = client.stats();
    assert_eq!((stats.emitted, stats.depth, stats.dropped_by(DropReason::QueueFull)), (4, 3, 1));
}
