//! What the real binary exports over OTLP, seen by a stand-in for a collector.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::Value;
use sspp_core::testing::eventually;

use crate::collector::{Collector, Exported};
use crate::harness::event;
use crate::process::{Running, command, refused};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
/// In every member of an event that a client chooses, and in the path of a read.
const MARK: &str = "neverexported";

/// Batches leave at once, or not before the end.
const AT_ONCE: (&str, &str) = ("OTEL_BSP_SCHEDULE_DELAY", "20");
const AT_THE_END: (&str, &str) = ("OTEL_BSP_SCHEDULE_DELAY", "3600000");

fn endpoint(base: &str) -> (&'static str, &str) {
    ("OTEL_EXPORTER_OTLP_ENDPOINT", base)
}

/// Posts an event and waits until it is a signal.
async fn post(running: &Running, user: &str, traceparent: Option<String>) {
    let url = format!("{}/api/v1/events", running.base);
    let body = event(&format!("{MARK}-{user}"), "call_made", &format!(r#"{{"{MARK}":"{MARK}"}}"#));
    let request = reqwest::Client::new().post(url).header("content-type", "application/json").body(body);
    let request = match traceparent {
        Some(parent) => request.header("traceparent", parent).header("tracestate", "vendor=7"),
        None => request,
    };
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 202);
    let job = answer.json::<Value>().await.unwrap()["jobId"].as_str().unwrap().to_owned();
    let job = format!("/api/v1/jobs/{job}");
    eventually("the event is a signal", async || running.get(&job).await["state"] == "completed").await;
}

fn sampled() -> String {
    format!("00-{TRACE}-{CALLER}-01")
}

/// The span of a name, in a trace.
fn find<'s>(spans: &'s [Exported], trace: &str, name: &str) -> Option<&'s Exported> {
    spans.iter().find(|span| span.trace_id == trace && span.name == name)
}

const POSTED: &str = "POST /api/v1/events";
const PROCESSED: &str = "process event";

