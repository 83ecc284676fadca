//! Rows of the queue as the port's types.

use bytes::Bytes;
use uuid::Uuid;

use super::failure::Failure;
use super::queue_state::QueueState;
use sspp_engine::{Delivery, JobState, QueuedJob, Receipt};
use sspp_events::{EventId, Timestamp};

/// A row of jobs: the columns of [`job_columns`].
pub(super) type JobRow = (i64, Vec<u8>, Vec<u8>, i64, i64, i64, Option<i64>);

/// The columns of a [`JobRow`], for a SELECT.
macro_rules! job_columns {
    () => {
        "seq, event_id, payload, attempts, postponed, enqueued_at, due_at"
    };
}
pub(super) use job_columns;

pub(super) fn delivery(row: JobRow, receipt: Receipt, suspect: bool) -> Result<Delivery, Failure> {
    let (_, event_id, payload, attempts, postponed, enqueued_at, _) = row;
    Ok(Delivery {
        receipt,
        event_id: read_event_id(&event_id)?,
        payload: Bytes::from(payload),
        attempts: read_count(attempts)?,
        postponed: read_count(postponed)?,
        suspect,
        enqueued_at: read_instant(enqueued_at)?,
    })
}

pub(super) fn queued_job(row: JobRow, state: &QueueState, now: i64) -> Result<QueuedJob, Failure> {
    let (seq, event_id, payload, attempts, _, enqueued_at, due_at) = row;
    let job_state = if state.is_active(seq) {
        JobState::Active
    } else if due_at.is_some_and(|due| due > now) {
        JobState::Delayed
    } else {
        JobState::Waiting
    };
    Ok(QueuedJob {
        event_id: read_event_id(&event_id)?,
        state: job_state,
        payload: Bytes::from(payload),
        attempts: read_count(attempts)?,
        enqueued_at: read_instant(enqueued_at)?,
    })
}

pub(super) fn read_event_id(bytes: &[u8]) -> Result<EventId, Failure> {
    Uuid::from_slice(bytes).map(EventId::from_uuid).map_err(Failure::corrupt)
}

pub(super) fn read_count(count: i64) -> Result<u32, Failure> {
    u32::try_from(count).map_err(Failure::corrupt)
}

pub(super) fn read_instant(micros: i64) -> Result<Timestamp, Failure> {
    Timestamp::from_micros(micros).ok_or_else(|| Failure::corrupt(format_args!("{micros} is not an instant")))
}
