//! How requests get to the server: over HTTP, or over whatever implements [`Transport`].

mod cause;
mod http_transport;
mod proxy;
mod roots;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;

pub(crate) use http_transport::HttpTransport;
pub(crate) use proxy::{Proxy, ProxyChoice};
pub(crate) use roots::read_roots;

/// Carries a request to the server and its answer back. The client adds the rest: batches, retries, time limits.
///
/// Implement it to go through a sidecar, to sign requests, to record them, or to answer them in a test. It
/// is called on the client's own thread, which it must not block, inside a Tokio runtime with time and I/O.
///
/// ```
/// use std::sync::Arc;
/// use sspp_client::{Bytes, Client, SalesEvent, Transport, TransportError, Verdict, async_trait, http};
///
/// /// Says no to everything.
/// #[derive(Debug)]
/// struct Refusing;
///
/// #[async_trait]
/// impl Transport for Refusing {
///     async fn send(&self, _: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
///         let mut response = http::Response::new(Bytes::new());
///         *response.status_mut() = http::StatusCode::FORBIDDEN;
///         Ok(response)
///     }
/// }
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let client = Client::builder("http://sspp.example").transport(Arc::new(Refusing)).build().unwrap();
/// let outcomes = client.send([SalesEvent::call_made("acc_1", "user_1")]).await.unwrap();
/// assert!(matches!(&outcomes[0].verdict, Verdict::NotSent { error, .. } if error.status() == Some(403)));
/// # });
/// ```
#[async_trait]
pub trait Transport: Send + Sync + fmt::Debug {
    /// Sends a request and reads the whole answer, whatever its status. The future is dropped when its time is over.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError>;

    /// Sends a request, and gives the answer as soon as it begins: what follows is read part by part, for answers that are too long to be
    /// held. An answer that ends too early has to end with an error; one that does not say where it ends has to be refused.
    ///
    /// Unless it is implemented, it reads the whole with [`send`](Self::send).
    async fn open(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<AnswerStream>, TransportError> {
        let whole = |body| futures_util::stream::iter([Ok(body)]).boxed();
        Ok(self.send(request).await?.map(whole))
    }
}

/// An answer as it arrives: a stream of [`futures_util`](crate::futures_util).
pub type AnswerStream = BoxStream<'static, Result<Bytes, TransportError>>;

/// Why there was no answer.
///
/// ```
/// use sspp_client::TransportError;
/// let error = TransportError::connect(std::io::Error::other("no route"));
/// assert!(error.is_retryable());
/// assert_eq!(error.to_string(), "cannot connect: no route");
/// ```
#[derive(Debug, Clone)]
pub struct TransportError {
    kind: Kind,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Connect,
    Timeout,
    Cut,
    Unusable,
    Endless,
}

impl TransportError {
    fn new(kind: Kind, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { kind, source: Some(Arc::from(source.into())) }
    }

    /// No connection came about. It may later.
    pub fn connect(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(Kind::Connect, source)
    }

    /// The connection ended before the answer did: the server may have taken the request or not. Event ids make it safe
    /// to ask again.
    pub fn cut(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(Kind::Cut, source)
    }

    /// The request can never be sent.
    pub fn unusable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(Kind::Unusable, source)
    }

    /// No answer came in time.
    pub fn timeout() -> Self {
        Self { kind: Kind::Timeout, source: None }
    }

    /// The answer does not say where it ends: one that breaks off looks like a whole one.
    fn endless() -> Self {
        Self { kind: Kind::Endless, source: None }
    }

    /// Whether the same request may get an answer later.
    pub fn is_retryable(&self) -> bool {
        !matches!(self.kind, Kind::Unusable | Kind::Endless)
    }

    /// Whether no answer came in time.
    pub fn is_timeout(&self) -> bool {
        self.kind == Kind::Timeout
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::Connect => "cannot connect",
            Kind::Timeout => "none came in time",
            Kind::Cut => "the connection ended early",
            Kind::Unusable => "the request cannot be sent",
            Kind::Endless => {
                "none whose end can be told: it has neither a length nor chunks, so what is on the way, perhaps a proxy of HTTP/1.0, \
                 cannot carry it"
            }
        })?;
        // The causes are the message: "connection refused" is what one looks for.
        match self.source.as_deref() {
            Some(source) => write!(f, ": {}", cause::sentence(source)),
            None => Ok(()),
        }
    }
}

impl std::error::Error for TransportError {
    /// The system's own error, for programs, unless the text has it already.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let system = cause::of_the_system(self.source.as_deref()?)?;
        (!self.to_string().contains(&system.to_string())).then_some(system)
    }
}
