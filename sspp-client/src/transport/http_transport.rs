//! HTTP/1.1 over TCP or TLS: hyper's client with rustls, ring and the system's root certificates.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::{AnswerStream, Transport, TransportError};

/// More than any answer of the server has; an answer beyond it is not ours.
const MOST_ANSWER_BYTES: usize = 64 << 20;
/// Servers and balancers close what idles longer; a connection that is about to be closed is a retry waiting to happen.
const IDLE: Duration = Duration::from_secs(30);

/// Connections that are kept open between requests.
#[derive(Debug)]
pub(crate) struct HttpTransport {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl HttpTransport {
    /// Reads the system's root certificates where TLS is used.
    pub(crate) fn new(tls: bool, connect_timeout: Duration) -> Result<Self, String> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(connect_timeout));
        let builder = HttpsConnectorBuilder::new();
        let roots = rustls::RootCertStore::empty();
        let builder = if tls {
            builder
                .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
                .map_err(|error| format!("the system's root certificates cannot be read: {error}"))?
        } else {
            // Never used: without TLS there is no certificate to check.
            let provider = rustls::crypto::ring::default_provider().into();
            let config = rustls::ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .map_err(|error| error.to_string())?;
            builder.with_tls_config(config.with_root_certificates(roots).with_no_client_auth())
        };
        let connector = builder.https_or_http().enable_http1().wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Ok(Self { client })
    }
}

impl HttpTransport {
    async fn request(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Incoming>, TransportError> {
        self.client.request(request.map(Full::new)).await.map_err(|error| {
            if error.is_connect() { TransportError::connect(error) } else { TransportError::cut(error) }
        })
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let (head, body) = self.request(request).await?.into_parts();
        let body = Limited::new(body, MOST_ANSWER_BYTES).collect().await.map_err(TransportError::cut)?;
        Ok(http::Response::from_parts(head, body.to_bytes()))
    }

    async fn open(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<AnswerStream>, TransportError> {
        let answer = self.request(request).await?;
        Ok(answer.map(|body| body.into_data_stream().map_err(TransportError::cut).boxed()))
    }
}
