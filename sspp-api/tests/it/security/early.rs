//! Answers that come before the body was read reach a client that writes all of it before it looks for one.

use std::io::Write as _;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::wire::{PATIENCE, answer, connect, serves_others, stayed_small, until_closed};
use crate::process::Running;

const MIB: usize = 1 << 20;

/// Writes everything, then reads until the server closes.
async fn write_then_read(running: &Running, head: &str, body: &[u8]) -> String {
    let mut stream = connect(running).await;
    stream.write_all(head.as_bytes()).await.unwrap();
    for part in body.chunks(64 << 10) {
        stream.write_all(part).await.unwrap_or_else(|error| panic!("{head}: {error}"));
    }
    let mut said = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut said)).await.unwrap();
    read.unwrap_or_else(|error| panic!("{head}: {error}"));
    String::from_utf8(said).unwrap()
}

fn head(first: &str, lines: &str) -> String {
    format!("{first} HTTP/1.1\r\nhost: localhost\r\n{lines}\r\n")
}

fn chunked(bytes: &[u8]) -> Vec<u8> {
    let chunks =
        bytes.chunks(MIB).map(|part| [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat());
    [&chunks.collect::<Vec<_>>().concat()[..], b"0\r\n\r\n"].concat()
}

#[tokio::test]
async fn every_early_answer_reaches_a_client_that_is_still_sending() {
    let folder = tempfile::tempdir().unwrap();
    let keys = sspp_api::NewKey::make("crm", "read".parse().unwrap()).unwrap();
    let open = Running::start(folder.path(), &[]);
    let other = tempfile::tempdir().unwrap();
    let guarded = Running::start_with(
        other.path(),
        &[],
        &[("SSPP_API_KEYS", &keys.line()), ("SSPP_RATE_LIMIT", "1/h"), ("SSPP_RATE_LIMIT_BURST", "1")],
    );
    let body = vec![b'x'; 20 * MIB];
    let json = "content-type: application/json\r\n";
    let key = format!("{json}x-api-key: {}\r\n", keys.secret());
    for (running, first, lines, expected) in [
        (&open, "POST /api/v1/events", json, 413),
        (&open, "POST /api/v1/events/batch", json, 413),
        (&open, "POST /api/v1/events", "content-type: text/plain\r\n", 415),
        (&open, "POST /api/v1/events", "content-type: application/json\r\ncontent-encoding: br\r\n", 415),
        (
            &open,
            "POST /api/v1/events",
            "content-type: application/json\r\norigin: https://evil.example\r\n",
            403,
        ),
        (&open, "POST /nowhere", json, 404),
        (&open, "PUT /api/v1/events", json, 405),
        (&open, "GET /api/v1/signals", json, 200),
        (&open, "POST /api/v1/events", "content-type: application/json\r\nhost: localhost\r\n", 400),
        (&guarded, "POST /api/v1/events", json, 401),
        (&guarded, "POST /api/v1/events", json, 429),
        (&guarded, "POST /api/v1/events", &key, 403),
    ] {
        let sized = head(first, &format!("{lines}content-length: {}\r\n", body.len()));
        let said = write_then_read(running, &sized, &body).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {expected} ")), "{sized}{said}");
        assert!(said.to_ascii_lowercase().contains("\r\nconnection: close\r\n"), "{sized}{said}");
        if running.base == open.base {
            let streamed = head(first, &format!("{lines}transfer-encoding: chunked\r\n"));
            let said = write_then_read(running, &streamed, &chunked(&body)).await;
            assert!(said.starts_with(&format!("HTTP/1.1 {expected} ")), "{streamed}{said}");
            assert!(said.to_ascii_lowercase().contains("\r\nconnection: close\r\n"), "{streamed}{said}");
        }
    }
    for running in [&open, &guarded] {
        stayed_small(running);
    }
    serves_others(&open).await;
}

#[tokio::test]
async fn refusals_of_the_server_itself_are_problems_too() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &[]);
    let huge = vec![b'y'; 4 * MIB];
    let said = write_then_read(&running, "GET /livez HTTP/1.1\r\nhost: localhost\r\nx-huge: ", &huge).await;
    assert!(said.starts_with("HTTP/1.1 431 "), "{said}");
    let said = write_then_read(&running, "NO SUCH THING\r\n\r\n", &huge).await;
    assert!(said.starts_with("HTTP/1.1 400 "), "{said}");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(9));
    encoder.write_all(&vec![b' '; 200 * MIB]).unwrap();
    let bomb = encoder.finish().unwrap();
    let zipped = format!(
        "content-type: application/json\r\ncontent-encoding: gzip\r\nconnection: close\r\ncontent-length: {}\r\n",
        bomb.len()
    );
    let said = write_then_read(&running, &head("POST /api/v1/events", &zipped), &bomb).await;
    assert!(said.starts_with("HTTP/1.1 413 "), "{said}");
    stayed_small(&running);
}

