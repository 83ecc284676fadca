//! Direct intake: events are scored where they come in, and recorded in the commit of the callers that come together.
//!
//! While commits run, the next callers gather. A commit that ends takes those who wait, and waits a moment for those whom it just
//! answered; when none comes, it ends, and the next caller starts one. So nothing runs while nothing comes in, and a caller that is
//! alone does not wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::waiting::{Answers, Ask, Item, Waiting};
use super::{DirectConfig, IntakeOutcome};
use crate::recording::metrics;
use crate::score_event::{guarded, score};
use crate::{
    DeadLetterReason, Envelope, Models, NewDeadLetter, Record, Recorded, Signals, StoreError, TraceContext,
    trace_spans,
};
use sspp_events::{AcceptedEvent, ContentDigest, DeadLetterId, Random, Timestamp};
use sspp_scoring::ScoringModel;

/// How long a commit waits for those who were answered by the last one.
const GATHER: Duration = Duration::from_millis(1);

/// Scores and records.
#[derive(Debug)]
pub(super) struct Direct {
    pub(super) signals: Arc<dyn Signals>,
    pub(super) models: Arc<dyn Models>,
    pub(super) model: Arc<ScoringModel>,
    pub(super) random: Arc<dyn Random>,
    pub(super) config: DirectConfig,
    waiting: Mutex<Waiting>,
    /// Notified when a caller joins those who wait.
    came: Notify,
    /// Why the last attempt to record failed; none after one that did not.
    pub(super) failure: Mutex<Option<StoreError>>,
}

/// Which stamp an event gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamp {
    /// That of the moment in which it is recorded.
    Now,
    /// The one that its record has.
    Kept,
}

impl Direct {
    pub(super) fn new(
        signals: Arc<dyn Signals>,
        models: Arc<dyn Models>,
        model: Arc<ScoringModel>,
        random: Arc<dyn Random>,
        config: DirectConfig,
    ) -> Self {
        metrics::register();
        let (waiting, came, failure) = (Mutex::default(), Notify::new(), Mutex::default());
        Self { signals, models, model, random, config, waiting, came, failure }
    }

    /// How many events wait for a commit.
    pub(super) fn waiting(&self) -> usize {
        locked(&self.waiting).events()
    }

    /// Scores events and waits for the commit that records them. Where some of a caller's events are recorded in time and
    /// others are not, the others are refused.
    pub(super) async fn take(
        self: &Arc<Self>,
        envelopes: Vec<Envelope>,
        trace: Option<&TraceContext>,
        now: Timestamp,
    ) -> Result<Vec<IntakeOutcome>, StoreError> {
        let score = |envelope: Envelope| {
            let payload = envelope.encode_traced(trace);
            self.item(envelope.received(now), payload, trace, now)
        };
        let (ask, caller) = Ask::new(envelopes.into_iter().map(score).collect());
        let pushed = {
            let mut waiting = locked(&self.waiting);
            waiting.push(ask, &self.config).map(|()| waiting.start_commit(self.config.commits))
        };
        match pushed {
            Err(retry_after) => Ok(vec![IntakeOutcome::Refused { retry_after }; caller.events()]),
            Ok(starts) => {
                if starts {
                    tokio::spawn(Arc::clone(self).run());
                } else {
                    self.came.notify_one();
                }
                self.outcomes(caller.answers(self.config.patience).await)
            }
        }
    }

    /// Records events again, with the stamps that they got first: an event that was erased stays erased.
    pub(super) async fn again(
        &self,
        events: Vec<(AcceptedEvent, bytes::Bytes)>,
        now: Timestamp,
    ) -> Result<Vec<IntakeOutcome>, StoreError> {
        let items = events.into_iter().map(|(accepted, payload)| self.item(accepted, payload, None, now));
        let (ask, caller) = Ask::new(items.collect());
        let mut answers = std::pin::pin!(caller.answers(self.config.patience));
        let answers = tokio::select! {
            answers = &mut answers => answers,
            () = self.see_through(ask.entries().collect(), Stamp::Kept) => answers.await,
        };
        self.outcomes(answers)
    }

