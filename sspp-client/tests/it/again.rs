//! What did not arrive is given back, and sent again without doubles; `close` and `send` know of each other.

use std::io::Read as _;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sspp_client::{
    Backoff, Bytes, Client, DeadLetterQuery, DropReason, Error, SalesEvent, SignalQuery, Transport,
    TransportError, Verdict, async_trait, http,
};

use crate::platform::Platform;
use crate::server::{Reply, Server, closed_port};
use crate::{LONG, event, eventually, not_sent, quick, run};

/// The way to a server: the answer on the first connection is cut.
fn cutting_once(server: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = server.strip_prefix("http://").unwrap().to_owned();
    std::thread::spawn(move || {
        for (number, near) in listener.incoming().flatten().enumerate() {
            let far = TcpStream::connect(&server).unwrap();
            let (mut up, mut down) = (near.try_clone().unwrap(), far.try_clone().unwrap());
            let mut target = far.try_clone().unwrap();
            std::thread::spawn(move || std::io::copy(&mut up, &mut target));
            std::thread::spawn(move || {
                if number == 0 {
                    // It is answered, so it was taken.
                    down.read_exact(&mut [0; 12]).unwrap();
                    near.shutdown(Shutdown::Both).unwrap();
                } else {
                    let _ = std::io::copy(&mut down, &mut &near);
                }
            });
        }
    });
    url
}

#[test]
fn what_comes_back_can_be_sent_again_and_counts_once() {
    let platform = Platform::start();
    let url = cutting_once(&platform.url);
    let once = Backoff { attempts: 1, ..Backoff::default() };
    let client = quick(&url).source("crm").backoff(once).build().unwrap();
    let (error, again) = not_sent(&client, SalesEvent::call_made("acc_1", "ada").with("minutes", 12));
    assert!(error.is_retryable(), "{error}");
    assert!(matches!(again.get_at(), Some(Ok(_))) && again.get_source() == Some("crm"), "{again:?}");
    run(async {
        let sent = client.send([again.clone()]).await.unwrap();
        assert!(sent[0].is_accepted(), "{sent:?}");
        assert_eq!(again.get_id(), Some(sent[0].event_id.to_string().as_str()));
        client.wait_for_signal(sent[0].event_id, LONG).await.unwrap().signal().unwrap();
        assert_eq!(client.signals(&SignalQuery::default()).collect().await.unwrap().len(), 1);
        assert!(client.dead_letters(&DeadLetterQuery::default()).collect().await.unwrap().is_empty());
    });
}

#[test]
fn once_the_retries_are_spent_the_rest_of_a_send_is_not_tried() {
    let server = Server::start(|_, _| Reply::Status(503, ""));
    let backoff = Backoff { attempts: 2, base: Duration::from_millis(1), ..Backoff::default() };
    let client = quick(&server.url).backoff(backoff).batch_events(1).build().unwrap();
    let outcomes = run(client.send((0..10).map(event))).unwrap();
    for outcome in &outcomes {
        assert!(
            matches!(&outcome.verdict, Verdict::NotSent { error, .. } if error.status() == Some(503)),
            "{outcome:?}"
        );
    }
    assert_eq!((outcomes.len(), server.requests().len()), (10, 2));
    assert_eq!(client.stats().dropped_by(DropReason::RetriesSpent), 10);
}

#[test]
fn close_waits_for_a_send_and_ends_it_when_time_is_over() {
    let server = Server::start(|_, number| Reply::Hang(if number == 0 { LONG } else { Duration::ZERO }));
    let client = quick(&server.url).build().unwrap();
    let sends = client.clone();
    let sending = std::thread::spawn(move || run(sends.send([event(1)])).unwrap());
    eventually("it is on its way", || server.requests().len() == 1);
    let report = run(client.close(Duration::from_millis(50)));
    let outcomes = sending.join().unwrap();
    assert!(
        matches!(&outcomes[0].verdict, Verdict::NotSent { error, .. } if matches!(**error, Error::Closed))
    );
    assert_eq!((&report.undelivered, report.is_clean()), (&vec![outcomes[0].event_id], false));
    assert_eq!(report.stats.dropped_by(DropReason::Closed), 1);
    assert_eq!(client.stats(), report.stats, "the last figures are the last");
}

#[test]
fn the_longest_time_is_time_enough() {
    let client = quick("http://127.0.0.1:9").build().unwrap();
    run(client.flush(Duration::MAX)).unwrap();
    assert!(run(client.close(Duration::MAX)).is_clean());
}

#[tokio::test(start_paused = true)]
async fn the_callers_clock_does_not_count() {
    let server = Server::start(|_, _| Reply::Hang(LONG));
    let client = quick(&server.url).build().unwrap();
    client.emit(event(1)).unwrap();
    tokio::time::advance(Duration::from_hours(1)).await;
    let began = Instant::now();
    let report = client.close(Duration::from_millis(50)).await;
    assert_eq!(report.undelivered.len(), 1);
    assert!(began.elapsed() < LONG);
}

#[test]
fn a_client_that_lost_events_before_it_was_closed_is_not_clean() {
    let once = Backoff { attempts: 1, ..Backoff::default() };
    let client = quick(&format!("http://{}", closed_port())).backoff(once).build().unwrap();
    client.emit(event(1)).unwrap();
    run(client.flush(LONG)).unwrap();
    let report = run(client.close(LONG));
    assert!(!report.is_clean() && report.undelivered.is_empty(), "{report:?}");
}

#[derive(Debug, Default)]
struct Panics(AtomicUsize);

#[async_trait]
impl Transport for Panics {
    async fn send(&self, _: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        panic!("as the test wants it")
    }
}

#[test]
fn a_transport_that_panics_is_named() {
    let client = Client::builder("http://sspp.example").transport(Arc::new(Panics::default()));
    let client = client.flush_interval(Duration::from_millis(1)).build().unwrap();
    let (error, _) = not_sent(&client, event(1));
    assert!(matches!(*error, Error::Panicked) && error.to_string().contains("transport panicked"), "{error}");
    assert!(matches!(run(client.job_stats()), Err(Error::Panicked)));
    client.emit(event(2)).unwrap();
    run(client.flush(LONG)).unwrap();
    assert_eq!(client.stats().dropped_by(DropReason::Panicked), 2);
    assert_eq!(run(client.close(LONG)).stats.depth, 0);
}
