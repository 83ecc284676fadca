//! The predecessor's recorded requests against this service. Every difference is deliberate and listed in
//! `data/differences.json`: an unlisted one fails, and so does a listed one that is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use base64::Engine as _;
use poem::http::Method;
use poem::{Body, Request};
use serde::Deserialize;
use serde_json::Value;

use crate::harness::{Harness, Reply, in_each_shape};

#[derive(Deserialize)]
struct Call {
    name: String,
    request: Sent,
    response: Option<Recorded>,
}

#[derive(Deserialize)]
struct Sent {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Option<String>,
}

#[derive(Deserialize)]
struct Recorded {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

#[derive(Deserialize)]
struct Difference {
    calls: Vec<String>,
    changed: Vec<String>,
    #[expect(dead_code, reason = "for readers")]
    reason: String,
}

fn data<T: serde::de::DeserializeOwned>(file: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data").join(file);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A body as it was sent: cut ones are rebuilt at their length, binary ones decoded.
fn body(recorded: &str) -> Vec<u8> {
    if let Some(binary) = recorded.strip_prefix("base64:") {
        return base64::engine::general_purpose::STANDARD.decode(binary).unwrap();
    }
    let cut = recorded.strip_suffix(" bytes)").and_then(|text| text.rsplit_once("...("));
    let Some((start, length)) = cut else { return recorded.as_bytes().to_vec() };
    let (length, end): (usize, _) = (length.parse().unwrap(), "\"}}");
    let filler = "x".repeat(length - start.len() - end.len());
    format!("{start}{filler}{end}").into_bytes()
}

/// Members whose values belong to one run: compared by type.
const OF_THE_RUN: [&str; 19] = [
    "id",
    "jobId",
    "processedOn",
    "finishedOn",
    "processed_at",
    "processedAt",
    "uptime",
    "responseTime",
    "total",
    "totalPages",
    "total_signals",
    "unique_accounts",
    "unique_users",
    "avg_signal_score",
    "waiting",
    "active",
    "completed",
    "failed",
    "delayed",
];

fn of_the_run(path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or(path);
    OF_THE_RUN.contains(&name)
        // When a job was received, and the time of a health check; not when an event happened.
        || matches!(path, "timestamp" | "[].timestamp")
        || path.starts_with("signals_by_")
}

/// Wording of JSON syntax errors is free.
const FREE_WORDING: [&str; 2] = ["malformed-trailing", "null-json"];

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Where an answer differs from the recorded one; members may be added, but not to metadata.
fn compare(path: &str, recorded: &Value, given: &Value, found: &mut BTreeSet<String>) {
    if path.ends_with("metadata") {
        if recorded != given {
            found.insert(format!("{path}: value"));
        }
        return;
    }
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match (recorded, given) {
        (Value::Object(members), Value::Object(others)) => {
            for (name, member) in members {
                match others.get(name) {
                    Some(other) => compare(&below(name), member, other, found),
                    None => drop(found.insert(format!("{}: missing", below(name)))),
                }
            }
        }
        (Value::Array(items), Value::Array(others)) => {
            if items.len() != others.len() {
                found.insert(format!("{path}: length"));
            }
            items
                .iter()
                .zip(others)
                .for_each(|(item, other)| compare(&format!("{path}[]"), item, other, found));
        }
        _ if kind(recorded) != kind(given) => {
            found.insert(format!("{path}: {} to {}", kind(recorded), kind(given)));
            // "0.10" and 0.1 are the same number, and only that is deliberate.
            if let (Some(text), Some(number)) = (recorded.as_str(), given.as_f64())
                && !of_the_run(path)
                && text != format!("{number:.2}")
            {
                found.insert(format!("{path}: value"));
            }
        }
        _ if recorded != given && !of_the_run(path) => drop(found.insert(format!("{path}: value"))),
        _ => {}
    }
}

fn differences(call: &Call, recorded: &Recorded, reply: &Reply) -> BTreeSet<String> {
    if recorded.status != reply.status.as_u16() {
        // Another status is another answer: its body has nothing to be compared with.
        return BTreeSet::from([format!("status: {} to {}", recorded.status, reply.status.as_u16())]);
    }
    let mut found = BTreeSet::new();
    let recorded_type = recorded.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let recorded_type = recorded_type.map_or("", |(_, value)| value.as_str());
    if recorded_type != reply.header("content-type") {
        found.insert("content-type".to_owned());
    }
    match (serde_json::from_str::<Value>(&recorded.body), serde_json::from_str::<Value>(&reply.text)) {
        (Ok(mut body), Ok(given)) => {
            if FREE_WORDING.contains(&call.name.as_str()) {
                body["message"] = given["message"].clone();
                assert!(given["message"].is_string(), "{}", call.name);
            }
            compare("", &body, &given, &mut found);
        }
        (Ok(_), Err(_)) => drop(found.insert("body: not JSON any more".to_owned())),
        (Err(_), _) if recorded.body == reply.text => {}
        (Err(_), _) => drop(found.insert("body: value".to_owned())),
    }
    found
}

async fn replay(harness: &Harness, calls: &[Call]) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    let mut jobs: BTreeMap<String, String> = BTreeMap::new();
    let (mut accepted, mut vectors) = (0_u64, 0);
    for call in calls {
        let Sent { method, path, headers, body: sent } = &call.request;
        if method == "GET" {
            harness.drained().await;
        }
        // A recorded job is the job that the same event became here.
        let path = match path.strip_prefix("/api/v1/jobs/").and_then(|id| jobs.get(id)) {
            Some(id) => format!("/api/v1/jobs/{id}"),
            None => path.clone(),
        };
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(path.parse().unwrap());
        for (name, value) in headers {
            request = request.header(name.as_str(), value.as_str());
        }
        let body = sent.as_deref().map_or_else(Body::empty, |text| Body::from(body(text)));
        let reply = harness.call(request.body(body)).await;
        assert!(reply.status.as_u16() < 500, "{}: {reply:?}", call.name);
        if reply.status == 202 {
            accepted += 1;
        }
        check_totals(call, &reply, accepted);
        let Some(recorded) = &call.response else { continue };
        let of_call = differences(call, recorded, &reply);
        if recorded.status == 202 && reply.status == 202 {
            let recorded: Value = serde_json::from_str(&recorded.body).unwrap();
            let id = recorded["jobId"].as_str().unwrap().to_owned();
            jobs.insert(id, reply.json()["jobId"].as_str().unwrap().to_owned());
        }
        if call.name.starts_with("score-read-") {
            vectors += 1;
            let recorded: Value = serde_json::from_str(&recorded.body).unwrap();
            let score = reply.json()["data"][0]["signal_score"].as_f64().unwrap();
            assert_eq!(recorded["data"][0]["signal_score"], format!("{score:.2}"), "{}", call.name);
        }
        if !of_call.is_empty() {
            found.insert(call.name.clone(), of_call);
        }
    }
    assert_eq!(vectors, 24);
    found
}

/// Totals belong to the run, so they are checked against what this run had accepted.
fn check_totals(call: &Call, reply: &Reply, accepted: u64) {
    let total = |pointer: &str| reply.json().pointer(pointer).and_then(Value::as_u64);
    match call.name.as_str() {
        "jobs-stats" => {
            assert_eq!(total("/completed"), Some(accepted));
            assert_eq!(total("/total"), Some(accepted));
        }
        "signals-stats" => assert_eq!(total("/total_signals"), Some(accepted)),
        "signals-default" => assert_eq!(total("/pagination/total"), Some(accepted)),
        _ => {}
    }
}

#[tokio::test]
async fn the_predecessors_clients_get_what_they_got_but_for_what_is_listed_in_each_shape() {
    in_each_shape(async |harness| {
        harness.run_pipeline();
        check(&replay(harness, &data::<Vec<Call>>("calls.json")).await);
    })
    .await;
}

/// What differs is what is listed.
fn check(found: &BTreeMap<String, BTreeSet<String>>) {
    let mut listed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for difference in data::<Vec<Difference>>("differences.json") {
        for call in difference.calls {
            for changed in &difference.changed {
                let new = listed.entry(call.clone()).or_default().insert(changed.clone());
                assert!(new, "{call}: {changed} is listed twice");
            }
        }
    }
    if let Ok(path) = std::env::var("SSPP_REPLAY_FOUND") {
        std::fs::write(path, serde_json::to_string_pretty(found).unwrap()).unwrap();
    }
    let names: BTreeSet<_> = found.keys().chain(listed.keys()).collect();
    let nothing = BTreeSet::new();
    let mut wrong = Vec::new();
    for name in names {
        let (found, listed) = (found.get(name).unwrap_or(&nothing), listed.get(name).unwrap_or(&nothing));
        wrong.extend(found.difference(listed).map(|change| format!("{name}: {change}: not listed")));
        wrong
            .extend(listed.difference(found).map(|change| format!("{name}: {change}: listed, but the same")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
