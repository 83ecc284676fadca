//! SQL, line breaks and other control sequences in every place that the OpenAPI document has.

use std::fmt::Write as _;

use reqwest::{Client, Method};
use serde_json::Value;
use sspp_core::testing::eventually;

use super::scopes::operations;
use crate::harness::event;
use crate::process::Running;

const EVIL: [&str; 12] = [
    "'",
    "1' OR '1'='1",
    "' OR 1=1; --",
    "'; DROP TABLE signals; --",
    "\"; DELETE FROM signals; --",
    "1; UPDATE signals SET score = 0",
    "1 UNION SELECT sql FROM sqlite_master",
    "id) VALUES (1); --",
    "%' ESCAPE '\\",
    "a\r\nx-injected: yes",
    "a\r\n\r\nHTTP/1.1 200 OK",
    "$(id)`id`{{7*7}}../../etc/passwd",
];

/// Every byte that is not plain as its percent sign and two digits.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").unwrap();
        }
        encoded
    })
}

async fn one_signal(running: &Running) -> bool {
    running.get("/api/v1/signals/stats").await["total_signals"] == 1
}

#[tokio::test]
async fn no_parameter_of_any_operation_reaches_the_database_as_sql_or_the_answer_as_a_header() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &[]);
    let client = Client::new();
    let json = |path: &str, body: String| {
        client.post(format!("{}{path}", running.base)).header("content-type", "application/json").body(body)
    };
    let accepted = json("/api/v1/events", event("acme", "email_sent", "{}")).send().await.unwrap();
    assert_eq!(accepted.status(), 202);
    eventually("the event is a signal", async || one_signal(&running).await).await;
    let before = running.get("/api/v1/signals").await;

    let mut asked = 0;
    for operation in operations() {
        let parameters = operation.described["parameters"].as_array().cloned().unwrap_or_default();
        let names = parameters.iter().filter(|parameter| parameter["in"] == "query");
        let names: Vec<_> = names.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect();
        for evil in EVIL {
            let mut urls: Vec<_> = names
                .iter()
                .map(|name| format!("{}?{name}={}", operation.filled("1"), encoded(evil)))
                .collect();
            if operation.path.contains('{') {
                urls.push(operation.filled(&encoded(evil)));
            }
            // An operation on everything is not asked without saying on what.
            let changes = operation.scopes == ["admin"];
            urls.retain(|_| !changes || operation.path.contains('{'));
            for url in urls {
                let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
                let reply = client.request(method, format!("{}{url}", running.base)).send().await.unwrap();
                asked += 1;
                let (status, headers) = (reply.status(), reply.headers().clone());
                let text = reply.text().await.unwrap();
                assert!(!status.is_server_error(), "{} {url}: {status} {text}", operation.method);
                assert!(!headers.contains_key("x-injected"), "{url}");
                let lower = text.to_ascii_lowercase();
                assert!(
                    !lower.contains("syntax error") && !lower.contains("no such table"),
                    "{} {url}: {text}",
                    operation.method
                );
            }
        }
    }
    assert!(asked > 150, "{asked}");
    assert_eq!(running.get("/api/v1/signals").await, before, "what was stored is as it was");
    assert!(one_signal(&running).await);
}

#[tokio::test]
async fn ids_hold_no_control_characters_and_sql_in_them_is_only_text() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &[]);
    let client = Client::new();
    let send = async |body: String| {
        let request =
            client.post(format!("{}/api/v1/events", running.base)).header("content-type", "application/json");
        request.body(body).send().await.unwrap().status().as_u16()
    };
    let mut taken = Vec::new();
    for evil in EVIL {
        for member in ["accountId", "userId", "eventId"] {
            let mut body: Value = serde_json::from_str(&event("acme", "email_sent", "{}")).unwrap();
            body[member] = evil.into();
            let expected = if evil.contains('\r') { 400 } else { 202 };
            assert_eq!(send(body.to_string()).await, expected, "{member} {evil}");
            if expected == 202 && member == "accountId" {
                taken.push(evil);
            }
        }
    }
    eventually("every event is a signal", async || {
        running.get("/api/v1/jobs/stats").await["waiting"] == 0
            && running.get("/api/v1/signals/stats").await["total_signals"].as_u64()
                == Some(3 * taken.len() as u64)
    })
    .await;
    for account in taken {
        let found = running.get(&format!("/api/v1/signals?accountId={}", encoded(account))).await;
        assert_eq!(found["pagination"]["total"], 1, "{account}: {found}");
        assert_eq!(
            found["data"][0]["account_id"].as_str().or(found["data"][0]["accountId"].as_str()),
            Some(account)
        );
    }
}
