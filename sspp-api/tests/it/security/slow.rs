//! Clients that hold on to connections: idle, slow to send a header, slow to send a body, slow to read.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::wire::{
    PATIENCE, answer, connect, exchange, peak, room_for, serves_others, stayed_small, until_closed,
};
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
    let variables = [("SSPP_HEADER_TIMEOUT", "1s"), ("SSPP_IDLE_TIMEOUT", "1s")];
    let running = Running::start_with(folder.path(), &[], &variables);
    let mut slow = Vec::new();
    for head in ["", "GET", "GET /livez HTTP/1.1\r\nx-slow: "] {
        for _ in 0..50 {
            let stream = connect(&running).await;
            slow.push(tokio::spawn(trickle(stream, head.as_bytes())));
        }
    }
    // A first request in time is no leave to be slow with the next.
    let first = b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n";
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

const GET: &[u8] = b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A connection on which a request was answered.
async fn used(running: &Running) -> TcpStream {
    let mut stream = connect(running).await;
    stream.write_all(GET).await.unwrap();
    assert!(answer(&mut stream).await.starts_with("http/1.1 200"));
    stream
}

#[tokio::test]
async fn an_idle_connection_outlives_the_header_timeout_and_a_new_one_that_says_nothing_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [("SSPP_HEADER_TIMEOUT", "2s"), ("SSPP_IDLE_TIMEOUT", "600s")];
    let running = Running::start_with(folder.path(), &[], &variables);
    let mut idle = [used(&running).await, used(&running).await, used(&running).await];
    // Says when two seconds have passed.
    assert_eq!(until_closed(&mut connect(&running).await).await, "");
    let [whole, parts, slow] = &mut idle;
    for _ in 0..3 {
        whole.write_all(GET).await.unwrap();
        assert!(answer(whole).await.starts_with("http/1.1 200"));
    }
    for byte in GET {
        parts.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert!(answer(parts).await.starts_with("http/1.1 200"));
    // The next request has the time of any other for its headers.
    slow.write_all(b"GET /livez HTTP/1.1\r\n").await.unwrap();
    let began = Instant::now();
    assert_eq!(until_closed(slow).await, "");
    assert!(began.elapsed() >= Duration::from_millis(1_900), "{:?}", began.elapsed());
}

#[tokio::test]
async fn part_of_the_next_request_is_not_lost_while_a_connection_is_silent() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start_with(folder.path(), &[], &[("SSPP_HEADER_TIMEOUT", "20s")]);
    let clock = Running::start_with(folder.path(), &["--data", "clock.db"], &[("SSPP_HEADER_TIMEOUT", "2s")]);
    let mut stream = connect(&running).await;
    let (first, second) = GET.split_at(20);
    stream.write_all(&[GET, first].concat()).await.unwrap();
    assert!(answer(&mut stream).await.starts_with("http/1.1 200"));
    // Says when two seconds have passed.
    until_closed(&mut connect(&clock).await).await;
    stream.write_all(second).await.unwrap();
    assert!(answer(&mut stream).await.starts_with("http/1.1 200"));
}

#[tokio::test]
async fn idle_connections_end_at_once_when_the_process_stops() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start_with(folder.path(), &[], &[("SSPP_SHUTDOWN_TIMEOUT", "10m")]);
    let mut idle = [used(&running).await, connect(&running).await];
    let said = running.said_until_stopped();
    assert!(!said.contains("connections are cut"), "{said}");
    for stream in &mut idle {
        until_closed(stream).await;
    }
}

#[tokio::test]
async fn where_all_places_are_taken_the_longest_idle_one_makes_room() {
    let folder = tempfile::tempdir().unwrap();
    let variables =
        [("SSPP_MAX_CONNECTIONS", "20"), ("SSPP_HEADER_TIMEOUT", "2s"), ("SSPP_IDLE_TIMEOUT", "600s")];
    let running = Running::start_with(folder.path(), &[], &variables);
    let mut idle = vec![used(&running).await];
    // Says when two seconds have passed.
    assert_eq!(until_closed(&mut connect(&running).await).await, "");
    for _ in 1..20 {
        idle.push(used(&running).await);
    }
    sspp_core::testing::eventually("a newcomer gets a place", async || {
        exchange(&running, b"GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            .await
            .starts_with("HTTP/1.1 200")
    })
    .await;
    let (longest, others) = idle.split_first_mut().unwrap();
    assert_eq!(until_closed(longest).await, "");
    let last = others.last_mut().unwrap();
    last.write_all(GET).await.unwrap();
    assert!(answer(last).await.starts_with("http/1.1 200"));
}

#[tokio::test]
async fn a_body_that_trickles_is_a_408_and_the_connection_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start_with(folder.path(), &[], &[("SSPP_REQUEST_TIMEOUT", "1")]);
    let head = "POST /api/v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 200000\r\n\r\n";
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
    let head = "POST /api/v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 262144\r\n\r\n";
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
    assert!(refused > 0, "no client was asked to come again");
    serves_others(&running).await;
    stayed_small(&running);
}

#[tokio::test]
async fn ten_thousand_idle_connections_keep_no_client_out() {
    if !room_for(10_000) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let variables =
        [("SSPP_MAX_CONNECTIONS", "11000"), ("SSPP_HEADER_TIMEOUT", "600s"), ("SSPP_IDLE_TIMEOUT", "600s")];
    let running = Running::start_with(folder.path(), &[], &variables);
    let before = peak(&running);
    let mut idle = Vec::new();
    for new in 0..10_000 {
        // One that was used costs no more than one that said nothing.
        idle.push(if new % 2 == 0 { connect(&running).await } else { used(&running).await });
    }
    serves_others(&running).await;
    println!("10,000 idle connections: {} MiB, {before} MiB before", peak(&running));
    // Each of them still works.
    for stream in idle.iter_mut().step_by(1_000) {
        stream
            .write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        assert!(until_closed(stream).await.starts_with("HTTP/1.1 200"));
    }
    stayed_small(&running);
}

#[tokio::test]
async fn connections_past_the_limit_are_refused_at_once_and_taken_again_later() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [("SSPP_MAX_CONNECTIONS", "20"), ("SSPP_REQUEST_TIMEOUT", "600")];
    let running = Running::start_with(folder.path(), &[], &variables);
    let mut held = Vec::new();
    for _ in 0..20 {
        let mut stream = connect(&running).await;
        let waits = b"POST /api/v1/events HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\n\
            content-type: application/json\r\ncontent-length: 9\r\n\r\n";
        stream.write_all(waits).await.unwrap();
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
        exchange(&running, b"GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            .await
            .starts_with("HTTP/1.1 200")
    })
    .await;
}
