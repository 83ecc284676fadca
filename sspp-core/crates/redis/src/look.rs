//! A look at a shard, which takes nothing from it.

use fred::prelude::Value;

use super::failure::odd_answer;
use super::shard::{self, Entry};
use sspp_engine::{JobState, QueueError, QueuedJob};

/// Where an entry stands in its stream: milliseconds, and a number within them.
pub(super) type Place = (u64, u64);

/// What a look at a shard shows.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) stream: i64,
    pub(super) pending: i64,
    pub(super) delayed: i64,
    /// The last entry that was ever delivered: everything after it waits.
    pub(super) last: Place,
    pub(super) entries: Vec<Value>,
}

impl Look {
    /// The jobs, each with where it stood in its stream.
    pub(super) fn jobs(&self) -> Result<Vec<(Place, QueuedJob)>, QueueError> {
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
