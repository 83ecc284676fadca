//! Raw connections to the real binary, since no HTTP client would send what is sent here; and how much memory it takes meanwhile.

use std::time::Duration;

use sspp_core::testing::did_not_run;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::process::Running;

/// The most memory that the server may take under attack.
const PEAK_MIB: u64 = 150;
/// Longer than anything here should take, even on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

pub(super) async fn connect(running: &Running) -> TcpStream {
    TcpStream::connect(running.base.strip_prefix("http://").unwrap()).await.unwrap()
}

/// Everything that the server sends until it closes; fails where it does not close.
pub(super) async fn until_closed(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    // A reset ends a connection as well as a close does.
    let closed = timeout(PATIENCE, stream.read_to_end(&mut said)).await;
    assert!(closed.is_ok(), "the server did not close the connection");
    String::from_utf8_lossy(&said).into_owned()
}

/// Reads one answer that has a content length, and leaves the connection open.
pub(super) async fn answer(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&said).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.split("content-length: ").nth(1).map_or("0", |rest| rest.split("\r\n").next().unwrap());
            if body.len() >= length.parse().unwrap() {
                return text;
            }
        }
        let read = timeout(PATIENCE, stream.read_buf(&mut said)).await.unwrap().unwrap();
        assert!(read > 0, "closed after {text}");
    }
}

/// Sends bytes as they are and gives everything until the server closes; what cannot be sent any more is not.
pub(super) async fn exchange(running: &Running, bytes: &[u8]) -> String {
    let mut stream = connect(running).await;
    drop(stream.write_all(bytes).await);
    until_closed(&mut stream).await
}

/// One whole request on a connection of its own is answered.
pub(super) async fn serves_others(running: &Running) {
    let answer =
        exchange(running, b"GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let event = crate::harness::event("other", "email_sent", "{}");
    let request = format!(
        "POST /api/v1/events HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{event}",
        event.len()
    );
    let answer = exchange(running, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
}

/// The most memory that the process had resident so far, in MiB.
pub(super) fn peak(running: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() / 1024
}

pub(super) fn stayed_small(running: &Running) {
    let peak = peak(running);
    println!("peak memory: {peak} MiB");
    assert!(peak < PEAK_MIB, "the server took {peak} MiB");
}

/// Room for so many sockets in this process, or a loud word that there is none.
pub(super) fn room_for(sockets: u64) -> bool {
    let limit = rlimit::increase_nofile_limit(sockets + 256).unwrap();
    let room = limit >= sockets + 256;
    if !room {
        let needed = sockets + 256;
        did_not_run(&format!(
            "this process may open {limit} files, and the test needs {needed}: raise ulimit -Hn"
        ));
    }
    room
}
