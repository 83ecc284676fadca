//! The ledger: clients that send events until each is acknowledged, and the answers they got.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::pass;

/// What was sent and what was acknowledged.
#[derive(Default)]
pub(super) struct Ledger {
    /// The APIs that there are; clients take turns.
    bases: Mutex<Vec<String>>,
    stop: AtomicBool,
    sent: AtomicU64,
    refused: AtomicU64,
    acknowledged: Mutex<BTreeSet<String>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ledger {
    pub(super) fn send_to(&self, bases: Vec<String>) {
        *locked(&self.bases) = bases;
    }

    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }

    /// How often a 503 was the answer.
    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::SeqCst)
    }

    pub(super) fn count(&self) -> usize {
        locked(&self.acknowledged).len()
    }

    pub(super) fn acknowledged(&self) -> BTreeSet<String> {
        locked(&self.acknowledged).clone()
    }
}

/// One client: one event after the other, each under its id until it is acknowledged.
pub(super) async fn send(ledger: Arc<Ledger>, client: usize) {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(6)).build().unwrap();
    let stopped = || ledger.stop.load(Ordering::SeqCst);
    for number in 0_usize.. {
        if stopped() {
            return;
        }
        let id = format!("{client}-{number}");
        let body = format!(
            r#"{{"eventId":"{id}","accountId":"acc_{}","userId":"user_{}","eventType":"email_clicked","timestamp":"2024-12-21T10:00:00Z","metadata":{{"responseTimeHours":2}}}}"#,
            number % 7,
            number % 11
        );
        ledger.sent.fetch_add(1, Ordering::SeqCst);
        for attempt in 0_usize.. {
            if stopped() {
                return;
            }
            let bases = locked(&ledger.bases).clone();
            let url = format!("{}/api/v1/events", bases[(client + attempt) % bases.len()]);
            let request = http.post(url).header("content-type", "application/json").body(body.clone());
            match request.send().await.map(|answer| answer.status().as_u16()) {
                Ok(202) => {
                    locked(&ledger.acknowledged).insert(id);
                    break;
                }
                Ok(503) => drop(ledger.refused.fetch_add(1, Ordering::SeqCst)),
                // Killed, or its queue did not answer in time.
                Err(_) => {}
                Ok(other) => panic!("an answer of {other}"),
            }
            // As a client waits before it tries again, but not for long.
            pass(Duration::from_millis(20)).await;
        }
    }
}
