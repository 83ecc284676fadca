//! What the real binary exports is what the list says, and no client can add to it.

use serde_json::Value;
use sspp_api::Settings;
use sspp_core::testing::{differences, eventually, label_values};
use sspp_runtime::METRICS;

use crate::harness::{Harness, memory_ports};
use crate::process::Running;

/// Part of every text that a client chooses, and of no label's value.
const MARK: &str = "hostile";

#[tokio::test]
async fn the_binary_exports_the_list_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    // A proxy may stand in the network that Prometheus is in too.
    let running = Running::start(folder.path(), &["--trusted-proxies", "127.0.0.0/8"]);
    for body in [
        r#"{"accountId":"hostile","userId":"hostile","eventType":"demo_completed","timestamp":"2026-01-15","metadata":{"hostile":1}}"#,
        r#"{"accountId":"hostile","userId":"u","eventType":"hostile","timestamp":"2026-01-15"}"#,
        "hostile",
    ] {
        post(&running, "/api/v1/events", body).await;
    }
    for (path, method) in [
        ("/hostile", "GET"),
        ("/api/v1/signals/hostile", "GET"),
        ("/api/v1/jobs/hostile?hostile=1", "GET"),
        ("/api/v1/events", "HOSTILE"),
    ] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = reqwest::Client::new().request(method, format!("{}{path}", running.base));
        assert!(request.header("x-request-id", MARK).send().await.unwrap().status().is_client_error());
    }
    eventually("every metric is exported, and the monitor saw the signal", async || {
        let text = scrape(&running).await;
        differences(&text, METRICS, "direct").is_empty()
            && text.contains("sspp_signals_recorded_total 1\n")
            && running.get("/api/v1/signals/stats").await["total_signals"] == 1
    })
    .await;
    let text = scrape(&running).await;
    assert_eq!(differences(&text, METRICS, "direct"), Vec::<String>::new());
    labels_are_bounded(&text, &running.get("/api/openapi.json").await);
    for line in [
        r#"sspp_api_events_rejected_total{reason="invalid-event"} 1"#,
        r#"sspp_api_events_rejected_total{reason="malformed-body"} 1"#,
        r#"sspp_api_dependency_up{dependency="sqlite"} 1"#,
        "sspp_api_waiting_events 0",
        "sspp_store_durability_at_risk 0",
        r#"sspp_expired_total{kind="signal"} 0"#,
        "sspp_api_panics_total 0",
        // The scrape itself.
        "sspp_api_http_requests_in_flight 1",
        r#"sspp_record_events_bucket{le="1"} 1"#,
    ] {
        assert!(text.lines().any(|given| given == line), "{line} is not in\n{text}");
    }
    let help = text.lines().filter(|line| line.starts_with("# HELP ")).count();
    assert_eq!(
        help,
        text.lines().filter(|line| line.starts_with("# TYPE ")).count(),
        "a metric explains itself"
    );
}

fn labels_are_bounded(text: &str, document: &Value) {
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    for line in samples.clone() {
        assert!(!line.to_lowercase().contains(MARK), "a client chose a label: {line}");
    }
    let paths: Vec<&str> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    for route in label_values(text, "route") {
        let bare = ["/health", "/ready", "/livez", "/metrics", "/api/docs", "/api/openapi.json", "unmatched"];
        assert!(paths.contains(&route) || bare.contains(&route), "{route} is no template");
    }
    for method in label_values(text, "method") {
        assert!(
            ["GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER"].contains(&method),
            "{method}"
        );
    }
    for status in label_values(text, "status_code") {
        assert!(status == "other" || status.parse::<u16>().is_ok(), "{status}");
    }
    for state in label_values(text, "state") {
        assert!(
            ["waiting", "active", "delayed", "completed", "failed", "used", "idle"].contains(&state),
            "{state}"
        );
    }
    assert!(samples.count() < 2_000, "too many series for one process");
}

async fn post(running: &Running, path: &str, body: &'static str) {
    let request = reqwest::Client::new().post(format!("{}{path}", running.base));
    request.header("content-type", "application/json").body(body).send().await.unwrap();
}

async fn scrape(running: &Running) -> String {
    reqwest::get(format!("{}/metrics", running.base)).await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn only_requests_to_take_events_count_as_rejected_whatever_the_paths_are() {
    for prefix in ["/api/v1", "/events/v1", ""] {
        let settings = Settings { prefix: prefix.to_owned(), ..Settings::default() };
        let harness = Harness::over(memory_ports(), settings);
        let rejected = || {
            let text = harness.app.metrics().render();
            let lines = text.lines().filter(|line| line.starts_with("sspp_api_events_rejected_total{"));
            lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum::<u64>()
        };
        let json = [("content-type", "application/json")];
        let send = async |method: &str, path: &str, body: &'static str| {
            harness.send(method, &format!("{prefix}{path}"), &json, body).await.status.as_u16()
        };
        assert_eq!(send("POST", "/events/validate", r#"{"events":{}}"#).await, 400, "{prefix}");
        assert_eq!(send("POST", "/events/validate/", r#"{"events":{}}"#).await, 400, "{prefix}");
        assert_eq!(send("POST", "/scoring/preview", "{").await, 400, "{prefix}");
        assert_eq!(send("POST", "/dead-letters/replay", "{").await, 400, "{prefix}");
        assert_eq!(send("GET", "/events/%00", "").await, 400, "{prefix}");
        assert_eq!(send("PUT", "/events", "{").await, 405, "{prefix}");
        assert_eq!(rejected(), 0, "{prefix}");
        assert_eq!(send("POST", "/events", "{").await, 400, "{prefix}");
        assert_eq!(send("POST", "/events/", "{}").await, 400, "{prefix}");
        assert_eq!(send("POST", "/events/batch", "{").await, 400, "{prefix}");
        assert_eq!(rejected(), 3, "{prefix}");
    }
}
