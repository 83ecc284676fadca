//! Intake without a queue: the 202 is the commit, an outage is a 503, and one bad event spoils no other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sspp_api::{Ports, Settings};
use sspp_core::testing::{FaultyStore, eventually, store_in_memory};
use sspp_core::{Record, Store, StoreError};

use crate::harness::{Harness, Reply, event, in_each_direct_shape, memory_ports};
use crate::process::Running;

#[tokio::test]
async fn what_was_answered_is_seen_at_once_in_each_direct_shape() {
    in_each_direct_shape(async |harness| {
        for number in 0..300 {
            let id = harness.accept(event(&format!("acc_{}", number % 7), "call_made", "{}")).await;
            let found = harness.get(&format!("/api/v1/events/{id}")).await.json();
            assert_eq!(found["state"], "completed", "event {number}: {found}");
        }
        let stats = harness.get("/api/v1/signals/stats").await.json();
        assert_eq!((&stats["total_signals"], &stats["unique_accounts"]), (&json!(300), &json!(7)));
    })
    .await;
}

/// Direct intake into a store that fails as the test says.
fn over(
    dependency_timeout: Duration,
    fault: impl FnMut(&[Record]) -> Option<StoreError> + Send + 'static,
) -> (Harness, Arc<FaultyStore>) {
    let store = Arc::new(FaultyStore::<dyn Store>::new(Arc::new(store_in_memory()), fault));
    let ports = Ports { store: store.clone(), ..memory_ports() };
    (Harness::over(ports, Settings { dependency_timeout, ..Settings::default() }), store)
}

fn retry_after(reply: &Reply) -> u64 {
    reply.header("retry-after").parse().unwrap()
}

#[tokio::test]
async fn a_store_that_is_away_is_a_503_within_the_deadline_and_is_used_again_when_it_is_back() {
    let deadline = Duration::from_millis(500);
    let (harness, store) = over(deadline, |_| None);
    store.cut(true);
    let began = Instant::now();
    let reply = harness.post(event("acc_1", "call_made", "{}")).await;
    assert!((deadline..deadline * 4).contains(&began.elapsed()), "{:?}", began.elapsed());
    reply.problem(503);
    assert!(reply.text.contains("store of signals cannot answer") && retry_after(&reply) >= 1, "{reply:?}");
    let lines = [("content-type", "application/x-ndjson")];
    let body = [event("acc_1", "call_made", "{}"), "{}".to_owned()].join("\n");
    harness.send("POST", "/api/v1/events/batch", &lines, body).await.problem(503);
    let ready = harness.get("/ready").await.problem(503).to_string();
    assert!(ready.contains("(sqlite: unavailable)"), "{ready}");
    assert_eq!(harness.get("/health").await.json()["services"]["sqlite"]["reason"], "unavailable");
    harness.send("DELETE", "/api/v1/accounts/acc_1", &[], ()).await.problem(503);
    let metrics = harness.get("/metrics").await.text;
    assert!(metrics.contains("sspp_api_events_queue_errors_total 2"), "{metrics}");
    store.cut(false);
    harness.accept(event("acc_1", "call_made", "{}")).await;
    assert_eq!(harness.holds().await, 1, "what was refused is not stored");
    assert_eq!(harness.get("/ready").await.status, 200);
}

#[tokio::test]
async fn a_batch_without_a_valid_event_is_answered_at_once() {
    let (harness, _) = over(Duration::from_mins(1), |_| None);
    let send =
        harness.send("POST", "/api/v1/events/batch", &[("content-type", "application/x-ndjson")], "{}");
    let reply = tokio::time::timeout(Duration::from_secs(10), send).await.expect("nothing is waited for");
    assert_eq!((reply.status.as_u16(), &reply.json()["rejected"]), (202, &json!(1)), "{reply:?}");
}

#[tokio::test]
async fn a_store_that_is_not_set_up_is_not_ready_and_says_which_command_helps() {
    let setup = || StoreError::Setup { reason: "no such table".to_owned() };
    let mut store = sspp_core::testing::MockStore::new();
    store.expect_ping().returning(move || Err(setup()));
    let ports = Ports { store: Arc::new(store), store_kind: "postgresql", ..memory_ports() };
    let ready = Harness::over(ports, Settings::default()).get("/ready").await.problem(503).to_string();
    assert!(ready.contains("postgresql: not set up") && ready.contains("`sspp-api migrate`"), "{ready}");
}

#[tokio::test]
async fn more_than_ten_thousand_waiting_events_are_refused_at_once() {
    let (away, tries) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU32::new(0)));
    let (store_away, attempts) = (Arc::clone(&away), Arc::clone(&tries));
    let (harness, _) = over(Duration::from_secs(30), move |_| {
        attempts.fetch_add(1, Ordering::SeqCst);
        let reason = "for a test".to_owned();
        store_away.load(Ordering::SeqCst).then_some(StoreError::Unavailable { reason })
    });
    let batch = vec![event("acc_1", "call_made", "{}"); 1_000].join("\n");
    let send = async || {
        let lines = [("content-type", "application/x-ndjson")];
        harness.send("POST", "/api/v1/events/batch", &lines, batch.clone()).await
    };
    let in_a_commit = send();
    // The next ten wait.
    let waiting = async {
        eventually("the first is in a commit", async || tries.load(Ordering::SeqCst) > 0).await;
        futures_util::future::join_all((0..10).map(|_| send())).await
    };
    let then = async {
        eventually("ten thousand wait", async || {
            harness.get("/metrics").await.text.contains("\nsspp_api_waiting_events 10000\n")
        })
        .await;
        let refused = send().await;
        refused.problem(503);
        assert!(
            refused.text.contains("Too many events are waiting") && retry_after(&refused) >= 1,
            "{refused:?}"
        );
        away.store(false, Ordering::SeqCst);
    };
    let (first, waited, ()) = tokio::join!(in_a_commit, waiting, then);
    for reply in waited.into_iter().chain([first]) {
        assert_eq!((reply.status.as_u16(), &reply.json()["accepted"]), (202, &json!(1_000)), "{reply:?}");
    }
    assert_eq!(harness.holds().await, 11_000);
}

