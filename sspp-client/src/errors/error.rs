//! Errors between an event and the server's answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sspp_events::{EventId, Violation, Violations};

use super::problem::{Problem, Remedy};
use crate::transport::TransportError;
use crate::words::JobState;

/// Why something was not done. [`is_retryable`](Self::is_retryable) says whether doing it again may help.
///
/// Its text says the cause too, so the cause is no [`source`](std::error::Error::source) of it: what prints a whole chain says each thing
/// once. The variants hold the causes.
///
/// ```
/// use sspp_client::{Client, Error, SalesEvent};
/// let client = Client::builder("http://127.0.0.1:9").build()?;
/// let error = client.emit(SalesEvent::call_made("", "user_1")).unwrap_err();
/// assert!(matches!(error, Error::Invalid(_)) && !error.is_retryable());
/// assert_eq!(error.to_string(), "the event is not valid: accountId should not be empty");
/// # Ok::<(), sspp_client::BuildError>(())
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The event can never be accepted: every violation is listed.
    #[error("the event is not valid: {0}")]
    Invalid(Violations),
    /// The event's JSON has more bytes than the server takes.
    #[error("the event has {bytes} bytes of JSON, more than the {limit} allowed: send less metadata")]
    TooLarge {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        limit: usize,
    },
    /// The queue has no room, and the overflow policy is [`Overflow::Error`](crate::Overflow::Error).
    #[error(
        "the queue has no room beside {events} events of {bytes} bytes: emit less, or raise queue_events or queue_bytes"
    )]
    QueueFull {
        /// How many events wait or are on their way.
        events: usize,
        /// How many bytes of JSON those are.
        bytes: usize,
    },
    /// The client was closed: nothing is taken any more.
    #[error("the client is closed")]
    Closed,
    /// The [`Transport`](crate::Transport) that carried the request panicked.
    #[error("the client's transport panicked: the events that it was sending may have arrived")]
    Panicked,
    /// The client is disabled: it asks no server.
    #[error(
        "the client is disabled, by disabled(true), SSPP_DISABLED or a blank API key: it sends and reads nothing"
    )]
    Disabled,
    /// The values of a request are not valid: every violation is listed, and nothing was sent.
    #[error("the request is not valid: {0}")]
    Request(Violations),
    /// There was no answer.
    #[error("the server gave no answer: {0}")]
    Transport(TransportError),
    /// The server answered with a status other than success.
    #[error("the server answered {0}")]
    Refused(Box<Problem>),
    /// The server answered with success and a body that this release does not understand.
    #[error("the server's response cannot be read: {0}")]
    Answer(Arc<serde_json::Error>),
    /// The server asked to send the event again later, until there were no attempts left.
    #[error("the server had no room for the event in any attempt")]
    Deferred,
    /// An export ended too early: what was read is not all of it, and reading on does not help. Begin it again.
    #[error("the export ended after {bytes} bytes and is incomplete, start it again: {cause}")]
    BrokenOff {
        /// How many bytes were read.
        bytes: u64,
        /// Why it ended.
        cause: TransportError,
    },
    /// An event was neither a signal nor a dead letter when time was over.
    #[error("event {event_id} is {}: not a signal within {timeout:?}", .state.as_ref().map_or("not known to the server", JobState::as_str))]
    NotSettled {
        /// The event.
        event_id: EventId,
        /// Where it was on its way; none where the server did not know it.
        state: Option<JobState>,
        /// The time given.
        timeout: Duration,
    },
    /// Not everything that was emitted was settled in the time given.
    #[error("{unsettled} events were not settled within {timeout:?}; the client continues to send them")]
    Unsettled {
        /// How many still wait or are on their way.
        unsettled: usize,
        /// The time given.
        timeout: Duration,
    },
    /// The disk queue did not take the event.
    #[cfg(feature = "spool")]
    #[error("the event was not written to the spool: {0}")]
    Spool(Arc<crate::spool::SpoolError>),
    /// The scoring model cannot score the event, or could not be read.
    #[cfg(feature = "local-scoring")]
    #[error("the event cannot be scored here: {0}")]
    Scoring(String),
}

impl Error {
    /// Whether the same call may succeed later: the server was away, busy, or had no room.
    ///
    /// ```
    /// assert!(sspp_client::Error::Deferred.is_retryable());
    /// ```
    pub fn is_retryable(&self) -> bool {
        self.remedy() == Remedy::Wait
    }

    /// What helps against it.
    pub(crate) fn remedy(&self) -> Remedy {
        match self {
            Self::Transport(error) if error.is_retryable() => Remedy::Wait,
            Self::Refused(problem) => problem.remedy(),
            Self::QueueFull { .. }
            | Self::Answer(_)
            | Self::Deferred
            | Self::NotSettled { .. }
            | Self::Unsettled { .. } => Remedy::Wait,
            #[cfg(feature = "spool")]
            Self::Spool(_) => Remedy::None,
            #[cfg(feature = "local-scoring")]
            Self::Scoring(_) => Remedy::None,
            Self::Transport(_)
            | Self::Invalid(_)
            | Self::Request(_)
            | Self::TooLarge { .. }
            | Self::BrokenOff { .. }
            | Self::Closed
            | Self::Panicked
            | Self::Disabled => Remedy::None,
        }
    }