    fn outcomes(&self, answers: Answers) -> Result<Vec<IntakeOutcome>, StoreError> {
        let Answers { recorded, left, error } = answers;
        if left > 0 && left == recorded.len() {
            let after_ms = u64::try_from(self.config.patience.as_millis()).unwrap_or(u64::MAX);
            let error = error.or_else(|| locked(&self.failure).clone());
            return Err(error.unwrap_or(StoreError::Timeout { after_ms }));
        }
        let refused = IntakeOutcome::Refused { retry_after: Duration::from_secs(1) };
        let outcome = |recorded: Option<Recorded>| recorded.map_or(refused, IntakeOutcome::Recorded);
        Ok(recorded.into_iter().map(outcome).collect())
    }

    fn item(
        &self,
        accepted: AcceptedEvent,
        payload: bytes::Bytes,
        trace: Option<&TraceContext>,
        now: Timestamp,
    ) -> Item {
        let span = trace_spans::of_event(trace, accepted.event_id);
        let record = span.in_scope(|| self.record_of(accepted, payload, now));
        Item { record, span }
    }

    fn record_of(&self, accepted: AcceptedEvent, payload: bytes::Bytes, now: Timestamp) -> Record {
        let accepted = Arc::new(accepted);
        let (reason, detail) = match guarded(|| score(&accepted, &self.model, now)) {
            Ok(Ok(signal)) => return Record::Signal { signal, payload },
            Ok(Err(unknown)) => (DeadLetterReason::UnknownEventType, unknown.to_string()),
            Err(detail) => (DeadLetterReason::AttemptsExhausted, detail),
        };
        tracing::warn!(event_id = %accepted.event_id, detail, "an event cannot become a signal");
        let content = ContentDigest::of(&accepted.event);
        Record::DeadLetter(letter_of(&accepted, content, payload, reason, detail, now))
    }

    /// Waits until as many callers wait as were answered last, but not for long: those who send one event after another come back
    /// at once, and one commit for all of them costs less than two.
    async fn gather(&self, callers: usize) {
        if !locked(&self.waiting).begin_gathering(callers) {
            return;
        }
        let came = async {
            while locked(&self.waiting).lacks(callers) {
                self.came.notified().await;
            }
        };
        // Callers that come later are part of the next commit.
        drop(tokio::time::timeout(GATHER, came).await);
        locked(&self.waiting).end_gathering();
    }

    /// Commits until no caller waits.
    async fn run(self: Arc<Self>) {
        let running = Running(&self.waiting);
        let mut answered = 0;
        loop {
            self.gather(answered).await;
            let asks = {
                let mut waiting = locked(&self.waiting);
                let asks = waiting.take(self.config.batch);
                if asks.is_empty() {
                    waiting.end_commit();
                    std::mem::forget(running);
                    return;
                }
                asks
            };
            answered = asks.len();
            self.see_through(asks.into_iter().flat_map(Ask::entries).collect(), Stamp::Now).await;
        }
    }
}

/// The dead letter of an event that was tried once.
pub(super) fn letter_of(
    accepted: &AcceptedEvent,
    content: ContentDigest,
    payload: bytes::Bytes,
    reason: DeadLetterReason,
    detail: String,
    now: Timestamp,
) -> NewDeadLetter {
    NewDeadLetter {
        id: DeadLetterId::of_event(accepted.event_id),
        event_id: accepted.event_id,
        content: Some(content),
        payload,
        reason,
        detail,
        attempts: 1,
        enqueued_at: accepted.received_at,
        died_at: now,
    }
}

/// Ends a commit that panics: the next caller starts another.
struct Running<'w>(&'w Mutex<Waiting>);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        locked(self.0).end_commit();
    }
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing under the locks can leave them half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
