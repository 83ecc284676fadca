//! The client against scripted servers, and against the real service.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that panics has found something")]

mod again;
mod answers;
mod callbacks;
mod closing;
mod contract;
mod delivery;
mod exactly_once;
mod exit;
mod exports;
mod intake;
mod lists;
mod methods;
mod operations;
mod outside;
mod overflow;
mod platform;
mod readme;
mod runtimes;
mod server;
#[cfg(feature = "spool")]
mod spooled;
mod unsendable;
mod way;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sspp_client::{Backoff, Client, ClientBuilder, SalesEvent, Verdict};

/// A client that retries at once, of a server in this process.
fn quick(url: &str) -> ClientBuilder {
    let (base, max) = (Duration::from_millis(1), Duration::from_millis(5));
    Client::builder(url).flush_interval(Duration::from_millis(5)).backoff(Backoff {
        base,
        max,
        ..Backoff::default()
    })
}

fn event(number: usize) -> SalesEvent {
    SalesEvent::call_made(format!("acc_{number}"), "user_1").with("number", number)
}

/// Why an event was not sent, and the event to be sent again.
fn not_sent(client: &Client, event: SalesEvent) -> (Arc<sspp_client::Error>, SalesEvent) {
    let mut outcomes = run(client.send([event])).unwrap();
    match outcomes.remove(0).verdict {
        Verdict::NotSent { error, event } => (error, *event),
        other => panic!("{other:?}"),
    }
}

/// Waits for what another thread does.
fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "not within 20 s: {what}");
        std::thread::yield_now();
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// The reports that callbacks got.
type Reported<T> = Arc<Mutex<Vec<T>>>;

const LONG: Duration = Duration::from_secs(20);
