//! Replays of dead letters, one or many.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{BoxStream, Stream, StreamExt as _, TryStreamExt as _};
use serde::{Deserialize, Serialize};
use sspp_events::{DeadLetterId, EventId, SignalId};

use super::DeadLetterQuery;
use super::steps::Steps;
use crate::api::Call;
use crate::client::Client;
use crate::errors::Error;
use crate::words::ReplayStatus;

/// What a replay of one dead letter did.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Replay {
    /// Whether the event is in the queue again or, where there is no queue, what it became.
    pub status: ReplayStatus,
    /// The event's id, as before.
    pub event_id: EventId,
    /// The signal that the event is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal_id: Option<SignalId>,
    /// The dead letter that the event became again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_letter_id: Option<DeadLetterId>,
}

/// How far one call of a replay of many got.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ReplayMany {
    /// Whether nothing was done but counting.
    pub dry_run: bool,
    /// How many letters' events this call gave to intake again.
    pub replayed: u64,
    /// Those that cannot become a signal as they are.
    pub skipped: Vec<SkippedLetter>,
    /// How many letters of the query come after those.
    pub remaining: u64,
    /// Whether `remaining` is all: false where there are more, and the server did not count them.
    pub remaining_is_exact: bool,
    /// Where to continue; none when all were looked at.
    pub next_cursor: Option<String>,
}

/// A dead letter that was not replayed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct SkippedLetter {
    /// The letter.
    pub id: DeadLetterId,
    /// Why, and what to do.
    pub detail: String,
}

/// What a replay of many did from its beginning to its end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Replayed {
    /// How many letters' events were given to intake again.
    pub replayed: u64,
    /// Those that cannot become a signal as they are.
    pub skipped: Vec<SkippedLetter>,
}

/// A replay of many that continues, call by call, until all letters of its query were looked at. After an error it is not at its end: the
/// next call continues where it was.
///
/// ```no_run
/// # async fn run(client: sspp_client::Client) -> Result<(), sspp_client::Error> {
/// use sspp_client::{DeadLetterQuery, DeadLetterReason};
///
/// let query = DeadLetterQuery::default().reason(DeadLetterReason::UnknownEventType);
/// println!("{} to replay", client.replay_dead_letters(&query, true).await?.remaining);
/// let mut replays = client.replay_all_dead_letters(&query);
/// while let Some(part) = replays.try_next().await? {
///     println!("{} replayed, {} remaining", part.replayed, part.remaining);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is replayed until it is read"]
pub struct Replays(BoxStream<'static, Result<ReplayMany, Error>>);

impl Replays {
    /// Makes the next call, and says how far it got; `None` when all letters were looked at.
    ///
    /// # Errors
    /// What the call failed with; called again, it is made again. What earlier calls did is done.
    pub async fn try_next(&mut self) -> Result<Option<ReplayMany>, Error> {
        self.0.try_next().await
    }

    /// Makes all calls that are left, and sums up what they did.
    ///
    /// # Errors
    /// As [`try_next`](Self::try_next).
    pub async fn finish(mut self) -> Result<Replayed, Error> {
        let mut done = Replayed::default();
        while let Some(part) = self.try_next().await? {
            done.replayed += part.replayed;
            done.skipped.extend(part.skipped);
        }
        Ok(done)
    }
}

impl Stream for Replays {
    type Item = Result<ReplayMany, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(context)
    }
}

impl fmt::Debug for Replays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replays").finish_non_exhaustive()
    }
}

impl Client {
    /// Gives a dead letter's event to intake again, under its id: however often, one signal comes of it. It waits in the queue then, or
    /// became what the answer says where the server has none.
    ///
    /// # Errors
    /// [`Error::Refused`] with status 404 if there is no such letter, 409 if it cannot be replayed as it is.
    pub async fn replay_dead_letter(&self, id: DeadLetterId) -> Result<Replay, Error> {
        self.ask(Call::post(format!("/dead-letters/{id}/replay"), Vec::new())).await
    }

    /// Replays many, the first recorded first, or only counts them (`dry_run`), in one call. It looks at the query's `page_size` letters,
    /// and answers within some seconds; to continue, call it with its `next_cursor` as the query's `cursor`.
    pub async fn replay_dead_letters(
        &self,
        query: &DeadLetterQuery,
        dry_run: bool,
    ) -> Result<ReplayMany, Error> {
        let mut parameters = query.0.clone();
        parameters.set_unchecked("dryRun", dry_run);
        let body = parameters.json(&["dryRun", "limit"])?;
        self.ask(Call::post("/dead-letters/replay", body)).await
    }

    /// Replays all of a query, in as many calls as it takes; each says how far it got.
    pub fn replay_all_dead_letters(&self, query: &DeadLetterQuery) -> Replays {
        Replays(Replaying { client: self.clone(), next: Some(query.clone()) }.into_items())
    }
}

/// A replay on its way.
struct Replaying {
    client: Client,
    /// What the next call asks for; none after the last.
    next: Option<DeadLetterQuery>,
}

impl Steps for Replaying {
    type Item = ReplayMany;

    async fn step(&mut self) -> Result<Option<ReplayMany>, Error> {
        let Some(query) = &self.next else { return Ok(None) };
        let part = self.client.replay_dead_letters(query, false).await?;
        self.next =
            self.next.take().zip(part.next_cursor.as_ref()).map(|(query, cursor)| query.cursor(cursor));
        Ok(Some(part))
    }
}
