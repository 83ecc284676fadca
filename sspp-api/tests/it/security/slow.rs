//! Clients that hold on to connections: idle, slow to send a header, slow to send a body, slow to read.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::wire::{PATIENCE, connect, exchange, peak, room_for, serves_others, stayed_small, until_closed};
use crate::process::Running;

/// Sends one byte after the other until the server has closed; gives how long it took and what it said.
async fn trickle(mut stream: TcpStream, head: &[u8]) -> (Duration, String) {
    let started = Instant::now();
    let mut said = Vec::new();
    drop(stream.write_all(head).await);
    let mut drip = tokio::time::interval(Duration::from_millis(50));
    while started.elapsed() < PATIENCE {
        tokio::select! {
            read = stream.read_buf(&mut said) => if !matches!(read, Ok(1..)) {
                return (started.elapsed(), String::from_utf8_lossy(&said).into_owned());
            },
            _ = drip.tick() => drop(stream.write_all(b"x").await),
        }
    }
    panic!("the server waited for {PATIENCE:?}");
}

#[tokio::test]
async fn a_header_block_that_trickles_is_given_up_and_so_is_an_idle_connection() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start_with(folder.path(), &[], &[("SSPP_HEADER_TIMEOUT", "1s")]);
    let mut slow = Vec::new();
    for head in ["", "GET", "GET /livez HTTP/1.1\r\nx-slow: "] {
        for _ in 0..50 {
            let stream = connect(&running).await;
            slow.push(tokio::spawn(trickle(stream, head.as_bytes())));
        }
    }
    // A first request in time is no leave to be slow with the next.
    let first = b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";
    slow.push(tokio::spawn(trickle(connect(&running).await, first)));
    let mut idle = connect(&running).await;
    idle.write_all(first).await.unwrap();
    serves_others(&running).await;
    let said = until_closed(&mut idle).await;
    assert!(said.starts_with("HTTP/1.1 200") && said.contains("alive"), "{said}");
    for slow in slow {
        let (took, said) = slow.await.unwrap();
        assert!(took >= Duration::from_millis(900), "{took:?} {said}");
    }
    stayed_small(&running);
}

#[tokio::test]
async fn a_body_that_trickles_is_a_408_and_the_connection_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start_with(folder.path(), &[], &[("SSPP_REQUEST_TIMEOUT", "1")]);
    let head = "POST /api/v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 200000\r\n\r\n";
    let mut slow = Vec::new();
    for _ in 0..100 {
        slow.push(tokio::spawn(trickle(connect(&running).await, head.as_bytes())));
    }
    serves_others(&running).await;
    for slow in slow {
        let (_, said) = slow.await.unwrap();
        assert!(said.starts_with("HTTP/1.1 408") && said.contains("did not arrive"), "{said}");
    }
    stayed_small(&running);
}

#[tokio::test]
async fn bodies_that_wait_together_take_no_more_memory_than_there_is_for_them() {
    if !room_for(2_000) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start_with(folder.path(), &[], &[("SSPP_REQUEST_TIMEOUT", "20")]);
    let head = "POST /api/v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 262144\r\n\r\n";
    let almost = [head.as_bytes(), &vec![b' '; 262_143]].concat();
    // 500 MB in all, of each all but the last byte.
    let mut waiting = Vec::new();
    for _ in 0..2_000 {
        let (mut stream, almost) = (connect(&running).await, almost.clone());
        waiting.push(tokio::spawn(async move {
            drop(stream.write_all(&almost).await);
            until_closed(&mut stream).await
        }));
    }
    let mut refused = 0;
    for waiting in waiting {
        let said = waiting.await.unwrap();
        refused += usize::from(said.starts_with("HTTP/1.1 503") && said.contains("retry-after"));
        assert!(
            said.is_empty() || said.starts_with("HTTP/1.1 503") || said.starts_with("HTTP/1.1 408"),
            "{said}"
        );
    }
    assert!(refused > 0, "nobody was asked to come again");
    serves_others(&running).await;
    stayed_small(&running);
}

#[tokio::test]
async fn ten_thousand_idle_connections_keep_nobody_out() {
    if !room_for(10_000) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let variables = [("SSPP_MAX_CONNECTIONS", "11000"), ("SSPP_HEADER_TIMEOUT", "600s")];
    let running = Running::start_with(folder.path(), &[], &variables);
    let before = peak(&running);
    let mut idle = Vec::new();
    for _ in 0..10_000 {
        idle.push(connect(&running).await);
    }
    serves_others(&running).await;
    println!("10,000 idle connections: {} MiB, {before} MiB before", peak(&running));
    // Each of them still works.
    for stream in idle.iter_mut().step_by(1_000) {
        stream.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        assert!(until_closed(stream).await.starts_with("HTTP/1.1 200"));
    }
    stayed_small(&running);
}

#[tokio::test]
async fn connections_past_the_limit_are_refused_at_once_and_taken_again_later() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [("SSPP_MAX_CONNECTIONS", "20"), ("SSPP_HEADER_TIMEOUT", "600s")];
    let running = Running::start_with(folder.path(), &[], &variables);
    let mut held = Vec::new();
    for _ in 0..20 {
        let mut stream = connect(&running).await;
        stream.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'H');
        held.push(stream);
    }
    let started = Instant::now();
    for _ in 0..50 {
        let said = until_closed(&mut connect(&running).await).await;
        assert!(
            said.is_empty() || said.starts_with("HTTP/1.1 503") && said.contains("too-many-connections"),
            "{said}"
        );
    }
    assert!(started.elapsed() < Duration::from_secs(20), "refused, but not at once: {:?}", started.elapsed());
    drop(held);
    sspp_core::testing::eventually("others are served again", async || {
        exchange(&running, b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .await
            .starts_with("HTTP/1.1 200")
    })
    .await;
}
