//! The server's API: requests built, answers read, nothing tried twice.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderValue, Method, Request, Response, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sspp_core::{Clock, Violation};

use crate::error::Error;
use crate::problem::{Problem, retry_after};
use crate::settings::Settings;
use crate::transport::{Transport, TransportError};
use crate::url::Root;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("sspp-client/", env!("CARGO_PKG_VERSION")));
/// Below it, compression costs more than it saves.
const COMPRESS_ABOVE: usize = 1_024;

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
pub(crate) enum Ruling {
    Accepted,
    Rejected(Vec<Violation>),
    /// To be sent again, under the same id.
    Retry,
}

/// One ruling an event, in the order of the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BatchAnswer {
    pub(crate) rulings: Vec<Ruling>,
    pub(crate) retry_after: Option<Duration>,
}

#[derive(Deserialize)]
struct Verdicts {
    results: Vec<WireVerdict>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireVerdict {
    index: usize,
    status: String,
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
        let response = self.post("/events/batch", batch(events)).await?;
        let asked = retry_after(response.headers(), self.clock.now().into());
        let verdicts: Verdicts = read(&response)?;
        Ok(BatchAnswer { rulings: rulings(verdicts, events.len()), retry_after: asked })
    }

    /// Sends JSON and reads JSON.
    pub(crate) async fn post_json<T: DeserializeOwned>(&self, path: &str, body: Vec<u8>) -> Result<T, Error> {
        read(&self.post(path, body).await?)
    }

    /// Reads JSON; `None` where there is no such thing (404 with a problem document: any other 404 is a wrong URL).
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, Error> {
        match self.exchange(self.request(Method::GET, path), Bytes::new()).await {
            Ok(response) => read(&response).map(Some),
            Err(Error::Refused(problem)) if problem.status == 404 && problem.kind.ends_with(":not-found") => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn post(&self, path: &str, body: Vec<u8>) -> Result<Response<Bytes>, Error> {
        let mut request = self.request(Method::POST, path).header(header::CONTENT_TYPE, JSON);
        let mut body = body;
        if self.gzip
            && body.len() > COMPRESS_ABOVE
            && let Ok(small) = compress(&body)
        {
            request = request.header(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            body = small;
        }
        self.exchange(request, body.into()).await
    }

    fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.root))
            .header(header::ACCEPT, JSON)
            .header(header::USER_AGENT, AGENT);
        match &self.authorization {
            Some(authorization) => request.header(header::AUTHORIZATION, authorization),
            None => request,
        }
    }

    async fn exchange(&self, request: http::request::Builder, body: Bytes) -> Result<Response<Bytes>, Error> {
        let unusable = |error: http::Error| Error::Transport(TransportError::unusable(error));
        let request = request.body(body).map_err(unusable)?;
        let transport = self.transport.as_ref().ok_or(Error::Disabled)?;
        let response = tokio::time::timeout(self.timeout, transport.send(request))
            .await
            .unwrap_or_else(|_| Err(TransportError::timeout()))
            .map_err(Error::Transport)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let now = self.clock.now().into();
        let problem = Problem::read(status.as_u16(), response.headers(), response.body(), now);
        Err(Error::Refused(Box::new(problem)))
    }
}

/// Reads the JSON of an answer. A page of a proxy, for instance one that wants a login, often comes with success.
fn read<T: DeserializeOwned>(response: &Response<Bytes>) -> Result<T, Error> {
    serde_json::from_slice(response.body()).map_err(|error: serde_json::Error| {
        let media = response.headers().get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
        let Some(media) = media.filter(|media| !media.to_ascii_lowercase().contains("json")) else {
            return error.into();
        };
        let (status, media) = (response.status().as_u16(), media.chars().take(100).collect::<String>());
        let page = format!(
            "{status} with {media} in place of JSON comes from something other than an SSPP server, perhaps a proxy that wants a \
             login: check the URL ({error})"
        );
        <serde_json::Error as serde::de::Error>::custom(page).into()
    })
}

/// `{"events":[…]}` out of events that are JSON already.
fn batch(events: &[Bytes]) -> Vec<u8> {
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
fn rulings(verdicts: Verdicts, events: usize) -> Vec<Ruling> {
    let mut rulings = vec![Ruling::Retry; events];
    for verdict in verdicts.results {
        let Some(ruling) = rulings.get_mut(verdict.index) else { continue };
        match verdict.status.as_str() {
            "accepted" => *ruling = Ruling::Accepted,
            "rejected" => *ruling = Ruling::Rejected(verdict.errors.unwrap_or_default()),
            _ => {}
        }
    }
    rulings
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
        let rulings = rulings(serde_json::from_str(answer).unwrap(), 4);
        assert!(matches!(&rulings[0], Ruling::Rejected(errors) if errors[0].code == "empty"));
        assert_eq!(rulings[1..], [Ruling::Retry, Ruling::Accepted, Ruling::Retry]);
    }
}
