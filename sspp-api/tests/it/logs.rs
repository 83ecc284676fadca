//! What the real binary logs: one structured line a request, ids of traces and requests, and nothing of what events hold.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use sspp_core::testing::eventually;

/// In every member of an event that a client chooses.
const MARK: &str = "neverlogged";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// A server whose log goes to a file; killed at the end.
struct Logging {
    child: Child,
    base: String,
    log: PathBuf,
}

impl Drop for Logging {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Logging {
    fn start(folder: &Path, level: &str) -> Self {
        let log = folder.join("log");
        let mut child = Command::new(env!("CARGO_BIN_EXE_sspp-api"))
            .args(["--port", "0"])
            .current_dir(folder)
            .env_clear()
            .envs([("LOG_FORMAT", "json"), ("LOG_LEVEL", level)])
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let first = lines.next().unwrap();
        drop(lines.find(|line| line.starts_with("try:")));
        Self { child, base: first.rsplit(' ').next().unwrap().to_owned(), log }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// The access log's lines.
    fn requests(&self) -> Vec<Value> {
        let log = self.log();
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["target"] == "sspp_api::access").collect()
    }

    async fn post(&self, body: String) -> u16 {
        let request = reqwest::Client::new().post(format!("{}/api/v1/events?{MARK}=1", self.base));
        let request = request
            .header("content-type", "application/json")
            .header("x-request-id", "request-7")
            .header("user-agent", MARK)
            .header("authorization", format!("Bearer {MARK}"))
            .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"));
        request.body(body).send().await.unwrap().status().as_u16()
    }
}

fn event(event_type: &str, timestamp: &str) -> String {
    format!(
        r#"{{"accountId":"a-{MARK}","userId":"u-{MARK}","eventType":"{event_type}","timestamp":"{timestamp}","metadata":{{"k-{MARK}":"v-{MARK}"}}}}"#
    )
}

#[tokio::test]
async fn contents_of_events_are_never_logged_above_debug() {
    let folder = tempfile::tempdir().unwrap();
    let server = Logging::start(folder.path(), "info");
    assert_eq!(server.post(event("call_made", "2026-01-15")).await, 202);
    for bad in [
        event(MARK, "2026-01-15"),
        event("call_made", MARK),
        format!("{{\"accountId\":\"{MARK}\""),
        format!("[\"{MARK}\"]"),
        event("call_made", "2026-01-15").replace("k-", "\\u0000"),
    ] {
        assert_eq!(server.post(bad).await, 400);
    }
    for path in ["signals?accountId=", "signals?nonsense="] {
        drop(reqwest::get(format!("{}/api/v1/{path}{MARK}", server.base)).await.unwrap());
    }
    eventually("the event is a signal", async || {
        let stats = reqwest::get(format!("{}/api/v1/signals/stats", server.base)).await.unwrap();
        stats.json::<Value>().await.unwrap()["total_signals"] == 1
    })
    .await;
    let log = server.log();
    assert!(!log.contains(MARK), "{log}");
    let requests = server.requests();
    assert!(requests.len() >= 6 && requests.iter().all(|line| line["status"].as_u64() >= Some(400)), "{log}");
}

#[tokio::test]
async fn a_request_is_one_line_that_says_all_but_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let server = Logging::start(folder.path(), "warn,sspp_api::access=debug,sspp::trace=info");
    assert_eq!(server.post(event("call_made", "2026-01-15")).await, 202);
    drop(reqwest::get(format!("{}/api/v1/signals/99?x=1", server.base)).await.unwrap());
    eventually("both lines are written", async || server.requests().len() == 2).await;
    let lines = server.requests();
    let (accepted, missing) = (&lines[0], &lines[1]);
    for (member, expected) in [
        ("level", "DEBUG".into()),
        ("method", "POST".into()),
        ("route", "/api/v1/events".into()),
        ("path", "/api/v1/events".into()),
        ("status", 202.into()),
        ("request_id", "request-7".into()),
        ("trace_id", TRACE.into()),
    ] as [(&str, Value); 7]
    {
        assert_eq!(accepted[member], expected, "{member}: {accepted}");
    }
    assert!(accepted["duration_ms"].as_f64().is_some_and(|took| took > 0.0), "{accepted}");
    assert!(accepted["bytes"].as_u64().is_some_and(|bytes| bytes > 50), "{accepted}");
    assert!(accepted["client"].as_str().is_some_and(|client| client.contains("127.0.0.1")), "{accepted}");
    assert_eq!(missing["route"], "/api/v1/signals/{id}", "{missing}");
    assert_eq!(missing["path"], "/api/v1/signals/99", "without the query: {missing}");
    assert_eq!(missing["level"], "INFO", "{missing}");
    assert!(missing["request_id"].as_str().is_some_and(|id| id.len() == 32), "{missing}");
}