// The collector answers while the test waits for the process to end.
#[tokio::test(flavor = "multi_thread")]
async fn otlp_spans_of_the_api_and_of_the_pipeline_are_one_trace() {
    let (folder, collector) = (tempfile::tempdir().unwrap(), Collector::start().await);
    let headers = ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20hunter2");
    let variables = [endpoint(&collector.base), AT_ONCE, headers, ("LOG_LEVEL", "error")];
    let running = Running::start_with(folder.path(), &[], &variables);
    post(&running, "a", Some(sampled())).await;
    let both = async || {
        let spans = collector.spans();
        find(&spans, TRACE, POSTED).is_some() && find(&spans, TRACE, PROCESSED).is_some()
    };
    eventually("both spans are exported at any log level", both).await;

    let spans = collector.spans();
    let (request, processed) =
        (find(&spans, TRACE, POSTED).unwrap(), find(&spans, TRACE, PROCESSED).unwrap());
    assert_eq!((request.kind, request.parent.as_str()), (SpanKind::Server, CALLER));
    assert_eq!(request.state, "vendor=7");
    let expected = [
        ("http.request.method", "POST"),
        ("http.response.status_code", "202"),
        ("http.route", "/api/v1/events"),
    ];
    assert_eq!(request.attributes(), expected);
    assert_eq!((processed.kind, &processed.parent), (SpanKind::Consumer, &request.span_id));
    let names: Vec<_> = processed.attributes().iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["messaging.message.id", "messaging.operation.name", "messaging.operation.type"]);
    assert!(request.began <= processed.began && processed.began <= processed.ended, "{spans:?}");
    assert!(spans.iter().all(|span| span.service == "sspp-api"), "{spans:?}");

    let posts = collector.posts();
    for posted in &posts {
        assert_eq!(posted.path, "/v1/traces");
        assert_eq!(posted.headers["content-type"], "application/x-protobuf");
        assert_eq!(posted.headers["authorization"], "Bearer hunter2");
        let body = String::from_utf8_lossy(&posted.body);
        assert!(!body.contains(MARK), "{body}");
    }
    let said = running.said_until_stopped();
    assert!(!said.contains("hunter2"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn otlp_traces_that_begin_here_are_logged_by_the_id_that_is_exported() {
    let (folder, collector) = (tempfile::tempdir().unwrap(), Collector::start().await);
    let variables = [
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &*format!("{}/elsewhere", collector.base)),
        ("OTEL_SERVICE_NAME", "intake"),
        AT_THE_END,
        ("LOG_FORMAT", "json"),
        ("LOG_LEVEL", "warn,sspp_api::access=debug"),
    ];
    let running = Running::start_with(folder.path(), &[], &variables);
    post(&running, "a", None).await;
    for path in [&*format!("/api/v1/{MARK}"), &format!("/api/v1/accounts/{MARK}/score?{MARK}=1")] {
        drop(reqwest::get(format!("{}{path}", running.base)).await.unwrap());
    }
    let said = running.said_until_stopped();

    let spans = collector.spans();
    let request = spans.iter().find(|span| span.name == POSTED).unwrap();
    assert_eq!(request.parent, "", "it is the first of its trace");
    let processed = find(&spans, &request.trace_id, PROCESSED).unwrap();
    assert_eq!(processed.parent, request.span_id);
    let line = said.lines().find(|line| line.contains("sspp_api::access") && line.contains("POST")).unwrap();
    // The first line of the log stands behind what was announced.
    let line = &line[line.find(r#"{"timestamp":"#).unwrap()..];
    assert_eq!(serde_json::from_str::<Value>(line).unwrap()["trace_id"], *request.trace_id, "{line}");

    let unmatched = spans.iter().find(|span| span.name == "GET").unwrap();
    let expected = [("http.request.method", "GET"), ("http.response.status_code", "404")];
    assert_eq!((unmatched.attributes(), unmatched.status), (expected.to_vec(), StatusCode::Unset));
    for posted in collector.posts() {
        assert_eq!(posted.path, "/elsewhere");
        let body = String::from_utf8_lossy(&posted.body);
        assert!(!body.contains(MARK), "{body}");
    }
    assert!(spans.iter().all(|span| span.service == "intake"), "{spans:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn otlp_what_the_caller_does_not_sample_is_not_exported() {
    let (folder, collector) = (tempfile::tempdir().unwrap(), Collector::start().await);
    let gzip = ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip");
    let running = Running::start_with(folder.path(), &[], &[endpoint(&collector.base), AT_THE_END, gzip]);
    let unsampled = "0af7651916cd43dd8448eb211c80319c";
    post(&running, "a", Some(format!("00-{unsampled}-b7ad6b7169203331-00"))).await;
    post(&running, "b", Some(sampled())).await;
    // What is still queued leaves before the process ends.
    running.said_until_stopped();
    let spans = collector.spans();
    assert!(find(&spans, TRACE, POSTED).is_some() && find(&spans, TRACE, PROCESSED).is_some(), "{spans:?}");
    assert!(spans.iter().all(|span| span.trace_id != unsampled), "{spans:?}");
    assert!(collector.posts().iter().all(|posted| posted.headers["content-encoding"] == "gzip"));
}

#[tokio::test(flavor = "multi_thread")]
async fn otlp_a_collector_that_is_away_or_hangs_holds_nothing_up() {
    // The first refuses connections; the second takes them and never answers.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let hangs = TcpListener::bind("127.0.0.1:0").unwrap();
    for address in [gone, hangs.local_addr().unwrap()] {
        let (folder, base) = (tempfile::tempdir().unwrap(), format!("http://{address}"));
        let variables = [endpoint(&base), AT_ONCE, ("OTEL_EXPORTER_OTLP_TIMEOUT", "200")];
        let running = Running::start_with(folder.path(), &[], &variables);
        post(&running, "a", Some(sampled())).await;
        eventually("the loss is counted", async || {
            let metrics = reqwest::get(format!("{}/metrics", running.base)).await.unwrap();
            let metrics = metrics.text().await.unwrap();
            let lost = metrics.lines().find_map(|line| line.strip_prefix("sspp_trace_spans_lost_total "));
            lost.unwrap().parse::<u64>().unwrap() >= 2
        })
        .await;
        let began = Instant::now();
        let said = running.said_until_stopped();
        assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
        assert_eq!(said.matches("traces are not exported").count(), 1, "{said}");
    }
}

#[test]
fn otlp_settings_that_cannot_be_used_are_refused_at_start() {
    let folder = tempfile::tempdir().unwrap();
    for (variable, value) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "collector"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "hunter2"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
        ("OTEL_TRACES_SAMPLER", "xray"),
    ] {
        let mut command = command(folder.path(), &["--port", "0"]);
        let said = refused(command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://[::1]:1").env(variable, value));
        assert!(said.len() == 1 && said[0].contains(variable), "{variable}: {said:?}");
        assert!(!said[0].contains("hunter2"), "{said:?}");
    }
}