    /// The faults of an event of so many bytes of JSON that was refused because of what it holds.
    pub(crate) fn violations(&self, bytes: usize) -> Vec<Violation> {
        let (code, detail) = match self {
            Self::Invalid(violations) => return violations.clone().into_vec(),
            Self::TooLarge { .. } => ("too_large", self.to_string()),
            Self::Refused(problem) if problem.status == 413 => {
                let detail = format!(
                    "the event has {bytes} bytes of JSON, too large for the server or a proxy in front of it: send less metadata"
                );
                ("too_large", detail)
            }
            Self::Refused(problem) if !problem.errors.is_empty() => return problem.errors.clone(),
            _ => ("refused", self.to_string()),
        };
        vec![Violation { pointer: String::new(), code: code.into(), detail }]
    }

    /// One value of a request that is not valid.
    pub(crate) fn request(pointer: &str, code: &'static str, detail: impl Into<String>) -> Self {
        let violation = Violation { pointer: pointer.to_owned(), code: code.into(), detail: detail.into() };
        Self::Request(violation.into())
    }

    /// An answer that is not what a server says.
    pub(crate) fn answer(what: impl fmt::Display) -> Self {
        <serde_json::Error as serde::de::Error>::custom(what).into()
    }

    /// What the server said, where it said no.
    pub fn problem(&self) -> Option<&Problem> {
        if let Self::Refused(problem) = self { Some(problem) } else { None }
    }

    /// The id under which the server logged the request, where it said no: for its operator.
    pub fn request_id(&self) -> Option<&str> {
        self.problem()?.request_id.as_deref()
    }

    /// The HTTP status of the server's answer, where it said no.
    pub fn status(&self) -> Option<u16> {
        self.problem().map(|problem| problem.status)
    }

    /// For how long the server asked not to be asked again.
    pub fn retry_after(&self) -> Option<Duration> {
        self.problem()?.retry_after
    }

    /// Whether no answer came in time.
    pub(crate) fn is_timeout(&self) -> bool {
        matches!(self, Self::Transport(error) if error.is_timeout())
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Answer(Arc::new(error))
    }
}

impl From<Violations> for Error {
    fn from(violations: Violations) -> Self {
        Self::Invalid(violations)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, ErrorKind};

    use super::*;

    /// Every sentence of an error and its sources, outermost first.
    fn chain(error: &dyn std::error::Error) -> Vec<String> {
        let sources = std::iter::successors(Some(error), |error| error.source());
        sources.map(ToString::to_string).collect()
    }

    #[test]
    fn no_sentence_stands_twice_in_a_chain() {
        let violation = Violation::of_member("accountId", "empty", "should not be empty");
        let transports = [
            TransportError::connect(io::Error::from(ErrorKind::ConnectionRefused)),
            TransportError::connect(io::Error::other("no route")),
            TransportError::cut(io::Error::other(io::Error::other("mine"))),
            TransportError::cut("a text"),
            TransportError::unusable(fmt::Error),
            TransportError::timeout(),
        ];
        let mut errors = vec![
            Error::Invalid(violation.clone().into()),
            Error::Request(violation.into()),
            Error::answer("no JSON"),
            Error::Refused(Box::new(Problem { status: 404, detail: "no".into(), ..Problem::default() })),
            Error::BrokenOff { bytes: 1, cause: TransportError::cut(io::Error::other("cut")) },
        ];
        errors.extend(transports.iter().cloned().map(Error::Transport));
        #[cfg(feature = "spool")]
        {
            let failed = |cause| crate::spool::SpoolError::Io { action: "read", path: "x".into(), cause };
            errors.push(Error::Spool(Arc::new(failed(io::Error::other("no disk")))));
        }
        let errors = errors.iter().map(|error| error as &dyn std::error::Error);
        for error in errors.chain(transports.iter().map(|error| error as &dyn std::error::Error)) {
            let chain = chain(error);
            for (at, sentence) in chain.iter().enumerate() {
                let outer = &chain[..at];
                assert!(!outer.iter().any(|outer| outer.contains(sentence.as_str())), "{chain:?}");
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_systems_error_is_the_source_of_one_on_the_way() {
        use std::error::Error as _;

        let error = TransportError::connect(io::Error::other(io::Error::from_raw_os_error(111)));
        assert_eq!(error.to_string(), "cannot connect: connection refused, nothing listens there");
        let source = error.source().and_then(|source| source.downcast_ref::<io::Error>()).unwrap();
        assert_eq!(source.kind(), ErrorKind::ConnectionRefused);
    }
}
