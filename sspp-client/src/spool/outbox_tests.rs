//! The outbox against a server that says whatever a script says.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use proptest::prelude::*;

use super::outbox::{Outbox, Refusal, Route};
use super::{SpoolConfig, SpoolError};
use crate::api::Ruling;

/// What the server does with a request: its rulings in turn, or a refusal. After the script it accepts everything.
#[derive(Debug, Clone)]
enum Reply {
    Rulings(Vec<Ruling>),
    Away,
    TooLarge,
}

#[derive(Debug, Default)]
struct Scripted {
    script: Mutex<VecDeque<Reply>>,
    /// An event that makes every request refused that has it.
    poison: Option<Vec<u8>>,
    sent: Mutex<Vec<Vec<u8>>>,
    settled: Mutex<Vec<(Vec<u8>, Ruling)>>,
}

const fn accepted() -> Ruling {
    Ruling::Accepted
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Route for Scripted {
    async fn post(&self, events: &[Vec<u8>]) -> Result<(Vec<Ruling>, Option<Duration>), Refusal> {
        tokio::task::yield_now().await;
        for event in events {
            let done = lock(&self.settled).iter().any(|(known, _)| known == event);
            assert!(!done, "sent after it was settled: {}", String::from_utf8_lossy(event));
        }
        lock(&self.sent).extend_from_slice(events);
        if self.poison.as_ref().is_some_and(|poison| events.contains(poison)) {
            return Err(Refusal::Contents(Vec::new()));
        }
        match lock(&self.script).pop_front() {
            Some(Reply::Rulings(mut rulings)) => {
                rulings.truncate(events.len());
                Ok((rulings, None))
            }
            Some(Reply::Away) => Err(Refusal::Kept(Some(Duration::from_mins(1)))),
            Some(Reply::TooLarge) if events.len() > 1 => Err(Refusal::Contents(Vec::new())),
            Some(Reply::TooLarge) | None => Ok((vec![accepted(); events.len()], None)),
        }
    }

    fn settled(&self, event: &[u8], ruling: &Ruling) {
        lock(&self.settled).push((event.to_vec(), ruling.clone()));
    }

    fn again(&self, events: usize) {
        assert!(events > 0);
    }

    fn pause(&self, failed: u32, at_least: Option<Duration>) -> Duration {
        assert!(failed > 0);
        at_least.unwrap_or(Duration::from_secs(1))
    }

    fn trouble(&self, error: &SpoolError) {
        panic!("{error}");
    }
}

fn outbox(folder: &std::path::Path) -> Outbox {
    Outbox::open(SpoolConfig::new(folder).sync(super::SpoolSync::Never)).unwrap()
}

fn events(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| format!("event {number}").into_bytes()).collect()
}

/// Delivers everything, on a clock that jumps over pauses.
fn deliver(route: &Scripted, outbox: &Outbox, batch: usize) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let flush = async {
            outbox.flushed().await;
            outbox.stop();
        };
        tokio::join!(outbox.run(route, batch, 10_000), flush);
    });
}

fn reply() -> impl Strategy<Value = Reply> {
    let ruling = prop_oneof![Just(accepted()), Just(Ruling::Rejected(Vec::new())), Just(Ruling::Retry)];
    prop_oneof![
        4 => prop::collection::vec(ruling, 0..12).prop_map(Reply::Rulings),
        1 => Just(Reply::Away),
        1 => Just(Reply::TooLarge),
    ]
}

proptest! {
    #[test]
    fn each_event_is_settled_once_and_never_sent_again(
        count in 0_usize..40, batch in 1_usize..12, script in prop::collection::vec(reply(), 0..12),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let outbox = outbox(folder.path());
        let all = events(count);
        for event in &all {
            outbox.put(event).unwrap();
        }
        let route = Scripted { script: Mutex::new(script.into()), ..Scripted::default() };
        deliver(&route, &outbox, batch);
        let mut settled: Vec<_> = lock(&route.settled).iter().map(|(event, _)| event.clone()).collect();
        settled.sort();
        let mut expected = all;
        expected.sort();
        prop_assert_eq!(settled, expected);
        prop_assert_eq!(outbox.pending(), 0);
    }
}

#[test]
fn after_an_absence_they_go_in_the_order_they_came() {
    let folder = tempfile::tempdir().unwrap();
    let all = events(50);
    {
        let before = outbox(folder.path());
        for event in &all[..30] {
            before.put(event).unwrap();
        }
    }
    let outbox = outbox(folder.path());
    for event in &all[30..] {
        outbox.put(event).unwrap();
    }
    let route = Scripted { script: Mutex::new(vec![Reply::Away; 20].into()), ..Scripted::default() };
    deliver(&route, &outbox, 7);
    let settled = lock(&route.settled);
    assert!(settled.iter().map(|(event, _)| event).eq(&all));
    assert!(settled.iter().all(|(_, verdict)| *verdict == accepted()));
}

#[test]
fn one_event_that_the_server_never_takes_costs_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = outbox(folder.path());
    let all = events(20);
    for event in &all {
        outbox.put(event).unwrap();
    }
    let route = Scripted { poison: Some(all[13].clone()), ..Scripted::default() };
    deliver(&route, &outbox, 10);
    let settled = lock(&route.settled);
    assert_eq!(settled.len(), 20);
    for (event, verdict) in settled.iter() {
        let expected = if *event == all[13] { Ruling::Rejected(Vec::new()) } else { accepted() };
        assert_eq!(*verdict, expected, "{}", String::from_utf8_lossy(event));
    }
}

#[test]
fn a_stop_leaves_what_was_not_settled() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = outbox(folder.path());
    outbox.put(b"event").unwrap();
    outbox.stop();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let route = Scripted { script: Mutex::new(vec![Reply::Away; 1_000].into()), ..Scripted::default() };
    runtime.block_on(outbox.run(&route, 10, 1_000));
    assert_eq!(outbox.pending(), 1);
}
