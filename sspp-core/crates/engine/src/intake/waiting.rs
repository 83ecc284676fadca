//! Who waits for a commit: callers with their records, in the order in which they came.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::DirectConfig;
use crate::ports::CALL_BYTES;
use crate::{Record, Recorded, StoreError, trace_spans};

/// The limits of a client's wait before it tries again.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(2);

/// An event that waits: what the store is to keep of it, and its span where a trace brought it.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) record: Record,
    pub(super) span: tracing::Span,
}

impl Item {
    fn bytes(&self) -> usize {
        match &self.record {
            Record::Signal { payload, .. } => payload.len(),
            Record::DeadLetter(letter) => letter.payload.len(),
        }
    }
}

/// The verdicts of a caller: filled in by the commits, read by the caller.
#[derive(Debug)]
pub(super) struct Slip {
    answers: Mutex<Answers>,
    done: Notify,
    is_abandoned: AtomicBool,
}

/// The answers for one caller's events so far.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub(super) recorded: Vec<Option<Recorded>>,
    /// How many events have no answer yet.
    pub(super) left: usize,
    /// Why those were given up.
    pub(super) error: Option<StoreError>,
}

impl Slip {
    fn new(events: usize) -> Self {
        let answers = Answers { recorded: vec![None; events], left: events, error: None };
        Self { answers: Mutex::new(answers), done: Notify::new(), is_abandoned: AtomicBool::new(false) }
    }

    /// An event of the caller's is recorded.
    pub(super) fn answer(&self, at: usize, recorded: Recorded) {
        let mut answers = self.answers();
        // A caller that was late has read its answers.
        let Some(answer) = answers.recorded.get_mut(at) else { return };
        *answer = Some(recorded);
        answers.left -= 1;
        if answers.left == 0 {
            self.done.notify_one();
        }
    }

    /// What is left of the caller's events is given up.
    pub(super) fn fail(&self, error: &StoreError) {
        self.answers().error = Some(error.clone());
        self.done.notify_one();
    }

    /// Whether the caller went away.
    pub(super) fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Relaxed)
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The caller's end of a slip: when it is dropped, the caller is gone.
#[derive(Debug)]
pub(super) struct Caller(Arc<Slip>);

impl Caller {
    /// How many events it has.
    pub(super) fn events(&self) -> usize {
        self.0.answers().recorded.len()
    }

    /// Waits until every event has its answer or is given up, and reads the answers.
    pub(super) async fn answers(self, patience: Duration) -> Answers {
        // What came in time is read either way.
        drop(tokio::time::timeout(patience, self.0.done.notified()).await);
        std::mem::take(&mut self.0.answers())
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.is_abandoned.store(true, Ordering::Relaxed);
    }
}

/// A caller and its events.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) items: Vec<Item>,
    slip: Arc<Slip>,
    since: Instant,
    bytes: usize,
}

impl Ask {
    pub(super) fn new(items: Vec<Item>) -> (Self, Caller) {
        let bytes = items.iter().map(Item::bytes).sum();
        let slip = Arc::new(Slip::new(items.len()));
        let caller = Caller(Arc::clone(&slip));
        (Self { items, slip, since: Instant::now(), bytes }, caller)
    }

    /// Its events, each with its place among the caller's.
    pub(super) fn entries(self) -> impl Iterator<Item = Entry> {
        let Self { items, slip, .. } = self;
        items.into_iter().enumerate().map(move |(at, item)| Entry { item, slip: Arc::clone(&slip), at })
    }
}

/// One event of a caller, on its way into a commit.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) item: Item,
    pub(super) slip: Arc<Slip>,
    at: usize,
}

impl Entry {
    pub(super) fn answer(self, recorded: Recorded) {
        trace_spans::recorded(&self.item.span);
        self.slip.answer(self.at, recorded);
    }
}

/// All that wait, and how many commits run.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    asks: VecDeque<Ask>,
    events: usize,
    bytes: usize,
    commits: usize,
    /// Whether a commit waits for more callers.
    is_gathering: bool,
}

impl Waiting {
    /// How many events wait.
    pub(super) fn events(&self) -> usize {
        self.events
    }

    /// Whether a commit is to start: so many run at most.
    pub(super) fn start_commit(&mut self, most: usize) -> bool {
        let is_free = !self.is_gathering && self.commits < most.max(1);
        self.commits += usize::from(is_free);
        is_free
    }

    /// A commit found no caller that waits.
    pub(super) fn end_commit(&mut self) {
        self.commits -= 1;
    }

    /// Lets a caller wait, or says after how long it should try again: as long as the first in line has waited so far.
    pub(super) fn push(&mut self, ask: Ask, config: &DirectConfig) -> Result<(), Duration> {
        if self.has_no_room(&ask, config) {
            self.asks.retain(|ask| !ask.slip.is_abandoned());
            self.events = self.asks.iter().map(|ask| ask.items.len()).sum();
            self.bytes = self.asks.iter().map(|ask| ask.bytes).sum();
            if self.has_no_room(&ask, config) {
                let waited = self.asks.front().map_or(SHORTEST, |first| first.since.elapsed());
                return Err(waited.clamp(SHORTEST, LONGEST));
            }
        }
        self.events += ask.items.len();
        self.bytes += ask.bytes;
        self.asks.push_back(ask);
        Ok(())
    }

    /// A caller with more than there may be is taken where no other waits.
    fn has_no_room(&self, ask: &Ask, config: &DirectConfig) -> bool {
        let (events, bytes) = (self.events + ask.items.len(), self.bytes + ask.bytes);
        !self.asks.is_empty() && (events > config.most_events || bytes > config.most_bytes)
    }

    /// Begins to wait for more callers, where fewer wait than this; no other commit starts meanwhile.
    pub(super) fn begin_gathering(&mut self, callers: usize) -> bool {
        let gathers = !self.is_gathering && self.lacks(callers);
        self.is_gathering |= gathers;
        gathers
    }

    pub(super) fn end_gathering(&mut self) {
        self.is_gathering = false;
    }

    /// Whether fewer callers wait than this.
    pub(super) fn lacks(&self, callers: usize) -> bool {
        self.asks.len() < callers
    }

    /// Takes those who are next, for one commit. Those whose caller went away are dropped.
    pub(super) fn take(&mut self, most: usize) -> Vec<Ask> {
        let (mut taken, mut events, mut bytes) = (Vec::new(), 0, 0);
        while let Some(ask) = self.asks.front() {
            events += ask.items.len();
            bytes += ask.bytes;
            if !taken.is_empty() && (events > most || bytes > CALL_BYTES) {
                break;
            }
            let Some(ask) = self.asks.pop_front() else { break };
            self.events -= ask.items.len();
            self.bytes -= ask.bytes;
            if !ask.slip.is_abandoned() {
                taken.push(ask);
            }
        }
        taken
    }
}
