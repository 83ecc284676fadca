//! The port over the shards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use fred::prelude::Value;
use tokio::time::Instant;

use super::failure::odd_answer;
use super::gather::{Gatherer, RETRY_AFTER};
use super::link::Link;
use super::script::{KEEP, LOOK, RECEIVE, RECLAIM, RUN, SETTLE};
use super::shard::{self, Claim, Entry};
use super::{RedisConfig, RedisOpenError};
use crate::ports::CALL_BYTES;
use crate::{
    AccountId, Admission, Delivery, Durability, EventId, EventQueue, JobState, NewJob, QueueDepth,
    QueueError, QueuedJob, Random, Receipt, Settlement, SystemRandom, Verdict,
};

/// A receiver looks at least this often for jobs that come again and for shards of other configurations.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How often the lengths of all shards and their set are asked for anew.
const REFRESH_EVERY: Duration = Duration::from_secs(2);
/// Jobs that are moved back into a stream in one step.
const MOVED_AT_ONCE: &str = "1000";
/// A list of recent jobs looks at least this far back in every shard, since jobs that came again stand out of order.
const RECENT_AT_LEAST: usize = 100;

/// A queue on Redis Streams (Redis 7, Valkey 8, or later), shared by any number of processes.
///
/// What it acknowledged survives what Redis itself survives: with `appendonly yes` and `appendfsync always` a crash of
/// the machine, with `everysec` all but the last second or two; a failover loses what was not replicated.
/// [`durability`](EventQueue::durability) tells what the server is set to. It never evicts and never trims.
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
    shared: Arc<Shared>,
    gatherer: Gatherer,
    consumer: String,
    closed: AtomicBool,
    /// Which shard is received from first; the others follow, so that none starves.
    next: AtomicUsize,
}

/// What the queue and its gatherer share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) link: Link,
    config: RedisConfig,
    lengths: Mutex<Lengths>,
}

/// Jobs in every shard that was ever used, as last seen.
#[derive(Debug)]
struct Lengths {
    of: BTreeMap<u16, u64>,
    asked: Option<Instant>,
    /// Whether Redis knows of all shards that this configuration spreads new events over.
    noted: bool,
}