#[tokio::test]
async fn a_refused_connection_gets_an_answer_although_it_sends() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start_with(folder.path(), &[], &[("SSPP_MAX_CONNECTIONS", "1")]);
    let mut busy = connect(&running).await;
    let begun = head("POST /api/v1/events", "content-type: application/json\r\ncontent-length: 9\r\n");
    busy.write_all(begun.as_bytes()).await.unwrap();
    let sized = head("POST /api/v1/events", &format!("content-length: {}\r\n", 4 * MIB));
    sspp_core::testing::eventually("the place is taken", async || {
        let mut stream = connect(&running).await;
        stream
            .write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        until_closed(&mut stream).await.starts_with("HTTP/1.1 503")
    })
    .await;
    let said = write_then_read(&running, &sized, &vec![b'x'; 4 * MIB]).await;
    assert!(said.starts_with("HTTP/1.1 503 ") && said.contains("retry-after"), "{said}");
    drop(busy);
}

#[tokio::test]
async fn after_a_small_body_the_connection_lives_on() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &[]);
    let mut stream = connect(&running).await;
    for first in ["POST /nowhere", "PUT /api/v1/events", "POST /api/v1/events"] {
        let lines = "content-type: text/plain\r\ncontent-length: 20000\r\n";
        stream.write_all(head(first, lines).as_bytes()).await.unwrap();
        // The body comes in parts, as it does over a network.
        for _ in 0..20 {
            tokio::task::yield_now().await;
            stream.write_all(&[b'x'; 1_000]).await.unwrap();
        }
        let said = answer(&mut stream).await;
        assert!(said.starts_with("http/1.1 4") && !said.contains("connection: close"), "{first}: {said}");
    }
    stream.write_all(head("GET /livez", "").as_bytes()).await.unwrap();
    assert!(answer(&mut stream).await.starts_with("http/1.1 200"));
}

#[tokio::test]
async fn a_client_that_waits_for_100_continue_is_answered_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &[]);
    for (first, expected) in
        [("POST /nowhere", "404"), ("PUT /api/v1/events", "405"), ("POST /api/v1/events", "415")]
    {
        let mut stream = connect(&running).await;
        let lines = "expect: 100-continue\r\ncontent-type: text/plain\r\ncontent-length: 10\r\n";
        stream.write_all(head(first, lines).as_bytes()).await.unwrap();
        let said = until_closed(&mut stream).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {expected} ")), "{said}");
        assert!(said.contains("connection: close") && !said.contains("100 Continue"), "{said}");
    }
    let event = crate::harness::event("acme", "email_sent", "{}");
    let mut stream = connect(&running).await;
    let lines = format!(
        "expect: 100-continue\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
        event.len()
    );
    stream.write_all(head("POST /api/v1/events", &lines).as_bytes()).await.unwrap();
    assert!(answer(&mut stream).await.starts_with("http/1.1 100"));
    stream.write_all(event.as_bytes()).await.unwrap();
    assert!(until_closed(&mut stream).await.starts_with("HTTP/1.1 202"));
}

#[tokio::test]
async fn a_client_that_sends_for_ever_does_not_keep_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start_with(folder.path(), &[], &[("SSPP_MAX_CONNECTIONS", "4")]);
    let mut sending = Vec::new();
    for _ in 0..4 {
        let mut stream = connect(&running).await;
        stream.write_all(head("POST /nowhere", "content-length: 1073741824\r\n").as_bytes()).await.unwrap();
        stream.write_all(&[b'x'; 1_000]).await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'H');
        sending.push(stream);
    }
    // Each is answered and only read on for its own sake, so it makes room.
    for _ in 0..4 {
        serves_others(&running).await;
    }
}
