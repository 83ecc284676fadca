//! A batch is sent until each of its events has a verdict, or there is no attempt left. Events on disk have attempts without end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::batch::Batch;
use super::engine::Outbox;
use super::stats::DropReason;
use crate::errors::Error;
use crate::errors::Remedy;

/// What comes after a batch.
enum Next {
    /// It is settled.
    Nothing,
    /// It goes in halves.
    Halves(Batch, Batch),
    /// It was sent as often as may be.
    Spent(Arc<Error>),
}

/// Sends a batch. Calls `troubled` when the server fails it as a whole, and when it answers again. Gives the last error if the retries
/// were spent.
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
    let outbox = Arc::clone(batch.outbox());
    let mut closing = outbox.closing.subscribe();
    let began = Instant::now();
    // Pauses that the server asked for are not the events' fault.
    let mut asked_for = Duration::ZERO;
    let mut paid = None;
    let mut failed = 0;
    let lasting = batch.is_lasting();
    let mut away = false;
    while !batch.is_empty() {
        let before = batch.len();
        outbox.counters.sent(before);
        let (error, retry_after) = match outbox.api.post_batch(&batch.bodies()).await {
            Ok(answer) => {
                troubled(false);
                if std::mem::take(&mut away) {
                    tracing::info!("the server is available again: delivering the spool");
                }
                outbox.tokens.give_back(paid.take());
                batch.settle(answer.verdicts);
                (Error::Deferred, answer.retry_after)
            }
            Err(error) => match error.remedy() {
                Remedy::Split if batch.len() > 1 => {
                    let later = batch.split();
                    return Next::Halves(batch, later);
                }
                Remedy::Split => {
                    batch.reject_all(&error);
                    return Next::Nothing;
                }
                Remedy::None if !lasting => {
                    // From outside a wrong key or URL looks as if nothing happened: log an error, once a batch.
                    tracing::error!(events = batch.len(), "events are given up: {error}");
                    batch.give_up(DropReason::Refused, &Arc::new(error));
                    return Next::Nothing;
                }
                Remedy::Wait | Remedy::None => {
                    troubled(true);
                    let retry_after = error.retry_after();
                    (error, retry_after)
                }
            },
        };
        if batch.is_empty() {
            return Next::Nothing;
        }
        // Attempts of events on disk are not limited: only failures in a row make the pauses longer.
        failed = if lasting && batch.len() < before { 1 } else { failed + 1 };
        paid = outbox.tokens.take(error.is_timeout());
        let backoff = &outbox.settings.backoff;
        let hopeless = error.remedy() == Remedy::None;
        let pause = match paid {
            Some(_) if !hopeless => backoff.delay(failed, retry_after, &*outbox.random),
            _ => backoff.slowest(retry_after, &*outbox.random),
        };
        if lasting {
            if hopeless {
                tracing::error!(events = batch.len(), "events wait in the spool: {error}");
            } else if !matches!(error, Error::Deferred) && !std::mem::replace(&mut away, true) {
                tracing::warn!(
                    events = batch.len(),
                    "events wait in the spool until the server is available: {error}"
                );
            }
            tokio::time::sleep(pause).await;
            outbox.counters.retried(batch.len());
            continue;
        }
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
        wait(&outbox, pause, floor, &mut closing).await;
        outbox.counters.retried(batch.len());
    }
    Next::Nothing
}

/// Waits. Once the client is closing, a pause that would outlast it becomes a shorter one, so that there is a last try; but
/// not shorter than the server asked for.
async fn wait(
    outbox: &Outbox,
    pause: Duration,
    floor: Duration,
    closing: &mut watch::Receiver<Option<Instant>>,
) {
    let began = Instant::now();
    let deadline = tokio::select! {
        () = tokio::time::sleep(pause) => return,
        Ok(deadline) = async { closing.wait_for(Option::is_some).await.map(|deadline| *deadline) } => deadline,
    };
    let now = Instant::now();
    let time_left = deadline.map_or(Duration::ZERO, |deadline| deadline.saturating_duration_since(now));
    let hurried = time_left.mul_f64(outbox.random.next_unit() / 2.0);
    let wake = (began + pause).min((now + hurried).max(began + floor));
    tokio::time::sleep_until(wake).await;
}
