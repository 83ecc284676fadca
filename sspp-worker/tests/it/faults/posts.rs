//! What a row sends itself, beside the load, and what it asks.

use serde_json::{Value, json};

use super::stage::Stage;
use crate::process::Running;

/// An event of a user who is no key of the ledger.
pub(super) fn lone_event(account: &str) -> String {
    format!(
        r#"{{"accountId":"{account}","userId":"user_1","eventType":"email_clicked","timestamp":"2024-12-21T10:00:00Z"}}"#
    )
}

/// Sends an event, and gives what was answered.
pub(super) async fn accepted(api: &Running, event: &str) -> Value {
    let answer = api.post(event).await;
    assert_eq!(answer.status(), 202);
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

impl Stage {
    /// Posts an event of its own account, which must end as a dead letter; with direct intake the answer says so.
    pub(super) async fn post_doomed(&mut self, account: &str, reason: &str) {
        let answer = accepted(self.api(), &lone_event(account)).await;
        self.doomed(&answer, reason);
    }

    /// Posts 100 events as a batch, one of them of an account whose event must end as a dead letter.
    pub(super) async fn post_batch_with_doomed(&mut self, account: &str, reason: &str) {
        let others = format!("acc_batch_{}", self.letters.len());
        let batch: Vec<String> =
            (0..100).map(|number| lone_event(if number == 40 { account } else { &others })).collect();
        let url = format!("{}/api/v1/events/batch", self.api().base);
        let request = reqwest::Client::new().post(url).header("content-type", "application/json");
        let answer = request.body(format!(r#"{{"events":[{}]}}"#, batch.join(","))).send().await.unwrap();
        assert_eq!(answer.status(), 202);
        let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(answer["accepted"], 100, "{answer}");
        let results = answer["results"].as_array().unwrap();
        let letters = results.iter().filter(|result| result["deadLetterId"].is_string()).count();
        assert_eq!(letters, 1, "{answer}");
        self.doomed(&results[40], reason);
        assert_eq!(self.signals_of(&others).await, 99);
    }

    /// How many signals an account has.
    pub(super) async fn signals_of(&self, account: &str) -> u64 {
        let page = self.api().json(&format!("/api/v1/signals?accountId={account}&limit=1")).await;
        page["pagination"]["total"].as_u64().unwrap_or_else(|| panic!("{page}"))
    }

    /// Erases an account, as its operator sees it: its signals are gone when this is done.
    pub(super) async fn erase(&self, api: &Running, account: &str) {
        let url = format!("{}/api/v1/accounts/{account}", api.base);
        let answer = reqwest::Client::new().delete(url).send().await.unwrap();
        assert_eq!(answer.status(), 202);
        self.until("the account is erased", async || self.signals_of(account).await == 0).await;
    }

    fn doomed(&mut self, answer: &Value, reason: &str) {
        let id = answer["eventId"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        // An event's own letter has the event's id.
        let letter = if self.is_direct() { json!(id) } else { Value::Null };
        assert_eq!(answer["deadLetterId"], letter, "{answer}");
        self.letters.insert(id, reason.to_owned());
    }
}
