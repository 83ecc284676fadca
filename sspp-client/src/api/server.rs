//! The server's API: requests built, answers read, nothing tried twice.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::TryStreamExt as _;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sspp_events::{Clock, DeadLetterId, Violation};

use super::call::{self, Call};
use super::url::Root;
use crate::errors::{Error, Problem, retry_after};
use crate::settings::Settings;
use crate::transport::{AnswerStream, Transport, TransportError};

const AGENT: HeaderValue = HeaderValue::from_static(concat!("sspp-client/", env!("CARGO_PKG_VERSION")));
/// Below it, compression costs more than it saves.
const COMPRESS_ABOVE: usize = 1_024;

/// More than any problem document has.
const LONGEST_PROBLEM: usize = 1 << 20;

/// The server.
#[derive(Debug)]
pub(crate) struct Api {
    /// None where the client is disabled.
    transport: Option<Arc<dyn Transport>>,
    root: Root,
    authorization: Option<HeaderValue>,
    timeout: Duration,
    gzip: bool,
    clock: Arc<dyn Clock>,
}

/// What the server said about one event of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BatchVerdict {
    /// With the dead letter that the event became at once, if it did.
    Accepted(Option<DeadLetterId>),
    Rejected(Vec<Violation>),
    /// To be sent again, under the same id.
    Retry,
}

/// One verdict an event, in the order of the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BatchAnswer {
    pub(crate) verdicts: Vec<BatchVerdict>,
    pub(crate) retry_after: Option<Duration>,
}

#[derive(Deserialize)]
struct Results {
    results: Vec<WireVerdict>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireVerdict {
    index: usize,
    status: String,
    #[serde(default)]
    dead_letter_id: Option<DeadLetterId>,
    #[serde(default)]
    errors: Option<Vec<Violation>>,
}

impl Api {
    pub(crate) fn new(
        transport: Option<Arc<dyn Transport>>,
        root: Root,
        authorization: Option<HeaderValue>,
        settings: &Settings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { transport, root, authorization, timeout: settings.request_timeout, gzip: settings.gzip, clock }
    }

    pub(crate) const fn root(&self) -> &Root {
        &self.root
    }

    /// Sends events once.
    pub(crate) async fn post_batch(&self, events: &[Bytes]) -> Result<BatchAnswer, Error> {
        let response = self.done(Call::post("/events/batch", batch(events))).await?;
        let asked = retry_after(response.headers(), self.clock.now().into());
        let Results { results } = read(&response)?;
        Ok(BatchAnswer { verdicts: in_order(results, events.len()), retry_after: asked })
    }

    /// Makes a call and reads its JSON.
    pub(crate) async fn read<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        read(&self.done(call).await?)
    }

    /// Makes a call and reads its JSON; `None` where there is no such thing (404 with a problem document: any other 404 means that the
    /// URL is not the API's).
    pub(crate) async fn find<T: DeserializeOwned>(&self, call: Call) -> Result<Option<T>, Error> {
        match self.read(call).await {
            Ok(found) => Ok(Some(found)),
            Err(Error::Refused(problem)) if problem.status == 404 && problem.kind.ends_with(":not-found") => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Makes a call and reads its text, of the media type that is asked for.
    pub(crate) async fn text(&self, call: Call) -> Result<String, Error> {
        let expected = call.accept;
        let answer = self.done(call).await?;
        match foreign(answer.status(), answer.headers(), expected) {
            None => Ok(String::from_utf8_lossy(answer.body()).into_owned()),
            Some(page) => Err(Error::answer(page)),
        }
    }

    /// Makes a call whose answer has nothing to read: a page in its place is not the server's.
    pub(crate) async fn empty(&self, call: Call) -> Result<(), Error> {
        let answer = self.done(call).await?;
        if answer.status() == StatusCode::NO_CONTENT {
            return Ok(());
        }
        let page = foreign(answer.status(), answer.headers(), "nothing");
        Err(Error::answer(page.unwrap_or_else(|| format!("{} in place of 204", answer.status()))))
    }

    /// Makes a call; an answer other than success is an error.
    pub(crate) async fn done(&self, call: Call) -> Result<Response<Bytes>, Error> {
        self.check(self.send(call).await?)
    }

    /// An answer of success; any other is an error.
    pub(crate) fn check(&self, response: Response<Bytes>) -> Result<Response<Bytes>, Error> {
        if response.status().is_success() { Ok(response) } else { Err(self.refused(&response)) }
    }

    /// Makes a call, and gives the answer whatever its status.
    pub(crate) async fn send(&self, call: Call) -> Result<Response<Bytes>, Error> {
        let request = self.request(call)?;
        self.in_time(self.transport()?.send(request)).await.map_err(Error::Transport)
    }

    /// Makes a call whose answer is read part by part, with [`part`](Self::part).
    pub(crate) async fn open(&self, call: Call) -> Result<AnswerStream, Error> {
        let expected = call.accept;
        let request = self.request(call)?;
        let response = self.in_time(self.transport()?.open(request)).await.map_err(Error::Transport)?;
        let (head, mut answer) = response.into_parts();
        if head.status.is_success() {
            return match foreign(head.status, &head.headers, expected) {
                None => Ok(answer),
                Some(page) => Err(Error::answer(page)),
            };
        }
        let mut body = Vec::new();
        while body.len() < LONGEST_PROBLEM
            && let Some(part) = self.part(&mut answer).await.map_err(Error::Transport)?
        {
            body.extend_from_slice(&part);
        }
        Err(self.refused(&Response::from_parts(head, body.into())))
    }

    /// The next part of an answer; `None` at its end.
    pub(crate) async fn part(&self, answer: &mut AnswerStream) -> Result<Option<Bytes>, TransportError> {
        self.in_time(answer.try_next()).await
    }

    fn transport(&self) -> Result<&dyn Transport, Error> {
        self.transport.as_deref().ok_or(Error::Disabled)
    }

    fn request(&self, call: Call) -> Result<Request<Bytes>, Error> {
        let mut request = Request::builder()
            .method(call.method)
            .uri(format!("{}{}", self.root, call.path))
            .header(header::ACCEPT, HeaderValue::from_static(call.accept))
            .header(header::USER_AGENT, AGENT);
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let mut body = call.body;
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, HeaderValue::from_static(call::JSON));
        }
        if self.gzip
            && body.len() > COMPRESS_ABOVE
            && let Ok(small) = compress(&body)
        {
            request = request.header(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            body = small;
        }
        request.body(body.into()).map_err(|error| Error::Transport(TransportError::unusable(error)))
    }

    async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, TransportError>>,
    ) -> Result<T, TransportError> {
        let answered = tokio::time::timeout(self.timeout, answer).await;
        answered.unwrap_or_else(|_| Err(TransportError::timeout()))
    }

