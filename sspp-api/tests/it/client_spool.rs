//! A client with a spool against the real binary: either of them killed, nothing lost, nothing counted twice.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sspp_client::spool::SpoolConfig;
use sspp_client::{Client, SalesEvent, SignalQuery};
use sspp_core::testing::eventually;

const URL: &str = "SSPP_TEST_SPOOL_URL";
const FOLDER: &str = "SSPP_TEST_SPOOL_FOLDER";
const FROM: &str = "SSPP_TEST_SPOOL_FROM";

/// The binary on a port that stays the same over restarts; killed when it is dropped.
struct Server(Child);

impl Server {
    fn start(folder: &Path, port: u16) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sspp-api"))
            .args(["--port", &port.to_string()])
            .current_dir(folder)
            .env_clear()
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().starts_with("try:")), "it did not start");
        Self(child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn client(url: &str, folder: &Path) -> Client {
    Client::builder(url).spool(SpoolConfig::new(folder)).build().unwrap()
}

fn event(number: u64) -> SalesEvent {
    SalesEvent::call_made("acme", "ada").id(format!("event-{number}")).at("2026-01-15T10:00:00Z")
}

/// The numbers of all signals, in the order in which they were stored, once there are so many.
async fn stored(url: &str, expected: usize) -> Vec<u64> {
    let client = Client::builder(url).build().unwrap();
    eventually("all are signals", async || {
        client.signal_stats().await.unwrap().total_signals >= expected as u64
    })
    .await;
    let signals = client.signals(&SignalQuery::default().page_size(100)).collect().await.unwrap();
    let mut rows: Vec<_> = signals
        .into_iter()
        .map(|signal| {
            let own = signal.external_id.as_ref().unwrap().as_str();
            (signal.id, own.strip_prefix("event-").unwrap().parse().unwrap())
        })
        .collect();
    rows.sort_unstable();
    rows.into_iter().map(|(_, number)| number).collect()
}

/// Not a test by itself: the process that is killed.
#[test]
#[ignore = "run by the test below, in a process of its own"]
fn child() {
    let variable = |name| std::env::var(name).unwrap();
    let client = client(&variable(URL), variable(FOLDER).as_ref());
    for number in variable(FROM).parse().unwrap().. {
        client.emit(event(number)).unwrap();
        println!("emitted {number}");
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Emits in a process of its own and kills it after so many. Gives the numbers that it said.
fn emit_and_kill(url: &str, folder: &Path, from: u64, count: usize) -> Vec<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "client_spool::child", "--ignored", "--nocapture"])
        .envs([(URL, url), (FOLDER, folder.to_str().unwrap()), (FROM, &from.to_string())])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut numbers = lines.filter_map(|line| line.strip_prefix("emitted ")?.parse().ok());
    let mut said: Vec<u64> = numbers.by_ref().take(count).collect();
    child.kill().unwrap();
    said.extend(numbers);
    child.wait().unwrap();
    assert!(said.len() >= count, "{}", said.len());
    said
}

#[tokio::test]
async fn what_a_killed_process_emitted_arrives_after_its_restart_each_once() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, port) = (folder.path().join("spool"), free_port());
    let url = url(port);
    let mut said = BTreeSet::new();
    // Killed while there is no server, then while it is being delivered.
    said.extend(emit_and_kill(&url, &spool, 0, 500));
    let _server = Server::start(folder.path(), port);
    for round in 1..=3 {
        said.extend(emit_and_kill(&url, &spool, round * 10_000, 500));
    }
    let client = client(&url, &spool);
    client.flush(Duration::from_mins(1)).await.unwrap();
    assert!(client.close(Duration::from_secs(5)).await.is_clean());

    let stored = stored(&url, said.len()).await;
    let once: BTreeSet<_> = stored.iter().copied().collect();
    assert_eq!(stored.len(), once.len(), "counted twice");
    assert!(once.is_superset(&said), "lost {:?}", said.difference(&once));
    // A killed process may have emitted one more than it said.
    assert!(once.len() <= said.len() + 4, "{} of {}", once.len(), said.len());
}

/// Emits so many a second until the time is over. Gives the next number.
async fn emit_for(client: &Client, from: u64, a_second: u64, time: Duration) -> u64 {
    let (began, mut number) = (Instant::now(), from);
    while began.elapsed() < time {
        let due = from + u64::try_from(began.elapsed().as_micros()).unwrap() * a_second / 1_000_000;
        while number < due {
            client.emit(event(number)).unwrap();
            number += 1;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    number
}

/// Of this process, in KiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The server dies under load and stays away, then comes back.
async fn server_away_for(away: Duration) {
    const A_SECOND: u64 = 5_000;
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let url = url(port);
    let server = Server::start(folder.path(), port);
    let client = client(&url, &folder.path().join("spool"));
    let mut number = emit_for(&client, 0, A_SECOND, Duration::from_secs(1)).await;
    let (before, killed_at) = (memory(), number);
    drop(server);
    number = emit_for(&client, number, A_SECOND, away).await;
    let grown = memory().saturating_sub(before);
    let waiting = client.stats().depth;
    let back = Instant::now();
    let _server = Server::start(folder.path(), port);
    number = emit_for(&client, number, A_SECOND, Duration::from_secs(1)).await;
    client.flush(Duration::from_mins(10)).await.unwrap();
    let healed = back.elapsed();
    let report = client.close(Duration::from_secs(5)).await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!((report.stats.accepted, report.stats.dropped()), (number, 0), "{report:?}");
    println!(
        "away {away:?}: {number} emitted, {waiting} waited on disk, memory grew by {grown} KiB, \
         delivered {healed:?} after the restart"
    );
    assert!(grown < 10 * 1024, "memory grew by {grown} KiB over {waiting} waiting events");
    // All there, each once.
    let stored = stored(&url, usize::try_from(number).unwrap()).await;
    let once: BTreeSet<_> = stored.iter().copied().collect();
    assert_eq!(stored.len(), once.len(), "counted twice");
    assert!(once.into_iter().eq(0..number), "lost: {} of {number}", stored.len());
    // In the order in which they were emitted: all that the killed server never saw. What it had
    // taken from its queue when it died is taken over later than that, as the queue promises.
    let resent = stored.into_iter().filter(|event| *event >= killed_at);
    assert!(resent.eq(killed_at..number), "not resent in order");
}

#[tokio::test]
async fn a_server_killed_under_load_gets_everything_in_order_when_it_is_back() {
    server_away_for(Duration::from_secs(1)).await;
}

#[tokio::test]
#[ignore = "takes minutes: cargo nextest run -p sspp-api --run-ignored all --profile long away_for_a_minute"]
async fn away_for_a_minute() {
    server_away_for(Duration::from_mins(1)).await;
}
