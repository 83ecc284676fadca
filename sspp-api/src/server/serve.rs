//! Accepts connections and serves each until it ends or is told to stop.

use std::convert::Infallible;
use std::io::Write as _;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Endpoint as _, Request};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Limits;
use crate::metrics::Metrics;
use crate::service::Service;

/// A request's line and headers may have so many bytes together: the least that hyper takes, since a connection that sends a
/// body holds a buffer of this size, and thousands of them may.
const HEADER_BYTES: usize = 8 << 10;
const HEADER_COUNT: usize = 100;
/// After so long a client that takes nothing of its answer is given up.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// The log tells of refused connections at most this often.
const REFUSALS_TOLD_EVERY: Duration = Duration::from_secs(10);

/// What a client is told that is one too many; it is closed at once, since waiting is what an attacker wants.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/problem+json\r\n\
    content-length: 250\r\n\
    retry-after: 1\r\n\
    connection: close\r\n\r\n\
    {\"type\":\"urn:sspp:problem:too-many-connections\",\"title\":\"Service Unavailable\",\"status\":503,\
    \"detail\":\"Too many connections are open\",\"instance\":\"\",\"requestId\":\"\",\"statusCode\":503,\
    \"error\":\"Service Unavailable\",\"message\":\"Too many connections are open\"}";

/// What is served, where, and at what cost.
pub(crate) struct Serving {
    pub(crate) listener: TcpListener,
    /// The address that it listens on.
    pub(crate) local: SocketAddr,
    pub(crate) service: Service,
    pub(crate) limits: Limits,
}

/// Serves until told to stop, then lets requests in hand finish for at most `grace`.
pub(crate) async fn serve(
    serving: Serving,
    metrics: &Metrics,
    until_stopped: impl Future<Output = ()>,
    grace: Duration,
) {
    let Serving { listener, local, service, limits } = serving;
    let service = Arc::new(service);
    let places = Arc::new(Semaphore::new(limits.connections));
    let (graceful, tasks) = (GracefulShutdown::new(), TaskTracker::new());
    let (stopping, cut) = (CancellationToken::new(), CancellationToken::new());
    let mut refusals = Refusals::default();
    let http = http(limits);
    let mut until_stopped = std::pin::pin!(until_stopped);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut until_stopped => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, remote) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                refused_by_system(&error).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            metrics.connection_refused();
            refusals.tell(limits.connections);
            refuse(stream);
            continue;
        };
        let (http, service, watcher) = (http.clone(), Arc::clone(&service), graceful.watcher());
        let (stopping, cut) = (stopping.clone(), cut.clone());
        let open = metrics.connection();
        tasks.spawn(async move {
            let _held = (place, open);
            // Who says nothing gets no buffers. To peek is to wait for bytes; a new socket may be called readable without any.
            let mut first = [0];
            tokio::select! {
                spoke = tokio::time::timeout(limits.header_timeout, stream.peek(&mut first)) => if spoke.is_err() {
                    return;
                },
                () = stopping.cancelled() => return,
            }
            tokio::select! {
                () = connection(http, stream, local, remote, service, watcher) => {}
                () = cut.cancelled() => {}
            }
        });
    }
    drop(listener);
    stopping.cancel();
    if tokio::time::timeout(grace, graceful.shutdown()).await.is_err() {
        tracing::warn!(open = tasks.len(), "connections are cut: their requests did not finish in time");
    }
    cut.cancel();
    tasks.close();
    tasks.wait().await;
}

fn http(limits: Limits) -> http1::Builder {
    let mut http = http1::Builder::new();
    // The deadline runs from the moment the server waits for a request, so that it is the idle timeout as well.
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(HEADER_BYTES)
        .max_headers(HEADER_COUNT);
    http
}

/// Boxed here, so that the task of a connection that has said nothing is small.
fn connection(
    http: http1::Builder,
    stream: TcpStream,
    local: SocketAddr,
    remote: SocketAddr,
    service: Arc<Service>,
    watcher: Watcher,
) -> Pin<Box<impl Future<Output = ()> + Send>> {
    // Answers are written whole: waiting to fill a packet only delays them.
    drop(stream.set_nodelay(true));
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let answer = service_fn(move |request: hyper::Request<Incoming>| {
        let service = Arc::clone(&service);
        let addresses = (LocalAddr(local.into()), RemoteAddr(remote.into()));
        async move {
            let request = Request::from((request, addresses.0, addresses.1, Scheme::HTTP));
            let response =
                hyper::Response::<BoxBody<Bytes, std::io::Error>>::from(service.get_response(request).await);
            Ok::<_, Infallible>(response)
        }
    });
    Box::pin(async move {
        let served = watcher.watch(http.serve_connection(TokioIo::new(Box::pin(stream)), answer)).await;
        if let Err(error) = served {
            // What clients do to a connection is no event of ours.
            tracing::trace!(%remote, %error, "a connection ended early");
        }
    })
}

fn refuse(stream: TcpStream) {
    if let Ok(mut stream) = stream.into_std() {
        // It does not block; where the client would not get it, closing says enough.
        drop(stream.write(TOO_MANY));
        drop(stream.shutdown(std::net::Shutdown::Write));
    }
}

/// A connection that was gone before it was taken is nothing; without a file left, trying on at once would only burn the processor.
async fn refused_by_system(error: &std::io::Error) {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::warn!(%error, "cannot accept a connection; trying again in 100 ms");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Tells of refused connections, but not of each.
#[derive(Debug, Default)]
struct Refusals {
    told: Option<Instant>,
    since: u64,
}

impl Refusals {
    fn tell(&mut self, limit: usize) {
        self.since += 1;
        if self.told.is_none_or(|told| told.elapsed() >= REFUSALS_TOLD_EVERY) {
            tracing::warn!(
                refused = self.since,
                limit,
                "connections are refused: as many as SSPP_MAX_CONNECTIONS are open"
            );
            (self.told, self.since) = (Some(Instant::now()), 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_is_a_whole_answer() {
        let text = std::str::from_utf8(TOO_MANY).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
        assert_eq!(serde_json::from_str::<serde_json::Value>(body).unwrap()["status"], 503);
    }
}
