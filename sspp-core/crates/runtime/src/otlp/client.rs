//! HTTP to the collector: hyper's client with rustls, ring and the system's root certificates. The exporter's own transports
//! would bring another HTTP client with other features of TLS.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use opentelemetry_http::{HttpClient, HttpError};
use tokio::runtime::Handle;

/// An answer says how many spans were refused and why; one beyond this is not a collector's.
const MOST_ANSWER_BYTES: usize = 64 << 10;
/// Longer than the pause between batches, shorter than what balancers allow.
const IDLE: Duration = Duration::from_secs(30);

/// Why the last request failed: the exporter itself does not say.
pub(super) type LastFailure = Arc<Mutex<Option<String>>>;

/// Connections to the collector.
#[derive(Debug, Clone)]
pub(super) struct CollectorClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    timeout: Duration,
    runtime: Handle,
    last_failure: LastFailure,
}

impl CollectorClient {
    /// Reads the system's root certificates where TLS is used.
    pub(super) fn new(
        endpoint: &Uri,
        timeout: Duration,
        runtime: &Handle,
        last_failure: LastFailure,
    ) -> Result<Self, String> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let provider = rustls::crypto::ring::default_provider();
        let builder = HttpsConnectorBuilder::new();
        let builder = if endpoint.scheme_str() == Some("https") {
            builder
                .with_provider_and_native_roots(provider)
                .map_err(|error| format!("the system's root certificates cannot be read: {error}"))?
        } else {
            // Never used: without TLS there is no certificate to check.
            let config = rustls::ClientConfig::builder_with_provider(provider.into())
                .with_safe_default_protocol_versions()
                .map_err(|error| error.to_string())?;
            let roots = rustls::RootCertStore::empty();
            builder.with_tls_config(config.with_root_certificates(roots).with_no_client_auth())
        };
        let connector = builder.https_or_http().enable_http1().wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Ok(Self { client, timeout, runtime: runtime.clone(), last_failure })
    }

    async fn exchange(self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let exchange = async {
            let answer = self.client.request(request.map(Full::new)).await?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, MOST_ANSWER_BYTES).collect().await?.to_bytes();
            Ok::<_, HttpError>(Response::from_parts(head, body))
        };
        match tokio::time::timeout(self.timeout, exchange).await {
            Ok(answered) => answered,
            Err(_) => Err(format!("no answer within {} ms", self.timeout.as_millis()).into()),
        }
    }
}

#[async_trait]
impl HttpClient for CollectorClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        // The exporter's thread has no runtime: the exchange runs on that of the process.
        let exchange = self.runtime.spawn(self.clone().exchange(request));
        let result = exchange.await.unwrap_or_else(|error| Err(error.into()));
        let failure = result.as_ref().err().map(|error| in_full(&**error));
        *self.last_failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
        result
    }
}

/// An error with its causes: hyper's own message alone is `client error (Connect)`.
fn in_full(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
