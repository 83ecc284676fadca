//! The port over the shards.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use fred::prelude::Value;
use tokio::time::Instant;

use super::failure::odd_answer;
use super::gather::Gatherer;
use super::link::Link;
use super::risks::{CONFIG, risks};
use super::script::{CAN_ENQUEUE, CAN_SETTLE, KEEP, RECEIVE, RECLAIM, RUN, SETTLE};
use super::shard::{self, Claim, Entry};
use super::shards::Shards;
use super::{RedisConfig, RedisOpenError};
use sspp_engine::adapter::CALL_BYTES;
use sspp_engine::{
    Admission, Delivery, Durability, EventQueue, NewJob, QueueDepth, QueueError, QueuedJob, Receipt, Settled,
    Settlement,
};
use sspp_events::{EventId, Random, SystemRandom, Timestamp};

/// A receiver looks at least this often for jobs that come again and for shards of other configurations.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Jobs that are moved back into a stream in one step.
const MOVED_AT_ONCE: &str = "1000";
/// A list of recent jobs looks at least this far back in every shard, since jobs that came again stand out of order.
const RECENT_AT_LEAST: usize = 100;

/// A queue on Redis Streams (Redis 7, Valkey 8, or later), shared by any number of processes.
///
/// Acknowledged jobs are as durable as Redis: with `appendonly yes` and `appendfsync always` they survive a crash of
/// the machine, with `everysec` all but the last second or two; a failover loses jobs that were not replicated.
/// [`durability`](EventQueue::durability) says what the server is set to. The queue never evicts and never trims.
///
/// Its backlog limit is exact for one producer; several together may exceed it by what they add in two seconds.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use sspp_core::{RedisConfig, RedisEventQueue};
/// let queue = RedisEventQueue::open(RedisConfig::new("redis://localhost:6379")).await?;
/// queue.port().ping().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RedisEventQueue {
    shards: Arc<Shards>,
    gatherer: Gatherer,
    consumer: String,
    closed: AtomicBool,
    /// Which shard is received from first; the others follow, so that none starves.
    next: AtomicUsize,
}

impl RedisEventQueue {
    /// Checks the settings and begins to connect, for which it waits half a second: a server that is away is no error
    /// here, but every call fails as unavailable until it is there.
    pub async fn open(config: RedisConfig) -> Result<Arc<Self>, RedisOpenError> {
        config.check()?;
        let link = Link::open(&config)?;
        link.first_connection().await;
        let shards = Arc::new(Shards::new(link, config));
        let consumer = format!("{:016x}", SystemRandom::new().next_u64());
        let gatherer = Gatherer::start(Arc::clone(&shards));
        Ok(Arc::new(Self {
            shards,
            gatherer,
            consumer,
            closed: AtomicBool::new(false),
            next: AtomicUsize::new(0),
        }))
    }

    /// This queue as its port.
    pub fn port(self: &Arc<Self>) -> Arc<dyn EventQueue> {
        Arc::clone(self) as Arc<dyn EventQueue>
    }

    /// Ends the connections; calls fail as closed from then on.
    pub async fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        for goodbye in self.shards.link.close() {
            drop(goodbye.await);
        }
    }

    fn open_or(&self) -> Result<(), QueueError> {
        if self.closed.load(Ordering::SeqCst) { Err(QueueError::Closed) } else { Ok(()) }
    }

    /// Takes from one shard what it has: the entries, when its next delayed job is due, and its last id.
    async fn take(
        &self,
        number: u16,
        max: usize,
        bytes: usize,
    ) -> Result<(Vec<Delivery>, Option<Duration>, String), QueueError> {
        let args = vec![
            Value::from(self.consumer.as_str()),
            max.to_string().into(),
            bytes.to_string().into(),
            MOVED_AT_ONCE.into(),
        ];
        let answer = shard::array(self.shards.link.run(&RECEIVE, self.shards.keys(number), args).await?)?;
        let [due, last, entries] =
            <[Value; 3]>::try_from(answer).map_err(|_| odd_answer("something else than deliveries"))?;
        let due = u64::try_from(shard::number(Some(&due))?).ok().map(Duration::from_millis);
        let last = shard::text(&last).ok_or_else(|| odd_answer("no last id"))?;
        let mut deliveries = Vec::new();
        for entry in shard::array(entries)? {
            let Value::Array(pair) = entry else { return Err(odd_answer("no entry where one belongs")) };
            let [id, fields] = pair.as_slice() else { return Err(odd_answer("half an entry")) };
            deliveries.push(Entry::read(id, fields)?.deliver(number, &self.consumer, 1, false));
        }
        Ok((deliveries, due, last))
    }

    /// Groups receipts by shard; those that no release wrote are stale and left out.
    fn by_shard<'r>(
        receipts: impl Iterator<Item = (&'r Receipt, [Value; 2])>,
    ) -> BTreeMap<u16, Vec<(Claim<'r>, [Value; 2])>> {
        let mut shards: BTreeMap<u16, Vec<_>> = BTreeMap::new();
        for (receipt, more) in receipts {
            if let Some(claim) = Claim::read(receipt) {
                shards.entry(claim.shard).or_default().push((claim, more));
            }
        }
        shards
    }

    async fn run_of(&self, receipt: &Receipt, what: &'static str) -> Result<u32, QueueError> {
        self.open_or()?;
        let Some(claim) = Claim::read(receipt) else { return Ok(0) };
        let args = [claim.id, claim.consumer, claim.count, claim.event, what];
        let args = args.into_iter().map(Value::from).collect();
        let count = self.shards.link.run(&RUN, self.shards.keys(claim.shard), args).await?;
        Ok(u32::try_from(shard::number(Some(&count))?).unwrap_or(u32::MAX))
    }
}

