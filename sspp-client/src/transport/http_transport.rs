//! HTTP/1.1 over TCP or TLS: hyper's client with rustls, ring and the system's root certificates.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::header::{CONTENT_LENGTH, PROXY_AUTHORIZATION, TRANSFER_ENCODING};
use http::{HeaderValue, Version};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};

use super::error::TransportError;
use super::port::{AnswerStream, Transport};
use super::proxy::{Connector, Proxy};
use super::roots::with_system_roots;

/// More than any answer of the server has; an answer beyond it is not ours.
const MOST_ANSWER_BYTES: usize = 64 << 20;
/// Servers and balancers close what idles longer; a connection that is about to be closed is a retry waiting to happen.
const IDLE: Duration = Duration::from_secs(30);

/// Connections that are kept open between requests.
#[derive(Debug)]
pub(crate) struct HttpTransport {
    client: Client<HttpsConnector<Connector>, Full<Bytes>>,
    proxy: Option<Proxy>,
    /// What the proxy wants to see in each request that it is given.
    proxy_authorization: Option<HeaderValue>,
}

impl HttpTransport {
    /// Reads the system's root certificates where TLS is used, and adds `roots` to them.
    pub(crate) fn new(
        tls: bool,
        connect_timeout: Duration,
        proxy: Option<Proxy>,
        roots: RootCertStore,
    ) -> Result<Self, String> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(connect_timeout));
        // Without TLS there is no certificate to check.
        let uses_tls = tls || proxy.as_ref().is_some_and(Proxy::is_tls);
        let roots = if uses_tls { with_system_roots(roots)? } else { roots };
        let provider = rustls::crypto::ring::default_provider().into();
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let https =
            || HttpsConnectorBuilder::new().with_tls_config(config.clone()).https_or_http().enable_http1();
        let proxy_authorization =
            proxy.as_ref().filter(|_| !tls).and_then(|proxy| proxy.authorization().cloned());
        let connector = match &proxy {
            Some(proxy) => Connector::by_way_of(proxy, tls, https().wrap_connector(tcp)),
            None => Connector::Direct(tcp),
        };
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(https().wrap_connector(connector));
        Ok(Self { client, proxy, proxy_authorization })
    }
}

impl HttpTransport {
    async fn request(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Incoming>, TransportError> {
        let mut request = request.map(Full::new);
        if let Some(authorization) = &self.proxy_authorization {
            request.headers_mut().insert(PROXY_AUTHORIZATION, authorization.clone());
        }
        self.client.request(request).await.map_err(|error| {
            let kind = if error.is_connect() { TransportError::connect } else { TransportError::cut };
            match &self.proxy {
                Some(proxy) => kind(proxy.failed(error)),
                None => kind(error.into()),
            }
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
        if answer.status().is_success() && !says_where_it_ends(&answer) {
            return Err(TransportError::endless());
        }
        Ok(answer.map(|body| body.into_data_stream().map_err(TransportError::cut).boxed()))
    }
}

/// By a length, by chunks, or by HTTP/2; else the end of the connection would be that of the answer, also where it breaks off.
fn says_where_it_ends<B>(answer: &http::Response<B>) -> bool {
    let chunked = |coding: &HeaderValue| coding.as_bytes().to_ascii_lowercase().ends_with(b"chunked");
    answer.version() > Version::HTTP_11
        || answer.headers().contains_key(CONTENT_LENGTH)
        || answer.headers().get_all(TRANSFER_ENCODING).iter().next_back().is_some_and(chunked)
}
