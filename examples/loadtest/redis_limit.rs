//! Redis without SSPP: a hand-made connection that pipelines, as redis-benchmark does.

use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::Failure;
use crate::payload;
use crate::stats::rate;

/// What is measured; printed with the figures.
pub(crate) const DESCRIPTION: &str = "XADD of the same bodies, one connection, 64 commands in a pipeline";

/// Commands in one pipeline.
const PIPELINE: u32 = 64;

#[derive(Debug)]
pub(crate) struct Redis(BufReader<TcpStream>);

impl Redis {
    pub(crate) async fn connect(address: &str) -> Result<Self, Failure> {
        let socket = TcpStream::connect(address)
            .await
            .map_err(|error| format!("cannot reach Redis at {address} (--redis): {error}"))?;
        socket.set_nodelay(true)?;
        Ok(Self(BufReader::new(socket)))
    }

    /// Sends one command and reads its answer, an array flattened to its texts.
    pub(crate) async fn ask(&mut self, words: &[&[u8]]) -> Result<Vec<String>, Failure> {
        let mut command = Vec::new();
        put(&mut command, words);
        self.0.get_mut().write_all(&command).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> Result<Vec<String>, Failure> {
        let mut texts = Vec::new();
        let mut pending = 1_u64;
        while pending > 0 {
            pending -= 1;
            let mut line = String::new();
            if self.0.read_line(&mut line).await? == 0 {
                return Err("Redis closed the connection".into());
            }
            let line = line.trim_end();
            match line.split_at_checked(1) {
                Some(("-", error)) => return Err(format!("Redis says: {error}").into()),
                Some(("*", count)) => pending += count.parse::<u64>().unwrap_or(0),
                Some(("$", length)) => {
                    if let Ok(length) = length.parse::<usize>() {
                        let mut text = vec![0; length + 2];
                        self.0.read_exact(&mut text).await?;
                        text.truncate(length);
                        texts.push(String::from_utf8_lossy(&text).into_owned());
                    }
                }
                Some((_, rest)) => texts.push(rest.to_owned()),
                None => return Err("Redis answered an empty line".into()),
            }
        }
        Ok(texts)
    }

    /// Bytes that Redis uses.
    pub(crate) async fn used_memory(&mut self) -> Result<u64, Failure> {
        let info = self.ask(&[b"INFO", b"memory"]).await?.concat();
        let line = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
        Ok(line.and_then(|digits| digits.trim().parse().ok()).ok_or("Redis tells no used_memory")?)
    }

    /// Removes every key that begins with a prefix.
    pub(crate) async fn remove(&mut self, prefix: &str) -> Result<(), Failure> {
        for key in self.ask(&[b"KEYS", format!("{prefix}*").as_bytes()]).await? {
            self.ask(&[b"UNLINK", key.as_bytes()]).await?;
        }
        Ok(())
    }
}

/// XADDs a second.
pub(crate) async fn measure(
    address: &str,
    key: &str,
    round: u32,
    events: u32,
    limit: Duration,
) -> Result<f64, Failure> {
    let mut redis = Redis::connect(address).await?;
    let groups: Vec<Vec<u8>> = (0..events / PIPELINE)
        .map(|group| {
            let mut commands = Vec::new();
            for number in group * PIPELINE..(group + 1) * PIPELINE {
                put(&mut commands, &[b"XADD", key.as_bytes(), b"*", b"p", &payload::body(round, number)]);
            }
            commands
        })
        .collect();
    let began = Instant::now();
    let mut added = 0;
    for group in groups {
        redis.0.get_mut().write_all(&group).await?;
        for _ in 0..PIPELINE {
            redis.answer().await?;
        }
        added += u64::from(PIPELINE);
        if began.elapsed() >= limit {
            break;
        }
    }
    let rate = rate(added, began.elapsed());
    redis.ask(&[b"UNLINK", key.as_bytes()]).await?;
    Ok(rate)
}

fn put(command: &mut Vec<u8>, words: &[&[u8]]) {
    command.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        command.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        command.extend_from_slice(word);
        command.extend_from_slice(b"\r\n");
    }
}
