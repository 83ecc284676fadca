//! The ledger: clients that send events until each is acknowledged, and the answers they got.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::StatusCode;

use super::pass;

/// With direct intake, so many of the clients send events without an id of their own.
const NAMELESS: usize = 2;

/// What was sent and what was acknowledged.
#[derive(Default)]
pub(super) struct Ledger {
    /// The APIs that there are; clients take turns, and wait while there is none.
    bases: Mutex<Vec<String>>,
    stop: AtomicBool,
    /// Intake is direct: what is acknowledged can be read at once.
    is_direct: AtomicBool,
    refused: AtomicU64,
    sent: Mutex<BTreeSet<String>>,
    acknowledged: Mutex<BTreeSet<String>>,
    uncertain: Mutex<BTreeSet<String>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ledger {
    pub(super) fn send_to(&self, bases: Vec<String>, is_direct: bool) {
        self.is_direct.store(is_direct, Ordering::SeqCst);
        *locked(&self.bases) = bases;
    }

    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    fn is_direct(&self) -> bool {
        self.is_direct.load(Ordering::SeqCst)
    }

    pub(super) fn sent(&self) -> BTreeSet<String> {
        locked(&self.sent).clone()
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

    /// Events without an id of their own that were sent again after an answer that says nothing: they may count twice.
    pub(super) fn uncertain(&self) -> BTreeSet<String> {
        locked(&self.uncertain).clone()
    }

    /// Another API beside this one, if there is one.
    fn another(&self, base: String) -> String {
        let bases = locked(&self.bases);
        let at = bases.iter().position(|other| *other == base);
        at.map_or(base, |at| bases[(at + 1) % bases.len()].clone())
    }

    /// The API for an attempt; `None` when it is time to stop.
    async fn base(&self, turn: usize) -> Option<String> {
        loop {
            if self.stop.load(Ordering::SeqCst) {
                return None;
            }
            let bases = locked(&self.bases).clone();
            if !bases.is_empty() {
                return Some(bases[turn % bases.len()].clone());
            }
            pass(Duration::from_millis(10)).await;
        }
    }
}

/// The event that a key of the ledger names: by its producer's id, or by its user.
fn event(key: &str, number: usize, is_nameless: bool) -> String {
    let own_id = if is_nameless { String::new() } else { format!(r#""eventId":"{key}","#) };
    let user = if is_nameless { key.to_owned() } else { format!("user_{}", number % 11) };
    format!(
        r#"{{{own_id}"accountId":"acc_{}","userId":"{user}","eventType":"email_clicked","timestamp":"2024-12-21T10:00:00Z","metadata":{{"responseTimeHours":2}}}}"#,
        number % 7
    )
}

/// One client: one event after the other, each until it is acknowledged.
pub(super) async fn send(ledger: Arc<Ledger>, client: usize) {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(6)).build().unwrap();
    for number in 0_usize.. {
        let key = format!("{client}-{number}");
        let is_nameless = client < NAMELESS && ledger.is_direct();
        let body = event(&key, number, is_nameless);
        for attempt in 0_usize.. {
            let Some(base) = ledger.base(client + attempt).await else { return };
            locked(&ledger.sent).insert(key.clone());
            let request =
                http.post(format!("{base}/api/v1/events")).header("content-type", "application/json");
            match request.body(body.clone()).send().await {
                Ok(answer) if answer.status() == StatusCode::ACCEPTED => {
                    locked(&ledger.acknowledged).insert(key);
                    if ledger.is_direct() && number % 8 == 0 {
                        is_there(&ledger, &http, base, answer).await;
                    }
                    break;
                }
                Ok(answer) if answer.status() == StatusCode::SERVICE_UNAVAILABLE => {
                    ledger.refused.fetch_add(1, Ordering::SeqCst);
                }
                // Killed, or its queue did not answer in time.
                Err(_) => {}
                Ok(other) => panic!("an answer of {other:?}"),
            }
            if is_nameless {
                locked(&ledger.uncertain).insert(key.clone());
            }
            // As a client waits before it tries again, but not for long.
            pass(Duration::from_millis(20)).await;
        }
    }
}

/// Reads an event that direct intake acknowledged: it is a signal already, whichever API of the store is asked.
async fn is_there(ledger: &Ledger, http: &reqwest::Client, base: String, acknowledged: reqwest::Response) {
    // The process may be killed in the middle of its answer, or before the question.
    let Ok(accepted) = acknowledged.text().await else { return };
    let accepted: serde_json::Value = serde_json::from_str(&accepted).unwrap();
    let base = ledger.another(base);
    let url = format!("{base}/api/v1/events/{}", accepted["eventId"].as_str().unwrap());
    let Ok(answer) = http.get(url).send().await else { return };
    let status = answer.status();
    let Ok(text) = answer.text().await else { return };
    let is_signal = status == StatusCode::OK && text.contains(r#""state":"completed""#);
    assert!(
        status == StatusCode::SERVICE_UNAVAILABLE || is_signal,
        "acknowledged, but no signal: {status} {text}"
    );
}