#[async_trait]
impl EventQueue for RedisEventQueue {
    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<Admission>, QueueError> {
        self.open_or()?;
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        // Asked for now and then, so that what other producers added counts.
        self.shards.shards().await?;
        if !self.shards.is_noted() {
            return Err(QueueError::Storage {
                reason: "Redis could not note which shards there are".to_owned(),
            });
        }
        self.gatherer.enqueue(jobs).await
    }

    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        self.open_or()?;
        if max == 0 {
            return Ok(Vec::new());
        }
        let deadline = Instant::now() + wait;
        loop {
            let shards = self.shards.shards().await?;
            let first = self.next.fetch_add(1, Ordering::Relaxed);
            let (mut taken, mut bytes, mut soon, mut after) = (Vec::new(), 0, LOOK_EVERY, Vec::new());
            for turn in 0..shards.len() {
                let number = shards[(first + turn) % shards.len()];
                if taken.len() >= max || bytes >= CALL_BYTES {
                    break;
                }
                let took = self.take(number, max - taken.len(), CALL_BYTES - bytes).await;
                let (deliveries, due, last) = match took {
                    Ok(took) => took,
                    // Jobs from other shards were taken already.
                    Err(_) if !taken.is_empty() => break,
                    Err(error) => return Err(error),
                };
                bytes += deliveries.iter().map(|delivery| delivery.payload.len()).sum::<usize>();
                taken.extend(deliveries);
                soon = due.map_or(soon, |due| soon.min(due));
                after.push((shard::stream(&self.shards.config.name, number), last));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if !taken.is_empty() || left.is_zero() {
                return Ok(taken);
            }
            let block = soon.min(left).max(Duration::from_millis(1));
            if self.shards.link.is_clustered() {
                // One command reads the streams of one slot only.
                tokio::time::sleep(block.min(Duration::from_millis(20))).await;
            } else {
                self.shards.link.wait_for_entries(&after, block).await?;
            }
            self.open_or()?;
        }
    }

    async fn reclaim(&self, max: usize) -> Result<Vec<Delivery>, QueueError> {
        self.open_or()?;
        let (mut taken, mut bytes) = (Vec::new(), 0);
        let bound = self.shards.config.claim_bound.as_millis().to_string();
        for number in self.shards.shards().await? {
            if taken.len() >= max || bytes >= CALL_BYTES {
                break;
            }
            let args = vec![
                Value::from(self.consumer.as_str()),
                bound.as_str().into(),
                (max - taken.len()).to_string().into(),
                (CALL_BYTES - bytes).to_string().into(),
            ];
            let entries =
                shard::array(self.shards.link.run(&RECLAIM, self.shards.keys(number), args).await?)?;
            for entry in entries {
                let entry = shard::array(entry)?;
                let [id, fields, count] = entry.as_slice() else { return Err(odd_answer("half an entry")) };
                let entry = Entry::read(id, fields)?;
                bytes += entry.payload.len();
                taken.push(entry.deliver(number, &self.consumer, shard::number(Some(count))?, true));
            }
        }
        Ok(taken)
    }

    async fn settle(&self, settlements: Vec<Settled>) -> Result<(), QueueError> {
        self.open_or()?;
        let settlements = settlements.iter().map(|settled| {
            let (settlement, delay) = match settled.settlement {
                Settlement::Done => ("done", Duration::ZERO),
                Settlement::Retry { delay } => ("retry", delay),
                Settlement::Postpone { delay } => ("postpone", delay),
                Settlement::GiveBack => ("back", Duration::ZERO),
            };
            (&settled.receipt, [Value::from(settlement), Value::from(delay.as_millis().to_string())])
        });
        for (number, claims) in Self::by_shard(settlements) {
            // Redis serves no other client while a script runs.
            for claims in claims.chunks(500) {
                let mut args = Vec::with_capacity(claims.len() * 6);
                for (claim, more) in claims {
                    args.extend([claim.id, claim.consumer, claim.count, claim.event].map(Value::from));
                    args.extend(more.iter().cloned());
                }
                self.shards.link.run(&SETTLE, self.shards.keys(number), args).await?;
            }
        }
        Ok(())
    }

