//! The outbox over a spool, before a server that says whatever a script says.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::gather::gather;
use super::store::Load;
use super::{Outbox, SpoolStore, Store as _};
use crate::client::Client;
use crate::event::Encoded;
use crate::settings::Settings;
use crate::spool::{SpoolConfig, SpoolFull, SpoolSync};
use crate::transport::{Transport, TransportError};

/// What the server does with a request: verdicts in turn, or an answer for all of it. After the script it accepts everything.
#[derive(Debug, Clone)]
enum Reply {
    Verdicts(Vec<&'static str>),
    Away,
    TooLarge,
    UnknownKey,
    Panic,
}

#[derive(Debug, Default)]
struct Scripted {
    script: Mutex<VecDeque<Reply>>,
    /// An event that makes every request refused that has it.
    poison: Option<usize>,
    /// Events with their last verdicts, in the order in which they came.
    settled: Mutex<Vec<(usize, &'static str)>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refused(status: u16) -> Response<Bytes> {
    let problem = json!({"type": "urn:sspp:problem:of-a-test", "status": status, "detail": "no"}).to_string();
    Response::builder().status(status).header("retry-after", "60").body(problem.into()).unwrap()
}

#[async_trait]
impl Transport for Scripted {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        tokio::task::yield_now().await;
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let events: Vec<usize> = body["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| serde_json::from_value(event["n"].clone()).unwrap())
            .collect();
        for event in &events {
            let done = lock(&self.settled).iter().any(|(known, _)| known == event);
            assert!(!done, "sent after it was settled: {event}");
        }
        if self.poison.is_some_and(|poison| events.contains(&poison)) {
            return Ok(refused(413));
        }
        let reply = lock(&self.script).pop_front();
        let verdicts = match reply {
            Some(Reply::Verdicts(verdicts)) => verdicts,
            Some(Reply::Away) => return Ok(refused(503)),
            Some(Reply::UnknownKey) => return Ok(refused(401)),
            Some(Reply::Panic) => panic!("the transport panics"),
            Some(Reply::TooLarge) if events.len() > 1 => return Ok(refused(413)),
            Some(Reply::TooLarge) | None => vec!["accepted"; events.len()],
        };
        let mut results = Vec::new();
        for (index, (event, status)) in events.iter().zip(verdicts).enumerate() {
            results.push(json!({"index": index, "status": status}));
            if status != "retry" {
                lock(&self.settled).push((*event, status));
            }
        }
        Ok(Response::new(json!({"results": results}).to_string().into()))
    }
}

fn outbox(folder: &Path, transport: &Arc<Scripted>, batch: usize) -> Arc<Outbox> {
    let config = SpoolConfig::new(folder).sync(SpoolSync::Never);
    let builder = Client::builder("http://test").transport(Arc::clone(transport) as _).gzip(false);
    let options = builder.spool(config).batch_events(batch).options;
    Arc::new(options.outbox(|_| None).unwrap())
}

fn put(outbox: &Outbox, numbers: std::ops::Range<usize>) {
    for n in numbers {
        outbox.store.push(Encoded::stored(json!({ "n": n }).to_string().into())).unwrap();
    }
}

/// Delivers everything, on a clock that jumps over pauses.
fn deliver(outbox: &Arc<Outbox>, timeout: Duration) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let flushed = outbox.store.flush();
        outbox.begin_close(timeout);
        gather(Arc::clone(outbox)).await;
        let is_flushed = flushed.is_none_or(|mut flushed| flushed.try_recv().is_ok());
        assert_eq!(is_flushed, outbox.store.depth() == 0);
    });
}

fn reply() -> impl Strategy<Value = Reply> {
    let verdict = prop_oneof![Just("accepted"), Just("rejected"), Just("retry")];
    prop_oneof![
        4 => prop::collection::vec(verdict, 0..12).prop_map(Reply::Verdicts),
        1 => Just(Reply::Away),
        1 => Just(Reply::TooLarge),
        1 => Just(Reply::UnknownKey),
        1 => Just(Reply::Panic),
    ]
}

