//! A process whose server is gone ends within its close timeout.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::server::closed_port;
use crate::{event, quick, run};

#[test]
fn the_process_ends_within_the_close_timeout() {
    let program = std::env::current_exe().unwrap();
    let began = Instant::now();
    let mut child = Command::new(program)
        .args(["exit::emits_to_a_closed_port", "--exact", "--ignored", "--nocapture"])
        .env("SSPP_TEST_URL", format!("http://{}", closed_port()))
        .spawn()
        .unwrap();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > Duration::from_secs(10) {
            child.kill().unwrap();
            panic!("it does not end");
        }
        std::thread::yield_now();
    };
    assert!(status.success());
    assert!(began.elapsed() < Duration::from_secs(4), "{:?} for a close of one second", began.elapsed());
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn emits_to_a_closed_port() {
    let Ok(url) = std::env::var("SSPP_TEST_URL") else { return };
    let client = quick(&url).backoff(sspp_client::Backoff::default()).build().unwrap();
    for number in 0..1_000 {
        client.emit(event(number)).unwrap();
    }
    let report = run(client.close(Duration::from_secs(1)));
    let stats = report.stats;
    assert_eq!((stats.emitted, stats.dropped(), stats.depth), (1_000, 1_000, 0));
}
