//! A shard's keys, receipts, and what scripts answer.

use bytes::Bytes;
use fred::prelude::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::failure::odd_answer;
use sspp_engine::{Delivery, QueueError, Receipt};
use sspp_events::{AccountId, EventId, Timestamp};

/// The names of a shard's keys; all have one hash tag.
pub(super) fn keys(queue: &str, shard: u16) -> Vec<String> {
    let stream = stream(queue, shard);
    [":delayed", ":parked", ":jobs", ":runs"].iter().fold(vec![stream.clone()], |mut keys, end| {
        keys.push(format!("{stream}{end}"));
        keys
    })
}

pub(super) fn stream(queue: &str, shard: u16) -> String {
    format!("{queue}:{{q{shard}}}")
}

/// Where the numbers of all shards that were ever used are kept.
pub(super) fn shards_key(queue: &str) -> String {
    format!("{queue}:shards")
}

/// The shard of an account: the same in every process and release.
pub(super) fn of_account(account: &AccountId, shards: u16) -> u16 {
    let digest: [u8; 32] = Sha256::digest(account.as_str().as_bytes()).into();
    let number = u64::from_be_bytes([
        digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7],
    ]);
    u16::try_from(number % u64::from(shards.max(1))).unwrap_or(0)
}

/// What a receipt tells: whose which delivery of which entry it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim<'r> {
    pub(super) shard: u16,
    pub(super) id: &'r str,
    pub(super) consumer: &'r str,
    pub(super) count: &'r str,
    pub(super) event: &'r str,
}

impl<'r> Claim<'r> {
    /// Reads a receipt; `None` for one that this adapter did not write.
    pub(super) fn read(receipt: &'r Receipt) -> Option<Self> {
        let mut parts = receipt.as_str().split('|');
        let shard = parts.next()?.parse().ok()?;
        let claim = Self {
            shard,
            id: parts.next()?,
            consumer: parts.next()?,
            count: parts.next()?,
            event: parts.next()?,
        };
        (parts.next().is_none() && id_parts(claim.id).is_some()).then_some(claim)
    }
}

/// An entry's id as numbers.
pub(super) fn id_parts(id: &str) -> Option<(u64, u64)> {
    let (ms, seq) = id.split_once('-')?;
    Some((ms.parse().ok()?, seq.parse().ok()?))
}

/// The instant of an id's milliseconds; the last that there is, where a clock went that far.
pub(super) fn stamp(millis: u64) -> Timestamp {
    let micros = i64::try_from(millis).ok().and_then(|millis| millis.checked_mul(1_000));
    micros.and_then(Timestamp::from_micros).unwrap_or(Timestamp::MAX)
}

/// A job as a shard keeps it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) event_id: EventId,
    pub(super) payload: Bytes,
    pub(super) enqueued_at: Timestamp,
    pub(super) attempts: u32,
    pub(super) postponed: u32,
}

impl Entry {
    /// Reads `[id, [e, …, p, …]]`; one that came again, or is a replay, has `q`, `a` and `w` too. Its stamp is the time in its
    /// id, and never later than that.
    pub(super) fn read(id: &Value, fields: &Value) -> Result<Self, QueueError> {
        let Value::Array(fields) = fields else { return Err(odd_answer("an entry without fields")) };
        let [_, event, _, payload, more @ ..] = fields.as_slice() else {
            return Err(odd_answer("an entry of other fields"));
        };
        let number = |at: usize| match more.get(at) {
            Some(value) => text(value)?.parse::<i64>().ok(),
            None => Some(0),
        };
        let whole = || {
            let id = text(id)?;
            let own = stamp(id_parts(id.strip_prefix('d').unwrap_or(&id))?.0);
            let first = if more.is_empty() { own } else { Timestamp::from_micros(number(1)?)? };
            Some(Self {
                id,
                event_id: EventId::from_uuid(Uuid::parse_str(&text(event)?).ok()?),
                payload: bytes(payload)?,
                enqueued_at: first.min(own),
                attempts: u32::try_from(number(3)?).ok()?,
                postponed: u32::try_from(number(5)?).ok()?,
            })
        };
        whole().ok_or_else(|| odd_answer("an entry that cannot be read"))
    }

    pub(super) fn deliver(self, shard: u16, consumer: &str, count: i64, suspect: bool) -> Delivery {
        let Self { id, event_id, payload, enqueued_at, attempts, postponed } = self;
        let receipt = Receipt::new(format!("{shard}|{id}|{consumer}|{count}|{event_id}"));
        Delivery { receipt, event_id, payload, attempts, postponed, suspect, enqueued_at }
    }
}

pub(super) fn text(value: &Value) -> Option<String> {
    value.as_string()
}

pub(super) fn bytes(value: &Value) -> Option<Bytes> {
    match value {
        Value::Bytes(bytes) => Some(bytes.clone()),
        Value::String(text) => Some(Bytes::copy_from_slice(text.as_bytes())),
        _ => None,
    }
}

pub(super) fn number(value: Option<&Value>) -> Result<i64, QueueError> {
    value.and_then(Value::as_i64).ok_or_else(|| odd_answer("no number where one belongs"))
}

pub(super) fn array(value: Value) -> Result<Vec<Value>, QueueError> {
    match value {
        Value::Array(values) => Ok(values),
        _ => Err(odd_answer("no list where one belongs")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_stays_in_its_shard() {
        let account = AccountId::new("acc_1").unwrap();
        // Must never change: events of an account would be spread over two shards for a while.
        assert_eq!((of_account(&account, 4), of_account(&account, 1)), (3, 0));
    }

    #[test]
    fn receipts_are_read_as_written() {
        let receipt = Receipt::new("3|17-1|c|2|e");
        let claim = Claim::read(&receipt).unwrap();
        assert_eq!(
            (claim.shard, claim.id, claim.consumer, claim.count, claim.event),
            (3, "17-1", "c", "2", "e")
        );
        for foreign in ["", "7-1", "3|x|c|2|e", "3|17-1|c|2|e|f", "70000|17-1|c|2|e"] {
            assert_eq!(Claim::read(&Receipt::new(foreign)), None, "{foreign}");
        }
    }
}
