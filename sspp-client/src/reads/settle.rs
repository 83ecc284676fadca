//! Waiting until an event is a signal or a dead letter.

use std::sync::Arc;
use std::time::Duration;

use sspp_core::{EventId, Random};

use super::events::event_path;
use super::{DeadLetterSummary, EventState, JobState, Signal};
use crate::api::Call;
use crate::backoff::Backoff;
use crate::client::Client;
use crate::error::Error;

/// The first pause between two questions, and the longest.
const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

/// What an event became.
///
/// ```no_run
/// # async fn run(client: sspp_client::Client) -> Result<(), sspp_client::Error> {
/// use std::time::Duration;
/// use sspp_client::{SalesEvent, Settled};
///
/// let id = client.emit(SalesEvent::call_made("acc_1", "ada"))?;
/// match client.wait_for_signal(id, Duration::from_secs(10)).await? {
///     Settled::Signal(signal) => println!("worth {}", signal.signal_score),
///     Settled::DeadLetter(letter) => println!("{}: {}", letter.reason, letter.detail),
///     _ => {}
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Settled {
    /// It was scored and stored.
    Signal(Box<Signal>),
    /// It could not become a signal. It may be edited and replayed.
    DeadLetter(DeadLetterSummary),
}

impl Settled {
    /// The signal, if it became one.
    pub fn signal(self) -> Option<Signal> {
        if let Self::Signal(signal) = self { Some(*signal) } else { None }
    }
}

impl Client {
    /// Waits until an event is a signal or a dead letter. Asks again after pauses that grow from 50 ms to 2 s, and no sooner than the
    /// server wants to be asked.
    ///
    /// An event that the server does not know yet is waited for too: it may be in this client's queue, or on its way.
    ///
    /// # Errors
    /// [`Error::NotSettled`] when time is over. Where the server could not be asked, that error: at once for one that will not
    /// pass, such as a wrong key.
    pub async fn wait_for_signal(&self, id: EventId, timeout: Duration) -> Result<Settled, Error> {
        self.with_api(|core| async move {
            let ask = || {
                let core = Arc::clone(&core);
                async move { core.api.find(Call::get(event_path(id))).await }
            };
            settle(id, timeout, &core.settings.backoff, &*core.random, ask).await
        })
        .await
    }
}

/// What is known of the event when time is over.
enum Last {
    State(Option<JobState>),
    Failure(Error),
}

async fn settle<F>(
    event_id: EventId,
    timeout: Duration,
    backoff: &Backoff,
    random: &dyn Random,
    ask: impl Fn() -> F,
) -> Result<Settled, Error>
where
    F: Future<Output = Result<Option<EventState>, Error>>,
{
    let mut last = Last::State(None);
    let asking = async {
        let mut ceiling = FIRST;
        loop {
            let mut floor = Duration::ZERO;
            last = match ask().await {
                Ok(Some(EventState { signal: Some(signal), .. })) => {
                    return Ok(Settled::Signal(Box::new(signal)));
                }
                Ok(Some(EventState { dead_letter: Some(letter), .. })) => {
                    return Ok(Settled::DeadLetter(letter));
                }
                Ok(found) => Last::State(found.map(|event| event.state)),
                Err(error) if error.is_retryable() => {
                    floor = backoff.floor(error.retry_after());
                    Last::Failure(error)
                }
                Err(error) => return Err(error),
            };
            // Never less than half: a pause near nothing is only load.
            tokio::time::sleep(floor + ceiling.mul_f64(0.5 + random.next_unit() / 2.0)).await;
            ceiling = (ceiling * 2).min(LONGEST);
        }
    };
    if let Ok(settled) = tokio::time::timeout(timeout, asking).await {
        return settled;
    }
    Err(match last {
        Last::Failure(error) => error,
        Last::State(state) => Error::NotSettled { event_id, state, timeout },
    })
}
