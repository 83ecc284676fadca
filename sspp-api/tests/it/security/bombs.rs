//! Requests that are larger than they look, or than they should be.

use std::io::Write as _;

use tokio::io::AsyncWriteExt as _;

use super::wire::{connect, exchange, serves_others, stayed_small, until_closed};
use crate::process::Running;

const MIB: usize = 1 << 20;

/// 200 MiB of blanks: 200 times one MiB, each compressed by itself, since both formats allow that.
fn bomb(coding: &str) -> Vec<u8> {
    let blanks = vec![b' '; MIB];
    let one = if coding == "gzip" {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
        encoder.write_all(&blanks).unwrap();
        encoder.finish().unwrap()
    } else {
        zstd::encode_all(&blanks[..], 3).unwrap()
    };
    let bomb = one.repeat(200);
    assert!(bomb.len() < 250_000, "{} bytes would be refused for their size as they are", bomb.len());
    bomb
}

#[tokio::test]
async fn bombs_of_both_kinds_are_refused_in_small_memory() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &[]);
    let client = reqwest::Client::new();
    // A window of 2 GiB, which a decoder would have to keep: the frame's header says so.
    let window = [&[0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8][..], &[0x55; 1_000]].concat();
    for (coding, bytes, status) in
        [("gzip", bomb("gzip"), 413), ("zstd", bomb("zstd"), 413), ("zstd", window, 400)]
    {
        let mut sent = Vec::new();
        for _ in 0..50 {
            let request = client
                .post(format!("{}/api/v1/events", running.base))
                .header("content-type", "application/json")
                .header("content-encoding", coding)
                .body(bytes.clone());
            sent.push(tokio::spawn(request.send()));
        }
        serves_others(&running).await;
        for sent in sent {
            assert_eq!(sent.await.unwrap().unwrap().status(), status, "{coding}");
        }
    }
    serves_others(&running).await;
    stayed_small(&running);
}

#[tokio::test]
async fn of_a_body_of_a_gibibyte_only_the_beginning_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &[]);
    let chunk = [format!("{MIB:x}\r\n").as_bytes(), &vec![b' '; MIB], b"\r\n"].concat();
    for path in ["/api/v1/events", "/api/v1/signals", "/api/v1/nowhere"] {
        let mut stream = connect(&running).await;
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut taken = 0;
        // The server stops listening: what is under way fills the system's buffers, and no more is taken.
        while taken < 1_024 && stream.write_all(&chunk).await.is_ok() {
            taken += 1;
        }
        assert!(taken < 64, "{path}: the server took {taken} MiB");
        serves_others(&running).await;
    }
    let declared = "POST /api/v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1073741824\r\n\r\n{";
    let said = exchange(&running, declared.as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 413"), "{said}");
    stayed_small(&running);
}

#[tokio::test]
async fn deep_json_is_a_400() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &[]);
    let client = reqwest::Client::new();
    let opened = 100_000;
    for deep in [
        "[".repeat(opened),
        "{\"a\":".repeat(opened / 3),
        format!("{}{}", "[".repeat(opened), "]".repeat(opened)),
        crate::harness::event(
            "a",
            "email_sent",
            &format!("{{\"a\":{}{}}}", "[".repeat(opened), "]".repeat(opened)),
        ),
        crate::harness::event(
            "a",
            "email_sent",
            &format!("{{\"a\":{}1{}}}", "{\"b\":".repeat(33), "}".repeat(33)),
        ),
    ] {
        let request =
            client.post(format!("{}/api/v1/events", running.base)).header("content-type", "application/json");
        assert_eq!(request.body(deep).send().await.unwrap().status(), 400);
    }
    serves_others(&running).await;
    stayed_small(&running);
}

#[tokio::test]
async fn a_huge_header_is_refused_and_so_is_a_huge_target() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &[]);
    let huge = "x".repeat(4 * MIB);
    let many = (0..200).map(|at| format!("x-{at}: y\r\n")).collect::<Vec<_>>().concat();
    for request in [
        format!("GET /livez HTTP/1.1\r\nhost: localhost\r\nx-huge: {huge}\r\n\r\n"),
        format!("GET /livez HTTP/1.1\r\nhost: localhost\r\n{many}\r\n"),
        format!("GET /livez?{huge} HTTP/1.1\r\nhost: localhost\r\n\r\n"),
        format!("{huge} /livez HTTP/1.1\r\nhost: localhost\r\n\r\n"),
        format!("GET /livez HTTP/1.1\r\nhost: localhost\r\nx-endless: {}", "y".repeat(64 << 10)),
    ] {
        // Where the server closes before all was sent, its answer may be lost on the way.
        let said = exchange(&running, request.as_bytes()).await;
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{said}");
    }
    let fits = format!(
        "GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-large: {}\r\n\r\n",
        "y".repeat(6 << 10)
    );
    assert!(exchange(&running, fits.as_bytes()).await.starts_with("HTTP/1.1 200"));
    serves_others(&running).await;
    stayed_small(&running);
}

#[tokio::test]
async fn what_is_no_http_is_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &[]);
    for bytes in [
        &b"\0\0\0\0\r\n\r\n"[..],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /livez HTTP/9.9\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nhost: localhost\r\nbad header: y\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nhost: localhost\r\nx: a\x00b\r\n\r\n",
        // What proxies and servers read differently is how requests are smuggled.
        b"POST /api/v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nabcd",
        b"POST /api/v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-length: +4\r\n\r\nabcd",
        b"POST /api/v1/events HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked, x\r\n\r\n0\r\n\r\n",
    ] {
        let mut stream = connect(&running).await;
        drop(stream.write_all(bytes).await);
        drop(stream.shutdown().await);
        let said = until_closed(&mut stream).await;
        assert!(!said.starts_with("HTTP/1.1 2") && !said.starts_with("HTTP/1.1 5"), "{bytes:?}: {said}");
    }
    serves_others(&running).await;
}
