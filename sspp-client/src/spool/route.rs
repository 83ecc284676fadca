//! The outbox inside a client: its requests, counters, callbacks and pauses, and its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join;
use serde::Deserialize;
use sspp_events::{AccountId, EventId, ExternalId, Source};

use super::SpoolError;
use super::outbox::{Outbox, Refusal, Route};
use crate::api::Ruling;
use crate::core::Core;
use crate::error::Error;
use crate::outcome::RejectedEvent;
use crate::problem::Remedy;

/// Delivers what is in the spool until the client is closed, and everything is settled or time is over. What is left then
/// stays on disk.
pub(crate) async fn empty(core: Arc<Core>, outbox: &Outbox) {
    let route = ApiRoute { core: &core, away: AtomicBool::new(false), slow: AtomicBool::new(false) };
    let settings = &core.settings;
    let work = outbox.run(&route, settings.batch_events, settings.batch_bytes);
    join(work, until_closed(&core, outbox)).await;
}

async fn until_closed(core: &Core, outbox: &Outbox) {
    let mut closing = core.closing.subscribe();
    loop {
        let deadline = *closing.borrow_and_update();
        let Some(deadline) = deadline else {
            // The sender is in the core, which outlives this.
            let _ = closing.changed().await;
            continue;
        };
        tokio::select! {
            () = outbox.flushed() => {}
            () = tokio::time::sleep_until(deadline) => {}
            Ok(()) = closing.changed() => continue,
        }
        outbox.stop();
        return;
    }
}

#[derive(Debug)]
struct ApiRoute<'c> {
    core: &'c Core,
    /// Whether the last request got no verdicts: said once.
    away: AtomicBool,
    /// Whether that will hardly change by itself.
    slow: AtomicBool,
}

impl ApiRoute<'_> {
    fn failed(&self, error: &Error, sent: &[Vec<u8>]) -> Refusal {
        let events = sent.len();
        let slow = match error.remedy() {
            Remedy::Split => return Refusal::Contents(error.violations(sent.iter().map(Vec::len).sum())),
            Remedy::None => true,
            Remedy::Wait => false,
        };
        self.slow.store(slow, Ordering::Relaxed);
        let first = !self.away.swap(true, Ordering::Relaxed);
        if slow {
            tracing::error!(events, "events wait in the spool: {error}");
        } else if first {
            tracing::warn!(events, "events wait in the spool until the server is back: {error}");
        }
        Refusal::Kept(error.retry_after())
    }
}

impl Route for ApiRoute<'_> {
    async fn post(&self, events: &[Vec<u8>]) -> Result<(Vec<Ruling>, Option<Duration>), Refusal> {
        self.core.counters.sent(events.len());
        let bodies: Vec<_> = events.iter().map(|event| Bytes::copy_from_slice(event)).collect();
        match self.core.api.post_batch(&bodies).await {
            Ok(answer) => {
                self.slow.store(false, Ordering::Relaxed);
                if self.away.swap(false, Ordering::Relaxed) {
                    tracing::info!("the server is back: the spool is delivered");
                }
                self.core.tokens.give_back(None);
                Ok((answer.rulings, answer.retry_after))
            }
            Err(error) => Err(self.failed(&error, events)),
        }
    }

    fn settled(&self, event: &[u8], ruling: &Ruling) {
        let errors = match ruling {
            Ruling::Accepted => return self.core.counters.accepted(1),
            Ruling::Rejected(errors) => errors.clone(),
            Ruling::Retry => return,
        };
        self.core.counters.rejected(1);
        tracing::debug!(?errors, "the server rejected an event");
        // Only what a client wrote is in its spool, so there is an id.
        if let Some(event_id) = id_of(event) {
            let json = Bytes::copy_from_slice(event);
            self.core.notices.rejected(|| RejectedEvent { event_id, errors, json });
        }
    }

    fn again(&self, events: usize) {
        self.core.counters.retried(events);
    }

    fn pause(&self, failed: u32, at_least: Option<Duration>) -> Duration {
        let backoff = &self.core.settings.backoff;
        let slow = self.slow.load(Ordering::Relaxed) || self.core.tokens.take(false).is_none();
        if slow {
            backoff.slowest(at_least, &*self.core.random)
        } else {
            backoff.delay(failed, at_least, &*self.core.random)
        }
    }

    fn trouble(&self, error: &SpoolError) {
        tracing::error!("the spool: {error}");
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ids {
    event_id: ExternalId,
    account_id: AccountId,
    source: Option<Source>,
}

/// The id that the server knows the event by.
fn id_of(event: &[u8]) -> Option<EventId> {
    let ids: Ids = serde_json::from_slice(event).ok()?;
    Some(EventId::of_external(&ids.event_id, ids.source.as_ref(), &ids.account_id))
}
