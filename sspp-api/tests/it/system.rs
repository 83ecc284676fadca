//! Health, metrics and event types of the service.

use serde_json::json;
use sspp_api::Settings;

use crate::harness::{Harness, event, in_each_shape, memory_ports};

#[tokio::test]
async fn health_names_the_dependencies_and_probes_answer_bare() {
    let harness = Harness::direct();
    for path in ["/health", "/api/v1/health"] {
        let health = harness.get(path).await.json();
        assert_eq!(health["status"], "healthy");
        assert_eq!(health["intake"], "direct");
        assert_eq!(health["services"].as_object().unwrap().len(), 1);
        assert_eq!(health["services"]["sqlite"]["status"], "healthy");
        assert!(health["services"]["sqlite"]["responseTime"].is_u64());
        assert!(["durable", "at_risk"].iter().any(|known| health["durability"] == *known), "{health}");
        assert_eq!(health["warnings"].as_array().unwrap().is_empty(), health["durability"] == "durable");
    }
    for path in ["/ready", "/api/v1/ready"] {
        let ready = harness.get(path).await.json();
        assert_eq!(ready["status"], "ready");
        assert!(ready["uptime"].as_f64().is_some_and(|uptime| uptime >= 0.0));
    }
    for path in ["/livez", "/api/v1/livez", "/metrics", "/api/v1/metrics"] {
        assert_eq!(harness.get(path).await.status, 200);
    }
    harness.app.stopping().cancel();
    harness.get("/ready").await.problem(503);
    assert_eq!(harness.get("/livez").await.status, 200);
}

#[tokio::test]
async fn health_and_metrics_name_what_there_is_in_each_shape() {
    in_each_shape(async |harness| {
        let health = harness.get("/health").await.json();
        let names: Vec<&str> = health["services"].as_object().unwrap().keys().map(String::as_str).collect();
        let store = harness.ports.store_kind;
        if harness.is_direct() {
            assert_eq!((&health["intake"], names), (&json!("direct"), vec![store]));
        } else {
            assert_eq!((&health["intake"], names), (&json!("queued"), vec!["memory", store]));
        }
        assert_eq!(harness.get("/ready").await.json()["status"], "ready");
        let metrics = harness.get("/metrics").await.text;
        assert_eq!(metrics.contains("sspp_api_waiting_events 0"), harness.is_direct(), "{metrics}");
    })
    .await;
}

#[tokio::test]
async fn metrics_are_only_for_those_who_ask_the_process_itself() {
    in_each_shape(async |harness| {
        for forwarded in [
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-for", ""),
            ("forwarded", "for=203.0.113.9;proto=https"),
        ] {
            for path in ["/metrics", "/metrics/", "/api/v1/metrics"] {
                assert_eq!(harness.get(path).await.status, 200, "{path}");
                for method in ["GET", "HEAD"] {
                    let reply = harness.send(method, path, &[forwarded], ()).await;
                    assert_eq!(reply.status, 404, "{method} {path} {forwarded:?}");
                    assert!(!reply.text.contains("sspp_api"), "{reply:?}");
                }
            }
            // A load balancer asks these for itself.
            for path in ["/livez", "/ready", "/health"] {
                assert_eq!(harness.send("GET", path, &[forwarded], ()).await.status, 200, "{path}");
            }
        }
        let refused = harness.send("GET", "/metrics", &[("x-forwarded-for", "203.0.113.9")], ()).await;
        assert_eq!(refused.problem(404), "Cannot GET /metrics", "as a path that no operation has");
    })
    .await;
}

#[tokio::test]
async fn event_types_are_the_models() {
    let harness = Harness::direct();
    let types = harness.get("/api/v1/event-types").await.json();
    assert_eq!(types["model"]["name"], "default");
    assert_eq!(types["model"]["digest"], harness.ports.model.digest().to_string());
    let clicked =
        types["event_types"].as_array().unwrap().iter().find(|rule| rule["event_type"] == "email_clicked");
    let expected =
        json!({"event_type":"email_clicked","base":0.6,"signal_type":"high_engagement","group":"engagement"});
    assert_eq!(clicked, Some(&expected));
}

#[tokio::test]
async fn metrics_have_the_predecessors_names_and_bounded_labels() {
    let harness = Harness::direct();
    harness.accept(event("a", "call_made", "{}")).await;
    harness.post(event("a", "invented", "{}")).await.problem(400);
    harness.get("/api/v1/signals/99").await.problem(404);
    harness.get("/api/v1/signals/98").await.problem(404);
    harness.get("/wp-admin.php").await.problem(404);
    harness.send("BREW", "/api/v1/signals", &[], ()).await.problem(405);
    harness.get("/metrics").await;
    let text = harness.get("/metrics").await.text;
    for line in [
        r#"sspp_api_http_requests_total{method="POST",route="/api/v1/events",status_code="202"} 1"#,
        r#"sspp_api_http_requests_total{method="POST",route="/api/v1/events",status_code="400"} 1"#,
        r#"sspp_api_http_requests_total{method="GET",route="/api/v1/signals/{id}",status_code="404"} 2"#,
        r#"sspp_api_http_requests_total{method="GET",route="unmatched",status_code="404"} 1"#,
        r#"sspp_api_http_requests_total{method="OTHER",route="/api/v1/signals",status_code="405"} 1"#,
        r#"sspp_api_http_requests_total{method="GET",route="/metrics",status_code="200"} 1"#,
        r#"sspp_api_events_received_total{event_type="call_made"} 1"#,
        r#"sspp_api_events_received_total{event_type="email_sent"} 0"#,
        "sspp_api_events_queued_total 1",
        "sspp_api_events_queue_errors_total 0",
        r#"sspp_api_http_request_duration_seconds_count{method="POST",route="/api/v1/events",status_code="202"} 1"#,
    ] {
        assert!(text.lines().any(|given| given == line), "{line} is not in\n{text}");
    }
    assert!(text.contains(r#"le="0.0005""#), "a histogram, not a summary");
    assert!(!text.contains("invented") && !text.contains("wp-admin"), "{text}");
}

#[tokio::test]
async fn the_prefix_is_configurable() {
    let settings = Settings { prefix: "/v2".to_owned(), ..Settings::default() };
    let harness = Harness::over(memory_ports(), settings);
    assert_eq!(harness.get("/v2/signals").await.status, 200);
    assert_eq!(harness.get("/health").await.status, 200);
    harness.get("/api/v1/signals").await.problem(404);
    let bare = Harness::over(memory_ports(), Settings { prefix: String::new(), ..Settings::default() });
    assert_eq!(bare.get("/signals").await.status, 200);
    assert_eq!(bare.get("/health").await.status, 200);
}