    async fn keep(&self, receipts: Vec<Receipt>) -> Result<(), QueueError> {
        self.open_or()?;
        let claims = receipts.iter().map(|receipt| (receipt, [Value::Null, Value::Null]));
        for (number, claims) in Self::by_shard(claims) {
            let args =
                claims.iter().flat_map(|(claim, _)| [claim.id, claim.consumer, claim.count].map(Value::from));
            self.shards.link.run(&KEEP, self.shards.keys(number), args.collect()).await?;
        }
        Ok(())
    }

    async fn begin_run(&self, receipt: &Receipt) -> Result<u32, QueueError> {
        self.run_of(receipt, "begin").await
    }

    async fn end_run(&self, receipt: &Receipt) -> Result<(), QueueError> {
        self.run_of(receipt, "end").await.map(drop)
    }

    async fn depth(&self) -> Result<QueueDepth, QueueError> {
        self.open_or()?;
        let mut depth = QueueDepth::default();
        for look in self.shards.look_everywhere(vec!["depth".into()]).await? {
            let unsigned = |number: i64| u64::try_from(number).unwrap_or(0);
            depth.waiting += unsigned(look.stream - look.pending);
            depth.active += unsigned(look.pending);
            depth.delayed += unsigned(look.delayed);
        }
        Ok(depth)
    }

    async fn job(&self, event_id: EventId) -> Result<Option<QueuedJob>, QueueError> {
        self.open_or()?;
        let args = vec!["job".into(), event_id.to_string().into()];
        for look in self.shards.look_everywhere(args).await? {
            if let Some((_, job)) = look.jobs()?.pop() {
                return Ok(Some(job));
            }
        }
        Ok(None)
    }

    async fn recent(&self, limit: usize) -> Result<Vec<QueuedJob>, QueueError> {
        self.open_or()?;
        let args = vec!["recent".into(), limit.max(RECENT_AT_LEAST).to_string().into()];
        let mut jobs = Vec::new();
        for look in self.shards.look_everywhere(args).await? {
            jobs.extend(look.jobs()?);
        }
        jobs.sort_by(|(at, job), (other_at, other)| {
            (other.enqueued_at, other_at).cmp(&(job.enqueued_at, at))
        });
        Ok(jobs.into_iter().take(limit).map(|(_, job)| job).collect())
    }

    async fn ping(&self) -> Result<(), QueueError> {
        self.open_or()?;
        self.shards.refresh_lengths().await?;
        self.shards.probe(&CAN_ENQUEUE).await?;
        let is_full = self.shards.backlog() >= self.shards.config.max_backlog;
        if is_full { Err(self.shards.full()) } else { Ok(()) }
    }

    async fn can_settle(&self) -> Result<(), QueueError> {
        self.open_or()?;
        self.shards.refresh_lengths().await?;
        self.shards.probe(&CAN_SETTLE).await
    }

    async fn fence(&self, at_least: Option<Timestamp>) -> Result<Timestamp, QueueError> {
        self.open_or()?;
        // Others may have begun to use more shards.
        self.shards.refresh_lengths().await?;
        let numbers = self.shards.shards().await?.into_iter().collect();
        let at_least = at_least.and_then(|at| u64::try_from(at.micros()).ok());
        let at_least = at_least.map_or(0, |micros| micros.div_ceil(1_000));
        Ok(shard::stamp(self.shards.fence(&numbers, at_least).await?))
    }

    async fn now(&self) -> Result<Timestamp, QueueError> {
        self.open_or()?;
        let parts = shard::array(self.shards.link.ask("TIME", Vec::new()).await?)?;
        let [seconds, micros] = parts.as_slice() else { return Err(odd_answer("no time")) };
        let micros = shard::number(Some(seconds))? * 1_000_000 + shard::number(Some(micros))?;
        Timestamp::from_micros(micros).ok_or_else(|| odd_answer("a time after the year 9999"))
    }

    fn claim_bound(&self) -> Duration {
        self.shards.config.claim_bound
    }

    async fn durability(&self) -> Result<Durability, QueueError> {
        self.open_or()?;
        let mut info = String::new();
        for section in ["persistence", "memory"] {
            let text = shard::text(&self.shards.link.ask("INFO", vec![section.into()]).await?);
            info.push_str(&text.ok_or_else(|| odd_answer("no text to INFO"))?);
        }
        for setting in CONFIG {
            // Managed servers refuse CONFIG, so their settings cannot be checked.
            let Ok(answer) = self.shards.link.ask("CONFIG", vec!["GET".into(), setting.into()]).await else {
                break;
            };
            let answer = shard::array(answer).unwrap_or_default();
            if let Some(value) = answer.get(1).and_then(shard::text) {
                info.extend([setting, ":", value.as_str(), "\n"]);
            }
        }
        let reasons = risks(&info);
        Ok(if reasons.is_empty() { Durability::Durable } else { Durability::AtRisk(reasons) })
    }
}
