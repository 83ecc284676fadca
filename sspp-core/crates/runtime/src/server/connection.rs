//! The life of one connection: it waits for a request without any buffer, hyper serves what comes, and when the client falls
//! silent it waits again.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, header};
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Body, Endpoint, Request, RequestParts, Response};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::idle::Idle;
use super::wire::{HeadTimer, Signs, Wire};
use super::{Limits, body, linger};

/// A request's line and headers may have so many bytes together: the least that hyper takes, since a connection that sends a
/// body holds a buffer of this size, and thousands of them may.
const HEADER_BYTES: usize = 8 << 10;
const HEADER_COUNT: usize = 100;
/// A connection on which nothing was heard for so long after an answer is silent. Shorter pauses are worth hyper's buffers.
const SILENT_AFTER: Duration = Duration::from_secs(1);
/// How long a connection may still be closing once the server has to stop.
const CLOSING_AT_STOP: Duration = Duration::from_millis(500);

/// What all connections share.
#[derive(Debug)]
pub(super) struct House<E> {
    pub(super) endpoint: E,
    /// The address that is listened on.
    pub(super) local: SocketAddr,
    pub(super) limits: Limits,
    pub(super) idle: Idle,
    /// Cancelled when the server has to stop.
    pub(super) stopping: CancellationToken,
}

impl<E: Endpoint<Output = Response> + 'static> House<E> {
    /// Serves a connection until it ends.
    pub(super) async fn serve(self: &Arc<Self>, mut stream: TcpStream, remote: SocketAddr) {
        // Answers are written whole: waiting to fill a packet only delays them.
        drop(stream.set_nodelay(true));
        let mut unread = Bytes::new();
        // One that has never said anything is not known to be a client.
        let mut patience = self.limits.header_timeout;
        while !unread.is_empty() || self.speaks(&stream, patience).await {
            let signs = Arc::<Signs>::default();
            // Boxed, so that the task of a connection that waits is small.
            let silent;
            (silent, stream, unread) = Box::pin(self.talk(stream, unread, remote, &signs)).await;
            if !silent {
                if signs.wrote() {
                    Box::pin(self.close(stream)).await;
                }
                return;
            }
            patience = self.limits.idle_timeout.saturating_sub(SILENT_AFTER);
        }
    }

    /// Waits for the first byte of a request. To peek is to wait for bytes; a new socket may be called readable without any.
    async fn speaks(&self, stream: &TcpStream, patience: Duration) -> bool {
        let waiting = self.idle.enter();
        let mut first = [0];
        tokio::select! {
            biased;
            peeked = timeout(patience, stream.peek(&mut first)) => matches!(peeked, Ok(Ok(1..))),
            () = waiting.asked_to_end() => false,
            () = self.stopping.cancelled() => false,
        }
    }

    /// Lets hyper serve requests until the connection is to be closed, or until the client is silent; gives the stream back, and
    /// what of it was read but not served.
    async fn talk(
        self: &Arc<Self>,
        stream: TcpStream,
        unread: Bytes,
        remote: SocketAddr,
        signs: &Arc<Signs>,
    ) -> (bool, TcpStream, Bytes) {
        let timer = HeadTimer {
            signs: Arc::clone(signs),
            header_timeout: self.limits.header_timeout,
            silent_after: self.limits.idle_timeout.min(SILENT_AFTER),
        };
        let answer = service_fn(|request| Arc::clone(self).answer(request, remote));
        let wire = TokioIo::new(Wire::new(stream, unread, Arc::clone(signs)));
        let mut connection = http1::Builder::new()
            .header_read_timeout(timer.header_timeout)
            .timer(timer)
            .max_buf_size(HEADER_BYTES)
            .max_headers(HEADER_COUNT)
            .serve_connection(wire, answer);
        let mut stopping = pin!(self.stopping.cancelled());
        let mut stop_sent = false;
        let silent = std::future::poll_fn(|cx| {
            if !stop_sent && stopping.as_mut().poll(cx).is_ready() {
                stop_sent = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            match Pin::new(&mut connection).poll(cx) {
                Poll::Ready(Err(error)) => {
                    // What clients do to a connection is no event of ours.
                    tracing::trace!(%remote, %error, "a connection ended early");
                    Poll::Ready(false)
                }
                Poll::Ready(Ok(())) => Poll::Ready(false),
                Poll::Pending if signs.silent() => Poll::Ready(true),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        let parts = connection.into_parts();
        (silent, parts.io.into_inner().into_stream(), parts.read_buf)
    }

    async fn answer(
        self: Arc<Self>,
        request: hyper::Request<Incoming>,
        remote: SocketAddr,
    ) -> Result<hyper::Response<BoxBody<Bytes, std::io::Error>>, Infallible> {
        let (parts, body) = request.into_parts();
        let (body, rest) = body::lend(&parts.headers, body);
        let addresses = (LocalAddr(self.local.into()), RemoteAddr(remote.into()));
        let parts = RequestParts::from((parts, addresses.0, addresses.1, Scheme::HTTP));
        let request = Request::from_parts(parts, Body::from(body));
        let mut response: hyper::Response<_> = self.endpoint.get_response(request).await.into();
        if let Some(rest) = rest
            && !rest.ended().await
        {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response)
    }

    /// Closes a connection on which something was answered. It has a place meanwhile, and gives it up for a new connection.
    async fn close(&self, stream: TcpStream) {
        let waiting = self.idle.enter();
        let told_to_stop = async {
            self.stopping.cancelled().await;
            tokio::time::sleep(CLOSING_AT_STOP).await;
        };
        tokio::select! {
            () = linger::close(stream) => {}
            () = waiting.asked_to_end() => {}
            () = told_to_stop => {}
        }
    }
}
