//! kill -9 of the embedded process, again and again, under load: every acknowledged event is a signal exactly once.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use sspp_core::testing::eventually;
use sspp_core::{Random, SeededRandom};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::process::{Running, command, refused};

const KILLS: u64 = 20;
const CLIENTS: u64 = 16;

/// The answers that clients got: ids with a 202, and how many answers in all.
#[derive(Default)]
struct Ledger {
    acknowledged: Mutex<HashSet<String>>,
    answers: AtomicU64,
}

/// Emits events one after another; an event without an answer is sent again under its id, as a good client does.
async fn client(
    number: u64,
    address: watch::Receiver<Option<String>>,
    stop: watch::Receiver<bool>,
    ledger: Arc<Ledger>,
) {
    let http = reqwest::Client::builder().timeout(std::time::Duration::from_secs(5)).build().unwrap();
    for event in 0_u64.. {
        let id = format!("00000000-0000-4000-8000-{number:04x}{event:08x}");
        let body = format!(
            r#"{{"eventId":"{id}","accountId":"acc_{}","userId":"user_{number}","eventType":"email_opened","timestamp":"2024-12-21T10:00:00Z","metadata":{{"n":{event}}}}}"#,
            event % 50,
        );
        loop {
            if *stop.borrow() {
                return;
            }
            let Some(base) = address.clone().wait_for(Option::is_some).await.unwrap().clone() else { return };
            let sent = http
                .post(format!("{base}/api/v1/events"))
                .header("content-type", "application/json")
                .body(body.clone())
                .send()
                .await;
            match sent {
                Ok(answer) if answer.status() == 202 => {
                    ledger.acknowledged.lock().unwrap().insert(id.clone());
                    ledger.answers.fetch_add(1, Ordering::SeqCst);
                    break;
                }
                Ok(answer) => {
                    assert_eq!(answer.status(), 503, "only away or done: {}", answer.text().await.unwrap());
                }
                // Killed under us: the next round waits for the new process.
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_twenty_times_under_load_nothing_is_lost_and_nothing_counts_twice() {
    let seed = std::env::var("SSPP_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0x5353_5050);
    println!("seed {seed} (SSPP_TEST_SEED repeats it)");
    let random = SeededRandom::new(seed);
    let folder = tempfile::tempdir().unwrap();
    let ledger = Arc::new(Ledger::default());
    let (address, addresses) = watch::channel(None);
    let (stop, stopped) = watch::channel(false);
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        clients.spawn(client(number, addresses.clone(), stopped.clone(), Arc::clone(&ledger)));
    }
    for _ in 0..KILLS {
        let server = Running::start(folder.path(), &[]);
        address.send_replace(Some(server.base.clone()));
        let enough = ledger.answers.load(Ordering::SeqCst) + 1 + random.next_u64() % 300;
        eventually("the clients get answers", async || ledger.answers.load(Ordering::SeqCst) >= enough).await;
        address.send_replace(None);
        server.kill();
    }
    stop.send_replace(true);
    let server = Running::start(folder.path(), &[]);
    address.send_replace(Some(server.base.clone()));
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }
    eventually("the queue is empty", async || {
        let stats = server.get("/api/v1/jobs/stats").await;
        stats["waiting"] == 0 && stats["active"] == 0 && stats["delayed"] == 0
    })
    .await;

    let mut stored = Vec::new();
    let mut next = String::new();
    loop {
        let page = server.get(&format!("/api/v1/signals?sortBy=id&sortOrder=ASC&limit=100{next}")).await;
        stored.extend(
            page["data"].as_array().unwrap().iter().map(|row| row["event_id"].as_str().unwrap().to_owned()),
        );
        match page["pagination"]["nextCursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    let distinct: HashSet<String> = stored.iter().cloned().collect();
    let acknowledged = ledger.acknowledged.lock().unwrap().clone();
    let stats = server.get("/api/v1/signals/stats").await;
    let jobs = server.get("/api/v1/jobs/stats").await;
    println!(
        "acknowledged {}, signals {}, dead letters {}",
        acknowledged.len(),
        stored.len(),
        jobs["failed"]
    );
    assert_eq!(stored.len(), distinct.len(), "an event became two signals");
    assert_eq!(acknowledged.difference(&distinct).count(), 0, "an acknowledged event was lost");
    assert_eq!(jobs["failed"], 0, "an innocent event became a dead letter");
    assert_eq!(stats["total_signals"].as_u64().unwrap(), stored.len() as u64, "the statistics drifted");
    assert!(acknowledged.len() as u64 >= KILLS, "the load was real");
}

/// The log lies beside the name that the file was opened by: by another name the file would be without its last events.
#[tokio::test]
async fn after_a_kill_the_file_is_not_opened_without_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &[]);
    let http = reqwest::Client::new();
    let body = crate::harness::event("acc_1", "email_opened", "{}");
    let request =
        http.post(format!("{}/api/v1/events", running.base)).header("content-type", "application/json");
    assert_eq!(request.body(body).send().await.unwrap().status(), 202);
    running.kill();
    std::fs::hard_link(folder.path().join("sspp.db"), folder.path().join("linked.db")).unwrap();
    let said = refused(&mut command(folder.path(), &["--port", "0", "--data", "linked.db"]));
    assert!(said.len() == 1 && said[0].contains("sspp.db-wal"), "{said:?}");
    // A copy of both files is whole.
    let copy = folder.path().join("copy.db");
    for ending in ["", "-wal"] {
        let beside = |name: &str| folder.path().join(format!("{name}{ending}"));
        std::fs::copy(beside("sspp.db"), beside("copy.db")).unwrap();
    }
    for data in ["sspp.db", copy.to_str().unwrap()] {
        let running = Running::start(folder.path(), &["--data", data]);
        eventually("it is a signal", async || {
            running.get("/api/v1/signals/stats").await["total_signals"] == 1
        })
        .await;
    }
}
