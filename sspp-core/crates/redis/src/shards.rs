//! All shards of a queue: the link to them, and how long each is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fred::prelude::Value;
use tokio::time::Instant;

use super::RedisConfig;
use super::failure::odd_answer;
use super::link::Link;
use super::look::Look;
use super::script::{FENCE, LOOK, Script};
use super::shard;
use sspp_engine::QueueError;

/// How often the lengths of all shards and their set are asked for again.
const REFRESH_EVERY: Duration = Duration::from_secs(2);
/// When to try again after a refusal.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// All shards, as the queue and its gatherer use them.
#[derive(Debug)]
pub(super) struct Shards {
    pub(super) link: Link,
    pub(super) config: RedisConfig,
    lengths: Mutex<Lengths>,
    /// The last line that this process drew, in milliseconds.
    line: AtomicU64,
}

/// Jobs in every shard that was ever used, as last seen.
#[derive(Debug)]
struct Lengths {
    of: BTreeMap<u16, u64>,
    asked: Option<Instant>,
    /// Whether Redis knows of all shards that this configuration spreads new events over.
    noted: bool,
}

impl Shards {
    pub(super) fn new(link: Link, config: RedisConfig) -> Self {
        let of = (0..config.shards).map(|number| (number, 0)).collect();
        let lengths = Mutex::new(Lengths { of, asked: None, noted: false });
        Self { link, config, lengths, line: AtomicU64::new(0) }
    }

    pub(super) fn keys(&self, number: u16) -> Vec<String> {
        shard::keys(&self.config.name, number)
    }

    fn lengths(&self) -> std::sync::MutexGuard<'_, Lengths> {
        self.lengths.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long a shard may become, as far as the others are known.
    pub(super) fn room_of(&self, number: u16) -> u64 {
        let lengths = self.lengths();
        let others: u64 =
            lengths.of.iter().filter(|(other, _)| **other != number).map(|(_, length)| length).sum();
        self.config.max_backlog.saturating_sub(others)
    }

    pub(super) fn note_length(&self, number: u16, length: i64) {
        self.lengths().of.insert(number, u64::try_from(length).unwrap_or(0));
    }

    /// Whether Redis knows of all shards that new events are spread over.
    pub(super) fn is_noted(&self) -> bool {
        self.lengths().noted
    }

    pub(super) fn backlog(&self) -> u64 {
        self.lengths().of.values().sum()
    }

    pub(super) fn full(&self) -> QueueError {
        QueueError::Full { backlog: self.backlog(), limit: self.config.max_backlog, retry_after: RETRY_AFTER }
    }

    /// Asks how long every shard is, and which there are.
    pub(super) async fn refresh_lengths(&self) -> Result<(), QueueError> {
        let key = Value::from(shard::shards_key(&self.config.name));
        let known = shard::array(self.link.ask("SMEMBERS", vec![key.clone()]).await?)?;
        let mut numbers: BTreeSet<u16> =
            known.iter().filter_map(|number| shard::text(number)?.parse().ok()).collect();
        let new: Vec<u16> = (0..self.config.shards).filter(|number| numbers.insert(*number)).collect();
        let mut noted = true;
        if !new.is_empty() {
            let noted_before_used = async {
                // They may be on another node, or Redis may have lost its data: a line that was drawn holds there too.
                self.fence(&numbers, 0).await?;
                let new = new.into_iter().map(|number| Value::from(number.to_string()));
                // The set only grows: a smaller configuration strands nothing.
                self.link.ask("SADD", std::iter::once(key).chain(new).collect()).await
            };
            match noted_before_used.await {
                Ok(_) => {}
                // Memory is full. Jobs can be taken all the same: a shard that is not noted is empty.
                Err(QueueError::Storage { .. }) => noted = false,
                Err(error) => return Err(error),
            }
        }
        let looks = numbers.iter().map(|&number| self.look(number, vec!["depth".into()]));
        for (number, look) in numbers.iter().zip(futures_util::future::join_all(looks).await) {
            let look = look?;
            self.note_length(*number, look.stream + look.delayed);
        }
        let mut lengths = self.lengths();
        lengths.asked = Some(Instant::now());
        lengths.noted = noted;
        Ok(())
    }

    /// Every shard; asks for them when that is long ago.
    pub(super) async fn shards(&self) -> Result<Vec<u16>, QueueError> {
        let fresh = self.lengths().asked.is_some_and(|asked| asked.elapsed() < REFRESH_EVERY);
        if !fresh {
            self.refresh_lengths().await?;
        }
        Ok(self.lengths().of.keys().copied().collect())
    }

    /// Asks every server of the queue whether a script may run: in a cluster each shard's, else the one that has all.
    pub(super) async fn probe(&self, script: &Script) -> Result<(), QueueError> {
        let mut shards = self.shards().await?;
        if !self.link.is_clustered() {
            shards.truncate(1);
        }
        let asked = shards.into_iter().map(|number| self.link.run(script, self.keys(number), Vec::new()));
        futures_util::future::try_join_all(asked).await.map(drop)
    }

    /// Reads the latest stamp of all these shards, and moves each behind it, so that every later one is after it. An earlier
    /// line of this process holds as well: Redis may have lost it.
    pub(super) async fn fence(&self, numbers: &BTreeSet<u16>, at_least: u64) -> Result<u64, QueueError> {
        let mut line = self.line.load(Ordering::SeqCst).max(at_least);
        for latest in self.latest(numbers, -1).await? {
            line = line.max(latest);
        }
        self.latest(numbers, i64::try_from(line).unwrap_or(i64::MAX - 1)).await?;
        self.line.fetch_max(line, Ordering::SeqCst);
        Ok(line)
    }

    async fn latest(&self, numbers: &BTreeSet<u16>, least: i64) -> Result<Vec<u64>, QueueError> {
        let asked = numbers.iter().map(|&number| async move {
            let args = vec![Value::from(least.to_string())];
            let latest = self.link.run(&FENCE, self.keys(number), args).await?;
            Ok(u64::try_from(shard::number(Some(&latest))?).unwrap_or(0))
        });
        futures_util::future::join_all(asked).await.into_iter().collect()
    }

    async fn look(&self, number: u16, args: Vec<Value>) -> Result<Look, QueueError> {
        let answer = shard::array(self.link.run(&LOOK, self.keys(number), args).await?)?;
        let [stream, pending, delayed, last, entries] = <[Value; 5]>::try_from(answer)
            .map_err(|_| odd_answer("something else than a look at a shard"))?;
        let last = shard::text(&last).as_deref().and_then(shard::id_parts);
        Ok(Look {
            stream: shard::number(Some(&stream))?,
            pending: shard::number(Some(&pending))?,
            delayed: shard::number(Some(&delayed))?,
            last: last.unwrap_or_default(),
            entries: shard::array(entries)?,
        })
    }

    /// Looks at every shard at once.
    pub(super) async fn look_everywhere(&self, args: Vec<Value>) -> Result<Vec<Look>, QueueError> {
        let looks = self.shards().await?.into_iter().map(|number| self.look(number, args.clone()));
        futures_util::future::join_all(looks).await.into_iter().collect()
    }
}
