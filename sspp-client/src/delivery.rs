//! A batch is sent until each of its events has a verdict, or there is no attempt left.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::batch::Batch;
use crate::core::Core;
use crate::error::Error;
use crate::problem::Remedy;
use crate::stats::DropReason;

/// What comes after a batch.
enum Next {
    /// It is settled.
    Nothing,
    /// It goes in halves.
    Halves(Batch, Batch),
    /// It was sent as often as may be.
    Spent(Arc<Error>),
}

/// Sends a batch. `troubled` is told when the server fails it as a whole, and when it answers again. Gives the last error where the
/// retries were spent.
pub(crate) async fn deliver(batch: Batch, troubled: impl Fn(bool) + Send + Sync) -> Option<Arc<Error>> {
    let mut left = vec![batch];
    let mut spent = None;
    while let Some(mut batch) = left.pop() {
        match &spent {
            // The caller waits: what fails that long is not begun again for the other half.
            Some(error) if batch.is_sent() => {
                batch.give_up(DropReason::RetriesSpent, error);
                continue;
            }
            _ => {}
        }
        match deliver_one(batch, &troubled).await {
            Next::Nothing => {}
            Next::Halves(first, second) => left.extend([second, first]),
            Next::Spent(error) => spent = Some(error),
        }
    }
    spent
}

/// Sends a batch until it is settled, or refused because of what it holds: then it comes back in halves, so that one event that
/// is not taken costs no other.
async fn deliver_one(mut batch: Batch, troubled: &(impl Fn(bool) + Send + Sync)) -> Next {
    let core = Arc::clone(batch.core());
    let mut closing = core.closing.subscribe();
    let began = Instant::now();
    // Pauses that the server asked for are not the events' fault.
    let mut asked_for = Duration::ZERO;
    let mut paid = None;
    let mut failed = 0;
    while !batch.is_empty() {
        core.counters.sent(batch.len());
        let (error, retry_after) = match core.api.post_batch(&batch.bodies()).await {
            Ok(answer) => {
                troubled(false);
                core.tokens.give_back(paid.take());
                batch.settle(answer.rulings);
                (Error::Deferred, answer.retry_after)
            }
            Err(error) => match error.remedy() {
                Remedy::Wait => {
                    troubled(true);
                    let retry_after = error.retry_after();
                    (error, retry_after)
                }
                Remedy::Split if batch.len() > 1 => {
                    let later = batch.split();
                    return Next::Halves(batch, later);
                }
                Remedy::Split => {
                    batch.reject_all(&error);
                    return Next::Nothing;
                }
                Remedy::None => {
                    // A wrong key or URL looks like silence from outside: say it loudly, once a batch.
                    tracing::error!(events = batch.len(), "events are given up: {error}");
                    batch.give_up(DropReason::Refused, &Arc::new(error));
                    return Next::Nothing;
                }
            },
        };
        if batch.is_empty() {
            return Next::Nothing;
        }
        failed += 1;
        paid = core.tokens.take(error.is_timeout());
        let backoff = &core.settings.backoff;
        let pause = match paid {
            Some(_) => backoff.delay(failed, retry_after, &*core.random),
            None => backoff.slowest(retry_after, &*core.random),
        };
        let floor = backoff.floor(retry_after);
        asked_for += floor;
        let spent = (began.elapsed() + pause).saturating_sub(asked_for);
        if failed >= backoff.attempts || spent > backoff.budget {
            tracing::warn!(events = batch.len(), attempts = failed, "events are given up: {error}");
            troubled(false);
            let error = Arc::new(error);
            batch.give_up(DropReason::RetriesSpent, &error);
            return Next::Spent(error);
        }
        tracing::debug!(events = batch.len(), attempt = failed, ?pause, "events are sent again: {error}");
        wait(&core, pause, floor, &mut closing).await;
        core.counters.retried(batch.len());
    }
    Next::Nothing
}

/// Waits. Once the client is closing, a pause that would outlast it becomes a shorter one, so that there is a last try; but
/// not shorter than the server asked for.
async fn wait(core: &Core, pause: Duration, floor: Duration, closing: &mut watch::Receiver<Option<Instant>>) {
    let began = Instant::now();
    let deadline = tokio::select! {
        () = tokio::time::sleep(pause) => return,
        Ok(deadline) = async { closing.wait_for(Option::is_some).await.map(|deadline| *deadline) } => deadline,
    };
    let now = Instant::now();
    let time_left = deadline.map_or(Duration::ZERO, |deadline| deadline.saturating_duration_since(now));
    let hurried = time_left.mul_f64(core.random.next_unit() / 2.0);
    let wake = (began + pause).min((now + hurried).max(began + floor));
    tokio::time::sleep_until(wake).await;
}
