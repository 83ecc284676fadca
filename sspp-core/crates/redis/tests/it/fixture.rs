//! A server, and on it a queue a case; and a connection of the test's own.

use std::fmt::Write as _;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sspp_core::testing::contract::QueueFixture;
use sspp_core::testing::eventually;
use sspp_core::testing::servers::{Kind, Server, server};
use sspp_core::{EventQueue, RedisConfig, RedisEventQueue};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

pub(super) struct Site {
    pub(super) server: Server,
}

impl Site {
    pub(super) async fn on(kind: Kind) -> Option<Self> {
        Some(Self { server: server(kind).await? })
    }

    pub(super) async fn queue(&self, change: impl FnOnce(&mut RedisConfig)) -> Arc<RedisEventQueue> {
        let mut config =
            RedisConfig { claim_bound: Duration::from_secs(1), ..RedisConfig::new(&self.server.url) };
        change(&mut config);
        let queue = RedisEventQueue::open(config).await.unwrap();
        eventually("connected", async || queue.ping().await.is_ok()).await;
        queue
    }

    pub(super) async fn raw(&self) -> Raw {
        let address = self.server.url.trim_start_matches("redis://").to_owned();
        Raw(BufReader::new(TcpStream::connect(address).await.unwrap()))
    }

    pub(super) fn docker(&self, command: &str) {
        let ran = Command::new("docker").args([command, self.server.container_id()]).output().unwrap();
        assert!(ran.status.success(), "docker {command}: {}", String::from_utf8_lossy(&ran.stderr));
    }

    /// Sets how far a queue's clock is from the server's.
    pub(super) async fn shift_clock(&self, queue: &str, millis: i64) {
        let mut redis = self.raw().await;
        for shard in 0..4 {
            redis.ask(&["SET", &format!("{queue}:{{q{shard}}}:clock_offset_ms"), &millis.to_string()]).await;
        }
    }

    pub(super) async fn fixture(&self, case: &str) -> Fixture {
        let name = case.to_owned();
        let config = RedisConfig {
            claim_bound: Duration::from_secs(1),
            max_backlog: 2_000,
            name: name.clone(),
            ..RedisConfig::new(&self.server.url)
        };
        let queue = open(&config).await;
        Fixture { config, queue }
    }
}

async fn open(config: &RedisConfig) -> Arc<RedisEventQueue> {
    let queue = RedisEventQueue::open(config.clone()).await.unwrap();
    let port = queue.port();
    while port.ping().await.is_err() {
        tokio::task::yield_now().await;
    }
    queue
}

pub(super) struct Fixture {
    config: RedisConfig,
    queue: Arc<RedisEventQueue>,
}

#[async_trait]
impl QueueFixture for Fixture {
    fn queue(&self) -> Arc<dyn EventQueue> {
        self.queue.port()
    }

    fn claim_bound(&self) -> Duration {
        self.config.claim_bound
    }

    fn max_backlog(&self) -> u64 {
        self.config.max_backlog
    }

    /// The server's clock is what is tested, and it cannot be moved.
    async fn pass(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    async fn crash(&mut self) -> bool {
        self.queue.close().await;
        self.queue = open(&self.config).await;
        // The holders of deliveries are gone; the jobs come back after the claim bound.
        tokio::time::sleep(self.config.claim_bound + Duration::from_millis(100)).await;
        true
    }
}

/// Redis as a test asks it by hand.
pub(super) struct Raw(BufReader<TcpStream>);

impl Raw {
    /// Sends a command; gives the texts of the answer.
    pub(super) async fn ask(&mut self, words: &[&str]) -> Vec<String> {
        let mut command = format!("*{}\r\n", words.len());
        for word in words {
            write!(command, "${}\r\n{word}\r\n", word.len()).unwrap();
        }
        self.0.get_mut().write_all(command.as_bytes()).await.unwrap();
        let (mut texts, mut pending) = (Vec::new(), 1_usize);
        while pending > 0 {
            pending -= 1;
            let mut line = String::new();
            self.0.read_line(&mut line).await.unwrap();
            let (kind, rest) = line.trim_end().split_at(1);
            assert_ne!(kind, "-", "{words:?}: {rest}");
            match kind {
                "*" => pending += rest.parse::<usize>().unwrap(),
                "$" if rest == "-1" => {}
                "$" => {
                    let mut text = vec![0; rest.parse::<usize>().unwrap() + 2];
                    self.0.read_exact(&mut text).await.unwrap();
                    text.truncate(text.len() - 2);
                    texts.push(String::from_utf8(text).unwrap());
                }
                _ => texts.push(rest.to_owned()),
            }
        }
        texts
    }

    /// A figure of INFO.
    pub(super) async fn info(&mut self, name: &str) -> String {
        let info = self.ask(&["INFO"]).await.concat();
        info.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned()
    }
}
