//! What is said of a Redis that cannot be used: its address, the cause and what to do, and never the password.

use std::sync::Mutex;

use sspp_core::testing::eventually;
use sspp_core::testing::servers::{Kind, server};
use sspp_core::{EventQueue as _, RedisConfig, RedisEventQueue};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

/// Asks until it is said: a connection has to fail first.
async fn says(url: &str, parts: &[&str]) {
    let queue = RedisEventQueue::open(RedisConfig::new(url)).await.unwrap();
    let last = Mutex::new(String::new());
    let check = async || {
        let said = queue.ping().await.unwrap_err().to_string();
        assert!(!said.contains("hunter2"), "{said}");
        let is_said = parts.iter().all(|part| said.contains(part));
        *last.lock().unwrap() = said;
        is_said
    };
    eventually(&format!("{url}: {parts:?}"), check).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_named_with_the_cause() {
    says(
        "redis://:hunter2@127.0.0.1:1",
        &["Redis at 127.0.0.1:1", "Connection refused", "check that it runs"],
    )
    .await;
    says("redis://:hunter2@nowhere.invalid:6379", &["Redis at nowhere.invalid:6379", "check the host name"])
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_server_at_the_port_is_reported() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await);
        }
    });
    says(&format!("redis://{address}"), &[&address, "check that this is the port of Redis"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_reported() {
    let Some(server) = server(Kind::Redis7).await else { return };
    let host = server.url.trim_start_matches("redis://").rsplit('@').next().unwrap().trim_end_matches('/');
    says(&format!("redis://stranger:hunter2@{host}"), &[host, "check user and password"]).await;
}
