//! A stand-in for an OpenTelemetry collector: takes OTLP over HTTP on loopback and keeps what it was sent.

use std::io::Read as _;
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use poem::http::HeaderMap;
use poem::listener::TcpAcceptor;
use poem::{Request, Server};
use prost::Message as _;
use tokio_util::task::AbortOnDropHandle;

/// One request of an exporter.
#[derive(Debug, Clone)]
pub(crate) struct Posted {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// One span, in plain words.
#[derive(Debug, Clone)]
pub(crate) struct Exported {
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) kind: SpanKind,
    pub(crate) trace_id: String,
    pub(crate) span_id: String,
    /// Empty for the first span of a trace.
    pub(crate) parent: String,
    pub(crate) state: String,
    pub(crate) status: StatusCode,
    pub(crate) began: u64,
    pub(crate) ended: u64,
    attributes: Vec<(String, String)>,
}

impl Exported {
    /// Its attributes, sorted.
    pub(crate) fn attributes(&self) -> Vec<(&str, &str)> {
        self.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

/// The collector; gone when dropped.
#[derive(Debug)]
pub(crate) struct Collector {
    pub(crate) base: String,
    posts: Arc<Mutex<Vec<Posted>>>,
    _server: AbortOnDropHandle<()>,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let posts = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&posts);
        let take = poem::endpoint::make(move |mut request: Request| {
            let kept = Arc::clone(&kept);
            async move {
                let mut body = request.take_body().into_vec().await.unwrap();
                let (path, headers) = (request.uri().path().to_owned(), request.headers().clone());
                if headers.get("content-encoding").is_some_and(|encoding| encoding == "gzip") {
                    let mut plain = Vec::new();
                    flate2::read::GzDecoder::new(body.as_slice()).read_to_end(&mut plain).unwrap();
                    body = plain;
                }
                kept.lock().unwrap().push(Posted { path, headers, body });
            }
        });
        let server = Server::new_with_acceptor(TcpAcceptor::from_tokio(listener).unwrap()).run(take);
        let server = tokio::spawn(async move { server.await.unwrap() });
        Self { base, posts, _server: AbortOnDropHandle::new(server) }
    }

    /// The requests so far.
    pub(crate) fn posts(&self) -> Vec<Posted> {
        self.posts.lock().unwrap().clone()
    }

    /// The spans so far.
    pub(crate) fn spans(&self) -> Vec<Exported> {
        let mut spans = Vec::new();
        for posted in self.posts() {
            let request = ExportTraceServiceRequest::decode(posted.body.as_slice()).unwrap();
            for of_resource in request.resource_spans {
                let resource = of_resource.resource.unwrap_or_default();
                let service =
                    resource.attributes.iter().find(|one| one.key == "service.name").map(text).unwrap();
                let of_scopes = of_resource.scope_spans.into_iter().flat_map(|of_scope| of_scope.spans);
                spans.extend(of_scopes.map(|span| exported(&service, span)));
            }
        }
        spans
    }
}

fn exported(service: &str, span: Span) -> Exported {
    assert!(span.events.is_empty() && span.links.is_empty(), "log lines are not exported: {span:?}");
    let kind = span.kind();
    let mut attributes: Vec<_> = span.attributes.iter().map(|one| (one.key.clone(), text(one))).collect();
    attributes.sort();
    Exported {
        service: service.to_owned(),
        kind,
        trace_id: hex(&span.trace_id),
        span_id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        state: span.trace_state,
        status: span.status.map(|status| status.code()).unwrap_or_default(),
        began: span.start_time_unix_nano,
        ended: span.end_time_unix_nano,
        name: span.name,
        attributes,
    }
}

fn text(attribute: &KeyValue) -> String {
    match &attribute.value {
        Some(AnyValue { value: Some(Value::StringValue(text)) }) => text.clone(),
        Some(AnyValue { value: Some(Value::IntValue(number)) }) => number.to_string(),
        other => panic!("{}: {other:?}", attribute.key),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
