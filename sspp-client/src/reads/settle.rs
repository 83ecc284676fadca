//! Waiting until an event is a signal or a dead letter.

use std::sync::Arc;
use std::time::Duration;

use sspp_events::{EventId, Random};

use super::events::event_path;
use super::{DeadLetterSummary, EventState, Signal};
use crate::api::Call;
use crate::client::Client;
use crate::errors::Error;
use crate::settings::Backoff;
use crate::transport::TransportError;
use crate::words::JobState;

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
    /// An event that the server does not know yet is waited for too: it may be in this client's queue, or on its way. What was emitted
    /// before is sent without waiting for more, as by [`flush`](Self::flush).
    ///
    /// # Errors
    /// [`Error::NotSettled`] when time is over. Where the server could not be asked, that error: at once for one that will not
    /// pass, such as a wrong key.
    pub async fn wait_for_signal(&self, id: EventId, timeout: Duration) -> Result<Settled, Error> {
        // The caller waits for one event: a fuller batch would make it wait longer.
        drop(self.inner.outbox.store.flush());
        self.with_api(|outbox| async move {
            let ask = || {
                let outbox = Arc::clone(&outbox);
                async move { outbox.api.find(Call::get(event_path(id))).await }
            };
            settle(id, timeout, &outbox.settings.backoff, &*outbox.random, ask).await
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
    let mut last = Last::Failure(Error::Transport(TransportError::timeout()));
    let wait = async {
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
    if let Ok(settled) = tokio::time::timeout(timeout, wait).await {
        return settled;
    }
    Err(match last {
        Last::Failure(error) => error,
        Last::State(state) => Error::NotSettled { event_id, state, timeout },
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::json;
    use sspp_events::SeededRandom;
    use tokio::time::Instant;

    use super::*;

    const ID: &str = "0197d3c5-5c00-7000-8000-000000000001";

    fn state(state: &str, dead_letter: &serde_json::Value) -> EventState {
        let at = "2026-01-01T00:00:00.000Z";
        let found = json!({"eventId": ID, "state": state, "receivedAt": at, "deadLetter": dead_letter});
        serde_json::from_value(found).unwrap()
    }

    /// What is answered, the last of it again and again; how often, and for how long, it was asked.
    async fn ask(
        answers: Vec<Result<Option<EventState>, Error>>,
        seconds: u64,
    ) -> (Result<Settled, Error>, usize, Duration) {
        let asked = Mutex::new(0);
        let began = Instant::now();
        let next = || {
            let mut asked = asked.lock().unwrap();
            let answer = answers[(*asked).min(answers.len() - 1)].clone();
            *asked += 1;
            std::future::ready(answer)
        };
        let (backoff, random) = (Backoff::default(), SeededRandom::new(1));
        let settled =
            settle(ID.parse().unwrap(), Duration::from_secs(seconds), &backoff, &random, next).await;
        (settled, *asked.lock().unwrap(), began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_that_is_not_known_yet_is_asked_for_again_after_growing_pauses() {
        let letter =
            json!({"id": ID, "reason": "rejected", "detail": "d", "diedAt": "2026-01-01T00:00:00.000Z"});
        let waiting = || Ok(Some(state("waiting", &json!(null))));
        let (settled, asked, took) =
            ask(vec![Ok(None), waiting(), waiting(), Ok(Some(state("failed", &letter)))], 60).await;
        assert!(matches!(settled, Ok(Settled::DeadLetter(letter)) if letter.detail == "d"));
        // Pauses of up to 50, 100 and 200 ms, and of no less than half of that.
        assert!(asked == 4 && (175..=353).contains(&took.as_millis()), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn when_time_is_over_the_last_state_is_told_and_the_server_was_left_in_peace() {
        let (settled, asked, took) = ask(vec![Ok(Some(state("delayed", &json!(null))))], 60).await;
        let error = settled.unwrap_err();
        assert_eq!(error.to_string(), format!("event {ID} is delayed: not a signal within 60s"));
        assert!(
            error.is_retryable() && took.as_secs() == 60 && (30..80).contains(&asked),
            "{asked} in {took:?}"
        );
        let (settled, ..) = ask(vec![Ok(None)], 1).await;
        assert!(settled.unwrap_err().to_string().contains("is not known to the server"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_server_is_asked_when_it_wants_to_be_and_a_wrong_key_at_once_ends_it() {
        let refused = |status, seconds| {
            let retry_after = Some(Duration::from_secs(seconds));
            Err(Error::Refused(Box::new(crate::Problem { status, retry_after, ..crate::Problem::default() })))
        };
        let (settled, asked, _) = ask(vec![refused(503, 9), refused(403, 0)], 60).await;
        assert!(asked == 2 && settled.unwrap_err().status() == Some(403));
        let (settled, asked, took) = ask(vec![refused(429, 9)], 30).await;
        assert_eq!((settled.unwrap_err().status(), asked, took.as_secs()), (Some(429), 4, 30));
        let (settled, ..) = ask(vec![Err(Error::Transport(TransportError::timeout()))], 1).await;
        assert!(matches!(settled, Err(Error::Transport(_))));
        let (backoff, random) = (Backoff::default(), SeededRandom::new(1));
        let settled = settle(ID.parse().unwrap(), LONGEST, &backoff, &random, std::future::pending).await;
        assert_eq!(settled.unwrap_err().to_string(), "the server gave no answer: none came in time");
    }
}