impl Shared {
    pub(super) fn shard_of(&self, account: &AccountId) -> u16 {
        shard::of_account(account, self.config.shards)
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

    pub(super) fn full(&self) -> QueueError {
        let backlog = self.lengths().of.values().sum();
        QueueError::Full { backlog, limit: self.config.max_backlog, retry_after: RETRY_AFTER }
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
            let new = new.into_iter().map(|number| Value::from(number.to_string()));
            // The set only grows: a smaller configuration strands nothing.
            match self.link.ask("SADD", std::iter::once(key).chain(new).collect()).await {
                Ok(_) => {}
                // Memory is full. That keeps nobody from taking: what is not noted is empty.
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
    async fn shards(&self) -> Result<Vec<u16>, QueueError> {
        let fresh = self.lengths().asked.is_some_and(|asked| asked.elapsed() < REFRESH_EVERY);
        if !fresh {
            self.refresh_lengths().await?;
        }
        Ok(self.lengths().of.keys().copied().collect())
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
    async fn look_everywhere(&self, args: Vec<Value>) -> Result<Vec<Look>, QueueError> {
        let looks = self.shards().await?.into_iter().map(|number| self.look(number, args.clone()));
        futures_util::future::join_all(looks).await.into_iter().collect()
    }
}

/// Where an entry stands in its stream: milliseconds, and a number within them.
type Place = (u64, u64);

/// What a look at a shard shows.
#[derive(Debug)]
struct Look {
    stream: i64,
    pending: i64,
    delayed: i64,
    /// The last entry that was ever delivered: everything after it waits.
    last: Place,
    entries: Vec<Value>,
}

impl Look {
    /// The jobs, each with where it stood in its stream.
    fn jobs(&self) -> Result<Vec<(Place, QueuedJob)>, QueueError> {
        let mut jobs = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            let Value::Array(pair) = entry else { return Err(odd_answer("no entry where one belongs")) };
            let [id, fields] = pair.as_slice() else { return Err(odd_answer("half an entry")) };
            let entry = Entry::read(id, fields)?;
            let parked = entry.id.strip_prefix('d');
            let at = shard::id_parts(parked.unwrap_or(&entry.id)).unwrap_or_default();
            let state = match parked {
                Some(_) => JobState::Delayed,
                None if at <= self.last => JobState::Active,
                None => JobState::Waiting,
            };
            let Entry { event_id, payload, enqueued_at, attempts, .. } = entry;
            jobs.push((at, QueuedJob { event_id, state, payload, attempts, enqueued_at }));
        }
        Ok(jobs)
    }
}

impl RedisEventQueue {
    /// Checks the settings and begins to connect, for which it waits half a second: a server that is away is no error
    /// here, but every call fails as unavailable until it is there.
    pub async fn open(config: RedisConfig) -> Result<Arc<Self>, RedisOpenError> {
        config.check()?;
        let link = Link::open(&config)?;
        link.first_connection().await;
        let of = (0..config.shards).map(|number| (number, 0)).collect();
        let shared =
            Arc::new(Shared { link, config, lengths: Mutex::new(Lengths { of, asked: None, noted: false }) });
        let consumer = format!("{:016x}", SystemRandom::new().next_u64());
        let gatherer = Gatherer::start(Arc::clone(&shared));
        Ok(Arc::new(Self {
            shared,
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
        for goodbye in self.shared.link.close() {
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
        let answer = shard::array(self.shared.link.run(&RECEIVE, self.shared.keys(number), args).await?)?;
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
        let count = self.shared.link.run(&RUN, self.shared.keys(claim.shard), args).await?;
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
        self.shared.shards().await?;
        if !self.shared.lengths().noted {
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
            let shards = self.shared.shards().await?;
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
                    // What was taken from other shards is in hand.
                    Err(_) if !taken.is_empty() => break,
                    Err(error) => return Err(error),
                };
                bytes += deliveries.iter().map(|delivery| delivery.payload.len()).sum::<usize>();
                taken.extend(deliveries);
                soon = due.map_or(soon, |due| soon.min(due));
                after.push((shard::stream(&self.shared.config.name, number), last));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if !taken.is_empty() || left.is_zero() {
                return Ok(taken);
            }
            let block = soon.min(left).max(Duration::from_millis(1));
            if self.shared.link.is_clustered() {
                // One command reads the streams of one slot only.
                tokio::time::sleep(block.min(Duration::from_millis(20))).await;
            } else {
                self.shared.link.wait_for_entries(&after, block).await?;
            }
            self.open_or()?;
        }
    }

    async fn reclaim(&self, max: usize) -> Result<Vec<Delivery>, QueueError> {
        self.open_or()?;
        let (mut taken, mut bytes) = (Vec::new(), 0);
        let bound = self.shared.config.claim_bound.as_millis().to_string();
        for number in self.shared.shards().await? {
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
                shard::array(self.shared.link.run(&RECLAIM, self.shared.keys(number), args).await?)?;
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

    async fn settle(&self, settlements: Vec<Settlement>) -> Result<(), QueueError> {
        self.open_or()?;
        let verdicts = settlements.iter().map(|settlement| {
            let (verdict, delay) = match settlement.verdict {
                Verdict::Done => ("done", Duration::ZERO),
                Verdict::Retry { delay } => ("retry", delay),
                Verdict::Postpone { delay } => ("postpone", delay),
                Verdict::GiveBack => ("back", Duration::ZERO),
            };
            (&settlement.receipt, [Value::from(verdict), Value::from(delay.as_millis().to_string())])
        });
        for (number, claims) in Self::by_shard(verdicts) {
            // Redis serves nobody else while a script runs.
            for claims in claims.chunks(500) {
                let mut args = Vec::with_capacity(claims.len() * 6);
                for (claim, more) in claims {
                    args.extend([claim.id, claim.consumer, claim.count, claim.event].map(Value::from));
                    args.extend(more.iter().cloned());
                }
                self.shared.link.run(&SETTLE, self.shared.keys(number), args).await?;
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
            self.shared.link.run(&KEEP, self.shared.keys(number), args.collect()).await?;
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
        for look in self.shared.look_everywhere(vec!["depth".into()]).await? {
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
        for look in self.shared.look_everywhere(args).await? {
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
        for look in self.shared.look_everywhere(args).await? {
            jobs.extend(look.jobs()?);
        }
        jobs.sort_by(|(at, job), (other_at, other)| {
            (other.enqueued_at, other_at).cmp(&(job.enqueued_at, at))
        });
        Ok(jobs.into_iter().take(limit).map(|(_, job)| job).collect())
    }

    async fn ping(&self) -> Result<(), QueueError> {
        self.open_or()?;
        self.shared.refresh_lengths().await?;
        let backlog: u64 = self.shared.lengths().of.values().sum();
        if backlog >= self.shared.config.max_backlog { Err(self.shared.full()) } else { Ok(()) }
    }

    fn claim_bound(&self) -> Duration {
        self.shared.config.claim_bound
    }

    async fn durability(&self) -> Result<Durability, QueueError> {
        self.open_or()?;
        let mut info = String::new();
        for section in ["persistence", "memory"] {
            let text = shard::text(&self.shared.link.ask("INFO", vec![section.into()]).await?);
            info.push_str(&text.ok_or_else(|| odd_answer("no text to INFO"))?);
        }
        let reasons = risks(&info);
        Ok(if reasons.is_empty() { Durability::Durable } else { Durability::AtRisk(reasons) })
    }
}

/// What in Redis's INFO puts acknowledged events at risk.
fn risks(info: &str) -> Vec<String> {
    let value = |name: &str| info.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'));
    let mut risks = Vec::new();
    if value("aof_enabled") != Some("1") {
        risks.push(
            "Redis keeps no append-only file: a crash of it loses events; set `appendonly yes`".to_owned(),
        );
    } else if value("aof_last_write_status").is_some_and(|status| status != "ok") {
        risks.push("Redis cannot write its append-only file: see its log and its disk".to_owned());
    }
    if let Some(policy) = value("maxmemory_policy").filter(|policy| *policy != "noeviction") {
        risks.push(format!(
            "Redis removes keys when its memory is full (maxmemory-policy {policy}): set `maxmemory-policy noeviction`"
        ));
    }
    risks
}

#[cfg(test)]
mod tests {
    use super::risks;

    #[test]
    fn what_the_server_says_is_judged() {
        let safe = "aof_enabled:1\r\naof_last_write_status:ok\r\nmaxmemory_policy:noeviction\r\n";
        assert!(risks(safe).is_empty());
        assert_eq!(risks("aof_enabled:0\r\nmaxmemory_policy:allkeys-lru\r\n").len(), 2);
        assert_eq!(
            risks("aof_enabled:1\r\naof_last_write_status:err\r\nmaxmemory_policy:noeviction").len(),
            1
        );
    }
}
