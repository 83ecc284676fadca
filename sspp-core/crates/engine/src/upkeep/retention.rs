//! The duty that removes old signals and dead letters, in small steps.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use metrics::counter;
use sspp_events::Timestamp;
use tokio::time::Instant;

use super::duty::Duty;
use crate::{Store, StoreError};

const EXPIRED: &str = "sspp_expired_total";

/// For how long signals and dead letters are kept; by default for ever.
///
/// An event that comes again after its signal went counts again: the store no longer knows its id. So signals have to be
/// kept for longer than any client retries, any queue delivers again and any dead letter is replayed.
///
/// ```
/// use sspp_core::Retention;
/// let retention = Retention { signals: Some(Retention::SHORTEST * 90), ..Retention::default() };
/// assert!(Retention::default().is_off() && !retention.is_off());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// How old a signal gets, from when it was processed; `None`: signals stay. At least [`Retention::SHORTEST`].
    pub signals: Option<Duration>,
    /// How old a dead letter gets, from when its event was given up; `None`: dead letters stay. At least
    /// [`Retention::SHORTEST`].
    pub dead_letters: Option<Duration>,
    /// How many rows a transaction removes at most.
    pub batch: u32,
    /// How long to rest after a transaction, at least; after a longer one it rests as long as that took.
    pub pause: Duration,
    /// How often to look for rows that are too old.
    pub every: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            signals: None,
            dead_letters: None,
            batch: 500,
            pause: Duration::from_millis(20),
            every: Duration::from_mins(1),
        }
    }
}

impl Retention {
    /// The shortest age that can be set: a day. A shorter one counts as a day.
    pub const SHORTEST: Duration = Duration::from_hours(24);

    /// Whether everything is kept for ever.
    pub const fn is_off(&self) -> bool {
        self.signals.is_none() && self.dead_letters.is_none()
    }
}

/// The duty that removes rows that are too old.
pub(super) struct Expiring {
    store: Arc<dyn Store>,
    retention: Retention,
}

impl Expiring {
    /// `None` when everything is kept for ever; the counters are exported even then.
    pub(super) fn new(store: Arc<dyn Store>, retention: Retention) -> Option<Self> {
        for kind in ["signal", "dead_letter"] {
            counter!(EXPIRED, "kind" => kind).increment(0);
        }
        (!retention.is_off()).then_some(Self { store, retention })
    }

    /// Takes steps until one finds nothing from before an instant.
    async fn remove<F: Future<Output = Result<u32, StoreError>>>(
        &self,
        kind: &'static str,
        before: Timestamp,
        step: impl Fn(u32) -> F,
    ) -> Result<(), StoreError> {
        let mut removed = 0_u64;
        loop {
            let began = Instant::now();
            let gone = step(self.retention.batch).await?;
            if gone == 0 {
                break;
            }
            counter!(EXPIRED, "kind" => kind).increment(gone.into());
            removed += u64::from(gone);
            tokio::time::sleep(began.elapsed().max(self.retention.pause)).await;
        }
        if removed > 0 {
            tracing::info!(kind, removed, %before, "removed expired rows");
        }
        Ok(())
    }
}

#[async_trait]
impl Duty for Expiring {
    fn name(&self) -> &'static str {
        "removing expired rows"
    }

    async fn round(&mut self) -> Result<(), StoreError> {
        let store = &self.store;
        let now = store.now().await?;
        if let Some(before) = before(now, self.retention.signals) {
            self.remove("signal", before, |batch| store.expire_signals(before, batch)).await?;
        }
        if let Some(before) = before(now, self.retention.dead_letters) {
            self.remove("dead_letter", before, |batch| store.expire_dead_letters(before, batch)).await?;
        }
        Ok(())
    }

    async fn rest(&self) {
        tokio::time::sleep(self.retention.every).await;
    }
}

/// None keeps everything, as does an age that reaches back before 1970.
fn before(now: Timestamp, age: Option<Duration>) -> Option<Timestamp> {
    let age = i64::try_from(age?.max(Retention::SHORTEST).as_micros()).ok()?;
    Timestamp::from_micros(now.micros().checked_sub(age)?)
}