#[tokio::test]
async fn one_event_that_the_store_refuses_is_a_dead_letter_and_the_others_are_signals() {
    let is_bad = |record: &Record| matches!(record, Record::Signal { signal, .. } if signal.accepted.event.account_id.as_str() == "bad");
    let (harness, _) = over(Duration::from_secs(3), move |batch| {
        let reason = "a check constraint".to_owned();
        batch.iter().any(is_bad).then_some(StoreError::Data { reason })
    });
    let accounts: Vec<String> =
        (0..50).map(|n| if n == 17 { "bad".to_owned() } else { format!("acc_{n}") }).collect();
    let body: Vec<String> = accounts.iter().map(|account| event(account, "call_made", "{}")).collect();
    let lines = [("content-type", "application/x-ndjson")];
    let reply = harness.send("POST", "/api/v1/events/batch", &lines, body.join("\n")).await;
    assert_eq!(reply.status, 202, "{reply:?}");
    let json = reply.json();
    assert_eq!((&json["accepted"], json.get("retry")), (&json!(50), None));
    for (at, verdict) in json["results"].as_array().unwrap().iter().enumerate() {
        assert_eq!(verdict["status"], "accepted");
        assert_eq!(verdict.get("deadLetterId").is_some(), at == 17, "{verdict}");
    }
    let stats = harness.ports.store.stats().await.unwrap();
    assert_eq!((stats.signals, stats.dead_letters), (49, 1));
    is_a_letter(&harness, &json["results"][17]).await;
    is_a_letter(&harness, &harness.post(event("bad", "call_made", "{}")).await.json()).await;
}

/// An accepted event is found as the dead letter that its answer names.
async fn is_a_letter(harness: &Harness, answer: &Value) {
    let id = answer["deadLetterId"].as_str().unwrap();
    assert_eq!(answer["deadLetterId"], answer["eventId"]);
    let letter = harness.get(&format!("/api/v1/dead-letters/{id}")).await.json();
    assert_eq!((&letter["reason"], &letter["event"]["accountId"]), (&json!("rejected"), &json!("bad")));
    let found = harness.get(&format!("/api/v1/events/{id}")).await.json();
    assert_eq!((&found["state"], &found["deadLetter"]["id"]), (&json!("failed"), &json!(id)));
    // Replayed, it fails again, and says so.
    let again = harness.send("POST", &format!("/api/v1/dead-letters/{id}/replay"), &[], ()).await.json();
    assert_eq!((&again["status"], &again["deadLetterId"]), (&json!("dead_letter"), &json!(id)));
}

#[tokio::test]
async fn an_id_of_other_content_is_accepted_with_the_dead_letter_that_it_became_in_each_direct_shape() {
    in_each_direct_shape(async |harness| {
        let own = |account: &str, metadata| {
            event(account, "call_made", metadata).replacen('{', r#"{"eventId":"order-1","#, 1)
        };
        let first = harness.post(own("acc_1", "{}")).await.json();
        assert!(first.get("deadLetterId").is_none(), "{first}");
        assert_eq!(harness.post(own("acc_1", "{}")).await.json(), first, "a retry");
        let other = harness.post(own("acc_1", r#"{"a":1}"#)).await;
        assert_eq!(other.status, 202, "{other:?}");
        let other = other.json();
        assert_eq!(other["eventId"], first["eventId"]);
        let id = other["deadLetterId"].as_str().unwrap();
        let letter = harness.get(&format!("/api/v1/dead-letters/{id}")).await.json();
        assert_eq!((&letter["reason"], &letter["eventId"]), (&json!("event_id_conflict"), &first["eventId"]));
        let stats = harness.ports.store.stats().await.unwrap();
        assert_eq!((stats.signals, stats.dead_letters), (1, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_in_flight_when_it_stops_get_their_commit() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &[]);
    let (client, url) = (reqwest::Client::new(), format!("{}/api/v1/events", running.base));
    let mut sending = tokio::task::JoinSet::new();
    for number in 0..200 {
        let event = event(&format!("acc_{number}"), "call_made", "{}");
        let request = client.post(&url).header("content-type", "application/json").body(event);
        sending.spawn(async move {
            let answer = request.send().await.ok().filter(|answer| answer.status() == 202)?;
            Some(answer.json::<Value>().await.unwrap()["eventId"].as_str().unwrap().to_owned())
        });
    }
    let mut acknowledged = vec![sending.join_next().await.unwrap().unwrap().unwrap()];
    running.signal("-TERM");
    acknowledged.extend(sending.join_all().await.into_iter().flatten());
    assert_eq!(running.ended(), 0);
    let again = Running::start(folder.path(), &[]);
    for id in &acknowledged {
        assert_eq!(again.get(&format!("/api/v1/events/{id}")).await["state"], "completed");
    }
}
