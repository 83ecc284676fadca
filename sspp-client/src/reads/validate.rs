//! Events checked without being stored: here first, then by the server, in parts that it takes.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sspp_events::{EventId, Violation};

use crate::api::Call;
use crate::api::batch;
use crate::client::Client;
use crate::errors::Error;
use crate::event::SalesEvent;
use crate::outbox::Outbox;

/// The most events that the server checks at once, and the most bytes of them that are sent at once: one more fits.
const AT_ONCE: usize = 1_000;
pub(super) const BYTES_AT_ONCE: usize = 2 << 20;

/// Whether the server would take an event.
///
/// ```
/// # fn shown(checked: &sspp_client::Validation) {
/// for violation in &checked.errors {
///     println!("{}: {}", violation.pointer, violation.detail);
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Validation {
    /// The id that the event would have. Each call makes a new one for an event without an id of its own.
    pub event_id: EventId,
    /// All its faults; empty if it would be taken.
    pub errors: Vec<Violation>,
}

impl Validation {
    /// Whether the server would take the event.
    pub fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }
}

/// Events as they are sent, and what cannot be sent.
pub(super) struct Prepared {
    pub(super) parts: Vec<Part>,
    pub(super) rejected: Vec<(usize, Validation)>,
}

/// What is sent at once, and the places that its events have for the caller.
#[derive(Default)]
pub(super) struct Part {
    places: Vec<(usize, EventId)>,
    events: Vec<Bytes>,
    bytes: usize,
}

impl Part {
    /// `{"events":[…]}`.
    pub(super) fn body(&self) -> Vec<u8> {
        batch(&self.events)
    }

    /// The caller's place of what the server calls its event of this index.
    pub(super) fn place(&self, index: usize) -> Option<(usize, EventId)> {
        self.places.get(index).copied()
    }
}

/// Checks events as `emit` does, without the program's last look.
pub(super) fn prepare(events: Vec<SalesEvent>, outbox: &Outbox, at_once: usize) -> Prepared {
    let mut prepared = Prepared { parts: Vec::new(), rejected: Vec::new() };
    let mut part = Part::default();
    for (place, event) in events.into_iter().enumerate() {
        match outbox.intake.check(event, &*outbox.clock, &*outbox.random) {
            Ok(event) => {
                part.bytes += event.encoded.json.len();
                part.places.push((place, event.id));
                part.events.push(event.encoded.json);
            }
            Err(unsendable) => {
                let errors = unsendable.error.violations(0);
                prepared.rejected.push((place, Validation { event_id: unsendable.id, errors }));
            }
        }
        if part.events.len() == at_once || part.bytes > BYTES_AT_ONCE {
            prepared.parts.push(std::mem::take(&mut part));
        }
    }
    if !part.events.is_empty() {
        prepared.parts.push(part);
    }
    prepared
}

#[derive(Deserialize)]
struct Verdicts {
    results: Vec<WireVerdict>,
}

#[derive(Deserialize)]
struct WireVerdict {
    index: usize,
    status: String,
    #[serde(default)]
    errors: Vec<Violation>,
}

impl WireVerdict {
    fn errors(self) -> Vec<Violation> {
        if self.status == "accepted" || !self.errors.is_empty() {
            return self.errors;
        }
        let detail = format!("the server says '{}', and not why", self.status);
        vec![Violation { pointer: String::new(), code: "refused".into(), detail }]
    }
}

impl Client {
    /// Whether the server would take events; nothing is stored. Any number of them, each with its answer in their order. They get the
    /// client's default source; `before_send` does not see them, since they are not sent.
    ///
    /// ```no_run
    /// # async fn run(client: sspp_client::Client) -> Result<(), sspp_client::Error> {
    /// use sspp_client::SalesEvent;
    /// let checked = client.validate([SalesEvent::new("webinar_attended", "acc_1", "ada")]).await?;
    /// println!("{}: {:?}", checked[0].is_valid(), checked[0].errors);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn validate<I>(&self, events: I) -> Result<Vec<Validation>, Error>
    where
        I: IntoIterator,
        I::Item: Into<SalesEvent>,
    {
        self.validate_all(events.into_iter().map(Into::into).collect()).await
    }

    async fn validate_all(&self, events: Vec<SalesEvent>) -> Result<Vec<Validation>, Error> {
        let many = events.len();
        let Prepared { parts, rejected: mut validations } = prepare(events, &self.inner.outbox, AT_ONCE);
        for part in parts {
            let verdicts: Verdicts = self.ask(Call::post("/events/validate", part.body())).await?;
            for verdict in verdicts.results {
                let Some((place, event_id)) = part.place(verdict.index) else { continue };
                validations.push((place, Validation { event_id, errors: verdict.errors() }));
            }
        }
        one_each(validations, many)
    }
}

/// What was found of each event, in their order; each has to have one.
pub(super) fn one_each<T>(mut found: Vec<(usize, T)>, many: usize) -> Result<Vec<T>, Error> {
    found.sort_by_key(|(place, _)| *place);
    found.dedup_by_key(|(place, _)| *place);
    if found.len() != many {
        return Err(Error::answer(format_args!("it has verdicts for {} of {many} events", found.len())));
    }
    Ok(found.into_iter().map(|(_, found)| found).collect())
}
