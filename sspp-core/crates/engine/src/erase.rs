//! Erasing in small steps beside the work, until nothing is left to erase.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::{Store, StoreError};

/// How many signals, and how many dead letters, a step removes at most.
const STEP: u32 = 500;
/// How long to rest after a step, at least: the store is left alone for as long as it was busy.
const PAUSE: Duration = Duration::from_millis(20);

/// Works on the erasures that were [begun](crate::Housekeeping::begin_erasure) for about so long; answers whether all are complete.
///
/// ```
/// use sspp_core::{SqliteStore, erase_some};
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let within = std::time::Duration::from_millis(100);
/// assert!(erase_some(&SqliteStore::in_memory().await.unwrap(), within).await.unwrap());
/// # });
/// ```
pub async fn erase_some(store: &dyn Store, within: Duration) -> Result<bool, StoreError> {
    let deadline = Instant::now() + within;
    while store.erase_step(STEP).await?.is_some() {
        if Instant::now() >= deadline {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Completes erasures until the store is closed or the future is dropped: those that were begun before, at once, and later
/// ones when it is woken, or after `every` at the latest. So an erasure survives the process that it was begun in.
///
/// Any number of processes may do so over one store. While the store fails it is asked again, and the failure is logged once.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use sspp_core::{SqliteStore, finish_erasures};
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let wake = Arc::new(tokio::sync::Notify::new());
/// let store = Arc::new(SqliteStore::in_memory().await.unwrap());
/// let erasing = tokio::spawn(finish_erasures(store, Duration::from_secs(30), Arc::clone(&wake)));
/// wake.notify_one();
/// // … until the process stops …
/// erasing.abort();
/// # });
/// ```
pub async fn finish_erasures(store: Arc<dyn Store>, every: Duration, wake: Arc<Notify>) {
    let (mut failing, mut signals, mut dead_letters) = (false, 0_u64, 0_u64);
    loop {
        let began = Instant::now();
        match store.erase_step(STEP).await {
            Ok(Some(gone)) => {
                failing = false;
                signals += u64::from(gone.signals);
                dead_letters += u64::from(gone.dead_letters);
                tokio::time::sleep(began.elapsed().max(PAUSE)).await;
                continue;
            }
            Ok(None) => {
                failing = false;
                if signals + dead_letters > 0 {
                    tracing::info!(signals, dead_letters, "erased what was to be erased");
                    (signals, dead_letters) = (0, 0);
                }
            }
            Err(StoreError::Closed) => return,
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!(%error, "erasing failed; trying again until it works");
                }
            }
        }
        // Woken or not, it looks again.
        let _ = tokio::time::timeout(every, wake.notified()).await;
    }
}
