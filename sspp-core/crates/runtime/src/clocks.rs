//! How far the dependencies' clocks are from this process's: measured, logged, shown in /health, and corrected where it matters.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use metrics::gauge;
use tokio::time::Instant;

use sspp_events::{Clock, Timestamp};

/// Clocks that differ by more are worth a warning.
const WORTH_A_WARNING: TimeDelta = TimeDelta::seconds(1);

/// This process's clock, corrected by its measured difference from the one that stamps events: the queue's, or the store's where
/// there is no queue.
///
/// It is right to half the time that the queue or the store takes to answer. Before the first measurement it is the process's clock.
///
/// ```
/// use std::sync::Arc;
/// use sspp_core::{Clock, ManualClock, Timestamp};
/// use sspp_runtime::StampClock;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let own = Arc::new(ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap()));
/// let clock = StampClock::new(own);
/// let queues = Timestamp::parse("2026-01-01T00:10:00Z").unwrap();
/// clock.measure("redis", "offset_seconds", true, async { Ok::<_, ()>(queues) }).await;
/// assert!((clock.now() - queues.to_datetime()).abs() < chrono::TimeDelta::seconds(1));
/// assert!(clock.warnings()[0].contains("600 s behind redis"));
/// # });
/// ```
#[derive(Debug)]
pub struct StampClock {
    own: Arc<dyn Clock>,
    /// How far the one that stamps is ahead, in microseconds.
    ahead: AtomicI64,
    warnings: Mutex<BTreeMap<&'static str, String>>,
}

impl StampClock {
    /// A process's clock, before it was compared with any other.
    pub fn new(own: Arc<dyn Clock>) -> Self {
        Self { own, ahead: AtomicI64::new(0), warnings: Mutex::default() }
    }

    /// Compares it with a dependency's clock, which `asked` tells, and shows the difference as a gauge: how far this
    /// process's is ahead. It is corrected by the dependency that `stamps` events. What the dependency could not tell changes nothing.
    pub async fn measure<E>(
        &self,
        dependency: &'static str,
        offset: &'static str,
        stamps: bool,
        asked: impl Future<Output = Result<Timestamp, E>>,
    ) {
        let (began, before) = (Instant::now(), self.own.now());
        let Ok(theirs) = asked.await else { return };
        let half = TimeDelta::from_std(began.elapsed() / 2).unwrap_or(TimeDelta::MAX);
        // The answer is of some moment in between.
        let behind = theirs.to_datetime() - before - half;
        if stamps {
            self.ahead.store(behind.num_microseconds().unwrap_or(0), Ordering::Relaxed);
        }
        gauge!(offset, "dependency" => dependency).set(-behind.as_seconds_f64());
        let surely = behind.abs() - half;
        let warning = (surely > WORTH_A_WARNING).then(|| {
            let side = if behind > TimeDelta::zero() { "behind" } else { "ahead of" };
            format!(
                "the clock of this host is {} s {side} {dependency}'s: synchronise the hosts' clocks. Times in logs and traces are affected; erasure and retention are not",
                behind.abs().as_seconds_f64().round()
            )
        });
        self.note(dependency, warning);
    }

    fn note(&self, dependency: &'static str, warning: Option<String>) {
        let mut warnings = self.locked();
        match warning {
            Some(warning) => {
                if !warnings.contains_key(dependency) {
                    tracing::warn!(dependency, warning, "CLOCKS DIFFER");
                }
                warnings.insert(dependency, warning);
            }
            None => {
                if warnings.remove(dependency).is_some() {
                    tracing::info!(dependency, "the clocks agree again");
                }
            }
        }
    }

    /// What is to be said of the clocks; empty when they agree.
    pub fn warnings(&self) -> Vec<String> {
        self.locked().values().cloned().collect()
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<&'static str, String>> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for StampClock {
    fn now(&self) -> DateTime<Utc> {
        let ahead = TimeDelta::microseconds(self.ahead.load(Ordering::Relaxed));
        let own = self.own.now();
        own.checked_add_signed(ahead).unwrap_or(own)
    }
}