    /// The error that an answer other than success is.
    fn refused(&self, response: &Response<Bytes>) -> Error {
        let now = self.clock.now().into();
        let (status, headers) = (response.status().as_u16(), response.headers());
        Error::Refused(Box::new(Problem::read(status, headers, response.body(), now)))
    }
}

/// Reads the JSON of an answer.
pub(crate) fn read<T: DeserializeOwned>(response: &Response<Bytes>) -> Result<T, Error> {
    serde_json::from_slice(response.body()).map_err(|error: serde_json::Error| {
        match foreign(response.status(), response.headers(), "json") {
            Some(page) => Error::answer(format_args!("{page} ({error})")),
            None => error.into(),
        }
    })
}

/// What an answer of another media type is. A page of a proxy, for instance one that wants a login, often comes with success.
fn foreign(status: StatusCode, headers: &HeaderMap, expected: &str) -> Option<String> {
    let media = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    if media.to_ascii_lowercase().contains(expected) {
        return None;
    }
    let (status, media) = (status.as_u16(), media.chars().take(100).collect::<String>());
    let expected = if expected == "json" { "JSON" } else { expected };
    Some(format!(
        "{status} with {media} in place of {expected} comes from something other than an SSPP server, perhaps a proxy that wants \
         a login: check the URL"
    ))
}

/// `{"events":[…]}` out of events that are JSON already.
pub(crate) fn batch(events: &[Bytes]) -> Vec<u8> {
    let bytes: usize = events.iter().map(|event| event.len() + 1).sum();
    let mut body = Vec::with_capacity(bytes + 16);
    body.extend_from_slice(br#"{"events":["#);
    for (at, event) in events.iter().enumerate() {
        if at > 0 {
            body.push(b',');
        }
        body.extend_from_slice(event);
    }
    body.extend_from_slice(b"]}");
    body
}

fn compress(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

/// An event that the answer leaves out, or of which it says what this release does not know, is sent again: its id makes
/// that safe.
fn in_order(results: Vec<WireVerdict>, events: usize) -> Vec<BatchVerdict> {
    let mut verdicts = vec![BatchVerdict::Retry; events];
    for WireVerdict { index, status, dead_letter_id, errors } in results {
        let Some(verdict) = verdicts.get_mut(index) else { continue };
        match status.as_str() {
            "accepted" => *verdict = BatchVerdict::Accepted(dead_letter_id),
            "rejected" => *verdict = BatchVerdict::Rejected(errors.unwrap_or_default()),
            _ => {}
        }
    }
    verdicts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_json_and_survives_compression() {
        let events = [Bytes::from_static(b"{\"a\":1}"), Bytes::from_static(b"{\"b\":2}")];
        let body = batch(&events);
        assert_eq!(body, br#"{"events":[{"a":1},{"b":2}]}"#);
        let small = compress(&body).unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*small), &mut text).unwrap();
        assert_eq!(text.as_bytes(), body);
    }

    #[test]
    fn what_the_answer_leaves_out_is_sent_again() {
        let answer = r#"{"accepted":1,"rejected":1,"results":[
            {"index":2,"status":"accepted","eventId":"e","jobId":"j"},
            {"index":0,"status":"rejected","errors":[{"pointer":"/accountId","code":"empty","detail":"d"}]},
            {"index":3,"status":"postponed"},{"index":9,"status":"accepted"}]}"#;
        let Results { results } = serde_json::from_str(answer).unwrap();
        let verdicts = in_order(results, 4);
        assert!(matches!(&verdicts[0], BatchVerdict::Rejected(errors) if errors[0].code == "empty"));
        assert_eq!(verdicts[1..], [BatchVerdict::Retry, BatchVerdict::Accepted(None), BatchVerdict::Retry]);
    }
}
