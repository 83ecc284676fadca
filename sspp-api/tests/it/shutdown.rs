//! How the real binary leaves a load balancer: first it is not ready, then it accepts no connection, then it ends.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use sspp_core::testing::eventually;

use crate::process::Running;

async fn send(running: &Running) -> reqwest::Result<reqwest::Response> {
    let event = crate::harness::event("acc_1", "email_opened", "{}");
    let request = reqwest::Client::new().post(format!("{}/api/v1/events", running.base));
    request.header("content-type", "application/json").body(event).send().await
}

#[tokio::test]
async fn a_server_that_was_told_to_stop_takes_events_while_load_balancers_find_it_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &["--shutdown-delay", "1h"]);
    assert!(!send(&running).await.unwrap().headers().contains_key("connection"));
    running.signal("-TERM");
    eventually("it is not ready", async || running.get("/ready").await["statusCode"] == 503).await;
    let answer = send(&running).await.unwrap();
    assert_eq!(answer.status(), 202);
    assert_eq!(answer.headers()["connection"], "close", "the client's next request goes elsewhere");
    running.signal("-TERM");
    assert_eq!(running.ended(), 130, "the second signal ends it at once");
}

#[tokio::test]
async fn after_the_delay_no_connection_is_accepted_and_every_accepted_event_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let delay = Duration::from_millis(300);
    let running = Running::start_with(folder.path(), &[], &[("SSPP_SHUTDOWN_DELAY", "300ms")]);
    let told = Instant::now();
    running.signal("-TERM");
    let mut accepted = 0;
    while let Ok(answer) = send(&running).await {
        assert_eq!(answer.status(), 202);
        accepted += 1;
    }
    assert!(told.elapsed() >= delay, "it refused connections after {:?}", told.elapsed());
    let address = running.base.strip_prefix("http://").unwrap().to_owned();
    assert_eq!(running.ended(), 0);
    assert!(TcpStream::connect(address).is_err());
    let again = Running::start(folder.path(), &[]);
    assert_eq!(again.get("/api/v1/signals/stats").await["total_signals"], accepted);
}
