//! The port of probes and metrics: what it answers, and what strangers may cost it. No server is needed.

use std::time::Duration;

use sspp_core::testing::eventually;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::process::{Running, WORKER, command, ended};

/// No server listens on port 1.
const AWAY: [(&str, &str); 2] =
    [("REDIS_URL", "redis://127.0.0.1:1"), ("DATABASE_URL", "postgres://sspp@127.0.0.1:1/sspp")];

fn start(more: &[(&str, &str)]) -> Running {
    Running::start(WORKER, &[&AWAY, more].concat())
}

async fn connect(worker: &Running) -> TcpStream {
    TcpStream::connect(worker.base.strip_prefix("http://").unwrap()).await.unwrap()
}

/// Sends bytes as they are and gives everything until the worker closes.
async fn exchange(worker: &Running, bytes: &[u8]) -> String {
    let mut stream = connect(worker).await;
    stream.write_all(bytes).await.unwrap();
    let mut said = Vec::new();
    let read = tokio::time::timeout(Duration::from_mins(1), stream.read_to_end(&mut said)).await;
    assert!(read.is_ok(), "the worker did not close the connection");
    String::from_utf8_lossy(&said).into_owned()
}

async fn ask(worker: &Running, first: &str, lines: &str) -> String {
    exchange(worker, format!("{first} HTTP/1.1\r\n{lines}connection: close\r\n\r\n").as_bytes()).await
}

#[tokio::test]
async fn every_answer_is_one_of_http() {
    let worker = start(&[("SSPP_ALLOWED_HOSTS", "sspp-worker")]);
    let local = "host: localhost\r\n";
    for (first, lines, status) in [
        ("GET /livez", local, 200),
        ("HEAD /livez", local, 200),
        ("GET /livez?x=1", local, 200),
        ("GET /metrics", "host: sspp-worker:3001\r\n", 200),
        ("GET /metrics", "host: 10.0.0.7:3001\r\n", 200),
        ("POST /livez", local, 405),
        ("DELETE /metrics", local, 405),
        ("GET /", local, 404),
        ("POST /nowhere", local, 404),
        ("GET /livez", "host: evil.example:3001\r\n", 421),
        ("GET /metrics", "host: evil.example:3001\r\nx-forwarded-host: localhost\r\n", 421),
        ("GET http://evil.example/metrics", local, 400),
        ("GET /livez", "", 400),
        ("GET /livez", "host: localhost\r\nhost: localhost\r\n", 400),
        ("GET /livez", "host: a b\r\n", 400),
    ] {
        let said = ask(&worker, first, lines).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{first} {lines}: {said}");
        assert_eq!(status >= 400, said.contains("application/problem+json"), "{said}");
        assert_eq!(status == 405, said.contains("allow: GET, HEAD"), "{said}");
        assert_eq!(status == 421, said.contains("SSPP_ALLOWED_HOSTS"), "{said}");
        assert!(!first.starts_with("HEAD") || said.ends_with("\r\n\r\n"), "{said}");
    }
    // A body that is not read does not cost the answer.
    let body = "x".repeat(4 << 20);
    let lines = format!("{local}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    let said = exchange(&worker, format!("POST /livez HTTP/1.1\r\n{lines}").as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 405 "), "{said}");
    for bad in ["https://x", "x:1"] {
        let (status, _, said) =
            ended(&mut command(WORKER, &[], &[&AWAY[..], &[("SSPP_ALLOWED_HOSTS", bad)]].concat()));
        assert!(status == 2 && said.contains("SSPP_ALLOWED_HOSTS"), "{bad}: {said}");
    }
}

/// The most memory that the process had resident so far, in MiB.
fn peak(worker: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", worker.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() / 1024
}

#[tokio::test]
async fn a_thousand_slow_connections_cost_little_and_keep_no_probe_out_for_long() {
    let worker = start(&[("SSPP_HEADER_TIMEOUT", "2s"), ("SSPP_MAX_CONNECTIONS", "1000")]);
    let before = peak(&worker);
    // 300 KB of header lines that never end.
    let lines = format!("x-slow: {}\r\n", "a".repeat(4_000)).repeat(75);
    let mut slow = Vec::new();
    for _ in 0..1_000 {
        let mut stream = connect(&worker).await;
        drop(stream.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n").await);
        drop(stream.write_all(lines.as_bytes()).await);
        slow.push(stream);
    }
    eventually("a probe is answered", async || {
        ask(&worker, "GET /livez", "host: localhost\r\n").await.starts_with("HTTP/1.1 200")
    })
    .await;
    let metrics = worker.text("/metrics").await;
    assert!(metrics.contains("sspp_worker_connections "), "{metrics}");
    assert!(metrics.contains("sspp_worker_connections_refused_total "), "{metrics}");
    for mut stream in slow {
        let closed = tokio::time::timeout(Duration::from_mins(1), stream.read_to_end(&mut Vec::new())).await;
        assert!(closed.is_ok(), "a slow connection was not closed");
    }
    let peak = peak(&worker);
    println!("1,000 slow connections: {peak} MiB, {before} MiB before");
    assert!(peak < before + 60, "{peak} MiB, {before} MiB before");
}
