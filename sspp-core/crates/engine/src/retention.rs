//! Removing what is older than it has to be kept, in small steps beside the work.

use std::sync::Arc;
use std::time::Duration;

use metrics::counter;

use crate::{Store, StoreError};
use sspp_events::Timestamp;

const EXPIRED: &str = "sspp_worker_expired_total";

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
    /// How long to rest after a transaction, at least: the store is left alone for as long as it was busy.
    pub pause: Duration,
    /// How often to look for what has become too old.
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
    /// The shortest age at which something may go: a day. What is shorter is taken as a day.
    pub const SHORTEST: Duration = Duration::from_hours(24);

    /// Whether everything is kept for ever.
    pub const fn is_off(&self) -> bool {
        self.signals.is_none() && self.dead_letters.is_none()
    }
}

/// Removes what has become too old, by the store's clock, until the store is closed or the future is dropped; returns at once when
/// the retention is off.
///
/// Any number of processes may do so over one store. While the store fails it is asked again every
/// [`every`](Retention::every), and the failure is logged once. What went is counted by
/// `sspp_worker_expired_total`, by `kind`: `signal` or `dead_letter`.
///
/// ```
/// use std::sync::Arc;
/// use sspp_core::{Retention, SqliteStore, retain};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let store = Arc::new(SqliteStore::in_memory().await.unwrap());
/// let retention = Retention { signals: Some(Retention::SHORTEST * 90), ..Retention::default() };
/// let retaining = tokio::spawn(retain(store, retention));
/// // … until the process stops …
/// retaining.abort();
/// # });
/// ```
pub async fn retain(store: Arc<dyn Store>, retention: Retention) {
    for kind in [Kind::Signal, Kind::DeadLetter] {
        counter!(EXPIRED, "kind" => kind.as_str()).increment(0);
    }
    if retention.is_off() {
        return;
    }
    let mut failing = false;
    loop {
        match remove_old(&*store, &retention).await {
            Ok(()) => failing = false,
            Err(StoreError::Closed) => return,
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!(%error, "removing what is too old failed; trying again until it works");
                }
            }
        }
        tokio::time::sleep(retention.every).await;
    }
}

/// What can become too old.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Signal,
    DeadLetter,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::DeadLetter => "dead_letter",
        }
    }
}

async fn remove_old(store: &dyn Store, retention: &Retention) -> Result<(), StoreError> {
    let now = store.now().await?;
    for (kind, age) in [(Kind::Signal, retention.signals), (Kind::DeadLetter, retention.dead_letters)] {
        // An age that reaches back before 1970 keeps everything.
        if let Some(before) = age.and_then(|age| before(now, age)) {
            remove(store, kind, before, retention).await?;
        }
    }
    Ok(())
}

/// Removes all that is from before an instant, step by step.
async fn remove(
    store: &dyn Store,
    kind: Kind,
    before: Timestamp,
    retention: &Retention,
) -> Result<(), StoreError> {
    let mut removed = 0_u64;
    loop {
        let began = tokio::time::Instant::now();
        let gone = match kind {
            Kind::Signal => store.expire_signals(before, retention.batch).await?,
            Kind::DeadLetter => store.expire_dead_letters(before, retention.batch).await?,
        };
        if gone == 0 {
            break;
        }
        counter!(EXPIRED, "kind" => kind.as_str()).increment(gone.into());
        removed += u64::from(gone);
        tokio::time::sleep(began.elapsed().max(retention.pause)).await;
    }
    if removed > 0 {
        tracing::info!(kind = kind.as_str(), removed, %before, "removed what was too old");
    }
    Ok(())
}

fn before(now: Timestamp, age: Duration) -> Option<Timestamp> {
    let age = i64::try_from(age.max(Retention::SHORTEST).as_micros()).ok()?;
    Timestamp::from_micros(now.micros().checked_sub(age)?)
}