proptest! {
    #[test]
    fn each_event_is_settled_once_and_never_sent_again(
        count in 0_usize..40, batch in 1_usize..12, script in prop::collection::vec(reply(), 0..12),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let transport = Arc::new(Scripted { script: Mutex::new(script.into()), ..Scripted::default() });
        let outbox = outbox(folder.path(), &transport, batch);
        put(&outbox, 0..count);
        deliver(&outbox, Duration::MAX);
        let mut settled: Vec<_> = lock(&transport.settled).iter().map(|(event, _)| *event).collect();
        settled.sort_unstable();
        prop_assert!(settled.into_iter().eq(0..count));
        let stats = outbox.stats();
        prop_assert_eq!((stats.accepted + stats.rejected, stats.depth), (count as u64, 0));
    }
}

#[test]
fn after_an_absence_they_go_in_the_order_they_came() {
    let folder = tempfile::tempdir().unwrap();
    let transport =
        Arc::new(Scripted { script: Mutex::new(vec![Reply::Away; 20].into()), ..Scripted::default() });
    put(&outbox(folder.path(), &transport, 7), 0..30);
    let outbox = outbox(folder.path(), &transport, 7);
    put(&outbox, 30..50);
    deliver(&outbox, Duration::MAX);
    assert!(lock(&transport.settled).iter().copied().eq((0..50).map(|n| (n, "accepted"))));
}

#[test]
fn one_event_that_the_server_never_takes_costs_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let transport = Arc::new(Scripted { poison: Some(13), ..Scripted::default() });
    let outbox = outbox(folder.path(), &transport, 10);
    put(&outbox, 0..20);
    deliver(&outbox, Duration::MAX);
    assert_eq!(lock(&transport.settled).len(), 19);
    let stats = outbox.stats();
    assert_eq!((stats.accepted, stats.rejected, stats.depth), (19, 1, 0));
}

#[test]
fn a_transport_that_panics_loses_no_event() {
    let folder = tempfile::tempdir().unwrap();
    let transport =
        Arc::new(Scripted { script: Mutex::new(vec![Reply::Panic; 3].into()), ..Scripted::default() });
    let outbox = outbox(folder.path(), &transport, 10);
    put(&outbox, 0..20);
    deliver(&outbox, Duration::MAX);
    assert!(lock(&transport.settled).iter().copied().eq((0..20).map(|n| (n, "accepted"))));
}

#[test]
fn events_that_were_settled_before_a_panic_are_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let script = vec![Reply::Verdicts(vec!["retry", "accepted", "retry"]), Reply::Panic];
    let transport = Arc::new(Scripted { script: Mutex::new(script.into()), ..Scripted::default() });
    let outbox = outbox(folder.path(), &transport, 10);
    put(&outbox, 0..3);
    deliver(&outbox, Duration::from_mins(1));
    let stats = outbox.stats();
    assert_eq!((stats.accepted, stats.depth), (3, 0));
}

#[test]
fn events_that_made_room_on_their_way_and_were_settled_all_the_same_count_once() {
    let folder = tempfile::tempdir().unwrap();
    let config = SpoolConfig::new(folder.path()).max_bytes(SpoolConfig::MIN_BYTES);
    let config = config.when_full(SpoolFull::DropOldest).sync(SpoolSync::Never);
    let store = SpoolStore::open(config, &Settings::default()).unwrap();
    let push = || drop(store.push(Encoded::stored(Bytes::from(vec![b'x'; 1_000]))).unwrap());
    push();
    push();
    let take = || {
        let mut taken = Load::default();
        store.take_batch().unwrap().iter().for_each(|event| taken.add(event));
        taken
    };
    let on_their_way = take();
    let mut pushed = on_their_way.events;
    while store.displaced() == 0 {
        push();
        pushed += 1;
    }
    store.release(on_their_way);
    assert_eq!(usize::try_from(store.displaced()).unwrap() + store.depth() + on_their_way.events, pushed);
    // The next batch is of a file that is still there.
    let settled = take();
    let (displaced, depth) = (store.displaced(), store.depth());
    store.release(settled);
    assert_eq!((store.displaced(), store.depth()), (displaced, depth - settled.events));
}

#[test]
fn the_end_of_the_clients_time_leaves_on_disk_what_was_not_settled() {
    let folder = tempfile::tempdir().unwrap();
    let transport =
        Arc::new(Scripted { script: Mutex::new(vec![Reply::Away; 1_000].into()), ..Scripted::default() });
    let outbox = outbox(folder.path(), &transport, 10);
    put(&outbox, 0..1);
    deliver(&outbox, Duration::from_secs(5));
    let stats = outbox.stats();
    assert_eq!((stats.depth, stats.dropped()), (1, 0));
}
