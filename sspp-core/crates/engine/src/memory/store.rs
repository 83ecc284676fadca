//! A store in memory, for tests of a pipeline.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{DeadLetter, Signal};
use sspp_events::{DeadLetterId, EventId, ModelDigest, SignalId};
use sspp_scoring::ModelRecord;

/// Signals, dead letters and models in memory: what a pipeline needs. Clones are handles on the same store; what is in it
/// ends with the process. `SqliteStore::in_memory` is a whole store.
///
/// ```
/// use sspp_core::{MemoryStore, Signals};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let store = MemoryStore::new();
/// assert_eq!(store.stats().await.unwrap().signals, 0);
/// # });
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Arc<Mutex<State>>);

/// What it holds.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) signals: BTreeMap<SignalId, Signal>,
    pub(super) by_event: HashMap<EventId, SignalId>,
    /// By their number in the order of recording.
    pub(super) letters: BTreeMap<i64, DeadLetter>,
    pub(super) letter_numbers: HashMap<DeadLetterId, i64>,
    /// The highest number that was given to a letter.
    pub(super) last_letter: i64,
    pub(super) models: HashMap<ModelDigest, ModelRecord>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock can leave it half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
