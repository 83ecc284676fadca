//! In a multi-thread runtime, in a current-thread one, in one that is not Tokio's, and in none.

use std::time::Duration;

use futures_util::FutureExt as _;
use sspp_client::{Client, Error};

use crate::server::{Reply, Server};
use crate::{LONG, event, eventually, quick};

fn client() -> (Server, Client) {
    let server = Server::start(|_, _| Reply::Judge);
    let client = quick(&server.url).flush_interval(LONG).build().unwrap();
    (server, client)
}

#[tokio::test(flavor = "current_thread")]
async fn flush_inside_a_task_of_a_current_thread_runtime() {
    let (_server, client) = client();
    client.emit(event(1)).unwrap();
    let inside = client.clone();
    tokio::spawn(async move { inside.flush(LONG).await }).await.unwrap().unwrap();
    assert_eq!(client.stats().accepted, 1);
    assert!(client.close(LONG).await.is_clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn close_inside_a_task_of_a_multi_thread_runtime() {
    let (_server, client) = client();
    client.emit(event(1)).unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.close(LONG).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().stats.accepted, 1);
    }
}

/// The runtime that made the client ends; the client continues.
#[test]
fn a_client_outlives_the_runtime_it_was_made_in() {
    let (server, client) = crate::run(async { client() });
    client.emit(event(1)).unwrap();
    crate::run(client.flush(LONG)).unwrap();
    crate::run(client.send([event(2)])).unwrap();
    assert_eq!(server.look(|ledger| ledger.accepted.len()), 2);
}

/// Dropped in a task that is itself cancelled, as when a runtime shuts down.
#[test]
fn a_client_may_be_dropped_anywhere() {
    let (server, client) = client();
    client.emit(event(1)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.spawn(async move {
        let _client = client;
        std::future::pending::<()>().await;
    });
    runtime.block_on(tokio::task::yield_now());
    drop(runtime);
    eventually("it is sent all the same", || server.look(|ledger| ledger.accepted.len() == 1));
}

#[test]
fn a_send_that_nobody_waits_for_is_stopped_and_counted() {
    let server = Server::start(|_, _| Reply::Hang(LONG));
    let client = quick(&server.url).build().unwrap();
    {
        let mut sending = Box::pin(client.send([event(1)]));
        assert!((&mut sending).now_or_never().is_none());
    }
    eventually("it is counted", || client.stats().dropped_by(sspp_client::DropReason::Cancelled) == 1);
}

#[test]
fn flush_says_when_time_is_over_and_gives_nothing_up() {
    let server = Server::start(|_, _| Reply::Hang(LONG));
    let client = quick(&server.url).build().unwrap();
    client.emit(event(1)).unwrap();
    let error = crate::run(client.flush(Duration::from_millis(50))).unwrap_err();
    assert!(matches!(error, Error::Unsettled { unsettled: 1, .. }), "{error}");
    assert_eq!(client.stats().dropped(), 0);
}

#[cfg(feature = "blocking")]
#[test]
fn without_a_runtime() {
    let (_server, client) = client();
    let client = sspp_client::blocking::Client::from(client);
    client.emit(event(1)).unwrap();
    client.flush(LONG).unwrap();
    assert!(client.send([event(2)]).unwrap()[0].is_accepted());
    assert_eq!(sspp_client::Client::from(client.clone()).stats(), client.client().stats());
    assert_eq!(client.close(LONG).stats.accepted, 2);
}
