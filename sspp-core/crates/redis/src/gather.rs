//! Concurrent enqueues in one round trip: while one is in flight, the next batch fills. No timer delays a caller.

use std::collections::BTreeMap;
use std::sync::Arc;

use fred::prelude::Value;
use tokio::sync::{mpsc, oneshot};

use super::script::ENQUEUE;
use super::shard;
use super::shards::{RETRY_AFTER, Shards};
use sspp_engine::adapter::CALL_BYTES;
use sspp_engine::{Admission, NewJob, QueueError};

/// Calls that may wait for the next round trip; more wait for their turn.
const CALLS: usize = 1_024;
const ROUND_JOBS: usize = 4_000;

type Answer = Result<Vec<Admission>, QueueError>;

#[derive(Debug)]
struct Call {
    jobs: Vec<NewJob>,
    answer: oneshot::Sender<Answer>,
}

/// A handle for enqueueing. The task behind it ends with the last handle.
#[derive(Debug)]
pub(super) struct Gatherer(mpsc::Sender<Call>);

impl Gatherer {
    pub(super) fn start(shards: Arc<Shards>) -> Self {
        let (sender, mut calls) = mpsc::channel::<Call>(CALLS);
        tokio::spawn(async move {
            while let Some(first) = calls.recv().await {
                let mut round = vec![first];
                let (mut jobs, mut bytes) = size(&round[0]);
                while jobs < ROUND_JOBS && bytes < CALL_BYTES {
                    let Ok(next) = calls.try_recv() else { break };
                    let (more_jobs, more_bytes) = size(&next);
                    (jobs, bytes) = (jobs + more_jobs, bytes + more_bytes);
                    round.push(next);
                }
                send(&shards, round).await;
            }
        });
        Self(sender)
    }

    pub(super) async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<Admission>, QueueError> {
        let (answer, answered) = oneshot::channel();
        self.0.send(Call { jobs, answer }).await.map_err(|_| QueueError::Closed)?;
        answered.await.map_err(|_| QueueError::Closed)?
    }
}

fn size(call: &Call) -> (usize, usize) {
    (call.jobs.len(), call.jobs.iter().map(|job| job.payload.len()).sum())
}

/// What one shard is sent: of each call its part, by the positions of the jobs.
#[derive(Debug, Default)]
struct Part {
    calls: Vec<(usize, Vec<usize>)>,
}

async fn send(shards: &Shards, round: Vec<Call>) {
    let mut parts: BTreeMap<u16, Part> = BTreeMap::new();
    for (at, call) in round.iter().enumerate() {
        for (position, job) in call.jobs.iter().enumerate() {
            let calls =
                &mut parts.entry(shard::of_account(&job.account_id, shards.config.shards)).or_default().calls;
            match calls.last_mut() {
                Some((last, positions)) if *last == at => positions.push(position),
                _ => calls.push((at, vec![position])),
            }
        }
    }
    let sent = parts.iter().map(|(&number, part)| send_part(shards, &round, number, part));
    let answers = futures_util::future::join_all(sent).await;

    let refused = Admission::Refused { retry_after: RETRY_AFTER };
    let mut admissions: Vec<Answer> = round.iter().map(|call| Ok(vec![refused; call.jobs.len()])).collect();
    for (part, answer) in parts.values().zip(answers) {
        for (which, (at, positions)) in part.calls.iter().enumerate() {
            match (&answer, &mut admissions[*at]) {
                (Err(error), slot) => *slot = Err(error.clone()),
                (Ok(taken), Ok(slots)) if taken.get(which) == Some(&true) => {
                    for position in positions {
                        slots[*position] = Admission::Queued;
                    }
                }
                _ => {}
            }
        }
    }
    for (call, mut admissions) in round.into_iter().zip(admissions) {
        if admissions.as_ref().is_ok_and(|all| all.iter().all(|one| *one == refused)) {
            admissions = Err(shards.full());
        }
        // The caller gave up, so its answer is dropped.
        drop(call.answer.send(admissions));
    }
}

/// Gives for each call whether its part was taken. Refused parts are tried once more with fresh figures.
async fn send_part(
    shards: &Shards,
    round: &[Call],
    number: u16,
    part: &Part,
) -> Result<Vec<bool>, QueueError> {
    let taken = send_once(shards, round, number, &part.calls).await?;
    if taken.iter().all(|taken| *taken) {
        return Ok(taken);
    }
    shards.refresh_lengths().await?;
    let again: Vec<_> =
        part.calls.iter().zip(&taken).filter(|(_, taken)| !**taken).map(|(call, _)| call.clone()).collect();
    let mut second = send_once(shards, round, number, &again).await?.into_iter();
    Ok(taken.into_iter().map(|taken| taken || second.next().unwrap_or(false)).collect())
}

async fn send_once(
    shards: &Shards,
    round: &[Call],
    number: u16,
    calls: &[(usize, Vec<usize>)],
) -> Result<Vec<bool>, QueueError> {
    let mut args = vec![Value::from(shards.room_of(number).to_string())];
    for (at, positions) in calls {
        args.push(Value::from(positions.len().to_string()));
        for position in positions {
            let job = &round[*at].jobs[*position];
            args.push(Value::from(job.event_id.to_string()));
            args.push(Value::Bytes(job.payload.clone()));
            let stamp = job.enqueued_at.map(|stamp| stamp.micros().to_string());
            args.push(Value::from(stamp.unwrap_or_default()));
        }
    }
    let answer = shard::array(shards.link.run(&ENQUEUE, shards.keys(number), args).await?)?;
    shards.note_length(number, shard::number(answer.first())?);
    answer.get(1..).unwrap_or_default().iter().map(|taken| Ok(shard::number(Some(taken))? == 1)).collect()
}
