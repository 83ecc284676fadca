//! Every operation of the OpenAPI document, asked without a key, with a wrong one, and with a key of each scope. The routes come
//! from the document, so that a new one is asked too.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use poem::Body;
use serde_json::Value;
use sspp_api::{ApiKeys, NewKey, Settings};

use crate::harness::{Harness, memory_ports};

const OPEN: [&str; 4] = ["/health", "/ready", "/livez", "/metrics"];
const INTAKE: [&str; 2] = ["/events", "/events/batch"];
const EITHER: [&str; 3] = ["/events/validate", "/scoring/preview", "/event-types"];

/// One operation of the document.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) method: String,
    /// The template without the prefix.
    pub(super) path: String,
    pub(super) scopes: Vec<String>,
    pub(super) described: Value,
}

pub(super) fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(&sspp_api::openapi_document("/api/v1")).unwrap();
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, described) in methods.as_object().unwrap() {
            let scopes = described["x-scopes"].as_array().into_iter().flatten();
            found.push(Operation {
                method: method.to_ascii_uppercase(),
                path: path.strip_prefix("/api/v1").unwrap().to_owned(),
                scopes: scopes.map(|scope| scope.as_str().unwrap().to_owned()).collect(),
                described: described.clone(),
            });
        }
    }
    assert!(found.len() >= 13, "{}", found.len());
    found
}

impl Operation {
    /// The path with something in the place of every parameter.
    pub(super) fn filled(&self, with: &str) -> String {
        let parts: Vec<_> =
            self.path.split('/').map(|part| if part.starts_with('{') { with } else { part }).collect();
        format!("/api/v1{}", parts.join("/"))
    }
}

/// A service that knows a key of each scope.
pub(super) fn guarded(more: Settings) -> (Harness, [NewKey; 3]) {
    let made = ["ingest", "read", "admin"].map(|scope| NewKey::make(scope, scope.parse().unwrap()).unwrap());
    let lines: Vec<_> = made.iter().map(NewKey::line).collect();
    let keys = Arc::new(ApiKeys::parse(&lines.join(",")).unwrap());
    (Harness::over(memory_ports(), Settings { keys, ..more }), made)
}

#[tokio::test]
async fn every_operation_is_closed_to_keys_without_its_scope() {
    let (harness, keys) = guarded(Settings::default());
    let mut refused = 0;
    for operation in operations() {
        let name = format!("{} {}", operation.method, operation.path);
        let path = operation.filled("00000000-0000-0000-0000-000000000000");
        let ask = async |headers: &[(&str, &str)]| harness.send(&operation.method, &path, headers, ()).await;
        if operation.scopes.is_empty() {
            assert!(
                OPEN.contains(&operation.path.as_str()) && operation.method == "GET",
                "{name} needs no key"
            );
            assert_eq!(operation.described["security"], serde_json::json!([]), "{name}");
            assert_eq!(ask(&[]).await.status, 200, "{name}");
            continue;
        }
        assert_eq!(operation.described["security"].as_array().unwrap().len(), 2, "{name}");
        for status in ["401", "403", "429"] {
            assert!(
                operation.described["responses"][status].is_object(),
                "{name} does not document {status}"
            );
        }
        let expected: &[&str] = match (operation.method.as_str(), operation.path.as_str()) {
            ("POST", path) if INTAKE.contains(&path) => &["ingest"],
            ("POST" | "GET", path) if EITHER.contains(&path) => &["ingest", "read"],
            ("GET", _) => &["read"],
            _ => &["admin"],
        };
        assert_eq!(operation.scopes, expected, "{name}");

        let anonymous = ask(&[]).await;
        anonymous.problem(401);
        assert_eq!(anonymous.header("www-authenticate"), r#"Bearer realm="sspp""#, "{name}");
        let unknown =
            ask(&[("x-api-key", "sspp_0000000000000000000000000000000000000000000000000000000000000000")])
                .await;
        unknown.problem(401);
        assert!(unknown.header("www-authenticate").contains("invalid_token"), "{name}");

        for (key, scope) in keys.iter().zip(["ingest", "read", "admin"]) {
            let reply = ask(&[("authorization", &format!("Bearer {}", key.secret()))]).await;
            if scope == "admin" || expected.contains(&scope) {
                assert!(!matches!(reply.status.as_u16(), 401 | 403 | 405), "{name} with {scope}: {reply:?}");
            } else {
                refused += 1;
                let message = reply.problem(403).to_string();
                assert!(
                    expected.iter().all(|needed| message.contains(needed)),
                    "{name} with {scope}: {message}"
                );
                let challenge = format!("scope=\"{}\"", expected.join(" "));
                assert!(
                    reply.header("www-authenticate").contains(&challenge),
                    "{name} with {scope}: {reply:?}"
                );
            }
        }
    }
    assert!(refused >= 8, "{refused}");
}

#[tokio::test]
async fn other_ways_to_write_a_path_lead_past_no_check() {
    let (harness, keys) = guarded(Settings::default());
    for path in [
        "/api/v1/signals/",
        "/api/v1/signals?",
        "/api/v1/signals?x-api-key=admin",
        "/api/v1/signals/1/explanation/",
        "/api/v1/jobs/stats",
    ] {
        harness.get(path).await.problem(401);
        harness.send("HEAD", path, &[], ()).await.status.as_u16().eq(&401).then_some(()).unwrap();
        assert_ne!(
            harness.send("GET", path, &[("x-api-key", keys[1].secret())], ()).await.status,
            401,
            "{path}"
        );
    }
    for path in [
        "//api/v1/signals",
        "/api/v1//signals",
        "/api/v1/../v1/signals",
        "/api/docs/../v1/signals",
        "/health/../api/v1/signals",
        "/api/v1/./signals",
        "/API/V1/signals",
        "/api/v1/signals%2f1",
        "/api/v1/%73ignals",
        "/api/v1/signals%00",
        "/api/v1/signals;x",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/api/v1/signals//",
    ] {
        let reply = harness.get(path).await;
        assert!(matches!(reply.status.as_u16(), 401 | 404), "{path}: {reply:?}");
        assert!(!reply.text.contains("pagination"), "{path}: {reply:?}");
    }
}

#[tokio::test]
async fn nothing_of_a_body_is_read_for_someone_who_may_not_send_one() {
    let (harness, keys) = guarded(Settings::default());
    let read = Arc::new(AtomicBool::new(false));
    let body = || {
        let read = Arc::clone(&read);
        Body::from_bytes_stream(futures_util::stream::once(async move {
            read.store(true, Ordering::SeqCst);
            Ok::<_, std::io::Error>(b"{}".to_vec())
        }))
    };
    let json = ("content-type", "application/json");
    harness.send("POST", "/api/v1/events", &[json], body()).await.problem(401);
    harness
        .send("POST", "/api/v1/events", &[json, ("x-api-key", keys[1].secret())], body())
        .await
        .problem(403);
    assert!(!read.load(Ordering::SeqCst));
    harness
        .send("POST", "/api/v1/events", &[json, ("x-api-key", keys[0].secret())], body())
        .await
        .problem(400);
    assert!(read.load(Ordering::SeqCst));
}

#[tokio::test]
async fn documentation_and_probes_need_no_key() {
    let (harness, _) = guarded(Settings::default());
    for path in ["/api/docs", "/api/openapi.json", "/health", "/ready", "/livez", "/metrics"] {
        assert_eq!(harness.get(path).await.status, 200, "{path}");
    }
}
